/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A cursor over hostile bytes. A read past the end returns NULL, keeps the
 * reason, and makes all that follow return NULL. There are two ends. A frame
 * that was captured in part lacks bytes that its headers speak of: it is
 * truncated. Or the headers leave no room for them: lengths contradict each
 * other.
 */
#ifndef MAILWALL_CURSOR_H
#define MAILWALL_CURSOR_H

#include "decode.h"

struct cursor {
	const uint8_t *at;
	uint32_t captured;  /* bytes left to be read: never more than wire */
	uint32_t wire;	    /* bytes left by the headers so far */
	bool open;	    /* no header has limited wire so far */
	enum decoded error; /* UNDECODED_..., else none */
};

/* Fails the cursor; the first reason stays. */
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

/* Reads n bytes, at least one; NULL if not all are there. */
static inline const uint8_t *cursor_read(struct cursor *c, uint32_t n)
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

/* Returns the next byte and stays before it; 0 if there is none. */
static inline uint8_t cursor_peek(struct cursor *c)
{
	if (c->captured)
		return *c->at;
	cursor_missing(c, 1);
	return 0;
}

/* Passes n bytes. A later read fails if they were not captured. */
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

/* Ends the cursor n bytes on, as a header says. */
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

/* Read numbers in network byte order, aligned or not. */
static inline uint16_t get16(const uint8_t *b)
{
	return (uint16_t)(b[0] << 8 | b[1]);
}

static inline uint32_t get32(const uint8_t *b)
{
	return (uint32_t)get16(b) << 16 | get16(b + 2);
}

#endif
