/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The answer for a program. */
#include "explain.h"
#include "explain_ports.h"
#include "../program/json.h"
#include "../program/value.h"

static const char *json_match(enum match match)
{
	static const char *const names[] = { "no", "unknown", "yes" };

	return names[match];
}

static json_t *json_texts(const struct explain_texts *texts)
{
	json_t *list = json_array();

	for (size_t i = 0; i < texts->n; i++)
		json_array_append_new(list, text_json(texts->items[i]));
	return list;
}

static json_t *json_clause(const struct clause *cl)
{
	if (!cl)
		return json_null();
	return json_pack("{s:s, s:i, s:o}", "id", cl->id, "line",
			 (int)cl->span.line, "text", text_json(cl->text));
}

static json_t *json_asked(const struct explained *e)
{
	json_t *list = json_array();

	for (size_t i = 0; i < e->asked.n; i++) {
		const struct explain_asked *a = &e->asked.items[i];

		json_array_append_new(
			list,
			json_pack("{s:o, s:b, s:s, s:s, s:s, s:s}", "clause",
				  json_clause(a->clause), "decides", a->decides,
				  "block", json_match(a->match.block), "from",
				  json_match(a->match.from), "to",
				  json_match(a->match.to), "owner",
				  json_match(a->match.owner)));
	}
	return list;
}

static json_t *json_members(const struct explained *e)
{
	json_t *list = json_array();

	for (size_t i = 0; i < e->members.n; i++) {
		const struct explain_member *m = &e->members.items[i];

		json_array_append_new(
			list,
			json_pack("{s:o, s:s, s:o, s:o}", "class",
				  text_json(m->class->name), "end",
				  m->of_source ? "source" : "destination",
				  "member",
				  m->is == IS_NOT_KNOWN ?
					  json_null() :
					  json_boolean(m->is == IS_YES),
				  "expires_s",
				  m->expires_ms ?
					  json_integer(
						  (json_int_t)(m->expires_ms /
							       1000)) :
					  json_null()));
	}
	return list;
}

static json_t *json_kernel(const struct explained *e)
{
	json_t *foreign = json_array();

	if (!e->has_kernel) {
		json_decref(foreign);
		return json_null();
	}
	for (size_t i = 0; i < e->foreign.n; i++) {
		const struct explain_foreign *f = &e->foreign.items[i];

		json_array_append_new(foreign,
				      json_pack("{s:o, s:o, s:i, s:b}", "table",
						text_json(f->table), "chain",
						text_json(f->chain), "priority",
						(int)f->priority, "drops",
						f->drops));
	}
	return json_pack("{s:b, s:b, s:o, s:o}", "loaded", e->family >= 0,
			 "same", e->same, "faults", json_texts(&e->faults),
			 "foreign", foreign);
}

static void json_add_answer(const struct explained *e, json_t *out)
{
	const struct opening *c = &e->opening;

	json_object_set_new(out, "destination",
			    value_address(c->family, &c->destination));
	json_object_set_new(out, "port", json_integer(c->destination_port));
	json_object_set_new(out, "service", value_service(c->destination_port));
	json_object_set_new(out, "verdict",
			    json_string(explain_verdict(e->decision.clause)));
	value_set_flag(out, "blocked",
		       decision_blocks(e->policy, &e->decision));
	value_set_flag(out, "observed",
		       decision_observes(e->policy, &e->decision));
	value_set_flag(out, "unsure", e->decision.unsure);
	json_object_set_new(out, "clause", json_clause(e->decision.clause));
	json_object_set_new(out, "asked", json_asked(e));
	json_object_set_new(out, "members", json_members(e));
}

int explain_print_json(struct explained *e)
{
	json_t *out = json_object();

	json_object_set_new(
		out, "source",
		value_address(e->opening.family, &e->opening.source));
	if (e->whole)
		json_object_set_new(out, "ports", explain_ports_json(e));
	else
		json_add_answer(e, out);
	json_object_set_new(out, "policy", text_json(e->policy->name));
	json_object_set_new(out, "from", text_json(e->from_where));
	json_object_set_new(
		out, "mode",
		json_string(e->policy->observe ? "observe" : "enforce"));
	json_object_set_new(out, "kernel", json_kernel(e));
	json_object_set_new(out, "live", explain_live_json(e));
	json_object_set_new(out, "records",
			    e->records ? json_incref(e->records) : json_null());
	json_object_set_new(out, "attempts",
			    e->attempts ? json_incref(e->attempts) :
					  json_null());
	json_object_set_new(out, "findings",
			    e->findings ? json_incref(e->findings) :
					  json_null());
	json_object_set_new(out, "not_read", json_texts(&e->not_read));
	return print_json(out);
}
