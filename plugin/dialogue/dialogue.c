/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Segments become a stream, and the stream lines, which the reader of the
 * protocol gets. After a gap the two sides are out of step: no reply counts
 * until it is certain again which command it answers.
 */
#include "dialogue_priv.h"

#include <string.h>

/* ---- lines ---- */

static const struct {
	void (*command)(struct dialogue *d, struct text line);
	void (*reply)(struct dialogue *d, struct text line);
} protocols[] = {
	[DIALOGUE_SMTP] = { smtp_command, smtp_reply },
	[DIALOGUE_IMAP] = { imap_command, imap_reply },
	[DIALOGUE_POP3] = { pop3_command, pop3_reply },
};

static void dialogue_read_content(struct dialogue *d, struct text line)
{
	if (!text_is_dot(line))
		return;
	d->state = READ_COMMANDS;
	asked_add(d, ASKED_MESSAGE);
}

static void dialogue_read_client(struct dialogue *d, struct text line)
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
		dialogue_read_content(d, line);
		break;
	case READ_PLAIN:
		login_read_plain(d, line);
		break;
	case READ_USER:
		login_read_user(d, line);
		break;
	case READ_FIRST: /* not a line so far */
	case READ_EITHER:
	case READ_TLS:
	case READ_SECRET:
	case READ_NOTHING:
		break;
	}
}

static struct text dialogue_line_of(const struct dialogue *d,
				    const struct dialogue_side *side)
{
	return (struct text){ side->line, side->line + side->n, side->overlong,
			      d->torn };
}

static void dialogue_read_line(struct dialogue *d,
			       const struct dialogue_side *side)
{
	if (side == &d->client)
		dialogue_read_client(d, dialogue_line_of(d, side));
	else
		protocols[d->protocol].reply(d, dialogue_line_of(d, side));
}

/*
 * IMAP has its capabilities on one line, and some servers have many: such a
 * line is read to its end, word by word.
 */
static bool dialogue_is_listed(const struct dialogue *d,
			       const struct dialogue_side *side)
{
	return d->protocol == DIALOGUE_IMAP && side == &d->server && d->listing;
}

/* The last word may go on; every known word is shorter than 16 bytes. */
static void side_keep_last_word(struct dialogue_side *side)
{
	uint8_t n = 0;

	while (n < side->n && n < 16 &&
	       !text_is_blank(side->line[side->n - n - 1]))
		n++;
	memmove(side->line, side->line + side->n - n, n);
	side->n = n;
}

/* Reads a line that is longer than the buffer, as far as it fits. */
static void side_fill_line(struct dialogue *d, struct dialogue_side *side)
{
	bool known = side->overlong;

	side->overlong = true;
	if (known)
		imap_capabilities(d, dialogue_line_of(d, side));
	else
		dialogue_read_line(d, side);
	if (dialogue_is_listed(d, side))
		side_keep_last_word(side);
}

static void side_add(struct dialogue *d, struct dialogue_side *side,
		     const uint8_t *bytes, size_t n)
{
	while (n && d->state != READ_NOTHING &&
	       (!side->overlong || dialogue_is_listed(d, side))) {
		size_t room = DIALOGUE_LINE - side->n;
		size_t taken = n < room ? n : room;

		memcpy(side->line + side->n, bytes, taken);
		side->n += (uint8_t)taken;
		bytes += taken;
		n -= taken;
		if (n)
			side_fill_line(d, side);
	}
}

