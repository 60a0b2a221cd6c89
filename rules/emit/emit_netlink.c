/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ruleset's objects to messages, and sets without their objects: a million
 * elements go through one object of libnftnl, a message full at a time.
 */
#include "../base/arena.h"
#include "batch.h"
#include "change.h"
#include "emit_netlink.h"
#include "../ruleset/expr.h"

#include <arpa/inet.h>
#include <endian.h>
#include <libmnl/libmnl.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

/* ---- messages by hand, for what libnftnl would only copy ---- */

static struct nlmsghdr *open_named(struct batch *b, uint16_t type,
				   enum family family, uint16_t flags,
				   struct batch_note note)
{
	return batch_open(b, type, family_number(family), flags, note);
}

static void put_named(struct batch *b, uint16_t type, enum family family,
		      enum batch_object object, uint16_t table_attr,
		      uint16_t name_attr, const char *name)
{
	struct nlmsghdr *nlh = open_named(
		b, type, family, 0,
		(struct batch_note){ .object = object, .name = name });

	mnl_attr_put_strz(nlh, table_attr, TABLE_NAME);
	if (name)
		mnl_attr_put_strz(nlh, name_attr, name);
	batch_close(b, nlh);
}

/* nft's own user data: type, length, value. */
static void put_string_udata(struct nlmsghdr *nlh, uint16_t attr, uint8_t type,
			     const char *text)
{
	uint8_t data[NFT_USERDATA_MAXLEN];
	size_t len = strlen(text) + 1;

	data[0] = type;
	data[1] = (uint8_t)len;
	memcpy(data + 2, text, len);
	mnl_attr_put(nlh, attr, len + 2, data);
}

void netlink_table(struct batch *b, const struct ruleset *rs, uint32_t flags)
{
	struct nlmsghdr *nlh =
		open_named(b, NFT_MSG_NEWTABLE, rs->family, NLM_F_CREATE,
			   (struct batch_note){ .object = BATCH_TABLE,
						.name = TABLE_NAME });

	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, TABLE_NAME);
	mnl_attr_put_u32(nlh, NFTA_TABLE_FLAGS, htonl(flags));
	put_string_udata(nlh, NFTA_TABLE_USERDATA, NFTNL_UDATA_TABLE_COMMENT,
			 flags == TABLE_FLAGS_GUARDED ? TABLE_COMMENT_GUARDED :
							TABLE_COMMENT);
	batch_close(b, nlh);
}

void netlink_table_delete(struct batch *b, enum family family)
{
	put_named(b, NFT_MSG_DELTABLE, family, BATCH_TABLE, NFTA_TABLE_NAME, 0,
		  NULL);
}

void netlink_counter(struct batch *b, const struct ruleset *rs,
		     const struct counter *counter, uint64_t packets,
		     uint64_t bytes)
{
	struct nlmsghdr *nlh =
		open_named(b, NFT_MSG_NEWOBJ, rs->family, NLM_F_CREATE,
			   (struct batch_note){ BATCH_COUNTER, counter->name,
						counter->origin });
	struct nlattr *data;

	mnl_attr_put_strz(nlh, NFTA_OBJ_TABLE, TABLE_NAME);
	mnl_attr_put_strz(nlh, NFTA_OBJ_NAME, counter->name);
	mnl_attr_put_u32(nlh, NFTA_OBJ_TYPE, htonl(NFT_OBJECT_COUNTER));
	data = mnl_attr_nest_start(nlh, NFTA_OBJ_DATA);
	mnl_attr_put_u64(nlh, NFTA_COUNTER_BYTES, htobe64(bytes));
	mnl_attr_put_u64(nlh, NFTA_COUNTER_PACKETS, htobe64(packets));
	mnl_attr_nest_end(nlh, data);
	batch_close(b, nlh);
}

