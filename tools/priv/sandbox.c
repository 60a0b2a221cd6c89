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
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
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

/* Rights of its first version, which every kernel with Landlock has. */
#define LANDLOCK_ALL ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)
#define LANDLOCK_READING                                                       \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

/* Makes a set of rules that takes these rights away: a descriptor or -errno. */
static int sandbox_landlock(uint64_t rights)
{
	const struct landlock_ruleset_attr taken = { .handled_access_fs =
							     rights };
	int fd = (int)syscall(SYS_landlock_create_ruleset, &taken,
			      sizeof(taken), 0);

	return fd >= 0 ? fd : errno == EOPNOTSUPP ? -ENOSYS : -errno;
}

/* Applies the rules, and closes the descriptor. */
static int sandbox_restrict(int fd)
{
	int error = syscall(SYS_landlock_restrict_self, fd, 0) ? -errno : 0;

	close(fd);
	return error;
}

int sandbox_no_files(void)
{
	int fd = sandbox_landlock(LANDLOCK_ALL);

	return fd < 0 ? fd : sandbox_restrict(fd);
}

/* Gives rights below a folder back; one that is not there needs none. */
static int sandbox_allow_below(int fd, const char *folder, uint64_t rights)
{
	struct landlock_path_beneath_attr below = {
		.allowed_access = rights,
		.parent_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC),
	};
	int error = 0;

	if (below.parent_fd < 0)
		return 0;
	if (syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH,
		    &below, 0))
		error = -errno;
	close(below.parent_fd);
	return error;
}

int sandbox_write_below(const char *const *folders, size_t n)
{
	const uint64_t writing = LANDLOCK_ALL & ~(uint64_t)LANDLOCK_READING;
	int fd = sandbox_landlock(writing);
	int error = 0;

	if (fd < 0)
		return fd;
	for (size_t i = 0; i < n && !error; i++)
		error = sandbox_allow_below(
			fd, folders[i],
			writing & ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE);
	if (!error)
		return sandbox_restrict(fd);
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
	SCMP_SYS(accept4),
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

/* Allows calls; one that this machine does not have needs no rule. */
static int sandbox_allow(scmp_filter_ctx filter, const int *calls, size_t n)
{
	int error = sandbox_no_code(filter);

	for (size_t i = 0; i < n && !error; i++) {
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
		if (error == -EDOM || error == -EFAULT)
			error = 0;
	}
	return error;
}

/* Loads a filter that was built without an error, and lets it go. */
static int sandbox_load(scmp_filter_ctx filter, int error)
{
	if (!error)
		error = seccomp_load(filter);
	seccomp_release(filter);
	return error;
}

int sandbox_serve_calls(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));

	return sandbox_load(
		filter, filter ? sandbox_allow(filter, serve_calls,
					       sizeof(serve_calls) /
						       sizeof(*serve_calls)) :
				 -ENOMEM);
}

/*
 * Refused to the recorder, whatever the arguments. It has threads, a store and
 * pages, so that the list is of what harms, not of what is needed.
 */
static const int recorder_refused[] = {
	/* Other programs, and processes of others. */
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(fork),
	SCMP_SYS(vfork),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(pidfd_open),
	SCMP_SYS(pidfd_getfd),
	SCMP_SYS(pidfd_send_signal),
	SCMP_SYS(kcmp),
	/* Sockets. */
	SCMP_SYS(socketpair),
	SCMP_SYS(bind),
	SCMP_SYS(connect),
	SCMP_SYS(listen),
	SCMP_SYS(sendmmsg),
	SCMP_SYS(recvmmsg),
	/* Copies of descriptors, and ways around the calls above. */
	SCMP_SYS(dup),
	SCMP_SYS(dup2),
	SCMP_SYS(dup3),
	SCMP_SYS(splice),
	SCMP_SYS(tee),
	SCMP_SYS(vmsplice),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(io_uring_enter),
	SCMP_SYS(io_uring_register),
	SCMP_SYS(io_submit),
	/* Other worlds, and the kernel itself. */
	SCMP_SYS(unshare),
	SCMP_SYS(setns),
	SCMP_SYS(mount),
	SCMP_SYS(umount2),
	SCMP_SYS(pivot_root),
	SCMP_SYS(chroot),
	SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(keyctl),
	SCMP_SYS(add_key),
	SCMP_SYS(request_key),
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load),
	SCMP_SYS(reboot),
	SCMP_SYS(swapon),
	SCMP_SYS(swapoff),
	SCMP_SYS(acct),
	SCMP_SYS(settimeofday),
	SCMP_SYS(clock_settime),
	SCMP_SYS(clock_adjtime),
	SCMP_SYS(adjtimex),
	SCMP_SYS(sethostname),
	SCMP_SYS(personality),
	SCMP_SYS(syslog),
	SCMP_SYS(quotactl),
	SCMP_SYS(open_by_handle_at),
	SCMP_SYS(name_to_handle_at),
	SCMP_SYS(mknod),
	SCMP_SYS(mknodat),
	SCMP_SYS(setuid),
	SCMP_SYS(setgid),
	SCMP_SYS(setresuid),
	SCMP_SYS(setresgid),
	SCMP_SYS(setgroups),
	SCMP_SYS(capset),
	SCMP_SYS(iopl),
	SCMP_SYS(ioperm),
