/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes the counts of a monitor in the text exposition format 0.0.4 of
 * Prometheus. The names are a contract and stand in mailwall(8): some are
 * added, none is renamed. Everything is borrowed for the call; the kernel is
 * not read.
 */
#ifndef MAILWALL_METRICS_H
#define MAILWALL_METRICS_H

#include "../../plugin/engine/engine.h"
#include "../event/sight_view.h"

#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct metrics_clause {
	const char *id, *text; /* "residential:17", "block smtp reset log" */
	uint64_t packets, bytes;
	bool observed; /* mode observe lets its packets through */
	uint64_t observed_packets, observed_bytes;
};

struct metrics_fault {
	const char *name, *object; /* "device-missing", "eth7" */
};

struct metrics_guard {
	const char *name; /* counter of the guard */
	uint64_t packets;
};

struct metrics_set {
	const char *name;
	uint64_t elements, size; /* size 0: not limited */
	bool known;		 /* elements was counted */
};

/* The figures. Ids of clauses are unique, and so are names of sets. */
struct metrics {
	const struct engine_summary *summary; /* NULL: nothing is watched */
	uint64_t lost, unlogged;	      /* packets */
	bool lost_exact;
	const struct metrics_clause *clauses;
	size_t n_clauses;
	const struct metrics_set *sets;
	size_t n_sets;
	const struct metrics_guard *guards;
	size_t n_guards;
	bool loaded_known;	     /* policy and digest were read */
	const char *policy, *digest; /* NULL: nothing is loaded */
	bool drift_known, drift;
	bool acting, observes; /* the loaded policy does */
	const struct metrics_fault *faults;
	size_t n_faults;
	bool trial_known; /* whether there is one was looked for */
	bool has_trial;	  /* a policy is on trial */
	uint64_t trial_left_s;
	bool trial_counts; /* newly blocked sources, up to a number */
	uint32_t trial_sources4, trial_sources6, trial_sources_most;
	const struct sight_view *sight; /* NULL: no monitor */
	bool has_priv, priv_up; /* the process that keeps CAP_NET_ADMIN */
	bool has_quarantine;
	uint64_t quarantine_waiting, quarantine_flagged;
	uint64_t quarantine_refused, quarantine_forgotten;
	bool has_store;
	uint64_t store_rows, store_errors;
	int64_t start_s; /* start of the process; 0: unknown */
};

/* Writes all metrics. 0, or -EIO for a failed stream. */
int metrics_write(const struct metrics *m, FILE *out);

#endif
