/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source.h"

#include <errno.h>

#define TABLE_LEAST 64u /* places: a power of two */

/* ---- a history ---- */

int history_make(struct sources *t, struct source *s)
{
	struct history *h = sources_alloc(t, sizeof(*h), NULL);

	if (!h)
		return -ENOMEM;
	h->family = s->family;
	s->history = h;
	return 0;
}

/* ---- contacts: a few in a row, many by their hash ---- */

static bool is_row(const struct history *h)
{
	return h->contacts_cap <= CONTACTS_ROW;
}

static bool history_is_it(const struct history *h, const struct contact *c,
			  uint32_t group, uint16_t role)
{
	return contact_group(h, c) == group &&
	       (c->bits & CONTACT_SUBMISSION) == role;
}

static struct contact *find_in_row(const struct history *h, uint32_t group,
				   uint16_t role)
{
	for (uint16_t i = 0; i < h->n_contacts; i++)
		if (history_is_it(h, &h->contacts[i], group, role))
			return &h->contacts[i];
	return NULL;
}

static uint32_t home_of(const struct sources *t, const struct history *h,
			uint32_t group)
{
	return (uint32_t)hash_u64(&t->key, group) & (h->contacts_cap - 1);
}

/* The place of a contact, or the free place where it would be. */
static struct contact *place_of(const struct sources *t,
				const struct history *h, uint32_t group,
				uint16_t role)
{
	uint32_t at = home_of(t, h, group);

	while (h->contacts[at].first_s &&
	       !history_is_it(h, &h->contacts[at], group, role))
		at = (at + 1) & (h->contacts_cap - 1);
	return &h->contacts[at];
}

struct contact *history_contact(const struct sources *t,
				const struct history *h, uint32_t group,
				uint16_t role)
{
	struct contact *c;

	if (is_row(h))
		return find_in_row(h, group, role);
	c = place_of(t, h, group, role);
	return c->first_s ? c : NULL;
}

void history_prefetch_contact(const struct sources *t, const struct history *h,
			      uint32_t group)
{
	const char *row = (const char *)h->contacts;

	if (!is_row(h)) {
		__builtin_prefetch(&h->contacts[home_of(t, h, group)], 1);
		return;
	}
	/* To the place behind the last one, or to the last. */
	for (size_t at = 0; at < history_contacts_size(h->n_contacts); at += 64)
		__builtin_prefetch(row + at, 1);
	if (h->contacts_cap)
		__builtin_prefetch(row + history_contacts_size(h->n_contacts),
				   1);
}

static struct contact *free_place(const struct sources *t,
				  const struct history *h, uint32_t group,
				  uint16_t role)
{
	return is_row(h) ? &h->contacts[h->n_contacts] :
			   place_of(t, h, group, role);
}

/*
 * A row fills a block of 32, 64, 128 or 256 bytes: a block that one source
 * frees fits another.
 */
static uint16_t larger(uint16_t cap)
{
	size_t blocks = (history_contacts_size(cap) + POOL_SMALLEST - 1) /
			POOL_SMALLEST;
	size_t size = blocks ? blocks * 2 * POOL_SMALLEST : POOL_SMALLEST;

	if (cap == CONTACTS_ROW)
		return TABLE_LEAST;
	return (uint16_t)(cap > CONTACTS_ROW ? cap * 2 :
					       size / sizeof(struct contact));
}

static bool history_is_full(const struct history *h)
{
	return is_row(h) ?
		       h->n_contacts == h->contacts_cap :
		       h->n_contacts >= h->contacts_cap - h->contacts_cap / 4;
}

static int history_grow(struct sources *t, struct history *h)
{
	struct contact *old = h->contacts, *grown;
	uint16_t cap = h->contacts_cap, n = 0;

	if (cap == CONTACTS_MOST)
		return -ENOSPC;
	grown = sources_alloc(t, history_contacts_size(larger(cap)), h);
	if (!grown)
		return -ENOMEM;
	h->contacts = grown;
	h->contacts_cap = larger(cap);
	for (uint16_t i = 0; i < cap; i++) {
		const struct contact *c = &old[i];

		if (!c->first_s)
			continue;
		if (is_row(h))
			grown[n++] = *c;
		else
			*place_of(t, h, contact_group(h, c),
				  c->bits & CONTACT_SUBMISSION) = *c;
	}
	pool_give(t->pool, old, history_contacts_size(cap));
	return 0;
}

