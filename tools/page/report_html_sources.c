/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sections about sources: findings, lists, and users without encryption. */
#include "report_html.h"

#include "../../rules/base/service.h"

#include <stdio.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#define FINDINGS_SHOWN	8   /* findings that are not folded */
#define FINDINGS_LISTED 200 /* findings with those that are folded */

/* ---- findings ---- */

static bool html_sources_same_day(int64_t a_s, int64_t b_s)
{
	time_t ta = (time_t)a_s, tb = (time_t)b_s;
	struct tm a, b;

	return localtime_r(&ta, &a) && localtime_r(&tb, &b) &&
	       a.tm_year == b.tm_year && a.tm_yday == b.tm_yday;
}

static void html_sources_put_badge(FILE *out, const char *text)
{
	fputs(" <span class=\"badge\">", out);
	page_text(out, text);
	fputs("</span>", out);
}

static void put_activity(FILE *out, const struct report_host *h)
{
	page_count(out, h->attempts, "attempt", "attempts");
	fputs(" (", out);
	page_count(out, h->syns, "SYN", "SYNs");
	fputs(h->lead->destinations_exact ? ") at " : ") at about ", out);
	page_count(out, h->destinations, "destination", "destinations");
	fputs(" in ", out);
	page_count(out, h->groups, "network", "networks");
}

/* Prints the day once if both ends are on it. */
static void put_span(FILE *out, const struct report_host *h,
		     const struct report *r)
{
	bool one = html_sources_same_day(h->first_s, h->last_s);

	page_time(out, h->first_s, WHEN_HOUR, r->made_s);
	fputs(" to ", out);
	page_time(out, h->last_s, one ? WHEN_CLOCK : WHEN_HOUR, r->made_s);
}

/* Prints what the SYNs tell of who sends behind the address. */
static void put_systems(FILE *out, uint16_t systems)
{
	char text[SYSTEMS_TEXT_BYTES];
	unsigned int n = systems_count(systems);

	if (n > 1)
		fprintf(out, " %u different systems send behind it: ", n);
	else if (n)
		fputs(" Its packets look like those of ", out);
	else
		return;
	page_text(out, systems_text(systems, text));
	fputc('.', out);
}

/* Prints whether the address is proven: anybody can send a SYN in its name. */
static void html_sources_put_proof(FILE *out, const struct report_host *h)
{
	const struct report_finding *f = h->lead;

	fputs(h->proven ? "Proven by a completed handshake; " :
			  "Not proven, only unanswered SYNs; ",
	      out);
	fputs(f->blocked ? "assumed blocked." : "assumed open.", out);
	fputs(h->mail_server ? " It looks like a mail server." : "", out);
	put_systems(out, h->systems);
	if (!f->examples || !*f->examples)
		return;
	fputs(" Destinations: ", out);
	page_text(out, f->examples);
}

/* Prints each kind once, the gravest first. */
static void put_kinds(FILE *out, const struct report_host *h)
{
	html_sources_put_badge(out, h->lead->finding);
	for (size_t i = 0; i < h->n_tests; i++) {
		size_t k = 0;

		while (k < i &&
		       strcmp(h->tests[k]->finding, h->tests[i]->finding) != 0)
			k++;
		if (k == i &&
		    strcmp(h->tests[i]->finding, h->lead->finding) != 0)
			html_sources_put_badge(out, h->tests[i]->finding);
	}
}

static void put_detectors(FILE *out, const struct report_host *h)
{
	const char *between = h->n_tests > 1 ? ", detectors " : ", detector ";

	for (size_t i = 0; i < h->n_tests; i++) {
		if (report_host_has(h, i))
			continue;
		fputs(between, out);
		page_text(out, h->tests[i]->detector);
		between = ", ";
	}
}

static void html_sources_put_host(FILE *out, const struct report_host *h,
				  const struct report *r)
{
	fputs("<li><h3>", out);
	page_text(out, h->name);
	put_kinds(out, h);
	fputs("</h3><p class=\"when\">", out);
	page_time(out, h->time_s, WHEN_SHORT, r->made_s);
	fputs("</p><p>Port ", out);
	page_port(out, h->lead->port);
	put_detectors(out, h);
	fputs(": ", out);
	put_activity(out, h);
	fputs(", ", out);
	put_span(out, h, r);
	fputs(".</p><p class=\"soft\">", out);
	html_sources_put_proof(out, h);
	fputs("</p></li>\n", out);
}

