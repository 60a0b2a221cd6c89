/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames and packets within others. */
#include "layer.h"

/* RFC 2516, section 4: version and type, code, session, length */
void layer_pppoe(struct packet *p)
{
	const uint8_t *h = cursor_read(&p->cursor, 6);

	if (!h)
		return;
	if (h[0] != 0x11) {
		packet_end(p, UNDECODED_UNKNOWN);
	} else if (h[1] != 0) {
		packet_end(p, DECODED_OTHER); /* discovery */
	} else {
		cursor_limit(&p->cursor, get16(h + 4));
		p->encapsulated = true;
		p->next = layer_ppp;
	}
}

/* ---- MPLS ---- */

/* RFC 4448, section 4.6: behind a control word there is Ethernet. */
static void layer_pseudowire(struct packet *p)
{
	cursor_skip(&p->cursor, 4);
	p->next = layer_ethernet;
}

/* No header says what a label carries; its first four bits do (RFC 4928). */
static void layer_labelled(struct packet *p)
{
	switch (cursor_peek(&p->cursor) >> 4) {
	case 0:
		p->next = layer_pseudowire;
		return;
	case 1: /* RFC 5586: a channel beside the packets */
		packet_end(p, DECODED_OTHER);
		return;
	}
	p->next = layer_ip;
}

/* RFC 3032: label, class, bottom of stack, time to live */
void layer_mpls(struct packet *p)
{
	const uint8_t *h = cursor_read(&p->cursor, 4);

	p->encapsulated = true;
	if (h)
		p->next = h[2] & 1 ? layer_labelled : layer_mpls;
}

/* ---- GRE ---- */

#define GRE_CHECKSUM 0x8000
#define GRE_ROUTING  0x4000
#define GRE_KEY	     0x2000
#define GRE_SEQUENCE 0x1000
#define GRE_ACK	     0x0080 /* version 1 */
#define GRE_VERSION  0x0007

#define ERSPAN_2     0x88be
#define ERSPAN_3     0x22eb

/* draft-foschiano-erspan-03, section 4.2: 8 bytes, then the frame */
static void layer_erspan2(struct packet *p)
{
	cursor_skip(&p->cursor, 8);
	p->next = layer_ethernet;
}

/* Section 4.3: 12 bytes, and 8 of the platform if the last bit says so */
static void layer_erspan3(struct packet *p)
{
	const uint8_t *h = cursor_read(&p->cursor, 12);
	unsigned int type;

	if (!h)
		return;
	type = h[10] >> 2 & 0x1f;
	if (h[11] & 1)
		cursor_skip(&p->cursor, 8);
	p->next = type == 0 ? layer_ethernet :
		  type == 2 ? layer_ip :
			      layer_unknown;
}

/* Type I of ERSPAN is type II without a sequence number and a header. */
static layer_fn *layer_of_gre(uint16_t flags, uint16_t type)
{
	if (type == ERSPAN_2)
		return flags & GRE_SEQUENCE ? layer_erspan2 : layer_ethernet;
	if (type == ERSPAN_3)
		return layer_erspan3;
	return type ? layer_of_ethertype(type) : layer_other; /* 0: keepalive */
}

/* RFC 2637, section 4.1: no payload without a sequence number */
static void gre_read_pptp(struct packet *p, uint16_t flags)
{
	if (!(flags & GRE_SEQUENCE)) {
		packet_end(p, DECODED_OTHER);
		return;
	}
	cursor_skip(&p->cursor, flags & GRE_ACK ? 12 : 8);
	p->next = layer_ppp;
}

void gre_read_rest(struct packet *p, uint16_t flags, uint16_t type)
{
	uint32_t options = 0;

	if ((flags & GRE_VERSION) == 1 && type == 0x880b) {
		gre_read_pptp(p, flags);
		return;
	}
	if (flags & GRE_VERSION || flags & GRE_ROUTING) {
		packet_end(p, UNDECODED_UNKNOWN);
		return;
	}
	options += flags & GRE_CHECKSUM ? 4 : 0;
	options += flags & GRE_KEY ? 4 : 0;
	options += flags & GRE_SEQUENCE ? 4 : 0;
	cursor_skip(&p->cursor, options);
	p->next = layer_of_gre(flags, type);
}

/* RFC 2784, RFC 2890 */
void layer_gre(struct packet *p)
{
	const uint8_t *h = cursor_read(&p->cursor, 4);

	if (h)
		gre_read_rest(p, get16(h), get16(h + 2));
}

/* RFC 3378: version 3, then a frame */
void layer_etherip(struct packet *p)
{
	const uint8_t *h = cursor_read(&p->cursor, 2);

	if (!h)
		return;
	p->next = h[0] == 0x30 ? layer_ethernet : layer_unknown;
}

/* ---- service chains ---- */

/*
 * Finds what follows by the number of NSH, which the extension of VXLAN has,
 * too. NULL: not known.
 */
layer_fn *layer_of_chained(uint8_t number)
{
	static layer_fn *const chained[] = {
		NULL,		layer_ipv4, layer_ipv6,
		layer_ethernet, layer_nsh,  layer_mpls,
	};

	return number < sizeof(chained) / sizeof(*chained) ? chained[number] :
							     NULL;
}

/* RFC 8300, section 2.2: version, OAM, length of all in 4 bytes; what follows
 */
void layer_nsh(struct packet *p)
{
	const uint8_t *h = cursor_read(&p->cursor, 4);
	uint32_t len;

	if (!h)
		return;
	len = (h[1] & 0x3fu) * 4;
	if (len < 8) {
		packet_end(p, UNDECODED_BAD_LENGTH);
		return;
	}
	p->encapsulated = true;
	p->next = h[0] & 0x20 ? layer_other : layer_of_chained(h[3]);
	if (h[0] >> 6 || !p->next)
		p->next = layer_unknown;
	cursor_skip(&p->cursor, len - 4);
}
