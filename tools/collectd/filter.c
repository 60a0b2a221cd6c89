/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel lets through of an interface, as pcap-filter(7) has it. */
#include "host.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * What has no ports in its first header passes whole, and the engine sorts it
 * out: fragments, IPv6 extension headers, tunnels, MPLS and PPPoE sessions;
 * then ICMP errors, which quote what they refuse (RFC 792, RFC 4443).
 */
static const char others[] =
	") or (ip proto 6 and ip[6:2] & 0x1fff != 0)"
	" or ip proto 4 or ip proto 41 or ip proto 47 or ip proto 51"
	" or ip6[6] == 0 or ip6[6] == 43 or ip6[6] == 44 or ip6[6] == 51"
	" or ip6[6] == 60 or ip6[6] == 4 or ip6[6] == 41 or ip6[6] == 47"
	" or udp dst port 4789 or udp dst port 6081"
	" or ether proto 0x8847 or ether proto 0x8848 or ether proto 0x8864"
	" or icmp[0] == 3 or icmp6[0] == 1)";

static void collectd_filter_put_untagged(FILE *out, const uint16_t *ports,
					 size_t n)
{
	fputs("((", out);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%stcp port %u", i ? " or " : "", ports[i]);
	fputs(others, out);
}

/*
 * "vlan" moves the offsets of all that is written behind it: it comes last,
 * once for 802.1Q and once more for QinQ. Only Ethernet has it; elsewhere
 * tagged frames pass whole.
 */
static void collectd_filter_put_filter(FILE *out, const uint16_t *ports,
				       size_t n, int link)
{
	collectd_filter_put_untagged(out, ports, n);
	if (link != DLT_EN10MB) {
		fputs(" or ether proto 0x8100 or ether proto 0x88a8", out);
		return;
	}
	fputs(" or (vlan and (", out);
	collectd_filter_put_untagged(out, ports, n);
	fputs(" or (vlan and ", out);
	collectd_filter_put_untagged(out, ports, n);
	fputs(")))", out);
}

char *filter_text(const uint16_t *ports, size_t n_ports, int link)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	collectd_filter_put_filter(out, ports, n_ports, link);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}
