/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The old policy as a question: a packet that the new rules block is asked
 * whether the old ones blocked it, too. Its clauses stand in the order of the
 * text with all of their conditions; nothing is counted, logged or measured.
 * So the answer is exact for every source, whatever classes hold by now. What
 * cannot be told counts as newly blocked.
 */
#include "trial_priv.h"

#include <string.h>

/* ---- the source is counted ---- */

#define TRIAL_GUARD TRIAL_PREFIX "guard"

static void guard_add_seen(struct ruleset *rs, struct chain *chain,
			   const struct set *seen)
{
	struct rule rule = { 0 };

	rule_put(&rule, STMT_SEEN)->set = seen;
	rule_put(&rule, STMT_RETURN);
	put_rule(rs, chain, &rule);
}

/* A set that is full takes no other source, and then the trial ends. */
static const char *trial_guard(struct trial_maker *m)
{
	struct ruleset *rs = &m->form->rules;
	const char *name = inside_name(rs, TRIAL_GUARD);
	struct rule rule = { 0 };
	struct chain *chain;

	if (find_chain(rs, name))
		return name;
	chain = add_chain(rs, name, BASE_NONE, NULL);
	if (inside_may_be(rs, 4))
		guard_add_seen(rs, chain, m->seen4);
	if (inside_may_be(rs, 6))
		guard_add_seen(rs, chain, m->seen6);
	put_counter(&rule, counter_for(rs, TRIAL_TRIPPED, NULL));
	rule_put(&rule, STMT_DISARM)->set = m->form->armed;
	put_rule(rs, chain, &rule);
	return name;
}

/* ---- clauses of the old policy ---- */

struct was_place {
	struct trial_maker *m;
	struct chain *chain;
	const struct clause *clause;
	bool blocked;
};

static const struct clause *clause_by_key(const struct policy *p,
					  const char *key)
{
	for (size_t i = 0; i < p->blocks.n; i++)
		for (size_t k = 0; k < p->blocks.items[i].clauses.n; k++)
			if (!strcmp(p->blocks.items[i].clauses.items[k].key,
				    key))
				return &p->blocks.items[i].clauses.items[k];
	return NULL;
}

/*
 * A limit blocks what is over the rate, which both policies measure in one set
 * if they have the same clause.
 */
static bool was_blocked(const struct trial_maker *m, const struct clause *cl)
{
	switch (action_infos[cl->action].verdict) {
	case VERDICT_PASS:
	case VERDICT_REDIRECT:
		return false;
	case VERDICT_REFUSE:
		return true;
	case VERDICT_METER:
		return clause_by_key(m->next->policy, cl->key);
	}
	return false;
}

static void emit_was(struct ruleset *base, const struct rule *matches,
		     int family, void *data)
{
	const struct was_place *place = data;
	struct rule rule = { 0 };

	(void)base;
	if (!put_concerned(&rule, place->clause, family))
		return;
	rule = rule_join(&rule, matches);
	if (place->blocked)
		rule_put(&rule, STMT_RETURN);
	else
		rule_put(&rule, STMT_GOTO)->chain = trial_guard(place->m);
	put_rule(&place->m->form->rules, place->chain, &rule);
}

/* Looks into the sets of the old ruleset, which are there already. */
static void was_add_clause(struct was_place *place)
{
	const struct clause *cl = place->clause;
	struct ruleset looking = *place->m->base;
	struct conditions cs = { 0 };

	looking.arena = place->m->form->arena;
	place->blocked = was_blocked(place->m, cl);
	add_condition(&cs, &cl->block->of, is_source(cl->block));
	add_condition(&cs, &cl->from, true);
	add_condition(&cs, &cl->to, false);
	add_owners(&cs, cl);
	each_way(&looking, &cs, 0, &(struct rule){ 0 }, 0, emit_was, place);
}

/* ---- a port ---- */

/* Where a policy has two places, each decides the blocks of one direction. */
static bool was_place_has(const struct policy *p, const struct block *b,
			  enum direction direction)
{
	bool two = p->hook == HOOK_OUTPUT || p->hook == HOOK_INGRESS;

	return !two || b->direction == direction;
}

static bool was_has_owners(const struct policy *p, enum direction direction,
			   uint16_t port)
{
	for (size_t i = 0; i < p->blocks.n; i++)
		for (size_t k = 0; k < p->blocks.items[i].clauses.n; k++) {
			const struct clause *cl =
				&p->blocks.items[i].clauses.items[k];

			if (was_place_has(p, cl->block, direction) &&
			    clause_decides(cl, port) &&
			    (cl->users.n || cl->groups.n))
				return true;
		}
	return false;
}

static void was_goto_guard(struct trial_maker *m, struct chain *chain,
			   struct rule rule)
{
	rule_put(&rule, STMT_GOTO)->chain = trial_guard(m);
	put_rule(&m->form->rules, chain, &rule);
}

static void was_fill_port(struct trial_maker *m, struct chain *chain,
			  enum direction direction, uint16_t port)
{
	const struct policy *p = m->base->policy;
	struct was_place place = { .m = m, .chain = chain };
	struct rule opened = { 0 };

