/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a command: reads its options and operands after its row. */
#ifndef MAILWALL_OPTIONS_H
#define MAILWALL_OPTIONS_H

#include "command.h"
#include "../program/program.h"

#include <stdbool.h>
#include <stdio.h>

/*
 * Reads what stands behind the command's name, which is argv[0], and runs the
 * command, or prints the one thing that is wrong. Returns an exit code.
 */
int command_run(struct program *p, int argc, char **argv);

/*
 * Prints what is wrong with the arguments, and where more is to be read.
 * Returns EXIT_USAGE.
 */
int usage_error(const struct program *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Stores a value at the row's place in *options. Returns NULL, or what the
 * option takes: "takes a number up to 10".
 */
const char *option_store(struct program *p, void *options,
			 const struct option_row *row, const char *text);
/* May it be given more than once? */
bool option_repeats(const struct option_row *row);
/* How many rows there are before the one that ends them. */
size_t option_count(const struct option_row *rows);

#endif
