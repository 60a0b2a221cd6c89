/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exempt_csv.h"
#include "exempt_say.h"
#include "../../rules/base/arena.h"
#include "../program/when.h"

#include <strings.h>

/* ---- columns ---- */

/* Columns of a record, in the order in which they are written. */
enum exempt_column {
	COLUMN_CLASS,
	COLUMN_MEMBER,
	COLUMN_EXPIRES,
	COLUMN_TICKET,
	COLUMN_REASON,
	COLUMN_REQUESTED_BY,
	COLUMN_APPROVED_BY,
	COLUMN_CONTACT,
	COLUMN_STATE,
	COLUMN_ID, /* this and the others are written, and not read */
	COLUMN_CREATED,
	COLUMN_TYPED_BY,
	COLUMNS
};

static const char *const column_names[COLUMNS] = {
	[COLUMN_CLASS] = "class",
	[COLUMN_MEMBER] = "member",
	[COLUMN_EXPIRES] = "expires",
	[COLUMN_TICKET] = "ticket",
	[COLUMN_REASON] = "reason",
	[COLUMN_REQUESTED_BY] = "requested_by",
	[COLUMN_APPROVED_BY] = "approved_by",
	[COLUMN_CONTACT] = "contact",
	[COLUMN_STATE] = "state",
	[COLUMN_ID] = "id",
	[COLUMN_CREATED] = "created",
	[COLUMN_TYPED_BY] = "typed_by",
};

/* Names that others give to them. */
static const struct {
	const char *name;
	enum exempt_column column;
} column_others[] = {
	{ "address", COLUMN_MEMBER }, { "prefix", COLUMN_MEMBER },
	{ "ip", COLUMN_MEMBER },      { "network", COLUMN_MEMBER },
	{ "until", COLUMN_EXPIRES },  { "end", COLUMN_EXPIRES },
};

struct table_reader {
	struct arena *arena;
	struct diags *diags;
	const char *class;
	int64_t now_s;
	int place[COLUMNS]; /* places of columns in a line; -1: none */
	size_t width;	    /* fields of the first line */
	struct exempt_table *out;
};

static int column_of(const char *name)
{
	for (int i = 0; i < COLUMNS; i++)
		if (!strcasecmp(column_names[i], name))
			return i;
	for (size_t i = 0; i < sizeof(column_others) / sizeof(*column_others);
	     i++)
		if (!strcasecmp(column_others[i].name, name))
			return (int)column_others[i].column;
	return -1;
}

static void table_read_column(struct table_reader *t, const struct word *word,
			      int place)
{
	int column = column_of(word->text);

	if (column < 0)
		diag_error(t->diags, &word->span, "bad-csv",
			   "\"%.60s\" is no column of exemptions", word->text)
			->help = did_you_mean(
			t->arena, word->text, strlen(word->text), column_names,
			COLUMNS,
			"the first line names the columns: class, member, "
			"expires, ticket, reason, requested_by, approved_by, "
			"contact");
	else if (t->place[column] >= 0)
		diag_error(t->diags, &word->span, "bad-csv",
			   "column %s is there already", column_names[column]);
	else
		t->place[column] = place;
}

static bool table_read_head(struct table_reader *t, const struct csv_line *line)
{
	size_t errors = t->diags->errors;

	for (int i = 0; i < COLUMNS; i++)
		t->place[i] = -1;
	t->width = line->fields.n;
	for (size_t i = 0; i < line->fields.n; i++)
		table_read_column(t, &line->fields.items[i], (int)i);
	if (t->diags->errors == errors && t->place[COLUMN_MEMBER] < 0)
		diag_error(t->diags, &line->span, "bad-csv",
			   "the first line names no column \"member\"")
			->help = "write \"member,expires,ticket,reason\" above "
				 "the rows";
	return t->diags->errors == errors;
}

/* ---- fields of a row ---- */

static const struct word *table_field(const struct table_reader *t,
				      const struct csv_line *line,
				      enum exempt_column column)
{
	int place = t->place[column];

	return place < 0 ? NULL : &line->fields.items[place];
}

/* NULL: the table has no such column. */
static const char *table_text(const struct table_reader *t,
			      const struct csv_line *line,
			      enum exempt_column column)
{
	const struct word *w = table_field(t, line, column);

	return w ? w->text : NULL;
}

