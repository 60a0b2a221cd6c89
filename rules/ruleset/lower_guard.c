/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guards: packets whose port no map can look up, or whose destination is not
 * where they go, have chains of their own.
 */
#include "lower.h"
#include "../base/arena.h"

/* Has the policy a clause that logs? What no clause decides is logged then. */
static bool policy_logs(const struct policy *policy)
{
	for (size_t i = 0; i < policy->blocks.n; i++)
		for (size_t k = 0; k < policy->blocks.items[i].clauses.n; k++)
			if (policy->blocks.items[i].clauses.items[k].log)
				return true;
	return false;
}

/* A log prefix names policy and guard where a clause has policy and line. */
static void guard_put_log(struct ruleset *rs, struct rule *rule,
			  enum guard guard)
{
	const struct policy *p = rs->policy;
	enum action action = p->observe ? ACTION_OBSERVE : ACTION_BLOCK;

	put_log_prefix(rs, rule,
		       arena_printf(rs->arena, "%s:%s %s ", p->name,
				    guard_infos[guard].word,
				    action_name(action)));
}

/* Past the rate of the log the source's packets are counted, not logged. */
static void guard_add_log_limit(struct ruleset *rs, struct chain *chain)
{
	const struct rate *rate = &rs->policy->log_rate;

	for (int family = 4; family <= 6; family += 2) {
		struct rule rule = { 0 };

		put_meter(&rule, STMT_METER_OVER,
			  meter_set(rs, "log", family, rate, NULL), rate);
		put_counter(&rule, counter_for(rs, COUNTER_SUPPRESSED, NULL));
		rule_put(&rule, rs->policy->observe ? STMT_RETURN : STMT_DROP);
		put_rule(rs, chain, &rule);
	}
}

/* The log's rate is one of a source, which a frame's tags hide. */
static bool guard_logs(const struct policy *policy, enum guard guard)
{
	bool hidden = guard == GUARD_STACKED_TAGS ||
		      guard == GUARD_ENCAPSULATED ||
		      guard == GUARD_INNER_HEADERS;

	return policy_logs(policy) && !(hidden && policy->log_rate.count);
}

/*
 * Counts what comes here; logs and drops it, if it is to be dropped. Mode
 * observe logs alone.
 */
static void guard_refuse(struct ruleset *rs, struct chain *chain,
			 enum guard guard, bool drops)
{
	bool logs = drops && guard_logs(rs->policy, guard);
	struct rule rule = { 0 };

	put_counter(&rule, counter_for(rs, guard_infos[guard].counter, NULL));
	if (logs && rs->policy->log_rate.count) {
		put_rule(rs, chain, &rule);
		guard_add_log_limit(rs, chain);
		rule = (struct rule){ 0 };
	}
	if (logs)
		guard_put_log(rs, &rule, guard);
	if (drops && !rs->policy->observe)
		rule_put(&rule, STMT_DROP);
	put_rule(rs, chain, &rule);
}

static void guard_return_if(struct ruleset *rs, struct chain *chain,
			    enum stmt_kind kind)
{
	struct rule rule = { 0 };

	rule_put(&rule, kind);
	rule_put(&rule, STMT_RETURN);
	put_rule(rs, chain, &rule);
}

static void guard_jump_if(struct ruleset *rs, struct chain *chain,
			  enum stmt_kind kind, const char *target)
{
	struct rule rule = { 0 };

	rule_put(&rule, kind);
	rule_put(&rule, STMT_JUMP)->chain = target;
	put_rule(rs, chain, &rule);
}

static void guard_goto(struct ruleset *rs, struct chain *chain,
		       const char *target)
{
	struct rule rule = { 0 };

	rule_put(&rule, STMT_GOTO)->chain = target;
	put_rule(rs, chain, &rule);
}

const char *guard_chain(struct ruleset *rs, enum guard guard)
{
	const char *name = guard_infos[guard].counter;

	if (!find_chain(rs, name))
		add_chain(rs, name, BASE_NONE, NULL)->inside =
			(struct inside){ 0 };
	return name;
}

