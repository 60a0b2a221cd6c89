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
#include "ruleset.h"
#include "arena.h"
#include "canon.h"
#include "service.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COMMENT_BYTES 120    /* the kernel takes 127 */
#define METER_SIZE    262144 /* sources that a limit tells apart */
#define METER_LEAST_S 10
#define METER_MOST_S  (7 * 86400)

/* ---- names and objects ---- */

static const char *port_name(struct arena *a, uint16_t port)
{
	const struct service *s = service_by_port(port);

	return s ? s->name : arena_printf(a, "%u", port);
}

/* A comment holds no quote: nft could not read its own listing again. */
static const char *make_comment(struct arena *a, const char *id,
				const char *text)
{
	char *out = arena_printf(a, "%s %s", id, text);

	if (strlen(out) > COMMENT_BYTES)
		memcpy(out + COMMENT_BYTES - 3, "...", 4);
	for (char *p = out; *p; p++)
		if (*p == '"')
			*p = '\'';
	return out;
}

static struct chain *add_chain(struct ruleset *rs, const char *name,
			       enum base_hook hook, const struct span *origin)
{
	struct chain *chain = arena_alloc(rs->arena, sizeof(*chain));

	chain->name = name;
	chain->hook = hook;
	chain->origin = origin;
	*arena_push(rs->arena, &rs->chains) = chain;
	return chain;
}

static struct chain *find_chain(struct ruleset *rs, const char *name)
{
	for (size_t i = 0; i < rs->chains.n; i++)
		if (!strcmp(rs->chains.items[i]->name, name))
			return rs->chains.items[i];
	return NULL;
}

static const struct counter *counter_for(struct ruleset *rs, const char *name,
					 const struct clause *clause)
{
	struct counter *counter;

	for (size_t i = 0; i < rs->counters.n; i++)
		if (!strcmp(rs->counters.items[i]->name, name))
			return rs->counters.items[i];
	counter = arena_alloc(rs->arena, sizeof(*counter));
	counter->name = name;
	counter->clause = clause;
	counter->origin = clause ? &clause->span : NULL;
	*arena_push(rs->arena, &rs->counters) = counter;
	return counter;
}

static struct set *find_set(struct ruleset *rs, const char *name)
{
	for (size_t i = 0; i < rs->sets.n; i++)
		if (!strcmp(rs->sets.items[i]->name, name))
			return rs->sets.items[i];
	return NULL;
}

/* Room to grow by half before the set must be made anew. */
static uint32_t hash_size(size_t elements)
{
	uint32_t size = 16;

	while (size < elements + elements / 4)
		size *= 2;
	return size;
}

static struct set *add_set(struct ruleset *rs, const char *name,
			   enum set_key key, const struct span *origin)
{
	struct set *set = arena_alloc(rs->arena, sizeof(*set));

	set->name = name;
	set->key = key;
	set->origin = origin;
	*arena_push(rs->arena, &rs->sets) = set;
	return set;
}

/* ---- a class as the sets that match it ---- */

enum part { PART_NETS4, PART_HOSTS4, PART_NETS6, PART_HOSTS6, PART_INTERFACES };

static const char *const part_suffix[] = {
	[PART_NETS4] = "v4",	  [PART_HOSTS4] = "v4.hosts",
	[PART_NETS6] = "v6",	  [PART_HOSTS6] = "v6.hosts",
	[PART_INTERFACES] = "if",
};

static size_t part_members(const struct class *class, enum part part)
{
	if (class->kind == CLASS_DYNAMIC)
		return part == PART_NETS4 || part == PART_NETS6;
	switch (part) {
	case PART_NETS4:
		return class->nets4.n;
	case PART_HOSTS4:
		return class->hosts4.n;
	case PART_NETS6:
		return class->nets6.n;
	case PART_HOSTS6:
		return class->hosts6.n;
	case PART_INTERFACES:
		return class->interfaces.n;
	}
	return 0;
}

static bool has_wildcard(const struct words *names)
{
	for (size_t i = 0; i < names->n; i++)
		if (strchr(names->items[i].text, '*'))
			return true;
	return false;
}

