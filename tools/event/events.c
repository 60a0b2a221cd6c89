/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "events.h"
#include "../program/value.h"
#include "../../rules/base/service.h"
#include "../program/json.h"
#include "../program/message.h"
#include "../program/program.h"

#include <stdio.h>
#include <errno.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* ---- attempt ---- */

static const struct {
	uint32_t bit;
	const char *name;
} seen_names[] = {
	{ SEEN_BANNER, "banner" },
	{ SEEN_IMPLICIT_TLS, "implicit-tls" },
	{ SEEN_STARTTLS_OFFERED, "starttls-offered" },
	{ SEEN_STARTTLS_MASKED, "starttls-masked" },
	{ SEEN_STARTTLS, "starttls" },
	{ SEEN_STARTTLS_REFUSED, "starttls-refused" },
	{ SEEN_TLS, "tls" },
	{ SEEN_AUTH_CLEAR, "cleartext-auth" },
	{ SEEN_AUTH_FAILED, "auth-failed" },
	{ SEEN_AUTH_OK, "auth-accepted" },
	{ SEEN_HELO, "helo" },
	{ SEEN_HELO_ODD, "helo-odd" },
	{ SEEN_MAIL, "mail" },
	{ SEEN_ACCEPTED, "message-accepted" },
	{ SEEN_GAP, "gap" },
};

static json_t *seen_json(uint32_t said)
{
	json_t *list = json_array();

	for (size_t i = 0; i < COUNT(seen_names); i++)
		if (said & seen_names[i].bit)
			json_array_append_new(list,
					      json_string(seen_names[i].name));
	return list;
}

/* Numbers of replies by class: [2xx and 3xx, 4xx, 5xx]. */
static json_t *replies_json(const struct dialogue *d)
{
	static const char *const names[STAGE_N] = { [STAGE_MAIL] = "mail",
						    [STAGE_RCPT] = "rcpt",
						    [STAGE_DATA] = "data" };
	json_t *all = json_object();

	for (int i = 0; i < STAGE_N; i++)
		json_object_set_new(all, names[i],
				    json_pack("[i, i, i]", d->replies[i][0],
					      d->replies[i][1],
					      d->replies[i][2]));
	return all;
}

static void events_add_decision(json_t *json, const struct attempt_event *event)
{
	const struct clause *c = event->decided;

	if (!c)
		return;
	json_object_set_new(json, "policy_clause", text_json(c->id));
	json_object_set_new(json, "policy_action",
			    json_string(action_name(c->action)));
	value_set_flag(json, "would_block", event->would_block);
	value_set_flag(json, "observed", event->observed);
}

json_t *attempt_json(const struct attempt_event *e, const char *input)
{
	json_t *json = json_object();

	json_object_set_new(json, "event", json_string("attempt"));
	json_object_set_new(json, "time", value_time_us(e->time_us));
	json_object_set_new(json, "source",
			    value_address(e->family, &e->source));
	value_set_count(json, "source_port", e->source_port);
	json_object_set_new(json, "destination",
			    value_address(e->family, &e->destination));
	value_set_count(json, "port", e->port);
	json_object_set_new(json, "service", value_service(e->port));
	value_set_count(json, "syns", e->syns);
	json_object_set_new(json, "last", value_time_us(e->last_us));
	json_object_set_new(json, "outcome",
			    json_string(outcome_name(e->outcome)));
	if (e->clause)
		json_object_set_new(json, "clause", text_json(e->clause));
	if (e->hidden)
		json_object_set_new(json, "hidden",
				    json_string(hidden_name(e->hidden)));
	events_add_decision(json, e);
	if (e->outcome == OUTCOME_ANSWERED)
		value_set_flag(json, "established", e->established);
	if (e->dialogue && e->seen) {
		json_object_set_new(json, "said", seen_json(e->seen));
		if (e->seen & SEEN_MAIL)
			json_object_set_new(json, "replies",
					    replies_json(e->dialogue));
	}
	json_object_set_new(json, "input", text_json(input));
	return json;
}

json_t *outcome_json(const struct attempt_event *event, const char *input)
{
	json_t *json = attempt_json(event, input);

	json_object_set_new(json, "event", json_string("outcome"));
	return json;
}

