/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MOST ((size_t)1 << 31)
#define FIRST_BYTES	(64 * 1024)
#define HUGE_BYTES	((size_t)2 * 1024 * 1024)

/* Reading 16 MB into small pages that were never touched takes 80 ms. */
static char *whole_file_buffer(size_t *cap)
{
	char *buf;

	if (*cap < 2 * HUGE_BYTES)
		return malloc(*cap);
	*cap = (*cap + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1);
	buf = aligned_alloc(HUGE_BYTES, *cap);
	if (buf)
		madvise(buf, *cap, MADV_HUGEPAGE);
	return buf;
}

/* Reads fd to its end into a buffer of cap bytes, which grows. */
static int whole_file_fill(int fd, size_t cap, const char **text, size_t *len)
{
	char *buf = whole_file_buffer(&cap), *more;
	size_t n = 0;

	for (;;) {
		ssize_t got;

		if (!buf)
			return -ENOMEM;
		got = read(fd, buf + n, cap - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || n + (size_t)got > FILE_BYTES_MOST) {
			int error = got < 0 ? errno : EFBIG;

			free(buf);
			return -error;
		}
		if (!got)
			break;
		n += (size_t)got;
		if (n < cap)
			continue;
		cap *= 2;
		more = realloc(buf, cap);
		if (!more)
			free(buf);
		buf = more;
	}
	*text = buf;
	*len = n;
	return 0;
}

/* The buffer has a byte more than the file, so that its end is seen at once. */
int whole_file_read(int fd, const char **text, size_t *len)
{
	size_t cap = FIRST_BYTES;
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (S_ISREG(st.st_mode) && (size_t)st.st_size < FILE_BYTES_MOST)
		cap = (size_t)st.st_size + 1;
	return whole_file_fill(fd, cap, text, len);
}

int whole_file_read_regular(int fd, const char **text, size_t *len)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return -EINVAL;
	return whole_file_read(fd, text, len);
}
