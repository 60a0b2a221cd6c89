/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Headers that frames begin with, by link type, down to the ethertype. Formats:
 * https://www.tcpdump.org/linktypes.html
 */
#include "layer.h"

#include <string.h>

/* ---- ethertypes ---- */

#define LENGTH_MOST 1500 /* IEEE 802.3: a larger one is an ethertype */

/* RFC 1042: an ethertype, if the vendor is none; RFC 2684: frames in frames */
static layer_fn *layer_of_snap(const uint8_t *snap)
{
	if (!memcmp(snap, "\x00\x00\x00", 3) ||
	    !memcmp(snap, "\x00\x00\xf8", 3))
		return layer_of_ethertype(get16(snap + 3));
	return memcmp(snap, "\x00\x80\xc2", 3) ? layer_other : layer_unknown;
}

/* IEEE 802.2: two access points, control; STP, IS-IS and others have no SNAP */
static void layer_llc(struct packet *p)
{
	const uint8_t *h = cursor_read(&p->cursor, 3);

	if (!h || memcmp(h, "\xaa\xaa\x03", 3)) {
		packet_end(p, DECODED_OTHER);
		return;
	}
	h = cursor_read(&p->cursor, 5);
	p->encapsulated = true;
	if (h)
		p->next = layer_of_snap(h);
}

/*
 * An address or a tag ends in an ethertype, or IEEE 802.3's length. Returns its
 * bytes; NULL: not there.
 */
static const uint8_t *link_read_typed(struct packet *p, uint32_t len)
{
	const uint8_t *h = cursor_read(&p->cursor, len);

	if (!h)
		return NULL;
	if (get16(h + len - 2) > LENGTH_MOST) {
		p->next = layer_of_ethertype(get16(h + len - 2));
		return h;
	}
	cursor_limit(&p->cursor, get16(h + len - 2));
	p->next = layer_llc;
	return h;
}

void layer_ethernet(struct packet *p)
{
	link_read_typed(p, 14);
}

/* IEEE 802.1Q: priority, VLAN. Hosts strip any number of tags of VLAN 0. */
static void layer_vlan(struct packet *p)
{
	const uint8_t *tag = link_read_typed(p, 4);

	if (!tag)
		return;
	p->repeats = true;
	p->tags += p->tags < UINT8_MAX;
	p->tags_of_0 += p->tags_of_0 < UINT8_MAX && !(get16(tag) & 0x0fff);
}

/* VN-tag of Cisco; HSR and PRP, IEC 62439-3 */
static void layer_tag6(struct packet *p)
{
	link_read_typed(p, 6);
}

/* E-tag, IEEE 802.1BR */
static void layer_tag8(struct packet *p)
{
	link_read_typed(p, 8);
}

/* Provider backbone bridges, IEEE 802.1ah: a tag, a frame */
static void layer_itag(struct packet *p)
{
	cursor_skip(&p->cursor, 4);
	p->encapsulated = true;
	p->next = layer_ethernet;
}

/* Frequent ones first; read_other: these carry no IP. */
static const struct {
	uint16_t type;
	layer_fn *read;
} ethertypes[] = {
	{ 0x0800, layer_ipv4 },
	{ 0x86dd, layer_ipv6 },
	{ 0x8100, layer_vlan },
	{ 0x88a8, layer_vlan },
	{ 0x9100, layer_vlan },
	{ 0x9200, layer_vlan },
	{ 0x8864, layer_pppoe },
	{ 0x8847, layer_mpls },
	{ 0x8848, layer_mpls },
	{ 0x894f, layer_nsh },
	{ 0x0806, layer_other },    /* ARP */
	{ 0x6558, layer_ethernet }, /* transparent Ethernet bridging */
	{ 0x880b, layer_ppp },
	{ 0x8870, layer_llc }, /* too long for a length */
	{ 0x0004, layer_llc }, /* Linux's number of a frame with a length */
	{ 0x88e7, layer_itag },
	{ 0x8926, layer_tag6 },
	{ 0x892f, layer_tag6 },
	{ 0x893f, layer_tag8 },
	{ 0x0842, layer_other }, /* wake on LAN */
	{ 0x2000, layer_other }, /* CDP */
	{ 0x2001, layer_other }, /* NHRP */
	{ 0x22f0, layer_other }, /* AVTP */
	{ 0x22f3, layer_other }, /* TRILL IS-IS */
	{ 0x6002, layer_other }, /* DECnet MOP */
	{ 0x6003, layer_other }, /* DECnet */
	{ 0x8035, layer_other }, /* RARP; SLARP on HDLC */
	{ 0x809b, layer_other }, /* AppleTalk */
	{ 0x80f3, layer_other }, /* AARP */
	{ 0x8137, layer_other }, /* IPX */
	{ 0x8808, layer_other }, /* pause */
	{ 0x8809, layer_other }, /* LACP, OAM */
	{ 0x8863, layer_other }, /* PPPoE discovery */
	{ 0x887b, layer_other }, /* HomePlug */
	{ 0x888e, layer_other }, /* EAPOL */
	{ 0x8892, layer_other }, /* PROFINET */
	{ 0x8899, layer_other }, /* Realtek loop detection */
	{ 0x88a2, layer_other }, /* ATA over Ethernet */
	{ 0x88a4, layer_other }, /* EtherCAT */
	{ 0x88c7, layer_other }, /* WLAN pre-authentication */
	{ 0x88cc, layer_other }, /* LLDP */
	{ 0x88e1, layer_other }, /* HomePlug AV */
	{ 0x88e3, layer_other }, /* MRP */
	{ 0x88f5, layer_other }, /* MVRP */
	{ 0x88f6, layer_other }, /* MMRP */
	{ 0x88f7, layer_other }, /* PTP */
	{ 0x88fb, layer_other }, /* PRP supervision */
	{ 0x8902, layer_other }, /* CFM */
	{ 0x8906, layer_other }, /* FCoE */
	{ 0x8914, layer_other }, /* FIP */
	{ 0x9000, layer_other }, /* loopback test */
	{ 0xfefe, layer_other }, /* OSI on HDLC */
};

