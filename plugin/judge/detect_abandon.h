/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Networks to which a source never comes back: abandon, late, and abandonment
 * of a source that mails directly. A mail queue retries for days; a bot does
 * not.
 */
#ifndef MAILWALL_DETECT_ABANDON_H
#define MAILWALL_DETECT_ABANDON_H

#include "judge_priv.h"

/* ---- attempts ---- */

static void abandon_met(struct judge *j, struct source *s, struct contact *c,
			const struct observation *a)
{
	if (a->answered)
		return;
	c->bits |= CONTACT_LATE;
	if (judge_warm_for(j, DETECTOR_ABANDON))
		c->bits |= CONTACT_PENDING;
	judge_be_due(s, c->first_s + (uint32_t)j->figures[WATCH_ABANDON_AFTER]);
}

/*
 * A mail queue retries; a bot does not. Each window of abandon-after with a
 * retry is one more observation against abandonment. That outweighs a rarely
 * used address of a provider, of which there is one now and then.
 */
static void abandon_credited(struct judge *j, struct source *s,
			     struct contact *c, const struct observation *a)
{
	struct history *h = s->history;
	uint32_t apart_s = (uint32_t)j->figures[WATCH_ABANDON_AFTER];
	uint32_t window = (j->now_s - c->first_s) / apart_s;
	uint32_t counted = c->bits & CONTACT_RETURNED ?
				   contact_credit_min(c) * MINUTE / apart_s :
				   0;

	(void)a;
	if (window == counted)
		return;
	c->bits &= (uint16_t)~CONTACT_RETURNED;
	if (j->now_s - contact_last_s(c) > apart_s)
		return;
	c->bits |= CONTACT_RETURNED;
	sum_add(&h->sum[SUM_ABANDON], j->loss[DETECTOR_ABANDON]);
	sum_add(&h->sum[SUM_LATE], j->loss[DETECTOR_LATE]);
	sum_add(&h->sum[SUM_DIRECT_ABANDON], j->loss[DETECTOR_DIRECT_ABANDON]);
}

static void abandon_known(struct judge *j, struct source *s, struct contact *c,
			  const struct observation *a)
{
	/* Mail that was deferred was delivered: nothing is abandoned. */
	if (a->answered) {
		c->bits &= (uint16_t) ~(CONTACT_PENDING | CONTACT_LATE);
		return;
	}
	if (j->now_s - c->first_s >= AGAIN_S && c->bits & CONTACT_PENDING)
		judge_be_due(s, j->now_s);
}

/* ---- what is due ---- */

static void abandon_decide(struct judge *j, struct source *s, enum detector d,
			   enum watch_figure drift, uint32_t lowered_s,
			   uint32_t due_s, bool yes)
{
	float *sum = &s->history->sum[detector_sums[d]];

	if (due_s > lowered_s)
		sum_lower(sum, (float)(j->figures[drift] / HOUR),
			  due_s - lowered_s);
	judge_tell(j, s, SEEN_TIME);
	sum_add(sum, yes ? j->gain[d] : j->loss[d]);
	judge_tell(j, s, yes ? "no return to a network" : "a return in time");
}

static void abandon_later(uint32_t *at_s, uint32_t time_s)
{
	if (time_s > *at_s)
		*at_s = time_s;
}

/*
 * A queue that was full before the monitor began comes back every six hours to
 * what it has tried for a day (Exim): a contact of that time is given two.
 */
#define LATE_COLD_S (13 * HOUR)

static uint32_t abandon_late_after_s(const struct judge *j,
				     const struct contact *c)
{
	uint32_t after_s = (uint32_t)j->figures[WATCH_LATE_AFTER];
	bool cold = !j->warm &&
		    c->first_s - j->start_s < j->warmup_s[DETECTOR_ABANDON];

	return cold && after_s < LATE_COLD_S ? LATE_COLD_S : after_s;
}

