/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames as they are captured. */
#ifndef MAILWALL_FRAME_H
#define MAILWALL_FRAME_H

#include <stdint.h>

/* A frame as libpcap hands it over; the bytes are borrowed. */
struct frame {
	const uint8_t *data;
	uint32_t caplen, len; /* bytes captured, bytes on the wire */
	int64_t time_us;      /* since 1970-01-01, UTC */
	uint16_t link;	      /* enum link: the first header */
	uint8_t input;	      /* number of the caller's input */
	/* The prefix of the rule that logged it, if data lacks it; or NULL. */
	const char *prefix;
	uint32_t prefix_len;
};

/* Link types, with the numbers of pcap_datalink() and of LINKTYPE_ in files. */
enum link {
	LINK_NULL = 0,
	LINK_ETHERNET = 1,
	LINK_PPP = 9,
	LINK_RAW_BSD = 12, /* DLT_RAW on Linux */
	LINK_RAW_OPENBSD = 14,
	LINK_PPP_SERIAL = 50,
	LINK_PPP_ETHER = 51,
	LINK_RAW = 101,
	LINK_CHDLC = 104,
	LINK_LOOP = 108,
	LINK_SLL = 113,
	LINK_IPV4 = 228,
	LINK_IPV6 = 229,
	LINK_NFLOG = 239,
	LINK_SLL2 = 276,
};

#endif
