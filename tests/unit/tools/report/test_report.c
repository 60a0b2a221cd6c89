/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A report says what a plain count of the same rows says. */
#include "../../folder.h"
#include "../../store_hostile.h"
#include "../../../../tools/report/writer.h"
#include "../../../../tools/store/store_write.h"
#include "../../../../tools/report/report.h"
#include "../../../../tools/program/program.h"

#include <fcntl.h>
#include <sys/wait.h>

#define DAY_S	INT64_C(86400)
#define FIRST_S (INT64_C(20500) * DAY_S) /* 2026-02-16, a Monday */

/* ---- the world: rows, and a store of them ---- */

enum { SOURCES = 14, DAYS = 9, ROWS = 5000 };

static const uint16_t ports[] = { 25, 110, 465, 587 };
static const char *const clauses[] = { "", "p:1", "p:2", "q:1" };

struct event {
	int64_t minute;
	uint32_t source, port, clause; /* indexes; source 0 is folded */
	uint8_t outcome;
	uint32_t attempts;
};

struct counted {
	struct event events[ROWS];
	size_t n;
};

static uint8_t family_of(uint32_t source)
{
	return !source ? 0 : source % 3 ? 4 : 6;
}

static struct addr6 address_of(uint32_t source)
{
	struct addr6 a = { { 0 } };

	if (!source)
		return a;
	a.byte[0] = family_of(source) == 4 ? 10 : 0x20;
	a.byte[3] = (uint8_t)source;
	return a;
}

static struct store_row row_of(const struct event *e)
{
	return (struct store_row){ .minute = e->minute,
				   .family = family_of(e->source),
				   .source = address_of(e->source),
				   .port = ports[e->port],
				   .outcome = e->outcome,
				   .clause = clauses[e->clause],
				   .attempts = (int32_t)e->attempts,
				   .syns = (int32_t)e->attempts };
}

/* Some sources are there only for a while. */
static struct counted *count_by_chance(const char *path, uint64_t seed)
{
	struct counted *c = calloc(1, sizeof(*c));
	struct store *s;

	assert_non_null(c);
	assert_int_equal(store_open(path, true, &s, &why), 0);
	store_begin(s);
	while (c->n < ROWS) {
		uint64_t r = chance(&seed);
		struct event e = {
			.minute = FIRST_S / 60 + (int64_t)(r % (DAYS * 1440)),
			.source = (uint32_t)(chance(&seed) % SOURCES),
			.port = r >> 20 & 3,
			.clause = r >> 22 & 3,
			.outcome = (r >> 24) % OUTCOME_N,
			.attempts = 1 + (r >> 30) % 300,
		};
		int64_t day = e.minute / 1440 - 20500;
		struct store_row row = row_of(&e);

		if (e.source > 4 && day != e.source % DAYS &&
		    day != (e.source + 2) % DAYS)
			continue;
		store_add(s, &row);
		c->events[c->n++] = e;
	}
	assert_int_equal(store_end(s), 0);
	store_close(s);
	return c;
}

static void make(struct store *s, struct arena *a, const struct report_query *w,
		 struct report *out)
{
	assert_int_equal(report_make(s, a, w, out, &why), 0);
}

/* ---- a plain count ---- */

static bool is_wished(const struct report_query *w, const struct event *e)
{
	struct addr6 address = address_of(e->source);

	if (w->port && ports[e->port] != w->port)
		return false;
	if (w->clause && strcmp(w->clause, clauses[e->clause]))
		return false;
	return !w->has_source ||
	       (e->source && family_of(e->source) == w->family &&
		!memcmp(&address, &w->source, sizeof(address)));
}

/* 0: in neither, 1: in the period, 2: in the one before. */
static int period_of(const struct report_query *w, const struct event *e)
{
	int64_t at = e->minute * 60, length = w->until_s - w->since_s;

	if (!is_wished(w, e))
		return 0;
	return at >= w->since_s && at < w->until_s	    ? 1 :
	       at >= w->since_s - length && at < w->since_s ? 2 :
							      0;
}

struct plain {
	uint64_t now[OUTCOME_N], before[OUTCOME_N], folded;
	uint64_t port_now[4][OUTCOME_N], port_before[4][OUTCOME_N];
	uint64_t clause_now[4], clause_before[4];
	uint64_t source_now[SOURCES][OUTCOME_N], source_before[SOURCES];
	bool source_port[SOURCES][4];
	int64_t first_s[SOURCES], last_s[SOURCES]; /* of all that is there */
	uint64_t heat[7][24];
};

static uint64_t sum_of(const uint64_t outcome[OUTCOME_N])
{
	uint64_t n = 0;

	for (int i = 0; i < OUTCOME_N; i++)
		n += outcome[i];
	return n;
}

static void count_now(struct plain *p, const struct event *e)
{
	time_t hour = (time_t)(e->minute / 60 * 3600);
	struct tm tm;

	localtime_r(&hour, &tm);
	p->now[e->outcome] += e->attempts;
	p->port_now[e->port][e->outcome] += e->attempts;
	p->clause_now[e->clause] += e->attempts;
	p->source_now[e->source][e->outcome] += e->attempts;
	p->source_port[e->source][e->port] = true;
	p->folded += e->source ? 0 : e->attempts;
	p->heat[(tm.tm_wday + 6) % 7][tm.tm_hour] += e->attempts;
}

static void count_before(struct plain *p, const struct event *e)
{
	p->before[e->outcome] += e->attempts;
	p->port_before[e->port][e->outcome] += e->attempts;
	p->clause_before[e->clause] += e->attempts;
	p->source_before[e->source] += e->attempts;
}

