/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of ranges as the addresses that they cover. */
#include "../../unit.h"

#include "../../../../rules/base/range.h"
#include "../../../../rules/plan/covered.h"

struct lists {
	struct ranges4 v4;
	struct ranges6 v6;
};

static struct lists lists_of(struct arena *a, const char *text)
{
	struct lists out = { 0 };

	for (const char *at = text; *at; at += strspn(at, " ")) {
		size_t len = strcspn(at, " ");
		struct addr_range r;

		assert_int_equal(range_parse(at, len, &r), ADDR_OK);
		if (r.family == 4)
			ranges4_push(a, &out.v4, r.v4);
		else
			ranges6_push(a, &out.v6, r.v6);
		at += len;
	}
	ranges4_merge(a, &out.v4, true, NULL);
	ranges6_merge(a, &out.v6, true, NULL);
	return out;
}

static const char *lists_text(struct arena *a, const struct lists *l)
{
	char text[RANGE_TEXT_MAX];
	const char *out = "";

	for (size_t i = 0; i < l->v4.n; i++) {
		range4_print(text, &l->v4.items[i]);
		out = arena_printf(a, "%s%s%s", out, *out ? " " : "", text);
	}
	for (size_t i = 0; i < l->v6.n; i++) {
		range6_print(text, &l->v6.items[i]);
		out = arena_printf(a, "%s%s%s", out, *out ? " " : "", text);
	}
	return out;
}

CLAIM(less, "a difference is what only the first list covers")
{
	static const struct {
		const char *list, *less, *left;
	} vectors[] = {
		{ "10.0.0.0/8", "10.0.0.0/8", "" },
		{ "10.0.0.0/8", "10.0.0.0/9 10.128.0.0/9", "" },
		{ "10.0.0.0/9 10.128.0.0/9", "10.0.0.0/8", "" },
		{ "10.0.0.0/24", "", "10.0.0.0/24" },
		{ "10.0.0.0/24", "10.0.0.128-10.0.0.255", "10.0.0.0/25" },
		{ "10.0.0.0/24", "10.0.0.0", "10.0.0.1-10.0.0.255" },
		{ "10.0.0.0/24 10.0.2.0/24", "10.0.0.255-10.0.2.0",
		  "10.0.0.0-10.0.0.254 10.0.2.1-10.0.2.255" },
		{ "0.0.0.0-255.255.255.255", "0.0.0.0 255.255.255.255",
		  "0.0.0.1-255.255.255.254" },
		{ "255.255.255.255", "255.255.255.255", "" },
		{ "10.0.0.1 10.0.0.3 10.0.0.5", "10.0.0.3",
		  "10.0.0.1 10.0.0.5" },
		{ "2001:db8::/32", "2001:db8::/33 2001:db8:8000::/33", "" },
		{ "2001:db8::/32", "2001:db8::/33", "2001:db8:8000::/33" },
		{ "::/1 8000::/1", "::1",
		  ":: ::2-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "ffff::/16", "ffff::/16", "" },
		{ "ffff::/16", "ffff:8000::/17", "ffff::/17" },
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct lists list = lists_of(a, vectors[i].list);
		struct lists less = lists_of(a, vectors[i].less), left = { 0 };

		covered_less4(a, &list.v4, &less.v4, &left.v4);
		covered_less6(a, &list.v6, &less.v6, &left.v6);
		expect_text(vectors[i].list, lists_text(a, &left),
			    vectors[i].left);
	}
	arena_free(a);
}

CLAIM(range, "of a range a list covers all, a part, or nothing")
{
	static const struct {
		const char *list, *range;
		enum covered want;
	} vectors[] = {
		{ "", "10.0.0.1", COVERED_NONE },
		{ "10.0.0.0/8", "10.0.0.1", COVERED_ALL },
		{ "10.0.0.0/9 10.128.0.0/9", "10.0.0.0/8", COVERED_ALL },
		{ "10.0.0.0/8", "10.0.0.0/7", COVERED_PART },
		{ "10.0.0.5", "10.0.0.0/24", COVERED_PART },
		{ "10.0.0.5 192.0.2.1", "11.0.0.0/24", COVERED_NONE },
		{ "10.0.0.5 192.0.2.1", "192.0.2.1", COVERED_ALL },
		{ "10.0.0.5", "255.255.255.255", COVERED_NONE },
		{ "2001:db8::/32", "2001:db8:1::/64", COVERED_ALL },
		{ "2001:db8::25", "2001:db8::/64", COVERED_PART },
		{ "2001:db8::25", "2001:db8:1::/64", COVERED_NONE },
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct lists list = lists_of(a, vectors[i].list);
		struct lists range = lists_of(a, vectors[i].range);

		expect_number(
			vectors[i].range,
			range.v4.n ?
				covered_range4(&list.v4, range.v4.items[0]) :
				covered_range6(&list.v6, range.v6.items),
			vectors[i].want);
	}
	arena_free(a);
}

/* A list of a space of 64 addresses, as bits. */
static uint64_t bits_of(const struct ranges4 *list)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < list->n; i++)
		for (uint32_t at = list->items[i].first;
		     at <= list->items[i].last; at++)
			bits |= (uint64_t)1 << at;
	return bits;
}