	/* Owners decide openings alone. */
	if (was_has_owners(p, direction, port)) {
		rule_put(&opened, STMT_NOT_SYN);
		was_goto_guard(m, chain, opened);
	}
	for (size_t i = 0; i < p->blocks.n; i++)
		for (size_t k = 0; k < p->blocks.items[i].clauses.n; k++) {
			place.clause = &p->blocks.items[i].clauses.items[k];
			if (was_place_has(p, &p->blocks.items[i], direction) &&
			    clause_decides(place.clause, port))
				was_add_clause(&place);
		}
	was_goto_guard(m, chain, (struct rule){ 0 });
}

/* ---- a place ---- */

static void was_send_port(struct trial_maker *m, struct chain *chain,
			  enum direction direction, uint16_t port)
{
	struct ruleset *rs = &m->form->rules;
	const char *name = arena_printf(rs->arena, "%s.%s", chain->name,
					port_name(rs->arena, port));
	struct rule rule = { 0 };

	if (find_chain(rs, name))
		return;
	rule_put(&rule, STMT_DPORT_IS)->port = port;
	rule_put(&rule, STMT_GOTO)->chain = name;
	put_rule(rs, chain, &rule);
	was_fill_port(m, add_chain(rs, name, BASE_NONE, NULL), direction, port);
}

/*
 * A packet from a mail port answers a connection. Both policies judge answers
 * alike if the old one has the clause, too.
 */
static void was_send_answer(struct trial_maker *m, struct chain *chain,
			    const struct clause *clause, uint16_t port)
{
	const struct clause *old = clause_by_key(m->base->policy, clause->key);
	struct rule rule = { 0 };

	rule_put(&rule, STMT_SPORT_IS)->port = port;
	if (!old || !old->replies) {
		was_goto_guard(m, chain, rule);
		return;
	}
	rule_put(&rule, STMT_RETURN);
	put_rule(&m->form->rules, chain, &rule);
}

static void was_fill_place(struct trial_maker *m, struct chain *chain,
			   const struct clause *clause)
{
	const struct policy *old = m->base->policy;
	enum direction direction = clause->block->direction;

	for (size_t i = 0; clause->replies && i < clause->ports.n; i++)
		was_send_answer(m, chain, clause, clause->ports.items[i]);
	for (size_t i = 0; i < old->blocks.n; i++)
		for (size_t k = 0; k < old->blocks.items[i].clauses.n; k++) {
			const struct clause *cl =
				&old->blocks.items[i].clauses.items[k];

			for (size_t n = 0; n < cl->ports.n; n++)
				if (was_place_has(old, cl->block, direction))
					was_send_port(m, chain, direction,
						      cl->ports.items[n]);
		}
	was_goto_guard(m, chain, (struct rule){ 0 });
}

/* Rules that let everything through blocked nothing. */
static bool was_open(const struct trial_maker *m)
{
	return !m->base || m->base->policy->observe ||
	       m->base->policy->hook != m->next->policy->hook;
}

static bool old_has_counter(const struct trial_maker *m, const char *name)
{
	for (size_t i = 0; i < m->base->counters.n; i++)
		if (!strcmp(m->base->counters.items[i]->name, name))
			return true;
	return false;
}

static bool old_decides(const struct trial_maker *m, uint16_t port)
{
	const struct policy *p = m->base->policy;

	for (size_t i = 0; i < p->blocks.n; i++)
		for (size_t k = 0; k < p->blocks.items[i].clauses.n; k++)
			if (clause_decides(&p->blocks.items[i].clauses.items[k],
					   port))
				return true;
	return false;
}

static bool old_decides_all(const struct trial_maker *m,
			    const struct clause *clause)
{
	for (size_t i = 0; i < clause->ports.n; i++)
		if (!old_decides(m, clause->ports.items[i]))
			return false;
	return true;
}

/* The guards of the old rules drop the same if they stand at all ports. */
bool trial_guards_were(const struct trial_maker *m)
{
	const struct policy *p = m->next->policy;

	if (was_open(m))
		return false;
	for (size_t i = 0; i < m->next->counters.n; i++) {
		const struct counter *counter = m->next->counters.items[i];

		if (!counter->clause && !old_has_counter(m, counter->name))
			return false;
	}
	for (size_t i = 0; i < p->blocks.n; i++)
		for (size_t k = 0; k < p->blocks.items[i].clauses.n; k++)
			if (!old_decides_all(
				    m, &p->blocks.items[i].clauses.items[k]))
				return false;
	return true;
}

const char *trial_was_chain(struct trial_maker *m, const struct clause *clause)
{
	struct ruleset *rs = &m->form->rules;
	const char *name;
	struct chain *chain;

	if (was_open(m) || !clause)
		return trial_guard(m);
	/* Answers are told by the ports of their clause. */
	name = arena_printf(rs->arena, TRIAL_PREFIX "was.%s",
			    clause->replies ?
				    clause->key :
				    direction_name(clause->block->direction));
	name = inside_name(rs, name);
	if (find_chain(rs, name))
		return name;
	chain = add_chain(rs, name, BASE_NONE, NULL);
	was_fill_place(m, chain, clause);
	return name;
}
