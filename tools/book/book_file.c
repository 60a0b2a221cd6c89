/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The book's file. Its folder and it are root's own, or of whoever runs this:
 * another user that could write there could exempt anybody.
 */
#include "book_priv.h"
#include "../../rules/base/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOOK_APPLICATION_ID 0x6d776578 /* "mwex" */
#define BOOK_BUSY_MS	    5000
#define BOOK_MODE	    0600

/* A row is a version; an older file gets those behind its own, in order. */
static const char *const book_versions[] = {
	"CREATE TABLE record ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" class TEXT NOT NULL, family INTEGER NOT NULL,"
	" bits INTEGER NOT NULL," /* address bits that the range takes */
	" first BLOB NOT NULL, last BLOB NOT NULL," /* 4 or 16 bytes */
	" ticket TEXT NOT NULL, reason TEXT NOT NULL,"
	" requested_by TEXT NOT NULL, approved_by TEXT NOT NULL,"
	" contact TEXT NOT NULL, typed_by TEXT NOT NULL,"
	" created INTEGER NOT NULL, expires INTEGER," /* NULL: it stays */
	" revoked INTEGER, revoked_by TEXT NOT NULL DEFAULT '') STRICT;"
	"CREATE UNIQUE INDEX record_range"
	" ON record (class, family, bits, first, last)"
	" WHERE revoked IS NULL;"
	"CREATE TABLE change ("
	" number INTEGER PRIMARY KEY, record INTEGER NOT NULL,"
	" time INTEGER NOT NULL, what TEXT NOT NULL, who TEXT NOT NULL,"
	" why TEXT NOT NULL, expires INTEGER, ticket TEXT NOT NULL,"
	" reason TEXT NOT NULL, requested_by TEXT NOT NULL,"
	" approved_by TEXT NOT NULL, contact TEXT NOT NULL) STRICT;"
	"CREATE INDEX change_record ON change (record);"
	/* Classes whose members in the kernel were taken over. */
	"CREATE TABLE class ("
	" name TEXT PRIMARY KEY, time INTEGER NOT NULL) STRICT;"
	/* One row: the policy that was loaded last. */
	"CREATE TABLE policy ("
	" number INTEGER PRIMARY KEY, name TEXT NOT NULL,"
	" place TEXT NOT NULL, most INTEGER NOT NULL,"
	" judged TEXT NOT NULL) STRICT;",
};
#define BOOK_VERSION ((int)(sizeof(book_versions) / sizeof(*book_versions)))

static const struct database_schema book_schema = { BOOK_APPLICATION_ID,
						    book_versions,
						    BOOK_VERSION };

/* ---- the schema ---- */

static int book_number(struct book *b, const char *sql, int64_t *out,
		       struct fault *f)
{
	sqlite3_stmt *q = book_query(b, NULL, sql, "");
	int code = q ? sqlite3_step(q) : SQLITE_ERROR;
	int error = 0;

	*out = code == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		error = book_failed(b, "read", f);
	sqlite3_finalize(q);
	return error;
}

static int book_migrate(struct book *b, struct fault *f)
{
	int64_t from = 0;
	int error = book_begin(b, f);

	/* Another program may have been faster. */
	if (!error)
		error = book_number(b, "PRAGMA user_version", &from, f);
	for (int i = error ? BOOK_VERSION : (int)from;
	     i < BOOK_VERSION && !error; i++)
		error = book_run(b, book_versions[i], f);
	if (!error)
		error = book_run(b,
				 arena_printf(b->arena,
					      "PRAGMA user_version = %d;"
					      "PRAGMA application_id = %d",
					      BOOK_VERSION,
					      BOOK_APPLICATION_ID),
				 f);
	if (!error)
		error = book_commit(b, f);
	if (error)
		book_rollback(b);
	return error;
}

static int book_check_version(struct book *b, int64_t version, struct fault *f)
{
	if (version < 0 || version > BOOK_VERSION)
		return fault_set(f, -EPROTO,
				 "\"%s\": was written by a newer mailwall "
				 "(schema %lld, this one knows %d); use that "
				 "one",
				 b->path, (long long)version, BOOK_VERSION);
	return 0;
}

