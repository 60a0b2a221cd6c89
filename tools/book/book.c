/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "book_priv.h"
#include "../../rules/base/arena.h"

#include <errno.h>

/* ---- states ---- */

enum book_state book_state(const struct book_record *r, int64_t now_s)
{
	if (r->revoked_s)
		return BOOK_REVOKED;
	if (r->expires_s == EXEMPT_STAYS)
		return BOOK_ACTIVE;
	if (r->expires_s <= now_s)
		return BOOK_EXPIRED;
	return r->expires_s - now_s < BOOK_EXPIRING_S ? BOOK_EXPIRING :
							BOOK_ACTIVE;
}

const char *book_state_name(enum book_state state)
{
	static const char *const names[] = {
		[BOOK_ACTIVE] = "active",
		[BOOK_EXPIRING] = "expiring",
		[BOOK_EXPIRED] = "expired",
		[BOOK_REVOKED] = "revoked",
	};

	return names[state];
}

bool book_holds(const struct book_record *r, int64_t now_s)
{
	return !r->revoked_s && r->expires_s > now_s;
}

/* ---- finding ranges ---- */

/* The bits of the difference of two addresses: 0 for one address alone. */
int book_range_bits(int family, const struct range6 *r)
{
	int len = family == 4 ? 4 : 16, borrow = 0, top = -1;
	uint8_t size[16] = { 0 };

	for (int i = len - 1; i >= 0; i--) {
		int d = r->last.byte[i] - r->first.byte[i] - borrow;

		borrow = d < 0;
		size[i] = (uint8_t)d;
	}
	for (int i = 0; i < len && top < 0; i++)
		for (int bit = 7; bit >= 0 && top < 0; bit--)
			if (size[i] >> bit & 1)
				top = (len - 1 - i) * 8 + bit;
	return top + 1;
}

/* The address 2^bits - 1 before, or the first one of all. */
static struct addr6 book_reach_back(int family, struct addr6 addr, int bits)
{
	int len = family == 4 ? 4 : 16, borrow = 0;

	for (int i = len - 1; i >= 0; i--) {
		int at = (len - 1 - i) * 8;
		int take = bits <= at	  ? 0 :
			   bits - at >= 8 ? 0xff :
					    (1 << (bits - at)) - 1;
		int d = addr.byte[i] - take - borrow;

		borrow = d < 0;
		addr.byte[i] = (uint8_t)d;
	}
	if (borrow)
		memset(addr.byte, 0, sizeof(addr.byte));
	return addr;
}

int book_find(struct book *b, const char *class, int family,
	      const struct range6 *range, struct book_record *out,
	      struct fault *f)
{
	struct book_records found = { 0 };
	sqlite3_stmt *q = book_query(
		b, &b->find,
		"SELECT " BOOK_COLUMNS " FROM record WHERE class = ?"
		" AND family = ? AND bits = ? AND first = ? AND last = ?"
		" AND revoked IS NULL",
		"tiibb", class, (int64_t)family,
		(int64_t)book_range_bits(family, range), family, &range->first,
		family, &range->last);
	int error = book_rows(b, q, true, &found, f);

	*out = found.n ? found.items[0] : (struct book_record){ 0 };
	return error;
}

/*
 * A range of 2^bits addresses at most that meets another begins no further
 * before that one: each size is one short walk along the index.
 */
int book_meeting(struct book *b, const char *class, int family,
		 const struct range6 *range, int64_t now_s,
		 struct book_records *out, struct fault *f)
{
	int error = 0;

	for (int bits = 0; bits <= (family == 4 ? 32 : 128) && !error; bits++) {
		struct addr6 from = book_reach_back(family, range->first, bits);
		sqlite3_stmt *q = book_query(
			b, &b->meeting,
			"SELECT " BOOK_COLUMNS
			" FROM record WHERE class = ?1 AND family = ?2"
			" AND bits = ?3 AND first BETWEEN ?4 AND ?5"
			" AND last >= ?6 AND revoked IS NULL"
			" AND coalesce(expires, ?7 + 1) > ?7",
			"tiibbbi", class, (int64_t)family, (int64_t)bits,
			family, &from, family, &range->last, family,
			&range->first, now_s);

		error = book_rows(b, q, true, out, f);
	}
	return error;
}

/* ---- lists ---- */

static bool book_is_asked(const struct book_query *q,
			  const struct book_record *r, const struct range6 *at)
{
	if (!q->all && !book_holds(r, q->now_s))
		return false;
	if (q->before_s && r->expires_s >= q->before_s)
		return false;
	return !at ||
	       (r->family == q->at->family && cover_meets(&r->range, at));
}

