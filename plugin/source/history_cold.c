/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory of a history but for its growth: it needs a pool alone, while what
 * grows may make other histories go.
 */
#include "source.h"

static void history_end_cold(struct sources *t, const struct history *h)
{
	struct cold *r = h->cold;

	pool_give(t->pool, r->examples,
		  EXAMPLES_MOST * history_address_size(h));
	pool_give(t->pool, r->scan, sizeof(*r->scan));
	pool_give(t->pool, r->usage, sizeof(*r->usage));
	distinct_end(&r->others, t->pool, &DESTINATION_LIMITS);
	pool_give(t->pool, r, sizeof(*r));
}

void history_end(struct sources *t, struct source *s)
{
	struct history *h = s->history;

	if (!h)
		return;
	if (h->cold)
		history_end_cold(t, h);
	pool_give(t->pool, h->contacts, history_contacts_size(h->contacts_cap));
	pool_give(t->pool, h, sizeof(*h));
	s->history = NULL;
}

const struct cold history_cold_none;

struct cold *history_cold(struct sources *t, struct history *h)
{
	if (!h->cold)
		h->cold = pool_take(t->pool, sizeof(*h->cold));
	return h->cold;
}

struct scan *history_scan(struct sources *t, struct history *h)
{
	struct cold *r = history_cold(t, h);

	if (r && !r->scan)
		r->scan = pool_take(t->pool, sizeof(*r->scan));
	return r ? r->scan : NULL;
}

struct usage *history_usage(struct sources *t, struct history *h)
{
	struct cold *r = history_cold(t, h);

	if (r && !r->usage)
		r->usage = pool_take(t->pool, sizeof(*r->usage));
	return r ? r->usage : NULL;
}

struct pace *history_pace(struct sources *t, struct history *h)
{
	struct scan *scan = history_scan(t, h);

	return scan ? &scan->pace : NULL;
}
