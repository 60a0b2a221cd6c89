/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All that a policy was made of, as it was when it was read: the texts of its
 * files, the numbers of its users, the definitions. A revision is written of
 * it, so what is kept is what was applied, whatever the files say later.
 */
#ifndef MAILWALL_RECORDING_H
#define MAILWALL_RECORDING_H

#include "recorded.h"
#include "../program/policy_file.h"
#include "../program/program.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct recorded_file {
	const char *path; /* absolute; or "-", standard input */
	const char *text; /* malloc()ed */
	size_t len;
};

struct recording {
	struct program *program;
	const char *folder; /* where the command ran: of paths without one */
	const char *path;   /* the policy's, absolute or "-" */
	struct {
		struct recorded_file *items;
		size_t n, cap;
	} files; /* the policy first */
	struct recorded_ids ids;
	struct policy_world world;
};

/*
 * load_good_policy() that records what it reads. Returns an exit code; with
 * each the recording is to be freed.
 */
int recording_load(struct program *p, const char *path, struct recording *r,
		   struct policy **out);
void recording_free(struct recording *r);

/* folder + path, unless that is absolute or "-". */
const char *recording_absolute(struct arena *a, const char *folder,
			       const char *path);

#endif
