/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs of "mailwall exempt" that work on the book. */
#ifndef MAILWALL_EXEMPT_RUN_H
#define MAILWALL_EXEMPT_RUN_H

#include "exempt_direct.h"
#include "exempt_work.h"
#include "../program/program.h"

#include <jansson.h>

struct exempt_call {
	struct program *program;
	const struct exempt_options *options;
	bool changes; /* true: the command has to be alone, with the lock */
	int lock;     /* -1: it does not */
};

struct exempt_verb {
	const char *name;
	int (*run)(struct exempt_call *c, int argc, char **argv);
	const char *missing; /* "which address?"; NULL: it takes none */
	bool any;	     /* true: operands may be left out */
	int most;	     /* operands; 0: any number */
	bool changes;	     /* the book or the kernel */
	const char *options; /* "for until": those it takes, blanks around */
};

/* Runs the command, with struct exempt_options. Returns an exit code. */
int exempt_run(struct program *p, const void *options, int argc, char **argv);

typedef int exempt_run_fn(struct exempt_call *c, int argc, char **argv);
exempt_run_fn exempt_run_add, exempt_run_renew, exempt_run_revoke,
	exempt_run_list, exempt_run_audit, exempt_run_export, exempt_run_import,
	exempt_run_sync;

/* ---- what verbs share ---- */

/* Tells who runs the command, as text. */
const char *exempt_who(struct arena *a);
/* Sets the work up and begins. 0, or an exit code: it was said. */
int exempt_call_begin(struct exempt_call *c, struct exempt_work *w,
		      struct diags *diags);
/* The class that is meant. */
const char *exempt_class_of(const struct exempt_call *c);
/* Prints what is wrong, or a document with more members, which it frees. */
int exempt_answer(struct exempt_call *c, struct exempt_work *w, int code,
		  json_t *more);
/* Says why it failed. Returns an exit code. */
int exempt_call_fail(struct exempt_call *c, struct exempt_work *w, int error,
		     const struct fault *f);
/* Ends a change: settles it unless there were mistakes, and says what was done.
 */
int exempt_call_finish(struct exempt_call *c, struct exempt_work *w);
/* Reads a file whole; its text stays. 0, or -errno. */
int exempt_read_file(struct arena *a, const char *path,
		     struct source_text *out);

#endif
