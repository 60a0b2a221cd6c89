/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "start.h"
#include "options.h"
#include "../program/message.h"
#include "../../rules/base/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUN_DIR "/run/mailwall"
/* Root's alone: /var/lib/mailwall belongs to the user of the monitor. */
#define STATE_DIR "/var/lib/mailwall-rules"

static const char *start_asked(const char *name)
{
	const char *path = getenv(name);

	return path && *path ? path : NULL;
}

static const char *start_run_dir(void)
{
	const char *path = start_asked("MAILWALL_RUN_DIR");

	return path ? path : RUN_DIR;
}

/*
 * Process 1 of a user namespace's host may not be looked at: whoever is root
 * there and may not is in a namespace of his own.
 */
static bool is_namespace_of_machine(const struct stat *own)
{
	struct stat first;

	if (!stat("/proc/1/ns/net", &first))
		return first.st_ino == own->st_ino &&
		       first.st_dev == own->st_dev;
	return errno == ENOENT || geteuid();
}

/*
 * Another network namespace than the machine's has a folder of its own: what it
 * loads is not what the machine boots. So has a run folder of one's own.
 */
static const char *start_state_dir(struct arena *a, const char *run_dir)
{
	const char *path = start_asked("MAILWALL_STATE_DIR");
	struct stat own;

	if (path)
		return path;
	if (stat("/proc/self/ns/net", &own))
		own.st_ino = 0;
	else if (!start_asked("MAILWALL_RUN_DIR") &&
		 is_namespace_of_machine(&own))
		return STATE_DIR;
	return arena_printf(a, "%s/state-%llu", run_dir,
			    (unsigned long long)own.st_ino);
}

int program_start(const struct command *c, int argc, char **argv)
{
	struct arena *arena = arena_new();
	struct program *p;
	int code;

	if (!arena || setjmp(*arena_on_failure(arena))) {
		message_say("out of memory");
		arena_free(arena);
		return EXIT_REFUSED;
	}
	p = arena_alloc(arena, sizeof(*p));
	p->arena = arena;
	p->command = c;
	p->run_dir = start_run_dir();
	p->state_dir = start_state_dir(arena, p->run_dir);
	code = c->around ? c->around(p, argc, argv) :
			   command_run(p, argc, argv);
	arena_free(arena);
	return code;
}

/* A socket that became standard error would be sent our messages. */
void program_begin(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
	/* A reader that went away is an error to report, not a death. */
	signal(SIGPIPE, SIG_IGN);
}

int program_end(int code)
{
	if (!fflush(stdout) && !ferror(stdout))
		return code;
	/* Who reads no further, as head does, knows it. */
	if (errno != EPIPE)
		message_say("cannot write to standard output");
	return EXIT_REFUSED;
}
