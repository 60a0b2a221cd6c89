/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fills the lists of a report from the sums: sources, findings, clauses. */
#include "report_priv.h"
#include "../program/program.h"

#include <stdlib.h>
#include <string.h>

/* ---- lists of sources ---- */

static uint64_t sum_now(const struct sum *s)
{
	uint64_t n = 0;

	for (int i = 0; i < OUTCOME_N; i++)
		n += s->now[i];
	return n;
}

typedef uint64_t rank_fn(const struct report_builder *m, const struct sum *s);

static uint64_t rank_top(const struct report_builder *m, const struct sum *s)
{
	(void)m;
	return sum_now(s);
}

static uint64_t rank_first_seen(const struct report_builder *m,
				const struct sum *s)
{
	return s->first_s >= m->report->query.since_s ? sum_now(s) : 0;
}

static uint64_t rank_quiet(const struct report_builder *m, const struct sum *s)
{
	(void)m;
	return sum_now(s) ? 0 : s->before;
}

static const char *name_of(const struct report_builder *m, uint8_t family,
			   const struct addr6 *address)
{
	char name[RANGE_TEXT_MAX];

	report_name(m->report->query.pseudonyms, family, address, name);
	return arena_strndup(m->arena, name, strlen(name));
}

static void show_source(const struct report_builder *m, const struct sum *s,
			struct report_source *out)
{
	*out = (struct report_source){ .family = s->family,
				       .source = s->address,
				       .name = name_of(m, s->family,
						       &s->address),
				       .attempts = sum_now(s),
				       .before = s->before,
				       .first_s = s->first_s,
				       .last_s = s->last_s,
				       .findings = s->findings,
				       .mail_server = s->mail_server,
				       .systems = s->systems };
	for (int i = 0; i < OUTCOME_N; i++)
		out->now.outcome[i] = s->now[i];
	out->now.observed = s->observed;
}

/*
 * Lists the sources of the highest rank; equal ones by number, which is by age.
 */
static void list_sources(struct report_builder *m, rank_fn *rank,
			 struct report_sources *out)
{
	size_t most = m->report->query.top, n = 0;
	uint32_t *best = arena_alloc(m->arena, (most + 1) * sizeof(*best));

	for (uint32_t i = 1; i < m->n_sums; i++) {
		uint64_t r = m->sums[i].family ? rank(m, &m->sums[i]) : 0;
		size_t at = n < most ? n : most;

		if (!r)
			continue;
		out->all++;
		for (; at && rank(m, &m->sums[best[at - 1]]) < r; at--)
			best[at] = best[at - 1];
		best[at] = i;
		n += n < most;
	}
	out->n = n;
	out->items = arena_alloc(m->arena, (n + 1) * sizeof(*out->items));
	for (size_t i = 0; i < n; i++) {
		show_source(m, &m->sums[best[i]], &out->items[i]);
		out->items[i].number = best[i];
	}
}

/* ---- the second pass: the sources that are shown ---- */

static void add_spark(struct report_builder *m, int64_t at_s, uint64_t n)
{
	const struct report_query *w = &m->report->query;
	int64_t length = w->until_s - w->since_s, at = at_s - w->since_s;
	int64_t part = at * REPORT_SPARKS / length;

	if (at < 0)
		part = 0;
	if (part < REPORT_SPARKS)
		m->shown->spark[part] += (uint32_t)n;
}

static void follow_day(void *ctx, const struct store_day *d)
{
	struct report_builder *m = ctx;
	const struct report_query *w = &m->report->query;

	if ((w->port && d->port != w->port) ||
	    (m->clause && d->clause != m->clause))
		return;
	for (int64_t h = 0; h < 24; h++) {
		int64_t at_s = d->day * DAY_S + h * HOUR_S;

		if (d->hours[h] && at_s + HOUR_S > w->since_s &&
		    at_s < w->until_s)
			add_spark(m, at_s, d->hours[h]);
	}
}