/* ---- first fragments ---- */

#define FRAGMENTS "fragments"

/*
 * Asks for the flags of first fragments alone: some kernels read those of a
 * later fragment from its payload, where the header would be.
 */
static void fragments_fill(struct ruleset *rs, struct chain *chain)
{
	static const enum stmt_kind first[] = { STMT_FIRST4, STMT_FIRST6 };

	for (size_t i = 0; i < sizeof(first) / sizeof(*first); i++) {
		struct rule rule = { 0 };

		rule_put(&rule, first[i]);
		rule_put(&rule, STMT_HAS_FLAGS);
		rule_put(&rule, STMT_RETURN);
		put_rule(rs, chain, &rule);
	}
	guard_return_if(rs, chain, STMT_NOT_TCP);
	guard_goto(rs, chain, guard_chain(rs, GUARD_FIRST_FRAGMENT));
}

static const char *fragments_chain(struct ruleset *rs)
{
	if (!find_chain(rs, FRAGMENTS))
		fragments_fill(rs, add_chain(rs, FRAGMENTS, BASE_NONE, NULL));
	return FRAGMENTS;
}

/*
 * A first fragment of IPv6 has to hold all headers (RFC 7112). Without TCP's
 * own no map of ports sees it, and the second fragment, where the port is, has
 * an offset. A fragment from byte 8 on has the flags of TCP, or writes over
 * them (RFC 1858, RFC 3128): no link is so narrow that one is needed.
 */
void guard_first_fragments(struct ruleset *rs, struct chain *from)
{
	guard_jump_if(rs, from, STMT_EARLY6, fragments_chain(rs));
}

void guard_second_fragments(struct ruleset *rs, struct chain *from)
{
	struct rule rule = { 0 };

	rule_put(&rule, STMT_SECOND4);
	rule_put(&rule, STMT_TCP);
	rule_put(&rule, STMT_JUMP)->chain =
		guard_chain(rs, GUARD_FIRST_FRAGMENT);
	put_rule(rs, from, &rule);
}

/* Without its flags a packet looks like an opening where rules ask for them. */
void guard_flags(struct ruleset *rs, struct chain *port)
{
	if (rs->inside.family)
		return;
	guard_jump_if(rs, port, STMT_FIRST4, fragments_chain(rs));
	guard_jump_if(rs, port, STMT_FIRST6, fragments_chain(rs));
}

/* ---- source routes ---- */

#define IP_OPTIONS "ip-options"

/*
 * A packet with a source route is not addressed to where it goes. It is judged
 * in the chains of mail ports only, where other packets do not pay for it.
 */
void guard_source_routes(struct ruleset *rs, struct chain *port)
{
	const char *routes;
	struct chain *options;

	if (rs->inside.family) /* its options have no fixed place */
		return;
	routes = guard_chain(rs, GUARD_SOURCE_ROUTE);
	if (!find_chain(rs, IP_OPTIONS)) {
		options = add_chain(rs, IP_OPTIONS, BASE_NONE, NULL);
		guard_jump_if(rs, options, STMT_LOOSE4, routes);
		guard_jump_if(rs, options, STMT_STRICT4, routes);
	}
	guard_jump_if(rs, port, STMT_OPTIONS4, IP_OPTIONS);
	guard_jump_if(rs, port, STMT_ROUTED6, routes);
}

/* ---- what becomes of them ---- */

void guards_fill(struct ruleset *rs)
{
	for (enum guard guard = 0; guard < GUARD_N; guard++) {
		struct chain *chain =
			find_chain(rs, guard_infos[guard].counter);
		bool drops = guard != GUARD_ENCAPSULATED ||
			     rs->policy->drop_encapsulated;

		if (!chain)
			continue;
		guard_refuse(rs, chain, guard, drops);
	}
}