static void count(const struct counted *c, const struct report_query *w,
		  struct plain *p)
{
	memset(p, 0, sizeof(*p));
	for (size_t i = 0; i < c->n; i++) {
		const struct event *e = &c->events[i];
		int period = period_of(w, e);

		if (!p->last_s[e->source] ||
		    e->minute * 60 < p->first_s[e->source])
			p->first_s[e->source] = e->minute * 60;
		if (e->minute * 60 + 59 > p->last_s[e->source])
			p->last_s[e->source] = e->minute * 60 + 59;
		if (period == 1)
			count_now(p, e);
		else if (period == 2)
			count_before(p, e);
	}
}

/* ---- is the report the same? ---- */

static char asked[256];

static void expect_same(const char *what, uint64_t got, uint64_t want)
{
	expect(got == want, "%s: %s: got %llu want %llu", asked, what,
	       (unsigned long long)got, (unsigned long long)want);
}

static void expect_totals(const struct report *r, const struct plain *p)
{
	for (int o = 0; o < OUTCOME_N; o++) {
		expect_same("now", r->now.outcome[o], p->now[o]);
		expect_same("before", r->before.outcome[o], p->before[o]);
	}
	expect_same("folded", r->folded, p->folded);
}

static void expect_ports(const struct report *r, const struct plain *p)
{
	size_t n = 0;

	for (size_t k = 0; k < COUNT(ports); k++) {
		const struct report_port *port = &r->ports.items[n];
		uint64_t sources = 0;

		if (!sum_of(p->port_now[k]) && !sum_of(p->port_before[k]))
			continue;
		n++;
		if (!expect(n <= r->ports.n, "%s: %zu ports", asked,
			    r->ports.n))
			return;
		expect_same("port", port->port, ports[k]);
		for (int o = 0; o < OUTCOME_N; o++) {
			expect_same("port now", port->now.outcome[o],
				    p->port_now[k][o]);
			expect_same("port before", port->before.outcome[o],
				    p->port_before[k][o]);
		}
		for (int s = 1; s < SOURCES; s++)
			sources += p->source_port[s][k];
		expect_same("port's sources", port->sources, sources);
	}
	expect_same("ports", r->ports.n, n);
}

static void expect_clauses(const struct report *r, const struct plain *p)
{
	size_t n = 0;

	for (size_t k = 0; k < COUNT(clauses); k++)
		n += p->clause_now[k] || p->clause_before[k];
	expect_same("clauses", r->clauses.n, n);
	for (size_t i = 0; i < r->clauses.n; i++) {
		const struct report_clause *c = &r->clauses.items[i];
		size_t k = 0;

		while (k < COUNT(clauses) && strcmp(clauses[k], c->id))
			k++;
		if (!expect(k < COUNT(clauses), "%s: clause \"%s\"", asked,
			    c->id))
			return;
		expect_same("clause", c->attempts, p->clause_now[k]);
		expect_same("clause before", c->before, p->clause_before[k]);
		expect(!i || c[-1].attempts >= c->attempts,
		       "%s: clauses are not in order", asked);
	}
}

static uint32_t index_of(const struct report_source *s)
{
	for (uint32_t i = 1; i < SOURCES; i++) {
		struct addr6 a = address_of(i);

		if (s->family == family_of(i) &&
		    !memcmp(&a, &s->source, sizeof(a)))
			return i;
	}
	fail_msg("%s: a source that is none", asked);
	return 0;
}

static void expect_source(const struct report_source *s, const struct plain *p)
{
	uint32_t i = index_of(s);
	size_t n = 0;

	expect_same("attempts", s->attempts, sum_of(p->source_now[i]));
	expect_same("before", s->before, p->source_before[i]);
	for (int o = 0; o < OUTCOME_N; o++)
		expect_same("outcome", s->now.outcome[o], p->source_now[i][o]);
	expect_same("first", (uint64_t)s->first_s, (uint64_t)p->first_s[i]);
	expect_same("last", (uint64_t)s->last_s, (uint64_t)p->last_s[i]);
	for (size_t k = 0; k < COUNT(ports) && s->attempts; k++)
		if (p->source_port[i][k] && n < s->n_ports)
			expect_same("its port", s->ports[n++], ports[k]);
}

typedef uint64_t rank_fn(const struct report_query *w, const struct plain *p,
			 uint32_t source);

static uint64_t rank_top(const struct report_query *w, const struct plain *p,
			 uint32_t source)
{
	(void)w;
	return sum_of(p->source_now[source]);
}

static uint64_t rank_first_seen(const struct report_query *w,
				const struct plain *p, uint32_t source)
{
	return p->first_s[source] >= w->since_s ?
		       sum_of(p->source_now[source]) :
		       0;
}

static uint64_t rank_quiet(const struct report_query *w, const struct plain *p,
			   uint32_t source)
{
	(void)w;
	return sum_of(p->source_now[source]) ? 0 : p->source_before[source];
}

static int descending(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x < *y) - (*x > *y);
}

static void expect_list(const char *what, const struct report *r,
			const struct report_sources *list, rank_fn *rank,
			const struct plain *p)
{
	uint64_t ranks[SOURCES];
	size_t n = 0, shown;

	for (uint32_t i = 1; i < SOURCES; i++)
		if (rank(&r->query, p, i))
			ranks[n++] = rank(&r->query, p, i);
	qsort(ranks, n, sizeof(*ranks), descending);
	expect_same(what, list->all, n);
	shown = n < r->query.top ? n : r->query.top;
	if (!expect(list->n == shown, "%s: %zu %s of %zu", asked, list->n, what,
		    shown))
		return;
	for (size_t i = 0; i < list->n; i++) {
		expect_same(what, rank(&r->query, p, index_of(&list->items[i])),
			    ranks[i]);
		expect_source(&list->items[i], p);
		if (i && ranks[i] == ranks[i - 1])
			expect(list->items[i].number >
				       list->items[i - 1].number,
			       "%s: equal ones are not by age", asked);
		for (size_t k = 0; k < i; k++)
			expect(index_of(&list->items[k]) !=
				       index_of(&list->items[i]),
			       "%s: one is in %s twice", asked, what);
	}
}

