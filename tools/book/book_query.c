/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The book's statements: bound, run, and their rows. */
#include "book_priv.h"
#include "../../rules/base/arena.h"

#include <errno.h>
#include <stdarg.h>

#define BOOK_TIME_LAST 253402300799 /* end of the year 9999 */

void book_give_time(struct book *b)
{
	b->until_s = database_steady_s() + BOOK_QUERY_S;
}

int book_failed(struct book *b, const char *verb, struct fault *f)
{
	int code = b->db ? sqlite3_errcode(b->db) : SQLITE_NOMEM;

	return database_failed(b->path, database_errno(code & 0xff),
			       b->db ? sqlite3_errmsg(b->db) : "out of memory",
			       verb, f);
}

int book_run(struct book *b, const char *sql, struct fault *f)
{
	book_give_time(b);
	return sqlite3_exec(b->db, sql, NULL, NULL, NULL) == SQLITE_OK ?
		       0 :
		       book_failed(b, "write", f);
}

/* ---- transactions ---- */

int book_begin(struct book *b, struct fault *f)
{
	int error = book_run(b, "BEGIN IMMEDIATE", f);

	b->open_transaction = !error;
	return error;
}

int book_commit(struct book *b, struct fault *f)
{
	int error = book_run(b, "COMMIT", f);

	if (!error)
		b->open_transaction = false;
	return error;
}

void book_rollback(struct book *b)
{
	if (b->open_transaction)
		sqlite3_exec(b->db, "ROLLBACK", NULL, NULL, NULL);
	b->open_transaction = false;
}

/* ---- statements ---- */

static int book_bind_address(sqlite3_stmt *q, int i, int family,
			     const struct addr6 *addr)
{
	return sqlite3_bind_blob(q, i, addr->byte, family == 4 ? 4 : 16,
				 SQLITE_TRANSIENT);
}

static int book_bind_end(sqlite3_stmt *q, int i, int64_t end_s)
{
	return end_s == EXEMPT_STAYS ? sqlite3_bind_null(q, i) :
				       sqlite3_bind_int64(q, i, end_s);
}

static int book_bind(sqlite3_stmt *q, const char *types, va_list args)
{
	int code = SQLITE_OK, family;

	for (int i = 1; *types && code == SQLITE_OK; i++)
		switch (*types++) {
		case 't':
			code = sqlite3_bind_text(q, i, va_arg(args, char *), -1,
						 SQLITE_TRANSIENT);
			break;
		case 'i':
			code = sqlite3_bind_int64(q, i, va_arg(args, int64_t));
			break;
		case 'n':
			code = book_bind_end(q, i, va_arg(args, int64_t));
			break;
		case 'b':
			family = va_arg(args, int);
			code = book_bind_address(q, i, family,
						 va_arg(args, struct addr6 *));
			break;
		}
	return code;
}

sqlite3_stmt *book_query(struct book *b, sqlite3_stmt **kept, const char *sql,
			 const char *types, ...)
{
	sqlite3_stmt *q = kept ? *kept : NULL;
	va_list args;
	int code = SQLITE_OK;

	book_give_time(b);
	if (!q)
		code = sqlite3_prepare_v3(b->db, sql, -1,
					  kept ? SQLITE_PREPARE_PERSISTENT : 0,
					  &q, NULL);
	if (kept)
		*kept = q;
	if (code != SQLITE_OK)
		return NULL;
	va_start(args, types);
	code = book_bind(q, types, args);
	va_end(args);
	if (code == SQLITE_OK)
		return q;
	if (!kept)
		sqlite3_finalize(q);
	return NULL;
}

static void book_end(sqlite3_stmt *q, bool kept)
{
	if (kept)
		sqlite3_reset(q);
	else
		sqlite3_finalize(q);
}

int book_do(struct book *b, sqlite3_stmt *q, bool kept, struct fault *f)
{
	int error = q && sqlite3_step(q) == SQLITE_DONE ?
			    0 :
			    book_failed(b, "write", f);

	book_end(q, kept);
	return error;
}

/* ---- rows ---- */

const char *book_text(struct book *b, sqlite3_stmt *q, int column)
{
	const char *t = (const char *)sqlite3_column_text(q, column);

	return t ? arena_strndup(b->arena, t, strlen(t)) : "";
}

static bool book_address(sqlite3_stmt *q, int column, int family,
			 struct addr6 *out)
{
	int len = family == 4 ? 4 : 16;

	if (sqlite3_column_type(q, column) != SQLITE_BLOB ||
	    sqlite3_column_bytes(q, column) != len)
		return false;
	memcpy(out->byte, sqlite3_column_blob(q, column), (size_t)len);
	return true;
}

static bool book_is_time(int64_t s)
{
	return s >= 0 && s <= BOOK_TIME_LAST;
}

/* False: another program wrote what no record can be. */
static bool book_row(struct book *b, sqlite3_stmt *q, struct book_record *r)
{
	bool stays;

	r->id = sqlite3_column_int64(q, 0);
	r->class = book_text(b, q, 1);
	r->family = sqlite3_column_int(q, 2);
	r->said = (struct book_said){ book_text(b, q, 5), book_text(b, q, 6),
				      book_text(b, q, 7), book_text(b, q, 8),
				      book_text(b, q, 9) };
	r->typed_by = book_text(b, q, 10);
	r->created_s = sqlite3_column_int64(q, 11);
	stays = sqlite3_column_type(q, 12) == SQLITE_NULL;
	r->expires_s = stays ? EXEMPT_STAYS : sqlite3_column_int64(q, 12);
	r->revoked_s = sqlite3_column_int64(q, 13);
	r->revoked_by = book_text(b, q, 14);
	return (r->family == 4 || r->family == 6) &&
	       book_address(q, 3, r->family, &r->range.first) &&
	       book_address(q, 4, r->family, &r->range.last) &&
	       addr6_compare(&r->range.first, &r->range.last) <= 0 &&
	       book_is_time(r->created_s) && book_is_time(r->revoked_s) &&
	       (stays || book_is_time(r->expires_s));
}

int book_rows(struct book *b, sqlite3_stmt *q, bool kept,
	      struct book_records *out, struct fault *f)
{
	int code = SQLITE_DONE, error = 0;

	if (!q)
		return book_failed(b, "read", f);
	while (!error && (code = sqlite3_step(q)) == SQLITE_ROW) {
		struct book_record *r = arena_push(b->arena, out);

		if (!book_row(b, q, r))
			error = fault_set(f, -EBADMSG,
					  "\"%s\": record %lld is not as "
					  "mailwall writes it; move the file "
					  "away, and a new book is made of "
					  "what the kernel holds",
					  b->path, (long long)r->id);
	}
	if (!error && code != SQLITE_DONE)
		error = book_failed(b, "read", f);
	book_end(q, kept);
	return error;
}
