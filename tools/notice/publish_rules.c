/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Selects the clauses that are rules of the page, and their exceptions. */
#include "publish_priv.h"

/* ---- who decides what ---- */

bool publish_refs_are_all(const struct class_refs *refs)
{
	for (size_t i = 0; i < refs->n; i++)
		if (refs->items[i]->kind == CLASS_ANY)
			return true;
	return !refs->n;
}

static bool has_no_condition(const struct clause *c)
{
	return publish_refs_are_all(&c->from) && publish_refs_are_all(&c->to) &&
	       !c->users.n && !c->groups.n &&
	       (!action_redirects(c->action) ||
		(c->has_target4 && c->has_target6));
}

/*
 * At the hooks output and ingress the two directions have a chain each, so that
 * a block of one direction does not see the other.
 */
static bool see_the_same(const struct policy *p, const struct block *a,
			 const struct block *b)
{
	return a->direction == b->direction || p->hook == HOOK_FORWARD ||
	       p->hook == HOOK_BRIDGE;
}

/* Does the earlier clause decide everything that it shares with the other? */
static bool takes_all(const struct policy *p, const struct clause *earlier,
		      const struct clause *c)
{
	return has_no_condition(earlier) &&
	       (earlier->block == c->block ||
		(publish_refs_are_all(&earlier->block->of) &&
		 see_the_same(p, earlier->block, c->block)));
}

/* The next clause in the order of evaluation; c NULL: the first. */
static const struct clause *next_clause(const struct policy *p,
					const struct clause *c)
{
	const struct block *b = c ? c->block : p->blocks.items;
	const struct block *end = p->blocks.items + p->blocks.n;

	if (c && c + 1 < b->clauses.items + b->clauses.n)
		return c + 1;
	for (b += c != NULL; b < end; b++)
		if (b->clauses.n)
			return b->clauses.items;
	return NULL;
}

/* Can a connection to the port reach the clause? */
static bool is_reached(const struct policy *p, const struct clause *c,
		       uint16_t port)
{
	const struct clause *e;

	for (e = next_clause(p, NULL); e != c; e = next_clause(p, e))
		if (clause_decides(e, port) && takes_all(p, e, c))
			return false;
	return clause_decides(c, port);
}

/* Is the clause only for dynamic classes, such as flagged? */
static bool is_for_few(const struct clause *c)
{
	for (size_t i = 0; i < c->from.n; i++)
		if (c->from.items[i]->kind != CLASS_DYNAMIC)
			return false;
	return c->from.n;
}

bool publish_is_open(const struct policy *p, uint16_t port)
{
	const struct clause *c;

	if (!p || p->observe)
		return true;
	for (c = next_clause(p, NULL); c; c = next_clause(p, c))
		if (c->block->direction == DIRECTION_OUTBOUND &&
		    !is_for_few(c) && !action_lets_through(c->action) &&
		    is_reached(p, c, port))
			return false;
	return true;
}

/* ---- families ---- */

unsigned int publish_class_families(const struct class *c)
{
	if (c->kind != CLASS_STATIC || c->interfaces.n)
		return FAMILY_BOTH;
	return (c->hosts4.n || c->nets4.n ? FAMILY_4 : 0u) |
	       (c->hosts6.n || c->nets6.n ? FAMILY_6 : 0u);
}

static unsigned int refs_families(const struct class_refs *refs)
{
	unsigned int families = refs->n ? 0 : FAMILY_BOTH;

	for (size_t i = 0; i < refs->n; i++)
		families |= publish_class_families(refs->items[i]);
	return families;
}

static unsigned int clause_families(const struct clause *c)
{
	unsigned int families = refs_families(&c->block->of) &
				refs_families(&c->from) & refs_families(&c->to);

	if (!action_redirects(c->action))
		return families;
	return families & ((c->has_target4 ? FAMILY_4 : 0u) |
			   (c->has_target6 ? FAMILY_6 : 0u));
}

/* ---- may two clauses meet one connection? ---- */

