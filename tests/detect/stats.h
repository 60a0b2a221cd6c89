/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A share of a population, with what it may be in truth.
 */
#ifndef MAILWALL_STATS_H
#define MAILWALL_STATS_H

#include <stdint.h>

#include "chance.h"

struct interval {
	double low, high;
};

/*
 * The 95 % interval of Wilson (J. Am. Stat. Assoc. 22, 1927, p. 209) for hits
 * of n; holds at 0 and at n too, where the usual one has no width. Of none
 * nothing is known: 0 to 1.
 */
static inline struct interval wilson_95(uint64_t hits, uint64_t n)
{
	const double z = 1.959963984540054, square = z * z;
	double p, middle, half;

	if (!n)
		return (struct interval){ 0, 1 };
	p = (double)hits / (double)n;
	middle = p + square / (2.0 * (double)n);
	half = z * chance_root(p * (1 - p) / (double)n +
			       square / (4.0 * (double)n * (double)n));
	middle /= 1 + square / (double)n;
	half /= 1 + square / (double)n;
	return (struct interval){
		hits == 0 ? 0 : middle - half,
		hits == n ? 1 : middle + half,
	};
}

#endif
