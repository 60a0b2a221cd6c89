/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compares the objects of a file with those of a new one. */
#include "database.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define OBJECTS                                                                \
	"SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema"    \
	" WHERE NOT (type = 'table' AND name GLOB 'sqlite_stat[1-4]')"         \
	" ORDER BY type DESC, name" /* indexes last */

/* A database in memory with the tables of a version. NULL: out of memory. */
static sqlite3 *schema_model(const struct database_schema *s, int version)
{
	sqlite3 *db = NULL;
	int code = sqlite3_open_v2(":memory:", &db,
				   SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
				   NULL);

	for (int i = 0; i < version && code == SQLITE_OK; i++)
		code = sqlite3_exec(db, s->versions[i], NULL, NULL, NULL);
	if (code == SQLITE_OK)
		return db;
	sqlite3_close(db);
	return NULL;
}

static const char *schema_column(sqlite3_stmt *q, int column)
{
	const unsigned char *t = sqlite3_column_text(q, column);

	return t ? (const char *)t : "";
}

static bool schema_same_row(sqlite3_stmt *a, sqlite3_stmt *b)
{
	for (int i = 0; i < 4; i++)
		if (strcmp(schema_column(a, i), schema_column(b, i)) != 0)
			return false;
	return true;
}

/* Names what is too much, else what is missing or different. */
static int schema_refuse(const char *path, sqlite3_stmt *got, bool has,
			 sqlite3_stmt *want, bool wants, struct fault *f)
{
	int order =
		!has   ? 1 :
		!wants ? -1 :
			 strcmp(schema_column(want, 0), schema_column(got, 0));

	if (!order)
		order = strcmp(schema_column(got, 1), schema_column(want, 1));
	if (order < 0)
		return fault_set(
			f, -EBADMSG,
			"\"%s\": has %s %.20s \"%.60s\" that mailwall "
			"did not make; drop it, or move the file away, "
			"and a new one is made",
			path, *schema_column(got, 0) == 'i' ? "an" : "a",
			schema_column(got, 0), schema_column(got, 1));
	return fault_set(f, -EBADMSG,
			 "\"%s\": its %.20s \"%.60s\" is %s; move the file "
			 "away, and a new one is made",
			 path, schema_column(want, 0), schema_column(want, 1),
			 order ? "missing" : "not as mailwall made it");
}

static int schema_unreadable(sqlite3 *db, const char *path, int code,
			     struct fault *f)
{
	return database_failed(path, database_errno(code), sqlite3_errmsg(db),
			       "read", f);
}

static int schema_walk(sqlite3 *db, const char *path, sqlite3_stmt *got,
		       sqlite3_stmt *want, struct fault *f)
{
	for (;;) {
		int code = sqlite3_step(got);
		bool has = code == SQLITE_ROW;
		bool wants = sqlite3_step(want) == SQLITE_ROW;

		if (!has && code != SQLITE_DONE)
			return schema_unreadable(db, path, code, f);
		if (!has && !wants)
			return 0;
		if (has != wants || !schema_same_row(got, want))
			return schema_refuse(path, got, has, want, wants, f);
	}
}

int database_compare(sqlite3 *db, const struct database_schema *schema,
		     int version, const char *path, struct fault *f)
{
	sqlite3 *model = schema_model(schema, version);
	sqlite3_stmt *got = NULL, *want = NULL;
	int error, code;

	if (!model)
		return fault_no_memory(f);
	code = sqlite3_prepare_v2(db, OBJECTS, -1, &got, NULL);
	if (code != SQLITE_OK)
		error = schema_unreadable(db, path, code, f);
	else if (sqlite3_prepare_v2(model, OBJECTS, -1, &want, NULL))
		error = fault_no_memory(f);
	else
		error = schema_walk(db, path, got, want, f);
	sqlite3_finalize(got);
	sqlite3_finalize(want);
	sqlite3_close(model);
	return error;
}
