/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of options, by their type. */
#include "../../unit.h"

#include "../../../../tools/option/options.h"
#include "../../../../tools/program/program.h"

static const char *const words[] = { "nft", "json", NULL };

static const char *word(size_t i)
{
	return words[i];
}

CLAIM(numbers,
      "a value is what its type takes, or a sentence says what that is")
{
	static const struct {
		enum option_type type;
		const char *text;
		bool good;
		uint64_t value;
	} rows[] = {
		{ OPTION_SIZE, "8M", true, (uint64_t)8 << 20 },
		{ OPTION_SIZE, "2G", true, (uint64_t)2 << 30 },
		{ OPTION_SIZE, "7M", false, 0 },
		{ OPTION_SIZE, "much", false, 0 },
		{ OPTION_SIZE, "-1", false, 0 },
		{ OPTION_SIZE, "1", false, 0 },
		{ OPTION_SIZE, "", false, 0 },
		{ OPTION_SIZE, "8MB", false, 0 },
		{ OPTION_SIZE, "99999999999999999999G", false, 0 },
		{ OPTION_DURATION, "90d", true, 90 * 86400 },
		{ OPTION_DURATION, "90", false, 0 },
		{ OPTION_DURATION, "", false, 0 },
		{ OPTION_DURATION, "0d", false, 0 },
		{ OPTION_NUMBER, "10", true, 10 },
		{ OPTION_NUMBER, "11", false, 0 },
		{ OPTION_NUMBER, "-1", false, 0 },
		{ OPTION_PERCENT, "80", true, 80 },
		{ OPTION_PERCENT, "80%", true, 80 },
		{ OPTION_PERCENT, "0", false, 0 },
		{ OPTION_PERCENT, "101", false, 0 },
		{ OPTION_PERCENT, "8%0", false, 0 },
		{ OPTION_PORT, "25", true, 25 },
		{ OPTION_PORT, "0", false, 0 },
		{ OPTION_PORT, "65536", false, 0 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct option_row row = { .type = rows[i].type,
						.most = 10 };
		struct program p = { .arena = arena_new() };
		union {
			uint64_t size;
			uint32_t number;
			uint16_t port;
		} out = { 0 };
		const char *wanted = option_store(&p, &out, &row, rows[i].text);
		uint64_t value = row.type == OPTION_SIZE ? out.size :
				 row.type == OPTION_PORT ? out.port :
							   out.number;

		expect(!wanted == rows[i].good, "%s: %s", rows[i].text, wanted);
		if (rows[i].good)
			expect_number(rows[i].text, value, rows[i].value);
		arena_free(p.arena);
	}
}

CLAIM(choices, "a choice is one of its words, and the sentence lists them")
{
	const struct option_row row = { .type = OPTION_CHOICE, .word = word };
	struct program p = { .arena = arena_new() };
	const char *out = NULL, *wanted;

	assert_null(option_store(&p, &out, &row, "json"));
	assert_string_equal(out, "json");
	wanted = option_store(&p, &out, &row, "xml");
	assert_non_null(wanted);
	assert_string_equal(wanted, "takes nft or json");
	arena_free(p.arena);
}

CLAIM(files, "an address and a port is no file, and the sentence says what "
	     "takes it")
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{ "127.0.0.1:9525", false },
		{ "[::1]:9525", false },
		{ ":9525", false },
		{ "./127.0.0.1:9525", true },
		{ "127.0.0.1", true },
		{ "127.0.0.1:port", true },
		{ "127.0.0.1:65536", true },
		{ "::1:9525", true },
		{ "page:1", true },
		{ "[]:1", true },
		{ "[:1", true },
		{ "]:1", true },
		{ "-", true },
		{ ":", true },
		{ "", true },
	};
	static const enum option_type types[] = { OPTION_FILE, OPTION_POLICY,
						  OPTION_FOLDER };
	struct program p = { .arena = arena_new() };

	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t k = 0; k < COUNT(types); k++) {
			const struct option_row row = { .type = types[k] };
			const char *out = NULL, *wanted;

			wanted = option_store(&p, &out, &row, rows[i].text);
			expect(!wanted == rows[i].good, "%s: %s", rows[i].text,
			       wanted);
			expect(!wanted || strstr(wanted, "watch --http"), "%s",
			       wanted);
		}
	arena_free(p.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = { CLAIMED(numbers), CLAIMED(choices),
					    CLAIMED(files) };

	return cmocka_run_group_tests_name("option values", tests, NULL, NULL);
}
