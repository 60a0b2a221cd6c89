/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table that marks the packets to be traced. */
#include "nftrace.h"
#include "../kernel/transaction.h"

#include <arpa/inet.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define TRACE_PRIORITY	 (-1000) /* before all that has a name */
#define TRACE_PER_SECOND 20	 /* packets of one port */
#define TCP_PORT_OFFSET	 2
#define TCP_FLAGS_OFFSET 13
#define TCP_FLAGS_OPEN	 0x02 /* syn */
#define TCP_FLAGS_MASK	 0x12 /* syn, ack */

/* A rule that is being made; failed: there was no memory. */
struct nftrace_rule {
	struct nftnl_rule *rule;
	bool failed;
};

/* ---- expressions ---- */

static struct nftnl_expr *mark_expr(struct nftrace_rule *r, const char *name)
{
	struct nftnl_expr *e = r->rule ? nftnl_expr_alloc(name) : NULL;

	if (e)
		nftnl_rule_add_expr(r->rule, e);
	else
		r->failed = true;
	return e;
}

static void mark_compare(struct nftrace_rule *r, const void *data, uint32_t len)
{
	struct nftnl_expr *e = mark_expr(r, "cmp");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_OP, NFT_CMP_EQ);
	nftnl_expr_set(e, NFTNL_EXPR_CMP_DATA, data, len);
}

static void mark_meta_is(struct nftrace_rule *r, uint32_t key, const void *data,
			 uint32_t len)
{
	struct nftnl_expr *e = mark_expr(r, "meta");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(e, NFTNL_EXPR_META_DREG, NFT_REG_1);
	mark_compare(r, data, len);
}

static void mark_load(struct nftrace_rule *r, uint32_t base, uint32_t offset,
		      uint32_t len)
{
	struct nftnl_expr *e = mark_expr(r, "payload");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_LEN, len);
}

static void mark_opens(struct nftrace_rule *r)
{
	static const uint8_t mask = TCP_FLAGS_MASK, zero = 0,
			     open = TCP_FLAGS_OPEN;
	struct nftnl_expr *e;

	mark_load(r, NFT_PAYLOAD_TRANSPORT_HEADER, TCP_FLAGS_OFFSET, 1);
	e = mark_expr(r, "bitwise");
	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_LEN, 1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_OP, NFT_BITWISE_BOOL);
	nftnl_expr_set(e, NFTNL_EXPR_BITWISE_MASK, &mask, 1);
	nftnl_expr_set(e, NFTNL_EXPR_BITWISE_XOR, &zero, 1);
	mark_compare(r, &open, 1);
}

static void mark_limit(struct nftrace_rule *r)
{
	struct nftnl_expr *e = mark_expr(r, "limit");

	if (!e)
		return;
	nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_RATE, TRACE_PER_SECOND);
	nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_UNIT, 1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_BURST, TRACE_PER_SECOND);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
}

static void mark_trace(struct nftrace_rule *r)
{
	static const uint8_t one = 1;
	struct nftnl_expr *e = mark_expr(r, "immediate");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_1);
	nftnl_expr_set(e, NFTNL_EXPR_IMM_DATA, &one, sizeof(one));
	e = mark_expr(r, "meta");
	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_META_KEY, NFT_META_NFTRACE);
	nftnl_expr_set_u32(e, NFTNL_EXPR_META_SREG, NFT_REG_1);
}

/* ---- the rule of a port ---- */

static void mark_addresses(struct nftrace_rule *r,
			   const struct nftrace_query *w)
{
	bool v4 = w->family == 4;
	uint32_t len = v4 ? 4 : 16, offset = v4 ? 12 : 8;
	uint16_t protocol = htons(v4 ? ETH_P_IP : ETH_P_IPV6);

	mark_meta_is(r, NFT_META_PROTOCOL, &protocol, sizeof(protocol));
	mark_load(r, NFT_PAYLOAD_NETWORK_HEADER, offset, len);
	mark_compare(r, w->source, len);
	if (!w->destination)
		return;
	mark_load(r, NFT_PAYLOAD_NETWORK_HEADER, offset + len, len);
	mark_compare(r, w->destination, len);
}

static void mark_all(struct nftrace_rule *r, const struct nftrace_query *w,
		     uint16_t port)
{
	uint16_t wanted = htons(port);
	uint8_t tcp = IPPROTO_TCP;

	mark_addresses(r, w);
	mark_meta_is(r, NFT_META_L4PROTO, &tcp, sizeof(tcp));
	mark_load(r, NFT_PAYLOAD_TRANSPORT_HEADER, TCP_PORT_OFFSET, 2);
	mark_compare(r, &wanted, sizeof(wanted));
	mark_opens(r);
	mark_limit(r);
	mark_trace(r);
}

