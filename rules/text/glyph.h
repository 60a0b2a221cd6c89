/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Characters that are not of the language, and come with pasted text: what they
 * are called, what to type instead, and what they are read as meanwhile.
 */
#ifndef MAILWALL_GLYPH_H
#define MAILWALL_GLYPH_H

#include <stddef.h>
#include <stdint.h>

enum glyph_kind {
	GLYPH_NONE,
	GLYPH_BLANK,
	GLYPH_QUOTE,
	GLYPH_DASH,
	GLYPH_ARROW
};

struct glyph {
	uint32_t first, last; /* code points */
	enum glyph_kind kind;
	const char *name; /* "a typographic quote" */
	const char *help;
};

/*
 * Reads the UTF-8 character at the start of a text. Returns its bytes, 0 if it
 * is none; *code is then the byte.
 */
size_t glyph_read(const char *text, size_t len, uint32_t *code);
/* The row of a character; one without a name for any other. */
const struct glyph *glyph_find(uint32_t code);

#endif
