/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes a report in two passes over the store. The first adds everything up:
 * whole days, and minutes where the period begins or ends within a day. The
 * second reads the days of the sources that are shown.
 */
#include "report_priv.h"

#include "../../rules/base/service.h"
#include "../../rules/policy/decide.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FINE_S	      (2 * DAY_S) /* a period up to this: all by minutes */
#define HOURS_SHOWN_S (4 * DAY_S) /* a period up to this: buckets are hours */
#define SOURCES_MOST  10000000u	  /* larger numbers are not of our stores */

/* ---- what numbers stand for ---- */

static void grow_sums(struct report_builder *m, uint32_t number)
{
	uint32_t n = m->n_sums ? m->n_sums : 1024;

	while (n <= number)
		n *= 2;
	m->sums = arena_resize(m->arena, m->sums, n * sizeof(*m->sums));
	memset(m->sums + m->n_sums, 0, (n - m->n_sums) * sizeof(*m->sums));
	m->n_sums = n;
}

static bool is_wished(const struct report_query *w,
		      const struct store_source *s)
{
	if (w->has_source)
		return s->family == w->family &&
		       !memcmp(&s->source, &w->source, sizeof(s->source));
	return !w->class || class_has(w->class, s->family, &s->source);
}

static void report_take_source(void *ctx, const struct store_source *s)
{
	struct report_builder *m = ctx;
	struct sum *sum;

	if (!s->number || s->number > SOURCES_MOST)
		return;
	if (s->number >= m->n_sums)
		grow_sums(m, s->number);
	sum = &m->sums[s->number];
	*sum = (struct sum){ .family = s->family,
			     .address = s->source,
			     .first_s = s->first_s,
			     .last_s = s->last_s,
			     .wanted = is_wished(&m->report->query, s) };
}

static void take_clause(void *ctx, const struct store_clause *c)
{
	struct report_builder *m = ctx;
	const char *asked_for = m->report->query.clause;

	if (c->number > UINT16_MAX)
		return;
	while (m->n_clauses <= c->number) {
		const char **list = arena_alloc(
			m->arena, 2 * (m->n_clauses + 64) * sizeof(*list));

		memcpy(list, m->clauses, m->n_clauses * sizeof(*list));
		for (uint32_t i = m->n_clauses; i < 2 * (m->n_clauses + 64);
		     i++)
			list[i] = "";
		m->clauses = list;
		m->n_clauses = 2 * (m->n_clauses + 64);
	}
	m->clauses[c->number] = arena_strndup(m->arena, c->id, strlen(c->id));
	if (asked_for && !strcmp(asked_for, c->id))
		m->clause = c->number;
}

/* Keeps the order of ports: struct sum has a bit for each. */
static void report_take_port(void *ctx, uint16_t port)
{
	struct report *r = ((struct report_builder *)ctx)->report;

	if (r->ports.n < REPORT_PORTS_MOST)
		r->ports.items[r->ports.n++].port = port;
}

static int read_names(struct report_builder *m)
{
	int error;

	grow_sums(m, 0);
	m->clauses = arena_alloc(m->arena, sizeof(*m->clauses));
	m->clauses[0] = "";
	m->n_clauses = 1;
	if (m->report->query.clause)
		m->clause = UINT32_MAX;
	error = store_sources(m->store, report_take_source, m);
	if (!error)
		error = store_clauses(m->store, take_clause, m);
	if (!error)
		error = store_ports(m->store, report_take_port, m);
	m->clauses_now = arena_alloc(m->arena, m->n_clauses * sizeof(uint64_t));
	m->clauses_before =
		arena_alloc(m->arena, m->n_clauses * sizeof(uint64_t));
	return error;
}

/* ---- time ---- */

static void read_hours(struct report_builder *m)
{
	const struct report_query *w = &m->report->query;

	m->first_hour = w->since_s / HOUR_S;
	m->n_hours = (size_t)((w->until_s - 1) / HOUR_S - m->first_hour + 1);
	m->hours = arena_alloc(m->arena, m->n_hours * sizeof(*m->hours));
	for (size_t i = 0; i < m->n_hours; i++) {
		time_t at = (time_t)((m->first_hour + (int64_t)i) * HOUR_S);
		struct tm tm;

		localtime_r(&at, &tm);
		m->hours[i].weekday = (uint8_t)((tm.tm_wday + 6) % 7);
		m->hours[i].hour = (uint8_t)tm.tm_hour;
	}
}

