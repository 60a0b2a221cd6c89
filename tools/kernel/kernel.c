/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel.h"
#include "../../rules/base/arena.h"
#include "../../rules/emit/emit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#define READINGS_MOST 50 /* while others keep changing the rules */

static const char *copy_string(struct arena *a, const char *text)
{
	return text ? arena_strndup(a, text, strlen(text)) : "";
}

static struct dump_table kernel_table(enum family family)
{
	return (struct dump_table){ family_number(family), TABLE_NAME };
}

/* ---- the table ---- */

static int kernel_take_table(const struct nlmsghdr *nlh, void *ctx)
{
	struct present *p = ctx;
	struct nftnl_table *t = nftnl_table_alloc();
	const void *udata;
	const char *mark;
	uint32_t len;

	if (!t)
		return MNL_CB_ERROR;
	if (!nftnl_table_nlmsg_parse(nlh, t)) {
		p->exists = true;
		udata = nftnl_table_get_data(t, NFTNL_TABLE_USERDATA, &len);
		mark = udata ? udata_string(udata, len,
					    NFTNL_UDATA_TABLE_COMMENT) :
			       NULL;
		p->ours = p->ours || (mark && !strcmp(mark, TABLE_COMMENT));
	}
	nftnl_table_free(t);
	return MNL_CB_OK;
}

static int kernel_read_table(struct netlink *nl, enum family family,
			     struct present *p)
{
	const struct dump_table t = kernel_table(family);
	int error = dump_table(nl, &t, kernel_take_table, p);

	return error == -ENOENT ? 0 : error;
}

/* ---- chains, sets, counters ---- */

struct take {
	struct arena *arena;
	struct present *present;
};

static const char *device_list(struct arena *a, const struct nftnl_chain *c)
{
	const char *const *devices = nftnl_chain_get(c, NFTNL_CHAIN_DEVICES);
	const char *out = "", *last = NULL;

	if (!devices && nftnl_chain_is_set(c, NFTNL_CHAIN_DEV))
		return copy_string(a, nftnl_chain_get_str(c, NFTNL_CHAIN_DEV));
	while (devices) {
		const char *next = NULL;

		for (size_t i = 0; devices[i]; i++)
			if ((!last || strcmp(devices[i], last) > 0) &&
			    (!next || strcmp(devices[i], next) < 0))
				next = devices[i];
		if (!next)
			break;
		out = arena_printf(a, "%s%s%s", out, *out ? " " : "", next);
		last = next;
	}
	return out;
}

static int take_chain(const struct nlmsghdr *nlh, void *ctx)
{
	struct take *t = ctx;
	struct nftnl_chain *c = nftnl_chain_alloc();
	struct present_chain *pc;
	const char *table;

	if (!c)
		return MNL_CB_ERROR;
	if (nftnl_chain_nlmsg_parse(nlh, c) < 0)
		goto out;
	table = nftnl_chain_get_str(c, NFTNL_CHAIN_TABLE);
	if (!table || strcmp(table, TABLE_NAME))
		goto out;
	pc = arena_push(t->arena, &t->present->chains);
	pc->name =
		copy_string(t->arena, nftnl_chain_get_str(c, NFTNL_CHAIN_NAME));
	pc->is_base = nftnl_chain_is_set(c, NFTNL_CHAIN_HOOKNUM);
	pc->type = "";
	pc->devices = "";
	if (pc->is_base) {
		pc->type = copy_string(
			t->arena, nftnl_chain_get_str(c, NFTNL_CHAIN_TYPE));
		pc->hooknum = nftnl_chain_get_u32(c, NFTNL_CHAIN_HOOKNUM);
		pc->priority = nftnl_chain_get_s32(c, NFTNL_CHAIN_PRIO);
		pc->devices = device_list(t->arena, c);
	}
out:
	nftnl_chain_free(c);
	return MNL_CB_OK;
}

static int kernel_add_set(void *ctx, const struct dump_set *s)
{
	struct take *t = ctx;

	*arena_push(t->arena, &t->present->sets) = (struct present_set){
		.name = copy_string(t->arena, s->name),
		.flags = s->flags,
		.key_type = s->key_type,
		.timeout_ms = s->timeout_ms,
		.size = s->size,
		.has_count = s->has_count,
		.count = s->count,
	};
	return 0;
}

static int kernel_add_counter(void *ctx, const struct dump_counter *c)
{
	struct take *t = ctx;

	*arena_push(t->arena, &t->present->counters) = (struct present_counter){
		.name = copy_string(t->arena, c->name),
		.packets = c->packets,
		.bytes = c->bytes,
	};
	return 0;
}

int kernel_dump(struct netlink *nl, enum family family, uint16_t type,
		uint16_t table_attr, mnl_cb_t cb, void *ctx)
{
	const struct dump_table t = kernel_table(family);

	return dump_messages(nl, &t, type, table_attr, cb, ctx);
}

/* A table loaded by nft from our JSON has no mark, but its rules say it. */
static int kernel_take_digest(const struct nlmsghdr *nlh, void *ctx)
{
	struct present *p = ctx;
	struct nftnl_rule *rule = nftnl_rule_alloc();
	const char *comment;

	if (!rule)
		return MNL_CB_ERROR;
	if (!nftnl_rule_nlmsg_parse(nlh, rule) &&
	    !strcmp(nftnl_rule_get_str(rule, NFTNL_RULE_TABLE), TABLE_NAME) &&
	    (comment = rule_comment(rule)) &&
	    canon_parse_comment(comment, p->policy, p->digest))
		p->ours = true;
	nftnl_rule_free(rule);
	return MNL_CB_OK;
}

