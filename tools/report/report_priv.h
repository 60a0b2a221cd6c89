/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making a report: the sums, and what is read on the way. */
#ifndef MAILWALL_REPORT_PRIV_H
#define MAILWALL_REPORT_PRIV_H

#include <stdio.h>
#include "report.h"
#include "progress.h"
#include "../store/store_read.h"

#include "../../rules/base/arena.h"

#include <stdint.h>
#include <stdbool.h>

#define HOUR_S 3600
#define DAY_S  86400

/* Sums of one source. The index is its number in the store. */
struct sum {
	uint8_t family; /* 0: no such source */
	bool wanted;
	struct addr6 address;
	int64_t first_s, last_s;
	uint32_t now[OUTCOME_N], before;
	uint64_t observed;
	uint64_t ports; /* bits, by the index in report.ports */
	uint32_t findings;
	bool mail_server;
	uint16_t systems;
	bool tls; /* used a port whose users have TLS */
};

/* Prints what a finding says of its source; false: its detector is unknown. */
bool report_print_meaning(const struct report_finding *f, FILE *out);

struct local_hour {
	uint8_t weekday, hour;
};

struct report_builder {
	struct store *store;
	struct report *report;
	struct arena *arena;
	struct sum *sums;
	uint32_t n_sums;
	const char **clauses;
	uint64_t *clauses_now, *clauses_before;
	uint32_t n_clauses;
	uint32_t clause; /* number of the query's clause; 0: all, UINT32_MAX:
			    unknown */
	struct local_hour
		*hours; /* local hours of the period, from first_hour */
	int64_t first_hour;
	size_t n_hours;
	struct report_source *shown; /* source of the second pass */
	bool before;		     /* reading the period before */
	int64_t watched_to_s;
	struct progress progress;
	uint64_t rows;
};

/* Divides, rounding up. */
static inline int64_t report_up(int64_t a, int64_t unit)
{
	return (a + unit - 1) / unit;
}

/* ---- report_lists.c: 0, or -errno of the store ---- */

/*
 * Reads findings, loaded policies and runs, and notes findings with their
 * sources.
 */
int report_read_happenings(struct report_builder *m);
/* Fills the lists of a report from what was added up. */
int report_lists(struct report_builder *m);

#endif
