/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The book of exemptions, as whoever loads rules needs it. The program with the
 * store has the book open; this one asks it.
 */
#ifndef MAILWALL_BOOK_MEMBERS_H
#define MAILWALL_BOOK_MEMBERS_H

#include "../../rules/ruleset/ruleset.h"
#include "../program/fault.h"
#include "../program/program.h"

/* Answer of the book. */
struct book_answer {
	bool asked;	     /* the rules have classes that are the book's */
	struct diags *notes; /* gets its warnings; set before */
};

/*
 * Gives the dynamic classes of rules that are to be loaded the members that the
 * book has, with the time that each has left. Members that the kernel had
 * before there was a book are taken into it. 0; or -errno and why: the classes
 * keep what the kernel has.
 */
#ifdef SMALL
static inline int book_members_take(struct program *p, const struct ruleset *rs,
				    struct book_answer *answer, struct fault *f)
{
	(void)p;
	(void)rs;
	(void)answer;
	(void)f;
	return 0;
}
static inline int book_note_policy(struct program *p,
				   const struct policy *policy, struct fault *f)
{
	(void)p;
	(void)policy;
	(void)f;
	return 0;
}
static inline bool book_members_cut(const struct ruleset *rs)
{
	(void)rs;
	return false;
}
static inline int book_sync(struct program *p, struct fault *f)
{
	(void)p;
	(void)f;
	return 0;
}
#else
int book_members_take(struct program *p, const struct ruleset *rs,
		      struct book_answer *answer, struct fault *f);
/*
 * Leaves out members beyond the size of a set and, when called again, beyond
 * half of it: the kernel said that a set is full, and older ones count both
 * ends of a range. False: there is nothing to leave out.
 */
bool book_members_cut(const struct ruleset *rs);
/* Notes what a policy that was loaded says of exemptions. */
int book_note_policy(struct program *p, const struct policy *policy,
		     struct fault *f);
/* Makes the kernel's sets equal to the book, where rules are loaded already. */
int book_sync(struct program *p, struct fault *f);
#endif

#endif
