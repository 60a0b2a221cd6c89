/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IP, its options and extension headers, ICMP errors, UDP and TCP. */
#include "layer.h"

#include <netinet/in.h>
#include <string.h>

/* ---- IP ---- */

static void packet_set_addresses(struct packet *p, uint8_t family,
				 const uint8_t *source, size_t n)
{
	struct segment *out = p->out;

	p->encapsulated |= out->family != 0;
	p->bad_sum |= p->sum_off != 0;
	p->sum_off = 0;
	out->family = family;
	memset(&out->source, 0, sizeof(out->source));
	memset(&out->destination, 0, sizeof(out->destination));
	memcpy(&out->source, source, n);
	memcpy(&out->destination, source + n, n);
}

/*
 * Limits the cursor to the length in the header. Callers skip a 0: the length
 * did not fit (RFC 2675), or the network card was to fill it in. A quoted
 * packet is cut, and some systems quote its length wrong.
 */
static void packet_limit(struct packet *p, uint32_t len)
{
	if (!p->quoted)
		cursor_limit(&p->cursor, len);
}

#define OPTION_END	    0
#define OPTION_NO_OPERATION 1
#define OPTION_LOOSE_ROUTE  0x83
#define OPTION_STRICT_ROUTE 0x89

/*
 * A source route: type, length, pointer, addresses. Until the pointer is beyond
 * them the destination in the header is one on the way, and the last of them is
 * the one that is meant.
 */
static void ipv4_read_route(struct packet *p, const uint8_t *option)
{
	uint32_t len = option[1];

	p->hidden = HIDDEN_SOURCE_ROUTE;
	if (!p->quoted && len >= 7 && option[2] < len)
		memcpy(&p->out->destination, option + len - 4, 4);
}

/* RFC 791, section 3.1: type, and but for two of them a length */
static void ipv4_read_options(struct packet *p, uint32_t n)
{
	const uint8_t *options = p->cursor.at;
	uint32_t left = n < p->cursor.captured ? n : p->cursor.captured;

	cursor_skip(&p->cursor, n);
	while (left >= 3 && *options != OPTION_END) {
		uint32_t len = *options == OPTION_NO_OPERATION ? 1 : options[1];

		if (!len || len > left || (len == 1 && *options > 1))
			return;
		if (len >= 3 && (*options == OPTION_LOOSE_ROUTE ||
				 *options == OPTION_STRICT_ROUTE))
			ipv4_read_route(p, options);
		options += len;
		left -= len;
	}
}

/* RFC 791, section 3.1 */
void layer_ipv4(struct packet *p)
{
	const uint8_t *h = cursor_read(&p->cursor, 20);
	uint32_t header, total;

	if (!h)
		return;
	if (h[0] >> 4 != 4) {
		packet_end(p, UNDECODED_UNKNOWN);
		return;
	}
	header = (h[0] & 0x0fu) * 4;
	total = get16(h + 2);
	if (header < 20 || (total && total < 20 && !p->quoted)) {
		packet_end(p, UNDECODED_BAD_LENGTH);
		return;
	}
	if (total)
		packet_limit(p, total - 20);
	packet_set_addresses(p, 4, h + 12, 4);
	p->hop_limit = h[8];
	if (total && !p->quoted && p->cursor.captured >= header - 20)
		p->sum_off = ipv4_sum_off(h, header);
	if (header > 20)
		ipv4_read_options(p, header - 20);
	if (get16(h + 6) & 0x3fff) /* an offset, or more fragments */
		fragment_read_ipv4(
			p, &(struct fragment_of){
				   .protocol = h[9],
				   .id = get16(h + 4),
				   .offset = (get16(h + 6) & 0x1fffu) * 8,
				   .more = get16(h + 6) & 0x2000 });
	else
		p->next = layer_of_protocol(h[9], 4, p->quoted);
}

/* RFC 8200, section 3 */
void layer_ipv6(struct packet *p)
{
	const uint8_t *h = cursor_read(&p->cursor, 40);

	if (!h)
		return;
	if (h[0] >> 4 != 6) {
		packet_end(p, UNDECODED_UNKNOWN);
		return;
	}
	if (get16(h + 4))
		packet_limit(p, get16(h + 4));
	packet_set_addresses(p, 6, h + 8, 16);
	p->hop_limit = h[7];
	p->next = layer_of_protocol(h[6], 6, p->quoted);
}

void layer_ip(struct packet *p)
{
	switch (cursor_peek(&p->cursor) >> 4) {
	case 4:
		p->next = layer_ipv4;
		return;
	case 6:
		p->next = layer_ipv6;
		return;
	}
	packet_end(p, UNDECODED_UNKNOWN);
}

/* ---- extension headers of IPv6: the next one, their length ---- */

