/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames: what lies between Ethernet and IP at hooks that see frames.
 *
 * The kernel finds the IP header behind one tag. Behind a second tag, PPPoE,
 * MPLS, LLC and SNAP it finds none, and rules that look for one do not match.
 * There each header is looked up by its distance from where the kernel
 * begins. Each distance and family has chains of its own, made of the policy
 * once more: a rule reads at a fixed place. nft has no words for them.
 */
#include "lower.h"
#include "../base/arena.h"

#define TYPE_IP4       0x0800
#define TYPE_ARP       0x0806
#define TYPE_IP6       0x86dd
#define TYPE_TAG       0x8100 /* 802.1Q */
#define TYPE_TAG_AD    0x88a8 /* 802.1ad */
#define TYPE_DISCOVERY 0x8863 /* sets up a session of PPPoE */
#define TYPE_PPPOE     0x8864
#define TYPE_MPLS      0x8847
#define TYPE_MPLS_MANY 0x8848 /* to many */
#define TYPE_802_2     0x0004 /* the kernel's number of a frame with a length */
#define PPP_CONTROL    0x8000 /* RFC 1661 section 2: control from here on */
#define SNAP_TYPED     0xaaaa030000000000 /* RFC 1042: a type follows */
#define TAG_NUMBER     0x0fff

#define TAG_BYTES      4
#define LABEL_BYTES    4
#define LABELS_MOST    2
#define PPPOE_BYTES    6 /* RFC 2516; PPP's protocol follows */
#define SNAP_BYTES     8
#define IP4_BYTES      20 /* without options */
#define IP6_BYTES      40
#define TCP	       6

/* Types that may carry IP and that no rule looks into. */
static const uint16_t carriers[] = {
	0x9100, 0x9200, /* tags before 802.1ad */
	0x880b,		/* PPP */
	0x88e5,		/* MACsec */
	0x88e7,		/* backbone bridges */
	0x894f,		/* network service header */
};

/* ---- rules of one condition ---- */

static void put_frames_end(struct ruleset *rs, struct chain *chain,
			   struct rule *rule, const char *target)
{
	if (target)
		rule_put(rule, STMT_GOTO)->chain = target;
	else
		rule_put(rule, STMT_RETURN);
	put_rule(rs, chain, rule);
}

/* Sends frames of a protocol to the target; NULL: lets them return. */
static void frames_of(struct ruleset *rs, struct chain *chain,
		      uint16_t protocol, const char *target)
{
	struct rule rule = { 0 };

	rule_put(&rule, STMT_PROTOCOL)->protocol = protocol;
	put_frames_end(rs, chain, &rule, target);
}

static void frames_with(struct ruleset *rs, struct chain *chain,
			struct bytes_match match, const char *target)
{
	struct rule rule = { 0 };

	rule_put(&rule, STMT_BYTES)->bytes = match;
	put_frames_end(rs, chain, &rule, target);
}

/* A number of one or two bytes, at a distance from the network header. */
static struct bytes_match bytes_at(unsigned int offset, uint8_t len,
				   uint64_t value)
{
	return (struct bytes_match){
		.offset = (uint8_t)offset,
		.len = len,
		.value = value,
	};
}

static struct bytes_match bits_at(unsigned int offset, uint16_t mask,
				  uint64_t value)
{
	struct bytes_match m = bytes_at(offset, 1, value);

	m.mask = mask;
	return m;
}

static struct bytes_match match_not(struct bytes_match m)
{
	m.op = BYTES_ARE_NOT;
	return m;
}

/* ---- the IP header inside ---- */

static const char *placed_name(struct ruleset *rs, const char *name,
			       unsigned int at)
{
	return arena_printf(rs->arena, "%s.in%u", name, at);
}

/*
 * The chain that stops TCP to a mail port; at: how far behind the network
 * header its ports are. NULL where no clause refuses a port.
 */
static const char *inner_port_chain(struct ruleset *rs, unsigned int at)
{
	const char *name = placed_name(rs, "inner-headers", at);
	struct rule rule = { 0 };
	struct chain *chain;

	if (!rs->inner_ports)
		return NULL;
	if (find_chain(rs, name))
		return name;
	chain = add_chain(rs, name, BASE_NONE, NULL);
	/* As if an IPv4 header without options stood in front. */
	chain->inside = (struct inside){ (uint8_t)(at - IP4_BYTES), 4 };
	rule_put(&rule, STMT_DPORT)->set = rs->inner_ports;
	put_rule(rs, chain, &rule);
	return name;
}

