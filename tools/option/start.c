/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "start.h"
#include "options.h"
#include "../program/message.h"
#include "../../rules/base/arena.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define RUN_DIR "/run/mailwall"

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
	p->run_dir = getenv("MAILWALL_RUN_DIR");
	if (!p->run_dir || !*p->run_dir)
		p->run_dir = RUN_DIR;
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
	message_say("cannot write to standard output");
	return EXIT_REFUSED;
}
