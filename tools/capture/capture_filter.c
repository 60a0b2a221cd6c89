/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture_filter.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

/* A filter program of the kernel has at most 4096 instructions, two for each
 * port. */
#define PORTS_MOST 128

/*
 * Packets whose first header has no ports pass whole, and the decoder sorts
 * them out: fragments; IPv6 extension headers (hop-by-hop, routing, fragment,
 * authentication, destination options); IP in IP, IPv6 in IP, GRE; VXLAN and
 * Geneve; MPLS and PPPoE sessions.
 */
static const char whole[] =
	"or (ip proto 6 and ip[6:2] & 0x1fff != 0)"
	" or ip proto 4 or ip proto 41 or ip proto 47 or ip proto 51"
	" or ip6[6] == 0 or ip6[6] == 43 or ip6[6] == 44 or ip6[6] == 51"
	" or ip6[6] == 60 or ip6[6] == 4 or ip6[6] == 41 or ip6[6] == 47"
	" or udp dst port 4789 or udp dst port 6081"
	" or ether proto 0x8847 or ether proto 0x8848 or ether proto 0x8864";

static const char tagged[] = " or ether proto 0x8100 or ether proto 0x88a8"
			     " or ether proto 0x9100 or ether proto 0x9200";

/* Errors that quote a segment: destination unreachable (RFC 792, RFC 4443). */
static const char errors[] = " or icmp[0] == 3 or icmp6[0] == 1";

/* SYN or RST; libpcap knows the flags of IPv4 only. */
static const char openings[] = "(tcp[13] & 6 != 0 or "
			       "(ip6[6] == 6 and ip6[53] & 6 != 0)) and ";

static void filter_put_ports(FILE *out, const struct capture_filter *o)
{
	if (o->openings_only)
		fputs(openings, out);
	/* Too many for one program: all of TCP passes. */
	if (!o->n_ports || o->n_ports > PORTS_MOST) {
		fputs("tcp", out);
		return;
	}
	for (size_t i = 0; i < o->n_ports; i++)
		fprintf(out, "%stcp port %u", i ? " or " : "(", o->ports[i]);
	fputc(')', out);
}

static void filter_put_untagged(FILE *out, const struct capture_filter *o)
{
	fputs("((", out);
	filter_put_ports(out, o);
	fprintf(out, ") %s%s)", whole, errors);
}

/*
 * "vlan" moves the offsets of all that is written behind it: it comes last,
 * once for 802.1Q and once more for QinQ. Frames with more tags pass whole.
 * Only Ethernet has it; elsewhere tagged frames pass whole.
 */
static void filter_put_frames(FILE *out, const struct capture_filter *o)
{
	filter_put_untagged(out, o);
	if (o->link != DLT_EN10MB) {
		fputs(tagged, out);
		return;
	}
	fputs(" or (vlan and (", out);
	filter_put_untagged(out, o);
	fputs(" or (vlan and (", out);
	filter_put_untagged(out, o);
	fprintf(out, "%s))))", tagged);
}

char *capture_filter_text(const struct capture_filter *filter)
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	if (!out)
		return NULL;
	filter_put_frames(out, filter);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}