#define IP4_WORDS_LEAST 5
#define IP4_WORDS_MOST	15

/* RFC 791 section 3.1: TCP, and not a later fragment. */
static void put_tcp4(struct ruleset *rs, struct chain *chain, unsigned int at)
{
	struct bytes_match later = match_not(bytes_at(at + 6, 2, 0));
	struct bytes_match second = bytes_at(at + 6, 2, 1);

	later.mask = 0x1fff;
	second.mask = later.mask;
	frames_with(rs, chain, match_not(bytes_at(at + 9, 1, TCP)), NULL);
	frames_with(rs, chain, second, guard_chain(rs, GUARD_FIRST_FRAGMENT));
	frames_with(rs, chain, later, NULL);
}

/* A header with options is as long as its first byte says, in words. */
static const char *options4_chain(struct ruleset *rs, unsigned int at)
{
	struct chain *chain = add_chain(rs, placed_name(rs, "ip-options", at),
					BASE_NONE, NULL);

	put_tcp4(rs, chain, at);
	for (unsigned int n = IP4_WORDS_LEAST + 1; n <= IP4_WORDS_MOST; n++)
		frames_with(rs, chain, bytes_at(at, 1, 0x40 | n),
			    inner_port_chain(rs, at + 4 * n));
	return chain->name;
}

static void inside_tcp4(struct ruleset *rs, struct chain *chain,
			unsigned int at)
{
	frames_with(rs, chain,
		    match_not(bytes_at(at, 1, 0x40 | IP4_WORDS_LEAST)),
		    options4_chain(rs, at));
	put_tcp4(rs, chain, at);
}

#define FRAGMENT 44

/* Headers that the kernel walks over, but authentication: RFC 8200. */
static const uint8_t headers6[] = {
	0,  /* hop-by-hop options */
	43, /* routing */
	60, /* destination options */
	FRAGMENT,
};
#define HEADERS6     (sizeof(headers6) / sizeof(*headers6))
#define LENGTHS_MOST 8 /* a header of up to 64 bytes is told apart */

/*
 * Behind one header TCP has a place. Nobody needs TCP behind a longer one, nor
 * a second header; a receiver would follow both to the port.
 */
static void put_header6(struct ruleset *rs, struct chain *chain,
			unsigned int at)
{
	const char *hidden = guard_chain(rs, GUARD_INNER_HEADERS);

	for (size_t i = 0; i < HEADERS6; i++)
		frames_with(rs, chain, bytes_at(at, 1, headers6[i]), hidden);
	frames_with(rs, chain, match_not(bytes_at(at, 1, TCP)), NULL);
}

static const char *headers6_chain(struct ruleset *rs, unsigned int at)
{
	struct chain *chain =
		add_chain(rs, placed_name(rs, "headers", at), BASE_NONE, NULL);

	put_header6(rs, chain, at);
	for (unsigned int n = 0; n < LENGTHS_MOST; n++)
		frames_with(rs, chain, bytes_at(at + 1, 1, n),
			    inner_port_chain(rs, at + 8 + 8 * n));
	put_frames_end(rs, chain, &(struct rule){ 0 },
		       guard_chain(rs, GUARD_INNER_HEADERS));
	return chain->name;
}

/* A later fragment is nothing without the first, unless it has TCP's flags. */
static const char *fragments6_chain(struct ruleset *rs, unsigned int at)
{
	struct chain *chain = add_chain(rs, placed_name(rs, "fragments", at),
					BASE_NONE, NULL);
	struct bytes_match later = match_not(bytes_at(at + 2, 2, 0));
	struct rule second = { 0 };

	later.mask = 0xfff8;
	rule_put(&second, STMT_BYTES)->bytes = bytes_at(at, 1, TCP);
	rule_put(&second, STMT_BYTES)->bytes = bytes_at(at + 2, 2, 1 << 3);
	second.stmts[1].bytes.mask = later.mask;
	put_frames_end(rs, chain, &second,
		       guard_chain(rs, GUARD_FIRST_FRAGMENT));
	frames_with(rs, chain, later, NULL);
	put_header6(rs, chain, at);
	put_frames_end(rs, chain, &(struct rule){ 0 },
		       inner_port_chain(rs, at + 8));
	return chain->name;
}

