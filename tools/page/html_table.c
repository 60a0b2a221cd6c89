/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "html_table.h"

#include <stdio.h>

/* ---- tables ---- */

/* A table that is wider than a phone scrolls by itself. */
void html_table_open(FILE *out, const char *id, const char *caption)
{
	fprintf(out,
		"<div class=\"scroll\" role=\"group\" tabindex=\"0\" "
		"aria-labelledby=\"c-%s\"><table id=\"t-%s\"><caption "
		"id=\"c-%s\">%s"
		"</caption>\n",
		id, id, id, caption);
}

void html_table_close(FILE *out)
{
	fputs("</tbody></table></div>\n", out);
}

void html_table_head(FILE *out, const struct table *t)
{
	fputs("<thead><tr>", out);
	for (size_t i = 0; i < t->n_columns; i++) {
		const struct column *c = &t->columns[i];

		fprintf(out, "<th scope=\"col\" class=\"%s\">", c->class);
		page_text(out, c->name ? c->name : outcome_name(c->outcome));
		fputs("</th>", out);
	}
	fputs("</tr></thead><tbody>\n", out);
}

/* The first cell is the header of its row. */
void html_table_row(FILE *out, const struct report *r, const struct table *t,
		    const void *row)
{
	fputs("<tr>", out);
	for (size_t i = 0; i < t->n_columns; i++) {
		const struct column *c = &t->columns[i];
		const struct cell cell = { out, r, row, c->outcome };

		fprintf(out,
			i ? "<td class=\"%s\">" :
			    "<th scope=\"row\" class=\"%s\">",
			c->class);
		c->put(&cell);
		fputs(i ? "</td>" : "</th>", out);
	}
	fputs("</tr>\n", out);
}

void html_table(FILE *out, const struct report *r, const struct table *t)
{
	html_table_open(out, t->id, t->caption);
	html_table_head(out, t);
	for (size_t i = 0; i < t->n_rows; i++) {
		const void *row = (const char *)t->rows + i * t->row_bytes;

		if (!t->shown || t->shown(row))
			html_table_row(out, r, t, row);
	}
	html_table_close(out);
}

/* ---- sections ---- */

void html_section_open(FILE *out, const char *id, const char *title)
{
	fprintf(out,
		"<section id=\"%s\" aria-labelledby=\"h-%s\">"
		"<div class=\"side\"><h2 id=\"h-%s\">%s</h2>\n",
		id, id, id, title);
}

/* Ends the side column, which may have a note. */
void html_section_body(FILE *out, const char *note)
{
	if (note)
		fprintf(out, "<p>%s</p>\n", note);
	fputs("</div><div class=\"body\">\n", out);
}

void html_section_close(FILE *out)
{
	fputs("</div></section>\n", out);
}

void html_none(FILE *out, const char *text)
{
	fprintf(out, "<p class=\"none\">%s</p>\n", text);
}
