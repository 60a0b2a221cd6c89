/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rates of networks that are new to a source: fast, medium, slow. What tells
 * bots from a hobby mail server is how fast it meets new destination groups;
 * queues come back to those that failed.
 */
#ifndef MAILWALL_DETECT_RATES_H
#define MAILWALL_DETECT_RATES_H

#include "judge_priv.h"

/* Addresses of one domain that are tried one after the other. */
#define SEVERAL	  5u
#define SEVERAL_S 300u

/*
 * While the monitor learns which networks are usual, a server's first queue
 * meets as many as a bot. It tries several addresses of a network one after the
 * other and leaves it alone then; a bot's attempts to one lie far apart.
 */
#define HELD_S	      150u /* after which that is seen of a network */
#define HELD_SPAN_S   180u
#define HELD_LEAST    25u  /* networks by which it is decided */
#define HELD_MOST     400u /* more are no server's queue */
#define HELD_ONE_IN   5u   /* share of a queue tried so */
#define HELD_KNOWN    5u   /* networks met before: a third tried again */
#define HELD_WINDOW_S (15 * MINUTE)

/*
 * A server that is known as one meets networks in bursts, too: a letter to all
 * members, or what a holiday left. Half of the networks that it met before have
 * to have been tried again; and so has the burst itself, once its retries are
 * due. Against fast any retry will do. Against medium and slow the retries have
 * to go on for hours, as those of a queue do: bots that retry give up sooner.
 */
#define KNOWN_LEAST   5u
#define KNOWN_DUE_S   (40 * MINUTE) /* a first retry is later in no queue */
#define LASTING_S     (3 * HOUR)
#define LASTING_DUE_S (4 * HOUR)

static bool rates_knows_queue(const struct judge *j, const struct history *h,
			      uint32_t due_s, uint32_t span_s)
{
	uint32_t old = 0, returned = 0;

	for (uint16_t i = 0; i < h->contacts_cap; i++) {
		const struct contact *c = &h->contacts[i];

		if (!c->first_s || c->bits & CONTACT_SUBMISSION ||
		    j->now_s - c->first_s < due_s)
			continue;
		old++;
		returned += contact_span_s(c) >= span_s;
	}
	return old >= KNOWN_LEAST && returned * 2 >= old;
}

static bool rates_are_raised(const struct judge *j)
{
	return judge_threshold_now(j, DETECTOR_FAST) >
	       j->threshold[DETECTOR_FAST];
}

static bool rates_is_queue(const struct judge *j, const struct history *h)
{
	uint32_t n = 0, short_span = 0, old = 0, returned = 0;

	for (uint16_t i = 0; i < h->contacts_cap; i++) {
		const struct contact *c = &h->contacts[i];
		uint32_t ago_s = j->now_s - c->first_s;
		uint32_t span_s = contact_span_s(c);

		if (!c->first_s || c->bits & CONTACT_SUBMISSION ||
		    ago_s < HELD_S)
			continue;
		if (ago_s > HELD_WINDOW_S) {
			old++;
			returned += !!(c->bits & CONTACT_RETRIED);
			continue;
		}
		n++;
		short_span += span_s && span_s <= HELD_SPAN_S;
	}
	return n < HELD_LEAST || short_span * HELD_ONE_IN >= n ||
	       (old >= HELD_KNOWN && returned * 3 >= old);
}

/* Holds a finding of fast for the first retries, or reports it. */
static void rates_decide(struct judge *j, struct source *s, uint16_t port)
{
	struct history *h = s->history;
	bool queue = rates_knows_queue(j, h, KNOWN_DUE_S, AGAIN_S);

	if (!queue && rates_are_raised(j))
		queue = h->n_contacts < HELD_MOST && rates_is_queue(j, h);
	if (queue)
		judge_be_due(s, j->now_s + DUE_S);
	else
		judge_report(j, s, DETECTOR_FAST, port);
}

