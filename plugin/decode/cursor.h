/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A cursor over hostile bytes. A read past the end gives NULL, says why, and
 * sticks: all that follow give NULL, too.
 *
 * There are two ends. A frame may be captured in part, so that bytes are
 * missing that its headers speak of: it is truncated. Or the headers leave no
 * room for them: lengths contradict each other.
 */
#ifndef MAILWALL_CURSOR_H
#define MAILWALL_CURSOR_H

#include "decode.h"

struct cursor {
	const uint8_t *at;
	uint32_t captured; /* bytes left to be read: never more than wire */
	uint32_t wire;	   /* bytes left by the headers so far */
	bool open;	   /* no header said that there are no more than that */
	enum decoded error; /* UNDECODED_..., else none */
};

/* The first reason counts. */
static inline void cursor_fail(struct cursor *c, enum decoded error)
{
	if (!c->error)
		c->error = error;
	c->captured = 0;
	c->wire = 0;
}

static inline void cursor_missing(struct cursor *c, uint32_t n)
{
	cursor_fail(c, n > c->wire && !c->open ? UNDECODED_BAD_LENGTH :
						 UNDECODED_TRUNCATED);
}

/* The next n bytes, which is at least one; NULL if they are not all there. */
static inline const uint8_t *cursor_take(struct cursor *c, uint32_t n)
{
	const uint8_t *bytes = c->at;

	if (n > c->captured) {
		cursor_missing(c, n);
		return NULL;
	}
	c->at += n;
	c->captured -= n;
	c->wire -= n;
	return bytes;
}

/* The next byte, which is not passed; 0 if there is none. */
static inline uint8_t cursor_peek(struct cursor *c)
{
	if (c->captured)
		return *c->at;
	cursor_missing(c, 1);
	return 0;
}

/* Passes n bytes, which need not be captured if nobody reads on. */
static inline void cursor_skip(struct cursor *c, uint32_t n)
{
	uint32_t captured = n < c->captured ? n : c->captured;

	if (n > c->wire && !c->open) {
		cursor_fail(c, UNDECODED_BAD_LENGTH);
		return;
	}
	c->at += captured;
	c->captured -= captured;
	c->wire -= n < c->wire ? n : c->wire;
}

/* A header says that n bytes follow, and then nothing of ours. */
static inline void cursor_limit(struct cursor *c, uint32_t n)
{
	if (n > c->wire && !c->open) {
		cursor_fail(c, UNDECODED_BAD_LENGTH);
		return;
	}
	c->wire = n;
	c->open = false;
	if (c->captured > n)
		c->captured = n;
}

/* Numbers in network byte order, wherever they lie. */
static inline uint16_t get16(const uint8_t *b)
{
	return (uint16_t)(b[0] << 8 | b[1]);
}

static inline uint32_t get32(const uint8_t *b)
{
	return (uint32_t)get16(b) << 16 | get16(b + 2);
}

#endif
