/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Queries. */
#include "store_priv.h"
#include "store_remote.h"
#include "../program/message.h"
#include "../program/program.h"

#include <endian.h>

/* A query that is being read, a row at a time. */
struct reading {
	struct store *store;
	sqlite3_stmt *query;
};

static bool query_begin(struct reading *r, struct store *s, const char *sql)
{
	int code;

	*r = (struct reading){ .store = s };
	s->error = 0;
	store_give_time(s, STORE_READING_S);
	code = sqlite3_prepare_v2(s->db, sql, -1, &r->query, NULL);
	if (code != SQLITE_OK)
		store_fail(s, code);
	return !s->error;
}

static bool query_step(struct reading *r)
{
	int code = sqlite3_step(r->query);

	if (code == SQLITE_ROW)
		return true;
	if (code != SQLITE_DONE)
		store_fail(r->store, code);
	return false;
}

static int query_end(struct reading *r)
{
	struct store *s = r->store;

	sqlite3_finalize(r->query);
	return s->error;
}

static void query_bind_period(struct reading *r, int64_t first, int64_t last)
{
	sqlite3_bind_int64(r->query, 1, first);
	sqlite3_bind_int64(r->query, 2, last);
}

static int64_t column_number(struct reading *r, int column)
{
	return sqlite3_column_int64(r->query, column);
}

/* A column as a time that can be printed, whatever a file holds. */
static int64_t column_time(struct reading *r, int column)
{
	int64_t n = column_number(r, column);

	return n < 0 ? 0 : n > TIME_LAST_S ? TIME_LAST_S : n;
}

/* A column as a count, which is not negative, whatever a file holds. */
static uint64_t column_count(struct reading *r, int column)
{
	int64_t n = column_number(r, column);

	return n < 0 ? 0 : (uint64_t)n;
}

static uint8_t column_outcome(struct reading *r, int column)
{
	int64_t n = column_number(r, column);

	return n < 0 || n >= OUTCOME_N ? OUTCOME_UNANSWERED : (uint8_t)n;
}

static const char *column_text(struct reading *r, int column)
{
	const unsigned char *t = sqlite3_column_text(r->query, column);

	return t ? (const char *)t : "";
}

/* ---- rows ---- */

static const char *const mode_names[STORE_MODES] = {
	[STORE_MODE_UNKNOWN] = "",
	[STORE_ENFORCE] = "enforce",
	[STORE_OBSERVE] = "observe",
};

const char *store_mode_name(uint8_t mode)
{
	return mode_names[mode < STORE_MODES ? mode : STORE_MODE_UNKNOWN];
}

enum store_mode store_mode_of(const char *name)
{
	for (enum store_mode m = STORE_ENFORCE; m < STORE_MODES; m++)
		if (!strcmp(name, mode_names[m]))
			return m;
	return STORE_MODE_UNKNOWN;
}

#define DAY_QUERY(observed)                                                    \
	"SELECT day, source, port, outcome, clause, attempts, syns, "          \
	"hours, " observed " FROM day JOIN what ON what.number = day.what"     \
	" WHERE day >= ?1 AND day < ?2"
#define MINUTE_QUERY(observed)                                                 \
	"SELECT minute, source, port, outcome, clause, attempts, "             \
	"syns, " observed                                                      \
	" FROM minute JOIN what ON what.number = minute.what"                  \
	" WHERE minute >= ?1 AND minute < ?2"

static int query_read_days(struct reading *r,
			   void (*fn)(void *ctx, const struct store_day *d),
			   void *ctx)
{
	while (query_step(r)) {
		struct store_day d = {
			.day = column_number(r, 0),
			.source = (uint32_t)column_number(r, 1),
			.port = (uint16_t)column_number(r, 2),
			.outcome = column_outcome(r, 3),
			.clause = (uint32_t)column_number(r, 4),
			.attempts = column_count(r, 5),
			.syns = column_count(r, 6),
			.observed = column_number(r, 8) == 1,
		};

		hours_unpack(sqlite3_column_blob(r->query, 7),
			     (size_t)sqlite3_column_bytes(r->query, 7),
			     d.hours);
		fn(ctx, &d);
	}
	return query_end(r);
}

