/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules to messages. Expressions, registers, user data and the tests that nft
 * adds on its own (is this IPv4? is this TCP?) are the same as nft 1.0.6
 * makes of our text, so that what nft lists can be loaded by nft again.
 */
#include "batch.h"
#include "emit.h"
#include "arena.h"
#include "change.h"

#include <arpa/inet.h>
#include <endian.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/object.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

uint8_t family_number(enum family family)
{
	switch (family) {
	case FAMILY_INET:
		return NFPROTO_INET;
	case FAMILY_BRIDGE:
		return NFPROTO_BRIDGE;
	case FAMILY_NETDEV:
		return NFPROTO_NETDEV;
	}
	return 0;
}

/* ---- what base hooks are ---- */

const struct base_hook_info *base_hook_info(enum base_hook hook)
{
	static const struct base_hook_info info[] = {
		[BASE_FORWARD] = { "filter", "forward", "filter", 0,
				   NF_INET_FORWARD },
		[BASE_INPUT] = { "filter", "input", "filter", 0,
				 NF_INET_LOCAL_IN },
		[BASE_OUTPUT] = { "filter", "output", "filter", 0,
				  NF_INET_LOCAL_OUT },
		/* in the bridge family the name filter stands for -200 */
		[BASE_PREROUTING] = { "filter", "prerouting", "filter", -200,
				      NF_INET_PRE_ROUTING },
		[BASE_INGRESS] = { "filter", "ingress", "filter", 0,
				   NF_NETDEV_INGRESS },
		[BASE_EGRESS] = { "filter", "egress", "filter", 0,
				  NF_NETDEV_EGRESS },
		[BASE_NAT_PREROUTING] = { "nat", "prerouting", "dstnat", -100,
					  NF_INET_PRE_ROUTING },
		[BASE_NAT_OUTPUT] = { "nat", "output", "-100", -100,
				      NF_INET_LOCAL_OUT },
	};

	return hook == BASE_NONE ? NULL : &info[hook];
}

/* ---- expressions ---- */

/* What the rule has already asked of a packet. */
struct builder {
	const struct ruleset *rs;
	struct nftnl_rule *rule;
	int l3; /* 4 or 6 once known */
	bool l4;
	bool failed;
};

static struct nftnl_expr *expr_new(struct builder *b, const char *name)
{
	struct nftnl_expr *e = nftnl_expr_alloc(name);

	if (e)
		nftnl_rule_add_expr(b->rule, e);
	else
		b->failed = true;
	return e;
}

static void put_meta(struct builder *b, uint32_t key)
{
	struct nftnl_expr *e = expr_new(b, "meta");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(e, NFTNL_EXPR_META_DREG, NFT_REG_1);
}

static void put_payload(struct builder *b, uint32_t base, uint32_t offset,
			uint32_t len)
{
	struct nftnl_expr *e = expr_new(b, "payload");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_LEN, len);
}

static void put_cmp(struct builder *b, uint32_t op, const void *data,
		    uint32_t len)
{
	struct nftnl_expr *e = expr_new(b, "cmp");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_OP, op);
	nftnl_expr_set(e, NFTNL_EXPR_CMP_DATA, data, len);
}

static void put_mask(struct builder *b, const void *mask, uint32_t len)
{
	static const uint8_t zero[16];
	struct nftnl_expr *e = expr_new(b, "bitwise");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_LEN, len);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_OP, NFT_BITWISE_BOOL);
	nftnl_expr_set(e, NFTNL_EXPR_BITWISE_MASK, mask, len);
	nftnl_expr_set(e, NFTNL_EXPR_BITWISE_XOR, zero, len);
}

static struct nftnl_expr *put_lookup(struct builder *b, const char *set)
{
	struct nftnl_expr *e = expr_new(b, "lookup");

	if (!e)
		return NULL;
	nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_str(e, NFTNL_EXPR_LOOKUP_SET, set);
	return e;
}

static void put_verdict(struct builder *b, int verdict, const char *chain)
{
	struct nftnl_expr *e = expr_new(b, "immediate");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_VERDICT, (uint32_t)verdict);
	if (chain)
		nftnl_expr_set_str(e, NFTNL_EXPR_IMM_CHAIN, chain);
}

/* ---- what has to be known before a header is read ---- */

