/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sections about attempts: over time, by port, by hour and by clause. */
#include "report_html.h"

#include <stdio.h>
#include <errno.h>
#include <string.h>
#include <time.h>

/* ---- over time ---- */

/*
 * Prints an outcome with its swatch: the table is the legend of all drawings.
 */
static void put_outcome_row(FILE *out, const struct report *r, enum outcome o)
{
	uint64_t now = r->now.outcome[o], before = r->before.outcome[o];

	fputs("<tr><th scope=\"row\">", out);
	svg_swatch(out, o);
	page_text(out, outcome_name(o));
	fputs("</th><td class=\"n\">", out);
	page_number(out, now);
	fputs("</td><td class=\"n\">", out);
	page_share(out, now, tally_sum(&r->now));
	fputs("</td><td class=\"n\">", out);
	page_number(out, before);
	fputs("</td><td class=\"n\">", out);
	page_change(out, now, before);
	fputs("</td></tr>\n", out);
}

static void put_outcomes(FILE *out, const struct report *r)
{
	html_table_open(out, "outcomes", "Attempts by outcome");
	fputs("<thead><tr><th scope=\"col\">Outcome</th>"
	      "<th scope=\"col\" class=\"n\">Attempts</th>"
	      "<th scope=\"col\" class=\"n\">Share</th>"
	      "<th scope=\"col\" class=\"n\">Before</th>"
	      "<th scope=\"col\" class=\"n\">Change</th></tr></thead><tbody>\n",
	      out);
	for (size_t i = 0; i < OUTCOME_N; i++)
		put_outcome_row(out, r, svg_order[i]);
	html_table_close(out);
}

static void put_bucket_start(const struct cell *c)
{
	const struct report_bucket *b = c->row;

	page_time(c->out, b->start_s, svg_bar_when(c->r), c->r->made_s);
}

static void put_bucket_outcome(const struct cell *c)
{
	const struct report_bucket *b = c->row;

	page_number(c->out, b->now.outcome[c->outcome]);
}

static void put_bucket_sum(const struct cell *c)
{
	const struct report_bucket *b = c->row;

	page_number(c->out, tally_sum(&b->now));
}

static const struct column bucket_columns[] = {
	{ "From", "", put_bucket_start, 0 },
	{ "All", "n", put_bucket_sum, 0 },
	{ NULL, "n o", put_bucket_outcome, OUTCOME_ANSWERED },
	{ NULL, "n o", put_bucket_outcome, OUTCOME_BLOCKED },
	{ NULL, "n o", put_bucket_outcome, OUTCOME_REFUSED },
	{ NULL, "n o", put_bucket_outcome, OUTCOME_ICMP_REFUSED },
	{ NULL, "n o", put_bucket_outcome, OUTCOME_UNANSWERED },
};

static void put_bars(FILE *out, const struct report *r)
{
	const struct table t = { .columns = bucket_columns,
				 .n_columns = COUNT(bucket_columns) };

	fputs("<details><summary>The numbers of this drawing</summary>\n", out);
	html_table_open(out, "time", "Attempts over time");
	html_table_head(out, &t);
	for (size_t i = 0; i < svg_bars(r); i++) {
		const struct report_bucket bar = svg_bar(r, i);

		html_table_row(out, r, &t, &bar);
	}
	html_table_close(out);
	fputs("</details>\n", out);
}

static void put_timeline(FILE *out, const struct report *r)
{
	fputs("<figure>\n", out);
	svg_timeline(out, r);
	fputs("<figcaption>A bar is the attempts of ", out);
	page_duration(out, svg_bar_s(r));
	fputs(r->loaded.n ? ". A dashed line is a policy that was loaded or "
			    "removed.</figcaption></figure>\n" :
			    ".</figcaption></figure>\n",
	      out);
	put_outcomes(out, r);
	put_bars(out, r);
}

void html_put_over_time(FILE *out, const struct report *r)
{
	bool any = r->timeline.n && tally_sum(&r->now);

	html_section_open(out, "time", "Over time");
	html_section_body(
		out,
		any ? "<em>Answered</em>: a SYN-ACK came. <em>Blocked</em>: "
		      "the firewall’s log says so. <em>Refused</em>: a "
		      "RST came, or an ICMP error. <em>Unanswered</em>: "
		      "nothing came." :
		      NULL);
	if (any)
		put_timeline(out, r);
	else
		html_none(out, "No attempt was seen in this period.");
	html_section_close(out);
}

/* ---- ports ---- */

static bool port_shown(const void *row)
{
	const struct report_port *p = row;

	return tally_sum(&p->now) || tally_sum(&p->before);
}

static void put_port_name(const struct cell *c)
{
	const struct report_port *p = c->row;

	page_port(c->out, p->port);
}

static void put_port_now(const struct cell *c)
{
	const struct report_port *p = c->row;

	page_number(c->out, tally_sum(&p->now));
}

static void put_port_before(const struct cell *c)
{
	const struct report_port *p = c->row;

	page_number(c->out, tally_sum(&p->before));
}

static void put_port_change(const struct cell *c)
{
	const struct report_port *p = c->row;

	page_change(c->out, tally_sum(&p->now), tally_sum(&p->before));
}

static void put_port_sources(const struct cell *c)
{
	const struct report_port *p = c->row;

	page_number(c->out, p->sources);
}

static void put_port_outcome(const struct cell *c)
{
	const struct report_port *p = c->row;

	page_number(c->out, p->now.outcome[c->outcome]);
}

