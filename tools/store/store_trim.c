/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bounds of a file. What is too old is deleted by a time that no wrong
 * clock can push: it follows the machine's clock as long as that one runs
 * evenly, waits where the clock was set forward until that time has held for a
 * day, and goes back at once where the clock goes back.
 */
#include "store_priv.h"
#include "store_remote.h"

#include <stdlib.h>
#include <stdio.h>

#define TRIM_MINUTES   10
#define VACUUM_PAGES   2000
#define EVEN_S	       3600  /* how far an even clock may differ */
#define BELIEVED_S     DAY_S /* how long a clock that was set has to hold */
#define FUTURE_MINUTES (24 * 60)

/* ---- the time that is trusted ---- */

void retention_advance(struct retention *r, int64_t wall_s, int64_t passed_s)
{
	int64_t off_s = wall_s - r->wall_s - passed_s;
	bool even = off_s <= EVEN_S && off_s >= -EVEN_S;

	r->held_s = even ? r->held_s + passed_s : 0;
	if (wall_s <= r->trusted_s + passed_s + EVEN_S ||
	    r->held_s >= BELIEVED_S) {
		r->trusted_s = wall_s;
		r->held_s = 0;
	} else {
		r->trusted_s += passed_s;
	}
	r->wall_s = wall_s;
}

/* A file without it begins at its newest minute, unless that is to come. */
static struct retention retention_begin(struct store *s, int64_t wall_s)
{
	int64_t newest = store_number(s, "SELECT max(minute) FROM minute");
	int64_t trusted_s = wall_s;

	if (newest > 0 && newest < wall_s / 60)
		trusted_s = newest * 60 + 59;
	return (struct retention){ trusted_s, wall_s, 0 };
}

static struct retention retention_read(struct store *s, int64_t wall_s)
{
	struct retention r;

	if (!store_number(s, "SELECT count(*) FROM clock WHERE number = 1"))
		return retention_begin(s, wall_s);
	r.trusted_s = store_number(s, "SELECT trusted FROM clock"
				      " WHERE number = 1");
	r.wall_s = store_number(s, "SELECT wall FROM clock WHERE number = 1");
	r.held_s = store_number(s, "SELECT held FROM clock WHERE number = 1");
	/* Numbers that would delete all are somebody else's. */
	if (r.trusted_s < 0 || r.wall_s < 0 || r.held_s < 0 ||
	    r.trusted_s > TIME_LAST_S || r.wall_s > TIME_LAST_S ||
	    r.held_s > BELIEVED_S)
		return retention_begin(s, wall_s);
	return r;
}

static void retention_write(struct store *s, const struct retention *r)
{
	sqlite3_stmt *q = store_statement(
		s, PUT_CLOCK,
		"INSERT INTO clock VALUES (1, ?1, ?2, ?3)"
		" ON CONFLICT (number) DO UPDATE SET trusted = ?1, wall = ?2,"
		" held = ?3");

	if (!q)
		return;
	sqlite3_bind_int64(q, 1, r->trusted_s);
	sqlite3_bind_int64(q, 2, r->wall_s);
	sqlite3_bind_int64(q, 3, r->held_s);
	store_run(s, q);
}

/* The time to delete by. */
static int64_t retention_now(struct store *s, const struct store_time *now)
{
	struct retention r = retention_read(s, now->wall_s);
	int64_t passed_s = s->trimmed_s && now->steady_s > s->trimmed_s ?
				   now->steady_s - s->trimmed_s :
				   0;

	retention_advance(&r, now->wall_s, passed_s);
	retention_write(s, &r);
	s->trimmed_s = now->steady_s;
	return r.trusted_s;
}

/* ---- what goes ---- */

static void store_delete(struct store *s, const char *sql, int64_t bound)
{
	sqlite3_stmt *q = NULL;
	int code = s->error ? SQLITE_OK :
			      sqlite3_prepare_v2(s->db, sql, -1, &q, NULL);

	if (s->error)
		return;
	if (code != SQLITE_OK) {
		store_fail(s, code);
		return;
	}
	sqlite3_bind_int64(q, 1, bound);
	store_run(s, q);
	sqlite3_finalize(q);
}

