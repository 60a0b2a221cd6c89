/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Protocols of a dialogue, and the facts that it can show. */
#ifndef MAILWALL_SEEN_H
#define MAILWALL_SEEN_H

enum dialogue_protocol {
	DIALOGUE_SMTP,
	DIALOGUE_IMAP,
	DIALOGUE_POP3,
	DIALOGUE_NONE, /* nothing is read */
};

/* Bits of dialogue.seen. */
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
 * Commands whose replies are counted: MAIL, RCPT, and a message, which is a no
 * to DATA or BDAT, or any reply to the end of DATA or to the last BDAT.
 */
enum dialogue_stage { STAGE_MAIL, STAGE_RCPT, STAGE_DATA, STAGE_N };

#endif
