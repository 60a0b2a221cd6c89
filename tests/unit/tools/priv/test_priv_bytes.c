/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Long replies are believed only if they are whole. */
#include "../../unit.h"

#include "../../../../tools/priv/priv_bytes.h"

struct members_of_two {
	struct priv_set set;
	struct priv_member items[2];
};

static struct members_of_two members_make(void)
{
	struct members_of_two m = { .set = { "exempt.v4", 2 } };

	for (int i = 0; i < 2; i++) {
		m.items[i].range.first.byte[3] = (uint8_t)(10 * i);
		m.items[i].range.last.byte[3] = (uint8_t)(10 * i + 5);
	}
	return m;
}

CLAIM(members, "members are whole, with texts that end, ascending")
{
	struct members_of_two m = members_make();

	expect(priv_members_are_whole(&m, sizeof(m)), "good ones");
	expect(priv_members_are_whole(&m, 0), "none");
	for (size_t len = 1; len < sizeof(m); len++)
		expect(!priv_members_are_whole(&m, len), "%zu bytes", len);
	m.set.n = 3;
	expect(!priv_members_are_whole(&m, sizeof(m)), "one too many");
	m.set.n = UINT64_MAX / sizeof(struct priv_member) + 2;
	expect(!priv_members_are_whole(&m, sizeof(m)), "a number that wraps");
	m = members_make();
	memset(m.set.name, 'x', sizeof(m.set.name));
	expect(!priv_members_are_whole(&m, sizeof(m)), "a name without end");
	m = members_make();
	m.items[0].range.last.byte[3] = 10;
	expect(!priv_members_are_whole(&m, sizeof(m)), "ranges that overlap");
	m = members_make();
	m.items[0].range.first.byte[3] = 9;
	expect(!priv_members_are_whole(&m, sizeof(m)), "a range backwards");
}

struct loaded_of_two {
	struct priv_head head;
	struct priv_clause clause;
	struct priv_fill fill;
};

CLAIM(loaded, "what is loaded is whole, with texts that end")
{
	const struct loaded_of_two good = { .head = { .n_clauses = 1,
						      .n_sets = 1 } };
	struct loaded_of_two bad = good;

	expect(priv_loaded_is_whole(&good, sizeof(good)), "good ones");
	for (size_t len = 0; len < sizeof(good); len++)
		expect(!priv_loaded_is_whole(&good, len), "%zu bytes", len);
	bad.head.n_clauses = UINT64_MAX / sizeof(struct priv_clause) + 1;
	expect(!priv_loaded_is_whole(&bad, sizeof(bad)), "a number that wraps");
	bad = good;
	bad.head.n_sets = 0;
	expect(!priv_loaded_is_whole(&bad, sizeof(bad)), "a set too many");
	bad = good;
	memset(bad.clause.text, 'x', sizeof(bad.clause.text));
	expect(!priv_loaded_is_whole(&bad, sizeof(bad)), "a text without end");
	bad = good;
	memset(bad.fill.name, 'x', sizeof(bad.fill.name));
	expect(!priv_loaded_is_whole(&bad, sizeof(bad)), "a name without end");
	bad = good;
	memset(bad.head.digest, 'x', sizeof(bad.head.digest));
	expect(!priv_loaded_is_whole(&bad, sizeof(bad)), "no end of a digest");
}

int main(void)
{
	const struct CMUnitTest tests[] = { CLAIMED(members), CLAIMED(loaded) };

	return cmocka_run_group_tests_name("priv_bytes", tests, NULL, NULL);
}