/* Literal addresses have no name; their text makes one that stays. */
static const char *class_stem(struct arena *a, const struct class *class)
{
	uint32_t h = 2166136261u;

	if (!class->literal)
		return class->name;
	for (const char *p = class->name; *p; p++)
		h = (h ^ (unsigned char)*p) * 16777619u;
	return arena_printf(a, "addr-%08x", h);
}

/* The kernel compares names as 16 bytes; a wildcard is a range of them. */
static const struct ranges6 *name_ranges(struct arena *a,
					 const struct words *names)
{
	struct ranges6 *out = arena_alloc(a, sizeof(*out));

	for (size_t i = 0; i < names->n; i++) {
		const char *name = names->items[i].text;
		size_t len = strcspn(name, "*");
		struct range6 r = { 0 };

		if (name[len])
			memset(r.last.byte, 0xff, sizeof(r.last.byte));
		memcpy(r.first.byte, name, len);
		memcpy(r.last.byte, name, len);
		ranges6_push(a, out, r);
	}
	ranges6_merge(a, out, false, NULL);
	return out;
}

static void fill_set(struct arena *a, struct set *set,
		     const struct class *class, enum part part)
{
	set->class = class;
	if (class->kind == CLASS_DYNAMIC) {
		set->interval = set->timeout = true;
		set->size = class->size;
		return;
	}
	switch (part) {
	case PART_NETS4:
		set->interval = true;
		set->v4 = &class->nets4;
		break;
	case PART_NETS6:
		set->interval = true;
		set->v6 = &class->nets6;
		break;
	case PART_HOSTS4:
		set->v4 = &class->hosts4;
		set->size = hash_size(class->hosts4.n);
		break;
	case PART_HOSTS6:
		set->v6 = &class->hosts6;
		set->size = hash_size(class->hosts6.n);
		break;
	case PART_INTERFACES:
		set->v6 = name_ranges(a, &class->interfaces);
		set->interval = has_wildcard(&class->interfaces);
		if (!set->interval)
			set->size = hash_size(set->v6->n);
		break;
	}
}

static const struct set *part_set(struct ruleset *rs, const struct class *class,
				  enum part part)
{
	static const enum set_key keys[] = {
		[PART_NETS4] = KEY_IPV4,	[PART_HOSTS4] = KEY_IPV4,
		[PART_NETS6] = KEY_IPV6,	[PART_HOSTS6] = KEY_IPV6,
		[PART_INTERFACES] = KEY_IFNAME,
	};
	const char *name =
		arena_printf(rs->arena, "%s.%s", class_stem(rs->arena, class),
			     part_suffix[part]);
	struct set *set = find_set(rs, name);

	if (set)
		return set;
	set = add_set(rs, name, keys[part], &class->span);
	fill_set(rs->arena, set, class, part);
	return set;
}

/* ---- rules, statement by statement ---- */

static struct stmt *put(struct rule *rule, enum stmt_kind kind)
{
	struct stmt *s = &rule->stmts[rule->n++];

	s->kind = kind;
	return s;
}

static void put_counter(struct rule *rule, const struct counter *counter)
{
	put(rule, STMT_COUNTER)->counter = counter;
}

static void put_rule(struct ruleset *rs, struct chain *chain,
		     const struct rule *rule)
{
	*arena_push(rs->arena, &chain->rules) = *rule;
}

/* The statements of head, then those of tail, as one rule. */
static struct rule join(const struct rule *head, const struct rule *tail)
{
	struct rule out = *head;

	for (unsigned int i = 0; i < tail->n; i++)
		out.stmts[out.n++] = tail->stmts[i];
	out.comment = tail->comment ? tail->comment : head->comment;
	out.origin = tail->origin ? tail->origin : head->origin;
	return out;
}

/* ---- conditions ---- */

/* One list of classes that a packet's source or destination has to be in. */
struct condition {
	const struct class_refs *refs;
	bool source;
};

#define CONDITIONS_MOST 4

struct conditions {
	struct condition items[CONDITIONS_MOST];
	unsigned int n;
	const struct ids *users, *groups; /* one of each; NULL: anybody */
};

