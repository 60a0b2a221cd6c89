/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "glyph.h"

#define QUOTE_NAME  "a typographic quote"
#define QUOTE_HELP  "type \""
#define BLANK_NAME  "a blank that is none to a program"
#define BLANK_HELP  "type a blank"
#define DASH_NAME   "a typographic dash"
#define DASH_HELP   "type -"
#define HIDDEN_NAME "a character that nobody sees"
#define HIDDEN_HELP "delete it, or type the line anew"

static const struct glyph glyphs[] = {
	{ '!', '!', GLYPH_NONE, "\"!\"",
	  "there is no \"not\": put a clause that allows the exception above "
	  "this one" },
	{ '&', '&', GLYPH_NONE, "\"&\"", "write one decision a line" },
	{ '\'', '\'', GLYPH_QUOTE, "\"'\"", QUOTE_HELP },
	{ '(', ')', GLYPH_BLANK, "a parenthesis",
	  "separate words with blanks; nothing is put in parentheses" },
	{ ',', ',', GLYPH_BLANK, "\",\"", "separate words with blanks" },
	{ ';', ';', GLYPH_BLANK, "\";\"", "write one decision a line" },
	{ '<', '>', GLYPH_BLANK, "an angle bracket",
	  "write the value without brackets" },
	{ '[', '[', GLYPH_BLANK, "a bracket",
	  "write the address without brackets, and no port behind it" },
	{ '\\', '\\', GLYPH_NONE, "a backslash",
	  "a statement ends with its line; a block goes on to its \"}\"" },
	{ ']', ']', GLYPH_BLANK, "a bracket",
	  "write the address without brackets, and no port behind it" },
	{ '`', '`', GLYPH_QUOTE, "\"`\"", QUOTE_HELP },
	{ '|', '|', GLYPH_NONE, "\"|\"", "write one decision a line" },
	{ 0x00a0, 0x00a0, GLYPH_BLANK, "a no-break space", BLANK_HELP },
	{ 0x00ab, 0x00ab, GLYPH_QUOTE, QUOTE_NAME, QUOTE_HELP },
	{ 0x00ad, 0x00ad, GLYPH_BLANK, HIDDEN_NAME, HIDDEN_HELP },
	{ 0x00b4, 0x00b4, GLYPH_QUOTE, QUOTE_NAME, QUOTE_HELP },
	{ 0x00b7, 0x00b7, GLYPH_BLANK, "a bullet", "leave it out" },
	{ 0x00bb, 0x00bb, GLYPH_QUOTE, QUOTE_NAME, QUOTE_HELP },
	{ 0x2000, 0x200a, GLYPH_BLANK, BLANK_NAME, BLANK_HELP },
	{ 0x200b, 0x200f, GLYPH_BLANK, HIDDEN_NAME, HIDDEN_HELP },
	{ 0x2010, 0x2015, GLYPH_DASH, DASH_NAME, DASH_HELP },
	{ 0x2018, 0x201f, GLYPH_QUOTE, QUOTE_NAME, QUOTE_HELP },
	{ 0x2022, 0x2023, GLYPH_BLANK, "a bullet", "leave it out" },
	{ 0x2026, 0x2026, GLYPH_NONE, "three dots in one character",
	  "name what they stand for" },
	{ 0x2028, 0x2029, GLYPH_BLANK, HIDDEN_NAME, HIDDEN_HELP },
	{ 0x202a, 0x202e, GLYPH_BLANK, HIDDEN_NAME, HIDDEN_HELP },
	{ 0x202f, 0x202f, GLYPH_BLANK, "a no-break space", BLANK_HELP },
	{ 0x2032, 0x2036, GLYPH_QUOTE, QUOTE_NAME, QUOTE_HELP },
	{ 0x2039, 0x203a, GLYPH_QUOTE, QUOTE_NAME, QUOTE_HELP },
	{ 0x205f, 0x205f, GLYPH_BLANK, BLANK_NAME, BLANK_HELP },
	{ 0x2060, 0x2064, GLYPH_BLANK, HIDDEN_NAME, HIDDEN_HELP },
	{ 0x2066, 0x2069, GLYPH_BLANK, HIDDEN_NAME, HIDDEN_HELP },
	{ 0x2192, 0x2192, GLYPH_ARROW, "an arrow", "type ->" },
	{ 0x21d2, 0x21d2, GLYPH_ARROW, "an arrow", "type ->" },
	{ 0x2212, 0x2212, GLYPH_DASH, "a minus sign", DASH_HELP },
	{ 0x25cf, 0x25cf, GLYPH_BLANK, "a bullet", "leave it out" },
	{ 0x27f6, 0x27f6, GLYPH_ARROW, "an arrow", "type ->" },
	{ 0x3000, 0x3000, GLYPH_BLANK, BLANK_NAME, BLANK_HELP },
	{ 0x300c, 0x300f, GLYPH_QUOTE, QUOTE_NAME, QUOTE_HELP },
	{ 0xfeff, 0xfeff, GLYPH_BLANK, "a byte order mark",
	  "delete it; it may only begin a file" },
	{ 0xff02, 0xff02, GLYPH_QUOTE, QUOTE_NAME, QUOTE_HELP },
	{ 0xff0c, 0xff0c, GLYPH_BLANK, "a wide comma",
	  "separate words with blanks" },
	{ 0xff0d, 0xff0d, GLYPH_DASH, DASH_NAME, DASH_HELP },
	{ 0xff1a, 0xff1a, GLYPH_NONE, "a wide colon", "type :" },
};

static const struct glyph other;

const struct glyph *glyph_find(uint32_t code)
{
	for (size_t i = 0; i < sizeof(glyphs) / sizeof(*glyphs); i++)
		if (code >= glyphs[i].first && code <= glyphs[i].last)
			return &glyphs[i];
	return &other;
}

/* Bytes that a character has by its first one; 0: it cannot be the first. */
static size_t glyph_bytes(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first < 0xe0)
		return 2;
	if (first >= 0xe0 && first < 0xf0)
		return 3;
	return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

size_t glyph_read(const char *text, size_t len, uint32_t *code)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t n = len ? glyph_bytes(*at) : 0;
	/* Shorter forms, surrogates and what is beyond Unicode are none. */
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t value;

	*code = len ? *at : 0;
	if (!n || n > len)
		return 0;
	value = n == 1 ? *at : *at & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (at[i] & 0x3f);
	}
	if (value < least[n] || (value >= 0xd800 && value < 0xe000) ||
	    value > 0x10ffff)
		return 0;
	*code = value;
	return n;
}
