/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one captured frame says about one TCP connection. */
#ifndef MAILWALL_SEGMENT_H
#define MAILWALL_SEGMENT_H

#include "../../rules/base/addr.h"

/* A frame as libpcap hands it over; the bytes are borrowed. */
struct frame {
	const uint8_t *data;
	uint32_t caplen, len; /* bytes captured, bytes on the wire */
	int64_t time_us;      /* since 1970-01-01, UTC */
	uint16_t link;	      /* what it begins with, as pcap_datalink() says */
	uint8_t input;	      /* which of the caller's inputs it came from */
	/* Of the rule that logged it, where data does not have it; or NULL. */
	const char *prefix;
	uint32_t prefix_len;
};

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

struct segment {
	int64_t time_us;
	/* IPv4 lies in the first four bytes, and zeros behind it. */
	struct addr6 source, destination;
	uint16_t source_port, destination_port;
	uint32_t seq, ack; /* of a quoted segment only seq is known */
	uint8_t flags;
	uint8_t family; /* 4 or 6 */
	uint8_t kind;	/* enum segment_kind */
	uint8_t input;
	bool has_uid;
	/* From the frame, and gone with it. */
	const uint8_t *payload;
	uint32_t payload_len;	      /* as far as it was captured */
	uint32_t payload_wire_len;    /* as the IP header has it */
	uint32_t uid;		      /* NFLOG: who owns the socket */
	uint32_t in_index, out_index; /* interfaces; 0: not known */
	const char *prefix;	      /* NFLOG: of the rule; NULL: none */
	uint32_t prefix_len;
};

#endif
