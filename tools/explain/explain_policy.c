/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy asked: who decides, who was asked before, and by which classes. */
#include "explain.h"
#include "../../rules/base/arena.h"

#include <string.h>

static enum explain_is policy_class_has(struct explained *e,
					const struct class *class,
					bool of_source, uint64_t *expires_ms)
{
	const struct opening *c = &e->opening;
	const char *name = of_source ? c->in : c->out;

	if (class->kind == CLASS_DYNAMIC)
		return explain_kernel_has(
			e, class, c->family,
			of_source ? &c->source : &c->destination, expires_ms);
	if (class_has(class, c->family,
		      of_source ? &c->source : &c->destination))
		return IS_YES;
	if (!class->interfaces.n)
		return IS_NO;
	if (!name || !*name)
		return IS_NOT_KNOWN;
	return class_has_interface(class, name) ? IS_YES : IS_NO;
}

/* A class is looked at once for each side. */
static enum explain_is policy_member(struct explained *e,
				     const struct class *class, bool of_source)
{
	struct explain_member *m;

	for (size_t i = 0; i < e->members.n; i++) {
		m = &e->members.items[i];
		if (m->class == class && m->of_source == of_source)
			return m->is;
	}
	m = arena_push(e->program->arena, &e->members);
	*m = (struct explain_member){ class, of_source, IS_NO, 0 };
	m->is = policy_class_has(e, class, of_source, &m->expires_ms);
	return m->is;
}

static bool is_dynamic_member(void *ctx, const struct class *class,
			      uint8_t family, const struct addr6 *address)
{
	struct explained *e = ctx;

	(void)family;
	return policy_member(e, class, address == &e->opening.source) == IS_YES;
}

void explain_clause(struct explained *e, const struct clause *clause,
		    struct clause_match *out)
{
	const struct decide_input input = { is_dynamic_member, e };

	policy_ask(e->policy, &input, &e->opening, clause, out);
}

static void policy_name_members(struct explained *e,
				const struct class_refs *refs, bool of_source)
{
	for (size_t i = 0; i < refs->n; i++)
		if (refs->items[i]->kind != CLASS_ANY)
			policy_member(e, refs->items[i], of_source);
}

/* All clauses of the port, to the one that decides. */
static void policy_list_asked(struct explained *e)
{
	bool done = false;

	for (size_t i = 0; i < e->policy->blocks.n; i++) {
		const struct block *b = &e->policy->blocks.items[i];
		bool outbound = b->direction == DIRECTION_OUTBOUND;

		for (size_t k = 0; k < b->clauses.n && !done; k++) {
			const struct clause *cl = &b->clauses.items[k];
			struct explain_asked *a;

			if (!clause_decides(cl, e->opening.destination_port))
				continue;
			a = arena_push(e->program->arena, &e->asked);
			a->clause = cl;
			explain_clause(e, cl, &a->match);
			a->decides = done = cl == e->decision.clause;
			policy_name_members(e, &b->of, outbound);
			policy_name_members(e, &cl->from, true);
			if (!action_redirects(cl->action))
				policy_name_members(e, &cl->to, false);
		}
	}
}

void explain_policy(struct explained *e)
{
	const struct decide_input input = { is_dynamic_member, e };

	policy_decide(e->policy, &input, &e->opening, &e->decision);
	policy_list_asked(e);
}

const char *explain_verdict(const struct clause *clause)
{
	if (!clause)
		return "allow";
	if (action_blocks(clause->action))
		return refusal_name(clause->refusal);
	return action_name(clause->action);
}

void explain_address(char *out, uint8_t family, const struct addr6 *address)
{
	struct range4 v4 = { addr4_load(address), addr4_load(address) };
	struct range6 v6 = { *address, *address };

	if (family == 4)
		range4_print(out, &v4);
	else
		range6_print(out, &v6);
}
