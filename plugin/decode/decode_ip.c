/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IP, its extension headers and fragments, ICMP errors, UDP and TCP. */
#include "layer.h"

#include <netinet/in.h>
#include <string.h>

#define TCP_LEAST 14 /* bytes of a header, up to the flags */

static bool packet_is_ours(const struct packet *p, const uint8_t *ports)
{
	return port_is_in(p->decoder->ports, get16(ports)) ||
	       port_is_in(p->decoder->ports, get16(ports + 2));
}

/* ---- fragments ---- */

/* True if the fragment alone holds the head, and no other is waiting. */
static bool fragment_suffices(struct packet *p, const struct datagram_key *key,
			      const struct fragment *f)
{
	const struct datagram *d;

	if (f->n < HEAD_BYTES) /* a whole head begins at 0 */
		return false;
	d = reassembly_find(&p->decoder->reassembly, key, p->frame->time_us);
	return !d || d->done;
}

/* Adds the fragment to the head, which is read once it is long enough. */
static void fragment_hold(struct packet *p, const struct datagram_key *key,
			  const struct fragment *f)
{
	struct datagram *d = reassembly_add(&p->decoder->reassembly, key,
					    p->frame->time_us, f);
	uint32_t n;

	if (d->done) { /* the head was read before */
		packet_end(p, DECODED_OTHER);
		return;
	}
	n = datagram_head_len(d);
	if (n < 4 || (n < TCP_LEAST && packet_is_ours(p, d->head))) {
		packet_end(p, DECODED_HELD);
		return;
	}
	d->done = true;
	p->cursor = (struct cursor){
		.at = d->head, .captured = n, .wire = n, .open = true
	};
	p->next = layer_tcp;
}

static void fragment_read_tcp(struct packet *p, uint32_t id, uint32_t offset)
{
	const struct cursor *c = &p->cursor;
	struct datagram_key key = {
		.source = p->out->source,
		.destination = p->out->destination,
		.id = id,
		.family = p->out->family,
		.input = p->frame->input,
	};
	struct fragment f = { c->at, offset, HEAD_BYTES - offset };

	if (f.n > c->wire)
		f.n = c->wire;
	if (!f.n)
		packet_end(p, UNDECODED_BAD_LENGTH);
	else if (f.n > c->captured && offset)
		packet_end(p, UNDECODED_TRUNCATED);
	else if (f.n > c->captured || fragment_suffices(p, &key, &f))
		p->next = layer_tcp;
	else
		fragment_hold(p, &key, &f);
}

/*
 * Only a fragment with bytes of a TCP header, or the start of a tunnel,
 * matters.
 */
static void fragment_read(struct packet *p, uint8_t protocol, uint32_t id,
			  uint32_t offset)
{
	if (offset >= HEAD_BYTES ||
	    (offset && (p->quoted || protocol != IPPROTO_TCP))) {
		packet_end(p, DECODED_OTHER);
		return;
	}
	p->cursor.open = true; /* the rest lies in other fragments */
	if (protocol == IPPROTO_TCP && !p->quoted)
		fragment_read_tcp(p, id, offset);
	else
		p->next =
			layer_of_protocol(protocol, p->out->family, p->quoted);
}

/* ---- IP ---- */

static void packet_set_addresses(struct packet *p, uint8_t family,
				 const uint8_t *source, size_t n)
{
	struct segment *out = p->out;

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
	cursor_skip(&p->cursor, header - 20);
	packet_set_addresses(p, 4, h + 12, 4);
	if (get16(h + 6) & 0x3fff) /* an offset, or more fragments */
		fragment_read(p, h[9], get16(h + 4),
			      (get16(h + 6) & 0x1fffu) * 8);
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
}

/* RFC 8200, sections 4.3, 4.4, 4.6 */
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
		fragment_read(p, h[0], get32(h + 4), get16(h + 2) & 0xfff8u);
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
	layer_fn *tunnel = h ? layer_of_udp_port(get16(h + 2)) : NULL;

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
	cursor_skip(c, header - TCP_LEAST);
	if (!h || c->error)
		return;
	out->seq = get32(seq);
	out->ack = get32(h);
	out->flags = h[5];
	out->payload = c->captured ? c->at : NULL;
	out->payload_len = c->captured;
	out->payload_wire_len = c->wire;
	packet_end(p, DECODED_SEGMENT);
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
	{ IPPROTO_ROUTING, V6 | QUOTED, layer_options },
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
