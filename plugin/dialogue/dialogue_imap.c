/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IMAP: RFC 9051; LITERAL+: 7888; SASL-IR: 4959 */
#include "dialogue_priv.h"
#include "dialogue_verb.h"

/* ---- commands ---- */

/* Reads a quoted name; name begins with the quote. */
static void imap_read_quoted(struct dialogue *d, struct text name)
{
	uint8_t plain[DIALOGUE_LINE];
	size_t n = 0;

	for (name.at++; name.at < name.end && *name.at != '"'; name.at++) {
		if (*name.at == '\\' && name.at + 1 < name.end)
			name.at++;
		plain[n++] = *name.at;
	}
	if (name.at < name.end)
		login_set_user(d, plain, n);
}

/* Reads the user, unless a literal has it. */
static enum asked imap_read_login(struct dialogue *d, struct text rest)
{
	struct text all = text_trim(rest), name = text_split_word(&rest);

	login_begin(d);
	if (text_len(name) && *name.at == '"')
		imap_read_quoted(d, all);
	else if (text_len(name) && *name.at != '{' && !text_is_part(name))
		login_set_user(d, name.at, text_len(name));
	return ASKED_LOGIN;
}

static const struct verb verbs[] = {
	{ "LOGIN", ASKED_LOGIN, imap_read_login },
	{ "AUTHENTICATE", ASKED_LOGIN, login_read_sasl },
	{ "STARTTLS", ASKED_TLS, verb_starttls },
	{ NULL, ASKED_OTHER, NULL },
};

/* After {n} or {n+} come n bytes, and then the line goes on: section 4.3 */
static bool imap_ends_in_literal(struct text line, uint64_t *n)
{
	const uint8_t *open = line.end;

	if (line.cut)
		return false;
	while (open > line.at && open[-1] != '{')
		open--;
	if (open == line.at)
		return false;
	line.at = open;
	if (!text_read_number(&line, n))
		return false;
	if (line.at < line.end && *line.at == '+')
		line.at++;
	return text_len(line) == 1 && *line.at == '}';
}

void imap_rest(struct dialogue *d, struct text line)
{
	uint64_t n;

	if (imap_ends_in_literal(line, &n)) {
		d->skip = n;
		d->state = READ_REST;
	} else if (d->state == READ_REST) {
		d->state = READ_COMMANDS;
	}
}

void imap_command(struct dialogue *d, struct text line)
{
	struct text rest = line, tag = text_split_word(&rest);

	asked_add_tagged(d, verb_read(d, verbs, rest), tag);
	imap_rest(d, line);
}

/* ---- replies ---- */

/* The list ends with the line, or with a bracket; behind it is text. */
void imap_capabilities(struct dialogue *d, struct text words)
{
	while (words.at < words.end) {
		struct text word = text_split_word(&words);
		bool last = text_len(word) && word.end[-1] == ']' && !word.cut;

		if (text_is_word(word, "STARTTLS") ||
		    text_is_word(word, "STARTTLS]"))
			d->seen |= SEEN_STARTTLS_OFFERED;
		if (last) {
			d->listing = LISTING_NONE;
			return;
		}
	}
}

/* "CAPABILITY ..." or "OK [CAPABILITY ...] text"; a cut list goes on. */
static void imap_read_capabilities(struct dialogue *d, struct text rest)
{
	struct text word = text_split_word(&rest);

	if (!text_is_word(word, "CAPABILITY")) {
		word = text_split_word(&rest);
		if (!text_is_word(word, "[CAPABILITY"))
			return;
	}
	d->listing = rest.cut ? LISTING_CAPABILITIES : LISTING_NONE;
	imap_capabilities(d, rest);
}

/* PREAUTH opens the mailbox from the start. */
static void imap_read_greeting(struct dialogue *d, struct text word)
{
	bool is_open = text_is_word(word, "PREAUTH");

	if (is_open || text_is_word(word, "OK"))
		d->seen |= SEEN_BANNER;
	if (is_open)
		d->state = READ_NOTHING;
}

/* After a no, the client does not send its literal. */
static void imap_read_status(struct dialogue *d, struct text tag,
			     struct text word)
{
	bool good = text_is_word(word, "OK");

	if (!good && !text_is_word(word, "NO") && !text_is_word(word, "BAD"))
		return;
	if (!good && d->state == READ_REST) {
		d->skip = 0;
		d->state = READ_COMMANDS;
	}
	asked_decide(d, asked_remove_tagged(d, tag),
		     good ? REPLY_GOOD : REPLY_NO);
}

void imap_reply(struct dialogue *d, struct text line)
{
	struct text tag = text_split_word(&line), rest = line;
	struct text word = text_split_word(&rest);

	imap_read_capabilities(d, line);
	if (text_is_word(tag, "+"))
		asked_continue_login(d);
	else if (!text_is_word(tag, "*"))
		imap_read_status(d, tag, word);
	else if (d->greeting != GREETED)
		imap_read_greeting(d, word);
	d->greeting = GREETED;
}
