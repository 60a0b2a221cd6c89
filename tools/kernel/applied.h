/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was loaded last, kept in a file of the run directory: one for each
 * network namespace. A million elements take the kernel tens of seconds to
 * list; whoever loaded them knows them. The file proves nothing by itself: it
 * counts only while the kernel's own digest is the one that it was made for.
 */
#ifndef MAILWALL_APPLIED_H
#define MAILWALL_APPLIED_H

#include "loaded.h"
#include "../program/program.h"

struct applied {
	bool valid;
	uint32_t generation; /* of the rules, right after they were loaded */
	char digest[DIGEST_TEXT_BYTES];
	const char *path; /* of the policy */
	struct known known;
	char (*set_digests)[DIGEST_TEXT_BYTES]; /* one for each known set */
	const char **canon; /* the canonical text, an object each */
	size_t n_canon;
};

/* Whatever is wrong with the file, it is as if there were none. */
void applied_load(struct program *p, struct applied *out);
/*
 * The same without elements, of which known has the numbers: for who asks what
 * a set should hold, and not which members. Milliseconds, whatever their size.
 */
void applied_load_brief(struct program *p, struct applied *out);
/* 0 or -errno. */
int applied_save(struct program *p, const struct ruleset *rs,
		 uint32_t generation, const char *policy_path);
void applied_forget(struct program *p);

/*
 * Does it tell what the table holds? Sets whose number of elements does not
 * agree are left out of known.
 */
bool applied_matches(const struct applied *r, const struct present *p);

/* A claimed_digest_fn: for the sets that cannot have changed unnoticed. */
struct claim {
	const struct applied *applied;
	uint32_t generation; /* now */
};
const char *applied_claim(void *ctx, const struct present_set *set,
			  size_t *elements);

#endif
