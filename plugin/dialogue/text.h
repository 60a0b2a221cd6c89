/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words of a line from outside. A text is a cursor over bytes, NULs included.
 */
#ifndef MAILWALL_TEXT_H
#define MAILWALL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	const uint8_t *at, *end;
	bool cut;  /* the line was longer: its last word may have been, too */
	bool torn; /* the line ends in a gap: its last word may be cut, too */
};

/* Can the word be a part only? Then it may be a verb, but is no name. */
static inline bool text_is_part(struct text t)
{
	return t.cut || t.torn;
}

static inline size_t text_len(struct text t)
{
	return (size_t)(t.end - t.at);
}

static inline bool text_is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* Unlike toupper(), does not depend on the locale. */
static inline uint8_t text_upper(uint8_t c)
{
	return c >= 'a' && c <= 'z' ? (uint8_t)(c - 'a' + 'A') : c;
}

/*
 * Removes and returns the next word, with the blanks before it; empty at the
 * end.
 */
struct text text_split_word(struct text *t);
/*
 * Reads the number at the cursor; false if there is none or it has 19 digits.
 */
bool text_read_number(struct text *t, uint64_t *out);
/* Returns the text without the blanks at both ends. */
struct text text_trim(struct text t);

/* Compare without case; prefix and wanted are in capitals. */
bool text_begins(struct text t, const char *prefix);
bool text_is_word(struct text word, const char *wanted); /* false if cut */
bool text_is_dot(struct text line);

#endif
