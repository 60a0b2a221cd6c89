/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gives up what a process has beside its capabilities, once all that it needs
 * is open: other descriptors, the file system, and most system calls.
 */
#ifndef MAILWALL_SANDBOX_H
#define MAILWALL_SANDBOX_H

#include <stdbool.h>
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

/*
 * Lets files be written, made and removed only below these folders, and none
 * be executed; all may be read. -ENOSYS: the kernel has no Landlock.
 */
int sandbox_write_below(const char *const *folders, size_t n);

/*
 * Takes away from the recorder what it has no use for: other programs, sockets
 * but of AF_UNIX, listening, filters of sockets, copies of descriptors. 0 or
 * -errno.
 */
int sandbox_recorder_calls(void);

struct sandbox_reader {
	const int *capture; /* descriptors that nothing is sent on */
	size_t n;
	int recorder; /* process that it may end; 0: none */
	bool service; /* may it connect to the one with CAP_NET_ADMIN? */
};

/*
 * Allows the system calls of the process that reads packets. Others fail with
 * EPERM. 0 or -errno.
 */
int sandbox_reader_calls(const struct sandbox_reader *r);

#endif
