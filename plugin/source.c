/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source.h"

#include <errno.h>

#define PIECE	       4096u /* records, as source_at() knows */
#define INDEX_LEAST    8192u
#define WINDOW	       64u /* records of which the lowest are evicted */
#define CONTACTS_LEAST 4u  /* a quarter of them stays free */

uint64_t source_key(uint8_t family, const struct addr6 *address)
{
	return family == 4 ? load_be32(address->byte) : load_u64(address->byte);
}

uint64_t source_hash(const struct sources *t, uint8_t family, uint64_t key)
{
	return hash_2(&t->key, key, family);
}

struct addr6 source_address(const struct source *s)
{
	struct addr6 a = { { 0 } };

	if (s->family == 4)
		for (int i = 0; i < 4; i++)
			a.byte[i] = (uint8_t)(s->key >> (24 - 8 * i));
	else
		memcpy(a.byte, &s->key, sizeof(s->key));
	return a;
}

uint32_t group_of(uint8_t family, const struct addr6 *address)
{
	uint32_t first = load_be32(address->byte);

	return family == 4 ? first >> 16 : first;
}

int sources_init(struct sources *t, struct pool *pool,
		 const struct hash_key *key, uint32_t most)
{
	t->pool = pool;
	t->key = *key;
	t->most = most < WINDOW ? WINDOW : most;
	t->pieces_cap = t->most / PIECE + 1;
	t->pieces =
		pool_resize(pool, NULL, 0, t->pieces_cap * sizeof(*t->pieces));
	return t->pieces ? index_init(&t->index, pool, INDEX_LEAST) : -ENOMEM;
}

void sources_free(struct sources *t)
{
	for (uint32_t i = 0; i < t->pieces_n; i++)
		pool_drop(t->pool, t->pieces[i], PIECE * sizeof(struct source));
	if (t->pieces)
		pool_drop(t->pool, t->pieces,
			  t->pieces_cap * sizeof(*t->pieces));
	index_free(&t->index);
	*t = (struct sources){ 0 };
}

/* ---- the index ---- */

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
		if (s->key == key && s->family == family)
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

struct candidate {
	uint32_t n, last_s;
	float score;
};

static bool goes_before(const struct candidate *a, const struct candidate *b)
{
	return a->score != b->score ? a->score < b->score :
				      a->last_s < b->last_s;
}

static void prefetch_window(const struct sources *t)
{
	uint32_t at = t->hand;

	for (uint32_t i = 0; i < WINDOW && i < t->cap; i++) {
		const struct source *s = source_at(t, at);

		at = at + 1 == t->cap ? 0 : at + 1;
		if (!s->history)
			continue;
		__builtin_prefetch(s->history);
		__builtin_prefetch((const char *)s->history + 64);
	}
}

/* The records of the next window, the ones to go first. */
static uint32_t candidates(struct sources *t, struct candidate *list)
{
	uint32_t n = 0;

	prefetch_window(t);
	for (uint32_t i = 0; i < WINDOW && i < t->cap; i++) {
		uint32_t at = t->hand;
		struct source *s = source_at(t, at);
		struct candidate c = { at, s->last_s, 0 };
		uint32_t place = n;

		t->hand = at + 1 == t->cap ? 0 : at + 1;
		if (!s->family)
			continue;
		index_prefetch(&t->index, source_hash(t, s->family, s->key));
		c.score = t->score(t->score_ctx, s);
		for (; place && goes_before(&c, &list[place - 1]); place--)
			list[place] = list[place - 1];
		list[place] = c;
		n++;
	}
	return n;
}

static void evict(struct sources *t)
{
	struct candidate list[WINDOW];
	uint32_t n = candidates(t, list);

	for (uint32_t i = 0; i < (n + 1) / 2; i++) {
		remove_at(t, list[i].n);
		t->evicted++;
	}
}

/* Histories only: their sources stay, and begin anew. */
static void forget(struct sources *t)
{
	struct candidate list[WINDOW];
	uint32_t n = candidates(t, list), gone = 0;

	for (uint32_t i = 0; i < n && gone < WINDOW / 2; i++) {
		struct source *s = source_at(t, list[i].n);

		if (!s->history)
			continue;
		history_end(t, s);
		t->forgotten++;
		gone++;
	}
}

/* ---- records ---- */

