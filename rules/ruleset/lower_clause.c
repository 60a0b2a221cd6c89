/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps of a clause, and clauses and blocks in their chains. */
#include "lower.h"
#include "../base/arena.h"

#include <string.h>

#define METER_SIZE    262144 /* sources that a limit can hold */
#define METER_LEAST_S 10
#define METER_MOST_S  (7 * 86400)

/* ---- what a clause does ---- */

static struct rule *tail_rule(struct tail *tail, const struct clause *clause)
{
	struct rule *rule = &tail->rules[tail->n++];

	*rule = (struct rule){ .origin = &clause->span };
	return rule;
}

/* The verb in a log prefix says what was done without the policy. */
static const char *logged_verb(const struct policy *policy,
			       const struct clause *clause)
{
	bool would = policy->observe && !action_infos[clause->action].exempts;

	return action_name(would ? ACTION_OBSERVE : clause->action);
}

void put_log_prefix(struct ruleset *rs, struct rule *rule, const char *prefix)
{
	struct stmt *s = rule_put(rule, STMT_LOG);

	s->log.prefix = prefix;
	s->log.group = rs->policy->log_group;
	s->log.snaplen = rs->policy->log_snaplen;
	s->log.threshold = rs->policy->log_threshold;
}

void put_log(struct ruleset *rs, struct rule *rule, const struct clause *clause)
{
	put_log_prefix(rs, rule,
		       arena_printf(rs->arena, "%s %s ", clause->id,
				    logged_verb(rs->policy, clause)));
}

/* The kernel cannot answer what it found no IP header in. */
static enum stmt_kind refusal_stmt(const struct ruleset *rs,
				   const struct clause *clause)
{
	if (rs->inside.family)
		return STMT_DROP;
	switch (clause->refusal) {
	case REFUSAL_RESET:
		return STMT_RESET;
	case REFUSAL_REJECT:
		return STMT_REJECT;
	case REFUSAL_DROP:
		return STMT_DROP;
	}
	return STMT_DROP;
}

/* reject with tcp reset wants to know that it answers TCP. */
static struct rule *verdict_rule(struct tail *tail, const struct clause *clause,
				 enum stmt_kind verdict)
{
	struct rule *rule = tail_rule(tail, clause);

	if (verdict == STMT_RESET)
		rule_put(rule, STMT_TCP);
	return rule;
}

/* A source that was silent for as long has its whole burst again. */
static uint32_t meter_timeout_s(const struct rate *rate)
{
	uint64_t refill =
		(uint64_t)(rate->burst + 1) * rate->unit_s / rate->count;

	if (refill < METER_LEAST_S)
		return METER_LEAST_S;
	return refill > METER_MOST_S ? METER_MOST_S : (uint32_t)refill;
}

const struct set *meter_set(struct ruleset *rs, const char *stem, int family,
			    const struct rate *rate, const struct span *origin)
{
	const char *name =
		arena_printf(rs->arena, "%s.sources.v%d", stem, family);
	struct set *set = find_set(rs, name);

	if (set)
		return set;
	set = add_set(rs, name, family == 4 ? KEY_IPV4 : KEY_IPV6, origin);
	set->dynamic = set->timeout = true;
	set->timeout_s = meter_timeout_s(rate);
	set->size = METER_SIZE;
	return set;
}

void put_meter(struct rule *rule, enum stmt_kind kind, const struct set *set,
	       const struct rate *rate)
{
	struct stmt *s = rule_put(rule, kind);

	s->meter.set = set;
	s->meter.rate = *rate;
}

/* An accept stands behind the statement of the clause's action. */
static void lower_put_verdict(struct ruleset *rs, struct rule *rule,
			      const struct clause *clause,
			      enum stmt_kind verdict)
{
	enum stmt_kind also = action_infos[clause->action].also;

	if (verdict == STMT_ACCEPT && also != STMT_ACCEPT &&
	    !rs->policy->observe)
		rule_put(rule, also);
	rule_put(rule, verdict);
}

/*
 * Past the rate a source's packets are counted instead of logged. The rule
 * matches what is over the rate, so that a full set logs too much, not too
 * little.
 */
static void add_log_limit(struct ruleset *rs, struct tail *tail,
			  const struct clause *clause, enum stmt_kind verdict)
{
	const struct rate *rate = &rs->policy->log_rate;

	if (!rate->count)
		return;
	for (int family = 4; family <= 6; family += 2) {
		struct rule *rule;

		if (!inside_may_be(rs, family))
			continue;
		rule = verdict_rule(tail, clause, verdict);
		put_meter(rule, STMT_METER_OVER,
			  meter_set(rs, "log", family, rate, NULL), rate);
		put_counter(rule, counter_for(rs, COUNTER_SUPPRESSED, NULL));
		lower_put_verdict(rs, rule, clause, verdict);
	}
}

