/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of the book, one range at a time, and what is worth a warning. */
#include "exempt_work.h"
#include "exempt_say.h"
#include "../../rules/base/arena.h"
#include "../../rules/base/units.h"

#include <errno.h>

/* Texts for a message live as long as the arena. */
static const char *exempt_range_text(struct exempt_work *w, int family,
				     const struct range6 *r)
{
	char text[RANGE_TEXT_MAX];

	return arena_printf(w->arena, "%s", cover_print(text, family, r));
}

static const char *wish_text(struct exempt_work *w,
			     const struct exempt_wish *wish)
{
	return exempt_range_text(w, wish->family, &wish->range);
}

/* ---- checks ---- */

bool exempt_class_is_there(struct exempt_work *w,
			   const struct exempt_wish *wish)
{
	struct words classes = { 0 };
	const char *list = "";

	if (w->kernel.family < 0) {
		diag_error(w->diags, wish->origin, "not-loaded",
			   "no policy is loaded")
			->help = "mailwall apply FILE";
		return false;
	}
	if (exempt_has_class(&w->kernel, wish->class))
		return true;
	exempt_kernel_classes(&w->kernel, &classes);
	for (size_t i = 0; i < classes.n; i++)
		list = arena_printf(w->arena, "%s%s%s", list, i ? ", " : "",
				    classes.items[i].text);
	diag_error(w->diags, wish->origin, "no-class",
		   "the loaded policy asks no dynamic class \"%.60s\"",
		   wish->class)
		->help = *list ? arena_printf(w->arena, "it has: %s", list) :
				 "declare \"class exempt dynamic\" and use it "
				 "in a clause";
	return false;
}

static bool exempt_end_is_allowed(struct exempt_work *w,
				  const struct exempt_wish *wish)
{
	const struct book_policy *p = &w->policy;
	char most[16];

	if (wish->expires_s <= w->now_s) {
		diag_error(w->diags, wish->origin, "ended",
			   "%s: the end is in the past", wish_text(w, wish))
			->help = "give a later --until, or --for 30d";
		return false;
	}
	if (!p->most_s || wish->expires_s <= w->now_s + p->most_s)
		return true;
	duration_print(most, (uint32_t)p->most_s);
	diag_error(w->diags, wish->origin, "too-long",
		   "%s would be exempt %s; %s says \"exempt expires %s at "
		   "most\"",
		   wish_text(w, wish),
		   wish->expires_s == EXEMPT_STAYS ?
			   "for good" :
			   exempt_until_text(w->arena, wish->expires_s),
		   p->place, most)
		->help = arena_printf(w->arena, "give --for %s, or less", most);
	return false;
}

/* ---- adding ---- */

static void exempt_push(struct exempt_work *w, enum exempt_what what,
			const struct book_record *r)
{
	*arena_push(w->arena, &w->done) = (struct exempt_done){ what, *r };
}

static bool exempt_say_text(const char **to, const char *said)
{
	bool other = said && strcmp(*to, said) != 0;

	if (other)
		*to = said;
	return other;
}

/* Takes over what is said; is anything of it new? */
static bool exempt_take_said(struct book_said *to, const struct book_said *from)
{
	bool other = exempt_say_text(&to->ticket, from->ticket);

	other |= exempt_say_text(&to->reason, from->reason);
	other |= exempt_say_text(&to->requested_by, from->requested_by);
	other |= exempt_say_text(&to->approved_by, from->approved_by);
	other |= exempt_say_text(&to->contact, from->contact);
	return other;
}

static int exempt_insert(struct exempt_work *w, const struct exempt_wish *wish,
			 struct fault *f)
{
	struct book_record r = { .class = wish->class,
				 .family = wish->family,
				 .range = wish->range,
				 .said = { "", "", "", "", "" },
				 .typed_by = w->who,
				 .created_s = w->now_s,
				 .expires_s = wish->expires_s };
	const struct book_change c = { w->now_s, "add", w->who, w->why };
	int error;

	exempt_take_said(&r.said, &wish->said);
	error = book_add(w->book, &r, &c, f);
	if (!error)
		exempt_push(w, EXEMPT_ADDED, &r);
	return error;
}

/* A record that has ended is added again, under its number. */
static int exempt_change(struct exempt_work *w, const struct exempt_wish *wish,
			 struct book_record *r, struct fault *f)
{
	bool held = book_holds(r, w->now_s);
	bool other =
		(wish->has_end || !held) && r->expires_s != wish->expires_s;
	bool said = exempt_take_said(&r->said, &wish->said);
	struct book_change c = { w->now_s, "change", w->who, w->why };
	enum exempt_what what = EXEMPT_CHANGED;
	int error;

	if (other)
		r->expires_s = wish->expires_s;
	if (!other && !said) {
		exempt_push(w, EXEMPT_UNCHANGED, r);
		return 0;
	}
	if (other) {
		what = held ? EXEMPT_RENEWED : EXEMPT_ADDED;
		c.what = held ? "renew" : "add";
	}
	error = book_update(w->book, r, &c, f);
	if (!error)
		exempt_push(w, what, r);
	return error;
}

