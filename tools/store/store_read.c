/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Out of the store. */
#include "store_priv.h"

/* A query, with a row handed over at a time. */
struct reading {
	struct store *store;
	sqlite3_stmt *query;
};

static bool store_query_begin(struct reading *r, struct store *s,
			      const char *sql)
{
	int code;

	*r = (struct reading){ .store = s };
	s->error = 0;
	code = sqlite3_prepare_v2(s->db, sql, -1, &r->query, NULL);
	if (code != SQLITE_OK)
		store_fail(s, code);
	return !s->error;
}

static bool next(struct reading *r)
{
	int code = sqlite3_step(r->query);

	if (code == SQLITE_ROW)
		return true;
	if (code != SQLITE_DONE)
		store_fail(r->store, code);
	return false;
}

static int store_query_end(struct reading *r)
{
	struct store *s = r->store;

	sqlite3_finalize(r->query);
	return s->error;
}

static void between(struct reading *r, int64_t first, int64_t last)
{
	sqlite3_bind_int64(r->query, 1, first);
	sqlite3_bind_int64(r->query, 2, last);
}

static int64_t number(struct reading *r, int column)
{
	return sqlite3_column_int64(r->query, column);
}

/* A time that can be printed, whatever a file holds. */
static int64_t moment(struct reading *r, int column)
{
	int64_t n = number(r, column);

	return n < 0 ? 0 : n > 253402300799 ? 253402300799 : n;
}

/* Counts are not negative, whatever a file holds. */
static uint64_t count(struct reading *r, int column)
{
	int64_t n = number(r, column);

	return n < 0 ? 0 : (uint64_t)n;
}

static uint8_t outcome(struct reading *r, int column)
{
	int64_t n = number(r, column);

	return n < 0 || n >= OUTCOME_N ? OUTCOME_UNANSWERED : (uint8_t)n;
}

static const char *text(struct reading *r, int column)
{
	const unsigned char *t = sqlite3_column_text(r->query, column);

	return t ? (const char *)t : "";
}

/* ---- rows ---- */

#define DAY_QUERY                                                              \
	"SELECT day, source, port, outcome, clause, attempts, syns, hours"     \
	" FROM day JOIN what ON what.number = day.what"                        \
	" WHERE day >= ?1 AND day < ?2"

static int read_days(struct reading *r,
		     void (*fn)(void *ctx, const struct store_day *d),
		     void *ctx)
{
	while (next(r)) {
		struct store_day d = {
			.day = number(r, 0),
			.source = (uint32_t)number(r, 1),
			.port = (uint16_t)number(r, 2),
			.outcome = outcome(r, 3),
			.clause = (uint32_t)number(r, 4),
			.attempts = count(r, 5),
			.syns = count(r, 6),
		};

		hours_unpack(sqlite3_column_blob(r->query, 7),
			     (size_t)sqlite3_column_bytes(r->query, 7),
			     d.hours);
		fn(ctx, &d);
	}
	return store_query_end(r);
}

int store_days(struct store *s, int64_t first, int64_t last,
	       void (*fn)(void *ctx, const struct store_day *d), void *ctx)
{
	struct reading r;

	if (!store_query_begin(&r, s, DAY_QUERY))
		return store_query_end(&r);
	between(&r, first, last);
	return read_days(&r, fn, ctx);
}

int store_days_of(struct store *s, uint32_t source, int64_t first, int64_t last,
		  void (*fn)(void *ctx, const struct store_day *d), void *ctx)
{
	struct reading r;

	if (!store_query_begin(&r, s, DAY_QUERY " AND source = ?3"))
		return store_query_end(&r);
	between(&r, first, last);
	sqlite3_bind_int64(r.query, 3, source);
	return read_days(&r, fn, ctx);
}

int store_minutes(struct store *s, int64_t first, int64_t last,
		  void (*fn)(void *ctx, const struct store_minute *m),
		  void *ctx)
{
	struct reading r;

	if (!store_query_begin(
		    &r, s,
		    "SELECT minute, source, port, outcome, clause, attempts,"
		    " syns FROM minute JOIN what ON what.number = minute.what"
		    " WHERE minute >= ?1 AND minute < ?2"))
		return store_query_end(&r);
	between(&r, first, last);
	while (next(&r)) {
		struct store_minute m = {
			.minute = number(&r, 0),
			.source = (uint32_t)number(&r, 1),
			.port = (uint16_t)number(&r, 2),
			.outcome = outcome(&r, 3),
			.clause = (uint32_t)number(&r, 4),
			.attempts = (uint32_t)count(&r, 5),
			.syns = (uint32_t)count(&r, 6),
		};

		fn(ctx, &m);
	}
	return store_query_end(&r);
}

