/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dispatcher of sinks: it has those that a run wants, and calls them. */
#ifndef MAILWALL_SINKS_H
#define MAILWALL_SINKS_H

#include "sink.h"
#include "../event/events.h"

#include <stdbool.h>
#include <stdint.h>

#define SINKS_MOST 16

struct sinks {
	const struct sink *rows[SINKS_MOST];
	bool failed[SINKS_MOST];
	size_t n;
	void *ctx;
	int code; /* first that was not EXIT_DONE */
};

/* Chooses from a table; ctx is for the functions of the sinks. */
void sinks_choose(struct sinks *s, const struct sink *const *table, size_t n,
		  void *ctx);

/* Opens and starts all of them, up to the first that fails. An exit code. */
int sinks_open(struct sinks *s);
int sinks_start(struct sinks *s);

/* Does any of them have a use for these? The engine need not make others. */
bool sinks_want_attempts(const struct sinks *s);
bool sinks_want_early(const struct sinks *s);
bool sinks_want_outcomes(const struct sinks *s);

/* Callbacks of an engine, of which ctx is the struct sinks. */
void sinks_on_attempt(void *ctx, const struct attempt_event *event);
void sinks_on_early(void *ctx, const struct attempt_event *event);
void sinks_on_outcome(void *ctx, const struct attempt_event *event);
void sinks_on_finding(void *ctx, const struct finding *finding);

/* Tells that the clock was set. */
void sinks_stepped(struct sinks *s, const struct clock_step *step);

/* The descriptor of the i-th, or -1; what to do when it is readable. */
int sinks_fd(const struct sinks *s, size_t i);
void sinks_ready(struct sinks *s, size_t i);

/* Tells what the loaded rules show. */
void sinks_sight(struct sinks *s, const struct sight_view *view);

void sinks_tick(struct sinks *s, uint64_t ticks);
void sinks_summary(struct sinks *s, const struct engine_summary *summary,
		   const struct summary_extra *extra);
void sinks_stop(struct sinks *s);
/* Closes all of them. An exit code. */
int sinks_close(struct sinks *s);

#endif
