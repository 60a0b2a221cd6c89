/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SQLite, for files that may come from whoever can write them: a schema runs
 * nothing, and no query runs for ever.
 */
#ifndef MAILWALL_DATABASE_H
#define MAILWALL_DATABASE_H

#include "../program/fault.h"

#include <stdint.h>
#include <sqlite3.h>

/* Seconds of a clock that nobody sets. */
int64_t database_steady_s(void);

/*
 * Opens a file with SQLITE_OPEN_ flags; links are not followed. A query that
 * runs beyond *until_s, of database_steady_s(), ends; it is borrowed. Returns a
 * code of SQLite's. *db is to be closed whatever came of it.
 */
int database_open(const char *name, int flags, const int64_t *until_s,
		  sqlite3 **db);

/* -errno for a code of SQLite's. */
int database_errno(int code);
/*
 * Fills the sentence for an error of database_errno(), with SQLite's reason:
 * '"PATH": cannot VERB: WHY'. Returns error.
 */
int database_failed(const char *path, int error, const char *why,
		    const char *verb, struct fault *f);

/* ---- schemas ---- */

struct database_schema {
	int32_t application_id;
	/* A row is a version; an older file gets those behind its own. */
	const char *const *versions;
	int n;
};

/*
 * Is every object of the file as the schema of that version makes it, and is
 * there no other? A trigger or a view is somebody else's code. 0, or -errno and
 * why.
 */
int database_compare(sqlite3 *db, const struct database_schema *schema,
		     int version, const char *path, struct fault *f);

#endif