static void expect_sources(const struct report *r, const struct plain *p)
{
	uint64_t now = 0, before = 0;

	for (uint32_t i = 1; i < SOURCES; i++) {
		now += sum_of(p->source_now[i]) > 0;
		before += p->source_before[i] > 0;
	}
	expect_same("sources", r->sources, now);
	expect_same("sources before", r->sources_before, before);
	expect_list("top", r, &r->top, rank_top, p);
	expect_list("fresh", r, &r->first_seen, rank_first_seen, p);
	expect_list("quiet", r, &r->quiet, rank_quiet, p);
}

/* Sparklines add up where the period's edges are those of hours. */
static void expect_sparks(const struct report *r)
{
	if (r->query.since_s % 3600 || r->query.until_s % 3600)
		return;
	for (size_t i = 0; i < r->top.n; i++) {
		uint64_t sum = 0;

		for (int k = 0; k < REPORT_SPARKS; k++)
			sum += r->top.items[i].spark[k];
		expect_same("spark", sum, r->top.items[i].attempts);
	}
}

static void expect_time(const struct report *r, const struct counted *c,
			const struct plain *p)
{
	const struct report_bucket *b = r->timeline.items;
	struct tally sum = { .observed = 0 };
	uint64_t heat = 0;

	expect(r->timeline.n && b[0].start_s == r->query.since_s,
	       "%s: the timeline starts elsewhere", asked);
	for (size_t i = 0; i < r->timeline.n; i++) {
		int64_t end = i + 1 < r->timeline.n ? b[i + 1].start_s :
						      r->query.until_s;
		uint64_t want = 0;
		/* Days are stored by hours of UTC, which are cut in half. */
		bool halved = !strcmp(getenv("TZ"), "Asia/Kolkata") &&
			      r->timeline.seconds != 3600;

		expect(end > b[i].start_s && end - b[i].start_s <= 90000,
		       "%s: bucket %zu is %lld s", asked, i,
		       (long long)(end - b[i].start_s));
		for (size_t k = 0; k < c->n; k++)
			if (period_of(&r->query, &c->events[k]) == 1 &&
			    c->events[k].minute * 60 >= b[i].start_s &&
			    c->events[k].minute * 60 < end)
				want += c->events[k].attempts;
		if (!halved)
			expect_same("bucket", tally_sum(&b[i].now), want);
		for (int o = 0; o < OUTCOME_N; o++)
			sum.outcome[o] += b[i].now.outcome[o];
	}
	for (int o = 0; o < OUTCOME_N; o++)
		expect_same("timeline", sum.outcome[o], p->now[o]);
	for (int day = 0; day < 7; day++)
		for (int hour = 0; hour < 24; hour++) {
			expect_same("heat", r->heat[day][hour],
				    p->heat[day][hour]);
			heat += r->heat[day][hour];
		}
	expect_same("all heat", heat, sum_of(p->now));
}

static void expect_report(const struct counted *c, struct store *s,
			  const struct report_query *w)
{
	struct arena *a = arena_new();
	struct report *r = malloc(sizeof(*r));
	struct plain p;

	assert_non_null(a);
	assert_non_null(r);
	snprintf(asked, sizeof(asked),
		 "%s since %lld+%lld until +%lld port %u clause %s source %d.%d"
		 " top %zu",
		 getenv("TZ"), (long long)FIRST_S,
		 (long long)(w->since_s - FIRST_S),
		 (long long)(w->until_s - FIRST_S), w->port,
		 w->clause ? w->clause : "-", w->has_source, w->source.byte[3],
		 w->top);
	make(s, a, w, r);
	count(c, w, &p);
	expect_totals(r, &p);
	expect_ports(r, &p);
	expect_clauses(r, &p);
	expect_sources(r, &p);
	expect_sparks(r);
	expect_time(r, c, &p);
	free(r);
	arena_free(a);
}

static void zone(const char *tz)
{
	setenv("TZ", tz, 1);
	tzset();
}

static const char *const zones[] = { "UTC", "Europe/Berlin", "Asia/Kolkata",
				     "America/New_York" };

CLAIM(periods, "any period of minutes, of days, with edges within days or at "
	       "them, has the sums of its rows, and of those before it")
{
	static const struct {
		int64_t since_s, until_s; /* from FIRST_S */
	} rows[] = {
		{ 0, DAYS * DAY_S },
		{ 4 * DAY_S, DAYS * DAY_S },
		{ 4 * DAY_S, 5 * DAY_S },
		{ 4 * DAY_S, 6 * DAY_S },
		{ 4 * DAY_S, 6 * DAY_S + 60 },
		{ 4 * DAY_S - 60, 6 * DAY_S },
		{ 4 * DAY_S - 60, 6 * DAY_S + 60 },
		{ 4 * DAY_S + 60, 7 * DAY_S },
		{ 4 * DAY_S + 60, 8 * DAY_S - 60 },
		{ 5 * DAY_S + 3600, 7 * DAY_S + 7200 },
		{ 5 * DAY_S + 40000 / 60 * 60, 8 * DAY_S + 60 },
		{ 5 * DAY_S + 43260, 5 * DAY_S + 43320 },
		{ 5 * DAY_S + 3600, 5 * DAY_S + 7200 },
		{ 5 * DAY_S + 86340, 6 * DAY_S + 60 },
		{ -30 * DAY_S, 30 * DAY_S },
		{ DAYS * DAY_S, DAYS * DAY_S * 2 },
		{ -10 * DAY_S, -5 * DAY_S },
		{ 8 * DAY_S, 12 * DAY_S },
	};
	const char *path = file_of("db");
	struct counted *c = count_by_chance(path, 1);
	struct store *s;

	assert_int_equal(store_open(path, false, &s, &why), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct report_query w = { .since_s = FIRST_S + rows[i].since_s,
					  .until_s = FIRST_S + rows[i].until_s,
					  .top = 20 };

		zone(zones[i % COUNT(zones)]);
		expect_report(c, s, &w);
	}
	store_close(s);
	free(c);
}

