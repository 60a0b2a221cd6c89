/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file that is read once, from its start to its end; gzip is unpacked. */
#ifndef MAILWALL_STREAM_H
#define MAILWALL_STREAM_H

#include <stdbool.h>
#include <stdio.h>

struct stream;

/* Opens a stream that owns fd, even if it fails. NULL: errno says why. */
struct stream *stream_open(int fd);
/* The unpacked bytes; the stream owns the FILE. */
FILE *stream_file(const struct stream *s);
/* Closes the FILE, and frees the stream. */
void stream_close(struct stream *s);
/* Frees a stream (or NULL) whose FILE libpcap has closed. */
void stream_free(struct stream *s);

/* The packer of the file, "xz", "zstd", "lz4" or "bzip2"; NULL: none of them.
 */
const char *stream_packer(const struct stream *s);
/* Is there not a single byte? */
bool stream_is_empty(const struct stream *s);

/*
 * Lets a read that a signal interrupts go on, unless *stop is set. Before this
 * call it fails.
 */
void stream_stop_by(struct stream *s, const volatile bool *stop);

/*
 * Why the bytes ended too early, as the predicate of a sentence about the file:
 * "ends in the middle of its gzip data". NULL: they did not.
 */
const char *stream_fault(const struct stream *s);

#endif
