/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Members that classes gain and lose from one policy to another, as addresses:
 * a list that is written in fewer prefixes has lost nothing. A class that loses
 * too much of what it covered shrinks, and is not loaded unasked.
 */
#ifndef MAILWALL_PLAN_CLASSES_H
#define MAILWALL_PLAN_CLASSES_H

#include "plan_side.h"

/* More than both is too much; or all of it. */
struct shrink_limit {
	uint32_t percent;
	uint32_t addresses; /* IPv6: /64s */
};
#define SHRINK_LIMIT_DEFAULT                                                   \
	{                                                                      \
		10, 16                                                         \
	}

struct plan_amount {
	size_t prefixes;    /* the fewest that write it */
	uint64_t addresses; /* IPv4's */
	uint64_t networks;  /* IPv6's /64s */
};

struct plan_class_change {
	const char *name;
	bool is_new, is_gone; /* only one of the policies uses it */
	bool dynamic;
	bool known; /* false: what it held before cannot be told */
	struct plan_amount before, after, gained, lost;
	struct ranges4 gained4, lost4;
	struct ranges6 gained6, lost6;
	const char *interfaces_before, *interfaces_after; /* "" for none */
	bool shrinks;
	bool emptied; /* all of it is gone */
};

struct plan_class_changes {
	struct plan_class_change *items;
	size_t n, cap;
	size_t same; /* classes that hold what they held */
};

/*
 * Lists classes that change, by the new policy, then those that are gone.
 * limit NULL: none of them shrinks, since it is another policy.
 */
void plan_classes(struct arena *a, const struct plan_side *old_side,
		  const struct plan_side *new_side,
		  const struct shrink_limit *limit,
		  struct plan_class_changes *out);

#endif