int store_days(struct store *s, int64_t first, int64_t last,
	       void (*fn)(void *ctx, const struct store_day *d), void *ctx)
{
	struct reading r;

	if (s->remote) {
		struct store_day row;

		remote_ask(s, WIRE_DAYS, first, last, 0);
		while (remote_next(s, WIRE_DAYS, &row, sizeof(row)))
			fn(ctx, &row);
		return s->error;
	}
	if (!query_begin(&r, s,
			 s->version < 5 ? DAY_QUERY("0") :
					  DAY_QUERY("observed")))
		return query_end(&r);
	query_bind_period(&r, first, last);
	return query_read_days(&r, fn, ctx);
}

int store_days_of(struct store *s, uint32_t source, int64_t first, int64_t last,
		  void (*fn)(void *ctx, const struct store_day *d), void *ctx)
{
	struct reading r;

	if (s->remote) {
		struct store_day row;

		remote_ask(s, WIRE_DAYS_OF, first, last, source);
		while (remote_next(s, WIRE_DAYS_OF, &row, sizeof(row)))
			fn(ctx, &row);
		return s->error;
	}
	if (!query_begin(&r, s,
			 s->version < 5 ?
				 DAY_QUERY("0") " AND source = ?3" :
				 DAY_QUERY("observed") " AND source = ?3"))
		return query_end(&r);
	query_bind_period(&r, first, last);
	sqlite3_bind_int64(r.query, 3, source);
	return query_read_days(&r, fn, ctx);
}

int store_minutes(struct store *s, int64_t first, int64_t last,
		  void (*fn)(void *ctx, const struct store_minute *m),
		  void *ctx)
{
	struct reading r;

	if (s->remote) {
		struct store_minute row;

		remote_ask(s, WIRE_MINUTES, first, last, 0);
		while (remote_next(s, WIRE_MINUTES, &row, sizeof(row)))
			fn(ctx, &row);
		return s->error;
	}
	if (!query_begin(&r, s,
			 s->version < 5 ? MINUTE_QUERY("0") :
					  MINUTE_QUERY("observed")))
		return query_end(&r);
	query_bind_period(&r, first, last);
	while (query_step(&r)) {
		struct store_minute m = {
			.minute = column_number(&r, 0),
			.source = (uint32_t)column_number(&r, 1),
			.port = (uint16_t)column_number(&r, 2),
			.outcome = column_outcome(&r, 3),
			.clause = (uint32_t)column_number(&r, 4),
			.attempts = (uint32_t)column_count(&r, 5),
			.syns = (uint32_t)column_count(&r, 6),
			.observed = column_number(&r, 7) == 1,
		};

		fn(ctx, &m);
	}
	return query_end(&r);
}

int store_sources(struct store *s,
		  void (*fn)(void *ctx, const struct store_source *source),
		  void *ctx)
{
	struct reading r;

	if (s->remote) {
		struct store_source row;

		remote_ask(s, WIRE_SOURCES, 0, 0, 0);
		while (remote_next(s, WIRE_SOURCES, &row, sizeof(row)))
			fn(ctx, &row);
		return s->error;
	}
	if (!query_begin(&r, s,
			 "SELECT number, address, first, last FROM source"))
		return query_end(&r);
	while (query_step(&r)) {
		int bytes = sqlite3_column_bytes(r.query, 1);
		struct store_source source = {
			.number = (uint32_t)column_number(&r, 0),
			.family = bytes == 4 ? 4 : 6,
			.first_s = column_time(&r, 2),
			.last_s = column_time(&r, 3),
		};

		if (bytes != 4 && bytes != 8)
			continue;
		memcpy(source.source.byte, sqlite3_column_blob(r.query, 1),
		       (size_t)bytes);
		fn(ctx, &source);
	}
	return query_end(&r);
}

