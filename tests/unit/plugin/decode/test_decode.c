/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../frame.h"

/* ---- a decoder of the mail ports ---- */

static struct port_bits ports;
static struct decoder *decoder;
static uint8_t *kept; /* the frame that was decoded last */

static int make_decoder(void **state)
{
	static const uint16_t mail[] = { 25, 465, 587 };

	(void)state;
	for (size_t i = 0; i < COUNT(mail); i++)
		ports.word[mail[i] / 64] |= UINT64_C(1) << (mail[i] % 64);
	decoder = decoder_new(&ports);
	return decoder ? 0 : -1;
}

static int free_decoder(void **state)
{
	(void)state;
	decoder_free(decoder);
	free(kept);
	return 0;
}

static void new_decoder(void)
{
	decoder_free(decoder);
	decoder = decoder_new(&ports);
	assert_non_null(decoder);
}

/* A copy of just that size, so that the sanitizer sees a byte too far. */
static enum decoded decode_one(struct frame frame, struct segment *s)
{
	free(kept);
	kept = malloc(frame.caplen ? frame.caplen : 1);
	assert_non_null(kept);
	memcpy(kept, frame.data, frame.caplen);
	frame.data = kept;
	memset(s, 0xee, sizeof(*s));
	return decode_frame(decoder, &frame, s);
}

static struct frame frame_of(const struct built *b)
{
	return (struct frame){ .data = b->room + b->at,
			       .caplen = (uint32_t)length(b),
			       .len = (uint32_t)length(b),
			       .time_us = 1234567,
			       .link = b->link,
			       .input = 3 };
}

static enum decoded decode_built(const struct built *b, struct segment *s)
{
	return decode_one(frame_of(b), s);
}

static enum decoded decode_recipe(const char *recipe, struct segment *s)
{
	struct built b;

	build(&b, recipe);
	return decode_built(&b, s);
}

static bool expect_decoded(const char *in, enum decoded got, enum decoded want)
{
	return expect(got == want, "in \"%s\" got %s want %s", in,
		      decoded_name(got), decoded_name(want));
}

/* The addresses of the innermost packet, with nothing behind IPv4. */
static bool addresses_are_right(const struct segment *s)
{
	static const struct addr6 v4[2] = { { { 192, 0, 2, 1 } },
					    { { 198, 51, 100, 1 } } };
	static const struct addr6 v6[2] = {
		{ { 0x20, 1, 0x0d, 0xb8, [15] = 1 } },
		{ { 0x20, 1, 0x0d, 0xb8, [14] = 1, 1 } }
	};
	const struct addr6 *want = s->family == 4 ? v4 : v6;

	return (s->family == 4 || s->family == 6) &&
	       !memcmp(&s->source, &want[0], 16) &&
	       !memcmp(&s->destination, &want[1], 16);
}

static bool is_the_segment(const struct segment *s, uint32_t payload_len)
{
	return s->kind == SEGMENT_TCP && s->source_port == 40000 &&
	       s->destination_port == 25 && s->seq == SEQ && s->ack == ACK &&
	       s->flags == FLAGS && s->time_us == 1234567 && s->input == 3 &&
	       addresses_are_right(s) && s->payload_len == payload_len &&
	       s->payload_wire_len == payload_len &&
	       !s->payload == !payload_len;
}

/* ---- claims ---- */

CLAIM(names, "every result has a name of its own")
{
	for (int i = 0; i < DECODED_N; i++) {
		const char *name = decoded_name((enum decoded)i);

		expect(name && *name, "%d has none", i);
		for (int k = 0; k < i && name; k++)
			expect(strcmp(name, decoded_name((enum decoded)k)),
			       "\"%s\" is the name of two", name);
	}
}

/* All of these are the same segment, however deep it lies. */
static const char *const segments[] = {
	"eth ip4 tcp data:5",
	"eth ip6 tcp data:5",
	"eth ip4:0:12 tcp data:5",
	"eth ip4 tcpopt data:5",
	"eth snap ip4 tcp data:5",
	"eth type:0x8870 snap ip4 tcp data:5",
	"eth vlan ip4 tcp data:5",
	"eth qinq vlan ip6 tcp data:5",
	"eth q9100 q9100 vlan vlan ip4 tcp data:5",
	"eth vlan snap ip4 tcp data:5",
	"eth vntag vlan ip4 tcp data:5",
	"eth etag ip4 tcp data:5",
	"eth qinq itag eth vlan ip4 tcp data:5",
	"eth pppoe ppp ip4 tcp data:5",
	"eth vlan pppoe ppp:1 ip6 tcp data:5",
	"eth mpls ip4 tcp data:5",
	"eth mpls mpls mpls ip6 tcp data:5",
	"eth type:0x8848 mpls ip4 tcp data:5",
	"eth mpls control eth vlan ip4 tcp data:5",
	/* other links */
	"sll ip4 tcp data:5",
	"sll vlan ip6 tcp data:5",
	"sll2 ip4 tcp data:5",
	"link:12 ip4 tcp data:5",
	"link:14 ip6 tcp data:5",
	"link:101 ip4 tcp data:5",
	"link:101 ip6 tcp data:5",
	"link:228 ip4 tcp data:5",
	"link:229 ip6 tcp data:5",
	"null:2 ip4 tcp data:5",
	"null:10 ip6 tcp data:5",
	"null:23 ip6 tcp data:5",
	"null:24 ip6 tcp data:5",
	"null:28 ip6 tcp data:5",
	"null:30 ip6 tcp data:5",
	"link:0 loop:2 ip4 tcp data:5",
	"link:0 loop:30 ip6 tcp data:5",
	"loop:2 ip4 tcp data:5",
	"loop:24 ip6 tcp data:5",
	"ppp ip4 tcp data:5",
	"ppp:1 ip6 tcp data:5",
	"ppp:0xff03 ip4 tcp data:5",
	"ppp mpls ip4 tcp data:5",
	"link:50 ppp:0xff03 ip6 tcp data:5",
	"link:50 chdlc ip4 tcp data:5",
	"pppoe ppp ip4 tcp data:5",
	"chdlc ip4 tcp data:5",
	"link:50 set:0:0x8f chdlc ip6 tcp data:5",
	"nflog:2 payload ip4 tcp data:5",
	"nflog:10 payload ip6 tcp data:5",
	"nflog:7 attr:1:0x88640000 payload pppoe ppp ip4 tcp data:5",
	"nflog:7 attr:1:0x00040000 payload snap ip6 tcp data:5",
	/* extension headers */
	"eth ip6 hop tcp data:5",
	"eth ip6 hop:16 route:24 dest tcp data:5",
	"eth ip6 ah dest tcp data:5",
	"eth ip4 ah tcp data:5",
	"eth ip6 frag tcp data:5", /* it is the whole */
	/* tunnels */
	"eth ip4 ip4 tcp data:5",
	"eth ip4 ip6 tcp data:5",
	"eth ip6 ip4 tcp data:5",
	"eth ip6 hop ip6 tcp data:5",
	"eth ip4 mpls ip4 tcp data:5",
	"eth ip4 gre ip4 tcp data:5",
	"eth ip4 gre:0xb000 ip6 tcp data:5",
	"eth ip6 gre:0x2000 eth vlan ip4 tcp data:5",
	"eth ip4 gre mpls ip4 tcp data:5",
	"eth ip4 gre ppp ip4 tcp data:5",
	"eth ip4 gre:0x3001 ppp ip4 tcp data:5",
	"eth ip4 gre:0x3081 ppp:0xff03 ip4 tcp data:5",
	"eth ip4 gre type:0x88be eth ip4 tcp data:5",
	"eth ip4 gre:0x1000 erspan2 eth vlan ip4 tcp data:5",
	"eth ip4 gre:0x1000 erspan3 eth ip6 tcp data:5",
	"eth ip4 gre:0x1000 erspan3:0:1 eth ip6 tcp data:5",
	"eth ip4 gre:0x1000 erspan3:2:1 ip6 tcp data:5",
	"eth ip4 etherip eth ip4 tcp data:5",
	"eth ip4 udp:4789 vxlan eth ip4 tcp data:5",
	"eth ip6 udp:8472 vxlan eth vlan ip6 tcp data:5",
	"eth ip4 set:4:0 set:5:0 udp:4789 vxlan eth ip4 tcp data:5",
	"eth ip4 udp:6081 geneve eth ip4 tcp data:5",
	"eth ip4 udp:6081 geneve:20 ip6 tcp data:5",
	"eth ip4 udp:2152 gtp ip4 tcp data:5",
	"eth ip6 udp:2152 gtp:2 ip6 tcp data:5",
	"eth ip6 udp:2152 gtp:4:3 ip4 tcp data:5",
	"eth ip4 udp:2152 gtp:4 ip4 tcp data:5",
	"eth ip4 udp:6635 mpls ip4 tcp data:5",
	"eth ip4 udp:4790 gpe eth ip4 tcp data:5",
	"eth ip4 udp:4790 gpe:1 ip4 tcp data:5",
	"eth ip6 udp:4790 gpe:2 ip6 tcp data:5",
	"eth ip4 udp:4790 gpe:3 eth vlan ip4 tcp data:5",
	"eth ip4 udp:4790 gpe:4 nsh:3:16 eth ip4 tcp data:5",
	"eth ip4 udp:4790 gpe:5 mpls ip4 tcp data:5",
	"eth nsh:1:16 ip4 tcp data:5",
	"eth ip4 udp:6081 geneve nsh:2 ip6 tcp data:5",
	"eth ip4 udp:4754 gre ip4 tcp data:5",
	"eth ip6 udp:4754 gre:0xb000 eth ip6 tcp data:5",
	"eth ip4 udp:3544 ip6 tcp data:5",
	"eth ip4 udp:51413:3544 ip6 tcp data:5", /* a relay answers */
	"eth ip4 udp:3544 origin ip6 tcp data:5",
	"eth ip4 udp:3544 auth:0:0 ip6 tcp data:5",
	"eth ip4 udp:3544 auth:7:20 origin ip6 tcp data:5",
	"eth ip4 udp:5072 ayiya:41:20 ip6 tcp data:5",
	"eth ip4 udp:40001:5072 ayiya:41 ip6 tcp data:5",
	"eth ip6 udp:5072 ayiya:4:20 ip4 tcp data:5",
	/* a checksum that is right */
	"eth sum ip4 tcp data:5",
	"eth sum ip4:0:12 tcpopt data:5",
	"eth sum ip4 udp:4789 vxlan eth sum ip4 tcp data:5",
	"sll2 vlan ip6 hop gre:0x2000 eth qinq vlan pppoe ppp ip4 "
	"udp:4789 vxlan eth mpls mpls ip6 dest tcp data:5",
	"eth vlan mpls ip6 hop gre:0xb000 eth pppoe ppp ip4 udp:6081 "
	"geneve:12 eth snap ip4:0:8 udp:2152 gtp:4:2 ip6 dest tcpopt data:5",
};

