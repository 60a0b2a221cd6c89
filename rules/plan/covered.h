/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses that a list covers: the difference of two lists, prefixes that
 * write a list, and its size. Lists are merged. How a list is divided into
 * ranges does not matter: 10.0.0.0/8 and its two halves cover the same.
 */
#ifndef MAILWALL_COVERED_H
#define MAILWALL_COVERED_H

#include "../base/ranges.h"

/* Adds to out what the first list covers and the second does not. */
void covered_less4(struct arena *a, const struct ranges4 *list,
		   const struct ranges4 *less, struct ranges4 *out);
void covered_less6(struct arena *a, const struct ranges6 *list,
		   const struct ranges6 *less, struct ranges6 *out);

/* How much of a range a list covers. */
enum covered { COVERED_NONE, COVERED_PART, COVERED_ALL };
enum covered covered_range4(const struct ranges4 *list, struct range4 range);
enum covered covered_range6(const struct ranges6 *list,
			    const struct range6 *range);

/* Counts the fewest prefixes that write the list. */
size_t covered_prefixes4(const struct ranges4 *list);
size_t covered_prefixes6(const struct ranges6 *list);

/* Counts addresses. */
uint64_t covered_addresses4(const struct ranges4 *list);

/*
 * Counts the /64s that a list touches, and those that only the first of two
 * does; UINT64_MAX stands for all there are, too.
 */
uint64_t covered_networks6(const struct ranges6 *list);
uint64_t covered_networks6_less(const struct ranges6 *list,
				const struct ranges6 *less);

#endif