/* The start of the next bucket. Days are local, of 23 to 25 hours. */
static int64_t next_bucket(int64_t at_s, int64_t seconds)
{
	time_t at = (time_t)at_s;
	struct tm tm;

	if (seconds == HOUR_S)
		return at_s - at_s % HOUR_S + HOUR_S;
	localtime_r(&at, &tm);
	tm.tm_mday++;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	at = mktime(&tm);
	return at > at_s ? at : at_s + seconds;
}

static void make_buckets(struct report_builder *m)
{
	struct report *r = m->report;
	const struct report_query *w = &r->query;
	int64_t length = w->until_s - w->since_s;
	size_t n = 0;

	r->timeline.seconds = length <= HOURS_SHOWN_S ? HOUR_S : DAY_S;
	for (int64_t at = w->since_s; at < w->until_s;
	     at = next_bucket(at, r->timeline.seconds))
		n++;
	r->timeline.items =
		arena_alloc(m->arena, n * sizeof(*r->timeline.items));
	for (int64_t at = w->since_s; at < w->until_s && r->timeline.n < n;
	     at = next_bucket(at, r->timeline.seconds))
		r->timeline.items[r->timeline.n++].start_s = at;
}

static struct report_bucket *bucket_at(struct report *r, int64_t at_s)
{
	size_t low = 0, n = r->timeline.n;

	while (n > 1) {
		size_t half = n / 2;

		if (r->timeline.items[low + half].start_s <= at_s) {
			low += half;
			n -= half;
		} else {
			n = half;
		}
	}
	return &r->timeline.items[low];
}

/* ---- the first pass ---- */

/* Attempts of one source in one hour or one minute. */
struct piece {
	int64_t at_s;
	uint32_t source, clause;
	uint16_t port;
	uint8_t outcome;
	bool observed;
	uint64_t attempts;
};

static void report_tally(struct tally *to, const struct piece *p)
{
	to->outcome[p->outcome] += p->attempts;
	to->observed += p->observed ? p->attempts : 0;
}

static struct report_port *port_at(struct report *r, uint16_t port)
{
	size_t i = 0;

	while (i < r->ports.n && r->ports.items[i].port < port)
		i++;
	if (i < r->ports.n && r->ports.items[i].port == port)
		return &r->ports.items[i];
	return NULL;
}

static void add_to_source(struct report_builder *m, const struct piece *p,
			  const struct report_port *port)
{
	struct sum *s = p->source < m->n_sums ? &m->sums[p->source] : NULL;
	uint32_t *at;

	if (!p->source) {
		m->report->folded += m->before ? 0 : p->attempts;
		return;
	}
	if (!s || !s->family)
		return;
	at = m->before ? &s->before : &s->now[p->outcome];
	*at = p->attempts > UINT32_MAX - *at ? UINT32_MAX :
					       *at + (uint32_t)p->attempts;
	if (p->observed && !m->before)
		s->observed += p->attempts;
	if (port && !m->before && p->attempts)
		s->ports |= 1ull << (port - m->report->ports.items);
}

static void add_to_time(struct report_builder *m, const struct piece *p)
{
	struct report *r = m->report;
	size_t hour = (size_t)(p->at_s / HOUR_S - m->first_hour);

	report_tally(&bucket_at(r, p->at_s)->now, p);
	if (hour < m->n_hours)
		r->heat[m->hours[hour].weekday][m->hours[hour].hour] +=
			p->attempts;
}

static bool is_in(const struct report_builder *m, const struct piece *p)
{
	const struct report_query *w = &m->report->query;

	if ((w->port && p->port != w->port) ||
	    (m->clause && p->clause != m->clause))
		return false;
	if (!w->has_source && !w->class)
		return true;
	return p->source && p->source < m->n_sums && m->sums[p->source].wanted;
}

