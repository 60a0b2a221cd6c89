/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sizes as options take them. */
#include "../../unit.h"

#include "../../../../tools/program/size.h"

CLAIM(sizes, "a size is a number of M or G, at least 8M, or a usage error")
{
	static const struct {
		const char *text;
		int code;
		size_t bytes;
	} rows[] = {
		{ "8M", EXIT_DONE, (size_t)8 << 20 },
		{ "2G", EXIT_DONE, (size_t)2 << 30 },
		{ "7M", EXIT_USAGE, 0 },
		{ "much", EXIT_USAGE, 0 },
		{ "-1", EXIT_USAGE, 0 },
		{ "1", EXIT_USAGE, 0 },
		{ "", EXIT_USAGE, 0 },
		{ "8MB", EXIT_USAGE, 0 },
		{ "99999999999999999999G", EXIT_USAGE, 0 },
	};
	struct program p = { .command = "watch" };

	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t bytes = 0;
		int code = size_read(&p, "--max", rows[i].text, &bytes);

		expect(code == rows[i].code && bytes == rows[i].bytes,
		       "%s: exit %d, %zu bytes", rows[i].text, code, bytes);
	}
}

CLAIM(no_memory, "without --memory the default stays")
{
	struct program p = { .command = "watch" };
	size_t bytes = 5;

	assert_int_equal(size_read_memory(&p, NULL, &bytes), EXIT_DONE);
	expect_number("bytes", bytes, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = { CLAIMED(sizes),
					    CLAIMED(no_memory) };

	return cmocka_run_group_tests_name("sizes", tests, NULL, NULL);
}
