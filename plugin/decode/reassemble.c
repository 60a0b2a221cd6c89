/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reassemble.h"

#include <string.h>

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
	const uint64_t most_us = FRAGMENT_AGE_S * UINT64_C(1000000);
	uint64_t age_us = (uint64_t)time_us - (uint64_t)d->time_us;

	return age_us + most_us > 2 * most_us;
}

static void reassembly_give_up(struct reassembly *r, uint32_t slot)
{
	if (r->hash[slot] && !r->datagrams[slot].done)
		r->given_up++;
	r->hash[slot] = 0;
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
