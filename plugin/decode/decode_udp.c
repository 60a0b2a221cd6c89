/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tunnels over UDP. A port is no promise, so what does not fit is other. */
#include "layer.h"

#include <netinet/in.h>
#include <string.h>

/* RFC 7348, section 5: the flag of a valid network identifier */
static void layer_vxlan(struct packet *p)
{
	const uint8_t *h = cursor_read(&p->cursor, 8);

	if (!h)
		return;
	p->next = h[0] & 0x08 ? layer_ethernet : layer_other;
}

/* RFC 8926, section 3.4: version, length of options in 4 bytes; control */
static void layer_geneve(struct packet *p)
{
	const uint8_t *h = cursor_read(&p->cursor, 8);

	if (!h)
		return;
	if (h[0] >> 6 || h[1] & 0x80) {
		packet_end(p, DECODED_OTHER);
		return;
	}
	cursor_skip(&p->cursor, (h[0] & 0x3fu) * 4);
	p->next = layer_of_ethertype(get16(h + 2));
}

/* 3GPP TS 29.281, section 5.2: length in 4 bytes; in the last, the next type */
static void layer_gtp_extension(struct packet *p)
{
	const uint8_t *h = cursor_read(&p->cursor, 1);
	uint32_t len = h ? *h * 4u : 4;

	if (!len) {
		packet_end(p, UNDECODED_BAD_LENGTH);
		return;
	}
	cursor_skip(&p->cursor, len - 2);
	h = cursor_read(&p->cursor, 1);
	p->next = h && *h ? layer_gtp_extension : layer_ip;
}

#define GTP_EXTENSION 0x04
#define GTP_OPTIONAL  0x07 /* any of extension, sequence, N-PDU number */
#define GTP_G_PDU     255  /* a user's packet */

/* Section 5.1: flags, type, length, tunnel; sequence, N-PDU, next extension */
static void layer_gtp(struct packet *p)
{
	const uint8_t *h = cursor_read(&p->cursor, 8);
	uint8_t flags;

	if (!h)
		return;
	flags = h[0];
	if (flags >> 4 != 3 || h[1] != GTP_G_PDU) {
		packet_end(p, DECODED_OTHER);
		return;
	}
	cursor_limit(&p->cursor, get16(h + 2));
	p->next = layer_ip;
	if (!(flags & GTP_OPTIONAL))
		return;
	h = cursor_read(&p->cursor, 4);
	if (h && flags & GTP_EXTENSION && h[3])
		p->next = layer_gtp_extension;
}

/*
 * draft-ietf-nvo3-vxlan-gpe, section 3: flags with a version, and whether the
 * last of the first four bytes says what follows; without that, Ethernet
 */
static void layer_vxlan_gpe(struct packet *p)
{
	const uint8_t *h = cursor_read(&p->cursor, 8);

	if (!h)
		return;
	p->next = h[0] & 0x04 ? layer_of_chained(h[3]) : layer_ethernet;
	if (h[0] & 0x31 || !(h[0] & 0x08) || !p->next)
		p->next = layer_other; /* a version, OAM, no network */
}

/* RFC 8086: GRE without routing, and without what older versions had */
static void layer_gre_udp(struct packet *p)
{
	const uint8_t *h = cursor_read(&p->cursor, 4);

	if (!h)
		return;
	if (get16(h) & 0x4fff) {
		packet_end(p, DECODED_OTHER);
		return;
	}
	gre_read_rest(p, get16(h), get16(h + 2));
}

/* ---- Teredo: RFC 4380, section 5.1.1 ---- */

static void layer_teredo_ipv6(struct packet *p)
{
	p->next = cursor_peek(&p->cursor) >> 4 == 6 ? layer_ipv6 : layer_other;
}

/* The address that a server saw, before IPv6 */
static void layer_teredo_origin(struct packet *p)
{
	if (!cursor_peek(&p->cursor))
		cursor_skip(&p->cursor, 8);
	p->next = layer_teredo_ipv6;
}

/* Authentication: 0, 1, lengths of a name and a value, both; 9 bytes */
static void layer_teredo(struct packet *p)
{
	const uint8_t *h;

	p->next = layer_teredo_origin;
	if (cursor_peek(&p->cursor) || p->cursor.captured < 4 ||
	    p->cursor.at[1] != 1)
		return;
	h = cursor_read(&p->cursor, 4);
	if (h)
		cursor_skip(&p->cursor, h[2] + h[3] + 9u);
}

/*
 * draft-massar-v6ops-ayiya-02, section 3: lengths of an identity, a power of 2,
 * and a signature, in 4 bytes; what is to be done; what follows; a time
 */
static void layer_ayiya(struct packet *p)
{
	const uint8_t *h = cursor_read(&p->cursor, 8);

	if (!h)
		return;
	if ((h[2] & 0x0f) != 1) { /* to be forwarded */
		packet_end(p, DECODED_OTHER);
		return;
	}
	cursor_skip(&p->cursor, (1u << (h[0] >> 4)) + (h[1] >> 4) * 4u);
	p->next = h[3] == IPPROTO_IPV6 ? layer_ipv6 :
		  h[3] == IPPROTO_IPIP ? layer_ipv4 :
					 layer_other;
}

/* ---- which port is whose ---- */

static const struct {
	uint16_t port;
	bool from; /* the other end may send from it, to any port */
	layer_fn *read;
} tunnels[] = {
	{ 4789, false, layer_vxlan },
	{ 8472, false, layer_vxlan },
	{ 4790, false, layer_vxlan_gpe },
	{ 6081, false, layer_geneve },
	{ 2152, false, layer_gtp },
	{ 6635, false, layer_mpls }, /* RFC 7510 */
	{ 4754, false, layer_gre_udp },
	{ 3544, true, layer_teredo },
	{ 5072, true, layer_ayiya },
};

layer_fn *layer_of_udp_ports(uint16_t source, uint16_t destination)
{
	for (size_t i = 0; i < sizeof(tunnels) / sizeof(*tunnels); i++)
		if (tunnels[i].port == destination ||
		    (tunnels[i].from && tunnels[i].port == source))
			return tunnels[i].read;
	return NULL;
}
