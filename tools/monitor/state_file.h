/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file that keeps what a monitor knows of sources across restarts. It is
 * opened by its folder while there is privilege, and read and written without.
 * Functions that return an int return an exit code, and have said what is
 * wrong.
 */
#ifndef MAILWALL_STATE_FILE_H
#define MAILWALL_STATE_FILE_H

#include "../../plugin/engine/engine.h"
#include "../program/program.h"

#include <stdbool.h>

struct state_file {
	const char *path;
	const char *name;      /* the last part of path */
	const char *temporary; /* the name in the folder until it is whole */
	int folder;	       /* descriptor */
	bool failed;	       /* to be written, which was said */
};

/* Opens the folder; one that is missing is made, and given to user. */
int state_file_open(struct state_file *s, struct program *p, const char *path,
		    const char *user);
/*
 * Loads the file into an engine. No file, no state: the monitor begins anew. A
 * damaged file is said, and kept under another name. EXIT_REFUSED: the file is
 * of another program, or could not be written later.
 */
int state_file_read(struct state_file *s, struct engine *e);
/* Writes the file, whole or not at all; says a failure once. */
void state_file_write(struct state_file *s, struct engine *e);

#endif
