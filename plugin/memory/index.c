/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "index.h"

#include <errno.h>

int index_init(struct index *x, struct pool *pool, uint32_t cap)
{
	*x = (struct index){ .pool = pool, .cap = cap };
	x->entries = pool_resize(pool, NULL, 0, cap * sizeof(*x->entries));
	return x->entries ? 0 : -ENOMEM;
}

void index_free(struct index *x)
{
	if (x->entries)
		pool_drop(x->pool, x->entries, x->cap * sizeof(*x->entries));
	*x = (struct index){ 0 };
}

static void index_put(struct index *x, uint64_t entry)
{
	uint32_t slot = index_home(x, entry);

	while (x->entries[slot])
		slot = index_next(x, slot);
	x->entries[slot] = entry;
}

int index_grow(struct index *x)
{
	struct index old = *x;

	if (index_init(x, old.pool, old.cap * 2)) {
		*x = old;
		return -ENOMEM;
	}
	x->n = old.n;
	for (uint32_t i = 0; i < old.cap; i++)
		if (old.entries[i])
			index_put(x, old.entries[i]);
	index_free(&old);
	return 0;
}

void index_add(struct index *x, uint64_t hash, uint32_t reference)
{
	index_put(x, (hash & ~(uint64_t)UINT32_MAX) | (reference + 1));
	x->n++;
}

/* Entries behind a hole move up, so that no search ends before them. */
void index_remove(struct index *x, uint32_t slot)
{
	uint32_t hole = slot, at = index_next(x, slot), mask = x->cap - 1;

	for (; x->entries[at]; at = index_next(x, at)) {
		uint32_t home = index_home(x, x->entries[at]);

		if (((at - home) & mask) < ((at - hole) & mask))
			continue;
		x->entries[hole] = x->entries[at];
		hole = at;
	}
	x->entries[hole] = 0;
	x->n--;
}

uint32_t index_slot(const struct index *x, uint64_t hash, uint32_t reference)
{
	uint32_t slot = index_home(x, hash);

	while (index_reference(x, slot) != reference)
		slot = index_next(x, slot);
	return slot;
}