/* Activity of a source, from a finding or a view of the source. */
struct activity {
	uint64_t attempts, syns, destinations, groups;
	int64_t first_s, last_s;
	bool exact; /* destinations */
};

static void add_activity(json_t *to, const struct activity *d)
{
	value_set_count(to, "attempts", d->attempts);
	value_set_count(to, "syns", d->syns);
	value_set_count(to, "destinations", d->destinations);
	value_set_flag(to, "destinations_exact", d->exact);
	value_set_count(to, "groups", d->groups);
	json_object_set_new(to, "first", value_time_us(d->first_s * 1000000));
	json_object_set_new(to, "last", value_time_us(d->last_s * 1000000));
}

static json_t *value_systems(uint16_t systems)
{
	json_t *list = json_array();

	for (enum system system = SYSTEM_LINUX; system < SYSTEM_N; system++)
		if (systems & system_bit(system))
			json_array_append_new(list,
					      json_string(system_name(system)));
	return list;
}

/* ---- finding ---- */

json_t *finding_json(const struct finding *f)
{
	json_t *json = json_object(), *examples = json_array();

	for (uint8_t i = 0; i < f->n_examples; i++)
		json_array_append_new(
			examples, value_address(f->family, &f->examples[i]));
	json_object_set_new(json, "event", json_string("finding"));
	json_object_set_new(json, "time", value_time_us(f->time_us));
	json_object_set_new(
		json, "finding",
		json_string(finding_name(detector_finding(f->detector))));
	json_object_set_new(json, "detector",
			    json_string(detector_name(f->detector)));
	json_object_set_new(json, "source",
			    value_source(f->family, &f->source));
	value_set_count(json, "port", f->port);
	add_activity(json,
		     &(struct activity){ f->attempts, f->syns, f->destinations,
					 f->groups, f->first_s, f->last_s,
					 f->destinations_exact });
	value_set_flag(json, "again", f->again);
	value_set_flag(json, "proven", f->proven);
	json_object_set_new(json, "assumed",
			    json_string(f->blocked ? "blocked" : "open"));
	json_object_set_new(json, "examples", examples);
	value_set_flag(json, "mail_server", f->mail_server);
	json_object_set_new(json, "confidence",
			    json_string(f->unsure ? "low" : "normal"));
	json_object_set_new(json, "systems", value_systems(f->systems));
	return json;
}

json_t *step_json(const struct judge_step *s, int64_t time_us, uint8_t family)
{
	json_t *json = json_object();

	json_object_set_new(json, "event", json_string("step"));
	json_object_set_new(json, "time", value_time_us(time_us));
	json_object_set_new(json, "detector",
			    json_string(detector_name(s->detector)));
	json_object_set_new(
		json, "finding",
		json_string(finding_name(detector_finding(s->detector))));
	json_object_set_new(json, "seen", json_string(s->seen));
	json_object_set_new(json, "destination",
			    s->destination ?
				    value_address(family, s->destination) :
				    json_null());
	json_object_set_new(json, "before", json_real((double)s->before));
	json_object_set_new(json, "after", json_real((double)s->after));
	json_object_set_new(json, "threshold", json_real((double)s->threshold));
	value_set_flag(json, "found", s->found);
	return json;
}

/* ---- source ---- */

json_t *source_json(const struct source_view *v)
{
	json_t *json = json_object(), *ports = json_array();

	for (size_t i = 0; i < v->n_ports; i++)
		json_array_append_new(ports, json_integer(v->ports[i]));
	json_object_set_new(json, "event", json_string("source"));
	json_object_set_new(json, "source",
			    value_source(v->family, &v->source));
	json_object_set_new(json, "ports", ports);
	add_activity(json,
		     &(struct activity){ v->attempts, v->syns, v->destinations,
					 v->groups, v->first_s, v->last_s,
					 v->destinations_exact });
	json_object_set_new(json, "score", json_real((double)v->score));
	value_set_flag(json, "spam_source", v->spam);
	value_set_flag(json, "mail_server", v->mail_server);
	value_set_flag(json, "would_be_blocked", v->would_be_blocked);
	value_set_flag(json, "proven", v->proven);
	json_object_set_new(json, "systems", value_systems(v->systems));
	return json;
}

/* ---- summary ---- */

