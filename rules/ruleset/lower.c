/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy to rules.
 *
 * A base chain sends each mail port to a chain of its own with one lookup, and
 * every other packet on its way. There the blocks follow in the order of the
 * text: a block with a class is a chain that members of the class jump to, and
 * return from undecided. A clause is one rule for each way its classes can
 * match (a set of IPv4 prefixes, of IPv6 addresses, of interfaces, ...); one
 * that needs several steps to act has a chain, where these are written once.
 */
#include "lower.h"
#include "../base/arena.h"
#include "digest.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <stdlib.h>
#include <string.h>

/* ---- base chains ---- */

struct hook_chain {
	const char *name;
	enum base_hook hook;
	bool outbound, inbound; /* the blocks that are decided here */
};

static bool hook_chain_has(const struct hook_chain *hook_chain,
			   const struct block *block)
{
	return block->direction == DIRECTION_OUTBOUND ? hook_chain->outbound :
							hook_chain->inbound;
}

typedef bool clause_filter(const struct clause *clause);

static int compare_ports(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

/* The ports of the hook chain's clauses that pass the filter, ascending. */
static struct ports hook_chain_ports(struct ruleset *rs,
				     const struct hook_chain *hook_chain,
				     clause_filter *wanted)
{
	const struct policy *p = rs->policy;
	struct ports all = { 0 };
	size_t kept = 0;

	for (size_t i = 0; i < p->blocks.n; i++) {
		const struct block *b = &p->blocks.items[i];

		for (size_t k = 0; k < b->clauses.n; k++) {
			const struct clause *cl = &b->clauses.items[k];

			if (!hook_chain_has(hook_chain, b) || !wanted(cl))
				continue;
			for (size_t m = 0; m < cl->ports.n; m++)
				*arena_push(rs->arena, &all) =
					cl->ports.items[m];
		}
	}
	if (all.n)
		qsort(all.items, all.n, sizeof(*all.items), compare_ports);
	for (size_t i = 0; i < all.n; i++)
		if (!kept || all.items[i] != all.items[kept - 1])
			all.items[kept++] = all.items[i];
	all.n = kept;
	return all;
}

/* Has the port a clause that passes the filter? */
static bool port_has(struct ruleset *rs, const struct hook_chain *hook_chain,
		     uint16_t port, clause_filter *wanted)
{
	const struct ports ports = hook_chain_ports(rs, hook_chain, wanted);

	return ports.n && bsearch(&port, ports.items, ports.n,
				  sizeof(*ports.items), compare_ports);
}

static bool owner_clause(const struct clause *clause)
{
	return clause->users.n || clause->groups.n;
}

/* Packets that open nothing pass it. */
static bool flags_clause(const struct clause *clause)
{
	return owner_clause(clause) || action_needs_rate(clause->action);
}

static bool every_clause(const struct clause *clause)
{
	(void)clause;
	return true;
}

static bool replies_clause(const struct clause *clause)
{
	return clause->replies;
}

static bool redirect_clause(const struct clause *clause)
{
	return action_redirects(clause->action);
}

/*
 * The rule that sends ports to their chains; the chains are made here and
 * filled by fill. A port's chain has the port's name whatever the policy says:
 * a packet that finds a new chain under way has old rules to go through.
 */
static void
add_dispatch(struct ruleset *rs, struct chain *base,
	     const struct hook_chain *hook_chain, enum stmt_kind kind,
	     const char *infix, const struct ports *ports,
	     void (*fill)(struct ruleset *rs, struct chain *chain,
			  const struct hook_chain *hook_chain, uint16_t port))
{
	struct port_jumps *jumps = arena_alloc(rs->arena, sizeof(*jumps));
	struct rule rule = { 0 };
	struct set *map;

	if (!ports->n)
		return;
	map = add_set(rs,
		      inside_name(rs, arena_printf(rs->arena, "%s%s.ports",
						   hook_chain->name, infix)),
		      KEY_SERVICE, NULL);
	map->jumps = jumps;
	map->size = hash_size(ports->n);
	for (size_t i = 0; i < ports->n; i++) {
		struct port_jump *jump = arena_push(rs->arena, jumps);

		jump->port = ports->items[i];
		jump->chain = inside_name(
			rs,
			arena_printf(rs->arena, "%s%s.%s", hook_chain->name,
				     infix, port_name(rs->arena, jump->port)));
		fill(rs, add_chain(rs, jump->chain, BASE_NONE, NULL),
		     hook_chain, jump->port);
	}
	rule_put(&rule, kind)->set = map;
	put_rule(rs, base, &rule);
}

/* Connections that our nat chain redirected are decided already. */
static void accept_redirected(struct ruleset *rs, struct chain *chain,
			      const struct clause *clause, enum stmt_kind kind)
{
	for (int family = 4; family <= 6; family += 2) {
		struct rule rule = { .origin = &clause->span };

		if (!has_target(clause, family))
			continue;
		put_target(rule_put(&rule, kind), clause, family);
		rule_put(&rule, STMT_ACCEPT);
		rule.comment =
			make_comment(rs->arena, clause->id, "redirected");
		put_rule(rs, chain, &rule);
	}
}

static void each_redirect(struct ruleset *rs, struct chain *chain,
			  uint16_t port, enum direction direction,
			  enum stmt_kind kind)
{
	const struct policy *p = rs->policy;

	for (size_t i = 0; i < p->blocks.n; i++) {
		const struct block *b = &p->blocks.items[i];

		for (size_t k = 0; k < b->clauses.n; k++)
			if (b->direction == direction && !p->observe &&
			    redirect_clause(&b->clauses.items[k]) &&
			    clause_decides(&b->clauses.items[k], port))
				accept_redirected(rs, chain,
						  &b->clauses.items[k], kind);
	}
}

/*
 * A socket that its process closed has no owner any more, yet has data to
 * send: whoever may open a connection may finish it.
 */
static void judge_opening_only(struct ruleset *rs, struct chain *chain,
			       const struct hook_chain *hook_chain,
			       uint16_t port)
{
	struct rule rule = { 0 };

	if (!port_has(rs, hook_chain, port, owner_clause))
		return;
	rule_put(&rule, STMT_NOT_SYN);
	rule_put(&rule, STMT_ACCEPT);
	rule.comment = "an owner is known when a connection opens";
	put_rule(rs, chain, &rule);
}

/*
 * On this host a reset that we answer a reply with comes by here, addressed
 * to the port that is blocked. It opens nothing.
 */
static void let_resets_out(struct ruleset *rs, struct chain *chain,
			   const struct hook_chain *hook_chain, uint16_t port)
{
	const struct policy *p = rs->policy;
	struct rule rule = { 0 };
	bool answers = false;

	for (size_t i = 0; i < p->blocks.n; i++) {
		const struct block *b = &p->blocks.items[i];

		for (size_t k = 0; k < b->clauses.n; k++)
			answers = answers ||
				  (!hook_chain_has(hook_chain, b) &&
				   b->clauses.items[k].replies &&
				   clause_decides(&b->clauses.items[k], port));
	}
	if (!answers || p->hook != HOOK_OUTPUT)
		return;
	rule_put(&rule, STMT_RST);
	rule_put(&rule, STMT_ACCEPT);
	put_rule(rs, chain, &rule);
}

static void fill_port(struct ruleset *rs, struct chain *chain,
		      const struct hook_chain *hook_chain, uint16_t port)
{
	const struct policy *p = rs->policy;

	guard_source_routes(rs, chain);
	if (port_has(rs, hook_chain, port, flags_clause))
		guard_flags(rs, chain);
	let_resets_out(rs, chain, hook_chain, port);
	judge_opening_only(rs, chain, hook_chain, port);
	if (hook_chain->outbound)
		each_redirect(rs, chain, port, DIRECTION_OUTBOUND,
			      STMT_DNAT_TO);
	if (hook_chain->inbound)
		each_redirect(rs, chain, port, DIRECTION_INBOUND, STMT_DNAT_TO);
	for (size_t i = 0; i < p->blocks.n; i++)
		if (hook_chain_has(hook_chain, &p->blocks.items[i]))
			add_block(rs, chain, &p->blocks.items[i], port, "",
				  add_clause);
}

/* ---- replies ---- */

struct mirror_place {
	struct chain *chain;
	const struct clause
		*clause; /* the clause that may let the connection through */
	struct tail refusal; /* refusal of the clause with "and replies" */
	bool decided;	     /* a rule without conditions decided it */
};

static void emit_mirror(struct ruleset *rs, const struct rule *matches,
			int family, void *data)
{
	struct mirror_place *place = data;
	struct rule tail = place->refusal.rules[0];
	struct clause_place refused = { .chain = place->chain,
					.clause = place->clause };

	place->decided =
		place->decided ||
		(!matches->n && !place->clause->users.n &&
		 !place->clause->groups.n && concerns_all(place->clause));
	if (!action_lets_through(place->clause->action) &&
	    !rs->policy->observe) {
		refused.tail.rules[0] = tail;
		refused.tail.n = 1;
		emit_clause(rs, matches, family, &refused);
		return;
	}
	tail = (struct rule){ .origin = &place->clause->span };
	if (!put_concerned(&tail, place->clause, family))
		return;
	rule_put(&tail, STMT_ACCEPT);
	tail.comment =
		make_comment(rs->arena, place->clause->id, "answers to it");
	tail = rule_join(matches, &tail);
	put_rule(rs, place->chain, &tail);
}

/* The redirect's target answers, whether rewritten or addressed so. */
static void emit_mirror_target(struct ruleset *rs, const struct rule *matches,
			       int family, void *data)
{
	struct mirror_place *place = data;
	const struct clause *cl = place->clause;

	for (int mine = 4; mine <= 6; mine += 2) {
		struct rule rule = *matches;

		if ((family && family != mine) || !has_target(cl, mine))
			continue;
		put_target(rule_put(&rule, STMT_SADDR_IS), cl, mine);
		rule_put(&rule, STMT_ACCEPT);
		rule.origin = &cl->span;
		rule.comment = make_comment(rs->arena, cl->id, "answers to it");
		put_rule(rs, place->chain, &rule);
	}
}

static bool same_refs(const struct class_refs *a, const struct class_refs *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->items[i] != b->items[i])
			return false;
	return true;
}