static void table_add_rule(const struct nftrace *t, struct batch *b,
			   const struct nftrace_query *w, const char *chain,
			   uint16_t port)
{
	struct nftrace_rule r = { .rule = nftnl_rule_alloc() };
	struct nlmsghdr *nlh;

	if (r.rule)
		mark_all(&r, w, port);
	if (!r.rule || r.failed ||
	    nftnl_rule_set_str(r.rule, NFTNL_RULE_TABLE, t->table) < 0 ||
	    nftnl_rule_set_str(r.rule, NFTNL_RULE_CHAIN, chain) < 0) {
		batch_fail(b);
	} else {
		nlh = batch_open(b, NFT_MSG_NEWRULE, t->table_family,
				 NLM_F_CREATE | NLM_F_APPEND,
				 (struct batch_note){ .object = BATCH_RULE,
						      .name = t->table });
		nftnl_rule_nlmsg_build_payload(nlh, r.rule);
		batch_close(b, nlh);
	}
	if (r.rule)
		nftnl_rule_free(r.rule);
}

/* ---- chains ---- */

static void table_add_chain(const struct nftrace *t, struct batch *b,
			    const struct nftrace_query *w, const char *chain,
			    uint32_t hook, const char *device)
{
	struct nlmsghdr *nlh = batch_open(
		b, NFT_MSG_NEWCHAIN, t->table_family, NLM_F_CREATE,
		(struct batch_note){ .object = BATCH_CHAIN, .name = t->table });
	struct nlattr *nest;

	mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, t->table);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, chain);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_TYPE, "filter");
	nest = mnl_attr_nest_start(nlh, NFTA_CHAIN_HOOK);
	mnl_attr_put_u32(nlh, NFTA_HOOK_HOOKNUM, htonl(hook));
	mnl_attr_put_u32(nlh, NFTA_HOOK_PRIORITY,
			 htonl((uint32_t)TRACE_PRIORITY));
	if (device)
		mnl_attr_put_strz(nlh, NFTA_HOOK_DEV, device);
	mnl_attr_nest_end(nlh, nest);
	batch_close(b, nlh);
	for (size_t i = 0; i < w->ports->n; i++)
		table_add_rule(t, b, w, chain, w->ports->items[i]);
}

static void table_add_ingress(const struct nftrace *t, struct batch *b,
			      const struct nftrace_query *w)
{
	for (size_t i = 0; i < w->devices->n; i++) {
		char chain[32];

		if (!if_nametoindex(w->devices->items[i].text))
			continue;
		snprintf(chain, sizeof(chain), "in%zu", i);
		table_add_chain(t, b, w, chain, NF_NETDEV_INGRESS,
				w->devices->items[i].text);
	}
}

static void table_add_chains(const struct nftrace *t, struct batch *b,
			     const struct nftrace_query *w)
{
	switch (w->hook) {
	case HOOK_FORWARD:
	case HOOK_OUTPUT:
		table_add_chain(t, b, w, "in", NF_INET_PRE_ROUTING, NULL);
		table_add_chain(t, b, w, "own", NF_INET_LOCAL_OUT, NULL);
		break;
	case HOOK_BRIDGE: /* NF_BR_PRE_ROUTING is the same number */
		table_add_chain(t, b, w, "in", NF_INET_PRE_ROUTING, NULL);
		break;
	case HOOK_INGRESS:
		table_add_ingress(t, b, w);
		break;
	}
}

/* Is there a device to mark packets on, where the hook asks for one? */
static bool table_has_device(const struct nftrace_query *q)
{
	if (q->hook != HOOK_INGRESS)
		return true;
	for (size_t i = 0; i < q->devices->n; i++)
		if (if_nametoindex(q->devices->items[i].text))
			return true;
	return false;
}

static uint8_t table_family_of(enum hook hook)
{
	switch (hook) {
	case HOOK_FORWARD:
	case HOOK_OUTPUT:
		return NFPROTO_INET;
	case HOOK_BRIDGE:
		return NFPROTO_BRIDGE;
	case HOOK_INGRESS:
		break;
	}
	return NFPROTO_NETDEV;
}

int nftrace_table_add(struct nftrace *t, const struct nftrace_query *query)
{
	struct kernel_errors errors;
	struct batch *b;
	struct nlmsghdr *nlh;
	int error;

	if (!table_has_device(query))
		return -ENODEV;
	b = batch_new(0);
	if (!b)
		return -ENOMEM;
	t->table_family = table_family_of(query->hook);
	snprintf(t->table, sizeof(t->table), NFTRACE_TABLE "%u", t->owner.port);
	nlh = batch_open(
		b, NFT_MSG_NEWTABLE, t->table_family, NLM_F_CREATE | NLM_F_EXCL,
		(struct batch_note){ .object = BATCH_TABLE, .name = t->table });
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, t->table);
	mnl_attr_put_u32(nlh, NFTA_TABLE_FLAGS, htonl(NFT_TABLE_F_OWNER));
	batch_close(b, nlh);
	table_add_chains(t, b, query);
	batch_finish(b);
	error = batch_error(b);
	if (!error)
		error = transaction_commit(&t->owner, b, &errors);
	batch_free(b);
	return error;
}
