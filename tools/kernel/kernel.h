/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our table as the kernel holds it: chains, sets, counters, elements. Functions
 * return 0 or -errno unless they say otherwise; -EINTR: the rules changed while
 * they were read. Texts are in the arena.
 */
#ifndef MAILWALL_KERNEL_H
#define MAILWALL_KERNEL_H

#include "dump.h"
#include "../../rules/ruleset/digest.h"
#include "../../rules/emit/change.h"

#include <stdint.h>

/* The tables of one generation of the rules. */
struct reading {
	struct arena *arena;
	uint32_t generation;
	struct present tables[N_FAMILIES];
};
/* Reads all of it; if the rules change meanwhile it starts again. */
int kernel_read(struct netlink *nl, struct arena *a, struct reading *out);

/* The family of the table that is ours, or -1. */
int reading_family(const struct reading *r);

/* Lists objects of one kind in the table; table_attr 0: in all tables. */
int kernel_dump(struct netlink *nl, enum family family, uint16_t type,
		uint16_t table_attr, mnl_cb_t cb, void *ctx);

/* Lists the elements of a set of ours, as dump_elements() does. */
int kernel_elements(struct netlink *nl, enum family family, const char *set,
		    dump_element_fn *fn, void *ctx);

/* Reads the fixed or dynamic members of a set, as merged ranges. */
int kernel_ranges(struct netlink *nl, struct arena *a, enum family family,
		  const struct present_set *set, struct ranges4 *v4,
		  struct ranges6 *v6);

/*
 * Counts the members of sets. What the kernel says of a dynamic set may be one
 * too few: such a set is read if it has fewer than counted_most. Before Linux
 * 6.16 the kernel says nothing: a set is read up to uncounted_most members, and
 * all of them for no longer than time_ms. What is not known then has no count.
 */
struct count_limit {
	size_t counted_most, uncounted_most;
	int64_t time_ms;
};
int kernel_count_members(struct netlink *nl, enum family family,
			 struct present *p, const struct count_limit *limit);

/* Copies text into the arena; NULL becomes "". */
const char *kernel_copy_text(struct arena *a, const char *text);

#endif