layer_fn *layer_of_ethertype(uint16_t type)
{
	for (size_t i = 0; i < sizeof(ethertypes) / sizeof(*ethertypes); i++)
		if (ethertypes[i].type == type)
			return ethertypes[i].read;
	return layer_unknown;
}

/* ---- links ---- */

/* A packet's type, a device's type, an address of 8 bytes; protocol */
static void layer_sll(struct packet *p)
{
	const uint8_t *h = cursor_read(&p->cursor, 16);

	if (!h)
		return;
	p->next = get16(h + 14) == 0x0004 ? layer_llc : /* ETH_P_802_2 */
					    layer_of_ethertype(get16(h + 14));
}

/* Protocol, 2 bytes unused, interface, device's type, packet's type, address */
static void layer_sll2(struct packet *p)
{
	const uint8_t *h = cursor_read(&p->cursor, 20);

	if (!h)
		return;
	if (h[10] == 4) /* sent by us */
		p->out->out_index = get32(h + 4);
	else
		p->out->in_index = get32(h + 4);
	p->next = get16(h) == 0x0004 ? layer_llc : layer_of_ethertype(get16(h));
}

/* The BSDs number families each in their own way: AF_INET6 is 24, 28 or 30. */
static layer_fn *layer_of_family(uint32_t family)
{
	switch (family) {
	case 2:
		return layer_ipv4;
	case 10: /* Linux */
	case 23: /* Windows */
	case 24:
	case 28:
	case 30:
		return layer_ipv6;
	}
	return layer_unknown;
}

/* A family in the byte order of whoever captured it, or of the network */
static void layer_null(struct packet *p)
{
	const uint8_t *h = cursor_read(&p->cursor, 4);
	uint32_t family;

	if (!h)
		return;
	family = get32(h);
	p->next = layer_of_family(family < 0x10000 ? family :
						     __builtin_bswap32(family));
}

/*
 * Protocols from 0x4000 on configure or control, and carry no users' packets.
 */
static layer_fn *layer_of_ppp(uint16_t protocol)
{
	switch (protocol) {
	case 0x0021:
		return layer_ipv4;
	case 0x0057:
		return layer_ipv6;
	case 0x0281:
	case 0x0283:
		return layer_mpls;
	}
	return protocol >= 0x4000 ? layer_other : layer_unknown;
}

/* RFC 1661, section 2; RFC 1662, section 3.1: 0xff and 3 may be left out */
void layer_ppp(struct packet *p)
{
	uint16_t protocol;
	const uint8_t *h;

	if (cursor_peek(&p->cursor) == 0xff)
		cursor_skip(&p->cursor, 2);
	h = cursor_read(&p->cursor, 1);
	if (!h)
		return;
	protocol = *h;
	if (!(protocol & 1)) { /* not compressed to one byte */
		h = cursor_read(&p->cursor, 1);
		if (!h)
			return;
		protocol = (uint16_t)(protocol << 8 | *h);
	}
	p->next = layer_of_ppp(protocol);
}

/* Cisco HDLC: address 0x0f (all: 0x8f), 0, ethertype */
static void layer_chdlc(struct packet *p)
{
	const uint8_t *h = cursor_read(&p->cursor, 4);

	if (h)
		p->next = layer_of_ethertype(get16(h + 2));
}

static void layer_ppp_serial(struct packet *p)
{
	uint8_t address = cursor_peek(&p->cursor);

	p->next = address == 0x0f || address == 0x8f ? layer_chdlc : layer_ppp;
}

