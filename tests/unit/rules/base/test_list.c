/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../unit.h"
#include "../../../../rules/base/arena.h"

CLAIM(grows, "a list keeps its items as it grows, and moves only when full")
{
	uint32_t *items = NULL;
	size_t n = 0, cap = 0;

	while (n < 1000) {
		size_t before = cap;

		items = list_grow(items, n, &cap, sizeof(*items));
		assert_non_null(items);
		assert_true(cap == before || n == before);
		items[n] = (uint32_t)n;
		n++;
	}
	for (size_t i = 0; i < n; i++)
		assert_int_equal(items[i], i);
	free(items);
}

CLAIM(too_large, "a list that no memory can hold stays as it was")
{
	size_t cap = SIZE_MAX / 8;

	assert_null(list_grow(NULL, cap, &cap, 16));
	assert_int_equal(cap, SIZE_MAX / 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(grows),
		CLAIMED(too_large),
	};

	return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