/* The oldest of a few contacts from a place chosen by chance. */
static struct contact *old_contact(const struct history *h, uint32_t at)
{
	struct contact *oldest = NULL;

	for (int seen = 0; seen < 8; at++) {
		struct contact *c = &h->contacts[at % h->contacts_cap];

		if (!c->first_s)
			continue;
		if (!oldest || contact_last_s(c) < contact_last_s(oldest))
			oldest = c;
		seen++;
	}
	return oldest;
}

/* Places anew the contacts that stand behind a hole. */
static void close_hole(const struct sources *t, struct history *h, uint32_t at)
{
	for (;;) {
		struct contact moved;

		at = (at + 1) & (h->contacts_cap - 1);
		moved = h->contacts[at];
		if (!moved.first_s)
			return;
		h->contacts[at].first_s = 0;
		*place_of(t, h, contact_group(h, &moved),
			  moved.bits & CONTACT_SUBMISSION) = moved;
	}
}

/* ---- destinations ---- */

static uint64_t history_hash_of(const struct sources *t, uint32_t address)
{
	return hash_u64(&t->key, address);
}

/* The address of an IPv4 contact is counted elsewhere, too. */
static bool is_twice(const struct sources *t, const struct history *h,
		     const struct contact *c)
{
	uint16_t other = (c->bits & CONTACT_SUBMISSION) ^ CONTACT_SUBMISSION;
	const struct contact *same =
		h->submits ? history_contact(t, h, c->address >> 16, other) :
			     NULL;

	return (same && same->address == c->address) ||
	       (h->cold &&
		distinct_has(&h->cold->others, history_hash_of(t, c->address)));
}

void history_example(struct sources *t, struct history *h,
		     const uint8_t *address)
{
	struct cold *r = h->cold;
	size_t size = history_address_size(h);

	if (r->n_examples == EXAMPLES_MOST)
		return;
	if (!r->examples)
		r->examples = pool_take(t->pool, EXAMPLES_MOST * size);
	if (!r->examples)
		return;
	memcpy(r->examples + r->n_examples * size, address, size);
	r->n_examples++;
}

static bool is_contact(const struct sources *t, const struct history *h,
		       uint32_t address)
{
	static const uint16_t roles[] = { 0, CONTACT_SUBMISSION };

	for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++) {
		const struct contact *c =
			history_contact(t, h, address >> 16, roles[i]);

		if (c && c->address == address)
			return true;
	}
	return false;
}

void history_destination(struct sources *t, struct history *h,
			 const struct addr6 *destination)
{
	uint32_t word = addr4_load(destination);
	uint64_t hash = h->family == 4 ?
				history_hash_of(t, word) :
				hash_address(&t->key, destination->byte);

	if (h->family == 4 && is_contact(t, h, word))
		return;
	if (history_cold(t, h) &&
	    distinct_add(&h->cold->others, t->pool, &DESTINATION_LIMITS, hash))
		history_example(t, h, destination->byte);
}

uint64_t history_destinations(const struct history *h)
{
	const struct cold *r = history_cold_of(h);
	uint64_t n = distinct_count(&r->others, &DESTINATION_LIMITS);

	if (h->family != 4)
		return n;
	/* Beyond what is kept exactly, overlap is an estimate, too. */
	return n + h->n_contacts -
	       (r->overlap < h->n_contacts ? r->overlap : h->n_contacts);
}

bool history_is_exact(const struct history *h)
{
	return distinct_is_exact(&history_cold_of(h)->others);
}

