/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How commands are used, from their rows; or their pages of the manual. */
#include "commands.h"
#include "../option/help.h"
#include "../option/options.h"
#include "../../rules/base/arena.h"
#include "../program/program.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef VERSION
#define VERSION "0"
#endif

/* ---- the manual ---- */

/* Runs man(1), quietly where it only looks. Its exit code, or -1. */
static int help_man(const char *page, const char *option, bool quiet)
{
	pid_t child = fork();
	int status;

	if (!child) {
		if (quiet && (!freopen("/dev/null", "w", stdout) ||
			      !freopen("/dev/null", "w", stderr)))
			_exit(127);
		signal(SIGPIPE, SIG_DFL);
		if (option)
			execlp("man", "man", option, "8", page, (char *)NULL);
		else
			execlp("man", "man", "8", page, (char *)NULL);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child ||
	    !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* Shows the command's page, if a terminal, man and the page are there. */
static bool help_open_page(const struct program *p, const struct command *c)
{
	const char *page = arena_printf(p->arena, "mailwall-%s", c->name);

	return isatty(STDOUT_FILENO) && !help_man(page, "-w", true) &&
	       !help_man(page, NULL, false);
}

/* ---- help ---- */

struct help_options {
	bool complete, mdoc;
};

/* Without a command: what there is. */
static int help_all(const struct help_options *o)
{
	if (o->complete)
		help_complete_commands(commands, stdout);
	else
		help_overview(commands, stdout);
	return EXIT_DONE;
}

static int help_run(struct program *p, const void *options, int argc,
		    char **argv)
{
	const struct help_options *o = options;
	const struct command *c;

	if (!argc)
		return help_all(o);
	c = command_find(argv[0]);
	if (!c || c->left_out)
		return command_unknown(argv[0]);
	if (o->complete)
		help_complete(c, stdout);
	else if (o->mdoc)
		help_mdoc(c, stdout);
	else if (!help_open_page(p, c))
		help_command(c, stdout);
	return EXIT_DONE;
}

/* For completion and for make manual: not told, so not in the list. */
static const struct option_row help_rows[] = {
	{ .name = "complete",
	  .type = OPTION_FLAG,
	  .hidden = true,
	  .place = offsetof(struct help_options, complete),
	  .help = "print lines for the completion of shells" },
	{ .name = "mdoc",
	  .type = OPTION_FLAG,
	  .hidden = true,
	  .place = offsetof(struct help_options, mdoc),
	  .help = "print the synopsis of the manual" },
	{ 0 }
};

const struct command command_help = {
	.name = "help",
	.summary = "say how a command is used",
	.group = GROUP_ABOUT,
	.operands = { "[COMMAND]", OPTION_COMMAND, 0, 1, NULL, NULL },
	.options = help_rows,
	.options_bytes = sizeof(struct help_options),
	.run = help_run,
};

/* ---- version ---- */

static int version_run(struct program *p, const void *options, int argc,
		       char **argv)
{
	(void)p;
	(void)options;
	(void)argc;
	(void)argv;
	printf("mailwall %s\n", VERSION);
	return EXIT_DONE;
}

static const struct option_row version_rows[] = { { 0 } };

const struct command command_version = {
	.name = "version",
	.summary = "print the version",
	.group = GROUP_ABOUT,
	.options = version_rows,
	.run = version_run,
};
