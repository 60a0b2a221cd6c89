/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the readers of the three protocols share. A command says what it asks
 * for, and waits in a queue; a reply decides what was asked first.
 */
#ifndef MAILWALL_DIALOGUE_PRIV_H
#define MAILWALL_DIALOGUE_PRIV_H

#include "dialogue.h"
#include "text.h"

/* What is read of the client next. */
enum reading {
	READ_FIRST,  /* a handshake, else commands */
	READ_EITHER, /* the same, after STARTTLS or a gap */
	READ_TLS,    /* STARTTLS was granted: a handshake, else nothing */
	READ_COMMANDS,
	READ_REST,    /* of an IMAP command, after a literal */
	READ_CONTENT, /* of a message, up to the line of a dot */
	READ_PLAIN,   /* one line: PLAIN's message in base64 */
	READ_USER,    /* one line: a user name in base64 */
	READ_SECRET,  /* one line that is not looked at */
	READ_NOTHING, /* from now on: TLS, or an open mailbox */
};

/* As far as is known; READ_TLS is known better. */
static inline bool reads_commands(const struct dialogue *d)
{
	return d->state == READ_FIRST || d->state == READ_EITHER ||
	       d->state == READ_COMMANDS;
}

/* What a command asks for; 16 at most, for the upper half is taken. */
enum asked {
	ASKED_OTHER,
	ASKED_TLS,
	ASKED_LOGIN,
	ASKED_LOGIN_PLAIN, /* READ_PLAIN comes next */
	ASKED_LOGIN_USER,  /* READ_USER does */
	ASKED_USER,	   /* POP3: only a no decides */
	ASKED_CAPABILITIES,
	ASKED_LIST, /* POP3: lines, up to the line of a dot */
	ASKED_MAIL,
	ASKED_RCPT,
	ASKED_DATA,
	ASKED_CHUNK,   /* BDAT, and there are more */
	ASKED_MESSAGE, /* the end of DATA, the last BDAT */
};

/* The class of a reply, as dialogue.replies counts them. */
enum reply { REPLY_GOOD, REPLY_LATER, REPLY_NO };

/* Can it be told which command a reply answers? */
enum doubt {
	DOUBT_NONE,
	DOUBT_LOST, /* not since the gap: what the client asks is not kept */
	DOUBT_ANSWERED, /* the server spoke, so who asks next waits for it */
};

enum greeting {
	GREETING_LIKELY, /* unless a reply is awaited */
	GREETING_DUE,	 /* the first bytes of the server are known to come */
	GREETED,
};

/* Lines of the server that answer nothing. */
enum listing { LISTING_NONE, LISTING_CAPABILITIES, LISTING_OTHER };

/* ---- dialogue_asked.c ---- */

void dialogue_ask(struct dialogue *d, enum asked what);
enum asked asked_first(const struct dialogue *d); /* ASKED_OTHER if nothing */
void asked_drop(struct dialogue *d);
/* Bytes or commands are missing: nothing is awaited now. */
void lose_track(struct dialogue *d);

/* IMAP: only those wait whose reply says something. */
void ask_tagged(struct dialogue *d, enum asked what, struct text tag);
enum asked answered_tagged(struct dialogue *d, struct text tag);

void decide_asked(struct dialogue *d, enum asked what, enum reply reply);
/* Decides what was asked first, or nothing while in doubt. */
void decide_next(struct dialogue *d, enum reply reply);
void message_decided(struct dialogue *d, enum reply reply);
/* One line of the client answers this, and is no command. */
void login_continues(struct dialogue *d);

/* ---- dialogue_names.c ---- */

/* A login without TLS; its user is not known so far. */
void login_begins(struct dialogue *d);
void note_user(struct dialogue *d, const uint8_t *name, size_t n);
void note_helo(struct dialogue *d, struct text name);
/* rest: a mechanism, which there is, and maybe its first message. */
enum asked ask_sasl(struct dialogue *d, struct text rest);
void read_plain(struct dialogue *d, struct text base64);
void read_user(struct dialogue *d, struct text base64);

/* ---- dialogue.c ---- */

struct verb {
	const char *word; /* NULL ends a table */
	enum asked asked; /* and nothing to read behind it, if read is NULL */
	enum asked (*read)(struct dialogue *d, struct text rest);
};

enum asked read_verb(struct dialogue *d, const struct verb *verbs,
		     struct text line);
enum asked ask_tls(struct dialogue *d, struct text rest);

/* ---- dialogue_smtp.c, dialogue_imap.c, dialogue_pop3.c ---- */

void smtp_command(struct dialogue *d, struct text line);
void smtp_reply(struct dialogue *d, struct text line);

void imap_command(struct dialogue *d, struct text line);
void imap_rest(struct dialogue *d, struct text line);
void imap_reply(struct dialogue *d, struct text line);
void imap_capabilities(struct dialogue *d, struct text words);

void pop3_command(struct dialogue *d, struct text line);
void pop3_reply(struct dialogue *d, struct text line);

#endif
