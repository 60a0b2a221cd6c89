/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits of hooks: the place of enforcement decides what is known of a packet
 * and what can be done to it.
 */
#include "check.h"

struct view {
	bool in, out; /* the interface a packet came by, the one it leaves by */
};

static struct view view_of(enum hook hook, enum direction direction)
{
	switch (hook) {
	case HOOK_FORWARD:
		return (struct view){ true, true };
	case HOOK_OUTPUT:
		return (struct view){ direction == DIRECTION_INBOUND,
				      direction == DIRECTION_OUTBOUND };
	case HOOK_BRIDGE:
		return (struct view){ true, false };
	case HOOK_INGRESS:
		return (struct view){ false, false };
	}
	return (struct view){ false, false };
}

static void check_interfaces(struct check *c, const struct class_refs *refs,
			     bool visible, const char *which)
{
	for (size_t i = 0; i < refs->n; i++)
		if (refs->items[i]->interfaces.n && !visible)
			diag_error(c->diags, &refs->span, "no-interface-here",
				   "class %s has interfaces, and hook %s does "
				   "not see the %s interface here",
				   refs->items[i]->name,
				   hook_name(c->policy->hook), which)
				->help = "name addresses, or use hook "
					 "forward";
}

static void check_visible(struct check *c, const struct block *block)
{
	struct view view = view_of(c->policy->hook, block->direction);

	check_interfaces(c, &block->of,
			 block->direction == DIRECTION_OUTBOUND ? view.in :
								  view.out,
			 block->direction == DIRECTION_OUTBOUND ? "incoming" :
								  "outgoing");
	for (size_t i = 0; i < block->clauses.n; i++) {
		const struct clause *cl = &block->clauses.items[i];

		check_interfaces(c, &cl->from, view.in, "incoming");
		check_interfaces(c, &cl->to, view.out, "outgoing");
	}
}

/*
 * The redirect is decided before routing, and so is everything above it: no
 * outgoing interface is known there.
 */
static void check_before_routing(struct check *c)
{
	const struct clause *redirect = NULL;

	for (size_t i = c->policy->blocks.n; i-- > 0;) {
		const struct block *b = &c->policy->blocks.items[i];

		for (size_t k = b->clauses.n; k-- > 0;) {
			const struct clause *cl = &b->clauses.items[k];

			if (action_redirects(cl->action))
				redirect = cl;
			if (!redirect || c->policy->hook != HOOK_FORWARD)
				continue;
			check_interfaces(c, &cl->to, false, "outgoing");
			if (b->direction == DIRECTION_INBOUND)
				check_interfaces(c, &b->of, false, "outgoing");
		}
	}
}

/* Does another clause judge the replies to this clause's connections? */
static bool is_mirrored(const struct policy *p, const struct clause *clause)
{
	for (size_t i = 0; i < p->blocks.n; i++) {
		const struct block *b = &p->blocks.items[i];

		for (size_t k = 0; k < b->clauses.n; k++) {
			const struct clause *cl = &b->clauses.items[k];

			if (b->direction == clause->block->direction ||
			    !cl->replies)
				continue;
			for (size_t m = 0; m < cl->ports.n; m++)
				if (clause_decides(clause, cl->ports.items[m]))
					return true;
		}
	}
	return false;
}

/*
 * A reply is judged by the clauses of the connection that it answers, seen
 * from the other side: their incoming interface is its outgoing one.
 */
static void check_mirrors(struct check *c)
{
	for (size_t i = 0; i < c->policy->blocks.n; i++) {
		const struct block *b = &c->policy->blocks.items[i];
		bool mirrored = false;

		if (c->policy->hook == HOOK_FORWARD)
			continue;
		for (size_t k = 0; k < b->clauses.n; k++) {
			const struct clause *cl = &b->clauses.items[k];

			if (!is_mirrored(c->policy, cl))
				continue;
			mirrored = true;
			check_interfaces(c, &cl->from, false, "replies'");
			check_interfaces(c, &cl->to, false, "replies'");
		}
		if (mirrored)
			check_interfaces(c, &b->of, false, "replies'");
	}
}

/* An egress hook can drop a packet and cannot answer it. */
static void check_egress(struct check *c, const struct clause *clause)
{
	if (c->policy->hook != HOOK_INGRESS ||
	    clause->block->direction != DIRECTION_INBOUND)
		return;
	if (action_may_refuse(clause->action) &&
	    clause->refusal != REFUSAL_DROP)
		diag_error(c->diags, &clause->span, "no-answer-here",
			   "towards the device of hook ingress a packet can "
			   "only be dropped")
			->help = "write \"drop\"";
}

void check_hook_limits(struct check *c)
{
	for (size_t i = 0; i < c->policy->blocks.n; i++) {
		const struct block *b = &c->policy->blocks.items[i];

		check_visible(c, b);
		for (size_t k = 0; k < b->clauses.n; k++)
			check_egress(c, &b->clauses.items[k]);
	}
	check_before_routing(c);
	check_mirrors(c);
}
