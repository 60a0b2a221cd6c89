/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What replay and watch share: an engine to their wishes, and tables of text.
 */
#ifndef MAILWALL_MONITOR_H
#define MAILWALL_MONITOR_H

#include "../../plugin/engine/engine.h"
#include "../capture/capture.h"
#include "../program/events.h"
#include "../program/program.h"

struct monitor_options {
	const struct policy *policy;
	const struct decide_input *members; /* of dynamic classes, or NULL */
	const char *interface;
	size_t memory;
	bool skip_warmup;
	void *ctx;
	void (*attempt)(void *ctx, const struct attempt_event *event);
	void (*early)(void *ctx, const struct attempt_event *event);
	void (*finding)(void *ctx, const struct finding *finding);
};

/* An exit code; what is wrong was said. */
int monitor_engine(const struct monitor_options *options, struct engine **out);

/* Becomes true when SIGINT or SIGTERM came. */
extern volatile bool monitor_stop;
void stop_on_signals(void);

/* ---- what a policy would do ---- */

struct clause_impact {
	const struct clause *clause;
	uint64_t attempts;
	uint64_t answered; /* so that a block would be news to them */
};

/* A source of which the policy would block attempts. */
struct impact {
	const struct policy *policy;
	struct clause_impact *clauses;
	size_t n_clauses;
	uint64_t undecided; /* attempts that no clause decides */
	uint64_t would_block, newly_blocked;
	uint64_t sources, servers;
	struct source_view servers_shown[16];
	size_t n_shown;
};

void impact_init(struct impact *i, struct program *p,
		 const struct policy *policy);
void impact_add(struct impact *i, const struct attempt_event *event);
void impact_add_source(struct impact *i, const struct source_view *view);
json_t *impact_json(const struct impact *i);

/* ---- text ---- */

/* As an event or as text. An exit code. */
int say_attempt(const struct program *p, const struct attempt_event *event,
		const struct capture *capture);
void print_ports(const struct engine_summary *s);
void print_sources(const struct source_view *list, size_t n, uint64_t all);
void print_impact(const struct impact *i);
void print_findings(const struct finding *list, size_t n);
void print_finding(FILE *out, const struct finding *f);
/* What a reader of the figures should know: losses, warm-up, evictions. */
void print_notes(const struct engine_summary *s);
void print_losses(const struct summary_extra *extra);

#endif
