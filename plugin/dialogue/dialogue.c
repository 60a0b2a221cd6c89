/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Segments become a stream, the stream becomes lines, and a line tells what it
 * says. Where bytes are missing, the sides are out of step: no reply counts
 * until it is certain again what it answers.
 */
#include "dialogue_priv.h"

#include <string.h>

/* ---- lines ---- */

enum asked read_verb(struct dialogue *d, const struct verb *verbs,
		     struct text line)
{
	struct text word = split_word(&line);

	for (; verbs->word; verbs++)
		if (is_word(word, verbs->word))
			return verbs->read ? verbs->read(d, line) :
					     verbs->asked;
	return ASKED_OTHER;
}

enum asked ask_tls(struct dialogue *d, struct text rest)
{
	(void)rest;
	d->seen |= SEEN_STARTTLS;
	d->state = READ_EITHER;
	return ASKED_TLS;
}

static const struct {
	void (*command)(struct dialogue *d, struct text line);
	void (*reply)(struct dialogue *d, struct text line);
} protocols[] = {
	[DIALOGUE_SMTP] = { smtp_command, smtp_reply },
	[DIALOGUE_IMAP] = { imap_command, imap_reply },
	[DIALOGUE_POP3] = { pop3_command, pop3_reply },
};

static void read_content(struct dialogue *d, struct text line)
{
	if (!is_dot(line))
		return;
	d->state = READ_COMMANDS;
	dialogue_ask(d, ASKED_MESSAGE);
}

static void read_client(struct dialogue *d, struct text line)
{
	enum reading state = d->state;

	if (state == READ_PLAIN || state == READ_USER || state == READ_SECRET)
		d->state = READ_COMMANDS;
	switch (state) {
	case READ_COMMANDS:
		protocols[d->protocol].command(d, line);
		break;
	case READ_REST:
		imap_rest(d, line);
		break;
	case READ_CONTENT:
		read_content(d, line);
		break;
	case READ_PLAIN:
		read_plain(d, line);
		break;
	case READ_USER:
		read_user(d, line);
		break;
	case READ_FIRST: /* not a line so far */
	case READ_EITHER:
	case READ_TLS:
	case READ_SECRET:
	case READ_NOTHING:
		break;
	}
}

static struct text text_of(const struct dialogue *d,
			   const struct dialogue_side *side)
{
	return (struct text){ side->line, side->line + side->n, side->overlong,
			      d->torn };
}

static void dialogue_read_line(struct dialogue *d,
			       const struct dialogue_side *side)
{
	if (side == &d->client)
		read_client(d, text_of(d, side));
	else
		protocols[d->protocol].reply(d, text_of(d, side));
}

/*
 * IMAP has its capabilities on one line, and some servers have many: such a
 * line is read to its end, word by word.
 */
static bool is_listed(const struct dialogue *d,
		      const struct dialogue_side *side)
{
	return d->protocol == DIALOGUE_IMAP && side == &d->server && d->listing;
}

/* It may go on; 16 bytes of it are more than any word that we know. */
static void keep_last_word(struct dialogue_side *side)
{
	uint8_t n = 0;

	while (n < side->n && n < 16 && !is_blank(side->line[side->n - n - 1]))
		n++;
	memmove(side->line, side->line + side->n - n, n);
	side->n = n;
}

/* The line is longer than what we keep, and read as far as that. */
static void line_full(struct dialogue *d, struct dialogue_side *side)
{
	bool known = side->overlong;

	side->overlong = true;
	if (known)
		imap_capabilities(d, text_of(d, side));
	else
		dialogue_read_line(d, side);
	if (is_listed(d, side))
		keep_last_word(side);
}

static void line_add(struct dialogue *d, struct dialogue_side *side,
		     const uint8_t *bytes, size_t n)
{
	while (n && d->state != READ_NOTHING &&
	       (!side->overlong || is_listed(d, side))) {
		size_t room = DIALOGUE_LINE - side->n;
		size_t taken = n < room ? n : room;

		memcpy(side->line + side->n, bytes, taken);
		side->n += (uint8_t)taken;
		bytes += taken;
		n -= taken;
		if (n)
			line_full(d, side);
	}
}

/* Empty lines say nothing, but the rest of a command may be empty. */
static void line_end(struct dialogue *d, struct dialogue_side *side)
{
	if (side->overlong && is_listed(d, side)) {
		side->overlong = false;
		imap_capabilities(d, text_of(d, side));
		d->listing = LISTING_NONE;
	} else if (side->n && !side->overlong) {
		dialogue_read_line(d, side);
	} else if (side == &d->client && d->state == READ_REST) {
		d->state = READ_COMMANDS;
	}
	side->n = 0;
	side->overlong = false;
}

/* ---- TLS ---- */

enum hello { HELLO_NO, HELLO_NOT_YET, HELLO_YES };

/* RFC 8446, section 5.1: type, and a version that begins with 3 */
static enum hello judge_record(const uint8_t *b, size_t n)
{
	if (b[0] < 20 || b[0] > 23 || (n > 1 && b[1] != 3) ||
	    (n > 2 && b[2] > 4))
		return HELLO_NO;
	return n > 2 ? HELLO_YES : HELLO_NOT_YET;
}

/* RFC 5246, appendix E.2: length, CLIENT-HELLO, and a version: 2 or 3.x */
static enum hello judge_version_2(const uint8_t *b, size_t n)
{
	if (!(b[0] & 0x80) || (n > 2 && b[2] != 1) ||
	    (n > 3 && b[3] != 0 && b[3] != 3))
		return HELLO_NO;
	return n > 3 ? HELLO_YES : HELLO_NOT_YET;
}

