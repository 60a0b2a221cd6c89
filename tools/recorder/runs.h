/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands of the program with the store. */
#ifndef MAILWALL_RUNS_H
#define MAILWALL_RUNS_H

#include "../option/command.h"
#include "../store/store.h"

/* Each is command.run of a row in review.h. */
typedef int command_run_fn(struct program *p, const void *options, int argc,
			   char **argv);
command_run_fn import_run, report_run, source_run, notice_run, publish_run;

/* Rows of its own, which nobody is told of. */
extern const struct command command_note, command_facts, command_recorder,
	command_used, command_book;

/* Notes in a store what was loaded. 0, or -errno and why. */
int note_write(const char *path, const struct store_loaded *l, struct fault *f);

#endif
