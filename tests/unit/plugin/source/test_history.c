/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The networks that a source met, and the destinations that it is counted by.
 */
#include "../../unit.h"
#include "../../../../plugin/source/source.h"

#define LIMIT ((size_t)64 << 20)
#define START 1767571200u

struct fixture {
	struct pool pool;
	struct sources sources;
	struct history *four, *six;
};

static struct history *history_of(struct fixture *f, uint8_t family)
{
	struct source *s =
		sources_touch(&f->sources, source_hash(&f->sources, family, 1),
			      family, 1, NULL);

	assert_non_null(s);
	assert_int_equal(history_make(&f->sources, s), 0);
	return s->history;
}

static struct fixture *fixture_of(size_t limit)
{
	struct hash_key key = { { 0x9ae16a3b2f90404fu, 0xc949d7c7509e6557u } };
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	pool_init(&f->pool, limit);
	assert_int_equal(sources_init(&f->sources, &f->pool, &key, 4096), 0);
	f->four = history_of(f, 4);
	f->six = history_of(f, 6);
	return f;
}

static void fixture_free(struct fixture *f)
{
	sources_free(&f->sources);
	pool_end(&f->pool);
	free(f);
}

static struct contact *meet(struct fixture *f, struct history *h,
			    uint32_t group, uint16_t role, uint32_t time_s)
{
	struct contact *c = history_contact(&f->sources, h, group, role);

	expect(!c, "group %u was there before", group);
	c = history_meet(&f->sources, h, h->family == 4 ? group << 16 : group,
			 role, time_s);
	assert_non_null(c);
	return c;
}

/* ---- contacts ---- */

CLAIM(contacts, "contacts are found by group and role, in a row or a table of "
		"1,024 places at most, a quarter of them free")
{
	struct fixture *f = fixture_of(LIMIT);

	for (uint32_t i = 0; i < CONTACTS_KEPT; i++) {
		meet(f, f->four, i / 2, i % 2 ? CONTACT_SUBMISSION : 0, i + 1);
		meet(f, f->six, i / 2, i % 2 ? CONTACT_SUBMISSION : 0, i + 1);
		for (uint32_t k = i < 40 ? 0 : i; k <= i; k++) {
			struct contact *c =
				history_contact(&f->sources, f->four, k / 2,
						k % 2 ? CONTACT_SUBMISSION : 0);

			expect(c && c->first_s == k + 1,
			       "with %u contacts, %u is another", i + 1, k);
		}
	}
	for (uint32_t i = 0; i < CONTACTS_KEPT; i++) {
		struct contact *c =
			history_contact(&f->sources, f->six, i / 2,
					i % 2 ? CONTACT_SUBMISSION : 0);

		expect(c && c->first_s == i + 1, "%u is another", i);
	}
	for (uint32_t i = 0; i < 20000; i++) {
		struct contact *c = meet(f, f->six, 100000 + i, 0, 10000 + i);

		expect(c == history_contact(&f->sources, f->six, 100000 + i, 0),
		       "%u is elsewhere", i);
	}
	expect_number("places", f->six->contacts_cap, CONTACTS_MOST);
	expect_number("contacts", f->six->n_contacts, CONTACTS_KEPT);
	fixture_free(f);
}

CLAIM(row, "a row fills the blocks that it lies in: 2, 5, 10 and 21 contacts, "
	   "of twelve bytes each")
{
	static const uint16_t caps[] = { 2, 5, 10, 21, 64 };
	struct fixture *f = fixture_of(LIMIT);
	size_t at = 0;

	expect_number("a contact", sizeof(struct contact), 12);
	for (uint32_t i = 1; i <= 40; i++) {
		meet(f, f->four, i, 0, START);
		if (i > caps[at])
			at++;
		expect(f->four->contacts_cap == caps[at],
		       "%u contacts have %u places", i, f->four->contacts_cap);
	}
	fixture_free(f);
}

/* What is there must be found, and nothing else. */
static void check_places(struct fixture *f, const struct history *h)
{
	uint32_t used = 0;

	for (uint32_t i = 0; i < h->contacts_cap; i++) {
		struct contact *c = &h->contacts[i];

		if (!c->first_s)
			continue;
		used++;
		expect(history_contact(&f->sources, h, contact_group(h, c),
				       c->bits & CONTACT_SUBMISSION) == c,
		       "place %u of %u is not found", i, h->contacts_cap);
	}
	expect_number("used", used, h->n_contacts);
}

