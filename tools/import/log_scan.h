/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A cursor over a borrowed line, which need not end in NUL. */
#ifndef MAILWALL_LOG_SCAN_H
#define MAILWALL_LOG_SCAN_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct scan {
	const char *at, *end;
};

static inline size_t scan_left(const struct scan *s)
{
	return (size_t)(s->end - s->at);
}

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The next byte, without moving; '\0' also at the end. */
static inline char scan_peek(const struct scan *s)
{
	return s->at < s->end ? *s->at : '\0';
}

static inline bool scan_char(struct scan *s, char c)
{
	if (s->at == s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

static inline bool scan_is(const struct scan *s, const char *text, size_t n)
{
	return scan_left(s) >= n && !memcmp(s->at, text, n);
}

static inline bool scan_text(struct scan *s, const char *text)
{
	size_t n = strlen(text);

	if (!scan_is(s, text, n))
		return false;
	s->at += n;
	return true;
}

static inline void scan_spaces(struct scan *s)
{
	while (s->at < s->end && *s->at == ' ')
		s->at++;
}

/* Reads one to most digits, of at most 18; -1 if there are none. */
static inline int64_t scan_number(struct scan *s, int most)
{
	const char *start = s->at;
	int64_t value = 0;

	while (s->at < s->end && is_digit(*s->at) && s->at - start < most)
		value = value * 10 + (*s->at++ - '0');
	return s->at == start ? -1 : value;
}

/*
 * The first space, or the end. Words are short: eight bytes at a time beat a
 * call of memchr(). The test for a zero byte is by S. E. Anderson.
 */
static inline const char *scan_space(const char *at, const char *end)
{
	const uint64_t ones = UINT64_MAX / 255;

	for (; end - at >= 8; at += 8) {
		uint64_t eight, zeros;

		memcpy(&eight, at, 8);
		eight = le64toh(eight) ^ ones * ' ';
		zeros = (eight - ones) & ~eight & ones << 7;
		if (zeros)
			return at + __builtin_ctzll(zeros) / 8;
	}
	while (at < end && *at != ' ')
		at++;
	return at;
}

/* Reads a word, up to the space that ends it. */
static inline struct scan scan_word(struct scan *s)
{
	struct scan word = { s->at, scan_space(s->at, s->end) };

	s->at = word.end;
	return word;
}

/* The place in s where the text begins, or NULL. */
static inline const char *scan_find(const struct scan *s, const char *text)
{
	return memmem(s->at, scan_left(s), text, strlen(text));
}

#endif
