/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "file_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PLACE_BYTES 16 /* for a number and the end of its line */

static int file_lock_holder(int fd, off_t at)
{
	char text[PLACE_BYTES + 1] = "";
	ssize_t n = pread(fd, text, PLACE_BYTES, at);
	long pid = n > 0 ? strtol(text, NULL, 10) : 0;

	return pid > 0 && pid < 1 << 30 ? (int)pid : 0;
}

static int file_lock_place(int fd, off_t at, int *holder)
{
	struct flock lock = { .l_type = F_WRLCK,
			      .l_whence = SEEK_SET,
			      .l_start = at,
			      .l_len = PLACE_BYTES };
	char text[32];

	*holder = 0;
	if (fcntl(fd, F_OFD_SETLK, &lock)) {
		if (errno != EAGAIN && errno != EACCES)
			return -errno;
		*holder = file_lock_holder(fd, at);
		return -EBUSY;
	}
	snprintf(text, sizeof(text), "%-*d\n", PLACE_BYTES - 1, (int)getpid());
	return pwrite(fd, text, PLACE_BYTES, at) == PLACE_BYTES ? 0 : -ENOSPC;
}

int file_lock(int folder, const char *name, unsigned int place, int *holder)
{
	int fd = openat(folder, name,
			O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
			0640);
	int error;

	*holder = 0;
	if (fd < 0)
		return -errno;
	error = file_lock_place(fd, (off_t)place * PLACE_BYTES, holder);
	/* A full disk keeps the number away, and not the lock. */
	if (!error || error == -ENOSPC)
		return fd;
	close(fd);
	return error;
}