CLAIM(layers, "a segment comes out of every layer that we read, the same")
{
	struct segment s;

	for (size_t i = 0; i < COUNT(segments); i++)
		if (expect_decoded(segments[i], decode_recipe(segments[i], &s),
				   DECODED_SEGMENT))
			expect(is_the_segment(&s, 5) &&
				       !memcmp(s.payload, "fedcb", 5),
			       "in \"%s\" it is another", segments[i]);
}

CLAIM(others, "what is understood and nothing of ours is other")
{
	static const char *const recipes[] = {
		"eth ip4 tcp:40000:80 data:5",
		"eth vlan ip6 tcp:993:995",
		"eth ip4 udp:25 data:5",
		"eth ip6 udp:53 data:5",
		"eth ip4 udp:4789 set:0:0 data:9", /* a port is no promise */
		"eth ip4 udp:6081 set:0:0x40 geneve eth ip4 tcp",
		"eth ip4 udp:6081 set:1:0x80 geneve eth ip4 tcp",
		"eth ip4 udp:2152 set:0:0x20 gtp ip4 tcp",
		"eth ip4 udp:2152 set:1:1 gtp ip4 tcp",	     /* an echo */
		"eth ip4 udp:4790 set:0:0x0d gpe:1 ip4 tcp", /* OAM */
		"eth ip4 udp:4790 set:0:0x1c gpe:1 ip4 tcp",
		"eth ip4 udp:4790 set:0:0x04 gpe:1 ip4 tcp",
		"eth ip4 udp:4790 gpe:99 ip4 tcp",
		"eth set:0:0x20 nsh:1 ip4 tcp", /* OAM, too */
		"eth ip4 udp:4754 set:1:1 gre ip4 tcp",
		"eth ip4 udp:4754 gre:0x4000 ip4 tcp",
		"eth ip4 udp:3544 ip4 tcp",
		"eth ip4 udp:3544 set:1:2 auth:0:0 ip6 tcp",
		"eth ip4 udp:5072 set:2:0x12 ayiya:41 ip6 tcp", /* an echo */
		"eth ip4 udp:5072 ayiya:6 tcp",
		"eth ip4 udp:53:4789 vxlan eth ip4 tcp", /* an answer's */
		/* a checksum, or an address, that no mail connection has */
		"eth sum:1 ip4 tcp:40000:80",
		"eth vlan vlan sum:1 ip4 tcp:40000:80",
		"eth set:12:127 ip4 tcp:40000:80",
		"eth ip4 icmp:8 data:40",
		"eth ip4 icmp:11 ip4 tcp",
		"eth ip6 icmp6:2 ip6 tcp",
		"eth ip4 icmp6:1 ip6 tcp",
		"eth ip4 proto:50 tcp", /* ESP */
		"eth ip4 proto:132 tcp",
		"eth ip4 proto:0 hop tcp",
		"eth ip6 hop proto:59 data:5",
		"eth ip4 gre type:0 data:8",
		"eth ip4 gre:0x2001 ppp ip4 tcp", /* no sequence, no payload */
		"eth type:0x0806 data:28",
		"eth vlan type:0x0806 data:28",
		"eth type:0x88cc data:28",
		"eth type:0x888e data:28",
		"eth type:0x8863 pppoe data:28",
		"eth type:38 data:38", /* LLC: STP */
		"eth snap type:0x0806 data:28",
		"eth set:5:0x0c snap ip4 tcp", /* of a vendor */
		"eth pppoe ppp ppptype:0xc021 data:8",
		"eth set:1:9 pppoe ppp ip4 tcp",
		"eth mpls set:0:0x10 data:20",
		"chdlc type:0x8035 data:14",
		"nflog:3 attr:1:0x08060000 payload data:28",
	};
	struct segment s;

	for (size_t i = 0; i < COUNT(recipes); i++)
		expect_decoded(recipes[i], decode_recipe(recipes[i], &s),
			       DECODED_OTHER);
}

CLAIM(reasons, "what cannot be decoded has its reason")
{
	static const struct {
		const char *recipe;
		enum decoded want;
	} vectors[] = {
		/* protocols that we do not read */
		{ "link:105 ip4 tcp", UNDECODED_UNKNOWN },
		{ "link:65535 ip4 tcp", UNDECODED_UNKNOWN },
		{ "eth type:0x1234 ip4 tcp", UNDECODED_UNKNOWN },
		{ "eth type:0x05dd ip4 tcp", UNDECODED_UNKNOWN },
		{ "eth type:0x0800 ip6 tcp", UNDECODED_UNKNOWN },
		{ "eth type:0x86dd ip4 tcp", UNDECODED_UNKNOWN },
		{ "eth vlan type:0x88e5 ip4 tcp", UNDECODED_UNKNOWN },
		{ "eth set:4:0x80 set:5:0xc2 snap ip4 tcp", UNDECODED_UNKNOWN },
		{ "eth set:0:0x21 pppoe ppp ip4 tcp", UNDECODED_UNKNOWN },
		{ "eth pppoe ppp ppptype:0x00fd data:20", UNDECODED_UNKNOWN },
		{ "eth pppoe ppp ppptype:0x002d data:20", UNDECODED_UNKNOWN },
		{ "eth mpls set:0:0x20 data:20", UNDECODED_UNKNOWN },
		{ "eth ip4 gre:2 ip4 tcp", UNDECODED_UNKNOWN },
		{ "eth ip4 gre:0x4000 ip4 tcp", UNDECODED_UNKNOWN },
		{ "eth ip4 gre:0x1000 erspan3:1 eth ip4 tcp",
		  UNDECODED_UNKNOWN },
		{ "eth ip4 set:0:0x20 etherip eth ip4 tcp", UNDECODED_UNKNOWN },
		{ "link:101 set:0:0x55 ip4 tcp", UNDECODED_UNKNOWN },
		{ "null:7 ip4 tcp", UNDECODED_UNKNOWN },
		{ "nflog:7 attr:1:0x12340000 payload ip4 tcp",
		  UNDECODED_UNKNOWN },
		{ "set:1:1 nflog:2 payload ip4 tcp", UNDECODED_UNKNOWN },
		/* lengths that contradict each other */
		{ "eth set:0:0x44 ip4 tcp", UNDECODED_BAD_LENGTH },
		{ "eth set:3:19 ip4 tcp", UNDECODED_BAD_LENGTH },
		{ "eth set:3:23 ip4 tcp", UNDECODED_BAD_LENGTH },
		{ "eth set:3:33 ip4 tcp", UNDECODED_BAD_LENGTH },
		{ "eth set:3:39 ip4 tcp", UNDECODED_BAD_LENGTH },
		{ "eth set:3:31 ip4:0:12 tcp", UNDECODED_BAD_LENGTH },
		{ "eth set:5:13 ip6 tcp", UNDECODED_BAD_LENGTH },
		{ "eth ip6 set:1:9 hop tcp", UNDECODED_BAD_LENGTH },
		{ "eth ip4 set:12:0x40 tcp", UNDECODED_BAD_LENGTH },
		{ "eth ip4 set:12:0xf0 tcp data:5", UNDECODED_BAD_LENGTH },
		{ "eth ip4 set:3:99 ip4 tcp", UNDECODED_BAD_LENGTH },
		{ "eth set:5:9 pppoe ppp ip4 tcp", UNDECODED_BAD_LENGTH },
		{ "eth type:20 snap ip4 tcp", UNDECODED_BAD_LENGTH },
		{ "eth ip4 set:4:1 udp:4789 vxlan eth ip4 tcp",
		  UNDECODED_BAD_LENGTH },
		{ "eth ip4 udp:6081 set:0:0x3f geneve eth ip4 tcp",
		  UNDECODED_BAD_LENGTH },
		{ "eth ip4 udp:2152 set:12:0 gtp:4:1 ip4 tcp",
		  UNDECODED_BAD_LENGTH },
		{ "eth ip4 keep:2 gre ip4 tcp", UNDECODED_BAD_LENGTH },
		{ "nflog:2 set:0:3 attr:4:1 payload ip4 tcp",
		  UNDECODED_BAD_LENGTH },
		{ "eth set:1:1 nsh:1 ip4 tcp", UNDECODED_BAD_LENGTH },
		{ "eth set:0:0x40 nsh:1 ip4 tcp", UNDECODED_UNKNOWN },
		{ "eth nsh:9 ip4 tcp", UNDECODED_UNKNOWN },
		{ "eth ip4 udp:3544 keep:3 auth:0:0 ip6 tcp",
		  UNDECODED_BAD_LENGTH },
		/* a packet that ends where nothing says that it would */
		{ "keep:13 eth ip4 tcp", UNDECODED_TRUNCATED },
		{ "keep:47 eth ip4 tcp", UNDECODED_TRUNCATED },
		{ "nflog:2 attr:4:1", UNDECODED_TRUNCATED },
		{ "keep:4 nflog:2 attr:4:1", UNDECODED_TRUNCATED },
		{ "nflog:2 payload keep:0 ip4 tcp", UNDECODED_TRUNCATED },
		{ "nflog:2 payload keep:33 ip4 tcp", UNDECODED_TRUNCATED },
	};
	struct segment s;

	for (size_t i = 0; i < COUNT(vectors); i++)
		expect_decoded(vectors[i].recipe,
			       decode_recipe(vectors[i].recipe, &s),
			       vectors[i].want);
}