/*
 * A packet from a mail port answers a connection that the opposite blocks
 * judge: their source is its destination.
 */
static void add_mirror(struct ruleset *rs, struct mirror_place *place,
		       const struct block *replies)
{
	const struct clause *cl = place->clause;
	struct conditions cs = { 0 };

	if (!same_refs(&cl->block->of, &replies->of))
		add_condition(&cs, &cl->block->of, !is_source(cl->block));
	add_condition(&cs, &cl->from, false);
	add_condition(&cs, &cl->to, true);
	each_way(rs, &cs, 0, &(struct rule){ 0 }, 0,
		 action_redirects(cl->action) && !rs->policy->observe ?
			 emit_mirror_target :
			 emit_mirror,
		 place);
}

/*
 * A reply tells nothing of who asked. What some owner may do passes for all;
 * what some owner may not do is left to the clauses below.
 */
static bool can_mirror(const struct clause *clause)
{
	return action_lets_through(clause->action) ||
	       (!clause->users.n && !clause->groups.n);
}

static const char *replies_chain(struct ruleset *rs,
				 const struct clause *clause, uint16_t port,
				 const struct tail *refusal)
{
	const struct policy *p = rs->policy;
	enum direction opposite = is_source(clause->block) ? DIRECTION_INBOUND :
							     DIRECTION_OUTBOUND;
	const char *name = inside_name(
		rs, arena_printf(rs->arena, "%s.replies.%s", clause->key,
				 port_name(rs->arena, port)));
	struct mirror_place place = { .refusal = *refusal };
	struct rule rst = { .origin = &clause->span };

	place.chain = add_chain(rs, name, BASE_NONE, &clause->span);
	/* A refusal may be our own, on its way back; it opens nothing. */
	rule_put(&rst, STMT_RST);
	rule_put(&rst, STMT_ACCEPT);
	put_rule(rs, place.chain, &rst);
	each_redirect(rs, place.chain, port, opposite, STMT_DNAT_FROM);
	for (size_t i = 0; i < p->blocks.n; i++) {
		const struct block *b = &p->blocks.items[i];

		for (size_t k = 0; k < b->clauses.n; k++) {
			place.clause = &b->clauses.items[k];
			if (b->direction == opposite && !place.decided &&
			    clause_decides(place.clause, port) &&
			    can_mirror(place.clause))
				add_mirror(rs, &place, clause->block);
		}
	}
	if (!place.decided)
		put_rule(rs, place.chain, &refusal->rules[0]);
	return name;
}

