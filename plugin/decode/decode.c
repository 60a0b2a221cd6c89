/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "layer.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define LAYERS_MOST 32 /* real frames have ten at most */

static const char *const names[DECODED_N] = {
	[DECODED_SEGMENT] = "segment",
	[DECODED_OTHER] = "other",
	[DECODED_HELD] = "held",
	[UNDECODED_TRUNCATED] = "truncated",
	[UNDECODED_UNKNOWN] = "unknown",
	[UNDECODED_TOO_DEEP] = "too-deep",
	[UNDECODED_BAD_LENGTH] = "bad-length",
	[UNDECODED_FRAGMENT] = "fragment",
	[UNDECODED_MARTIAN] = "martian",
	[UNDECODED_CHECKSUM] = "bad-checksum",
};

const char *decoded_name(enum decoded decoded)
{
	return names[decoded];
}

const char *hidden_name(enum hidden hidden)
{
	static const char *const hidden_names[HIDDEN_N] = {
		[HIDDEN_NOT] = "none",
		[HIDDEN_FIRST_FRAGMENT] = "first-fragment",
		[HIDDEN_SOURCE_ROUTE] = "source-route",
		[HIDDEN_STACKED_TAGS] = "stacked-tags",
		[HIDDEN_ENCAPSULATED] = "encapsulated",
	};

	return hidden_names[hidden];
}

struct decoder *decoder_new(const struct port_bits *ports)
{
	struct decoder *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->ports = ports;
	if (!reassembly_init(&d->reassembly))
		return d;
	free(d);
	return NULL;
}

void decoder_free(struct decoder *d)
{
	if (d)
		reassembly_free(&d->reassembly);
	free(d);
}

uint64_t decoder_given_up(const struct decoder *d)
{
	return d->reassembly.given_up;
}

uint64_t decoder_hidden(const struct decoder *d, enum hidden hidden)
{
	return d->hidden[hidden];
}

void layer_other(struct packet *p)
{
	packet_end(p, DECODED_OTHER);
}

void layer_unknown(struct packet *p)
{
	packet_end(p, UNDECODED_UNKNOWN);
}

static bool plain_is_other(const struct decoder *d, uint8_t protocol,
			   const uint8_t *ports)
{
	if (protocol == IPPROTO_TCP)
		return !port_is_in(d->ports, get16(ports)) &&
		       !port_is_in(d->ports, get16(ports + 2));
	return protocol == IPPROTO_UDP &&
	       !layer_of_udp_ports(get16(ports), get16(ports + 2));
}

/*
 * Nearly every frame is Ethernet with a tag at most, IP without options, TCP or
 * UDP, and whole; most are not ours. These are decided here; any other frame
 * goes through the layers, which would decide these alike.
 */
static enum decoded plain_read_tcp(struct decoder *d, const uint8_t *ip,
				   uint32_t left, struct segment *out)
{
	const uint8_t *tcp = ip + 20;
	uint32_t total = get16(ip + 2), header;
	uint16_t off;

	if (ip[9] != IPPROTO_TCP || total < 40 || total > left)
		return DECODED_N;
	header = (tcp[12] >> 4) * 4u;
	if (header < 20 || header > total - 20)
		return DECODED_N;
	memcpy(&out->source, ip + 12, 4);
	memcpy(&out->destination, ip + 16, 4);
	out->family = 4;
	out->source_port = get16(tcp);
	out->destination_port = get16(tcp + 2);
	out->seq = get32(tcp + 4);
	out->ack = get32(tcp + 8);
	out->flags = tcp[13];
	out->payload_len = out->payload_wire_len = total - 20 - header;
	out->payload = out->payload_len ? tcp + header : NULL;
	if ((out->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN)
		out->system = (uint8_t)system_of_syn(&(struct syn_traits){
			ip[8], get16(tcp + 14), tcp + 20, header - 20 });
	off = ipv4_sum_off(ip, 20);
	if (off && !moved_explains(&d->moved, out, tcp, total - 20, off))
		return UNDECODED_CHECKSUM;
	return segment_is_martian(out) ? UNDECODED_MARTIAN : DECODED_SEGMENT;
}

/* Called late, since most frames make no segment. */
static void segment_clear(struct segment *out, const struct frame *f)
{
	*out = (struct segment){ .time_us = f->time_us, .input = f->input };
}

static bool plain_is_ipv4(const uint8_t *ip, uint32_t left)
{
	return left >= 24 && ip[0] == 0x45 && get16(ip + 2) >= 24 &&
	       !(get16(ip + 6) & 0x3fff);
}

/* Returns DECODED_N for a frame that is not plain. */
static enum decoded plain_read(struct decoder *d, const struct frame *f,
			       struct segment *out)
{
	const uint8_t *b = f->data;
	uint32_t left = f->caplen;

	if (f->link != LINK_ETHERNET || left < 14 + 24)
		return DECODED_N;
	if (get16(b + 12) == 0x8100) {
		b += 4;
		left -= 4;
	}
	left -= 14;
	if (get16(b + 12) == 0x0800 && plain_is_ipv4(b + 14, left)) {
		if (plain_is_other(d, b[23], b + 34))
			return DECODED_OTHER;
		segment_clear(out, f);
		return plain_read_tcp(d, b + 14, left, out);
	}
	if (get16(b + 12) == 0x86dd && left >= 44 && b[14] >> 4 == 6 &&
	    get16(b + 18) >= 4 && plain_is_other(d, b[20], b + 54))
		return DECODED_OTHER;
	return DECODED_N;
}

static enum decoded decode_layers(struct decoder *d, const struct frame *f,
				  struct segment *out)
{
	struct packet p = {
		.cursor = { .at = f->data,
			    .captured = f->caplen,
			    .wire = f->len > f->caplen ? f->len : f->caplen,
			    .open = true },
		.next = layer_of_link(f->link),
		.decoder = d,
		.frame = f,
		.out = out,
	};

	segment_clear(out, f);
	for (int i = 0; i < LAYERS_MOST; i += !p.repeats) {
		p.repeats = false;
		p.next(&p);
		if (p.cursor.error)
			return p.cursor.error;
		if (!p.next)
			return p.result;
	}
	return UNDECODED_TOO_DEEP;
}

enum decoded decode_frame(struct decoder *d, const struct frame *frame,
			  struct segment *out)
{
	enum decoded plain = plain_read(d, frame, out);

	return plain == DECODED_N ? decode_layers(d, frame, out) : plain;
}
