/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cold part of a history: destinations, scans, use of ports where mail is
 * submitted and read. Most histories have none.
 */
#ifndef MAILWALL_HISTORY_COLD_H
#define MAILWALL_HISTORY_COLD_H

#include "../../rules/base/watch.h"
#include "../memory/distinct.h"
#include "detectors.h"

/*
 * Attempts in a row, without a pause, to the first few addresses of the row.
 * Only a source of many attempts has one.
 */
struct pace {
	uint32_t since_s, last_s;
	uint16_t tags[PACE_MOST]; /* addresses, hashed */
	uint8_t hits[PACE_MOST];
	uint8_t n;
};

/* A network that is being walked: a bitmap of hashed addresses. */
struct scan {
	uint32_t group, since_s;
	uint64_t bits[8];
	struct pace pace; /* made with the scan */
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
	uint8_t n_examples : 7, /* destinations among the others */
		unsure : 1;	/* found while the monitor warmed up */
	uint8_t odd_helo;	/* 1: it was added to the outcome */
	uint16_t hidden;	/* headers since hidden_s */
	float sum[SUMS_COLD];
	uint32_t found_s, direct_s, aged_s, hidden_s;
	uint8_t *examples; /* 4 or 16 bytes each */
	uint64_t inbound;  /* groups that it accepts mail from */
	struct scan *scan;
	struct usage *usage;
};

#endif
