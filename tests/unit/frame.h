/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames are written as recipes, "eth vlan ip4 tcp data:5": a word is a layer,
 * the first one lies outside. They are built from the last word to the first,
 * so that each layer knows what it carries. Words with a colon have numbers;
 * some change what is to their right:
 *
 *	set:2:0x10	byte 2 of it becomes 0x10
 *	keep:28		it ends after 28 bytes
 *	pad:6		six bytes come behind it
 *	type:0x0806	whoever carries it calls it that; proto, ppptype alike
 */
#ifndef MAILWALL_TEST_FRAME_H
#define MAILWALL_TEST_FRAME_H

#include "unit.h"

#include "../../plugin/decode/decode.h"

#define SEQ   0x01020304u
#define ACK   0x05060708u
#define FLAGS (TCP_SYN | 0x40) /* and one that we have no name for */

struct built {
	uint8_t room[4096]; /* filled from the middle to the front */
	size_t at, end;	    /* the frame so far */
	uint16_t ethertype, ppp, link;
	uint8_t protocol, family;
	uint8_t addresses; /* IP headers so far; the last byte of theirs */
	size_t tcp;	   /* where the innermost TCP header is */
	unsigned long number[2];
};

static uint8_t *front(struct built *b, size_t n)
{
	assert_true(n <= b->at);
	b->at -= n;
	return memset(b->room + b->at, 0, n);
}

static size_t length(const struct built *b)
{
	return b->end - b->at;
}

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

static void put_data(struct built *b)
{
	size_t n = b->number[0];

	for (uint8_t *at = front(b, n); n > 0; n--)
		*at++ = (uint8_t)('a' + n % 26);
}

/* tcp, tcp:SOURCE:DESTINATION */
static void put_tcp(struct built *b)
{
	uint8_t *h = front(b, 20);

	put16(h, b->number[0] ? b->number[0] : 40000);
	put16(h + 2, b->number[1] ? b->number[1] : 25);
	put32(h + 4, SEQ);
	put32(h + 8, ACK);
	h[12] = 0x50;
	h[13] = FLAGS;
	b->tcp = b->at;
}

/* With 20 bytes of options */
static void put_tcp_options(struct built *b)
{
	front(b, 20);
	put_tcp(b);
	b->room[b->at + 12] = 0xa0;
}

/* udp:DESTINATION:SOURCE */
static void put_udp(struct built *b)
{
	size_t n = length(b);
	uint8_t *h = front(b, 8);

	put16(h, b->number[1] ? b->number[1] : 50000);
	put16(h + 2, b->number[0]);
	put16(h + 4, n + 8);
}

static void put_ip4_addresses(struct built *b, uint8_t *at)
{
	memcpy(at, (uint8_t[]){ 192, 0, 2, ++b->addresses }, 4);
	memcpy(at + 4, (uint8_t[]){ 198, 51, 100, b->addresses }, 4);
}

/* ip4, ip4:FRAGMENT_FIELD:OPTION_BYTES */
static void put_ip4(struct built *b)
{
	size_t header = 20 + b->number[1], n = length(b);
	uint8_t *h = front(b, header);

	h[0] = (uint8_t)(0x40 | header / 4);
	put16(h + 2, header + n);
	put16(h + 4, 0x4711);
	put16(h + 6, b->number[0]);
	h[8] = 64;
	h[9] = b->protocol;
	put_ip4_addresses(b, h + 12);
	b->family = 4;
}

static void put_ip6(struct built *b)
{
	size_t n = length(b);
	uint8_t *h = front(b, 40);

	h[0] = 0x60;
	put16(h + 4, n);
	h[6] = b->protocol;
	put32(h + 8, 0x20010db8);
	h[23] = ++b->addresses;
	put32(h + 24, 0x20010db8);
	h[38] = 1;
	h[39] = b->addresses;
	b->family = 6;
}

