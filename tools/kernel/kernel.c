/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel.h"
#include "../../rules/base/arena.h"
#include "../../rules/emit/emit.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/object.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

#define READINGS_MOST 50 /* while others keep changing the rules */

/* Since Linux 6.16: how many elements a set has. Not in Debian 12's headers. */
#define SET_ATTR_COUNT 20

/* ---- requests ---- */

static struct nlmsghdr *kernel_request(char *buf, uint16_t type,
				       enum family family, uint16_t flags)
{
	return nftnl_nlmsg_build_hdr(buf, type, family_number(family), flags,
				     0);
}

static const char *copy_string(struct arena *a, const char *text)
{
	return text ? arena_strndup(a, text, strlen(text)) : "";
}

static bool is_string(const struct nlattr *attr)
{
	return mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0;
}

static uint32_t kernel_be32_of(const struct nlattr *attr)
{
	return mnl_attr_validate(attr, MNL_TYPE_U32) < 0 ?
		       0 :
		       ntohl(mnl_attr_get_u32(attr));
}

static uint64_t kernel_be64_of(const struct nlattr *attr)
{
	return mnl_attr_validate(attr, MNL_TYPE_U64) < 0 ?
		       0 :
		       be64toh(mnl_attr_get_u64(attr));
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
	char buf[512];
	struct nlmsghdr *nlh = kernel_request(buf, NFT_MSG_GETTABLE, family, 0);
	int error;

	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, TABLE_NAME);
	error = netlink_query(nl, nlh, kernel_take_table, p);
	/* A kernel without the family has no table of it either. */
	return error == -ENOENT || error == -EAFNOSUPPORT ||
			       error == -EOPNOTSUPP ?
		       0 :
		       error;
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

static void take_set_size(const struct nlattr *desc, struct present_set *set)
{
	struct nlattr *attr;

	mnl_attr_for_each_nested (attr, desc)
		if (mnl_attr_get_type(attr) == NFTA_SET_DESC_SIZE)
			set->size = kernel_be32_of(attr);
}

static int kernel_take_set(const struct nlmsghdr *nlh, void *ctx)
{
	struct take *t = ctx;
	struct present_set set = { 0 };
	struct nlattr *attr;
	bool mine = false;

	mnl_attr_for_each (attr, nlh, sizeof(struct nfgenmsg)) {
		switch (mnl_attr_get_type(attr)) {
		case NFTA_SET_TABLE:
			mine = is_string(attr) &&
			       !strcmp(mnl_attr_get_str(attr), TABLE_NAME);
			break;
		case NFTA_SET_NAME:
			if (is_string(attr))
				set.name = copy_string(t->arena,
						       mnl_attr_get_str(attr));
			break;
		case NFTA_SET_FLAGS:
			set.flags = kernel_be32_of(attr);
			break;
		case NFTA_SET_KEY_TYPE:
			set.key_type = kernel_be32_of(attr);
			break;
		case NFTA_SET_TIMEOUT:
			set.timeout_ms = kernel_be64_of(attr);
			break;
		case NFTA_SET_DESC:
			take_set_size(attr, &set);
			break;
		case SET_ATTR_COUNT:
			set.has_count = true;
			set.count = kernel_be32_of(attr);
			break;
		}
	}
	if (mine && set.name)
		*arena_push(t->arena, &t->present->sets) = set;
	return MNL_CB_OK;
}

static int kernel_take_counter(const struct nlmsghdr *nlh, void *ctx)
{
	struct take *t = ctx;
	struct nftnl_obj *o = nftnl_obj_alloc();
	struct present_counter *pc;

	if (!o)
		return MNL_CB_ERROR;
	if (!nftnl_obj_nlmsg_parse(nlh, o) &&
	    nftnl_obj_get_u32(o, NFTNL_OBJ_TYPE) == NFT_OBJECT_COUNTER &&
	    !strcmp(nftnl_obj_get_str(o, NFTNL_OBJ_TABLE), TABLE_NAME)) {
		pc = arena_push(t->arena, &t->present->counters);
		pc->name = copy_string(t->arena,
				       nftnl_obj_get_str(o, NFTNL_OBJ_NAME));
		pc->packets = nftnl_obj_get_u64(o, NFTNL_OBJ_CTR_PKTS);
		pc->bytes = nftnl_obj_get_u64(o, NFTNL_OBJ_CTR_BYTES);
	}
	nftnl_obj_free(o);
	return MNL_CB_OK;
}

