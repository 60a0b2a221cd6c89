/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exempt_journal.h"
#include "exempt_say.h"
#include "../../rules/base/arena.h"
#include "../program/json.h"
#include "../program/value.h"
#include "../record/journal.h"

/* Lines that are written one by one: each waits for the disk. */
#define JOURNAL_LINES_MOST 20

/* The kind of line; false: nothing was done. */
static bool exempt_journal_what(enum exempt_what what, enum journal_what *out)
{
	switch (what) {
	case EXEMPT_ADDED:
	case EXEMPT_ADOPTED:
		*out = JOURNAL_EXEMPT_ADD;
		return true;
	case EXEMPT_RENEWED:
	case EXEMPT_CHANGED:
		*out = JOURNAL_EXEMPT_RENEW;
		return true;
	case EXEMPT_REVOKED:
		*out = JOURNAL_EXEMPT_REVOKE;
		return true;
	case EXEMPT_UNCHANGED:
		return false;
	}
	return false;
}

/* "NET-311: runs a server" */
static const char *exempt_journal_why(struct arena *a, const char *ticket,
				      const char *reason)
{
	if (!*ticket || !*reason)
		return *ticket ? ticket : *reason ? reason : NULL;
	return arena_printf(a, "%s: %s", ticket, reason);
}

static int exempt_journal_one(struct program *p, const struct exempt_work *w,
			      const struct exempt_done *d, struct fault *f)
{
	const struct book_record *r = &d->record;
	struct journal_entry line = { 0 };
	char text[RANGE_TEXT_MAX];
	int error;

	if (!exempt_journal_what(d->what, &line.what))
		return 0;
	line.why = d->what == EXEMPT_REVOKED ?
			   exempt_journal_why(w->arena, "", w->why) :
			   exempt_journal_why(w->arena, r->said.ticket,
					      r->said.reason);
	line.more = json_pack(
		"{s:o, s:s, s:I, s:s, s:o}", "class", text_json(r->class),
		"member", cover_print(text, r->family, &r->range), "record",
		(json_int_t)r->id, "done", exempt_what_name(d->what), "expires",
		r->expires_s == EXEMPT_STAYS ? json_null() :
					       value_time_s(r->expires_s));
	error = journal_append(p, &line, f);
	json_decref(line.more);
	return error;
}

static int exempt_journal_many(struct program *p, const struct exempt_work *w,
			       enum journal_what what, struct fault *f)
{
	struct journal_entry line = { .what = what,
				      .why = *w->why ? w->why : NULL };
	enum journal_what is = what;
	json_int_t n = 0;
	int error;

	for (size_t i = 0; i < w->done.n; i++)
		n += exempt_journal_what(w->done.items[i].what, &is) &&
		     is == what;
	if (!n)
		return 0;
	line.more = json_pack("{s:I}", "records", n);
	error = journal_append(p, &line, f);
	json_decref(line.more);
	return error;
}

int exempt_journal(struct program *p, const struct exempt_work *w,
		   struct fault *f)
{
	int error = 0;

	if (w->done.n <= JOURNAL_LINES_MOST) {
		for (size_t i = 0; i < w->done.n && !error; i++)
			error = exempt_journal_one(p, w, &w->done.items[i], f);
		return error;
	}
	error = exempt_journal_many(p, w, JOURNAL_EXEMPT_ADD, f);
	if (!error)
		error = exempt_journal_many(p, w, JOURNAL_EXEMPT_RENEW, f);
	return error ? error :
		       exempt_journal_many(p, w, JOURNAL_EXEMPT_REVOKE, f);
}
