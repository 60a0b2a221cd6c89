/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The judge's working for one source: what raised and lowered each sum. */
#include "judge_priv.h"

#include <string.h>

void judge_explain(struct judge *j, uint8_t family, const struct addr6 *source,
		   struct judge_why *why)
{
	j->why = why;
	why->family = family;
	why->key = source_key(family, source);
	why->found = 0;
	memset(why->sum, 0, sizeof(why->sum));
}

static struct judge_step why_step(const struct judge *j, const struct source *s,
				  enum detector d, const char *seen)
{
	return (struct judge_step){ .time_s = j->now_s,
				    .detector = d,
				    .seen = seen,
				    .threshold =
					    judge_threshold(j, s->history, d),
				    .destination = strcmp(seen, SEEN_TIME) ?
							   j->why->destination :
							   NULL };
}

static void why_tell(struct judge *j, const struct source *s, enum detector d,
		     const char *seen)
{
	struct judge_why *why = j->why;
	bool found = why->found & 1u << d;
	struct judge_step step = why_step(j, s, d, seen);

	if (detector_sums[d] < SUMS) {
		step.before = why->sum[detector_sums[d]];
		step.after = why->sum[detector_sums[d]] = sum_of(s->history, d);
	}
	if (step.before != step.after)
		why->step(why->ctx, &step);
	step.before = step.after;
	step.found = found;
	if (found)
		why->step(why->ctx, &step);
}

void judge_why_changed(struct judge *j, const struct source *s,
		       const char *seen)
{
	if (s->key != j->why->key || s->family != j->why->family)
		return;
	for (enum detector d = 0; d < DETECTOR_N; d++)
		why_tell(j, s, d, seen);
	j->why->found = 0;
}
