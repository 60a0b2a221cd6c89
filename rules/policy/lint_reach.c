/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clauses that never match, for another decides before them. */
#include "../base/arena.h"
#include "../base/service.h"
#include "lint.h"

#include <string.h>

/* ---- what refers to what ---- */

bool lint_spend(struct check *c, size_t steps)
{
	if (steps > c->lint_left)
		c->lint_left = 0;
	else
		c->lint_left -= steps;
	return c->lint_left;
}

/* Steps of a comparison of the members of two classes. */
static size_t steps_of(const struct class *x, const struct class *y)
{
	return 4 + x->nets4.n + x->nets6.n + x->hosts4.n + x->hosts6.n +
	       y->nets4.n + y->nets6.n + y->hosts4.n + y->hosts6.n +
	       x->interfaces.n * y->interfaces.n;
}

static bool interfaces_cover(const struct words *all, const struct words *of)
{
	for (size_t i = 0; i < of->n; i++) {
		size_t k = 0;

		while (k < all->n &&
		       strcmp(all->items[k].text, of->items[i].text))
			k++;
		if (k == all->n)
			return false;
	}
	return true;
}

static bool class_covers(struct check *c, const struct class *all,
			 const struct class *of)
{

	if (all == of)
		return true;
	if (all->kind != CLASS_STATIC || of->kind != CLASS_STATIC ||
	    !lint_spend(c, steps_of(all, of)))
		return false;
	return interfaces_cover(&all->interfaces, &of->interfaces) &&
	       ranges4_cover(class_ranges4(c->arena, all),
			     class_ranges4(c->arena, of)) &&
	       ranges6_cover(class_ranges6(c->arena, all),
			     class_ranges6(c->arena, of));
}

bool refs_cover(struct check *c, const struct class_refs *all,
		const struct class_refs *of)
{
	if (!all->n)
		return true;
	if (!of->n)
		return false;
	for (size_t i = 0; i < of->n; i++) {
		size_t k = 0;

		while (k < all->n &&
		       !class_covers(c, all->items[k], of->items[i]))
			k++;
		if (k == all->n)
			return false;
	}
	return true;
}

/* The lists that all have to hold for one end of a connection. */
struct conditions {
	const struct class_refs *list[2];
};

static struct conditions lint_source_of(const struct clause *cl)
{
	const struct class_refs *block = &cl->block->of;

	return (struct conditions){
		{ cl->block->direction == DIRECTION_OUTBOUND ? block : NULL,
		  &cl->from }
	};
}

static struct conditions destination_of(const struct clause *cl)
{
	const struct class_refs *block = &cl->block->of;

	return (struct conditions){
		{ cl->block->direction == DIRECTION_INBOUND ? block : NULL,
		  &cl->to }
	};
}

static bool conditions_cover(struct check *c, struct conditions all,
			     struct conditions of)
{
	for (int i = 0; i < 2; i++) {
		if (!all.list[i] || !all.list[i]->n)
			continue;
		if (!(of.list[0] && refs_cover(c, all.list[i], of.list[0])) &&
		    !(of.list[1] && refs_cover(c, all.list[i], of.list[1])))
			return false;
	}
	return true;
}

static bool ids_cover(const struct ids *all, const struct ids *of)
{
	if (!all->n)
		return true;
	for (size_t i = 0; i < of->n; i++) {
		size_t k = 0;

		while (k < all->n && all->items[k] != of->items[i])
			k++;
		if (k == all->n)
			return false;
	}
	return of->n;
}

/* Does every connection that reaches the later one meet the earlier one? */
static bool clause_covers(struct check *c, const struct clause *earlier,
			  const struct clause *later)
{
	/* Redirect catches only the families that it has a target for. */
	if (action_redirects(earlier->action) &&
	    !(earlier->has_target4 && earlier->has_target6))
		return false;
	return ids_cover(&earlier->users, &later->users) &&
	       ids_cover(&earlier->groups, &later->groups) &&
	       conditions_cover(c, lint_source_of(earlier),
				lint_source_of(later)) &&
	       conditions_cover(c, destination_of(earlier),
				destination_of(later));
}

/* ---- every clause against the ones above it ---- */

bool each_clause(struct check *c, clause_fn *fn, void *data)
{
	for (size_t i = 0; i < c->policy->blocks.n; i++) {
		const struct block *b = &c->policy->blocks.items[i];

		for (size_t k = 0; k < b->clauses.n; k++)
			if (fn(c, &b->clauses.items[k], data))
				return true;
	}
	return false;
}

/* Are both decided at the same place in a packet's way? */
static bool same_place(const struct policy *p, const struct clause *a,
		       const struct clause *b)
{
	switch (p->hook) {
	case HOOK_FORWARD:
	case HOOK_BRIDGE:
		return true;
	case HOOK_OUTPUT:
	case HOOK_INGRESS:
		return a->block->direction == b->block->direction;
	}
	return true;
}

static bool find_shadow(struct check *c, const struct clause *cl, void *data)
{
	struct shadow *s = data;

	if (cl == s->later || !lint_spend(c, 1 + cl->ports.n))
		return true;
	if (!s->found && clause_decides(cl, s->port) &&
	    same_place(c->policy, cl, s->later) &&
	    clause_covers(c, cl, s->later))
		s->found = cl;
	return s->found;
}

void lint_reach(struct check *c, const struct clause *cl)
{
	const struct clause *by = NULL;
	const char *ports = "";
	size_t hidden = 0;

	for (size_t i = 0; i < cl->ports.n; i++) {
		struct shadow s = { .later = cl, .port = cl->ports.items[i] };
		const struct service *service = service_by_port(s.port);

		each_clause(c, find_shadow, &s);
		if (!s.found)
			continue;
		by = s.found;
		hidden++;
		ports = service ?
				arena_printf(c->arena, "%s %s", ports,
					     service->name) :
				arena_printf(c->arena, "%s %u", ports, s.port);
	}
	if (!hidden)
		return;
	diag_warning(c->diags, &cl->span, "never-matches",
		     hidden == cl->ports.n ?
			     "this clause can never match: line %u decides "
			     "before it" :
			     "part of this clause can never match: line %u "
			     "decides before it",
		     by->span.line)
		->help = arena_printf(c->arena,
				      "the first match decides; already "
				      "decided:%s",
				      ports);
}

bool classes_meet(struct check *c, const struct class *x, const struct class *y)
{
	struct range4 at4;
	struct range6 at6;

	if (x == y || x->kind != CLASS_STATIC || y->kind != CLASS_STATIC ||
	    x->interfaces.n || y->interfaces.n ||
	    !lint_spend(c, steps_of(x, y)))
		return true;
	return ranges4_meet(class_ranges4(c->arena, x),
			    class_ranges4(c->arena, y), &at4) ||
	       ranges6_meet(class_ranges6(c->arena, x),
			    class_ranges6(c->arena, y), &at6);
}

bool refs_meet(struct check *c, const struct class_refs *x,
	       const struct class_refs *y)
{
	if (!x->n || !y->n)
		return true;
	for (size_t i = 0; i < x->n; i++)
		for (size_t k = 0; k < y->n; k++)
			if (classes_meet(c, x->items[i], y->items[k]))
				return true;
	return false;
}
