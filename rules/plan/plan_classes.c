/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan_classes.h"
#include "covered.h"
#include "../base/arena.h"

#include <string.h>

static const struct plan_class *side_class(const struct plan_side *side,
					   const char *name)
{
	for (size_t i = 0; i < side->classes.n; i++)
		if (!strcmp(side->classes.items[i].name, name))
			return &side->classes.items[i];
	return NULL;
}

static struct plan_amount amount_of(const struct ranges4 *v4,
				    const struct ranges6 *v6)
{
	return (struct plan_amount){
		.prefixes = covered_prefixes4(v4) + covered_prefixes6(v6),
		.addresses = covered_addresses4(v4),
		.networks = covered_networks6(v6),
	};
}

static bool amount_is_none(const struct plan_amount *amount)
{
	return !amount->addresses && !amount->networks;
}

/* More than so many, and more than so many in a hundred. */
static bool is_too_much(uint64_t lost, uint64_t before,
			const struct shrink_limit *limit)
{
	/* Hundreds and the rest apart: the product may not fit in 64 bits. */
	uint64_t most = before / 100 * limit->percent +
			before % 100 * limit->percent / 100;

	return lost > limit->addresses && lost > most;
}

static void judge_shrinking(struct plan_class_change *c,
			    const struct shrink_limit *limit)
{
	c->emptied =
		(!amount_is_none(&c->before) && amount_is_none(&c->after)) ||
		(*c->interfaces_before && !*c->interfaces_after &&
		 amount_is_none(&c->after));
	c->shrinks =
		c->emptied ||
		is_too_much(c->lost.addresses, c->before.addresses, limit) ||
		is_too_much(c->lost.networks, c->before.networks, limit);
}

static void compare_members(struct arena *a, const struct plan_class *was,
			    const struct plan_class *is,
			    struct plan_class_change *c)
{
	covered_less4(a, &is->v4, &was->v4, &c->gained4);
	covered_less4(a, &was->v4, &is->v4, &c->lost4);
	covered_less6(a, &is->v6, &was->v6, &c->gained6);
	covered_less6(a, &was->v6, &is->v6, &c->lost6);
	c->before = amount_of(&was->v4, &was->v6);
	c->after = amount_of(&is->v4, &is->v6);
	c->gained = amount_of(&c->gained4, &c->gained6);
	c->lost = amount_of(&c->lost4, &c->lost6);
	/* A /64 that is touched still is not lost. */
	c->gained.networks = covered_networks6_less(&is->v6, &was->v6);
	c->lost.networks = covered_networks6_less(&was->v6, &is->v6);
	c->interfaces_before = was->interfaces;
	c->interfaces_after = is->interfaces;
}

static bool class_differs(const struct plan_class_change *c)
{
	return c->is_new || c->is_gone || c->gained4.n || c->lost4.n ||
	       c->gained6.n || c->lost6.n ||
	       strcmp(c->interfaces_before, c->interfaces_after);
}

/* A class that only one policy has is not shrunk: its name was taken out. */
static void compare_class(struct arena *a, const struct plan_class *was,
			  const struct plan_class *is,
			  const struct shrink_limit *limit,
			  struct plan_class_changes *out)
{
	static const struct plan_class nothing = { .known = true,
						   .interfaces = "" };
	const struct plan_class *either = is ? is : was ? was : &nothing;
	struct plan_class_change c = {
		.name = either->name,
		.is_new = !was,
		.is_gone = !is,
		.dynamic = either->dynamic,
		.known = (!was || was->known) && (!is || is->known),
		.interfaces_before = "",
		.interfaces_after = "",
	};

	if (c.known)
		compare_members(a, was ? was : &nothing, is ? is : &nothing,
				&c);
	if (limit && c.known && was && is)
		judge_shrinking(&c, limit);
	if (class_differs(&c) || (!c.known && !c.dynamic))
		*arena_push(a, out) = c;
	else
		out->same++;
}

void plan_classes(struct arena *a, const struct plan_side *old_side,
		  const struct plan_side *new_side,
		  const struct shrink_limit *limit,
		  struct plan_class_changes *out)
{
	*out = (struct plan_class_changes){ 0 };
	for (size_t i = 0; i < new_side->classes.n; i++) {
		const struct plan_class *is = &new_side->classes.items[i];

		compare_class(a, side_class(old_side, is->name), is, limit,
			      out);
	}
	for (size_t i = 0; i < old_side->classes.n; i++) {
		const struct plan_class *was = &old_side->classes.items[i];

		if (!side_class(new_side, was->name))
			compare_class(a, was, NULL, limit, out);
	}
}