static void inside_tcp6(struct ruleset *rs, struct chain *chain,
			unsigned int at)
{
	const char *headers = headers6_chain(rs, at + IP6_BYTES);
	const char *fragments = fragments6_chain(rs, at + IP6_BYTES);

	for (size_t i = 0; i < HEADERS6; i++)
		frames_with(rs, chain, bytes_at(at + 6, 1, headers6[i]),
			    headers6[i] == FRAGMENT ? fragments : headers);
	frames_with(rs, chain, match_not(bytes_at(at + 6, 1, TCP)), NULL);
}

/*
 * The chain that looks at an IP header so many bytes behind the network
 * header. Text has none: there such a frame is one that no rule looks into.
 */
static const char *frames_inside(struct ruleset *rs, unsigned int offset,
				 uint8_t family)
{
	const struct inside inside = { (uint8_t)offset, family };
	const char *name;
	struct chain *chain;

	if (rs->text)
		return guard_chain(rs, GUARD_ENCAPSULATED);
	rs->inside = inside;
	name = inside_name(rs, rs->frames_base);
	if (!find_chain(rs, name)) {
		chain = add_chain(rs, name, BASE_NONE, NULL);
		*arena_push(rs->arena, &rs->insides) = chain;
		rs->inside = (struct inside){ 0 };
		if (family == 4)
			inside_tcp4(rs, chain, offset);
		else
			inside_tcp6(rs, chain, offset);
	}
	rs->inside = (struct inside){ 0 };
	return name;
}

/* ---- headers in front of it; at: how far behind the network header ---- */

/* Behind a second tag a chain has another name. */
static struct chain *add_frame_chain(struct ruleset *rs, const char *name,
				     unsigned int at)
{
	return add_chain(rs, at ? placed_name(rs, name, at) : name, BASE_NONE,
			 NULL);
}

/*
 * A session is set up by control protocols: to stop those would cut it. Linux
 * takes a protocol of one byte for that of two, agreed upon or not.
 */
static const char *pppoe_chain(struct ruleset *rs, unsigned int at)
{
	struct chain *chain = add_frame_chain(rs, "pppoe", at);
	unsigned int ppp = at + PPPOE_BYTES;
	struct bytes_match control = bytes_at(ppp, 2, PPP_CONTROL);

	control.op = BYTES_ARE_AT_LEAST;
	frames_with(rs, chain, control, NULL);
	if (!rs->text) {
		frames_with(rs, chain, bytes_at(ppp, 2, 0x0021),
			    frames_inside(rs, ppp + 2, 4));
		frames_with(rs, chain, bytes_at(ppp, 2, 0x0057),
			    frames_inside(rs, ppp + 2, 6));
		frames_with(rs, chain, bytes_at(ppp, 1, 0x21),
			    frames_inside(rs, ppp + 1, 4));
		frames_with(rs, chain, bytes_at(ppp, 1, 0x57),
			    frames_inside(rs, ppp + 1, 6));
	}
	put_frames_end(rs, chain, &(struct rule){ 0 },
		       guard_chain(rs, GUARD_ENCAPSULATED));
	return chain->name;
}

/* The first four bits tell what a stack of labels holds: RFC 4928. */
static const char *mpls_payload(struct ruleset *rs, unsigned int at)
{
	const char *name = arena_printf(rs->arena, "mpls.in%u.ip", at);
	struct chain *chain;

	if (find_chain(rs, name))
		return name;
	chain = add_chain(rs, name, BASE_NONE, NULL);
	frames_with(rs, chain, bits_at(at, 0xf0, 0x40),
		    frames_inside(rs, at, 4));
	frames_with(rs, chain, bits_at(at, 0xf0, 0x60),
		    frames_inside(rs, at, 6));
	put_frames_end(rs, chain, &(struct rule){ 0 },
		       guard_chain(rs, GUARD_ENCAPSULATED));
	return name;
}

