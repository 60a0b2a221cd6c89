/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A frame is read layer by layer: each takes its own header off the cursor and
 * names the layer that follows, until one says the end. A layer need not ask
 * whether the cursor failed, if it does no more than name the next: that is
 * asked between two layers. Private to the decoder.
 */
#ifndef MAILWALL_LAYER_H
#define MAILWALL_LAYER_H

#include "cursor.h"
#include "reassemble.h"

struct decoder {
	const struct port_bits *ports;
	struct reassembly reassembly;
};

struct packet;
typedef void layer_fn(struct packet *p);

/* A frame on its way through its layers. */
struct packet {
	struct cursor cursor;
	layer_fn *next;	     /* NULL: this was the last */
	enum decoded result; /* of the last */
	bool quoted;	     /* this lies within an ICMP error */
	struct decoder *decoder;
	const struct frame *frame;
	struct segment *out; /* filled on the way */
};

static inline void packet_end(struct packet *p, enum decoded result)
{
	p->next = NULL;
	p->result = result;
}

/* Layers by the number that the header before gives them. */
layer_fn *link_layer(uint16_t link);
layer_fn *ethertype_layer(uint16_t type);
layer_fn *ip_layer(uint8_t protocol, uint8_t family, bool quoted);
layer_fn *udp_layer(uint16_t port); /* NULL: no tunnel's */

/* Ends: nothing of ours; not known. */
layer_fn read_other, read_unknown;

/* decode_link.c */
layer_fn read_ethernet, read_ppp;

/* decode_tunnel.c */
layer_fn read_mpls, read_pppoe, read_gre, read_etherip;

/* decode_ip.c */
layer_fn read_ip, read_ipv4, read_ipv6, read_tcp;

#endif