CLAIM(by_chance, "so has any period by chance, of a port, a source, a clause "
		 "or all of them")
{
	const char *path = file_of("db");
	struct counted *c = count_by_chance(path, 2);
	uint64_t seed = 99;
	struct store *s;

	assert_int_equal(store_open(path, false, &s, &why), 0);
	for (unsigned int i = 0; i < 150; i++) {
		uint64_t r = chance(&seed), all = DAYS * 1440;
		uint64_t unit = r >> 60 & 1 ? 1 : r >> 61 & 1 ? 60 : 1440;
		int64_t since = (int64_t)(chance(&seed) % all / unit * unit);
		int64_t length = (int64_t)(chance(&seed) % all / unit * unit);
		struct report_query w = {
			.since_s = FIRST_S + since * 60,
			.until_s =
				FIRST_S + (since + length + (int64_t)unit) * 60,
			.top = r % 4 ? 20 : r >> 8 & 3,
			.port = r >> 10 & 3 ? 0 : ports[r >> 12 & 3],
			.clause = r >> 14 & 3 ? NULL :
						(const char *[]){
							"p:1", "p:2", "q:1",
							"none" }[r >> 16 & 3],
			.has_source = !(r >> 18 & 3),
		};
		uint32_t source = 1 + (uint32_t)(r >> 20) % SOURCES;

		if (w.has_source) {
			w.family = family_of(source);
			w.source = address_of(source);
		}
		zone(zones[i % COUNT(zones)]);
		expect_report(c, s, &w);
	}
	store_close(s);
	free(c);
}

/* ---- daylight saving ---- */

CLAIM(summer, "the days on which clocks change are one bucket each, and no "
	      "attempt falls between")
{
	/* 2026-03-29 and 2026-10-25 in Berlin, a midnight gap in Beirut */
	static const struct {
		const char *tz;
		int64_t change_s;
	} rows[] = { { "Europe/Berlin", INT64_C(1774746000) },
		     { "Europe/Berlin", INT64_C(1792890000) },
		     { "Asia/Beirut", INT64_C(1774735200) },
		     { "America/Sao_Paulo", INT64_C(1541300400) } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *path = file_of("db");
		struct counted *c = calloc(1, sizeof(*c));
		int64_t first = rows[i].change_s / 3600 - 96;
		struct store *s;

		unlink(path);
		zone(rows[i].tz);
		assert_int_equal(store_open(path, true, &s, &why), 0);
		store_begin(s);
		for (int64_t hour = first; hour < first + 192; hour++) {
			struct event e = { .minute = hour * 60,
					   .source = 1,
					   .attempts = 1 };
			struct store_row row = row_of(&e);

			store_add(s, &row);
			c->events[c->n++] = e;
		}
		assert_int_equal(store_end(s), 0);
		for (int64_t days = 3; days < 8; days++) {
			struct report_query w = { .since_s = first * 3600,
						  .until_s = first * 3600 +
							     days * DAY_S,
						  .top = 3 };
			struct arena *a = arena_new();
			struct report *r = malloc(sizeof(*r));

			expect_report(c, s, &w);
			make(s, a, &w, r);
			for (size_t k = 1; days > 4 && k < r->timeline.n; k++) {
				time_t at =
					(time_t)r->timeline.items[k].start_s;
				time_t ahead = at - 1;
				struct tm tm, last;

				localtime_r(&at, &tm);
				localtime_r(&ahead, &last);
				expect(tm.tm_mday != last.tm_mday,
				       "%s: bucket %zu starts at %d:%02d of "
				       "day %d",
				       rows[i].tz, k, tm.tm_hour, tm.tm_min,
				       tm.tm_mday);
			}
			free(r);
			arena_free(a);
		}
		store_close(s);
		free(c);
	}
	zone("UTC");
}

/* ---- what was taken back ---- */

CLAIM(taken_back, "of what was told early and taken back there is no source, "
		  "no port and no clause")
{
	const char *path = file_of("db");
	struct event early = { FIRST_S / 60, 1, 0, 1, 0, 1 };
	struct event last = { FIRST_S / 60, 1, 0, 2, 1, 1 };
	struct event of_two = { FIRST_S / 60, 2, 0, 1, 0, 1 };
	struct store_row rows[4] = { row_of(&early), row_of(&early),
				     row_of(&last), row_of(&of_two) };

	zone("UTC");
	for (int days = 1; days < 5; days += 3) {
		struct report_query w = { .since_s = FIRST_S,
					  .until_s = FIRST_S + days * DAY_S,
					  .clause = "p:1",
					  .top = 5 };
		struct arena *a = arena_new();
		struct report *r = malloc(sizeof(*r));
		struct store *s;

		unlink(path);
		assert_int_equal(store_open(path, true, &s, &why), 0);
		rows[1].attempts = rows[1].syns = -1;
		store_begin(s);
		for (size_t i = 0; i < COUNT(rows); i++)
			store_add(s, &rows[i]);
		assert_int_equal(store_end(s), 0);
		snprintf(asked, sizeof(asked), "%d days", days);
		make(s, a, &w, r);
		expect_same("attempts", tally_sum(&r->now), 1);
		expect_same("sources", r->sources, 1);
		expect_same("top", r->top.all, 1);
		expect_same("ports", r->ports.n, 1);
		expect_same("port's sources", r->ports.items[0].sources, 1);
		store_close(s);
		free(r);
		arena_free(a);
	}
}

