/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ranges.h"
#include "arena.h"

#include <stdlib.h>
#include <string.h>

void ranges4_reserve(struct arena *a, struct ranges4 *list, size_t n)
{
	if (list->cap - list->n >= n)
		return;
	list->cap = list->n + n;
	list->items =
		arena_resize(a, list->items, list->cap * sizeof(*list->items));
}

void ranges6_push(struct arena *a, struct ranges6 *list, struct range6 r)
{
	if (list->n == list->cap) {
		list->cap = list->cap ? list->cap * 2 : 16;
		list->items =
			arena_resize(a, list->items, list->cap * sizeof(r));
	}
	list->items[list->n++] = r;
}

static bool ranges4_are_sorted(const struct ranges4 *list)
{
	for (size_t i = 1; i < list->n; i++)
		if (list->items[i].first < list->items[i - 1].first)
			return false;
	return true;
}

/*
 * Least significant digit first, three digits of 11 bits: a shuffled million
 * in 30 ms where qsort() needs 150.
 */
#define DIGIT_BITS 11
#define DIGITS	   (1u << DIGIT_BITS)

/*
 * Sorts by one digit; false, with nothing moved, if all ranges have the same.
 */
static bool ranges4_sort_digit(const struct range4 *from, struct range4 *to,
			       size_t n, unsigned int shift)
{
	size_t place[DIGITS] = { 0 }, sum = 0;

	for (size_t i = 0; i < n; i++)
		place[from[i].first >> shift & (DIGITS - 1)]++;
	if (place[from[0].first >> shift & (DIGITS - 1)] == n)
		return false;
	for (size_t d = 0; d < DIGITS; d++) {
		size_t count = place[d];

		place[d] = sum;
		sum += count;
	}
	for (size_t i = 0; i < n; i++)
		to[place[from[i].first >> shift & (DIGITS - 1)]++] = from[i];
	return true;
}

static void ranges4_sort(struct arena *a, struct ranges4 *list)
{
	struct range4 *other;

	if (ranges4_are_sorted(list))
		return;
	list->cap = list->n;
	other = arena_resize(a, NULL, list->n * sizeof(*other));
	for (unsigned int shift = 0; shift < 32; shift += DIGIT_BITS)
		if (ranges4_sort_digit(list->items, other, list->n, shift)) {
			struct range4 *swap = list->items;

			list->items = other;
			other = swap;
		}
	arena_release(a, other);
}

size_t ranges4_merge(struct arena *a, struct ranges4 *list, bool join,
		     struct range4 *example)
{
	size_t kept = 0, overlaps = 0;

	ranges4_sort(a, list);
	for (size_t i = 0; i < list->n; i++) {
		struct range4 r = list->items[i];
		struct range4 *last = kept ? &list->items[kept - 1] : NULL;

		if (last && r.first <= last->last) {
			if (!overlaps++ && example)
				*example = r;
			if (r.last > last->last)
				last->last = r.last;
		} else if (last && join && r.first - 1 == last->last) {
			last->last = r.last;
		} else {
			list->items[kept++] = r;
		}
	}
	list->n = kept;
	return overlaps;
}

/* For qsort(): a range begins with its first address. */
static int ranges6_compare(const void *a, const void *b)
{
	return addr6_compare(a, b);
}

size_t ranges6_merge(struct arena *a, struct ranges6 *list, bool join,
		     struct range6 *example)
{
	size_t kept = 0, overlaps = 0, sorted = 1;

	(void)a;
	while (sorted < list->n && ranges6_compare(&list->items[sorted - 1],
						   &list->items[sorted]) <= 0)
		sorted++;
	if (sorted < list->n)
		qsort(list->items, list->n, sizeof(*list->items),
		      ranges6_compare);
	for (size_t i = 0; i < list->n; i++) {
		struct range6 r = list->items[i];
		struct range6 *last = kept ? &list->items[kept - 1] : NULL;
		struct addr6 before = r.first;

		if (last && addr6_compare(&r.first, &last->last) <= 0) {
			if (!overlaps++ && example)
				*example = r;
			if (addr6_compare(&r.last, &last->last) > 0)
				last->last = r.last;
		} else if (last && join && addr6_prev(&before) &&
			   !addr6_compare(&before, &last->last)) {
			last->last = r.last;
		} else {
			list->items[kept++] = r;
		}
	}
	list->n = kept;
	return overlaps;
}

