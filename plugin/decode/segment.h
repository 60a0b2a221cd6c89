/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A segment: one captured frame's facts about one TCP connection. */
#ifndef MAILWALL_SEGMENT_H
#define MAILWALL_SEGMENT_H

#include "../../rules/base/addr.h"
#include "frame.h"
#include "system.h"

/* RFC 9293, section 3.1 */
enum {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_ACK = 0x10,
};

enum segment_kind {
	SEGMENT_TCP,
	SEGMENT_UNREACHABLE, /* an ICMP error that quotes this segment */
};

/* Ways to hide the ports of TCP from rules. The worst comes first. */
enum hidden {
	HIDDEN_NOT,
	HIDDEN_FIRST_FRAGMENT, /* they, or the flags, lie in another one */
	HIDDEN_SOURCE_ROUTE,   /* the destination is not the last one */
	HIDDEN_STACKED_TAGS,   /* several tags of VLAN 0, which hosts strip */
	HIDDEN_ENCAPSULATED,   /* PPPoE, MPLS, more tags, LLC, a tunnel */
	HIDDEN_N
};

struct segment {
	int64_t time_us;
	/* An IPv4 address is in the first four bytes. */
	struct addr6 source, destination;
	uint16_t source_port, destination_port;
	uint32_t seq, ack; /* a quoted segment has only seq */
	uint8_t flags;
	uint8_t family; /* 4 or 6 */
	uint8_t kind;	/* enum segment_kind */
	uint8_t input;
	uint8_t hidden; /* enum hidden: of a SYN, or a fragment that is held */
	uint8_t system; /* enum system: of a SYN */
	bool has_uid;
	/* Borrowed from the frame. */
	const uint8_t *payload;
	uint32_t payload_len;	      /* bytes captured */
	uint32_t payload_wire_len;    /* bytes by the IP header */
	uint32_t uid;		      /* NFLOG: who owns the socket */
	uint32_t in_index, out_index; /* interfaces; 0: not known */
	const char *prefix;	      /* NFLOG: of the rule; NULL: none */
	uint32_t prefix_len;
};

#endif