int store_clauses(struct store *s,
		  void (*fn)(void *ctx, const struct store_clause *clause),
		  void *ctx)
{
	struct reading r;

	if (s->remote) {
		struct store_clause row;

		remote_ask(s, WIRE_CLAUSES, 0, 0, 0);
		while (remote_next(s, WIRE_CLAUSES, &row, sizeof(row)))
			fn(ctx, &row);
		return s->error;
	}
	if (!query_begin(&r, s,
			 "SELECT number, id FROM clause ORDER BY number"))
		return query_end(&r);
	while (query_step(&r)) {
		struct store_clause c = { (uint32_t)column_number(&r, 0),
					  column_text(&r, 1) };

		fn(ctx, &c);
	}
	return query_end(&r);
}

int store_ports(struct store *s, void (*fn)(void *ctx, uint16_t port),
		void *ctx)
{
	struct reading r;

	if (s->remote) {
		uint16_t row;

		remote_ask(s, WIRE_PORTS, 0, 0, 0);
		while (remote_next(s, WIRE_PORTS, &row, sizeof(row)))
			fn(ctx, row);
		return s->error;
	}
	if (!query_begin(&r, s, "SELECT DISTINCT port FROM what ORDER BY port"))
		return query_end(&r);
	while (query_step(&r))
		fn(ctx, (uint16_t)column_number(&r, 0));
	return query_end(&r);
}

/* ---- what happened ---- */

#define FINDING_QUERY(mail_server, systems)                                    \
	"SELECT time, source, finding, detector, examples, port, attempts,"    \
	" syns, destinations, groups, first, last, exact, proven, "            \
	"blocked, " mail_server ", " systems                                   \
	" FROM finding WHERE time >= ?1 AND time < ?2"                         \
	" ORDER BY time DESC, number DESC"

int store_findings(struct store *s, int64_t since_s, int64_t until_s,
		   void (*fn)(void *ctx, const struct store_found *f),
		   void *ctx)
{
	struct reading r;

	if (s->remote) {
		struct store_found row;

		remote_ask(s, WIRE_FINDINGS, since_s, until_s, 0);
		while (remote_next(s, WIRE_FINDINGS, &row, sizeof(row)))
			fn(ctx, &row);
		return s->error;
	}
	if (!query_begin(
		    &r, s,
		    s->version < 4 ? FINDING_QUERY("0", "0") :
		    s->version < 6 ? FINDING_QUERY("mail_server", "0") :
				     FINDING_QUERY("mail_server", "systems")))
		return query_end(&r);
	query_bind_period(&r, since_s, until_s);
	while (query_step(&r)) {
		struct store_found f = {
			.time_s = column_time(&r, 0),
			.source = (uint32_t)column_number(&r, 1),
			.finding = column_text(&r, 2),
			.detector = column_text(&r, 3),
			.examples = column_text(&r, 4),
			.port = (uint16_t)column_number(&r, 5),
			.attempts = column_count(&r, 6),
			.syns = column_count(&r, 7),
			.destinations = column_count(&r, 8),
			.groups = column_count(&r, 9),
			.first_s = column_time(&r, 10),
			.last_s = column_time(&r, 11),
			.destinations_exact = column_number(&r, 12),
			.proven = column_number(&r, 13),
			.blocked = column_number(&r, 14),
			.mail_server = column_number(&r, 15),
			.systems =
				(uint16_t)column_number(&r, 16) & SYSTEMS_ALL,
		};

		fn(ctx, &f);
	}
	return query_end(&r);
}

#define LOADED_QUERY(mode)                                                     \
	"SELECT time, policy, digest, who, generation, " mode " FROM loaded"   \
	" WHERE time >= ?1 AND time < ?2 ORDER BY time DESC, number DESC"

int store_loads(struct store *s, int64_t since_s, int64_t until_s,
		void (*fn)(void *ctx, const struct store_loaded *l), void *ctx)
{
	struct reading r;

	if (s->remote) {
		struct store_loaded row;

		remote_ask(s, WIRE_LOADS, since_s, until_s, 0);
		while (remote_next(s, WIRE_LOADS, &row, sizeof(row)))
			fn(ctx, &row);
		return s->error;
	}
	if (!query_begin(&r, s,
			 s->version < 5 ? LOADED_QUERY("''") :
					  LOADED_QUERY("mode")))
		return query_end(&r);
	query_bind_period(&r, since_s, until_s);
	while (query_step(&r)) {
		struct store_loaded l = {
			.time_s = column_time(&r, 0),
			.policy = column_text(&r, 1),
			.digest = column_text(&r, 2),
			.who = column_text(&r, 3),
			.generation = (uint32_t)column_number(&r, 4),
			.mode = (uint8_t)store_mode_of(column_text(&r, 5)),
		};

		fn(ctx, &l);
	}
	return query_end(&r);
}