static void add_condition(struct conditions *cs, const struct class_refs *refs,
			  bool source)
{
	if (refs->n)
		cs->items[cs->n++] = (struct condition){ refs, source };
}

typedef void emit_fn(struct ruleset *rs, const struct rule *matches, int family,
		     void *data);

static void add_owners(struct conditions *cs, const struct clause *clause)
{
	cs->users = clause->users.n ? &clause->users : NULL;
	cs->groups = clause->groups.n ? &clause->groups : NULL;
}

static void each_owner(struct ruleset *rs, const struct conditions *cs,
		       const struct rule *matches, int family, emit_fn *emit,
		       void *data)
{
	size_t users = cs->users ? cs->users->n : 1;
	size_t groups = cs->groups ? cs->groups->n : 1;

	for (size_t u = 0; u < users; u++)
		for (size_t g = 0; g < groups; g++) {
			struct rule more = *matches;

			if (cs->users)
				put(&more, STMT_SKUID)->id =
					cs->users->items[u];
			if (cs->groups)
				put(&more, STMT_SKGID)->id =
					cs->groups->items[g];
			emit(rs, &more, family, data);
		}
}

/*
 * Calls emit for every way in which all conditions can hold; family is 4 or 6
 * where one of them decides that, else 0. An IPv4 set and an IPv6 set never
 * hold together.
 */
static void each_way(struct ruleset *rs, const struct conditions *cs,
		     unsigned int from, const struct rule *matches, int family,
		     emit_fn *emit, void *data)
{
	const struct condition *c = &cs->items[from];

	if (from == cs->n) {
		each_owner(rs, cs, matches, family, emit, data);
		return;
	}
	for (size_t i = 0; i < c->refs->n; i++) {
		const struct class *class = c->refs->items[i];

		for (enum part part = PART_NETS4; part <= PART_INTERFACES;
		     part++) {
			int mine = part == PART_INTERFACES ? 0 :
				   part <= PART_HOSTS4	   ? 4 :
							     6;
			struct rule more = *matches;
			enum stmt_kind kind =
				mine ? (c->source ? STMT_SADDR : STMT_DADDR) :
				       (c->source ? STMT_IIFNAME :
						    STMT_OIFNAME);

			if (!part_members(class, part) ||
			    (mine && family && mine != family))
				continue;
			put(&more, kind)->set = part_set(rs, class, part);
			each_way(rs, cs, from + 1, &more, mine ? mine : family,
				 emit, data);
		}
	}
}

static bool is_source(const struct block *block)
{
	return block->direction == DIRECTION_OUTBOUND;
}

/* ---- what a clause does ---- */

/* A few rules without conditions: what happens to a packet that matched. */
struct tail {
	struct rule rules[5];
	unsigned int n;
};

static struct rule *tail_rule(struct tail *tail, const struct clause *clause)
{
	struct rule *rule = &tail->rules[tail->n++];

	*rule = (struct rule){ .origin = &clause->span };
	return rule;
}

static void put_log(struct ruleset *rs, struct rule *rule,
		    const struct clause *clause)
{
	struct stmt *s = put(rule, STMT_LOG);

	s->log.prefix = arena_printf(rs->arena, "%s ", clause->id);
	s->log.group = rs->policy->log_group;
	s->log.snaplen = rs->policy->log_snaplen;
	s->log.threshold = rs->policy->log_threshold;
}

