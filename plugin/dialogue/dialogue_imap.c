/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IMAP: RFC 9051; LITERAL+: 7888; SASL-IR: 4959 */
#include "dialogue_priv.h"

/* ---- commands ---- */

/* name is at its first quote. */
static void read_quoted(struct dialogue *d, struct text name)
{
	uint8_t plain[DIALOGUE_LINE];
	size_t n = 0;

	for (name.at++; name.at < name.end && *name.at != '"'; name.at++) {
		if (*name.at == '\\' && name.at + 1 < name.end)
			name.at++;
		plain[n++] = *name.at;
	}
	if (name.at < name.end)
		note_user(d, plain, n);
}

/* A name that comes in a literal is not read. */
static enum asked read_login(struct dialogue *d, struct text rest)
{
	struct text all = text_trim(rest), name = split_word(&rest);

	login_begins(d);
	if (text_len(name) && *name.at == '"')
		read_quoted(d, all);
	else if (text_len(name) && *name.at != '{' && !is_part(name))
		note_user(d, name.at, text_len(name));
	return ASKED_LOGIN;
}

static const struct verb verbs[] = {
	{ "LOGIN", ASKED_LOGIN, read_login },
	{ "AUTHENTICATE", ASKED_LOGIN, ask_sasl },
	{ "STARTTLS", ASKED_TLS, ask_tls },
	{ NULL, ASKED_OTHER, NULL },
};

/* Section 4.3: after {n} or {n+} come n bytes, and then the line goes on. */
static bool ends_in_literal(struct text line, uint64_t *n)
{
	const uint8_t *open = line.end;

	if (line.cut)
		return false;
	while (open > line.at && open[-1] != '{')
		open--;
	if (open == line.at)
		return false;
	line.at = open;
	if (!take_number(&line, n))
		return false;
	if (line.at < line.end && *line.at == '+')
		line.at++;
	return text_len(line) == 1 && *line.at == '}';
}

void imap_rest(struct dialogue *d, struct text line)
{
	uint64_t n;

	if (ends_in_literal(line, &n)) {
		d->skip = n;
		d->state = READ_REST;
	} else if (d->state == READ_REST) {
		d->state = READ_COMMANDS;
	}
}

void imap_command(struct dialogue *d, struct text line)
{
	struct text rest = line, tag = split_word(&rest);

	ask_tagged(d, read_verb(d, verbs, rest), tag);
	imap_rest(d, line);
}

/* ---- replies ---- */

/* Up to a bracket, if there is one; behind it is text. */
void imap_capabilities(struct dialogue *d, struct text words)
{
	while (words.at < words.end) {
		struct text word = split_word(&words);
		bool last = text_len(word) && word.end[-1] == ']' && !word.cut;

		if (is_word(word, "STARTTLS") || is_word(word, "STARTTLS]"))
			d->seen |= SEEN_STARTTLS_OFFERED;
		if (last) {
			d->listing = LISTING_NONE;
			return;
		}
	}
}

/* "CAPABILITY ..." or "OK [CAPABILITY ...] text"; a cut list goes on. */
static void read_capabilities(struct dialogue *d, struct text rest)
{
	struct text word = split_word(&rest);

	if (!is_word(word, "CAPABILITY")) {
		word = split_word(&rest);
		if (!is_word(word, "[CAPABILITY"))
			return;
	}
	d->listing = rest.cut ? LISTING_CAPABILITIES : LISTING_NONE;
	imap_capabilities(d, rest);
}

/* PREAUTH: a mailbox that is open from the start. */
static void read_greeting(struct dialogue *d, struct text word)
{
	bool is_open = is_word(word, "PREAUTH");

	if (is_open || is_word(word, "OK"))
		d->seen |= SEEN_BANNER;
	if (is_open)
		d->state = READ_NOTHING;
}

/* Who is told no sends no literal. */
static void imap_read_answer(struct dialogue *d, struct text tag,
			     struct text word)
{
	bool good = is_word(word, "OK");

	if (!good && !is_word(word, "NO") && !is_word(word, "BAD"))
		return;
	if (!good && d->state == READ_REST) {
		d->skip = 0;
		d->state = READ_COMMANDS;
	}
	decide_asked(d, answered_tagged(d, tag), good ? REPLY_GOOD : REPLY_NO);
}

void imap_reply(struct dialogue *d, struct text line)
{
	struct text tag = split_word(&line), rest = line;
	struct text word = split_word(&rest);

	read_capabilities(d, line);
	if (is_word(tag, "+"))
		login_continues(d);
	else if (!is_word(tag, "*"))
		imap_read_answer(d, tag, word);
	else if (d->greeting != GREETED)
		read_greeting(d, word);
	d->greeting = GREETED;
}
