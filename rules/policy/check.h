/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checker's own: what its parts hand to each other. */
#ifndef MAILWALL_CHECK_H
#define MAILWALL_CHECK_H

#include "policy.h"

struct check {
	struct arena *arena;
	struct diags *diags; /* of the policy */
	const struct policy_input *input;
	struct decl_policy decl;
	struct policy *policy;
	int *class_state; /* one for each declared class, while reading */
};

/* check.c: a number between two others; otherwise if there is none. */
uint32_t check_number(struct check *c, const struct word *word, uint32_t least,
		      uint32_t most, uint32_t otherwise);
/* The index of a word in a table, or -1 with the error said. */
int check_choose(struct check *c, const struct word *word,
		 const char *const *table, size_t n, const char *what);
struct rate check_rate(struct check *c, const struct word *word,
		       const struct word *burst);
/* Can a policy or a class be called so? Says it if not. */
bool check_identifier(struct check *c, const struct word *name,
		      const char *what, size_t most);

/* Members as they were written, in no order. */
struct raw {
	struct ranges4 v4;
	struct ranges6 v6;
};
void raw_add(struct check *c, struct raw *raw, const struct addr_range *r);
/* What to write instead of a bad address; may be NULL. */
const char *addr_help(struct arena *a, enum addr_error error, const char *text);
void warn_host_bits(struct check *c, const struct span *at, const char *text,
		    size_t len, const struct addr_range *r);

/* class_file.c: the file that a class names, beside the policy. */
void class_file_read(struct check *c, const struct word *word, struct raw *raw);

/* class.c: declarations, files and the built-in ones to merged ranges. */
void check_classes(struct check *c);
/* Words to classes: declared, built in, or made of the addresses written. */
void resolve_refs(struct check *c, const struct words *words,
		  struct class_refs *out);

/* All addresses of a static class in one merged list. */
const struct ranges4 *class_ranges4(struct arena *a, const struct class *class);
const struct ranges6 *class_ranges6(struct arena *a, const struct class *class);

/* Can an interface be called so? A "*" may stand at its end if wildcard. */
bool interface_is_good(const char *name, bool wildcard);

/* check_header.c: purpose, review, hook, log, watch. */
void check_header(struct check *c);

/* check_hook.c: what the policy's hook cannot see or do. */
void check_hook_limits(struct check *c);

/* lint.c: what is allowed and still not right. */
void lint_policy(struct check *c);

#endif
