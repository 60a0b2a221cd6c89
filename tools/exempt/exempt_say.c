/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exempt_say.h"
#include "exempt_time.h"
#include "../../rules/base/arena.h"
#include "../program/json.h"
#include "../program/utf8.h"
#include "../program/value.h"
#include "../program/when.h"

const char *exempt_what_name(enum exempt_what what)
{
	static const char *const names[] = {
		[EXEMPT_ADDED] = "added",     [EXEMPT_RENEWED] = "renewed",
		[EXEMPT_CHANGED] = "changed", [EXEMPT_UNCHANGED] = "unchanged",
		[EXEMPT_REVOKED] = "revoked", [EXEMPT_ADOPTED] = "adopted",
	};

	return names[what];
}

/* ---- a list ---- */

/* Text of others, with what leads to it, if there is any. */
static void exempt_print_text(const char *lead, const char *text)
{
	if (!*text)
		return;
	fputs(lead, stdout);
	utf8_puts(stdout, text);
}

static const char *exempt_state_text(struct arena *a,
				     const struct book_record *r, int64_t now_s)
{
	if (r->revoked_s)
		return arena_printf(a, "revoked %s",
				    exempt_day_text(a, r->revoked_s));
	return exempt_left_text(a, r->expires_s, now_s);
}

void exempt_print_list(struct arena *a, const struct book_records *list,
		       int64_t now_s)
{
	char text[RANGE_TEXT_MAX];

	for (size_t i = 0; i < list->n; i++) {
		const struct book_record *r = &list->items[i];

		printf("%-44s %-32s", cover_print(text, r->family, &r->range),
		       exempt_state_text(a, r, now_s));
		exempt_print_text(" ", r->said.ticket);
		exempt_print_text("  ", r->said.reason);
		putchar('\n');
	}
}

/* ---- as JSON ---- */

static json_t *exempt_end_json(int64_t end_s)
{
	return end_s == EXEMPT_STAYS ? json_null() : value_time_s(end_s);
}

/* Seconds that are left; 0: it has ended. */
static json_t *exempt_left_json(const struct book_record *r, int64_t now_s)
{
	if (r->expires_s == EXEMPT_STAYS && !r->revoked_s)
		return json_null();
	return json_integer(book_holds(r, now_s) ? r->expires_s - now_s : 0);
}

static void exempt_add_said(json_t *o, const struct book_said *said)
{
	json_object_set_new(o, "ticket", text_json(said->ticket));
	json_object_set_new(o, "reason", text_json(said->reason));
	json_object_set_new(o, "requested_by", text_json(said->requested_by));
	json_object_set_new(o, "approved_by", text_json(said->approved_by));
	json_object_set_new(o, "contact", text_json(said->contact));
}

json_t *exempt_record_json(const struct book_record *r, int64_t now_s)
{
	char text[RANGE_TEXT_MAX];
	json_t *o = json_pack("{s:s, s:o, s:I, s:o, s:s, s:o, s:o, s:o}",
			      "member", cover_print(text, r->family, &r->range),
			      "expires_s", exempt_left_json(r, now_s), "id",
			      (json_int_t)r->id, "class", text_json(r->class),
			      "state", book_state_name(book_state(r, now_s)),
			      "expires", exempt_end_json(r->expires_s),
			      "created", value_time_s(r->created_s), "typed_by",
			      text_json(r->typed_by));

	exempt_add_said(o, &r->said);
	json_object_set_new(o, "revoked",
			    r->revoked_s ? value_time_s(r->revoked_s) :
					   json_null());
	json_object_set_new(o, "revoked_by",
			    r->revoked_s ? text_json(r->revoked_by) :
					   json_null());
	return o;
}

json_t *exempt_records_json(const struct book_records *list, int64_t now_s)
{
	json_t *all = json_array();

	for (size_t i = 0; i < list->n; i++)
		json_array_append_new(
			all, exempt_record_json(&list->items[i], now_s));
	return all;
}

/* ---- the history ---- */

static void exempt_print_event(struct arena *a, const struct book_event *e)
{
	char when[WHEN_TEXT_BYTES];

	printf("  %s  %-7s", when_print_s(when, e->change.time_s),
	       e->change.what);
	exempt_print_text(" by ", e->change.who);
	if (strcmp(e->change.what, "revoke"))
		printf(", %s", e->expires_s == EXEMPT_STAYS ?
				       "stays" :
				       exempt_until_text(a, e->expires_s));
	exempt_print_text(", ticket ", e->said.ticket);
	exempt_print_text(", reason ", e->said.reason);
	exempt_print_text(", requested by ", e->said.requested_by);
	exempt_print_text(", approved by ", e->said.approved_by);
	exempt_print_text(", contact ", e->said.contact);
	if (strcmp(e->change.why, e->said.reason))
		exempt_print_text(", why ", e->change.why);
	putchar('\n');
}

void exempt_print_audit(struct arena *a, const struct book_record *r,
			const struct book_events *events, int64_t now_s)
{
	char text[RANGE_TEXT_MAX];

	printf("%s, class ", cover_print(text, r->family, &r->range));
	utf8_puts(stdout, r->class);
	printf(", record %lld, %s: %s\n", (long long)r->id,
	       book_state_name(book_state(r, now_s)),
	       exempt_state_text(a, r, now_s));
	for (size_t i = 0; i < events->n; i++)
		exempt_print_event(a, &events->items[i]);
}

static json_t *exempt_event_json(const struct book_event *e)
{
	json_t *o = json_pack("{s:o, s:o, s:o, s:o, s:o}", "time",
			      value_time_s(e->change.time_s), "what",
			      text_json(e->change.what), "who",
			      text_json(e->change.who), "why",
			      text_json(e->change.why), "expires",
			      exempt_end_json(e->expires_s));

	exempt_add_said(o, &e->said);
	return o;
}

json_t *exempt_audit_json(const struct book_record *r,
			  const struct book_events *events, int64_t now_s)
{
	json_t *o = exempt_record_json(r, now_s);
	json_t *history = json_array();

	for (size_t i = 0; i < events->n; i++)
		json_array_append_new(history,
				      exempt_event_json(&events->items[i]));
	json_object_set_new(o, "history", history);
	return o;
}
