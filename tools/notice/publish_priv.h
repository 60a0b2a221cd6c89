/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of the public page, for the files that make it up. */
#ifndef MAILWALL_PUBLISH_PRIV_H
#define MAILWALL_PUBLISH_PRIV_H

#include "publish.h"
#include "../../rules/base/arena.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

enum { FAMILY_4 = 1, FAMILY_6 = 2, FAMILY_BOTH = 3 };

/* A clause above a rule that takes a part of its connections. */
struct exception {
	const struct clause *clause;
	struct ports ports; /* of the rule's, that it decides */
	unsigned int families;
	bool same_block;
};

/* A clause that the page tells: all but allow. */
struct told {
	const struct clause *clause;
	unsigned int number; /* from 1 */
	struct ports ports;  /* that no clause above takes wholly */
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
		struct told *items;
		size_t n, cap;
	} rules;
	struct class_refs groups; /* that the rules name */
};

/* The lists that all have to hold for one end of a connection. */
struct end {
	const struct class_refs *list[2];
};

/* ---- publish_rules.c ---- */

bool publish_refs_are_all(const struct class_refs *refs);
unsigned int publish_class_families(const struct class *c);
/* Finds the rules, their exceptions and the groups that they name. */
void publish_collect(struct page *t);
struct end publish_end_of(const struct clause *c, bool source);
/* 0: the page does not tell it. */
unsigned int publish_number_of(const struct page *t, const struct clause *c);

/* ---- publish_words.c ---- */

const char *publish_exception_told(struct page *t, const struct told *rule,
				   const struct exception *x);
size_t publish_targets_of(struct page *t, const struct clause *c,
			  const char *out[2]);
const char *publish_families_told(struct page *t, unsigned int families);
/* narrow: the words of the block are known to the reader. */
const char *publish_end_told(struct page *t, const struct clause *c,
			     bool source, bool narrow);
const char *publish_text_of(struct page *t, enum word_key key,
			    const struct words_value *values);
const char *publish_how_told(struct page *t, const struct clause *c);
const char *publish_title_told(struct page *t, const struct told *rule);

/* ---- publish_json.c ---- */

/* 0 or -ENOMEM. */
int publish_json(struct page *t);

#endif