int book_list(struct book *b, const struct book_query *q,
	      struct book_records *out, struct fault *f)
{
	struct range6 at = q->at ? exempt_range(q->at) : (struct range6){ 0 };
	int error =
		book_rows(b,
			  book_query(b, NULL,
				     "SELECT " BOOK_COLUMNS " FROM record"
				     " WHERE ?1 IN ('', class)"
				     " ORDER BY class, family, first, last, id",
				     "t", q->class ? q->class : ""),
			  false, out, f);
	size_t kept = 0;

	for (size_t i = 0; i < out->n; i++)
		if (book_is_asked(q, &out->items[i], q->at ? &at : NULL))
			out->items[kept++] = out->items[i];
	out->n = kept;
	return error;
}

int book_ranges(struct book *b, const char *class, int family, int64_t now_s,
		struct cover *out, struct fault *f)
{
	struct book_records list = { 0 };
	int error = book_rows(
		b,
		book_query(b, NULL,
			   "SELECT id, '', family, first, last, '', '', '',"
			   " '', '', '', created, expires, revoked, ''"
			   " FROM record WHERE class = ?1 AND family = ?2"
			   " AND revoked IS NULL"
			   " AND coalesce(expires, ?3 + 1) > ?3",
			   "tii", class, (int64_t)family, now_s),
		false, &list, f);

	for (size_t i = 0; i < list.n && !error; i++)
		*arena_push(b->arena, out) =
			(struct cover_range){ list.items[i].range,
					      list.items[i].expires_s,
					      list.items[i].id };
	return error;
}

int book_classes(struct book *b, struct words *out, struct fault *f)
{
	sqlite3_stmt *q = book_query(
		b, NULL,
		"SELECT class FROM record UNION SELECT name FROM class"
		" ORDER BY 1",
		"");
	int code = q ? SQLITE_ROW : SQLITE_ERROR;

	while (code == SQLITE_ROW && (code = sqlite3_step(q)) == SQLITE_ROW)
		arena_push(b->arena, out)->text = book_text(b, q, 0);
	code = code == SQLITE_DONE ? 0 : book_failed(b, "read", f);
	sqlite3_finalize(q);
	return code;
}

/* ---- changes ---- */

static int book_note(struct book *b, const struct book_record *r,
		     const struct book_change *c, struct fault *f)
{
	return book_do(
		b,
		book_query(b, &b->note,
			   "INSERT INTO change (record, time, what, who, why,"
			   " expires, ticket, reason, requested_by,"
			   " approved_by, contact)"
			   " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			   "iitttnttttt", r->id, c->time_s, c->what, c->who,
			   c->why, r->expires_s, r->said.ticket, r->said.reason,
			   r->said.requested_by, r->said.approved_by,
			   r->said.contact),
		true, f);
}

int book_add(struct book *b, struct book_record *r, const struct book_change *c,
	     struct fault *f)
{
	int error = book_do(
		b,
		book_query(
			b, &b->add,
			"INSERT INTO record (class, family, bits, first, last,"
			" ticket, reason, requested_by, approved_by, contact,"
			" typed_by, created, expires)"
			" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			"tiibbttttttin", r->class, (int64_t)r->family,
			(int64_t)book_range_bits(r->family, &r->range),
			r->family, &r->range.first, r->family, &r->range.last,
			r->said.ticket, r->said.reason, r->said.requested_by,
			r->said.approved_by, r->said.contact, r->typed_by,
			r->created_s, r->expires_s),
		true, f);

	r->id = sqlite3_last_insert_rowid(b->db);
	return error ? error : book_note(b, r, c, f);
}

int book_update(struct book *b, const struct book_record *r,
		const struct book_change *c, struct fault *f)
{
	int error = book_do(
		b,
		book_query(b, &b->update,
			   "UPDATE record SET ticket = ?, reason = ?,"
			   " requested_by = ?, approved_by = ?, contact = ?,"
			   " expires = ? WHERE id = ?",
			   "tttttni", r->said.ticket, r->said.reason,
			   r->said.requested_by, r->said.approved_by,
			   r->said.contact, r->expires_s, r->id),
		true, f);

	return error ? error : book_note(b, r, c, f);
}

int book_revoke(struct book *b, const struct book_record *r,
		const struct book_change *c, struct fault *f)
{
	int error = book_do(b,
			    book_query(b, NULL,
				       "UPDATE record SET revoked = ?,"
				       " revoked_by = ? WHERE id = ?",
				       "iti", c->time_s, c->who, r->id),
			    false, f);

	return error ? error : book_note(b, r, c, f);
}