CLAIM(forged, "who cannot have sent it is not believed, in any way to decode")
{
	static const struct {
		const char *recipe; /* behind a link */
		enum decoded want;
	} vectors[] = {
		/* addresses that nobody has: the source's, the other end's */
		{ "set:12:0 ip4 tcp", UNDECODED_MARTIAN },
		{ "set:12:127 ip4 tcp", UNDECODED_MARTIAN },
		{ "set:12:224 ip4 tcp", UNDECODED_MARTIAN },
		{ "set:12:239 ip4 tcp", UNDECODED_MARTIAN },
		{ "set:12:255 set:13:255 set:14:255 set:15:255 ip4 tcp",
		  UNDECODED_MARTIAN },
		{ "set:16:127 ip4 tcp", UNDECODED_MARTIAN },
		{ "set:16:225 ip4 tcp", UNDECODED_MARTIAN },
		{ "set:16:255 set:17:255 set:18:255 set:19:255 ip4 tcp",
		  UNDECODED_MARTIAN },
		{ "set:8:0 set:9:0 set:10:0 set:11:0 ip6 tcp",
		  UNDECODED_MARTIAN },
		{ "set:8:0xff set:9:2 ip6 tcp", UNDECODED_MARTIAN },
		{ "set:24:0xff set:25:2 ip6 tcp", UNDECODED_MARTIAN },
		{ "ip4 gre set:12:127 ip4 tcp", UNDECODED_MARTIAN },
		{ "ip4 icmp:3 set:12:0 ip4 tcp", UNDECODED_MARTIAN },
		{ "set:12:127 ip4:0x2000 tcp", UNDECODED_MARTIAN },
		{ "set:8:0xff ip6 frag:0:1 keep:8 tcp", UNDECODED_MARTIAN },
		/* on the link, and beyond it */
		{ "set:12:169 set:13:254 ip4 tcp", UNDECODED_MARTIAN },
		{ "set:12:169 set:13:254 set:16:169 set:17:254 ip4 tcp",
		  DECODED_SEGMENT },
		{ "set:8:0xfe set:9:0x80 ip6 tcp", UNDECODED_MARTIAN },
		{ "set:8:0xfe set:9:0x80 set:24:0xfe set:25:0xbf ip6 tcp",
		  DECODED_SEGMENT },
		{ "set:12:127 set:16:127 ip4 tcp", DECODED_SEGMENT },
		{ "set:12:127 set:16:169 set:17:254 ip4 tcp",
		  UNDECODED_MARTIAN },
		/* neighbours of these */
		{ "set:12:1 ip4 tcp", DECODED_SEGMENT },
		{ "set:12:126 ip4 tcp", DECODED_SEGMENT },
		{ "set:12:128 ip4 tcp", DECODED_SEGMENT },
		{ "set:12:223 ip4 tcp", DECODED_SEGMENT },
		{ "set:12:240 ip4 tcp", DECODED_SEGMENT },
		{ "set:12:169 set:13:253 ip4 tcp", DECODED_SEGMENT },
		{ "set:8:0xfe set:9:0xc0 ip6 tcp", DECODED_SEGMENT },
		/* a route to nobody hides a SYN all the same */
		{ "ip6 set:3:1 route:24 tcp", DECODED_SEGMENT },
		{ "set:8:0xff ip6 set:3:1 route:24 tcp", UNDECODED_MARTIAN },
		/* an outer address is not the sender's */
		{ "set:12:127 ip4 gre ip4 tcp", DECODED_SEGMENT },
		/* checksums: wrong, right, not filled in, of a quoted packet */
		{ "sum:1 ip4 tcp data:5", UNDECODED_CHECKSUM },
		{ "sum:0x8000 ip4:0:40 tcpopt", UNDECODED_CHECKSUM },
		{ "sum:1 ip4 gre ip4 tcp", UNDECODED_CHECKSUM },
		{ "ip4 gre sum:1 ip4 tcp", UNDECODED_CHECKSUM },
		{ "sum:1 ip4:0x2000 tcp", UNDECODED_CHECKSUM },
		{ "sum:1 set:12:127 ip4 tcp", UNDECODED_CHECKSUM },
		{ "sum ip4 tcp data:5", DECODED_SEGMENT },
		{ "sum ip4:0:40 tcpopt", DECODED_SEGMENT },
		{ "ip4 tcp data:5", DECODED_SEGMENT },
		{ "ip4 icmp:3 sum:1 ip4 tcp", DECODED_SEGMENT },
		/* addresses that were changed, which both checksums miss */
		{ "sum:77 tcpsum:77 ip4 tcp data:5", DECODED_SEGMENT },
		{ "sum:17 tcpsum:17 ip4:0:12 tcpopt", DECODED_SEGMENT },
		{ "sum:77 tcpsum:78 ip4 tcp data:5", UNDECODED_CHECKSUM },
		{ "sum:77 tcpsum ip4 tcp data:5", UNDECODED_CHECKSUM },
		{ "sum:77 ip4 gre sum:77 tcpsum:77 ip4 tcp",
		  UNDECODED_CHECKSUM },
	};
	static const char *const links[] = { "eth", "eth vlan", "sll",
					     "eth vlan vlan" };
	char recipe[200];
	struct segment s;

	for (size_t i = 0; i < COUNT(vectors); i++)
		for (size_t l = 0; l < COUNT(links); l++) {
			snprintf(recipe, sizeof(recipe), "%s %s", links[l],
				 vectors[i].recipe);
			new_decoder();
			expect_decoded(recipe, decode_recipe(recipe, &s),
				       vectors[i].want);
		}
}

CLAIM(moved, "behind a SYN whose addresses were changed, data may be, too")
{
	static const struct {
		const char *recipe;
		enum decoded want;
	} frames[] = {
		{ "eth sum:9 tcpsum ip4 set:13:0x18 tcp data:9",
		  UNDECODED_CHECKSUM },
		{ "eth sum:9 tcpsum:9 ip4 tcp", DECODED_SEGMENT },
		{ "eth sum:9 tcpsum ip4 set:13:0x18 tcp data:9",
		  DECODED_SEGMENT },
		{ "sll sum:9 tcpsum ip4 set:13:0x18 tcp data:9",
		  DECODED_SEGMENT },
		{ "eth sum:8 tcpsum ip4 set:13:0x18 tcp data:9",
		  UNDECODED_CHECKSUM },
		{ "eth sum:9 tcpsum ip4 tcp", UNDECODED_CHECKSUM },
	};
	struct segment s;

	new_decoder();
	for (size_t i = 0; i < COUNT(frames); i++)
		expect_decoded(frames[i].recipe,
			       decode_recipe(frames[i].recipe, &s),
			       frames[i].want);
}

/* 14 bytes of a TCP header tell all but the payload. */
static void cut_segment(const char *recipe, const struct built *b,
			uint32_t caplen)
{
	struct frame f = frame_of(b);
	uint32_t tcp = (uint32_t)(b->tcp - b->at);
	uint32_t data = tcp + (b->room[b->tcp + 12] >> 4) * 4u;
	uint32_t left = caplen < data ? 0 : caplen - data;
	struct segment s;
	enum decoded got;

	if (left > 5)
		left = 5;
	f.caplen = caplen;
	got = decode_one(f, &s);
	if (caplen < tcp + 14)
		expect(got == UNDECODED_TRUNCATED, "in \"%s\" %u of %u: %s",
		       recipe, caplen, f.len, decoded_name(got));
	else
		expect(got == DECODED_SEGMENT && s.flags == FLAGS &&
			       s.payload_len == left &&
			       s.payload_wire_len == 5 && !s.payload == !left,
		       "in \"%s\" %u of %u: %s, payload %u of %u", recipe,
		       caplen, f.len, decoded_name(got), s.payload_len,
		       s.payload_wire_len);
}

