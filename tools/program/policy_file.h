/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policies from files, with the world that the compiler asks for: other files,
 * users, groups, today's date, and definitions of the command line. */
#ifndef MAILWALL_POLICY_FILE_H
#define MAILWALL_POLICY_FILE_H

#include "../../rules/policy/policy.h"

#include <stdbool.h>

struct program;

/*
 * Where the text of a policy and the numbers of its users come from, if not
 * from the file system and the machine: program->world.
 */
struct policy_world {
	void *ctx;
	int (*read)(void *ctx, const char *path, const char **text,
		    size_t *len);
	void (*release)(void *ctx, const char *text, size_t len);
	int (*user)(void *ctx, const char *name, uint32_t *id);
	int (*group)(void *ctx, const char *name, uint32_t *id);
	bool proven; /* the tests of its policies were decided before */
};

/* The file system's and the machine's: functions of a struct policy_input. */
int policy_file_read(void *ctx, const char *path, const char **text,
		     size_t *len);
int policy_file_user(void *ctx, const char *name, uint32_t *id);
int policy_file_group(void *ctx, const char *name, uint32_t *id);

/*
 * Loads and checks a policy; "-" is standard input. EXIT_DONE: *out is set,
 * even if it has errors. EXIT_REFUSED: diags says why it could not be read.
 */
int load_policy(struct program *p, const char *path, struct policy **out,
		struct diags *diags);
/*
 * Loads a policy that must be without errors. Mistakes are printed, as text or
 * as the JSON document {"ok": false, "diagnostics": [...]}. Returns an exit
 * code; *out is set with EXIT_DONE only.
 */
int load_good_policy(struct program *p, const char *path, struct policy **out);

#endif
