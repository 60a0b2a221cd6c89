/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A report as one JSON document; times are of UTC. */
#include "writer.h"

#include "../program/value.h"
#include "../../rules/base/service.h"
#include "../program/json.h"
#include "../program/message.h"
#include "../program/program.h"

#include <stdio.h>
#include <errno.h>
#include <string.h>

static json_t *tally_json(const struct tally *t)
{
	json_t *json = json_object();

	for (enum outcome o = 0; o < OUTCOME_N; o++)
		json_object_set_new(json, outcome_name(o),
				    json_integer((json_int_t)t->outcome[o]));
	return json;
}

static json_t *report_json_ports(const struct report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->ports.n; i++) {
		const struct report_port *p = &r->ports.items[i];
		json_t *json = json_object();

		value_set_count(json, "port", p->port);
		json_object_set_new(json, "service", value_service(p->port));
		value_set_count(json, "attempts", tally_sum(&p->now));
		value_set_count(json, "before", tally_sum(&p->before));
		value_set_count(json, "sources", p->sources);
		value_set_count(json, "observed", p->now.observed);
		json_object_set_new(json, "outcomes", tally_json(&p->now));
		json_array_append_new(list, json);
	}
	return list;
}

static json_t *systems_json(uint16_t systems)
{
	json_t *list = json_array();

	for (enum system system = SYSTEM_LINUX; system < SYSTEM_N; system++)
		if (systems & system_bit(system))
			json_array_append_new(list,
					      json_string(system_name(system)));
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
	value_set_count(json, "attempts", s->attempts);
	value_set_count(json, "before", s->before);
	json_object_set_new(json, "outcomes", tally_json(&s->now));
	json_object_set_new(json, "first", value_time_s(s->first_s));
	json_object_set_new(json, "last", value_time_s(s->last_s));
	json_object_set_new(json, "ports", ports);
	json_object_set_new(json, "findings", findings);
	value_set_flag(json, "mail_server", s->mail_server);
	value_set_count(json, "observed", s->now.observed);
	json_object_set_new(json, "systems", systems_json(s->systems));
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

/* The figures that a finding and a host of findings have alike. */
struct json_case {
	int64_t time_s, first_s, last_s;
	const char *name, *finding;
	uint16_t port;
	uint64_t attempts, syns, destinations, groups;
	bool proven, mail_server;
	uint16_t systems;
};

static json_t *case_json(const struct json_case *c)
{
	json_t *json = json_object();

	json_object_set_new(json, "time", value_time_s(c->time_s));
	json_object_set_new(json, "source", text_json(c->name));
	json_object_set_new(json, "finding", text_json(c->finding));
	value_set_count(json, "port", c->port);
	value_set_count(json, "attempts", c->attempts);
	value_set_count(json, "syns", c->syns);
	value_set_count(json, "destinations", c->destinations);
	value_set_count(json, "groups", c->groups);
	json_object_set_new(json, "first", value_time_s(c->first_s));
	json_object_set_new(json, "last", value_time_s(c->last_s));
	value_set_flag(json, "proven", c->proven);
	value_set_flag(json, "mail_server", c->mail_server);
	json_object_set_new(json, "systems", systems_json(c->systems));
	return json;
}

static json_t *finding_json_of(const struct report_finding *f)
{
	const struct json_case c = {
		f->time_s,	 f->first_s, f->last_s,	  f->name,
		f->finding,	 f->port,    f->attempts, f->syns,
		f->destinations, f->groups,  f->proven,	  f->mail_server,
		f->systems,
	};
	json_t *json = case_json(&c);

	json_object_set_new(json, "detector", text_json(f->detector));
	value_set_flag(json, "destinations_exact", f->destinations_exact);
	json_object_set_new(json, "assumed",
			    json_string(f->blocked ? "blocked" : "open"));
	json_object_set_new(json, "examples", words_json(f->examples));
	return json;
}

static json_t *report_json_findings(const struct report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->findings.n; i++)
		json_array_append_new(list,
				      finding_json_of(&r->findings.items[i]));
	return list;
}