/* RFC 3032 section 2.1: the last label has the bit behind its number. */
static const char *mpls_chain(struct ruleset *rs, unsigned int at)
{
	struct chain *chain;

	if (rs->text)
		return guard_chain(rs, GUARD_ENCAPSULATED);
	chain = add_frame_chain(rs, "mpls", at);
	for (unsigned int i = 0; i < LABELS_MOST; i++, at += LABEL_BYTES)
		frames_with(rs, chain, bits_at(at + 2, 1, 1),
			    mpls_payload(rs, at + LABEL_BYTES));
	put_frames_end(rs, chain, &(struct rule){ 0 },
		       guard_chain(rs, GUARD_ENCAPSULATED));
	return chain->name;
}

/*
 * The kernel takes one tag off before a hook sees the frame; a host takes off
 * as many as there are while their number is 0. Nobody needs two of those.
 */
static const char *tags_chain(struct ruleset *rs)
{
	struct chain *chain = add_chain(rs, "tags", BASE_NONE, NULL);
	struct bytes_match outer = bytes_at(14, 2, 0);
	const unsigned int type = TAG_BYTES - 2;

	outer.link = true;
	outer.mask = TAG_NUMBER;
	frames_with(rs, chain, outer, guard_chain(rs, GUARD_STACKED_TAGS));
	frames_with(rs, chain, bytes_at(type, 2, TYPE_ARP), NULL);
	frames_with(rs, chain, bytes_at(type, 2, TYPE_DISCOVERY), NULL);
	frames_with(rs, chain, bytes_at(type, 2, TYPE_PPPOE),
		    pppoe_chain(rs, TAG_BYTES));
	if (!rs->text) {
		frames_with(rs, chain, bytes_at(type, 2, TYPE_IP4),
			    frames_inside(rs, TAG_BYTES, 4));
		frames_with(rs, chain, bytes_at(type, 2, TYPE_IP6),
			    frames_inside(rs, TAG_BYTES, 6));
		frames_with(rs, chain, bytes_at(type, 2, TYPE_MPLS),
			    mpls_chain(rs, TAG_BYTES));
	}
	put_frames_end(rs, chain, &(struct rule){ 0 },
		       guard_chain(rs, GUARD_ENCAPSULATED));
	return chain->name;
}

/* IP behind LLC and SNAP: RFC 1042. */
static void put_snap(struct ruleset *rs, struct chain *chain, uint16_t type,
		     uint8_t family)
{
	struct rule rule = { 0 };

	rule_put(&rule, STMT_PROTOCOL)->protocol = TYPE_802_2;
	rule_put(&rule, STMT_BYTES)->bytes =
		bytes_at(0, SNAP_BYTES, SNAP_TYPED | type);
	put_frames_end(rs, chain, &rule, frames_inside(rs, SNAP_BYTES, family));
}

static const char *frames_chain(struct ruleset *rs)
{
	struct chain *chain = add_chain(rs, "frames", BASE_NONE, NULL);
	const char *tags = tags_chain(rs), *mpls;

	guard_first_fragments(rs, chain);
	frames_of(rs, chain, TYPE_IP6, NULL);
	frames_of(rs, chain, TYPE_ARP, NULL);
	frames_of(rs, chain, TYPE_TAG, tags);
	frames_of(rs, chain, TYPE_TAG_AD, tags);
	frames_of(rs, chain, TYPE_PPPOE, pppoe_chain(rs, 0));
	put_snap(rs, chain, TYPE_IP4, 4);
	put_snap(rs, chain, TYPE_IP6, 6);
	mpls = mpls_chain(rs, 0);
	frames_of(rs, chain, TYPE_MPLS, mpls);
	frames_of(rs, chain, TYPE_MPLS_MANY, mpls);
	for (size_t i = 0; i < sizeof(carriers) / sizeof(*carriers); i++)
		frames_of(rs, chain, carriers[i],
			  guard_chain(rs, GUARD_ENCAPSULATED));
	return chain->name;
}

/*
 * Behind the maps, where mail has gone its way already: other IPv4 packets pay
 * one comparison.
 */
void guard_base(struct ruleset *rs, struct chain *base)
{
	struct rule rule = { 0 };

	guard_second_fragments(rs, base);
	if (!base_sees_frames(rs, base)) {
		guard_first_fragments(rs, base);
		return;
	}
	rs->frames_base = base->name;
	rule_put(&rule, STMT_NOT_PROTOCOL)->protocol = TYPE_IP4;
	rule_put(&rule, STMT_JUMP)->chain = frames_chain(rs);
	put_rule(rs, base, &rule);
}
