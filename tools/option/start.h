/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Start and end of a program, around its command. */
#ifndef MAILWALL_START_H
#define MAILWALL_START_H

#include "command.h"

/* Opens descriptors 0 to 2 where they are closed, and ignores SIGPIPE. */
void program_begin(void);
/* Runs a command; argv[0] is its name. An exit code. */
int program_start(const struct command *c, int argc, char **argv);
/* Writes what waits for standard output; code, or EXIT_REFUSED and why. */
int program_end(int code);

#endif