/* ---- NFLOG ---- */

/* linux/netfilter/nfnetlink_log.h */
enum {
	NFLOG_PACKET_HDR = 1, /* ethertype, hook */
	NFLOG_IN = 4,
	NFLOG_OUT = 5,
	NFLOG_PAYLOAD = 9,
	NFLOG_PREFIX = 10,
	NFLOG_UID = 11,
};

#define ATTRIBUTES_MOST 64 /* the kernel has some twenty */

struct nflog {
	uint16_t ethertype;    /* 0: unknown */
	struct cursor payload; /* at is NULL: none so far */
};

/* NFLOG's lengths and types have the byte order of the machine. */
static uint16_t nflog_get16(const uint8_t *b)
{
	uint16_t value;

	memcpy(&value, b, sizeof(value));
	return value;
}

/* The text may end in a NUL, which is no part of it. */
static void nflog_read_prefix(struct segment *out, const struct cursor *c)
{
	out->prefix_len = (uint32_t)strnlen((const char *)c->at, c->captured);
	out->prefix = out->prefix_len ? (const char *)c->at : NULL;
}

static void nflog_read_attribute(struct packet *p, struct nflog *n,
				 uint16_t type, const struct cursor *value)
{
	struct segment *out = p->out;

	if (type == NFLOG_PAYLOAD && !n->payload.at) {
		n->payload = *value;
		n->payload.open = true; /* the kernel's snap length cut it */
	} else if (type == NFLOG_PREFIX) {
		nflog_read_prefix(out, value);
	} else if (value->captured < 4) {
		return;
	} else if (type == NFLOG_PACKET_HDR) {
		n->ethertype = get16(value->at);
	} else if (type == NFLOG_UID) {
		out->has_uid = true;
		out->uid = get32(value->at);
	} else if (type == NFLOG_IN) {
		out->in_index = get32(value->at);
	} else if (type == NFLOG_OUT) {
		out->out_index = get32(value->at);
	}
}

/* Length (with these 4 bytes), type, value; filled up to a multiple of 4 */
static void nflog_read_attributes(struct packet *p, struct nflog *n)
{
	struct cursor *c = &p->cursor;

	for (int i = 0; c->captured; i++) {
		const uint8_t *h = cursor_read(c, 4);
		struct cursor value = *c;
		uint16_t len;

		if (!h)
			return;
		len = nflog_get16(h);
		if (len < 4 || i == ATTRIBUTES_MOST) {
			cursor_fail(c, len < 4 ? UNDECODED_BAD_LENGTH :
						 UNDECODED_TOO_DEEP);
			return;
		}
		cursor_limit(&value, len - 4u);
		nflog_read_attribute(p, n, nflog_get16(h + 2) & 0x3fff, &value);
		cursor_skip(c, ((len + 3u) & ~3u) - 4);
	}
}

/* Family, version, group; then attributes. The families are Linux's. */
static void layer_nflog(struct packet *p)
{
	const uint8_t *h = cursor_read(&p->cursor, 4);
	struct nflog n = { 0 };

	if (!h)
		return;
	if (h[1] != 0) {
		packet_end(p, UNDECODED_UNKNOWN);
		return;
	}
	nflog_read_attributes(p, &n);
	if (!n.payload.at) /* not copied, or behind the cut */
		cursor_fail(&p->cursor, UNDECODED_TRUNCATED);
	if (p->cursor.error)
		return;
	p->cursor = n.payload;
	if (h[0] == 2 || h[0] == 10)
		p->next = layer_of_family(h[0]);
	else
		p->next = n.ethertype ? layer_of_ethertype(n.ethertype) :
					layer_ip;
}

static const struct {
	uint16_t link;
	layer_fn *read;
} links[] = {
	{ LINK_ETHERNET, layer_ethernet },
	{ LINK_NFLOG, layer_nflog },
	{ LINK_SLL2, layer_sll2 },
	{ LINK_SLL, layer_sll },
	{ LINK_RAW, layer_ip },
	{ LINK_RAW_BSD, layer_ip },
	{ LINK_RAW_OPENBSD, layer_ip },
	{ LINK_IPV4, layer_ipv4 },
	{ LINK_IPV6, layer_ipv6 },
	{ LINK_NULL, layer_null },
	{ LINK_LOOP, layer_null },
	{ LINK_PPP, layer_ppp },
	{ LINK_PPP_SERIAL, layer_ppp_serial },
	{ LINK_PPP_ETHER, layer_pppoe },
	{ LINK_CHDLC, layer_chdlc },
};

layer_fn *layer_of_link(uint16_t link)
{
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		if (links[i].link == link)
			return links[i].read;
	return layer_unknown;
}
