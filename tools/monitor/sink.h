/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sinks: where attempts, findings and figures go. A sink is a row of functions;
 * one that it has no use for is NULL. A command has a table of sinks. It
 * chooses from it those that this run wants; they are called in the order of
 * the table, and stopped and closed in the opposite one. What a build leaves
 * out is not in the table.
 *
 * Each function gets the ctx that sinks_choose() got. Those that return an int
 * return an exit code, and have said what went wrong.
 */
#ifndef MAILWALL_SINK_H
#define MAILWALL_SINK_H

#include "../program/events.h"

#define SINKS_MOST 16

struct sink {
	const char *name;
	/* Does this run want it? NULL: every run does. */
	bool (*wanted)(const void *ctx);
	/* Opens what takes privilege, before any frame is read. */
	int (*open)(void *ctx);
	/* Opens the rest, once privilege is gone. */
	int (*start)(void *ctx);
	/* An attempt that ended, one that is still open, a finding. */
	int (*attempt)(void *ctx, const struct attempt_event *event);
	int (*early)(void *ctx, const struct attempt_event *event);
	int (*finding)(void *ctx, const struct finding *finding);
	/* Called once a second; ticks counts from 0. */
	void (*tick)(void *ctx, uint64_t ticks);
	/* The figures so far, or with extra->final those of the whole run. */
	int (*summary)(void *ctx, const struct engine_summary *s,
		       const struct summary_extra *extra);
	/* A descriptor to wait on, and what to do when it is readable. */
	int (*fd)(const void *ctx);
	void (*ready)(void *ctx);
	/* Called after the last frame, when open attempts are about to end. */
	void (*stop)(void *ctx);
	/* Closes it, even if open() or start() failed or was not called. */
	int (*close)(void *ctx);
};

struct sinks {
	const struct sink *rows[SINKS_MOST];
	bool failed[SINKS_MOST];
	size_t n;
	void *ctx;
	int code; /* first that was not EXIT_DONE */
};

void sinks_choose(struct sinks *s, const struct sink *const *table, size_t n,
		  void *ctx);

/* Opens and starts all of them, up to the first that fails. An exit code. */
int sinks_open(struct sinks *s);
int sinks_start(struct sinks *s);

/* Does any of them have a use for these? The engine need not make others. */
bool sinks_want_attempts(const struct sinks *s);
bool sinks_want_early(const struct sinks *s);

/* Callbacks of an engine, of which ctx is the struct sinks. */
void sinks_on_attempt(void *ctx, const struct attempt_event *event);
void sinks_on_early(void *ctx, const struct attempt_event *event);
void sinks_on_finding(void *ctx, const struct finding *finding);

/* The descriptor of the i-th, or -1; what to do when it is readable. */
int sinks_fd(const struct sinks *s, size_t i);
void sinks_ready(struct sinks *s, size_t i);

void sinks_tick(struct sinks *s, uint64_t ticks);
void sinks_summary(struct sinks *s, const struct engine_summary *summary,
		   const struct summary_extra *extra);
void sinks_stop(struct sinks *s);
/* Closes all of them. An exit code. */
int sinks_close(struct sinks *s);

#endif
