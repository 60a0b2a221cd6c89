/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "csv.h"
#include "../../rules/base/arena.h"
#include "../program/utf8.h"

#include <string.h>

#define CSV_FIELDS_MOST 64
#define CSV_BYTES_MOST	1000 /* a field's */

void csv_begin(struct csv_reader *r, struct arena *a, struct diags *diags,
	       const struct source_text *source)
{
	*r = (struct csv_reader){
		.arena = a, .diags = diags, .source = source, .line = 1
	};
	if (source->len >= 3 && !memcmp(source->text, "\xef\xbb\xbf", 3))
		r->at = r->line_begins = 3;
}

/* ---- where we are ---- */

static bool csv_at_end(const struct csv_reader *r)
{
	return r->at >= r->source->len;
}

/* The byte, or NUL at the end of the text. */
static char csv_byte(const struct csv_reader *r)
{
	return csv_at_end(r) ? '\0' : r->source->text[r->at];
}

static bool csv_at_line_end(const struct csv_reader *r)
{
	return csv_at_end(r) || csv_byte(r) == '\n' ||
	       (csv_byte(r) == '\r' && (r->at + 1 == r->source->len ||
					r->source->text[r->at + 1] == '\n'));
}

static void csv_step(struct csv_reader *r)
{
	if (csv_byte(r) == '\n') {
		r->line++;
		r->line_begins = r->at + 1;
	}
	r->at++;
}

static void csv_end_line(struct csv_reader *r)
{
	if (csv_byte(r) == '\r')
		csv_step(r);
	if (!csv_at_end(r))
		csv_step(r);
}

static struct span csv_here(const struct csv_reader *r)
{
	return (struct span){ .source = r->source,
			      .offset = r->at,
			      .line = r->line,
			      .column = (uint32_t)(r->at - r->line_begins) + 1,
			      .len = 1 };
}

/* ---- fields ---- */

static bool csv_wrong(struct csv_reader *r, const struct span *at,
		      const char *what, const char *help)
{
	diag_error(r->diags, at, "bad-csv", "%s", what)->help = help;
	return false;
}

/* Text of a field, while it grows. */
struct csv_text {
	char bytes[CSV_BYTES_MOST];
	size_t n;
};

static bool csv_take(struct csv_reader *r, struct csv_text *t)
{
	const struct span here = csv_here(r);
	const char *p = r->source->text + r->at;
	size_t len = utf8_length(p, r->source->len - r->at);

	if (!len)
		return csv_wrong(r, &here, "this byte is no UTF-8",
				 "save the table as UTF-8");
	if (utf8_is_control(p, len))
		return csv_wrong(r, &here,
				 "a field has no control characters and no "
				 "line ends",
				 "is a quote missing before?");
	if (t->n + len > sizeof(t->bytes))
		return csv_wrong(r, &here, "a field has 1000 bytes at most",
				 "is a quote missing before?");
	memcpy(t->bytes + t->n, p, len);
	t->n += len;
	r->at += len;
	return true;
}

static bool csv_read_quoted(struct csv_reader *r, struct csv_text *t)
{
	const struct span begin = csv_here(r);

	csv_step(r);
	for (;;) {
		if (csv_at_line_end(r))
			return csv_wrong(r, &begin, "this quote is not closed",
					 "a quote in a field is written twice");
		if (csv_byte(r) == '"') {
			csv_step(r);
			if (csv_byte(r) != '"')
				return true;
		}
		if (!csv_take(r, t))
			return false;
	}
}

static bool csv_read_bare(struct csv_reader *r, struct csv_text *t)
{
	while (!csv_at_line_end(r) && csv_byte(r) != r->separator)
		if (!csv_take(r, t))
			return false;
	return true;
}

static void csv_skip_blanks(struct csv_reader *r)
{
	while (csv_byte(r) == ' ' && r->separator != ' ')
		csv_step(r);
}

/* Blanks around a field are none of it. */
static bool csv_read_field(struct csv_reader *r, struct word *out)
{
	struct csv_text text = { .n = 0 };
	bool good;

	csv_skip_blanks(r);
	out->span = csv_here(r);
	out->quoted = csv_byte(r) == '"';
	good = out->quoted ? csv_read_quoted(r, &text) :
			     csv_read_bare(r, &text);
	if (!good)
		return false;
	while (!out->quoted && text.n && text.bytes[text.n - 1] == ' ')
		text.n--;
	out->text = arena_strndup(r->arena, text.bytes, text.n);
	out->span.len = text.n ? (uint32_t)text.n : 1;
	csv_skip_blanks(r);
	if (!csv_at_line_end(r) && csv_byte(r) != r->separator) {
		const struct span here = csv_here(r);

		return csv_wrong(r, &here, "a field ends with its quote",
				 "a quote in a field is written twice");
	}
	return true;
}

/* ---- lines ---- */

/* The separator that the first line has most of, outside of quotes. */
static char csv_guess_separator(const struct csv_reader *r)
{
	static const char separators[] = ",;\t";
	size_t counts[3] = { 0 }, best = 0;
	bool quoted = false;

	for (size_t i = r->at; i < r->source->len; i++) {
		char c = r->source->text[i];
		const char *s = c ? strchr(separators, c) : NULL;

		if (c == '\n')
			break;
		quoted ^= c == '"';
		if (s && !quoted)
			counts[s - separators]++;
	}
	for (size_t i = 1; i < 3; i++)
		if (counts[i] > counts[best])
			best = i;
	return separators[best];
}

static bool csv_read_fields(struct csv_reader *r, struct csv_line *out)
{
	for (;;) {
		if (out->fields.n == CSV_FIELDS_MOST)
			return csv_wrong(r, &out->span,
					 "a line has 64 fields at most", NULL);
		if (!csv_read_field(r, arena_push(r->arena, &out->fields)))
			return false;
		if (csv_at_line_end(r))
			return true;
		csv_step(r);
	}
}

bool csv_next(struct csv_reader *r, struct csv_line *out)
{
	*out = (struct csv_line){ 0 };
	for (csv_skip_blanks(r); !csv_at_end(r) && csv_at_line_end(r);
	     csv_skip_blanks(r))
		csv_end_line(r);
	if (csv_at_end(r))
		return false;
	if (!r->separator)
		r->separator = csv_guess_separator(r);
	out->span = csv_here(r);
	if (!csv_read_fields(r, out)) {
		out->fields.n = 0;
		while (!csv_at_line_end(r))
			csv_step(r);
	}
	csv_end_line(r);
	return true;
}

/* ---- writing ---- */

void csv_put(FILE *out, const char *text, char behind)
{
	size_t n = strlen(text);
	bool quote = text[strcspn(text, "\",;\t\r\n")] ||
		     (n && (*text == ' ' || text[n - 1] == ' '));

	if (quote)
		putc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			putc('"', out);
		putc(*text, out);
	}
	if (quote)
		putc('"', out);
	putc(behind, out);
}
