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
	for (enum detector d = DETECTOR_FAST; d <= DETECTOR_SLOW; d++)
		if (judge_warm_for(j, d))
			judge_gain(j, s, d, a->port);
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
};

#endif