static void need_l4(struct builder *b)
{
	uint8_t tcp = IPPROTO_TCP;

	if (b->l4)
		return;
	b->l4 = true;
	put_meta(b, NFT_META_L4PROTO);
	put_cmp(b, NFT_CMP_EQ, &tcp, sizeof(tcp));
}

static void put_nfproto(struct builder *b, int family)
{
	uint8_t nfproto = family == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6;

	put_meta(b, NFT_META_NFPROTO);
	put_cmp(b, NFT_CMP_EQ, &nfproto, sizeof(nfproto));
}

static void need_l3(struct builder *b, int family)
{
	uint16_t protocol = htons(family == 4 ? 0x0800 : 0x86dd);

	if (b->l3 == family)
		return;
	b->l3 = family;
	if (b->rs->family == FAMILY_INET) {
		put_nfproto(b, family);
		return;
	}
	put_meta(b, NFT_META_PROTOCOL);
	put_cmp(b, NFT_CMP_EQ, &protocol, sizeof(protocol));
}

/* Offsets of RFC 791 and RFC 8200. */
static void put_address(struct builder *b, int family, bool source)
{
	need_l3(b, family);
	if (family == 4)
		put_payload(b, NFT_PAYLOAD_NETWORK_HEADER, source ? 12 : 16, 4);
	else
		put_payload(b, NFT_PAYLOAD_NETWORK_HEADER, source ? 8 : 24, 16);
}

/* ---- statements ---- */

static void put_set_match(struct builder *b, const struct set *set, bool source)
{
	put_address(b, set->key == KEY_IPV4 ? 4 : 6, source);
	put_lookup(b, set->name);
}

static void put_name_match(struct builder *b, const struct set *set,
			   uint32_t key)
{
	put_meta(b, key);
	put_lookup(b, set->name);
}

/* SYN without ACK, RST and FIN: RFC 9293 section 3.1, byte 13. */
static void put_syn(struct builder *b, uint32_t op)
{
	uint8_t mask = 0x17, syn = 0x02;

	need_l4(b);
	put_payload(b, NFT_PAYLOAD_TRANSPORT_HEADER, 13, 1);
	put_mask(b, &mask, 1);
	put_cmp(b, op, &syn, 1);
}

static void put_rst(struct builder *b)
{
	uint8_t rst = 0x04, zero = 0;

	need_l4(b);
	put_payload(b, NFT_PAYLOAD_TRANSPORT_HEADER, 13, 1);
	put_mask(b, &rst, 1);
	put_cmp(b, NFT_CMP_NEQ, &zero, 1);
}

static void put_local(struct builder *b)
{
	uint32_t local = RTN_LOCAL;
	struct nftnl_expr *e = expr_new(b, "fib");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_FIB_DREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	nftnl_expr_set_u32(e, NFTNL_EXPR_FIB_FLAGS, NFTA_FIB_F_DADDR);
	put_cmp(b, NFT_CMP_EQ, &local, sizeof(local));
}

static void put_address_is(struct builder *b, const struct stmt *s, bool source)
{
	uint32_t v4 = htonl(s->target.v4);

	put_address(b, s->target.family, source);
	if (s->target.family == 4)
		put_cmp(b, NFT_CMP_EQ, &v4, sizeof(v4));
	else
		put_cmp(b, NFT_CMP_EQ, s->target.v6.byte, 16);
}

static void put_owner(struct builder *b, uint32_t id, uint32_t key)
{
	put_meta(b, key);
	put_cmp(b, NFT_CMP_EQ, &id, sizeof(id));
}

static void put_dnated(struct builder *b, const struct stmt *s, bool source)
{
	uint32_t mask = IPS_DST_NAT, zero = 0;
	struct nftnl_expr *e = expr_new(b, "ct");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_CT_KEY, NFT_CT_STATUS);
	nftnl_expr_set_u32(e, NFTNL_EXPR_CT_DREG, NFT_REG_1);
	put_mask(b, &mask, sizeof(mask));
	put_cmp(b, NFT_CMP_NEQ, &zero, sizeof(zero));
	put_address_is(b, s, source);
}

static void put_ports(struct builder *b, const struct set *map, uint32_t offset)
{
	struct nftnl_expr *e;

	need_l4(b);
	put_payload(b, NFT_PAYLOAD_TRANSPORT_HEADER, offset, 2);
	e = put_lookup(b, map->name);
	if (e)
		nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_DREG, NFT_REG_VERDICT);
}

