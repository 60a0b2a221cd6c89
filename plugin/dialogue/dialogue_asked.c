/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that wait for their replies, and what a reply decides. */
#include "dialogue_priv.h"

#define KIND 0x0f
#define MORE 0x10 /* one more of the same; IMAP: a bit of the tag */

/* ---- the queue ---- */

enum asked asked_first(const struct dialogue *d)
{
	return d->n_asked ? d->asked[d->first_asked] & KIND : ASKED_OTHER;
}

static uint8_t *asked_last(struct dialogue *d)
{
	return &d->asked[(d->first_asked + d->n_asked - 1) % DIALOGUE_ASKED];
}

static void asked_push(struct dialogue *d, unsigned int asked)
{
	d->n_asked++;
	*asked_last(d) = (uint8_t)asked;
}

/* The first, with all of its run. */
void asked_drop(struct dialogue *d)
{
	d->first_asked = (d->first_asked + 1) % DIALOGUE_ASKED;
	d->n_asked--;
}

/* IMAP's replies are told by their tags. */
void lose_track(struct dialogue *d)
{
	if (d->protocol == DIALOGUE_IMAP)
		return;
	d->n_asked = 0;
	d->doubt = DOUBT_LOST;
}

/* A run of the same takes one place: 16 recipients, say. */
void dialogue_ask(struct dialogue *d, enum asked what)
{
	if (d->doubt == DOUBT_LOST)
		return;
	d->doubt = DOUBT_NONE;
	if (d->n_asked && (*asked_last(d) & KIND) == what &&
	    *asked_last(d) <= UINT8_MAX - MORE)
		*asked_last(d) += MORE;
	else if (d->n_asked < DIALOGUE_ASKED)
		asked_push(d, what);
	else
		lose_track(d);
}

/* What the reply that came answers. */
static enum asked answered(struct dialogue *d)
{
	enum asked what = asked_first(d);

	if (d->n_asked && d->asked[d->first_asked] >= MORE)
		d->asked[d->first_asked] -= MORE;
	else if (d->n_asked)
		asked_drop(d);
	return what;
}

/* Tags count up, so the sum of their bytes tells neighbours apart. */
static unsigned int tag_bits(struct text tag)
{
	unsigned int sum = 0;

	for (; tag.at < tag.end; tag.at++)
		sum += *tag.at;
	return sum * MORE & UINT8_MAX;
}

void ask_tagged(struct dialogue *d, enum asked what, struct text tag)
{
	if (what == ASKED_OTHER)
		return;
	if (d->n_asked == DIALOGUE_ASKED)
		asked_drop(d);
	asked_push(d, what | tag_bits(tag));
}

enum asked answered_tagged(struct dialogue *d, struct text tag)
{
	for (uint8_t i = 0; i < d->n_asked; i++) {
		uint8_t at = (d->first_asked + i) % DIALOGUE_ASKED;

		if ((d->asked[at] & ~KIND) != (int)tag_bits(tag))
			continue;
		d->first_asked = (at + 1) % DIALOGUE_ASKED;
		d->n_asked -= i + 1;
		return d->asked[at] & KIND;
	}
	return ASKED_OTHER;
}

/* ---- what a reply decides ---- */

static void count_up(uint8_t *count)
{
	if (*count < UINT8_MAX)
		++*count;
}

/*
 * Both sides throw away what they know (RFC 3207, section 4.2), and so is what
 * the client sent without waiting.
 */
static void tls_decided(struct dialogue *d, enum reply reply)
{
	if (reply != REPLY_GOOD) {
		d->seen |= SEEN_STARTTLS_REFUSED;
		if (d->state == READ_EITHER)
			d->state = READ_COMMANDS;
	} else if (d->state == READ_EITHER) {
		d->state = READ_TLS;
	} else if (d->state == READ_COMMANDS) {
		d->state = READ_TLS;
		d->client.n = 0;
		d->client.overlong = false;
	}
}

/* Behind a mailbox's login there is much to read, and nothing for us. */
static void login_decided(struct dialogue *d, enum reply reply)
{
	if (d->state == READ_PLAIN || d->state == READ_USER ||
	    d->state == READ_SECRET)
		d->state = READ_COMMANDS;
	if (reply != REPLY_GOOD) {
		d->seen |= SEEN_AUTH_FAILED;
		count_up(&d->auth_failures);
		return;
	}
	d->seen |= SEEN_AUTH_OK;
	if (d->protocol != DIALOGUE_SMTP)
		d->state = READ_NOTHING;
}

/* Content that followed without waiting was read as commands. */
static void data_refused(struct dialogue *d, enum reply reply)
{
	count_up(&d->replies[STAGE_DATA][reply]);
	if (d->state == READ_CONTENT)
		d->state = READ_COMMANDS;
	else
		lose_track(d);
}

void message_decided(struct dialogue *d, enum reply reply)
{
	count_up(&d->replies[STAGE_DATA][reply]);
	if (reply == REPLY_GOOD)
		d->seen |= SEEN_ACCEPTED;
}

/* A yes to DATA, to a chunk, to USER is only half of what is to come. */
static void half_decided(struct dialogue *d, enum asked what, enum reply reply)
{
	if (reply == REPLY_GOOD)
		return;
	if (what == ASKED_DATA)
		data_refused(d, reply);
	else if (what == ASKED_CHUNK)
		message_decided(d, reply);
	else
		login_decided(d, reply);
}

static void list_decided(struct dialogue *d, enum asked what, enum reply reply)
{
	if (reply == REPLY_GOOD)
		d->listing = what == ASKED_LIST ? LISTING_OTHER :
						  LISTING_CAPABILITIES;
}

void decide_asked(struct dialogue *d, enum asked what, enum reply reply)
{
	switch (what) {
	case ASKED_OTHER:
		return;
	case ASKED_TLS:
		tls_decided(d, reply);
		return;
	case ASKED_LOGIN:
	case ASKED_LOGIN_PLAIN:
	case ASKED_LOGIN_USER:
		login_decided(d, reply);
		return;
	case ASKED_CAPABILITIES:
	case ASKED_LIST:
		list_decided(d, what, reply);
		return;
	case ASKED_MAIL:
		count_up(&d->replies[STAGE_MAIL][reply]);
		return;
	case ASKED_RCPT:
		count_up(&d->replies[STAGE_RCPT][reply]);
		return;
	case ASKED_USER:
	case ASKED_DATA:
	case ASKED_CHUNK:
		half_decided(d, what, reply);
		return;
	case ASKED_MESSAGE:
		message_decided(d, reply);
		return;
	}
}

void decide_next(struct dialogue *d, enum reply reply)
{
	if (d->doubt)
		d->doubt = DOUBT_ANSWERED;
	else
		decide_asked(d, answered(d), reply);
}

void login_continues(struct dialogue *d)
{
	enum asked what = asked_first(d);

	if (!reads_commands(d))
		return;
	if (what == ASKED_LOGIN_PLAIN)
		d->state = READ_PLAIN;
	else if (what == ASKED_LOGIN_USER)
		d->state = READ_USER;
	else if (what == ASKED_LOGIN)
		d->state = READ_SECRET;
	else
		return;
	/* The user, if any, is in this line; a second one is not looked at. */
	d->asked[d->first_asked] -= what - ASKED_LOGIN;
}
