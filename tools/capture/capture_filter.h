/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filter that the kernel applies to an interface, as pcap-filter(7) has
 * it. It needs libpcap's headers alone: mailwall's plugin for collectd is built
 * of this file, too.
 */
#ifndef MAILWALL_CAPTURE_FILTER_H
#define MAILWALL_CAPTURE_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct capture_filter {
	const uint16_t *ports; /* n_ports; with none all of TCP passes */
	size_t n_ports;
	int link;	    /* as pcap_datalink() says */
	bool openings_only; /* no payload: SYN, RST, ICMP errors */
};

/*
 * Writes the filter for pcap_compile(). Every frame that a decoder could make
 * a segment of passes, and of others as few as a filter can tell. The caller
 * frees the text; NULL: no memory.
 */
char *capture_filter_text(const struct capture_filter *filter);

#endif
