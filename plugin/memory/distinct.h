/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many different things: exactly while they are few, then estimated with
 * HyperLogLog (Flajolet, Fusy, Gandouet, Meunier, AofA 2007) in fixed memory.
 * Things are 64-bit hashes.
 */
#ifndef MAILWALL_DISTINCT_H
#define MAILWALL_DISTINCT_H

#include "pool.h"

#include <stdbool.h>

struct distinct {
	uint64_t *items;	    /* open addressing, 0 is free */
	uint32_t n : 31, lossy : 1; /* there was no memory even to estimate */
	uint32_t cap;
	uint8_t *registers; /* once there are too many to keep */
};

struct distinct_limits {
	uint32_t exact_most;	    /* power of two: room for 3/4 of it */
	unsigned int log_registers; /* 4 to 16; error 1.04 / sqrt(2^it) */
};

/* True if it is new, or may be. Without memory it only estimates, or stops. */
bool distinct_add(struct distinct *d, struct pool *p,
		  const struct distinct_limits *limits, uint64_t hash);
/* false if it is not there, or not known. */
bool distinct_has(const struct distinct *d, uint64_t hash);
uint64_t distinct_count(const struct distinct *d,
			const struct distinct_limits *limits);
static inline bool distinct_is_exact(const struct distinct *d)
{
	return !d->registers && !d->lossy;
}
/* Takes registers that were read from another; they are copied. */
void distinct_restore(struct distinct *d, struct pool *p,
		      const struct distinct_limits *limits,
		      const uint8_t *registers);
void distinct_end(struct distinct *d, struct pool *p,
		  const struct distinct_limits *limits);

#endif