/* Ends a line. Empty ones are skipped, but for an empty rest of a command. */
static void side_end_line(struct dialogue *d, struct dialogue_side *side)
{
	if (side->overlong && dialogue_is_listed(d, side)) {
		side->overlong = false;
		imap_capabilities(d, dialogue_line_of(d, side));
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

/* Type, and a version that begins with 3: RFC 8446, section 5.1 */
static enum hello hello_of_record(const uint8_t *b, size_t n)
{
	if (b[0] < 20 || b[0] > 23 || (n > 1 && b[1] != 3) ||
	    (n > 2 && b[2] > 4))
		return HELLO_NO;
	return n > 2 ? HELLO_YES : HELLO_NOT_YET;
}

/* Length, CLIENT-HELLO, and a version, 2 or 3.x: RFC 5246, appendix E.2 */
static enum hello hello_of_version_2(const uint8_t *b, size_t n)
{
	if (!(b[0] & 0x80) || (n > 2 && b[2] != 1) ||
	    (n > 3 && b[3] != 0 && b[3] != 3))
		return HELLO_NO;
	return n > 3 ? HELLO_YES : HELLO_NOT_YET;
}

/* A record that is no handshake belongs to a session that began unseen. */
static void dialogue_begin_tls(struct dialogue *d, uint8_t type)
{
	if (type == 22 || type & 0x80) {
		if (d->state == READ_FIRST)
			d->seen |= SEEN_IMPLICIT_TLS;
		else if (d->seen & SEEN_STARTTLS)
			d->seen |= SEEN_TLS;
	}
	d->state = READ_NOTHING;
}

/* Consumes the byte and returns 1, unless it shows that this is text. */
static size_t dialogue_find_tls(struct dialogue *d, uint8_t byte)
{
	struct dialogue_side *side = &d->client;
	enum hello hello;

	if (!side->n && (byte == '\r' || byte == '\n'))
		return 1;
	side->line[side->n++] = byte;
	hello = hello_of_record(side->line, side->n);
	if (hello == HELLO_NO)
		hello = hello_of_version_2(side->line, side->n);
	if (hello == HELLO_YES)
		dialogue_begin_tls(d, side->line[0]);
	if (hello != HELLO_NO)
		return 1;
	side->n--;
	d->state = d->state == READ_TLS ? READ_NOTHING : READ_COMMANDS;
	return 0;
}

/* ---- the stream ---- */

static size_t dialogue_skip(struct dialogue *d, size_t len)
{
	size_t n = d->skip < len ? (size_t)d->skip : len;

	d->skip -= n;
	return n;
}

static size_t dialogue_line_len(const uint8_t *bytes, size_t len)
{
	size_t n = 0;

	while (n < len && bytes[n] != '\r' && bytes[n] != '\n')
		n++;
	return n;
}

/* CR, LF or both end a line. */
static size_t dialogue_read_text(struct dialogue *d, struct dialogue_side *side,
				 const uint8_t *bytes, size_t len)
{
	size_t n = dialogue_line_len(bytes, len);

	if (n) {
		side_add(d, side, bytes, n);
		return n;
	}
	side->cr = *bytes == '\r';
	side_end_line(d, side);
	return 1;
}

/* Consumes some of the bytes, at least one, and returns how many. */
static size_t dialogue_read_some(struct dialogue *d, struct dialogue_side *side,
				 const uint8_t *bytes, size_t len)
{
	bool after_cr = side->cr;

	side->cr = false;
	if (after_cr && *bytes == '\n')
		return 1;
	if (side == &d->client && d->skip)
		return dialogue_skip(d, len);
	if (side == &d->client && d->state <= READ_TLS && !side->overlong)
		return dialogue_find_tls(d, *bytes);
	return dialogue_read_text(d, side, bytes, len);
}

/* The gap may have hidden a login or STARTTLS; content goes on. */
static void dialogue_client_gap(struct dialogue *d)
{
	if (d->state == READ_CONTENT)
		return;
	if (d->state != READ_TLS && d->state != READ_NOTHING)
		d->state = READ_EITHER;
	asked_lose_track(d);
}

static void dialogue_server_gap(struct dialogue *d)
{
	d->greeting = GREETED;
	d->listing = LISTING_NONE;
	asked_lose_track(d);
}

/* Missing bytes end the line, unless they would have been passed over. */
static void dialogue_gap(struct dialogue *d, struct dialogue_side *side,
			 uint32_t missing)
{
	d->seen |= SEEN_GAP;
	side->cr = false;
	if (side == &d->client && d->skip >= missing) {
		d->skip -= missing;
		return;
	}
	d->torn = true;
	side_end_line(d, side);
	d->torn = false;
	if (side == &d->server) {
		dialogue_server_gap(d);
		return;
	}
	d->skip = 0;
	dialogue_client_gap(d);
}

static void dialogue_read_stream(struct dialogue *d, struct dialogue_side *side,
				 const uint8_t *bytes, size_t len)
{
	while (len && d->state != READ_NOTHING) {
		size_t n = dialogue_read_some(d, side, bytes, len);

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

static void dialogue_read_new(struct dialogue *d, struct dialogue_side *side,
			      const uint8_t *bytes, size_t len,
			      uint32_t missing)
{
	side->next += (uint32_t)len + missing;
	dialogue_read_stream(d, side, bytes, len);
	if (missing && d->state != READ_NOTHING)
		dialogue_gap(d, side, missing);
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
		dialogue_gap(d, side, 0 - known);
		side->next = seq;
		known = 0;
	}
	if (known < wire_len) {
		passed = known < there ? known : there;
		dialogue_read_new(
			d, side, bytes + passed, there - passed,
			(uint32_t)(wire_len - known - (there - passed)));
	}
	return d->seen & ~before;
}
