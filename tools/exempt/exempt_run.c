/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exempt_run.h"
#include "exempt_csv.h"
#include "exempt_say.h"
#include "../../rules/base/arena.h"
#include "../program/json.h"
#include "../program/message.h"
#include "../program/utf8.h"

#include <stdio.h>

/* ---- wishes of the command line ---- */

static bool exempt_wish_range(struct exempt_call *c, struct diags *diags,
			      const char *arg, struct exempt_wish *wish)
{
	struct addr_range r;
	enum addr_error bad = range_parse(arg, strlen(arg), &r);
	char network[RANGE_TEXT_MAX];

	if (bad) {
		diag_error(diags, NULL, "bad-address", "\"%.60s\" %s", arg,
			   addr_error_text(bad));
		return false;
	}
	wish->class = exempt_class_of(c);
	wish->family = r.family;
	wish->range = exempt_range(&r);
	if (!r.host_bits)
		return true;
	cover_print(network, r.family, &wish->range);
	diag_error(diags, NULL, "host-bits", "\"%.60s\" has host bits set", arg)
		->help = arena_printf(c->program->arena,
				      "write \"%s\" for all of it, or the "
				      "address without its length",
				      network);
	return false;
}

/* A text for the book, which has a bound and is for people. */
static bool exempt_check_text(struct diags *diags, const char *option,
			      const char *text)
{
	size_t len = text ? strlen(text) : 0;

	for (size_t at = 0, n; at < len; at += n) {
		n = utf8_clean_length(text + at, len - at);
		if (!n || len > BOOK_TEXT_MOST) {
			diag_error(
				diags, NULL, "bad-text",
				"--%s is text of %d bytes at most, in UTF-8, "
				"without control characters",
				option, BOOK_TEXT_MOST);
			return false;
		}
	}
	return true;
}

static void exempt_check_said(const struct exempt_options *o,
			      struct diags *diags)
{
	exempt_check_text(diags, "ticket", o->ticket);
	exempt_check_text(diags, "reason", o->reason);
	exempt_check_text(diags, "contact", o->contact);
	exempt_check_text(diags, "requested-by", o->requested_by);
	exempt_check_text(diags, "approved-by", o->approved_by);
}

static struct exempt_wish exempt_wish_of(const struct exempt_call *c,
					 const struct exempt_work *w)
{
	const struct exempt_options *o = c->options;
	struct exempt_wish wish = {
		.said = { o->ticket, o->reason, o->requested_by, o->approved_by,
			  o->contact },
		.has_end = true,
		.expires_s = EXEMPT_STAYS,
	};

	if (o->until && !exempt_end_parse(o->until, &wish.expires_s))
		diag_error(w->diags, NULL, "bad-date",
			   "--until \"%.60s\" is not %s", o->until,
			   EXEMPT_END_WANTED);
	if (o->for_s)
		wish.expires_s = w->now_s + o->for_s;
	return wish;
}

/* ---- the other family of a subscriber ---- */

static bool exempt_wished(const struct exempt_wishes *list,
			  const struct exempt_name *n)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].family == n->family &&
		    cover_holds(&list->items[i].range, &n->range))
			return true;
	return false;
}

/* One range of a subscriber who has another one that was named. */
static void exempt_other_range(struct exempt_call *c, struct exempt_work *w,
			       const struct exempt_wish *wish,
			       const struct exempt_name *other,
			       struct exempt_wishes *list)
{
	char text[RANGE_TEXT_MAX], named[RANGE_TEXT_MAX];
	struct exempt_wish more = *wish;

	if (exempt_wished(list, other))
		return;
	if (!c->options->both) {
		diag_warning(w->diags, NULL, "one-family",
			     "%s is of %.200s, who has %s, too: that is not "
			     "exempt; --both adds it",
			     cover_print(named, wish->family, &wish->range),
			     other->name,
			     cover_print(text, other->family, &other->range));
		return;
	}
	more.family = other->family;
	more.range = other->range;
	*arena_push(w->arena, list) = more;
}

static void exempt_other_family(struct exempt_call *c, struct exempt_work *w,
				const struct exempt_names *names,
				struct exempt_wishes *list)
{
	size_t n = list->n;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < names->n; k++) {
			const struct exempt_name *is = &names->items[k];
			const struct exempt_wish wish = list->items[i];

			if (is->family != wish.family ||
			    !cover_meets(&is->range, &wish.range))
				continue;
			for (size_t o = 0; o < names->n; o++)
				if (names->items[o].family != wish.family &&
				    !strcmp(names->items[o].name, is->name))
					exempt_other_range(c, w, &wish,
							   &names->items[o],
							   list);
		}
}

