/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole files in memory. It needs the C library alone: mailwall's plugin for
 * collectd is built of this file, too.
 */
#ifndef MAILWALL_WHOLE_FILE_H
#define MAILWALL_WHOLE_FILE_H

#include <stddef.h>

/*
 * Reads fd to its end, at most 2 GiB; the caller frees *text, which does not
 * end in NUL. 0 or -errno; -EISDIR of a folder, -EFBIG of what is larger. It is
 * read, not mapped: a file that shrinks under a mapping kills the process.
 */
int whole_file_read(int fd, const char **text, size_t *len);
/*
 * Reads a regular file only, -EINVAL of all else: a FIFO in its place would
 * keep the reader waiting. (Open it with O_NONBLOCK.)
 */
int whole_file_read_regular(int fd, const char **text, size_t *len);

#endif
