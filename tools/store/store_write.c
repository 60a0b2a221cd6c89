/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transactions. */
#include "store_priv.h"
#include "store_remote.h"

#include <errno.h>
#include <endian.h>
#include <stdio.h>

#define PLACES	     8u	   /* places that a known source or day may have */
#define CLAUSES_MOST 10000 /* further ids are "other" */

/* ---- a transaction ---- */

void store_begin(struct store *s)
{
	int64_t version;

	if (s->remote) {
		s->error = 0;
		s->run = NULL;
		remote_put(s, WIRE_BEGIN, "");
		return;
	}
	s->error = 0;
	s->run = NULL;
	if (store_is_replaced(s)) {
		s->error = -ESTALE;
		snprintf(s->why, sizeof(s->why),
			 "it was deleted or replaced while it was open");
		return;
	}
	s->bus_errors = bus_error_count();
	store_give_time(s, STORE_WRITING_S);
	store_run_sql(s, "BEGIN IMMEDIATE");
	/* Another writer may have deleted series numbers stand for. */
	version = store_number(s, "PRAGMA data_version");
	if (version != s->data_version)
		store_forget_known(s);
	s->data_version = version;
}

static void store_write_out(struct store *s);

/*
 * Pages of "db-shm" that are missing say nothing of the file: what was read by
 * them is not to be written. The file is opened anew.
 */
static void store_see_bus_errors(struct store *s)
{
	if (bus_error_count() == s->bus_errors || s->broken)
		return;
	s->broken = true;
	s->inode = 0;
	if (sqlite3_get_autocommit(s->db))
		return; /* committed: the next transaction opens it anew */
	s->error = -ESTALE;
	snprintf(s->why, sizeof(s->why), "its file \"-shm\" was cut short");
}

static int store_end_remote(struct store *s)
{
	int64_t number = (int64_t)remote_call(s, WIRE_END, "");

	if (!s->error && s->run)
		s->run->id = number;
	return s->error;
}