int store_sources(struct store *s,
		  void (*fn)(void *ctx, const struct store_source *source),
		  void *ctx)
{
	struct reading r;

	if (!store_query_begin(
		    &r, s, "SELECT number, address, first, last FROM source"))
		return store_query_end(&r);
	while (next(&r)) {
		int bytes = sqlite3_column_bytes(r.query, 1);
		struct store_source source = {
			.number = (uint32_t)number(&r, 0),
			.family = bytes == 4 ? 4 : 6,
			.first_s = moment(&r, 2),
			.last_s = moment(&r, 3),
		};

		if (bytes != 4 && bytes != 8)
			continue;
		memcpy(source.source.byte, sqlite3_column_blob(r.query, 1),
		       (size_t)bytes);
		fn(ctx, &source);
	}
	return store_query_end(&r);
}

int store_clauses(struct store *s,
		  void (*fn)(void *ctx, const struct store_clause *clause),
		  void *ctx)
{
	struct reading r;

	if (!store_query_begin(&r, s,
			       "SELECT number, id FROM clause ORDER BY number"))
		return store_query_end(&r);
	while (next(&r)) {
		struct store_clause c = { (uint32_t)number(&r, 0),
					  text(&r, 1) };

		fn(ctx, &c);
	}
	return store_query_end(&r);
}

int store_ports(struct store *s, void (*fn)(void *ctx, uint16_t port),
		void *ctx)
{
	struct reading r;

	if (!store_query_begin(&r, s,
			       "SELECT DISTINCT port FROM what ORDER BY port"))
		return store_query_end(&r);
	while (next(&r))
		fn(ctx, (uint16_t)number(&r, 0));
	return store_query_end(&r);
}

/* ---- what happened ---- */

int store_findings(struct store *s, int64_t since_s, int64_t until_s,
		   void (*fn)(void *ctx, const struct store_found *f),
		   void *ctx)
{
	struct reading r;

	if (!store_query_begin(
		    &r, s,
		    "SELECT time, source, finding, detector, examples, port,"
		    " attempts, syns, destinations, groups, first, last, exact,"
		    " proven, blocked FROM finding WHERE time >= ?1"
		    " AND time < ?2 ORDER BY time DESC, number DESC"))
		return store_query_end(&r);
	between(&r, since_s, until_s);
	while (next(&r)) {
		struct store_found f = {
			.time_s = moment(&r, 0),
			.source = (uint32_t)number(&r, 1),
			.finding = text(&r, 2),
			.detector = text(&r, 3),
			.examples = text(&r, 4),
			.port = (uint16_t)number(&r, 5),
			.attempts = count(&r, 6),
			.syns = count(&r, 7),
			.destinations = count(&r, 8),
			.groups = count(&r, 9),
			.first_s = moment(&r, 10),
			.last_s = moment(&r, 11),
			.destinations_exact = number(&r, 12),
			.proven = number(&r, 13),
			.blocked = number(&r, 14),
		};

		fn(ctx, &f);
	}
	return store_query_end(&r);
}

int store_loads(struct store *s, int64_t since_s, int64_t until_s,
		void (*fn)(void *ctx, const struct store_loaded *l), void *ctx)
{
	struct reading r;

	if (!store_query_begin(
		    &r, s,
		    "SELECT time, policy, digest, who, generation FROM loaded"
		    " WHERE time >= ?1 AND time < ?2"
		    " ORDER BY time DESC, number DESC"))
		return store_query_end(&r);
	between(&r, since_s, until_s);
	while (next(&r)) {
		struct store_loaded l = {
			.time_s = moment(&r, 0),
			.policy = text(&r, 1),
			.digest = text(&r, 2),
			.who = text(&r, 3),
			.generation = (uint32_t)number(&r, 4),
		};

		fn(ctx, &l);
	}
	return store_query_end(&r);
}

int store_runs(struct store *s, int64_t since_s, int64_t until_s,
	       void (*fn)(void *ctx, const struct store_run *run), void *ctx)
{
	struct reading r;

	if (!store_query_begin(
		    &r, s,
		    "SELECT number, start, last, lost, unlogged, inputs FROM "
		    "run"
		    " WHERE last >= ?1 AND start < ?2 ORDER BY start"))
		return store_query_end(&r);
	between(&r, since_s, until_s);
	while (next(&r)) {
		struct store_run run = {
			.id = number(&r, 0),
			.start_s = moment(&r, 1),
			.last_s = moment(&r, 2),
			.lost = count(&r, 3),
			.unlogged = count(&r, 4),
			.inputs = text(&r, 5),
		};

		fn(ctx, &run);
	}
	return store_query_end(&r);
}
