/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The figures by which the monitor judges, as a policy's watch block may
 * override them by name.
 */
#ifndef MAILWALL_WATCH_H
#define MAILWALL_WATCH_H

#include <stdbool.h>
#include <stddef.h>

enum watch_figure {
	WATCH_NEW_AFTER,
	WATCH_WARMUP_FAST,
	WATCH_WARMUP,
	WATCH_WARMUP_ABANDON,
	WATCH_FAST_NORMAL,
	WATCH_FAST_SPAM,
	WATCH_FAST_THRESHOLD,
	WATCH_MEDIUM_NORMAL,
	WATCH_MEDIUM_SPAM,
	WATCH_MEDIUM_THRESHOLD,
	WATCH_SLOW_NORMAL,
	WATCH_SLOW_SPAM,
	WATCH_SLOW_THRESHOLD,
	WATCH_NEW_SHARE_NORMAL,
	WATCH_NEW_SHARE_SPAM,
	WATCH_ABANDON_AFTER,
	WATCH_ABANDON_NORMAL,
	WATCH_ABANDON_SPAM,
	WATCH_ABANDON_DRIFT,
	WATCH_ABANDON_THRESHOLD,
	WATCH_LATE_AFTER,
	WATCH_LATE_SPAN,
	WATCH_LATE_DRIFT,
	WATCH_LATE_THRESHOLD,
	WATCH_SCAN_ADDRESSES,
	WATCH_SCAN_WINDOW,
	WATCH_OUTCOME_NORMAL,
	WATCH_OUTCOME_SPAM,
	WATCH_OUTCOME_THRESHOLD,
	WATCH_DIRECT_BELOW,
	WATCH_DIRECT_GROUPS,
	WATCH_DIRECT_DRIFT,
	WATCH_DIRECT_THRESHOLD,
	WATCH_OPERATORS_NORMAL,
	WATCH_OPERATORS_SPAM,
	WATCH_OPERATORS_THRESHOLD,
	WATCH_VOLUME_RATE,
	WATCH_STORM_ATTEMPTS,
	WATCH_STORM_WINDOW,
	WATCH_LOGIN_NORMAL,
	WATCH_LOGIN_SPAM,
	WATCH_LOGIN_THRESHOLD,
	WATCH_FIGURES
};

enum watch_unit {
	WATCH_DURATION, /* seconds, written 30m */
	WATCH_RATE,	/* per hour, written 20/hour */
	WATCH_NUMBER,	/* a count or a threshold */
	WATCH_SHARE,	/* a probability between 0 and 1 */
};

struct watch_row {
	const char *name;
	enum watch_unit unit;
	double value; /* the default */
	double least, most;
};

extern const struct watch_row watch_rows[WATCH_FIGURES];

struct watch_order {
	enum watch_figure less, more;
};
extern const struct watch_order watch_orders[];
extern const size_t n_watch_orders;

/* "20/hour" and the like, in the row's unit; false: not one, or too far off. */
bool watch_parse(const struct watch_row *row, const char *text, double *out);
/* What the row takes, for a message: "a rate like 20/hour". */
const char *watch_wanted(const struct watch_row *row);
/* A value as watch_parse() takes it. */
#define WATCH_TEXT_BYTES 32
void watch_print(const struct watch_row *row, double value, char *out);

#endif