static void fill_replies(struct ruleset *rs, struct chain *chain,
			 const struct hook_chain *hook_chain, uint16_t port)
{
	const struct policy *p = rs->policy;

	guard_source_routes(rs, chain);
	for (size_t i = 0; i < p->blocks.n; i++) {
		const struct block *b = &p->blocks.items[i];

		for (size_t k = 0; k < b->clauses.n; k++) {
			const struct clause *cl = &b->clauses.items[k];
			struct conditions cs = { 0 };
			struct clause_place place = { .chain = chain,
						      .clause = cl };

			if (!hook_chain_has(hook_chain, b) || !cl->replies ||
			    !clause_decides(cl, port))
				continue;
			clause_tail(rs, cl, &place.tail);
			const char *target =
				replies_chain(rs, cl, port, &place.tail);

			place.tail.n = 0;
			put_goto(&place.tail, cl, target);
			place.tail.rules[0].comment =
				make_comment(rs->arena, cl->id, cl->text);
			add_condition(&cs, &b->of, is_source(b));
			add_condition(&cs, &cl->from, true);
			add_condition(&cs, &cl->to, false);
			each_way(rs, &cs, 0, &(struct rule){ 0 }, 0,
				 emit_clause, &place);
		}
	}
}

static void add_dispatches(struct ruleset *rs, struct chain *chain,
			   const struct hook_chain *hook_chain,
			   const struct ports *to, const struct ports *from)
{
	add_dispatch(rs, chain, hook_chain, STMT_DPORT, "", to, fill_port);
	add_dispatch(rs, chain, hook_chain, STMT_SPORT, ".from", from,
		     fill_replies);
}

