/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pcap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct trace_file {
	FILE *file;
	enum frame_link link;
	int error; /* sticky */
};

/* draft-ietf-opsawg-pcap, sections 4 and 5 */
struct file_header {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t reserved[2];
	uint32_t snaplen;
	uint32_t link;
};

struct packet_header {
	uint32_t seconds, microseconds;
	uint32_t captured, length;
};

static void write_bytes(struct trace_file *t, const void *bytes, size_t n)
{
	if (!t->error && fwrite(bytes, 1, n, t->file) != n)
		t->error = -EIO;
}

struct trace_file *trace_create(const char *path, enum frame_link link)
{
	struct trace_file *t = calloc(1, sizeof(*t));
	struct file_header header = {
		.magic = 0xa1b2c3d4,
		.major = 2,
		.minor = 4,
		.snaplen = 65535,
		.link = link == FRAME_RAW ? 101 : 1,
	};

	if (!t)
		return NULL;
	t->link = link;
	t->file = fopen(path, "wb");
	if (!t->file) {
		free(t);
		return NULL;
	}
	write_bytes(t, &header, sizeof(header));
	return t;
}

void trace_write(struct trace_file *t, const struct event *e)
{
	uint8_t bytes[FRAME_MOST];
	uint32_t n = (uint32_t)frame_build(e, t->link, bytes);
	struct packet_header header = {
		.seconds = (uint32_t)(e->time_us / WORLD_SECOND),
		.microseconds = (uint32_t)(e->time_us % WORLD_SECOND),
		.captured = n,
		.length = n,
	};

	write_bytes(t, &header, sizeof(header));
	write_bytes(t, bytes, n);
}

int trace_close(struct trace_file *t)
{
	int error = t->error;

	if (fclose(t->file) && !error)
		error = -errno;
	free(t);
	return error;
}