static int follow(struct report_builder *m, struct report_sources *list)
{
	const struct report_query *w = &m->report->query;
	int error = 0;

	for (size_t i = 0; i < list->n && !error; i++) {
		const struct sum *s = &m->sums[list->items[i].number];

		m->shown = &list->items[i];
		for (size_t k = 0; k < m->report->ports.n; k++)
			if (s->ports >> k & 1 &&
			    m->shown->n_ports < SOURCE_PORTS_MOST)
				m->shown->ports[m->shown->n_ports++] =
					m->report->ports.items[k].port;
		error = store_days_of(
			m->store, list->items[i].number, w->since_s / DAY_S,
			report_up(w->until_s, DAY_S), follow_day, m);
	}
	return error;
}

/* ---- findings, and what happened ---- */

static enum finding_kind report_lists_kind_of(const char *name)
{
	enum finding_kind k = 0;

	while (k < FINDING_N && strcmp(finding_name(k), name))
		k++;
	return k;
}

static const char *copy(const struct report_builder *m, const char *text)
{
	return arena_strndup(m->arena, text, strlen(text));
}

static void note_cleartext(struct report_builder *m, const struct sum *s,
			   const struct store_found *f)
{
	struct report *r = m->report;

	for (size_t i = 0; i < r->cleartext.n; i++) {
		const struct report_cleartext *c = &r->cleartext.items[i];

		if (c->port == f->port && c->family == s->family &&
		    !memcmp(&c->source, &s->address, sizeof(c->source)))
			return;
	}
	*arena_push(m->arena, &r->cleartext) = (struct report_cleartext){
		.family = s->family,
		.source = s->address,
		.name = name_of(m, s->family, &s->address),
		.port = f->port,
		.last_s = f->time_s,
		.uses_tls = s->tls,
	};
}

static void take_found(void *ctx, const struct store_found *f)
{
	struct report_builder *m = ctx;
	struct report *r = m->report;
	struct sum *s = f->source < m->n_sums ? &m->sums[f->source] : NULL;
	enum finding_kind kind = report_lists_kind_of(f->finding);

	if (!s || !s->family || !s->wanted ||
	    (r->query.port && f->port != r->query.port))
		return;
	if (kind < FINDING_N)
		s->findings |= 1u << kind;
	s->mail_server |= f->mail_server;
	s->systems |= f->systems;
	if (kind == FINDING_CLEARTEXT_LOGIN)
		note_cleartext(m, s, f);
	*arena_push(m->arena, &r->findings) = (struct report_finding){
		.time_s = f->time_s,
		.family = s->family,
		.source = s->address,
		.name = name_of(m, s->family, &s->address),
		.finding = copy(m, f->finding),
		.detector = copy(m, f->detector),
		.port = f->port,
		.attempts = f->attempts,
		.syns = f->syns,
		.destinations = f->destinations,
		.groups = f->groups,
		.first_s = f->first_s,
		.last_s = f->last_s,
		.destinations_exact = f->destinations_exact,
		.proven = f->proven,
		.blocked = f->blocked,
		.mail_server = f->mail_server,
		.systems = f->systems,
		.examples = copy(m, f->examples),
	};
}

const char *report_mode_name(enum report_mode mode)
{
	static const char *const names[] = { [REPORT_UNKNOWN] = "unknown",
					     [REPORT_NONE] = "none",
					     [REPORT_ENFORCE] = "enforce",
					     [REPORT_OBSERVE] = "observe" };

	return names[mode];
}

/*
 * Takes the modes of the period, latest first: those of what was loaded in it,
 * and of what was loaded at its beginning.
 */
static void report_take_mode(struct report *r, const struct store_loaded *l)
{
	enum report_mode mode = !*l->policy		 ? REPORT_NONE :
				l->mode == STORE_ENFORCE ? REPORT_ENFORCE :
				l->mode == STORE_OBSERVE ? REPORT_OBSERVE :
							   REPORT_UNKNOWN;

	if (r->modes_known)
		return;
	if (!r->modes)
		r->mode = mode;
	r->modes |= 1u << mode;
	r->modes_known = l->time_s <= r->query.since_s;
}

