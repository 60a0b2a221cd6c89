/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the monitor knows of sources, in a file across restarts. */
#ifndef MAILWALL_STATE_FILE_H
#define MAILWALL_STATE_FILE_H

#include "../../plugin/engine/engine.h"
#include "../program/program.h"

struct state_file {
	const char *name; /* of the file in its folder */
	const char *path, *temporary;
	int folder;  /* descriptor */
	bool failed; /* said once */
};

/*
 * Before privilege is dropped: makes the folder if it is not there, and gives
 * it to the user who will write.
 */
int state_file_open(struct state_file *s, struct program *p, const char *path,
		    const char *user);
/*
 * Afterwards. A file that is not there is no mistake; one that is damaged is
 * said, kept under another name, and the monitor begins anew. EXIT_REFUSED: it
 * could not be written later on.
 */
int state_file_read(struct state_file *s, struct engine *e);
/* Whole or not at all. A failure is said once. */
void state_file_write(struct state_file *s, struct engine *e);

#endif
