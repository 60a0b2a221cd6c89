/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file that is read once, from its start to its end; gzip is unpacked. */
#ifndef MAILWALL_STREAM_H
#define MAILWALL_STREAM_H

#include <stdbool.h>
#include <stdio.h>

struct stream;

/* Takes the descriptor, in every case. NULL: errno says why. */
struct stream *stream_open(int fd);
FILE *stream_file(const struct stream *s);
/* Closes its FILE as well. */
void stream_close(struct stream *s);
/* Where somebody else has closed the FILE. May be NULL. */
void stream_free(struct stream *s);

/* What it begins with: "xz" and the like; NULL if it is nothing of these. */
const char *stream_packer(const struct stream *s);
bool stream_is_empty(const struct stream *s);

/*
 * From here on a read that a signal interrupts goes on, unless *stop is set;
 * before, it fails.
 */
void stream_stop_by(struct stream *s, const volatile bool *stop);

/*
 * Why the bytes ended before their time, as a sentence goes on behind the
 * file's name; NULL: they did not.
 */
const char *stream_fault(const struct stream *s);

#endif
