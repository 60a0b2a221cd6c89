/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rights that were given up are gone, and those needed are there. */
#include "../../unit.h"

#include "../../../../tools/priv/sandbox.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int pair[2];	  /* of sockets; the first is the capture's */
static char folder[4096]; /* may be written below */
static pid_t parent;

/* Each tries one thing: 0, or errno. */
static int error_of(long result)
{
	return result < 0 ? errno : 0;
}

static int try_send_capture(void)
{
	return error_of(send(pair[0], "x", 1, 0));
}

static int try_write_capture(void)
{
	return error_of(write(pair[0], "x", 1));
}

static int try_send_other(void)
{
	return error_of(send(pair[1], "x", 1, 0));
}

static int try_receive(void)
{
	char byte;

	return error_of(recv(pair[0], &byte, 1, MSG_DONTWAIT));
}

static int try_dup(void)
{
	return error_of(dup(pair[0]));
}

static int try_dup_fcntl(void)
{
	return error_of(fcntl(pair[0], F_DUPFD_CLOEXEC, 0));
}

static int try_bind(void)
{
	struct sockaddr any = { .sa_family = AF_UNIX };

	return error_of(bind(pair[1], &any, sizeof(any.sa_family)));
}

static int try_promiscuous(void)
{
	struct packet_mreq all = { .mr_ifindex = 1,
				   .mr_type = PACKET_MR_PROMISC };

	return error_of(setsockopt(pair[0], SOL_PACKET, PACKET_ADD_MEMBERSHIP,
				   &all, sizeof(all)));
}

static int try_detach(void)
{
	int one = 1;

	return error_of(setsockopt(pair[0], SOL_SOCKET, SO_DETACH_FILTER, &one,
				   sizeof(one)));
}

static int try_packet_socket(void)
{
	return error_of(socket(AF_PACKET, SOCK_RAW, 0));
}

static int try_internet_socket(void)
{
	return error_of(socket(AF_INET, SOCK_STREAM, 0));
}

static int try_local_socket(void)
{
	return error_of(socket(AF_UNIX, SOCK_DGRAM, 0));
}

static int try_program(void)
{
	char *const none[] = { NULL };

	return error_of(execve("/bin/true", none, none));
}

static int try_code(void)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? errno : 0;
}

static int try_read_file(void)
{
	return error_of(open("/etc/passwd", O_RDONLY));
}

static int try_write_below(void)
{
	char path[sizeof(folder) + 8];

	snprintf(path, sizeof(path), "%s/file", folder);
	return error_of(open(path, O_CREAT | O_WRONLY, 0600));
}

static int try_write_elsewhere(void)
{
	int error = error_of(open("/dev/shm/mailwall-test-sandbox",
				  O_CREAT | O_WRONLY, 0600));

	unlink("/dev/shm/mailwall-test-sandbox");
	return error;
}

static void *thread_start(void *ctx)
{
	return ctx;
}

static int try_thread(void)
{
	pthread_t t;
	int error = pthread_create(&t, NULL, thread_start, NULL);

	return error ? error : pthread_join(t, NULL);
}

static int try_signal_recorder(void)
{
	return error_of(kill(parent, 0));
}

static int try_signal_other(void)
{
	return error_of(kill(1, 0));
}

static int try_time(void)
{
	struct timespec now = { 0 };

	return error_of(clock_settime(CLOCK_MONOTONIC, &now));
}

static int try_memory(void)
{
	void *bytes = malloc(1 << 20);

	free(bytes);
	return bytes ? 0 : ENOMEM;
}

/* In a child, as nobody can give it up for one test only. */
static int in_child(int (*drop)(void), int (*attempt)(void))
{
	pid_t child = fork();
	int status;

	if (!child) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || drop())
			_exit(255);
		_exit(attempt());
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int drop_reader(void)
{
	const struct sandbox_reader r = { pair, 1, (int)parent, false };

	return sandbox_reader_calls(&r);
}

static int drop_recorder(void)
{
	return sandbox_recorder_calls();
}

static int drop_serve(void)
{
	return sandbox_serve_calls();
}

static int drop_writing(void)
{
	const char *const below[] = { folder };

	return sandbox_write_below(below, 1);
}

static int drop_files(void)
{
	return sandbox_no_files();
}

static bool has_landlock(void)
{
	const char *const none[] = { folder };
	pid_t child = fork();
	int status;

	if (!child) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		_exit(sandbox_write_below(none, 1) == -ENOSYS);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

#define TRY(name, want)                                                        \
	{                                                                      \
#name, try_##name, want                                        \
	}
struct attempt_row {
	const char *name;
	int (*attempt)(void);
	int want;
};

static void expect_rows(int (*drop)(void), const struct attempt_row *rows,
			size_t n)
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	for (size_t i = 0; i < n; i++) {
		int got = in_child(drop, rows[i].attempt);

		expect(got == rows[i].want, "%s: %d, not %d", rows[i].name, got,
		       rows[i].want);
	}
	close(pair[0]);
	close(pair[1]);
}

