/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands.h"
#include "../program/message.h"
#include "../../rules/base/diag.h"
#include "../program/program.h"

#include <string.h>

#define COMMAND_ROW(name) &command_##name,
#ifdef SMALL
#define COMMAND_LEFT_OUT(name)                                                 \
	&(const struct command){ #name, .left_out = true },
#else
#define COMMAND_LEFT_OUT(name) COMMAND_ROW(name)
#endif

const struct command *const commands[] = { COMMANDS(COMMAND_ROW,
						    COMMAND_LEFT_OUT) NULL };

const struct command *command_find(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

int command_unknown(const char *name)
{
	const char *names[sizeof(commands) / sizeof(*commands)], *near;
	size_t n = 0;

	if (command_find(name)) {
		message_say("%s: this mailwall was made small, without the "
			    "store and its reports",
			    name);
		return EXIT_USAGE;
	}
	for (size_t i = 0; commands[i]; i++)
		if (!commands[i]->left_out)
			names[n++] = commands[i]->name;
	near = nearest_word(name, strlen(name), names, n);
	if (near)
		message_say("\"%.40s\" is not a command; did you mean \"%s\"?",
			    name, near);
	else
		message_say(
			"\"%.40s\" is not a command; mailwall help lists them",
			name);
	return EXIT_USAGE;
}