CLAIM(below, "a count below 0 in the store is 0 in the report, by minutes as "
	     "by days")
{
	const char *path = file_of("db");
	struct event e = { FIRST_S / 60, 1, 0, 1, 0, 1 };
	struct store_row row = row_of(&e);
	struct store *s;

	zone("UTC");
	row.attempts = row.syns = -1;
	assert_int_equal(store_open(path, true, &s, &why), 0);
	store_begin(s);
	store_add(s, &row);
	assert_int_equal(store_end(s), 0);
	for (int days = 1; days < 5; days += 3) {
		struct report_query w = { .since_s = FIRST_S,
					  .until_s = FIRST_S + days * DAY_S,
					  .top = 5 };
		struct arena *a = arena_new();
		struct report *r = malloc(sizeof(*r));

		snprintf(asked, sizeof(asked), "%d days", days);
		make(s, a, &w, r);
		expect_same("attempts", tally_sum(&r->now), 0);
		expect_same("sources", r->sources, 0);
		free(r);
		arena_free(a);
	}
	store_close(s);
}

/* ---- runs ---- */

CLAIM(watched, "runs that overlap, lie within each other or reach beyond the "
	       "period count once for each second")
{
	enum { LENGTH = 2000 };
	uint64_t seed = 4;

	for (unsigned int turn = 0; turn < 100; turn++) {
		const char *path = file_of("db");
		bool on[LENGTH] = { false };
		struct report_query w = { .since_s = FIRST_S,
					  .until_s = FIRST_S + LENGTH,
					  .top = 1 };
		struct arena *a = arena_new();
		struct report *r = malloc(sizeof(*r));
		uint64_t want = 0, lost = 0;
		struct store_run run;
		struct store *s;

		unlink(path);
		assert_int_equal(store_open(path, true, &s, &why), 0);
		store_begin(s);
		for (unsigned int i = 0; i < turn % 12; i++) {
			int64_t start = (int64_t)(chance(&seed) % 4000) - 1000;
			int64_t end = start + (int64_t)(chance(&seed) % 900);
			run = (struct store_run){ .start_s = FIRST_S + start,
						  .last_s = FIRST_S + end,
						  .lost = i,
						  .unlogged = 2 * i,
						  .inputs = "" };
			store_add_run(s, &run);
			for (int64_t at = start; at < end; at++)
				if (at >= 0 && at < LENGTH)
					on[at] = true;
			if (end >= 0 && start < LENGTH)
				lost += i;
		}
		assert_int_equal(store_end(s), 0);
		for (int i = 0; i < LENGTH; i++)
			want += on[i];
		make(s, a, &w, r);
		expect(r->watched_s == (int64_t)want,
		       "turn %u: watched %lld of %llu s", turn,
		       (long long)r->watched_s, (unsigned long long)want);
		expect_number("lost", r->lost, lost);
		expect_number("unlogged", r->unlogged, 2 * lost);
		store_close(s);
		free(r);
		arena_free(a);
	}
}

/* ---- findings ---- */

static void add_finding(struct store *s, enum detector detector, int64_t at_s,
			uint32_t source, uint16_t port)
{
	struct store_finding f = { .finding = { .detector = detector,
						.family = family_of(source),
						.source = address_of(source),
						.time_us = at_s * 1000000,
						.first_s = (uint32_t)at_s,
						.last_s = (uint32_t)at_s,
						.port = port } };

	store_add_finding(s, &f);
}

CLAIM(findings, "findings, cleartext logins and loads of the period are there, "
		"latest first, of the source and port that are asked for")
{
	const char *path = file_of("db");
	struct counted *c = count_by_chance(path, 6);
	struct report_query w = { .since_s = FIRST_S,
				  .until_s = FIRST_S + DAYS * DAY_S,
				  .top = 20 };
	struct arena *a = arena_new();
	struct report *r = malloc(sizeof(*r));
	struct store *s;

	zone("UTC");
	assert_int_equal(store_open(path, true, &s, &why), 0);
	store_begin(s);
	add_finding(s, DETECTOR_FAST, FIRST_S, 1, 25);
	add_finding(s, DETECTOR_FAST, FIRST_S - 1, 1, 25);
	add_finding(s, DETECTOR_FAST, FIRST_S + 50, 2, 25);
	add_finding(s, DETECTOR_CLEARTEXT, FIRST_S + 70, 2, 110);
	add_finding(s, DETECTOR_CLEARTEXT, FIRST_S + 60, 2, 110);
	add_finding(s, DETECTOR_CLEARTEXT, FIRST_S + 80, 3, 110);
	add_finding(s, DETECTOR_FAST, w.until_s, 1, 25);
	store_add_loaded(s,
			 &(struct store_loaded){ FIRST_S, "a", "", "", 1, 0 });
	store_add_loaded(
		s, &(struct store_loaded){ FIRST_S + 9, "", "", "", 2, 0 });
	store_add_loaded(
		s, &(struct store_loaded){ w.until_s, "b", "", "", 3, 0 });
	assert_int_equal(store_end(s), 0);
	make(s, a, &w, r);
	expect_number("findings", r->findings.n, 5);
	for (size_t i = 1; i < r->findings.n; i++)
		expect(r->findings.items[i - 1].time_s >=
			       r->findings.items[i].time_s,
		       "finding %zu is later than the one ahead", i);
	expect_number("cleartext", r->cleartext.n, 2);
	expect_number("latest", (uint64_t)r->cleartext.items[1].last_s,
		      (uint64_t)FIRST_S + 70);
	expect(r->cleartext.items[1].uses_tls, "it uses 465");
	expect_number("loads", r->loaded.n, 2);
	expect_text("latest", r->loaded.items[0].policy, "");
	for (size_t i = 0; i < r->top.n; i++) {
		uint32_t want = index_of(&r->top.items[i]) == 1 ?
					1u << FINDING_SPAM_SOURCE :
				index_of(&r->top.items[i]) == 2 ?
					1u << FINDING_SPAM_SOURCE |
						1u << FINDING_CLEARTEXT_LOGIN :
				index_of(&r->top.items[i]) == 3 ?
					1u << FINDING_CLEARTEXT_LOGIN :
					0;

		expect_number(r->top.items[i].name, r->top.items[i].findings,
			      want);
	}
	w.port = 110;
	w.has_source = true;
	w.family = family_of(3);
	w.source = address_of(3);
	make(s, a, &w, r);
	expect_number("of one source", r->findings.n, 1);
	expect_number("its cleartext", r->cleartext.n, 1);
	store_close(s);
	free(r);
	arena_free(a);
	free(c);
}