static enum stmt_kind refusal_stmt(enum refusal refusal)
{
	switch (refusal) {
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
		put(rule, STMT_TCP);
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

static const struct set *meter_set(struct ruleset *rs, const char *stem,
				   int family, const struct rate *rate,
				   const struct span *origin)
{
	const char *name = arena_printf(rs->arena, "%s.v%d", stem, family);
	struct set *set = find_set(rs, name);

	if (set)
		return set;
	set = add_set(rs, name, family == 4 ? KEY_IPV4 : KEY_IPV6, origin);
	set->dynamic = set->timeout = true;
	set->timeout_s = meter_timeout_s(rate);
	set->size = METER_SIZE;
	return set;
}

static void put_meter(struct rule *rule, enum stmt_kind kind,
		      const struct set *set, const struct rate *rate)
{
	struct stmt *s = put(rule, kind);

	s->meter.set = set;
	s->meter.rate = *rate;
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
		struct rule *rule = verdict_rule(tail, clause, verdict);

		put_meter(rule, STMT_METER_OVER,
			  meter_set(rs, "log-limit", family, rate, NULL), rate);
		put_counter(rule, counter_for(rs, "log-suppressed", NULL));
		put(rule, verdict);
	}
}

static void refuse(struct ruleset *rs, struct tail *tail,
		   const struct clause *clause, const struct counter *counter)
{
	enum stmt_kind verdict = refusal_stmt(clause->refusal);
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
	put(rule, verdict);
}

/*
 * Of a connection that goes through only the opening packet is logged. The
 * counter takes them all.
 */
static void let_through(struct ruleset *rs, struct tail *tail,
			const struct clause *clause,
			const struct counter *counter)
{
	struct rule *rule = tail_rule(tail, clause);

	put_counter(rule, counter);
	if (clause->log) {
		rule = tail_rule(tail, clause);
		put(rule, STMT_NOT_SYN);
		put(rule, STMT_ACCEPT);
		add_log_limit(rs, tail, clause, STMT_ACCEPT);
		rule = tail_rule(tail, clause);
		put_log(rs, rule, clause);
	}
	put(rule, STMT_ACCEPT);
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

	put(rule, STMT_NOT_SYN);
	put_counter(rule, counter);
	put(rule, STMT_ACCEPT);
	for (int family = 4; family <= 6; family += 2) {
		rule = tail_rule(tail, clause);
		put_meter(rule, STMT_METER,
			  meter_set(rs, clause->key, family, &clause->rate,
				    &clause->span),
			  &clause->rate);
		put_counter(rule, counter);
		put(rule, STMT_ACCEPT);
	}
}

static void go_to(struct tail *tail, const struct clause *clause,
		  const char *chain)
{
	put(tail_rule(tail, clause), STMT_GOTO)->chain = chain;
}

/* The steps themselves, or the chain that holds them if they are many. */
static void settle(struct ruleset *rs, struct tail *tail, const char *chain,
		   const struct clause *clause)
{
	struct chain *c;

	if (tail->n == 1)
		return;
	if (!find_chain(rs, chain)) {
		c = add_chain(rs, chain, BASE_NONE, &clause->span);
		for (unsigned int i = 0; i < tail->n; i++)
			put_rule(rs, c, &tail->rules[i]);
	}
	tail->n = 0;
	go_to(tail, clause, chain);
}

static void refuse_or_count(struct ruleset *rs, struct tail *tail,
			    const struct clause *clause,
			    const struct counter *counter)
{
	if (rs->policy->observe)
		let_through(rs, tail, clause, counter);
	else
		refuse(rs, tail, clause, counter);
}

static void clause_tail(struct ruleset *rs, const struct clause *clause,
			struct tail *tail)
{
	const struct counter *counter = counter_for(rs, clause->key, clause);
	struct tail over = { 0 };
	const char *name;