static void report_lists_take_loaded(void *ctx, const struct store_loaded *l)
{
	struct report_builder *m = ctx;
	struct report *r = m->report;

	report_take_mode(r, l);
	if (l->time_s < r->query.since_s)
		return;
	*arena_push(m->arena, &r->loaded) = (struct report_loaded){
		.time_s = l->time_s,
		.policy = copy(m, l->policy),
		.digest = copy(m, l->digest),
		.who = copy(m, l->who),
		.generation = l->generation,
		.mode = l->mode,
	};
}

/* Adds a run to the watched time. Runs come by their start, and may overlap. */
static void take_run(void *ctx, const struct store_run *run)
{
	struct report_builder *m = ctx;
	struct report *r = m->report;
	int64_t start_s = run->start_s, last_s = run->last_s;

	if (start_s < r->query.since_s)
		start_s = r->query.since_s;
	if (start_s < m->watched_to_s)
		start_s = m->watched_to_s;
	if (last_s > r->query.until_s)
		last_s = r->query.until_s;
	if (last_s > start_s) {
		r->watched_s += last_s - start_s;
		m->watched_to_s = last_s;
	}
	r->lost += run->lost;
	r->unlogged += run->unlogged;
}

static void report_lists_take_step(void *ctx, const struct store_step *step)
{
	struct report_builder *m = ctx;

	(void)step;
	m->report->steps++;
}

int report_read_happenings(struct report_builder *m)
{
	const struct report_query *w = &m->report->query;
	int error =
		store_findings(m->store, w->since_s, w->until_s, take_found, m);

	if (!error)
		error = store_loads(m->store, 0, w->until_s,
				    report_lists_take_loaded, m);
	if (!error)
		error = store_steps(m->store, w->since_s, w->until_s,
				    report_lists_take_step, m);
	if (!error)
		error = store_runs(m->store, w->since_s, w->until_s, take_run,
				   m);
	return error;
}

/* ---- clauses and ports ---- */

static int by_attempts(const void *a, const void *b)
{
	const struct report_clause *x = a, *y = b;

	if (x->attempts != y->attempts)
		return x->attempts < y->attempts ? 1 : -1;
	return strcmp(x->id, y->id);
}

static void list_clauses(struct report_builder *m)
{
	struct report *r = m->report;

	r->clauses.items =
		arena_alloc(m->arena, m->n_clauses * sizeof(*r->clauses.items));
	for (uint32_t i = 0; i < m->n_clauses; i++)
		if (m->clauses_now[i] || m->clauses_before[i])
			r->clauses.items[r->clauses.n++] =
				(struct report_clause){ m->clauses[i],
							m->clauses_now[i],
							m->clauses_before[i] };
	if (r->clauses.n)
		qsort(r->clauses.items, r->clauses.n, sizeof(*r->clauses.items),
		      by_attempts);
}

static void count_sources(struct report_builder *m)
{
	struct report *r = m->report;

	for (uint32_t i = 1; i < m->n_sums; i++) {
		const struct sum *s = &m->sums[i];

		r->sources += s->family && sum_now(s);
		r->sources_before += s->family && s->before;
		for (size_t k = 0; k < r->ports.n; k++)
			r->ports.items[k].sources += s->ports >> k & 1;
	}
}

/* Drops ports without attempts. */
static void drop_idle_ports(struct report *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->ports.n; i++)
		if (tally_sum(&r->ports.items[i].now) ||
		    tally_sum(&r->ports.items[i].before))
			r->ports.items[n++] = r->ports.items[i];
	r->ports.n = n;
}

/* ---- all of them ---- */

int report_lists(struct report_builder *m)
{
	struct report *r = m->report;
	int error;

	count_sources(m);
	report_hosts(r);
	list_clauses(m);
	list_sources(m, rank_top, &r->top);
	list_sources(m, rank_first_seen, &r->first_seen);
	list_sources(m, rank_quiet, &r->quiet);
	error = follow(m, &r->top);
	if (!error)
		error = follow(m, &r->first_seen);
	drop_idle_ports(r);
	return error;
}