static void says(const struct report *r, const char *writer, const char *what)
{
	const struct report_style style = { 0 };
	struct text text;
	FILE *out = text_open(&text);

	assert_int_equal(report_writer_named(writer)->write(r, &style, out), 0);
	text_done(&text);
	expect(strstr(text.bytes, what), "%s without \"%s\":\n%s", writer, what,
	       text.bytes);
	free(text.bytes);
}

/* Compares the modes of a day's report, made after these loads. */
static void expect_modes(const char *in, const struct store_loaded *loads,
			 size_t n, enum report_mode mode, unsigned int modes,
			 bool all_known)
{
	const char *path = file_of("modes");
	struct report_query w = { .since_s = FIRST_S,
				  .until_s = FIRST_S + DAY_S,
				  .top = 5 };
	struct arena *a = arena_new();
	struct report *r = malloc(sizeof(*r));
	struct store *s;

	unlink(path);
	assert_int_equal(store_open(path, true, &s, &why), 0);
	store_begin(s);
	for (size_t i = 0; i < n; i++)
		store_add_loaded(s, &loads[i]);
	assert_int_equal(store_end(s), 0);
	make(s, a, &w, r);
	expect(r->mode == mode && r->modes == modes &&
		       r->modes_known == all_known,
	       "%s: mode %d, modes %x, known %d", in, r->mode, r->modes,
	       r->modes_known);
	store_close(s);
	arena_free(a);
	free(r);
}

CLAIM(modes, "the modes of a period are those of what was loaded in it and at "
	     "its beginning")
{
	static const struct store_loaded loads[] = {
		{ FIRST_S - 9, "p", "", "", 1, STORE_OBSERVE },
		{ FIRST_S + 5, "p", "", "", 2, STORE_ENFORCE },
		{ FIRST_S + 7, "", "", "", 3, 0 },
		{ FIRST_S + 9, "p", "", "", 4, STORE_OBSERVE },
		{ FIRST_S + DAY_S, "p", "", "", 5, STORE_ENFORCE },
	};
	enum { O = 1 << REPORT_OBSERVE, E = 1 << REPORT_ENFORCE };

	expect_modes("nothing", loads, 0, REPORT_UNKNOWN, 0, false);
	expect_modes("before", loads, 1, REPORT_OBSERVE, O, true);
	expect_modes("then enforced", loads, 2, REPORT_ENFORCE, O | E, true);
	expect_modes("removed", loads, 3, REPORT_NONE, O | E | 1 << REPORT_NONE,
		     true);
	expect_modes("all", loads, 5, REPORT_OBSERVE, O | E | 1 << REPORT_NONE,
		     true);
	expect_modes("not from the beginning", loads + 1, 1, REPORT_ENFORCE, E,
		     false);
}

static void add_observed(struct store *s, bool observed, int32_t n)
{
	const struct store_row row = { .minute = FIRST_S / 60,
				       .family = 4,
				       .source = address_of(1),
				       .port = 25,
				       .outcome = OUTCOME_ANSWERED,
				       .observed = observed,
				       .clause = "p:9",
				       .attempts = n,
				       .syns = n };

	store_add(s, &row);
}

CLAIM(observed, "attempts that only mode observe let pass keep their outcome, "
		"and are told beside it, by minutes as by days")
{
	const char *path = file_of("observed");

	for (int64_t days = 1; days < 30; days += 28) {
		struct report_query w = { .since_s = FIRST_S,
					  .until_s = FIRST_S + days * DAY_S,
					  .top = 5 };
		struct arena *a = arena_new();
		struct report *r = malloc(sizeof(*r));
		struct store *s;

		unlink(path);
		assert_int_equal(store_open(path, true, &s, &why), 0);
		store_begin(s);
		add_observed(s, true, 7);
		add_observed(s, false, 2);
		assert_int_equal(store_end(s), 0);
		make(s, a, &w, r);
		expect_number("answered", r->now.outcome[OUTCOME_ANSWERED], 9);
		expect_number("observed", r->now.observed, 7);
		expect_number("of the source", r->top.items[0].now.observed, 7);
		expect_number("of the port", r->ports.items[0].now.observed, 7);
		store_close(s);
		arena_free(a);
		free(r);
	}
}

