/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shrink.h"
#include "plan_kernel.h"
#include "../program/program.h"
#include "../../rules/base/arena.h"
#include "../../rules/plan/plan_classes.h"

#include <errno.h>
#include <string.h>

static const struct span *shrink_span(const struct policy *policy,
				      const char *name)
{
	for (size_t i = 0; i < policy->classes.n; i++)
		if (!strcmp(policy->classes.items[i]->name, name))
			return &policy->classes.items[i]->span;
	return NULL;
}

/* "260 of 300 addresses", of the family that loses more of them. */
static const char *shrink_text(struct arena *a,
			       const struct plan_class_change *c)
{
	double v4 = c->before.addresses ? (double)c->lost.addresses /
						  (double)c->before.addresses :
					  0;
	double v6 = c->before.networks ? (double)c->lost.networks /
						 (double)c->before.networks :
					 0;

	if (c->emptied)
		return "all of its members";
	return v4 >= v6 ?
		       arena_printf(a, "%llu of %llu addresses",
				    (unsigned long long)c->lost.addresses,
				    (unsigned long long)c->before.addresses) :
		       arena_printf(a, "%llu of %llu IPv6 networks (/64)",
				    (unsigned long long)c->lost.networks,
				    (unsigned long long)c->before.networks);
}

static void shrink_say(struct program *p, const struct policy *policy,
		       const struct plan_class_change *c, struct diags *diags)
{
	diag_error(diags, shrink_span(policy, c->name), "class-shrinks",
		   "class %s would lose %s", c->name, shrink_text(p->arena, c))
		->help = "look whether its list was cut short; \"apply "
			 "--shrink\" loads it as it is";
}

static int shrink_old_side(struct program *p, const struct reading *reading,
			   const struct known *known, struct plan_side *out)
{
	struct netlink nl;
	int error = netlink_open(&nl);

	if (error)
		return error;
	error = plan_kernel_classes(&nl, p->arena, reading, known, out);
	netlink_close(&nl);
	return error;
}

int shrink_check(struct program *p, const struct policy *policy,
		 const struct reading *reading, const struct known *known,
		 struct diags *diags)
{
	static const struct shrink_limit limit = SHRINK_LIMIT_DEFAULT;
	struct plan_side was = { .name = "" }, is;
	struct plan_class_changes changes;
	int family = reading_family(reading), error;
	bool shrinks = false;

	/* Another policy has other classes, though they share a name. */
	if (family < 0 || strcmp(reading->tables[family].policy, policy->name))
		return 0;
	error = shrink_old_side(p, reading, known, &was);
	if (error)
		return error;
	plan_side_of(p->arena, policy, &is);
	plan_classes(p->arena, &was, &is, &limit, &changes);
	for (size_t i = 0; i < changes.n; i++) {
		if (!changes.items[i].shrinks)
			continue;
		shrink_say(p, policy, &changes.items[i], diags);
		shrinks = true;
	}
	return shrinks ? -ECANCELED : 0;
}
