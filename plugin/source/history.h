/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The history of a source: the networks that it met (IPv4 /16, IPv6 /32: a
 * provider rotates its addresses within one), and the sums of its detectors.
 * Most sources meet a few networks and are never answered. What these need is
 * small and lies together; the cold part is apart.
 */
#ifndef MAILWALL_HISTORY_H
#define MAILWALL_HISTORY_H

#include "../../rules/base/addr.h"
#include "../memory/distinct.h"
#include "../memory/hash.h"
#include "../memory/index.h"
#include "detectors.h"

/* ---- a contact: a network that was met ---- */

enum {
	CONTACT_SUBMISSION = 1 << 0, /* else transport */
	CONTACT_PENDING = 1 << 1,    /* not known yet if it was abandoned */
	CONTACT_RETRIED = 1 << 2,
	CONTACT_LATE = 1 << 3,	   /* as PENDING, for the late test */
	CONTACT_RETURNED = 1 << 4, /* last credit counted as a return */
	CONTACT_HIT = 1 << 5,	   /* 3 bits from here: attempts */
	CONTACT_CREDIT = 1 << 8,   /* 8 bits from here: last credit */
};
#define CONTACT_HITS_MOST 7u
#define CONTACT_CREDITS	  255u

struct contact {
	/* IPv4: the first address that was met; IPv6: the network. */
	uint32_t address;
	uint32_t first_s; /* 0: the place is free */
	uint16_t span;	  /* from the first attempt to the last: see below */
	uint16_t bits;
};

/*
 * A span counts in seconds for nine hours and in units of 64 seconds beyond
 * that. Before it overflows, the contact becomes younger: ages beyond twelve
 * days make no difference.
 */
#define SPAN_FINE 0x8000u
#define SPAN_MOST (SPAN_FINE + (SPAN_FINE - 1) * 64)

static inline uint32_t contact_span_s(const struct contact *c)
{
	return c->span < SPAN_FINE ? c->span :
				     SPAN_FINE + (c->span - SPAN_FINE) * 64;
}

static inline uint32_t contact_last_s(const struct contact *c)
{
	return c->first_s + contact_span_s(c);
}

static inline uint32_t contact_hits(const struct contact *c)
{
	return c->bits / CONTACT_HIT % (CONTACT_HITS_MOST + 1);
}

static inline void contact_start(struct contact *c, uint32_t time_s)
{
	c->first_s = time_s ? time_s : 1;
	c->span = 0;
	c->bits &= CONTACT_SUBMISSION;
}

static inline void contact_touch(struct contact *c, uint32_t time_s)
{
	uint32_t span_s = time_s > c->first_s ? time_s - c->first_s : 0;

	if (span_s > SPAN_MOST) {
		c->first_s = time_s - SPAN_MOST / 2;
		span_s = SPAN_MOST / 2;
	}
	c->span = (uint16_t)(span_s < SPAN_FINE ?
				     span_s :
				     SPAN_FINE + (span_s - SPAN_FINE) / 64);
}

/*
 * The time of the last credit, in minutes after the first attempt; 0: none.
 * Only its remainder by 255 is kept. The span tells the last attempt to two
 * minutes, and the credit is the latest minute before that with the remainder.
 */
static inline uint32_t contact_credit_min(const struct contact *c)
{
	uint32_t most = contact_span_s(c) / 60 + 2;
	uint32_t credit = c->bits / CONTACT_CREDIT;

	if (!credit)
		return 0;
	return most - (most + 1 + CONTACT_CREDITS - credit) % CONTACT_CREDITS;
}

static inline void contact_credit(struct contact *c, uint32_t minutes)
{
	c->bits = (uint16_t)(c->bits % CONTACT_CREDIT +
			     (minutes % CONTACT_CREDITS + 1) * CONTACT_CREDIT);
}

/* ---- the cold part ---- */

/* A network that is being walked: a bitmap of hashed addresses. */
struct scan {
	uint32_t group, since_s;
	uint64_t bits[8];
};

#define USAGE_USERS   5
#define USAGE_SERVERS 3
#define USAGE_HELOS   3

/* Use of submission and access ports. */
struct usage {
	uint32_t hour, in_hour; /* hours since 1970 */
	uint32_t active;	/* one bit an hour, this one the lowest */
	uint8_t busy_hours;	/* in a row */
	uint32_t window_s[2];	/* storms: IMAP, POP3 */
	uint16_t in_window[2], before[2];
	uint32_t users[USAGE_USERS]; /* hashes, of failed logins */
	uint32_t servers[USAGE_SERVERS];
	uint32_t helo_hour, helos[USAGE_HELOS];
	uint8_t n_users, n_servers, n_helos;
};

/* Adds a hash to a set of a few. */
static inline void usage_note(uint32_t *list, uint8_t *n, uint8_t most,
			      uint64_t hash)
{
	uint32_t value = (uint32_t)hash | 1;

	for (uint8_t i = 0; i < *n; i++)
		if (list[i] == value)
			return;
	if (*n < most)
		list[(*n)++] = value;
}

