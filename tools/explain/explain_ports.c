/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explain_ports.h"
#include "../../rules/base/arena.h"
#include "../../rules/base/service.h"
#include "../program/json.h"

#include <stdio.h>
#include <stdlib.h>

/* A clause that may decide what the source opens to a port. */
struct ports_row {
	uint16_t port;
	const struct clause *clause; /* NULL: none decides */
	const char *condition;	     /* "to relays"; "": to any destination */
};

struct ports_table {
	struct arena *arena;
	struct ports_row *items;
	size_t n, cap;
};

/* ---- ports ---- */

static void ports_add_one(struct arena *a, struct ports *out, uint16_t port)
{
	if (!ports_have(out, port))
		*arena_push(a, out) = port;
}

static int ports_compare(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

void explain_ports_of(const struct explained *e, struct ports *out)
{
	struct arena *a = e->program->arena;

	for (size_t i = 0; i < n_services; i++)
		ports_add_one(a, out, services[i].port);
	for (size_t i = 0; i < e->policy->blocks.n; i++) {
		const struct block *b = &e->policy->blocks.items[i];

		for (size_t k = 0; k < b->clauses.n; k++)
			for (size_t n = 0; n < b->clauses.items[k].ports.n; n++)
				ports_add_one(
					a, out,
					b->clauses.items[k].ports.items[n]);
	}
	qsort(out->items, out->n, sizeof(*out->items), ports_compare);
}

/* ---- clauses ---- */

static const char *ports_names(struct arena *a, const char *before,
			       const struct class_refs *refs)
{
	const char *text = before;

	for (size_t i = 0; i < refs->n; i++)
		text = arena_printf(a, "%s%s%s", text, *text ? " " : "",
				    refs->items[i]->name);
	return text;
}

/* Where the connection has to go for the clause to decide it. */
static const char *ports_condition(struct arena *a, const struct clause *cl)
{
	const char *text = "";

	if (cl->block->direction == DIRECTION_INBOUND && cl->block->of.n)
		text = ports_names(a, "to", &cl->block->of);
	if (!action_redirects(cl->action) && cl->to.n)
		text = ports_names(
			a, *text ? arena_printf(a, "%s, to", text) : "to",
			&cl->to);
	return text;
}

/* May the clause decide what this source opens? */
static bool ports_concern(struct explained *e, const struct clause *cl,
			  bool *surely)
{
	struct clause_match m;

	explain_clause(e, cl, &m);
	if (cl->block->direction == DIRECTION_INBOUND)
		m.block = MATCH_YES;
	*surely = m.block == MATCH_YES && m.from == MATCH_YES &&
		  m.owner == MATCH_YES;
	return m.concerns && m.seen != MATCH_NO && m.block != MATCH_NO &&
	       m.from != MATCH_NO && m.owner != MATCH_NO;
}

/* Adds the clauses of a port until one decides whatever is left. */
static void ports_add_rows(struct explained *e, struct ports_table *t,
			   uint16_t port)
{
	e->opening.destination_port = port;
	for (size_t i = 0; i < e->policy->blocks.n; i++) {
		const struct block *b = &e->policy->blocks.items[i];

		for (size_t k = 0; k < b->clauses.n; k++) {
			const struct clause *cl = &b->clauses.items[k];
			const char *condition;
			bool surely;

			if (!ports_concern(e, cl, &surely))
				continue;
			condition = ports_condition(t->arena, cl);
			if (!surely)
				condition = arena_printf(
					t->arena,
					"%s%sif its interface or "
					"user fits",
					condition, *condition ? ", " : "");
			*arena_push(t->arena, t) =
				(struct ports_row){ port, cl, condition };
			if (!*condition)
				return;
		}
	}
	*arena_push(t->arena, t) = (struct ports_row){ port, NULL, "" };
}

static void ports_make(struct explained *e, struct ports_table *t)
{
	struct ports ports = { 0 };

	*t = (struct ports_table){ .arena = e->program->arena };
	explain_ports_of(e, &ports);
	for (size_t i = 0; i < ports.n; i++)
		ports_add_rows(e, t, ports.items[i]);
}

/* ---- printing ---- */

static const char *ports_verdict(const struct explained *e,
				 const struct clause *cl)
{
	if (cl && e->policy->observe && action_may_refuse(cl->action))
		return "observed";
	return explain_verdict(cl);
}

void explain_ports(struct explained *e)
{
	struct ports_table t;
	char address[RANGE_TEXT_MAX];
	uint16_t before = 0;

	explain_address(address, e->opening.family, &e->opening.source);
	printf("%s, to any destination\n", address);
	printf("  %-5s %-12s %-9s %s\n", "PORT", "SERVICE", "VERDICT", "BY");
	ports_make(e, &t);
	for (size_t i = 0; i < t.n; i++) {
		const struct ports_row *r = &t.items[i];
		const struct service *s = service_by_port(r->port);
		char port[8] = "";

		if (r->port != before)
			snprintf(port, sizeof(port), "%u", r->port);
		printf("  %-5s %-12s %-9s ", port, *port && s ? s->name : "",
		       ports_verdict(e, r->clause));
		if (r->clause)
			printf("%s%s%s\n", r->clause->id,
			       *r->condition ? ", " : "", r->condition);
		else
			printf("no clause%s\n",
			       *port ? "" : ", for what is left");
		before = r->port;
	}
	printf("  over IPv%d: ask for the IPv%d address of the same line\n",
	       e->opening.family == 4 ? 6 : 4, e->opening.family == 4 ? 6 : 4);
}

json_t *explain_ports_json(struct explained *e)
{
	json_t *list = json_array();
	struct ports_table t;

	ports_make(e, &t);
	for (size_t i = 0; i < t.n; i++) {
		const struct ports_row *r = &t.items[i];

		json_array_append_new(
			list,
			json_pack("{s:i, s:s, s:b, s:s?, s:s}", "port",
				  (int)r->port, "verdict",
				  explain_verdict(r->clause), "observed",
				  r->clause && e->policy->observe &&
					  action_may_refuse(r->clause->action),
				  "clause", r->clause ? r->clause->id : NULL,
				  "condition", r->condition));
	}
	return list;
}