void netlink_counter_delete(struct batch *b, enum family family,
			    const char *name)
{
	struct nlmsghdr *nlh = open_named(
		b, NFT_MSG_DELOBJ, family, 0,
		(struct batch_note){ .object = BATCH_COUNTER, .name = name });

	mnl_attr_put_strz(nlh, NFTA_OBJ_TABLE, TABLE_NAME);
	mnl_attr_put_strz(nlh, NFTA_OBJ_NAME, name);
	mnl_attr_put_u32(nlh, NFTA_OBJ_TYPE, htonl(NFT_OBJECT_COUNTER));
	batch_close(b, nlh);
}

/* ---- sets ---- */

/* nft's numbers for data types (its datatype.h), which the kernel only keeps */
enum {
	NFT_TYPE_IPV4 = 7,
	NFT_TYPE_IPV6 = 8,
	NFT_TYPE_PROTOCOL = 12,
	NFT_TYPE_SERVICE = 13,
	NFT_TYPE_IFNAME = 41
};
enum { NFT_BYTEORDER_HOST = 1, NFT_BYTEORDER_BIG = 2 };

struct key_info {
	uint32_t type, len, byteorder;
};

static const struct key_info key_infos[] = {
	[KEY_IPV4] = { NFT_TYPE_IPV4, 4, NFT_BYTEORDER_BIG },
	[KEY_IPV6] = { NFT_TYPE_IPV6, 16, NFT_BYTEORDER_BIG },
	[KEY_SERVICE] = { NFT_TYPE_SERVICE, 2, NFT_BYTEORDER_BIG },
	[KEY_PROTOCOL] = { NFT_TYPE_PROTOCOL, 1, NFT_BYTEORDER_BIG },
	[KEY_IFNAME] = { NFT_TYPE_IFNAME, 16, NFT_BYTEORDER_HOST },
};

uint32_t set_key_type(enum set_key key)
{
	return key_infos[key].type;
}

uint32_t set_flags(const struct set *set)
{
	return (set->jumps ? NFT_SET_MAP : 0u) |
	       (set->interval ? NFT_SET_INTERVAL : 0u) |
	       (set->timeout ? NFT_SET_TIMEOUT : 0u) |
	       (set->dynamic ? NFT_SET_EVAL : 0u);
}

/* Without the byte order of its key nft prints a set's elements wrongly. */
static size_t byteorder_udata(uint8_t *out, uint8_t type, uint32_t byteorder)
{
	out[0] = type;
	out[1] = sizeof(byteorder);
	memcpy(out + 2, &byteorder, sizeof(byteorder));
	return 2 + sizeof(byteorder);
}

void netlink_set(struct batch *b, const struct ruleset *rs,
		 const struct set *set, uint32_t id)
{
	const struct key_info *key = &key_infos[set->key];
	struct nlmsghdr *nlh = open_named(
		b, NFT_MSG_NEWSET, rs->family, NLM_F_CREATE,
		(struct batch_note){ BATCH_SET, set->name, set->origin });
	struct nlattr *desc;
	uint8_t udata[8];

	mnl_attr_put_strz(nlh, NFTA_SET_TABLE, TABLE_NAME);
	mnl_attr_put_strz(nlh, NFTA_SET_NAME, set->name);
	mnl_attr_put_u32(nlh, NFTA_SET_FLAGS, htonl(set_flags(set)));
	mnl_attr_put_u32(nlh, NFTA_SET_KEY_TYPE, htonl(key->type));
	mnl_attr_put_u32(nlh, NFTA_SET_KEY_LEN, htonl(key->len));
	if (set->jumps) {
		mnl_attr_put_u32(nlh, NFTA_SET_DATA_TYPE,
				 htonl(NFT_DATA_VERDICT));
		mnl_attr_put_u32(nlh, NFTA_SET_DATA_LEN, 0);
	}
	mnl_attr_put_u32(nlh, NFTA_SET_ID, htonl(id));
	if (set->size) {
		desc = mnl_attr_nest_start(nlh, NFTA_SET_DESC);
		mnl_attr_put_u32(nlh, NFTA_SET_DESC_SIZE, htonl(set->size));
		mnl_attr_nest_end(nlh, desc);
	}
	if (set->timeout_s)
		mnl_attr_put_u64(nlh, NFTA_SET_TIMEOUT,
				 htobe64((uint64_t)set->timeout_s * 1000));
	mnl_attr_put(nlh, NFTA_SET_USERDATA,
		     byteorder_udata(udata, NFTNL_UDATA_SET_KEYBYTEORDER,
				     key->byteorder),
		     udata);
	batch_close(b, nlh);
}