static bool refuses_clause(const struct clause *clause)
{
	return action_may_refuse(clause->action);
}

/* Ports that some clause may refuse, for headers that hide their port. */
static const struct set *inner_ports(struct ruleset *rs,
				     const struct hook_chain *hook_chain)
{
	struct ports ports = hook_chain_ports(rs, hook_chain, refuses_clause);
	struct port_jumps *jumps = arena_alloc(rs->arena, sizeof(*jumps));
	struct set *map;

	if (!ports.n)
		return NULL;
	map = add_set(rs, "inner-ports", KEY_SERVICE, NULL);
	map->jumps = jumps;
	map->size = hash_size(ports.n);
	for (size_t i = 0; i < ports.n; i++)
		*arena_push(rs->arena, jumps) = (struct port_jump){
			ports.items[i],
			guard_chain(rs, GUARD_INNER_HEADERS),
		};
	return map;
}

static void add_hook_chain(struct ruleset *rs,
			   const struct hook_chain *hook_chain)
{
	struct ports to = hook_chain_ports(rs, hook_chain, every_clause);
	struct ports from = hook_chain_ports(rs, hook_chain, replies_clause);
	struct chain *base;

	if (!to.n)
		return;
	base = add_chain(rs, hook_chain->name, hook_chain->hook, NULL);
	add_dispatches(rs, base, hook_chain, &to, &from);
	if (!rs->text && base_sees_frames(rs, base))
		rs->inner_ports = inner_ports(rs, hook_chain);
	guard_base(rs, base);
	for (size_t i = 0; i < rs->insides.n; i++) {
		rs->inside = rs->insides.items[i]->inside;
		add_dispatches(rs, rs->insides.items[i], hook_chain, &to,
			       &from);
	}
	rs->inside = (struct inside){ 0 };
	rs->insides.n = 0;
}

/* ---- redirect: the nat chain ---- */

static void fill_nat(struct ruleset *rs, struct chain *chain,
		     const struct hook_chain *hook_chain, uint16_t port)
{
	const struct policy *p = rs->policy;

	for (size_t i = 0; i < p->blocks.n; i++)
		if (hook_chain_has(hook_chain, &p->blocks.items[i]))
			add_block(rs, chain, &p->blocks.items[i], port, "nat-",
				  add_nat_clause);
}

static void add_redirects(struct ruleset *rs)
{
	bool output = rs->policy->hook == HOOK_OUTPUT;
	struct hook_chain hook_chain = {
		"nat", /* "redirect" is a word of nft */
		output ? BASE_NAT_OUTPUT : BASE_NAT_PREROUTING,
		true,
		!output,
	};
	struct ports ports = hook_chain_ports(rs, &hook_chain, redirect_clause);
	struct rule local = { 0 };
	struct chain *base;

	if (!ports.n || rs->policy->observe)
		return;
	base = add_chain(rs, hook_chain.name, hook_chain.hook, NULL);
	if (!output) {
		/* Packets to the router itself are not forwarded. */
		rule_put(&local, STMT_LOCAL);
		rule_put(&local, STMT_ACCEPT);
		put_rule(rs, base, &local);
	}
	add_dispatch(rs, base, &hook_chain, STMT_DPORT, "", &ports, fill_nat);
}

/* ---- the whole ---- */

