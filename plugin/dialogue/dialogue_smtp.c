/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SMTP: RFC 5321; STARTTLS: 3207; AUTH: 4954; BDAT: 3030; PIPELINING: 2920 */
#include "dialogue_priv.h"
#include "dialogue_verb.h"

/* ---- commands ---- */

static enum asked smtp_read_helo(struct dialogue *d, struct text rest)
{
	helo_set(d, text_split_word(&rest));
	return ASKED_OTHER;
}

static enum asked smtp_read_auth(struct dialogue *d, struct text rest)
{
	return text_len(text_trim(rest)) ? login_read_sasl(d, rest) :
					   ASKED_OTHER;
}

static enum asked smtp_read_mail(struct dialogue *d, struct text rest)
{
	if (text_begins(text_trim(rest), "FROM"))
		d->seen |= SEEN_MAIL;
	return ASKED_MAIL;
}

/* Content may follow before the reply to DATA. */
static enum asked smtp_read_data(struct dialogue *d, struct text rest)
{
	if (text_len(text_trim(rest)))
		return ASKED_OTHER;
	d->state = READ_CONTENT;
	return ASKED_DATA;
}

/* BDAT has a size, and LAST on the last chunk; else no chunk follows. */
static enum asked smtp_read_bdat(struct dialogue *d, struct text rest)
{
	struct text size = text_split_word(&rest),
		    last = text_split_word(&rest);
	uint64_t n;

	if (rest.cut || !text_read_number(&size, &n) || text_len(size) ||
	    (text_len(last) && !text_is_word(last, "LAST")))
		return ASKED_OTHER;
	d->skip = n;
	return text_len(last) ? ASKED_MESSAGE : ASKED_CHUNK;
}

static const struct verb verbs[] = {
	{ "HELO", ASKED_OTHER, smtp_read_helo },
	{ "EHLO", ASKED_OTHER, smtp_read_helo },
	{ "STARTTLS", ASKED_TLS, verb_starttls },
	{ "AUTH", ASKED_LOGIN, smtp_read_auth },
	{ "MAIL", ASKED_MAIL, smtp_read_mail },
	{ "RCPT", ASKED_RCPT, NULL },
	{ "DATA", ASKED_DATA, smtp_read_data },
	{ "BDAT", ASKED_CHUNK, smtp_read_bdat },
	{ NULL, ASKED_OTHER, NULL },
};

/* A lone dot is the end of content whose reply was captured before it. */
void smtp_command(struct dialogue *d, struct text line)
{
	if (!text_is_dot(line))
		asked_add(d, verb_read(d, verbs, line));
}

/* ---- replies ---- */

/*
 * Cisco's inspection overwrites the name of an extension and keeps its length;
 * of those that matter, STARTTLS alone has eight letters.
 */
static bool smtp_is_masked(struct text word)
{
	return !word.cut && text_len(word) == 8 &&
	       text_begins(word, "XXXXXXX") && text_upper(word.at[7]) >= 'A' &&
	       text_upper(word.at[7]) <= 'Z';
}

static void smtp_read_extension(struct dialogue *d, struct text line)
{
	struct text word = text_split_word(&line);

	if (text_is_word(word, "STARTTLS"))
		d->seen |= SEEN_STARTTLS_OFFERED;
	else if (smtp_is_masked(word))
		d->seen |= SEEN_STARTTLS_MASKED;
}

/* Some codes answer one command only. */
static bool smtp_code_fits(unsigned int code, enum asked what)
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

static enum reply smtp_reply_of(unsigned int code)
{
	if (code < 400)
		return REPLY_GOOD;
	return code < 500 ? REPLY_LATER : REPLY_NO;
}

/* A 354 to a DATA that was not seen puts the sides in step again. */
static void smtp_begin_content(struct dialogue *d)
{
	d->doubt = DOUBT_NONE;
	if (dialogue_reads_commands(d))
		d->state = READ_CONTENT;
}

/* A reply in the midst of content means that its last dot was missed. */
static void smtp_end_content(struct dialogue *d, unsigned int code)
{
	d->state = READ_COMMANDS;
	asked_decide_message(d, smtp_reply_of(code));
}

static void smtp_read_status(struct dialogue *d, unsigned int code)
{
	while (d->n_asked && !smtp_code_fits(code, asked_first(d)))
		asked_drop(d);
	if (code == 334)
		asked_continue_login(d);
	else if (code == 354 && !d->n_asked)
		smtp_begin_content(d);
	else if (d->state == READ_CONTENT && !d->n_asked && !d->doubt &&
		 smtp_code_fits(code, ASKED_MESSAGE))
		smtp_end_content(d, code);
	else
		asked_decide_next(d, smtp_reply_of(code));
}

/* When the start was not seen: can this reply be the greeting? */
static bool smtp_may_greet(const struct dialogue *d, unsigned int code)
{
	if (code == 220)
		return asked_first(d) != ASKED_TLS;
	return code >= 400 && !d->n_asked;
}

static bool smtp_code_greets(const struct dialogue *d, unsigned int code)
{
	return d->greeting == GREETING_DUE ||
	       (d->greeting == GREETING_LIKELY && smtp_may_greet(d, code));
}

/* Reads a code of three digits; 0 if there is none. */
static unsigned int smtp_read_code(struct text *line)
{
	const uint8_t *first = line->at;
	uint64_t code;

	if (!text_read_number(line, &code) || line->at - first != 3 ||
	    code < 200 || code > 599)
		return 0;
	return (unsigned int)code;
}

/* A hyphen behind the code: more lines follow. RFC 5321, section 4.2.1 */
void smtp_reply(struct dialogue *d, struct text line)
{
	unsigned int code = smtp_read_code(&line);
	bool last = line.at == line.end || *line.at != '-';

	if (!code)
		return;
	if (!last)
		line.at++;
	if (code == 250)
		smtp_read_extension(d, line);
	if (smtp_code_greets(d, code))
		d->seen |= code == 220 ? SEEN_BANNER : 0;
	else if (last)
		smtp_read_status(d, code);
	if (last)
		d->greeting = GREETED;
}
