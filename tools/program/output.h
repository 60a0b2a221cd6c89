/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Results: standard output, or a file that appears whole or not at all. */
#ifndef MAILWALL_OUTPUT_H
#define MAILWALL_OUTPUT_H

#include <stdio.h>

struct output {
	FILE *file;
	const char *path; /* NULL: standard output */
	char *temporary;  /* NULL: written in place */
};

/*
 * Opens a file, or standard output if path is NULL. Returns 0, or -errno with
 * the sentence in *f.
 */
struct fault;
int output_begin(struct output *o, const char *path, struct fault *f);
/* Gives the file its name. Returns 0, or -errno with the sentence in *f. */
int output_commit(struct output *o, struct fault *f);
/* Does the same for commands: prints the sentence and returns an exit code. */
int output_open(struct output *o, const char *path);
int output_finish(struct output *o);
/* Removes what was written so far. */
void output_abandon(struct output *o);

#endif