static const struct attempt_row reader_rows[] = {
	TRY(send_capture, EPERM),
	TRY(write_capture, EPERM),
	TRY(send_other, 0),
	TRY(receive, 0),
	TRY(dup, EPERM),
	TRY(dup_fcntl, EPERM),
	TRY(bind, EPERM),
	TRY(promiscuous, EPERM),
	TRY(detach, EPERM),
	TRY(packet_socket, EPERM),
	TRY(internet_socket, EPERM),
	TRY(local_socket, EPERM),
	TRY(program, EPERM),
	TRY(code, EPERM),
	TRY(read_file, 0),
	TRY(memory, 0),
	TRY(signal_recorder, 0),
	TRY(signal_other, EPERM),
	TRY(time, EPERM),
#ifndef __SANITIZE_ADDRESS__
	TRY(thread, EPERM),
#endif
};

CLAIM(reader,
      "the process that reads packets sends none, makes no socket, starts "
      "no program and no thread, and ends nobody but its recorder")
{
	expect_rows(drop_reader, reader_rows, COUNT(reader_rows));
}

static const struct attempt_row recorder_rows[] = {
	TRY(send_other, 0),
	TRY(receive, 0),
	TRY(dup, EPERM),
	TRY(dup_fcntl, EPERM),
	TRY(bind, EPERM),
	TRY(detach, EPERM),
	TRY(packet_socket, EPERM),
	TRY(internet_socket, EPERM),
	TRY(local_socket, 0),
	TRY(program, EPERM),
	TRY(code, EPERM),
	TRY(read_file, 0),
	TRY(thread, 0),
};

CLAIM(recorder,
      "the recorder calls nobody, listens nowhere else, and starts no "
      "program")
{
	expect_rows(drop_recorder, recorder_rows, COUNT(recorder_rows));
}

static const struct attempt_row serve_rows[] = {
	TRY(send_other, 0),
	TRY(receive, 0),
	TRY(memory, 0),
	TRY(dup, EPERM),
	TRY(packet_socket, EPERM),
	TRY(local_socket, EPERM),
	TRY(internet_socket, EPERM),
	TRY(program, EPERM),
	TRY(code, EPERM),
#ifndef __SANITIZE_ADDRESS__
	TRY(read_file, EPERM),
#endif
};

CLAIM(serve, "the process that serves requests opens nothing")
{
	expect_rows(drop_serve, serve_rows, COUNT(serve_rows));
}

static const struct attempt_row writing_rows[] = {
	TRY(write_below, 0),
	TRY(write_elsewhere, EACCES),
	TRY(read_file, 0),
	TRY(program, EACCES),
};
static const struct attempt_row file_rows[] = {
	TRY(write_below, EACCES),
	TRY(write_elsewhere, EACCES),
	TRY(read_file, EACCES),
	TRY(program, EACCES),
};

CLAIM(files, "by Landlock files are written below some folders, or none at all")
{
	if (!has_landlock())
		skip();
	expect_rows(drop_writing, writing_rows, COUNT(writing_rows));
	expect_rows(drop_files, file_rows, COUNT(file_rows));
}

static int try_descriptors(void)
{
	const int keep[] = { 9, 5 };
	int found = 0;

	for (int fd = 3; fd < 40; fd++)
		dup2(STDIN_FILENO, fd);
	if (sandbox_close_others(keep, COUNT(keep)))
		return 255;
	for (int fd = 0; fd < 40; fd++)
		found += fcntl(fd, F_GETFD) >= 0 ? (fd < 3 ? 1 : fd) : 0;
	return found;
}

static int drop_nothing(void)
{
	return 0;
}

CLAIM(descriptors, "all descriptors are closed but the three and those to keep")
{
	expect_number("sum of those that are open",
		      (uint64_t)in_child(drop_nothing, try_descriptors),
		      3 + 9 + 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(reader), CLAIMED(recorder),    CLAIMED(serve),
		CLAIMED(files),	 CLAIMED(descriptors),
	};
	char name[] = "/tmp/mailwall-sandbox.XXXXXX";
	int failed;

	parent = getpid();
	snprintf(folder, sizeof(folder), "%s", mkdtemp(name));
	failed = cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
	snprintf(folder, sizeof(folder), "%s/file", name);
	unlink(folder);
	rmdir(name);
	return failed;
}