static json_t *host_json(const struct report_host *h)
{
	const struct json_case c = {
		h->time_s,	  h->first_s,	 h->last_s,   h->name,
		h->lead->finding, h->lead->port, h->attempts, h->syns,
		h->destinations,  h->groups,	 h->proven,   h->mail_server,
		h->systems,
	};
	json_t *json = case_json(&c), *evidence = json_array();

	for (size_t i = 0; i < h->n_tests; i++)
		json_array_append_new(evidence, finding_json_of(h->tests[i]));
	json_object_set_new(json, "evidence", evidence);
	return json;
}

static json_t *hosts_json(const struct report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->hosts.n; i++)
		json_array_append_new(list, host_json(&r->hosts.items[i]));
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
			list, json_pack("{s:o, s:i, s:o, s:b}", "source",
					text_json(c->name), "port", c->port,
					"last", value_time_s(c->last_s),
					"uses_tls", c->uses_tls));
	}
	return list;
}

static json_t *mode_json(uint8_t mode)
{
	return mode == STORE_MODE_UNKNOWN ? json_null() :
					    json_string(store_mode_name(mode));
}

static json_t *modes_json(const struct report *r)
{
	json_t *list = json_array();

	for (enum report_mode m = REPORT_UNKNOWN; m <= REPORT_OBSERVE; m++)
		if (r->modes >> m & 1 ||
		    (m == REPORT_UNKNOWN && !r->modes_known))
			json_array_append_new(list,
					      json_string(report_mode_name(m)));
	return list;
}

static json_t *loaded_json(const struct report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->loaded.n; i++) {
		const struct report_loaded *l = &r->loaded.items[i];

		json_array_append_new(
			list, json_pack("{s:o, s:o, s:o, s:o, s:I, s:o}",
					"time", value_time_s(l->time_s),
					"policy", text_json(l->policy),
					"digest", text_json(l->digest), "who",
					text_json(l->who), "generation",
					(json_int_t)l->generation, "mode",
					mode_json(l->mode)));
	}
	return list;
}

static json_t *timeline_json(const struct report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->timeline.n; i++)
		json_array_append_new(
			list,
			json_pack(
				"{s:o, s:o, s:I}", "start",
				value_time_s(r->timeline.items[i].start_s),
				"outcomes",
				tally_json(&r->timeline.items[i].now),
				"observed",
				(json_int_t)r->timeline.items[i].now.observed));
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

static json_t *report_json(const struct report *r)
{
	json_t *json = json_object();

	json_object_set_new(json, "since", value_time_s(r->query.since_s));
	json_object_set_new(json, "until", value_time_s(r->query.until_s));
	value_set_count(json, "attempts", tally_sum(&r->now));
	value_set_count(json, "before", tally_sum(&r->before));
	value_set_count(json, "sources", r->sources);
	value_set_count(json, "sources_before", r->sources_before);
	value_set_count(json, "folded", r->folded);
	json_object_set_new(json, "outcomes", tally_json(&r->now));
	json_object_set_new(json, "ports", report_json_ports(r));
	json_object_set_new(json, "clauses", clauses_json(r));
	json_object_set_new(json, "top", sources_json(&r->top));
	json_object_set_new(json, "new", sources_json(&r->first_seen));
	json_object_set_new(json, "quiet", sources_json(&r->quiet));
	json_object_set_new(json, "findings", report_json_findings(r));
	json_object_set_new(json, "hosts", hosts_json(r));
	json_object_set_new(json, "cleartext", cleartext_json(r));
	json_object_set_new(json, "loaded", loaded_json(r));
	json_object_set_new(json, "timeline", timeline_json(r));
	json_object_set_new(json, "week", heat_json(r));
	json_object_set_new(json, "mode",
			    json_string(report_mode_name(r->mode)));
	json_object_set_new(json, "modes", modes_json(r));
	value_set_count(json, "observed", r->now.observed);
	value_set_count(json, "lost", r->lost);
	value_set_count(json, "unlogged", r->unlogged);
	value_set_count(json, "clock_steps", r->steps);
	value_set_count(json, "watched_seconds", (uint64_t)r->watched_s);
	return json;
}

static int report_json_write(const struct report *r,
			     const struct report_style *style, FILE *out)
{
	json_t *json = report_json(r);
	bool good = value_print(out, json);

	(void)style;
	json_decref(json);
	return good || ferror(out) ? 0 : -ENOMEM;
}

const struct report_writer report_writer_json = {
	.name = "json",
	.type = "application/json",
	.write = report_json_write,
};