void netlink_set_delete(struct batch *b, enum family family, const char *name)
{
	put_named(b, NFT_MSG_DELSET, family, BATCH_SET, NFTA_SET_TABLE,
		  NFTA_SET_NAME, name);
}

void netlink_set_flush(struct batch *b, enum family family, const char *name,
		       const struct span *origin)
{
	struct nlmsghdr *nlh =
		open_named(b, NFT_MSG_DELSETELEM, family, 0,
			   (struct batch_note){ BATCH_ELEMENTS, name, origin });

	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, TABLE_NAME);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, name);
	batch_close(b, nlh);
}

/* ---- elements, a message full at a time ---- */

/* A nested attribute's length has 16 bits; an element takes under 400. */
#define LIST_BYTES_MOST (UINT16_MAX - 512)

struct element_writer {
	struct batch *batch;
	const struct elements *to;
	struct nftnl_set_elem
		*elem; /* one object, rewritten for each element */
	struct nlmsghdr *nlh;
	struct nlattr *list;
	int n;		     /* elements in this message */
	uint64_t timeout_ms; /* the next element's; 0: the set's own */
};

static void writer_close(struct element_writer *w)
{
	if (!w->nlh)
		return;
	mnl_attr_nest_end(w->nlh, w->list);
	batch_close(w->batch, w->nlh);
	w->nlh = NULL;
}

static void writer_open(struct element_writer *w)
{
	const struct elements *to = w->to;
	uint16_t type = to->remove ? NFT_MSG_DELSETELEM : NFT_MSG_NEWSETELEM;

	w->nlh = open_named(
		w->batch, type, to->family, to->remove ? 0 : NLM_F_CREATE,
		(struct batch_note){ BATCH_ELEMENTS, to->set, to->origin });
	mnl_attr_put_strz(w->nlh, NFTA_SET_ELEM_LIST_TABLE, TABLE_NAME);
	mnl_attr_put_strz(w->nlh, NFTA_SET_ELEM_LIST_SET, to->set);
	w->list = mnl_attr_nest_start(w->nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	w->n = 0;
}

/* An open message with room for one more element. */
static void make_place(struct element_writer *w)
{
	if (w->nlh && (const char *)mnl_nlmsg_get_payload_tail(w->nlh) -
				      (const char *)w->list >
			      LIST_BYTES_MOST)
		writer_close(w);
	if (!w->nlh)
		writer_open(w);
}

static void writer_put(struct element_writer *w, const void *key, uint32_t len,
		       uint32_t flags)
{
	make_place(w);
	nftnl_set_elem_set(w->elem, NFTNL_SET_ELEM_KEY, key, len);
	if (flags)
		nftnl_set_elem_set_u32(w->elem, NFTNL_SET_ELEM_FLAGS, flags);
	else
		nftnl_set_elem_unset(w->elem, NFTNL_SET_ELEM_FLAGS);
	if (w->timeout_ms && !flags)
		nftnl_set_elem_set_u64(w->elem, NFTNL_SET_ELEM_TIMEOUT,
				       w->timeout_ms);
	else
		nftnl_set_elem_unset(w->elem, NFTNL_SET_ELEM_TIMEOUT);
	nftnl_set_elem_nlmsg_build(w->nlh, w->elem, ++w->n);
}

static void writer_end(struct element_writer *w)
{
	writer_close(w);
	nftnl_set_elem_free(w->elem);
}

/* Makes the one element object that is written again and again. */
static bool writer_begin(struct element_writer *w, struct batch *b,
			 const struct elements *to)
{
	*w = (struct element_writer){ .batch = b, .to = to };
	w->elem = nftnl_set_elem_alloc();
	if (!w->elem)
		batch_fail(b);
	return w->elem;
}

static void writer_set_timeout(struct element_writer *w, size_t i)
{
	w->timeout_ms =
		w->to->timeouts_ms ? w->to->timeouts_ms[i] : w->to->timeout_ms;
}

void netlink_ranges4(struct batch *b, const struct elements *e,
		     const struct ranges4 *ranges)
{
	struct element_writer w;

	if (!writer_begin(&w, b, e))
		return;
	for (size_t i = 0; i < ranges->n; i++) {
		const struct range4 *r = &ranges->items[i];
		uint32_t first = htonl(r->first), end = htonl(r->last + 1);

		writer_set_timeout(&w, i);
		writer_put(&w, &first, sizeof(first), 0);
		if (e->interval && r->last != UINT32_MAX)
			writer_put(&w, &end, sizeof(end),
				   NFT_SET_ELEM_INTERVAL_END);
	}
	writer_end(&w);
}

void netlink_ranges6(struct batch *b, const struct elements *e,
		     const struct ranges6 *ranges)
{
	struct element_writer w;

	if (!writer_begin(&w, b, e))
		return;
	for (size_t i = 0; i < ranges->n; i++) {
		const struct range6 *r = &ranges->items[i];
		struct addr6 end = r->last;

		writer_set_timeout(&w, i);
		writer_put(&w, r->first.byte, 16, 0);
		if (e->interval && addr6_next(&end))
			writer_put(&w, end.byte, 16, NFT_SET_ELEM_INTERVAL_END);
	}
	writer_end(&w);
}

static void put_jump(struct nlmsghdr *nlh, const struct port_jump *jump)
{
	uint16_t port = htons(jump->port);
	struct nlattr *elem, *key, *data, *verdict;

	elem = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	key = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);
	mnl_attr_put(nlh, NFTA_DATA_VALUE, sizeof(port), &port);
	mnl_attr_nest_end(nlh, key);
	data = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_DATA);
	verdict = mnl_attr_nest_start(nlh, NFTA_DATA_VERDICT);
	mnl_attr_put_u32(nlh, NFTA_VERDICT_CODE, htonl((uint32_t)NFT_JUMP));
	mnl_attr_put_strz(nlh, NFTA_VERDICT_CHAIN, jump->chain);
	mnl_attr_nest_end(nlh, verdict);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, elem);
}

