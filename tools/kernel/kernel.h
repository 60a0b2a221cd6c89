/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel holds of ours. */
#ifndef MAILWALL_KERNEL_H
#define MAILWALL_KERNEL_H

#include "dump.h"
#include "../../rules/ruleset/digest.h"
#include "../../rules/emit/change.h"

/*
 * One consistent reading: if the rules change meanwhile it starts again.
 * Returns 0 or -errno.
 */
struct reading {
	struct arena *arena;
	uint32_t generation;
	struct present tables[N_FAMILIES];
};
int kernel_read(struct netlink *nl, struct arena *a, struct reading *out);

/* Every object of one kind in the table; table_attr 0: in all tables. */
int kernel_dump(struct netlink *nl, enum family family, uint16_t type,
		uint16_t table_attr, mnl_cb_t cb, void *ctx);

/* The family of the table that is ours, or -1. */
int reading_family(const struct reading *r);

/* Lists the elements of a set of ours: see dump.h. */
int kernel_elements(struct netlink *nl, enum family family, const char *set,
		    dump_element_fn *fn, void *ctx);

/* The fixed or dynamic members of a set, as merged ranges. */
int kernel_ranges(struct netlink *nl, struct arena *a, enum family family,
		  const struct present_set *set, struct ranges4 *v4,
		  struct ranges6 *v6);

/*
 * Counts the ranges of dynamic sets with fewer than most, of which the kernel
 * may say one too few.
 */
int kernel_count_members(struct netlink *nl, enum family family,
			 struct present *p, size_t most);

/* ---- loaded.c ---- */

/* Of a set that is read back for metrics and the like: 1 ms. */
#define HOSTS_ELEMENTS_MOST 256

/*
 * The clauses, as the comments of the rules tell: "residential:17 block smtp
 * reset log" and the counters that belong to them.
 */
struct loaded_clause {
	const char *id, *text;
	const char *counter;
	uint64_t packets, bytes;
	int block_group; /* of NFLOG, where all that it blocks goes; or -1 */
};
struct loaded {
	struct {
		struct loaded_clause *items;
		size_t n, cap;
	} clauses;
	struct canon canon;
	char digest[DIGEST_TEXT_BYTES]; /* of what is really there */
	bool elements_read; /* false: sets too large to read back were not */
};

/*
 * Reads rules and, where a set has no more than elements_most, elements. For
 * larger ones claimed is asked, who may know what they hold and be sure that
 * they still do; it returns the digest of the elements or NULL. A set that
 * nobody vouches for makes elements_read false; of the others r then has the
 * exact count. -EINTR: the rules are not those of r any more.
 */
typedef const char *claimed_digest_fn(void *ctx, const struct present_set *set,
				      size_t *elements);
int kernel_loaded(struct netlink *nl, struct reading *r, enum family family,
		  size_t elements_most, claimed_digest_fn *claimed, void *ctx,
		  struct loaded *out);

#endif
