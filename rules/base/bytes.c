/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bytes.h"

#include <string.h>

int bytes_flush(struct byte_writer *w)
{
	if (!w->error && w->n)
		w->error = w->write(w->ctx, w->waiting, w->n);
	w->n = 0;
	return w->error;
}

void bytes_write(struct byte_writer *w, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	while (len && !w->error) {
		size_t space = sizeof(w->waiting) - w->n;
		size_t part = len < space ? len : space;

		memcpy(w->waiting + w->n, at, part);
		w->n += part;
		at += part;
		len -= part;
		if (w->n == sizeof(w->waiting))
			bytes_flush(w);
	}
}

void bytes_write_le(struct byte_writer *w, uint64_t value, size_t width)
{
	uint8_t bytes[sizeof(value)];

	store_le(bytes, value, width);
	bytes_write(w, bytes, width);
}

const uint8_t *bytes_read(struct byte_reader *r, size_t len)
{
	const uint8_t *bytes = r->at;

	if (r->failed || len > (size_t)(r->end - r->at)) {
		r->failed = true;
		return NULL;
	}
	r->at += len;
	return bytes;
}

uint64_t bytes_read_le(struct byte_reader *r, size_t width)
{
	const uint8_t *at = bytes_read(r, width);

	return at ? load_le(at, width) : 0;
}
