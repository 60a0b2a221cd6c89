/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clauses that two policies do not have in common. A clause is found again by
 * what it does, then by its place: between the same neighbours one that shares
 * half of its words was changed.
 */
#ifndef MAILWALL_PLAN_CLAUSES_H
#define MAILWALL_PLAN_CLAUSES_H

#include "plan_side.h"

enum plan_kind { PLAN_ADDED, PLAN_REMOVED, PLAN_CHANGED, PLAN_MOVED };

/* One line of a plan: of a clause, or of what opens a block. */
struct plan_line {
	enum plan_kind kind;
	bool block;
	/* NULL on the side that has none. */
	const struct plan_clause *old_clause, *new_clause;
	const struct plan_block *old_block, *new_block;
};

struct plan_lines {
	struct plan_line *items;
	size_t n, cap;
	size_t kept;	   /* clauses that do as before, in the same order */
	size_t renumbered; /* kept ones, on another line */
	size_t reworded;   /* kept ones, with other words */
};

/* Lists lines in the order of the new policy; what is gone stands where it
 * was. */
void plan_clauses(struct arena *a, const struct plan_side *old_side,
		  const struct plan_side *new_side, struct plan_lines *out);

/* "added", "removed", "changed", "moved"; and their marks: + - ~ > */
const char *plan_kind_name(enum plan_kind kind);
char plan_kind_mark(enum plan_kind kind);

#endif
