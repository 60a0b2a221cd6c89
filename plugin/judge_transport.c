/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Port 25 and what is like it. Behind a block every attempt fails, so failure
 * says nothing. What still tells a bot from a printer, a misconfigured client
 * or a hobby mail server is how fast it meets new destination groups, whether
 * it comes back to those that failed, and for how long.
 */
#include "judge_inner.h"

#include <math.h>

#define CREDIT_MIN 10u /* between credits for a known group */

/* Addresses of one domain that are tried one after the other. */
#define SEVERAL	   5u
#define SEVERAL_S  300u

#define OPEN_SHARE 0.2f	 /* answered attempts of a source whose port is open */
#define RECENT	   64.0f /* attempts by which that is told */
#define SCAN_AFTER 8u	 /* attempts in one group */
#define HELO_ODD   3.0f

/* ---- first contacts ---- */

static uint32_t hits(const struct contact *c)
{
	return c->flags % CONTACT_WINDOW / CONTACT_HIT;
}

bool history_is_open(const struct history *h)
{
	return h->answered > OPEN_SHARE * (h->answered + h->failed);
}

static void count_fate(struct history *h, bool answered)
{
	if (h->answered + h->failed >= RECENT) {
		h->answered /= 2;
		h->failed /= 2;
	}
	*(answered ? &h->answered : &h->failed) += 1;
}

static void check_groups(struct judge *j, struct source *s, uint16_t port)
{
	struct history *h = s->history;
	uint32_t n = 0;

	if (h->n_contacts < j->figures[WATCH_DIRECT_GROUPS] ||
	    (h->direct_s && j->now_s - h->direct_s < MINUTE) ||
	    h->found & 1u << DETECTOR_DIRECT)
		return;
	h->direct_s = j->now_s;
	for (uint16_t i = 0; i < h->contacts_cap; i++) {
		const struct contact *c = &h->contacts[i];

		n += c->flags & CONTACT_USED &&
		     !(c->flags & CONTACT_SUBMISSION) &&
		     j->now_s - c->last_s < DAY;
	}
	if (n >= j->figures[WATCH_DIRECT_GROUPS])
		judge_report(j, s, DETECTOR_DIRECT, port);
}

static void be_due(struct source *s, uint32_t due_s)
{
	if (s->due_s > due_s)
		s->due_s = due_s;
}

/*
 * Who met more networks than are kept, and was not found by then, meets old
 * ones as if they were new.
 */
static void new_group(struct judge *j, struct source *s, struct contact *c,
		      const struct judged *a)
{
	if (!a->answered && judge_warm_for(j, DETECTOR_ABANDON)) {
		c->flags |= CONTACT_PENDING | CONTACT_LATE;
		be_due(s,
		       c->first_s + (uint32_t)j->figures[WATCH_ABANDON_AFTER]);
	}
	if (!a->answered && !history_is_open(s->history) &&
	    s->history->n_contacts < CONTACTS_KEPT) {
		judge_gain(j, s, DETECTOR_FAST, a->port);
		judge_gain(j, s, DETECTOR_MEDIUM, a->port);
		judge_gain(j, s, DETECTOR_SLOW, a->port);
	}
	check_groups(j, s, a->port);
}

static bool earns_credit(const struct contact *c, uint32_t now_s)
{
	uint32_t minutes = (now_s - c->first_s) / MINUTE;

	return now_s - c->last_s >= AGAIN_S &&
	       (!c->credit_min || minutes >= c->credit_min + CREDIT_MIN);
}

/*
 * A queue comes back to where it failed, again and again. Each return, once in
 * the time in which a first contact is given up for abandoned, is one more
 * observation of what a bot does not do. A provider's rarely used address, of
 * which there is one now and then, is outweighed by it.
 */
static void returned(struct judge *j, struct history *h, struct contact *c)
{
	uint32_t apart_s = (uint32_t)j->figures[WATCH_ABANDON_AFTER];
	uint32_t window = (j->now_s - c->first_s) / apart_s % CONTACT_WINDOWS;

	if (window == c->flags / CONTACT_WINDOW ||
	    j->now_s - c->last_s > apart_s)
		return;
	c->flags =
		(uint16_t)(c->flags % CONTACT_WINDOW + window * CONTACT_WINDOW);
	sum_add(&h->sum[DETECTOR_ABANDON], j->loss[DETECTOR_ABANDON]);
	sum_add(&h->sum[DETECTOR_LATE], j->loss[DETECTOR_LATE]);
	sum_add(&h->sum[DETECTOR_DIRECT_ABANDON],
		j->loss[DETECTOR_DIRECT_ABANDON]);
}

/*
 * A mail server that meets a domain tries several of its addresses at once,
 * five at most by default; a bot goes on to the next victim. So many attempts
 * to few networks are a queue that is flushed.
 */
static void tried_again(struct judge *j, struct history *h, struct contact *c,
			const struct judged *a)
{
	double loss = 2 * j->loss[DETECTOR_FAST];

	if (a->answered || j->now_s - c->first_s > SEVERAL_S ||
	    hits(c) >= SEVERAL)
		return;
	sum_add(&h->sum[DETECTOR_FAST], loss);
	sum_add(&h->sum[DETECTOR_MEDIUM], loss);
}