/* hop:BYTES and alike */
static void put_extension(struct built *b)
{
	size_t n = b->number[0] ? b->number[0] : 8;
	uint8_t *h = front(b, n);

	h[0] = b->protocol;
	h[1] = (uint8_t)(n / 8 - 1);
}

static void put_ah(struct built *b)
{
	uint8_t *h = front(b, 24);

	h[0] = b->protocol;
	h[1] = 24 / 4 - 2;
}

/* frag:OFFSET:MORE */
static void put_fragment(struct built *b)
{
	uint8_t *h = front(b, 8);

	h[0] = b->protocol;
	put16(h + 2, b->number[0] | b->number[1]);
	put32(h + 4, 0x4711);
}

/* icmp:TYPE:CODE */
static void put_icmp(struct built *b)
{
	uint8_t *h = front(b, 8);

	h[0] = (uint8_t)b->number[0];
	h[1] = (uint8_t)b->number[1];
}

static void put_eth(struct built *b)
{
	uint8_t *h = front(b, 14);

	memset(h, 0x02, 12);
	put16(h + 12, b->ethertype);
}

/* 802.3 and LLC with SNAP */
static void put_snap(struct built *b)
{
	uint8_t *h = front(b, 8);

	memcpy(h, "\xaa\xaa\x03\0\0\0", 6);
	put16(h + 6, b->ethertype);
	b->ethertype = (uint16_t)length(b);
}

static void put_tag(struct built *b)
{
	put16(front(b, 4) + 2, b->ethertype);
}

static void put_tag6(struct built *b)
{
	put16(front(b, 6) + 4, b->ethertype);
}

static void put_tag8(struct built *b)
{
	put16(front(b, 8) + 6, b->ethertype);
}

static void put_4(struct built *b)
{
	front(b, 4);
}

static void put_8(struct built *b)
{
	front(b, 8);
}

static void put_mpls(struct built *b)
{
	bool bottom = b->ethertype != 0x8847;

	front(b, 4)[2] = bottom;
}

static void put_pppoe(struct built *b)
{
	size_t n = length(b);
	uint8_t *h = front(b, 6);

	h[0] = 0x11;
	put16(h + 4, n);
}

/* ppp; ppp:1 in one byte; ppp:0xff03 with address and control */
static void put_ppp(struct built *b)
{
	if (b->number[0] == 1)
		*front(b, 1) = (uint8_t)b->ppp;
	else
		put16(front(b, 2), b->ppp);
	if (b->number[0] == 0xff03)
		put16(front(b, 2), 0xff03);
}

static void put_chdlc(struct built *b)
{
	uint8_t *h = front(b, 4);

	h[0] = 0x0f;
	put16(h + 2, b->ethertype);
}

/* gre:FLAGS */
static void put_gre(struct built *b)
{
	static const struct {
		uint16_t flag;
		size_t bytes;
	} options[] = {
		{ 0x8000, 4 }, { 0x2000, 4 }, { 0x1000, 4 }, { 0x0080, 4 }
	};
	uint8_t *h;

	for (size_t i = 0; i < COUNT(options); i++)
		if (b->number[0] & options[i].flag)
			memset(front(b, options[i].bytes), 0xee, 4);
	h = front(b, 4);
	put16(h, b->number[0]);
	put16(h + 2, b->ethertype);
}

/* erspan3:TYPE_OF_FRAME:PLATFORM */
static void put_erspan3(struct built *b)
{
	uint8_t *h;

	if (b->number[1])
		front(b, 8);
	h = front(b, 12);
	h[10] = (uint8_t)(b->number[0] << 2);
	h[11] = b->number[1] != 0;
}

static void put_etherip(struct built *b)
{
	front(b, 2)[0] = 0x30;
}

static void put_vxlan(struct built *b)
{
	front(b, 8)[0] = 0x08;
}

/* geneve:OPTION_BYTES */
static void put_geneve(struct built *b)
{
	uint8_t *h = front(b, 8 + b->number[0]);

	h[0] = (uint8_t)(b->number[0] / 4);
	put16(h + 2, b->ethertype);
}

