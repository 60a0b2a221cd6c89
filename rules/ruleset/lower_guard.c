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
	bool hidden =
		guard == GUARD_STACKED_TAGS || guard == GUARD_ENCAPSULATED;

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

/* The chain of a guard, made where it is first asked for, and filled last. */
static const char *guard_chain(struct ruleset *rs, enum guard guard)
{
	const char *name = guard_infos[guard].counter;

	if (!find_chain(rs, name))
		add_chain(rs, name, BASE_NONE, NULL);
	return name;
}

/* ---- IPv6 first fragments ---- */

/*
 * A first fragment has to hold all headers (RFC 7112). Without TCP's own no map
 * of ports sees it, and the second fragment, where the port is, has an offset.
 */
static void guard_first_fragments(struct ruleset *rs, struct chain *from)
{
	guard_jump_if(rs, from, STMT_FIRST6,
		      guard_chain(rs, GUARD_FIRST_FRAGMENT));
}

/* ---- frames: what lies between Ethernet and IP ---- */

#define TYPE_IP4    0x0800
#define TYPE_ARP    0x0806
#define TYPE_IP6    0x86dd
#define TYPE_TAG    0x8100 /* 802.1Q */
#define TYPE_TAG_AD 0x88a8 /* 802.1ad */
#define TYPE_PPPOE  0x8864
#define TYPE_802_2  0x0004 /* the kernel's number of a frame with a length */
#define PPP_CONTROL 0x8000 /* RFC 1661 section 2: control from here on */
#define SNAP_TYPED  0xaaaa030000000000 /* RFC 1042: a type follows */
#define TAG_NUMBER  0x0fff

/* Types that may carry IP and that no rule looks into. */
static const uint16_t carriers[] = {
	0x8847, 0x8848, /* MPLS */
	0x9100, 0x9200, /* tags before 802.1ad */
	0x880b,		/* PPP */
	0x88e5,		/* MACsec */
	0x88e7,		/* backbone bridges */
	0x894f,		/* network service header */
};

static void put_protocol_is(struct rule *rule, uint16_t protocol)
{
	rule_put(rule, STMT_PROTOCOL)->protocol = protocol;
}

static void put_bytes_are(struct rule *rule, uint8_t offset, uint8_t len,
			  uint64_t value)
{
	rule_put(rule, STMT_BYTES)->bytes = (struct bytes_match){
		.offset = offset,
		.len = len,
		.value = value,
	};
}

static void guard_return_protocol(struct ruleset *rs, struct chain *chain,
				  uint16_t protocol)
{
	struct rule rule = { 0 };

	put_protocol_is(&rule, protocol);
	rule_put(&rule, STMT_RETURN);
	put_rule(rs, chain, &rule);
}

static void guard_goto_protocol(struct ruleset *rs, struct chain *chain,
				uint16_t protocol, const char *target)
{
	struct rule rule = { 0 };

	put_protocol_is(&rule, protocol);
	rule_put(&rule, STMT_GOTO)->chain = target;
	put_rule(rs, chain, &rule);
}

/*
 * The kernel takes one tag off before a hook sees the frame; a host takes off
 * as many as there are while their number is 0. Nobody needs two of those.
 */
static const char *tags_chain(struct ruleset *rs)
{
	struct chain *chain = add_chain(rs, "tags", BASE_NONE, NULL);
	struct rule rule = { 0 };

	rule_put(&rule, STMT_BYTES)->bytes = (struct bytes_match){
		.link = true,
		.offset = 14,
		.len = 2,
		.mask = TAG_NUMBER,
	};
	rule_put(&rule, STMT_GOTO)->chain = guard_chain(rs, GUARD_STACKED_TAGS);
	put_rule(rs, chain, &rule);
	rule = (struct rule){ 0 };
	rule_put(&rule, STMT_GOTO)->chain = guard_chain(rs, GUARD_ENCAPSULATED);
	put_rule(rs, chain, &rule);
	return chain->name;
}

/* A session is set up by control protocols: to stop those would cut it. */
static const char *pppoe_chain(struct ruleset *rs)
{
	struct chain *chain = add_chain(rs, "pppoe", BASE_NONE, NULL);
	struct rule rule = { 0 };

	rule_put(&rule, STMT_BYTES)->bytes = (struct bytes_match){
		.op = BYTES_ARE_AT_LEAST,
		.offset = 6,
		.len = 2,
		.value = PPP_CONTROL,
	};
	rule_put(&rule, STMT_RETURN);
	put_rule(rs, chain, &rule);
	rule = (struct rule){ 0 };
	rule_put(&rule, STMT_GOTO)->chain = guard_chain(rs, GUARD_ENCAPSULATED);
	put_rule(rs, chain, &rule);
	return chain->name;
}

/* IP behind LLC and SNAP: RFC 1042. */
static void guard_snap(struct ruleset *rs, struct chain *chain, uint16_t type)
{
	struct rule rule = { 0 };

	put_protocol_is(&rule, TYPE_802_2);
	put_bytes_are(&rule, 0, 8, SNAP_TYPED | type);
	rule_put(&rule, STMT_GOTO)->chain = guard_chain(rs, GUARD_ENCAPSULATED);
	put_rule(rs, chain, &rule);
}

static const char *frames_chain(struct ruleset *rs)
{
	struct chain *chain = add_chain(rs, "frames", BASE_NONE, NULL);
	const char *tags = tags_chain(rs);

	guard_first_fragments(rs, chain);
	guard_return_protocol(rs, chain, TYPE_IP6);
	guard_return_protocol(rs, chain, TYPE_ARP);
	guard_goto_protocol(rs, chain, TYPE_TAG, tags);
	guard_goto_protocol(rs, chain, TYPE_TAG_AD, tags);
	guard_goto_protocol(rs, chain, TYPE_PPPOE, pppoe_chain(rs));
	guard_snap(rs, chain, TYPE_IP4);
	guard_snap(rs, chain, TYPE_IP6);
	for (size_t i = 0; i < sizeof(carriers) / sizeof(*carriers); i++)
		guard_goto_protocol(rs, chain, carriers[i],
				    guard_chain(rs, GUARD_ENCAPSULATED));
	return chain->name;
}

/*
 * Behind the maps, where mail has gone its way already: other IPv4 packets pay
 * one comparison. What leaves for a device was made by this host's own stack,
 * and its headers are not where those of a received frame are.
 */
void guard_base(struct ruleset *rs, struct chain *base)
{
	struct rule rule = { 0 };

	if (rs->family == FAMILY_INET || base->hook == BASE_EGRESS) {
		guard_first_fragments(rs, base);
		return;
	}
	rule_put(&rule, STMT_NOT_PROTOCOL)->protocol = TYPE_IP4;
	rule_put(&rule, STMT_JUMP)->chain = frames_chain(rs);
	put_rule(rs, base, &rule);
}

/* ---- source routes ---- */

#define IP_OPTIONS "ip-options"

/*
 * A packet with a source route is not addressed to where it goes. It is judged
 * in the chains of mail ports only, where other packets do not pay for it.
 */
void guard_source_routes(struct ruleset *rs, struct chain *port)
{
	const char *routes = guard_chain(rs, GUARD_SOURCE_ROUTE);
	struct chain *options;

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
		if (guard == GUARD_FIRST_FRAGMENT) {
			guard_return_if(rs, chain, STMT_HAS_PORTS);
			guard_return_if(rs, chain, STMT_NOT_TCP);
		}
		guard_refuse(rs, chain, guard, drops);
	}
}
