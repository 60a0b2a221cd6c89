/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attempts that go on without a pause to addresses that do not answer. A queue
 * backs off: it tries the addresses of a domain, a few messages at once, and
 * then leaves them alone for minutes. What comes back to many addresses all the
 * time is no queue, however few networks they are in; what hammers one or two
 * is broken, and its owner should know.
 */
#ifndef MAILWALL_DETECT_PACE_H
#define MAILWALL_DETECT_PACE_H

#include "judge_priv.h"

_Static_assert(PACE_MOST == 16, "pace-addresses of a policy is at most that");

#define PACE_FROM     20u  /* failed attempts, after which it is counted */
#define PACE_LONGEST  2u   /* times pace-after: then it begins anew */
#define PACE_EARLY_S  180u /* within that, so many */
#define PACE_EARLY_TO 5u   /* addresses tell of direct mail */

/* The row of attempts that goes on; after a pause it begins anew. */
static struct pace *pace_of(struct judge *j, struct history *h)
{
	struct pace *p = history_pace(&j->sources, h);
	double longest_s = PACE_LONGEST * j->figures[WATCH_PACE_AFTER];

	if (!p)
		return NULL;
	if (j->now_s - p->last_s >= j->figures[WATCH_PACE_PAUSE] ||
	    j->now_s - p->since_s >= longest_s)
		*p = (struct pace){ .since_s = j->now_s };
	p->last_s = j->now_s;
	return p;
}

static void pace_count(struct pace *p, uint64_t hash)
{
	uint16_t tag = (uint16_t)(hash >> 48);
	uint8_t i = 0;

	while (i < p->n && p->tags[i] != tag)
		i++;
	if (i == PACE_MOST)
		return;
	if (i == p->n) {
		p->tags[i] = tag;
		p->n++;
	}
	p->hits[i] += p->hits[i] < UINT8_MAX;
}

/* How many of the addresses were tried so often. */
static unsigned int pace_addresses(const struct pace *p, double attempts)
{
	unsigned int n = 0;

	for (uint8_t i = 0; i < p->n; i++)
		n += p->hits[i] >= attempts;
	return n;
}

static void pace_judge(struct judge *j, struct source *s, const struct pace *p,
		       uint16_t port)
{
	const double *f = j->figures;
	float shared = history_shared(s->history);

	if (pace_addresses(p, f[WATCH_PACE_ATTEMPTS]) >=
	    f[WATCH_PACE_ADDRESSES] * shared)
		judge_report(j, s, DETECTOR_PACE, port);
	else if (pace_addresses(p, f[WATCH_RETRY_ATTEMPTS]))
		judge_report(j, s, DETECTOR_RETRY, port);
}

static void pace_tried(struct judge *j, struct source *s, struct contact *c,
		       const struct observation *a, bool first)
{
	struct history *h = s->history;
	struct pace *p;

	(void)c;
	(void)first;
	if (a->answered) {
		if (h->cold && h->cold->scan)
			h->cold->scan->pace = (struct pace){ 0 };
		return;
	}
	if (h->failed < PACE_FROM || history_is_open(h))
		return;
	p = pace_of(j, h);
	if (!p)
		return;
	pace_count(p, hash_address(&j->key, a->destination->byte));
	if (p->n >= PACE_EARLY_TO * history_shared(h) &&
	    j->now_s - p->since_s <= PACE_EARLY_S)
		judge_report(j, s, DETECTOR_DIRECT, a->port);
	if (j->now_s - p->since_s >= j->figures[WATCH_PACE_AFTER])
		pace_judge(j, s, p, a->port);
}

static const struct detector_module detect_pace = { .tried = pace_tried };

#endif
