/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "impact.h"
#include "../../rules/base/arena.h"
#include "../program/program.h"
#include "../program/json.h"
#include "../event/events.h"

void impact_init(struct impact *i, struct program *p,
		 const struct policy *policy)
{
	size_t n = 0;

	*i = (struct impact){ .policy = policy };
	if (!policy)
		return;
	for (size_t b = 0; b < policy->blocks.n; b++)
		n += policy->blocks.items[b].clauses.n;
	i->clauses = arena_alloc(p->arena, (n + 1) * sizeof(*i->clauses));
	for (size_t b = 0; b < policy->blocks.n; b++) {
		const struct block *block = &policy->blocks.items[b];

		for (size_t k = 0; k < block->clauses.n; k++)
			i->clauses[i->n_clauses++].clause =
				&block->clauses.items[k];
	}
}

/* The clauses are listed block by block, each block's in its own order. */
static struct clause_impact *impact_of(struct impact *i,
				       const struct clause *clause)
{
	size_t first = 0;

	for (size_t b = 0; b < i->policy->blocks.n; b++) {
		const struct block *block = &i->policy->blocks.items[b];

		if (clause->block == block)
			return &i->clauses[first +
					   (size_t)(clause -
						    block->clauses.items)];
		first += block->clauses.n;
	}
	return NULL;
}

void impact_add(struct impact *i, const struct attempt_event *event)
{
	struct clause_impact *c;
	bool answered = event->outcome == OUTCOME_ANSWERED;

	if (!i->policy)
		return;
	i->would_block += event->would_block;
	i->newly_blocked += event->would_block && answered;
	c = event->decided ? impact_of(i, event->decided) : NULL;
	if (!c) {
		i->undecided++;
		return;
	}
	c->attempts++;
	c->answered += answered;
}

void impact_add_source(struct impact *i, const struct source_view *view)
{
	if (!i->policy || !view->would_be_blocked)
		return;
	i->sources++;
	if (!view->mail_server)
		return;
	i->servers++;
	if (i->n_shown < IMPACT_SERVERS_MOST)
		i->servers_shown[i->n_shown++] = *view;
}

json_t *impact_json(const struct impact *i)
{
	json_t *clauses = json_array(), *servers = json_array();

	for (size_t k = 0; k < i->n_clauses; k++) {
		const struct clause_impact *c = &i->clauses[k];

		json_array_append_new(
			clauses,
			json_pack("{s:o, s:o, s:s, s:I, s:I}", "clause",
				  text_json(c->clause->id), "text",
				  text_json(c->clause->text), "action",
				  action_name(c->clause->action), "attempts",
				  (json_int_t)c->attempts, "answered",
				  (json_int_t)c->answered));
	}
	for (size_t k = 0; k < i->n_shown; k++)
		json_array_append_new(servers,
				      source_json(&i->servers_shown[k]));
	return json_pack(
		"{s:s, s:s, s:o, s:I, s:I, s:I, s:I, s:I, s:o}", "event",
		"impact", "policy", i->policy->name, "clauses", clauses,
		"undecided", (json_int_t)i->undecided, "would_block",
		(json_int_t)i->would_block, "newly_blocked",
		(json_int_t)i->newly_blocked, "sources", (json_int_t)i->sources,
		"mail_servers", (json_int_t)i->servers, "mail_server_sources",
		servers);
}