static void exempt_use_names(struct exempt_call *c, struct exempt_work *w,
			     struct exempt_wishes *list)
{
	struct source_text *source = arena_alloc(w->arena, sizeof(*source));
	struct exempt_names names;
	int error;

	if (!c->options->names)
		return;
	error = exempt_read_file(w->arena, c->options->names, source);
	if (error) {
		diag_error(w->diags, NULL, "cannot-read",
			   "cannot read \"%s\": %s", c->options->names,
			   strerror(-error));
		return;
	}
	exempt_names_read(w->arena, w->diags, source, &names);
	if (!w->diags->errors)
		exempt_other_family(c, w, &names, list);
}

/* ---- add, renew, revoke ---- */

typedef int exempt_edit_fn(struct exempt_work *w,
			   const struct exempt_wish *wish, struct fault *f);

static int exempt_edit_all(struct exempt_work *w,
			   const struct exempt_wishes *list, exempt_edit_fn *fn,
			   struct fault *f)
{
	int error;

	for (size_t i = 0; i < list->n; i++)
		exempt_touch(w, list->items[i].class, list->items[i].family,
			     &list->items[i].range);
	error = exempt_touched(w, f);
	for (size_t i = 0; i < list->n && !error; i++)
		error = fn(w, &list->items[i], f);
	return error;
}

static int exempt_run_edit(struct exempt_call *c, exempt_edit_fn *fn, int argc,
			   char **argv)
{
	struct exempt_wishes list = { 0 };
	struct exempt_wish wish;
	struct exempt_work w;
	struct diags diags;
	struct fault f;
	int error = exempt_call_begin(c, &w, &diags);

	if (error)
		return error;
	exempt_check_said(c->options, &diags);
	wish = exempt_wish_of(c, &w);
	w.why = c->options->reason ? c->options->reason : "";
	for (int i = 0; i < argc; i++)
		if (exempt_wish_range(c, &diags, argv[i], &wish) &&
		    !exempt_wished(&list,
				   &(struct exempt_name){ wish.family,
							  wish.range, NULL }))
			*arena_push(w.arena, &list) = wish;
	exempt_use_names(c, &w, &list);
	if (fn == exempt_add && list.n)
		exempt_class_is_there(&w, &list.items[0]);
	if (!diags.errors) {
		error = exempt_edit_all(&w, &list, fn, &f);
		if (error)
			return exempt_call_fail(c, &w, error, &f);
	}
	return exempt_call_finish(c, &w);
}

int exempt_run_add(struct exempt_call *c, int argc, char **argv)
{
	return exempt_run_edit(c, exempt_add, argc, argv);
}

int exempt_run_renew(struct exempt_call *c, int argc, char **argv)
{
	if (c->options->for_s || c->options->until)
		return exempt_run_edit(c, exempt_renew, argc, argv);
	message_say("exempt: renew until when? --for 90d, or --until "
		    "2027-06-30");
	return EXIT_USAGE;
}

int exempt_run_revoke(struct exempt_call *c, int argc, char **argv)
{
	return exempt_run_edit(c, exempt_revoke, argc, argv);
}

/* ---- list, export, audit ---- */

/* Says why a class is not there at all. */
static int exempt_list_nothing(struct exempt_call *c, struct exempt_work *w,
			       const struct book_records *list)
{
	const struct exempt_wish wish = { .class = exempt_class_of(c) };

	if (list->n || exempt_class_is_there(w, &wish))
		return EXIT_DONE;
	return EXIT_NO;
}

int exempt_run_list(struct exempt_call *c, int argc, char **argv)
{
	const struct exempt_options *o = c->options;
	struct book_records list = { 0 };
	struct book_query q = { .class = exempt_class_of(c), .all = o->all };
	struct exempt_work w;
	struct diags diags;
	struct fault f;
	int error = exempt_call_begin(c, &w, &diags), code;

	(void)argc;
	(void)argv;
	if (error)
		return error;
	q.now_s = w.now_s;
	q.before_s = o->expiring_s ? w.now_s + o->expiring_s : 0;
	error = book_list(w.book, &q, &list, &f);
	if (error)
		return exempt_call_fail(c, &w, error, &f);
	code = exempt_list_nothing(c, &w, &list);
	exempt_end(&w);
	if (!c->program->json)
		exempt_print_list(w.arena, &list, w.now_s);
	return exempt_answer(
		c, &w, code,
		c->program->json && !code ?
			json_pack("{s:o}", "members",
				  exempt_records_json(&list, w.now_s)) :
			NULL);
}

