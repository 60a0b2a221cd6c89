/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "covered.h"

#include <string.h>

/* ---- differences ---- */

/* Adds what is left of one range; *k is the first range of less that may meet
 * it. */
static void less_of_range4(struct arena *a, struct range4 r,
			   const struct ranges4 *less, size_t *k,
			   struct ranges4 *out)
{
	uint64_t next = r.first;

	while (*k < less->n && less->items[*k].last < r.first)
		++*k;
	for (size_t i = *k; i < less->n && less->items[i].first <= r.last;
	     i++) {
		const struct range4 *l = &less->items[i];

		if (l->first > next)
			ranges4_push(a, out,
				     (struct range4){ (uint32_t)next,
						      l->first - 1 });
		next = (uint64_t)l->last + 1;
	}
	if (next <= r.last)
		ranges4_push(a, out, (struct range4){ (uint32_t)next, r.last });
}

void covered_less4(struct arena *a, const struct ranges4 *list,
		   const struct ranges4 *less, struct ranges4 *out)
{
	size_t k = 0;

	for (size_t i = 0; i < list->n; i++)
		less_of_range4(a, list->items[i], less, &k, out);
}

static void less_of_range6(struct arena *a, struct range6 r,
			   const struct ranges6 *less, size_t *k,
			   struct ranges6 *out)
{
	while (*k < less->n &&
	       addr6_compare(&less->items[*k].last, &r.first) < 0)
		++*k;
	for (size_t i = *k;
	     i < less->n && addr6_compare(&less->items[i].first, &r.last) <= 0;
	     i++) {
		const struct range6 *l = &less->items[i];
		struct addr6 before = l->first;

		if (addr6_compare(&l->first, &r.first) > 0) {
			addr6_prev(&before);
			ranges6_push(a, out,
				     (struct range6){ r.first, before });
		}
		r.first = l->last;
		if (!addr6_next(&r.first))
			return; /* nothing lies behind the last address */
	}
	if (addr6_compare(&r.first, &r.last) <= 0)
		ranges6_push(a, out, r);
}

void covered_less6(struct arena *a, const struct ranges6 *list,
		   const struct ranges6 *less, struct ranges6 *out)
{
	size_t k = 0;

	for (size_t i = 0; i < list->n; i++)
		less_of_range6(a, list->items[i], less, &k, out);
}

/* ---- one range ---- */

/* Merged ranges are joined: what covers all of a range is one of them. */
enum covered covered_range4(const struct ranges4 *list, struct range4 range)
{
	size_t low = 0, high = list->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list->items[middle].last < range.first)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == list->n || list->items[low].first > range.last)
		return COVERED_NONE;
	return list->items[low].first <= range.first &&
			       range.last <= list->items[low].last ?
		       COVERED_ALL :
		       COVERED_PART;
}

enum covered covered_range6(const struct ranges6 *list,
			    const struct range6 *range)
{
	size_t low = 0, high = list->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (addr6_compare(&list->items[middle].last, &range->first) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == list->n ||
	    addr6_compare(&list->items[low].first, &range->last) > 0)
		return COVERED_NONE;
	return addr6_compare(&list->items[low].first, &range->first) <= 0 &&
			       addr6_compare(&range->last,
					     &list->items[low].last) <= 0 ?
		       COVERED_ALL :
		       COVERED_PART;
}

/* ---- prefixes ---- */

size_t covered_prefixes4(const struct ranges4 *list)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		uint64_t at = list->items[i].first;
		uint64_t end = (uint64_t)list->items[i].last + 1;

		for (; at < end; n++) {
			uint64_t step = at ? at & -at : (uint64_t)1 << 32;

			while (step > end - at)
				step >>= 1;
			at += step;
		}
	}
	return n;
}

static bool bit_of(const struct addr6 *address, unsigned int bit)
{
	return address->byte[bit / 8] >> (7 - bit % 8) & 1;
}

/*
 * Under the first bit in which first and last differ, first costs a prefix for
 * each 0 behind its last run of zeros, last one for each 1 before its last run
 * of ones; the runs themselves are one prefix each.
 */
static size_t prefixes_of_range6(const struct range6 *r)
{
	unsigned int split = 0, low, high;
	size_t n = 2;

	while (split < 128 &&
	       bit_of(&r->first, split) == bit_of(&r->last, split))
		split++;
	if (split == 128)
		return 1;
	for (low = 128; low > split + 1 && !bit_of(&r->first, low - 1);)
		low--;
	for (high = 128; high > split + 1 && bit_of(&r->last, high - 1);)
		high--;
	if (low == split + 1 && high == split + 1)
		return 1;
	for (unsigned int bit = split + 1; bit < low; bit++)
		n += !bit_of(&r->first, bit);
	for (unsigned int bit = split + 1; bit < high; bit++)
		n += bit_of(&r->last, bit);
	return n;
}

size_t covered_prefixes6(const struct ranges6 *list)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++)
		n += prefixes_of_range6(&list->items[i]);
	return n;
}

/* ---- sizes ---- */

uint64_t covered_addresses4(const struct ranges4 *list)
{
	uint64_t n = 0;

	for (size_t i = 0; i < list->n; i++)
		n += (uint64_t)list->items[i].last - list->items[i].first + 1;
	return n;
}

static uint64_t network_of(const struct addr6 *address)
{
	uint64_t network = 0;

	for (int i = 0; i < 8; i++)
		network = network << 8 | address->byte[i];
	return network;
}

/* A walk over the /64s of a list, in runs that neither touch nor overlap. */
struct networks {
	const struct ranges6 *list;
	size_t at;
	uint64_t first, last;
};

static bool networks_next(struct networks *w)
{
	const struct range6 *r = &w->list->items[w->at];

	if (w->at == w->list->n)
		return false;
	w->first = network_of(&r->first);
	w->last = network_of(&r->last);
	for (w->at++; w->at < w->list->n; w->at++) {
		r = &w->list->items[w->at];
		if (w->last != UINT64_MAX &&
		    network_of(&r->first) > w->last + 1)
			break;
		w->last = network_of(&r->last);
	}
	return true;
}

static uint64_t add_run(uint64_t sum, uint64_t first, uint64_t last)
{
	uint64_t n = last - first;

	return n == UINT64_MAX || sum > UINT64_MAX - n - 1 ? UINT64_MAX :
							     sum + n + 1;
}

uint64_t covered_networks6(const struct ranges6 *list)
{
	return covered_networks6_less(list, &(struct ranges6){ 0 });
}

uint64_t covered_networks6_less(const struct ranges6 *list,
				const struct ranges6 *less)
{
	struct networks of = { .list = list }, without = { .list = less };
	bool more = networks_next(&without);
	uint64_t sum = 0;

	while (networks_next(&of)) {
		uint64_t next = of.first;
		bool left = true;

		while (more && without.last < next)
			more = networks_next(&without);
		while (left && more && without.first <= of.last) {
			if (without.first > next)
				sum = add_run(sum, next, without.first - 1);
			left = without.last < of.last;
			if (left) {
				next = without.last + 1;
				more = networks_next(&without);
			}
		}
		if (left)
			sum = add_run(sum, next, of.last);
	}
	return sum;
}
