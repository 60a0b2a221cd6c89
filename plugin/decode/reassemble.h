/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reassembles the first bytes of datagrams in fragments, as many as hold the
 * flags of a TCP header. Private to the decoder.
 */
#ifndef MAILWALL_REASSEMBLE_H
#define MAILWALL_REASSEMBLE_H

#include "../../rules/base/addr.h"

#define HEAD_BYTES     24  /* fragments begin at multiples of 8 */
#define DATAGRAMS_MOST 256 /* at a time; one more gives up the oldest */
#define FRAGMENT_AGE_S 30  /* RFC 791 and Linux give up after that, too */

/* No padding between its members: keys are compared as bytes. */
struct datagram_key {
	struct addr6 source, destination;
	uint32_t id; /* IPv4: 16 bits */
	uint16_t family;
	uint16_t input;
};

struct datagram {
	struct datagram_key key;
	int64_t time_us; /* when its first fragment was seen */
	uint32_t seen;	 /* bits: which bytes of head */
	bool done;	 /* the head was read */
	uint8_t head[HEAD_BYTES];
};

/* A ring: the oldest is given up first. */
struct reassembly {
	uint32_t hash[DATAGRAMS_MOST]; /* each key's hash; 0: not in use */
	struct datagram datagrams[DATAGRAMS_MOST];
	uint32_t oldest, n;
	uint64_t given_up;
};

/* Bytes of a fragment that begins at offset, all within the head. */
struct fragment {
	const uint8_t *bytes;
	uint32_t offset, n;
};

/* Finds a datagram; NULL if no fragment of it was seen, or too long ago. */
struct datagram *reassembly_find(struct reassembly *r,
				 const struct datagram_key *key,
				 int64_t time_us);
/*
 * Adds a fragment and returns its datagram, valid until the next call. Where
 * fragments overlap, the bytes seen first stay. A fragment that a done datagram
 * has seen already begins a new one under the same key.
 */
struct datagram *reassembly_add(struct reassembly *r,
				const struct datagram_key *key, int64_t time_us,
				const struct fragment *fragment);
/* Counts the bytes that are there without a hole, from the first. */
uint32_t datagram_head_len(const struct datagram *d);

#endif