/* Reads a member of any table of addresses. */
static bool table_member(struct arena *a, struct diags *diags,
			 const struct word *w, int *family, struct range6 *out)
{
	struct addr_range r;
	enum addr_error bad = range_parse(w->text, strlen(w->text), &r);
	char network[RANGE_TEXT_MAX];

	if (bad) {
		diag_error(diags, &w->span, "bad-address", "\"%.60s\" %s",
			   w->text, addr_error_text(bad));
		return false;
	}
	*family = r.family;
	*out = exempt_range(&r);
	if (!r.host_bits)
		return true;
	cover_print(network, r.family, out);
	diag_error(diags, &w->span, "host-bits", "\"%.60s\" has host bits set",
		   w->text)
		->help = arena_printf(a,
				      "write \"%s\" for all of it, or the "
				      "address without its length",
				      network);
	return false;
}

static bool table_end(struct table_reader *t, const struct csv_line *line,
		      struct exempt_wish *wish)
{
	const struct word *w = table_field(t, line, COLUMN_EXPIRES);

	wish->has_end = w;
	wish->expires_s = EXEMPT_STAYS;
	if (!w || !*w->text)
		return true;
	if (exempt_end_parse(w->text, &wish->expires_s))
		return true;
	diag_error(t->diags, &w->span, "bad-date", "\"%.60s\" is not %s",
		   w->text, EXEMPT_END_WANTED)
		->help = "an empty field: it stays";
	return false;
}

static bool table_class(struct table_reader *t, const struct csv_line *line,
			struct exempt_wish *wish)
{
	const struct word *w = table_field(t, line, COLUMN_CLASS);

	wish->class = w && *w->text ? w->text : t->class;
	if (strcmp(wish->class, EXEMPT_NOT_OURS))
		return true;
	diag_error(t->diags, w ? &w->span : &line->span, "no-class",
		   "class %s is not kept in the book", EXEMPT_NOT_OURS);
	return false;
}

/* Ended rows of an export, or of a system that keeps what was. */
static bool table_is_over(struct table_reader *t, const struct csv_line *line,
			  const struct exempt_wish *wish)
{
	const char *state = table_text(t, line, COLUMN_STATE);

	return wish->expires_s <= t->now_s ||
	       (state && (!strcasecmp(state, "expired") ||
			  !strcasecmp(state, "revoked")));
}

static void table_add_class(struct table_reader *t, const char *class)
{
	struct words *list = &t->out->classes;

	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(list->items[i].text, class))
			return;
	arena_push(t->arena, list)->text = class;
}

static void table_read_row(struct table_reader *t, const struct csv_line *line)
{
	struct exempt_wish wish = { 0 };
	const struct word *member;
	struct span *at;
	bool good;

	if (line->fields.n != t->width) {
		diag_error(t->diags, &line->span, "bad-csv",
			   "this line has %zu fields, the first one %zu",
			   line->fields.n, t->width)
			->help = "a field with a separator in it stands in "
				 "quotes";
		return;
	}
	member = table_field(t, line, COLUMN_MEMBER);
	good = table_member(t->arena, t->diags, member, &wish.family,
			    &wish.range);
	good &= table_class(t, line, &wish);
	good &= table_end(t, line, &wish);
	if (!good)
		return;
	table_add_class(t, wish.class);
	if (table_is_over(t, line, &wish)) {
		t->out->passed_over++;
		return;
	}
	wish.said = (struct book_said){
		table_text(t, line, COLUMN_TICKET),
		table_text(t, line, COLUMN_REASON),
		table_text(t, line, COLUMN_REQUESTED_BY),
		table_text(t, line, COLUMN_APPROVED_BY),
		table_text(t, line, COLUMN_CONTACT),
	};
	at = arena_alloc(t->arena, sizeof(*at));
	*at = member->span;
	wish.origin = at;
	*arena_push(t->arena, &t->out->wishes) = wish;
}

/* ---- a member twice ---- */

static int compare_wish(const void *a, const void *b)
{
	const struct exempt_wish *x = *(const struct exempt_wish *const *)a;
	const struct exempt_wish *y = *(const struct exempt_wish *const *)b;
	int order = strcmp(x->class, y->class);

	if (!order)
		order = x->family - y->family;
	if (!order)
		order = memcmp(&x->range, &y->range, sizeof(x->range));
	return order ? order :
		       (x->origin->offset > y->origin->offset) -
			       (x->origin->offset < y->origin->offset);
}

static bool wishes_alike(const struct exempt_wish *a,
			 const struct exempt_wish *b)
{
	return a->family == b->family && !strcmp(a->class, b->class) &&
	       !memcmp(&a->range, &b->range, sizeof(a->range));
}

