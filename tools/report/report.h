/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A report is made from the store once, and then written by any of the writers
 * of writer.h. It compares a period with the one of the same length before.
 * Times are seconds since 1970; a period is from since up to, not with, until.
 */
#ifndef MAILWALL_REPORT_H
#define MAILWALL_REPORT_H

#include "../program/program.h"
#include "../store/store.h"
#include "report_query.h"
#include "report_rows.h"

enum report_mode {
	REPORT_UNKNOWN,
	REPORT_NONE, /* nothing was loaded */
	REPORT_ENFORCE,
	REPORT_OBSERVE
};

struct report {
	struct arena *arena;
	struct report_query query;
	int64_t made_s;
	struct tally now, before;
	struct {
		struct report_port items[REPORT_PORTS_MOST]; /* ascending */
		size_t n;
	} ports;
	uint64_t sources, sources_before;
	uint64_t folded; /* attempts whose sources were folded into one */
	struct report_sources top;	  /* most attempts first */
	struct report_sources first_seen; /* in this period */
	struct report_sources quiet;	  /* seen in the period before only */
	struct {
		struct report_finding *items; /* latest first */
		size_t n, cap;
	} findings;
	struct {
		struct report_host *items; /* latest first */
		size_t n;
	} hosts; /* the same findings, by source and episode */
	struct {
		struct report_clause *items; /* most attempts first */
		size_t n;
	} clauses;
	struct {
		struct report_cleartext *items;
		size_t n, cap;
	} cleartext;
	struct {
		struct report_loaded *items; /* latest first */
		size_t n, cap;
	} loaded;
	struct {
		struct report_bucket *items;
		size_t n;
		int64_t seconds; /* 3600 or 86400 each */
	} timeline;		 /* hours, or days if the period is long */
	uint64_t heat[7][24]; /* attempts by local weekday (Monday 0), hour */
	uint64_t lost, unlogged; /* packets missed by the monitor */
	uint64_t steps;		 /* times that the clock was set */
	/* Modes of loaded policies; the latest, and bits of all in the period
	 */
	enum report_mode mode;
	unsigned int modes;
	bool modes_known;  /* including that of the beginning */
	int64_t watched_s; /* seconds with a running monitor */
};

/* Makes a report; all of it lives in the arena. 0, or -errno and why. */
int report_make(struct store *store, struct arena *arena,
		const struct report_query *query, struct report *out,
		struct fault *f);

/* "enforce", "observe", "none"; "unknown": the store does not say. */
const char *report_mode_name(enum report_mode mode);
/* Had a policy mode observe in the period, at least in a part of it? */
static inline bool report_observed(const struct report *r)
{
	return r->modes >> REPORT_OBSERVE & 1 || r->now.observed;
}
/* In all of it? */
static inline bool report_only_observed(const struct report *r)
{
	return r->modes_known && r->modes == 1u << REPORT_OBSERVE;
}

/* Makes the hosts of the findings. */
void report_hosts(struct report *r);
/* Did an earlier one of the tests say the same by the same detector? */
bool report_host_has(const struct report_host *h, size_t test);

#endif
