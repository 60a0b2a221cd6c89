/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What others published, on the same events: six rules with the thresholds of
 * their authors. Each flags a source once.
 *
 * They are given the benefit of the doubt. A rule that counts connections is
 * told of attempts, not of each SYN; one that asks for failures has an attempt
 * without an answer for failed after five seconds; one that looks in turns
 * (CESNET) says so at once and not at the end of its turn.
 *
 * What was assumed where a source leaves something open is said beside each
 * rule in baselines.c.
 */
#ifndef MAILWALL_BASELINES_H
#define MAILWALL_BASELINES_H

#include "generate.h"

enum baseline {
	BASELINE_ZEEK,
	BASELINE_BOTFLEX,
	BASELINE_TRW,
	BASELINE_MIKROTIK,
	BASELINE_NTOPNG,
	BASELINE_CESNET,
	N_BASELINES,
};

const char *baseline_name(enum baseline);
const char *baseline_text(enum baseline);

/* At most once for each baseline and source. */
typedef void baseline_flagged(void *ctx, enum baseline, uint32_t index,
			      int64_t time_us);

struct baselines *baselines_new(baseline_flagged *, void *ctx);
void baselines_free(struct baselines *);

/* Events in the order of time; replies too, where there are some. */
void baselines_feed(struct baselines *, const struct event *);

/* Time goes on without events: what is unanswered by then has failed. */
void baselines_advance(struct baselines *, int64_t time_us);

#endif