static struct nftnl_expr *limit_expr(const struct rate *rate, bool over)
{
	struct nftnl_expr *e = nftnl_expr_alloc("limit");

	if (!e)
		return NULL;
	nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_RATE, rate->count);
	nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_UNIT, rate->unit_s);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_BURST, rate->burst);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_FLAGS,
			   over ? NFT_LIMIT_F_INV : 0);
	return e;
}

/* A source is an IPv4 address or an IPv6 /64: a host has all of that. */
static void put_meter(struct builder *b, const struct stmt *s, bool over)
{
	static const uint8_t mask64[16] = { 255, 255, 255, 255,
					    255, 255, 255, 255 };
	const struct set *set = s->meter.set;
	struct nftnl_expr *e, *limit = limit_expr(&s->meter.rate, over);

	put_address(b, set->key == KEY_IPV4 ? 4 : 6, true);
	if (set->key == KEY_IPV6)
		put_mask(b, mask64, sizeof(mask64));
	e = expr_new(b, "dynset");
	if (!e || !limit) {
		if (limit)
			nftnl_expr_free(limit);
		b->failed = true;
		return;
	}
	nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_SREG_KEY, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_UPDATE);
	nftnl_expr_set_str(e, NFTNL_EXPR_DYNSET_SET_NAME, set->name);
	nftnl_expr_add_expr(e, 0, limit);
}

static void put_counter(struct builder *b, const struct counter *counter)
{
	struct nftnl_expr *e = expr_new(b, "objref");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
	nftnl_expr_set_str(e, NFTNL_EXPR_OBJREF_IMM_NAME, counter->name);
}

static void put_log(struct builder *b, const struct stmt *s)
{
	struct nftnl_expr *e = expr_new(b, "log");

	if (!e)
		return;
	nftnl_expr_set_str(e, NFTNL_EXPR_LOG_PREFIX, s->log.prefix);
	nftnl_expr_set_u16(e, NFTNL_EXPR_LOG_GROUP, s->log.group);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LOG_SNAPLEN, s->log.snaplen);
	nftnl_expr_set_u16(e, NFTNL_EXPR_LOG_QTHRESHOLD,
			   (uint16_t)s->log.threshold);
}

static void put_reject(struct builder *b, uint32_t type, uint8_t code)
{
	struct nftnl_expr *e = expr_new(b, "reject");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_REJECT_TYPE, type);
	nftnl_expr_set_u8(e, NFTNL_EXPR_REJECT_CODE, code);
}

