/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Port 25 and what is like it. Behind a block every attempt fails, so failure
 * says nothing. What still tells a bot from a printer, a misconfigured client
 * or a hobby mail server is how fast it meets new destination groups, whether
 * it comes back to those that failed, and for how long.
 */
#include "judge_priv.h"

#include <math.h>

#define CREDIT_MIN 10u /* between credits for a known group */

/* Addresses of one domain that are tried one after the other. */
#define SEVERAL	  5u
#define SEVERAL_S 300u

/* Answered is more than one in so many: then its port is open. */
#define OPEN_ONE_IN 5
#define RECENT	    64 /* attempts by which that is told */
#define HELO_ODD    3.0f

/* ---- first contacts ---- */

bool history_is_open(const struct history *h)
{
	return h->answered * OPEN_ONE_IN > h->answered + h->failed;
}

static void count_fate(struct history *h, bool answered)
{
	if (h->answered + h->failed >= RECENT) {
		h->answered /= 2;
		h->failed /= 2;
	}
	(*(answered ? &h->answered : &h->failed))++;
}

static void check_groups(struct judge *j, struct source *s, uint16_t port)
{
	struct history *h = s->history;
	struct cold *r;
	uint32_t n = 0;

	if (h->n_contacts < j->figures[WATCH_DIRECT_GROUPS] ||
	    h->found & 1u << DETECTOR_DIRECT)
		return;
	r = history_cold(&j->sources, h);
	if (!r || (r->direct_s && j->now_s - r->direct_s < MINUTE))
		return;
	r->direct_s = j->now_s;
	for (uint16_t i = 0; i < h->contacts_cap; i++) {
		const struct contact *c = &h->contacts[i];

		n += c->first_s && !(c->bits & CONTACT_SUBMISSION) &&
		     j->now_s - contact_last_s(c) < DAY;
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
		      const struct observation *a)
{
	if (!a->answered && judge_warm_for(j, DETECTOR_ABANDON)) {
		c->bits |= CONTACT_PENDING | CONTACT_LATE;
		be_due(s,
		       c->first_s + (uint32_t)j->figures[WATCH_ABANDON_AFTER]);
	}
	if (!a->answered && !history_is_open(s->history) &&
	    s->history->n_contacts < CONTACTS_KEPT) {
		for (enum detector d = DETECTOR_FAST; d <= DETECTOR_SLOW; d++)
			if (judge_warm_for(j, d))
				judge_gain(j, s, d, a->port);
	}
	check_groups(j, s, a->port);
}

static bool earns_credit(const struct contact *c, uint32_t now_s)
{
	uint32_t minutes = (now_s - c->first_s) / MINUTE;
	uint32_t credit = contact_credit_min(c);

	return now_s - contact_last_s(c) >= AGAIN_S &&
	       (!credit || minutes >= credit + CREDIT_MIN);
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
	uint32_t window = (j->now_s - c->first_s) / apart_s;
	uint32_t counted = c->bits & CONTACT_RETURNED ?
				   contact_credit_min(c) * MINUTE / apart_s :
				   0;

	if (window == counted)
		return;
	c->bits &= (uint16_t)~CONTACT_RETURNED;
	if (j->now_s - contact_last_s(c) > apart_s)
		return;
	c->bits |= CONTACT_RETURNED;
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
			const struct observation *a)
{
	double loss = 2 * j->loss[DETECTOR_FAST];

	if (a->answered || j->now_s - c->first_s > SEVERAL_S ||
	    contact_hits(c) >= SEVERAL)
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
		if (c->bits & CONTACT_PENDING)
			be_due(s, now_s);
		c->bits |= CONTACT_RETRIED;
	}
	if (!earns_credit(c, now_s))
		return;
	returned(j, h, c);
	contact_credit(c, minutes);
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
			  const struct observation *a)
{
	struct history *h = s->history;
	uint32_t group = contact_group(h, c);
	struct scan *scan;
	uint64_t bit;

	/* Only who came that often may be walking it. */
	if (contact_hits(c) < CONTACT_HITS_MOST) {
		c->bits += CONTACT_HIT;
		return;
	}
	scan = history_scan(&j->sources, h);
	if (!scan)
		return;
	if (j->now_s - scan->since_s >= j->figures[WATCH_SCAN_WINDOW])
		*scan = (struct scan){ .group = group, .since_s = j->now_s };
	if (scan->group != group)
		return;
	bit = hash_address(&j->key, a->destination->byte) % 512;
	scan->bits[bit / 64] |= 1ull << (bit % 64);
	if (scanned(scan) > j->figures[WATCH_SCAN_ADDRESSES])
		judge_report(j, s, DETECTOR_SCAN, a->port);
}

/* ---- an attempt ---- */

/* Before a table is full, what would be new again makes room. */
static void forget_old(struct judge *j, struct source *s)
{
	uint32_t after_s = (uint32_t)j->figures[WATCH_NEW_AFTER];
	struct history *h = s->history;
	struct cold *r;

	if (j->now_s - s->first_s <= after_s ||
	    h->n_contacts + 1 < h->contacts_cap - h->contacts_cap / 4)
		return;
	r = history_cold(&j->sources, h);
	if (!r || j->now_s - r->aged_s < HOUR)
		return;
	r->aged_s = j->now_s;
	history_age(&j->sources, h, j->now_s - after_s);
}

