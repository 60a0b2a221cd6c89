/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy asked instead of compiled: the conditions, and their order, are
 * those that rules/ruleset/lower*.c puts into rules.
 */
#include "decide.h"

#include <endian.h>
#include <string.h>

/* One side of the connection, and the interface towards it. */
struct end {
	const struct addr6 *address;
	uint32_t v4;	    /* host byte order, as are the next */
	uint64_t high, low; /* halves of an IPv6 address */
	const char *interface;
};

struct query {
	const struct policy *policy;
	const struct decide_input *input;
	const struct opening *opening;
	struct end source, destination;
};

static enum match decide_least(enum match a, enum match b)
{
	return a < b ? a : b;
}

/* ---- addresses ---- */

static uint64_t half(const struct addr6 *address, size_t which)
{
	uint64_t word;

	memcpy(&word, address->byte + which * sizeof(word), sizeof(word));
	return be64toh(word);
}

static struct end end_of(const struct addr6 *address, const char *interface)
{
	uint64_t high = half(address, 0);

	return (struct end){ address, (uint32_t)(high >> 32), high,
			     half(address, 1), interface };
}

/*
 * In a merged list only the last range that starts at the address or before
 * can hold it. Every search of a list takes the same steps, so that they need
 * no branch: half the time of a search that ends early.
 */
static bool ranges4_hold(const struct ranges4 *list, uint32_t address)
{
	const struct range4 *r = list->items;

	if (!list->n)
		return false;
	for (size_t n = list->n; n > 1; n -= n / 2)
		r += r[n / 2].first <= address ? n / 2 : 0;
	return r->first <= address && address <= r->last;
}

/* first <= end, by halves: memcmp() takes three times as long. */
static bool starts_before(const struct addr6 *first, const struct end *end)
{
	uint64_t high = half(first, 0);

	return high == end->high ? half(first, 1) <= end->low :
				   high < end->high;
}

static bool ranges6_hold(const struct ranges6 *list, const struct end *end)
{
	const struct range6 *r = list->items;

	if (!list->n)
		return false;
	for (size_t n = list->n; n > 1; n -= n / 2)
		r += starts_before(&r[n / 2].first, end) ? n / 2 : 0;
	return starts_before(&r->first, end) &&
	       memcmp(end->address, &r->last, sizeof(r->last)) <= 0;
}

static bool static_holds(const struct class *class, uint8_t family,
			 const struct end *end)
{
	if (family == 4)
		return ranges4_hold(&class->hosts4, end->v4) ||
		       ranges4_hold(&class->nets4, end->v4);
	return ranges6_hold(&class->hosts6, end) ||
	       ranges6_hold(&class->nets6, end);
}

bool class_has(const struct class *class, uint8_t family,
	       const struct addr6 *address)
{
	struct end end = end_of(address, NULL);

	return class->kind == CLASS_ANY || static_holds(class, family, &end);
}

/* ---- classes ---- */

static bool interface_fits(const char *pattern, const char *name)
{
	size_t len = strcspn(pattern, "*");

	return pattern[len] ? !strncmp(pattern, name, len) :
			      !strcmp(pattern, name);
}

static enum match match_interfaces(const struct words *patterns,
				   const char *name)
{
	if (!patterns->n)
		return MATCH_NO;
	if (!name || !*name)
		return MATCH_MAYBE;
	for (size_t i = 0; i < patterns->n; i++)
		if (interface_fits(patterns->items[i].text, name))
			return MATCH_YES;
	return MATCH_NO;
}

bool class_has_interface(const struct class *class, const char *name)
{
	return match_interfaces(&class->interfaces, name) == MATCH_YES;
}

static enum match match_class(const struct query *q, const struct class *class,
			      const struct end *end)
{
	uint8_t family = q->opening->family;
	bool holds = false;

	switch (class->kind) {
	case CLASS_ANY:
		holds = true;
		break;
	case CLASS_STATIC:
		holds = static_holds(class, family, end);
		break;
	case CLASS_DYNAMIC:
		holds = q->input->member &&
			q->input->member(q->input->ctx, class, family,
					 end->address);
		break;
	}
	return holds ? MATCH_YES :
		       match_interfaces(&class->interfaces, end->interface);
}

static enum match match_refs(const struct query *q,
			     const struct class_refs *refs,
			     const struct end *end)
{
	enum match best = refs->n ? MATCH_NO : MATCH_YES;

	for (size_t i = 0; i < refs->n && best != MATCH_YES; i++) {
		enum match match = match_class(q, refs->items[i], end);

		if (match > best)
			best = match;
	}
	return best;
}

/* ---- clauses ---- */

static bool ids_hold(const struct ids *ids, uint32_t id)
{
	for (size_t i = 0; i < ids->n; i++)
		if (ids->items[i] == id)
			return true;
	return !ids->n;
}

static enum match match_owner(const struct query *q,
			      const struct clause *clause)
{
	const struct opening *c = q->opening;

	if (!clause->users.n && !clause->groups.n)
		return MATCH_YES;
	if (!c->has_owner)
		return MATCH_MAYBE;
	return ids_hold(&clause->users, c->uid) &&
			       ids_hold(&clause->groups, c->gid) ?
		       MATCH_YES :
		       MATCH_NO;
}

/* A redirect leaves a family without target to the clauses below. */
static bool concerns(const struct clause *clause, const struct opening *c)
{
	if (action_redirects(clause->action) &&
	    !(c->family == 4 ? clause->has_target4 : clause->has_target6))
		return false;
	return clause_decides(clause, c->destination_port);
}