static void known_group(struct judge *j, struct source *s, struct contact *c,
			uint32_t now_s)
{
	struct history *h = s->history;
	uint32_t minutes = (now_s - c->first_s) / MINUTE;

	if (now_s - c->first_s >= AGAIN_S) {
		if (c->flags & CONTACT_PENDING)
			be_due(s, now_s);
		c->flags |= CONTACT_RETRIED;
	}
	if (!earns_credit(c, now_s))
		return;
	/* 0 means none; a contact of six weeks earns no more. */
	if (minutes > UINT16_MAX && c->credit_min == UINT16_MAX)
		return;
	c->credit_min = minutes > UINT16_MAX ? UINT16_MAX :
			minutes		     ? (uint16_t)minutes :
					       1;
	returned(j, h, c);
	for (enum detector d = DETECTOR_FAST; d <= DETECTOR_SLOW; d++)
		sum_add(&h->sum[d], j->loss[d]);
}

/* ---- a network that is walked ---- */

static uint32_t scanned(const struct scan *scan)
{
	uint32_t set = 0;

	for (int i = 0; i < 8; i++)
		set += (uint32_t)__builtin_popcountll(scan->bits[i]);
	/* Linear counting (Whang et al., ACM TODS 1990). */
	return set >= 512 ? 4096 :
			    (uint32_t)lround(-512 * log((512 - set) / 512.0));
}

static void look_for_scan(struct judge *j, struct source *s, struct contact *c,
			  const struct judged *a)
{
	struct history *h = s->history;
	struct scan *scan = h->scan;
	uint64_t bit;

	if (hits(c) < CONTACT_HITS_MOST)
		c->flags += CONTACT_HIT;
	if (hits(c) < SCAN_AFTER)
		return;
	if (!scan && !(scan = history_scan(&j->sources, h)))
		return;
	if (j->now_s - scan->since_s >= j->figures[WATCH_SCAN_WINDOW])
		*scan = (struct scan){ .group = c->group, .since_s = j->now_s };
	if (scan->group != c->group)
		return;
	bit = hash_address(&j->key, a->destination->byte) % 512;
	scan->bits[bit / 64] |= 1ull << (bit % 64);
	if (scanned(scan) > j->figures[WATCH_SCAN_ADDRESSES])
		judge_report(j, s, DETECTOR_SCAN, a->port);
}

/* ---- an attempt ---- */

/* Before a table is full, what would be new again makes room. */
static void forget_old(struct judge *j, struct history *h)
{
	uint32_t after_s = (uint32_t)j->figures[WATCH_NEW_AFTER];

	if (h->n_contacts + 1 >= h->contacts_cap - h->contacts_cap / 4 &&
	    j->now_s - h->aged_s >= HOUR && j->now_s > after_s) {
		h->aged_s = j->now_s;
		history_age(&j->sources, h, j->now_s - after_s);
	}
}

void judge_transport(struct judge *j, struct source *s, const struct judged *a)
{
	uint32_t group = group_of(a->family, a->destination);
	struct history *h = s->history;
	struct contact *c = history_contact(&j->sources, h, group, 0, false);
	bool new = !c || judge_is_new(j, c);

	h->port = (uint8_t)(a->port < 256 ? a->port : 25);
	count_fate(h, a->answered);
	judge_lower_sums(j, h);
	history_destination(&j->sources, s, a->destination);
	if (new) {
		forget_old(j, h);
		c = judge_first_contact(j, h, group, 0, j->now_s);
		if (!c)
			return;
		new_group(j, s, c, a);
	} else {
		known_group(j, s, c, j->now_s);
		tried_again(j, h, c, a);
		c->last_s = j->now_s;
	}
	if (!a->answered)
		look_for_scan(j, s, c, a);
	/* Each retry to a network that is dead says no more than the first. */
	if (new &&history_is_open(h)) {
		sum_add(&h->sum[DETECTOR_OUTCOME],
			a->answered ? j->loss[DETECTOR_OUTCOME] :
				      j->gain[DETECTOR_OUTCOME]);
		judge_check(j, s, DETECTOR_OUTCOME, a->port);
	}
}

/* ---- what was said ---- */

/* HELO names that no mail server uses: once, and not by itself enough. */
static bool odd_helo(struct judge *j, struct source *s,
		     const struct dialogue *d)
{
	struct usage *u = history_usage(&j->sources, s->history);

	if (d->said & SAID_HELO_ODD)
		return true;
	if (!u || !d->helo_hash)
		return false;
	if (u->helo_hour != j->now_s / HOUR) {
		u->helo_hour = j->now_s / HOUR;
		u->n_helos = 0;
	}
	note_once(u->helos, &u->n_helos, 3, d->helo_hash);
	return u->n_helos == 3;
}

static bool was_refused(const struct dialogue *d)
{
	for (int i = 0; i < STAGE_N; i++)
		if (d->replies[i][2])
			return true;
	return d->said & SAID_MAIL && !(d->said & SAID_ACCEPTED) &&
	       !(d->said & SAID_GAP);
}

