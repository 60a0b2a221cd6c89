/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LD_PRELOAD: how long the program's largest sendmsg() took, in seconds, is
 * written to the file that SENDMSG_TIME names. That is the kernel's own part
 * of loading rules.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double longest_s;

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	ssize_t (*next)(int, const struct msghdr *, int) =
		(ssize_t(*)(int, const struct msghdr *, int))dlsym(RTLD_NEXT,
								   "sendmsg");
	double start_s = now_s();
	ssize_t sent = next(fd, msg, flags);
	double took_s = now_s() - start_s;

	if (took_s > longest_s)
		longest_s = took_s;
	return sent;
}

__attribute__((destructor)) static void report(void)
{
	const char *path = getenv("SENDMSG_TIME");
	FILE *out = path ? fopen(path, "w") : NULL;

	if (!out)
		return;
	fprintf(out, "%.6f\n", longest_s);
	fclose(out);
}
