/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The history of records, and what the book knows of kernel and policy. */
#include "book_priv.h"
#include "../../rules/base/arena.h"

static void book_event_row(struct book *b, sqlite3_stmt *q,
			   struct book_event *e)
{
	e->number = sqlite3_column_int64(q, 0);
	e->record = sqlite3_column_int64(q, 1);
	e->change =
		(struct book_change){ sqlite3_column_int64(q, 2),
				      book_text(b, q, 3), book_text(b, q, 4),
				      book_text(b, q, 5) };
	e->expires_s = sqlite3_column_type(q, 6) == SQLITE_NULL ?
			       EXEMPT_STAYS :
			       sqlite3_column_int64(q, 6);
	e->said = (struct book_said){ book_text(b, q, 7), book_text(b, q, 8),
				      book_text(b, q, 9), book_text(b, q, 10),
				      book_text(b, q, 11) };
}

int book_history(struct book *b, int64_t record, struct book_events *out,
		 struct fault *f)
{
	sqlite3_stmt *q = book_query(
		b, NULL,
		"SELECT number, record, time, what, who, why, expires, ticket,"
		" reason, requested_by, approved_by, contact FROM change"
		" WHERE record = ? ORDER BY number",
		"i", record);
	int code = q ? SQLITE_ROW : SQLITE_ERROR;

	while (code == SQLITE_ROW && (code = sqlite3_step(q)) == SQLITE_ROW)
		book_event_row(b, q, arena_push(b->arena, out));
	code = code == SQLITE_DONE ? 0 : book_failed(b, "read", f);
	sqlite3_finalize(q);
	return code;
}

int book_knows_class(struct book *b, const char *class, bool *knows,
		     struct fault *f)
{
	sqlite3_stmt *q = book_query(
		b, NULL, "SELECT 1 FROM class WHERE name = ?", "t", class);
	int code = q ? sqlite3_step(q) : SQLITE_ERROR;

	*knows = code == SQLITE_ROW;
	code = *knows || code == SQLITE_DONE ? 0 : book_failed(b, "read", f);
	sqlite3_finalize(q);
	return code;
}

int book_note_class(struct book *b, const char *class, int64_t now_s,
		    struct fault *f)
{
	return book_do(b,
		       book_query(b, NULL,
				  "INSERT OR IGNORE INTO class (name, time)"
				  " VALUES (?, ?)",
				  "ti", class, now_s),
		       false, f);
}

int book_read_policy(struct book *b, struct book_policy *out, struct fault *f)
{
	sqlite3_stmt *q = book_query(
		b, NULL, "SELECT name, place, most, judged FROM policy", "");
	int code = q ? sqlite3_step(q) : SQLITE_ERROR;
	int error = 0;

	*out = (struct book_policy){ "", "", 0, "" };
	if (code == SQLITE_ROW)
		*out = (struct book_policy){ book_text(b, q, 0),
					     book_text(b, q, 1),
					     sqlite3_column_int64(q, 2),
					     book_text(b, q, 3) };
	else if (code != SQLITE_DONE)
		error = book_failed(b, "read", f);
	sqlite3_finalize(q);
	return error;
}

int book_write_policy(struct book *b, const struct book_policy *p,
		      struct fault *f)
{
	return book_do(b,
		       book_query(b, NULL,
				  "INSERT OR REPLACE INTO policy"
				  " (number, name, place, most, judged)"
				  " VALUES (1, ?, ?, ?, ?)",
				  "ttit", p->name, p->place, p->most_s,
				  p->judged),
		       false, f);
}
