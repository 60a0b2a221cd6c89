/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests of the store: a folder for each, what is said on standard error,
 * and another program at the same database.
 */
#ifndef MAILWALL_FOLDER_H
#define MAILWALL_FOLDER_H

#include "unit.h"

#include "../../tools/program/fault.h"

#include <ftw.h>
#include <sqlite3.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- a folder, and what is said ---- */

static char folder[64];
static struct fault why; /* of the last call that failed */

static inline const char *file_of(const char *name)
{
	static char paths[4][512];
	static unsigned int next;
	char *path = paths[next++ % COUNT(paths)];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

/* Standard error goes to memory from here; heard() gives it back. */
static int was_stderr = -1, hearing = -1;
static char heard_text[1 << 14];

static inline void hear(void)
{
	fflush(stderr);
	was_stderr = dup(2);
	hearing = memfd_create("said", 0);
	assert_true(was_stderr >= 0 && hearing >= 0);
	dup2(hearing, 2);
}

static inline const char *heard(void)
{
	ssize_t n;

	fflush(stderr);
	dup2(was_stderr, 2);
	n = pread(hearing, heard_text, sizeof(heard_text) - 1, 0);
	heard_text[n > 0 ? n : 0] = '\0';
	close(hearing);
	close(was_stderr);
	was_stderr = -1;
	expect(!strstr(heard_text, "runtime error"), "%s", heard_text);
	return heard_text;
}

static inline int make_folder(void **state)
{
	(void)state;
	if (was_stderr >= 0)
		heard();
	strcpy(folder, "/tmp/mailwall-store-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	return chmod(folder, 0755);
}

static inline int remove_one(const char *path, const struct stat *st, int kind,
			     struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static inline int remove_folder(void **state)
{
	(void)state;
	chmod(folder, 0755);
	return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- another program at the same file ---- */

static inline sqlite3 *other_open(const char *path)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 1000);
	return db;
}

static inline void other_run(sqlite3 *db, const char *sql)
{
	char *text = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &text) != SQLITE_OK)
		fail_msg("\"%s\": %s", sql, text);
}

static inline void other(const char *path, const char *sql)
{
	sqlite3 *db = other_open(path);

	other_run(db, sql);
	sqlite3_close(db);
}

static inline int64_t other_number(const char *path, const char *sql)
{
	sqlite3 *db = other_open(path);
	sqlite3_stmt *q;
	int64_t n;

	if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) != SQLITE_OK)
		fail_msg("\"%s\": %s", sql, sqlite3_errmsg(db));
	n = sqlite3_step(q) == SQLITE_ROW ? sqlite3_column_int64(q, 0) : -1;
	sqlite3_finalize(q);
	sqlite3_close(db);
	return n;
}

#endif