static void take_piece(struct report_builder *m, const struct piece *p)
{
	struct report *r = m->report;
	struct report_port *port;
	struct tally *to = m->before ? &r->before : &r->now;

	if (!is_in(m, p))
		return;
	port = port_at(r, p->port);
	report_tally(to, p);
	if (port)
		report_tally(m->before ? &port->before : &port->now, p);
	if (p->clause < m->n_clauses)
		(m->before ? m->clauses_before : m->clauses_now)[p->clause] +=
			p->attempts;
	if (!m->before)
		add_to_time(m, p);
}

/* Notes the use of TLS on any port, also one that is not in the report. */
static void note_tls(struct report_builder *m, uint32_t source, uint16_t port)
{
	const struct service *s = service_by_port(port);

	if (!m->before && source < m->n_sums && s && s->users_have_tls)
		m->sums[source].tls = true;
}

#define LOOK_AFTER 8192 /* rows */

static void show_progress(struct report_builder *m, int64_t at_s)
{
	const struct report_query *w = &m->report->query;
	double length = (double)(w->until_s - w->since_s);
	double at = (double)(at_s - w->since_s) / length;

	if (++m->rows % LOOK_AFTER == 0)
		progress_show(&m->progress,
			      m->before ? 0.5 + (at + 1) / 2 : at / 2);
}

static void take_day(void *ctx, const struct store_day *d)
{
	struct report_builder *m = ctx;
	struct piece p = { .source = d->source,
			   .clause = d->clause,
			   .port = d->port,
			   .outcome = d->outcome,
			   .observed = d->observed,
			   .attempts = d->attempts };

	show_progress(m, d->day * DAY_S);
	note_tls(m, d->source, d->port);
	for (int64_t h = 0; h < 24; h++) {
		if (!d->hours[h] || d->hours[h] > INT32_MAX)
			continue;
		p.at_s = d->day * DAY_S + h * HOUR_S;
		p.attempts = d->hours[h];
		take_piece(m, &p);
	}
	p.attempts = d->attempts;
	if (is_in(m, &p))
		add_to_source(m, &p, port_at(m->report, d->port));
}

static void take_minute(void *ctx, const struct store_minute *d)
{
	struct report_builder *m = ctx;
	struct piece p = { .at_s = d->minute * 60,
			   .source = d->source,
			   .clause = d->clause,
			   .port = d->port,
			   .outcome = d->outcome,
			   .observed = d->observed,
			   .attempts = d->attempts };

	show_progress(m, p.at_s);
	note_tls(m, d->source, d->port);
	take_piece(m, &p);
	if (is_in(m, &p))
		add_to_source(m, &p, port_at(m->report, d->port));
}

static int report_read_period(struct report_builder *m, int64_t since_s,
			      int64_t until_s)
{
	int64_t first = report_up(since_s, DAY_S), end = until_s / DAY_S;
	int error;

	if (until_s - since_s <= FINE_S || first >= end)
		return store_minutes(m->store, since_s / 60,
				     report_up(until_s, 60), take_minute, m);
	error = store_minutes(m->store, since_s / 60, first * 24 * 60,
			      take_minute, m);
	if (!error)
		error = store_days(m->store, first, end, take_day, m);
	if (!error)
		error = store_minutes(m->store, end * 24 * 60,
				      report_up(until_s, 60), take_minute, m);
	return error;
}

/* ---- the report ---- */

static int report_read_all(struct report_builder *m)
{
	const struct report_query *w = &m->report->query;
	int64_t length = w->until_s - w->since_s;
	int error = read_names(m);

	read_hours(m);
	make_buckets(m);
	if (!error)
		error = report_read_period(m, w->since_s, w->until_s);
	m->before = true;
	if (!error)
		error = report_read_period(m, w->since_s - length, w->since_s);
	return error ? error : report_read_happenings(m);
}

int report_make(struct store *store, struct arena *arena,
		const struct report_query *query, struct report *out,
		struct fault *f)
{
	struct report_builder m = { .store = store,
				    .report = out,
				    .arena = arena };
	int error;

	*out = (struct report){ .arena = arena,
				.query = *query,
				.made_s = (int64_t)time(NULL) };
	progress_begin(&m.progress, "reading the store");
	error = report_read_all(&m);
	progress_end(&m.progress);
	if (!error)
		error = report_lists(&m);
	return error ? store_fault(store, "read", f) : 0;
}
