/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table of exemptions into the book: each row is added or brought up to date.
 * With --replace what the table does not have is revoked.
 */
#include "exempt_csv.h"
#include "exempt_run.h"
#include "exempt_say.h"
#include "../../rules/base/arena.h"
#include "../program/message.h"

#include <stdio.h>
#include <string.h>

#define SHRINK_MOST 16 /* and a tenth: what may go without --shrink */

static int compare_named(const void *a, const void *b)
{
	const struct exempt_wish *x = a, *y = b;
	int order = strcmp(x->class, y->class);

	if (!order)
		order = x->family - y->family;
	return order ? order : memcmp(&x->range, &y->range, sizeof(x->range));
}

/* The wishes, sorted, to find records in. */
static struct exempt_wish *import_sorted(struct exempt_work *w,
					 const struct exempt_wishes *list)
{
	struct exempt_wish *out =
		arena_alloc(w->arena, (list->n + 1) * sizeof(*out));

	if (list->n)
		memcpy(out, list->items, list->n * sizeof(*out));
	qsort(out, list->n, sizeof(*out), compare_named);
	return out;
}

/* Is what goes so much that the table may have been cut short? */
static void import_check_shrink(struct exempt_call *c, struct exempt_work *w,
				const char *class, size_t n, size_t gone)
{
	bool all = gone == n && n;
	bool much = gone > SHRINK_MOST && gone > n / 10;

	if (c->options->shrink || (!all && !much))
		return;
	diag_error(w->diags, NULL, "shrink",
		   "%zu of the %zu exemptions of class %s are not in the table",
		   gone, n, class)
		->help = "if they are to be revoked: --shrink";
}

static int import_find_gone(struct exempt_call *c, struct exempt_work *w,
			    const struct exempt_table *t, const char *class,
			    struct book_records *gone, struct fault *f)
{
	const struct book_query q = { .class = class, .now_s = w->now_s };
	struct exempt_wish *sorted = import_sorted(w, &t->wishes);
	struct book_records there = { 0 };
	size_t before = gone->n;
	int error = book_list(w->book, &q, &there, f);

	for (size_t i = 0; i < there.n && !error; i++) {
		const struct book_record *r = &there.items[i];
		const struct exempt_wish key = { .class = r->class,
						 .family = r->family,
						 .range = r->range };

		if (!bsearch(&key, sorted, t->wishes.n, sizeof(key),
			     compare_named))
			*arena_push(w->arena, gone) = *r;
	}
	if (!error)
		import_check_shrink(c, w, class, there.n, gone->n - before);
	return error;
}

static int import_change(struct exempt_work *w, const struct exempt_table *t,
			 const struct book_records *gone, struct fault *f)
{
	int error;

	for (size_t i = 0; i < t->wishes.n; i++)
		exempt_touch(w, t->wishes.items[i].class,
			     t->wishes.items[i].family,
			     &t->wishes.items[i].range);
	for (size_t i = 0; i < gone->n; i++)
		exempt_touch(w, gone->items[i].class, gone->items[i].family,
			     &gone->items[i].range);
	error = exempt_touched(w, f);
	for (size_t i = 0; i < gone->n && !error; i++)
		error = exempt_revoke_record(w, &gone->items[i], f);
	for (size_t i = 0; i < t->wishes.n && !error; i++)
		error = exempt_add(w, &t->wishes.items[i], f);
	return error;
}

/* Are the classes of the rows those of the policy? */
static void import_check_classes(struct exempt_work *w,
				 const struct exempt_table *t)
{
	for (size_t i = 0; i < t->classes.n; i++)
		for (size_t k = 0; k < t->wishes.n; k++)
			if (!strcmp(t->wishes.items[k].class,
				    t->classes.items[i].text)) {
				exempt_class_is_there(w, &t->wishes.items[k]);
				break;
			}
}

static int import_table(struct exempt_call *c, struct exempt_work *w,
			const struct exempt_table *t, struct fault *f)
{
	struct book_records gone = { 0 };
	int error = 0;

	import_check_classes(w, t);
	for (size_t i = 0; i < t->classes.n && c->options->replace && !error;
	     i++)
		error = import_find_gone(c, w, t, t->classes.items[i].text,
					 &gone, f);
	if (error || w->diags->errors)
		return error;
	return import_change(w, t, &gone, f);
}

int exempt_run_import(struct exempt_call *c, int argc, char **argv)
{
	struct source_text *source =
		arena_alloc(c->program->arena, sizeof(*source));
	struct exempt_table table = { 0 };
	struct exempt_work w;
	struct diags diags;
	struct fault f;
	int error = exempt_call_begin(c, &w, &diags);

	(void)argc;
	if (error)
		return error;
	error = exempt_read_file(w.arena, argv[0], source);
	if (error) {
		fault_set(&f, error, "cannot read \"%s\": %s", argv[0],
			  strerror(-error));
		return exempt_call_fail(c, &w, error, &f);
	}
	exempt_csv_read(w.arena, &diags, source,
			c->options->class ? c->options->class : EXEMPT_CLASS,
			w.now_s, &table);
	w.why = arena_printf(w.arena, "import of %s", argv[0]);
	if (!diags.errors)
		error = import_table(c, &w, &table, &f);
	if (error)
		return exempt_call_fail(c, &w, error, &f);
	if (table.passed_over)
		diag_warning(&diags, NULL, "passed-over",
			     "%zu row%s ended or revoked: passed over",
			     table.passed_over,
			     table.passed_over == 1 ? " is" : "s are");
	return exempt_call_finish(c, &w);
}
