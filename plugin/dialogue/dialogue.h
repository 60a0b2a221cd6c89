/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is said on one connection, as far as it tells of encryption and of
 * spam: SMTP (RFC 5321, 3207, 4954), IMAP (RFC 9051), POP3 (RFC 1939, 2595,
 * 5034), TLS's first record (RFC 8446). No content is kept: verbs, reply
 * classes, and keyed hashes of user and HELO names.
 *
 * A dialogue is a plain struct of fixed size that the caller keeps; it holds
 * no pointer, allocates nothing, and reads hostile bytes.
 */
#ifndef MAILWALL_DIALOGUE_H
#define MAILWALL_DIALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dialogue_protocol {
	DIALOGUE_SMTP,
	DIALOGUE_IMAP,
	DIALOGUE_POP3,
	DIALOGUE_NONE, /* nothing is read */
};

/* Seen so far: bits. */
enum {
	SEEN_BANNER = 1 << 0,		/* the server greeted: 220, +OK, * OK */
	SEEN_IMPLICIT_TLS = 1 << 1,	/* the client began with a handshake */
	SEEN_STARTTLS_OFFERED = 1 << 2, /* in a capability list */
	SEEN_STARTTLS_MASKED = 1 << 3,	/* overwritten on the way: XXXXXXXA */
	SEEN_STARTTLS = 1 << 4,		/* the client asked for it */
	SEEN_STARTTLS_REFUSED = 1 << 5, /* and was told no */
	SEEN_TLS = 1 << 6,		/* a handshake followed STARTTLS */
	SEEN_AUTH_CLEAR = 1 << 7,	/* a login without TLS */
	SEEN_AUTH_FAILED = 1 << 8,	/* and it was refused */
	SEEN_AUTH_OK = 1 << 9,
	SEEN_HELO = 1 << 10,
	SEEN_HELO_ODD = 1 << 11, /* a bare address, no dot, or localhost */
	SEEN_MAIL = 1 << 12,	 /* MAIL FROM */
	SEEN_ACCEPTED = 1 << 13, /* a message: DATA or BDAT got a 2xx */
	SEEN_GAP = 1 << 14,	 /* bytes are missing from the capture */
};

/*
 * Replies to MAIL, to RCPT, and to a message: a no to DATA or BDAT, any to the
 * end of DATA or to the last BDAT. By class; they stick at 255.
 */
enum dialogue_stage { STAGE_MAIL, STAGE_RCPT, STAGE_DATA, STAGE_N };

#define DIALOGUE_LINE  120 /* bytes kept of a line that is not whole yet */
#define DIALOGUE_ASKED 16  /* commands that wait for a reply (PIPELINING) */

struct dialogue {
	uint32_t seen;		     /* bits of SEEN_ */
	uint8_t replies[STAGE_N][3]; /* 2xx and 3xx, 4xx, 5xx */
	uint8_t auth_failures;
	uint64_t helo_hash; /* keyed; 0: none seen */
	uint64_t user_hash; /* of the last login; 0: none seen */
	/* The reader's own. */
	uint8_t protocol, state, n_asked, first_asked;
	uint8_t asked[DIALOGUE_ASKED];
	uint8_t doubt, greeting, listing;
	bool torn;     /* the line that is read ends in a gap */
	uint64_t skip; /* bytes of a literal or chunk still to pass over */
	uint64_t key[2];
	struct dialogue_side {
		uint32_t next; /* the sequence number that should follow */
		bool started, overlong;
		bool cr; /* was the latest byte: an LF belongs to it */
		uint8_t n;
		uint8_t line[DIALOGUE_LINE];
	} client, server;
};

void dialogue_init(struct dialogue *d, enum dialogue_protocol protocol,
		   const uint64_t key[2]);
/*
 * The sequence number that the first byte of a side has, from its SYN: without
 * it the first segment seen is taken for the first.
 */
void dialogue_start(struct dialogue *d, bool client, uint32_t seq);

/*
 * Bytes of a segment, in the order of capture: what was seen before is passed
 * over, what is missing (or was cut: wire_len > len) is noted as a gap. Behind
 * a handshake, and behind the login to a mailbox, nothing is read. Returns the
 * bits that are new.
 */
uint32_t dialogue_feed(struct dialogue *d, bool client, uint32_t seq,
		       const uint8_t *bytes, size_t len, size_t wire_len);

#endif
