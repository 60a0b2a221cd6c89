/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading from a store. Each function calls fn for every row; texts of a row
 * live for the call. A store that was opened to be read shows one consistent
 * state until it is closed.
 */
#ifndef MAILWALL_STORE_READ_H
#define MAILWALL_STORE_READ_H

#include "../../rules/base/addr.h"
#include "store.h"

#include <stdint.h>
#include <stdbool.h>

struct store_day {
	int64_t day;	 /* days since 1970 */
	uint32_t source; /* number in the store; 0: folded */
	uint16_t port;
	uint8_t outcome;
	bool observed; /* as store_row.observed */
	uint32_t clause;
	uint64_t attempts, syns;
	uint32_t hours[24]; /* attempts */
};
/* Days from first up to, not with, end, in any order. */
int store_days(struct store *s, int64_t first, int64_t end,
	       void (*fn)(void *ctx, const struct store_day *d), void *ctx);

/* The days of one source. */
int store_days_of(struct store *s, uint32_t source, int64_t first, int64_t end,
		  void (*fn)(void *ctx, const struct store_day *d), void *ctx);

struct store_minute {
	int64_t minute; /* since 1970 */
	uint32_t source;
	uint16_t port;
	uint8_t outcome;
	bool observed;
	uint32_t clause;
	uint32_t attempts, syns;
};
/* Minutes from first up to, not with, end, in any order. */
int store_minutes(struct store *s, int64_t first, int64_t end,
		  void (*fn)(void *ctx, const struct store_minute *m),
		  void *ctx);

struct store_source {
	uint32_t number;
	uint8_t family;
	struct addr6 source;
	int64_t first_s, last_s;
};
/* All sources, in any order. */
int store_sources(struct store *s,
		  void (*fn)(void *ctx, const struct store_source *source),
		  void *ctx);

struct store_clause {
	uint32_t number;
	const char *id;
};
/* All clauses, by their numbers. */
int store_clauses(struct store *s,
		  void (*fn)(void *ctx, const struct store_clause *clause),
		  void *ctx);

/* Ports that were ever tried, ascending. */
int store_ports(struct store *s, void (*fn)(void *ctx, uint16_t port),
		void *ctx);

/* A finding, as it is read. */
struct store_found {
	int64_t time_s;
	uint32_t source;
	const char *finding, *detector, *examples;
	uint16_t port;
	uint64_t attempts, syns, destinations, groups;
	int64_t first_s, last_s;
	bool destinations_exact, proven, blocked;
	bool mail_server; /* false in files before version 4 */
	uint16_t systems; /* 0 in files before version 6 */
};
/* Findings with since_s <= time < until_s, latest first. */
int store_findings(struct store *s, int64_t since_s, int64_t until_s,
		   void (*fn)(void *ctx, const struct store_found *f),
		   void *ctx);
/* Loaded policies, in the same way. */
int store_loads(struct store *s, int64_t since_s, int64_t until_s,
		void (*fn)(void *ctx, const struct store_loaded *l), void *ctx);
/* Runs that overlap the period, by their start. */
int store_runs(struct store *s, int64_t since_s, int64_t until_s,
	       void (*fn)(void *ctx, const struct store_run *run), void *ctx);
/* Steps of the clock with since_s <= time < until_s, latest first. */
int store_steps(struct store *s, int64_t since_s, int64_t until_s,
		void (*fn)(void *ctx, const struct store_step *step),
		void *ctx);

#endif