/* gtp:FLAGS:EXTENSIONS */
static void put_gtp(struct built *b)
{
	uint8_t next = 0, *h;
	size_t n;

	for (unsigned long i = 0; i < b->number[1]; i++) {
		h = front(b, 4);
		h[0] = 1;
		h[3] = next;
		next = 0x85;
	}
	if (b->number[0] & 7)
		front(b, 4)[3] = next;
	n = length(b);
	h = front(b, 8);
	h[0] = (uint8_t)(0x30 | b->number[0]);
	h[1] = 255;
	put16(h + 2, n);
}

/* gpe:NEXT, nsh:NEXT:OPTION_BYTES, ayiya:NEXT:SIGNATURE_BYTES */
static void put_gpe(struct built *b)
{
	uint8_t *h = front(b, 8);

	h[0] = b->number[0] ? 0x0c : 0x08;
	h[3] = (uint8_t)b->number[0];
}

static void put_nsh(struct built *b)
{
	uint8_t *h = front(b, 8 + b->number[1]);

	h[1] = (uint8_t)(2 + b->number[1] / 4);
	h[3] = (uint8_t)b->number[0];
}

static void put_ayiya(struct built *b)
{
	uint8_t *h = front(b, 8 + 16 + b->number[1]);

	h[0] = 0x41; /* an identity of 16 bytes */
	h[1] = (uint8_t)(b->number[1] / 4 << 4 | 2);
	h[2] = 0x11;
	h[3] = (uint8_t)b->number[0];
}

/* origin; auth:BYTES_OF_NAME:BYTES_OF_VALUE, both of Teredo */
static void put_auth(struct built *b)
{
	uint8_t *h = front(b, 4 + b->number[0] + b->number[1] + 9);

	h[1] = 1;
	h[2] = (uint8_t)b->number[0];
	h[3] = (uint8_t)b->number[1];
	memset(h + 4, 0xee, b->number[0] + b->number[1] + 9);
}

static void put_sll(struct built *b)
{
	put16(front(b, 16) + 14, b->ethertype);
}

/* sll2:INTERFACE:TYPE_OF_PACKET */
static void put_sll2(struct built *b)
{
	uint8_t *h = front(b, 20);

	put16(h, b->ethertype);
	put32(h + 4, (uint32_t)b->number[0]);
	h[10] = (uint8_t)b->number[1];
}

/* null:FAMILY in host order, loop:FAMILY in that of the network */
static void put_null(struct built *b)
{
	uint32_t family = (uint32_t)b->number[0];

	memcpy(front(b, 4), &family, 4);
}

static void put_loop(struct built *b)
{
	put32(front(b, 4), (uint32_t)b->number[0]);
}

/* nflog:FAMILY */
static void put_nflog(struct built *b)
{
	front(b, 4)[0] = (uint8_t)b->number[0];
}

static void put_attribute_header(uint8_t *at, size_t n, unsigned int type)
{
	uint16_t h[2] = { (uint16_t)(4 + n), (uint16_t)type };

	memcpy(at, h, 4);
}

/* attr:TYPE:VALUE, of four bytes */
static void put_attribute(struct built *b)
{
	uint8_t *h = front(b, 8);

	put_attribute_header(h, 4, (unsigned int)b->number[0]);
	put32(h + 4, (uint32_t)b->number[1]);
}

static void put_payload(struct built *b)
{
	size_t n = length(b);

	b->end += -n & 3;
	put_attribute_header(front(b, 4), n, 9);
}

/* "smtp", prefix:BYTES_OF_IT: 5 with its NUL */
static void put_prefix(struct built *b)
{
	size_t n = b->number[0];
	uint8_t *h = front(b, 4 + ((n + 3) & ~(size_t)3));

	put_attribute_header(h, n, 10);
	memcpy(h + 4, "smtp", n);
}

