/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who attempts: records that are found again, and what goes for lack of room.
 */
#include "../../unit.h"
#include "../../../../plugin/source/source.h"

#define LIMIT ((size_t)64 << 20)

struct table {
	struct pool pool;
	struct sources sources;
};

static struct table *table_of(uint32_t most, size_t limit)
{
	struct hash_key key = { { 11, 13 } };
	struct table *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	pool_init(&t->pool, limit);
	assert_int_equal(sources_init(&t->sources, &t->pool, &key, most), 0);
	return t;
}

static void table_free(struct table *t)
{
	sources_free(&t->sources);
	pool_end(&t->pool);
	free(t);
}

static struct source *touch_at(struct table *t, uint8_t family, uint64_t key,
			       struct source *hint)
{
	return sources_touch(&t->sources, source_hash(&t->sources, family, key),
			     family, key, hint);
}

static struct source *touch(struct table *t, uint8_t family, uint64_t key)
{
	return touch_at(t, family, key, NULL);
}

static struct source *find(struct table *t, uint8_t family, uint64_t key)
{
	return sources_find(&t->sources, source_hash(&t->sources, family, key),
			    family, key);
}

/* ---- records ---- */

CLAIM(many, "many sources are found, each as its own, and those removed are "
	    "not")
{
	enum { N = 100000 };
	struct table *t = table_of(4 * N, LIMIT);

	for (uint32_t i = 0; i < N; i++) {
		struct source *s = touch(t, i % 2 ? 4 : 6, i / 2);

		assert_non_null(s);
		expect(!s->attempts, "%u was there before", i);
		s->attempts = i + 1;
	}
	expect_number("sources", t->sources.n, N);
	for (uint32_t i = 0; i < N; i++) {
		struct source *s = find(t, i % 2 ? 4 : 6, i / 2);

		expect(s && s->attempts == i + 1, "%u is another", i);
		if (s && i % 3 == 0)
			sources_remove(&t->sources, s);
	}
	for (uint32_t i = 0; i < N; i++)
		expect(!find(t, i % 2 ? 4 : 6, i / 2) == (i % 3 == 0),
		       "%u is wrong after removals", i);
	expect_number("left", t->sources.n, N - (N + 2) / 3);
	expect_number("evicted", t->sources.evicted, 0);
	for (uint32_t i = 0; i < N; i++)
		touch(t, i % 2 ? 4 : 6, i / 2);
	expect_number("again", t->sources.n, N);
	sources_clear(&t->sources);
	expect_number("cleared", t->sources.n, 0);
	for (uint32_t i = 0; i < t->sources.index.cap; i++)
		expect(!t->sources.index.entries[i], "slot %u is taken", i);
	table_free(t);
}

CLAIM(hinted, "where a source was a moment ago is believed only if it is "
	      "there")
{
	struct table *t = table_of(4096, LIMIT);
	struct source *one = touch(t, 4, 1), *two = touch(t, 4, 2), *again;

	expect(touch_at(t, 4, 1, one) == one, "it is not there");
	expect(touch_at(t, 4, 2, one) == two, "it is taken for another");
	expect(touch_at(t, 6, 1, one) != one, "it is of another family");
	expect_number("sources", t->sources.n, 3);
	/* It went, and another took its place. */
	sources_remove(&t->sources, one);
	expect(touch(t, 4, 3) == one, "the place is not taken");
	again = touch_at(t, 4, 1, one);
	expect(again != one && again->key == 1, "it came back as another");
	expect(find(t, 4, 3) == one, "who took its place is gone");
	/* It went, and its place is free. */
	sources_remove(&t->sources, again);
	expect(touch_at(t, 4, 1, again) == find(t, 4, 1), "it is not found");
	expect_number("sources at the end", t->sources.n, 4);
	table_free(t);
}

CLAIM(addresses, "an IPv4 address is a source, an IPv6 /64 is one; groups are "
		 "/16 and /32")
{
	struct addr6 four = { { 192, 0, 2, 1 } }, got;
	struct addr6 six = { { 0x20, 1, 0x0d, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8 } };
	struct source s = { .family = 4, .key = source_key(4, &four) };

	got = source_address(&s);
	expect(!memcmp(&got, &four, sizeof(got)), "IPv4 comes out as another");
	s = (struct source){ .family = 6, .key = source_key(6, &six) };
	got = source_address(&s);
	memset(six.byte + 8, 0, 8);
	expect(!memcmp(&got, &six, sizeof(got)), "IPv6 is not its /64");
	expect_number("group of IPv4", group_of(4, &four), 0xc000);
	expect_number("group of IPv6", group_of(6, &six), 0x20010db8);
}