static const struct column port_columns[] = {
	{ "Port", "", put_port_name, 0 },
	{ "Attempts", "n", put_port_now, 0 },
	{ "Before", "n", put_port_before, 0 },
	{ "Change", "n", put_port_change, 0 },
	{ "Sources", "n", put_port_sources, 0 },
	{ NULL, "n o", put_port_outcome, OUTCOME_ANSWERED },
	{ NULL, "n o", put_port_outcome, OUTCOME_BLOCKED },
	{ NULL, "n o", put_port_outcome, OUTCOME_REFUSED },
	{ NULL, "n o", put_port_outcome, OUTCOME_ICMP_REFUSED },
	{ NULL, "n o", put_port_outcome, OUTCOME_UNANSWERED },
};

static void put_idle_ports(FILE *out, const struct report *r)
{
	const char *before = "<p class=\"soft\">Nothing now or before: ";
	bool any = false;

	for (size_t i = 0; i < r->ports.n; i++) {
		const struct report_port *p = &r->ports.items[i];

		if (port_shown(p))
			continue;
		fputs(before, out);
		page_port(out, p->port);
		before = ", ";
		any = true;
	}
	fputs(any ? ".</p>\n" : "", out);
}

void html_put_ports(FILE *out, const struct report *r)
{
	struct table t = *TABLE("ports", "Attempts by port", port_columns,
				r->ports.items, r->ports.n);
	bool any = false;

	t.shown = port_shown;
	for (size_t i = 0; i < r->ports.n; i++)
		any = any || port_shown(&r->ports.items[i]);
	html_section_open(out, "ports", "Ports");
	html_section_body(
		out,
		any && tally_sum(&r->now) ?
			"Colours as under <a href=\"#time\">Over time</a>." :
			NULL);
	if (any && tally_sum(&r->now)) {
		fputs("<figure>\n", out);
		svg_ports(out, r);
		fputs("</figure>\n", out);
	}
	if (any)
		html_table(out, r, &t);
	else
		html_none(out, "No attempt at any port, now or before.");
	if (any)
		put_idle_ports(out, r);
	html_section_close(out);
}

/* ---- hours of the week ---- */

static void put_heat_table(FILE *out, const struct report *r)
{
	fputs("<details><summary>The numbers of this drawing</summary>\n", out);
	html_table_open(out, "heat", "Attempts by hour and weekday");
	fputs("<thead><tr><th scope=\"col\">Hour</th>", out);
	for (int d = 0; d < 7; d++)
		fprintf(out, "<th scope=\"col\" class=\"n\">%s</th>",
			page_weekdays[d]);
	fputs("</tr></thead><tbody>\n", out);
	for (int h = 0; h < 24; h++) {
		fprintf(out, "<tr><th scope=\"row\">%02d:00</th>", h);
		for (int d = 0; d < 7; d++) {
			fputs("<td class=\"n\">", out);
			page_number(out, r->heat[d][h]);
			fputs("</td>", out);
		}
		fputs("</tr>\n", out);
	}
	html_table_close(out);
	fputs("</details>\n", out);
}

static bool heat_any(const struct report *r)
{
	for (int d = 0; d < 7; d++)
		for (int h = 0; h < 24; h++)
			if (r->heat[d][h])
				return true;
	return false;
}

void html_put_heat(FILE *out, const struct report *r)
{
	bool any = heat_any(r);

	html_section_open(out, "hours", "Hours of the week");
	html_section_body(
		out, any ? "Local time. The area of a mark is its number of "
			   "attempts, in all weeks of the period together." :
			   NULL);
	if (any) {
		fputs("<figure>\n", out);
		svg_heat(out, r);
		fputs("</figure>\n", out);
		put_heat_table(out, r);
	} else {
		html_none(out, "No attempt was seen in this period.");
	}
	html_section_close(out);
}

/* ---- clauses ---- */

static void put_clause_id(const struct cell *c)
{
	const struct report_clause *k = c->row;

	if (k->id && *k->id)
		page_text(c->out, k->id);
	else
		fputs("no clause", c->out);
}

static void put_clause_now(const struct cell *c)
{
	const struct report_clause *k = c->row;

	page_number(c->out, k->attempts);
}

static void put_clause_share(const struct cell *c)
{
	const struct report_clause *k = c->row;

	page_share(c->out, k->attempts, tally_sum(&c->r->now));
}

static void put_clause_before(const struct cell *c)
{
	const struct report_clause *k = c->row;

	page_number(c->out, k->before);
}

static void put_clause_change(const struct cell *c)
{
	const struct report_clause *k = c->row;

	page_change(c->out, k->attempts, k->before);
}

static const struct column clause_columns[] = {
	{ "Clause", "long", put_clause_id, 0 },
	{ "Attempts", "n", put_clause_now, 0 },
	{ "Share", "n", put_clause_share, 0 },
	{ "Before", "n", put_clause_before, 0 },
	{ "Change", "n", put_clause_change, 0 },
};

void html_put_clauses(FILE *out, const struct report *r)
{
	html_section_open(out, "clauses", "Clauses");
	html_section_body(
		out, r->clauses.n ?
			     "Which line of a policy an attempt met, as the "
			     "firewall’s log has it." :
			     NULL);
	if (r->clauses.n)
		html_table(out, r,
			   TABLE("clauses", "Attempts by clause",
				 clause_columns, r->clauses.items,
				 r->clauses.n));
	else
		html_none(out, "No clause was named in a log.");
	html_section_close(out);
}