/* behind:TYPE:VALUE, an attribute behind all others */
static void put_behind(struct built *b)
{
	put_attribute_header(b->room + b->end, 4, (unsigned int)b->number[0]);
	put32(b->room + b->end + 4, (uint32_t)b->number[1]);
	b->end += 8;
}

static void do_set(struct built *b)
{
	b->room[b->at + b->number[0]] = (uint8_t)b->number[1];
}

/* Puts a checksum at `at` that so many bytes and `sum` need, and so much more
 */
static void put_sum(uint8_t *at, const uint8_t *bytes, size_t n, uint32_t sum,
		    size_t wrong)
{
	put16(at, 0);
	for (size_t i = 0; i < n; i++)
		sum += (uint32_t)bytes[i] << (i % 2 ? 0 : 8);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	put16(at, (~sum + wrong) & 0xffff);
}

/* sum:WRONG, of the header of IPv4 behind it */
static void do_sum(struct built *b)
{
	uint8_t *h = b->room + b->at;

	put_sum(h + 10, h, (h[0] & 15) * 4u, 0, b->number[0]);
}

/* tcpsum:WRONG, of TCP in the IPv4 behind it */
static void do_tcp_sum(struct built *b)
{
	const uint8_t *h = b->room + b->at;
	size_t n = b->end - b->tcp;
	uint32_t sum = 6 + (uint32_t)n;

	for (int i = 12; i < 20; i++)
		sum += (uint32_t)h[i] << (i % 2 ? 0 : 8);
	put_sum(b->room + b->tcp + 16, b->room + b->tcp, n, sum, b->number[0]);
}

static void do_keep(struct built *b)
{
	assert_true(b->number[0] <= length(b));
	b->end = b->at + b->number[0];
}

static void do_pad(struct built *b)
{
	memset(b->room + b->end, 0xee, b->number[0]);
	b->end += b->number[0];
}

static void do_link(struct built *b)
{
	b->link = (uint16_t)b->number[0];
}

static void do_type(struct built *b)
{
	b->ethertype = (uint16_t)b->number[0];
}

static void do_proto(struct built *b)
{
	b->protocol = (uint8_t)b->number[0];
}

static void do_ppp_type(struct built *b)
{
	b->ppp = (uint16_t)b->number[0];
}

