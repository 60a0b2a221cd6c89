/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mail sent directly to many networks within a day, whoever the sender is. */
#ifndef MAILWALL_DETECT_GROUPS_H
#define MAILWALL_DETECT_GROUPS_H

#include "judge_priv.h"

_Static_assert(WATCH_GROUPS_MOST == CONTACTS_KEPT,
	       "direct-groups of a policy is at most what is kept");

static uint32_t groups_in_a_day(const struct judge *j, const struct history *h)
{
	uint32_t n = 0;

	for (uint16_t i = 0; i < h->contacts_cap; i++) {
		const struct contact *c = &h->contacts[i];

		n += c->first_s && !(c->bits & CONTACT_SUBMISSION) &&
		     j->now_s - contact_last_s(c) < DAY;
	}
	return n;
}

/* Many users behind one address: their networks add up, as far as are kept. */
static double groups_wanted(const struct judge *j, const struct history *h)
{
	double wanted = j->figures[WATCH_DIRECT_GROUPS] * history_shared(h);

	return wanted < WATCH_GROUPS_MOST ? wanted : WATCH_GROUPS_MOST;
}

static void groups_met(struct judge *j, struct source *s, struct contact *c,
		       const struct observation *a)
{
	struct history *h = s->history;
	struct cold *r;

	(void)c;
	if (h->n_contacts < groups_wanted(j, h) ||
	    history_found(h) & 1u << DETECTOR_DIRECT)
		return;
	r = history_cold(&j->sources, h);
	if (!r || (r->direct_s && j->now_s - r->direct_s < MINUTE))
		return;
	r->direct_s = j->now_s;
	if (groups_in_a_day(j, h) >= groups_wanted(j, h))
		judge_report(j, s, DETECTOR_DIRECT, a->port);
}

static const struct detector_module detect_groups = { .met = groups_met };

#endif
