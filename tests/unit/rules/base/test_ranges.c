/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../unit.h"

/* ---- lists ---- */

/* Members of one family, blanks between them. */
struct list {
	struct ranges4 v4;
	struct ranges6 v6;
};

static struct list list_of(struct arena *a, const char *text)
{
	struct list list = { { 0 }, { 0 } };

	while (*text) {
		size_t len = strcspn(text, " ");
		struct addr_range r;

		assert_int_equal(range_parse(text, len, &r), ADDR_OK);
		if (r.family == 4)
			ranges4_push(a, &list.v4, r.v4);
		else
			ranges6_push(a, &list.v6, r.v6);
		text += len;
		text += strspn(text, " ");
	}
	return list;
}

static const char *list_text(struct arena *a, const struct list *list)
{
	const char *out = "";
	char text[RANGE_TEXT_MAX];

	for (size_t i = 0; i < list->v4.n; i++) {
		range4_print(text, &list->v4.items[i]);
		out = arena_printf(a, "%s%s%s", out, *out ? " " : "", text);
	}
	for (size_t i = 0; i < list->v6.n; i++) {
		range6_print(text, &list->v6.items[i]);
		out = arena_printf(a, "%s%s%s", out, *out ? " " : "", text);
	}
	return out;
}

#define ALL6 "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
#define TOP6 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"

CLAIM(merge, "merging sorts, counts overlaps and joins only if asked to")
{
	static const struct {
		const char *in;
		bool join;
		const char *want;
		size_t overlaps;
		const char *example; /* NULL: none */
	} vectors[] = {
		{ "", true, "", 0, NULL },
		{ "10.0.0.1", true, "10.0.0.1", 0, NULL },
		{ "10.0.0.1 10.0.0.1", true, "10.0.0.1", 1, "10.0.0.1" },
		{ "10.0.0.9 10.0.0.1", false, "10.0.0.1 10.0.0.9", 0, NULL },
		{ "10.0.0.1 10.0.0.2", true, "10.0.0.1-10.0.0.2", 0, NULL },
		{ "10.0.0.1 10.0.0.2", false, "10.0.0.1 10.0.0.2", 0, NULL },
		{ "10.0.0.0 10.0.0.1", true, "10.0.0.0/31", 0, NULL },
		{ "10.1.0.0/16 10.0.0.0/16", true, "10.0.0.0/15", 0, NULL },
		{ "10.1.0.0/16 10.0.0.0/16", false, "10.0.0.0/16 10.1.0.0/16",
		  0, NULL },
		{ "10.0.0.0/8 10.1.0.0/16 10.2.3.4", true, "10.0.0.0/8", 2,
		  "10.1.0.0/16" },
		{ "10.2.3.4 10.1.0.0/16 10.0.0.0/8", false, "10.0.0.0/8", 2,
		  "10.1.0.0/16" },
		{ "10.0.0.1-10.0.0.5 10.0.0.5-10.0.0.9", false,
		  "10.0.0.1-10.0.0.9", 1, "10.0.0.5-10.0.0.9" },
		{ "10.0.0.1-10.0.0.9 10.0.0.2-10.0.0.4 10.0.0.9-10.0.0.12 "
		  "10.0.0.14",
		  true, "10.0.0.1-10.0.0.12 10.0.0.14", 2,
		  "10.0.0.2-10.0.0.4" },
		/* both ends of the address space */
		{ "255.255.255.255 0.0.0.0", true, "0.0.0.0 255.255.255.255", 0,
		  NULL },
		{ "255.255.255.255 0.0.0.0 255.255.255.254", true,
		  "0.0.0.0 255.255.255.254/31", 0, NULL },
		{ "0.0.0.0-255.255.255.255 255.255.255.255 0.0.0.0", true,
		  "0.0.0.0/0", 2, "0.0.0.0" },
		{ "0.0.0.0/1 128.0.0.0/1", true, "0.0.0.0/0", 0, NULL },
		{ "0.0.0.0/1 128.0.0.0/1", false, "0.0.0.0/1 128.0.0.0/1", 0,
		  NULL },
		{ "255.255.255.255 255.255.255.255", true, "255.255.255.255", 1,
		  "255.255.255.255" },
		{ "::1", true, "::1", 0, NULL },
		{ "::2 ::1 ::1", true, "::1-::2", 1, "::1" },
		{ "::2 ::1", false, "::1 ::2", 0, NULL },
		{ "::ff ::100", true, "::ff-::100", 0, NULL },
		{ "2001:db8::/32 2001:db8:1::/48 2001:db9::/32", true,
		  "2001:db8::/31", 1, "2001:db8:1::/48" },
		{ TOP6 " ::", true, ":: " TOP6, 0, NULL },
		{ ALL6 " " TOP6 " ::1", true, "::/0", 2, "::1" },
		{ "8000::/1 ::/1", true, "::/0", 0, NULL },
		{ "8000::/1 ::/1", false, "::/1 8000::/1", 0, NULL },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct arena *a = arena_new();
		struct list list = list_of(a, vectors[i].in);
		struct list example = { { 0 }, { 0 } };
		struct range4 example4 = { 7, 7 };
		struct range6 example6 = { .first = { { 7 } } };
		size_t overlaps;

		overlaps =
			ranges4_merge(a, &list.v4, vectors[i].join, &example4);
		overlaps +=
			ranges6_merge(a, &list.v6, vectors[i].join, &example6);
		expect_text(vectors[i].in, list_text(a, &list),
			    vectors[i].want);
		expect_number(vectors[i].in, overlaps, vectors[i].overlaps);
		if (list.v4.n)
			ranges4_push(a, &example.v4, example4);
		else
			ranges6_push(a, &example.v6, example6);
		if (vectors[i].example)
			expect_text(vectors[i].in, list_text(a, &example),
				    vectors[i].example);
		else
			expect(example4.first == 7 &&
				       example6.first.byte[0] == 7,
			       "in \"%s\" an example without an overlap",
			       vectors[i].in);
		arena_free(a);
	}
}

