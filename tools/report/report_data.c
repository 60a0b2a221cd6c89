/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A report for programs: JSON, and CSV as in RFC 4180; times are of UTC. */
#include "report.h"

#include "../../rules/base/service.h"
#include "../program/events.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* ---- what the writers share ---- */

int report_written(FILE *out)
{
	if (!fflush(out) && !ferror(out))
		return EXIT_DONE;
	message_say("cannot write the report: %s",
		    strerror(errno ? errno : EIO));
	clearerr(out);
	return EXIT_REFUSED;
}

/* What a terminal obeys is not for a log to say. */
void print_safe(FILE *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		fputc(c < ' ' || c > '~' ? '?' : c, out);
	}
}

/* ---- JSON ---- */

static json_t *report_data_time_json(int64_t time_s)
{
	char text[TIME_TEXT_BYTES];

	time_print(text, time_s * 1000000);
	/* Whole seconds: the store has no more. */
	strcpy(text + strcspn(text, "."), "Z");
	return json_string(text);
}

static json_t *tally_json(const struct tally *t)
{
	json_t *json = json_object();

	for (enum outcome o = 0; o < OUTCOME_N; o++)
		json_object_set_new(json, outcome_name(o),
				    json_integer((json_int_t)t->outcome[o]));
	return json;
}

static void report_data_set_count(json_t *json, const char *name, uint64_t n)
{
	json_object_set_new(json, name, json_integer((json_int_t)n));
}

static json_t *report_data_ports_json(const struct report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->ports.n; i++) {
		const struct report_port *p = &r->ports.items[i];
		const struct service *s = service_by_port(p->port);
		json_t *json = json_object();

		report_data_set_count(json, "port", p->port);
		json_object_set_new(json, "service",
				    s ? json_string(s->name) : json_null());
		report_data_set_count(json, "attempts", tally_sum(&p->now));
		report_data_set_count(json, "before", tally_sum(&p->before));
		report_data_set_count(json, "sources", p->sources);
		json_object_set_new(json, "outcomes", tally_json(&p->now));
		json_array_append_new(list, json);
	}
	return list;
}

static json_t *source_json_of(const struct report_source *s)
{
	json_t *json = json_object(), *ports = json_array();
	json_t *findings = json_array();

	for (size_t i = 0; i < s->n_ports; i++)
		json_array_append_new(ports, json_integer(s->ports[i]));
	for (enum finding_kind k = 0; k < FINDING_N; k++)
		if (s->findings & 1u << k)
			json_array_append_new(findings,
					      json_string(finding_name(k)));
	json_object_set_new(json, "source", text_json(s->name));
	report_data_set_count(json, "attempts", s->attempts);
	report_data_set_count(json, "before", s->before);
	json_object_set_new(json, "outcomes", tally_json(&s->now));
	json_object_set_new(json, "first", report_data_time_json(s->first_s));
	json_object_set_new(json, "last", report_data_time_json(s->last_s));
	json_object_set_new(json, "ports", ports);
	json_object_set_new(json, "findings", findings);
	return json;
}

static json_t *sources_json(const struct report_sources *list)
{
	json_t *items = json_array();

	for (size_t i = 0; i < list->n; i++)
		json_array_append_new(items, source_json_of(&list->items[i]));
	return json_pack("{s:I, s:o}", "all", (json_int_t)list->all, "items",
			 items);
}

static json_t *words_json(const char *text)
{
	json_t *list = json_array();
	size_t n;

	for (; *text; text += n + !!text[n]) {
		n = strcspn(text, " ");
		json_array_append_new(list, json_stringn(text, n));
	}
	return list;
}

static json_t *finding_json_of(const struct report_finding *f)
{
	json_t *json = json_object();

	json_object_set_new(json, "time", report_data_time_json(f->time_s));
	json_object_set_new(json, "source", text_json(f->name));
	json_object_set_new(json, "finding", text_json(f->finding));
	json_object_set_new(json, "detector", text_json(f->detector));
	report_data_set_count(json, "port", f->port);
	report_data_set_count(json, "attempts", f->attempts);
	report_data_set_count(json, "syns", f->syns);
	report_data_set_count(json, "destinations", f->destinations);
	json_object_set_new(json, "destinations_exact",
			    json_boolean(f->destinations_exact));
	report_data_set_count(json, "groups", f->groups);
	json_object_set_new(json, "first", report_data_time_json(f->first_s));
	json_object_set_new(json, "last", report_data_time_json(f->last_s));
	json_object_set_new(json, "proven", json_boolean(f->proven));
	json_object_set_new(json, "assumed",
			    json_string(f->blocked ? "blocked" : "open"));
	json_object_set_new(json, "examples", words_json(f->examples));
	return json;
}

