/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The operand of apply: a policy, or a plan. It says whether that may be
 * loaded.
 */
#ifndef MAILWALL_GIVEN_H
#define MAILWALL_GIVEN_H

#include "plan_file.h"

struct given {
	struct program *program;
	const struct policy *policy;
	bool shrink;  /* classes may lose their members */
	bool is_plan; /* file is set, else the next */
	struct plan_file file;
	struct recording recording; /* the policy's */
};

/*
 * Loads the policy, or that of the plan. Returns an exit code, as
 * load_good_policy() does; with each the given is to be freed.
 */
int given_load(struct program *p, const char *path, bool shrink,
	       struct given *out, struct policy **policy);
void given_free(struct given *given);
/* The files, users and definitions of the policy, as they were read. */
const struct recording *given_recording(const struct given *given);

/* Are the rules those that the plan shows? An exit code, and it was said. */
int given_check_rules(struct given *given, const struct ruleset *rules);
/*
 * May it be loaded now? The check of struct apply_hooks, with the given for
 * ctx: a plan whose rules moved, and a class that shrinks, are refused.
 */
int given_check(void *ctx, const struct apply_outcome *so_far,
		struct diags *diags);
/*
 * Asks the same of a plan before a trial, which takes itself back: classes may
 * shrink. An exit code, and it was said.
 */
int given_check_trial(struct given *given, const struct ruleset *rules);
/* Adds a warning for each file that is not any more what was planned. */
void given_note_changes(const struct given *given, struct diags *notes);

#endif
