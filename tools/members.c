/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "members.h"
#include "../rules/arena.h"

#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

bool members_are_in(const struct present_set *set)
{
	return set->flags & NFT_SET_TIMEOUT && set->flags & NFT_SET_INTERVAL;
}

/* Starts and ends apart: sorted, the nth end closes the nth start. */
struct collect {
	struct arena *arena;
	struct members starts, ends;
	int family;
};

static void take(const struct kernel_element *k, void *ctx)
{
	struct collect *c = ctx;
	static const uint8_t zero[16];
	struct member *m;

	if (k->key_len > 16 || (k->is_end && !memcmp(k->key, zero, k->key_len)))
		return;
	m = arena_push(c->arena, k->is_end ? &c->ends : &c->starts);
	m->family = c->family;
	m->expires_ms = k->expires_ms;
	memcpy(m->range.first.byte + (16 - k->key_len), k->key, k->key_len);
}

static int by_first(const void *a, const void *b)
{
	return address_order(&((const struct member *)a)->range.first,
			     &((const struct member *)b)->range.first);
}

static void sort(struct members *m)
{
	if (m->n)
		qsort(m->items, m->n, sizeof(*m->items), by_first);
}

int members_read(struct netlink *nl, struct arena *a, enum family table,
		 const char *set, int family, struct members *out)
{
	struct collect c = { .arena = a, .family = family };
	int error = kernel_elements(nl, table, set, take, &c);

	sort(&c.starts);
	sort(&c.ends);
	for (size_t i = 0; i < c.starts.n; i++) {
		struct range6 *r = &c.starts.items[i].range;

		if (i < c.ends.n) {
			r->last = c.ends.items[i].range.first;
			addr6_prev(&r->last);
		} else {
			memset(&r->last.byte[family == 4 ? 12 : 0], 0xff,
			       family == 4 ? 4 : 16);
		}
	}
	*out = c.starts;
	return error;
}