static bool classes_may_meet(const struct class *a, const struct class *b)
{
	const struct ranges4 *a4[] = { &a->hosts4, &a->nets4 };
	const struct ranges4 *b4[] = { &b->hosts4, &b->nets4 };
	const struct ranges6 *a6[] = { &a->hosts6, &a->nets6 };
	const struct ranges6 *b6[] = { &b->hosts6, &b->nets6 };
	struct range4 where4;
	struct range6 where6;

	/* A class without addresses, of interfaces, may hold any address. */
	if (a == b || a->kind != CLASS_STATIC || b->kind != CLASS_STATIC ||
	    a->interfaces.n || b->interfaces.n)
		return true;
	for (int i = 0; i < 4; i++)
		if (ranges4_meet(a4[i / 2], b4[i % 2], &where4) ||
		    ranges6_meet(a6[i / 2], b6[i % 2], &where6))
			return true;
	return false;
}

static bool refs_may_meet(const struct class_refs *a,
			  const struct class_refs *b)
{
	for (size_t i = 0; i < a->n; i++)
		for (size_t k = 0; k < b->n; k++)
			if (classes_may_meet(a->items[i], b->items[k]))
				return true;
	return !a->n || !b->n;
}

struct end publish_end_of(const struct clause *c, bool source)
{
	static const struct class_refs all;
	bool of = source == (c->block->direction == DIRECTION_OUTBOUND);

	return (struct end){ { of ? &c->block->of : &all,
			       source ? &c->from : &c->to } };
}

static bool ends_may_meet(struct end a, struct end b)
{
	for (int i = 0; i < 4; i++)
		if (!refs_may_meet(a.list[i / 2], b.list[i % 2]))
			return false;
	return true;
}

/* ---- the rules and their exceptions ---- */

/* Do both actions have the same effect? */
static bool end_alike(enum action a, enum action b)
{
	enum verdict_kind verdict = action_infos[a].verdict;

	return verdict == action_infos[b].verdict &&
	       (verdict == VERDICT_PASS || verdict == VERDICT_REFUSE);
}

static void add_exception(struct page *t, struct page_rule *rule,
			  const struct clause *e)
{
	const struct clause *c = rule->clause;
	struct exception x = { .clause = e,
			       .same_block = e->block == c->block };

	x.families = clause_families(e) & rule->families;
	for (size_t i = 0; i < rule->ports.n; i++)
		if (is_reached(t->policy, e, rule->ports.items[i]))
			*arena_push(t->arena, &x.ports) = rule->ports.items[i];
	if (!x.ports.n || !x.families || end_alike(e->action, c->action) ||
	    !see_the_same(t->policy, e->block, c->block) ||
	    !ends_may_meet(publish_end_of(e, true), publish_end_of(c, true)) ||
	    !ends_may_meet(publish_end_of(e, false), publish_end_of(c, false)))
		return;
	*arena_push(t->arena, &rule->exceptions) = x;
}

static void add_group(struct page *t, const struct class *class)
{
	for (size_t i = 0; i < t->groups.n; i++)
		if (t->groups.items[i] == class)
			return;
	if (!class->builtin && !class->literal)
		*arena_push(t->arena, &t->groups) = class;
}

static void add_groups(struct page *t, const struct clause *c)
{
	const struct class_refs *lists[] = { &c->block->of, &c->from, &c->to };

	for (size_t i = 0; i < COUNT(lists); i++)
		for (size_t k = 0; k < lists[i]->n; k++)
			add_group(t, lists[i]->items[k]);
}

static void add_rule(struct page *t, const struct clause *c)
{
	struct page_rule rule = { .clause = c, .families = clause_families(c) };
	const struct clause *e;

	for (size_t i = 0; i < c->ports.n; i++)
		if (is_reached(t->policy, c, c->ports.items[i]))
			*arena_push(t->arena, &rule.ports) = c->ports.items[i];
	if (!rule.ports.n)
		return;
	for (e = next_clause(t->policy, NULL); e != c;
	     e = next_clause(t->policy, e))
		add_exception(t, &rule, e);
	rule.number = (unsigned int)t->rules.n + 1;
	*arena_push(t->arena, &t->rules) = rule;
	add_groups(t, c);
	for (size_t i = 0; i < rule.exceptions.n; i++)
		add_groups(t, rule.exceptions.items[i].clause);
}

void publish_collect(struct page *t)
{
	const struct clause *c;

	for (c = next_clause(t->policy, NULL); c; c = next_clause(t->policy, c))
		if (!action_infos[c->action].exempts)
			add_rule(t, c);
}

/* 0: the page does not tell it. */
unsigned int publish_number_of(const struct page *t, const struct clause *c)
{
	for (size_t i = 0; i < t->rules.n; i++)
		if (t->rules.items[i].clause == c)
			return t->rules.items[i].number;
	return 0;
}
