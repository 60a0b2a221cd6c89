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
#include "../memory/hash.h"
#include "../memory/index.h"
#include "contact.h"
#include "history_cold.h"

struct history {
	float sum[SUMS_OFTEN];
	uint32_t sums_s, abandon_s, late_s; /* last time they were lowered */
	uint8_t answered, failed;	    /* recent attempts to transport */
	uint8_t port;
	uint8_t family : 4, submits : 1, /* has contacts of submission */
		found_high : 3;		 /* the bits above those of found */
	struct contact *contacts;
	struct cold *cold; /* NULL: all 0 */
	uint16_t n_contacts, contacts_cap;
	uint16_t users; /* behind the address, by its class */
	uint16_t found; /* bits of the detectors reported: see below */
};
_Static_assert(sizeof(struct history) <= 64, "a cache line at most");

/* The detectors that reported the source, a bit each. */
static inline uint32_t history_found(const struct history *h)
{
	return h->found | (uint32_t)h->found_high << 16;
}

static inline void history_set_found(struct history *h, uint32_t found)
{
	h->found = (uint16_t)found;
	h->found_high = (uint8_t)(found >> 16) & 7;
}

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
struct pace *history_pace(struct sources *t, struct history *h);

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
