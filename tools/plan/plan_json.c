/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plan as a document: all that the text says, typed. */
#include "plan.h"
#include "../program/json.h"
#include "../program/when.h"
#include "../../rules/base/arena.h"

#include <string.h>

static json_t *count_json(uint64_t n)
{
	return json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n);
}

/* ---- before ---- */

static json_t *before_json(const struct plan_before *b)
{
	static const char *const sources[] = {
		[PLAN_FROM_NOTHING] = "nothing",
		[PLAN_FROM_REVISION] = "revision",
		[PLAN_FROM_KERNEL] = "kernel",
	};
	char text[WHEN_TEXT_BYTES];

	return json_pack(
		"{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "known_by",
		sources[b->source], "policy",
		text_json(*b->name ? b->name : NULL), "digest",
		text_json(*b->digest ? b->digest : NULL), "revision",
		b->revision ? json_integer(b->revision) : json_null(),
		"loaded_at",
		text_json(b->time_s ? when_print_s(text, b->time_s) : NULL),
		"who", text_json(b->who), "why", text_json(b->why));
}

/* ---- settings, lines, classes ---- */

static json_t *settings_json(const struct plan_setting_changes *settings)
{
	json_t *list = json_array();

	for (size_t i = 0; i < settings->n; i++)
		json_array_append_new(
			list,
			json_pack("{s:s, s:o, s:o}", "name",
				  settings->items[i].name, "before",
				  text_json(settings->items[i].before), "after",
				  text_json(settings->items[i].after)));
	return list;
}

static json_t *plan_clause_json(const struct plan_clause *c)
{
	return c ? json_pack("{s:I, s:o, s:o, s:o}", "line",
			     (json_int_t)c->line, "file", text_json(c->place),
			     "text", text_json(c->text), "counter",
			     text_json(c->key)) :
		   json_null();
}

static json_t *block_json(const struct plan_block *b)
{
	return b ? json_pack("{s:I, s:o}", "line", (json_int_t)b->line, "text",
			     text_json(b->text)) :
		   json_null();
}

static json_t *lines_json(const struct plan_lines *lines)
{
	json_t *list = json_array();

	for (size_t i = 0; i < lines->n; i++) {
		const struct plan_line *l = &lines->items[i];

		json_array_append_new(
			list,
			json_pack("{s:s, s:s, s:o, s:o}", "kind",
				  plan_kind_name(l->kind), "what",
				  l->block ? "block" : "clause", "before",
				  l->block ? block_json(l->old_block) :
					     plan_clause_json(l->old_clause),
				  "after",
				  l->block ? block_json(l->new_block) :
					     plan_clause_json(l->new_clause)));
	}
	return list;
}

static json_t *amount_json(const struct plan_amount *a)
{
	return json_pack("{s:o, s:o, s:o}", "prefixes", count_json(a->prefixes),
			 "addresses", count_json(a->addresses), "networks",
			 count_json(a->networks));
}

/* Ranges of a list, up to PLAN_NAMED_MOST of each family. */
static json_t *ranges_json(const struct ranges4 *v4, const struct ranges6 *v6)
{
	json_t *list = json_array();
	char text[RANGE_TEXT_MAX];

	for (size_t i = 0; i < v4->n && i < PLAN_NAMED_MOST; i++) {
		range4_print(text, &v4->items[i]);
		json_array_append_new(list, json_string(text));
	}
	for (size_t i = 0; i < v6->n && i < PLAN_NAMED_MOST; i++) {
		range6_print(text, &v6->items[i]);
		json_array_append_new(list, json_string(text));
	}
	return list;
}

static json_t *class_json(const struct plan_class_change *c)
{
	json_t *o =
		json_pack("{s:s, s:s, s:b, s:b, s:b, s:b, s:o, s:o}", "name",
			  c->name, "kind",
			  c->is_new  ? "added" :
			  c->is_gone ? "removed" :
				       "changed",
			  "dynamic", c->dynamic, "known", c->known, "shrinks",
			  c->shrinks, "emptied", c->emptied,
			  "interfaces_before", text_json(c->interfaces_before),
			  "interfaces_after", text_json(c->interfaces_after));

	if (!o || !c->known)
		return o;
	json_object_set_new(o, "before", amount_json(&c->before));
	json_object_set_new(o, "after", amount_json(&c->after));
	json_object_set_new(o, "gained", amount_json(&c->gained));
	json_object_set_new(o, "lost", amount_json(&c->lost));
	json_object_set_new(o, "gained_members",
			    ranges_json(&c->gained4, &c->gained6));
	json_object_set_new(o, "lost_members",
			    ranges_json(&c->lost4, &c->lost6));
	return o;
}

static json_t *classes_json(const struct plan_class_changes *classes)
{
	json_t *list = json_array();

	for (size_t i = 0; i < classes->n; i++)
		json_array_append_new(list, class_json(&classes->items[i]));
	return list;
}

/* ---- counters, members ---- */

static json_t *counters_json(const struct plan_counters *c)
{
	json_t *come = json_array(), *go = json_array();

	for (size_t i = 0; i < c->come.n; i++)
		json_array_append_new(come, text_json(c->come.items[i]));
	for (size_t i = 0; i < c->go.n; i++)
		json_array_append_new(
			go,
			json_pack("{s:o, s:o, s:o}", "name",
				  text_json(c->go.items[i].name), "packets",
				  count_json(c->go.items[i].packets), "bytes",
				  count_json(c->go.items[i].bytes)));
	return json_pack("{s:I, s:o, s:o}", "kept", (json_int_t)c->kept,
			 "added", come, "removed", go);
}