/* What the layer is called by those that carry it; 0: stays what it was. */
static const struct {
	const char *word;
	void (*put)(struct built *b);
	uint8_t protocol;
	uint16_t ethertype, ppp, link;
} words[] = {
	{ "data", put_data, 59, 0xffff, 0xffff, 0 },
	{ "tcp", put_tcp, 6, 0, 0, 0 },
	{ "tcpopt", put_tcp_options, 6, 0, 0, 0 },
	{ "udp", put_udp, 17, 0, 0, 0 },
	{ "ip4", put_ip4, 4, 0x0800, 0x0021, 0 },
	{ "ip6", put_ip6, 41, 0x86dd, 0x0057, 0 },
	{ "hop", put_extension, 0, 0, 0, 0 },
	{ "route", put_extension, 43, 0, 0, 0 },
	{ "dest", put_extension, 60, 0, 0, 0 },
	{ "frag", put_fragment, 44, 0, 0, 0 },
	{ "ah", put_ah, 51, 0, 0, 0 },
	{ "icmp", put_icmp, 1, 0, 0, 0 },
	{ "icmp6", put_icmp, 58, 0, 0, 0 },
	{ "eth", put_eth, 0, 0x6558, 0, LINK_ETHERNET },
	{ "snap", put_snap, 0, 0, 0, 0 },
	{ "vlan", put_tag, 0, 0x8100, 0, 0 },
	{ "qinq", put_tag, 0, 0x88a8, 0, 0 },
	{ "q9100", put_tag, 0, 0x9100, 0, 0 },
	{ "vntag", put_tag6, 0, 0x8926, 0, 0 },
	{ "etag", put_tag8, 0, 0x893f, 0, 0 },
	{ "itag", put_4, 0, 0x88e7, 0, 0 },
	{ "mpls", put_mpls, 137, 0x8847, 0x0281, 0 },
	{ "control", put_4, 0, 0, 0, 0 },
	{ "pppoe", put_pppoe, 0, 0x8864, 0, LINK_PPP_ETHER },
	{ "ppp", put_ppp, 0, 0x880b, 0, LINK_PPP },
	{ "chdlc", put_chdlc, 0, 0, 0, LINK_CHDLC },
	{ "gre", put_gre, 47, 0, 0, 0 },
	{ "erspan2", put_8, 0, 0x88be, 0, 0 },
	{ "erspan3", put_erspan3, 0, 0x22eb, 0, 0 },
	{ "etherip", put_etherip, 97, 0, 0, 0 },
	{ "vxlan", put_vxlan, 0, 0, 0, 0 },
	{ "geneve", put_geneve, 0, 0, 0, 0 },
	{ "gtp", put_gtp, 0, 0, 0, 0 },
	{ "gpe", put_gpe, 0, 0, 0, 0 },
	{ "nsh", put_nsh, 0, 0x894f, 0, 0 },
	{ "ayiya", put_ayiya, 0, 0, 0, 0 },
	{ "origin", put_8, 0, 0, 0, 0 },
	{ "auth", put_auth, 0, 0, 0, 0 },
	{ "sll", put_sll, 0, 0, 0, LINK_SLL },
	{ "sll2", put_sll2, 0, 0, 0, LINK_SLL2 },
	{ "null", put_null, 0, 0, 0, LINK_NULL },
	{ "loop", put_loop, 0, 0, 0, LINK_LOOP },
	{ "nflog", put_nflog, 0, 0, 0, LINK_NFLOG },
	{ "payload", put_payload, 0, 0, 0, 0 },
	{ "prefix", put_prefix, 0, 0, 0, 0 },
	{ "attr", put_attribute, 0, 0, 0, 0 },
	{ "behind", put_behind, 0, 0, 0, 0 },
	{ "set", do_set, 0, 0, 0, 0 },
	{ "sum", do_sum, 0, 0, 0, 0 },
	{ "tcpsum", do_tcp_sum, 0, 0, 0, 0 },
	{ "keep", do_keep, 0, 0, 0, 0 },
	{ "pad", do_pad, 0, 0, 0, 0 },
	{ "link", do_link, 0, 0, 0, 0 },
	{ "type", do_type, 0, 0, 0, 0 },
	{ "proto", do_proto, 0, 0, 0, 0 },
	{ "ppptype", do_ppp_type, 0, 0, 0, 0 },
};

static void build_word(struct built *b, char *word)
{
	char *colon = strchr(word, ':');
	size_t i = 0;

	b->number[0] = b->number[1] = 0;
	if (colon) {
		*colon = '\0';
		b->number[0] = strtoul(colon + 1, &colon, 0);
		if (*colon == ':')
			b->number[1] = strtoul(colon + 1, NULL, 0);
	}
	while (strcmp(words[i].word, word))
		assert_true(++i < COUNT(words));
	words[i].put(b);
	if (words[i].protocol || !strcmp(word, "hop"))
		b->protocol = words[i].protocol;
	if (words[i].ethertype)
		b->ethertype = words[i].ethertype;
	if (words[i].ppp)
		b->ppp = words[i].ppp;
	if (words[i].link)
		b->link = words[i].link;
}

static void build(struct built *b, const char *recipe)
{
	char *text = strdup(recipe), *space;

	memset(b, 0, sizeof(*b));
	b->at = b->end = sizeof(b->room) / 2;
	b->ppp = b->ethertype = 0xffff;
	while ((space = strrchr(text, ' '))) {
		build_word(b, space + 1);
		*space = '\0';
	}
	build_word(b, text);
	free(text);
}

#endif
