/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A report for a terminal, in local time. */
#include "report_priv.h"
#include "writer.h"

#include "../../rules/base/service.h"
#include "../program/utf8.h"
#include "../../rules/base/units.h"

#include <stdio.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#define DAY_S 86400

static const char *report_text_local_time(char out[32], int64_t at_s)
{
	time_t at = (time_t)at_s;
	struct tm tm;

	localtime_r(&at, &tm);
	strftime(out, 32, "%Y-%m-%d %H:%M", &tm);
	return out;
}

/* Prints "+12%", "-3%", "new" or "-". */
static const char *change(char out[16], uint64_t now, uint64_t before)
{
	double by =
		before ? ((double)now - (double)before) * 100 / (double)before :
			 0;

	if (!before)
		strcpy(out, now ? "new" : "-");
	else if (by > 9999)
		strcpy(out, ">9999%");
	else
		snprintf(out, 16, "%+.0f%%", by);
	return out;
}

static const char *report_text_service_name(uint16_t port)
{
	const struct service *s = service_by_port(port);

	return s ? s->name : "-";
}

/* ---- the head ---- */

static void print_head(const struct report *r, FILE *out)
{
	char since[32], until[32], by[16];
	uint64_t now = tally_sum(&r->now), before = tally_sum(&r->before);

	fprintf(out, "%s to %s\n",
		report_text_local_time(since, r->query.since_s),
		report_text_local_time(until, r->query.until_s));
	fprintf(out,
		"%" PRIu64 " attempts of %" PRIu64 " sources (%s; %" PRIu64
		" of %" PRIu64 " in the period before)\n",
		now, r->sources, change(by, now, before), before,
		r->sources_before);
	if (report_observed(r))
		fprintf(out,
			"mode observe %s this period: nothing is blocked "
			"under it; %" PRIu64 " attempts would be blocked\n",
			report_only_observed(r) ? "in all of" : "in a part of",
			r->now.observed);
	if (r->folded)
		fprintf(out,
			"%" PRIu64 " of them were of sources that were not "
			"kept apart\n",
			r->folded);
}

/* ---- tables ---- */

static void report_text_print_ports(const struct report *r, FILE *out)
{
	char by[16];

	if (!r->ports.n)
		return;
	fprintf(out, "\n port service       attempts  change  sources  blocked "
		     "unanswered  refused     ICMP answered\n");
	for (size_t i = 0; i < r->ports.n; i++) {
		const struct report_port *p = &r->ports.items[i];
		const uint64_t *n = p->now.outcome;

		fprintf(out,
			"%5u %-11s %10" PRIu64 " %7s %8" PRIu64 " %8" PRIu64
			" %10" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64
			"\n",
			p->port, report_text_service_name(p->port),
			tally_sum(&p->now),
			change(by, tally_sum(&p->now), tally_sum(&p->before)),
			p->sources, n[OUTCOME_BLOCKED], n[OUTCOME_UNANSWERED],
			n[OUTCOME_REFUSED], n[OUTCOME_ICMP_REFUSED],
			n[OUTCOME_ANSWERED]);
	}
}

static void report_text_print_clauses(const struct report *r, FILE *out)
{
	char by[16];

	if (!r->clauses.n || (r->clauses.n == 1 && !*r->clauses.items[0].id))
		return;
	fprintf(out, "\nclauses              attempts  change\n");
	for (size_t i = 0; i < r->clauses.n; i++) {
		const struct report_clause *c = &r->clauses.items[i];

		fprintf(out, "  ");
		utf8_puts(out, *c->id ? c->id : "(none)");
		fprintf(out, "%*s%10" PRIu64 " %7s\n",
			strlen(c->id) < 17 ? (int)(17 - strlen(c->id)) : 1, "",
			c->attempts, change(by, c->attempts, c->before));
	}
}

static void print_found(uint32_t findings, FILE *out)
{
	for (enum finding_kind k = 0; k < FINDING_N; k++)
		if (findings & 1u << k)
			fprintf(out, "  %s", finding_name(k));
}

static void report_text_print_source(const struct report_source *s, FILE *out)
{
	char last[32], by[16];

	fprintf(out, "  %-28s %10" PRIu64 " %7s %10" PRIu64 "  %s", s->name,
		s->attempts, change(by, s->attempts, s->before),
		s->now.outcome[OUTCOME_BLOCKED],
		report_text_local_time(last, s->last_s));
	for (size_t i = 0; i < s->n_ports; i++)
		fprintf(out, "%s%u", i ? "," : "  ", s->ports[i]);
	print_found(s->findings, out);
	fputs(s->mail_server ? "  looks like a mail server" : "", out);
	fputc('\n', out);
}

