/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A report as one page that loads nothing. Every section is there in every
 * report, in the same place, even if it has only to say that there is nothing.
 */
#include "page.h"
#include "svg.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define COUNT(list)	(sizeof(list) / sizeof((list)[0]))

#define FINDINGS_SHOWN	8   /* the others have to be unfolded */
#define FINDINGS_LISTED 200 /* and with those that are folded */
/* A monitor tells of itself by the minute: less is no gap. */
#define WATCHED_SLACK_S 120

/* ---- tables ---- */

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

/* A table may be wider than a phone: then it moves, and not the page. */
static void table_open(FILE *out, const char *id, const char *caption)
{
	fprintf(out,
		"<div class=\"scroll\" role=\"group\" tabindex=\"0\" "
		"aria-labelledby=\"c-%s\"><table id=\"t-%s\"><caption "
		"id=\"c-%s\">%s"
		"</caption>\n",
		id, id, id, caption);
}

static void table_close(FILE *out)
{
	fputs("</tbody></table></div>\n", out);
}

static void put_head(FILE *out, const struct table *t)
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

/* The first cell is what the row is about. */
static void put_row(FILE *out, const struct report *r, const struct table *t,
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

static void table_put(FILE *out, const struct report *r, const struct table *t)
{
	table_open(out, t->id, t->caption);
	put_head(out, t);
	for (size_t i = 0; i < t->n_rows; i++) {
		const void *row = (const char *)t->rows + i * t->row_bytes;

		if (!t->shown || t->shown(row))
			put_row(out, r, t, row);
	}
	table_close(out);
}

#define TABLE(id, caption, columns, list, n)                                   \
	(&(const struct table){ id, caption, columns, COUNT(columns), list, n, \
				sizeof((list)[0]), NULL })

/* ---- sections ---- */

static void section_open(FILE *out, const char *id, const char *title)
{
	fprintf(out,
		"<section id=\"%s\" aria-labelledby=\"h-%s\">"
		"<div class=\"side\"><h2 id=\"h-%s\">%s</h2>\n",
		id, id, id, title);
}

/* Ends what stands beside, which may have a sentence of its own. */
static void section_body(FILE *out, const char *note)
{
	if (note)
		fprintf(out, "<p>%s</p>\n", note);
	fputs("</div><div class=\"body\">\n", out);
}

static void section_close(FILE *out)
{
	fputs("</div></section>\n", out);
}

static void put_none(FILE *out, const char *text)
{
	fprintf(out, "<p class=\"none\">%s</p>\n", text);
}

/* "12 of 340", where a list ends before its end. */
static void put_of(FILE *out, const struct report_sources *list)
{
	if (list->all <= list->n)
		return;
	fputs("<p>", out);
	page_number(out, list->n);
	fputs(" of ", out);
	page_number(out, list->all);
	fputs(" are listed.</p>\n", out);
}

/* ---- header ---- */

static bool same_day(int64_t a_s, int64_t b_s)
{
	time_t ta = (time_t)a_s, tb = (time_t)b_s;
	struct tm a, b;

	return localtime_r(&ta, &a) && localtime_r(&tb, &b) &&
	       a.tm_year == b.tm_year && a.tm_yday == b.tm_yday;
}

/* The year is said once, if there is but one. */
static void put_period(FILE *out, const struct report *r)
{
	time_t since = (time_t)r->wish.since_s;
	time_t last = (time_t)r->wish.until_s - 1;
	struct tm a, b;
	bool year;

	if (!localtime_r(&since, &a) || !localtime_r(&last, &b))
		return;
	year = a.tm_year == b.tm_year;
	if (!year || a.tm_yday != b.tm_yday) {
		page_when(out, since, year ? WHEN_DAY : WHEN_DATE, r->made_s);
		fputs(" to ", out);
	}
	page_when(out, last, WHEN_DATE, r->made_s);
}

/* The zone has two offsets if summer time begins or ends within. */
static void put_bounds(FILE *out, const struct report *r)
{
	const struct report_wish *w = &r->wish;

	fputs("<p class=\"soft\">From ", out);
	page_time(out, w->since_s, WHEN_MINUTE, r->made_s);
	fputs(" (", out);
	page_offset(out, w->since_s);
	fputs(") up to ", out);
	page_time(out, w->until_s, WHEN_MINUTE, r->made_s);
	fputs(" (", out);
	page_offset(out, w->until_s);
	fputs("), ", out);
	page_duration(out, w->until_s - w->since_s);
	fputs(". All times are local. Compared with the period of the same "
	      "length before. Made ",
	      out);
	page_time(out, r->made_s, WHEN_MINUTE, r->made_s);
	fputs(" by mailwall " VERSION ".</p>\n", out);
}

/* The address is not printed anew: it may be one that has a pseudonym. */
static const char *wished_source(const struct report *r)
{
	return r->top.n && r->top.items[0].name ? r->top.items[0].name :
						  "one source";
}

static void put_limits(FILE *out, const struct report *r)
{
	const struct report_wish *w = &r->wish;

	if (!w->port && !w->has_source && !w->class && !w->clause)
		return;
	fputs("<p><strong>Only ", out);
	if (w->port) {
		fputs("port ", out);
		page_port(out, w->port);
	}
	if (w->has_source) {
		fputs(w->port ? ", " : "", out);
		page_text(out, wished_source(r));
	}
	if (w->class) {
		fputs(w->port || w->has_source ? ", class " : "class ", out);
		page_text(out, w->class->name);
	}
	if (w->clause) {
		fputs(w->port || w->has_source || w->class ? ", clause " :
							     "clause ",
		      out);
		page_text(out, w->clause);
	}
	fputs("</strong></p>\n", out);
}

static bool is_watched(const struct report *r)
{
	return r->watched_s + WATCHED_SLACK_S >=
	       r->wish.until_s - r->wish.since_s;
}

static bool is_whole(const struct report *r)
{
	return !r->lost && !r->unlogged && is_watched(r);
}

static void put_link(FILE *out, uint64_t n, const char *to, const char *one,
		     const char *more)
{
	fprintf(out, "<a href=\"#%s\">", to);
	if (n)
		page_count(out, n, one, more);
	else
		fprintf(out, "no %s", more);
	fputs("</a>", out);
}

static void put_proven(FILE *out, const struct report *r)
{
	size_t proven = 0;

	for (size_t i = 0; i < r->findings.n; i++)
		proven += r->findings.items[i].proven;
	fputs(", ", out);
	page_number(out, proven);
	fputs(" of them proven", out);
}

/* What a reader with half a minute has to know. */
static void put_lead(FILE *out, const struct report *r)
{
	fputs("<p class=\"lead\">", out);
	put_link(out, r->findings.n, "findings", "finding", "findings");
	if (r->findings.n)
		put_proven(out, r);
	fputs("; ", out);
	put_link(out, r->cleartext.n, "cleartext", "user without encryption",
		 "users without encryption");
	fputs("; ", out);
	put_link(out, r->fresh.all > r->fresh.n ? r->fresh.all : r->fresh.n,
		 "fresh", "new source", "new sources");
	fputs(".", out);
	if (!is_whole(r))
		fputs(" <a href=\"#unseen\">Not everything was seen</a>.", out);
	fputs("</p>\n", out);
}

static void put_header(FILE *out, const struct report *r)
{
	fputs("<header><h1>Mail ports, ", out);
	put_period(out, r);
	fputs("</h1>\n", out);
	put_limits(out, r);
	put_bounds(out, r);
	put_lead(out, r);
	fputs("</header>\n", out);
}

/* ---- summary ---- */

static void put_figure(FILE *out, const char *name, uint64_t now,
		       uint64_t before)
{
	fprintf(out, "<div class=\"figure\"><dt>%s</dt><dd><b>", name);
	page_number(out, now);
	fputs("</b>", out);
	if (before) {
		page_change(out, now, before);
		fputs(", ", out);
		page_number(out, before);
		fputs(" before", out);
	} else {
		fputs("none before", out);
	}
	fputs("</dd></div>\n", out);
}

static void put_summary(FILE *out, const struct report *r)
{
	section_open(out, "summary", "Summary");
	section_body(out, "An attempt is a connection that somebody tried to "
			  "open, however often the SYN was sent.");
	fputs("<dl class=\"figures\">\n", out);
	put_figure(out, "Attempts", tally_sum(&r->now), tally_sum(&r->before));
	put_figure(out, "Sources", r->sources, r->sources_before);
	put_figure(out, "Blocked", r->now.outcome[OUTCOME_BLOCKED],
		   r->before.outcome[OUTCOME_BLOCKED]);
	put_figure(out, "Answered", r->now.outcome[OUTCOME_ANSWERED],
		   r->before.outcome[OUTCOME_ANSWERED]);
	fputs("</dl>\n", out);
	section_close(out);
}

/* ---- findings ---- */

static void put_deeds(FILE *out, const struct report_finding *f)
{
	page_count(out, f->attempts, "attempt", "attempts");
	fputs(" (", out);
	page_count(out, f->syns, "SYN", "SYNs");
	fputs(f->destinations_exact ? ") at " : ") at about ", out);
	page_count(out, f->destinations, "destination", "destinations");
	fputs(" in ", out);
	page_count(out, f->groups, "network", "networks");
}

/* The day is said twice only if there are two. */
static void put_span(FILE *out, const struct report_finding *f,
		     const struct report *r)
{
	bool one = same_day(f->first_s, f->last_s);

	page_time(out, f->first_s, WHEN_HOUR, r->made_s);
	fputs(" to ", out);
	page_time(out, f->last_s, one ? WHEN_CLOCK : WHEN_HOUR, r->made_s);
}

/* Nobody is to be cut off for SYNs that somebody else may have sent. */
static void put_proof(FILE *out, const struct report_finding *f)
{
	fputs(f->proven ? "Proven by a completed handshake; " :
			  "Not proven, only unanswered SYNs; ",
	      out);
	fputs(f->blocked ? "assumed blocked." : "assumed open.", out);
	if (!f->examples || !*f->examples)
		return;
	fputs(" Destinations: ", out);
	page_text(out, f->examples);
}

static void put_finding(FILE *out, const struct report_finding *f,
			const struct report *r)
{
	fputs("<li><h3>", out);
	page_text(out, f->name);
	fputs(" <span class=\"badge\">", out);
	page_text(out, f->finding);
	fputs("</span></h3><p class=\"when\">", out);
	page_time(out, f->time_s, WHEN_SHORT, r->made_s);
	fputs("</p><p>Port ", out);
	page_port(out, f->port);
	fputs(", detector ", out);
	page_text(out, f->detector);
	fputs(": ", out);
	put_deeds(out, f);
	fputs(", ", out);
	put_span(out, f, r);
	fputs(".</p><p class=\"soft\">", out);
	put_proof(out, f);
	fputs("</p></li>\n", out);
}

static void put_finding_list(FILE *out, const struct report *r, size_t from,
			     size_t to)
{
	fputs("<ol class=\"findings\">\n", out);
	for (size_t i = from; i < to; i++)
		put_finding(out, &r->findings.items[i], r);
	fputs("</ol>\n", out);
}

static void put_rest(FILE *out, size_t n)
{
	if (!n)
		return;
	fputs("<p class=\"soft\">", out);
	page_number(out, n);
	fputs(" more are in the report as JSON.</p>\n", out);
}

static void put_findings(FILE *out, const struct report *r)
{
	size_t n = r->findings.n;
	size_t shown = n < FINDINGS_SHOWN ? n : FINDINGS_SHOWN;
	size_t listed = n < FINDINGS_LISTED ? n : FINDINGS_LISTED;

	section_open(out, "findings", "Findings");
	section_body(out,
		     n ? "Sources that a detector reported, the latest "
			 "first. <em>Proven</em>: it completed a handshake, "
			 "so the address is its own; else it may be forged. "
			 "<em>Assumed blocked</em>: judged as behind a block, "
			 "where every attempt fails." :
			 NULL);
	if (n)
		put_finding_list(out, r, 0, shown);
	else
		put_none(out, "No source was reported in this period.");
	if (n > shown) {
		fputs("<details><summary>", out);
		page_number(out, n - shown);
		fputs(" earlier</summary>\n", out);
		put_finding_list(out, r, shown, listed);
		put_rest(out, n - listed);
		fputs("</details>\n", out);
	}
	section_close(out);
}

/* ---- over time ---- */

/* Tells the outcomes apart, and so is the legend of all drawings. */
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
	table_open(out, "outcomes", "Attempts by outcome");
	fputs("<thead><tr><th scope=\"col\">Outcome</th>"
	      "<th scope=\"col\" class=\"n\">Attempts</th>"
	      "<th scope=\"col\" class=\"n\">Share</th>"
	      "<th scope=\"col\" class=\"n\">Before</th>"
	      "<th scope=\"col\" class=\"n\">Change</th></tr></thead><tbody>\n",
	      out);
	for (size_t i = 0; i < OUTCOME_N; i++)
		put_outcome_row(out, r, svg_order[i]);
	table_close(out);
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
	table_open(out, "time", "Attempts over time");
	put_head(out, &t);
	for (size_t i = 0; i < svg_bars(r); i++) {
		const struct report_bucket bar = svg_bar(r, i);

		put_row(out, r, &t, &bar);
	}
	table_close(out);
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

static void put_over_time(FILE *out, const struct report *r)
{
	bool any = r->timeline.n && tally_sum(&r->now);

	section_open(out, "time", "Over time");
	section_body(
		out,
		any ? "<em>Answered</em>: a SYN-ACK came. <em>Blocked</em>: "
		      "the firewall’s log says so. <em>Refused</em>: a "
		      "RST came, or an ICMP error. <em>Unanswered</em>: "
		      "nothing came." :
		      NULL);
	if (any)
		put_timeline(out, r);
	else
		put_none(out, "No attempt was seen in this period.");
	section_close(out);
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

static void put_ports(FILE *out, const struct report *r)
{
	struct table t = *TABLE("ports", "Attempts by port", port_columns,
				r->ports.items, r->ports.n);
	bool any = false;

	t.shown = port_shown;
	for (size_t i = 0; i < r->ports.n; i++)
		any = any || port_shown(&r->ports.items[i]);
	section_open(out, "ports", "Ports");
	section_body(
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
		table_put(out, r, &t);
	else
		put_none(out, "No attempt at any port, now or before.");
	if (any)
		put_idle_ports(out, r);
	section_close(out);
}

/* ---- sources ---- */

static void put_source_name(const struct cell *c)
{
	const struct report_source *s = c->row;

	if (s->name && *s->name)
		page_text(c->out, s->name);
	else
		fputs("others, folded into one", c->out);
}

static void put_source_now(const struct cell *c)
{
	const struct report_source *s = c->row;

	page_number(c->out, s->attempts);
}

static void put_source_before(const struct cell *c)
{
	const struct report_source *s = c->row;

	page_number(c->out, s->before);
}

static void put_source_change(const struct cell *c)
{
	const struct report_source *s = c->row;

	page_change(c->out, s->attempts, s->before);
}

static void put_source_outcome(const struct cell *c)
{
	const struct report_source *s = c->row;

	page_number(c->out, s->now.outcome[c->outcome]);
}

static int64_t spark_s(const struct report *r)
{
	return (r->wish.until_s - r->wish.since_s) / REPORT_SPARKS;
}

static void put_source_spark(const struct cell *c)
{
	svg_spark(c->out, c->row, spark_s(c->r));
}

static void put_source_ports(const struct cell *c)
{
	const struct report_source *s = c->row;

	for (size_t i = 0; i < s->n_ports && i < COUNT(s->ports); i++)
		fprintf(c->out, "%s%u", i ? " " : "", s->ports[i]);
}

static void put_source_first(const struct cell *c)
{
	const struct report_source *s = c->row;

	page_time(c->out, s->first_s, WHEN_SHORT, c->r->made_s);
}

static void put_source_last(const struct cell *c)
{
	const struct report_source *s = c->row;

	page_time(c->out, s->last_s, WHEN_SHORT, c->r->made_s);
}

static void put_source_findings(const struct cell *c)
{
	const struct report_source *s = c->row;

	for (enum finding_kind k = 0; k < FINDING_N; k++) {
		if (!(s->findings & 1u << k))
			continue;
		fputs("<span class=\"badge\">", c->out);
		page_text(c->out, finding_name(k));
		fputs("</span>", c->out);
	}
}

static const struct column top_columns[] = {
	{ "Source", "", put_source_name, 0 },
	{ "Attempts", "n", put_source_now, 0 },
	{ "Over time", "", put_source_spark, 0 },
	{ "Findings", "badges", put_source_findings, 0 },
	{ "Ports", "", put_source_ports, 0 },
	{ "Before", "n", put_source_before, 0 },
	{ "Change", "n", put_source_change, 0 },
	{ NULL, "n o", put_source_outcome, OUTCOME_BLOCKED },
	{ "First seen", "", put_source_first, 0 },
	{ "Last seen", "", put_source_last, 0 },
};

static void put_spark_head(FILE *out, const struct report *r)
{
	fputs("<thead><tr><th scope=\"col\">Source</th>", out);
	for (int i = 0; i < REPORT_SPARKS; i++) {
		fputs("<th scope=\"col\" class=\"n\">", out);
		page_when(out, r->wish.since_s + i * spark_s(r), WHEN_SHORT,
			  r->made_s);
		fputs("</th>", out);
	}
	fputs("</tr></thead><tbody>\n", out);
}

static void put_spark_numbers(FILE *out, const struct report *r)
{
	fputs("<details><summary>The numbers of these lines</summary>\n", out);
	table_open(out, "sparks", "Attempts of each source over time");
	put_spark_head(out, r);
	for (size_t i = 0; i < r->top.n; i++) {
		const struct cell c = { out, r, &r->top.items[i], 0 };

		fputs("<tr><th scope=\"row\">", out);
		put_source_name(&c);
		fputs("</th>", out);
		for (size_t k = 0; k < REPORT_SPARKS; k++) {
			fputs("<td class=\"n\">", out);
			page_number(out, r->top.items[i].spark[k]);
			fputs("</td>", out);
		}
		fputs("</tr>\n", out);
	}
	table_close(out);
	fputs("</details>\n", out);
}

static void put_folded(FILE *out, const struct report *r)
{
	if (!r->folded)
		return;
	fputs("<p class=\"soft\">", out);
	page_count(out, r->folded, "attempt is", "attempts are");
	fputs(" of sources that were too many to be kept apart.</p>\n", out);
}

static void put_top(FILE *out, const struct report *r)
{
	section_open(out, "sources", "Sources");
	put_of(out, &r->top);
	section_body(
		out,
		r->top.n ? "Those with the most attempts. A line of bars runs "
			   "over the period, to its own scale." :
			   NULL);
	if (!r->top.n) {
		put_none(out, "No source was seen in this period.");
	} else {
		table_put(out, r,
			  TABLE("sources", "Sources with the most attempts",
				top_columns, r->top.items, r->top.n));
		put_spark_numbers(out, r);
	}
	put_folded(out, r);
	section_close(out);
}

static const struct column fresh_columns[] = {
	{ "Source", "", put_source_name, 0 },
	{ "Attempts", "n", put_source_now, 0 },
	{ "Ports", "", put_source_ports, 0 },
	{ "First seen", "", put_source_first, 0 },
	{ "Findings", "", put_source_findings, 0 },
};

static void put_fresh(FILE *out, const struct report *r)
{
	section_open(out, "fresh", "Newly seen");
	put_of(out, &r->fresh);
	section_body(
		out,
		r->fresh.n ?
			"Sources of which the store knew nothing before this "
			"period." :
			NULL);
	if (r->fresh.n)
		table_put(out, r,
			  TABLE("fresh", "Sources seen for the first time",
				fresh_columns, r->fresh.items, r->fresh.n));
	else
		put_none(out, "No source is new.");
	section_close(out);
}

static const struct column quiet_columns[] = {
	{ "Source", "", put_source_name, 0 },
	{ "Before", "n", put_source_before, 0 },
	{ "First seen", "", put_source_first, 0 },
	{ "Last seen", "", put_source_last, 0 },
};

static void put_quiet(FILE *out, const struct report *r)
{
	section_open(out, "quiet", "Gone quiet");
	put_of(out, &r->quiet);
	section_body(out,
		     r->quiet.n ?
			     "Sources that were seen in the period before, and "
			     "not in this one." :
			     NULL);
	if (r->quiet.n)
		table_put(out, r,
			  TABLE("quiet", "Sources not seen any more",
				quiet_columns, r->quiet.items, r->quiet.n));
	else
		put_none(out, "No source has gone quiet.");
	section_close(out);
}

/* ---- hours of the week ---- */

static void put_heat_table(FILE *out, const struct report *r)
{
	fputs("<details><summary>The numbers of this drawing</summary>\n", out);
	table_open(out, "heat", "Attempts by hour and weekday");
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
	table_close(out);
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

static void put_heat(FILE *out, const struct report *r)
{
	bool any = heat_any(r);

	section_open(out, "hours", "Hours of the week");
	section_body(out,
		     any ? "Local time. The area of a mark is its number of "
			   "attempts, in all weeks of the period together." :
			   NULL);
	if (any) {
		fputs("<figure>\n", out);
		svg_heat(out, r);
		fputs("</figure>\n", out);
		put_heat_table(out, r);
	} else {
		put_none(out, "No attempt was seen in this period.");
	}
	section_close(out);
}

/* ---- users without encryption ---- */

static void put_user_name(const struct cell *c)
{
	const struct report_cleartext *u = c->row;

	page_text(c->out, u->name);
}

static void put_user_port(const struct cell *c)
{
	const struct report_cleartext *u = c->row;

	page_port(c->out, u->port);
}

static void put_user_last(const struct cell *c)
{
	const struct report_cleartext *u = c->row;

	page_time(c->out, u->last_s, WHEN_SHORT, c->r->made_s);
}

static void put_user_tls(const struct cell *c)
{
	const struct report_cleartext *u = c->row;

	fputs(u->uses_tls ? "yes" : "no", c->out);
}

static const struct column user_columns[] = {
	{ "Source", "", put_user_name, 0 },
	{ "Port", "", put_user_port, 0 },
	{ "Last login", "", put_user_last, 0 },
	{ "Uses TLS as well", "", put_user_tls, 0 },
};

static void put_cleartext(FILE *out, const struct report *r)
{
	section_open(out, "cleartext", "Logins without encryption");
	section_body(
		out,
		r->cleartext.n ?
			"Their passwords went over the network as they are. "
			"Who was on 465, 587, 993 or 995 too needs only a "
			"setting changed." :
			NULL);
	if (r->cleartext.n)
		table_put(out, r,
			  TABLE("cleartext", "Users without encryption",
				user_columns, r->cleartext.items,
				r->cleartext.n));
	else
		put_none(out, "No login without encryption was seen.");
	section_close(out);
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

static void put_clauses(FILE *out, const struct report *r)
{
	section_open(out, "clauses", "Clauses");
	section_body(out,
		     r->clauses.n ?
			     "Which line of a policy an attempt met, as the "
			     "firewall’s log has it." :
			     NULL);
	if (r->clauses.n)
		table_put(out, r,
			  TABLE("clauses", "Attempts by clause", clause_columns,
				r->clauses.items, r->clauses.n));
	else
		put_none(out, "No clause was named in a log.");
	section_close(out);
}

/* ---- policies ---- */

static void put_loaded_time(const struct cell *c)
{
	const struct report_loaded *l = c->row;

	page_time(c->out, l->time_s, WHEN_HOUR, c->r->made_s);
}

static void put_loaded_policy(const struct cell *c)
{
	const struct report_loaded *l = c->row;

	if (l->policy && *l->policy)
		page_text(c->out, l->policy);
	else
		fputs("removed", c->out);
}

static void put_loaded_who(const struct cell *c)
{
	const struct report_loaded *l = c->row;

	page_text(c->out, l->who);
}

static void put_loaded_generation(const struct cell *c)
{
	const struct report_loaded *l = c->row;

	fprintf(c->out, "%u", l->generation);
}

static void put_loaded_digest(const struct cell *c)
{
	const struct report_loaded *l = c->row;

	page_text(c->out, l->digest);
}

static const struct column loaded_columns[] = {
	{ "Time", "", put_loaded_time, 0 },
	{ "Policy", "long", put_loaded_policy, 0 },
	{ "By", "long", put_loaded_who, 0 },
	{ "Generation", "n", put_loaded_generation, 0 },
	{ "Digest", "long digest", put_loaded_digest, 0 },
};

static void put_loaded(FILE *out, const struct report *r)
{
	section_open(out, "policies", "Policies loaded");
	section_body(out, r->loaded.n ? "The latest first." : NULL);
	if (r->loaded.n)
		table_put(out, r,
			  TABLE("policies", "Policies loaded or removed",
				loaded_columns, r->loaded.items, r->loaded.n));
	else
		put_none(out, "No policy was loaded or removed in this "
			      "period.");
	section_close(out);
}

/* ---- what is missing ---- */

static void put_watched(FILE *out, const struct report *r)
{
	int64_t period = r->wish.until_s - r->wish.since_s;

	if (r->watched_s <= 0) {
		put_none(out, "No monitor was running in this period.");
		return;
	}
	if (is_watched(r)) {
		fputs("<p>A monitor was running all the time.</p>\n", out);
		return;
	}
	fputs("<p>A monitor was running for ", out);
	page_duration(out, r->watched_s);
	fputs(" of ", out);
	page_duration(out, period);
	fputs(" (", out);
	page_share(out, (uint64_t)r->watched_s, (uint64_t)period);
	fputs("). Nothing is known of the rest.</p>\n", out);
}

static void put_unseen(FILE *out, const struct report *r)
{
	section_open(out, "unseen", "What was not seen");
	section_body(
		out,
		is_whole(r) ?
			NULL :
			"Numbers on this page are too low by what is missing "
			"here.");
	put_watched(out, r);
	if (r->lost) {
		fputs("<p>", out);
		page_count(out, r->lost, "packet was", "packets were");
		fputs(" lost before the monitor read them.</p>\n", out);
	}
	if (r->unlogged) {
		fputs("<p>At least ", out);
		page_count(out, r->unlogged, "packet was", "packets were");
		fputs(" blocked without being logged.</p>\n", out);
	}
	if (!r->lost && !r->unlogged && r->watched_s > 0)
		fputs("<p>While it ran, no packet was lost.</p>\n", out);
	section_close(out);
}

/* ---- the page ---- */

static const struct {
	const char *id, *name;
	void (*put)(FILE *out, const struct report *r);
} sections[] = {
	{ "summary", "Summary", put_summary },
	{ "time", "Over time", put_over_time },
	{ "findings", "Findings", put_findings },
	{ "ports", "Ports", put_ports },
	{ "sources", "Sources", put_top },
	{ "hours", "Hours", put_heat },
	{ "fresh", "Newly seen", put_fresh },
	{ "quiet", "Gone quiet", put_quiet },
	{ "cleartext", "Cleartext", put_cleartext },
	{ "clauses", "Clauses", put_clauses },
	{ "policies", "Policies", put_loaded },
	{ "unseen", "Not seen", put_unseen },
};

/* The policy keeps a browser from loading anything even if we err. */
static void put_head_of_page(FILE *out, const struct report *r)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\"><head>"
	      "<meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\""
	      "default-src 'none'; style-src 'unsafe-inline'\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, "
	      "initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n"
	      "<meta name=\"referrer\" content=\"no-referrer\">\n"
	      "<title>Mail ports, ",
	      out);
	put_period(out, r);
	fputs("</title>\n<style>\n", out);
	fputs(page_style, out);
	fputs("</style></head>\n<body>\n", out);
	fputs("<a class=\"skip\" href=\"#main\">Skip to the summary</a>\n",
	      out);
}

static void put_contents(FILE *out)
{
	fputs("<nav aria-label=\"Contents\"><ul>", out);
	for (size_t i = 0; i < COUNT(sections); i++)
		fprintf(out, "<li><a href=\"#%s\">%s</a></li>\n",
			sections[i].id, sections[i].name);
	fputs("</ul></nav>\n", out);
}

int report_html(const struct report *r, FILE *out)
{
	errno = 0;
	put_head_of_page(out, r);
	svg_patterns(out);
	put_header(out, r);
	put_contents(out);
	fputs("<main id=\"main\">\n", out);
	for (size_t i = 0; i < COUNT(sections); i++)
		sections[i].put(out, r);
	fputs("</main>\n<footer><p>mailwall " VERSION ". This page loads "
	      "nothing and sends nothing.</p></footer>\n</body></html>\n",
	      out);
	if (!fflush(out) && !ferror(out))
		return EXIT_DONE;
	say("cannot write the page: %s", strerror(errno ? errno : EIO));
	return EXIT_REFUSED;
}