CLAIM(every_cut, "a frame cut at any byte is truncated, or the segment with "
		 "what is left of its payload")
{
	struct built b;

	for (size_t i = 0; i < COUNT(segments); i++) {
		build(&b, segments[i]);
		for (uint32_t caplen = 0; caplen <= length(&b); caplen++)
			cut_segment(segments[i], &b, caplen);
	}
}

CLAIM(readable_ports, "ports that are not ours are enough for other")
{
	static const struct {
		const char *recipe;
		uint32_t caplen;
		enum decoded want;
	} vectors[] = {
		{ "eth ip4 tcp:40000:80", 37, UNDECODED_TRUNCATED },
		{ "eth ip4 tcp:40000:80", 38, DECODED_OTHER },
		{ "eth ip4 tcp", 38, UNDECODED_TRUNCATED },
		{ "eth ip4 tcp", 47, UNDECODED_TRUNCATED },
		{ "eth ip4 tcp", 48, DECODED_SEGMENT },
		{ "eth vlan ip4 tcp:40000:80", 41, UNDECODED_TRUNCATED },
		{ "eth vlan ip4 tcp:40000:80", 42, DECODED_OTHER },
		{ "eth ip6 tcp:40000:80", 57, UNDECODED_TRUNCATED },
		{ "eth ip6 tcp:40000:80", 58, DECODED_OTHER },
		{ "eth ip4 udp:53", 37, UNDECODED_TRUNCATED },
		{ "eth ip4 udp:53", 38, DECODED_OTHER },
		{ "eth ip4 udp:4789 vxlan", 41, UNDECODED_TRUNCATED },
		{ "eth ip4 icmp:8", 34, UNDECODED_TRUNCATED },
		{ "eth ip4 icmp:8", 35, DECODED_OTHER },
		{ "eth type:0x0806 data:28", 14, DECODED_OTHER },
	};
	struct segment s;
	struct built b;

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct frame f;

		build(&b, vectors[i].recipe);
		f = frame_of(&b);
		f.caplen = vectors[i].caplen;
		expect_decoded(vectors[i].recipe, decode_one(f, &s),
			       vectors[i].want);
	}
}

CLAIM(directions, "segments to and from our ports come out, as they are")
{
	static const struct {
		const char *recipe;
		uint16_t source, destination;
	} vectors[] = {
		{ "eth ip4 tcp:40000:465", 40000, 465 },
		{ "eth ip4 tcp:587:40000", 587, 40000 },
		{ "eth vlan ip6 tcp:25:80", 25, 80 },
		{ "eth ip6 tcp:25:25", 25, 25 },
	};
	struct segment s;

	for (size_t i = 0; i < COUNT(vectors); i++)
		if (expect_decoded(vectors[i].recipe,
				   decode_recipe(vectors[i].recipe, &s),
				   DECODED_SEGMENT))
			expect(s.source_port == vectors[i].source &&
				       s.destination_port ==
					       vectors[i].destination,
			       "in \"%s\" got %u to %u", vectors[i].recipe,
			       s.source_port, s.destination_port);
}

CLAIM(lengths, "the payload is what IP says, as far as it was captured")
{
	static const struct {
		const char *recipe;
		uint32_t len, wire_len;
	} vectors[] = {
		{ "pad:6 eth ip4 tcp", 0, 0 }, /* Ethernet's padding */
		{ "pad:6 eth ip4 tcp data:1", 1, 1 },
		{ "pad:4 eth vlan ip6 tcp data:7", 7, 7 },
		{ "pad:4 eth pppoe ppp ip4 tcp data:7", 7, 7 },
		{ "pad:9 eth pad:3 snap ip4 tcp data:7", 7, 7 },
		{ "eth snap ip4 tcp data:1452", 1452, 1452 },
		{ "eth ip4 pad:5 ip4 tcp data:7", 7, 7 },
		{ "nflog:2 payload ip4 tcp data:3", 3, 3 }, /* filled up */
		/* the header has more than was kept */
		{ "eth ip4 tcp keep:9 data:50", 9, 9 },
		{ "keep:60 eth ip4 tcp data:50", 6, 50 },
		{ "nflog:10 payload keep:64 ip6 tcp data:1000", 4, 1000 },
		{ "keep:50 eth ip4 tcpopt data:50", 0, 50 },
		/* and nothing of its length: the network card was to do it */
		{ "eth set:2:0 set:3:0 ip4 tcp data:9", 9, 9 },
		{ "eth set:4:0 set:5:0 ip6 tcp data:9", 9, 9 },
	};
	struct segment s;

	for (size_t i = 0; i < COUNT(vectors); i++)
		if (expect_decoded(vectors[i].recipe,
				   decode_recipe(vectors[i].recipe, &s),
				   DECODED_SEGMENT))
			expect(s.payload_len == vectors[i].len &&
				       s.payload_wire_len ==
					       vectors[i].wire_len,
			       "in \"%s\" got %u of %u want %u of %u",
			       vectors[i].recipe, s.payload_len,
			       s.payload_wire_len, vectors[i].len,
			       vectors[i].wire_len);
}

CLAIM(any_number, "tags and options are followed to the last: servers do")
{
	static const char *const vectors[][3] = {
		{ "eth", " vlan", " ip4 tcp" },
		{ "eth", " vlan", " ip6 tcp" },
		{ "eth ip6", " dest", " tcp" },
		{ "eth ip6 hop", " route", " tcp" },
		{ "eth ip6", " ah", " tcp" },
		{ "eth ip6", " dest route", " tcp" },
	};
	char recipe[2048];
	struct segment s;

	for (size_t i = 0; i < COUNT(vectors); i++)
		for (int n = 1; n < 100; n += 66) {
			strcpy(recipe, vectors[i][0]);
			for (int k = 0; k < n; k++)
				strcat(recipe, vectors[i][1]);
			strcat(recipe, vectors[i][2]);
			expect_decoded(recipe, decode_recipe(recipe, &s),
				       DECODED_SEGMENT);
		}
}

CLAIM(depth, "32 headers are followed, and not one more")
{
	static const struct {
		const char *outside, *repeated, *inside;
		int most; /* repeated so often, with the others 32 */
	} vectors[] = {
		{ "eth", " mpls", " ip4 tcp", 27 }, /* and two that guess */
		{ "link:228", " ip4", " tcp", 31 },
		{ "eth", " ip6", " tcp", 30 },
		{ "eth", " ip4 gre", " ip4 tcp", 14 },
		{ "eth", " ip4 gre eth", " ip4 tcp", 9 },
		{ "link:101", " ip4 udp:4789 vxlan eth", " ip4 tcp", 7 },
	};
	struct segment s;

	for (size_t i = 0; i < COUNT(vectors); i++)
		for (int more = 0; more < 2; more++) {
			char recipe[512];

			strcpy(recipe, vectors[i].outside);
			for (int n = 0; n < vectors[i].most + more; n++)
				strcat(recipe, vectors[i].repeated);
			strcat(recipe, vectors[i].inside);
			expect_decoded(recipe, decode_recipe(recipe, &s),
				       more ? UNDECODED_TOO_DEEP :
					      DECODED_SEGMENT);
		}
}

/* ---- ICMP errors ---- */

