/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel.h"
#include "../../rules/base/arena.h"
#include "../../rules/emit/emit.h"
#include "../../rules/ruleset/rule_read.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>
#include <time.h>

#define READINGS_MOST 50 /* tries, while others keep changing the rules */

const char *kernel_copy_text(struct arena *a, const char *text)
{
	return text ? arena_strndup(a, text, strlen(text)) : "";
}

static struct dump_table kernel_table(enum family family)
{
	return (struct dump_table){ family_number(family), TABLE_NAME };
}

/* ---- the table ---- */

static int kernel_on_table(const struct nlmsghdr *nlh, void *ctx)
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
		p->flags = nftnl_table_get_u32(t, NFTNL_TABLE_FLAGS);
		p->owner = nftnl_table_get_u32(t, NFTNL_TABLE_OWNER);
		udata = nftnl_table_get_data(t, NFTNL_TABLE_USERDATA, &len);
		mark = udata ? udata_string(udata, len,
					    NFTNL_UDATA_TABLE_COMMENT) :
			       NULL;
		p->guarded = mark && !strcmp(mark, TABLE_COMMENT_GUARDED);
		p->ours = p->ours || p->guarded ||
			  (mark && !strcmp(mark, TABLE_COMMENT));
	}
	nftnl_table_free(t);
	return MNL_CB_OK;
}

static int kernel_read_table(struct netlink *nl, enum family family,
			     struct present *p)
{
	const struct dump_table t = kernel_table(family);
	int error = dump_table(nl, &t, kernel_on_table, p);

	return error == -ENOENT ? 0 : error;
}

/* ---- chains, sets, counters ---- */

struct kernel_reader {
	struct arena *arena;
	struct present *present;
	size_t counter; /* where the rule before counts: the next one is near */
};

