/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reassemble.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int reassembly_init(struct reassembly *r)
{
	r->pages = malloc(PAGES_MOST * sizeof(*r->pages));
	return r->pages ? 0 : -ENOMEM;
}

void reassembly_free(struct reassembly *r)
{
	free(r->pages);
}

/* FNV-1a by words. Keys made to collide cost a walk through the ring. */
static uint32_t datagram_hash(const struct datagram_key *key)
{
	uint64_t hash = 0xcbf29ce484222325;
	uint64_t word;

	for (size_t i = 0; i < sizeof(*key); i += sizeof(word)) {
		memcpy(&word, (const uint8_t *)key + i, sizeof(word));
		hash = (hash ^ word) * 0x100000001b3;
		hash ^= hash >> 29;
	}
	return (uint32_t)hash | 1;
}

_Static_assert(sizeof(struct datagram_key) == 40, "whole words, no padding");

/* Time may step back: a datagram of the future is too old as well. */
static bool datagram_is_old(const struct datagram *d, int64_t time_us)
{
	const uint64_t most_us =
		UINT64_C(1000000) *
		(d->key.family == 6 ? FRAGMENT_AGE_6_S : FRAGMENT_AGE_4_S);
	uint64_t age_us = (uint64_t)time_us - (uint64_t)d->time_us;

	return age_us + most_us > 2 * most_us;
}

void reassembly_end_page(struct reassembly *r, struct datagram *d)
{
	if (d->page)
		r->page_of[d->page - 1] = 0;
	d->page = 0;
}

static void reassembly_give_up(struct reassembly *r, uint32_t slot)
{
	struct datagram *d = &r->datagrams[slot];

	if (!r->hash[slot])
		return;
	r->given_up += !d->done && !d->doubtful;
	r->hash[slot] = 0;
	reassembly_end_page(r, d);
}

static void reassembly_drop_oldest(struct reassembly *r)
{
	reassembly_give_up(r, r->oldest);
	r->oldest = (r->oldest + 1) % DATAGRAMS_MOST;
	r->n--;
}

struct datagram *reassembly_find(struct reassembly *r,
				 const struct datagram_key *key,
				 int64_t time_us)
{
	uint32_t hash = datagram_hash(key);

	for (uint32_t slot = 0; slot < DATAGRAMS_MOST; slot++) {
		struct datagram *d = &r->datagrams[slot];

		if (r->hash[slot] != hash || memcmp(&d->key, key, sizeof(*key)))
			continue;
		if (!datagram_is_old(d, time_us))
			return d;
		reassembly_give_up(r, slot);
	}
	return NULL;
}

static struct datagram *datagram_begin(struct reassembly *r,
				       const struct datagram_key *key,
				       int64_t time_us)
{
	uint32_t slot;

	while (r->n == DATAGRAMS_MOST ||
	       (r->n && (!r->hash[r->oldest] ||
			 datagram_is_old(&r->datagrams[r->oldest], time_us))))
		reassembly_drop_oldest(r);
	slot = (r->oldest + r->n++) % DATAGRAMS_MOST;
	r->hash[slot] = datagram_hash(key);
	r->datagrams[slot] =
		(struct datagram){ .key = *key, .time_us = time_us };
	return &r->datagrams[slot];
}

struct datagram *reassembly_add(struct reassembly *r,
				const struct datagram_key *key, int64_t time_us,
				const struct fragment *f)
{
	uint32_t bits = ((1u << f->n) - 1) << f->offset;
	struct datagram *d = reassembly_find(r, key, time_us);

	if (d && d->done &&
	    d->seen & bits) { /* the sender uses its number again */
		reassembly_give_up(r, (uint32_t)(d - r->datagrams));
		d = NULL;
	}
	if (!d)
		d = datagram_begin(r, key, time_us);
	for (uint32_t i = 0; i < f->n; i++)
		if (!(d->seen >> (f->offset + i) & 1))
			d->head[f->offset + i] = f->bytes[i];
	d->seen |= bits;
	return d;
}

uint32_t datagram_head_len(const struct datagram *d)
{
	uint32_t n = 0;

	while (d->seen >> n & 1)
		n++;
	return n;
}

/* ---- IPv6 ---- */

struct datagram *reassembly_begin_part(struct reassembly *r,
				       const struct datagram_key *key,
				       int64_t time_us, const struct part *part)
{
	struct datagram *d = reassembly_find(r, key, time_us);
	bool was_whole = d && d->done && d->end && d->bytes >= d->end;

	if (d && d->done && (was_whole || !part->offset)) {
		reassembly_give_up(r, (uint32_t)(d - r->datagrams));
		d = NULL;
	}
	if (!d) {
		d = datagram_begin(r, key, time_us);
		d->doubtful = was_whole;
	}
	d->bytes += part->wire;
	if (!part->more)
		d->end = part->offset + part->wire;
	return d;
}

static struct page *page_begin(struct reassembly *r, struct datagram *d)
{
	struct page *page = &r->pages[r->page_hand];

	if (r->page_of[r->page_hand])
		reassembly_give_up(r, r->page_of[r->page_hand] - 1);
	r->page_of[r->page_hand] = (uint32_t)(d - r->datagrams) + 1;
	page->end = 0;
	page->has_first = false;
	memset(page->seen, 0, sizeof(page->seen));
	r->page_hand = (r->page_hand + 1) % PAGES_MOST;
	d->page = (uint8_t)(page - r->pages + 1);
	return page;
}

/* All but the last part are of whole units; one that is cut is not there. */
static uint32_t part_units(const struct part *part)
{
	bool is_whole = part->captured >= part->wire;

	return is_whole && !part->more ? (part->wire + 7) / 8 :
	       is_whole		       ? part->wire / 8 :
					 part->captured / 8;
}

struct page *reassembly_add_part(struct reassembly *r, struct datagram *d,
				 const struct part *part)
{
	struct page *page = d->page ? &r->pages[d->page - 1] : page_begin(r, d);
	uint32_t first = part->offset / 8, n = part_units(part);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t left = part->wire - i * 8;
		uint64_t bit = 1ull << ((first + i) % 64);

		if (page->seen[(first + i) / 64] & bit)
			continue;
		page->seen[(first + i) / 64] |= bit;
		memset(page->bytes + part->offset + (size_t)i * 8, 0, 8);
		memcpy(page->bytes + part->offset + (size_t)i * 8,
		       part->bytes + (size_t)i * 8, left < 8 ? left : 8);
	}
	if (!part->more)
		page->end = d->end;
	if (!part->offset && !page->has_first) {
		page->has_first = true;
		page->chain = (struct chain){ .next = part->protocol };
	}
	return page;
}

uint32_t page_head_len(const struct page *page)
{
	uint32_t words = 0, n;

	while (words < PAGE_BYTES / 8 / 64 && !~page->seen[words])
		words++;
	n = words * 512;
	if (words < PAGE_BYTES / 8 / 64)
		n += (uint32_t)__builtin_ctzll(~page->seen[words]) * 8;
	return page->end && n > page->end ? page->end : n;
}