#define EXAMPLES_MOST 8

/* The part that an attempt to a new network does not need. */
struct cold {
	struct distinct others; /* destinations that are no contact's */
	uint32_t overlap;	/* contacts whose address is in others */
	uint8_t n_examples;	/* destinations among the others */
	uint8_t odd_helo;	/* 1: it was added to the outcome */
	uint8_t padding[2];
	float sum[SUMS_COLD];
	uint32_t found_s, direct_s, aged_s;
	uint8_t *examples; /* 4 or 16 bytes each */
	uint64_t inbound;  /* groups that it accepts mail from */
	struct scan *scan;
	struct usage *usage;
};

struct history {
	float sum[SUMS_OFTEN];
	uint32_t sums_s, abandon_s, late_s; /* last time they were lowered */
	uint8_t answered, failed;	    /* recent attempts to transport */
	uint8_t port;
	uint8_t family : 4, submits : 1; /* has contacts of submission */
	struct contact *contacts;
	struct cold *cold; /* NULL: all 0 */
	uint16_t n_contacts, contacts_cap;
	uint16_t users; /* behind the address, by its class */
	uint16_t found; /* bits of the detectors reported */
};
_Static_assert(sizeof(struct history) == 64, "a cache line");

#define USERS_NORMAL 50.0f /* behind an address that is not shared */

/* 1, or users behind the address by what is normal. */
static inline float history_shared(const struct history *h)
{
	return h->users > USERS_NORMAL ? h->users / USERS_NORMAL : 1;
}

/* Answered is more than one attempt in so many: then its port is open. */
#define OPEN_ONE_IN 5

static inline bool history_is_open(const struct history *h)
{
	return h->answered * OPEN_ONE_IN > h->answered + h->failed;
}

/* Places of the largest table; a quarter stays free. */
#define CONTACTS_MOST 1024u
#define CONTACTS_KEPT (CONTACTS_MOST / 4 * 3)
/* So many contacts stand in a row; more stand by their hash. */
#define CONTACTS_ROW 21u

struct sources;
struct source;

/* Bytes of a table of n contacts. */
static inline size_t history_contacts_size(uint32_t n)
{
	return n * sizeof(struct contact);
}

/* Bytes of an address among the examples. */
static inline size_t history_address_size(const struct history *h)
{
	return h->family == 4 ? 4 : 16;
}

/* Prefetches a history. */
static inline void history_prefetch(const struct history *h)
{
	__builtin_prefetch(h, 1);
	__builtin_prefetch((const char *)(h + 1) - 1, 1);
}

/* Gives a source a history; others may have to go. 0 or -ENOMEM. */
int history_make(struct sources *t, struct source *s);
/* Frees the history of a source, if it has one. */
void history_end(struct sources *t, struct source *s);
/* The cold part and its parts, made if need be; NULL: no memory. */
struct cold *history_cold(struct sources *t, struct history *h);
struct scan *history_scan(struct sources *t, struct history *h);
struct usage *history_usage(struct sources *t, struct history *h);

/* The cold part for reading: never NULL. */
extern const struct cold history_cold_none;
static inline const struct cold *history_cold_of(const struct history *h)
{
	return h->cold ? h->cold : &history_cold_none;
}

static inline uint32_t contact_group(const struct history *h,
				     const struct contact *c)
{
	return h->family == 4 ? c->address >> 16 : c->address;
}

/* The contact with a network, by group_of() and role; NULL: none. */
struct contact *history_contact(const struct sources *t,
				const struct history *h, uint32_t group,
				uint16_t role);
/* Prefetches the contact with a network. */
void history_prefetch_contact(const struct sources *t, const struct history *h,
			      uint32_t group);
/* Adds a contact where there is none; NULL: no memory. */
struct contact *history_meet(struct sources *t, struct history *h,
			     uint32_t address, uint16_t role, uint32_t time_s);
/* Removes contacts whose last attempt was before before_s. */
void history_age(struct sources *t, struct history *h, uint32_t before_s);
/* Adds a contact from a state file. */
void history_restore(struct sources *t, struct history *h,
		     const struct contact *contact);

/*
 * Counts a destination, if it is a new one. With IPv4, history_meet() counts
 * its address.
 */
void history_destination(struct sources *t, struct history *h,
			 const struct addr6 *destination);
/* How many destinations were counted; exact, or an estimate. */
uint64_t history_destinations(const struct history *h);
bool history_is_exact(const struct history *h);
/* Adds an example of the others, from a state file. */
void history_example(struct sources *t, struct history *h,
		     const uint8_t *address);
/* Writes up to EXAMPLES_MOST of the first destinations, then zeros. */
uint8_t history_examples(const struct history *h, struct addr6 *out);

#define DESTINATION_LIMITS                                                     \
	((struct distinct_limits){ .exact_most = 128, .log_registers = 8 })

#endif
