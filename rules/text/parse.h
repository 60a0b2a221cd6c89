/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policy text to declarations. Every mistake is reported, none ends the run. */
#ifndef MAILWALL_PARSE_H
#define MAILWALL_PARSE_H

#include "decl.h"
#include "policy_input.h"

/*
 * Reads the file at path and all that it includes. Returns 0, or -errno when
 * the file itself cannot be read; mistakes in it are in diags.
 */
int parse_policy(struct arena *arena, struct diags *diags,
		 const struct policy_input *input, const char *path,
		 struct decl_policy *out);

/* True for a word of the grammar, which no class may be called. */
bool is_reserved(const char *word);

/* dir/of/base + name, unless name is absolute. */
const char *path_beside(struct arena *arena, const char *base,
			const char *name);

#endif