	*tail = (struct tail){ 0 };
	switch (clause->action) {
	case ACTION_ALLOW:
	case ACTION_OBSERVE:
	case ACTION_REDIRECT:
		let_through(rs, tail, clause, counter);
		break;
	case ACTION_BLOCK:
		refuse_or_count(rs, tail, clause, counter);
		break;
	case ACTION_LIMIT:
		add_limit(rs, tail, clause, counter);
		name = arena_printf(rs->arena, "%s-over", clause->key);
		refuse_or_count(rs, &over, clause,
				counter_for(rs, name, clause));
		settle(rs, &over, name, clause);
		tail->rules[tail->n++] = over.rules[0];
		break;
	}
	settle(rs, tail, clause->key, clause);
	tail->rules[0].comment =
		make_comment(rs->arena, clause->id, clause->text);
}

/* ---- a clause in a chain ---- */

struct clause_place {
	struct chain *chain;
	const struct clause *clause;
	struct tail tail;
};

static void put_target(struct stmt *s, const struct clause *clause, int family)
{
	s->target.family = family;
	s->target.v4 = clause->target4;
	s->target.v6 = clause->target6;
}

static bool has_target(const struct clause *clause, int family)
{
	return family == 4 ? clause->has_target4 : clause->has_target6;
}

static void emit_clause(struct ruleset *rs, const struct rule *matches,
			int family, void *data)
{
	struct clause_place *place = data;
	const struct rule *tail = &place->tail.rules[0];
	struct rule head = { 0 }, rest = *tail, rule;

	(void)family;
	/* The reset's "this is TCP" stands in front, as nft writes it. */
	if (rest.n && rest.stmts[0].kind == STMT_TCP) {
		put(&head, STMT_TCP);
		memmove(&rest.stmts[0], &rest.stmts[1],
			(rest.n - 1) * sizeof(rest.stmts[0]));
		rest.n--;
	}
	head = join(&head, matches);
	rule = join(&head, &rest);
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
		put_target(put(&rule, STMT_DADDR_IS), place->clause, mine);
		put(&rule, STMT_ACCEPT);
		rule.origin = &place->clause->span;
		rule.comment = make_comment(rs->arena, place->clause->id,
					    "at its target");
		put_rule(rs, place->chain, &rule);
	}
}

