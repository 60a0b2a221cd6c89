/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "utf8.h"

#include <stdio.h>
#include <string.h>

size_t utf8_length(const char *p, size_t left)
{
	const unsigned char *b = (const unsigned char *)p;
	size_t len = *b < 0x80 ? 1 :
		     *b < 0xc2 ? 0 :
		     *b < 0xe0 ? 2 :
		     *b < 0xf0 ? 3 :
		     *b < 0xf5 ? 4 :
				 0;

	if (len > left)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((b[i] & 0xc0) != 0x80)
			return 0;
	if ((*b == 0xe0 && b[1] < 0xa0) || (*b == 0xed && b[1] > 0x9f) ||
	    (*b == 0xf0 && b[1] < 0x90) || (*b == 0xf4 && b[1] > 0x8f))
		return 0;
	return len;
}

bool utf8_is_control(const char *p, size_t len)
{
	const unsigned char *b = (const unsigned char *)p;

	return len == 1 ? *b < ' ' || *b == 0x7f :
			  len == 2 && b[0] == 0xc2 && b[1] < 0xa0;
}

uint32_t utf8_rune(const char *p, size_t len)
{
	const unsigned char *b = (const unsigned char *)p;
	uint32_t rune = len == 1 ? *b : *b & (0x7fu >> len);

	for (size_t i = 1; i < len; i++)
		rune = rune << 6 | (b[i] & 0x3f);
	return rune;
}

size_t utf8_clean_length(const char *p, size_t left)
{
	size_t len = utf8_length(p, left);

	return len && !utf8_is_control(p, len) ? len : 0;
}

size_t utf8_clean(char *out, size_t size, const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0, step; i < len; i += step) {
		size_t whole = utf8_clean_length(text + i, len - i);

		step = whole ? whole : 1;
		if (n + step >= size)
			break;
		memcpy(out + n, whole ? text + i : "?", step);
		n += step;
	}
	out[n] = '\0';
	return n;
}

void utf8_print(FILE *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = text[i] == '\t' ?
				   1 :
				   utf8_clean_length(text + i, len - i);

		if (n)
			fwrite(text + i, 1, n, out);
		else
			fputc('?', out);
		i += n ? n : 1;
	}
}

void utf8_puts(FILE *out, const char *text)
{
	utf8_print(out, text, strlen(text));
}

const char *html_entity(uint32_t rune)
{
	switch (rune) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	}
	return NULL;
}