static struct lists chance_lists(struct arena *a, uint64_t *seed)
{
	struct lists out = { 0 };

	for (uint64_t n = chance(seed) % 8; n; n--) {
		uint32_t first = chance(seed) % 64;
		uint32_t last = first + chance(seed) % (64 - first);
		struct range6 r = { 0 };

		ranges4_push(a, &out.v4, (struct range4){ first, last });
		r.first.byte[7] = (uint8_t)first;
		r.last.byte[7] = (uint8_t)last;
		memset(r.last.byte + 8, 0xff, 8);
		ranges6_push(a, &out.v6, r);
	}
	ranges4_merge(a, &out.v4, true, NULL);
	ranges6_merge(a, &out.v6, true, NULL);
	return out;
}

/* Aligned blocks that are full, and whose double is not. */
static unsigned int prefixes_of_bits(uint64_t bits)
{
	unsigned int n = 0;

	for (unsigned int size = 64; size; size /= 2)
		for (unsigned int at = 0; at < 64; at += size) {
			uint64_t block =
				(size == 64 ? UINT64_MAX :
					      ((uint64_t)1 << size) - 1)
				<< at;

			if ((bits & block) != block)
				continue;
			n++;
			bits &= ~block;
		}
	return n;
}

CLAIM(by_chance, "differences, prefixes and sizes are those of single bits")
{
	struct arena *a = arena_new();
	uint64_t seed = 14;

	for (int i = 0; i < 5000; i++) {
		struct lists list = chance_lists(a, &seed);
		struct lists less = chance_lists(a, &seed), left = { 0 };
		uint64_t of = bits_of(&list.v4), not = bits_of(&less.v4);

		covered_less4(a, &list.v4, &less.v4, &left.v4);
		covered_less6(a, &list.v6, &less.v6, &left.v6);
		expect_number("bits", bits_of(&left.v4), of & ~not );
		expect_number("addresses", covered_addresses4(&list.v4),
			      (unsigned long long)__builtin_popcountll(of));
		expect_number("/64s", covered_networks6(&list.v6),
			      (unsigned long long)__builtin_popcountll(of));
		expect_number(
			"/64s less", covered_networks6_less(&list.v6, &less.v6),
			(unsigned long long)__builtin_popcountll(of & ~not ));
		expect_number(
			"/64s left", covered_networks6(&left.v6),
			(unsigned long long)__builtin_popcountll(of & ~not ));
		expect_number("prefixes of IPv4", covered_prefixes4(&left.v4),
			      prefixes_of_bits(of & ~not ));
		expect_number("prefixes of IPv6", covered_prefixes6(&left.v6),
			      prefixes_of_bits(of & ~not ));
	}
	arena_free(a);
}

CLAIM(networks, "of IPv6 /64s are counted, once each, whatever part of them")
{
	static const struct {
		const char *list, *less;
		uint64_t all, left;
	} vectors[] = {
		{ "", "", 0, 0 },
		{ "2001:db8::1 2001:db8::2", "", 1, 1 },
		{ "2001:db8::1 2001:db8::2", "2001:db8::2", 1, 0 },
		{ "2001:db8::/48", "2001:db8::/49", 65536, 32768 },
		{ "2001:db8::/48", "2001:db8:0:ffff::/64", 65536, 65535 },
		{ "2001:db8::/32", "", (uint64_t)1 << 32, (uint64_t)1 << 32 },
		{ "::/1 8000::/1", "", UINT64_MAX, UINT64_MAX },
		{ "::/1 8000::/1", "::/1", UINT64_MAX, (uint64_t)1 << 63 },
		{ "ffff:ffff:ffff:ffff::1", "ffff:ffff:ffff:ffff::2", 1, 0 },
		{ "2001:db8::ffff:0:0:0-2001:db8:0:1::1", "2001:db8:0:1::/64",
		  2, 1 },
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct lists list = lists_of(a, vectors[i].list);
		struct lists less = lists_of(a, vectors[i].less);

		expect_number(vectors[i].list, covered_networks6(&list.v6),
			      vectors[i].all);
		expect_number(vectors[i].list,
			      covered_networks6_less(&list.v6, &less.v6),
			      vectors[i].left);
	}
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(less),
		CLAIMED(range),
		CLAIMED(by_chance),
		CLAIMED(networks),
	};

	return cmocka_run_group_tests_name("covered", tests, NULL, NULL);
}