CLAIM(cover_meet, "covering and meeting know parts, gaps and both ends")
{
	static const struct {
		const char *a, *b;
		bool cover;	  /* a holds all of b */
		const char *meet; /* the first that both hold; NULL: none */
	} vectors[] = {
		{ "", "", true, NULL },
		{ "10.0.0.1", "", true, NULL },
		{ "", "10.0.0.1", false, NULL },
		{ "10.0.0.1", "10.0.0.1", true, "10.0.0.1" },
		{ "10.0.0.1", "10.0.0.2", false, NULL },
		{ "10.0.0.0/8", "10.9.8.7", true, "10.9.8.7" },
		{ "10.9.8.7", "10.0.0.0/8", false, "10.9.8.7" },
		{ "10.0.0.0/8 192.0.2.0/24", "10.1.0.0/16 192.0.2.9", true,
		  "10.1.0.0/16" },
		{ "10.0.0.0/8 192.0.2.0/24", "10.1.0.0/16 192.0.3.9", false,
		  "10.1.0.0/16" },
		/* one range under several that touch */
		{ "10.0.0.0/9 10.128.0.0/9", "10.0.0.0/8", true, "10.0.0.0/9" },
		{ "10.0.0.0-10.0.0.4 10.0.0.6-10.0.0.9", "10.0.0.2-10.0.0.8",
		  false, "10.0.0.2-10.0.0.4" },
		{ "10.0.0.1-10.0.0.5", "10.0.0.5-10.0.0.9", false, "10.0.0.5" },
		{ "10.0.0.1-10.0.0.4", "10.0.0.5-10.0.0.9", false, NULL },
		{ "0.0.0.0-255.255.255.255", "0.0.0.0 255.255.255.255", true,
		  "0.0.0.0" },
		{ "0.0.0.0 255.255.255.255", "0.0.0.0-255.255.255.255", false,
		  "0.0.0.0" },
		{ "0.0.0.0/1 128.0.0.0/1", "0.0.0.0-255.255.255.255", true,
		  "0.0.0.0/1" },
		{ "255.255.255.255", "255.255.255.255", true,
		  "255.255.255.255" },
		{ "0.0.0.0-255.255.255.254", "255.255.255.255", false, NULL },
		{ "10.0.0.1 10.0.0.3 10.0.0.5 10.0.0.7",
		  "10.0.0.2 10.0.0.4 10.0.0.6 10.0.0.7", false, "10.0.0.7" },
		{ "::1", "::1", true, "::1" },
		{ "::1", "::2", false, NULL },
		{ "", "::1", false, NULL },
		{ "2001:db8::/33 2001:db8:8000::/33", "2001:db8::/32", true,
		  "2001:db8::/33" },
		{ "2001:db8::/33 2001:db8:8000::/34", "2001:db8::/32", false,
		  "2001:db8::/33" },
		{ ALL6, ":: " TOP6, true, "::" },
		{ "::/1 8000::/1", ALL6, true, "::/1" },
		{ ":: " TOP6, ALL6, false, "::" },
		{ TOP6, TOP6, true, TOP6 },
		{ "::2-::5", "::5-::9", false, "::5" },
		{ "::1 ::3 ::5", "::2 ::4 ::6", false, NULL },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct arena *mem = arena_new();
		struct list a = list_of(mem, vectors[i].a);
		struct list b = list_of(mem, vectors[i].b);
		struct list where = { { 0 }, { 0 } };
		struct range4 at4;
		struct range6 at6;
		const char *in = arena_printf(mem, "%s | %s", vectors[i].a,
					      vectors[i].b);

		expect_number(in,
			      ranges4_cover(&a.v4, &b.v4) &&
				      ranges6_cover(&a.v6, &b.v6),
			      vectors[i].cover);
		if (ranges4_meet(&a.v4, &b.v4, &at4))
			ranges4_push(mem, &where.v4, at4);
		if (ranges6_meet(&a.v6, &b.v6, &at6))
			ranges6_push(mem, &where.v6, at6);
		expect_text(in, list_text(mem, &where),
			    vectors[i].meet ? vectors[i].meet : "");
		/* meeting is mutual */
		where = (struct list){ { 0 }, { 0 } };
		if (ranges4_meet(&b.v4, &a.v4, &at4))
			ranges4_push(mem, &where.v4, at4);
		if (ranges6_meet(&b.v6, &a.v6, &at6))
			ranges6_push(mem, &where.v6, at6);
		expect_text(in, list_text(mem, &where),
			    vectors[i].meet ? vectors[i].meet : "");
		arena_free(mem);
	}
}

