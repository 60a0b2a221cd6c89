/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policies from files, with the world that the compiler asks for: other files,
 * users, groups, today's date, and definitions of the command line. */
#ifndef MAILWALL_POLICY_FILE_H
#define MAILWALL_POLICY_FILE_H

#include "../../rules/policy/policy.h"

struct program;

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
