/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exemptions that overlap, as ranges apart that each have one end. */
#include "../../unit.h"
#include "../../../../tools/book/cover.h"

static struct arena *arena;

static int set_up(void **state)
{
	(void)state;
	arena = arena_new();
	return arena ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

/* "10.0.0.0/24=5 10.0.0.7=stays": a range and its end each; ids count from 1.
 */
static int cover_parse(const char *text, struct cover *out)
{
	char range[96], end[32];
	int family = 4, n;

	*out = (struct cover){ 0 };
	for (; sscanf(text, " %95[^=]=%31s%n", range, end, &n) == 2;
	     text += n) {
		struct addr_range r;

		assert_int_equal(range_parse(range, strlen(range), &r), 0);
		family = r.family;
		*arena_push(arena, out) = (struct cover_range){
			exempt_range(&r),
			strcmp(end, "stays") ? atoll(end) : EXEMPT_STAYS,
			(int64_t)out->n
		};
	}
	return family;
}

static const char *cover_text(int family, const struct cover *c)
{
	const char *out = "";
	char range[RANGE_TEXT_MAX];

	for (size_t i = 0; i < c->n; i++) {
		cover_print(range, family, &c->items[i].range);
		out = c->items[i].end_s == EXEMPT_STAYS ?
			      arena_printf(arena, "%s%s%s=stays", out,
					   i ? " " : "", range) :
			      arena_printf(arena, "%s%s%s=%lld", out,
					   i ? " " : "", range,
					   (long long)c->items[i].end_s);
	}
	return out;
}

CLAIM(covers, "an address is exempt as long as the one record that ends last")
{
	static const struct {
		const char *records, *cover;
	} vectors[] = {
		{ "", "" },
		{ "10.0.0.7=5", "10.0.0.7=5" },
		/* a network does not swallow a member, nor a member it */
		{ "10.0.0.0/30=stays 10.0.0.1=5", "10.0.0.0/30=stays" },
		{ "10.0.0.0/30=5 10.0.0.1=9",
		  "10.0.0.0=5 10.0.0.1=9 10.0.0.2/31=5" },
		{ "10.0.0.0/30=5 10.0.0.1=stays",
		  "10.0.0.0=5 10.0.0.1=stays 10.0.0.2/31=5" },
		{ "10.0.0.0/30=5 10.0.0.0=9",
		  "10.0.0.0=9 10.0.0.1-10.0.0.3=5" },
		{ "10.0.0.0/30=5 10.0.0.3=9",
		  "10.0.0.0-10.0.0.2=5 10.0.0.3=9" },
		/* they overlap at one side */
		{ "10.0.0.0-10.0.0.5=5 10.0.0.4-10.0.0.9=9",
		  "10.0.0.0/30=5 10.0.0.4-10.0.0.9=9" },
		{ "10.0.0.0-10.0.0.5=9 10.0.0.4-10.0.0.9=5",
		  "10.0.0.0-10.0.0.5=9 10.0.0.6-10.0.0.9=5" },
		/* those of two records that touch stay two */
		{ "10.0.0.0=5 10.0.0.1=5", "10.0.0.0=5 10.0.0.1=5" },
		{ "10.0.0.1=5 10.0.0.0=5", "10.0.0.0=5 10.0.0.1=5" },
		/* three deep */
		{ "10.0.0.0/29=5 10.0.0.0/30=7 10.0.0.1=9",
		  "10.0.0.0=7 10.0.0.1=9 10.0.0.2/31=7 10.0.0.4/30=5" },
		{ "10.0.0.0/29=9 10.0.0.0/30=7 10.0.0.1=5", "10.0.0.0/29=9" },
		/* where addresses begin and end */
		{ "0.0.0.0/1=5 128.0.0.0/1=9", "0.0.0.0/1=5 128.0.0.0/1=9" },
		{ "255.255.255.255=5 255.255.255.0/24=4",
		  "255.255.255.0-255.255.255.254=4 255.255.255.255=5" },
		{ "0.0.0.0=9 0.0.0.0/24=5", "0.0.0.0=9 0.0.0.1-0.0.0.255=5" },
		{ "2001:db8::/64=5 2001:db8::1=9",
		  "2001:db8::=5 2001:db8::1=9 "
		  "2001:db8::2-2001:db8::ffff:ffff:ffff:ffff=5" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff=9 ffff::/16=5",
		  "ffff::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe=5 "
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff=9" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct cover records, cover;
		int family = cover_parse(vectors[i].records, &records);

		cover_make(arena, family, &records, &cover);
		expect_text(vectors[i].records, cover_text(family, &cover),
			    vectors[i].cover);
	}
}

/* ---- by chance, in the last 64 addresses of IPv4 ---- */

#define SPACE 64u
#define FIRST (UINT32_MAX - (SPACE - 1))

static struct cover_range chance_range(uint64_t *seed, int64_t id)
{
	uint32_t first = (uint32_t)(chance(seed) % SPACE);
	uint32_t size = (uint32_t)(chance(seed) % 12);
	struct cover_range r = { .id = id,
				 .end_s = (int64_t)(chance(seed) % 6) };

	addr4_store(&r.range.first, FIRST + first);
	addr4_store(&r.range.last,
		    FIRST + (first + size < SPACE ? first + size : SPACE - 1));
	if (r.end_s == 5)
		r.end_s = EXEMPT_STAYS;
	return r;
}

/* The end of one address; -1: it has none. */
static int64_t end_of(const struct cover *c, uint32_t at, bool last)
{
	int64_t end = -1;

	for (size_t i = 0; i < c->n; i++) {
		const struct cover_range *r = &c->items[i];

		if (addr4_load(&r->range.first) <= at &&
		    at <= addr4_load(&r->range.last)) {
			if (!last && end >= 0)
				return -2; /* two ranges have it */
			if (r->end_s > end)
				end = r->end_s;
		}
	}
	return end;
}

CLAIM(by_chance, "covers of records by chance say of each address the same")
{
	uint64_t seed = 7;

	for (int round = 0; round < 2000; round++) {
		struct cover records = { 0 }, cover;
		int n = (int)(chance(&seed) % 12);

		for (int i = 0; i < n; i++)
			*arena_push(arena, &records) = chance_range(&seed, i);
		cover_make(arena, 4, &records, &cover);
		for (uint32_t i = 0; i < SPACE; i++) {
			uint32_t at = FIRST + i;

			if (!expect(end_of(&cover, at, false) ==
					    end_of(&records, at, true),
				    "round %d, address %u: %s of %s", round, i,
				    cover_text(4, &cover),
				    cover_text(4, &records)))
				return;
		}
		for (size_t i = 1; i < cover.n; i++)
			expect(addr6_compare(&cover.items[i - 1].range.last,
					     &cover.items[i].range.first) < 0,
			       "round %d: not ascending", round);
	}
}

/* ---- a change of a part ---- */

static void meeting(const struct cover *all, const struct range6 *part,
		    struct cover *out)
{
	for (size_t i = 0; i < all->n; i++)
		if (cover_meets(&all->items[i].range, part))
			*arena_push(arena, out) = all->items[i];
}

static void widen_part(const struct cover *all, struct range6 *part)
{
	for (size_t again = 0; again <= all->n; again++)
		for (size_t i = 0; i < all->n; i++) {
			const struct range6 *r = &all->items[i].range;

			if (!cover_meets(r, part))
				continue;
			if (addr6_compare(&r->first, &part->first) < 0)
				part->first = r->first;
			if (addr6_compare(&r->last, &part->last) > 0)
				part->last = r->last;
		}
}

static void apply_difference(struct cover *set, const struct cover *gone,
			     const struct cover *come)
{
	for (size_t i = 0; i < gone->n; i++) {
		bool found = false;

		for (size_t k = 0; k < set->n && !found; k++)
			if (!memcmp(&set->items[k].range, &gone->items[i].range,
				    sizeof(struct range6))) {
				set->items[k] = set->items[--set->n];
				found = true;
			}
		expect(found, "a range goes that is not there");
	}
	for (size_t i = 0; i < come->n; i++) {
		for (size_t k = 0; k < set->n; k++)
			expect(!cover_meets(&set->items[k].range,
					    &come->items[i].range),
			       "a range comes that meets another");
		*arena_push(arena, set) = come->items[i];
	}
}

CLAIM(parts, "the difference of a part makes the whole set that of all records")
{
	uint64_t seed = 11;
	struct cover records = { 0 }, set = { 0 }, want;

	for (int64_t id = 1; id < 3000; id++) {
		struct cover_range r = chance_range(&seed, id);
		struct cover before = { 0 }, after = { 0 }, was, is, gone, come;
		bool removes = records.n > 8 || (records.n && id % 3 == 0);
		size_t which = removes ? (size_t)chance(&seed) % records.n : 0;
		struct range6 part =
			removes ? records.items[which].range : r.range;

		widen_part(&records, &part);
		meeting(&records, &part, &before);
		if (removes)
			records.items[which] = records.items[--records.n];
		else
			*arena_push(arena, &records) = r;
		meeting(&records, &part, &after);
		cover_make(arena, 4, &before, &was);
		cover_make(arena, 4, &after, &is);
		cover_difference(arena, &was, &is, &gone, &come);
		apply_difference(&set, &gone, &come);
		cover_make(arena, 4, &records, &want);
		if (!expect(set.n == want.n, "step %lld: %zu ranges, not %zu",
			    (long long)id, set.n, want.n))
			return;
		for (uint32_t i = 0; i < SPACE; i++)
			expect(end_of(&set, FIRST + i, false) ==
				       end_of(&want, FIRST + i, true),
			       "step %lld, address %u", (long long)id, i);
	}
}

CLAIM(members, "the kernel gets the time that is left, and nothing that ended")
{
	struct cover cover;
	struct set_members m;

	cover_parse("10.0.0.1=5 10.0.0.3=6 10.0.0.5=9 10.0.0.7=stays", &cover);
	cover_members(arena, 4, &cover, 6000, &m);
	assert_int_equal(m.v4.n, 2);
	expect_number("the third", m.timeouts_ms[0], 3000);
	expect_number("stays", m.timeouts_ms[1], 0);
	expect_number("its address", m.v4.items[0].first, 0x0a000005);
	cover_members(arena, 4, &cover, 8999, &m);
	expect_number("a moment before", m.timeouts_ms[0], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { CLAIMED(covers), CLAIMED(by_chance),
					    CLAIMED(parts), CLAIMED(members) };

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
