/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking SQLite: statements, their errors and their time. */
#include "store_priv.h"
#include "../database/database.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

/* ---- errors ---- */

void store_fail(struct store *s, int code)
{
	if (s->error)
		return;
	s->error = database_errno(code);
	snprintf(s->why, sizeof(s->why), "%s", sqlite3_errmsg(s->db));
}

const char *store_why(const struct store *s)
{
	return s->why;
}

void store_run_sql(struct store *s, const char *sql)
{
	int code = s->error ? SQLITE_OK :
			      sqlite3_exec(s->db, sql, NULL, NULL, NULL);

	if (code != SQLITE_OK)
		store_fail(s, code);
}

sqlite3_stmt *store_statement(struct store *s, enum store_statement which,
			      const char *sql)
{
	sqlite3_stmt **at = &s->statements[which];
	int code;

	if (!s->error && !*at && s->db) {
		code = sqlite3_prepare_v3(s->db, sql, -1,
					  SQLITE_PREPARE_PERSISTENT, at, NULL);
		if (code != SQLITE_OK)
			store_fail(s, code);
	}
	return s->error ? NULL : *at;
}

int64_t store_number(struct store *s, const char *sql)
{
	sqlite3_stmt *q = NULL;
	int64_t n = 0;
	int code;

	if (s->error)
		return 0;
	code = sqlite3_prepare_v2(s->db, sql, -1, &q, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_step(q);
	if (code == SQLITE_ROW)
		n = sqlite3_column_int64(q, 0);
	else if (code != SQLITE_DONE)
		store_fail(s, code);
	sqlite3_finalize(q);
	return n;
}

/* ---- sentences ---- */

int store_refuse(const struct store *s, struct fault *f, int error,
		 const char *why)
{
	return fault_set(f, error, "\"%s\": %s", s->path, why);
}

int store_failed(const struct store *s, struct fault *f, const char *what)
{
	return database_failed(s->path, s->error, s->why, what, f);
}

int store_fault(const struct store *s, const char *verb, struct fault *f)
{
	return fault_set(f, s->error, "\"%s\": cannot be %s: %s", s->path, verb,
			 s->why);
}

/* ---- time, and the file ---- */

void store_give_time(struct store *s, int64_t seconds)
{
	s->until_s = database_steady_s() + seconds;
}

bool store_is_replaced(const struct store *s)
{
	struct stat st;

	return lstat(s->real, &st) || st.st_dev != s->device ||
	       st.st_ino != s->inode;
}

void store_forget_known(struct store *s)
{
	memset(s->series, 0, sizeof(s->series));
	memset(s->sources, 0, KNOWN_SOURCES * sizeof(*s->sources));
	memset(s->days, 0, KNOWN_DAYS * sizeof(*s->days));
}
