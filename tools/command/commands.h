/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands, each a row in a file of its own, and the table that names them.
 * FULL ones are left out of make SMALL=1.
 */
#ifndef MAILWALL_COMMANDS_H
#define MAILWALL_COMMANDS_H

#include "../option/command.h"

#define COMMANDS(EACH, FULL)                                                   \
	EACH(init)                                                             \
	EACH(check)                                                            \
	EACH(generate)                                                         \
	EACH(plan)                                                             \
	EACH(apply)                                                            \
	EACH(confirm)                                                          \
	EACH(rollback)                                                         \
	EACH(remove)                                                           \
	EACH(history)                                                          \
	EACH(status)                                                           \
	EACH(explain)                                                          \
	EACH(doctor)                                                           \
	EACH(exempt)                                                           \
	EACH(guard)                                                            \
	EACH(replay)                                                           \
	EACH(watch)                                                            \
	FULL(import)                                                           \
	FULL(report)                                                           \
	FULL(source)                                                           \
	FULL(notice)                                                           \
	FULL(publish)                                                          \
	EACH(ports)                                                            \
	EACH(help)                                                             \
	EACH(version)

#define COMMAND_DECLARE(name) extern const struct command command_##name;
COMMANDS(COMMAND_DECLARE, COMMAND_DECLARE)
#undef COMMAND_DECLARE

/* All of them; the list ends with NULL. */
extern const struct command *const commands[];
/* NULL: there is none of that name. */
const struct command *command_find(const char *name);
/* Says that there is none of that name, and returns EXIT_USAGE. */
int command_unknown(const char *name);

#endif
