/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events: attempts, findings, sources and summaries, one JSON document a line.
 * The names of their members are a contract and stand in mailwall(8): members
 * are added, none is renamed.
 */
#ifndef MAILWALL_EVENTS_H
#define MAILWALL_EVENTS_H

#include "../../plugin/engine/engine.h"
#include "sight_view.h"

#include <stdint.h>
#include <stdbool.h>
#include <jansson.h>

/* Figures of a summary that the engine itself cannot know. */
struct summary_extra {
	uint64_t lost;	   /* frames, by all inputs */
	bool lost_exact;   /* no input only estimates it */
	uint64_t unlogged; /* packets that clauses counted, and no log came */
	bool final;	   /* the last one of a run */
	bool has_quarantine;
	/* Sources that wait for class flagged, are put there, or are not. */
	uint64_t waiting, flagged, refused, forgotten;
	struct sight_view sight; /* the view of the loaded rules */
};

/* The machine's clock was set while the monitor ran. */
struct clock_step {
	int64_t time_us; /* after that */
	int64_t step_us; /* forward; below 0: back */
};

json_t *clock_json(const struct clock_step *step);

/* The same when its outcome is known, and before it ends: event "outcome". */
json_t *outcome_json(const struct attempt_event *event, const char *input);
json_t *attempt_json(const struct attempt_event *event, const char *input);
/* A step of the judge's working: event "step". */
json_t *step_json(const struct judge_step *step, int64_t time_us,
		  uint8_t family);
json_t *finding_json(const struct finding *finding);
json_t *summary_json(const struct engine_summary *s,
		     const struct summary_extra *extra);
json_t *source_json(const struct source_view *view);

/* Prints it on a line of its own, and gives it up. 0, or an exit code. */
int print_event(json_t *event);

#endif
