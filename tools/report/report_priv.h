/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of the making of a report. */
#ifndef MAILWALL_REPORT_PRIV_H
#define MAILWALL_REPORT_PRIV_H

#include "report.h"
#include "progress.h"
#include "../store/store_read.h"

#include "../../rules/base/arena.h"

#define HOUR_S 3600
#define DAY_S  86400

/* What is added up for each source; by its number. */
struct sum {
	uint8_t family; /* 0: not there */
	bool wanted;
	struct addr6 address;
	int64_t first_s, last_s;
	uint32_t now[OUTCOME_N], before;
	uint64_t ports; /* bits of report.ports */
	uint32_t findings;
	bool tls; /* was on a port whose users have TLS */
};

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
	uint32_t clause; /* the wished one; 0: all, UINT32_MAX: not known */
	struct local_hour *hours; /* of the period, from its first one */
	int64_t first_hour;
	size_t n_hours;
	struct report_source *shown; /* in the second pass */
	bool before;		     /* which period is being read */
	int64_t watched_to_s;
	struct progress progress;
	uint64_t rows;
};

/* ---- report.c ---- */

/* a / unit, rounded up */
int64_t report_up(int64_t a, int64_t unit);

/* ---- report_lists.c: 0, or -errno of the store ---- */

/* Findings, loads and runs; the findings of each source are noted with it. */
int report_read_happenings(struct report_builder *m);
/* Fills the lists of a report from what was added up. */
int report_lists(struct report_builder *m);

#endif