/* The same of medium and slow, whose warm-up has passed. */
static void rates_decide_slower(struct judge *j, struct source *s,
				enum detector d, uint16_t port)
{
	if (rates_knows_queue(j, s->history, LASTING_DUE_S, LASTING_S))
		judge_be_due(s, j->now_s + DUE_S);
	else
		judge_check(j, s, d, port);
}

static void rates_due(struct judge *j, struct source *s)
{
	struct history *h = s->history;
	float at = judge_threshold(j, h, DETECTOR_FAST);

	judge_lower_sums(j, h);
	if (h->sum[SUM_FAST] > (rates_are_raised(j) ? at / 2 : at))
		rates_decide(j, s, h->port);
	for (enum detector d = DETECTOR_MEDIUM; d <= DETECTOR_SLOW; d++)
		if (sum_of(h, d) > judge_threshold(j, h, d))
			rates_decide_slower(j, s, d, h->port);
}

static void rates_gain_fast(struct judge *j, struct source *s, uint16_t port)
{
	struct history *h = s->history;
	float at = judge_threshold(j, h, DETECTOR_FAST);

	sum_add(&h->sum[SUM_FAST], j->gain[DETECTOR_FAST]);
	if (h->sum[SUM_FAST] <= at)
		return;
	if (h->sum[SUM_FAST] > 2 * at)
		h->sum[SUM_FAST] = 2 * at;
	if (rates_are_raised(j))
		judge_be_due(s, j->now_s);
	else
		rates_decide(j, s, port);
}

/*
 * Networks met at once are one burst, whose rate is for fast to judge: the sums
 * of medium and slow grow by one network in so many seconds.
 */
#define MEDIUM_APART_S 60u
#define SLOW_APART_S   300u

static void rates_gain_apart(struct judge *j, struct source *s, enum detector d,
			     uint32_t apart_s, uint16_t port)
{
	float *sum = &s->history->sum[detector_sums[d]];
	double most =
		j->gain[d] * (1 + (double)(j->now_s - s->first_s) / apart_s);

	if (!judge_warm_for(j, d) || *sum >= most)
		return;
	sum_add(sum, j->gain[d]);
	if (*sum > judge_threshold(j, s->history, d))
		rates_decide_slower(j, s, d, port);
}

/*
 * A source that met more networks than are kept, and was not found by then,
 * meets old ones as if they were new.
 */
static void rates_met(struct judge *j, struct source *s, struct contact *c,
		      const struct observation *a)
{
	(void)c;
	if (a->answered || history_is_open(s->history) ||
	    s->history->n_contacts >= CONTACTS_KEPT)
		return;
	rates_gain_fast(j, s, a->port);
	rates_gain_apart(j, s, DETECTOR_MEDIUM, MEDIUM_APART_S, a->port);
	rates_gain_apart(j, s, DETECTOR_SLOW, SLOW_APART_S, a->port);
}

static void rates_credited(struct judge *j, struct source *s, struct contact *c,
			   const struct observation *a)
{
	(void)c;
	(void)a;
	for (enum detector d = DETECTOR_FAST; d <= DETECTOR_SLOW; d++)
		sum_add(&s->history->sum[detector_sums[d]], j->loss[d]);
}

/*
 * A mail server that meets a domain tries several of its addresses at once,
 * five at most by default; a bot goes on to the next victim. So many attempts
 * to few networks are a queue that is flushed.
 */
static void rates_known(struct judge *j, struct source *s, struct contact *c,
			const struct observation *a)
{
	double loss = 2 * j->loss[DETECTOR_FAST];

	if (a->answered || j->now_s - c->first_s > SEVERAL_S ||
	    contact_hits(c) >= SEVERAL)
		return;
	sum_add(&s->history->sum[SUM_FAST], loss);
	sum_add(&s->history->sum[SUM_MEDIUM], loss);
}

static const struct detector_module detect_rates = {
	.met = rates_met,
	.credited = rates_credited,
	.known = rates_known,
	.due = rates_due,
};

#endif