static const struct hook_chain hook_chains[][2] = {
	[HOOK_FORWARD] = { { "forward", BASE_FORWARD, true, true } },
	[HOOK_OUTPUT] = { { "output", BASE_OUTPUT, true, false },
			  { "input", BASE_INPUT, false, true } },
	[HOOK_BRIDGE] = { { "prerouting", BASE_PREROUTING, true, true } },
	[HOOK_INGRESS] = { { "ingress", BASE_INGRESS, true, false },
			   { "egress", BASE_EGRESS, false, true } },
};

static enum family family_of(enum hook hook)
{
	switch (hook) {
	case HOOK_FORWARD:
	case HOOK_OUTPUT:
		return FAMILY_INET;
	case HOOK_BRIDGE:
		return FAMILY_BRIDGE;
	case HOOK_INGRESS:
		return FAMILY_NETDEV;
	}
	return FAMILY_INET;
}

static void lower(struct ruleset *rs, const struct hook_chain *hook_chain)
{
	for (int i = 0; i < 2; i++)
		if (hook_chain[i].name)
			add_hook_chain(rs, &hook_chain[i]);
	add_redirects(rs);
	guards_fill(rs);
}

/* ---- the coarse form ---- */

static bool blocks_clause(const struct clause *clause)
{
	return action_blocks(clause->action);
}

static void fill_coarse(struct ruleset *rs, struct chain *chain,
			const struct hook_chain *hook_chain, uint16_t port)
{
	struct rule rule = { 0 };

	(void)hook_chain;
	(void)port;
	rule_put(&rule, STMT_SYN);
	rule_put(&rule, STMT_DROP);
	put_rule(rs, chain, &rule);
}

static void lower_coarse(struct ruleset *rs,
			 const struct hook_chain *hook_chain)
{
	for (int i = 0; i < 2; i++) {
		struct ports to = { 0 };

		if (hook_chain[i].name)
			to = hook_chain_ports(rs, &hook_chain[i],
					      blocks_clause);
		if (to.n)
			add_dispatch(rs,
				     add_chain(rs, hook_chain[i].name,
					       hook_chain[i].hook, NULL),
				     &hook_chain[i], STMT_DPORT, "", &to,
				     fill_coarse);
	}
}

/* ---- either ---- */

typedef void lower_fn(struct ruleset *rs, const struct hook_chain *hook_chain);

static int lower_by(struct ruleset *rs, lower_fn *fill)
{
	int error;

	rs->family = family_of(rs->policy->hook);
	rs->devices = &rs->policy->devices;
	fill(rs, hook_chains[rs->policy->hook]);
	if (!rs->chains.n)
		return 0;
	error = ruleset_digest(rs);
	if (error)
		return error;
	/* The first rule carries the name and the digest of them all. */
	rs->chains.items[0]->rules.items[0].comment = arena_printf(
		rs->arena, DIGEST_COMMENT, rs->policy->name, rs->digest);
	return 0;
}

static int ruleset_by(const struct policy *policy, bool text, lower_fn *fill,
		      struct ruleset **out)
{
	struct arena *arena = arena_new();
	struct ruleset *rs;
	int error;

	*out = NULL;
	if (!arena)
		return -ENOMEM;
	if (setjmp(*arena_on_failure(arena))) {
		arena_free(arena);
		return -ENOMEM;
	}
	rs = arena_alloc(arena, sizeof(*rs));
	rs->arena = arena;
	rs->policy = policy;
	rs->text = text;
	error = lower_by(rs, fill);
	if (error) {
		arena_free(arena);
		return error;
	}
	*out = rs;
	return 0;
}

int ruleset_new(const struct policy *policy, struct ruleset **out)
{
	return ruleset_by(policy, false, lower, out);
}

int ruleset_coarse(const struct policy *policy, struct ruleset **out)
{
	int error = ruleset_by(policy, false, lower_coarse, out);

	if (!error && (policy->observe || !(*out)->chains.n)) {
		ruleset_free(*out);
		*out = NULL;
	}
	return error;
}

int ruleset_new_text(const struct policy *policy, struct ruleset **out)
{
	return ruleset_by(policy, true, lower, out);
}

bool ruleset_looks_inside(const struct policy *policy)
{
	const struct hook_chain *hook_chain = hook_chains[policy->hook];

	if (family_of(policy->hook) == FAMILY_INET)
		return false;
	for (size_t i = 0; i < policy->blocks.n; i++)
		if (hook_chain_has(hook_chain, &policy->blocks.items[i]))
			return true;
	return false;
}