CLAIM(removal, "every contact that is kept is found where it is looked for, "
	       "when others grow old or have to go")
{
	struct fixture *f = fixture_of(LIMIT);
	uint64_t seed = 7;

	for (uint32_t i = 1; i < 30000; i++) {
		uint32_t group = (uint32_t)(chance(&seed) % 3000);
		uint16_t role = i % 3 ? 0 : CONTACT_SUBMISSION;
		struct history *h = i % 2 ? f->four : f->six;
		struct contact *c =
			history_contact(&f->sources, h, group, role);

		if (c)
			contact_touch(c, START + i);
		else
			meet(f, h, group, role, START + i);
		if (i % 100 == 0) {
			history_age(&f->sources, h, START + i - i % 10000 / 10);
			check_places(f, h);
		}
	}
	fixture_free(f);
}

CLAIM(no_room, "without memory for a larger row, the oldest of a few makes "
	       "room")
{
	struct fixture *f = fixture_of((size_t)800 << 10);

	for (uint32_t i = 0; i < 3000; i++) {
		struct history *h = i % 2 ? f->four : f->six;

		while (pool_take(&f->pool, 1024))
			; /* what there is, something else has */
		if (!history_contact(&f->sources, h, i, 0) &&
		    !history_meet(&f->sources, h, i << (i % 2 ? 16 : 0), 0,
				  START + i))
			expect(!h->contacts_cap, "%u is not kept", i);
		check_places(f, h);
	}
	fixture_free(f);
}

/* ---- time ---- */

CLAIM(spans, "the last attempt is told to the second for nine hours, to 64 "
	     "seconds for three weeks, and beyond that still")
{
	struct contact c = { .first_s = 0 };
	uint32_t now = START, first = START;

	contact_start(&c, now);
	for (uint32_t i = 0; i < 20000; i++) {
		uint32_t off;

		now += i < 1000 ? 7 : i;
		contact_touch(&c, now);
		off = now - contact_last_s(&c);
		expect(off <= (now - first < 9 * 3600 ? 0 : 63),
		       "after %u s the last is %u s off", now - first, off);
		expect(now - c.first_s >= (now - first < 12 * 86400 ?
						   now - first :
						   12 * 86400),
		       "after %u s it is %u s old", now - first,
		       now - c.first_s);
	}
	contact_start(&c, 0);
	expect(c.first_s, "a contact at the beginning of time is none");
}

CLAIM(credits, "the minute of the last credit is told from what is kept of it")
{
	static const uint32_t apart[] = { 60, 90, 600, 3600, 4 * 3600, 86400 };

	for (size_t k = 0; k < sizeof(apart) / sizeof(*apart); k++) {
		struct contact c = { .first_s = 0 };
		uint32_t now = START, credit = 0;

		contact_start(&c, now);
		expect_number("none yet", contact_credit_min(&c), 0);
		for (uint32_t i = 0; i < 400; i++) {
			uint32_t minutes;

			now += apart[k];
			minutes = (now - c.first_s) / 60;
			/* As the judge does: one in ten minutes. */
			if (!credit || minutes >= credit + 10) {
				credit = minutes;
				contact_credit(&c, credit);
			}
			contact_touch(&c, now);
			if (now - START > 20 * 86400)
				break;
			expect(contact_credit_min(&c) == credit,
			       "every %u s: minute %u, not %u", apart[k],
			       contact_credit_min(&c), credit);
		}
	}
}

/* ---- destinations ---- */

static struct addr6 address_of(uint8_t family, uint32_t n)
{
	struct addr6 a = { { 0 } };

	if (family == 4) {
		addr4_store(&a, n);
	} else {
		addr4_store(&a, n >> 16);
		a.byte[15] = (uint8_t)n;
	}
	return a;
}

/* As the judge does with an attempt. */
static void attempt(struct fixture *f, struct history *h, uint32_t n,
		    uint16_t role, uint32_t now)
{
	struct addr6 a = address_of(h->family, n);
	struct contact *c = history_contact(&f->sources, h, n >> 16, role);

	if (c)
		contact_touch(c, now);
	else if (h->family == 4)
		history_meet(&f->sources, h, n, role, now);
	else
		history_meet(&f->sources, h, n >> 16, role, now);
	history_destination(&f->sources, h, &a);
}

