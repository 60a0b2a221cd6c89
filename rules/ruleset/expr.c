/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules to expressions of the kernel's virtual machine. Expressions, registers,
 * user data and the tests that nft adds on its own (is this IPv4? is this TCP?)
 * are the same as nft 1.0.6 makes of our text, so that what nft lists can be
 * loaded by nft again.
 */
#include "expr.h"

#include <arpa/inet.h>
#include <endian.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netinet/ip.h>

/* ---- expressions ---- */

/* A rule under construction, and the tests it has made so far. */
struct builder {
	const struct ruleset *rs;
	struct nftnl_rule *rule;
	struct inside inside;
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

/* Sets a string, which libnftnl copies if it has memory. */
static void expr_set_name(struct builder *b, struct nftnl_expr *e,
			  uint16_t attr, const char *name)
{
	if (nftnl_expr_set_str(e, attr, name) < 0)
		b->failed = true;
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
	expr_set_name(b, e, NFTNL_EXPR_LOOKUP_SET, set);
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
		expr_set_name(b, e, NFTNL_EXPR_IMM_CHAIN, chain);
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

static void need_l3(struct builder *b, int family)
{
	uint16_t protocol = htons(family == 4 ? 0x0800 : 0x86dd);
	uint8_t nfproto = family == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6;

	if (b->l3 == family)
		return;
	b->l3 = family;
	if (b->rs->family == FAMILY_INET) {
		put_meta(b, NFT_META_NFPROTO);
		put_cmp(b, NFT_CMP_EQ, &nfproto, sizeof(nfproto));
		return;
	}
	put_meta(b, NFT_META_PROTOCOL);
	put_cmp(b, NFT_CMP_EQ, &protocol, sizeof(protocol));
}

/* Offsets of RFC 791 and RFC 8200. */
static void put_address(struct builder *b, int family, bool source)
{
	uint32_t at = b->inside.offset;

	need_l3(b, family);
	if (family == 4)
		put_payload(b, NFT_PAYLOAD_NETWORK_HEADER,
			    at + (source ? 12 : 16), 4);
	else
		put_payload(b, NFT_PAYLOAD_NETWORK_HEADER,
			    at + (source ? 8 : 24), 16);
}

/*
 * Loads from TCP's header. The kernel finds none where it found no IP: there
 * the chain has seen to it that an IP header of fixed length stands in front.
 */
static void put_transport(struct builder *b, uint32_t offset, uint32_t len)
{
	uint32_t header = b->inside.family == 4 ? 20 : 40;

	need_l4(b);
	if (b->inside.family)
		put_payload(b, NFT_PAYLOAD_NETWORK_HEADER,
			    b->inside.offset + header + offset, len);
	else
		put_payload(b, NFT_PAYLOAD_TRANSPORT_HEADER, offset, len);
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

/*
 * SYN without ACK: RFC 9293 section 3.1, byte 13. A server opens a connection
 * whatever other flags there are.
 */
static void put_syn(struct builder *b, uint32_t op)
{
	uint8_t mask = 0x12, syn = 0x02;

	put_transport(b, 13, 1);
	put_mask(b, &mask, 1);
	put_cmp(b, op, &syn, 1);
}

static void put_rst(struct builder *b)
{
	uint8_t rst = 0x04, zero = 0;

	put_transport(b, 13, 1);
	put_mask(b, &rst, 1);
	put_cmp(b, NFT_CMP_NEQ, &zero, 1);
}

static void put_exthdr(struct builder *b, uint32_t op, uint8_t type,
		       uint32_t offset, uint32_t len, uint32_t flags)
{
	struct nftnl_expr *e = expr_new(b, "exthdr");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_DREG, NFT_REG_1);
	nftnl_expr_set_u8(e, NFTNL_EXPR_EXTHDR_TYPE, type);
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_OFFSET, offset);
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_LEN, len);
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_OP, op);
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_FLAGS, flags);
}

/* Flags and offset of RFC 791 section 3.1: 16 bits from byte 6 on. */
static void put_fragment4(struct builder *b, uint16_t mask, uint16_t value)
{
	uint16_t bits = htons(mask), wanted = htons(value);

	need_l3(b, 4);
	put_payload(b, NFT_PAYLOAD_NETWORK_HEADER, 6, 2);
	put_mask(b, &bits, sizeof(bits));
	put_cmp(b, NFT_CMP_EQ, &wanted, sizeof(wanted));
}

