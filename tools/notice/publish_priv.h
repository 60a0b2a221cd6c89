/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The public page: its rules, their exceptions, and the words for both. */
#ifndef MAILWALL_PUBLISH_PRIV_H
#define MAILWALL_PUBLISH_PRIV_H

#include "publish.h"
#include "../../rules/base/arena.h"

#include <stdbool.h>
#include <stdio.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

enum { FAMILY_4 = 1, FAMILY_6 = 2, FAMILY_BOTH = 3 };

/* An exception: a clause above a rule that decides some of its connections. */
struct exception {
	const struct clause *clause;
	struct ports ports; /* ports of the rule that the exception decides */
	unsigned int families;
	bool same_block;
};

/* A rule of the page: any clause but allow. */
struct page_rule {
	const struct clause *clause;
	unsigned int number; /* from 1 */
	struct ports ports;  /* ports that no clause above decides entirely */
	unsigned int families;
	struct {
		struct exception *items;
		size_t n, cap;
	} exceptions;
};

struct page {
	const struct policy *policy;
	const struct lang *lang;
	struct arena *arena;
	enum words_form form;
	const char *since;
	FILE *out;
	struct {
		struct page_rule *items;
		size_t n, cap;
	} rules;
	struct class_refs groups; /* groups that the rules name */
};

/* Lists of classes for one end of a connection; each has to hold. */
struct end {
	const struct class_refs *list[2];
};

/* ---- publish_rules.c ---- */

/* Does the list hold everybody? */
bool publish_refs_are_all(const struct class_refs *refs);
/* FAMILY_* bits of the addresses that a class can hold. */
unsigned int publish_class_families(const struct class *c);
/* Fills the rules, their exceptions and the groups. */
void publish_collect(struct page *t);
/* The lists for the source or the destination of a clause's connections. */
struct end publish_end_of(const struct clause *c, bool source);
/* The number of a clause's rule; 0: the clause is none. */
unsigned int publish_number_of(const struct page *t, const struct clause *c);

/* ---- publish_words.c: in the language, from the arena ---- */

/* A text of the language, filled in. */
const char *publish_text_of(struct page *t, enum word_key key,
			    const struct words_value *values);
/* "1. Blocked: port 25 (mail from one mail server to another)" */
const char *publish_describe_title(struct page *t,
				   const struct page_rule *rule);
/* Describes what a clause does with a connection. */
const char *publish_describe_how(struct page *t, const struct clause *c);
/* Describes an end of a connection. narrow: the reader knows the block. */
const char *publish_describe_end(struct page *t, const struct clause *c,
				 bool source, bool narrow);
const char *publish_describe_families(struct page *t, unsigned int families);
const char *publish_describe_exception(struct page *t,
				       const struct page_rule *rule,
				       const struct exception *x);
/* Fills up to two addresses of a redirect; returns their number. */
size_t publish_targets_of(struct page *t, const struct clause *c,
			  const char *out[2]);

/* ---- publish_json.c ---- */

/* Writes the page. 0 or -ENOMEM. */
int publish_json(struct page *t);

#endif