static void lower_refuse(struct ruleset *rs, struct tail *tail,
			 const struct clause *clause,
			 const struct counter *counter)
{
	enum stmt_kind verdict = refusal_stmt(rs, clause);
	bool steps = clause->log && rs->policy->log_rate.count;
	struct rule *rule;

	if (steps) {
		put_counter(tail_rule(tail, clause), counter);
		add_log_limit(rs, tail, clause, verdict);
	}
	rule = verdict_rule(tail, clause, verdict);
	if (!steps)
		put_counter(rule, counter);
	if (clause->log)
		put_log(rs, rule, clause);
	rule_put(rule, verdict);
}

/*
 * Logs only the opening packet of a connection that passes. The counter counts
 * all its packets.
 */
static void let_through(struct ruleset *rs, struct tail *tail,
			const struct clause *clause,
			const struct counter *counter)
{
	struct rule *rule = tail_rule(tail, clause);

	put_counter(rule, counter);
	if (clause->log) {
		rule = tail_rule(tail, clause);
		rule_put(rule, STMT_NOT_SYN);
		lower_put_verdict(rs, rule, clause, STMT_ACCEPT);
		add_log_limit(rs, tail, clause, STMT_ACCEPT);
		rule = tail_rule(tail, clause);
		put_log(rs, rule, clause);
	}
	lower_put_verdict(rs, rule, clause, STMT_ACCEPT);
}

/*
 * Within the rate the rule matches and accepts; over it, and when the set is
 * full, the packet comes to the refusal. A full set blocks too much, not too
 * little.
 */
static void add_limit(struct ruleset *rs, struct tail *tail,
		      const struct clause *clause,
		      const struct counter *counter)
{
	struct rule *rule = tail_rule(tail, clause);

	rule_put(rule, STMT_NOT_SYN);
	put_counter(rule, counter);
	lower_put_verdict(rs, rule, clause, STMT_ACCEPT);
	for (int family = 4; family <= 6; family += 2) {
		if (!inside_may_be(rs, family))
			continue;
		rule = tail_rule(tail, clause);
		put_meter(rule, STMT_METER,
			  meter_set(rs, clause->key, family, &clause->rate,
				    &clause->span),
			  &clause->rate);
		put_counter(rule, counter);
		lower_put_verdict(rs, rule, clause, STMT_ACCEPT);
	}
}

void put_goto(struct tail *tail, const struct clause *clause, const char *chain)
{
	rule_put(tail_rule(tail, clause), STMT_GOTO)->chain = chain;
}

/* The steps themselves, or the chain that holds them if they are many. */
static void put_own_chain(struct ruleset *rs, struct tail *tail,
			  const char *chain, const struct clause *clause)
{
	struct chain *c;

	if (tail->n == 1)
		return;
	chain = inside_name(rs, chain);
	if (!find_chain(rs, chain)) {
		c = add_chain(rs, chain, BASE_NONE, &clause->span);
		for (unsigned int i = 0; i < tail->n; i++)
			put_rule(rs, c, &tail->rules[i]);
	}
	tail->n = 0;
	put_goto(tail, clause, chain);
}

/*
 * Counts what mode observe lets through. Enforced, a clause decides the opening
 * of a connection and sees no more of it: so only openings count here.
 */
static void lower_observe(struct ruleset *rs, struct tail *tail,
			  const struct clause *clause,
			  const struct counter *counter)
{
	bool steps = clause->log && rs->policy->log_rate.count;
	struct rule *rule = tail_rule(tail, clause);
	const char *name =
		arena_printf(rs->arena, "%s" COUNTER_OBSERVED, counter->name);

	rule_put(rule, STMT_NOT_SYN);
	lower_put_verdict(rs, rule, clause, STMT_ACCEPT);
	rule = tail_rule(tail, clause);
	put_counter(rule, counter_for(rs, name, clause));
	if (steps) {
		add_log_limit(rs, tail, clause, STMT_ACCEPT);
		rule = tail_rule(tail, clause);
	}
	if (clause->log)
		put_log(rs, rule, clause);
	lower_put_verdict(rs, rule, clause, STMT_ACCEPT);
}

static void refuse_or_count(struct ruleset *rs, struct tail *tail,
			    const struct clause *clause,
			    const struct counter *counter)
{
	if (rs->policy->observe)
		lower_observe(rs, tail, clause, counter);
	else
		lower_refuse(rs, tail, clause, counter);
}

void clause_tail(struct ruleset *rs, const struct clause *clause,
		 struct tail *tail)
{
	const struct counter *counter = counter_for(rs, clause->key, clause);
	struct tail over = { 0 };
	const char *name;