static void put_finding_list(FILE *out, const struct report *r, size_t from,
			     size_t to)
{
	fputs("<ol class=\"findings\">\n", out);
	for (size_t i = from; i < to; i++)
		html_sources_put_host(out, &r->hosts.items[i], r);
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

void html_put_findings(FILE *out, const struct report *r)
{
	size_t n = r->hosts.n;
	size_t shown = n < FINDINGS_SHOWN ? n : FINDINGS_SHOWN;
	size_t listed = n < FINDINGS_LISTED ? n : FINDINGS_LISTED;

	html_section_open(out, "findings", "Findings");
	html_section_body(
		out, n ? "Sources that a detector reported, the latest "
			 "first. <em>Proven</em>: it completed a handshake, "
			 "so the address is its own; else it may be forged. "
			 "<em>Assumed blocked</em>: judged as behind a block, "
			 "where every attempt fails." :
			 NULL);
	if (n)
		put_finding_list(out, r, 0, shown);
	else
		html_none(out, "No source was reported in this period.");
	if (n > shown) {
		fputs("<details><summary>", out);
		page_number(out, n - shown);
		fputs(" earlier</summary>\n", out);
		put_finding_list(out, r, shown, listed);
		put_rest(out, n - listed);
		fputs("</details>\n", out);
	}
	html_section_close(out);
}

/* ---- sources ---- */

/* Prints "12 of 340" for a list that was cut. */
static void html_sources_put_of(FILE *out, const struct report_sources *list)
{
	if (list->all <= list->n)
		return;
	fputs("<p>", out);
	page_number(out, list->n);
	fputs(" of ", out);
	page_number(out, list->all);
	fputs(" are listed.</p>\n", out);
}

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
	return (r->query.until_s - r->query.since_s) / REPORT_SPARKS;
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
	if (s->mail_server)
		fputs("<span class=\"badge\">mail server</span>", c->out);
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
		page_when(out, r->query.since_s + i * spark_s(r), WHEN_SHORT,
			  r->made_s);
		fputs("</th>", out);
	}
	fputs("</tr></thead><tbody>\n", out);
}

static void put_spark_numbers(FILE *out, const struct report *r)
{
	fputs("<details><summary>The numbers of these lines</summary>\n", out);
	html_table_open(out, "sparks", "Attempts of each source over time");
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
	html_table_close(out);
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

void html_put_top(FILE *out, const struct report *r)
{
	html_section_open(out, "sources", "Sources");
	html_sources_put_of(out, &r->top);
	html_section_body(
		out,
		r->top.n ? "Those with the most attempts. A line of bars runs "
			   "over the period, to its own scale." :
			   NULL);
	if (!r->top.n) {
		html_none(out, "No source was seen in this period.");
	} else {
		html_table(out, r,
			   TABLE("sources", "Sources with the most attempts",
				 top_columns, r->top.items, r->top.n));
		put_spark_numbers(out, r);
	}
	put_folded(out, r);
	html_section_close(out);
}

static const struct column first_seen_columns[] = {
	{ "Source", "", put_source_name, 0 },
	{ "Attempts", "n", put_source_now, 0 },
	{ "Ports", "", put_source_ports, 0 },
	{ "First seen", "", put_source_first, 0 },
	{ "Findings", "", put_source_findings, 0 },
};

void html_put_first_seen(FILE *out, const struct report *r)
{
	html_section_open(out, "fresh", "Newly seen");
	html_sources_put_of(out, &r->first_seen);
	html_section_body(
		out,
		r->first_seen.n ?
			"Sources of which the store knew nothing before this "
			"period." :
			NULL);
	if (r->first_seen.n)
		html_table(out, r,
			   TABLE("fresh", "Sources seen for the first time",
				 first_seen_columns, r->first_seen.items,
				 r->first_seen.n));
	else
		html_none(out, "No source is new.");
	html_section_close(out);
}

static const struct column quiet_columns[] = {
	{ "Source", "", put_source_name, 0 },
	{ "Before", "n", put_source_before, 0 },
	{ "First seen", "", put_source_first, 0 },
	{ "Last seen", "", put_source_last, 0 },
};

void html_put_quiet(FILE *out, const struct report *r)
{
	html_section_open(out, "quiet", "Gone quiet");
	html_sources_put_of(out, &r->quiet);
	html_section_body(
		out, r->quiet.n ?
			     "Sources that were seen in the period before, and "
			     "not in this one." :
			     NULL);
	if (r->quiet.n)
		html_table(out, r,
			   TABLE("quiet", "Sources not seen any more",
				 quiet_columns, r->quiet.items, r->quiet.n));
	else
		html_none(out, "No source has gone quiet.");
	html_section_close(out);
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

static bool is_with_tls(const struct service *s)
{
	return s->users_have_tls;
}

void html_put_cleartext(FILE *out, const struct report *r)
{
	char ports[SERVICE_LIST_BYTES], note[SERVICE_LIST_BYTES + 128];

	snprintf(note, sizeof(note),
		 "Their passwords went over the network as they are. "
		 "Who was on %s too needs only a setting changed.",
		 service_list_ports(is_with_tls, "or", ports));
	html_section_open(out, "cleartext", "Logins without encryption");
	html_section_body(out, r->cleartext.n ? note : NULL);
	if (r->cleartext.n)
		html_table(out, r,
			   TABLE("cleartext", "Users without encryption",
				 user_columns, r->cleartext.items,
				 r->cleartext.n));
	else
		html_none(out, "No login without encryption was seen.");
	html_section_close(out);
}