#ifndef __SANITIZE_ADDRESS__
	SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv),
#endif
};

static int sandbox_refuse(scmp_filter_ctx filter, int call, unsigned int n,
			  const struct scmp_arg_cmp *when)
{
	int error = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), call,
					   n, when);

	/* A call that this machine does not have needs no rule. */
	return error == -EDOM || error == -EFAULT ? 0 : error;
}

/* Sockets of systemd and of the journal alone; no mode of a packet socket. */
static int sandbox_refuse_modes(scmp_filter_ctx filter)
{
	const struct {
		int call;
		struct scmp_arg_cmp when[2];
		unsigned int n;
	} rows[] = {
		{ SCMP_SYS(socket), { SCMP_A0(SCMP_CMP_NE, AF_UNIX) }, 1 },
		{ SCMP_SYS(setsockopt),
		  { SCMP_A1(SCMP_CMP_EQ, SOL_PACKET) },
		  1 },
		{ SCMP_SYS(setsockopt),
		  { SCMP_A1(SCMP_CMP_EQ, SOL_SOCKET),
		    SCMP_A2(SCMP_CMP_EQ, SO_DETACH_FILTER) },
		  2 },
		{ SCMP_SYS(setsockopt),
		  { SCMP_A1(SCMP_CMP_EQ, SOL_SOCKET),
		    SCMP_A2(SCMP_CMP_EQ, SO_ATTACH_FILTER) },
		  2 },
		{ SCMP_SYS(setsockopt),
		  { SCMP_A1(SCMP_CMP_EQ, SOL_SOCKET),
		    SCMP_A2(SCMP_CMP_EQ, SO_ATTACH_BPF) },
		  2 },
		{ SCMP_SYS(fcntl), { SCMP_A1(SCMP_CMP_EQ, F_DUPFD) }, 1 },
		{ SCMP_SYS(fcntl),
		  { SCMP_A1(SCMP_CMP_EQ, F_DUPFD_CLOEXEC) },
		  1 },
		{ SCMP_SYS(mmap),
		  { SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_WRITE | PROT_EXEC,
			    PROT_WRITE | PROT_EXEC) },
		  1 },
		{ SCMP_SYS(mprotect),
		  { SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC) },
		  1 },
	};
	int error = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && !error; i++)
		error = sandbox_refuse(filter, rows[i].call, rows[i].n,
				       rows[i].when);
	return error;
}

int sandbox_recorder_calls(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int error = filter ? sandbox_refuse_modes(filter) : -ENOMEM;

	for (size_t i = 0;
	     i < sizeof(recorder_refused) / sizeof(recorder_refused[0]) &&
	     !error;
	     i++)
		error = sandbox_refuse(filter, recorder_refused[i], 0, NULL);
	return sandbox_load(filter, error);
}

/* ---- the process that reads packets ---- */

/* Calls that send, on a descriptor of the capture. */
static const int sending_calls[] = {
	SCMP_SYS(write),  SCMP_SYS(writev),  SCMP_SYS(pwrite64),
	SCMP_SYS(sendto), SCMP_SYS(sendmsg),
};