static void store_trim_lists(struct store *s, int64_t before_s)
{
	store_delete(s, "DELETE FROM day WHERE day < ?1", before_s / DAY_S);
	store_delete(s, "DELETE FROM finding WHERE time < ?1", before_s);
	store_delete(s, "DELETE FROM loaded WHERE time < ?1", before_s);
	store_delete(s, "DELETE FROM run WHERE last < ?1", before_s);
	store_delete(s, "DELETE FROM step WHERE time < ?1", before_s);
	store_delete(s, "DELETE FROM line WHERE hour < ?1", before_s / 3600);
	/* Sources go by whole days: the rest of a day needs its sources. */
	store_delete(s, "DELETE FROM source WHERE last < ?1",
		     before_s / DAY_S * DAY_S);
	/* A number may be given to another source from now on. */
	memset(s->sources, 0, KNOWN_SOURCES * sizeof(*s->sources));
}

static uint64_t store_bytes_in_use(struct store *s)
{
	int64_t pages = store_number(s, "PRAGMA page_count") -
			store_number(s, "PRAGMA freelist_count");

	return (uint64_t)(pages * store_number(s, "PRAGMA page_size"));
}

/*
 * One step of what is too old. The lists go with it, by the end of the step:
 * what stays of a day keeps its sources.
 */
static bool store_trim_age(struct store *s, int64_t end)
{
	int64_t oldest = store_number(s, "SELECT min(minute) FROM minute");
	bool any = store_number(s, "SELECT count(*) FROM (SELECT 1 FROM minute"
				   " LIMIT 1)");

	if (any && oldest < 0)
		oldest = -1; /* before 1970: deleted at once */
	if (!any || oldest >= end) {
		store_trim_lists(s, end * 60);
		return false;
	}
	if (end > oldest + TRIM_MINUTES)
		end = oldest + TRIM_MINUTES;
	store_delete(s, "DELETE FROM minute WHERE minute < ?1", end);
	store_trim_lists(s, end * 60);
	return true;
}

/*
 * One step of what is too much: rows of a time to come go first, as a wrong
 * clock made them, then the oldest ones.
 */
static bool store_trim_size(struct store *s, int64_t now_s)
{
	int64_t newest = store_number(s, "SELECT max(minute) FROM minute");
	int64_t oldest = store_number(s, "SELECT min(minute) FROM minute");

	if (newest > now_s / 60 + FUTURE_MINUTES) {
		store_delete(s, "DELETE FROM minute WHERE minute > ?1",
			     newest - TRIM_MINUTES);
		store_delete(s, "DELETE FROM day WHERE day > ?1",
			     (newest - TRIM_MINUTES) / (24 * 60));
		return true;
	}
	return newest > 0 &&
	       store_trim_age(s, (oldest < 0 ? -1 : oldest) + TRIM_MINUTES);
}

bool store_trim(struct store *s, const struct store_time *now, int64_t keep_s,
		uint64_t most_bytes, int *error)
{
	const struct wire_trim asked = { *now, keep_s, most_bytes };
	char vacuum[64];
	bool more = false;
	int64_t now_s;

	if (s->remote) {
		more = remote_call(s, WIRE_TRIM, &asked);
		*error = s->error;
		return more && !*error;
	}
	store_begin(s);
	now_s = retention_now(s, now);
	if (keep_s && now_s > keep_s)
		more = store_trim_age(s, (now_s - keep_s) / 60);
	if (!more && most_bytes && store_bytes_in_use(s) > most_bytes)
		more = store_trim_size(s, now->wall_s > now_s ? now->wall_s :
								now_s);
	snprintf(vacuum, sizeof(vacuum), "PRAGMA incremental_vacuum(%d)",
		 VACUUM_PAGES);
	store_run_sql(s, vacuum);
	*error = store_end(s);
	return more && !*error;
}