CLAIM(unreachable, "an ICMP error is a segment as it quotes it")
{
	static const struct {
		const char *recipe;
		enum decoded want;
		uint8_t flags;
	} vectors[] = {
		{ "eth ip4 icmp:3:1 ip4 tcp", DECODED_SEGMENT, FLAGS },
		{ "eth ip4 icmp:3:13 ip4 tcp data:9", DECODED_SEGMENT, FLAGS },
		{ "eth ip6 icmp6:1:1 ip6 tcp", DECODED_SEGMENT, FLAGS },
		{ "eth ip6 hop icmp6:1 ip6 dest tcp", DECODED_SEGMENT, FLAGS },
		{ "eth ip4 gre ip4 icmp:3 ip4 tcp", DECODED_SEGMENT, FLAGS },
		{ "nflog:2 payload ip4 icmp:3:3 ip4 tcp", DECODED_SEGMENT,
		  FLAGS },
		/* as much as RFC 792 asks for, and what comes behind it */
		{ "eth ip4 icmp:3:3 keep:28 ip4 tcp", DECODED_SEGMENT, 0 },
		{ "pad:18 eth ip4 icmp:3 keep:28 ip4 tcp", DECODED_SEGMENT, 0 },
		{ "eth ip4 icmp:3 keep:33 ip4 tcp", DECODED_SEGMENT, 0 },
		{ "eth ip4 icmp:3 keep:34 ip4 tcp", DECODED_SEGMENT, FLAGS },
		{ "eth ip4 icmp:3 keep:40 ip4:0:12 tcp", DECODED_SEGMENT, 0 },
		{ "eth ip4 icmp:3 keep:27 ip4 tcp", UNDECODED_TRUNCATED, 0 },
		{ "eth ip4 icmp:3 keep:19 ip4 tcp", UNDECODED_TRUNCATED, 0 },
		{ "eth ip4 icmp:3", UNDECODED_TRUNCATED, 0 },
		/* BSD systems quoted the length in their own order */
		{ "eth ip4 icmp:3 set:2:0 set:3:20 ip4 tcp", DECODED_SEGMENT,
		  FLAGS },
		/* nothing of ours */
		{ "eth ip4 icmp:3 ip4 tcp:40000:80", DECODED_OTHER, 0 },
		{ "eth ip4 icmp:3 ip4 udp:25", DECODED_OTHER, 0 },
		{ "eth ip4 icmp:3 ip4 icmp:3 ip4 tcp", DECODED_OTHER, 0 },
		{ "eth ip4 icmp:3 ip4 gre ip4 tcp", DECODED_OTHER, 0 },
		{ "eth ip4 icmp:3 ip4:0x2003 tcp", DECODED_OTHER, 0 },
		{ "eth ip6 icmp6:1 ip6 frag:8 tcp", DECODED_OTHER, 0 },
		/* the first fragment of it is quoted */
		{ "eth ip4 icmp:3 ip4:0x2000 keep:8 tcp", DECODED_SEGMENT, 0 },
		{ "eth ip6 icmp6:1 ip6 frag:0:1 tcp", DECODED_SEGMENT, FLAGS },
		{ "eth ip4 icmp:3 set:0:0x44 ip4 tcp", UNDECODED_BAD_LENGTH,
		  0 },
		{ "eth ip4 icmp:3 ip6 tcp", UNDECODED_UNKNOWN, 0 },
	};
	struct segment s;

	for (size_t i = 0; i < COUNT(vectors); i++) {
		const char *recipe = vectors[i].recipe;

		if (!expect_decoded(recipe, decode_recipe(recipe, &s),
				    vectors[i].want) ||
		    vectors[i].want != DECODED_SEGMENT)
			continue;
		expect(s.kind == SEGMENT_UNREACHABLE && s.seq == SEQ &&
			       !s.ack && s.flags == vectors[i].flags &&
			       s.source_port == 40000 &&
			       s.destination_port == 25 && !s.payload &&
			       !s.payload_len && !s.payload_wire_len,
		       "in \"%s\" got %u, flags %#x", recipe, s.kind, s.flags);
		expect(addresses_are_right(&s),
		       "in \"%s\" the addresses are others", recipe);
	}
}

/* ---- NFLOG and Linux' own headers ---- */

CLAIM(attributes, "NFLOG says whose rule, which interfaces and who owns it")
{
	static const struct {
		const char *recipe;
		uint32_t prefix_len, in, out;
		int64_t uid; /* -1: none */
	} vectors[] = {
		{ "nflog:2 payload ip4 tcp", 0, 0, 0, -1 },
		{ "nflog:2 attr:1:0x08000300 prefix:5 attr:4:7 attr:5:8 "
		  "attr:11:1000 payload ip4 tcp",
		  4, 7, 8, 1000 },
		{ "nflog:10 attr:11:0 payload ip6 tcp", 0, 0, 0, 0 },
		{ "nflog:2 prefix:4 payload ip4 tcp", 4, 0, 0,
		  -1 }, /* no NUL */
		{ "nflog:2 prefix:1 payload ip4 tcp", 1, 0, 0, -1 },
		{ "nflog:2 prefix:0 payload ip4 tcp", 0, 0, 0, -1 },
		{ "nflog:2 set:4:0 prefix:5 payload ip4 tcp", 0, 0, 0, -1 },
		{ "behind:11:77 nflog:2 payload ip4 tcp data:4", 0, 0, 0, 77 },
		{ "nflog:2 attr:0x800b:77 payload ip4 tcp", 0, 0, 0, 77 },
		{ "nflog:2 attr:15:5 attr:2:6 attr:99:7 payload ip4 tcp", 0, 0,
		  0, -1 },
		{ "nflog:2 set:0:7 attr:11:5 payload ip4 tcp", 0, 0, 0, -1 },
		/* the first packet counts */
		{ "behind:9:0 nflog:2 payload ip4 tcp", 0, 0, 0, -1 },
		/* bridge, netdev: what it is the packet's header says */
		{ "nflog:7 attr:1:0x08000000 payload ip4 tcp", 0, 0, 0, -1 },
		{ "nflog:7 attr:1:0x81000000 payload vlan ip6 tcp", 0, 0, 0,
		  -1 },
		{ "nflog:5 payload ip6 tcp", 0, 0, 0, -1 },
		/* all that SLL2 knows */
		{ "sll2:9 ip4 tcp", 0, 9, 0, -1 },
		{ "sll2:9:4 ip6 tcp", 0, 0, 9, -1 },
		{ "eth ip4 tcp", 0, 0, 0, -1 },
	};
	struct segment s;

	for (size_t i = 0; i < COUNT(vectors); i++) {
		const char *recipe = vectors[i].recipe;
		uint32_t n = vectors[i].prefix_len;

		if (!expect_decoded(recipe, decode_recipe(recipe, &s),
				    DECODED_SEGMENT))
			continue;
		expect(s.prefix_len == n && !s.prefix == !n &&
			       (!n || !memcmp(s.prefix, "smtp", n)),
		       "in \"%s\" a prefix of %u", recipe, s.prefix_len);
		expect(s.in_index == vectors[i].in &&
			       s.out_index == vectors[i].out,
		       "in \"%s\" in %u out %u", recipe, s.in_index,
		       s.out_index);
		expect((s.has_uid ? (int64_t)s.uid : -1) == vectors[i].uid,
		       "in \"%s\" user %d %u", recipe, s.has_uid, s.uid);
	}
}

CLAIM(attributes_bound, "NFLOG of very many attributes is not read to its end")
{
	for (int n = 63; n <= 64; n++) { /* and the payload */
		char recipe[1024] = "nflog:2";
		struct segment s;

		for (int i = 0; i < n; i++)
			strcat(recipe, " attr:2:1");
		strcat(recipe, " payload ip4 tcp");
		expect_decoded(recipe, decode_recipe(recipe, &s),
			       n < 64 ? DECODED_SEGMENT : UNDECODED_TOO_DEEP);
	}
}

/* ---- fragments ---- */

struct piece {
	uint8_t offset, n;
	enum decoded want;
	const char *set; /* a word that changes what is in it */
};

/* A segment of 48 bytes in fragments of IPv4 or IPv6. */
static void build_piece(struct built *b, int family, const struct piece *piece,
			const char *tcp)
{
	struct built whole;
	char recipe[128];
	bool more = piece->offset + piece->n < 48;

	if (family == 4)
		snprintf(recipe, sizeof(recipe),
			 "eth ip4:%u keep:%u proto:6 %s data:48",
			 piece->offset / 8u | (more ? 0x2000u : 0), piece->n,
			 piece->set ? piece->set : "proto:6");
	else
		snprintf(recipe, sizeof(recipe),
			 "eth ip6 frag:%u:%u keep:%u proto:6 %s data:48",
			 piece->offset, more, piece->n,
			 piece->set ? piece->set : "proto:6");
	build(&whole, tcp);
	build(b, recipe);
	if (!piece->set)
		memcpy(b->room + b->end - piece->n,
		       whole.room + whole.at + piece->offset, piece->n);
}

static enum decoded decode_piece(int family, const struct piece *piece,
				 const char *tcp, int64_t time_us,
				 struct segment *s)
{
	struct built b;
	struct frame f;

	build_piece(&b, family, piece, tcp);
	f = frame_of(&b);
	f.time_us = time_us;
	return decode_one(f, s);
}

#define HELD	DECODED_HELD
#define SEGMENT DECODED_SEGMENT
#define OTHER	DECODED_OTHER
#define ENDS                                                                   \
	{                                                                      \
		0, 0, OTHER, NULL                                              \
	} /* a table's end */