/* TLS hides the outcome, and without payload there is none to see. */
void judge_transport_talk(struct judge *j, struct source *s,
			  const struct judged *a, const struct dialogue *d)
{
	struct history *h = s->history;
	float *sum = &h->sum[DETECTOR_OUTCOME];

	if (!history_is_open(h))
		return;
	if (!h->odd_helo && odd_helo(j, s, d)) {
		h->odd_helo = 1;
		sum_add(sum, HELO_ODD);
	}
	if (d->said && !(d->said & (SAID_TLS | SAID_IMPLICIT_TLS)))
		sum_add(sum, was_refused(d) ? j->gain[DETECTOR_OUTCOME] :
					      j->loss[DETECTOR_OUTCOME]);
	judge_check(j, s, DETECTOR_OUTCOME, a->port);
}

/* ---- abandonment, when it is due ---- */

static void abandoned(struct judge *j, struct source *s, enum detector d,
		      enum watch_figure drift, uint32_t *lowered_s,
		      uint32_t due_s, bool yes)
{
	float *sum = &s->history->sum[d];

	*sum = sum_lower(*sum, j->figures[drift], *lowered_s, due_s);
	if (due_s > *lowered_s)
		*lowered_s = due_s;
	sum_add(sum, yes ? j->gain[d] : j->loss[d]);
}

/* When to come back to it is noted. */
static void decide_contact(struct judge *j, struct source *s, struct contact *c)
{
	struct history *h = s->history;
	uint32_t due_s = c->first_s + (uint32_t)j->figures[WATCH_ABANDON_AFTER];
	uint32_t late_s = c->last_s + (uint32_t)j->figures[WATCH_LATE_AFTER];
	uint32_t span_s = c->last_s - c->first_s;

	if (c->flags & CONTACT_PENDING &&
	    (c->flags & CONTACT_RETRIED || j->now_s >= due_s)) {
		if (due_s > j->now_s)
			due_s = j->now_s;
		abandoned(j, s, DETECTOR_ABANDON, WATCH_ABANDON_DRIFT,
			  &h->abandon_s, due_s, !(c->flags & CONTACT_RETRIED));
		abandoned(j, s, DETECTOR_DIRECT_ABANDON, WATCH_DIRECT_DRIFT,
			  &h->direct_sum_s, due_s,
			  !(c->flags & CONTACT_RETRIED));
		c->flags &= (uint16_t)~CONTACT_PENDING;
	}
	if (c->flags & CONTACT_LATE && j->now_s >= late_s) {
		abandoned(j, s, DETECTOR_LATE, WATCH_LATE_DRIFT, &h->late_s,
			  late_s, span_s < j->figures[WATCH_LATE_SPAN]);
		c->flags &= (uint16_t)~CONTACT_LATE;
	}
	if (c->flags & CONTACT_PENDING)
		be_due(s, due_s);
	else if (c->flags & CONTACT_LATE)
		be_due(s, late_s);
}

/* Networks that were new within a day, per hour. */
static double new_per_hour(const struct judge *j, const struct source *s)
{
	const struct history *h = s->history;
	uint32_t seen_s = j->now_s - s->first_s, n = 0;

	for (uint16_t i = 0; i < h->contacts_cap; i++) {
		const struct contact *c = &h->contacts[i];

		n += c->flags & CONTACT_USED &&
		     !(c->flags & CONTACT_SUBMISSION) &&
		     j->now_s - c->first_s < DAY;
	}
	if (seen_s > DAY)
		seen_s = DAY;
	return seen_s ? (double)n * HOUR / seen_s : 0;
}

/*
 * Who never comes back, but hardly ever comes: a script that mails directly is
 * a tiny bot to look at, and a matter of policy.
 */
static void check_abandon(struct judge *j, struct source *s, enum detector d)
{
	if (s->history->sum[d] > judge_threshold(j, s->history, d) &&
	    new_per_hour(j, s) >= j->figures[WATCH_DIRECT_BELOW])
		judge_check(j, s, d, s->history->port);
}

/* What a source did long ago is not said again as if it went on. */
static bool goes_on(const struct judge *j, const struct source *s)
{
	const struct history *h = s->history;

	return !h->found || s->last_s > h->found_s ||
	       j->now_s - h->found_s < DAY;
}

void judge_abandonment(struct judge *j, struct source *s)
{
	struct history *h = s->history;

	s->due_s = UINT32_MAX;
	if (j->now_s - s->first_s < DAY)
		be_due(s, s->first_s + DAY); /* see below */
	for (uint16_t i = 0; i < h->contacts_cap; i++) {
		struct contact *c = &h->contacts[i];

		if (c->flags & (CONTACT_PENDING | CONTACT_LATE) &&
		    c->flags & CONTACT_USED)
			decide_contact(j, s, c);
	}
	if (!goes_on(j, s))
		return;
	check_abandon(j, s, DETECTOR_ABANDON);
	check_abandon(j, s, DETECTOR_LATE);
	if (j->now_s - s->first_s >= DAY)
		judge_check(j, s, DETECTOR_DIRECT_ABANDON, h->port);
}