	*tail = (struct tail){ 0 };
	switch (action_infos[clause->action].verdict) {
	case VERDICT_PASS:
		let_through(rs, tail, clause, counter);
		break;
	case VERDICT_REDIRECT: /* the nat chain decides one that is enforced */
	case VERDICT_REFUSE:
		refuse_or_count(rs, tail, clause, counter);
		break;
	case VERDICT_METER:
		add_limit(rs, tail, clause, counter);
		name = arena_printf(rs->arena, "%s-over", clause->key);
		refuse_or_count(rs, &over, clause,
				counter_for(rs, name, clause));
		put_own_chain(rs, &over, name, clause);
		tail->rules[tail->n++] = over.rules[0];
		break;
	}
	put_own_chain(rs, tail, clause->key, clause);
	tail->rules[0].comment =
		make_comment(rs->arena, clause->id, clause->text);
}

/* ---- a clause in a chain ---- */

void put_target(struct stmt *s, const struct clause *clause, int family)
{
	s->target.family = family;
	s->target.v4 = clause->target4;
	s->target.v6 = clause->target6;
}

bool has_target(const struct clause *clause, int family)
{
	return family == 4 ? clause->has_target4 : clause->has_target6;
}

/* A redirect leaves a family without target to the clauses below. */
bool concerns_all(const struct clause *clause)
{
	return !action_redirects(clause->action) ||
	       (clause->has_target4 && clause->has_target6);
}

/*
 * False if the clause does not concern the family. Family 0 is both: a
 * statement tells them apart.
 */
bool put_concerned(struct rule *rule, const struct clause *clause, int family)
{
	if (concerns_all(clause))
		return true;
	if (family)
		return has_target(clause, family);
	put_target(rule_put(rule, STMT_FAMILY), clause,
		   clause->has_target4 ? 4 : 6);
	return true;
}

void emit_clause(struct ruleset *rs, const struct rule *matches, int family,
		 void *data)
{
	struct clause_place *place = data;
	const struct rule *tail = &place->tail.rules[0];
	struct rule head = { 0 }, rest = *tail, rule;

	if (!put_concerned(&head, place->clause, family))
		return;
	/* The reset's "this is TCP" stands in front, as nft writes it. */
	if (rest.n && rest.stmts[0].kind == STMT_TCP) {
		rule_put(&head, STMT_TCP);
		memmove(&rest.stmts[0], &rest.stmts[1],
			(rest.n - 1) * sizeof(rest.stmts[0]));
		rest.n--;
	}
	head = rule_join(&head, matches);
	rule = rule_join(&head, &rest);
	put_rule(rs, place->chain, &rule);
}

/*
 * The nat chain decides a redirect. What was addressed to the target all
 * along is not rewritten and arrives here.
 */
static void emit_at_target(struct ruleset *rs, const struct rule *matches,
			   int family, void *data)
{
	struct clause_place *place = data;

	for (int mine = 4; mine <= 6; mine += 2) {
		struct rule rule = *matches;

		if ((family && family != mine) ||
		    !has_target(place->clause, mine))
			continue;
		put_target(rule_put(&rule, STMT_DADDR_IS), place->clause, mine);
		rule_put(&rule, STMT_ACCEPT);
		rule.origin = &place->clause->span;
		rule.comment = make_comment(rs->arena, place->clause->id,
					    "at its target");
		put_rule(rs, place->chain, &rule);
	}
}

void add_clause(struct ruleset *rs, struct chain *chain,
		const struct clause *clause)
{
	struct clause_place place = { .chain = chain, .clause = clause };
	struct conditions cs = { 0 };

	add_condition(&cs, &clause->from, true);
	add_condition(&cs, &clause->to, false);
	add_owners(&cs, clause);
	if (action_redirects(clause->action) && !rs->policy->observe) {
		each_way(rs, &cs, 0, &(struct rule){ 0 }, 0, emit_at_target,
			 &place);
		return;
	}
	clause_tail(rs, clause, &place.tail);
	each_way(rs, &cs, 0, &(struct rule){ 0 }, 0, emit_clause, &place);
}

/* ---- a clause in the nat chain ---- */

struct nat_place {
	struct chain *chain;
	const struct clause *clause;
};

