/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SMTP: RFC 5321; STARTTLS: 3207; AUTH: 4954; BDAT: 3030; PIPELINING: 2920 */
#include "dialogue_priv.h"

/* ---- commands ---- */

static enum asked read_helo(struct dialogue *d, struct text rest)
{
	note_helo(d, split_word(&rest));
	return ASKED_OTHER;
}

static enum asked smtp_read_auth(struct dialogue *d, struct text rest)
{
	return text_len(text_trim(rest)) ? ask_sasl(d, rest) : ASKED_OTHER;
}

static enum asked read_mail(struct dialogue *d, struct text rest)
{
	if (text_begins(text_trim(rest), "FROM"))
		d->seen |= SEEN_MAIL;
	return ASKED_MAIL;
}

/* Not all wait for the reply. */
static enum asked read_data(struct dialogue *d, struct text rest)
{
	if (text_len(text_trim(rest)))
		return ASKED_OTHER;
	d->state = READ_CONTENT;
	return ASKED_DATA;
}

/* A size, and LAST on the last; after anything else no chunk follows. */
static enum asked read_bdat(struct dialogue *d, struct text rest)
{
	struct text size = split_word(&rest), last = split_word(&rest);
	uint64_t n;

	if (rest.cut || !take_number(&size, &n) || text_len(size) ||
	    (text_len(last) && !is_word(last, "LAST")))
		return ASKED_OTHER;
	d->skip = n;
	return text_len(last) ? ASKED_MESSAGE : ASKED_CHUNK;
}

static const struct verb verbs[] = {
	{ "HELO", ASKED_OTHER, read_helo },
	{ "EHLO", ASKED_OTHER, read_helo },
	{ "STARTTLS", ASKED_TLS, ask_tls },
	{ "AUTH", ASKED_LOGIN, smtp_read_auth },
	{ "MAIL", ASKED_MAIL, read_mail },
	{ "RCPT", ASKED_RCPT, NULL },
	{ "DATA", ASKED_DATA, read_data },
	{ "BDAT", ASKED_CHUNK, read_bdat },
	{ NULL, ASKED_OTHER, NULL },
};

/* A dot that ends nothing: of content whose reply was captured before it. */
void smtp_command(struct dialogue *d, struct text line)
{
	if (!is_dot(line))
		dialogue_ask(d, read_verb(d, verbs, line));
}

/* ---- replies ---- */

/*
 * Cisco's inspection overwrites extensions and keeps their length: eight
 * letters were STARTTLS, if anything that matters.
 */
static bool is_masked(struct text word)
{
	return !word.cut && text_len(word) == 8 &&
	       text_begins(word, "XXXXXXX") && upper(word.at[7]) >= 'A' &&
	       upper(word.at[7]) <= 'Z';
}

static void smtp_read_extension(struct dialogue *d, struct text line)
{
	struct text word = split_word(&line);

	if (is_word(word, "STARTTLS"))
		d->seen |= SEEN_STARTTLS_OFFERED;
	else if (is_masked(word))
		d->seen |= SEEN_STARTTLS_MASKED;
}

/* Some codes answer one command only. */
static bool code_fits(unsigned int code, enum asked what)
{
	if (code == 220)
		return what == ASKED_TLS;
	if (code == 354)
		return what == ASKED_DATA;
	if (code == 235 || code == 334)
		return what == ASKED_LOGIN || what == ASKED_LOGIN_PLAIN ||
		       what == ASKED_LOGIN_USER;
	return true;
}

static enum reply class_of(unsigned int code)
{
	if (code < 400)
		return REPLY_GOOD;
	return code < 500 ? REPLY_LATER : REPLY_NO;
}

/* 354 to a DATA that was not seen: the two sides are in step again. */
static void content_begins(struct dialogue *d)
{
	d->doubt = DOUBT_NONE;
	if (reads_commands(d))
		d->state = READ_CONTENT;
}

/* A reply in the midst of content: the dot at its end was not seen. */
static void content_ended(struct dialogue *d, unsigned int code)
{
	d->state = READ_COMMANDS;
	message_decided(d, class_of(code));
}

static void smtp_read_answer(struct dialogue *d, unsigned int code)
{
	while (d->n_asked && !code_fits(code, asked_first(d)))
		asked_drop(d);
	if (code == 334)
		login_continues(d);
	else if (code == 354 && !d->n_asked)
		content_begins(d);
	else if (d->state == READ_CONTENT && !d->n_asked && !d->doubt &&
		 code_fits(code, ASKED_MESSAGE))
		content_ended(d, code);
	else
		decide_next(d, class_of(code));
}

/* The start was not seen: what but the first of all may this reply be? */
static bool may_greet(const struct dialogue *d, unsigned int code)
{
	if (code == 220)
		return asked_first(d) != ASKED_TLS;
	return code >= 400 && !d->n_asked;
}

static bool code_greets(const struct dialogue *d, unsigned int code)
{
	return d->greeting == GREETING_DUE ||
	       (d->greeting == GREETING_LIKELY && may_greet(d, code));
}

/* Three digits, else 0. */
static unsigned int take_code(struct text *line)
{
	const uint8_t *first = line->at;
	uint64_t code;

	if (!take_number(line, &code) || line->at - first != 3 || code < 200 ||
	    code > 599)
		return 0;
	return (unsigned int)code;
}

/* RFC 5321, section 4.2.1: a hyphen, and more lines of this reply follow. */
void smtp_reply(struct dialogue *d, struct text line)
{
	unsigned int code = take_code(&line);
	bool last = line.at == line.end || *line.at != '-';

	if (!code)
		return;
	if (!last)
		line.at++;
	if (code == 250)
		smtp_read_extension(d, line);
	if (code_greets(d, code))
		d->seen |= code == 220 ? SEEN_BANNER : 0;
	else if (last)
		smtp_read_answer(d, code);
	if (last)
		d->greeting = GREETED;
}
