/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "internet.h"

#include <stdbool.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Providers: the share of all domains that they run mail for, the number of MX
 * names, addresses behind a name, addresses in an answer, /16s. Assumptions;
 * names, answers and /16s are what one sees asking a resolver for a few days.
 */
static const struct provider {
	const char *name;
	double share;
	uint8_t names, pool, answers, groups;
} providers[] = {
	{ "google", .13, 5, 6, 1, 5 },	  { "microsoft", .10, 1, 16, 4, 3 },
	{ "yahoo", .001, 3, 8, 4, 3 },	  { "apple", .001, 2, 6, 3, 2 },
	{ "gmx", .001, 2, 2, 1, 3 },	  { "mail.ru", .002, 1, 4, 2, 2 },
	{ "qq", .01, 3, 6, 2, 4 },	  { "yandex", .01, 1, 5, 1, 3 },
	{ "t-online", .001, 4, 1, 1, 1 }, { "orange", .001, 1, 4, 2, 2 },
	{ "comcast", .001, 2, 4, 2, 3 },  { "proofpoint", .025, 2, 6, 2, 4 },
	{ "mimecast", .015, 2, 8, 4, 4 }, { "godaddy", .05, 2, 4, 1, 4 },
	{ "ovh", .03, 4, 2, 1, 4 },	  { "ionos", .03, 2, 2, 1, 3 },
	{ "namecheap", .02, 5, 1, 1, 2 }, { "hostinger", .015, 2, 2, 1, 2 },
	{ "zoho", .01, 3, 2, 1, 3 },	  { "strato", .01, 1, 2, 1, 1 },
};

/* Mailboxes of the most popular domains; numbers are rows of providers[]. */
static const uint8_t consumer[] = {
	0,  /* gmail.com */
	1,  /* outlook.com */
	2,  /* yahoo.com */
	1,  /* hotmail.com */
	3,  /* icloud.com */
	4,  /* gmx */
	4,  /* web.de */
	2,  /* aol.com */
	1,  /* live.com */
	5,  /* mail.ru */
	6,  /* qq.com */
	7,  /* yandex.ru */
	8,  /* t-online.de */
	9,  /* orange.fr */
	10, /* comcast.net */
	0,  /* googlemail.com */
};

#define HOSTERS	     600
#define HOSTER_SHARE .30 /* assumption, as are the two above and below */
#define TAIL_GROUPS  6000
#define HOSTER_GROUP 1000   /* numbers of groups: providers are below this, */
#define TAIL_GROUP   100000 /* hosters below this, the tail from here on */

static bool public_group(uint32_t group)
{
	uint32_t first = group >> 8, second = group & 255;

	if (first == 0 || first == 10 || first == 127 || first >= 224)
		return false;
	if (first == 100 && second >= 64 && second < 128)
		return false;
	if (first == 172 && second >= 16 && second < 32)
		return false;
	return group != 0xa9fe && group != 0xc0a8 && group != 0xc612 &&
	       group != 0xc613;
}

/* The upper half of an address for a group's number. */
static uint32_t group_of(const struct internet *net, uint32_t number)
{
	uint64_t x = chance_mix(net->seed, number);

	while (!public_group((uint32_t)(x >> 48)))
		x = chance_hash(x + 1);
	return (uint32_t)(x >> 48);
}

static struct exchange exchange_provider(unsigned row)
{
	const struct provider *p = &providers[row];

	return (struct exchange){
		.key = row,
		.names = p->names,
		.pool = p->pool,
		.answers = p->answers,
		.groups = p->groups,
		.first_group = row * 16,
	};
}

/* Big hosters have more of the domains: their number is by Zipf. */
static struct exchange exchange_hoster(uint64_t x)
{
	uint32_t hoster = chance_zipf_of(chance_unit_of(x), HOSTERS);
	uint64_t of = chance_mix(HOSTERS, hoster);

	return (struct exchange){
		.key = HOSTER_GROUP + hoster,
		.names = (uint8_t)(1 + of % 2),
		.pool = (uint8_t)(1 + (of >> 8) % 4),
		.answers = 1,
		.groups = (uint8_t)(1 + (of >> 16) % 3),
		.first_group = HOSTER_GROUP + hoster * 16,
	};
}

/* An exchanger of one's own, in three of ten cases a second one elsewhere. */
static struct exchange exchange_own(uint32_t domain, uint64_t x)
{
	double at = chance_unit_of(x); /* squared: some networks host more */
	uint8_t names = (uint8_t)(1 + (x % 10 < 3));

	return (struct exchange){
		.key = TAIL_GROUP + domain,
		.names = names,
		.pool = 1,
		.answers = 1,
		.groups = names,
		.first_group = TAIL_GROUP + (uint32_t)(TAIL_GROUPS * at * at),
	};
}

struct exchange internet_exchange(const struct internet *net, uint32_t domain)
{
	uint64_t x = chance_mix(net->seed ^ 0x6d78, domain);
	double unit = chance_unit_of(x);

	if (domain < COUNT(consumer))
		return exchange_provider(consumer[domain]);
	for (unsigned i = 0; i < COUNT(providers); i++) {
		if (unit < providers[i].share)
			return exchange_provider(i);
		unit -= providers[i].share;
	}
	if (unit < HOSTER_SHARE)
		return exchange_hoster(chance_hash(x));
	return exchange_own(domain, chance_hash(x));
}

uint32_t internet_address(const struct internet *net, const struct exchange *e,
			  unsigned name, unsigned member)
{
	uint64_t x = chance_mix(net->seed + e->key, name * 256 + member);
	uint32_t group = (name + member) % e->groups;
	uint32_t number = e->first_group + group;

	if (e->first_group >= TAIL_GROUP) /* the second one is far away */
		number = TAIL_GROUP +
			 (number - TAIL_GROUP + group * 2477) % TAIL_GROUPS;
	return group_of(net, number) << 16 | (uint32_t)(x % 0xfffe + 1);
}

unsigned internet_mx(const struct internet *net, uint32_t domain,
		     struct chance *c, uint32_t *addresses, unsigned most)
{
	struct exchange e = internet_exchange(net, domain);
	unsigned n = 0;

	for (unsigned name = 0; name < e.names && n < most; name++) {
		unsigned turn = e.pool > 1 ? chance_below(c, e.pool) : 0;

		for (unsigned i = 0; i < e.answers && n < most; i++)
			addresses[n++] = internet_address(net, &e, name,
							  (turn + i) % e.pool);
	}
	return n;
}

uint32_t internet_smarthost(const struct internet *net, uint32_t domain,
			    unsigned member)
{
	struct exchange e = internet_exchange(net, domain);

	return internet_address(net, &e, 64, member % 3);
}

uint32_t internet_public(struct chance *c)
{
	for (;;) {
		uint32_t address = (uint32_t)(chance_next(c) >> 32);

		if (public_group(address >> 16))
			return address;
	}
}
