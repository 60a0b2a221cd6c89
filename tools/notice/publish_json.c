/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The public page as JSON. */
#include "publish_priv.h"
#include "../program/value.h"

#include "../../rules/base/service.h"
#include "../program/json.h"
#include "../program/message.h"
#include "../program/program.h"

#include <stdio.h>

#include <errno.h>

/* ---- JSON ---- */

static json_t *publish_json_ports_json(const struct ports *ports)
{
	json_t *all = json_array();

	for (size_t i = 0; i < ports->n; i++) {
		const struct service *s = service_by_port(ports->items[i]);

		json_array_append_new(all,
				      json_pack("{s:i, s:s?}", "port",
						(int)ports->items[i], "service",
						s ? s->name : NULL));
	}
	return all;
}

static json_t *families_json(unsigned int families)
{
	json_t *all = json_array();

	if (families & FAMILY_4)
		json_array_append_new(all, json_string("ipv4"));
	if (families & FAMILY_6)
		json_array_append_new(all, json_string("ipv6"));
	return all;
}

static json_t *refs_json(const struct class_refs *refs)
{
	json_t *all = json_array();

	for (size_t i = 0; i < refs->n; i++)
		json_array_append_new(all, text_json(refs->items[i]->name));
	return all;
}

static json_t *ids_json(const struct ids *ids)
{
	json_t *all = json_array();

	for (size_t i = 0; i < ids->n; i++)
		json_array_append_new(all, json_integer(ids->items[i]));
	return all;
}

static json_t *end_json(const struct clause *c, bool source)
{
	struct end end = publish_end_of(c, source);

	return json_pack("{s:o, s:o}", "within", refs_json(end.list[0]), "only",
			 refs_json(end.list[1]));
}

static json_t *limit_json(const struct clause *c)
{
	if (!action_needs_rate(c->action))
		return json_null();
	return json_pack("{s:I, s:I, s:I}", "count", (json_int_t)c->rate.count,
			 "unit_s", (json_int_t)c->rate.unit_s, "burst",
			 (json_int_t)c->rate.burst);
}

static json_t *redirect_json(struct page *t, const struct clause *c)
{
	json_t *all = json_array();
	const char *targets[2];
	size_t n = publish_targets_of(t, c, targets);

	for (size_t i = 0; i < n; i++)
		json_array_append_new(all, json_string(targets[i]));
	return all;
}

static json_t *exceptions_json(struct page *t, const struct page_rule *rule)
{
	json_t *all = json_array();

	for (size_t i = 0; i < rule->exceptions.n; i++) {
		const struct exception *x = &rule->exceptions.items[i];

		json_array_append_new(
			all, json_pack("{s:o, s:s, s:o, s:o, s:o}", "clause",
				       text_json(x->clause->id), "action",
				       action_name(x->clause->action), "ports",
				       publish_json_ports_json(&x->ports),
				       "families", families_json(x->families),
				       "text",
				       text_json(publish_describe_exception(
					       t, rule, x))));
	}
	return all;
}

static json_t *rule_text_json(struct page *t, const struct page_rule *rule)
{
	const struct clause *c = rule->clause;

	return json_pack("{s:o, s:o, s:o, s:o}", "title",
			 text_json(publish_describe_title(t, rule)), "from",
			 text_json(publish_describe_end(t, c, true, false)),
			 "to",
			 text_json(publish_describe_end(t, c, false, false)),
			 "how", text_json(publish_describe_how(t, c)));
}

static bool refuses(const struct clause *c)
{
	return action_may_refuse(c->action);
}

static json_t *rule_json(struct page *t, const struct page_rule *rule)
{
	const struct clause *c = rule->clause;
	bool blocked = action_blocks(c->action) && !t->policy->observe;
	json_t *json = json_pack(
		"{s:i, s:o, s:s, s:b, s:s?, s:s, s:b, s:b}", "number",
		(int)rule->number, "clause", text_json(c->id), "action",
		action_name(c->action), "blocked", blocked, "refusal",
		refuses(c) ? refusal_name(c->refusal) : NULL, "direction",
		direction_name(c->block->direction), "log", c->log, "replies",
		c->replies);

	json_object_set_new(json, "ports",
			    publish_json_ports_json(&rule->ports));
	json_object_set_new(json, "from", end_json(c, true));
	json_object_set_new(json, "to", end_json(c, false));
	json_object_set_new(json, "users", ids_json(&c->users));
	json_object_set_new(json, "groups", ids_json(&c->groups));
	json_object_set_new(json, "families", families_json(rule->families));
	json_object_set_new(json, "limit", limit_json(c));
	json_object_set_new(json, "redirect", redirect_json(t, c));
	json_object_set_new(json, "exceptions", exceptions_json(t, rule));
	json_object_set_new(json, "text", rule_text_json(t, rule));
	return json;
}

static json_t *policy_json(const struct page *t)
{
	const struct policy *p = t->policy;

	return json_pack(
		"{s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:s, s:b}", "name",
		text_json(p->name), "purpose", text_json(p->purpose), "contact",
		text_json(p->contact), "review", text_json(p->review), "since",
		text_json(t->since), "mode", p->observe ? "observe" : "enforce",
		"hook", hook_name(p->hook), "language", words_tag(t->lang),
		"first_match", 1);
}

static json_t *rules_json(struct page *t)
{
	json_t *all = json_array();

	for (size_t i = 0; i < t->rules.n; i++)
		json_array_append_new(all, rule_json(t, &t->rules.items[i]));
	return all;
}

static json_t *groups_json(const struct page *t)
{
	json_t *all = json_array();

	for (size_t i = 0; i < t->groups.n; i++) {
		const struct class *c = t->groups.items[i];

		json_array_append_new(
			all, json_pack("{s:o, s:b, s:o, s:b}", "name",
				       text_json(c->name), "dynamic",
				       c->kind == CLASS_DYNAMIC, "families",
				       families_json(publish_class_families(c)),
				       "interfaces", c->interfaces.n > 0));
	}
	return all;
}

static json_t *ways_json(const struct page *t, enum service_role role)
{
	json_t *all = json_array();
	const struct service *s;

	for (unsigned int i = 1; (s = service_offered(role, i)); i++)
		if (publish_is_open(t->policy, s->port))
			json_array_append_new(all, json_integer(s->port));
	return all;
}

int publish_json(struct page *t)
{
	json_t *json = json_pack("{s:o, s:o, s:o, s:{s:o, s:o}}", "policy",
				 policy_json(t), "rules", rules_json(t),
				 "groups", groups_json(t), "instead", "send",
				 ways_json(t, ROLE_SUBMISSION), "read",
				 ways_json(t, ROLE_ACCESS));
	bool good = value_print(t->out, json);

	json_decref(json);
	/* The caller sees a failed stream. */
	return good || ferror(t->out) ? 0 : -ENOMEM;
}