/* Addresses of the contacts that were met first. */
static uint8_t contact_examples(const struct history *h, struct addr6 *out)
{
	uint64_t first[EXAMPLES_MOST];
	uint8_t n = 0;

	for (uint16_t i = 0; i < h->contacts_cap; i++) {
		const struct contact *c = &h->contacts[i];
		uint64_t rank = (uint64_t)c->first_s << 32 | c->address;
		uint8_t at = n;

		if (!c->first_s)
			continue;
		for (; at && rank < first[at - 1]; at--)
			if (at < EXAMPLES_MOST)
				first[at] = first[at - 1];
		if (at < EXAMPLES_MOST)
			first[at] = rank;
		n += n < EXAMPLES_MOST;
	}
	for (uint8_t i = 0; i < n; i++)
		addr4_store(&out[i], (uint32_t)first[i]);
	return n;
}

static bool history_is_among(const struct addr6 *list, uint8_t n,
			     const uint8_t *address, size_t size)
{
	for (uint8_t i = 0; i < n; i++)
		if (!memcmp(list[i].byte, address, size))
			return true;
	return false;
}

uint8_t history_examples(const struct history *h, struct addr6 *out)
{
	const struct cold *r = history_cold_of(h);
	size_t size = history_address_size(h);
	uint8_t n;

	memset(out, 0, EXAMPLES_MOST * sizeof(*out));
	n = h->family == 4 ? contact_examples(h, out) : 0;
	for (uint8_t i = 0; i < r->n_examples && n < EXAMPLES_MOST; i++)
		if (!history_is_among(out, n, r->examples + i * size, size))
			memcpy(out[n++].byte, r->examples + i * size, size);
	return n;
}

/* ---- contacts that come and go ---- */

/* Removes a contact; its address stays counted. */
static void remove_contact(struct sources *t, struct history *h,
			   struct contact *c)
{
	uint32_t at = (uint32_t)(c - h->contacts);

	if (h->family == 4 && history_cold(t, h)) {
		if (is_twice(t, h, c))
			h->cold->overlap -= h->cold->overlap > 0;
		else
			distinct_add(&h->cold->others, t->pool,
				     &DESTINATION_LIMITS,
				     history_hash_of(t, c->address));
	}
	h->n_contacts--;
	if (is_row(h)) {
		*c = h->contacts[h->n_contacts];
		h->contacts[h->n_contacts] = (struct contact){ 0 };
	} else {
		c->first_s = 0;
		close_hole(t, h, at);
	}
}

void history_age(struct sources *t, struct history *h, uint32_t before_s)
{
	for (uint16_t i = 0; i < h->contacts_cap;) {
		struct contact *c = &h->contacts[i];

		/* Another may move into its place, which is visited next. */
		if (c->first_s && contact_last_s(c) < before_s)
			remove_contact(t, h, c);
		else
			i++;
	}
}

static struct contact *new_place(struct sources *t, struct history *h,
				 uint32_t group, uint16_t role)
{
	if (history_is_full(h) && history_grow(t, h)) {
		if (!h->contacts_cap)
			return NULL;
		remove_contact(
			t, h,
			old_contact(h, (uint32_t)hash_u64(&t->key, group)));
	}
	return free_place(t, h, group, role);
}

struct contact *history_meet(struct sources *t, struct history *h,
			     uint32_t address, uint16_t role, uint32_t time_s)
{
	struct contact fresh = { .address = address, .bits = role };
	struct contact *c = new_place(t, h, contact_group(h, &fresh), role);

	if (!c)
		return NULL;
	contact_start(&fresh, time_s);
	h->submits |= role == CONTACT_SUBMISSION;
	if (h->family == 4 && is_twice(t, h, &fresh) && history_cold(t, h))
		h->cold->overlap++;
	*c = fresh;
	h->n_contacts++;
	return c;
}

void history_restore(struct sources *t, struct history *h,
		     const struct contact *contact)
{
	uint16_t role = contact->bits & CONTACT_SUBMISSION;
	uint32_t group = contact_group(h, contact);
	struct contact *c = history_contact(t, h, group, role);

	if (!c)
		c = history_meet(t, h, contact->address, role,
				 contact->first_s);
	if (c && contact->first_s)
		*c = *contact;
}