static void add_clause(struct ruleset *rs, struct chain *chain,
		       const struct clause *clause)
{
	struct clause_place place = { .chain = chain, .clause = clause };
	struct conditions cs = { 0 };

	add_condition(&cs, &clause->from, true);
	add_condition(&cs, &clause->to, false);
	add_owners(&cs, clause);
	if (clause->action == ACTION_REDIRECT && !rs->policy->observe) {
		each_way(rs, &cs, 0, &(struct rule){ 0 }, 0, emit_at_target,
			 &place);
		return;
	}
	clause_tail(rs, clause, &place.tail);
	each_way(rs, &cs, 0, &(struct rule){ 0 }, 0, emit_clause, &place);
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
	put(&rule, STMT_JUMP)->chain = place->target;
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

typedef void add_clause_fn(struct ruleset *rs, struct chain *chain,
			   const struct clause *clause);

/* The lowest port that all clauses of the block treat as they treat this. */
static uint16_t first_like(const struct block *block, uint16_t port)
{
	uint16_t first = port;

	for (size_t i = 0; i < block->clauses.n; i++) {
		const struct ports *ports = &block->clauses.items[i].ports;

		for (size_t k = 0; k < ports->n; k++) {
			bool same = ports->items[k] < first;

			for (size_t m = 0; m < block->clauses.n && same; m++)
				same = clause_decides(&block->clauses.items[m],
						      ports->items[k]) ==
				       clause_decides(&block->clauses.items[m],
						      port);
			if (same)
				first = ports->items[k];
		}
	}
	return first;
}

static void add_clauses(struct ruleset *rs, struct chain *chain,
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
static void add_block(struct ruleset *rs, struct chain *chain,
		      const struct block *block, uint16_t port,
		      const char *prefix, add_clause_fn *add)
{
	size_t number = (size_t)(block - rs->policy->blocks.items) + 1;
	struct jump_place place = { .chain = chain, .block = block };
	struct conditions cs = { 0 };

	if (!block_decides(block, port))
		return;
	if (!block->of.n) {
		add_clauses(rs, chain, block, port, add);
		return;
	}
	place.target =
		arena_printf(rs->arena, "%s%s-%zu.%s", prefix,
			     direction_name(block->direction), number,
			     port_name(rs->arena, first_like(block, port)));
	place.comment = make_comment(rs->arena, block->id, block->text);
	add_condition(&cs, &block->of, is_source(block));
	each_way(rs, &cs, 0, &(struct rule){ 0 }, 0, emit_jump, &place);
	if (!find_chain(rs, place.target)) {
		chain = add_chain(rs, place.target, BASE_NONE, &block->span);
		add_clauses(rs, chain, block, port, add);
	}
}

/* ---- base chains ---- */

struct room {
	const char *name;
	enum base_hook hook;
	bool outbound, inbound; /* the blocks that are decided here */
};

static bool room_has(const struct room *room, const struct block *block)
{
	return block->direction == DIRECTION_OUTBOUND ? room->outbound :
							room->inbound;
}

typedef bool clause_filter(const struct clause *clause);

static int compare_ports(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

/* The ports of a room's clauses that pass the filter, ascending. */
static struct ports room_ports(struct ruleset *rs, const struct room *room,
			       clause_filter *wanted)
{
	const struct policy *p = rs->policy;
	struct ports all = { 0 };
	size_t kept = 0;

	for (size_t i = 0; i < p->blocks.n; i++) {
		const struct block *b = &p->blocks.items[i];

		for (size_t k = 0; k < b->clauses.n; k++) {
			const struct clause *cl = &b->clauses.items[k];

			if (!room_has(room, b) || !wanted(cl))
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
	return clause->action == ACTION_REDIRECT;
}

/*
 * The rule that sends ports to their chains; the chains are made here and
 * filled by fill. A port's chain has the port's name whatever the policy says:
 * a packet that finds a new chain under way has old rules to go through.
 */
static void add_dispatch(struct ruleset *rs, struct chain *base,
			 const struct room *room, enum stmt_kind kind,
			 const char *infix, const struct ports *ports,
			 void (*fill)(struct ruleset *rs, struct chain *chain,
				      const struct room *room, uint16_t port))
{
	struct port_jumps *jumps = arena_alloc(rs->arena, sizeof(*jumps));
	struct rule rule = { 0 };
	struct set *map;

	if (!ports->n)
		return;
	map = add_set(rs,
		      arena_printf(rs->arena, "%s%s.ports", room->name, infix),
		      KEY_SERVICE, NULL);
	map->jumps = jumps;
	map->size = hash_size(ports->n);
	for (size_t i = 0; i < ports->n; i++) {
		struct port_jump *jump = arena_push(rs->arena, jumps);

		jump->port = ports->items[i];
		jump->chain =
			arena_printf(rs->arena, "%s%s.%s", room->name, infix,
				     port_name(rs->arena, jump->port));
		fill(rs, add_chain(rs, jump->chain, BASE_NONE, NULL), room,
		     jump->port);
	}
	put(&rule, kind)->set = map;
	put_rule(rs, base, &rule);
}

/* What our own nat chain redirected is decided already. */
static void accept_redirected(struct ruleset *rs, struct chain *chain,
			      const struct clause *clause, enum stmt_kind kind)
{
	for (int family = 4; family <= 6; family += 2) {
		struct rule rule = { .origin = &clause->span };

		if (!has_target(clause, family))
			continue;
		put_target(put(&rule, kind), clause, family);
		put(&rule, STMT_ACCEPT);
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
			       const struct room *room, uint16_t port)
{
	const struct policy *p = rs->policy;
	struct rule rule = { 0 };

	for (size_t i = 0; i < p->blocks.n; i++) {
		const struct block *b = &p->blocks.items[i];

		for (size_t k = 0; k < b->clauses.n; k++) {
			const struct clause *cl = &b->clauses.items[k];

			if (!room_has(room, b) || !clause_decides(cl, port) ||
			    !(cl->users.n || cl->groups.n))
				continue;
			put(&rule, STMT_NOT_SYN);
			put(&rule, STMT_ACCEPT);
			rule.comment = "an owner is known when a connection "
				       "opens";
			put_rule(rs, chain, &rule);
			return;
		}
	}
}

/*
 * On this host a reset that we answer a reply with comes by here, addressed
 * to the port that is blocked. It opens nothing.
 */
static void let_resets_out(struct ruleset *rs, struct chain *chain,
			   const struct room *room, uint16_t port)
{
	const struct policy *p = rs->policy;
	struct rule rule = { 0 };
	bool answers = false;

	for (size_t i = 0; i < p->blocks.n; i++) {
		const struct block *b = &p->blocks.items[i];

		for (size_t k = 0; k < b->clauses.n; k++)
			answers = answers ||
				  (!room_has(room, b) &&
				   b->clauses.items[k].replies &&
				   clause_decides(&b->clauses.items[k], port));
	}
	if (!answers || p->hook != HOOK_OUTPUT)
		return;
	put(&rule, STMT_RST);
	put(&rule, STMT_ACCEPT);
	put_rule(rs, chain, &rule);
}

static void fill_port(struct ruleset *rs, struct chain *chain,
		      const struct room *room, uint16_t port)
{
	const struct policy *p = rs->policy;

	let_resets_out(rs, chain, room, port);
	judge_opening_only(rs, chain, room, port);
	if (room->outbound)
		each_redirect(rs, chain, port, DIRECTION_OUTBOUND,
			      STMT_DNAT_TO);
	if (room->inbound)
		each_redirect(rs, chain, port, DIRECTION_INBOUND, STMT_DNAT_TO);
	for (size_t i = 0; i < p->blocks.n; i++)
		if (room_has(room, &p->blocks.items[i]))
			add_block(rs, chain, &p->blocks.items[i], port, "",
				  add_clause);
}

/* ---- replies ---- */

struct mirror_place {
	struct chain *chain;
	const struct clause *clause; /* that may let the connection through */
	struct tail refusal;	     /* of the clause with "and replies" */
	bool decided;		     /* by a rule without conditions */
};

static void emit_mirror(struct ruleset *rs, const struct rule *matches,
			int family, void *data)
{
	struct mirror_place *place = data;
	struct rule tail = place->refusal.rules[0];
	struct clause_place refused = { .chain = place->chain,
					.clause = place->clause };

	place->decided =
		place->decided || (!matches->n && !place->clause->users.n &&
				   !place->clause->groups.n);
	if (!action_lets_through(place->clause->action) &&
	    !rs->policy->observe) {
		refused.tail.rules[0] = tail;
		refused.tail.n = 1;
		emit_clause(rs, matches, family, &refused);
		return;
	}
	tail = (struct rule){ .origin = &place->clause->span };
	put(&tail, STMT_ACCEPT);
	tail.comment =
		make_comment(rs->arena, place->clause->id, "answers to it");
	tail = join(matches, &tail);
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
		put_target(put(&rule, STMT_SADDR_IS), cl, mine);
		put(&rule, STMT_ACCEPT);
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
		 cl->action == ACTION_REDIRECT && !rs->policy->observe ?
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
	const char *name = arena_printf(rs->arena, "%s.replies.%s", clause->key,
					port_name(rs->arena, port));
	struct mirror_place place = { .refusal = *refusal };
	struct rule rst = { .origin = &clause->span };

	place.chain = add_chain(rs, name, BASE_NONE, &clause->span);
	/* A refusal may be our own, on its way back; it opens nothing. */
	put(&rst, STMT_RST);
	put(&rst, STMT_ACCEPT);
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
			 const struct room *room, uint16_t port)
{
	const struct policy *p = rs->policy;

	for (size_t i = 0; i < p->blocks.n; i++) {
		const struct block *b = &p->blocks.items[i];

		for (size_t k = 0; k < b->clauses.n; k++) {
			const struct clause *cl = &b->clauses.items[k];
			struct conditions cs = { 0 };
			struct clause_place place = { .chain = chain,
						      .clause = cl };

			if (!room_has(room, b) || !cl->replies ||
			    !clause_decides(cl, port))
				continue;
			clause_tail(rs, cl, &place.tail);
			const char *target =
				replies_chain(rs, cl, port, &place.tail);

			place.tail.n = 0;
			go_to(&place.tail, cl, target);
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

static void add_room(struct ruleset *rs, const struct room *room)
{
	struct ports to = room_ports(rs, room, every_clause);
	struct ports from = room_ports(rs, room, replies_clause);
	struct chain *base;

	if (!to.n)
		return;
	base = add_chain(rs, room->name, room->hook, NULL);
	add_dispatch(rs, base, room, STMT_DPORT, "", &to, fill_port);
	add_dispatch(rs, base, room, STMT_SPORT, ".from", &from, fill_replies);
}

/* ---- redirect: the nat chain ---- */

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
			put_target(put(&rule, STMT_NFPROTO), cl, mine);
		rule = join(&rule, matches);
		rule.origin = &cl->span;
		put_counter(&rule, counter_for(rs, cl->key, cl));
		if (cl->log)
			put_log(rs, &rule, cl);
		put_target(put(&rule, STMT_DNAT), cl, mine);
		rule.comment = make_comment(rs->arena, cl->id, cl->text);
		put_rule(rs, place->chain, &rule);
	}
}

/* What an earlier clause decides is not for redirecting. */
static void emit_nat_pass(struct ruleset *rs, const struct rule *matches,
			  int family, void *data)
{
	const struct nat_place *place = data;
	const struct clause *cl = place->clause;
	struct rule rule = *matches;

	(void)family;
	put(&rule, STMT_ACCEPT);
	rule.origin = &cl->span;
	rule.comment = make_comment(rs->arena, cl->id, "decided elsewhere");
	put_rule(rs, place->chain, &rule);
}

static void add_nat_clause(struct ruleset *rs, struct chain *chain,
			   const struct clause *clause)
{
	struct nat_place place = { .chain = chain, .clause = clause };
	struct conditions cs = { 0 };
	bool redirect = redirect_clause(clause);

	add_condition(&cs, &clause->from, true);
	add_condition(&cs, &clause->to, false);
	add_owners(&cs, clause);
	each_way(rs, &cs, 0, &(struct rule){ 0 }, 0,
		 redirect ? emit_nat : emit_nat_pass, &place);
}

static void fill_nat(struct ruleset *rs, struct chain *chain,
		     const struct room *room, uint16_t port)
{
	const struct policy *p = rs->policy;

	for (size_t i = 0; i < p->blocks.n; i++)
		if (room_has(room, &p->blocks.items[i]))
			add_block(rs, chain, &p->blocks.items[i], port, "nat-",
				  add_nat_clause);
}

static void add_redirects(struct ruleset *rs)
{
	bool output = rs->policy->hook == HOOK_OUTPUT;
	struct room room = {
		"nat", /* "redirect" is a word of nft */
		output ? BASE_NAT_OUTPUT : BASE_NAT_PREROUTING,
		true,
		!output,
	};
	struct ports ports = room_ports(rs, &room, redirect_clause);
	struct rule local = { 0 };
	struct chain *base;

	if (!ports.n || rs->policy->observe)
		return;
	base = add_chain(rs, room.name, room.hook, NULL);
	if (!output) {
		/* What is sent to the router itself is not forwarded. */
		put(&local, STMT_LOCAL);
		put(&local, STMT_ACCEPT);
		put_rule(rs, base, &local);
	}
	add_dispatch(rs, base, &room, STMT_DPORT, "", &ports, fill_nat);
}

/* ---- the whole ---- */

static const struct room rooms[][2] = {
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

static int lower(struct ruleset *rs)
{
	const struct room *room = rooms[rs->policy->hook];
	int error;

	rs->family = family_of(rs->policy->hook);
	rs->devices = &rs->policy->devices;
	for (int i = 0; i < 2; i++)
		if (room[i].name)
			add_room(rs, &room[i]);
	add_redirects(rs);
	error = ruleset_digest(rs);
	if (error)
		return error;
	/* The first rule carries the name and the digest of them all. */
	rs->chains.items[0]->rules.items[0].comment = arena_printf(
		rs->arena, DIGEST_COMMENT, rs->policy->name, rs->digest);
	return 0;
}

int ruleset_new(const struct policy *policy, struct ruleset **out)
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
	error = lower(rs);
	if (error) {
		arena_free(arena);
		return error;
	}
	*out = rs;
	return 0;
}

void ruleset_free(struct ruleset *rs)
{
	if (rs)
		arena_free(rs->arena);
}

const char *family_name(enum family family)
{
	switch (family) {
	case FAMILY_INET:
		return "inet";
	case FAMILY_BRIDGE:
		return "bridge";
	case FAMILY_NETDEV:
		return "netdev";
	}
	return "";
}

size_t set_elements(const struct set *set)
{
	if (set->v4)
		return set->v4->n;
	if (set->jumps)
		return set->jumps->n;
	return set->v6 ? set->v6->n : 0;
}
