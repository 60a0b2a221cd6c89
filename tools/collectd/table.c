/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The figures of a table: its counters, its sets, and the elements of those
 * sets that the kernel does not count by itself (before Linux 6.16).
 */
#include "table.h"
#include "../../rules/trial/trial_names.h"
#include "../kernel/dump.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifndef NFPROTO_INET
#define NFPROTO_INET 1
#endif

#define TRIES_MOST   10
#define TRY_AGAIN_MS 20 /* between readings, while rules are being loaded */

/* ---- families ---- */

static const struct {
	const char *name;
	uint8_t number;
} families[] = {
	{ "inet", NFPROTO_INET },     { "ip", NFPROTO_IPV4 },
	{ "ip6", NFPROTO_IPV6 },      { "bridge", NFPROTO_BRIDGE },
	{ "netdev", NFPROTO_NETDEV },
};

#define N_FAMILIES (sizeof(families) / sizeof(families[0]))

static uint8_t table_family_number(const char *name)
{
	for (size_t i = 0; i < N_FAMILIES; i++)
		if (!strcmp(families[i].name, name))
			return families[i].number;
	return NFPROTO_UNSPEC;
}

bool table_family_is_known(const char *name)
{
	return table_family_number(name) != NFPROTO_UNSPEC;
}

/* ---- one reading ---- */

struct table_reader {
	struct netlink netlink;
	struct dump_table from;
	struct table *table;
	uint64_t elements_most; /* larger sets are not listed */
};

static void table_copy_name(char *to, const char *from)
{
	size_t len = strnlen(from, DATA_MAX_NAME_LEN - 1);

	memcpy(to, from, len);
	to[len] = '\0';
}

/* Room for one more of n items; the array grows at powers of two. */
static void *table_grow(void *items, size_t n, size_t size)
{
	return n & (n - 1) ? items : realloc(items, (n ? 2 * n : 1) * size);
}

/* Figures of a trial come and go with it. */
static bool table_is_trial(const char *name)
{
	return !strncmp(name, TRIAL_PREFIX, strlen(TRIAL_PREFIX)) ||
	       !strcmp(name, TRIAL_ARMED);
}

static int table_add_counter(void *ctx, const struct dump_counter *c)
{
	struct table *t = ctx;
	struct counter *items;

	if (table_is_trial(c->name))
		return 0;
	items = table_grow(t->counters, t->n_counters, sizeof(*items));
	if (!items)
		return -ENOMEM;
	t->counters = items;
	items += t->n_counters++;
	table_copy_name(items->name, c->name);
	items->packets = c->packets;
	items->bytes = c->bytes;
	return 0;
}

/* Maps of ports are how the rules work, not what they know. */
static int table_add_set(void *ctx, const struct dump_set *s)
{
	struct table *t = ctx;
	struct set *items;

	if (s->flags & NFT_SET_MAP || table_is_trial(s->name))
		return 0;
	items = table_grow(t->sets, t->n_sets, sizeof(*items));
	if (!items)
		return -ENOMEM;
	t->sets = items;
	items += t->n_sets++;
	*items = (struct set){ .flags = s->flags,
			       .size = s->fits,
			       .elements = s->count,
			       .counted = s->has_count };
	table_copy_name(items->name, s->name);
	return 0;
}

struct table_count {
	uint64_t n, most;
};

/* The first key past an interval is an element, too, and does not count. */
static int table_count_element(void *ctx, const struct dump_element *e)
{
	struct table_count *c = ctx;

	c->n += !e->is_end;
	return c->n > c->most ? -ECANCELED : 0;
}

static int table_count_set(struct table_reader *r, struct set *s)
{
	struct table_count c = { 0, r->elements_most };
	int error = dump_elements(&r->netlink, &r->from, s->name,
				  table_count_element, &c);

	s->elements = c.n;
	s->counted = !error;
	return error == -ECANCELED ? 0 : error;
}

static int table_take_flags(const struct nlmsghdr *nlh, void *ctx)
{
	struct table *t = ctx;
	const struct nlattr *attr;

	mnl_attr_for_each (attr, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(attr) == NFTA_TABLE_FLAGS)
			t->dormant = ntohl(mnl_attr_get_u32(attr)) &
				     NFT_TABLE_F_DORMANT;
	return MNL_CB_OK;
}

static int table_count_chain(const struct nlmsghdr *nlh, void *ctx)
{
	struct table *t = ctx;
	const struct nlattr *attr;

	mnl_attr_for_each (attr, nlh, sizeof(struct nfgenmsg))
		t->hooked += mnl_attr_get_type(attr) == NFTA_CHAIN_HOOK;
	return MNL_CB_OK;
}

static int table_read_once(struct table_reader *r)
{
	struct table *t = r->table;
	int error;

	t->n_counters = t->n_sets = t->hooked = 0;
	t->dormant = false;
	error = dump_table(&r->netlink, &r->from, table_take_flags, t);
	if (!error)
		error = dump_messages(&r->netlink, &r->from, NFT_MSG_GETCHAIN,
				      NFTA_CHAIN_TABLE, table_count_chain, t);
	if (!error)
		error = dump_counters(&r->netlink, &r->from, table_add_counter,
				      t);
	if (!error)
		error = dump_sets(&r->netlink, &r->from, table_add_set, t);
	for (size_t i = 0; i < t->n_sets && !error; i++)
		if (!t->sets[i].counted && r->elements_most)
			error = table_count_set(r, &t->sets[i]);
	return error;
}

/* -EINTR: the rules changed while they were read. */
static int table_read_steadily(struct table_reader *r)
{
	const struct timespec pause = { .tv_nsec = TRY_AGAIN_MS * 1000000 };
	int error = table_read_once(r);

	for (int i = 1; i < TRIES_MOST && error == -EINTR; i++) {
		nanosleep(&pause, NULL);
		error = table_read_once(r);
	}
	return error;
}

/* The compiler of policies names the counters of mode observe so. */
bool table_observes(const struct table *t)
{
	static const char end[] = "-observed";

	for (size_t i = 0; i < t->n_counters; i++) {
		const char *name = t->counters[i].name;
		size_t len = strlen(name);

		if (len >= sizeof(end) &&
		    !strcmp(name + len - (sizeof(end) - 1), end))
			return true;
	}
	return false;
}

bool table_acts(const struct table *t)
{
	return !t->dormant && t->hooked && !table_observes(t);
}

int table_read(struct table *t, size_t elements_most)
{
	struct table_reader r = {
		.from = { table_family_number(t->family), t->name },
		.table = t,
		.elements_most = elements_most,
	};
	int error = netlink_open(&r.netlink);

	if (error)
		return error;
	error = table_read_steadily(&r);
	netlink_close(&r.netlink);
	return error;
}

void table_free(struct table *t)
{
	free(t->counters);
	free(t->sets);
	t->counters = NULL;
	t->sets = NULL;
	t->n_counters = t->n_sets = 0;
}