static json_t *members_json(const struct plan_members *m)
{
	json_t *list = json_array();

	for (size_t i = 0; i < m->named.n; i++)
		json_array_append_new(
			list,
			json_pack("{s:o, s:o, s:o}", "class",
				  text_json(m->named.items[i].class), "member",
				  text_json(m->named.items[i].text),
				  "lost_class",
				  text_json(m->named.items[i].lost)));
	return json_pack("{s:I, s:I, s:b, s:I, s:o}", "stay",
			 (json_int_t)m->stay, "go", (json_int_t)m->go,
			 "bounded", m->bounded, "without_class",
			 (json_int_t)m->without, "list", list);
}

/* ---- effects ---- */

static json_t *session_json(const struct plan_session *s)
{
	char source[RANGE_TEXT_MAX], destination[RANGE_TEXT_MAX];
	const struct opening *o = &s->opening;

	addr_print(source, o->family, &o->source);
	addr_print(destination, o->family, &o->destination);
	return json_pack("{s:s, s:i, s:s, s:i, s:b}", "source", source,
			 "source_port", o->source_port, "destination",
			 destination, "port", o->destination_port, "certain",
			 !s->maybe);
}

static json_t *sessions_json(const struct plan_sessions *s, bool observe)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->named.n; i++)
		json_array_append_new(list, session_json(&s->named.items[i]));
	return json_pack("{s:b, s:o, s:b, s:I, s:I, s:I, s:o}", "known",
			 observe || !s->live.unknown, "why",
			 text_json(s->live.unknown), "bounded", s->live.bounded,
			 "looked_at", (json_int_t)s->live.sessions, "cut",
			 (json_int_t)s->cut, "perhaps", (json_int_t)s->maybe,
			 "list", list);
}

static json_t *seen_hit_json(const struct seen_hit *h)
{
	char source[RANGE_TEXT_MAX];

	addr_print_source(source, h->family, &h->source);
	return json_pack("{s:s, s:i, s:o, s:b, s:b}", "source", source, "port",
			 h->port, "attempts", count_json(h->attempts),
			 "certain", !h->maybe, "mail_server", h->mail_server);
}

static json_t *seen_hits_json(const struct seen_result *seen, bool observe)
{
	json_int_t sure = 0, mail_servers = 0;
	json_t *list = json_array();

	for (size_t i = 0; i < seen->hits.n; i++) {
		const struct seen_hit *h = &seen->hits.items[i];

		sure += !h->maybe;
		mail_servers += h->mail_server;
		if (i < PLAN_NAMED_MOST)
			json_array_append_new(list, seen_hit_json(h));
	}
	return json_pack("{s:b, s:o, s:i, s:b, s:b, s:I, s:I, s:I, s:o}",
			 "known", observe || !seen->unknown, "why",
			 text_json(seen->unknown), "hours", SEEN_HOURS,
			 "bounded", seen->bounded, "unnamed", seen->unnamed,
			 "blocked", sure, "perhaps",
			 (json_int_t)seen->hits.n - sure, "mail_servers",
			 mail_servers, "list", list);
}

/* ---- the transaction ---- */

static json_t *steps_json(const struct plan *plan)
{
	json_t *list = json_array();

	for (size_t i = 0; i < plan->list.n; i++) {
		const struct change_step *s = &plan->list.items[i];

		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:o, s:o}", "verb",
					change_verb_name(s->verb), "object",
					batch_object_name(s->object), "family",
					family_name(s->family), "name",
					text_json(s->name), "count",
					count_json(s->n)));
	}
	return list;
}

static json_t *mended_json(const struct plan *plan)
{
	json_t *list = json_array();

	for (size_t i = 0; i < plan->outcome.acting.n; i++)
		if (plan->outcome.acting.items[i].drift)
			json_array_append_new(
				list,
				text_json(plan->outcome.acting.items[i].name));
	return list;
}

static void add_difference(const struct plan *plan, json_t *o)
{
	const struct plan_lines *l = &plan->lines;

	json_object_set_new(o, "settings", settings_json(&plan->settings));
	json_object_set_new(o, "lines", lines_json(l));
	json_object_set_new(o, "clauses_kept", count_json(l->kept));
	json_object_set_new(o, "clauses_renumbered", count_json(l->renumbered));
	json_object_set_new(o, "clauses_reworded", count_json(l->reworded));
	json_object_set_new(o, "classes", classes_json(&plan->classes));
	json_object_set_new(o, "classes_same", count_json(plan->classes.same));
	json_object_set_new(o, "shrinks", json_boolean(plan->shrinks));
}

static void add_effects(const struct plan *plan, json_t *o)
{
	bool observe = plan->policy->observe;

	json_object_set_new(o, "counters", counters_json(&plan->counters));
	json_object_set_new(o, "members", members_json(&plan->members));
	json_object_set_new(o, "sources", seen_hits_json(&plan->seen, observe));
	json_object_set_new(o, "sessions",
			    sessions_json(&plan->sessions, observe));
	json_object_set_new(o, "transaction", steps_json(plan));
	json_object_set_new(o, "would_be_mended", mended_json(plan));
}

json_t *plan_json(const struct plan *plan)
{
	json_t *o = json_pack(
		"{s:o, s:o, s:s, s:s, s:b, s:I}", "policy",
		text_json(plan->policy->name), "path", text_json(plan->path),
		"mode", plan->policy->observe ? "observe" : "enforce", "digest",
		plan->rules->digest, "to_do", plan->outcome.changed, "changes",
		(json_int_t)plan_changes(plan));

	if (!o || !plan->outcome.changed)
		return o;
	json_object_set_new(o, "before", before_json(&plan->before));
	add_difference(plan, o);
	add_effects(plan, o);
	return o;
}
