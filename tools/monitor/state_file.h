/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the monitor knows of sources, in a file across restarts. */
#ifndef MAILWALL_STATE_FILE_H
#define MAILWALL_STATE_FILE_H

#include "../../plugin/engine/engine.h"
#include "../program/program.h"

struct saved {
	const char *name; /* of the file in its folder */
	const char *path, *temporary;
	int folder;  /* descriptor */
	bool failed; /* said once */
};

/*
 * Before privilege is dropped: makes the folder if it is not there, and gives
 * it to the user who will write.
 */
int saved_open(struct saved *s, struct program *p, const char *path,
	       const char *user);
/*
 * Afterwards. A file that is not there is no mistake; one that is damaged is
 * said, kept under another name, and the monitor begins anew. EXIT_REFUSED: it
 * could not be written later on.
 */
int saved_read(struct saved *s, struct engine *e);
/* Whole or not at all. A failure is said once. */
void saved_write(struct saved *s, struct engine *e);

/*
 * The folder of a file that the user (NULL: the default) is to write: made, and
 * his, if there is none. An exit code.
 */
int make_folder_of(struct program *p, const char *path, const char *user);
/* A database that root made, by an import, is to be written by the user. */
void give_store(const char *path, const char *user);

#endif
