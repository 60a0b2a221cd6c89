/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A report in two passes over the store: the first adds up everything, by whole
 * days and, where the period begins and ends within one, by minutes; the second
 * follows only the sources that are shown.
 */
#include "report.h"

#include "progress.h"

#include "../../plugin/decide.h"
#include "../../rules/arena.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HOUR_S	      3600
#define DAY_S	      86400
#define FINE_S	      (2 * DAY_S) /* up to here all is read by minutes */
#define HOURS_SHOWN_S (4 * DAY_S) /* up to here the timeline is of hours */
#define SOURCES_MOST  10000000u	  /* numbers beyond are not ours */

/* What is added up for each source; by its number. */
struct sum {
	uint8_t family; /* 0: not there */
	bool wanted;
	struct addr6 address;
	int64_t first_s, last_s;
	uint32_t now[OUTCOME_N], before;
	uint64_t ports; /* bits of report.ports */
	uint32_t findings;
	bool tls; /* was on a port that begins with TLS, or 587 */
};

struct local_hour {
	uint8_t weekday, hour;
};

struct maker {
	struct store *store;
	struct report *report;
	struct arena *arena;
	struct sum *sums;
	uint32_t n_sums;
	const char **clauses;
	uint64_t *clauses_now, *clauses_before;
	uint32_t n_clauses;
	uint32_t clause; /* the wished one; 0: all, UINT32_MAX: not known */
	struct local_hour *hours; /* of the period, from its first one */
	int64_t first_hour;
	size_t n_hours;
	struct report_source *shown; /* in the second pass */
	bool before;		     /* which period is being read */
	int64_t watched_to_s;
	struct progress progress;
	uint64_t rows;
};

uint64_t tally_sum(const struct tally *t)
{
	uint64_t sum = 0;

	for (int i = 0; i < OUTCOME_N; i++)
		sum += t->outcome[i];
	return sum;
}

/* ---- what numbers stand for ---- */

static void grow_sums(struct maker *m, uint32_t number)
{
	uint32_t n = m->n_sums ? m->n_sums : 1024;

	while (n <= number)
		n *= 2;
	m->sums = arena_resize(m->arena, m->sums, n * sizeof(*m->sums));
	memset(m->sums + m->n_sums, 0, (n - m->n_sums) * sizeof(*m->sums));
	m->n_sums = n;
}

static bool is_wished(const struct report_wish *w, const struct store_source *s)
{
	if (w->has_source)
		return s->family == w->family &&
		       !memcmp(&s->source, &w->source, sizeof(s->source));
	return !w->class || class_has(w->class, s->family, &s->source);
}

static void take_source(void *ctx, const struct store_source *s)
{
	struct maker *m = ctx;
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
			     .wanted = is_wished(&m->report->wish, s) };
}

static void take_clause(void *ctx, const struct store_clause *c)
{
	struct maker *m = ctx;
	const char *wished = m->report->wish.clause;

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
	if (wished && !strcmp(wished, c->id))
		m->clause = c->number;
}

/* Their order stays: the sums have a bit for each. */
static void take_port(void *ctx, uint16_t port)
{
	struct report *r = ((struct maker *)ctx)->report;

	if (r->ports.n < REPORT_PORTS_MOST)
		r->ports.items[r->ports.n++].port = port;
}

static int read_names(struct maker *m)
{
	int code;

	grow_sums(m, 0);
	m->clauses = arena_alloc(m->arena, sizeof(*m->clauses));
	m->clauses[0] = "";
	m->n_clauses = 1;
	if (m->report->wish.clause)
		m->clause = UINT32_MAX;
	code = store_sources(m->store, take_source, m);
	if (!code)
		code = store_clauses(m->store, take_clause, m);
	if (!code)
		code = store_ports(m->store, take_port, m);
	m->clauses_now = arena_alloc(m->arena, m->n_clauses * sizeof(uint64_t));
	m->clauses_before =
		arena_alloc(m->arena, m->n_clauses * sizeof(uint64_t));
	return code;
}

