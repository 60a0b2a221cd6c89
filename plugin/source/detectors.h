/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The detectors: a row each here, its code in plugin/judge/detect_*.h, its
 * figures in rules/base/watch.h. A detector is a sum of evidence with a
 * threshold, or it counts something. Rows are only appended: hosts and state
 * files know a detector by its number.
 */
#ifndef MAILWALL_DETECTORS_H
#define MAILWALL_DETECTORS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * SUM(detector, name, finding, spam, module, place, scale, shared,
 *     warm-up, normal, spam, threshold)
 * COUNT(detector, name, finding, spam, module)
 *
 * spam       1: it tells of a source of spam
 * module     hooks, in detect_*.h; rows of one module stand together
 * place      OFTEN: in every history; COLD: in the part that few need
 * scale      how a sum of rates falls faster behind a shared address: ROOT by
 *            the root of its users, ALL by its users; NONE: no sum of rates
 * shared     least threshold behind a shared address
 * the rest   figures of the watch block: warm-up; rate or share of normal and
 *            of spam sources; threshold of the sum
 */
#define DETECTORS(SUM, COUNT)                                                  \
	SUM(FAST, "fast", SPAM_SOURCE, 1, rates, OFTEN, ROOT, 60, WARMUP_FAST, \
	    FAST_NORMAL, FAST_SPAM, FAST_THRESHOLD)                            \
	SUM(MEDIUM, "medium", SPAM_SOURCE, 1, rates, OFTEN, ALL, 60, WARMUP,   \
	    MEDIUM_NORMAL, MEDIUM_SPAM, MEDIUM_THRESHOLD)                      \
	SUM(SLOW, "slow", SPAM_SOURCE, 1, rates, OFTEN, ALL, 70, WARMUP,       \
	    SLOW_NORMAL, SLOW_SPAM, SLOW_THRESHOLD)                            \
	SUM(ABANDON, "abandon", SPAM_SOURCE, 1, abandon, OFTEN, NONE, 20,      \
	    WARMUP_ABANDON, ABANDON_NORMAL, ABANDON_SPAM, ABANDON_THRESHOLD)   \
	SUM(LATE, "late", SPAM_SOURCE, 1, abandon, OFTEN, NONE, 0, WARMUP,     \
	    ABANDON_NORMAL, ABANDON_SPAM, LATE_THRESHOLD)                      \
	SUM(DIRECT_ABANDON, "abandon", DIRECT_TO_MX, 0, abandon, OFTEN, NONE,  \
	    0, WARMUP, ABANDON_NORMAL, ABANDON_SPAM, DIRECT_THRESHOLD)         \
	SUM(OUTCOME, "outcome", SPAM_SOURCE, 1, outcome, COLD, NONE, 0,        \
	    WARMUP, OUTCOME_NORMAL, OUTCOME_SPAM, OUTCOME_THRESHOLD)           \
	SUM(OPERATORS, "operators", SUBMISSION_ABUSE, 0, operators, COLD, ALL, \
	    0, WARMUP, OPERATORS_NORMAL, OPERATORS_SPAM, OPERATORS_THRESHOLD)  \
	SUM(LOGIN, "login", LOGIN_FAILURES, 0, login, COLD, NONE, 0, WARMUP,   \
	    LOGIN_NORMAL, LOGIN_SPAM, LOGIN_THRESHOLD)                         \
	COUNT(SCAN, "scan", SPAM_SOURCE, 1, scan)                              \
	COUNT(DIRECT, "groups", DIRECT_TO_MX, 0, groups)                       \
	COUNT(VOLUME, "volume", SUBMISSION_ABUSE, 0, volume)                   \
	COUNT(STORM, "storm", LOGIN_STORM, 0, storm)                           \
	COUNT(CLEARTEXT, "cleartext", CLEARTEXT_LOGIN, 0, cleartext)           \
	COUNT(STRIPPED, "masked", STARTTLS_STRIPPED, 0, cleartext)             \
	COUNT(EVASION, "hidden", EVASION, 0, evasion)                          \
	COUNT(PACE, "pace", SPAM_SOURCE, 1, pace)                              \
	COUNT(RETRY, "retry", RETRY_STORM, 0, pace)

enum finding_kind {
	FINDING_SPAM_SOURCE,
	FINDING_DIRECT_TO_MX,
	FINDING_SUBMISSION_ABUSE,
	FINDING_LOGIN_STORM,
	FINDING_LOGIN_FAILURES,
	FINDING_CLEARTEXT_LOGIN,
	FINDING_STARTTLS_STRIPPED,
	FINDING_EVASION,
	FINDING_RETRY_STORM,
	FINDING_N
};

#define DETECTOR_ENUM(detector, ...) DETECTOR_##detector,
enum detector { DETECTORS(DETECTOR_ENUM, DETECTOR_ENUM) DETECTOR_N };
_Static_assert(DETECTOR_N <= 19, "a history has a bit for each");

/* Sums by their place: those of every history, then those of the cold part. */
#define DETECTOR_SKIP(...)
#define SUM_IF_OFTEN_OFTEN(detector) SUM_##detector,
#define SUM_IF_OFTEN_COLD(detector)
#define SUM_IF_COLD_OFTEN(detector)
#define SUM_IF_COLD_COLD(detector) SUM_##detector,
#define SUM_OFTEN(detector, name, finding, spam, module, place, ...)           \
	SUM_IF_OFTEN_##place(detector)
#define SUM_COLD(detector, name, finding, spam, module, place, ...)            \
	SUM_IF_COLD_##place(detector)
enum sum_place {
	DETECTORS(SUM_OFTEN, DETECTOR_SKIP) SUMS_OFTEN,
	SUMS_BEFORE_COLD = SUMS_OFTEN - 1,
	DETECTORS(SUM_COLD, DETECTOR_SKIP) SUMS
};
#define SUMS_COLD		    (SUMS - SUMS_OFTEN)

#define SUM_PLACE(detector, ...)    [DETECTOR_##detector] = SUM_##detector,
#define SUM_NO_PLACE(detector, ...) [DETECTOR_##detector] = SUMS,
/* The place of a detector's sum; SUMS: it counts. */
static const uint8_t detector_sums[DETECTOR_N] = { DETECTORS(SUM_PLACE,
							     SUM_NO_PLACE) };

#endif