static void netlink_jumps(struct batch *b, const struct elements *to,
			  const struct port_jumps *jumps)
{
	struct element_writer w = { .batch = b, .to = to };

	for (size_t i = 0; i < jumps->n; i++) {
		make_place(&w);
		put_jump(w.nlh, &jumps->items[i]);
	}
	/* There is no element object, and libnftnl does not free NULL. */
	writer_close(&w);
}

void netlink_elements(struct batch *b, const struct ruleset *rs,
		      const struct set *set)
{
	struct elements e = { .family = rs->family,
			      .set = set->name,
			      .interval = set->interval,
			      .origin = set->origin };

	if (set->jumps)
		netlink_jumps(b, &e, set->jumps);
	if (set->v4)
		netlink_ranges4(b, &e, set->v4);
	if (set->v6)
		netlink_ranges6(b, &e, set->v6);
	if (set->members) {
		e.timeouts_ms = set->members->timeouts_ms;
		netlink_ranges4(b, &e, &set->members->v4);
		netlink_ranges6(b, &e, &set->members->v6);
	}
}

void netlink_protocol(struct batch *b, const struct elements *to,
		      uint8_t protocol)
{
	struct element_writer w = { .batch = b, .to = to };
	struct nlattr *elem, *key;

	make_place(&w);
	elem = mnl_attr_nest_start(w.nlh, NFTA_LIST_ELEM);
	key = mnl_attr_nest_start(w.nlh, NFTA_SET_ELEM_KEY);
	mnl_attr_put(w.nlh, NFTA_DATA_VALUE, sizeof(protocol), &protocol);
	mnl_attr_nest_end(w.nlh, key);
	if (to->timeout_ms)
		mnl_attr_put_u64(w.nlh, NFTA_SET_ELEM_TIMEOUT,
				 htobe64(to->timeout_ms));
	mnl_attr_nest_end(w.nlh, elem);
	writer_close(&w);
}