/* ---- time ---- */

static void read_hours(struct maker *m)
{
	const struct report_wish *w = &m->report->wish;

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

/* Days are local ones, of 23 to 25 hours. */
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

static void make_buckets(struct maker *m)
{
	struct report *r = m->report;
	const struct report_wish *w = &r->wish;
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

/* Some attempts of one source, at a time that may be an hour or a minute. */
struct piece {
	int64_t at_s;
	uint32_t source, clause;
	uint16_t port;
	uint8_t outcome;
	uint64_t attempts;
};

static struct report_port *port_at(struct report *r, uint16_t port)
{
	size_t i = 0;

	while (i < r->ports.n && r->ports.items[i].port < port)
		i++;
	if (i < r->ports.n && r->ports.items[i].port == port)
		return &r->ports.items[i];
	return NULL;
}

static void add_to_source(struct maker *m, const struct piece *p,
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
	if (port && !m->before && p->attempts)
		s->ports |= 1ull << (port - m->report->ports.items);
}

static void add_to_time(struct maker *m, const struct piece *p)
{
	struct report *r = m->report;
	size_t hour = (size_t)(p->at_s / HOUR_S - m->first_hour);

	bucket_at(r, p->at_s)->now.outcome[p->outcome] += p->attempts;
	if (hour < m->n_hours)
		r->heat[m->hours[hour].weekday][m->hours[hour].hour] +=
			p->attempts;
}

static bool is_in(const struct maker *m, const struct piece *p)
{
	const struct report_wish *w = &m->report->wish;

	if ((w->port && p->port != w->port) ||
	    (m->clause && p->clause != m->clause))
		return false;
	if (!w->has_source && !w->class)
		return true;
	return p->source && p->source < m->n_sums && m->sums[p->source].wanted;
}

static void take_piece(struct maker *m, const struct piece *p)
{
	struct report *r = m->report;
	struct report_port *port;
	struct tally *to = m->before ? &r->before : &r->now;

	if (!is_in(m, p))
		return;
	port = port_at(r, p->port);
	to->outcome[p->outcome] += p->attempts;
	if (port)
		(m->before ? &port->before : &port->now)->outcome[p->outcome] +=
			p->attempts;
	if (p->clause < m->n_clauses)
		(m->before ? m->clauses_before : m->clauses_now)[p->clause] +=
			p->attempts;
	if (!m->before)
		add_to_time(m, p);
}

/* Whatever ports were wished. */
static void note_tls(struct maker *m, uint32_t source, uint16_t port)
{
	if (!m->before && source < m->n_sums &&
	    (port == 465 || port == 587 || port == 993 || port == 995))
		m->sums[source].tls = true;
}

#define LOOK_AFTER 8192 /* rows */

static void show_progress(struct maker *m, int64_t at_s)
{
	const struct report_wish *w = &m->report->wish;
	double length = (double)(w->until_s - w->since_s);
	double at = (double)(at_s - w->since_s) / length;

	if (++m->rows % LOOK_AFTER == 0)
		progress_show(&m->progress,
			      m->before ? 0.5 + (at + 1) / 2 : at / 2);
}

static void take_day(void *ctx, const struct store_day *d)
{
	struct maker *m = ctx;
	struct piece p = { .source = d->source,
			   .clause = d->clause,
			   .port = d->port,
			   .outcome = d->outcome,
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
	struct maker *m = ctx;
	struct piece p = { .at_s = d->minute * 60,
			   .source = d->source,
			   .clause = d->clause,
			   .port = d->port,
			   .outcome = d->outcome,
			   .attempts = d->attempts };

	show_progress(m, p.at_s);
	note_tls(m, d->source, d->port);
	take_piece(m, &p);
	if (is_in(m, &p))
		add_to_source(m, &p, port_at(m->report, d->port));
}

static int64_t up(int64_t a, int64_t unit)
{
	return (a + unit - 1) / unit;
}

static int read_period(struct maker *m, int64_t since_s, int64_t until_s)
{
	int64_t first = up(since_s, DAY_S), end = until_s / DAY_S;
	int code;

	if (until_s - since_s <= FINE_S || first >= end)
		return store_minutes(m->store, since_s / 60, up(until_s, 60),
				     take_minute, m);
	code = store_minutes(m->store, since_s / 60, first * 24 * 60,
			     take_minute, m);
	if (!code)
		code = store_days(m->store, first, end, take_day, m);
	if (!code)
		code = store_minutes(m->store, end * 24 * 60, up(until_s, 60),
				     take_minute, m);
	return code;
}

/* ---- lists of sources ---- */

static uint64_t sum_now(const struct sum *s)
{
	uint64_t n = 0;

	for (int i = 0; i < OUTCOME_N; i++)
		n += s->now[i];
	return n;
}

typedef uint64_t rank_fn(const struct maker *m, const struct sum *s);

static uint64_t rank_top(const struct maker *m, const struct sum *s)
{
	(void)m;
	return sum_now(s);
}

static uint64_t rank_fresh(const struct maker *m, const struct sum *s)
{
	return s->first_s >= m->report->wish.since_s ? sum_now(s) : 0;
}

static uint64_t rank_quiet(const struct maker *m, const struct sum *s)
{
	(void)m;
	return sum_now(s) ? 0 : s->before;
}

static const char *name_of(const struct maker *m, uint8_t family,
			   const struct addr6 *address)
{
	char name[RANGE_TEXT_MAX];

	report_name(m->report->wish.pseudonyms, family, address, name);
	return arena_strndup(m->arena, name, strlen(name));
}

static void show_source(const struct maker *m, const struct sum *s,
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
				       .findings = s->findings };
	for (int i = 0; i < OUTCOME_N; i++)
		out->now.outcome[i] = s->now[i];
}

/* The first so many by rank; equal ones by their numbers, so by age. */
static void list_sources(struct maker *m, rank_fn *rank,
			 struct report_sources *out)
{
	size_t most = m->report->wish.top, n = 0;
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

static void add_spark(struct maker *m, int64_t at_s, uint64_t n)
{
	const struct report_wish *w = &m->report->wish;
	int64_t length = w->until_s - w->since_s, at = at_s - w->since_s;
	int64_t part = at * REPORT_SPARKS / length;

	if (at < 0)
		part = 0;
	if (part < REPORT_SPARKS)
		m->shown->spark[part] += (uint32_t)n;
}

static void follow_day(void *ctx, const struct store_day *d)
{
	struct maker *m = ctx;
	const struct report_wish *w = &m->report->wish;

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

static int follow(struct maker *m, struct report_sources *list)
{
	const struct report_wish *w = &m->report->wish;
	int code = EXIT_DONE;

	for (size_t i = 0; i < list->n && !code; i++) {
		const struct sum *s = &m->sums[list->items[i].number];

		m->shown = &list->items[i];
		for (size_t k = 0; k < m->report->ports.n; k++)
			if (s->ports >> k & 1 &&
			    m->shown->n_ports < SOURCE_PORTS_MOST)
				m->shown->ports[m->shown->n_ports++] =
					m->report->ports.items[k].port;
		code = store_days_of(m->store, list->items[i].number,
				     w->since_s / DAY_S, up(w->until_s, DAY_S),
				     follow_day, m);
	}
	return code;
}

/* ---- findings, and what happened ---- */

static enum finding_kind kind_of(const char *name)
{
	enum finding_kind k = 0;

	while (k < FINDING_N && strcmp(finding_name(k), name))
		k++;
	return k;
}

static const char *copy(const struct maker *m, const char *text)
{
	return arena_strndup(m->arena, text, strlen(text));
}

static void note_cleartext(struct maker *m, const struct sum *s,
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
	struct maker *m = ctx;
	struct report *r = m->report;
	struct sum *s = f->source < m->n_sums ? &m->sums[f->source] : NULL;
	enum finding_kind kind = kind_of(f->finding);

	if (!s || !s->family || !s->wanted ||
	    (r->wish.port && f->port != r->wish.port))
		return;
	if (kind < FINDING_N)
		s->findings |= 1u << kind;
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
		.examples = copy(m, f->examples),
	};
}

static void take_loaded(void *ctx, const struct store_loaded *l)
{
	struct maker *m = ctx;
	struct report *r = m->report;

	*arena_push(m->arena, &r->loaded) = (struct report_loaded){
		.time_s = l->time_s,
		.policy = copy(m, l->policy),
		.digest = copy(m, l->digest),
		.who = copy(m, l->who),
		.generation = l->generation,
	};
}

/* Runs come by their start, and may overlap. */
static void take_run(void *ctx, const struct store_run *run)
{
	struct maker *m = ctx;
	struct report *r = m->report;
	int64_t start_s = run->start_s, last_s = run->last_s;

	if (start_s < r->wish.since_s)
		start_s = r->wish.since_s;
	if (start_s < m->watched_to_s)
		start_s = m->watched_to_s;
	if (last_s > r->wish.until_s)
		last_s = r->wish.until_s;
	if (last_s > start_s) {
		r->watched_s += last_s - start_s;
		m->watched_to_s = last_s;
	}
	r->lost += run->lost;
	r->unlogged += run->unlogged;
}

static int read_happenings(struct maker *m)
{
	const struct report_wish *w = &m->report->wish;
	int code =
		store_findings(m->store, w->since_s, w->until_s, take_found, m);

	if (!code)
		code = store_loads(m->store, w->since_s, w->until_s,
				   take_loaded, m);
	if (!code)
		code = store_runs(m->store, w->since_s, w->until_s, take_run,
				  m);
	return code;
}

/* ---- clauses and ports ---- */

static int by_attempts(const void *a, const void *b)
{
	const struct report_clause *x = a, *y = b;

	if (x->attempts != y->attempts)
		return x->attempts < y->attempts ? 1 : -1;
	return strcmp(x->id, y->id);
}

static void list_clauses(struct maker *m)
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

static void count_sources(struct maker *m)
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

/* Those without any attempt are not worth a line. */
static void drop_idle_ports(struct report *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->ports.n; i++)
		if (tally_sum(&r->ports.items[i].now) ||
		    tally_sum(&r->ports.items[i].before))
			r->ports.items[n++] = r->ports.items[i];
	r->ports.n = n;
}

/* ---- the report ---- */

static int read_all(struct maker *m)
{
	const struct report_wish *w = &m->report->wish;
	int64_t length = w->until_s - w->since_s;
	int code = read_names(m);

	read_hours(m);
	make_buckets(m);
	if (!code)
		code = read_period(m, w->since_s, w->until_s);
	m->before = true;
	if (!code)
		code = read_period(m, w->since_s - length, w->since_s);
	return code ? code : read_happenings(m);
}

int report_make(struct store *store, struct arena *arena,
		const struct report_wish *wish, struct report *out)
{
	struct maker m = { .store = store, .report = out, .arena = arena };
	int code;

	*out = (struct report){ .arena = arena,
				.wish = *wish,
				.made_s = (int64_t)time(NULL) };
	progress_begin(&m.progress, "reading the store");
	code = read_all(&m);
	progress_end(&m.progress);
	if (code)
		return code;
	count_sources(&m);
	list_clauses(&m);
	list_sources(&m, rank_top, &out->top);
	list_sources(&m, rank_fresh, &out->fresh);
	list_sources(&m, rank_quiet, &out->quiet);
	code = follow(&m, &out->top);
	if (!code)
		code = follow(&m, &out->fresh);
	drop_idle_ports(out);
	return code;
}
