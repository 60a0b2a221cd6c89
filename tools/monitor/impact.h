/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The effect that a policy would have on the traffic of a capture: attempts
 * that each clause decides, sources that would be blocked. Without a policy
 * nothing is counted.
 */
#ifndef MAILWALL_IMPACT_H
#define MAILWALL_IMPACT_H

#include "../../plugin/engine/engine.h"
#include "../program/program.h"

#include <jansson.h>

#include <stdint.h>

#define IMPACT_SERVERS_MOST 16

struct clause_impact {
	const struct clause *clause;
	uint64_t attempts; /* decided by it */
	uint64_t answered; /* a block would be news to so many */
};

struct impact {
	const struct policy *policy; /* NULL: nothing is counted */
	struct clause_impact *clauses;
	size_t n_clauses;
	uint64_t undecided; /* attempts that no clause decides */
	uint64_t would_block, newly_blocked; /* attempts; the latter answered */
	uint64_t sources, servers; /* with attempts that would be blocked */
	struct source_view servers_shown[IMPACT_SERVERS_MOST];
	size_t n_shown;
};

/* Begins to count for the clauses of policy (or NULL), which outlives i. */
void impact_init(struct impact *i, struct program *p,
		 const struct policy *policy);
/* Counts an attempt. */
void impact_add(struct impact *i, const struct attempt_event *event);
/* Counts a source, if the policy would block attempts of it. */
void impact_add_source(struct impact *i, const struct source_view *view);
/* Makes the event "impact"; there must be a policy. */
json_t *impact_json(const struct impact *i);

#endif
