/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "folders.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int folders_sync(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error;

	if (fd < 0)
		return -errno;
	error = fsync(fd) ? -errno : 0;
	close(fd);
	return error;
}