CLAIM(fragments, "fragments are the segment as soon as its flags are there, in "
		 "any order")
{
	static const struct {
		const char *what;
		struct piece pieces[8];
		const char *tcp;
	} vectors[] = {
		{ "one with the whole header",
		  { { 0, 24, SEGMENT, 0 }, { 24, 24, OTHER, 0 }, ENDS },
		  "tcp data:28" },
		{ "its rest comes first",
		  { { 24, 24, OTHER, 0 }, { 0, 24, SEGMENT, 0 }, ENDS },
		  "tcp data:28" },
		{ "two of 16",
		  { { 0, 16, SEGMENT, 0 }, { 16, 32, OTHER, 0 }, ENDS },
		  "tcp data:28" },
		{ "two of 16, reversed",
		  { { 16, 32, HELD, 0 }, { 0, 16, SEGMENT, 0 }, ENDS },
		  "tcp data:28" },
		{ "eights",
		  { { 0, 8, HELD, 0 },
		    { 8, 8, SEGMENT, 0 },
		    { 16, 8, OTHER, 0 },
		    { 24, 24, OTHER, 0 },
		    ENDS },
		  "tcp data:28" },
		{ "eights, reversed",
		  { { 24, 24, OTHER, 0 },
		    { 16, 8, HELD, 0 },
		    { 8, 8, HELD, 0 },
		    { 0, 8, SEGMENT, 0 },
		    ENDS },
		  "tcp data:28" },
		{ "the middle last",
		  { { 16, 8, HELD, 0 },
		    { 0, 8, HELD, 0 },
		    { 8, 8, SEGMENT, 0 },
		    ENDS },
		  "tcp data:28" },
		{ "some of them twice",
		  { { 0, 8, HELD, 0 },
		    { 0, 8, HELD, 0 },
		    { 8, 8, SEGMENT, 0 },
		    { 16, 8, OTHER, 0 },
		    ENDS },
		  "tcp data:28" },
		{ "the number is used again",
		  { { 0, 8, HELD, 0 },
		    { 8, 40, SEGMENT, 0 },
		    { 0, 8, HELD, 0 },
		    { 8, 40, SEGMENT, 0 },
		    { 0, 24, SEGMENT, 0 },
		    ENDS },
		  "tcp data:28" },
		{ "not our ports",
		  { { 0, 8, OTHER, 0 },
		    { 8, 8, OTHER, 0 },
		    { 16, 8, OTHER, 0 },
		    ENDS },
		  "tcp:40000:80 data:28" },
		{ "not our ports, reversed",
		  { { 16, 8, HELD, 0 },
		    { 8, 8, HELD, 0 },
		    { 0, 8, OTHER, 0 },
		    ENDS },
		  "tcp:40000:80 data:28" },
		{ "empty ones",
		  { { 0, 0, UNDECODED_BAD_LENGTH, 0 },
		    { 8, 0, UNDECODED_BAD_LENGTH, 0 },
		    ENDS },
		  "tcp data:28" },
	};

	for (size_t i = 0; i < COUNT(vectors) * 2; i++) {
		int family = i % 2 ? 6 : 4;
		const char *what = vectors[i / 2].what;
		const struct piece *piece = vectors[i / 2].pieces;
		bool tells = false;
		struct segment s;

		new_decoder();
		for (; piece->n || piece->want != OTHER; piece++) {
			enum decoded got = decode_piece(
				family, piece, vectors[i / 2].tcp, 1234567, &s);
			enum decoded want = piece->want;

			/* IPv6: only the first fragment tells what it is */
			if (family == 6 && !tells && piece->offset &&
			    piece->want == OTHER)
				want = HELD;
			tells = tells || !piece->offset;
			expect(got == want,
			       "in %s: IPv%d, %u bytes at %u: got %s want %s",
			       what, family, piece->n, piece->offset,
			       decoded_name(got), decoded_name(want));
			if (got != SEGMENT || piece->want != SEGMENT)
				continue;
			s.payload_len = s.payload_wire_len = 0;
			s.payload = NULL;
			expect(is_the_segment(&s, 0), "in %s: IPv%d: another",
			       what, family);
		}
		expect_number(what, decoder_given_up(decoder), 0);
	}
}

CLAIM(overlaps, "where fragments overlap, the bytes that came first count")
{
	static const struct piece first = { 0, 8, HELD, NULL },
				  all = { 0, 24, SEGMENT, NULL },
				  rest = { 8, 40, SEGMENT, NULL };
	/* the rest of the header, with other flags */
	static const struct piece forged_rest = { 8, 8, HELD,
						  "set:4:0x50 set:5:0x04" };
	static const struct piece forged_first = { 0, 8, HELD, "set:1:1" };
	struct segment s;

	new_decoder();
	decode_piece(4, &forged_rest, "tcp data:28", 0, &s);
	expect_decoded("all of it", decode_piece(4, &all, "tcp data:28", 0, &s),
		       SEGMENT);
	expect(s.flags == TCP_RST && s.seq == SEQ && s.source_port == 40000,
	       "flags %#x", s.flags);
	new_decoder();
	decode_piece(6, &first, "tcp data:28", 0, &s);
	expect_decoded("the first again",
		       decode_piece(6, &forged_first, "tcp data:28", 0, &s),
		       HELD);
	expect_decoded("the rest", decode_piece(6, &rest, "tcp data:28", 0, &s),
		       SEGMENT);
	expect(s.flags == FLAGS && s.seq == SEQ && s.source_port == 40000,
	       "from %u", s.source_port);
}

CLAIM(fragments_wait, "fragments are waited for 30 s, and then given up")
{
	static const struct {
		int64_t first_us, second_us;
		enum decoded want;
		uint64_t given_up;
	} vectors[] = {
		{ 0, 30000000, SEGMENT, 0 },
		{ 0, 30000001, HELD, 1 },
		{ 30000000, 0, SEGMENT, 0 }, /* time steps back */
		{ 30000001, 0, HELD, 1 },
		{ INT64_MAX, INT64_MIN, SEGMENT, 0 }, /* mod 2^64 */
		{ INT64_MAX, 0, HELD, 1 },
	};
	static const struct piece first = { 0, 8, HELD, NULL },
				  rest = { 8, 40, SEGMENT, NULL };
	struct segment s;

	for (size_t i = 0; i < COUNT(vectors); i++) {
		new_decoder();
		decode_piece(4, &first, "tcp data:28", vectors[i].first_us, &s);
		expect_decoded("the second",
			       decode_piece(4, &rest, "tcp data:28",
					    vectors[i].second_us, &s),
			       vectors[i].want);
		expect_number("given up", decoder_given_up(decoder),
			      vectors[i].given_up);
	}
}

/* Byte 19 of the frame is the number's last. */
static enum decoded decode_numbered(const struct piece *piece, unsigned int id,
				    uint8_t input, int64_t time_us)
{
	struct segment s;
	struct built b;
	struct frame f;

	build_piece(&b, 4, piece, "tcp data:28");
	put16(b.room + b.at + 14 + 4, id);
	f = frame_of(&b);
	f.input = input;
	f.time_us = time_us;
	return decode_one(f, &s);
}

CLAIM(fragments_room, "of 257 datagrams the oldest is given up; those that are "
		      "done are not counted")
{
	static const struct piece first = { 0, 8, HELD, NULL },
				  rest = { 8, 40, SEGMENT, NULL };

	new_decoder();
	for (unsigned int id = 0; id < 256; id++)
		decode_numbered(&first, id, 0, id);
	expect_number("of 256", decoder_given_up(decoder), 0);
	expect_decoded("another input", decode_numbered(&rest, 7, 1, 300),
		       HELD); /* the 257th */
	expect_number("of 257", decoder_given_up(decoder), 1);
	for (unsigned int id = 1; id < 256; id++)
		expect_decoded("the rest", decode_numbered(&rest, id, 0, 400),
			       SEGMENT);
	for (unsigned int id = 1000; id < 1255; id++)
		decode_numbered(&first, id, 0, 500);
	expect_number("after those done", decoder_given_up(decoder), 1);
	decode_numbered(&first, 5000, 0, 600);
	expect_number("and one more", decoder_given_up(decoder), 2);
	decode_numbered(&first, 5001, 0, 60000000);
	expect_number("a minute later", decoder_given_up(decoder), 2 + 256);
}

CLAIM(fragments_cut, "a fragment that was captured in part is not held")
{
	static const struct {
		struct piece piece;
		uint32_t bytes; /* captured behind the IP header */
		const char *tcp;
		enum decoded want;
	} vectors[] = {
		{ { 0, 8, 0, NULL }, 7, "tcp data:28", UNDECODED_TRUNCATED },
		{ { 0, 8, 0, NULL }, 7, "tcp:1:80 data:28", OTHER },
		{ { 0, 8, 0, NULL },
		  3,
		  "tcp:1:80 data:28",
		  UNDECODED_TRUNCATED },
		{ { 8, 8, 0, NULL }, 7, "tcp data:28", UNDECODED_TRUNCATED },
		{ { 8, 40, 0, NULL }, 16, "tcp data:28", HELD },
		{ { 0, 48, 0, NULL }, 13, "tcp data:28", UNDECODED_TRUNCATED },
		{ { 0, 48, 0, NULL }, 14, "tcp data:28", SEGMENT },
		{ { 24, 8, 0, NULL }, 0, "tcp data:28", OTHER },
	};
	struct segment s;
	struct built b;

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct frame f;

		new_decoder();
		build_piece(&b, 4, &vectors[i].piece, vectors[i].tcp);
		f = frame_of(&b);
		f.caplen = 34 + vectors[i].bytes;
		expect_decoded(vectors[i].tcp, decode_one(f, &s),
			       vectors[i].want);
	}
}