static int read_family(struct netlink *nl, struct arena *a, enum family family,
		       struct present *p)
{
	const struct dump_table t = kernel_table(family);
	struct take take = { a, p };
	int error = kernel_read_table(nl, family, p);

	if (error || !p->exists)
		return error;
	if ((error = kernel_dump(nl, family, NFT_MSG_GETCHAIN, 0, take_chain,
				 &take)) ||
	    (error = dump_sets(nl, &t, kernel_add_set, &take)) ||
	    (error = dump_counters(nl, &t, kernel_add_counter, &take)))
		return error;
	return kernel_dump(nl, family, NFT_MSG_GETRULE, NFTA_RULE_TABLE,
			   kernel_take_digest, p);
}

static int kernel_read_once(struct netlink *nl, struct arena *a,
			    struct reading *out)
{
	uint32_t after;
	int error;

	*out = (struct reading){ .arena = a };
	error = netlink_generation(nl, &out->generation);
	for (int f = 0; f < N_FAMILIES && !error; f++)
		error = read_family(nl, a, (enum family)f, &out->tables[f]);
	if (!error)
		error = netlink_generation(nl, &after);
	if (!error && after != out->generation)
		error = -EINTR;
	return error;
}

int kernel_read(struct netlink *nl, struct arena *a, struct reading *out)
{
	int error = -EINTR;

	for (int i = 0; i < READINGS_MOST && error == -EINTR; i++)
		error = kernel_read_once(nl, a, out);
	return error;
}

int reading_family(const struct reading *r)
{
	for (int f = 0; f < N_FAMILIES; f++)
		if (r->tables[f].ours)
			return f;
	return -1;
}

/* ---- elements ---- */

int kernel_elements(struct netlink *nl, enum family family, const char *set,
		    dump_element_fn *fn, void *ctx)
{
	const struct dump_table t = kernel_table(family);

	return dump_elements(nl, &t, set, fn, ctx);
}

/* Starts and ends apart: sorted, the nth end closes the nth start. */
struct bounds {
	struct arena *arena;
	bool interval;
	struct ranges4 starts4, ends4;
	struct ranges6 starts6, ends6;
};

static int take_bound(void *ctx, const struct dump_element *e)
{
	struct bounds *b = ctx;
	static const uint8_t zero[16];
	struct range6 r6;
	uint32_t v4;

	if (e->is_end && !memcmp(e->key, zero, e->key_len))
		return 0; /* nft marks the space before the first one so */
	if (e->key_len == 4) {
		memcpy(&v4, e->key, 4);
		v4 = ntohl(v4);
		ranges4_push(b->arena, e->is_end ? &b->ends4 : &b->starts4,
			     (struct range4){ v4, v4 });
	} else if (e->key_len == 16) {
		memcpy(r6.first.byte, e->key, 16);
		r6.last = r6.first;
		ranges6_push(b->arena, e->is_end ? &b->ends6 : &b->starts6, r6);
	}
	return 0;
}

static void close_bounds(struct bounds *b)
{
	ranges4_merge(b->arena, &b->starts4, false, NULL);
	ranges4_merge(b->arena, &b->ends4, false, NULL);
	ranges6_merge(b->arena, &b->starts6, false, NULL);
	ranges6_merge(b->arena, &b->ends6, false, NULL);
	if (!b->interval)
		return;
	for (size_t i = 0; i < b->starts4.n; i++)
		b->starts4.items[i].last = i < b->ends4.n ?
						   b->ends4.items[i].first - 1 :
						   UINT32_MAX;
	for (size_t i = 0; i < b->starts6.n; i++) {
		struct addr6 *last = &b->starts6.items[i].last;

		memset(last, 0xff, sizeof(*last));
		if (i < b->ends6.n) {
			*last = b->ends6.items[i].first;
			addr6_prev(last);
		}
	}
}

int kernel_ranges(struct netlink *nl, struct arena *a, enum family family,
		  const struct present_set *set, struct ranges4 *v4,
		  struct ranges6 *v6)
{
	struct bounds b = { .arena = a,
			    .interval = set->flags & NFT_SET_INTERVAL };
	int error = kernel_elements(nl, family, set->name, take_bound, &b);

	close_bounds(&b);
	*v4 = b.starts4;
	*v6 = b.starts6;
	return error;
}

static int count_start(void *ctx, const struct dump_element *e)
{
	uint32_t *n = ctx;

	*n += !e->is_end;
	return 0;
}

int kernel_count_members(struct netlink *nl, enum family family,
			 struct present *p, size_t most)
{
	const uint32_t kind = NFT_SET_TIMEOUT | NFT_SET_INTERVAL;
	int error = 0;

	for (size_t i = 0; i < p->sets.n && !error; i++) {
		struct present_set *set = &p->sets.items[i];
		uint32_t n = 0;

		if ((set->flags & kind) != kind || !set->has_count ||
		    set->count >= most)
			continue;
		error = kernel_elements(nl, family, set->name, count_start, &n);
		set->count = n;
	}
	return error;
}