static void report_text_print_sources(const char *title,
				      const struct report_sources *list,
				      FILE *out)
{
	if (!list->n)
		return;
	fprintf(out, "\n%s: %zu of %" PRIu64 "\n", title, list->n, list->all);
	fprintf(out, "  %-28s   attempts  change    blocked  %-16s  ports\n",
		"", "last");
	for (size_t i = 0; i < list->n; i++)
		report_text_print_source(&list->items[i], out);
}

static void print_quiet(const struct report *r, FILE *out)
{
	char last[32];

	if (!r->quiet.n)
		return;
	fprintf(out, "\ngone quiet: %zu of %" PRIu64 "\n", r->quiet.n,
		r->quiet.all);
	for (size_t i = 0; i < r->quiet.n; i++)
		fprintf(out,
			"  %-28s %10" PRIu64 " attempts before, the last one "
			"%s\n",
			r->quiet.items[i].name, r->quiet.items[i].before,
			report_text_local_time(last, r->quiet.items[i].last_s));
}

static void print_cleartext(const struct report *r, FILE *out)
{
	char last[32];

	if (!r->cleartext.n)
		return;
	fprintf(out, "\nlogins without encryption: %zu\n", r->cleartext.n);
	for (size_t i = 0; i < r->cleartext.n; i++) {
		const struct report_cleartext *c = &r->cleartext.items[i];

		fprintf(out, "  %-28s port %u, last %s, %s\n", c->name, c->port,
			report_text_local_time(last, c->last_s),
			c->uses_tls ? "uses TLS elsewhere" :
				      "has not moved to TLS");
	}
}

/* ---- findings ---- */

static void report_text_print_finding(const struct report_finding *f, FILE *out)
{
	char at[32];

	fprintf(out, "  %s %s ", report_text_local_time(at, f->time_s),
		f->name);
	utf8_puts(out, f->finding);
	fputs(" (", out);
	utf8_puts(out, f->detector);
	fprintf(out,
		"), port %u: %" PRIu64 " attempts, %s%" PRIu64
		" destinations in %" PRIu64 " networks%s",
		f->port, f->attempts, f->destinations_exact ? "" : "about ",
		f->destinations, f->groups,
		f->proven ?
			"" :
			"; no handshake was seen, the address may be forged");
	fputs(f->mail_server ? "; looks like a mail server" : "", out);
	if (*f->examples) {
		fputs("; ", out);
		utf8_puts(out, f->examples);
	}
	fputc('\n', out);
}

/* "; sent by Windows", "; sent by 3 systems: ..." */
static void print_systems(uint16_t systems, FILE *out)
{
	char text[SYSTEMS_TEXT_BYTES];
	unsigned int n = systems_count(systems);

	if (n > 1)
		fprintf(out, "; sent by %u systems: %s", n,
			systems_text(systems, text));
	else if (n)
		fprintf(out, "; sent by %s", systems_text(systems, text));
}

/* "spam-source (fast, medium), direct-to-mx (late)" */
static void print_tests(const struct report_host *h, FILE *out)
{
	const char *kind = "";

	for (size_t i = 0; i < h->n_tests; i++) {
		const struct report_finding *f = h->tests[i];

		if (report_host_has(h, i))
			continue;
		if (strcmp(kind, f->finding) != 0) {
			fputs(*kind ? "), " : "", out);
			utf8_puts(out, f->finding);
			fputs(" (", out);
		} else {
			fputs(", ", out);
		}
		utf8_puts(out, f->detector);
		kind = f->finding;
	}
	fputc(')', out);
}

static void print_host(const struct report_host *h, FILE *out)
{
	char at[32];

	fprintf(out, "  %s %s ", report_text_local_time(at, h->time_s),
		h->name);
	print_tests(h, out);
	fprintf(out,
		", port %u: %" PRIu64 " attempts, %s%" PRIu64
		" destinations in %" PRIu64 " networks%s",
		h->lead->port, h->attempts,
		h->lead->destinations_exact ? "" : "about ", h->destinations,
		h->groups,
		h->proven ?
			"" :
			"; no handshake was seen, the address may be forged");
	fputs(h->mail_server ? "; looks like a mail server" : "", out);
	print_systems(h->systems, out);
	if (*h->lead->examples) {
		fputs("; ", out);
		utf8_puts(out, h->lead->examples);
	}
	fputc('\n', out);
}

