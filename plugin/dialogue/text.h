/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of a line that a stranger sent: a cursor over bytes, NULs and all. */
#ifndef MAILWALL_TEXT_H
#define MAILWALL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	const uint8_t *at, *end;
	bool cut;  /* the line was longer: its last word may have been, too */
	bool torn; /* so it may have been: what followed is not known */
};

/* May it be a part only? What is whole enough to be a verb may be no name. */
static inline bool is_part(struct text t)
{
	return t.cut || t.torn;
}

static inline size_t text_len(struct text t)
{
	return (size_t)(t.end - t.at);
}

static inline bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* Not toupper(): a locale has no say in this. */
static inline uint8_t upper(uint8_t c)
{
	return c >= 'a' && c <= 'z' ? (uint8_t)(c - 'a' + 'A') : c;
}

/* The next word, empty at the end; the blanks before it go with it. */
struct text split_word(struct text *t);
/* The number at the cursor; false if there is none or it has 19 digits. */
bool take_number(struct text *t, uint64_t *out);
/* Without the blanks at both ends. */
struct text text_trim(struct text t);

/* Letters match whatever their case; what is compared with is in capitals. */
bool text_begins(struct text t, const char *prefix);
bool is_word(struct text word, const char *wanted); /* a cut one never is */
bool is_dot(struct text line);

/*
 * RFC 4648, section 4. How many bytes it is, none if anything in it is not
 * base64; out has room for as many as t has.
 */
size_t base64_decode(struct text t, uint8_t *out);

#endif
