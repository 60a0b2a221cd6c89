/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A contact: a network that a source met, in twelve bytes. Times are seconds
 * since 1970.
 */
#ifndef MAILWALL_CONTACT_H
#define MAILWALL_CONTACT_H

#include <stdint.h>

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

#endif
