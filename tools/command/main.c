/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands.h"
#include "../option/help.h"
#include "../program/message.h"
#include "../option/options.h"
#include "../../rules/base/arena.h"
#include "../program/program.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUN_DIR "/run/mailwall"

static int program_run(const struct command *c, int argc, char **argv)
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
static void open_standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int main(int argc, char **argv)
{
	const struct command *c;
	int code;

	open_standard_files();

	/* A reader that went away is an error to report, not a death. */
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		help_overview(commands, stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		argv[1] = "help";
	if (!strcmp(argv[1], "--version"))
		argv[1] = "version";
	c = command_find(argv[1]);
	if (!c || c->left_out)
		return command_unknown(argv[1]);
	code = program_run(c, argc - 1, argv + 1);
	if (fflush(stdout) || ferror(stdout)) {
		message_say("cannot write to standard output");
		return EXIT_REFUSED;
	}
	return code;
}