/* Other records than a handshake are of a session that began unseen. */
static void tls_begins(struct dialogue *d, uint8_t type)
{
	if (type == 22 || type & 0x80) {
		if (d->state == READ_FIRST)
			d->seen |= SEEN_IMPLICIT_TLS;
		else if (d->seen & SEEN_STARTTLS)
			d->seen |= SEEN_TLS;
	}
	d->state = READ_NOTHING;
}

/* Takes the byte, unless it shows that this is text. */
static size_t look_for_tls(struct dialogue *d, uint8_t byte)
{
	struct dialogue_side *side = &d->client;
	enum hello hello;

	if (!side->n && (byte == '\r' || byte == '\n'))
		return 1;
	side->line[side->n++] = byte;
	hello = judge_record(side->line, side->n);
	if (hello == HELLO_NO)
		hello = judge_version_2(side->line, side->n);
	if (hello == HELLO_YES)
		tls_begins(d, side->line[0]);
	if (hello != HELLO_NO)
		return 1;
	side->n--;
	d->state = d->state == READ_TLS ? READ_NOTHING : READ_COMMANDS;
	return 0;
}

/* ---- the stream ---- */

static size_t pass_over(struct dialogue *d, size_t len)
{
	size_t n = d->skip < len ? (size_t)d->skip : len;

	d->skip -= n;
	return n;
}

static size_t line_len(const uint8_t *bytes, size_t len)
{
	size_t n = 0;

	while (n < len && bytes[n] != '\r' && bytes[n] != '\n')
		n++;
	return n;
}

/* CR, LF or both end a line. */
static size_t dialogue_take_text(struct dialogue *d, struct dialogue_side *side,
				 const uint8_t *bytes, size_t len)
{
	size_t n = line_len(bytes, len);

	if (n) {
		line_add(d, side, bytes, n);
		return n;
	}
	side->cr = *bytes == '\r';
	line_end(d, side);
	return 1;
}

/* How many bytes are dealt with: of len, which is not 0. */
static size_t dialogue_take(struct dialogue *d, struct dialogue_side *side,
			    const uint8_t *bytes, size_t len)
{
	bool after_cr = side->cr;

	side->cr = false;
	if (after_cr && *bytes == '\n')
		return 1;
	if (side == &d->client && d->skip)
		return pass_over(d, len);
	if (side == &d->client && d->state <= READ_TLS && !side->overlong)
		return look_for_tls(d, *bytes);
	return dialogue_take_text(d, side, bytes, len);
}

/* A login or STARTTLS may have been in the gap; content goes on. */
static void client_gap(struct dialogue *d)
{
	if (d->state == READ_CONTENT)
		return;
	if (d->state != READ_TLS && d->state != READ_NOTHING)
		d->state = READ_EITHER;
	lose_track(d);
}

static void server_gap(struct dialogue *d)
{
	d->greeting = GREETED;
	d->listing = LISTING_NONE;
	lose_track(d);
}

/* What is missing ends the line, unless it would have been passed over. */
static void note_gap(struct dialogue *d, struct dialogue_side *side,
		     uint32_t missing)
{
	d->seen |= SEEN_GAP;
	side->cr = false;
	if (side == &d->client && d->skip >= missing) {
		d->skip -= missing;
		return;
	}
	d->torn = true;
	line_end(d, side);
	d->torn = false;
	if (side == &d->server) {
		server_gap(d);
		return;
	}
	d->skip = 0;
	client_gap(d);
}

static void read_stream(struct dialogue *d, struct dialogue_side *side,
			const uint8_t *bytes, size_t len)
{
	while (len && d->state != READ_NOTHING) {
		size_t n = dialogue_take(d, side, bytes, len);

		bytes += n;
		len -= n;
	}
}

/* ---- segments ---- */

void dialogue_init(struct dialogue *d, enum dialogue_protocol protocol,
		   const uint64_t key[2])
{
	*d = (struct dialogue){
		.protocol = (uint8_t)protocol,
		.state = protocol == DIALOGUE_NONE ? READ_NOTHING : READ_FIRST,
		.key = { key[0], key[1] },
	};
}

static void side_start(struct dialogue_side *side, uint32_t seq)
{
	side->next = seq;
	side->started = true;
}

void dialogue_start(struct dialogue *d, bool client, uint32_t seq)
{
	struct dialogue_side *side = client ? &d->client : &d->server;

	if (side->started)
		return;
	side_start(side, seq);
	if (!client)
		d->greeting = GREETING_DUE;
}

static void read_new(struct dialogue *d, struct dialogue_side *side,
		     const uint8_t *bytes, size_t len, uint32_t missing)
{
	side->next += (uint32_t)len + missing;
	read_stream(d, side, bytes, len);
	if (missing && d->state != READ_NOTHING)
		note_gap(d, side, missing);
}

/* Sequence numbers are compared modulo 2^32: RFC 9293, section 3.4 */
uint32_t dialogue_feed(struct dialogue *d, bool client, uint32_t seq,
		       const uint8_t *bytes, size_t len, size_t wire_len)
{
	struct dialogue_side *side = client ? &d->client : &d->server;
	size_t there = len < wire_len ? len : wire_len, passed;
	uint32_t before = d->seen, known;

	if (!wire_len || d->state == READ_NOTHING)
		return 0;
	if (!side->started)
		side_start(side, seq);
	known = side->next - seq;
	if (known > INT32_MAX) {
		note_gap(d, side, 0 - known);
		side->next = seq;
		known = 0;
	}
	if (known < wire_len) {
		passed = known < there ? known : there;
		read_new(d, side, bytes + passed, there - passed,
			 (uint32_t)(wire_len - known - (there - passed)));
	}
	return d->seen & ~before;
}
