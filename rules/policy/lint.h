/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files that warn of a policy's clauses. */
#ifndef MAILWALL_LINT_H
#define MAILWALL_LINT_H

#include "check.h"

typedef bool clause_fn(struct check *c, const struct clause *cl, void *data);

/*
 * Looking for what never matches multiplies clauses, services and classes: its
 * steps are counted. False once they are used up.
 */
bool lint_spend(struct check *c, size_t steps);

/* Calls fn for each clause in the order of the text until it says true. */
bool each_clause(struct check *c, clause_fn *fn, void *data);

/* A clause that is looked for among those above another. */
struct shadow {
	const struct clause *later, *found;
	uint16_t port;
};

/* lint_reach.c: does a list of classes hold all of another? Any holds all. */
bool refs_cover(struct check *c, const struct class_refs *all,
		const struct class_refs *of);
/* Can a connection be of both classes, of both lists? */
bool classes_meet(struct check *c, const struct class *x,
		  const struct class *y);
bool refs_meet(struct check *c, const struct class_refs *x,
	       const struct class_refs *y);
/* Warns of a clause that is decided above it, as a whole or for some ports. */
void lint_reach(struct check *c, const struct clause *cl);

/* lint_owner.c: warns of what a socket of root lets past. */
void lint_owner(struct check *c, const struct clause *cl);
/* lint_ports.c: warns of a clause that closes what is not mail. */
void lint_ports(struct check *c, const struct clause *cl);

#endif
