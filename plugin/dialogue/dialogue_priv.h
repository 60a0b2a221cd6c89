/* SPDX-License-Identifier: GPL-2.0-or-later */
/* State of a dialogue, and the readers of the three protocols. */
#ifndef MAILWALL_DIALOGUE_PRIV_H
#define MAILWALL_DIALOGUE_PRIV_H

#include "dialogue_names.h"

/* The reading of the client's next bytes. */
enum reading {
	READ_FIRST,  /* a handshake, else commands */
	READ_EITHER, /* the same, after STARTTLS or a gap */
	READ_TLS,    /* STARTTLS was granted: a handshake, else nothing */
	READ_COMMANDS,
	READ_REST,    /* the rest of an IMAP command, after a literal */
	READ_CONTENT, /* a message, up to the line of a dot */
	READ_PLAIN,   /* one line: PLAIN's message in base64 */
	READ_USER,    /* one line: a user name in base64 */
	READ_SECRET,  /* one line that is not looked at */
	READ_NOTHING, /* from now on: TLS, or an open mailbox */
};

/* True while the client's bytes may be commands. */
static inline bool dialogue_reads_commands(const struct dialogue *d)
{
	return d->state == READ_FIRST || d->state == READ_EITHER ||
	       d->state == READ_COMMANDS;
}

/* Is it known which command a reply answers? */
enum doubt {
	DOUBT_NONE,
	DOUBT_LOST,	/* not since the gap: commands are not queued */
	DOUBT_ANSWERED, /* the server spoke: the next command is queued */
};

enum greeting {
	GREETING_LIKELY, /* unless a reply is awaited */
	GREETING_DUE,	 /* the first bytes of the server are known to come */
	GREETED,
};

/* Lists of the server whose lines answer no command. */
enum listing { LISTING_NONE, LISTING_CAPABILITIES, LISTING_OTHER };

/* Each reads one line of the client (command) or of the server (reply). */
void smtp_command(struct dialogue *d, struct text line);
void smtp_reply(struct dialogue *d, struct text line);
void imap_command(struct dialogue *d, struct text line);
void imap_reply(struct dialogue *d, struct text line);
void pop3_command(struct dialogue *d, struct text line);
void pop3_reply(struct dialogue *d, struct text line);

/* Reads the rest of a command's line, behind a literal. */
void imap_rest(struct dialogue *d, struct text line);
/* Reads more words of a list that is longer than the line buffer. */
void imap_capabilities(struct dialogue *d, struct text words);

#endif
