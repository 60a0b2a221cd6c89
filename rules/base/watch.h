/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The figures by which the monitor judges, a row each; a policy's watch block
 * may override them by name.
 */
#ifndef MAILWALL_WATCH_H
#define MAILWALL_WATCH_H

#include <stdbool.h>
#include <stddef.h>

/* Groups of a source that are kept: a finding cannot wait for more. */
#define WATCH_GROUPS_MOST 768
/* Addresses of a source whose attempts are counted. */
#define PACE_MOST 16

/*
 * ROW(figure, name, unit, default, least, most)
 *
 * HOUR and DAY are those of watch.c, in seconds.
 */
#define WATCH_ROWS(ROW)                                                        \
	ROW(NEW_AFTER, "new-after", DURATION, 2 * DAY, HOUR, 30 * DAY)         \
	ROW(WARMUP_FAST, "warmup-fast", DURATION, 1.5 * HOUR, 0, 30 * DAY)     \
	ROW(WARMUP, "warmup", DURATION, 8 * HOUR, 0, 30 * DAY)                 \
	ROW(WARMUP_ABANDON, "warmup-abandon", DURATION, DAY, 0, 30 * DAY)      \
	ROW(FAST_NORMAL, "fast-normal", RATE, 20, 0.01, 1e6)                   \
	ROW(FAST_SPAM, "fast-spam", RATE, 240, 0.01, 1e6)                      \
	ROW(FAST_THRESHOLD, "fast-threshold", NUMBER, 40, 1, 1e6)              \
	ROW(MEDIUM_NORMAL, "medium-normal", RATE, 4, 0.01, 1e6)                \
	ROW(MEDIUM_SPAM, "medium-spam", RATE, 40, 0.01, 1e6)                   \
	ROW(MEDIUM_THRESHOLD, "medium-threshold", NUMBER, 50, 1, 1e6)          \
	ROW(SLOW_NORMAL, "slow-normal", RATE, 0.3, 0.01, 1e6)                  \
	ROW(SLOW_SPAM, "slow-spam", RATE, 3, 0.01, 1e6)                        \
	ROW(SLOW_THRESHOLD, "slow-threshold", NUMBER, 60, 1, 1e6)              \
	ROW(NEW_SHARE_NORMAL, "new-share-normal", SHARE, 0.35, 0.001, 0.999)   \
	ROW(NEW_SHARE_SPAM, "new-share-spam", SHARE, 0.75, 0.001, 0.999)       \
	ROW(ABANDON_AFTER, "abandon-after", DURATION, 2.5 * HOUR, 60, 7 * DAY) \
	ROW(ABANDON_NORMAL, "abandon-normal", SHARE, 0.10, 0.001, 0.999)       \
	ROW(ABANDON_SPAM, "abandon-spam", SHARE, 0.60, 0.001, 0.999)           \
	ROW(ABANDON_DRIFT, "abandon-drift", RATE, 0.1, 0, 1e6)                 \
	ROW(ABANDON_THRESHOLD, "abandon-threshold", NUMBER, 14, 1, 1e6)        \
	ROW(LATE_AFTER, "late-after", DURATION, 7 * HOUR, 60, 7 * DAY)         \
	ROW(LATE_SPAN, "late-span", DURATION, 2 * HOUR, 60, 7 * DAY)           \
	ROW(LATE_DRIFT, "late-drift", RATE, 1.0, 0, 1e6)                       \
	ROW(LATE_THRESHOLD, "late-threshold", NUMBER, 25, 1, 1e6)              \
	ROW(SCAN_ADDRESSES, "scan-addresses", NUMBER, 64, 2, 400)              \
	ROW(SCAN_WINDOW, "scan-window", DURATION, HOUR, 60, DAY)               \
	ROW(OUTCOME_NORMAL, "outcome-normal", SHARE, 0.15, 0.001, 0.999)       \
	ROW(OUTCOME_SPAM, "outcome-spam", SHARE, 0.60, 0.001, 0.999)           \
	ROW(OUTCOME_THRESHOLD, "outcome-threshold", NUMBER, 9.2, 1, 1e6)       \
	ROW(DIRECT_BELOW, "direct-below", RATE, 0.75, 0, 1e6)                  \
	ROW(DIRECT_GROUPS, "direct-groups", NUMBER, 25, 2, WATCH_GROUPS_MOST)  \
	ROW(DIRECT_DRIFT, "direct-drift", RATE, 0.02, 0, 1e6)                  \
	ROW(DIRECT_THRESHOLD, "direct-threshold", NUMBER, 8, 1, 1e6)           \
	ROW(OPERATORS_NORMAL, "operators-normal", RATE, 0.5, 0.01, 1e6)        \
	ROW(OPERATORS_SPAM, "operators-spam", RATE, 10, 0.01, 1e6)             \
	ROW(OPERATORS_THRESHOLD, "operators-threshold", NUMBER, 30, 1, 1e6)    \
	ROW(VOLUME_RATE, "volume-rate", RATE, 60, 1, 1e6)                      \
	ROW(STORM_ATTEMPTS, "storm-attempts", NUMBER, 30, 2, 1e6)              \
	ROW(STORM_WINDOW, "storm-window", DURATION, 60, 1, HOUR)               \
	ROW(LOGIN_NORMAL, "login-normal", SHARE, 0.1, 0.001, 0.999)            \
	ROW(LOGIN_SPAM, "login-spam", SHARE, 0.7, 0.001, 0.999)                \
	ROW(LOGIN_THRESHOLD, "login-threshold", NUMBER, 9.2, 1, 1e6)           \
	ROW(COLD_THRESHOLD, "cold-threshold", NUMBER, 230, 1, 1e6)             \
	ROW(PACE_ATTEMPTS, "pace-attempts", NUMBER, 12, 2, 250)                \
	ROW(PACE_ADDRESSES, "pace-addresses", NUMBER, 10, 2, 16)               \
	ROW(PACE_AFTER, "pace-after", DURATION, 15 * 60, 60, DAY)              \
	ROW(PACE_PAUSE, "pace-pause", DURATION, 90, 10, HOUR)                  \
	ROW(RETRY_ATTEMPTS, "retry-attempts", NUMBER, 60, 2, 250)

#define WATCH_ENUM(figure, ...) WATCH_##figure,
enum watch_figure { WATCH_ROWS(WATCH_ENUM) WATCH_FIGURES };

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

/*
 * Reads a value in the row's unit, such as "20/hour". False if the text is no
 * such value, or out of the row's bounds.
 */
bool watch_parse(const struct watch_row *row, const char *text, double *out);
/* Describes the values of a row, for a message: "a rate like 20/hour". */
const char *watch_wanted(const struct watch_row *row);
/* Writes a value in the form that watch_parse() reads. */
#define WATCH_TEXT_BYTES 32
void watch_print(const struct watch_row *row, double value, char *out);

#endif
