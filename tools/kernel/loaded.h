/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules that the kernel holds, as clauses with their counters, and as a
 * digest to compare with the one that the rules themselves name.
 */
#ifndef MAILWALL_LOADED_H
#define MAILWALL_LOADED_H

#include "kernel.h"

#include <stdint.h>
#include <stdbool.h>

/* Elements of a set that is read back for metrics: it takes 1 ms. */
#define HOSTS_ELEMENTS_MOST 256

/* A clause, from the comment of its rule, "residential:17 block smtp log". */
struct loaded_clause {
	const char *id, *text; /* "residential:17", "block smtp log" */
	const char *counter;
	uint64_t packets, bytes;
	/* Openings that mode observe let through instead. */
	bool would;
	uint64_t observed_packets, observed_bytes;
	int block_group; /* the NFLOG group that gets all it blocks; or -1 */
};
struct loaded_clauses {
	struct loaded_clause *items;
	size_t n, cap;
};

/* A trial that stands beside the rules, whether it is armed or not. */
struct loaded_trial {
	bool exists;	 /* something of a trial is in the table */
	char policy[32]; /* name of its policy, as a gate's comment has it */
	char said[DIGEST_TEXT_BYTES];	/* its digest there; "": no gate has one
					 */
	char digest[DIGEST_TEXT_BYTES]; /* made of the objects that are there
					 */
	bool elements_read; /* false: a set was too large to read back */
	struct loaded_clauses clauses; /* with the counters of the trial */
};

struct loaded {
	struct loaded_clauses clauses;
	struct loaded_trial trial;
	struct {
		uint16_t *items;
		size_t n, cap;
	} log_groups;  /* NFLOG groups that its rules log to */
	bool observes; /* the policy has mode observe: nothing is blocked */
	struct digest_objects objects; /* the caller frees it */
	char digest[DIGEST_TEXT_BYTES];
	bool elements_read; /* false: a set was too large to read back */
};

/*
 * Tells the digest and number of a set's elements from what was loaded, if they
 * cannot have changed since; else NULL.
 */
typedef const char *claimed_digest_fn(void *ctx, const struct present_set *set,
				      size_t *elements);

/*
 * Reads the rules, and the elements of sets with no more than elements_most;
 * for larger ones it asks claimed (or NULL). A set for which claimed has no
 * digest makes elements_read false; for all others r gets the exact count. 0 or
 * -errno; -EINTR: the rules are no longer those of r.
 */
int loaded_read(struct netlink *nl, struct reading *r, enum family family,
		size_t elements_most, claimed_digest_fn *claimed, void *ctx,
		struct loaded *out);

#endif
