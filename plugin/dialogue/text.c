/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "text.h"

#include <string.h>

struct text text_trim(struct text t)
{
	while (t.at < t.end && is_blank(*t.at))
		t.at++;
	while (t.at < t.end && is_blank(t.end[-1]))
		t.end--;
	return t;
}

struct text split_word(struct text *t)
{
	struct text word;

	while (t->at < t->end && is_blank(*t->at))
		t->at++;
	word.at = t->at;
	while (t->at < t->end && !is_blank(*t->at))
		t->at++;
	word.end = t->at;
	word.cut = t->cut && t->at == t->end;
	word.torn = t->torn && t->at == t->end;
	return word;
}

bool take_number(struct text *t, uint64_t *out)
{
	const uint8_t *first = t->at;

	*out = 0;
	for (; t->at < t->end && *t->at >= '0' && *t->at <= '9'; t->at++) {
		if (t->at - first == 18)
			return false;
		*out = *out * 10 + (uint64_t)(*t->at - '0');
	}
	return t->at > first;
}

bool text_begins(struct text t, const char *prefix)
{
	for (; *prefix; prefix++, t.at++)
		if (t.at == t.end || upper(*t.at) != (uint8_t)*prefix)
			return false;
	return true;
}

bool is_word(struct text word, const char *wanted)
{
	return !word.cut && text_len(word) == strlen(wanted) &&
	       text_begins(word, wanted);
}

bool is_dot(struct text line)
{
	return text_len(line) == 1 && *line.at == '.';
}

static int base64_value(uint8_t c)
{
	static const char signs[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *sign = c ? strchr(signs, c) : NULL;

	return sign ? (int)(sign - signs) : -1;
}

size_t base64_decode(struct text t, uint8_t *out)
{
	uint32_t bits = 0;
	size_t n = 0;

	for (size_t i = 0; t.at < t.end && *t.at != '='; i++, t.at++) {
		int value = base64_value(*t.at);

		if (value < 0)
			return 0;
		bits = bits << 6 | (uint32_t)value;
		if (i % 4)
			out[n++] = (uint8_t)(bits >> (6 - i % 4 * 2));
	}
	return n;
}