static int sandbox_refuse_sending(const int *capture, size_t n)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int error = filter ? 0 : -ENOMEM;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0;
		     k < sizeof(sending_calls) / sizeof(sending_calls[0]) &&
		     !error;
		     k++)
			error = sandbox_refuse(
				filter, sending_calls[k], 1,
				&SCMP_A0(SCMP_CMP_EQ,
					 (scmp_datum_t)capture[i]));
	return sandbox_load(filter, error);
}

static const int reader_calls[] = {
	/* Packets, the priv process, the recorder, systemd, the journal. */
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(getsockopt),
	SCMP_SYS(getsockname),
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(pread64),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(close),
	/* The state file, and a policy that is read again. */
	SCMP_SYS(openat),
	SCMP_SYS(open),
	SCMP_SYS(fstat),
	SCMP_SYS(stat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(statx),
	SCMP_SYS(lseek),
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(fsync),
	SCMP_SYS(fdatasync),
	SCMP_SYS(rename),
	SCMP_SYS(renameat),
	SCMP_SYS(renameat2),
	SCMP_SYS(unlink),
	SCMP_SYS(unlinkat),
	SCMP_SYS(getdents64),
	SCMP_SYS(getcwd),
	SCMP_SYS(flock),
	/* Memory; mmap and mprotect have a rule of their own. */
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(futex),
	/* Clocks, random numbers, children, the end. */
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(timerfd_settime),
	SCMP_SYS(getrandom),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(wait4),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(exit_group),
	SCMP_SYS(exit),
#ifdef __SANITIZE_ADDRESS__
	SCMP_SYS(sigaltstack),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(clone),
	SCMP_SYS(clone3),
	SCMP_SYS(ptrace),
	SCMP_SYS(prctl),
	SCMP_SYS(tgkill),
	SCMP_SYS(getppid),
	SCMP_SYS(arch_prctl),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(getdents),
	SCMP_SYS(process_vm_readv),
#endif
};

/* Questions about a terminal and an interface, and flags of descriptors. */
static int sandbox_allow_questions(scmp_filter_ctx filter)
{
	const struct {
		int call;
		uint64_t what;
	} rows[] = {
		{ SCMP_SYS(ioctl), TCGETS },
		{ SCMP_SYS(ioctl), TIOCGWINSZ },
		{ SCMP_SYS(ioctl), SIOCGIFNAME },
		{ SCMP_SYS(ioctl), SIOCGIFFLAGS },
		{ SCMP_SYS(fcntl), F_GETFL },
		{ SCMP_SYS(fcntl), F_SETFL },
		{ SCMP_SYS(fcntl), F_GETFD },
		{ SCMP_SYS(fcntl), F_SETFD },
	};
	int error = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && !error; i++)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, rows[i].call,
					 1, SCMP_A1(SCMP_CMP_EQ, rows[i].what));
	return error;
}

/* A socket of the kind that the service with CAP_NET_ADMIN has. */
static int sandbox_allow_service(scmp_filter_ctx filter)
{
	int error = seccomp_rule_add(
		filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
		SCMP_A0(SCMP_CMP_EQ, AF_UNIX),
		SCMP_A1(SCMP_CMP_EQ,
			SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK));

	return error ? error :
		       seccomp_rule_add(filter, SCMP_ACT_ALLOW,
					SCMP_SYS(connect), 0);
}

static int sandbox_allow_reading(scmp_filter_ctx filter,
				 const struct sandbox_reader *r)
{
	int error = sandbox_allow(filter, reader_calls,
				  sizeof(reader_calls) / sizeof(*reader_calls));

	if (!error && r->recorder > 0)
		error = seccomp_rule_add(
			filter, SCMP_ACT_ALLOW, SCMP_SYS(kill), 1,
			SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)r->recorder));
	if (!error && r->service)
		error = sandbox_allow_service(filter);
	return error ? error : sandbox_allow_questions(filter);
}

int sandbox_reader_calls(const struct sandbox_reader *r)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int error = filter ? sandbox_allow_reading(filter, r) : -ENOMEM;

	/* This one first: the other lets no more be loaded. */
	if (!error)
		error = sandbox_refuse_sending(r->capture, r->n);
	return sandbox_load(filter, error);
}