/* ---- eviction ---- */

CLAIM(lowest, "of a window those that are worth least go, of equals the "
	      "oldest")
{
	struct table *t = table_of(4096, LIMIT);
	uint32_t kept = 0;

	/* Worth 0 to 7 in the window; of equals the higher is older. */
	for (uint32_t i = 0; i < 4096; i++) {
		struct source *s = touch(t, 4, i);

		s->keep_rank = i < 64 ? i % 8 : 0;
		s->last_s = 1000 - i % 64;
	}
	expect_number("evicted", t->sources.evicted, 0);
	touch(t, 4, 5000)->keep_rank = WORTH_MOST;
	expect_number("evicted", t->sources.evicted, 32);
	for (uint32_t i = 0; i < 64; i++) {
		bool there = find(t, 4, i) != NULL;

		kept += there;
		expect(there == (i % 8 >= 4), "number %u with score %u is %s",
		       i, i % 8, there ? "there" : "gone");
	}
	expect_number("kept", kept, 32);
	expect(find(t, 4, 5000), "the new one is not there");
	for (uint32_t i = 0; i < 32; i++)
		touch(t, 4, 6000 + i)->keep_rank = WORTH_MOST;
	/* The second window: all equal, so the older half. */
	for (uint32_t i = 64; i < 128; i++)
		expect(!find(t, 4, i) == (i >= 96), "number %u of equals is %s",
		       i, find(t, 4, i) ? "there" : "gone");
	table_free(t);
}

CLAIM(best_stays, "a source that is worth more stays while a hundred "
		  "thousand pass")
{
	struct table *t = table_of(8192, LIMIT);

	touch(t, 4, 0)->keep_rank = 1;
	for (uint32_t i = 1; i < 100000; i++) {
		struct source *s = touch(t, 4, i);

		s->last_s = i;
		expect(t->sources.n <= 8192, "%u of them", t->sources.n);
	}
	expect(find(t, 4, 0), "it went");
	expect_number("none is lost uncounted",
		      t->sources.n + t->sources.evicted, 100000);
	table_free(t);
}

CLAIM(limit, "memory keeps within its limit, and a source is always had")
{
	struct table *t = table_of(1000000, (size_t)1 << 20);
	uint64_t seed = 99;
	unsigned int without = 0;

	for (uint32_t i = 0; i < 60000; i++) {
		struct source *s = touch(t, 4, chance(&seed) % 30000);

		assert_non_null(s);
		s->last_s = i;
		if (!s->history && history_make(&t->sources, s))
			without++;
		for (uint32_t k = 0; s->history && k < i % 40; k++)
			if (!history_contact(&t->sources, s->history, k, 0))
				history_meet(&t->sources, s->history, k << 16,
					     0, i);
		if (i % 5 == 0 && s->history)
			history_usage(&t->sources, s->history);
		if (i % 7 == 0 && s->history)
			history_scan(&t->sources, s->history);
		if (s->history)
			history_destination(
				&t->sources, s->history,
				&(struct addr6){ { 192, 0, 2, i % 256 } });
		expect(t->pool.used <= t->pool.limit, "%zu bytes",
		       t->pool.used);
	}
	expect(t->sources.forgotten > 0, "no history was forgotten");
	expect(without < 6000, "%u times there was none", without);
	sources_clear(&t->sources);
	expect_number("cleared", t->sources.n, 0);
	table_free(t);
}

CLAIM(no_memory, "without any memory there is no source, and no harm")
{
	struct table *t = table_of(4096, (size_t)100 << 10);

	expect(!touch(t, 4, 1), "there is one");
	expect(!find(t, 4, 1), "it is found");
	table_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(many),	    CLAIMED(hinted),	 CLAIMED(addresses),
		CLAIMED(lowest),    CLAIMED(best_stays), CLAIMED(limit),
		CLAIMED(no_memory),
	};

	return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