static const char *kernel_device_list(struct arena *a,
				      const struct nftnl_chain *c)
{
	const char *const *devices = nftnl_chain_get(c, NFTNL_CHAIN_DEVICES);
	const char *out = "", *last = NULL;

	if (!devices && nftnl_chain_is_set(c, NFTNL_CHAIN_DEV))
		return kernel_copy_text(
			a, nftnl_chain_get_str(c, NFTNL_CHAIN_DEV));
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

static int kernel_on_chain(const struct nlmsghdr *nlh, void *ctx)
{
	struct kernel_reader *r = ctx;
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
	pc = arena_push(r->arena, &r->present->chains);
	pc->name = kernel_copy_text(r->arena,
				    nftnl_chain_get_str(c, NFTNL_CHAIN_NAME));
	pc->is_base = nftnl_chain_is_set(c, NFTNL_CHAIN_HOOKNUM);
	pc->type = "";
	pc->devices = "";
	if (pc->is_base) {
		pc->type = kernel_copy_text(
			r->arena, nftnl_chain_get_str(c, NFTNL_CHAIN_TYPE));
		pc->hooknum = nftnl_chain_get_u32(c, NFTNL_CHAIN_HOOKNUM);
		pc->priority = nftnl_chain_get_s32(c, NFTNL_CHAIN_PRIO);
		pc->drops =
			nftnl_chain_get_u32(c, NFTNL_CHAIN_POLICY) != NF_ACCEPT;
		pc->devices = kernel_device_list(r->arena, c);
	}
out:
	nftnl_chain_free(c);
	return MNL_CB_OK;
}

static int kernel_on_set(void *ctx, const struct dump_set *s)
{
	struct kernel_reader *r = ctx;

	*arena_push(r->arena, &r->present->sets) = (struct present_set){
		.name = kernel_copy_text(r->arena, s->name),
		.flags = s->flags,
		.key_type = s->key_type,
		.timeout_ms = s->timeout_ms,
		.size = s->size,
		.fits = s->fits,
		.has_count = s->has_count,
		.count = s->count,
	};
	return 0;
}

static int kernel_on_counter(void *ctx, const struct dump_counter *c)
{
	struct kernel_reader *r = ctx;

	*arena_push(r->arena, &r->present->counters) = (struct present_counter){
		.name = kernel_copy_text(r->arena, c->name),
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

static void kernel_take_comment(struct present *p, const char *comment)
{
	char policy[sizeof(p->policy)], digest[DIGEST_TEXT_BYTES];
	unsigned int version = digest_parse_comment(comment, policy, digest);

	if (!version)
		return;
	p->ours = true;
	p->digest_version = version;
	strcpy(p->policy, policy);
	strcpy(p->digest, digest);
}

/* Keeps the comment of the first rule that counts at a counter. */
static void kernel_take_counter(struct kernel_reader *r,
				struct nftnl_rule *rule, const char *comment)
{
	const char *name = rule_read_counter(rule);

	for (size_t i = 0, n = r->present->counters.n; name && i < n; i++) {
		size_t at = (r->counter + i) % n;
		struct present_counter *pc = &r->present->counters.items[at];

		if (strcmp(pc->name, name))
			continue;
		if (!pc->comment)
			pc->comment = kernel_copy_text(r->arena, comment);
		r->counter = at;
		return;
	}
}

/*
 * The comment of a rule has policy and digest. A table that nft loaded from our
 * JSON has no mark of its own: the comment tells that it is ours.
 */
static int kernel_on_rule(const struct nlmsghdr *nlh, void *ctx)
{
	struct kernel_reader *r = ctx;
	struct nftnl_rule *rule = nftnl_rule_alloc();
	const char *comment;

	if (!rule)
		return MNL_CB_ERROR;
	if (!nftnl_rule_nlmsg_parse(nlh, rule) &&
	    !strcmp(nftnl_rule_get_str(rule, NFTNL_RULE_TABLE), TABLE_NAME) &&
	    (comment = rule_comment(rule))) {
		kernel_take_comment(r->present, comment);
		kernel_take_counter(r, rule, comment);
	}
	nftnl_rule_free(rule);
	return MNL_CB_OK;
}

static int kernel_read_family(struct netlink *nl, struct arena *a,
			      enum family family, struct present *p)
{
	const struct dump_table t = kernel_table(family);
	struct kernel_reader r = { .arena = a, .present = p };
	int error = kernel_read_table(nl, family, p);

	if (error || !p->exists)
		return error;
	if ((error = kernel_dump(nl, family, NFT_MSG_GETCHAIN, 0,
				 kernel_on_chain, &r)) ||
	    (error = dump_sets(nl, &t, kernel_on_set, &r)) ||
	    (error = dump_counters(nl, &t, kernel_on_counter, &r)))
		return error;
	return kernel_dump(nl, family, NFT_MSG_GETRULE, NFTA_RULE_TABLE,
			   kernel_on_rule, &r);
}

static int kernel_read_once(struct netlink *nl, struct arena *a,
			    struct reading *out)
{
	uint32_t after;
	int error;

	*out = (struct reading){ .arena = a };
	error = netlink_generation(nl, &out->generation);
	for (int f = 0; f < N_FAMILIES && !error; f++)
		error = kernel_read_family(nl, a, (enum family)f,
					   &out->tables[f]);
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

/* Starts and ends of ranges; once they are sorted, the nth end closes the nth
 * start. */
struct kernel_bounds {
	struct arena *arena;
	bool interval;
	struct ranges4 starts4, ends4;
	struct ranges6 starts6, ends6;
};

static int kernel_on_bound(void *ctx, const struct dump_element *e)
{
	struct kernel_bounds *b = ctx;
	static const uint8_t zero[16];
	struct range6 r6;
	uint32_t v4;

	if (e->is_end && !memcmp(e->key, zero, e->key_len))
		return 0; /* the mark of nft for the space before the first
			     range */
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

static void kernel_close_bounds(struct kernel_bounds *b)
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
	struct kernel_bounds b = { .arena = a,
				   .interval = set->flags & NFT_SET_INTERVAL };
	int error = kernel_elements(nl, family, set->name, kernel_on_bound, &b);

	kernel_close_bounds(&b);
	*v4 = b.starts4;
	*v6 = b.starts6;
	return error;
}

/* The count so far, and when to give up. */
struct kernel_count {
	uint32_t n;
	size_t most;
	int64_t until_ms;
};

static int64_t kernel_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int kernel_on_start(void *ctx, const struct dump_element *e)
{
	struct kernel_count *c = ctx;

	c->n += !e->is_end;
	if (c->n > c->most || (!(c->n % 1024) && kernel_now_ms() > c->until_ms))
		return -ECANCELED;
	return 0;
}

/* A set that is not read to its end keeps what the kernel says of it. */
static int kernel_count_set(struct netlink *nl, enum family family,
			    struct present_set *set, struct kernel_count *c)
{
	int error = kernel_elements(nl, family, set->name, kernel_on_start, c);

	if (error)
		return error == -ECANCELED ? 0 : error;
	set->has_count = true;
	set->count = c->n;
	return 0;
}

/* The kernel halves the number of starts and ends of a range. */
static bool kernel_counts_well(const struct present_set *set, size_t most)
{
	const uint32_t kind = NFT_SET_TIMEOUT | NFT_SET_INTERVAL;

	return set->has_count &&
	       ((set->flags & kind) != kind || set->count >= most);
}

int kernel_count_members(struct netlink *nl, enum family family,
			 struct present *p, const struct count_limit *limit)
{
	const int64_t until_ms = kernel_now_ms() + limit->time_ms;
	int error = 0;

	for (size_t i = 0; i < p->sets.n && !error; i++) {
		struct present_set *set = &p->sets.items[i];
		struct kernel_count c = { .most = limit->uncounted_most,
					  .until_ms = until_ms };

		if (!(set->flags & NFT_SET_MAP) &&
		    !kernel_counts_well(set, limit->counted_most))
			error = kernel_count_set(nl, family, set, &c);
	}
	return error;
}
