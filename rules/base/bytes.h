/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers as bytes of a file, lowest byte first, on every machine. A writer
 * gathers a few hundred bytes for one call; a reader is a cursor. Both have a
 * sticky error: write or read all, and ask once.
 */
#ifndef MAILWALL_BYTES_H
#define MAILWALL_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The number in the first width bytes, 1 to 8. */
static inline uint64_t load_le(const uint8_t *at, size_t width)
{
	uint64_t value = 0;

	while (width--)
		value = value << 8 | at[width];
	return value;
}

static inline void store_le(uint8_t *at, uint64_t value, size_t width)
{
	for (size_t i = 0; i < width; i++, value >>= 8)
		at[i] = (uint8_t)value;
}

struct byte_writer {
	/* Gets the bytes in order; 0 or -errno. */
	int (*write)(void *ctx, const void *bytes, size_t len);
	void *ctx;
	int error; /* the first one: nothing is written after it */
	size_t n;  /* bytes that wait */
	uint8_t waiting[512];
};

void bytes_write(struct byte_writer *w, const void *bytes, size_t len);
/* Writes the lowest width bytes of a number, 1 to 8. */
void bytes_write_le(struct byte_writer *w, uint64_t value, size_t width);
/* Writes what waits: 0, or the first error. */
int bytes_flush(struct byte_writer *w);

struct byte_reader {
	const uint8_t *at, *end;
	bool failed;
};

/* The next len bytes, borrowed; NULL if there are not so many. */
const uint8_t *bytes_read(struct byte_reader *r, size_t len);
/* The next number of width bytes, 1 to 8; 0 if there is none. */
uint64_t bytes_read_le(struct byte_reader *r, size_t width);

#endif
