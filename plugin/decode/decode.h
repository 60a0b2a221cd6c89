/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decoder makes a segment of a mail connection from the bytes of a frame.
 * Every byte is hostile; a frame that cannot be decoded is counted by reason,
 * never guessed. A decoder belongs to one thread. It reads no clock: time is
 * the frame's.
 */
#ifndef MAILWALL_DECODE_H
#define MAILWALL_DECODE_H

#include "segment.h"

enum decoded {
	DECODED_SEGMENT,
	DECODED_OTHER, /* understood, and nothing of ours */
	DECODED_HELD,  /* a fragment that waits for the others */
	/* not decoded: */
	UNDECODED_TRUNCATED, /* captured too short */
	UNDECODED_UNKNOWN,   /* a link type or protocol that is not read */
	UNDECODED_TOO_DEEP,  /* more headers within headers than are followed */
	UNDECODED_BAD_LENGTH, /* lengths in headers contradict each other */
	UNDECODED_FRAGMENT,   /* given up: the others never came */
	UNDECODED_MARTIAN,    /* an address that no sender or receiver has */
	UNDECODED_CHECKSUM, /* of an IPv4 header, which is another than sent */
	DECODED_N
};

/* Names them as a summary does: "truncated", "unknown", ... */
const char *decoded_name(enum decoded decoded);
/* "first-fragment", "source-route", ...; of HIDDEN_NOT: "none" */
const char *hidden_name(enum hidden hidden);

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
 * Makes a decoder of segments from or to one of these ports, which are
 * borrowed. NULL if there is no memory: a decoder allocates here and never
 * again.
 */
struct decoder *decoder_new(const struct port_bits *ports);
void decoder_free(struct decoder *d);

/*
 * Decodes a frame. Only for DECODED_SEGMENT may *out be read; for DECODED_HELD
 * its time, its addresses, hidden and prefix.
 */
enum decoded decode_frame(struct decoder *d, const struct frame *frame,
			  struct segment *out);

/* Counts the datagrams whose fragments were given up so far. */
uint64_t decoder_given_up(const struct decoder *d);
/* Counts first fragments that hide a header, and SYNs that are hidden. */
uint64_t decoder_hidden(const struct decoder *d, enum hidden hidden);

#endif
