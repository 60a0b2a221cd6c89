/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sources of a report as CSV (RFC 4180); times are of UTC. */
#include "writer.h"

#include "../program/when.h"

#include <stdio.h>
#include <inttypes.h>
#include <string.h>

/*
 * Prints a cell in quotes, with an apostrophe before the start of a formula,
 * which a spreadsheet would run.
 */
static void print_cell(FILE *out, const char *text)
{
	fputc('"', out);
	if (*text && strchr("=+-@\t\r", *text))
		fputc('\'', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc((unsigned char)*text < ' ' ? '?' : *text, out);
	}
	fputc('"', out);
}

/* Prints a line for each source; the other tables are in JSON only. */
static int report_csv_write(const struct report *r,
			    const struct report_style *style, FILE *out)
{
	char first[WHEN_TEXT_BYTES], last[WHEN_TEXT_BYTES];

	(void)style;
	fprintf(out, "source,attempts,before,blocked,unanswered,refused,"
		     "icmp_refused,answered,first,last,findings,"
		     "mail_server,observed\r\n");
	for (size_t i = 0; i < r->top.n; i++) {
		const struct report_source *s = &r->top.items[i];
		const uint64_t *n = s->now.outcome;
		const char *between = "";

		print_cell(out, s->name);
		when_print_us(first, s->first_s * 1000000);
		when_print_us(last, s->last_s * 1000000);
		fprintf(out,
			",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64
			",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%s,%s,\"",
			s->attempts, s->before, n[OUTCOME_BLOCKED],
			n[OUTCOME_UNANSWERED], n[OUTCOME_REFUSED],
			n[OUTCOME_ICMP_REFUSED], n[OUTCOME_ANSWERED], first,
			last);
		for (enum finding_kind k = 0; k < FINDING_N; k++) {
			if (!(s->findings & 1u << k))
				continue;
			fprintf(out, "%s%s", between, finding_name(k));
			between = " ";
		}
		fprintf(out, "\",%d,%" PRIu64 "\r\n", s->mail_server,
			s->now.observed);
	}
	return 0;
}

const struct report_writer report_writer_csv = {
	.name = "csv",
	.type = "text/csv; charset=utf-8",
	.write = report_csv_write,
};