static void ip_read_extension(struct packet *p, uint32_t unit, uint32_t more)
{
	const uint8_t *h = cursor_read(&p->cursor, 2);

	if (!h)
		return;
	cursor_skip(&p->cursor, (h[1] + more) * unit - 2);
	p->next = layer_of_protocol(h[0], p->out->family, p->quoted);
	p->repeats = true;
}

/*
 * RFC 8200, section 4.4: next, length, type, segments left, 4 bytes, addresses.
 * With segments left the destination is one on the way. The last is the last
 * address, of segment routing the first (RFC 8754).
 */
static void layer_routing(struct packet *p)
{
	const uint8_t *h = cursor_read(&p->cursor, 8);
	const uint8_t *addresses;
	uint32_t len;

	if (!h)
		return;
	len = h[1] * 8u;
	p->repeats = true;
	p->next = layer_of_protocol(h[0], p->out->family, p->quoted);
	if (!h[3] || p->quoted) {
		cursor_skip(&p->cursor, len);
		return;
	}
	p->hidden = HIDDEN_SOURCE_ROUTE;
	addresses = len ? cursor_read(&p->cursor, len) : NULL;
	if (addresses && len >= 16)
		memcpy(&p->out->destination,
		       addresses + (h[2] == 4 ? 0 : len - 16), 16);
}

/* RFC 8200, sections 4.3, 4.6 */
static void layer_options(struct packet *p)
{
	ip_read_extension(p, 8, 1);
}

/* RFC 4302, section 2.2 */
static void layer_ah(struct packet *p)
{
	ip_read_extension(p, 4, 2);
}

/* RFC 8200, section 4.5; RFC 6946: a fragment that is the whole */
static void layer_fragment_header(struct packet *p)
{
	const uint8_t *h = cursor_read(&p->cursor, 8);

	if (!h)
		return;
	if (get16(h + 2) & 0xfff9)
		fragment_read_ipv6(p, &(struct fragment_of){
					      .protocol = h[0],
					      .id = get32(h + 4),
					      .offset = get16(h + 2) & 0xfff8u,
					      .more = h[3] & 1 });
	else
		p->next = layer_of_protocol(h[0], 6, p->quoted);
}

/* ---- ICMP: destination unreachable, and the packet that was ---- */

static void icmp_read_unreachable(struct packet *p, uint8_t type,
				  layer_fn *quoted)
{
	const uint8_t *h = cursor_read(&p->cursor, 1);

	if (h && *h != type) {
		packet_end(p, DECODED_OTHER);
		return;
	}
	cursor_skip(&p->cursor, 7);
	p->cursor.open = true; /* only its beginning is quoted */
	p->quoted = true;
	p->out->kind = SEGMENT_UNREACHABLE;
	p->next = quoted;
}

/* RFC 792 */
static void layer_icmp(struct packet *p)
{
	icmp_read_unreachable(p, 3, layer_ipv4);
}

/* RFC 4443, section 3.1 */
static void layer_icmpv6(struct packet *p)
{
	icmp_read_unreachable(p, 1, layer_ipv6);
}

/* ---- what IP carries ---- */

/* RFC 768: ports, length, checksum */
static void layer_udp(struct packet *p)
{
	const uint8_t *h = cursor_read(&p->cursor, 4);
	layer_fn *tunnel =
		h ? layer_of_udp_ports(get16(h), get16(h + 2)) : NULL;

	if (!tunnel) {
		packet_end(p, DECODED_OTHER);
		return;
	}
	h = cursor_read(&p->cursor, 4);
	if (!h)
		return;
	if (get16(h) >= 8) /* 0: it did not fit */
		cursor_limit(&p->cursor, get16(h) - 8u);
	p->next = tunnel;
}

/* At least 8 bytes are quoted (RFC 792): ports, sequence number. */
static void tcp_read_quoted(struct packet *p, const uint8_t *seq)
{
	const uint8_t *h = p->cursor.captured >= TCP_LEAST - 8 ?
				   cursor_read(&p->cursor, TCP_LEAST - 8) :
				   NULL;

	p->out->seq = get32(seq);
	p->out->flags = h ? h[5] : 0;
	packet_end(p, DECODED_SEGMENT);
}

/* Only a SYN can get past: rules for what is open already are others. */
static void tcp_note_hidden(struct packet *p)
{
	enum hidden hidden = p->hidden;

	if ((p->out->flags & (TCP_SYN | TCP_ACK)) != TCP_SYN)
		return;
	if (!hidden && p->tags > 1 && p->tags == p->tags_of_0)
		hidden = HIDDEN_STACKED_TAGS;
	else if (!hidden && (p->tags > 1 || p->encapsulated))
		hidden = HIDDEN_ENCAPSULATED;
	p->out->hidden = (uint8_t)hidden;
	if (hidden && hidden != HIDDEN_FIRST_FRAGMENT)
		p->decoder->hidden[hidden]++;
}