/* Offset of RFC 8200 section 4.5: 13 bits from byte 2 on, in 8 bytes. */
static void put_fragment6(struct builder *b, uint32_t op, uint16_t offset)
{
	static const uint8_t mask[2] = { 0xff, 0xf8 };
	uint16_t wanted = htons((uint16_t)(offset << 3));

	need_l3(b, 6);
	put_exthdr(b, NFT_EXTHDR_OP_IPV6, IPPROTO_FRAGMENT, 2, 2, 0);
	put_mask(b, mask, sizeof(mask));
	put_cmp(b, op, &wanted, sizeof(wanted));
}

/* Any flags: the rule breaks where their byte is not there. */
static void put_has_flags(struct builder *b)
{
	put_transport(b, 13, 1);
	put_cmp(b, NFT_CMP_GTE, &(uint8_t){ 0 }, 1);
}

static void put_not_tcp(struct builder *b)
{
	uint8_t tcp = IPPROTO_TCP;

	put_meta(b, NFT_META_L4PROTO);
	put_cmp(b, NFT_CMP_NEQ, &tcp, sizeof(tcp));
}

/* Header of more than five words: RFC 791 section 3.1, byte 0. */
static void put_options4(struct builder *b)
{
	uint8_t mask = 0x0f, bare = 5;

	need_l3(b, 4);
	put_payload(b, NFT_PAYLOAD_NETWORK_HEADER, 0, 1);
	put_mask(b, &mask, 1);
	put_cmp(b, NFT_CMP_NEQ, &bare, 1);
}

static void put_option4(struct builder *b, uint8_t option)
{
	uint8_t present = 1;

	need_l3(b, 4);
	put_exthdr(b, NFT_EXTHDR_OP_IPV4, option, 0, 1, NFT_EXTHDR_F_PRESENT);
	put_cmp(b, NFT_CMP_EQ, &present, 1);
}

/* Segments left: RFC 8200 section 4.4, byte 3. */
static void put_routed6(struct builder *b)
{
	uint8_t none = 0;

	need_l3(b, 6);
	put_exthdr(b, NFT_EXTHDR_OP_IPV6, IPPROTO_ROUTING, 3, 1, 0);
	put_cmp(b, NFT_CMP_NEQ, &none, 1);
}

static void put_protocol(struct builder *b, uint16_t protocol, uint32_t op)
{
	uint16_t value = htons(protocol);

	put_meta(b, NFT_META_PROTOCOL);
	put_cmp(b, op, &value, sizeof(value));
}

static void put_bytes(struct builder *b, const struct bytes_match *m)
{
	static const uint32_t ops[] = {
		[BYTES_ARE] = NFT_CMP_EQ,
		[BYTES_ARE_NOT] = NFT_CMP_NEQ,
		[BYTES_ARE_AT_LEAST] = NFT_CMP_GTE,
	};
	uint64_t value = htobe64(m->value << (64 - 8 * m->len));
	uint64_t mask = htobe64((uint64_t)m->mask << (64 - 8 * m->len));

	put_payload(
		b, m->link ? NFT_PAYLOAD_LL_HEADER : NFT_PAYLOAD_NETWORK_HEADER,
		m->offset, m->len);
	if (m->mask)
		put_mask(b, &mask, m->len);
	put_cmp(b, ops[m->op], &value, m->len);
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

static void expr_put_ports(struct builder *b, const struct set *map,
			   uint32_t offset)
{
	struct nftnl_expr *e;

	put_transport(b, offset, 2);
	e = put_lookup(b, map->name);
	if (e)
		nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_DREG, NFT_REG_VERDICT);
}

static void put_port_is(struct builder *b, uint16_t port, uint32_t offset)
{
	uint16_t value = htons(port);

	put_transport(b, offset, 2);
	put_cmp(b, NFT_CMP_EQ, &value, sizeof(value));
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
static void put_source(struct builder *b, const struct set *set)
{
	static const uint8_t mask64[16] = { 255, 255, 255, 255,
					    255, 255, 255, 255 };

	put_address(b, set->key == KEY_IPV4 ? 4 : 6, true);
	if (set->key == KEY_IPV6)
		put_mask(b, mask64, sizeof(mask64));
}

/* Adds what the register holds to a set, or takes it away. */
static struct nftnl_expr *put_dynset(struct builder *b, const struct set *set,
				     uint32_t op)
{
	struct nftnl_expr *e = expr_new(b, "dynset");

	if (!e)
		return NULL;
	nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_SREG_KEY, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_OP, op);
	expr_set_name(b, e, NFTNL_EXPR_DYNSET_SET_NAME, set->name);
	return e;
}