CLAIM(mail_server, "a source that looked like a mail server is said to, in its "
		   "findings and in lists")
{
	const char *path = file_of("db");
	struct store_finding f = { .finding = { .detector = DETECTOR_FAST,
						.family = family_of(1),
						.source = address_of(1),
						.time_us = FIRST_S * 1000000,
						.mail_server = true,
						.port = 25 } };
	struct counted *c = count_by_chance(path, 6);
	struct report_query w = { .since_s = FIRST_S,
				  .until_s = FIRST_S + DAYS * DAY_S,
				  .top = 20 };
	struct arena *a = arena_new();
	struct report *r = malloc(sizeof(*r));
	struct store *s;

	zone("UTC");
	assert_int_equal(store_open(path, true, &s, &why), 0);
	store_begin(s);
	add_finding(s, DETECTOR_FAST, FIRST_S, 2, 25);
	store_add_finding(s, &f);
	assert_int_equal(store_end(s), 0);
	make(s, a, &w, r);
	for (size_t i = 0; i < r->top.n; i++)
		expect(r->top.items[i].mail_server ==
			       (index_of(&r->top.items[i]) == 1),
		       "source %zu: %d", i, r->top.items[i].mail_server);
	expect_number("hosts", r->hosts.n, 2);
	expect_number("servers",
		      r->hosts.items[0].mail_server +
			      r->hosts.items[1].mail_server,
		      1);
	says(r, "text", "spam-source  looks like a mail server\n");
	says(r, "text", "; looks like a mail server\n");
	says(r, "csv", "\"spam-source\",1,0\r\n");
	says(r, "csv", "\"spam-source\",0,0\r\n");
	says(r, "json", "\"mail_server\": true");
	store_close(s);
	free(r);
	arena_free(a);
	free(c);
}

CLAIM(many_ports, "with more ports than have a line, the totals are whole")
{
	const char *path = file_of("db");
	struct report_query w = { .since_s = FIRST_S,
				  .until_s = FIRST_S + DAY_S,
				  .top = 3 };
	struct arena *a = arena_new();
	struct report *r = malloc(sizeof(*r));
	struct event e = { FIRST_S / 60, 1, 0, 0, 0, 1 };
	struct store *s;

	zone("UTC");
	assert_int_equal(store_open(path, true, &s, &why), 0);
	store_begin(s);
	for (uint16_t port = 1; port <= 100; port++) {
		struct store_row row = row_of(&e);

		row.port = (uint16_t)(port * 601);
		store_add(s, &row);
	}
	assert_int_equal(store_end(s), 0);
	make(s, a, &w, r);
	expect_number("attempts", tally_sum(&r->now), 100);
	expect_number("ports", r->ports.n, REPORT_PORTS_MOST);
	expect_number("of the source", r->top.items[0].attempts, 100);
	expect_number("its ports", r->top.items[0].n_ports, SOURCE_PORTS_MOST);
	store_close(s);
	free(r);
	arena_free(a);
}

/* ---- a file of somebody else's ---- */

/* What harms may end the process: a child tries it. */
static int report_all(const char *path, int64_t since_s, int64_t until_s)
{
	struct report_query w = { .since_s = since_s,
				  .until_s = until_s,
				  .top = 5 };
	struct arena *a = arena_new();
	struct report *r = malloc(sizeof(*r));
	FILE *null = fopen("/dev/null", "w");
	struct store *s;

	if (store_open(path, false, &s, &why) || report_make(s, a, &w, r, &why))
		return 1;
	for (size_t i = 0; report_writer_at(i); i++)
		if (report_writer_at(i)->write &&
		    report_writer_at(i)->write(r, NULL, null))
			return 1;
	fclose(null);
	free(r);
	arena_free(a);
	store_close(s);
	return 0;
}

CLAIM(wild, "of a file with any content a report is made without harm")
{
	static const int64_t periods[][2] = {
		{ FIRST_S, FIRST_S + DAY_S },
		{ FIRST_S - 5 * DAY_S, FIRST_S + 5 * DAY_S },
		{ 0, 100 },
		{ 1, FIRST_S + 5 * DAY_S },
	};
	const char *path = file_of("db");
	struct store *good;

	zone("UTC");
	assert_int_equal(store_open(file_of("good"), true, &good, &why), 0);
	store_close(good);
	other(path, loose);
	other(path, hostile);
	disguise(path, file_of("good"));
	for (size_t i = 0; i < COUNT(periods); i++) {
		int status;
		pid_t pid;

		hear();
		pid = fork();
		assert_true(pid >= 0);
		if (!pid)
			_exit(report_all(path, periods[i][0], periods[i][1]));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		expect(!status, "period %zu: status %x: %.900s", i,
		       (unsigned int)status, heard());
	}
}

/* ---- names ---- */

