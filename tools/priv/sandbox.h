/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process gives up beside its capabilities, once all that it needs is
 * open: other descriptors, the file system, and most system calls.
 */
#ifndef MAILWALL_SANDBOX_H
#define MAILWALL_SANDBOX_H

#include <stddef.h>

/* Closes all descriptors from 3 on but these. 0 or -errno. */
int sandbox_close_others(const int *keep, size_t n);

/* Makes a folder, and makes it the root and removes it. 0 or -errno. */
int sandbox_empty_root(const char *path);

/* Takes the file system away by Landlock. -ENOSYS: the kernel has none. */
int sandbox_no_files(void);

/*
 * Allows the system calls of the process that serves requests: its sockets are
 * open, and it needs no file. Others fail with EPERM. 0 or -errno.
 */
int sandbox_serve_calls(void);

#endif