int exempt_run_export(struct exempt_call *c, int argc, char **argv)
{
	struct book_records list = { 0 };
	struct book_query q = { .class = c->options->class,
				.all = c->options->all };
	struct exempt_work w;
	struct diags diags;
	struct fault f;
	int error = exempt_call_begin(c, &w, &diags);

	(void)argc;
	(void)argv;
	if (error)
		return error;
	q.now_s = w.now_s;
	error = book_list(w.book, &q, &list, &f);
	if (error)
		return exempt_call_fail(c, &w, error, &f);
	exempt_end(&w);
	if (c->program->json)
		return exempt_answer(
			c, &w, EXIT_DONE,
			json_pack("{s:o}", "members",
				  exempt_records_json(&list, w.now_s)));
	exempt_csv_write(stdout, &list, w.now_s);
	return exempt_answer(c, &w, EXIT_DONE, NULL);
}

static int exempt_audit_list(struct exempt_call *c, struct exempt_work *w,
			     const struct book_records *list, json_t *out,
			     struct fault *f)
{
	int error = 0;

	for (size_t i = 0; i < list->n && !error; i++) {
		struct book_events events = { 0 };

		error = book_history(w->book, list->items[i].id, &events, f);
		if (error)
			return error;
		if (c->program->json)
			json_array_append_new(
				out, exempt_audit_json(&list->items[i], &events,
						       w->now_s));
		else
			exempt_print_audit(w->arena, &list->items[i], &events,
					   w->now_s);
	}
	return error;
}

int exempt_run_audit(struct exempt_call *c, int argc, char **argv)
{
	struct book_records list = { 0 };
	struct book_query q = { .class = c->options->class, .all = true };
	struct addr_range at;
	struct exempt_work w;
	struct diags diags;
	struct fault f;
	json_t *records;
	int error = exempt_call_begin(c, &w, &diags);

	if (error)
		return error;
	if (argc && range_parse(argv[0], strlen(argv[0]), &at)) {
		diag_error(&diags, NULL, "bad-address", "\"%.60s\" %s", argv[0],
			   addr_error_text(
				   range_parse(argv[0], strlen(argv[0]), &at)));
		exempt_end(&w);
		return exempt_answer(c, &w, EXIT_NO, NULL);
	}
	q.at = argc ? &at : NULL;
	error = book_list(w.book, &q, &list, &f);
	records = json_array();
	if (!error)
		error = exempt_audit_list(c, &w, &list, records, &f);
	if (error)
		return exempt_call_fail(c, &w, error, &f);
	exempt_end(&w);
	return exempt_answer(c, &w, EXIT_DONE,
			     json_pack("{s:o}", "records", records));
}

/* ---- sync ---- */

int exempt_run_sync(struct exempt_call *c, int argc, char **argv)
{
	struct exempt_syncs syncs = { 0 };
	struct exempt_work w;
	struct diags diags;
	struct fault f;
	json_t *sets = json_array();
	int error = exempt_call_begin(c, &w, &diags);

	(void)argc;
	(void)argv;
	if (error)
		return error;
	error = exempt_sync(&w, false, &syncs, &f);
	if (error)
		return exempt_call_fail(c, &w, error, &f);
	exempt_end(&w);
	if (w.kernel.family < 0)
		diag_warning(&diags, NULL, "not-loaded",
			     "no policy is loaded: there is nothing to make "
			     "equal to the book");
	for (size_t i = 0; i < syncs.n; i++) {
		const struct exempt_synced *s = &syncs.items[i];
		const char *set =
			arena_printf(w.arena, "%s.v%d", s->class, s->family);

		json_array_append_new(
			sets, json_pack("{s:s, s:I, s:I}", "set", set, "added",
					(json_int_t)s->added, "removed",
					(json_int_t)s->removed));
		if (!c->program->json)
			printf("%s: %zu added, %zu removed\n", set, s->added,
			       s->removed);
	}
	if (!syncs.n && w.kernel.family >= 0 && !c->program->json)
		puts("the kernel has what the book says");
	return exempt_answer(c, &w, EXIT_DONE,
			     json_pack("{s:o}", "sets", sets));
}