int kernel_dump(struct netlink *nl, enum family family, uint16_t type,
		uint16_t table_attr, mnl_cb_t cb, void *ctx)
{
	char buf[512];
	struct nlmsghdr *nlh = kernel_request(buf, type, family, NLM_F_DUMP);

	if (table_attr)
		mnl_attr_put_strz(nlh, table_attr, TABLE_NAME);
	return netlink_query(nl, nlh, cb, ctx);
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
	struct take take = { a, p };
	int error = kernel_read_table(nl, family, p);

	if (error || !p->exists)
		return error;
	if ((error = kernel_dump(nl, family, NFT_MSG_GETCHAIN, 0, take_chain,
				 &take)) ||
	    (error = kernel_dump(nl, family, NFT_MSG_GETSET, NFTA_SET_TABLE,
				 kernel_take_set, &take)) ||
	    (error = kernel_dump(nl, family, NFT_MSG_GETOBJ, NFTA_OBJ_TABLE,
				 kernel_take_counter, &take)))
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

struct take_elements {
	element_fn *fn;
	void *ctx;
};

static void kernel_take_key(const struct nlattr *key, struct kernel_element *e)
{
	struct nlattr *attr;

	mnl_attr_for_each_nested (attr, key)
		if (mnl_attr_get_type(attr) == NFTA_DATA_VALUE &&
		    mnl_attr_get_payload_len(attr) <= sizeof(e->key)) {
			e->key_len = mnl_attr_get_payload_len(attr);
			memcpy(e->key, mnl_attr_get_payload(attr), e->key_len);
		}
}

static void take_verdict(const struct nlattr *data, struct kernel_element *e)
{
	struct nlattr *verdict, *attr;

	mnl_attr_for_each_nested (verdict, data)
		if (mnl_attr_get_type(verdict) == NFTA_DATA_VERDICT)
			mnl_attr_for_each_nested (attr, verdict)
				if (mnl_attr_get_type(attr) ==
					    NFTA_VERDICT_CHAIN &&
				    is_string(attr))
					e->chain = mnl_attr_get_str(attr);
}

static void take_element(const struct nlattr *elem, struct take_elements *t)
{
	struct kernel_element e = { 0 };
	struct nlattr *attr;

	mnl_attr_for_each_nested (attr, elem) {
		switch (mnl_attr_get_type(attr)) {
		case NFTA_SET_ELEM_KEY:
			kernel_take_key(attr, &e);
			break;
		case NFTA_SET_ELEM_DATA:
			take_verdict(attr, &e);
			break;
		case NFTA_SET_ELEM_FLAGS:
			e.is_end = kernel_be32_of(attr) &
				   NFT_SET_ELEM_INTERVAL_END;
			break;
		case NFTA_SET_ELEM_TIMEOUT:
			e.timeout_ms = kernel_be64_of(attr);
			break;
		case NFTA_SET_ELEM_EXPIRATION:
			e.expires_ms = kernel_be64_of(attr);
			break;
		}
	}
	if (e.key_len)
		t->fn(&e, t->ctx);
}

static int take_list(const struct nlmsghdr *nlh, void *ctx)
{
	struct nlattr *attr, *elem;

	mnl_attr_for_each (attr, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(attr) == NFTA_SET_ELEM_LIST_ELEMENTS)
			mnl_attr_for_each_nested (elem, attr)
				take_element(elem, ctx);
	return MNL_CB_OK;
}

int kernel_elements(struct netlink *nl, enum family family, const char *set,
		    element_fn *fn, void *ctx)
{
	char buf[1024];
	struct take_elements t = { fn, ctx };
	struct nlmsghdr *nlh =
		kernel_request(buf, NFT_MSG_GETSETELEM, family, NLM_F_DUMP);

	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, TABLE_NAME);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set);
	return netlink_query(nl, nlh, take_list, &t);
}

/* Starts and ends apart: sorted, the nth end closes the nth start. */
struct bounds {
	struct arena *arena;
	bool interval;
	struct ranges4 starts4, ends4;
	struct ranges6 starts6, ends6;
};

static void take_bound(const struct kernel_element *e, void *ctx)
{
	struct bounds *b = ctx;
	static const uint8_t zero[16];
	struct range6 r6;
	uint32_t v4;

	if (e->is_end && !memcmp(e->key, zero, e->key_len))
		return; /* nft marks the space before the first one so */
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

static void count_start(const struct kernel_element *e, void *ctx)
{
	uint32_t *n = ctx;

	*n += !e->is_end;
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