/*
 * Two merged lists walked side by side. Covering is asked of lists that may
 * touch without being joined, so a range may be covered by several.
 */
bool ranges4_cover(const struct ranges4 *list, const struct ranges4 *all_of)
{
	size_t i = 0;

	for (size_t k = 0; k < all_of->n; k++) {
		uint64_t next = all_of->items[k].first;

		while (next <= all_of->items[k].last) {
			while (i < list->n && list->items[i].last < next)
				i++;
			if (i == list->n || list->items[i].first > next)
				return false;
			next = (uint64_t)list->items[i].last + 1;
		}
	}
	return true;
}

bool ranges6_cover(const struct ranges6 *list, const struct ranges6 *all_of)
{
	size_t i = 0;

	for (size_t k = 0; k < all_of->n; k++) {
		struct addr6 next = all_of->items[k].first;

		while (addr6_compare(&next, &all_of->items[k].last) <= 0) {
			while (i < list->n &&
			       addr6_compare(&list->items[i].last, &next) < 0)
				i++;
			if (i == list->n ||
			    addr6_compare(&list->items[i].first, &next) > 0)
				return false;
			next = list->items[i].last;
			if (!addr6_next(&next))
				return true;
		}
	}
	return true;
}

bool ranges4_meet(const struct ranges4 *a, const struct ranges4 *b,
		  struct range4 *where)
{
	for (size_t i = 0, k = 0; i < a->n && k < b->n;) {
		if (a->items[i].last < b->items[k].first) {
			i++;
		} else if (b->items[k].last < a->items[i].first) {
			k++;
		} else {
			uint32_t fa = a->items[i].first;
			uint32_t fb = b->items[k].first;
			uint32_t la = a->items[i].last, lb = b->items[k].last;

			where->first = fa > fb ? fa : fb;
			where->last = la < lb ? la : lb;
			return true;
		}
	}
	return false;
}

bool ranges6_meet(const struct ranges6 *a, const struct ranges6 *b,
		  struct range6 *where)
{
	for (size_t i = 0, k = 0; i < a->n && k < b->n;) {
		const struct range6 *ra = &a->items[i], *rb = &b->items[k];

		if (addr6_compare(&ra->last, &rb->first) < 0) {
			i++;
		} else if (addr6_compare(&rb->last, &ra->first) < 0) {
			k++;
		} else {
			where->first =
				addr6_compare(&ra->first, &rb->first) > 0 ?
					ra->first :
					rb->first;
			where->last = addr6_compare(&ra->last, &rb->last) < 0 ?
					      ra->last :
					      rb->last;
			return true;
		}
	}
	return false;
}

void ranges4_complement(struct arena *a, const struct ranges4 *of,
			struct ranges4 *out)
{
	uint64_t next = 0;

	for (size_t i = 0; i < of->n; i++) {
		if (of->items[i].first > next)
			ranges4_push(a, out,
				     (struct range4){ (uint32_t)next,
						      of->items[i].first - 1 });
		next = (uint64_t)of->items[i].last + 1;
	}
	if (next <= UINT32_MAX)
		ranges4_push(a, out,
			     (struct range4){ (uint32_t)next, UINT32_MAX });
}

void ranges6_complement(struct arena *a, const struct ranges6 *of,
			struct ranges6 *out)
{
	struct addr6 next = { { 0 } };

	for (size_t i = 0; i < of->n; i++) {
		struct addr6 before = of->items[i].first;

		if (addr6_compare(&of->items[i].first, &next) > 0) {
			addr6_prev(&before);
			ranges6_push(a, out, (struct range6){ next, before });
		}
		next = of->items[i].last;
		if (!addr6_next(&next))
			return;
	}
	struct range6 rest = { .first = next };

	memset(&rest.last, 0xff, sizeof(rest.last));
	ranges6_push(a, out, rest);
}