CLAIM(fragments_tiny, "a first fragment of IPv4 without TCP's flags is hidden, "
		      "and counts as the multiple of 8 bytes that is kept")
{
	static const struct {
		struct piece pieces[3];
		const char *tcp;
		enum hidden hidden;
	} vectors[] = {
		{ { { 0, 8, HELD, 0 }, { 8, 40, SEGMENT, 0 }, ENDS },
		  "tcp data:28",
		  HIDDEN_FIRST_FRAGMENT },
		{ { { 8, 40, HELD, 0 }, { 0, 8, SEGMENT, 0 }, ENDS },
		  "tcp data:28",
		  HIDDEN_FIRST_FRAGMENT },
		/* the flags of this one are cut off */
		{ { { 0, 14, HELD, 0 }, { 8, 40, SEGMENT, 0 }, ENDS },
		  "tcp data:28",
		  HIDDEN_FIRST_FRAGMENT },
		{ { { 0, 7, UNDECODED_BAD_LENGTH, 0 }, ENDS },
		  "tcp data:28",
		  HIDDEN_NOT },
		{ { { 0, 16, SEGMENT, 0 }, { 16, 32, OTHER, 0 }, ENDS },
		  "tcp data:28",
		  HIDDEN_NOT },
		{ { { 0, 8, OTHER, 0 }, { 8, 40, OTHER, 0 }, ENDS },
		  "tcp:1:80 data:28",
		  HIDDEN_NOT },
	};
	struct segment s;

	for (size_t i = 0; i < COUNT(vectors); i++) {
		new_decoder();
		for (const struct piece *p = vectors[i].pieces; p->n; p++) {
			enum decoded got =
				decode_piece(4, p, vectors[i].tcp, 0, &s);

			expect_decoded(vectors[i].tcp, got, p->want);
			if (got == SEGMENT)
				expect_number("hidden", s.hidden,
					      vectors[i].hidden);
		}
		expect_number("count",
			      decoder_hidden(decoder, HIDDEN_FIRST_FRAGMENT),
			      vectors[i].hidden == HIDDEN_FIRST_FRAGMENT);
	}
}

/* ---- headers that are hidden ---- */

#define CHAIN_MOST 8

/* A datagram of IPv6 behind its first header, in parts of these lengths. */
struct chained {
	const char *recipe; /* from IPv6 on */
	unsigned int protocol;
	unsigned int parts[CHAIN_MOST]; /* then the rest of it */
	bool hidden;
};

static const struct chained chains[] = {
	{ "link:229 ip6 dest tcp data:40", 60, { 40 }, false },
	{ "link:229 ip6 dest tcp data:40", 60, { 8 }, true },
	{ "link:229 ip6 dest dest tcp data:9", 60, { 8 }, true },
	{ "link:229 ip6 dest dest tcp data:9", 60, { 8, 8 }, true },
	{ "link:229 ip6 dest dest tcp data:9", 60, { 16 }, true },
	{ "link:229 ip6 dest dest tcp data:9", 60, { 16, 8, 8 }, true },
	{ "link:229 ip6 dest dest tcp data:9", 60, { 24 }, false },
	{ "link:229 ip6 dest:1024 tcp", 60, { 512, 256 }, true },
	{ "link:229 ip6 route:24 dest:16 tcp", 43, { 8, 8, 8, 8 }, true },
	{ "link:229 ip6 ah dest tcp", 51, { 8 }, true },
	{ "link:229 ip6 dest:8 dest:8 dest:8 dest:8 dest:8 dest:8 tcp",
	  60,
	  { 8, 8, 8, 8 },
	  true },
};

/* The i-th part; any but the first says that it is of another protocol. */
static enum decoded decode_part(const struct chained *chain, unsigned int i,
				bool lies, struct segment *s)
{
	unsigned int offset = 0, n;
	struct built whole, b;
	char recipe[128];

	build(&whole, chain->recipe);
	for (unsigned int k = 0; k < i; k++)
		offset += chain->parts[k];
	n = chain->parts[i] ? chain->parts[i] :
			      (unsigned int)length(&whole) - 40 - offset;
	snprintf(recipe, sizeof(recipe),
		 "eth ip6 frag:%u:%u keep:%u proto:%u data:1500", offset,
		 chain->parts[i] != 0, n, lies && i ? 17 : chain->protocol);
	build(&b, recipe);
	memcpy(b.room + b.end - n, whole.room + whole.at + 40 + offset, n);
	return decode_built(&b, s);
}

static void expect_chain(const struct chained *chain, bool reversed, bool lies)
{
	unsigned int n = 1;
	uint64_t hides;
	struct segment s;

	while (chain->parts[n - 1])
		n++;
	new_decoder();
	for (unsigned int k = 0; k < n; k++) {
		enum decoded got =
			decode_part(chain, reversed ? n - 1 - k : k, lies, &s);

		if (got != DECODED_HELD && got != DECODED_OTHER) {
			expect(got == DECODED_SEGMENT && s.seq == SEQ &&
				       s.source_port == 40000 &&
				       s.destination_port == 25 &&
				       s.flags == FLAGS,
			       "in \"%s\" part %u of %u: %s", chain->recipe, k,
			       n, decoded_name(got));
			expect(s.hidden == (chain->hidden ?
						    HIDDEN_FIRST_FRAGMENT :
						    HIDDEN_NOT),
			       "in \"%s\" it is hidden: %u", chain->recipe,
			       s.hidden);
			break;
		}
		expect(k + 1 < n, "in \"%s\" no segment%s%s", chain->recipe,
		       reversed ? ", reversed" : "", lies ? ", lying" : "");
	}
	hides = decoder_hidden(decoder, HIDDEN_FIRST_FRAGMENT);
	expect(hides == chain->hidden, "in \"%s\" %u fragments hide",
	       chain->recipe, (unsigned int)hides);
}

CLAIM(options_ahead,
      "options before TCP are put together, in any order, whatever "
      "later fragments say that they are")
{
	for (size_t i = 0; i < COUNT(chains); i++)
		for (int how = 0; how < 4; how++)
			expect_chain(&chains[i], how & 1, how & 2);
}

CLAIM(options_wait, "IPv6 waits 60 s; one page of 65 is given up")
{
	struct segment s;

	for (int late = 0; late < 2; late++) {
		struct built b;
		struct frame f;

		new_decoder();
		decode_part(&chains[2], 0, false, &s);
		build(&b, "eth ip6 frag:8 dest tcp data:9");
		f = frame_of(&b);
		f.time_us += 60000000 + late;
		expect_decoded("the rest", decode_one(f, &s),
			       late ? DECODED_HELD : DECODED_SEGMENT);
		expect_number("given up", decoder_given_up(decoder), late);
	}
	new_decoder();
	for (unsigned int id = 0; id < 65; id++) {
		struct built b;

		build(&b, "eth ip6 frag:0:1 keep:8 dest dest tcp");
		put32(b.room + b.at + 14 + 40 + 4, id);
		expect_decoded("held", decode_built(&b, &s), DECODED_HELD);
		expect(s.hidden == HIDDEN_FIRST_FRAGMENT, "hidden: %u",
		       s.hidden);
	}
	expect_number("given up", decoder_given_up(decoder), 1);
	expect_number("hidden", decoder_hidden(decoder, HIDDEN_FIRST_FRAGMENT),
		      65);
}

CLAIM(options_again, "a number that is used again is another datagram")
{
	struct segment s;

	new_decoder();
	for (int i = 0; i < 3; i++) {
		expect_decoded("first", decode_part(&chains[2], 0, false, &s),
			       DECODED_HELD);
		expect_decoded("rest", decode_part(&chains[2], 1, false, &s),
			       DECODED_SEGMENT);
		expect_decoded("rest", decode_part(&chains[2], 1, true, &s),
			       DECODED_HELD);
		expect_decoded("first", decode_part(&chains[2], 0, true, &s),
			       DECODED_SEGMENT);
	}
	expect_number("given up", decoder_given_up(decoder), 0);
}