static void expr_put_meter(struct builder *b, const struct stmt *s, bool over)
{
	struct nftnl_expr *e, *limit = limit_expr(&s->meter.rate, over);

	put_source(b, s->meter.set);
	e = put_dynset(b, s->meter.set, NFT_DYNSET_OP_UPDATE);
	if (e && limit) {
		nftnl_expr_add_expr(e, 0, limit);
		return;
	}
	if (limit)
		nftnl_expr_free(limit);
	b->failed = true;
}

static void expr_put_counter(struct builder *b, const struct counter *counter)
{
	struct nftnl_expr *e = expr_new(b, "objref");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
	expr_set_name(b, e, NFTNL_EXPR_OBJREF_IMM_NAME, counter->name);
}

static void expr_put_log(struct builder *b, const struct stmt *s)
{
	struct nftnl_expr *e = expr_new(b, "log");

	if (!e)
		return;
	expr_set_name(b, e, NFTNL_EXPR_LOG_PREFIX, s->log.prefix);
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
	case STMT_FAMILY:
		need_l3(b, s->target.family);
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
		expr_put_ports(b, s->set, 2);
		break;
	case STMT_SPORT:
		expr_put_ports(b, s->set, 0);
		break;
	case STMT_DPORT_IS:
		put_port_is(b, s->port, 2);
		break;
	case STMT_SPORT_IS:
		put_port_is(b, s->port, 0);
		break;
	case STMT_FIRST4:
		put_fragment4(b, IP_MF | IP_OFFMASK, IP_MF);
		break;
	case STMT_FIRST6:
		put_fragment6(b, NFT_CMP_EQ, 0);
		break;
	case STMT_SECOND4:
		put_fragment4(b, IP_OFFMASK, 1);
		break;
	case STMT_EARLY6:
		put_fragment6(b, NFT_CMP_LT, 2);
		break;
	case STMT_HAS_FLAGS:
		put_has_flags(b);
		break;
	case STMT_NOT_TCP:
		put_not_tcp(b);
		break;
	case STMT_OPTIONS4:
		put_options4(b);
		break;
	case STMT_LOOSE4:
		put_option4(b, IPOPT_LSRR);
		break;
	case STMT_STRICT4:
		put_option4(b, IPOPT_SSRR);
		break;
	case STMT_ROUTED6:
		put_routed6(b);
		break;
	case STMT_PROTOCOL:
		put_protocol(b, s->protocol, NFT_CMP_EQ);
		break;
	case STMT_NOT_PROTOCOL:
		put_protocol(b, s->protocol, NFT_CMP_NEQ);
		break;
	case STMT_BYTES:
		put_bytes(b, &s->bytes);
		break;
	case STMT_METER:
		expr_put_meter(b, s, false);
		break;
	case STMT_METER_OVER:
		expr_put_meter(b, s, true);
		break;
	case STMT_ARMED:
		put_meta(b, NFT_META_L4PROTO);
		put_lookup(b, s->set->name);
		break;
	case STMT_DISARM:
		put_meta(b, NFT_META_L4PROTO);
		put_dynset(b, s->set, NFT_DYNSET_OP_DELETE);
		break;
	case STMT_SEEN:
		put_source(b, s->set);
		put_dynset(b, s->set, NFT_DYNSET_OP_ADD);
		break;
	case STMT_COUNTER:
		expr_put_counter(b, s->counter);
		break;
	case STMT_LOG:
		expr_put_log(b, s);
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
	case STMT_RETURN:
		put_verdict(b, NFT_RETURN, NULL);
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
	else if (nftnl_rule_set_data(b->rule, NFTNL_RULE_USERDATA,
				     nftnl_udata_buf_data(ud),
				     nftnl_udata_buf_len(ud)) < 0)
		b->failed = true;
	if (ud)
		nftnl_udata_buf_free(ud);
}

struct nftnl_rule *rule_object(const struct ruleset *rs,
			       const struct chain *chain,
			       const struct rule *rule)
{
	struct builder b = {
		.rs = rs,
		.inside = chain->inside,
		.l3 = chain->inside.family,
		.l4 = chain->inside.family != 0,
	};

	b.rule = nftnl_rule_alloc();
	if (!b.rule)
		return NULL;
	nftnl_rule_set_u32(b.rule, NFTNL_RULE_FAMILY,
			   family_number(rs->family));
	if (nftnl_rule_set_str(b.rule, NFTNL_RULE_TABLE, TABLE_NAME) < 0 ||
	    nftnl_rule_set_str(b.rule, NFTNL_RULE_CHAIN, chain->name) < 0)
		b.failed = true;
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
