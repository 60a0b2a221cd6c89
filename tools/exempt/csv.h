/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables as spreadsheets and billing systems write them: RFC 4180, with ",",
 * ";" or a tab between fields, which the first line tells, and LF or CRLF.
 * Reads text in memory, prints nothing.
 */
#ifndef MAILWALL_CSV_H
#define MAILWALL_CSV_H

#include "../../rules/text/decl.h"

#include <stdio.h>

struct csv_line {
	struct span span;
	struct words fields;
};

struct csv_reader {
	struct arena *arena;
	struct diags *diags;
	const struct source_text *source;
	size_t at;	    /* bytes that were read */
	uint32_t line;	    /* from 1 */
	size_t line_begins; /* offset */
	char separator;	    /* 0: the first line was not seen yet */
};

void csv_begin(struct csv_reader *r, struct arena *a, struct diags *diags,
	       const struct source_text *source);
/*
 * Reads a line that is not empty. False at the end. A field that cannot be read
 * is an error of the diagnostics, and the line has no fields.
 */
bool csv_next(struct csv_reader *r, struct csv_line *out);

/* Writes a field, in quotes if it needs them, and what comes behind it. */
void csv_put(FILE *out, const char *text, char behind);

#endif
