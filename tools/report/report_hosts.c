/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Findings by what they are about: what several detectors say of one source
 * within a day is one matter, and each of them is evidence of it.
 */
#include "report_priv.h"

#include <stdlib.h>
#include <string.h>

#define EPISODE_S DAY_S /* a source that is quiet as long begins anew */

/* The gravest kind first; kinds that are not here come behind. */
static const enum finding_kind gravity[] = {
	FINDING_SPAM_SOURCE,	  FINDING_LOGIN_FAILURES, FINDING_LOGIN_STORM,
	FINDING_SUBMISSION_ABUSE, FINDING_DIRECT_TO_MX,
};
#define KINDS (sizeof(gravity) / sizeof(*gravity))

static size_t host_rank(const struct report_finding *f)
{
	size_t i = 0;

	while (i < KINDS && strcmp(finding_name(gravity[i]), f->finding) != 0)
		i++;
	return i;
}

static int by_source(const void *a, const void *b)
{
	const struct report_finding *x =
		*(const struct report_finding *const *)a;
	const struct report_finding *y =
		*(const struct report_finding *const *)b;
	int order = memcmp(&x->source, &y->source, sizeof(x->source));

	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	if (order)
		return order;
	if (x->time_s != y->time_s)
		return x->time_s > y->time_s ? -1 : 1;
	return x < y ? -1 : x > y; /* as they are listed */
}

/* The gravest kind first, and of each the latest. */
static int by_gravity(const void *a, const void *b)
{
	const struct report_finding *x =
		*(const struct report_finding *const *)a;
	const struct report_finding *y =
		*(const struct report_finding *const *)b;
	size_t i = host_rank(x), k = host_rank(y);
	int order = strcmp(x->finding, y->finding);

	if (i != k)
		return i < k ? -1 : 1;
	return order ? order : x < y ? -1 : x > y;
}

static int by_latest(const void *a, const void *b)
{
	const struct report_host *x = a, *y = b;

	if (x->time_s != y->time_s)
		return x->time_s > y->time_s ? -1 : 1;
	return x->tests[0] < y->tests[0] ? -1 : x->tests[0] > y->tests[0];
}

static uint64_t host_most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Is the finding part of what the host before it is about? */
static bool host_takes(const struct report_host *h,
		       const struct report_finding *f)
{
	const struct report_finding *last = h->tests[h->n_tests - 1];

	return h->family == f->family &&
	       !memcmp(&h->source, &f->source, sizeof(h->source)) &&
	       last->time_s - f->time_s <= EPISODE_S;
}

/* Counts overlap, as each test looks at the same attempts: the largest. */
static void host_add(struct report_host *h, const struct report_finding *f)
{
	h->n_tests++;
	if (f->first_s < h->first_s)
		h->first_s = f->first_s;
	if (f->last_s > h->last_s)
		h->last_s = f->last_s;
	h->attempts = host_most(h->attempts, f->attempts);
	h->syns = host_most(h->syns, f->syns);
	h->destinations = host_most(h->destinations, f->destinations);
	h->groups = host_most(h->groups, f->groups);
	h->proven |= f->proven;
	h->mail_server |= f->mail_server;
	h->systems |= f->systems;
}

void report_hosts(struct report *r)
{
	size_t n = r->findings.n;
	const struct report_finding **all =
		arena_alloc(r->arena, (n + 1) * sizeof(*all));
	struct report_host *h = NULL;

	r->hosts.items = arena_alloc(r->arena, (n + 1) * sizeof(*h));
	for (size_t i = 0; i < n; i++)
		all[i] = &r->findings.items[i];
	if (n)
		qsort(all, n, sizeof(*all), by_source);
	for (size_t i = 0; i < n; i++) {
		if (!h || !host_takes(h, all[i])) {
			h = &r->hosts.items[r->hosts.n++];
			*h = (struct report_host){ .family = all[i]->family,
						   .source = all[i]->source,
						   .name = all[i]->name,
						   .time_s = all[i]->time_s,
						   .first_s = all[i]->first_s,
						   .tests = &all[i] };
		}
		host_add(h, all[i]);
	}
	for (size_t i = 0; i < r->hosts.n; i++) {
		h = &r->hosts.items[i];
		qsort(h->tests, h->n_tests, sizeof(*h->tests), by_gravity);
		h->lead = h->tests[0];
	}
	if (r->hosts.n)
		qsort(r->hosts.items, r->hosts.n, sizeof(*h), by_latest);
}

/* ---- what stands in lists ---- */

bool report_host_has(const struct report_host *h, size_t test)
{
	const struct report_finding *f = h->tests[test];

	for (size_t i = 0; i < test; i++)
		if (!strcmp(h->tests[i]->finding, f->finding) &&
		    !strcmp(h->tests[i]->detector, f->detector))
			return true;
	return false;
}
