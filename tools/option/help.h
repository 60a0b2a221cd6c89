/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Help from the rows of commands, for people, shells and the manual. */
#ifndef MAILWALL_HELP_H
#define MAILWALL_HELP_H

#include "command.h"

#include <stdio.h>

/* Prints how a command is used, and a line for each of its options. */
void help_command(const struct command *c, FILE *out);
/* Prints all commands by groups. The list ends with NULL. */
void help_overview(const struct command *const *list, FILE *out);

/*
 * Prints a line for each command: its name, a tab, its summary. Prints a line
 * for the operands of a command and for each option, with tabs between: long
 * form or "operand", short form, type, what the value is called, values to
 * offer, "once" or "often", sentence. "-" stands for what there is not.
 */
void help_complete_commands(const struct command *const *list, FILE *out);
void help_complete(const struct command *c, FILE *out);

/* Prints the lines of mdoc(7) under SYNOPSIS in the command's page. */
void help_mdoc(const struct command *c, FILE *out);

#endif