/* Decides what is due of a contact, and notes when the rest is. */
static void abandon_decide_contact(struct judge *j, struct source *s,
				   struct contact *c)
{
	struct history *h = s->history;
	uint32_t due_s = c->first_s + (uint32_t)j->figures[WATCH_ABANDON_AFTER];
	uint32_t span_s = contact_span_s(c);
	uint32_t late_s = c->first_s + span_s + abandon_late_after_s(j, c);
	bool retried = c->bits & CONTACT_RETRIED;

	if (c->bits & CONTACT_PENDING && (retried || j->now_s >= due_s)) {
		if (due_s > j->now_s)
			due_s = j->now_s;
		abandon_decide(j, s, DETECTOR_ABANDON, WATCH_ABANDON_DRIFT,
			       h->abandon_s, due_s, !retried);
		abandon_decide(j, s, DETECTOR_DIRECT_ABANDON,
			       WATCH_DIRECT_DRIFT, h->abandon_s, due_s,
			       !retried);
		abandon_later(&h->abandon_s, due_s);
		c->bits &= (uint16_t)~CONTACT_PENDING;
	}
	if (c->bits & CONTACT_LATE && j->now_s >= late_s) {
		abandon_decide(j, s, DETECTOR_LATE, WATCH_LATE_DRIFT, h->late_s,
			       late_s, span_s < j->figures[WATCH_LATE_SPAN]);
		abandon_later(&h->late_s, late_s);
		c->bits &= (uint16_t)~CONTACT_LATE;
	}
	if (c->bits & CONTACT_PENDING)
		judge_be_due(s, due_s);
	else if (c->bits & CONTACT_LATE)
		judge_be_due(s, late_s);
}

/* Networks that were new within a day, per hour. */
static double abandon_new_per_hour(const struct judge *j,
				   const struct source *s)
{
	const struct history *h = s->history;
	uint32_t seen_s = j->now_s - s->first_s, n = 0;

	for (uint16_t i = 0; i < h->contacts_cap; i++) {
		const struct contact *c = &h->contacts[i];

		n += c->first_s && !(c->bits & CONTACT_SUBMISSION) &&
		     j->now_s - c->first_s < DAY;
	}
	if (seen_s > DAY)
		seen_s = DAY;
	return seen_s ? (double)n * HOUR / seen_s : 0;
}

/*
 * A source that never comes back, but hardly ever comes, is a script that mails
 * directly: it looks like a tiny bot, and is a matter of policy.
 */
static void abandon_check(struct judge *j, struct source *s, enum detector d)
{
	if (s->history->sum[detector_sums[d]] >
		    judge_threshold(j, s->history, d) &&
	    abandon_new_per_hour(j, s) >= j->figures[WATCH_DIRECT_BELOW])
		judge_check(j, s, d, s->history->port);
}

/* Old evidence is not reported again as if it went on. */
static bool abandon_goes_on(const struct judge *j, const struct source *s)
{
	const struct history *h = s->history;
	uint32_t found_s = history_cold_of(h)->found_s;

	return !history_found(h) || s->last_s > found_s ||
	       j->now_s - found_s < DAY;
}

static void abandon_due(struct judge *j, struct source *s)
{
	struct history *h = s->history;

	/* Direct mail is judged after a day. */
	if (j->now_s - s->first_s < DAY)
		judge_be_due(s, s->first_s + DAY);
	for (uint16_t i = 0; i < h->contacts_cap; i++) {
		struct contact *c = &h->contacts[i];

		if (c->bits & (CONTACT_PENDING | CONTACT_LATE) && c->first_s)
			abandon_decide_contact(j, s, c);
	}
	if (!abandon_goes_on(j, s))
		return;
	abandon_check(j, s, DETECTOR_ABANDON);
	abandon_check(j, s, DETECTOR_LATE);
	if (j->now_s - s->first_s >= DAY)
		judge_check(j, s, DETECTOR_DIRECT_ABANDON, h->port);
}

static const struct detector_module detect_abandon = {
	.met = abandon_met,
	.credited = abandon_credited,
	.known = abandon_known,
	.due = abandon_due,
};

#endif