void judge_transport(struct judge *j, struct source *s,
		     const struct observation *a)
{
	struct history *h = s->history;
	struct contact *c = judge_contact(j, s, a, 0);
	bool new = !c || judge_is_new(j, c);

	h->port = (uint8_t)(a->port < 256 ? a->port : 25);
	count_fate(h, a->answered);
	judge_lower_sums(j, h);
	if (new) {
		if (!c)
			forget_old(j, s);
		c = judge_first_contact(j, h, c, a, 0);
		if (!c)
			return;
		new_group(j, s, c, a);
	} else {
		known_group(j, s, c, j->now_s);
		tried_again(j, h, c, a);
		contact_touch(c, j->now_s);
	}
	if (!a->answered)
		look_for_scan(j, s, c, a);
	/* Each retry to a network that is dead says no more than the first. */
	if (new &&history_is_open(h)) {
		sum_add(sum_at(j, h, DETECTOR_OUTCOME),
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

	if (d->seen & SEEN_HELO_ODD)
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
	return d->seen & SEEN_MAIL && !(d->seen & SEEN_ACCEPTED) &&
	       !(d->seen & SEEN_GAP);
}

/* TLS hides the outcome, and without payload there is none to see. */
void judge_transport_connection(struct judge *j, struct source *s,
				const struct observation *a,
				const struct dialogue *d)
{
	struct history *h = s->history;
	float *sum = sum_at(j, h, DETECTOR_OUTCOME);

	if (!history_is_open(h) || !h->cold)
		return;
	if (!h->cold->odd_helo && odd_helo(j, s, d)) {
		h->cold->odd_helo = 1;
		sum_add(sum, HELO_ODD);
	}
	if (d->seen && !(d->seen & (SEEN_TLS | SEEN_IMPLICIT_TLS)))
		sum_add(sum, was_refused(d) ? j->gain[DETECTOR_OUTCOME] :
					      j->loss[DETECTOR_OUTCOME]);
	judge_check(j, s, DETECTOR_OUTCOME, a->port);
}

/* ---- abandonment, when it is due ---- */

static void abandoned(struct judge *j, struct source *s, enum detector d,
		      enum watch_figure drift, uint32_t lowered_s,
		      uint32_t due_s, bool yes)
{
	float *sum = &s->history->sum[d];

	if (due_s > lowered_s)
		sum_lower(sum, (float)(j->figures[drift] / HOUR),
			  due_s - lowered_s);
	sum_add(sum, yes ? j->gain[d] : j->loss[d]);
}

static void later(uint32_t *at_s, uint32_t time_s)
{
	if (time_s > *at_s)
		*at_s = time_s;
}

/* When to come back to it is noted. */
static void decide_contact(struct judge *j, struct source *s, struct contact *c)
{
	struct history *h = s->history;
	uint32_t due_s = c->first_s + (uint32_t)j->figures[WATCH_ABANDON_AFTER];
	uint32_t span_s = contact_span_s(c);
	uint32_t late_s =
		c->first_s + span_s + (uint32_t)j->figures[WATCH_LATE_AFTER];
	bool retried = c->bits & CONTACT_RETRIED;

	if (c->bits & CONTACT_PENDING && (retried || j->now_s >= due_s)) {
		if (due_s > j->now_s)
			due_s = j->now_s;
		abandoned(j, s, DETECTOR_ABANDON, WATCH_ABANDON_DRIFT,
			  h->abandon_s, due_s, !retried);
		abandoned(j, s, DETECTOR_DIRECT_ABANDON, WATCH_DIRECT_DRIFT,
			  h->abandon_s, due_s, !retried);
		later(&h->abandon_s, due_s);
		c->bits &= (uint16_t)~CONTACT_PENDING;
	}
	if (c->bits & CONTACT_LATE && j->now_s >= late_s) {
		abandoned(j, s, DETECTOR_LATE, WATCH_LATE_DRIFT, h->late_s,
			  late_s, span_s < j->figures[WATCH_LATE_SPAN]);
		later(&h->late_s, late_s);
		c->bits &= (uint16_t)~CONTACT_LATE;
	}
	if (c->bits & CONTACT_PENDING)
		be_due(s, due_s);
	else if (c->bits & CONTACT_LATE)
		be_due(s, late_s);
}

/* Networks that were new within a day, per hour. */
static double new_per_hour(const struct judge *j, const struct source *s)
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

	uint32_t found_s = history_cold_of(h)->found_s;

	return !h->found || s->last_s > found_s || j->now_s - found_s < DAY;
}

void judge_abandonment(struct judge *j, struct source *s)
{
	struct history *h = s->history;

	s->due_s = UINT32_MAX;
	if (j->now_s - s->first_s < DAY)
		be_due(s, s->first_s + DAY); /* see below */
	for (uint16_t i = 0; i < h->contacts_cap; i++) {
		struct contact *c = &h->contacts[i];

		if (c->bits & (CONTACT_PENDING | CONTACT_LATE) && c->first_s)
			decide_contact(j, s, c);
	}
	if (!goes_on(j, s))
		return;
	check_abandon(j, s, DETECTOR_ABANDON);
	check_abandon(j, s, DETECTOR_LATE);
	if (j->now_s - s->first_s >= DAY)
		judge_check(j, s, DETECTOR_DIRECT_ABANDON, h->port);
}
