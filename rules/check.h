/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checker's own: what its parts hand to each other. */
#ifndef MAILWALL_CHECK_H
#define MAILWALL_CHECK_H

#include "policy.h"

struct check {
	struct arena *arena;
	struct diags *diags; /* of the policy */
	const struct policy_input *input;
	struct decl_policy decl;
	struct policy *policy;
	int *class_state; /* one for each declared class, while reading */
};

/* class.c: declarations, files and the built-in ones to merged ranges. */
void check_classes(struct check *c);
/* Words to classes: declared, built in, or made of the addresses written. */
void resolve_refs(struct check *c, const struct words *words,
		  struct class_refs *out);

/* All addresses of a static class in one merged list. */
const struct ranges4 *class_ranges4(struct arena *a, const struct class *class,
				    struct ranges4 *space);
const struct ranges6 *class_ranges6(struct arena *a, const struct class *class,
				    struct ranges6 *space);

/* lint.c: what is allowed and still not right. */
void lint_policy(struct check *c);

#endif
