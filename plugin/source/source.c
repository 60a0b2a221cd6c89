/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source.h"
#include "../../rules/base/bytes.h"

#include <errno.h>
#include <stdlib.h>

#define INDEX_LEAST 8192u
#define WINDOW	    64u /* records, of which the lowest are evicted */

struct addr6 source_address(const struct source *s)
{
	struct addr6 a = { { 0 } };

	if (s->family == 4)
		for (int i = 0; i < 4; i++)
			a.byte[i] = (uint8_t)(s->key >> (24 - 8 * i));
	else
		store_le(a.byte, s->key, sizeof(s->key));
	return a;
}

int sources_init(struct sources *t, struct pool *pool,
		 const struct hash_key *key, uint32_t most)
{
	t->pool = pool;
	t->key = *key;
	t->most = most < WINDOW ? WINDOW : most;
	t->pieces_cap = t->most / SOURCES_A_PIECE + 1;
	t->pieces =
		pool_resize(pool, NULL, 0, t->pieces_cap * sizeof(*t->pieces));
	return t->pieces ? index_init(&t->index, pool, INDEX_LEAST) : -ENOMEM;
}

void sources_free(struct sources *t)
{
	for (uint32_t i = 0; i < t->pieces_n; i++)
		pool_drop(t->pool, t->pieces[i],
			  SOURCES_A_PIECE * sizeof(struct source));
	if (t->pieces)
		pool_drop(t->pool, t->pieces,
			  t->pieces_cap * sizeof(*t->pieces));
	index_free(&t->index);
	*t = (struct sources){ 0 };
}

/* ---- the index ---- */

static bool source_is_it(const struct source *s, uint8_t family, uint64_t key)
{
	return s->key == key && s->family == family;
}

struct source *sources_find(const struct sources *t, uint64_t hash,
			    uint8_t family, uint64_t key)
{
	const struct index *x = &t->index;
	uint32_t slot = index_home(x, hash);

	for (; x->entries[slot]; slot = index_next(x, slot)) {
		struct source *s;

		if (!index_may_be(x, slot, hash))
			continue;
		s = source_at(t, index_reference(x, slot));
		if (source_is_it(s, family, key))
			return s;
	}
	return NULL;
}

/* ---- eviction ---- */

static void remove_at(struct sources *t, uint32_t n)
{
	struct source *s = source_at(t, n);
	uint64_t hash = source_hash(t, s->family, s->key);

	history_end(t, s);
	index_remove(&t->index, index_slot(&t->index, hash, n));
	*s = (struct source){ .first_s = t->free };
	t->free = n + 1;
	t->n--;
}

void sources_remove(struct sources *t, struct source *s)
{
	uint64_t hash = source_hash(t, s->family, s->key);
	uint32_t slot = index_home(&t->index, hash);

	while (source_at(t, index_reference(&t->index, slot)) != s)
		slot = index_next(&t->index, slot);
	remove_at(t, index_reference(&t->index, slot));
}

void sources_clear(struct sources *t)
{
	for (uint32_t i = 0; i < t->cap; i++)
		if (source_at(t, i)->family)
			remove_at(t, i);
}

/* Sorts a window by what goes first; the low bits are the place in it. */
static uint64_t rank_of(const struct source *s, uint32_t i)
{
	return (uint64_t)s->keep_rank << 60 | (uint64_t)s->last_s << 28 | i;
}

static int by_rank(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Lists the records of the next window, lowest rank first. */
static uint32_t candidates(struct sources *t, bool histories, uint32_t *list)
{
	uint64_t ranks[WINDOW];
	uint32_t from = t->hand, n = 0;

	for (uint32_t i = 0; i < WINDOW && i < t->cap; i++) {
		const struct source *s = source_at(t, t->hand);

		t->hand = t->hand + 1 == t->cap ? 0 : t->hand + 1;
		if (s->family && (s->history || !histories))
			ranks[n++] = rank_of(s, i);
	}
	if (!n)
		return 0;
	qsort(ranks, n, sizeof(*ranks), by_rank);
	for (uint32_t i = 0; i < n; i++)
		list[i] = (from + (uint32_t)(ranks[i] % WINDOW)) % t->cap;
	return n;
}

static void prefetch_gone(const struct sources *t, uint32_t n)
{
	const struct source *s = source_at(t, n);

	index_prefetch(&t->index, source_hash(t, s->family, s->key));
	if (s->history)
		history_prefetch(s->history);
}

static void evict(struct sources *t)
{
	uint32_t list[WINDOW], n = candidates(t, false, list);

	for (uint32_t i = 0; i < (n + 1) / 2; i++)
		prefetch_gone(t, list[i]);
	for (uint32_t i = 0; i < (n + 1) / 2; i++) {
		remove_at(t, list[i]);
		t->evicted++;
	}
}

/* Frees histories; their sources stay, and begin anew. */
static void source_forget(struct sources *t, const struct history *keep)
{
	uint32_t list[WINDOW], n = candidates(t, true, list);

	for (uint32_t i = 0; i < (n + 1) / 2; i++)
		history_prefetch(source_at(t, list[i])->history);
	for (uint32_t i = 0; i < (n + 1) / 2; i++) {
		struct source *s = source_at(t, list[i]);

		if (s->history == keep)
			continue;
		history_end(t, s);
		t->forgotten++;
	}
}

/* ---- records ---- */

static int source_new_piece(struct sources *t)
{
	struct source *piece;

	if (t->cap + SOURCES_A_PIECE > t->most && t->cap)
		return -ENOSPC;
	if (t->pieces_n == t->pieces_cap)
		return -ENOSPC;
	piece = pool_resize(t->pool, NULL, 0, SOURCES_A_PIECE * sizeof(*piece));
	if (!piece)
		return -ENOMEM;
	t->pieces[t->pieces_n++] = piece;
	for (uint32_t i = SOURCES_A_PIECE; i--;) {
		piece[i].first_s = t->free;
		t->free = t->cap + i + 1;
	}
	t->cap += SOURCES_A_PIECE;
	return 0;
}

static struct source *source_add(struct sources *t, uint64_t hash,
				 uint8_t family, uint64_t key)
{
	struct source *s;
	uint32_t n;

	if (t->n >= t->index.cap / 5 * 4 && index_grow(&t->index))
		evict(t);
	if (!t->free && source_new_piece(t)) {
		if (!t->cap)
			return NULL;
		evict(t);
	}
	n = t->free - 1;
	s = source_at(t, n);
	t->free = s->first_s;
	*s = (struct source){ .key = key, .family = family };
	index_add(&t->index, hash, n);
	t->n++;
	return s;
}

struct source *sources_touch(struct sources *t, uint64_t hash, uint8_t family,
			     uint64_t key, struct source *hint)
{
	struct source *s;

	if (hint && source_is_it(hint, family, key))
		return hint;
	s = sources_find(t, hash, family, key);
	return s ? s : source_add(t, hash, family, key);
}

/* ---- memory for histories ---- */

void *sources_alloc(struct sources *t, size_t size, const struct history *keep)
{
	void *block = pool_take(t->pool, size);

	for (int i = 0; !block && i < 8; i++) {
		source_forget(t, keep);
		block = pool_take(t->pool, size);
	}
	return block;
}
