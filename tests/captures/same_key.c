/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LD_PRELOAD: the secret key of a run is that of every other, so that what is
 * estimated by it is the same.
 */
#include <string.h>
#include <sys/random.h>

ssize_t getrandom(void *bytes, size_t n, unsigned int flags)
{
	(void)flags;
	memset(bytes, 0x17, n);
	return (ssize_t)n;
}
