/* SPDX-License-Identifier: GPL-2.0-or-later */
/* POP3: RFC 1939; CAPA: 2449; STLS: 2595; AUTH: 5034 */
#include "dialogue_priv.h"

/* ---- commands ---- */

/* A verb without its argument is no login. */
static enum asked read_user_name(struct dialogue *d, struct text rest)
{
	struct text name = text_trim(rest);

	if (!text_len(name))
		return ASKED_OTHER;
	login_begins(d);
	if (!is_part(name))
		note_user(d, name.at, text_len(name));
	return ASKED_USER;
}

static enum asked read_pass(struct dialogue *d, struct text rest)
{
	if (!text_len(text_trim(rest)))
		return ASKED_OTHER;
	d->seen |= SEEN_AUTH_CLEAR;
	return ASKED_LOGIN;
}

static enum asked read_apop(struct dialogue *d, struct text rest)
{
	struct text name = split_word(&rest);

	return read_user_name(d, name) == ASKED_USER ? ASKED_LOGIN :
						       ASKED_OTHER;
}

/* Alone it asks which mechanisms there are. */
static enum asked pop3_read_auth(struct dialogue *d, struct text rest)
{
	return text_len(text_trim(rest)) ? ask_sasl(d, rest) : ASKED_LIST;
}

/* Of one message it is one line. */
static enum asked read_list(struct dialogue *d, struct text rest)
{
	(void)d;
	return text_len(text_trim(rest)) ? ASKED_OTHER : ASKED_LIST;
}

static const struct verb verbs[] = {
	{ "USER", ASKED_USER, read_user_name },
	{ "PASS", ASKED_LOGIN, read_pass },
	{ "APOP", ASKED_LOGIN, read_apop },
	{ "AUTH", ASKED_LOGIN, pop3_read_auth },
	{ "STLS", ASKED_TLS, ask_tls },
	{ "CAPA", ASKED_CAPABILITIES, NULL },
	{ "LIST", ASKED_LIST, read_list },
	{ "UIDL", ASKED_LIST, read_list },
	{ "RETR", ASKED_LIST, NULL },
	{ "TOP", ASKED_LIST, NULL },
	{ NULL, ASKED_OTHER, NULL },
};

void pop3_command(struct dialogue *d, struct text line)
{
	dialogue_ask(d, read_verb(d, verbs, line));
}

/* ---- replies ---- */

static void read_listed(struct dialogue *d, struct text line)
{
	if (is_dot(line))
		d->listing = LISTING_NONE;
	else if (d->listing == LISTING_CAPABILITIES &&
		 is_word(text_trim(line), "STLS"))
		d->seen |= SEEN_STARTTLS_OFFERED;
}

static bool is_greeting(const struct dialogue *d)
{
	return d->greeting == GREETING_DUE ||
	       (d->greeting == GREETING_LIKELY && !d->n_asked);
}

static void read_status(struct dialogue *d, enum reply reply)
{
	if (!is_greeting(d))
		decide_next(d, reply);
	else if (reply == REPLY_GOOD)
		d->seen |= SEEN_BANNER;
	d->greeting = GREETED;
}

void pop3_reply(struct dialogue *d, struct text line)
{
	struct text rest = line, word = split_word(&rest);

	if (d->listing)
		read_listed(d, line);
	else if (is_word(word, "+"))
		login_continues(d);
	else if (text_begins(line, "+OK"))
		read_status(d, REPLY_GOOD);
	else if (text_begins(line, "-ERR"))
		read_status(d, REPLY_NO);
}
