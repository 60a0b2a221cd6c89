/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads one connection for what it shows of encryption and of spam: SMTP (RFC
 * 5321, 3207, 4954), IMAP (RFC 9051), POP3 (RFC 1939, 2595, 5034), TLS's first
 * record (RFC 8446). Verbs, classes of replies, and keyed hashes of user and
 * HELO names are kept, no content. A dialogue is a plain struct of fixed size
 * in the caller's memory; it holds no pointer, and reads hostile bytes.
 */
#ifndef MAILWALL_DIALOGUE_H
#define MAILWALL_DIALOGUE_H

#include "seen.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIALOGUE_LINE  120 /* bytes kept of a line that is not whole yet */
#define DIALOGUE_ASKED 16  /* commands that wait for a reply (PIPELINING) */

struct dialogue {
	uint32_t seen;		     /* bits of SEEN_ */
	uint8_t replies[STAGE_N][3]; /* 2xx and 3xx, 4xx, 5xx; up to 255 */
	uint8_t auth_failures;
	uint64_t helo_hash; /* keyed; 0: none seen */
	uint64_t user_hash; /* the last login; 0: none seen */
	/* Private to the readers. */
	uint8_t protocol, state, n_asked, first_asked;
	uint8_t asked[DIALOGUE_ASKED];
	uint8_t doubt, greeting, listing;
	bool torn;     /* the line being read ends in a gap */
	uint64_t skip; /* bytes left of a literal or chunk to pass over */
	uint64_t key[2];
	struct dialogue_side {
		uint32_t next; /* the sequence number that should follow */
		bool started, overlong;
		bool cr; /* the latest byte was CR: an LF belongs to it */
		uint8_t n;
		uint8_t line[DIALOGUE_LINE];
	} client, server;
};

/* Begins a dialogue; key is for its hashes of names. */
void dialogue_init(struct dialogue *d, enum dialogue_protocol protocol,
		   const uint64_t key[2]);
/*
 * Sets the sequence number of the first byte of a side, from its SYN. Without
 * it the first segment fed is taken for the first sent.
 */
void dialogue_start(struct dialogue *d, bool client, uint32_t seq);
/*
 * Reads a segment's bytes, in the order of capture. Bytes seen before are
 * passed over; missing ones, and cut ones (wire_len > len), are noted as a
 * gap. Nothing is read behind a handshake, or behind the login to a mailbox.
 * Returns the SEEN_ bits that are new.
 */
uint32_t dialogue_feed(struct dialogue *d, bool client, uint32_t seq,
		       const uint8_t *bytes, size_t len, size_t wire_len);

#endif
