/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many different things: exactly while they are few, then nearly. */
#include "../../unit.h"
#include "../../../../plugin/memory/distinct.h"

#include <math.h>

static const struct distinct_limits small = { .exact_most = 128,
					      .log_registers = 8 };
static const struct distinct_limits large = { .exact_most = 1 << 14,
					      .log_registers = 14 };

/* Of the n-th thing: spread over all bits (splitmix64). */
static uint64_t hash_of(uint64_t n)
{
	uint64_t h = (n + 1) * UINT64_C(0x9e3779b97f4a7c15);

	h = (h ^ h >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	h = (h ^ h >> 27) * UINT64_C(0x94d049bb133111eb);
	return h ^ h >> 31;
}

CLAIM(exact, "up to three quarters of its room the count is exact, and "
	     "repetition counts for nothing")
{
	struct distinct d = { 0 };
	struct pool p;

	pool_init(&p, (size_t)1 << 20);
	for (uint64_t i = 0; i < 96; i++) {
		expect(distinct_add(&d, &p, &small, hash_of(i)),
		       "%u is not new", (unsigned int)i);
		if (i < 95)
			expect(!distinct_add(&d, &p, &small, hash_of(i / 2)),
			       "%u is new again", (unsigned int)i / 2);
		expect_number("things", distinct_count(&d, &small), i + 1);
		expect(distinct_is_exact(&d), "not exact at %u",
		       (unsigned int)i);
	}
	distinct_add(&d, &p, &small, hash_of(96));
	expect(!distinct_is_exact(&d), "97 are kept one by one");
	distinct_end(&d, &p, &small);
	pool_end(&p);
}

CLAIM(full, "a thing that is known leaves a full table exact")
{
	struct distinct d = { 0 };
	struct pool p;

	pool_init(&p, (size_t)1 << 20);
	for (uint64_t i = 0; i < 96; i++)
		distinct_add(&d, &p, &small, hash_of(i));
	distinct_add(&d, &p, &small, hash_of(5));
	expect(distinct_is_exact(&d), "it only estimates now");
	expect_number("things", distinct_count(&d, &small), 96);
	distinct_end(&d, &p, &small);
	pool_end(&p);
}

CLAIM(estimate, "beyond it the error is within four times 1.04 / sqrt(2^n)")
{
	static const struct {
		const struct distinct_limits *limits;
		uint64_t n;
	} rows[] = {
		{ &small, 100 },     { &small, 200 },	{ &small, 500 },
		{ &small, 1000 },    { &small, 10000 }, { &small, 300000 },
		{ &large, 13000 },   { &large, 40000 }, { &large, 100000 },
		{ &large, 1000000 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct distinct_limits *l = rows[i].limits;
		double n = (double)rows[i].n, got, most;
		struct distinct d = { 0 };
		struct pool p;

		pool_init(&p, (size_t)4 << 20);
		for (uint64_t k = 0; k < rows[i].n; k++)
			distinct_add(&d, &p, l, hash_of(k));
		got = (double)distinct_count(&d, l);
		most = 4 * 1.04 / sqrt((double)(1u << l->log_registers));
		expect(fabs(got - n) <= most * n, "of %.0f it counts %.0f", n,
		       got);
		for (uint64_t k = 0; k < 100; k++)
			expect(!distinct_add(&d, &p, l, hash_of(k)),
			       "%u changes it again", (unsigned int)k);
		distinct_end(&d, &p, l);
		pool_end(&p);
	}
}

CLAIM(zero, "a hash of 0 is a thing like others")
{
	struct distinct d = { 0 };
	struct pool p;

	pool_init(&p, (size_t)1 << 20);
	expect_number("none", distinct_count(&d, &small), 0);
	expect(distinct_add(&d, &p, &small, 0), "it is not new");
	expect(!distinct_add(&d, &p, &small, 0), "it is new again");
	expect_number("one", distinct_count(&d, &small), 1);
	for (uint64_t i = 0; i < 200; i++)
		distinct_add(&d, &p, &small, hash_of(i));
	/* The longest run of zeros that there can be. */
	distinct_add(&d, &p, &small, UINT64_C(7) << 56);
	expect(distinct_count(&d, &small) < 1000, "it counts %u",
	       (unsigned int)distinct_count(&d, &small));
	distinct_end(&d, &p, &small);
	pool_end(&p);
}

CLAIM(restored, "registers that were read give the same count, and none of "
		"them is beyond what a hash can give")
{
	struct distinct d = { 0 }, copy = { 0 }, bad = { 0 };
	uint8_t wild[256];
	struct pool p;

	pool_init(&p, (size_t)1 << 20);
	for (uint64_t i = 0; i < 5000; i++)
		distinct_add(&d, &p, &small, hash_of(i));
	distinct_restore(&copy, &p, &small, d.registers);
	expect_number("restored", distinct_count(&copy, &small),
		      distinct_count(&d, &small));
	memset(wild, 0xff, sizeof(wild));
	distinct_add(&bad, &p, &small, hash_of(1));
	distinct_restore(&bad, &p, &small, wild);
	for (size_t i = 0; i < sizeof(wild); i++)
		expect(bad.registers[i] <= 57, "register %zu is %u", i,
		       bad.registers[i]);
	expect(distinct_count(&bad, &small) > 1000, "wild ones count little");
	distinct_end(&d, &p, &small);
	distinct_end(&copy, &p, &small);
	distinct_end(&bad, &p, &small);
	pool_end(&p);
}

CLAIM(no_memory, "without memory it goes on with what it has")
{
	struct distinct d = { 0 };
	struct pool p;

	pool_init(&p, 100);
	expect(distinct_add(&d, &p, &large, 1), "it may be new");
	expect_number("things", distinct_count(&d, &large), 0);
	/* One piece, and no room for a large table. */
	p.limit = (size_t)412 << 10;
	for (uint64_t i = 0; i < 100000; i++)
		distinct_add(&d, &p, &large, hash_of(i));
	expect(p.used <= p.limit, "%zu bytes", p.used);
	expect(distinct_count(&d, &large) > 1000, "it stopped at %u",
	       (unsigned int)distinct_count(&d, &large));
	expect(!distinct_is_exact(&d), "it takes that for exact");
	distinct_end(&d, &p, &large);
	pool_end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(exact), CLAIMED(full),	   CLAIMED(estimate),
		CLAIMED(zero),	CLAIMED(restored), CLAIMED(no_memory),
	};

	return cmocka_run_group_tests_name("distinct", tests, NULL, NULL);
}