static enum match match_clause(const struct query *q,
			       const struct clause *clause)
{
	enum match match = match_owner(q, clause);

	if (match != MATCH_NO)
		match = decide_least(match,
				     match_refs(q, &clause->from, &q->source));
	if (match != MATCH_NO)
		match = decide_least(
			match, match_refs(q, &clause->to, &q->destination));
	return match;
}

/* ---- blocks ---- */

static enum match match_block(const struct query *q, const struct block *block)
{
	return match_refs(q, &block->of,
			  block->direction == DIRECTION_OUTBOUND ?
				  &q->source :
				  &q->destination);
}

/* True when one of its clauses decides. */
static bool ask_block(const struct query *q, const struct block *block,
		      enum match here, struct decision *out)
{
	const struct clause *cl = block->clauses.items;
	const struct clause *end = cl + block->clauses.n;

	while (cl < end && !concerns(cl, q->opening))
		cl++;
	if (cl < end && here != MATCH_NO)
		here = decide_least(here, match_block(q, block));
	for (; cl < end && here != MATCH_NO; cl++) {
		enum match match;

		if (!concerns(cl, q->opening))
			continue;
		match = decide_least(here, match_clause(q, cl));
		out->unsure = out->unsure || match == MATCH_MAYBE;
		if (match == MATCH_YES) {
			out->clause = cl;
			return true;
		}
	}
	return false;
}

/* ---- places ---- */

/* The blocks of one direction are asked as far as the packet is seen there. */
static void decide_first(const struct query *q, enum match outbound,
			 enum match inbound, struct decision *out)
{
	*out = (struct decision){ 0 };
	for (size_t i = 0; i < q->policy->blocks.n; i++) {
		const struct block *b = &q->policy->blocks.items[i];

		if (ask_block(q, b,
			      b->direction == DIRECTION_OUTBOUND ? outbound :
								   inbound,
			      out))
			return;
	}
}

/* Hook output: where the host sends outbound, where it receives inbound. */
static enum match at_host(const struct opening *c, enum direction direction)
{
	bool leaves = c->out || c->has_owner, arrives = c->in;

	if (!leaves && !arrives)
		return MATCH_MAYBE;
	return (direction == DIRECTION_OUTBOUND ? leaves : arrives) ?
		       MATCH_YES :
		       MATCH_NO;
}

/* Hook ingress: what comes from the device is outbound. */
static enum match at_device(const struct words *devices,
			    const struct opening *c, enum direction direction)
{
	const char *name = direction == DIRECTION_OUTBOUND ? c->in : c->out;

	if (!c->in && !c->out)
		return MATCH_MAYBE;
	return name ? match_interfaces(devices, name) : MATCH_NO;
}

/* Is the packet seen where the blocks of a direction are enforced? */
static enum match seen(const struct query *q, enum direction direction)
{
	switch (q->policy->hook) {
	case HOOK_FORWARD:
	case HOOK_BRIDGE:
		return MATCH_YES;
	case HOOK_OUTPUT:
		return at_host(q->opening, direction);
	case HOOK_INGRESS:
		return at_device(&q->policy->devices, q->opening, direction);
	}
	return MATCH_NO;
}

/* The first clause that does not let the connection through ends it. */
static void decide_two_places(const struct query *q, struct decision *out)
{
	struct decision second;

	decide_first(q, seen(q, DIRECTION_OUTBOUND), MATCH_NO, out);
	if (out->clause && !action_lets_through(out->clause->action))
		return;
	decide_first(q, MATCH_NO, seen(q, DIRECTION_INBOUND), &second);
	out->unsure = out->unsure || second.unsure;
	if (second.clause &&
	    (!out->clause || !action_lets_through(second.clause->action)))
		out->clause = second.clause;
}

static struct query decide_query(const struct policy *policy,
				 const struct decide_input *input,
				 const struct opening *c)
{
	return (struct query){
		.policy = policy,
		.input = input,
		.opening = c,
		.source = end_of(&c->source, c->in),
		.destination = end_of(&c->destination, c->out),
	};
}

void policy_ask(const struct policy *policy, const struct decide_input *input,
		const struct opening *c, const struct clause *clause,
		struct clause_match *out)
{
	struct query q = decide_query(policy, input, c);

	*out = (struct clause_match){
		.concerns = concerns(clause, c),
		.seen = seen(&q, clause->block->direction),
		.block = match_block(&q, clause->block),
		.from = match_refs(&q, &clause->from, &q.source),
		.to = match_refs(&q, &clause->to, &q.destination),
		.owner = match_owner(&q, clause),
	};
}

void policy_decide(const struct policy *policy,
		   const struct decide_input *input, const struct opening *c,
		   struct decision *out)
{
	struct query q = decide_query(policy, input, c);

	switch (policy->hook) {
	case HOOK_FORWARD:
	case HOOK_BRIDGE:
		decide_first(&q, MATCH_YES, MATCH_YES, out);
		break;
	case HOOK_OUTPUT:
	case HOOK_INGRESS:
		decide_two_places(&q, out);
		break;
	}
}

bool decision_blocks(const struct policy *policy, const struct decision *d)
{
	return d->clause && action_blocks(d->clause->action) &&
	       !policy->observe;
}

bool decision_observes(const struct policy *policy, const struct decision *d)
{
	return d->clause && action_blocks(d->clause->action) && policy->observe;
}
