/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A frame is read layer by layer: each reads its own header from the cursor and
 * sets the layer that follows, until one sets the end. A layer that only sets
 * the next need not check the cursor: decode.c does, between two layers. Links
 * carry IP, IP carries tunnels, and tunnels links, so the files of this folder
 * need each other. Private to the decoder.
 */
#ifndef MAILWALL_LAYER_H
#define MAILWALL_LAYER_H

#include "cursor.h"
#include "martian.h"
#include "reassemble.h"

struct decoder {
	const struct port_bits *ports;
	struct reassembly reassembly;
	uint64_t hidden[HIDDEN_N];
	struct moved moved;
};

struct packet;
typedef void layer_fn(struct packet *p);

/* A frame on its way through its layers. */
struct packet {
	struct cursor cursor;
	layer_fn *next;		 /* NULL behind the last */
	enum decoded result;	 /* the last layer's */
	bool quoted;		 /* this lies within an ICMP error */
	bool repeats;		 /* servers follow any number of such layers */
	bool encapsulated;	 /* in more than Ethernet, a tag and IP */
	bool bad_sum;		 /* an outer IPv4 header's is another */
	uint16_t sum_off;	 /* of the innermost, by how much */
	uint8_t hop_limit;	 /* the innermost */
	uint8_t tags, tags_of_0; /* tags of VLANs */
	enum hidden hidden;	 /* by an IP header */
	struct decoder *decoder;
	const struct frame *frame;
	struct segment *out; /* filled on the way */
};

static inline void packet_end(struct packet *p, enum decoded result)
{
	p->next = NULL;
	p->result = result;
}

/* Ends the packet if nobody at its addresses can have sent it so. */
bool packet_end_forged(struct packet *p);

/* Find a layer by its number in the header before it. */
layer_fn *layer_of_link(uint16_t link);
layer_fn *layer_of_ethertype(uint16_t type);
layer_fn *layer_of_protocol(uint8_t protocol, uint8_t family, bool quoted);
/* NULL: no tunnel */
layer_fn *layer_of_udp_ports(uint16_t source, uint16_t destination);

/* Ends: understood, and nothing of ours; not known. */
layer_fn layer_other, layer_unknown;

/* decode_link.c */
layer_fn layer_ethernet, layer_ppp;

/* decode_tunnel.c */
layer_fn layer_mpls, layer_pppoe, layer_gre, layer_etherip, layer_nsh;
/* What follows flags and a type of GRE's header. */
void gre_read_rest(struct packet *p, uint16_t flags, uint16_t type);
layer_fn *layer_of_chained(uint8_t number); /* NULL: not known */

/* decode_ip.c */
layer_fn layer_ip, layer_ipv4, layer_ipv6, layer_tcp;

#define TCP_LEAST 14 /* bytes of a header, up to the flags */

static inline bool packet_is_ours(const struct packet *p, const uint8_t *ports)
{
	return port_is_in(p->decoder->ports, get16(ports)) ||
	       port_is_in(p->decoder->ports, get16(ports + 2));
}

/* decode_fragment.c */

/* A fragment as its IP header tells of it; the cursor stands behind that. */
struct fragment_of {
	uint8_t protocol;
	uint32_t id, offset;
	bool more;
};
void fragment_read_ipv4(struct packet *p, const struct fragment_of *f);
void fragment_read_ipv6(struct packet *p, const struct fragment_of *f);

#endif
