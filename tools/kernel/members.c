/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "members.h"
#include "../../rules/base/arena.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

bool members_are_in(const struct present_set *set)
{
	return set->flags & NFT_SET_TIMEOUT && set->flags & NFT_SET_INTERVAL;
}

/*
 * Starts and ends are collected apart and sorted: the first end behind a start
 * closes it. The kernel lists the end of an expired member for a while after
 * its start is gone: such an end closes nothing.
 */
struct members_reader {
	struct arena *arena;
	struct members starts, ends;
	int family;
};

static int members_on_element(void *ctx, const struct dump_element *k)
{
	struct members_reader *c = ctx;
	static const uint8_t zero[16];
	struct member *m;

	if (k->key_len > 16 || (k->is_end && !memcmp(k->key, zero, k->key_len)))
		return 0;
	m = arena_push(c->arena, k->is_end ? &c->ends : &c->starts);
	m->family = c->family;
	m->expires_ms = k->expires_ms;
	memcpy(m->range.first.byte, k->key, k->key_len);
	return 0;
}

/* The last address before that one. */
static struct addr6 members_before(int family, struct addr6 end)
{
	if (family == 4)
		addr4_store(&end, addr4_load(&end) - 1);
	else
		addr6_prev(&end);
	return end;
}

static int members_compare(const void *a, const void *b)
{
	return addr6_compare(&((const struct member *)a)->range.first,
			     &((const struct member *)b)->range.first);
}

static void members_sort(struct members *m)
{
	if (m->n)
		qsort(m->items, m->n, sizeof(*m->items), members_compare);
}

int members_read(struct netlink *nl, struct arena *a, enum family table,
		 const char *set, int family, struct members *out)
{
	struct members_reader c = { .arena = a, .family = family };
	int error = kernel_elements(nl, table, set, members_on_element, &c);
	size_t end = 0;

	members_sort(&c.starts);
	members_sort(&c.ends);
	for (size_t i = 0; i < c.starts.n; i++) {
		struct range6 *r = &c.starts.items[i].range;

		while (end < c.ends.n &&
		       addr6_compare(&c.ends.items[end].range.first,
				     &r->first) <= 0)
			end++;
		if (end < c.ends.n) {
			r->last = members_before(family,
						 c.ends.items[end].range.first);
		} else {
			memset(r->last.byte, 0xff, family == 4 ? 4 : 16);
		}
	}
	*out = c.starts;
	return error;
}

static int members_on_expiry(void *ctx, const struct dump_element *e)
{
	*(uint64_t *)ctx = e->expires_ms;
	return 0;
}

int members_have_until(struct netlink *nl, enum family table,
		       const struct present_set *set, int family,
		       const struct addr6 *addr, bool *yes,
		       uint64_t *expires_ms)
{
	const struct dump_table t = { .family = family_number(table),
				      .name = TABLE_NAME };
	int error;

	*expires_ms = 0;
	error = dump_element_of(nl, &t, set->name, addr->byte,
				family == 4 ? 4 : 16, members_on_expiry,
				expires_ms);
	*yes = !error;
	return error == -ENOENT ? 0 : error;
}

int members_have(struct netlink *nl, enum family table,
		 const struct present_set *set, int family,
		 const struct addr6 *addr, bool *yes)
{
	uint64_t expires_ms;

	return members_have_until(nl, table, set, family, addr, yes,
				  &expires_ms);
}