static int new_piece(struct sources *t)
{
	struct source *piece;

	if (t->cap + PIECE > t->most && t->cap)
		return -ENOSPC;
	if (t->pieces_n == t->pieces_cap)
		return -ENOSPC;
	piece = pool_resize(t->pool, NULL, 0, PIECE * sizeof(*piece));
	if (!piece)
		return -ENOMEM;
	t->pieces[t->pieces_n++] = piece;
	for (uint32_t i = PIECE; i--;) {
		piece[i].first_s = t->free;
		t->free = t->cap + i + 1;
	}
	t->cap += PIECE;
	return 0;
}

struct source *sources_touch(struct sources *t, uint64_t hash, uint8_t family,
			     uint64_t key)
{
	struct source *s = sources_find(t, hash, family, key);
	uint32_t n;

	if (s)
		return s;
	if (t->n >= t->index.cap / 5 * 4 && index_grow(&t->index))
		evict(t);
	if (!t->free && new_piece(t)) {
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

/* ---- histories ---- */

/* Others go until there is room, within reason. */
static void *take(struct sources *t, size_t size)
{
	void *block = pool_take(t->pool, size);

	for (int i = 0; !block && i < 8; i++) {
		forget(t);
		block = pool_take(t->pool, size);
	}
	return block;
}

int history_make(struct sources *t, struct source *s)
{
	struct history *h = take(t, sizeof(*h));

	if (!h)
		return -ENOMEM;
	h->shared = 1;
	s->history = h;
	return 0;
}

void history_end(struct sources *t, struct source *s)
{
	struct history *h = s->history;

	if (!h)
		return;
	pool_give(t->pool, h->contacts, h->contacts_cap * sizeof(*h->contacts));
	pool_give(t->pool, h->examples,
		  (size_t)EXAMPLES_MOST * (s->family == 4 ? 4 : 16));
	pool_give(t->pool, h->scan, sizeof(*h->scan));
	pool_give(t->pool, h->usage, sizeof(*h->usage));
	distinct_end(&h->destinations, t->pool, &DESTINATION_LIMITS);
	pool_give(t->pool, h, sizeof(*h));
	s->history = NULL;
}

static uint32_t contact_home(const struct sources *t, const struct history *h,
			     uint32_t group)
{
	return (uint32_t)hash_u64(&t->key, group) & (h->contacts_cap - 1);
}

void sources_prefetch_contact(const struct sources *t, uint64_t hash,
			      uint32_t group)
{
	const struct source *s = sources_guess(t, hash);
	const struct history *h = s ? s->history : NULL;

	if (h && h->contacts_cap)
		__builtin_prefetch(&h->contacts[contact_home(t, h, group)], 1);
	if (h && h->destinations.items)
		__builtin_prefetch(h->destinations.items, 1);
}

static struct contact *contact_place(const struct sources *t,
				     const struct history *h, uint32_t group,
				     uint16_t role)
{
	uint32_t at = contact_home(t, h, group);

	for (;; at = (at + 1) & (h->contacts_cap - 1)) {
		struct contact *c = &h->contacts[at];

		if (!(c->flags & CONTACT_USED) ||
		    (c->group == group &&
		     (c->flags & CONTACT_SUBMISSION) == role))
			return c;
	}
}

static int grow_contacts(struct sources *t, struct history *h)
{
	struct contact *old = h->contacts;
	uint16_t cap = h->contacts_cap;
	struct contact *new;

	if (cap == CONTACTS_MOST)
		return -ENOSPC;
	/*
	 * Straight from the pool: another's history may not go for it, as it
	 * could be this one.
	 */
	new = pool_take(t->pool,
			(cap ? cap * 2u : CONTACTS_LEAST) * sizeof(*new));
	if (!new)
		return -ENOMEM;
	h->contacts = new;
	h->contacts_cap = cap ? (uint16_t)(cap * 2) : CONTACTS_LEAST;
	for (uint16_t i = 0; i < cap; i++)
		if (old[i].flags & CONTACT_USED)
			*contact_place(t, h, old[i].group,
				       old[i].flags & CONTACT_SUBMISSION) =
				old[i];
	pool_give(t->pool, old, cap * sizeof(*old));
	return 0;
}

/* Of a few that follow a place that chance has chosen. */
static struct contact *old_contact(const struct history *h, uint32_t at)
{
	struct contact *oldest = NULL;
	int seen = 0;

	for (; seen < 8; at++) {
		struct contact *c = &h->contacts[at & (h->contacts_cap - 1)];

		if (!(c->flags & CONTACT_USED))
			continue;
		if (!oldest || c->last_s < oldest->last_s)
			oldest = c;
		seen++;
	}
	return oldest;
}

/* Taken out, and those that were placed behind it placed anew. */
static void remove_contact(struct sources *t, struct history *h,
			   struct contact *c)
{
	uint32_t at = (uint32_t)(c - h->contacts);

	c->flags = 0;
	h->n_contacts--;
	for (;;) {
		struct contact moved;

		at = (at + 1) & (h->contacts_cap - 1);
		if (!(h->contacts[at].flags & CONTACT_USED))
			return;
		moved = h->contacts[at];
		h->contacts[at].flags = 0;
		*contact_place(t, h, moved.group,
			       moved.flags & CONTACT_SUBMISSION) = moved;
	}
}

void history_age(struct sources *t, struct history *h, uint32_t before_s)
{
	for (uint16_t i = 0; i < h->contacts_cap;) {
		struct contact *c = &h->contacts[i];

		/* Another may move up into its place: that is looked at next.
		 */
		if (c->flags & CONTACT_USED && c->last_s < before_s)
			remove_contact(t, h, c);
		else
			i++;
	}
}

struct contact *history_contact(struct sources *t, struct history *h,
				uint32_t group, uint16_t role, bool make)
{
	struct contact *c =
		h->contacts_cap ? contact_place(t, h, group, role) : NULL;

	if (c && c->flags & CONTACT_USED)
		return c;
	if (!make)
		return NULL;
	if (h->n_contacts >= h->contacts_cap - h->contacts_cap / 4 &&
	    grow_contacts(t, h)) {
		if (!h->contacts_cap)
			return NULL;
		/* A quarter of the places stays free: searches are short. */
		remove_contact(t, h, old_contact(h, contact_home(t, h, group)));
	}
	c = contact_place(t, h, group, role);
	*c = (struct contact){ .group = group, .flags = CONTACT_USED | role };
	h->n_contacts++;
	return c;
}

void history_example(struct sources *t, const struct source *s,
		     const struct addr6 *destination)
{
	struct history *h = s->history;
	size_t size = s->family == 4 ? 4 : 16;

	if (h->n_examples == EXAMPLES_MOST)
		return;
	if (!h->examples)
		h->examples = pool_take(t->pool, EXAMPLES_MOST * size);
	if (!h->examples)
		return;
	memcpy(h->examples + h->n_examples * size, destination->byte, size);
	h->n_examples++;
}

static bool is_example(const struct source *s, const struct addr6 *destination)
{
	const struct history *h = s->history;
	size_t size = s->family == 4 ? 4 : 16;

	for (uint8_t i = 0; i < h->n_examples; i++)
		if (!memcmp(h->examples + i * size, destination->byte, size))
			return true;
	return false;
}

static bool has_set(const struct history *h)
{
	return h->destinations.cap || h->destinations.registers;
}

static void add_to_set(struct sources *t, const struct source *s,
		       const uint8_t *destination)
{
	struct addr6 address = { { 0 } };

	memcpy(address.byte, destination, s->family == 4 ? 4 : 16);
	distinct_add(&s->history->destinations, t->pool, &DESTINATION_LIMITS,
		     hash_address(&t->key, address.byte));
}

void history_destination(struct sources *t, const struct source *s,
			 const struct addr6 *destination)
{
	struct history *h = s->history;
	size_t size = s->family == 4 ? 4 : 16;

	if (!has_set(h)) {
		if (is_example(s, destination))
			return;
		history_example(t, s, destination);
		if (h->n_examples < EXAMPLES_MOST || is_example(s, destination))
			return;
		for (uint8_t i = 0; i < h->n_examples; i++)
			add_to_set(t, s, h->examples + i * size);
	}
	add_to_set(t, s, destination->byte);
}

uint64_t history_destinations(const struct history *h)
{
	return has_set(h) ?
		       distinct_count(&h->destinations, &DESTINATION_LIMITS) :
		       h->n_examples;
}

struct scan *history_scan(struct sources *t, struct history *h)
{
	if (!h->scan)
		h->scan = pool_take(t->pool, sizeof(*h->scan));
	return h->scan;
}

struct usage *history_usage(struct sources *t, struct history *h)
{
	if (!h->usage)
		h->usage = pool_take(t->pool, sizeof(*h->usage));
	return h->usage;
}
