/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Definitions in a file: NAME=VALUE a line, as behind -D, with blank lines and
 * comments that begin with "#".
 */
#ifndef MAILWALL_DEFINITIONS_H
#define MAILWALL_DEFINITIONS_H

#include "../program/program.h"

#define DEFINITIONS_PATH "/etc/mailwall/definitions.conf"

/* Adds one definition, "NAME=VALUE"; false: it is none. */
bool definitions_add(struct program *p, const char *text, const char *from);

/*
 * Adds those of a file. NULL, or what is wrong, in the arena:
 * "definitions.conf: 3: takes NAME=VALUE".
 */
const char *definitions_read(struct program *p, const char *path);

/*
 * Adds those of the machine, if there are any: of the file that the environment
 * variable MAILWALL_DEFINITIONS names, else of DEFINITIONS_PATH. A definition
 * that is there already wins. False: the file has a mistake, which was said.
 */
bool definitions_of_machine(struct program *p);

#endif