static void put_dnat(struct builder *b, const struct stmt *s)
{
	uint32_t v4 = htonl(s->target.v4);
	struct nftnl_expr *imm = expr_new(b, "immediate");
	struct nftnl_expr *nat = expr_new(b, "nat");

	if (!imm || !nat)
		return;
	nftnl_expr_set_u32(imm, NFTNL_EXPR_IMM_DREG, NFT_REG_1);
	if (s->target.family == 4)
		nftnl_expr_set(imm, NFTNL_EXPR_IMM_DATA, &v4, sizeof(v4));
	else
		nftnl_expr_set(imm, NFTNL_EXPR_IMM_DATA, s->target.v6.byte, 16);
	nftnl_expr_set_u32(nat, NFTNL_EXPR_NAT_TYPE, NFT_NAT_DNAT);
	nftnl_expr_set_u32(nat, NFTNL_EXPR_NAT_FAMILY,
			   s->target.family == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
	nftnl_expr_set_u32(nat, NFTNL_EXPR_NAT_REG_ADDR_MIN, NFT_REG_1);
}

static void put_stmt(struct builder *b, const struct stmt *s)
{
	switch (s->kind) {
	case STMT_TCP:
		need_l4(b);
		break;
	case STMT_SYN:
		put_syn(b, NFT_CMP_EQ);
		break;
	case STMT_NOT_SYN:
		put_syn(b, NFT_CMP_NEQ);
		break;
	case STMT_RST:
		put_rst(b);
		break;
	case STMT_LOCAL:
		put_local(b);
		break;
	case STMT_SADDR_IS:
		put_address_is(b, s, true);
		break;
	case STMT_DADDR_IS:
		put_address_is(b, s, false);
		break;
	case STMT_NFPROTO:
		put_nfproto(b, s->target.family);
		break;
	case STMT_SADDR:
		put_set_match(b, s->set, true);
		break;
	case STMT_DADDR:
		put_set_match(b, s->set, false);
		break;
	case STMT_IIFNAME:
		put_name_match(b, s->set, NFT_META_IIFNAME);
		break;
	case STMT_OIFNAME:
		put_name_match(b, s->set, NFT_META_OIFNAME);
		break;
	case STMT_SKUID:
		put_owner(b, s->id, NFT_META_SKUID);
		break;
	case STMT_SKGID:
		put_owner(b, s->id, NFT_META_SKGID);
		break;
	case STMT_DNAT_TO:
		put_dnated(b, s, false);
		break;
	case STMT_DNAT_FROM:
		put_dnated(b, s, true);
		break;
	case STMT_DPORT:
		put_ports(b, s->set, 2);
		break;
	case STMT_SPORT:
		put_ports(b, s->set, 0);
		break;
	case STMT_METER:
		put_meter(b, s, false);
		break;
	case STMT_METER_OVER:
		put_meter(b, s, true);
		break;
	case STMT_COUNTER:
		put_counter(b, s->counter);
		break;
	case STMT_LOG:
		put_log(b, s);
		break;
	case STMT_ACCEPT:
		put_verdict(b, NF_ACCEPT, NULL);
		break;
	case STMT_DROP:
		put_verdict(b, NF_DROP, NULL);
		break;
	case STMT_RESET:
		put_reject(b, NFT_REJECT_TCP_RST, 0);
		break;
	case STMT_REJECT:
		put_reject(b, NFT_REJECT_ICMPX_UNREACH,
			   NFT_REJECT_ICMPX_ADMIN_PROHIBITED);
		break;
	case STMT_JUMP:
		put_verdict(b, NFT_JUMP, s->chain);
		break;
	case STMT_GOTO:
		put_verdict(b, NFT_GOTO, s->chain);
		break;
	case STMT_DNAT:
		put_dnat(b, s);
		break;
	}
}

static void put_comment(struct builder *b, const char *comment)
{
	struct nftnl_udata_buf *ud = nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN);

	if (!ud || !nftnl_udata_put_strz(ud, NFTNL_UDATA_RULE_COMMENT, comment))
		b->failed = true;
	else
		nftnl_rule_set_data(b->rule, NFTNL_RULE_USERDATA,
				    nftnl_udata_buf_data(ud),
				    nftnl_udata_buf_len(ud));
	if (ud)
		nftnl_udata_buf_free(ud);
}

struct nftnl_rule *rule_object(const struct ruleset *rs,
			       const struct chain *chain,
			       const struct rule *rule)
{
	struct builder b = { .rs = rs };

	b.rule = nftnl_rule_alloc();
	if (!b.rule)
		return NULL;
	nftnl_rule_set_u32(b.rule, NFTNL_RULE_FAMILY,
			   family_number(rs->family));
	nftnl_rule_set_str(b.rule, NFTNL_RULE_TABLE, TABLE_NAME);
	nftnl_rule_set_str(b.rule, NFTNL_RULE_CHAIN, chain->name);
	for (unsigned int i = 0; i < rule->n; i++)
		put_stmt(&b, &rule->stmts[i]);
	if (rule->comment)
		put_comment(&b, rule->comment);
	if (b.failed) {
		nftnl_rule_free(b.rule);
		return NULL;
	}
	return b.rule;
}

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

void netlink_table(struct batch *b, const struct ruleset *rs)
{
	struct nlmsghdr *nlh =
		open_named(b, NFT_MSG_NEWTABLE, rs->family, NLM_F_CREATE,
			   (struct batch_note){ .object = BATCH_TABLE,
						.name = TABLE_NAME });

	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, TABLE_NAME);
	mnl_attr_put_u32(nlh, NFTA_TABLE_FLAGS, 0);
	put_string_udata(nlh, NFTA_TABLE_USERDATA, NFTNL_UDATA_TABLE_COMMENT,
			 TABLE_COMMENT);
	batch_close(b, nlh);
}

