/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A change of exemptions, in the book and in the kernel: both or none. First
 * the ranges that it touches are named, then the book is changed, then the
 * kernel's sets get what that changed of the cover, and last the book is
 * committed. A process that dies in between leaves the book as it was; the
 * next command makes the kernel equal to it.
 *
 * Functions return 0 or -errno, and fill the sentence of the fault. A mistake
 * of the user's is a diagnostic, and then nothing is changed.
 */
#ifndef MAILWALL_EXEMPT_WORK_H
#define MAILWALL_EXEMPT_WORK_H

#include "exempt_kernel.h"

/* A wish for one range; texts that are NULL are not said. */
struct exempt_wish {
	const char *class;
	int family;
	struct range6 range;
	struct book_said said;
	bool has_end;
	int64_t expires_s;	   /* EXEMPT_STAYS */
	const struct span *origin; /* the place in a file; or NULL */
};

enum exempt_what {
	EXEMPT_ADDED,
	EXEMPT_RENEWED, /* its end is another one */
	EXEMPT_CHANGED, /* its texts are others */
	EXEMPT_UNCHANGED,
	EXEMPT_REVOKED,
	EXEMPT_ADOPTED, /* the kernel had it, the book had not */
};

struct exempt_done {
	enum exempt_what what;
	struct book_record record;
};

/* Ranges of a class and family that a change touches. */
struct exempt_touched {
	const char *class;
	int family;
	struct cover ranges;
	bool whole;	     /* true: so many that the whole set is sent */
	struct cover parts;  /* no record goes across the edge of one */
	struct cover before; /* the cover of those parts */
};

struct exempt_work {
	struct arena *arena;
	struct book *book;
	struct book_policy policy; /* loaded last */
	struct exempt_kernel kernel;
	int64_t now_ms, now_s;
	const char *who;
	const char *why; /* for the history; "": nothing */
	struct diags *diags;
	struct {
		struct exempt_touched *items;
		size_t n, cap;
	} touched;
	struct {
		struct exempt_done *items;
		size_t n, cap;
	} done;
};

/*
 * Opens the book and the kernel, and takes into the book what the
 * kernel has of classes that the book does not know. arena, who, why and diags
 * are set before. exempt_end() in any case.
 */
int exempt_begin(struct exempt_work *w, struct program *p, bool changes,
		 struct fault *f);
void exempt_end(struct exempt_work *w);

/* Names a range, then begins once all are named. */
void exempt_touch(struct exempt_work *w, const char *class, int family,
		  const struct range6 *range);
int exempt_touched(struct exempt_work *w, struct fault *f);

/* Change the book. What was done is pushed to w->done. */
int exempt_add(struct exempt_work *w, const struct exempt_wish *wish,
	       struct fault *f);
int exempt_renew(struct exempt_work *w, const struct exempt_wish *wish,
		 struct fault *f);
int exempt_revoke(struct exempt_work *w, const struct exempt_wish *wish,
		  struct fault *f);
/* The same for a record that was read. */
int exempt_revoke_record(struct exempt_work *w, const struct book_record *r,
			 struct fault *f);

/* Has the loaded policy the class? If not, that is an error that is said. */
bool exempt_class_is_there(struct exempt_work *w,
			   const struct exempt_wish *wish);

/* Changes the kernel, and commits. */
int exempt_settle(struct exempt_work *w, struct fault *f);

/* Adds the warnings about what was done. */
int exempt_note_done(struct exempt_work *w, struct fault *f);

/* ---- all of it ---- */

struct exempt_synced {
	const char *class;
	int family;
	size_t added, removed; /* ranges of the set */
};
struct exempt_syncs {
	struct exempt_synced *items;
	size_t n, cap;
};
/*
 * Makes the kernel's sets equal to the book; lists those that were not. quick:
 * a large set is read only if it has another number of members.
 */
int exempt_sync(struct exempt_work *w, bool quick, struct exempt_syncs *out,
		struct fault *f);

/* The members that a set is to have now. */
int exempt_members(struct exempt_work *w, const char *class, int family,
		   struct set_members *out, struct fault *f);
/* Notes in the book what the policy that was loaded says of exemptions. */
int exempt_note_policy(struct exempt_work *w, const struct book_policy *policy,
		       struct fault *f);

#endif