static void table_find_twice(struct table_reader *t)
{
	const struct exempt_wishes *list = &t->out->wishes;
	const struct exempt_wish **sorted =
		arena_alloc(t->arena, (list->n + 1) * sizeof(*sorted));
	char text[RANGE_TEXT_MAX];

	for (size_t i = 0; i < list->n; i++)
		sorted[i] = &list->items[i];
	qsort(sorted, list->n, sizeof(*sorted), compare_wish);
	for (size_t i = 1; i < list->n; i++)
		if (wishes_alike(sorted[i - 1], sorted[i]))
			diag_error(t->diags, sorted[i]->origin, "repeated",
				   "%s stands in line %u already",
				   cover_print(text, sorted[i]->family,
					       &sorted[i]->range),
				   sorted[i - 1]->origin->line);
}

void exempt_csv_read(struct arena *a, struct diags *diags,
		     const struct source_text *source, const char *class,
		     int64_t now_s, struct exempt_table *out)
{
	struct table_reader t = { .arena = a,
				  .diags = diags,
				  .class = class,
				  .now_s = now_s,
				  .out = out };
	struct csv_reader r;
	struct csv_line line;

	*out = (struct exempt_table){ 0 };
	table_add_class(&t, class);
	csv_begin(&r, a, diags, source);
	if (!csv_next(&r, &line)) {
		diag_error(diags,
			   &(struct span){
				   .source = source, .line = 1, .column = 1 },
			   "bad-csv", "the table is empty")
			->help = "its first line names the columns: "
				 "member,expires,ticket,reason";
		return;
	}
	if (!line.fields.n || !table_read_head(&t, &line))
		return;
	while (csv_next(&r, &line))
		if (line.fields.n)
			table_read_row(&t, &line);
	table_find_twice(&t);
	diags_sort(diags);
}

/* ---- writing ---- */

static const char *csv_time(char *out, int64_t time_s)
{
	return time_s == EXEMPT_STAYS ? "" : when_print_s(out, time_s);
}

void exempt_csv_write(FILE *out, const struct book_records *list, int64_t now_s)
{
	char text[RANGE_TEXT_MAX], number[24], expires[WHEN_TEXT_BYTES],
		created[WHEN_TEXT_BYTES];

	for (int i = 0; i < COLUMNS; i++)
		csv_put(out, column_names[i], i + 1 < COLUMNS ? ',' : '\n');
	for (size_t i = 0; i < list->n; i++) {
		const struct book_record *r = &list->items[i];
		const char *fields[COLUMNS] = {
			r->class,
			cover_print(text, r->family, &r->range),
			csv_time(expires, r->expires_s),
			r->said.ticket,
			r->said.reason,
			r->said.requested_by,
			r->said.approved_by,
			r->said.contact,
			book_state_name(book_state(r, now_s)),
			number,
			csv_time(created, r->created_s),
			r->typed_by,
		};

		snprintf(number, sizeof(number), "%lld", (long long)r->id);
		for (int k = 0; k < COLUMNS; k++)
			csv_put(out, fields[k], k + 1 < COLUMNS ? ',' : '\n');
	}
}

/* ---- subscribers' addresses of both families ---- */

/* One line: an address, prefix or the first of a range; its last; the name. */
static void names_read_line(struct arena *a, struct diags *diags,
			    const struct csv_line *line,
			    struct exempt_names *out)
{
	const struct words *w = &line->fields;
	struct exempt_name name = { 0 }, to = { 0 };
	bool good;

	if (w->n != 3) {
		diag_error(diags, &line->span, "bad-csv",
			   "this line has %zu fields, not 3: "
			   "address,to,name",
			   w->n);
		return;
	}
	good = table_member(a, diags, &w->items[0], &name.family, &name.range);
	if (*w->items[1].text)
		good &= table_member(a, diags, &w->items[1], &to.family,
				     &to.range);
	if (!good)
		return;
	if (to.family &&
	    (to.family != name.family ||
	     addr6_compare(&to.range.last, &name.range.first) < 0)) {
		diag_error(diags, &w->items[1].span, "bad-address",
			   "\"%.60s\" is no end of a range from \"%.60s\"",
			   w->items[1].text, w->items[0].text);
		return;
	}
	if (to.family)
		name.range.last = to.range.last;
	name.name = w->items[2].text;
	*arena_push(a, out) = name;
}

void exempt_names_read(struct arena *a, struct diags *diags,
		       const struct source_text *source,
		       struct exempt_names *out)
{
	struct csv_reader r;
	struct csv_line line;
	bool first = true;

	*out = (struct exempt_names){ 0 };
	csv_begin(&r, a, diags, source);
	for (; csv_next(&r, &line); first = false) {
		if (first && line.fields.n &&
		    !strcasecmp(line.fields.items[0].text, "address"))
			continue;
		if (line.fields.n)
			names_read_line(a, diags, &line, out);
	}
}
