/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How attempts end, where the port is open: hosts that do not answer, and
 * replies that refuse mail.
 */
#ifndef MAILWALL_DETECT_OUTCOME_H
#define MAILWALL_DETECT_OUTCOME_H

#include "judge_priv.h"

#define HELO_ODD 3.0f

/*
 * Connections that fail are known later than those that are answered, so the
 * failures of a burst come last. A few among many answers are usual.
 */
#define OUTCOME_USUAL_ONE_IN 4

static bool outcome_is_usual(const struct history *h)
{
	return h->failed * OUTCOME_USUAL_ONE_IN <= h->answered + h->failed;
}

static void outcome_tried(struct judge *j, struct source *s, struct contact *c,
			  const struct observation *a, bool first)
{
	struct history *h = s->history;

	(void)c;
	/* Each retry to a network that is dead says no more than the first. */
	if (!first || !history_is_open(h))
		return;
	if (!a->answered && outcome_is_usual(h))
		return;
	sum_add(judge_sum(j, h, DETECTOR_OUTCOME),
		a->answered ? j->loss[DETECTOR_OUTCOME] :
			      j->gain[DETECTOR_OUTCOME]);
	judge_check(j, s, DETECTOR_OUTCOME, a->port);
}

/* HELO names that no mail server uses: once, and not by itself enough. */
static bool outcome_odd_helo(struct judge *j, struct source *s,
			     const struct dialogue *d)
{
	struct usage *u = history_usage(&j->sources, s->history);

	if (d->seen & SEEN_HELO_ODD)
		return true;
	if (!u || !d->helo_hash)
		return false;
	if (u->helo_hour != j->now_s / HOUR) {
		u->helo_hour = j->now_s / HOUR;
		u->n_helos = 0;
	}
	usage_note(u->helos, &u->n_helos, USAGE_HELOS, d->helo_hash);
	return u->n_helos == USAGE_HELOS;
}

static bool outcome_is_refusal(const struct dialogue *d)
{
	for (int i = 0; i < STAGE_N; i++)
		if (d->replies[i][2])
			return true;
	return d->seen & SEEN_MAIL && !(d->seen & SEEN_ACCEPTED) &&
	       !(d->seen & SEEN_GAP);
}

/* TLS hides the outcome, and without payload there is none to see. */
static void outcome_talked(struct judge *j, struct source *s,
			   const struct observation *a,
			   const struct dialogue *d)
{
	struct history *h = s->history;
	float *sum;

	if (a->role != PORT_TRANSPORT || a->allowed)
		return;
	sum = judge_sum(j, h, DETECTOR_OUTCOME);
	if (!history_is_open(h) || !h->cold)
		return;
	if (!h->cold->odd_helo && outcome_odd_helo(j, s, d)) {
		h->cold->odd_helo = 1;
		sum_add(sum, HELO_ODD);
	}
	if (d->seen && !(d->seen & (SEEN_TLS | SEEN_IMPLICIT_TLS)))
		sum_add(sum, outcome_is_refusal(d) ? j->gain[DETECTOR_OUTCOME] :
						     j->loss[DETECTOR_OUTCOME]);
	judge_check(j, s, DETECTOR_OUTCOME, a->port);
}

static const struct detector_module detect_outcome = {
	.tried = outcome_tried,
	.talked = outcome_talked,
};

#endif
