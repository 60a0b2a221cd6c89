/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- descriptors ---- */

static int sandbox_close_range(unsigned int first, unsigned int last)
{
	if (first > last || !syscall(SYS_close_range, first, last, 0))
		return 0;
	if (errno != ENOSYS) /* before Linux 5.9 */
		return -errno;
	for (long fd = sysconf(_SC_OPEN_MAX); fd-- > (long)first;)
		if ((unsigned long)fd <= last)
			close((int)fd);
	return 0;
}

static int sandbox_compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

#define KEEP_MOST 16

int sandbox_close_others(const int *keep, size_t n)
{
	int sorted[KEEP_MOST];
	unsigned int next = STDERR_FILENO + 1;
	int error = 0;

	if (n > KEEP_MOST)
		return -E2BIG;
	for (size_t i = 0; i < n; i++)
		sorted[i] = keep[i];
	qsort(sorted, n, sizeof(*sorted), sandbox_compare);
	for (size_t i = 0; i < n && !error; i++) {
		if (sorted[i] < (int)next)
			continue;
		if ((unsigned int)sorted[i] > next)
			error = sandbox_close_range(
				next, (unsigned int)sorted[i] - 1);
		next = (unsigned int)sorted[i] + 1;
	}
	return error ? error : sandbox_close_range(next, UINT_MAX);
}

/* ---- files ---- */

int sandbox_empty_root(const char *path)
{
	if (mkdir(path, 0555))
		return -errno;
	/* Nothing can be put into a folder that was removed. */
	if (chdir(path) || rmdir(path) || chroot(".") || chdir("/"))
		return -errno;
	return 0;
}

int sandbox_no_files(void)
{
	const struct landlock_ruleset_attr all = {
		/* Those of its first version, which every kernel with it has.
		 */
		.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1,
	};
	int fd =
		(int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
	int error = 0;

	if (fd < 0)
		return errno == EOPNOTSUPP ? -ENOSYS : -errno;
	if (syscall(SYS_landlock_restrict_self, fd, 0))
		error = -errno;
	close(fd);
	return error;
}

/* ---- system calls ---- */

static const int serve_calls[] = {
	/* Requests, replies, netlink. */
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt),
	SCMP_SYS(getsockname),
	SCMP_SYS(close),
	/* The file in memory. */
	SCMP_SYS(pwrite64),
	SCMP_SYS(write),
	SCMP_SYS(ftruncate),
	/* Memory; mmap and mprotect have a rule of their own. */
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(futex),
	/* Clocks, random numbers, the end. */
	SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(getrandom),
	SCMP_SYS(getpid),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(exit_group),
	SCMP_SYS(exit),
#ifdef __SANITIZE_ADDRESS__
	SCMP_SYS(sigaltstack),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(sched_yield),
	SCMP_SYS(gettid),
	SCMP_SYS(readlink),
	SCMP_SYS(openat),
	SCMP_SYS(read),
#endif
};

/* Memory is never executable: code that was brought cannot run. */
static int sandbox_no_code(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp no_exec =
		SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	int error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				     no_exec);

	return error ? error :
		       seccomp_rule_add(filter, SCMP_ACT_ALLOW,
					SCMP_SYS(mprotect), 1, no_exec);
}

int sandbox_serve_calls(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int error = filter ? sandbox_no_code(filter) : -ENOMEM;

	for (size_t i = 0;
	     i < sizeof(serve_calls) / sizeof(serve_calls[0]) && !error; i++)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, serve_calls[i],
					 0);
	if (!error)
		error = seccomp_load(filter);
	seccomp_release(filter);
	return error;
}
