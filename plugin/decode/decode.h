/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the bytes of a frame to a segment of a mail connection. Every byte is
 * hostile; what cannot be decoded is counted by reason, never guessed.
 *
 * A decoder belongs to one thread. It reads no clock: time is the frame's.
 */
#ifndef MAILWALL_DECODE_H
#define MAILWALL_DECODE_H

#include "segment.h"

/* The numbers are those of pcap_datalink() and of LINKTYPE_ in files. */
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

enum decoded {
	DECODED_SEGMENT,
	DECODED_OTHER, /* understood, and nothing of ours */
	DECODED_HELD,  /* a fragment that waits for the others */
	/* not decoded: */
	UNDECODED_TRUNCATED,  /* captured too short to say */
	UNDECODED_UNKNOWN,    /* a link type or protocol that we do not read */
	UNDECODED_TOO_DEEP,   /* more headers within headers than we follow */
	UNDECODED_BAD_LENGTH, /* lengths in headers contradict each other */
	UNDECODED_FRAGMENT,   /* given up: the others never came */
	DECODED_N
};

/* "truncated", "unknown", ...: the names in a summary. */
const char *decoded_name(enum decoded decoded);

/* Ports as a set of bits. */
struct port_bits {
	uint64_t word[65536 / 64];
};

static inline bool port_is_in(const struct port_bits *bits, uint16_t port)
{
	return bits->word[port / 64] >> (port % 64) & 1;
}

struct decoder;

/*
 * Only segments from or to one of these ports come out; ports is borrowed.
 * NULL if there is no memory: a decoder allocates here and never again.
 */
struct decoder *decoder_new(const struct port_bits *ports);
void decoder_free(struct decoder *d);

/* DECODED_SEGMENT: *out is filled. Else it is not to be read. */
enum decoded decode_frame(struct decoder *d, const struct frame *frame,
			  struct segment *out);

/* Fragments given up so far, counted once a datagram. */
uint64_t decoder_given_up(const struct decoder *d);

#endif
