/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One side of a plan: a policy as it is compared with another. It is made of a
 * policy, or of what the kernel holds, where some of it is not known.
 */
#ifndef MAILWALL_PLAN_SIDE_H
#define MAILWALL_PLAN_SIDE_H

#include "../policy/policy.h"

struct plan_clause {
	uint32_t line;
	const char *text;
	const char *key; /* name of its counter */
	/* Hash of its effect, whatever the words and their order; or its key */
	const char *meaning;
	const char *place; /* file of the line; NULL: the policy's own */
};

struct plan_block {
	uint32_t line;
	const char *text;    /* NULL: not known, as its line */
	const char *meaning; /* "" where the text is not known */
	struct {
		struct plan_clause *items;
		size_t n, cap;
	} clauses;
};

struct plan_class {
	const char *name;
	bool dynamic, known; /* known: the lists below are the members */
	struct ranges4 v4;
	struct ranges6 v6;
	const char *interfaces; /* names with a blank between them */
};

/* A statement of the header, or a figure. */
struct plan_setting {
	const char *name, *value;
};

struct plan_side {
	const char *name;
	const struct policy *policy; /* NULL: made of what the kernel holds */
	struct {
		struct plan_block *items;
		size_t n, cap;
	} blocks;
	struct {
		struct plan_class *items;
		size_t n, cap;
	} classes; /* named ones that a clause uses */
	struct {
		struct plan_setting *items;
		size_t n, cap;
	} settings;
};

/* Fills a side from a policy, from which it borrows. */
void plan_side_of(struct arena *a, const struct policy *policy,
		  struct plan_side *out);

/* Adds ranges of one of its sets to a class, which is made on first use. */
struct plan_class *plan_side_class(struct arena *a, struct plan_side *side,
				   const char *name);

/* A setting that both sides have, with another value. */
struct plan_setting_change {
	const char *name, *before, *after;
};

struct plan_setting_changes {
	struct plan_setting_change *items;
	size_t n, cap;
};

void plan_settings(struct arena *a, const struct plan_side *old_side,
		   const struct plan_side *new_side,
		   struct plan_setting_changes *out);

#endif
