/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whom mail goes to: 200,000 domains, their mail exchangers and those one's
 * addresses. Nothing is stored; a seed and a domain's rank say it all, so two
 * worlds of one seed have the same domains at the same addresses.
 *
 * What the shape rests on, since a detector that counts networks depends on
 * it: a few providers run the mail of about half of all domains, each from
 * several names with several addresses in a few /16s, and a resolver hands
 * these out in turn. The rest are with some hundred hosters of one to three
 * /16s, or have an exchanger of their own anywhere. The shares and sizes in
 * internet.c are assumptions, in the order of what surveys of MX records
 * report. One thing was measured: a bot of 2011 behind a block (CTU-13,
 * scenario 6) met 463 addresses in 331 /16s.
 */
#ifndef MAILWALL_INTERNET_H
#define MAILWALL_INTERNET_H

#include <stddef.h>
#include <stdint.h>

#include "chance.h"

#define INTERNET_DOMAINS 200000

struct internet {
	uint64_t seed;
};

/* Those who run one set of exchangers; domains share it. */
struct exchange {
	uint64_t key;	 /* the same for two domains with the same exchangers */
	uint8_t names;	 /* MX records */
	uint8_t pool;	 /* addresses behind each */
	uint8_t answers; /* of them in one answer */
	uint8_t groups;	 /* /16s that they are in */
	uint32_t first_group; /* a number, see internet.c */
};

/* Of a domain's rank, the most popular being 0. */
struct exchange internet_exchange(const struct internet *, uint32_t domain);

/* Every address that it may ever answer with: names times pool of them. */
uint32_t internet_address(const struct internet *, const struct exchange *,
			  unsigned name, unsigned member);

/*
 * The addresses that a mail server would try, best first, most at most; the
 * turn of the resolver is by chance. Returns their number, 1 at least.
 */
unsigned internet_mx(const struct internet *, uint32_t domain, struct chance *,
		     uint32_t *addresses, unsigned most);

/* The submission host of a domain's operator, one of its three addresses. */
uint32_t internet_smarthost(const struct internet *, uint32_t domain,
			    unsigned member);

/* Any public address; hardly any answers. */
uint32_t internet_public(struct chance *);

#endif
