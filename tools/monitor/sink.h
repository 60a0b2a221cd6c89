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

#include "../event/events.h"

#include <stdbool.h>
#include <stdint.h>

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
	/* An attempt that is open and has an outcome, each time it changes. */
	int (*outcome)(void *ctx, const struct attempt_event *event);
	int (*finding)(void *ctx, const struct finding *finding);
	/* The clock was set. */
	int (*stepped)(void *ctx, const struct clock_step *step);
	/* Tells the view of the loaded rules, again when it changes. */
	int (*sight)(void *ctx, const struct sight_view *view);
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

#endif