int store_end(struct store *s)
{
	if (s->remote)
		return store_end_remote(s);
	store_write_out(s);
	store_see_bus_errors(s);
	store_run_sql(s, "COMMIT");
	store_see_bus_errors(s);
	if (!s->error) {
		if (s->run)
			s->run->id = s->run_number;
		return 0;
	}
	/* Numbers that were made in this transaction are void. */
	store_forget_known(s);
	if (s->db && !sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return s->error;
}

int64_t store_run(struct store *s, sqlite3_stmt *q)
{
	int code = sqlite3_step(q);
	int64_t n = code == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;

	if (code == SQLITE_ROW)
		code = sqlite3_step(q);
	sqlite3_reset(q);
	if (code != SQLITE_DONE)
		store_fail(s, code);
	return n;
}

static void store_bind_text(sqlite3_stmt *q, int at, const char *text)
{
	sqlite3_bind_text(q, at, text, -1, SQLITE_STATIC);
}

/* ---- numbers for series repeats ---- */

static int64_t store_put_source(struct store *s, uint8_t family,
				const struct addr6 *source, int64_t first_s,
				int64_t last_s)
{
	sqlite3_stmt *q = store_statement(
		s, PUT_SOURCE,
		"INSERT INTO source (address, first, last) VALUES (?1, ?2, ?3)"
		" ON CONFLICT (address) DO UPDATE SET"
		" first = min(first, ?2), last = max(last, ?3)"
		" RETURNING number");

	if (!q)
		return 0;
	sqlite3_bind_blob(q, 1, source->byte, family == 4 ? 4 : 8,
			  SQLITE_STATIC);
	sqlite3_bind_int64(q, 2, first_s);
	sqlite3_bind_int64(q, 3, last_s);
	return store_run(s, q);
}

static int64_t store_put_clause(struct store *s, const char *id)
{
	sqlite3_stmt *q = store_statement(
		s, PUT_CLAUSE,
		"INSERT INTO clause (id) VALUES (?1)"
		" ON CONFLICT (id) DO UPDATE SET id = id RETURNING number");

	if (!q)
		return 0;
	store_bind_text(q, 1, id);
	return store_run(s, q);
}

static int64_t store_clause_number(struct store *s, const char *id)
{
	sqlite3_stmt *q = store_statement(
		s, GET_CLAUSE, "SELECT number FROM clause WHERE id = ?1");

	if (!q)
		return 0;
	store_bind_text(q, 1, id);
	return store_run(s, q);
}

/* Bounds the number of ids, which come from logs of others. */
static int64_t store_bounded_clause(struct store *s, const char *id)
{
	int64_t number = store_clause_number(s, id);

	if (number)
		return number;
	if (store_number(s, "SELECT count(*) FROM clause") >= CLAUSES_MOST)
		id = "other";
	return store_put_clause(s, id);
}

static int64_t store_put_series(struct store *s, const struct store_row *row)
{
	sqlite3_stmt *q = store_statement(
		s, PUT_SERIES,
		"INSERT INTO what (port, outcome, clause, observed)"
		" VALUES (?1, ?2, ?3, ?4)"
		" ON CONFLICT (port, outcome, clause, observed) DO UPDATE SET"
		" port = port RETURNING number");
	int64_t clause =
		*row->clause ? store_bounded_clause(s, row->clause) : 0;

	if (!q)
		return 0;
	sqlite3_bind_int(q, 1, row->port);
	sqlite3_bind_int(q, 2, row->outcome);
	sqlite3_bind_int64(q, 3, clause);
	sqlite3_bind_int(q, 4, row->observed);
	return store_run(s, q);
}

static uint32_t store_series_of(struct store *s, const struct store_row *row)
{
	uint32_t hash = row->port * 31u + row->outcome + row->observed * 8u;
	struct known_series *k;

	for (const char *p = row->clause; *p; p++)
		hash = hash * 31 + (uint8_t)*p;
	k = &s->series[hash % KNOWN_SERIES];
	if (k->number && k->port == row->port && k->outcome == row->outcome &&
	    k->observed == row->observed && !strcmp(k->clause, row->clause))
		return k->number;
	k->number = (uint32_t)store_put_series(s, row);
	k->port = row->port;
	k->outcome = row->outcome;
	k->observed = row->observed;
	snprintf(k->clause, sizeof(k->clause), "%s", row->clause);
	if (strlen(row->clause) >= sizeof(k->clause)) {
		uint32_t number = k->number;

		k->number = 0;
		return number;
	}
	return k->number;
}

/* ---- rows ---- */

static void store_put_minute(struct store *s, uint32_t source, uint32_t series,
			     const struct store_row *row)
{
	sqlite3_stmt *q = store_statement(
		s, PUT_MINUTE,
		"INSERT INTO minute VALUES (?1, ?2, ?3, ?4, ?5)"
		" ON CONFLICT DO UPDATE SET attempts = attempts + ?4,"
		" syns = syns + ?5");

	if (!q)
		return;
	sqlite3_bind_int64(q, 1, row->minute);
	sqlite3_bind_int64(q, 2, source);
	sqlite3_bind_int64(q, 3, series);
	sqlite3_bind_int64(q, 4, row->attempts);
	sqlite3_bind_int64(q, 5, row->syns);
	store_run(s, q);
}

static void store_put_day(struct store *s, struct known_day *d)
{
	uint8_t hours[HOURS_BYTES];
	size_t len = hours_pack(d->hours, hours);
	sqlite3_stmt *q = store_statement(
		s, PUT_DAY,
		"INSERT INTO day VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
		" ON CONFLICT DO UPDATE SET attempts = attempts + ?4,"
		" syns = syns + ?5, hours = add_hours(hours, ?6)");

	if (!q)
		return;
	sqlite3_bind_int64(q, 1, d->day);
	sqlite3_bind_int64(q, 2, d->source);
	sqlite3_bind_int64(q, 3, d->series);
	sqlite3_bind_int64(q, 4, d->attempts);
	sqlite3_bind_int64(q, 5, d->syns);
	sqlite3_bind_blob(q, 6, hours, (int)len, SQLITE_STATIC);
	store_run(s, q);
	d->used = false;
}

static bool store_is_day(const struct known_day *d, int64_t day,
			 uint32_t source, uint32_t series)
{
	return d->used && d->day == day && d->source == source &&
	       d->series == series;
}

/*
 * The place of a day: its own, a free one, or that of another day, which is
 * written first.
 */
static struct known_day *store_day_at(struct store *s, int64_t day,
				      uint32_t source, uint32_t series)
{
	uint64_t hash =
		((uint64_t)source << 32 | series << 16 | (day & 0xffff)) *
		0x9e3779b97f4a7c15;
	struct known_day *place = NULL;

	for (uint32_t i = 0; i < PLACES; i++) {
		uint32_t at = (uint32_t)(hash >> 32) + i;
		struct known_day *d = &s->days[at % KNOWN_DAYS];

		if (store_is_day(d, day, source, series))
			return d;
		if (!d->used && !place)
			place = d;
	}
	if (!place) {
		place = &s->days[(uint32_t)(hash >> 32) % KNOWN_DAYS];
		store_put_day(s, place);
	}
	*place = (struct known_day){
		.used = true, .day = day, .source = source, .series = series
	};
	return place;
}

static void store_add_day(struct store *s, uint32_t source, uint32_t series,
			  const struct store_row *row)
{
	int64_t hour = row->minute / 60;
	struct known_day *d = store_day_at(s, hour / 24, source, series);

	d->attempts += row->attempts;
	d->syns += row->syns;
	/* Modulo 2^32, so that -1 takes one away. */
	d->hours[hour % 24] += (uint32_t)row->attempts;
}

/* ---- sources ---- */

static void store_see_source(struct store *s, struct known_source *k)
{
	sqlite3_stmt *q = store_statement(
		s, SEE_SOURCE,
		"UPDATE source SET first = min(first, ?2), last = max(last, ?3)"
		" WHERE number = ?1");

	if (!q)
		return;
	sqlite3_bind_int64(q, 1, k->number);
	sqlite3_bind_int64(q, 2, k->first_s);
	sqlite3_bind_int64(q, 3, k->last_s);
	store_run(s, q);
	k->seen = false;
}

/* The place of a source, found in the same way. */
static struct known_source *store_known_source(struct store *s, uint8_t family,
					       const struct addr6 *address)
{
	struct known_source *place = NULL;
	uint64_t hash;

	memcpy(&hash, address->byte, sizeof(hash));
	hash = (hash ^ family) * 0x9e3779b97f4a7c15;
	for (uint32_t i = 0; i < PLACES; i++) {
		uint32_t at = (uint32_t)(hash >> 40) + i;
		struct known_source *k = &s->sources[at % KNOWN_SOURCES];

		if (k->family == family &&
		    !memcmp(&k->address, address, sizeof(k->address)))
			return k;
		if (!k->family && !place)
			place = k;
	}
	if (!place)
		place = &s->sources[(uint32_t)(hash >> 40) % KNOWN_SOURCES];
	if (place->seen)
		store_see_source(s, place);
	*place = (struct known_source){ .family = family, .address = *address };
	return place;
}

static uint32_t store_source_of(struct store *s, const struct store_row *row)
{
	int64_t at_s = row->minute * 60;
	struct known_source *k;

	if (!row->family)
		return 0;
	k = store_known_source(s, row->family, &row->source);
	if (!k->number)
		k->number = (uint32_t)store_put_source(
			s, row->family, &row->source, at_s, at_s + 59);
	if (!k->seen) {
		k->first_s = at_s;
		k->last_s = at_s + 59;
	}
	k->seen = true;
	if (at_s < k->first_s)
		k->first_s = at_s;
	if (at_s + 59 > k->last_s)
		k->last_s = at_s + 59;
	return k->number;
}

static void store_write_out(struct store *s)
{
	for (uint32_t i = 0; i < KNOWN_DAYS; i++)
		if (s->days[i].used)
			store_put_day(s, &s->days[i]);
	for (uint32_t i = 0; i < KNOWN_SOURCES; i++)
		if (s->sources[i].seen)
			store_see_source(s, &s->sources[i]);
}

void store_add(struct store *s, const struct store_row *row)
{
	uint32_t source, series;

	if (!row->attempts && !row->syns)
		return;
	if (s->remote) {
		remote_put(s, WIRE_ADD, row);
		return;
	}
	source = store_source_of(s, row);
	series = store_series_of(s, row);
	store_put_minute(s, source, series, row);
	store_add_day(s, source, series, row);
}

static bool store_take_from_minute(struct store *s, uint32_t source,
				   uint32_t series, int64_t minute)
{
	sqlite3_stmt *q = store_statement(
		s, TAKE_MINUTE,
		"UPDATE minute SET attempts = attempts - 1,"
		" syns = max(syns - 1, 0) WHERE minute = ?1 AND source = ?2"
		" AND what = ?3 AND attempts > 0");

	if (!q)
		return false;
	sqlite3_bind_int64(q, 1, minute);
	sqlite3_bind_int64(q, 2, source);
	sqlite3_bind_int64(q, 3, series);
	store_run(s, q);
	return sqlite3_changes(s->db);
}

/*
 * Finds where the attempt went, if it is not where it would go now: its source
 * was folded, or another clause decides.
 */
static bool store_find_minute(struct store *s, uint32_t *source,
			      uint32_t *series, const struct store_row *row)
{
	int code;
	sqlite3_stmt *q = store_statement(
		s, FIND_MINUTE,
		"SELECT source, what FROM minute WHERE minute = ?1"
		" AND source IN (?2, 0) AND attempts > 0 AND what IN"
		" (SELECT number FROM what WHERE port = ?3 AND outcome = ?4)"
		" ORDER BY source = 0, what <> ?5 LIMIT 1");

	if (!q)
		return false;
	sqlite3_bind_int64(q, 1, row->minute);
	sqlite3_bind_int64(q, 2, *source);
	sqlite3_bind_int(q, 3, row->port);
	sqlite3_bind_int(q, 4, row->outcome);
	sqlite3_bind_int64(q, 5, *series);
	code = sqlite3_step(q);
	if (code == SQLITE_ROW) {
		*source = (uint32_t)sqlite3_column_int64(q, 0);
		*series = (uint32_t)sqlite3_column_int64(q, 1);
	}
	sqlite3_reset(q);
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		store_fail(s, code);
	return code == SQLITE_ROW;
}

static bool store_take(struct store *s, uint32_t *source, uint32_t *series,
		       const struct store_row *from)
{
	return store_take_from_minute(s, *source, *series, from->minute) ||
	       (store_find_minute(s, source, series, from) &&
		store_take_from_minute(s, *source, *series, from->minute));
}

void store_move(struct store *s, const struct store_row *from,
		const struct store_row *to)
{
	struct store_row less = *from, more = *to;
	uint32_t source, series;

	if (s->remote) {
		remote_put(s, WIRE_MOVE, from);
		remote_put(s, WIRE_ADD, to);
		return;
	}
	source = store_source_of(s, from);
	series = store_series_of(s, from);
	if (!store_take(s, &source, &series, from))
		return;
	less.attempts = less.syns = -1;
	store_add_day(s, source, series, &less);
	if (!source)
		more.family = 0; /* a folded source stays so */
	store_add(s, &more);
}

/* ---- findings, and series happened ---- */

static void store_print_examples(const struct store_finding *f, char *out,
				 size_t size)
{
	size_t n = 0;

	*out = '\0';
	for (uint8_t i = 0; f->keep_examples && i < f->finding.n_examples;
	     i++) {
		char text[RANGE_TEXT_MAX];

		addr_print(text, f->finding.family, &f->finding.examples[i]);
		n += (size_t)snprintf(out + n, size - n, "%s%s", i ? " " : "",
				      text);
	}
}

void store_add_finding(struct store *s, const struct store_finding *found)
{
	const struct finding *f = &found->finding;
	char examples[EXAMPLES_MOST * RANGE_TEXT_MAX];
	int64_t source = store_put_source(s, f->family, &f->source, f->first_s,
					  f->last_s);
	sqlite3_stmt *q = store_statement(
		s, PUT_FINDING,
		"INSERT INTO finding (time, source, finding, detector, port,"
		" attempts, syns, destinations, exact, groups, first, last,"
		" proven, blocked, examples, mail_server, systems) VALUES (?1, "
		"?2, ?3,"
		" ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, "
		"?17)"
		" ON CONFLICT DO NOTHING");

	if (s->remote)
		remote_put(s, WIRE_FINDING, found);
	if (!q)
		return;
	store_print_examples(found, examples, sizeof(examples));
	sqlite3_bind_int64(q, 1, f->time_us / 1000000);
	sqlite3_bind_int64(q, 2, source);
	store_bind_text(q, 3, finding_name(detector_finding(f->detector)));
	store_bind_text(q, 4, detector_name(f->detector));
	sqlite3_bind_int(q, 5, f->port);
	sqlite3_bind_int64(q, 6, f->attempts);
	sqlite3_bind_int64(q, 7, f->syns);
	sqlite3_bind_int64(q, 8, (int64_t)f->destinations);
	sqlite3_bind_int(q, 9, f->destinations_exact);
	sqlite3_bind_int64(q, 10, f->groups);
	sqlite3_bind_int64(q, 11, f->first_s);
	sqlite3_bind_int64(q, 12, f->last_s);
	sqlite3_bind_int(q, 13, f->proven);
	sqlite3_bind_int(q, 14, f->blocked);
	store_bind_text(q, 15, examples);
	sqlite3_bind_int(q, 16, f->mail_server);
	sqlite3_bind_int(q, 17, f->systems);
	store_run(s, q);
}

void store_add_loaded(struct store *s, const struct store_loaded *l)
{
	sqlite3_stmt *q = store_statement(
		s, PUT_LOADED,
		"INSERT INTO loaded (time, policy, digest, who, generation,"
		" mode) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");

	if (s->remote)
		remote_put(s, WIRE_LOADED, l);
	if (!q)
		return;
	sqlite3_bind_int64(q, 1, l->time_s);
	store_bind_text(q, 2, l->policy);
	store_bind_text(q, 3, l->digest);
	store_bind_text(q, 4, l->who);
	sqlite3_bind_int64(q, 5, l->generation);
	store_bind_text(q, 6, store_mode_name(l->mode));
	store_run(s, q);
}

void store_add_run(struct store *s, struct store_run *r)
{
	sqlite3_stmt *q = store_statement(
		s, PUT_RUN,
		"INSERT INTO run VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
		" ON CONFLICT (number) DO UPDATE SET last = ?3, lost = ?4,"
		" unlogged = ?5 RETURNING number");

	s->run = r;
	if (s->remote)
		remote_put(s, WIRE_RUN, r);
	if (!q)
		return;
	if (r->id)
		sqlite3_bind_int64(q, 1, r->id);
	else
		sqlite3_bind_null(q, 1);
	sqlite3_bind_int64(q, 2, r->start_s);
	sqlite3_bind_int64(q, 3, r->last_s);
	sqlite3_bind_int64(q, 4, (int64_t)r->lost);
	sqlite3_bind_int64(q, 5, (int64_t)r->unlogged);
	store_bind_text(q, 6, r->inputs);
	s->run_number = store_run(s, q);
}

void store_add_step(struct store *s, const struct store_step *step)
{
	sqlite3_stmt *q = store_statement(
		s, PUT_STEP,
		"INSERT INTO step (time, seconds) VALUES (?1, ?2)");

	if (s->remote)
		remote_put(s, WIRE_STEP, step);
	if (!q)
		return;
	sqlite3_bind_int64(q, 1, step->time_s);
	sqlite3_bind_int64(q, 2, step->seconds);
	store_run(s, q);
}

void store_add_lines(struct store *s, const struct store_lines *l)
{
	sqlite3_stmt *q = store_statement(
		s, PUT_LINES,
		"INSERT INTO line (hour, digests) VALUES (?1, ?2)");
	uint64_t bytes[STORE_LINES_MOST];

	if (s->remote)
		remote_put(s, WIRE_LINES, l);
	if (!q)
		return;
	for (uint32_t i = 0; i < l->n; i++)
		bytes[i] = htole64(l->digests[i]);
	sqlite3_bind_int64(q, 1, l->hour);
	sqlite3_bind_blob(q, 2, bytes, (int)(l->n * sizeof(*bytes)),
			  SQLITE_STATIC);
	store_run(s, q);
}
