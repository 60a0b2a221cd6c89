/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Read, plan, commit. The commit names the generation that was read: if
 * anybody changed the rules meanwhile the kernel refuses it whole and all is
 * read again, so two applies never mix.
 */
#ifndef MAILWALL_APPLY_H
#define MAILWALL_APPLY_H

#include "../kernel/acting.h"
#include "../kernel/applied.h"
#include "../kernel/transaction.h"
#include "../program/fault.h"

struct apply_outcome;

/* Where a caller takes part; a function that is NULL is left out. */
struct apply_hooks {
	void *ctx;
	/*
	 * May it be done? Called before each transaction that is to be sent.
	 * -errno with its sentences ends the apply: nothing was changed.
	 */
	int (*check)(void *ctx, const struct apply_outcome *so_far,
		     struct diags *diags);
	/*
	 * Called once, when something is to be done and the kernel was asked
	 * for nothing yet. -errno with its sentence ends the apply: nothing was
	 * changed.
	 */
	int (*before)(void *ctx, const struct apply_outcome *so_far,
		      struct fault *f);
	/* Builds the transaction in place of change_build(). */
	void (*build)(void *ctx, struct batch *b,
		      const struct apply_outcome *so_far,
		      const struct known *known, struct change_summary *out);
	/* True: what is loaded has to be loaded again, though it is the same.
	 */
	bool (*again)(void *ctx, const struct apply_outcome *so_far);
};

struct apply_request {
	const char *path; /* the policy's, which the run file remembers */
	const struct ruleset *rules;
	bool dry_run; /* builds the transaction and does not send it */
	/* The way of the transaction; NULL: through the guard, if one runs. */
	const struct transaction_route *route;
	uint32_t table_flags; /* a new table gets them, where route is given */
	struct apply_hooks hooks;
};

struct apply_outcome {
	int error;	   /* 0 or -errno; diags says why */
	bool changed;	   /* the transaction was sent, or would be */
	bool kernel_asked; /* the kernel got a transaction, whatever came of it
			    */
	uint32_t generation; /* the rules' now, if they were changed */
	struct change_summary summary;
	struct reading reading; /* the tables before */
	struct acting acting;	/* faults of the table before */
	/* Members that were loaded before, as the run file has them; or NULL */
	const struct known *remembered;
	struct diags diags;
	struct diags notes; /* warnings, though all went well */
};

/* Loads the rules where they are not loaded. Returns the outcome's error. */
int apply_rules(struct program *p, const struct apply_request *request,
		struct apply_outcome *out);

/* The table as it was before, of the family of the rules. */
const struct present *apply_before(const struct apply_request *request,
				   const struct apply_outcome *o);
/* "inet mailwall" */
const char *apply_table_text(struct arena *a, enum family family);
/* Another family's table of ours, which goes; or NULL. */
const struct present *apply_replaced(const struct apply_request *request,
				     const struct apply_outcome *o,
				     enum family *family);

#endif
