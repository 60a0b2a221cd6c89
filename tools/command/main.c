/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands.h"
#include "../apart/apart.h"
#include "../option/help.h"
#include "../option/start.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	const struct command *c;

	program_begin();
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
	if (!c->run)
		return apart_exec(argv);
	return program_end(program_start(c, argc - 1, argv + 1));
}