static void report_text_print_findings(const struct report *r, FILE *out)
{
	size_t n = r->hosts.n < r->query.top ? r->hosts.n : r->query.top;

	fprintf(out, "\nfindings: %zu of %zu, the latest first\n", n,
		r->hosts.n);
	for (size_t i = 0; i < n; i++)
		print_host(&r->hosts.items[i], out);
}

static void print_loaded(const struct report *r, FILE *out)
{
	char at[32];

	if (!r->loaded.n)
		return;
	fprintf(out, "\nloaded\n");
	for (size_t i = 0; i < r->loaded.n; i++) {
		const struct report_loaded *l = &r->loaded.items[i];

		fprintf(out, "  %s ", report_text_local_time(at, l->time_s));
		utf8_puts(out, *l->policy ? l->policy : "removed");
		if (l->mode != STORE_MODE_UNKNOWN)
			fprintf(out, " (%s)", store_mode_name(l->mode));
		fprintf(out, "%s%s by ", *l->digest ? " " : "", l->digest);
		utf8_puts(out, l->who);
		fputc('\n', out);
	}
}

static void print_blind_spots(const struct report *r, FILE *out)
{
	int64_t length = r->query.until_s - r->query.since_s;

	if (r->lost || r->unlogged)
		fprintf(out,
			"note: the monitor lost %" PRIu64 " packets, and no "
			"log came of %" PRIu64 " that were blocked\n",
			r->lost, r->unlogged);
	if (r->steps)
		fprintf(out,
			"note: the clock was set %" PRIu64 " time%s; what "
			"was seen meanwhile may lie outside of this period\n",
			r->steps, plural_s(r->steps));
	if (r->watched_s && r->watched_s < length - 60)
		fprintf(out,
			"note: a monitor ran for %.1f of %.1f hours of this "
			"period\n",
			(double)r->watched_s / 3600, (double)length / 3600);
}

static int report_text_write(const struct report *r,
			     const struct report_style *style, FILE *out)
{
	(void)style;
	print_head(r, out);
	report_text_print_ports(r, out);
	report_text_print_clauses(r, out);
	report_text_print_sources("sources", &r->top, out);
	report_text_print_sources("newly seen", &r->first_seen, out);
	print_quiet(r, out);
	report_text_print_findings(r, out);
	print_cleartext(r, out);
	print_loaded(r, out);
	print_blind_spots(r, out);
	return 0;
}

const struct report_writer report_writer_text = {
	.name = "text",
	.type = "text/plain; charset=utf-8",
	.write = report_text_write,
};

/* ---- one source ---- */

static void print_why(const struct report *r, FILE *out)
{
	for (size_t i = 0; i < r->findings.n; i++) {
		const struct report_finding *f = &r->findings.items[i];

		report_text_print_finding(f, out);
		fputs("    ", out);
		fputs(report_print_meaning(f, out) ? "\n" : "-\n", out);
	}
}

static void print_timeline(const struct report *r, FILE *out)
{
	char at[32];

	fprintf(out, "\n%-16s   attempts    blocked\n", "timeline");
	for (size_t i = 0; i < r->timeline.n; i++) {
		const struct report_bucket *b = &r->timeline.items[i];

		if (tally_sum(&b->now))
			fprintf(out, "%s %10" PRIu64 " %10" PRIu64 "\n",
				report_text_local_time(at, b->start_s),
				tally_sum(&b->now),
				b->now.outcome[OUTCOME_BLOCKED]);
	}
}

static int report_source_write(const struct report *r,
			       const struct report_style *style, FILE *out)
{
	char first[32], last[32];

	(void)style;
	if (r->top.n)
		fprintf(out, "%s: first seen %s, last %s\n",
			r->top.items[0].name,
			report_text_local_time(first, r->top.items[0].first_s),
			report_text_local_time(last, r->top.items[0].last_s));
	fprintf(out, "findings: %zu\n", r->findings.n);
	print_why(r, out);
	report_text_print_ports(r, out);
	report_text_print_clauses(r, out);
	print_timeline(r, out);
	return 0;
}

const struct report_writer report_writer_source = {
	.name = "source",
	.type = "text/plain; charset=utf-8",
	.one_source = true,
	.write = report_source_write,
};
