/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A report as one page that loads nothing. Every report has every section, in
 * the same place, also if a section is empty.
 */
#include "report_html.h"
#include "../report/writer.h"
#include "../program/message.h"
#include "../program/program.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* A monitor notes its run every minute: a shorter gap is none. */
#define WATCHED_SLACK_S 120

/* ---- header ---- */

/* Prints the period, with the year only once if it is the same. */
static void put_period(FILE *out, const struct report *r)
{
	time_t since = (time_t)r->query.since_s;
	time_t last = (time_t)r->query.until_s - 1;
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

/* Prints both ends with their offsets: summer time may begin or end between. */
static void put_bounds(FILE *out, const struct report *r)
{
	const struct report_query *w = &r->query;

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

/* Takes the name from the list, because it may be a pseudonym. */
static const char *query_source(const struct report *r)
{
	return r->top.n && r->top.items[0].name ? r->top.items[0].name :
						  "one source";
}

static void put_limits(FILE *out, const struct report *r)
{
	const struct report_query *w = &r->query;

	if (!w->port && !w->has_source && !w->class && !w->clause)
		return;
	fputs("<p><strong>Only ", out);
	if (w->port) {
		fputs("port ", out);
		page_port(out, w->port);
	}
	if (w->has_source) {
		fputs(w->port ? ", " : "", out);
		page_text(out, query_source(r));
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
	       r->query.until_s - r->query.since_s;
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

	for (size_t i = 0; i < r->hosts.n; i++)
		proven += r->hosts.items[i].proven;
	fputs(", ", out);
	page_number(out, proven);
	fputs(" of them proven", out);
}

/* Prints the sentence for a reader with half a minute. */
static void put_lead(FILE *out, const struct report *r)
{
	fputs("<p class=\"lead\">", out);
	put_link(out, r->hosts.n, "findings", "finding", "findings");
	if (r->hosts.n)
		put_proven(out, r);
	fputs("; ", out);
	put_link(out, r->cleartext.n, "cleartext", "user without encryption",
		 "users without encryption");
	fputs("; ", out);
	put_link(out,
		 r->first_seen.all > r->first_seen.n ? r->first_seen.all :
						       r->first_seen.n,
		 "fresh", "new source", "new sources");
	fputs(".", out);
	if (!is_whole(r))
		fputs(" <a href=\"#unseen\">Not everything was seen</a>.", out);
	fputs("</p>\n", out);
}

static void put_mode(FILE *out, const struct report *r)
{
	if (!report_observed(r))
		return;
	fputs(report_only_observed(r) ?
		      "<p class=\"lead\"><strong>Mode observe</strong>: "
		      "nothing "
		      "was blocked; " :
		      "<p class=\"lead\"><strong>Mode observe</strong> in a "
		      "part "
		      "of this period: nothing was blocked then; ",
	      out);
	page_count(out, r->now.observed, "attempt", "attempts");
	fputs(" would be blocked.</p>\n", out);
}

static void put_header(FILE *out, const struct report *r)
{
	fputs("<header><h1>Mail ports, ", out);
	put_period(out, r);
	fputs("</h1>\n", out);
	put_limits(out, r);
	put_bounds(out, r);
	put_mode(out, r);
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
	html_section_open(out, "summary", "Summary");
	html_section_body(out,
			  "An attempt is a connection that somebody tried to "
			  "open, however often the SYN was sent.");
	fputs("<dl class=\"figures\">\n", out);
	put_figure(out, "Attempts", tally_sum(&r->now), tally_sum(&r->before));
	put_figure(out, "Sources", r->sources, r->sources_before);
	put_figure(out, "Blocked", r->now.outcome[OUTCOME_BLOCKED],
		   r->before.outcome[OUTCOME_BLOCKED]);
	if (report_observed(r))
		put_figure(out, "Would be blocked", r->now.observed,
			   r->before.observed);
	put_figure(out, "Answered", r->now.outcome[OUTCOME_ANSWERED],
		   r->before.outcome[OUTCOME_ANSWERED]);
	fputs("</dl>\n", out);
	html_section_close(out);
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

static void put_loaded_mode(const struct cell *c)
{
	const struct report_loaded *l = c->row;

	page_text(c->out, *l->policy ? store_mode_name(l->mode) : "");
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
	{ "Mode", "", put_loaded_mode, 0 },
	{ "By", "long", put_loaded_who, 0 },
	{ "Generation", "n", put_loaded_generation, 0 },
	{ "Digest", "long digest", put_loaded_digest, 0 },
};

static void put_loaded(FILE *out, const struct report *r)
{
	html_section_open(out, "policies", "Policies loaded");
	html_section_body(out, r->loaded.n ? "The latest first." : NULL);
	if (r->loaded.n)
		html_table(out, r,
			   TABLE("policies", "Policies loaded or removed",
				 loaded_columns, r->loaded.items, r->loaded.n));
	else
		html_none(out, "No policy was loaded or removed in this "
			       "period.");
	html_section_close(out);
}

/* ---- what is missing ---- */

static void put_watched(FILE *out, const struct report *r)
{
	int64_t period = r->query.until_s - r->query.since_s;

	if (r->watched_s <= 0) {
		html_none(out, "No monitor was running in this period.");
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
	html_section_open(out, "unseen", "What was not seen");
	html_section_body(
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
	html_section_close(out);
}

/* ---- the page ---- */

static const struct {
	const char *id, *name;
	void (*put)(FILE *out, const struct report *r);
} sections[] = {
	{ "summary", "Summary", put_summary },
	{ "time", "Over time", html_put_over_time },
	{ "findings", "Findings", html_put_findings },
	{ "ports", "Ports", html_put_ports },
	{ "sources", "Sources", html_put_top },
	{ "hours", "Hours", html_put_heat },
	{ "fresh", "Newly seen", html_put_first_seen },
	{ "quiet", "Gone quiet", html_put_quiet },
	{ "cleartext", "Cleartext", html_put_cleartext },
	{ "clauses", "Clauses", html_put_clauses },
	{ "policies", "Policies", put_loaded },
	{ "unseen", "Not seen", put_unseen },
};

/*
 * The content security policy keeps a browser from loading anything, even if
 * the page has a mistake.
 */
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

static int report_html_write(const struct report *r,
			     const struct report_style *style, FILE *out)
{
	(void)style;
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
	return 0;
}

const struct report_writer report_writer_html = {
	.name = "html",
	.type = "text/html; charset=utf-8",
	.write = report_html_write,
};
