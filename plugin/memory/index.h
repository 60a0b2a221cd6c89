/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hash table of references: open addressing, eight bytes an entry, the upper
 * half of the hash above a reference. A reference is any number below
 * UINT32_MAX; the owner of the items compares the item that an entry refers to.
 */
#ifndef MAILWALL_INDEX_H
#define MAILWALL_INDEX_H

#include "pool.h"

#include <stdbool.h>

struct index {
	struct pool *pool;
	uint64_t *entries; /* 0 is free */
	uint32_t cap, n;   /* cap: a power of two */
};

/* Makes an index for cap entries, a power of two. 0 or -ENOMEM. */
int index_init(struct index *x, struct pool *pool, uint32_t cap);
void index_free(struct index *x);

/* Doubles the room. 0, or -ENOMEM, and the index is unchanged. */
int index_grow(struct index *x);
/* Adds an entry; the caller has made room. */
void index_add(struct index *x, uint64_t hash, uint32_t reference);
void index_remove(struct index *x, uint32_t slot);
/* Finds the slot of an entry that is there. */
uint32_t index_slot(const struct index *x, uint64_t hash, uint32_t reference);

static inline uint32_t index_home(const struct index *x, uint64_t hash)
{
	return (uint32_t)(hash >> 32) & (x->cap - 1);
}

static inline uint32_t index_next(const struct index *x, uint32_t slot)
{
	return (slot + 1) & (x->cap - 1);
}

/*
 *	for (slot = index_home(x, hash); x->entries[slot];
 *	     slot = index_next(x, slot))
 *		if (index_may_be(x, slot, hash)) ...
 */
static inline bool index_may_be(const struct index *x, uint32_t slot,
				uint64_t hash)
{
	return x->entries[slot] >> 32 == hash >> 32;
}

static inline uint32_t index_reference(const struct index *x, uint32_t slot)
{
	return (uint32_t)x->entries[slot] - 1;
}

/* Changes the reference of an entry whose item has moved. */
static inline void index_refer(struct index *x, uint32_t slot,
			       uint32_t reference)
{
	x->entries[slot] =
		(x->entries[slot] & ~(uint64_t)UINT32_MAX) | (reference + 1);
}

static inline void index_prefetch(const struct index *x, uint64_t hash)
{
	__builtin_prefetch(&x->entries[index_home(x, hash)], 1);
}

#endif