CLAIM(destinations, "destinations are counted once each, whoever grows old, "
		    "exactly while they are few")
{
	static const uint32_t groups[] = { 1, 3, 12, 40, 90 };

	for (size_t k = 0; k < 2 * sizeof(groups) / sizeof(*groups); k++) {
		struct fixture *f = fixture_of(LIMIT);
		struct history *h = k % 2 ? f->four : f->six;
		uint32_t among = groups[k / 2], all = 0;
		bool seen[90][2] = { { 0 } };
		uint64_t seed = 23 + k;

		for (uint32_t i = 0; i < 3000 && all < 95; i++) {
			uint32_t g = (uint32_t)(chance(&seed) % among);
			uint32_t which = (uint32_t)(chance(&seed) % 2);
			struct addr6 a =
				address_of(h->family, (g + 1) << 16 | which);

			all += !seen[g][which];
			seen[g][which] = true;
			if (chance(&seed) % 4)
				attempt(f, h, (g + 1) << 16 | which,
					i % 3 ? 0 : CONTACT_SUBMISSION,
					START + i);
			else /* read mail, or talked */
				history_destination(&f->sources, h, &a);
			if (i % 50 == 49)
				history_age(&f->sources, h, START + i - 20);
			expect(history_destinations(h) == all,
			       "IPv%u, %u groups, attempt %u: %llu, not %u",
			       h->family, among, i,
			       (unsigned long long)history_destinations(h),
			       all);
			expect(history_is_exact(h), "it is an estimate");
		}
		fixture_free(f);
	}
}

CLAIM(many, "of many destinations the number is estimated")
{
	struct fixture *f = fixture_of(LIMIT);
	double n;

	for (uint32_t i = 0; i < 60000; i++)
		attempt(f, f->four, i * 2654435761u | 1u << 31, 0, START + i);
	n = (double)history_destinations(f->four);
	expect(!history_is_exact(f->four), "it is exact");
	expect(n > 45000 && n < 75000, "it is %.0f", n);
	fixture_free(f);
}

CLAIM(examples, "up to eight destinations are examples, each once, and all of "
		"them were met")
{
	struct fixture *f = fixture_of(LIMIT);

	for (uint32_t n = 1; n <= 12; n++) {
		struct history *both[] = { f->four, f->six };

		for (size_t k = 0; k < 2; k++) {
			struct addr6 list[EXAMPLES_MOST];
			struct history *h = both[k];
			uint8_t got;

			/* one network, then others */
			attempt(f, h, (n < 5 ? 7 : n) << 16 | n, 0, START + n);
			got = history_examples(h, list);
			expect(got == (n < EXAMPLES_MOST ? n : EXAMPLES_MOST),
			       "IPv%u: of %u there are %u", h->family, n, got);
			for (uint8_t i = 0; i < got; i++) {
				uint32_t last =
					list[i].byte[h->family == 4 ? 3 : 15];

				expect(last >= 1 && last <= n,
				       "IPv%u: number %u of %u is another",
				       h->family, i, n);
				for (uint8_t m = 0; m < i; m++)
					expect(memcmp(&list[i], &list[m],
						      sizeof(list[i])) != 0,
					       "IPv%u: one is there twice",
					       h->family);
			}
		}
	}
	fixture_free(f);
}

CLAIM(first_examples, "with many networks the examples are those that were met "
		      "first")
{
	struct fixture *f = fixture_of(LIMIT);
	struct addr6 list[EXAMPLES_MOST];

	for (uint32_t i = 0; i < 300; i++) {
		attempt(f, f->four, (300 - i) << 16 | i, 0, START + i / 2);
		expect(history_examples(f->four, list) ==
			       (i < EXAMPLES_MOST ? i + 1 : EXAMPLES_MOST),
		       "after %u there are others", i + 1);
		for (uint32_t k = 0; k < EXAMPLES_MOST && k <= i; k++)
			expect(list[k].byte[3] < EXAMPLES_MOST,
			       "after %u number %u is that of %u", i + 1, k,
			       list[k].byte[3]);
	}
	fixture_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(contacts),	 CLAIMED(row),	 CLAIMED(removal),
		CLAIMED(no_room),	 CLAIMED(spans), CLAIMED(credits),
		CLAIMED(destinations),	 CLAIMED(many),	 CLAIMED(examples),
		CLAIMED(first_examples),
	};

	return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