CLAIM(complement, "a complement is all that a list leaves out")
{
	static const struct {
		int family;
		const char *of, *want;
	} vectors[] = {
		{ 4, "", "0.0.0.0/0" },
		{ 4, "0.0.0.0-255.255.255.255", "" },
		{ 4, "0.0.0.0", "0.0.0.1-255.255.255.255" },
		{ 4, "255.255.255.255", "0.0.0.0-255.255.255.254" },
		{ 4, "0.0.0.0/1", "128.0.0.0/1" },
		{ 4, "128.0.0.0/1", "0.0.0.0/1" },
		{ 4, "0.0.0.0/1 128.0.0.0/1", "" },
		{ 4, "0.0.0.0 255.255.255.255", "0.0.0.1-255.255.255.254" },
		{ 4, "10.0.0.0/8 192.168.0.0/16",
		  "0.0.0.0-9.255.255.255 11.0.0.0-192.167.255.255 "
		  "192.169.0.0-255.255.255.255" },
		{ 6, "", "::/0" },
		{ 6, ALL6, "" },
		{ 6, "::", "::1-" TOP6 },
		{ 6, TOP6, "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe" },
		{ 6, "::/1", "8000::/1" },
		{ 6, "::/1 8000::/1", "" },
		{ 6, "::1 ::3", ":: ::2 ::4-" TOP6 },
		{ 6, "fc00::/7",
		  "::-fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
		  "fe00::/7" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct arena *a = arena_new();
		struct list of = list_of(a, vectors[i].of);
		struct list out = { { 0 }, { 0 } }, back = { { 0 }, { 0 } };

		if (vectors[i].family == 4) {
			ranges4_complement(a, &of.v4, &out.v4);
			ranges4_complement(a, &out.v4, &back.v4);
			ranges4_merge(a, &of.v4, true, NULL);
		} else {
			ranges6_complement(a, &of.v6, &out.v6);
			ranges6_complement(a, &out.v6, &back.v6);
			ranges6_merge(a, &of.v6, true, NULL);
		}
		expect_text(vectors[i].of, list_text(a, &out), vectors[i].want);
		expect_text(vectors[i].of, list_text(a, &back),
			    list_text(a, &of));
		arena_free(a);
	}
}

/* ---- by chance ---- */

static int by_first4(const void *pa, const void *pb)
{
	const struct range4 *a = pa, *b = pb;

	return a->first < b->first ? -1 : a->first > b->first;
}

static int by_first6(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

/* Half of them lie close together, so that they repeat and touch. */
static struct range4 random4(uint64_t *seed)
{
	uint64_t x = chance(seed);
	uint32_t first = (uint32_t)(x >> 32);
	uint32_t more = x & 1 ? 0 : (uint32_t)(x >> 8) & 0xff;

	if (x & 2)
		first = (x & 4 ? 0u : 0xffff0000u) | (first & 0xffff);
	return (struct range4){ first, first > UINT32_MAX - more ?
					       UINT32_MAX :
					       first + more };
}

/* What merging means, without anything clever. */
static size_t plain_merge4(struct range4 *r, size_t n, bool join, size_t *kept)
{
	size_t overlaps = 0, k = 0;

	qsort(r, n, sizeof(*r), by_first4);
	for (size_t i = 0; i < n; i++) {
		uint64_t touch = k ? (uint64_t)r[k - 1].last + join : 0;

		if (k && r[i].first <= touch) {
			overlaps += r[i].first <= r[k - 1].last;
			if (r[i].last > r[k - 1].last)
				r[k - 1].last = r[i].last;
		} else {
			r[k++] = r[i];
		}
	}
	*kept = k;
	return overlaps;
}

CLAIM(radix_sort, "a shuffled list of any length merges as qsort() would")
{
	static const size_t lengths[] = {
		0, 1, 2, 3, 17, 100, 511, 2047, 2048, 2049, 65536, 300000
	};
	uint64_t seed = 88172645463325252u;

	for (size_t i = 0; i < 2 * COUNT(lengths); i++) {
		size_t n = lengths[i / 2], kept, overlaps, want;
		struct range4 *plain = malloc((n + 1) * sizeof(*plain));
		struct arena *a = arena_new();
		struct ranges4 list = { 0 };
		bool join = i % 2;

		for (size_t k = 0; k < n; k++) {
			plain[k] = random4(&seed);
			ranges4_push(a, &list, plain[k]);
		}
		want = plain_merge4(plain, n, join, &kept);
		overlaps = ranges4_merge(a, &list, join, NULL);
		expect(overlaps == want && list.n == kept,
		       "%zu ranges, join %d: %zu left, %zu overlaps; want %zu "
		       "and %zu",
		       n, join, list.n, overlaps, kept, want);
		for (size_t k = 0; k < kept && k < list.n; k++)
			if (!expect(!memcmp(&plain[k], &list.items[k],
					    sizeof(*plain)),
				    "%zu ranges, join %d, item %zu: "
				    "got %#x-%#x want %#x-%#x",
				    n, join, k, list.items[k].first,
				    list.items[k].last, plain[k].first,
				    plain[k].last))
				break;
		/* the list can still grow */
		ranges4_push(a, &list, (struct range4){ 1, 1 });
		arena_free(a);
		free(plain);
	}
}

static struct range6 random6(uint64_t *seed)
{
	uint64_t x = chance(seed), y = chance(seed);
	struct range6 r = { .first = { { 0x20, 1 } } };

	if (x & 1)
		memset(r.first.byte, 0xff, 14);
	else if (x & 2)
		memcpy(r.first.byte, &y, 8);
	r.first.byte[14] = (uint8_t)(x >> 16);
	r.first.byte[15] = (uint8_t)(x >> 24);
	r.last = r.first;
	for (unsigned int i = x >> 4 & 3; i; i--)
		if (!addr6_next(&r.last))
			memset(r.last.byte, 0xff, 16);
	return r;
}

CLAIM(merge6_by_chance, "shuffled IPv6 ranges merge to ascending ones that "
			"hold each of them")
{
	static const size_t lengths[] = { 1, 2, 100, 5000, 100000 };
	uint64_t seed = 1181783497276652981u;

	for (size_t i = 0; i < 2 * COUNT(lengths); i++) {
		size_t n = lengths[i / 2], overlaps, kept = 0, want = 0;
		struct arena *a = arena_new();
		struct ranges6 list = { 0 }, all = { 0 };
		bool join = i % 2;

		for (size_t k = 0; k < n; k++) {
			ranges6_push(a, &list, random6(&seed));
			ranges6_push(a, &all, list.items[k]);
		}
		qsort(all.items, n, sizeof(*all.items), by_first6);
		overlaps = ranges6_merge(a, &list, join, NULL);
		for (size_t k = 0; k < n; k++) {
			struct range6 *r = &all.items[k];
			struct addr6 end;

			if (!kept) {
				kept = 1;
				continue;
			}
			end = r[-1].last;
			if (memcmp(&r->first, &end, 16) <= 0) {
				want++;
				if (memcmp(&r->last, &end, 16) < 0)
					r->last = end;
			} else if (!join || !addr6_next(&end) ||
				   memcmp(&r->first, &end, 16)) {
				kept++;
			}
		}
		expect(overlaps == want && list.n == kept,
		       "%zu ranges, join %d: %zu left, %zu overlaps; want %zu "
		       "and %zu",
		       n, join, list.n, overlaps, kept, want);
		for (size_t k = 1; k < list.n; k++)
			if (!expect(memcmp(&list.items[k - 1].last,
					   &list.items[k].first, 16) < 0,
				    "%zu ranges: item %zu is out of order", n,
				    k))
				break;
		for (size_t k = 0; k < n; k += 1 + n / 500) {
			struct ranges6 one = { &all.items[k], 1, 1 };

			expect(ranges6_cover(&list, &one),
			       "%zu ranges: the %zuth of the sorted is lost", n,
			       k);
		}
		arena_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(merge),
		CLAIMED(cover_meet),
		CLAIMED(complement),
		CLAIMED(radix_sort),
		CLAIMED(merge6_by_chance),
	};

	return cmocka_run_group_tests_name("ranges", tests, NULL, NULL);
}