CLAIM(names, "a pseudonym is the same for the same key and source, and another "
	     "for another; a /64 counts, not the rest")
{
	static const uint8_t families[] = { 4, 6 };
	struct pseudonyms one = { { 1 } }, two = { { 2 } };
	char name[RANGE_TEXT_MAX], other_name[RANGE_TEXT_MAX];
	struct addr6 a = { { 192, 0, 2, 1 } }, b = a;

	for (size_t i = 0; i < COUNT(families); i++) {
		b = a;
		report_name(&one, families[i], &a, name);
		expect(strlen(name) == 13 && !strncmp(name, "anon-", 5) &&
			       strspn(name + 5, "abcdefghijklmnopqrstuvwxyz"
						"234567") == 8,
		       "\"%s\"", name);
		expect(!strstr(name, "192"), "\"%s\"", name);
		report_name(&one, families[i], &a, other_name);
		expect_text("again", other_name, name);
		report_name(&two, families[i], &a, other_name);
		expect(strcmp(name, other_name), "another key: %s", name);
		b.byte[3]++;
		report_name(&one, families[i], &b, other_name);
		expect(strcmp(name, other_name), "another source: %s", name);
		b = a;
		b.byte[15]++;
		report_name(&one, families[i], &b, other_name);
		expect_text("the rest", other_name, name);
	}
	report_name(&one, 4, &a, name);
	report_name(&one, 6, &a, other_name);
	expect(strcmp(name, other_name), "another family: %s", name);
	b = a;
	b.byte[7] = 1;
	report_name(&one, 6, &b, name);
	expect(strcmp(name, other_name), "another /64: %s", name);
	report_name(NULL, 4, &a, name);
	expect_text("an address", name, "192.0.2.1");
	report_name(NULL, 6, &a, name);
	expect_text("a prefix", name, "c000:201::/64");
	report_name(&one, 0, &a, name);
	expect_text("folded", name, "others");
}

CLAIM(names_used, "with pseudonyms no address of a source is in any list")
{
	const char *path = file_of("db");
	struct counted *c = count_by_chance(path, 8);
	struct pseudonyms key = { { 9 } };
	struct report_query w = { .since_s = FIRST_S + 4 * DAY_S,
				  .until_s = FIRST_S + 8 * DAY_S,
				  .pseudonyms = &key,
				  .top = 20 };
	struct arena *a = arena_new();
	struct report *r = malloc(sizeof(*r));
	struct store *s;

	zone("UTC");
	assert_int_equal(store_open(path, true, &s, &why), 0);
	store_begin(s);
	add_finding(s, DETECTOR_CLEARTEXT, w.since_s, 2, 110);
	assert_int_equal(store_end(s), 0);
	make(s, a, &w, r);
	expect_number("a finding", r->findings.n, 1);
	for (size_t i = 0; i < r->top.n; i++)
		expect(!strncmp(r->top.items[i].name, "anon-", 5), "\"%s\"",
		       r->top.items[i].name);
	for (size_t i = 0; i < r->quiet.n; i++)
		expect(!strncmp(r->quiet.items[i].name, "anon-", 5), "\"%s\"",
		       r->quiet.items[i].name);
	expect(!strncmp(r->findings.items[0].name, "anon-", 5), "\"%s\"",
	       r->findings.items[0].name);
	expect(!strncmp(r->cleartext.items[0].name, "anon-", 5), "\"%s\"",
	       r->cleartext.items[0].name);
	store_close(s);
	free(r);
	arena_free(a);
	free(c);
}

CLAIM(key_file, "the key is made once, for its owner only, and read again; one "
		"that is too short is refused")
{
	const char *path = file_of("key"), *bad = file_of("short");
	struct pseudonyms one, two, zero = { { 0 } };
	struct stat st;
	int fd;

	umask(0);
	assert_int_equal(pseudonyms_read(&one, path, &why), 0);
	umask(022);
	assert_int_equal(stat(path, &st), 0);
	expect((st.st_mode & 07777) == 0600, "mode %o", st.st_mode & 07777);
	expect_number("bytes", (uint64_t)st.st_size, 32);
	expect(memcmp(&one, &zero, sizeof(one)), "the key is 0");
	assert_int_equal(pseudonyms_read(&two, path, &why), 0);
	expect(!memcmp(&one, &two, sizeof(one)), "it is read otherwise");
	for (size_t n = 0; n < 32; n += 31) {
		fd = open(bad, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		assert_int_equal(write(fd, &one, n), (ssize_t)n);
		close(fd);
		assert_int_equal(pseudonyms_read(&two, bad, &why), -EBADMSG);
		expect(strstr(why.text, "is no key") != NULL, "why \"%s\"",
		       why.text);
	}
	assert_int_equal(pseudonyms_read(&two, file_of("no/key"), &why),
			 -ENOENT);
	expect(pseudonyms_read(&two, folder, &why) < 0, "a folder is read");
}

CLAIM(asked_for, "a source is wished by its address, a /64 by any of its own; "
		 "what is no single source is refused")
{
	static const struct {
		const char *text;
		uint8_t family; /* 0: none */
	} rows[] = {
		{ "192.0.2.1", 4 },
		{ "2001:db8::1", 6 },
		{ "2001:db8::/64", 6 },
		{ "", 0 },
		{ "anon", 0 },
		{ "192.0.2.300", 0 },
		{ "192.0.2.1-192.0.2.9", 0 },
		{ "192.0.2.1/abc", 0 },
		{ "192.0.0.0/8", 0 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct report_query w = { 0 };
		bool is_one = report_query_source(&w, rows[i].text);

		expect(is_one == (rows[i].family > 0), "\"%s\": %d",
		       rows[i].text, is_one);
		expect(w.has_source == is_one && w.family == rows[i].family,
		       "\"%s\"", rows[i].text);
		expect(w.family != 6 || !w.source.byte[15], "\"%s\": not a /64",
		       rows[i].text);
	}
}

#define IN_FOLDER(fn)                                                          \
	{                                                                      \
		fn##_claim, fn##_test, make_folder, remove_folder, NULL        \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(periods),	IN_FOLDER(by_chance),
		IN_FOLDER(summer),	IN_FOLDER(taken_back),
		IN_FOLDER(below),	IN_FOLDER(watched),
		IN_FOLDER(findings),	IN_FOLDER(many_ports),
		IN_FOLDER(modes),	IN_FOLDER(observed),
		IN_FOLDER(mail_server), IN_FOLDER(wild),
		CLAIMED(names),		IN_FOLDER(names_used),
		IN_FOLDER(key_file),	CLAIMED(asked_for),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
