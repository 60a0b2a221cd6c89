/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The run file: the policy that was applied last, with the elements of its
 * sets, one file for each network namespace. The kernel takes tens of seconds
 * to list a million elements; this file has them at once. By itself it proves
 * nothing: it counts only while the digest in the kernel's rules is the one
 * that it was written for.
 */
#ifndef MAILWALL_APPLIED_H
#define MAILWALL_APPLIED_H

#include "loaded.h"
#include "../program/program.h"

#include <stdbool.h>
#include <stdint.h>

struct applied {
	bool valid;
	uint32_t generation; /* the rules', right after they were loaded */
	char digest[DIGEST_TEXT_BYTES];
	const char *path; /* the policy's */
	struct known known;
	char (*set_digests)[DIGEST_TEXT_BYTES]; /* one for each known set */
	const char **objects; /* canonical texts, one for each object */
	size_t n_objects;
};

/* Reads the file; one that is damaged counts as none: valid is false. */
void applied_load(struct program *p, struct applied *out);
/*
 * Reads the file without elements; known has their numbers alone. It takes
 * milliseconds, however large the sets are.
 */
void applied_load_brief(struct program *p, struct applied *out);
/* Writes the file of a ruleset that was loaded just now. 0 or -errno. */
int applied_save(struct program *p, const struct ruleset *rs,
		 uint32_t generation, const char *policy_path);
/* Makes the folder of the file, with those above it. 0 or -errno. */
int applied_make_folder(const char *run_dir);
/* Removes the file. */
void applied_forget(struct program *p);

/*
 * Does the file describe the table? The digests are compared, and the numbers
 * of elements where the kernel reports them.
 */
bool applied_matches(const struct applied *r, const struct present *p);

/*
 * The claimed_digest_fn of the file: it knows the digest of a set that cannot
 * have changed unnoticed.
 */
struct claim {
	const struct applied *applied;
	uint32_t generation; /* now */
};
const char *applied_claim(void *ctx, const struct present_set *set,
			  size_t *elements);

#endif
