/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "text.h"

#include <string.h>

struct text text_trim(struct text t)
{
	while (t.at < t.end && text_is_blank(*t.at))
		t.at++;
	while (t.at < t.end && text_is_blank(t.end[-1]))
		t.end--;
	return t;
}

struct text text_split_word(struct text *t)
{
	struct text word;

	while (t->at < t->end && text_is_blank(*t->at))
		t->at++;
	word.at = t->at;
	while (t->at < t->end && !text_is_blank(*t->at))
		t->at++;
	word.end = t->at;
	word.cut = t->cut && t->at == t->end;
	word.torn = t->torn && t->at == t->end;
	return word;
}

bool text_read_number(struct text *t, uint64_t *out)
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
		if (t.at == t.end || text_upper(*t.at) != (uint8_t)*prefix)
			return false;
	return true;
}

bool text_is_word(struct text word, const char *wanted)
{
	return !word.cut && text_len(word) == strlen(wanted) &&
	       text_begins(word, wanted);
}

bool text_is_dot(struct text line)
{
	return text_len(line) == 1 && *line.at == '.';
}
