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

/* Counts what comes here, logs it, and drops it unless the mode is observe. */
static void guard_refuse(struct ruleset *rs, struct chain *chain,
			 enum guard guard, const char *comment)
{
	bool logs = policy_logs(rs->policy);
	struct rule rule = { .comment = comment };

	put_counter(&rule, counter_for(rs, guard_infos[guard].counter, NULL));
	if (logs && rs->policy->log_rate.count) {
		put_rule(rs, chain, &rule);
		guard_add_log_limit(rs, chain);
		rule = (struct rule){ 0 };
	}
	if (logs)
		guard_put_log(rs, &rule, guard);
	if (!rs->policy->observe)
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

/*
 * The chain of a guard. It is made where it is first asked for; *made says so,
 * and the caller fills it.
 */
static struct chain *guard_chain(struct ruleset *rs, enum guard guard,
				 bool *made)
{
	const char *name = guard_infos[guard].counter;
	struct chain *chain = find_chain(rs, name);

	*made = !chain;
	return chain ? chain : add_chain(rs, name, BASE_NONE, NULL);
}

/*
 * A first fragment has to hold all headers (RFC 7112). Without TCP's own no map
 * of ports sees it, and the second fragment, where the port is, has an offset.
 * Hence behind the maps, where mail has gone its way already: other packets pay
 * one comparison.
 */
void guard_first_fragments(struct ruleset *rs, struct chain *base)
{
	bool made;
	struct chain *chain = guard_chain(rs, GUARD_FIRST_FRAGMENT, &made);

	if (made) {
		guard_return_if(rs, chain, STMT_HAS_PORTS);
		guard_return_if(rs, chain, STMT_NOT_TCP);
		guard_refuse(
			rs, chain, GUARD_FIRST_FRAGMENT,
			"IPv6 first fragment without its transport header");
	}
	guard_jump_if(rs, base, STMT_FIRST6, chain->name);
}

/*
 * A packet with a source route is not addressed to where it goes. It is judged
 * in the chains of mail ports only, where other packets do not pay for it.
 */
void guard_source_routes(struct ruleset *rs, struct chain *port)
{
	bool made;
	struct chain *routes = guard_chain(rs, GUARD_SOURCE_ROUTE, &made);
	struct chain *options;

	if (made) {
		guard_refuse(rs, routes, GUARD_SOURCE_ROUTE,
			     "to a mail port, by a source route");
		options = add_chain(rs, "ip-options", BASE_NONE, NULL);
		guard_jump_if(rs, options, STMT_LOOSE4, routes->name);
		guard_jump_if(rs, options, STMT_STRICT4, routes->name);
	}
	guard_jump_if(rs, port, STMT_OPTIONS4, "ip-options");
	guard_jump_if(rs, port, STMT_ROUTED6, routes->name);
}
