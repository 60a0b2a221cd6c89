/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of a report, which writers print. Texts live as long as the report;
 * those that came from logs or policies may hold any characters.
 */
#ifndef MAILWALL_REPORT_ROWS_H
#define MAILWALL_REPORT_ROWS_H

#include "../../plugin/engine/engine.h"

#include <stdint.h>
#include <stdbool.h>

#define REPORT_PORTS_MOST 64
#define REPORT_SPARKS	  48 /* parts of the period, for a sparkline */

/* Attempts by enum outcome. */
struct tally {
	uint64_t outcome[OUTCOME_N];
	uint64_t observed; /* among them, would be blocked: mode observe */
};
/* All attempts of a tally. */
static inline uint64_t tally_sum(const struct tally *t)
{
	uint64_t sum = 0;

	for (int i = 0; i < OUTCOME_N; i++)
		sum += t->outcome[i];
	return sum;
}

struct report_port {
	uint16_t port;
	struct tally now, before; /* before: in the period before */
	uint64_t sources;	  /* sources of this period */
};

#define SOURCE_PORTS_MOST 8

struct report_source {
	uint8_t family;
	uint32_t number; /* number in the store */
	struct addr6 source;
	const char *name; /* address or pseudonym, to be printed */
	uint64_t attempts, before;
	struct tally now;
	int64_t first_s, last_s;	   /* in all of the store */
	uint16_t ports[SOURCE_PORTS_MOST]; /* ports of this period, ascending */
	size_t n_ports;
	/* Bits (1u << enum finding_kind) of findings in this period. */
	uint32_t findings;
	bool mail_server;	       /* one of them says so */
	uint16_t systems;	       /* senders, by all of them */
	uint32_t spark[REPORT_SPARKS]; /* attempts */
};

struct report_sources {
	struct report_source *items;
	size_t n;
	uint64_t all; /* length of the list if it were not cut */
};

struct report_finding {
	int64_t time_s;
	uint8_t family;
	struct addr6 source;
	const char *name;		/* source, to be printed */
	const char *finding, *detector; /* "spam-source", "fast" */
	uint16_t port;
	uint64_t attempts, syns, destinations, groups;
	int64_t first_s, last_s;
	bool destinations_exact, proven, blocked;
	bool mail_server;     /* judge_mail_server() says so */
	uint16_t systems;     /* senders of its SYNs, by system_bit() */
	const char *examples; /* "192.0.2.1 192.0.2.2", or "" */
};

/*
 * Findings of one source, until it is quiet for a day. Counts are the
 * largest that a test has: all look at the same attempts.
 */
struct report_host {
	uint8_t family;
	struct addr6 source;
	const char *name;		     /* source, to be printed */
	const struct report_finding *lead;   /* gravest kind, and its latest */
	const struct report_finding **tests; /* evidence, in that order */
	size_t n_tests;
	int64_t time_s; /* latest finding */
	int64_t first_s, last_s;
	uint64_t attempts, syns, destinations, groups;
	/* By one of them at least. */
	bool proven, mail_server;
	uint16_t systems; /* senders, by all of them */
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
	bool uses_tls; /* also used a port whose users have TLS */
};

/* A policy that was loaded, or removed. */
struct report_loaded {
	int64_t time_s;
	const char *policy; /* "" : removed */
	const char *digest, *who;
	uint32_t generation;
	uint8_t mode; /* enum store_mode */
};

/* A part of the period. Buckets cover all of it. */
struct report_bucket {
	int64_t start_s;
	struct tally now;
};

#endif
