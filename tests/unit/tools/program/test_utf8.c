/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../unit.h"
#include "../../../../tools/program/utf8.h"

/* A text, and what a person is shown of it. */
static const struct {
	const char *text, *clean;
} rows[] = {
	{ "", "" },
	{ "block smtp", "block smtp" },
	{ "\x1b[31mred\x7f", "?[31mred?" },
	{ "a\xc3\xa4o", "a\xc3\xa4o" },
	{ "\xe2\x82\xac \xf0\x9f\x92\x8c", "\xe2\x82\xac \xf0\x9f\x92\x8c" },
	{ "\xc2\x9b"
	  "31m",
	  "??31m" },			/* U+009B steers, too */
	{ "\xc0\xaf", "??" },		/* overlong */
	{ "\xed\xa0\x80", "???" },	/* a surrogate */
	{ "\xf4\x90\x80\x80", "????" }, /* behind U+10FFFF */
	{ "cut \xe2\x82", "cut ??" },
	{ "a\nb\rc", "a?b?c" },
};

CLAIM(clean, "of a text of others, only whole and visible characters are "
	     "copied")
{
	char out[64];

	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n = utf8_clean(out, sizeof(out), rows[i].text,
				      strlen(rows[i].text));

		expect(!strcmp(out, rows[i].clean) && n == strlen(out),
		       "row %zu: \"%s\"", i, out);
	}
}

CLAIM(clean_cut, "what does not fit ends before a character, not within")
{
	static const char text[] = "ab\xe2\x82\xac";
	char out[8];

	for (size_t size = 1; size <= 6; size++) {
		size_t want = size > 5 ? 5 : size > 2 ? 2 : size - 1;

		memset(out, 'x', sizeof(out));
		assert_int_equal(utf8_clean(out, size, text, 5), want);
		assert_int_equal(out[want], '\0');
		assert_memory_equal(out, text, want);
	}
}

CLAIM(print, "a printed text is the copied one, with its tabs")
{
	char *out = NULL;
	size_t len;

	for (size_t i = 0; i < COUNT(rows); i++) {
		FILE *file = open_memstream(&out, &len);

		utf8_print(file, rows[i].text, strlen(rows[i].text));
		utf8_print(file, "\t", 1);
		fclose(file);
		expect(len == strlen(rows[i].clean) + 1 &&
			       !memcmp(out, rows[i].clean, len - 1) &&
			       out[len - 1] == '\t',
		       "row %zu: \"%s\"", i, out);
		free(out);
	}
}

CLAIM(rune, "a character has its number, and five have an entity")
{
	assert_int_equal(utf8_rune("a", 1), 'a');
	assert_int_equal(utf8_rune("\xc3\xa4", 2), 0xe4);
	assert_int_equal(utf8_rune("\xe2\x82\xac", 3), 0x20ac);
	assert_int_equal(utf8_rune("\xf0\x9f\x92\x8c", 4), 0x1f48c);
	assert_string_equal(html_entity('<'), "&lt;");
	assert_null(html_entity('a'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(clean),
		CLAIMED(clean_cut),
		CLAIMED(print),
		CLAIMED(rune),
	};

	return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
