/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a person asks on Monday morning, answered from the store: a report is
 * made once and then written as text, JSON, CSV or a page. Times are seconds
 * since 1970; a period is from since up to, not with, until.
 */
#ifndef MAILWALL_REPORT_H
#define MAILWALL_REPORT_H

#include "../../plugin/engine/engine.h"
#include "../program/fault.h"
#include "../program/program.h"
#include "../store/store.h"

#define REPORT_PORTS_MOST 64
#define REPORT_SPARKS	  48 /* parts of the period, for a sparkline */

/* What is to be reported. */
struct report_query {
	int64_t since_s, until_s;
	uint16_t port;	 /* 0: all */
	bool has_source; /* only this one */
	uint8_t family;
	struct addr6 source;		     /* an IPv6 source is a /64 */
	const struct class *class;	     /* NULL: all; of a policy */
	const char *clause;		     /* "residential:17"; NULL: all */
	size_t top;			     /* sources in each list */
	const struct pseudonyms *pseudonyms; /* NULL: addresses */
};

/* "anon-k3v9q2mh" in place of an address, the same as long as the key is. */
struct pseudonyms {
	uint8_t key[32];
};
/* Reads the key from the file, which is made if there is none. */
int pseudonyms_read(struct pseudonyms *p, const char *path, struct fault *f);
/* The address of a source, or what stands for it. */
void report_name(const struct pseudonyms *p, uint8_t family,
		 const struct addr6 *source, char out[RANGE_TEXT_MAX]);

/* Attempts by outcome, as enum outcome has them. */
struct tally {
	uint64_t outcome[OUTCOME_N];
};
uint64_t tally_sum(const struct tally *t);

struct report_port {
	uint16_t port;
	struct tally now, before; /* before: the period of this length before */
	uint64_t sources;	  /* in this period */
};

#define SOURCE_PORTS_MOST 8

struct report_source {
	uint8_t family;
	uint32_t number; /* in the store */
	struct addr6 source;
	const char *name; /* to be printed: address, or a pseudonym */
	uint64_t attempts, before;
	struct tally now;
	int64_t first_s, last_s; /* that the store knows, not in the period */
	uint16_t ports[SOURCE_PORTS_MOST]; /* in this period, ascending */
	size_t n_ports;
	/* Bits (1u << enum finding_kind) of findings in this period. */
	uint32_t findings;
	uint32_t spark[REPORT_SPARKS]; /* attempts */
};

struct report_sources {
	struct report_source *items;
	size_t n;
	uint64_t all; /* that would be in the list, were it long enough */
};

struct report_finding {
	int64_t time_s;
	uint8_t family;
	struct addr6 source;
	const char *name;		/* of the source */
	const char *finding, *detector; /* "spam-source", "fast" */
	uint16_t port;
	uint64_t attempts, syns, destinations, groups;
	int64_t first_s, last_s;
	bool destinations_exact, proven, blocked;
	const char *examples; /* "192.0.2.1 192.0.2.2", or "" */
};

struct report_clause {
	const char *id; /* "residential:17"; "" for none */
	uint64_t attempts, before;
};

/* A user who logged in without encryption. */
struct report_cleartext {
	uint8_t family;
	struct addr6 source;
	const char *name;
	uint16_t port;
	int64_t last_s;
	bool uses_tls; /* was on a port whose users have TLS as well */
};

/* A policy that was loaded, or removed. */
struct report_loaded {
	int64_t time_s;
	const char *policy; /* "" : removed */
	const char *digest, *who;
	uint32_t generation;
};

/* One part of the period, of buckets that cover it. */
struct report_bucket {
	int64_t start_s;
	struct tally now;
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
	uint64_t folded; /* attempts of sources that were not kept apart */
	struct report_sources top; /* most attempts first */
	struct report_sources
		first_seen; /* seen for the first time in this period */
	struct report_sources quiet; /* seen in the one before, and not now */
	struct {
		struct report_finding *items; /* latest first */
		size_t n, cap;
	} findings;
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
	/* The period in equal parts: hours, or days if it is long. */
	struct {
		struct report_bucket *items;
		size_t n;
		int64_t seconds; /* of each: 3600 or 86400 */
	} timeline;
	uint64_t heat[7][24]; /* attempts by local weekday (Monday 0), hour */
	uint64_t lost, unlogged; /* packets that the monitor did not see */
	int64_t watched_s;	 /* of the period in which one was running */
};

/* Asks for the source of an address, as a person wrote it; false: it is none.
 */
bool report_query_source(struct report_query *query, const char *address);

/* Makes a report; all of it lives in the arena. 0, or -errno and why. */
int report_make(struct store *store, struct arena *arena,
		const struct report_query *query, struct report *out,
		struct fault *f);

#endif
