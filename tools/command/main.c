/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands.h"
#include "../../rules/base/arena.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef VERSION
#define VERSION "0"
#endif

#define RUN_DIR "/run/mailwall"

/* make SMALL=1 leaves out the store, its pages and its reports. */
#ifdef SMALL
#define STATUS_STORE
#define REPLAY_STORE
#define WATCH_STORE
#else
#define STATUS_STORE " [-f|--findings COUNT]"
#define REPLAY_STORE " [-S|--store FILE]"
#define WATCH_STORE                                                            \
	" [-S|--store FILE] [-k|--keep TIME] [-M|--max SIZE]"                  \
	" [-H|--http ADDRESS:PORT] [--http-remote]"
#endif

const struct command commands[] = {
	{ "check", cmd_check,
	  "FILE... [-s|--strict] [-q|--quiet] [-j|--json] [-D NAME=VALUE]",
	  "find mistakes in policies", true },
	{ "generate", cmd_generate,
	  "FILE [-f|--format nft|json|netlink] [-o|--output OUT] [-q|--quiet] "
	  "[-D NAME=VALUE]",
	  "print a policy as rules", true },
	{ "apply", cmd_apply,
	  "FILE [-n|--dry-run] [-q|--quiet] [-j|--json] [-D NAME=VALUE]",
	  "load a policy into the kernel", true },
	{ "remove", cmd_remove, "[-j|--json]",
	  "take our table out of the kernel", false },
	{ "status", cmd_status,
	  "[FILE] [-v|--verify] [-j|--json | --prometheus | --nagios "
	  "[-w|--warning PERCENT] [-c|--critical PERCENT]" STATUS_STORE
	  "] [-D NAME=VALUE]",
	  "show what is loaded, and whether it still is", true },
	{ "exempt", cmd_exempt,
	  "add|remove|list [ADDRESS...] [-c|--class NAME] [-f|--for TIME] "
	  "[-j|--json]",
	  "change a dynamic class", false },
	{ "replay", cmd_replay,
	  "FILE... [-p|--policy POLICY] [-i|--interface NAME] [-a|--attempts] "
	  "[-t|--top N] [-w|--no-warmup] [-m|--memory SIZE]" REPLAY_STORE
	  " [-q|--quiet] [-j|--json] [-D NAME=VALUE]",
	  "count and judge what capture files hold", true },
	{ "watch", cmd_watch,
	  "[-i|--interface NAME]... [-g|--group NUMBER]... "
	  "[-p|--policy POLICY] [-a|--attempts] [-o|--openings] "
	  "[-I|--incoming NAME] [-u|--user NAME] [-s|--state FILE]" WATCH_STORE
	  " [-e|--every TIME] [-w|--no-warmup] [-m|--memory SIZE] [-q|--quiet] "
	  "[-j|--json] [-D NAME=VALUE]",
	  "count and judge as it happens", true },
#ifndef SMALL
	{ "import", cmd_import,
	  "FILE... [-s|--store FILE] [-f|--format kernel|ulogd-json|eve] "
	  "[-p|--policy POLICY] [-y|--year YEAR] [-A|--again] "
	  "[-w|--no-warmup] [-m|--memory SIZE] [-q|--quiet] [-j|--json] "
	  "[-D NAME=VALUE]",
	  "take old firewall logs into the store", true },
	{ "report", cmd_report,
	  "[-s|--store FILE] [-S|--since TIME] [-U|--until TIME] "
	  "[-P|--port PORT] [-a|--source ADDRESS] [-c|--class NAME] "
	  "[-C|--clause ID] [-p|--policy POLICY] [-t|--top N] "
	  "[-k|--pseudonyms KEY] [--csv | -H|--html OUT | -x|--xarf FOLDER "
	  "--organisation NAME --contact ADDRESS] [--format FORMAT] "
	  "[--output OUT] [-q|--quiet] [-j|--json] "
	  "[-D NAME=VALUE]",
	  "review what was blocked, and who keeps trying", true },
	{ "source", cmd_source,
	  "ADDRESS [-s|--store FILE] [-S|--since TIME] [-U|--until TIME] "
	  "[-j|--json]",
	  "say everything that is known of one source", false },
	{ "notice", cmd_notice,
	  "ADDRESS [-s|--store FILE] [-S|--since TIME] [-p|--policy POLICY] "
	  "[-l|--lang LANGUAGE] [-q|--quiet] [-D NAME=VALUE]",
	  "write to the customer behind a source", true },
	{ "publish", cmd_publish,
	  "POLICY [-H|--html | -T|--text | -j|--json] [-S|--since DATE] "
	  "[-l|--lang LANGUAGE] [-q|--quiet] [-D NAME=VALUE]",
	  "tell the public what is blocked, why, and what to use", true },
#endif
	{ "ports", cmd_ports, "[-j|--json]", "list the mail ports", false },
	{ "help", cmd_help, "[COMMAND]", "say how a command is used", false },
	{ "version", cmd_version, "", "print the version", false },
};

const size_t n_commands = sizeof(commands) / sizeof(commands[0]);

static void print_usage(FILE *out)
{
	fprintf(out, "usage: mailwall COMMAND ...\n\n");
	for (size_t i = 0; i < n_commands; i++)
		fprintf(out, "  %-9s %s\n", commands[i].name,
			commands[i].summary);
	fprintf(out, "\nmailwall help COMMAND says more; the manual is "
		     "mailwall(8), the language mailwall.policy(5).\n");
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < n_commands; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static int unknown_command(const char *name)
{
	const char *names[32], *near;

	for (size_t i = 0; i < n_commands; i++)
		names[i] = commands[i].name;
	near = nearest_word(name, strlen(name), names, n_commands);
	if (near)
		message_say("\"%.40s\" is not a command; did you mean \"%s\"?",
			    name, near);
	else
		message_say(
			"\"%.40s\" is not a command; mailwall help lists them",
			name);
	return EXIT_USAGE;
}

int cmd_help(struct program *p, int argc, char **argv)
{
	const struct command *c;

	(void)p;
	if (argc < 2) {
		print_usage(stdout);
		return EXIT_DONE;
	}
	c = find_command(argv[1]);
	if (!c)
		return unknown_command(argv[1]);
	print_command(c);
	return EXIT_DONE;
}

int cmd_version(struct program *p, int argc, char **argv)
{
	(void)p;
	(void)argc;
	(void)argv;
	printf("mailwall %s\n", VERSION);
	return EXIT_DONE;
}

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
	p->command = c->name;
	p->run_dir = getenv("MAILWALL_RUN_DIR");
	if (!p->run_dir || !*p->run_dir)
		p->run_dir = RUN_DIR;
	code = c->run(p, argc, argv);
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
		print_usage(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		argv[1] = "help";
	if (!strcmp(argv[1], "--version"))
		argv[1] = "version";
	c = find_command(argv[1]);
	if (!c)
		return unknown_command(argv[1]);
	code = program_run(c, argc - 1, argv + 1);
	if (fflush(stdout) || ferror(stdout)) {
		message_say("cannot write to standard output");
		return EXIT_REFUSED;
	}
	return code;
}
