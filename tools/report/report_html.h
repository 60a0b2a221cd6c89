/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of the page of a report, for the files that make it up. */
#ifndef MAILWALL_REPORT_HTML_H
#define MAILWALL_REPORT_HTML_H

#include "page.h"
#include "svg.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

struct cell {
	FILE *out;
	const struct report *r;
	const void *row;
	enum outcome outcome; /* that the column is of */
};

struct column {
	const char *name;  /* NULL: that of the outcome */
	const char *class; /* "n": a number, "long": may be wrapped */
	void (*put)(const struct cell *c);
	enum outcome outcome;
};

struct table {
	const char *id, *caption;
	const struct column *columns;
	size_t n_columns;
	const void *rows;
	size_t n_rows, row_bytes;
	bool (*shown)(const void *row); /* NULL: all of them */
};

#define TABLE(id, caption, columns, list, n)                                   \
	(&(const struct table){ id, caption, columns, COUNT(columns), list, n, \
				sizeof((list)[0]), NULL })

/* ---- report_html_parts.c ---- */

void html_table_put(FILE *out, const struct report *r, const struct table *t);
void html_put_row(FILE *out, const struct report *r, const struct table *t,
		  const void *row);
void html_section_close(FILE *out);
void html_table_close(FILE *out);
void html_put_head(FILE *out, const struct table *t);
void html_put_none(FILE *out, const char *text);
void html_section_open(FILE *out, const char *id, const char *title);
void html_put_of(FILE *out, const struct report_sources *list);
void html_table_open(FILE *out, const char *id, const char *caption);
void html_section_body(FILE *out, const char *note);

/* ---- report_html_sources.c ---- */

void html_put_top(FILE *out, const struct report *r);
void html_put_first_seen(FILE *out, const struct report *r);
void html_put_cleartext(FILE *out, const struct report *r);
void html_put_quiet(FILE *out, const struct report *r);
void html_put_findings(FILE *out, const struct report *r);

/* ---- report_html_traffic.c ---- */

void html_put_over_time(FILE *out, const struct report *r);
void html_put_ports(FILE *out, const struct report *r);
void html_put_heat(FILE *out, const struct report *r);
void html_put_clauses(FILE *out, const struct report *r);

/* ---- report_html.c ---- */

bool html_same_day(int64_t a_s, int64_t b_s);

#endif
