/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of ranges in an arena: the members of a class, sorted and merged. */
#ifndef MAILWALL_RANGES_H
#define MAILWALL_RANGES_H

#include "range.h"

struct arena;

struct ranges4 {
	struct range4 *items;
	size_t n, cap;
};

struct ranges6 {
	struct range6 *items;
	size_t n, cap;
};

/* Makes room for n more. */
void ranges4_reserve(struct arena *a, struct ranges4 *list, size_t n);

static inline void ranges4_push(struct arena *a, struct ranges4 *list,
				struct range4 r)
{
	if (list->n == list->cap)
		ranges4_reserve(a, list, list->n ? list->n : 16);
	list->items[list->n++] = r;
}

void ranges6_push(struct arena *a, struct ranges6 *list, struct range6 r);

/*
 * Sorts the list, makes overlapping and repeated ranges one, and touching ones
 * too if join is set. Returns how many ranges repeated or overlapped another;
 * *example, unless NULL, gets the first of these.
 */
size_t ranges4_merge(struct arena *a, struct ranges4 *list, bool join,
		     struct range4 *example);
size_t ranges6_merge(struct arena *a, struct ranges6 *list, bool join,
		     struct range6 *example);

/* Does a merged list hold all of another? */
bool ranges4_cover(const struct ranges4 *list, const struct ranges4 *all_of);
bool ranges6_cover(const struct ranges6 *list, const struct ranges6 *all_of);
/* Do two merged lists have an address in common? *where gets the first. */
bool ranges4_meet(const struct ranges4 *a, const struct ranges4 *b,
		  struct range4 *where);
bool ranges6_meet(const struct ranges6 *a, const struct ranges6 *b,
		  struct range6 *where);

/* Adds to out what a merged list leaves out of the whole address space. */
void ranges4_complement(struct arena *a, const struct ranges4 *of,
			struct ranges4 *out);
void ranges6_complement(struct arena *a, const struct ranges6 *of,
			struct ranges6 *out);

#endif
