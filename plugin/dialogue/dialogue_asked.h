/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands that wait for their replies. A command says what it asks for, and
 * waits in a queue; a reply decides the command that waits longest. IMAP's
 * replies are told apart by their tags.
 */
#ifndef MAILWALL_DIALOGUE_ASKED_H
#define MAILWALL_DIALOGUE_ASKED_H

#include "dialogue.h"
#include "text.h"

/* Kinds of commands: 16 at most, since the queue keeps four bits. */
enum asked {
	ASKED_OTHER,
	ASKED_TLS,
	ASKED_LOGIN,
	ASKED_LOGIN_PLAIN, /* READ_PLAIN comes next */
	ASKED_LOGIN_USER,  /* READ_USER comes next */
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

/* Appends a command. */
void asked_add(struct dialogue *d, enum asked what);
/* The command that waits longest; ASKED_OTHER if none waits. */
enum asked asked_first(const struct dialogue *d);
/* Removes it, and its run of equal ones. */
void asked_drop(struct dialogue *d);
/* Empties the queue, because bytes or commands are missing. */
void asked_lose_track(struct dialogue *d);

/* IMAP: appends a command whose reply says something. */
void asked_add_tagged(struct dialogue *d, enum asked what, struct text tag);
/* Removes the command with that tag, and those before it. */
enum asked asked_remove_tagged(struct dialogue *d, struct text tag);

/* Notes what a reply to a command shows. */
void asked_decide(struct dialogue *d, enum asked what, enum reply reply);
/* Decides the command that waits longest; nothing while in doubt. */
void asked_decide_next(struct dialogue *d, enum reply reply);
/* Counts the reply to a message. */
void asked_decide_message(struct dialogue *d, enum reply reply);
/* Makes the client's next line a part of its login, no command. */
void asked_continue_login(struct dialogue *d);

#endif