static void emit_nat(struct ruleset *rs, const struct rule *matches, int family,
		     void *data)
{
	const struct nat_place *place = data;
	const struct clause *cl = place->clause;

	for (int mine = 4; mine <= 6; mine += 2) {
		struct rule rule = { .origin = &cl->span };

		if ((family && family != mine) || !has_target(cl, mine))
			continue;
		if (!family)
			put_target(rule_put(&rule, STMT_FAMILY), cl, mine);
		rule = rule_join(&rule, matches);
		rule.origin = &cl->span;
		put_counter(&rule, counter_for(rs, cl->key, cl));
		if (cl->log)
			put_log(rs, &rule, cl);
		put_target(rule_put(&rule, STMT_DNAT), cl, mine);
		rule.comment = make_comment(rs->arena, cl->id, cl->text);
		put_rule(rs, place->chain, &rule);
	}
}

/* Connections that an earlier clause decides are not redirected. */
static void emit_nat_pass(struct ruleset *rs, const struct rule *matches,
			  int family, void *data)
{
	const struct nat_place *place = data;
	const struct clause *cl = place->clause;
	struct rule rule = *matches;

	(void)family;
	rule_put(&rule, STMT_ACCEPT);
	rule.origin = &cl->span;
	rule.comment = make_comment(rs->arena, cl->id, "decided elsewhere");
	put_rule(rs, place->chain, &rule);
}

void add_nat_clause(struct ruleset *rs, struct chain *chain,
		    const struct clause *clause)
{
	struct nat_place place = { .chain = chain, .clause = clause };
	struct conditions cs = { 0 };
	bool redirect = action_redirects(clause->action);

	add_condition(&cs, &clause->from, true);
	add_condition(&cs, &clause->to, false);
	add_owners(&cs, clause);
	each_way(rs, &cs, 0, &(struct rule){ 0 }, 0,
		 redirect ? emit_nat : emit_nat_pass, &place);
}

/* ---- blocks ---- */

struct jump_place {
	struct chain *chain;
	const char *target;
	const struct block *block;
	const char *comment;
};

static void emit_jump(struct ruleset *rs, const struct rule *matches,
		      int family, void *data)
{
	const struct jump_place *place = data;
	struct rule rule = *matches;

	(void)family;
	rule_put(&rule, STMT_JUMP)->chain = place->target;
	rule.comment = place->comment;
	rule.origin = &place->block->span;
	put_rule(rs, place->chain, &rule);
}

static bool block_decides(const struct block *block, uint16_t port)
{
	for (size_t i = 0; i < block->clauses.n; i++)
		if (clause_decides(&block->clauses.items[i], port))
			return true;
	return false;
}

static bool decided_alike(const struct block *block, uint16_t a, uint16_t b)
{
	for (size_t i = 0; i < block->clauses.n; i++) {
		const struct clause *cl = &block->clauses.items[i];

		if (clause_decides(cl, a) != clause_decides(cl, b))
			return false;
	}
	return true;
}

/* The lowest port that all clauses of the block treat as they treat this. */
static uint16_t first_like(const struct block *block, uint16_t port)
{
	const struct clause *cl = block->clauses.items;
	uint16_t first = port;

	/* Whichever clause decides the port decides all that are like it. */
	while (!clause_decides(cl, port))
		cl++;
	for (size_t k = 0; k < cl->ports.n; k++)
		if (cl->ports.items[k] < first &&
		    decided_alike(block, cl->ports.items[k], port))
			first = cl->ports.items[k];
	return first;
}

static void lower_add_clauses(struct ruleset *rs, struct chain *chain,
			      const struct block *block, uint16_t port,
			      add_clause_fn *add)
{
	for (size_t i = 0; i < block->clauses.n; i++)
		if (clause_decides(&block->clauses.items[i], port))
			add(rs, chain, &block->clauses.items[i]);
}

/*
 * The block's clauses for one port: in the chain itself, or behind a jump for
 * the members of the block's class. Ports that are decided alike share it.
 */
void add_block(struct ruleset *rs, struct chain *chain,
	       const struct block *block, uint16_t port, const char *prefix,
	       add_clause_fn *add)
{
	size_t number = (size_t)(block - rs->policy->blocks.items) + 1;
	struct jump_place place = { .chain = chain, .block = block };
	struct conditions cs = { 0 };

	if (!block_decides(block, port))
		return;
	if (!block->of.n) {
		lower_add_clauses(rs, chain, block, port, add);
		return;
	}
	place.target =
		arena_printf(rs->arena, "%s%s-%zu.%s", prefix,
			     direction_name(block->direction), number,
			     port_name(rs->arena, first_like(block, port)));
	place.target = inside_name(rs, place.target);
	place.comment = make_comment(rs->arena, block->id, block->text);
	add_condition(&cs, &block->of, is_source(block));
	each_way(rs, &cs, 0, &(struct rule){ 0 }, 0, emit_jump, &place);
	if (!find_chain(rs, place.target)) {
		chain = add_chain(rs, place.target, BASE_NONE, &block->span);
		lower_add_clauses(rs, chain, block, port, add);
	}
}
