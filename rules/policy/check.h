/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files of the checker. */
#ifndef MAILWALL_CHECK_H
#define MAILWALL_CHECK_H

#include "policy.h"

struct check {
	struct arena *arena;
	struct diags *diags; /* the policy's */
	const struct policy_input *input;
	struct decl_policy decl;
	struct policy *policy;
	size_t said_before; /* errors of the grammar, but for a missing name */
	size_t taken_over;  /* ranges that classes have from other classes */
	size_t lint_left;   /* steps that may still be made to warn */
	int *class_state;   /* a state for each declared class, while reading */
};

/*
 * check_words.c: reads a number between two others; returns otherwise if the
 * word is missing or wrong.
 */
uint32_t check_number(struct check *c, const struct word *word, uint32_t least,
		      uint32_t most, uint32_t otherwise);
/* Returns the index of a word in a table, or -1 after reporting the error. */
int check_choose(struct check *c, const struct word *word,
		 const char *const *table, size_t n, const char *what);
struct rate check_rate(struct check *c, const struct word *word,
		       const struct word *burst);
/* Can a policy or a class have the name? Reports an error if not. */
bool check_identifier(struct check *c, const struct word *name,
		      const char *what, size_t most);

/* Members as they were written, in no order. */
struct raw {
	struct ranges4 v4;
	struct ranges6 v6;
};
void raw_add(struct check *c, struct raw *raw, const struct addr_range *r);
/* Returns what to write instead of a bad address; may be NULL. */
const char *addr_help(struct arena *a, enum addr_error error, const char *text);
void warn_host_bits(struct check *c, const struct span *at, const char *text,
		    size_t len, const struct addr_range *r);

/* class_file.c: reads the file that a class names, beside the policy. */
void class_file_read(struct check *c, const struct word *word, struct raw *raw);

/* class.c: makes merged ranges of declarations, files and built-in classes. */
void check_classes(struct check *c);
/* Finds the classes of words: declared, built in, or made of addresses. */
void resolve_refs(struct check *c, const struct words *words,
		  struct class_refs *out);

/* Return all addresses of a static class in one merged list. */
const struct ranges4 *class_ranges4(struct arena *a, const struct class *class);
const struct ranges6 *class_ranges6(struct arena *a, const struct class *class);

/* Can an interface have the name? If wildcard, a "*" may end it. */
bool interface_is_good(const char *name, bool wildcard);

/* Finds the class of a name, declared or built in; NULL: there is none. */
struct class *find_class(struct check *c, const char *name);

/*
 * Adds a service's port, or a port, to out, or reports the word. False: what is
 * behind it is no list of services.
 */
bool check_service(struct check *c, const struct word *word, struct ports *out);
/* Users and groups as numbers, sorted. */
void check_owners(struct check *c, const struct words *users,
		  const struct words *groups, struct ids *uids,
		  struct ids *gids);

/* check_test.c: makes expectations of the declared tests. */
void check_tests(struct check *c);

/* check_header.c: checks purpose, review, hook, log and watch. */
void check_header(struct check *c);

/* check_hook.c: reports what the policy's hook cannot see or do. */
void check_hook_limits(struct check *c);

/* check_size.c: refuses what would become too many rules. */
void check_size(struct check *c);

/* lint.c: warns of what is allowed and still not right. */
void lint_policy(struct check *c);

#endif