CLAIM(hidden_ways, "each way to hide a SYN has its name and its count")
{
	static const struct {
		const char *recipe;
		enum hidden want;
	} vectors[] = {
		{ "eth ip4 tcp", HIDDEN_NOT },
		{ "eth vlan ip4 tcp", HIDDEN_NOT },
		{ "eth set:1:0 vlan ip4 tcp", HIDDEN_NOT },
		{ "eth ip6 dest dest hop tcp", HIDDEN_NOT },
		{ "eth ip6 frag tcp", HIDDEN_NOT },
		{ "eth ip4:0:4 tcp", HIDDEN_NOT },
		{ "eth ip4:0:8 set:20:0 tcp", HIDDEN_NOT },
		{ "sll2 ip4 tcp", HIDDEN_NOT },
		{ "ppp ip4 tcp", HIDDEN_NOT },
		{ "eth set:20:0x83 set:21:7 set:22:8 ip4:0:8 tcp",
		  HIDDEN_SOURCE_ROUTE },
		{ "eth set:20:0x89 set:21:7 set:22:8 ip4:0:8 tcp",
		  HIDDEN_SOURCE_ROUTE },
		{ "eth set:20:1 set:21:0x83 set:22:7 set:23:8 ip4:0:8 tcp",
		  HIDDEN_SOURCE_ROUTE },
		/* the list ended before it; a length that is none */
		{ "eth set:20:0 set:21:0x83 set:22:7 ip4:0:8 tcp", HIDDEN_NOT },
		{ "eth set:20:0x83 set:21:1 ip4:0:8 tcp", HIDDEN_NOT },
		{ "eth set:20:0x83 set:21:9 ip4:0:8 tcp", HIDDEN_NOT },
		{ "eth set:0:0 set:1:0 vlan set:0:0 set:1:0 vlan ip4 tcp",
		  HIDDEN_STACKED_TAGS },
		{ "eth set:0:0x60 set:1:0 qinq set:0:0 set:1:0 vlan ip6 tcp",
		  HIDDEN_STACKED_TAGS },
		{ "eth set:1:5 vlan vlan ip4 tcp", HIDDEN_ENCAPSULATED },
		{ "eth qinq set:1:6 vlan ip6 tcp", HIDDEN_ENCAPSULATED },
		{ "eth pppoe ppp ip4 tcp", HIDDEN_ENCAPSULATED },
		{ "eth mpls ip6 tcp", HIDDEN_ENCAPSULATED },
		{ "eth snap ip4 tcp", HIDDEN_ENCAPSULATED },
		{ "eth ip4 ip4 tcp", HIDDEN_ENCAPSULATED },
		{ "eth ip6 gre ip4 tcp", HIDDEN_ENCAPSULATED },
		{ "eth ip4 udp:4789 vxlan eth ip4 tcp", HIDDEN_ENCAPSULATED },
		/* only SYNs can get past */
		{ "eth vlan vlan ip4 set:13:0x10 tcp", HIDDEN_NOT },
		{ "eth vlan vlan ip4 icmp:3 ip4 tcp", HIDDEN_NOT },
		/* IPv6: segments are left, or none */
		{ "eth ip6 set:3:1 route:24 tcp", HIDDEN_SOURCE_ROUTE },
		{ "eth ip6 set:2:4 set:3:1 route:24 tcp", HIDDEN_SOURCE_ROUTE },
		{ "eth ip6 route:24 tcp", HIDDEN_NOT },
	};
	struct segment s;

	for (size_t i = 0; i < COUNT(vectors); i++) {
		const char *recipe = vectors[i].recipe;

		new_decoder();
		if (!expect_decoded(recipe, decode_recipe(recipe, &s),
				    DECODED_SEGMENT))
			continue;
		expect(s.hidden == vectors[i].want, "in \"%s\" got %s want %s",
		       recipe, hidden_name(s.hidden),
		       hidden_name(vectors[i].want));
		for (enum hidden h = HIDDEN_NOT + 1; h < HIDDEN_N; h++)
			expect_number(recipe, decoder_hidden(decoder, h),
				      h == vectors[i].want);
	}
}

CLAIM(routes, "the destination is the last one of a source route that is not "
	      "used up")
{
	static const struct {
		unsigned int len, pointer;
		uint8_t last; /* byte of the address */
	} vectors[] = {
		{ 7, 4, 7 },   /* one address ahead */
		{ 11, 4, 11 }, /* two */
		{ 11, 8, 11 }, /* the first of them is done */
		{ 11, 12, 1 }, /* both: the header is right */
		{ 3, 4, 1 },   /* none at all */
		{ 6, 4, 1 },   /* less than one */
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct built b;
		struct segment s;
		uint8_t *option;

		build(&b, "eth ip4:0:12 tcp");
		option = b.room + b.at + 14 + 20;
		memset(option, 0, 12);
		option[0] = 0x83;
		option[1] = (uint8_t)vectors[i].len;
		option[2] = (uint8_t)vectors[i].pointer;
		for (uint8_t k = 3; k < vectors[i].len; k++)
			option[k] = (uint8_t)(k + 1);
		expect_decoded("a route", decode_built(&b, &s),
			       DECODED_SEGMENT);
		expect(s.destination.byte[3] == vectors[i].last,
		       "of %u bytes at %u: %u", vectors[i].len,
		       vectors[i].pointer, s.destination.byte[3]);
	}
}

CLAIM(fragmented_tunnels, "the first fragment of a tunnel is read as far as it "
			  "goes, the others are other")
{
	static const struct {
		const char *recipe;
		enum decoded want;
	} vectors[] = {
		{ "eth ip4:0x2000 keep:96 udp:4789 vxlan eth ip4 tcp data:90",
		  SEGMENT },
		{ "eth ip4:0x2000 keep:56 udp:4789 vxlan eth ip4 tcp data:90",
		  UNDECODED_TRUNCATED },
		{ "eth ip4:0x2000 keep:48 ip4 tcp data:90", SEGMENT },
		{ "eth ip6 frag:0:1 keep:72 gre ip6 tcp data:90", SEGMENT },
		{ "eth ip4:0x0003 proto:17 data:90", OTHER },
		{ "eth ip6 frag:8:1 proto:47 data:8", HELD },
	};
	struct segment s;

	for (size_t i = 0; i < COUNT(vectors); i++)
		expect_decoded(vectors[i].recipe,
			       decode_recipe(vectors[i].recipe, &s),
			       vectors[i].want);
}

/* ---- the short way ---- */

/* One tag is still read the short way, two are not. */
static void insert_tags(struct built *b)
{
	uint8_t *h = front(b, 8);

	memmove(h, h + 8, 12);
	put32(h + 12, 0x81000001);
	put32(h + 16, 0x81000002);
}

/* Only what the short way looks at is changed, and the capture's length. */
static struct frame change_by_chance(struct built *b, uint64_t *seed)
{
	static const uint8_t at[] = { 12, 13, 14, 16, 17, 18, 19, 20,
				      21, 23, 24, 34, 35, 36, 37, 38,
				      39, 40, 41, 46, 47, 54, 55, 56 };
	struct frame f;

	for (int i = 0; i < 2; i++)
		if (chance(seed) % 2)
			b->room[b->at + at[chance(seed) % COUNT(at)]] =
				(uint8_t)(chance(seed) >> 13);
	f = frame_of(b);
	if (chance(seed) % 2)
		f.caplen = (uint32_t)(chance(seed) % (f.len + 1));
	return f;
}

static bool is_same(enum decoded a, const struct segment *s, enum decoded b,
		    const struct segment *t)
{
	if (a != DECODED_SEGMENT || a != b)
		return a == b;
	return !memcmp(&s->source, &t->source, sizeof(s->source)) &&
	       !memcmp(&s->destination, &t->destination,
		       sizeof(s->destination)) &&
	       s->source_port == t->source_port &&
	       s->destination_port == t->destination_port && s->seq == t->seq &&
	       s->ack == t->ack && s->flags == t->flags &&
	       s->family == t->family && s->kind == t->kind &&
	       s->time_us == t->time_us && !s->payload == !t->payload &&
	       s->payload_len == t->payload_len &&
	       s->payload_wire_len == t->payload_wire_len;
}

/* A sanitizer needs milliseconds for a decoder. */
#ifdef __SANITIZE_ADDRESS__
#define SHORT_FRAMES 4000
#else
#define SHORT_FRAMES 200000
#endif

CLAIM(short_way,
      "with two tags, which are read the long way, a frame is the same")
{
	static const char *const recipes[] = {
		"pad:7 eth ip4 tcp:40000:80 data:5",
		"pad:7 eth ip4 tcp data:5",
		"eth ip4 tcp",
		"eth vlan ip4 tcp data:9",
		"eth ip4 udp:53 data:9",
		"eth ip4:0x2000 tcp:40000:80",
		"eth ip6 tcp:40000:80 data:5",
		"eth ip6 udp:53 data:60",
		"eth vlan ip4 tcp:40000:80 data:5",
		"eth vlan ip6 udp:53 data:5",
	};
	uint64_t seed = 2024;

	for (int i = 0; i < SHORT_FRAMES; i++) {
		struct built b;
		struct segment s, tagged;
		struct frame f;
		enum decoded got, want;
		ptrdiff_t at;

		build(&b, recipes[chance(&seed) % COUNT(recipes)]);
		f = change_by_chance(&b, &seed);
		if (f.caplen < 14)
			continue;
		new_decoder();
		got = decode_one(f, &s);
		at = got == DECODED_SEGMENT && s.payload ? s.payload - kept : 0;
		insert_tags(&b);
		f.data = b.room + b.at;
		f.caplen += 8;
		f.len += 8;
		new_decoder();
		want = decode_one(f, &tagged);
		if (!expect(is_same(got, &s, want, &tagged) &&
				    (!at || tagged.payload - kept == at + 8),
			    "vector %d: got %s, tagged %s", i,
			    decoded_name(got), decoded_name(want)))
			return;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(names),
		CLAIMED(layers),
		CLAIMED(others),
		CLAIMED(reasons),
		CLAIMED(forged),
		CLAIMED(moved),
		CLAIMED(every_cut),
		CLAIMED(readable_ports),
		CLAIMED(directions),
		CLAIMED(lengths),
		CLAIMED(any_number),
		CLAIMED(depth),
		CLAIMED(unreachable),
		CLAIMED(attributes),
		CLAIMED(attributes_bound),
		CLAIMED(fragments),
		CLAIMED(overlaps),
		CLAIMED(fragments_wait),
		CLAIMED(fragments_room),
		CLAIMED(fragments_cut),
		CLAIMED(fragments_tiny),
		CLAIMED(fragmented_tunnels),
		CLAIMED(options_ahead),
		CLAIMED(options_wait),
		CLAIMED(options_again),
		CLAIMED(hidden_ways),
		CLAIMED(routes),

		CLAIMED(short_way),
	};

	return cmocka_run_group_tests_name("decode", tests, make_decoder,
					   free_decoder);
}
