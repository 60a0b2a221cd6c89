/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exemptions may overlap: a network for good, and in it a customer for thirty
 * days. The kernel's sets hold ranges apart. The cover of some exemptions says
 * of each address how long it is exempt: as long as the one that ends last.
 */
#ifndef MAILWALL_COVER_H
#define MAILWALL_COVER_H

#include "../../rules/ruleset/ruleset.h"

#define EXEMPT_STAYS INT64_MAX

/* A range of one family; IPv4 uses the first four bytes. */
struct cover_range {
	struct range6 range;
	int64_t end_s; /* since 1970; EXEMPT_STAYS: it has none */
	int64_t id;    /* the record's */
};

struct cover {
	struct cover_range *items;
	size_t n, cap;
};

/*
 * Makes ascending ranges apart of those of records, in any order. Ranges of one
 * record that touch are one, those of two are not: so the cover of a part of an
 * address space is that part of the cover, unless a record goes across.
 */
void cover_make(struct arena *a, int family, const struct cover *records,
		struct cover *out);

/* The ranges of two covers that only one of them has, or with another end. */
void cover_difference(struct arena *a, const struct cover *before,
		      const struct cover *after, struct cover *gone,
		      struct cover *come);

/* Makes ranges that meet one: the parts of an address space that change. */
void cover_join(struct arena *a, const struct cover *ranges, struct cover *out);

/* As the kernel gets it, at that time; what ended before is left out. */
void cover_members(struct arena *a, int family, const struct cover *cover,
		   int64_t now_ms, struct set_members *out);

/* A range that text gives, in the form of a record. */
struct range6 exempt_range(const struct addr_range *r);

/* "100.64.0.0/24"; out has RANGE_TEXT_MAX bytes. */
const char *cover_print(char *out, int family, const struct range6 *r);

/* Do two ranges have an address in common? Does one hold another? */
bool cover_meets(const struct range6 *a, const struct range6 *b);
bool cover_holds(const struct range6 *outer, const struct range6 *inner);

#endif