void netlink_table_delete(struct batch *b, enum family family)
{
	put_named(b, NFT_MSG_DELTABLE, family, BATCH_TABLE, NFTA_TABLE_NAME, 0,
		  NULL);
}

void netlink_counter(struct batch *b, const struct ruleset *rs,
		     const struct counter *counter)
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
	mnl_attr_put_u64(nlh, NFTA_COUNTER_BYTES, 0);
	mnl_attr_put_u64(nlh, NFTA_COUNTER_PACKETS, 0);
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
	NFT_TYPE_SERVICE = 13,
	NFT_TYPE_IFNAME = 41
};
enum { NFT_BYTEORDER_HOST = 1, NFT_BYTEORDER_BIG = 2 };

struct key_info {
	const char *name;
	uint32_t type, len, byteorder;
};

static const struct key_info key_infos[] = {
	[KEY_IPV4] = { "ipv4_addr", NFT_TYPE_IPV4, 4, NFT_BYTEORDER_BIG },
	[KEY_IPV6] = { "ipv6_addr", NFT_TYPE_IPV6, 16, NFT_BYTEORDER_BIG },
	[KEY_SERVICE] = { "inet_service", NFT_TYPE_SERVICE, 2,
			  NFT_BYTEORDER_BIG },
	[KEY_IFNAME] = { "ifname", NFT_TYPE_IFNAME, 16, NFT_BYTEORDER_HOST },
};

const char *set_key_name(enum set_key key)
{
	return key_infos[key].name;
}

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
	struct nftnl_set_elem *elem; /* one, written over and over */
	struct nlmsghdr *nlh;
	struct nlattr *list;
	int n; /* in this message */
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
	if (w->to->timeout_ms && !flags)
		nftnl_set_elem_set_u64(w->elem, NFTNL_SET_ELEM_TIMEOUT,
				       w->to->timeout_ms);
	else
		nftnl_set_elem_unset(w->elem, NFTNL_SET_ELEM_TIMEOUT);
	nftnl_set_elem_nlmsg_build(w->nlh, w->elem, ++w->n);
}

void netlink_ranges4(struct batch *b, const struct elements *e,
		     const struct ranges4 *ranges)
{
	struct element_writer w = { .batch = b, .to = e };

	w.elem = nftnl_set_elem_alloc();
	if (!w.elem) {
		batch_fail(b);
		return;
	}
	for (size_t i = 0; i < ranges->n; i++) {
		const struct range4 *r = &ranges->items[i];
		uint32_t first = htonl(r->first), end = htonl(r->last + 1);

		writer_put(&w, &first, sizeof(first), 0);
		if (e->interval && r->last != UINT32_MAX)
			writer_put(&w, &end, sizeof(end),
				   NFT_SET_ELEM_INTERVAL_END);
	}
	writer_close(&w);
	nftnl_set_elem_free(w.elem);
}

void netlink_ranges6(struct batch *b, const struct elements *e,
		     const struct ranges6 *ranges)
{
	struct element_writer w = { .batch = b, .to = e };

	w.elem = nftnl_set_elem_alloc();
	if (!w.elem) {
		batch_fail(b);
		return;
	}
	for (size_t i = 0; i < ranges->n; i++) {
		const struct range6 *r = &ranges->items[i];
		struct addr6 end = r->last;

		writer_put(&w, r->first.byte, 16, 0);
		if (e->interval && addr6_next(&end))
			writer_put(&w, end.byte, 16, NFT_SET_ELEM_INTERVAL_END);
	}
	writer_close(&w);
	nftnl_set_elem_free(w.elem);
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

void netlink_rules(struct batch *b, const struct ruleset *rs,
		   const struct chain *chain)
{
	for (size_t i = 0; i < chain->rules.n; i++) {
		const struct rule *rule = &chain->rules.items[i];
		struct batch_note note = { BATCH_RULE, chain->name,
					   rule->origin };
		struct nftnl_rule *object;
		struct nlmsghdr *nlh;

		object = rule_object(rs, chain, rule);
		nlh = open_named(b, NFT_MSG_NEWRULE, rs->family,
				 NLM_F_CREATE | NLM_F_APPEND, note);
		if (object) {
			nftnl_rule_nlmsg_build_payload(nlh, object);
			nftnl_rule_free(object);
		} else {
			batch_fail(b);
		}
		batch_close(b, nlh);
	}
}