static json_t *report_data_findings_json(const struct report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->findings.n; i++)
		json_array_append_new(list,
				      finding_json_of(&r->findings.items[i]));
	return list;
}

static json_t *clauses_json(const struct report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->clauses.n; i++) {
		const struct report_clause *c = &r->clauses.items[i];

		json_array_append_new(
			list,
			json_pack("{s:o, s:I, s:I}", "clause", text_json(c->id),
				  "attempts", (json_int_t)c->attempts, "before",
				  (json_int_t)c->before));
	}
	return list;
}

static json_t *cleartext_json(const struct report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->cleartext.n; i++) {
		const struct report_cleartext *c = &r->cleartext.items[i];

		json_array_append_new(
			list,
			json_pack("{s:o, s:i, s:o, s:b}", "source",
				  text_json(c->name), "port", c->port, "last",
				  report_data_time_json(c->last_s), "uses_tls",
				  c->uses_tls));
	}
	return list;
}

static json_t *loaded_json(const struct report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->loaded.n; i++) {
		const struct report_loaded *l = &r->loaded.items[i];

		json_array_append_new(
			list, json_pack("{s:o, s:o, s:o, s:o, s:I}", "time",
					report_data_time_json(l->time_s),
					"policy", text_json(l->policy),
					"digest", text_json(l->digest), "who",
					text_json(l->who), "generation",
					(json_int_t)l->generation));
	}
	return list;
}

static json_t *timeline_json(const struct report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->timeline.n; i++)
		json_array_append_new(
			list, json_pack("{s:o, s:o}", "start",
					report_data_time_json(
						r->timeline.items[i].start_s),
					"outcomes",
					tally_json(&r->timeline.items[i].now)));
	return list;
}

static json_t *heat_json(const struct report *r)
{
	json_t *week = json_array();

	for (int d = 0; d < 7; d++) {
		json_t *day = json_array();

		for (int h = 0; h < 24; h++)
			json_array_append_new(
				day, json_integer((json_int_t)r->heat[d][h]));
		json_array_append_new(week, day);
	}
	return week;
}

json_t *report_json(const struct report *r)
{
	json_t *json = json_object();

	json_object_set_new(json, "since",
			    report_data_time_json(r->query.since_s));
	json_object_set_new(json, "until",
			    report_data_time_json(r->query.until_s));
	report_data_set_count(json, "attempts", tally_sum(&r->now));
	report_data_set_count(json, "before", tally_sum(&r->before));
	report_data_set_count(json, "sources", r->sources);
	report_data_set_count(json, "sources_before", r->sources_before);
	report_data_set_count(json, "folded", r->folded);
	json_object_set_new(json, "outcomes", tally_json(&r->now));
	json_object_set_new(json, "ports", report_data_ports_json(r));
	json_object_set_new(json, "clauses", clauses_json(r));
	json_object_set_new(json, "top", sources_json(&r->top));
	json_object_set_new(json, "new", sources_json(&r->first_seen));
	json_object_set_new(json, "quiet", sources_json(&r->quiet));
	json_object_set_new(json, "findings", report_data_findings_json(r));
	json_object_set_new(json, "cleartext", cleartext_json(r));
	json_object_set_new(json, "loaded", loaded_json(r));
	json_object_set_new(json, "timeline", timeline_json(r));
	json_object_set_new(json, "week", heat_json(r));
	report_data_set_count(json, "lost", r->lost);
	report_data_set_count(json, "unlogged", r->unlogged);
	report_data_set_count(json, "watched_seconds", (uint64_t)r->watched_s);
	return json;
}

/* ---- CSV ---- */

/*
 * In quotes, and with an apostrophe before what a spreadsheet would take for a
 * formula.
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

/* A line a source; the other tables are in JSON. */
int report_csv(const struct report *r, FILE *out)
{
	char first[TIME_TEXT_BYTES], last[TIME_TEXT_BYTES];

	fprintf(out, "source,attempts,before,blocked,unanswered,refused,"
		     "icmp_refused,answered,first,last,findings\r\n");
	for (size_t i = 0; i < r->top.n; i++) {
		const struct report_source *s = &r->top.items[i];
		const uint64_t *n = s->now.outcome;
		const char *between = "";

		print_cell(out, s->name);
		time_print(first, s->first_s * 1000000);
		time_print(last, s->last_s * 1000000);
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
		fputs("\"\r\n", out);
	}
	return report_written(out);
}
