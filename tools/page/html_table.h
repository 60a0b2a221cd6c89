/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables and sections of the page of a report. A table is a list of columns; a
 * column has a function that prints a cell.
 */
#ifndef MAILWALL_HTML_TABLE_H
#define MAILWALL_HTML_TABLE_H

#include "page.h"
#include "../report/report.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

struct cell {
	FILE *out;
	const struct report *r;
	const void *row;
	enum outcome outcome; /* outcome of the column */
};

struct column {
	const char *name;  /* NULL: the name of the outcome */
	const char *class; /* "n": a number; "long": text that may wrap */
	void (*put)(const struct cell *c);
	enum outcome outcome;
};

struct table {
	const char *id, *caption;
	const struct column *columns;
	size_t n_columns;
	const void *rows;
	size_t n_rows, row_bytes;
	bool (*shown)(const void *row); /* NULL: every row */
};

#define TABLE(id, caption, columns, list, n)                                   \
	(&(const struct table){ id, caption, columns, COUNT(columns), list, n, \
				sizeof((list)[0]), NULL })

/* Prints a whole table. */
void html_table(FILE *out, const struct report *r, const struct table *t);

/* The parts of one, for tables that print their own rows. */
void html_table_open(FILE *out, const char *id, const char *caption);
void html_table_head(FILE *out, const struct table *t);
void html_table_row(FILE *out, const struct report *r, const struct table *t,
		    const void *row);
void html_table_close(FILE *out);

/* Opens a section: title, then lines beside it, the note or NULL, the body. */
void html_section_open(FILE *out, const char *id, const char *title);
void html_section_body(FILE *out, const char *note);
void html_section_close(FILE *out);

/* Prints the sentence of a section without rows. */
void html_none(FILE *out, const char *text);

#endif