int store_runs(struct store *s, int64_t since_s, int64_t until_s,
	       void (*fn)(void *ctx, const struct store_run *run), void *ctx)
{
	struct reading r;

	if (s->remote) {
		struct store_run row;

		remote_ask(s, WIRE_RUNS, since_s, until_s, 0);
		while (remote_next(s, WIRE_RUNS, &row, sizeof(row)))
			fn(ctx, &row);
		return s->error;
	}
	if (!query_begin(
		    &r, s,
		    "SELECT number, start, last, lost, unlogged, inputs FROM "
		    "run"
		    " WHERE last >= ?1 AND start < ?2 ORDER BY start"))
		return query_end(&r);
	query_bind_period(&r, since_s, until_s);
	while (query_step(&r)) {
		struct store_run run = {
			.id = column_number(&r, 0),
			.start_s = column_time(&r, 1),
			.last_s = column_time(&r, 2),
			.lost = column_count(&r, 3),
			.unlogged = column_count(&r, 4),
			.inputs = column_text(&r, 5),
		};

		fn(ctx, &run);
	}
	return query_end(&r);
}

/* A portion of digests, of bytes that anybody may have written. */
static void lines_portion(const uint8_t *bytes, size_t n, struct store_lines *l)
{
	l->n = (uint32_t)n;
	memcpy(l->digests, bytes, n * sizeof(*l->digests));
	for (size_t i = 0; i < n; i++)
		l->digests[i] = le64toh(l->digests[i]);
}

int store_lines_of(struct store *s, int64_t hour,
		   void (*fn)(void *ctx, const struct store_lines *lines),
		   void *ctx)
{
	struct store_lines l = { .hour = hour };
	struct reading r;

	if (s->remote) {
		remote_ask(s, WIRE_LINES_OF, hour, hour + 1, 0);
		while (remote_next(s, WIRE_LINES_OF, &l, sizeof(l)))
			fn(ctx, &l);
		return s->error;
	}
	if (s->version < 3)
		return 0;
	if (!query_begin(&r, s, "SELECT digests FROM line WHERE hour = ?1"))
		return query_end(&r);
	sqlite3_bind_int64(r.query, 1, hour);
	while (query_step(&r)) {
		size_t n = (size_t)sqlite3_column_bytes(r.query, 0) / 8;
		const uint8_t *bytes = sqlite3_column_blob(r.query, 0);

		for (size_t done = 0; done < n; done += l.n) {
			lines_portion(bytes + done * 8,
				      n - done < STORE_LINES_MOST ?
					      n - done :
					      STORE_LINES_MOST,
				      &l);
			fn(ctx, &l);
		}
	}
	return query_end(&r);
}

int store_steps(struct store *s, int64_t since_s, int64_t until_s,
		void (*fn)(void *ctx, const struct store_step *step), void *ctx)
{
	struct reading r;

	if (s->remote) {
		struct store_step row;

		remote_ask(s, WIRE_STEPS, since_s, until_s, 0);
		while (remote_next(s, WIRE_STEPS, &row, sizeof(row)))
			fn(ctx, &row);
		return s->error;
	}
	if (s->version < 2)
		return 0;
	if (!query_begin(&r, s,
			 "SELECT time, seconds FROM step WHERE time >= ?1"
			 " AND time < ?2 ORDER BY number DESC"))
		return query_end(&r);
	query_bind_period(&r, since_s, until_s);
	while (query_step(&r)) {
		struct store_step step = { column_time(&r, 0),
					   column_number(&r, 1) };

		fn(ctx, &step);
	}
	return query_end(&r);
}