int exempt_add(struct exempt_work *w, const struct exempt_wish *wish,
	       struct fault *f)
{
	struct book_record there;
	int error = book_find(w->book, wish->class, wish->family, &wish->range,
			      &there, f);
	if (error)
		return error;
	/* An end that stays as it is needs no leave of the policy. */
	if (book_holds(&there, w->now_s) &&
	    (!wish->has_end || there.expires_s == wish->expires_s))
		return exempt_change(w, wish, &there, f);
	if (!exempt_end_is_allowed(w, wish))
		return 0;
	return there.id ? exempt_change(w, wish, &there, f) :
			  exempt_insert(w, wish, f);
}

/* ---- what is not there as it was named ---- */

static void exempt_say_missing(struct exempt_work *w,
			       const struct exempt_wish *wish,
			       const struct book_records *met)
{
	const struct book_record *r = met->n ? &met->items[0] : NULL;
	struct diag *d;

	if (!r) {
		diag_error(w->diags, wish->origin, "not-a-member",
			   "%s is not a member", wish_text(w, wish));
		return;
	}
	d = diag_error(w->diags, wish->origin, "not-a-member",
		       cover_holds(&r->range, &wish->range) ?
			       "%s is a part of %s" :
			       "%s is not a member, but %s is",
		       wish_text(w, wish),
		       exempt_range_text(w, r->family, &r->range));
	d->help = "name the whole member";
}

/* The record of a range; id 0: it was said that there is none. */
static int exempt_named(struct exempt_work *w, const struct exempt_wish *wish,
			struct book_record *out, struct fault *f)
{
	struct book_records met = { 0 };
	int error = book_find(w->book, wish->class, wish->family, &wish->range,
			      out, f);

	if (error || out->id)
		return error;
	error = book_meeting(w->book, wish->class, wish->family, &wish->range,
			     w->now_s, &met, f);
	if (!error)
		exempt_say_missing(w, wish, &met);
	return error;
}

int exempt_renew(struct exempt_work *w, const struct exempt_wish *wish,
		 struct fault *f)
{
	struct book_record r;
	int error = exempt_named(w, wish, &r, f);

	if (error || !r.id || !exempt_end_is_allowed(w, wish))
		return error;
	return exempt_change(w, wish, &r, f);
}

/* ---- revoking ---- */

int exempt_revoke_record(struct exempt_work *w, const struct book_record *r,
			 struct fault *f)
{
	const struct book_change c = { w->now_s, "revoke", w->who, w->why };
	struct book_record gone = *r;
	int error = book_revoke(w->book, r, &c, f);

	gone.revoked_s = w->now_s;
	gone.revoked_by = w->who;
	if (!error)
		exempt_push(w, EXEMPT_REVOKED, &gone);
	return error;
}

int exempt_revoke(struct exempt_work *w, const struct exempt_wish *wish,
		  struct fault *f)
{
	struct book_record r;
	int error = exempt_named(w, wish, &r, f);

	if (error || !r.id)
		return error;
	if (!book_holds(&r, w->now_s)) {
		diag_error(w->diags, wish->origin, "not-a-member",
			   "%s is not a member: it has expired",
			   wish_text(w, wish));
		return 0;
	}
	return exempt_revoke_record(w, &r, f);
}

/* ---- warnings ---- */

/* Is it exempt from anything? */
static int exempt_note_judged(struct exempt_work *w,
			      const struct book_record *r, struct fault *f)
{
	bool yes = false;
	int error;

	if (!*w->policy.judged || w->kernel.family < 0)
		return 0;
	error = exempt_kernel_judges(&w->kernel, w->policy.judged, r->family,
				     &r->range.first, &yes, f);
	if (!error && !yes)
		error = exempt_kernel_judges(&w->kernel, w->policy.judged,
					     r->family, &r->range.last, &yes,
					     f);
	if (!error && !yes)
		diag_warning(w->diags, NULL, "exempt-from-nothing",
			     "%s is in no class that the policy judges (%s): "
			     "it is exempt from nothing",
			     exempt_range_text(w, r->family, &r->range),
			     w->policy.judged);
	return error;
}

/* Another record may still hold what was revoked. */
static int exempt_note_still(struct exempt_work *w, const struct book_record *r,
			     struct fault *f)
{
	struct book_records met = { 0 };
	int error = book_meeting(w->book, r->class, r->family, &r->range,
				 w->now_s, &met, f);

	for (size_t i = 0; i < met.n && !error; i++) {
		const struct book_record *m = &met.items[i];

		diag_warning(
			w->diags, NULL, "still-exempt",
			"%s: %s is still exempt, %s",
			exempt_range_text(w, r->family, &r->range),
			exempt_range_text(w, m->family, &m->range),
			exempt_left_text(w->arena, m->expires_s, w->now_s));
	}
	return error;
}

int exempt_note_done(struct exempt_work *w, struct fault *f)
{
	int error = 0;

	for (size_t i = 0; i < w->done.n && !error; i++) {
		const struct exempt_done *d = &w->done.items[i];

		if (d->what == EXEMPT_ADDED)
			error = exempt_note_judged(w, &d->record, f);
		else if (d->what == EXEMPT_REVOKED)
			error = exempt_note_still(w, &d->record, f);
	}
	if (w->kernel.family < 0)
		diag_warning(w->diags, NULL, "not-loaded",
			     "no policy is loaded: the book alone is changed");
	return error;
}