static const struct {
	const char *name;
	size_t at;
} port_fields[] = {
#define FIELD(name)                                                            \
	{                                                                      \
#name, offsetof(struct port_counts, name)                      \
	}
	FIELD(syns),	       FIELD(attempts),	    FIELD(pairs),
	FIELD(answered),       FIELD(established),  FIELD(half_open),
	FIELD(refused),	       FIELD(icmp_refused), FIELD(unanswered),
	FIELD(blocked),	       FIELD(open),	    FIELD(banner),
	FIELD(implicit_tls),   FIELD(starttls),	    FIELD(starttls_tls),
	FIELD(cleartext_auth), FIELD(midstream),    FIELD(would_block),
#undef FIELD
};

static json_t *port_json(const struct port_counts *p)
{
	json_t *json = json_object();

	for (size_t i = 0; i < COUNT(port_fields); i++) {
		uint64_t value;

		memcpy(&value, (const char *)p + port_fields[i].at,
		       sizeof(value));
		value_set_count(json, port_fields[i].name, value);
	}
	value_set_flag(json, "pairs_exact", p->pairs_exact);
	return json;
}

static json_t *events_ports_json(const struct engine_summary *s)
{
	json_t *json = json_object();

	for (size_t i = 0; i < s->n_ports; i++) {
		char port[8];

		snprintf(port, sizeof(port), "%u", s->ports[i].port);
		json_object_set_new(json, port, port_json(&s->ports[i]));
	}
	return json;
}

static json_t *undecoded_json(const struct engine_summary *s)
{
	json_t *json = json_object();

	for (enum decoded d = UNDECODED_TRUNCATED; d < DECODED_N; d++)
		value_set_count(json, decoded_name(d), s->decoded[d]);
	return json;
}

static json_t *events_hidden_json(const struct engine_summary *s)
{
	json_t *json = json_object();

	for (enum hidden h = HIDDEN_NOT + 1; h < HIDDEN_N; h++)
		value_set_count(json, hidden_name(h), s->hidden[h]);
	return json;
}

static json_t *events_findings_json(const struct engine_summary *s)
{
	json_t *json = json_object();

	for (enum finding_kind k = 0; k < FINDING_N; k++)
		value_set_count(json, finding_name(k), s->findings[k]);
	return json;
}

json_t *clock_json(const struct clock_step *step)
{
	return json_pack("{s:s, s:o, s:f}", "event", "clock", "time",
			 value_time_us(step->time_us), "step",
			 (double)step->step_us / 1e6);
}

json_t *summary_json(const struct engine_summary *s,
		     const struct summary_extra *extra)
{
	json_t *json = json_object();

	json_object_set_new(json, "event", json_string("summary"));
	value_set_count(json, "packets", s->packets);
	value_set_count(json, "bytes", s->bytes);
	if (s->packets) {
		json_object_set_new(json, "first", value_time_us(s->first_us));
		json_object_set_new(json, "last", value_time_us(s->last_us));
	}
	value_set_count(json, "sources", s->sources);
	json_object_set_new(json, "ports", events_ports_json(s));
	json_object_set_new(json, "undecoded", undecoded_json(s));
	json_object_set_new(json, "hidden", events_hidden_json(s));
	json_object_set_new(json, "findings", events_findings_json(s));
	value_set_count(json, "evicted", s->sources_evicted);
	value_set_count(json, "histories_evicted", s->histories_evicted);
	value_set_count(json, "attempts_cut", s->attempts_cut);
	value_set_count(json, "dialogues_cut", s->connections_cut);
	value_set_count(json, "clauses_cut", s->clauses_cut);
	value_set_count(json, "clock_steps", s->clock_steps);
	value_set_count(json, "lost", extra->lost);
	value_set_flag(json, "lost_exact", extra->lost_exact);
	value_set_count(json, "unlogged", extra->unlogged);
	value_set_count(json, "memory", s->memory);
	value_set_flag(json, "warm", s->warm);
	value_set_flag(json, "final", extra->final);
	return json;
}

/* ---- a line ---- */

int print_event(json_t *event)
{
	int failed = json_dumpf(event, stdout,
				JSON_COMPACT | JSON_ENSURE_ASCII |
					JSON_REAL_PRECISION(4));

	json_decref(event);
	if (!failed && fputc('\n', stdout) != EOF)
		return EXIT_DONE;
	return message_output_failed();
}