int book_check_schema(struct book *b, bool write, struct fault *f)
{
	int64_t application = 0, objects = 0, version = 0;
	int error = book_number(b, "PRAGMA application_id", &application, f);

	if (!error)
		error = book_number(b, "SELECT count(*) FROM sqlite_schema",
				    &objects, f);
	if (!error)
		error = book_number(b, "PRAGMA user_version", &version, f);
	if (!error && objects && application != BOOK_APPLICATION_ID)
		return fault_set(f, -EBADMSG,
				 "\"%s\": is a database of another program, or "
				 "another one of mailwall; move it away, and a "
				 "new book is made",
				 b->path);
	if (!error)
		error = book_check_version(b, version, f);
	if (!error && version < BOOK_VERSION && write) {
		error = book_migrate(b, f);
		version = BOOK_VERSION;
	}
	return error ? error :
		       database_compare(b->db, &book_schema, (int)version,
					b->path, f);
}

/* ---- whose it is ---- */

static int book_check_owner(const char *path, const struct stat *st,
			    struct fault *f)
{
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return fault_set(f, -EACCES,
				 "\"%s\": belongs to user %u, who could exempt "
				 "anybody; give it to root: chown root \"%s\"",
				 path, (unsigned int)st->st_uid, path);
	if (st->st_mode & (S_IWGRP | S_IWOTH) && !(st->st_mode & S_ISVTX))
		return fault_set(f, -EACCES,
				 "\"%s\": others than its owner can write it "
				 "(mode %03o): chmod go-w \"%s\"",
				 path, (unsigned int)st->st_mode & 0777, path);
	return 0;
}

static int book_check_folder(const char *folder, struct fault *f)
{
	struct stat st;

	if (stat(folder, &st))
		return errno == ENOENT ?
			       -ENOENT :
			       fault_set(f, -errno, "cannot read \"%s\": %s",
					 folder, strerror(errno));
	return book_check_owner(folder, &st, f);
}

/* Makes the file, so that it has the mode from its first byte on. */
static int book_check_file(struct book *b, bool write, struct fault *f)
{
	int fd = open(b->path,
		      (write ? O_RDWR | O_CREAT : O_RDONLY) | O_NOFOLLOW |
			      O_NONBLOCK | O_CLOEXEC,
		      BOOK_MODE);
	struct stat st = { 0 };
	int error = fd < 0 || fstat(fd, &st) ? errno : 0;

	if (fd >= 0)
		close(fd);
	if (error == ENOENT)
		return fault_set(f, -ENOENT, "\"%s\": there is no book yet",
				 b->path);
	if (error == ELOOP)
		return fault_set(f, -ELOOP,
				 "\"%s\": is a symbolic link, which is not "
				 "followed",
				 b->path);
	if (error)
		return fault_set(f, -error, "cannot open \"%s\": %s", b->path,
				 strerror(error));
	if (!S_ISREG(st.st_mode))
		return fault_set(f, -EINVAL, "\"%s\": is no regular file",
				 b->path);
	return book_check_owner(b->path, &st, f);
}

/* ---- opening ---- */

static int book_open_database(struct book *b, bool write, struct fault *f)
{
	int code;

	book_give_time(b);
	code = database_open(
		b->path, write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY,
		&b->until_s, &b->db);
	if (code != SQLITE_OK)
		return book_failed(b, "open", f);
	sqlite3_busy_timeout(b->db, BOOK_BUSY_MS);
	return book_check_schema(b, write, f);
}

int book_open(struct arena *a, const char *folder, bool write,
	      struct book **out, struct fault *f)
{
	struct book *b = arena_alloc(a, sizeof(*b));
	int error = book_check_folder(folder, f);

	*out = NULL;
	b->arena = a;
	b->path = arena_printf(a, "%s/" BOOK_NAME, folder);
	if (error == -ENOENT)
		return fault_set(f, error, "\"%s\": there is no book yet",
				 b->path);
	if (!error)
		error = book_check_file(b, write, f);
	if (!error)
		error = book_open_database(b, write, f);
	if (error)
		book_close(b);
	else
		*out = b;
	return error;
}

void book_close(struct book *b)
{
	if (!b)
		return;
	book_rollback(b);
	sqlite3_finalize(b->find);
	sqlite3_finalize(b->meeting);
	sqlite3_finalize(b->add);
	sqlite3_finalize(b->update);
	sqlite3_finalize(b->note);
	sqlite3_close(b->db);
	b->db = NULL;
}
