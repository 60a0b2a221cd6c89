/* SPDX-License-Identifier: GPL-2.0-or-later */
/* POP3: RFC 1939; CAPA: 2449; STLS: 2595; AUTH: 5034 */
#include "dialogue_priv.h"
#include "dialogue_verb.h"

/* ---- commands ---- */

/* A verb without its argument is no login. */
static enum asked pop3_read_user(struct dialogue *d, struct text rest)
{
	struct text name = text_trim(rest);

	if (!text_len(name))
		return ASKED_OTHER;
	login_begin(d);
	if (!text_is_part(name))
		login_set_user(d, name.at, text_len(name));
	return ASKED_USER;
}

static enum asked pop3_read_pass(struct dialogue *d, struct text rest)
{
	if (!text_len(text_trim(rest)))
		return ASKED_OTHER;
	d->seen |= SEEN_AUTH_CLEAR;
	return ASKED_LOGIN;
}

static enum asked pop3_read_apop(struct dialogue *d, struct text rest)
{
	struct text name = text_split_word(&rest);

	return pop3_read_user(d, name) == ASKED_USER ? ASKED_LOGIN :
						       ASKED_OTHER;
}

/* AUTH without an argument asks for the list of mechanisms. */
static enum asked pop3_read_auth(struct dialogue *d, struct text rest)
{
	return text_len(text_trim(rest)) ? login_read_sasl(d, rest) :
					   ASKED_LIST;
}

/* With a message number the reply is one line. */
static enum asked pop3_read_list(struct dialogue *d, struct text rest)
{
	(void)d;
	return text_len(text_trim(rest)) ? ASKED_OTHER : ASKED_LIST;
}

static const struct verb verbs[] = {
	{ "USER", ASKED_USER, pop3_read_user },
	{ "PASS", ASKED_LOGIN, pop3_read_pass },
	{ "APOP", ASKED_LOGIN, pop3_read_apop },
	{ "AUTH", ASKED_LOGIN, pop3_read_auth },
	{ "STLS", ASKED_TLS, verb_starttls },
	{ "CAPA", ASKED_CAPABILITIES, NULL },
	{ "LIST", ASKED_LIST, pop3_read_list },
	{ "UIDL", ASKED_LIST, pop3_read_list },
	{ "RETR", ASKED_LIST, NULL },
	{ "TOP", ASKED_LIST, NULL },
	{ NULL, ASKED_OTHER, NULL },
};

void pop3_command(struct dialogue *d, struct text line)
{
	asked_add(d, verb_read(d, verbs, line));
}

/* ---- replies ---- */

static void pop3_read_listed(struct dialogue *d, struct text line)
{
	if (text_is_dot(line))
		d->listing = LISTING_NONE;
	else if (d->listing == LISTING_CAPABILITIES &&
		 text_is_word(text_trim(line), "STLS"))
		d->seen |= SEEN_STARTTLS_OFFERED;
}

static bool pop3_is_greeting(const struct dialogue *d)
{
	return d->greeting == GREETING_DUE ||
	       (d->greeting == GREETING_LIKELY && !d->n_asked);
}

static void pop3_read_status(struct dialogue *d, enum reply reply)
{
	if (!pop3_is_greeting(d))
		asked_decide_next(d, reply);
	else if (reply == REPLY_GOOD)
		d->seen |= SEEN_BANNER;
	d->greeting = GREETED;
}

void pop3_reply(struct dialogue *d, struct text line)
{
	struct text rest = line, word = text_split_word(&rest);

	if (d->listing)
		pop3_read_listed(d, line);
	else if (text_is_word(word, "+"))
		asked_continue_login(d);
	else if (text_begins(line, "+OK"))
		pop3_read_status(d, REPLY_GOOD);
	else if (text_begins(line, "-ERR"))
		pop3_read_status(d, REPLY_NO);
}
