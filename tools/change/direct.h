/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An apply that holds at once: a revision of it, a line in the journal, the
 * kernel, `current`, another line. What dies in between ends in recover.h.
 */
#ifndef MAILWALL_DIRECT_H
#define MAILWALL_DIRECT_H

#include "apply.h"
#include "../record/recording.h"

struct direct_request {
	const char *path; /* the policy's */
	const struct policy *policy;
	const struct ruleset *rules;
	const struct recording *recording; /* NULL: a revision is loaded */
	uint32_t revision; /* it, without a recording; 0: none is kept */
	bool back;	   /* the revision becomes the current one */
	const char *why;   /* NULL: not said */
	bool dry_run;
	/*
	 * Loads the rules though nothing can be kept, as on a disk that is read
	 * only: a machine that boots without them has open ports.
	 */
	bool boot;
	bool locked; /* by the caller, who has recovered, too */
	/* The check of struct apply_hooks, with its ctx; NULL: nothing is asked
	 */
	int (*check)(void *ctx, const struct apply_outcome *so_far,
		     struct diags *diags);
	void *check_ctx;
};

struct direct_outcome {
	struct apply_outcome kernel;
	uint32_t revision;   /* that holds; 0: none */
	bool made;	     /* it is new */
	struct fault unkept; /* loaded, and not kept: why; or "" */
};

/* Returns the error of the outcome, whose diags say why. */
int direct_apply(struct program *p, const struct direct_request *request,
		 struct direct_outcome *out);

#endif
