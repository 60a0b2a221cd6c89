/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plan as a file. It holds all that the policy was made of, so that apply
 * loads what was planned and nothing else, and what the kernel held then, so
 * that it refuses once that has moved.
 */
#ifndef MAILWALL_PLAN_FILE_H
#define MAILWALL_PLAN_FILE_H

#include "plan.h"
#include "../record/recording.h"

#define PLAN_FILE_VERSION 1

/* The rules that the kernel holds; both digests are "" where none is loaded. */
struct plan_state {
	bool loaded;
	const char *table;
	uint32_t flags;			/* the table's */
	char digest[DIGEST_TEXT_BYTES]; /* named by the rules */
	char actual[DIGEST_TEXT_BYTES]; /* made of the rules themselves */
};

/* Reads what is loaded beside a reading. 0 or -errno. */
int plan_state_read(struct program *p, struct reading *reading,
		    struct plan_state *out);

/* Writes the file. 0; or -errno, and why was said. */
int plan_file_write(struct plan *plan, const struct recording *r,
		    const char *path);

/* A plan that was read. */
struct plan_file {
	const char *path;   /* its own */
	const char *digest; /* the digest of the rules that it loads */
	int64_t made_s;
	struct plan_state against;
	struct recording recording;
};

/* Is it a plan? A policy cannot begin with what a plan begins with. */
bool plan_file_is(const char *path);
/*
 * Reads a plan and loads its policy: the program's definitions become those of
 * the plan. An exit code; with each the recording is to be freed.
 */
int plan_file_load(struct program *p, const char *path, struct plan_file *out,
		   struct policy **policy);
/* Lists files that are not any more what was planned; texts in the arena. */
void plan_file_changes(const struct plan_file *file, struct texts *out);
/*
 * Looks whether the rules are those that the plan was made against. 0; or
 * -ESTALE and what moved, or another -errno.
 */
int plan_file_check(const struct plan_file *file, const struct reading *reading,
		    struct fault *f);

#endif
