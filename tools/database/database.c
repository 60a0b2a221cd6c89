/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "database.h"

#include <errno.h>
#include <stddef.h>
#include <time.h>

int64_t database_steady_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec;
}

/* ---- a connection that trusts nothing ---- */

#define OPS_BETWEEN 1000000 /* steps of SQLite's machine: some milliseconds */

static int database_is_late(void *until_s)
{
	return database_steady_s() > *(const int64_t *)until_s;
}

/* Bounds of what a database may make SQLite do. */
static const struct {
	int id, most;
} database_limits[] = {
	{ SQLITE_LIMIT_LENGTH, 1 << 20 },
	{ SQLITE_LIMIT_SQL_LENGTH, 1 << 16 },
	{ SQLITE_LIMIT_COLUMN, 64 },
	{ SQLITE_LIMIT_EXPR_DEPTH, 32 },
	{ SQLITE_LIMIT_COMPOUND_SELECT, 4 },
	{ SQLITE_LIMIT_VDBE_OP, 100000 },
	{ SQLITE_LIMIT_FUNCTION_ARG, 8 },
	{ SQLITE_LIMIT_ATTACHED, 0 },
	{ SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 64 },
	{ SQLITE_LIMIT_TRIGGER_DEPTH, 1 },
	{ SQLITE_LIMIT_WORKER_THREADS, 0 },
};

static const struct {
	int option, on;
} database_hardening[] = {
	{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
	{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
	{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
	{ SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
	{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
	{ SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0 },
};

static int database_harden(sqlite3 *db, const int64_t *until_s)
{
	for (size_t i = 0;
	     i < sizeof(database_limits) / sizeof(*database_limits); i++)
		sqlite3_limit(db, database_limits[i].id,
			      database_limits[i].most);
	for (size_t i = 0;
	     i < sizeof(database_hardening) / sizeof(*database_hardening); i++)
		sqlite3_db_config(db, database_hardening[i].option,
				  database_hardening[i].on, NULL);
	sqlite3_progress_handler(db, OPS_BETWEEN, database_is_late,
				 (void *)(uintptr_t)until_s);
	return sqlite3_exec(db,
			    "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0",
			    NULL, NULL, NULL);
}

int database_open(const char *name, int flags, const int64_t *until_s,
		  sqlite3 **db)
{
	int code = sqlite3_open_v2(
		name, db, flags | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX,
		NULL);

	if (code != SQLITE_OK)
		return code;
	sqlite3_extended_result_codes(*db, 0);
	return database_harden(*db, until_s);
}

/* ---- errors ---- */

int database_errno(int code)
{
	switch (code) {
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_BUSY:
		return -EBUSY;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_INTERRUPT:
		return -ETIMEDOUT;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EBADMSG;
	default:
		return -EIO;
	}
}

int database_failed(const char *path, int error, const char *why,
		    const char *verb, struct fault *f)
{
	switch (error) {
	case -EBUSY:
		return fault_set(f, error,
				 "\"%s\": another program has locked it; try "
				 "again",
				 path);
	case -EROFS:
		return fault_set(f, error,
				 "\"%s\": it, or its folder, cannot be written",
				 path);
	case -EBADMSG:
		return fault_set(f, error,
				 "\"%s\": is no database of mailwall, or it is "
				 "damaged: %s; move it away, and a new one is "
				 "made",
				 path, why);
	}
	return fault_set(f, error, "\"%s\": cannot %s: %s", path, verb, why);
}
