/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exemptions as a table: the one that a billing system gives, and the one that
 * is given to it. The first line names the columns.
 */
#ifndef MAILWALL_EXEMPT_CSV_H
#define MAILWALL_EXEMPT_CSV_H

#include "exempt_work.h"
#include "csv.h"

struct exempt_wishes {
	struct exempt_wish *items;
	size_t n, cap;
};

/* Wishes of a table. */
struct exempt_table {
	struct exempt_wishes wishes;
	struct words classes; /* classes of its rows, and the default */
	size_t passed_over;   /* rows that ended, or that were revoked */
};

/*
 * Reads a table; class is that of rows that name none. Mistakes are errors of
 * the diagnostics, all of them.
 */
void exempt_csv_read(struct arena *a, struct diags *diags,
		     const struct source_text *source, const char *class,
		     int64_t now_s, struct exempt_table *out);

/* Writes records as a table that can be read again. */
void exempt_csv_write(FILE *out, const struct book_records *list,
		      int64_t now_s);

/* ---- subscribers' addresses of both families ---- */

/* Ranges of a name: lines of a table "address,to,name". */
struct exempt_name {
	int family;
	struct range6 range;
	const char *name;
};
struct exempt_names {
	struct exempt_name *items;
	size_t n, cap;
};
void exempt_names_read(struct arena *a, struct diags *diags,
		       const struct source_text *source,
		       struct exempt_names *out);

#endif
