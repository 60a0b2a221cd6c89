/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The queue of commands that wait, and what a reply to each shows. */
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

static void asked_append(struct dialogue *d, unsigned int asked)
{
	d->n_asked++;
	*asked_last(d) = (uint8_t)asked;
}

void asked_drop(struct dialogue *d)
{
	d->first_asked = (d->first_asked + 1) % DIALOGUE_ASKED;
	d->n_asked--;
}

/* IMAP needs no track: its replies name their commands by tags. */
void asked_lose_track(struct dialogue *d)
{
	if (d->protocol == DIALOGUE_IMAP)
		return;
	d->n_asked = 0;
	d->doubt = DOUBT_LOST;
}

/* A run of equal commands takes one place, such as 16 recipients. */
void asked_add(struct dialogue *d, enum asked what)
{
	if (d->doubt == DOUBT_LOST)
		return;
	d->doubt = DOUBT_NONE;
	if (d->n_asked && (*asked_last(d) & KIND) == what &&
	    *asked_last(d) <= UINT8_MAX - MORE)
		*asked_last(d) += MORE;
	else if (d->n_asked < DIALOGUE_ASKED)
		asked_append(d, what);
	else
		asked_lose_track(d);
}

/* Removes the command that waits longest, of a run only one. */
static enum asked asked_remove(struct dialogue *d)
{
	enum asked what = asked_first(d);

	if (d->n_asked && d->asked[d->first_asked] >= MORE)
		d->asked[d->first_asked] -= MORE;
	else if (d->n_asked)
		asked_drop(d);
	return what;
}

/* Tags count up, so the sum of their bytes tells neighbours apart. */
static unsigned int asked_tag_bits(struct text tag)
{
	unsigned int sum = 0;

	for (; tag.at < tag.end; tag.at++)
		sum += *tag.at;
	return sum * MORE & UINT8_MAX;
}

void asked_add_tagged(struct dialogue *d, enum asked what, struct text tag)
{
	if (what == ASKED_OTHER)
		return;
	if (d->n_asked == DIALOGUE_ASKED)
		asked_drop(d);
	asked_append(d, what | asked_tag_bits(tag));
}

enum asked asked_remove_tagged(struct dialogue *d, struct text tag)
{
	for (uint8_t i = 0; i < d->n_asked; i++) {
		uint8_t at = (d->first_asked + i) % DIALOGUE_ASKED;

		if ((d->asked[at] & ~KIND) != (int)asked_tag_bits(tag))
			continue;
		d->first_asked = (at + 1) % DIALOGUE_ASKED;
		d->n_asked -= i + 1;
		return d->asked[at] & KIND;
	}
	return ASKED_OTHER;
}

/* ---- what a reply decides ---- */

static void asked_count(uint8_t *count)
{
	if (*count < UINT8_MAX)
		++*count;
}

/*
 * Both sides forget what they know (RFC 3207, section 4.2), and what the client
 * sent without waiting is discarded.
 */
static void asked_decide_tls(struct dialogue *d, enum reply reply)
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

/* Behind the login to a mailbox is content only, which is not read. */
static void asked_decide_login(struct dialogue *d, enum reply reply)
{
	if (d->state == READ_PLAIN || d->state == READ_USER ||
	    d->state == READ_SECRET)
		d->state = READ_COMMANDS;
	if (reply != REPLY_GOOD) {
		d->seen |= SEEN_AUTH_FAILED;
		asked_count(&d->auth_failures);
		return;
	}
	d->seen |= SEEN_AUTH_OK;
	if (d->protocol != DIALOGUE_SMTP)
		d->state = READ_NOTHING;
}

/* Content that followed without waiting was read as commands. */
static void asked_refuse_data(struct dialogue *d, enum reply reply)
{
	asked_count(&d->replies[STAGE_DATA][reply]);
	if (d->state == READ_CONTENT)
		d->state = READ_COMMANDS;
	else
		asked_lose_track(d);
}

void asked_decide_message(struct dialogue *d, enum reply reply)
{
	asked_count(&d->replies[STAGE_DATA][reply]);
	if (reply == REPLY_GOOD)
		d->seen |= SEEN_ACCEPTED;
}

/* A yes to DATA, to a chunk or to USER decides nothing yet. */
static void asked_decide_half(struct dialogue *d, enum asked what,
			      enum reply reply)
{
	if (reply == REPLY_GOOD)
		return;
	if (what == ASKED_DATA)
		asked_refuse_data(d, reply);
	else if (what == ASKED_CHUNK)
		asked_decide_message(d, reply);
	else
		asked_decide_login(d, reply);
}

static void asked_decide_list(struct dialogue *d, enum asked what,
			      enum reply reply)
{
	if (reply == REPLY_GOOD)
		d->listing = what == ASKED_LIST ? LISTING_OTHER :
						  LISTING_CAPABILITIES;
}

void asked_decide(struct dialogue *d, enum asked what, enum reply reply)
{
	switch (what) {
	case ASKED_OTHER:
		return;
	case ASKED_TLS:
		asked_decide_tls(d, reply);
		return;
	case ASKED_LOGIN:
	case ASKED_LOGIN_PLAIN:
	case ASKED_LOGIN_USER:
		asked_decide_login(d, reply);
		return;
	case ASKED_CAPABILITIES:
	case ASKED_LIST:
		asked_decide_list(d, what, reply);
		return;
	case ASKED_MAIL:
		asked_count(&d->replies[STAGE_MAIL][reply]);
		return;
	case ASKED_RCPT:
		asked_count(&d->replies[STAGE_RCPT][reply]);
		return;
	case ASKED_USER:
	case ASKED_DATA:
	case ASKED_CHUNK:
		asked_decide_half(d, what, reply);
		return;
	case ASKED_MESSAGE:
		asked_decide_message(d, reply);
		return;
	}
}

void asked_decide_next(struct dialogue *d, enum reply reply)
{
	if (d->doubt)
		d->doubt = DOUBT_ANSWERED;
	else
		asked_decide(d, asked_remove(d), reply);
}

void asked_continue_login(struct dialogue *d)
{
	enum asked what = asked_first(d);

	if (!dialogue_reads_commands(d))
		return;
	if (what == ASKED_LOGIN_PLAIN)
		d->state = READ_PLAIN;
	else if (what == ASKED_LOGIN_USER)
		d->state = READ_USER;
	else if (what == ASKED_LOGIN)
		d->state = READ_SECRET;
	else
		return;
	/* The user, if any, is in this line; a second line is not read. */
	d->asked[d->first_asked] -= what - ASKED_LOGIN;
}
