/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of the book. */
#ifndef MAILWALL_BOOK_PRIV_H
#define MAILWALL_BOOK_PRIV_H

#include "book.h"
#include "../database/database.h"

struct book {
	struct arena *arena;
	const char *path;
	sqlite3 *db;
	int64_t until_s; /* a query ends then, by database_steady_s() */
	bool open_transaction;
	sqlite3_stmt *find, *meeting, *add, *update, *note;
};

/* Gives the statements to come that much time. */
#define BOOK_QUERY_S 60
void book_give_time(struct book *b);

/* The last error of SQLite's as -errno and a sentence. */
int book_failed(struct book *b, const char *verb, struct fault *f);
int book_run(struct book *b, const char *sql, struct fault *f);

/*
 * Prepares a statement and binds it; kept (or NULL) is where it stays until the
 * book is closed. types has a letter for each value: t text, i int64_t, b an
 * address of a family (int, const struct addr6 *), n int64_t, where
 * EXEMPT_STAYS is null.
 */
sqlite3_stmt *book_query(struct book *b, sqlite3_stmt **kept, const char *sql,
			 const char *types, ...);
/* Runs a statement that has no rows, and ends it. */
int book_do(struct book *b, sqlite3_stmt *q, bool kept, struct fault *f);
const char *book_text(struct book *b, sqlite3_stmt *q, int column);

#define BOOK_COLUMNS                                                           \
	"id, class, family, first, last, ticket, reason, requested_by,"        \
	" approved_by, contact, typed_by, created, expires, revoked,"          \
	" revoked_by"
/* Adds rows of BOOK_COLUMNS to a list, and ends the statement. */
int book_rows(struct book *b, sqlite3_stmt *q, bool kept,
	      struct book_records *out, struct fault *f);

/* The number of address bits that a range takes, rounded up. */
int book_range_bits(int family, const struct range6 *r);

/* book_file.c: the schema */
int book_check_schema(struct book *b, bool write, struct fault *f);

#endif
