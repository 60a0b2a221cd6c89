/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts different 64-bit hashes: exactly while they are few, then by an
 * estimate in fixed memory, HyperLogLog (Flajolet, Fusy, Gandouet, Meunier,
 * AofA 2007).
 */
#ifndef MAILWALL_DISTINCT_H
#define MAILWALL_DISTINCT_H

#include "pool.h"

#include <stdbool.h>

struct distinct {
	uint64_t *items;	    /* open addressing, 0 is free */
	uint32_t n : 31, lossy : 1; /* memory lacked even for an estimate */
	uint32_t cap;
	uint8_t *registers; /* the estimate's; NULL while exact */
};

struct distinct_limits {
	uint32_t exact_most; /* items at most: a power of two, filled to 3/4 */
	unsigned int log_registers; /* 4 to 16; error 1.04 / sqrt(2^it) */
};

/*
 * Adds a hash. True if it is new, or may be. Without memory the count becomes
 * an estimate, or stops.
 */
bool distinct_add(struct distinct *d, struct pool *p,
		  const struct distinct_limits *limits, uint64_t hash);
/* True if the hash was added; an estimate knows none. */
bool distinct_has(const struct distinct *d, uint64_t hash);
uint64_t distinct_count(const struct distinct *d,
			const struct distinct_limits *limits);
static inline bool distinct_is_exact(const struct distinct *d)
{
	return !d->registers && !d->lossy;
}
/* Makes it an estimate with a copy of these registers. */
void distinct_restore(struct distinct *d, struct pool *p,
		      const struct distinct_limits *limits,
		      const uint8_t *registers);
void distinct_end(struct distinct *d, struct pool *p,
		  const struct distinct_limits *limits);

#endif