/* ---- chains and rules ---- */

static void put_devices(struct nlmsghdr *nlh, const struct words *devices)
{
	struct nlattr *nest;

	if (devices->n == 1) {
		mnl_attr_put_strz(nlh, NFTA_HOOK_DEV, devices->items[0].text);
		return;
	}
	nest = mnl_attr_nest_start(nlh, NFTA_HOOK_DEVS);
	for (size_t i = 0; i < devices->n; i++)
		mnl_attr_put_strz(nlh, NFTA_DEVICE_NAME,
				  devices->items[i].text);
	mnl_attr_nest_end(nlh, nest);
}

void netlink_chain(struct batch *b, const struct ruleset *rs,
		   const struct chain *chain)
{
	const struct base_hook_info *base = base_hook_info(chain->hook);
	struct nlmsghdr *nlh = open_named(
		b, NFT_MSG_NEWCHAIN, rs->family, NLM_F_CREATE,
		(struct batch_note){ BATCH_CHAIN, chain->name, chain->origin });
	struct nlattr *hook;

	mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, TABLE_NAME);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, chain->name);
	if (base) {
		hook = mnl_attr_nest_start(nlh, NFTA_CHAIN_HOOK);
		mnl_attr_put_u32(nlh, NFTA_HOOK_HOOKNUM, htonl(base->hooknum));
		mnl_attr_put_u32(nlh, NFTA_HOOK_PRIORITY,
				 htonl((uint32_t)base->priority));
		if (rs->family == FAMILY_NETDEV)
			put_devices(nlh, rs->devices);
		mnl_attr_nest_end(nlh, hook);
		mnl_attr_put_u32(nlh, NFTA_CHAIN_POLICY, htonl(NF_ACCEPT));
		mnl_attr_put_strz(nlh, NFTA_CHAIN_TYPE, base->type);
	}
	batch_close(b, nlh);
}

void netlink_chain_delete(struct batch *b, enum family family, const char *name)
{
	put_named(b, NFT_MSG_DELCHAIN, family, BATCH_CHAIN, NFTA_CHAIN_TABLE,
		  NFTA_CHAIN_NAME, name);
}

void netlink_rules_flush(struct batch *b, enum family family)
{
	put_named(b, NFT_MSG_DELRULE, family, BATCH_RULE, NFTA_RULE_TABLE, 0,
		  NULL);
}

void netlink_rule_delete(struct batch *b, enum family family, const char *chain,
			 uint64_t handle)
{
	struct nlmsghdr *nlh = open_named(
		b, NFT_MSG_DELRULE, family, 0,
		(struct batch_note){ .object = BATCH_RULE, .name = chain });

	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, TABLE_NAME);
	mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, chain);
	if (handle)
		mnl_attr_put_u64(nlh, NFTA_RULE_HANDLE, htobe64(handle));
	batch_close(b, nlh);
}

static void put_rule_message(struct batch *b, const struct ruleset *rs,
			     const struct chain *chain, const struct rule *rule,
			     uint16_t where)
{
	struct batch_note note = { BATCH_RULE, chain->name, rule->origin };
	struct nftnl_rule *object = rule_object(rs, chain, rule);
	struct nlmsghdr *nlh = open_named(b, NFT_MSG_NEWRULE, rs->family,
					  NLM_F_CREATE | where, note);

	if (object) {
		nftnl_rule_nlmsg_build_payload(nlh, object);
		nftnl_rule_free(object);
	} else {
		batch_fail(b);
	}
	batch_close(b, nlh);
}

void netlink_rules(struct batch *b, const struct ruleset *rs,
		   const struct chain *chain)
{
	for (size_t i = 0; i < chain->rules.n; i++)
		put_rule_message(b, rs, chain, &chain->rules.items[i],
				 NLM_F_APPEND);
}

void netlink_rule_insert(struct batch *b, const struct ruleset *rs,
			 const char *chain, const struct rule *rule)
{
	const struct chain there = { .name = chain };

	put_rule_message(b, rs, &there, rule, 0);
}