/* Behind the flags: window, checksum, urgent pointer, options. */
static void tcp_note_system(struct packet *p, uint8_t flags, uint32_t rest)
{
	const uint8_t *at = p->cursor.at;

	if ((flags & (TCP_SYN | TCP_ACK)) == TCP_SYN &&
	    p->cursor.captured >= rest)
		p->out->system = (uint8_t)system_of_syn(&(struct syn_traits){
			p->hop_limit, get16(at), at + 6, rest - 6 });
}

static void tcp_read_header(struct packet *p, const uint8_t *seq)
{
	struct cursor *c = &p->cursor;
	const uint8_t *h = cursor_read(c, TCP_LEAST - 8);
	struct segment *out = p->out;
	uint32_t header = h ? (h[4] >> 4) * 4u : 20;

	if (header < 20) {
		packet_end(p, UNDECODED_BAD_LENGTH);
		return;
	}
	if (h)
		tcp_note_system(p, h[5], header - TCP_LEAST);
	cursor_skip(c, header - TCP_LEAST);
	if (!h || c->error)
		return;
	out->seq = get32(seq);
	out->ack = get32(h);
	out->flags = h[5];
	out->payload = c->captured ? c->at : NULL;
	out->payload_len = c->captured;
	out->payload_wire_len = c->wire;
	tcp_note_hidden(p);
	packet_end(p, DECODED_SEGMENT);
}

/* The last address of a source route is whatever the sender writes there. */
static bool packet_is_martian(const struct packet *p)
{
	return p->hidden == HIDDEN_SOURCE_ROUTE ?
		       address_is_martian(p->out->source.byte, p->out->family) :
		       segment_is_martian(p->out);
}

/* The four bytes of the ports are behind the cursor. */
static bool packet_has_bad_sum(const struct packet *p)
{
	const struct cursor *c = &p->cursor;

	if (p->bad_sum || !p->sum_off)
		return p->bad_sum;
	return c->captured < TCP_LEAST - 4 ||
	       !moved_explains(&p->decoder->moved, p->out, c->at - 4,
			       c->captured + 4, p->sum_off);
}

bool packet_end_forged(struct packet *p)
{
	if (packet_has_bad_sum(p))
		packet_end(p, UNDECODED_CHECKSUM);
	else if (packet_is_martian(p))
		packet_end(p, UNDECODED_MARTIAN);
	else
		return false;
	return true;
}

/* RFC 9293, section 3.1: ports, numbers, length of the header, flags */
void layer_tcp(struct packet *p)
{
	const uint8_t *ports = cursor_read(&p->cursor, 4);
	const uint8_t *seq;

	if (!ports)
		return;
	if (!packet_is_ours(p, ports)) {
		packet_end(p, DECODED_OTHER);
		return;
	}
	if (packet_end_forged(p))
		return;
	p->out->source_port = get16(ports);
	p->out->destination_port = get16(ports + 2);
	seq = cursor_read(&p->cursor, 4);
	if (!seq)
		return;
	if (p->quoted)
		tcp_read_quoted(p, seq);
	else
		tcp_read_header(p, seq);
}

#define V4     1
#define V6     2
#define QUOTED 4 /* in a quoted packet, too: TCP may follow */

static const struct {
	uint8_t protocol, where;
	layer_fn *read;
} protocols[] = {
	{ IPPROTO_TCP, V4 | V6 | QUOTED, layer_tcp },
	{ IPPROTO_UDP, V4 | V6, layer_udp },
	{ IPPROTO_ICMP, V4, layer_icmp },
	{ IPPROTO_ICMPV6, V6, layer_icmpv6 },
	{ IPPROTO_IPIP, V4 | V6, layer_ipv4 },
	{ IPPROTO_IPV6, V4 | V6, layer_ipv6 },
	{ IPPROTO_GRE, V4 | V6, layer_gre },
	{ IPPROTO_FRAGMENT, V6 | QUOTED, layer_fragment_header },
	{ IPPROTO_HOPOPTS, V6 | QUOTED, layer_options },
	{ IPPROTO_DSTOPTS, V6 | QUOTED, layer_options },
	{ IPPROTO_ROUTING, V6 | QUOTED, layer_routing },
	{ IPPROTO_AH, V4 | V6 | QUOTED, layer_ah },
	{ 97, V4 | V6, layer_etherip },
	{ IPPROTO_MPLS, V4 | V6, layer_mpls }, /* RFC 4023 */
};

layer_fn *layer_of_protocol(uint8_t protocol, uint8_t family, bool quoted)
{
	int where = (family == 4 ? V4 : V6) | (quoted ? QUOTED : 0);

	for (size_t i = 0; i < sizeof(protocols) / sizeof(*protocols); i++)
		if (protocols[i].protocol == protocol)
			return (protocols[i].where & where) == where ?
				       protocols[i].read :
				       layer_other;
	return layer_other;
}
