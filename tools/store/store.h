/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was seen, in one SQLite file: attempts rolled up per minute, source,
 * port, clause and outcome, and the same per day, with the hours of the day;
 * findings; what was loaded when; when a monitor ran, and what it lost.
 *
 * Times are seconds since 1970; days and hours of the store are of UTC. A
 * function that can fail returns 0 or -errno. Nothing is printed: why is in the
 * fault of store_open(), and after it in store_fault().
 */
#ifndef MAILWALL_STORE_H
#define MAILWALL_STORE_H

#include "../../plugin/engine/engine.h"
#include "../program/fault.h"

#define STORE_PATH "/var/lib/mailwall/mailwall.db"

struct store;

/*
 * Opens the file. To be read it has to be there; to be written it is made, or
 * brought up to date. The path is borrowed until store_close().
 */
int store_open(const char *path, bool write, struct store **out,
	       struct fault *f);
void store_close(struct store *s);

/* ---- writing ---- */

/* Attempts of one minute that agree in all of this. */
struct store_row {
	int64_t minute;	     /* since 1970 */
	uint8_t family;	     /* 0: sources that were folded into one */
	struct addr6 source; /* an IPv6 source is a /64 */
	uint16_t port;
	uint8_t outcome;    /* enum outcome */
	const char *clause; /* "residential:17", or "" */
	int32_t attempts, syns;
};

struct store_finding {
	struct finding finding;
	bool keep_examples; /* the policy says so */
};

struct store_loaded {
	int64_t time_s;
	const char *policy; /* "": removed */
	const char *digest, *who;
	uint32_t generation;
};

/* A monitor, and what it did not see: told anew as long as it runs. */
struct store_run {
	/* 0: a new one; set by store_end(), until when it has to stay. */
	int64_t id;
	int64_t start_s, last_s;
	uint64_t lost, unlogged;
	const char *inputs; /* "eth1 nflog:25" */
};

/* A log, by what its first line hashes to, and how far it was taken in. */
struct store_imported {
	const char *key, *name;
	int64_t time_s;
	uint64_t bytes;
};

/*
 * One transaction: begin, any of add, and end. An error is kept until the end,
 * which returns it as -errno, or 0; then nothing was written. Nothing is said.
 */
void store_begin(struct store *s);
void store_add(struct store *s, const struct store_row *row);
/*
 * One attempt and one SYN less of the first row, if it has any, and then the
 * second one.
 */
void store_move(struct store *s, const struct store_row *from,
		const struct store_row *to);
void store_add_finding(struct store *s, const struct store_finding *f);
void store_add_loaded(struct store *s, const struct store_loaded *l);
void store_add_run(struct store *s, struct store_run *run);
void store_add_imported(struct store *s, const struct store_imported *i);
int store_end(struct store *s);
/* Bytes of a log that were taken in already; 0: none. */
uint64_t store_imported_bytes(struct store *s, const char *key);
/* SQLite's reason for the last failure. */
const char *store_why(const struct store *s);
/* "PATH": cannot be VERB: why. Fills the fault; returns the last -errno. */
int store_fault(const struct store *s, const char *verb, struct fault *f);

/*
 * A step of keeping within bounds, which takes some milliseconds: what is
 * older than keep_s goes, and the oldest while the file is larger than
 * most_bytes; 0: no bound. True: there is more to do. Errors as for
 * store_end(), in *error.
 */
bool store_trim(struct store *s, int64_t now_s, int64_t keep_s,
		uint64_t most_bytes, int *error);

/* ---- reading: everything within one consistent state ---- */

struct store_day {
	int64_t day;	 /* since 1970 */
	uint32_t source; /* a number of the store's; 0: folded */
	uint16_t port;
	uint8_t outcome;
	uint32_t clause;
	uint64_t attempts, syns;
	uint32_t hours[24]; /* attempts */
};
/* From day first up to, not with, end, in any order. */
int store_days(struct store *s, int64_t first, int64_t end,
	       void (*fn)(void *ctx, const struct store_day *d), void *ctx);

/* The same of one source. */
int store_days_of(struct store *s, uint32_t source, int64_t first, int64_t end,
		  void (*fn)(void *ctx, const struct store_day *d), void *ctx);

struct store_minute {
	int64_t minute;
	uint32_t source;
	uint16_t port;
	uint8_t outcome;
	uint32_t clause;
	uint32_t attempts, syns;
};
int store_minutes(struct store *s, int64_t first, int64_t end,
		  void (*fn)(void *ctx, const struct store_minute *m),
		  void *ctx);

struct store_source {
	uint32_t number;
	uint8_t family;
	struct addr6 source;
	int64_t first_s, last_s;
};
int store_sources(struct store *s,
		  void (*fn)(void *ctx, const struct store_source *source),
		  void *ctx);

struct store_clause {
	uint32_t number;
	const char *id;
};
int store_clauses(struct store *s,
		  void (*fn)(void *ctx, const struct store_clause *clause),
		  void *ctx);

/* Every port that was ever tried; ascending. */
int store_ports(struct store *s, void (*fn)(void *ctx, uint16_t port),
		void *ctx);

/* Findings with since <= time < until; latest first. */
struct store_found {
	int64_t time_s;
	uint32_t source;
	const char *finding, *detector, *examples;
	uint16_t port;
	uint64_t attempts, syns, destinations, groups;
	int64_t first_s, last_s;
	bool destinations_exact, proven, blocked;
};
int store_findings(struct store *s, int64_t since_s, int64_t until_s,
		   void (*fn)(void *ctx, const struct store_found *f),
		   void *ctx);
int store_loads(struct store *s, int64_t since_s, int64_t until_s,
		void (*fn)(void *ctx, const struct store_loaded *l), void *ctx);
int store_runs(struct store *s, int64_t since_s, int64_t until_s,
	       void (*fn)(void *ctx, const struct store_run *run), void *ctx);

#endif
