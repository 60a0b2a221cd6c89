/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Effects of a plan on those who use mail now, and did in the last day. */
#include "plan.h"
#include "../../rules/base/arena.h"
#include "../../rules/plan/covered.h"

#include <string.h>

static const struct present *plan_table(const struct plan *plan)
{
	int family = reading_family(&plan->outcome.reading);

	return family < 0 ? NULL : &plan->outcome.reading.tables[family];
}

/* ---- members of dynamic classes ---- */

/* The class of a set "exempt.v4", and its family; NULL: of none. */
static const char *set_class(struct arena *a, const struct present_set *set,
			     int *family)
{
	size_t len = strlen(set->name);

	if (!members_are_in(set) || len < 4 ||
	    (strcmp(set->name + len - 3, ".v4") &&
	     strcmp(set->name + len - 3, ".v6")))
		return NULL;
	*family = set->name[len - 1] - '0';
	return arena_strndup(a, set->name, len - 3);
}

static struct effect_dynamic *dynamic_of(struct plan *plan, const char *class)
{
	struct effect_dynamic *d;

	for (size_t i = 0; i < plan->dynamics.n; i++)
		if (!strcmp(plan->dynamics.items[i].name, class))
			return &plan->dynamics.items[i];
	d = arena_push(plan->program->arena, &plan->dynamics);
	d->name = class;
	return d;
}

static struct range4 member_range4(const struct member *m)
{
	return (struct range4){ addr4_load(&m->range.first),
				addr4_load(&m->range.last) };
}

static const char *member_text(struct arena *a, const struct member *m)
{
	char text[RANGE_TEXT_MAX];
	struct range4 r4 = member_range4(m);

	if (m->family == 4)
		range4_print(text, &r4);
	else
		range6_print(text, &m->range);
	return arena_strndup(a, text, strlen(text));
}

/* A fixed class that holds the member, or a part of it; NULL: none does. */
static const char *class_holding(const struct plan_side *side,
				 const struct member *m)
{
	for (size_t i = 0; i < side->classes.n; i++) {
		const struct plan_class *c = &side->classes.items[i];

		if (!c->dynamic &&
		    (m->family == 4 ? covered_range4(&c->v4, member_range4(m)) :
				      covered_range6(&c->v6, &m->range)))
			return c->name;
	}
	return NULL;
}

/* Members of a class by interface are not known by their address. */
static bool side_has_interfaces(const struct plan_side *side)
{
	for (size_t i = 0; i < side->classes.n; i++)
		if (*side->classes.items[i].interfaces)
			return true;
	return false;
}

static void look_at_member(struct plan *plan, const char *class,
			   const struct member *m)
{
	struct arena *a = plan->program->arena;
	const char *before = class_holding(&plan->old_side, m);

	if (class_holding(&plan->new_side, m) ||
	    (!before && side_has_interfaces(&plan->new_side)))
		return;
	if (plan->members.without++ >= PLAN_NAMED_MOST)
		return;
	*arena_push(a, &plan->members.named) =
		(struct plan_member){ class, member_text(a, m), before };
}

static bool class_is_dynamic_in(const struct plan_side *side, const char *name)
{
	for (size_t i = 0; i < side->classes.n; i++)
		if (side->classes.items[i].dynamic &&
		    !strcmp(side->classes.items[i].name, name))
			return true;
	return false;
}

static void look_at_members(struct plan *plan, const char *class,
			    const struct members *members, bool stays)
{
	struct arena *a = plan->program->arena;
	struct effect_dynamic *d = dynamic_of(plan, class);

	for (size_t i = 0; i < members->n; i++) {
		const struct member *m = &members->items[i];

		if (m->family == 4)
			ranges4_push(a, &d->v4, member_range4(m));
		else
			ranges6_push(a, &d->v6, m->range);
		if (stays)
			look_at_member(plan, class, m);
	}
	ranges4_merge(a, &d->v4, true, NULL);
	ranges6_merge(a, &d->v6, true, NULL);
	*(stays ? &plan->members.stay : &plan->members.go) += members->n;
}

static bool table_stays(const struct plan *plan, const struct present *table)
{
	return table == &plan->outcome.reading.tables[plan->rules->family];
}

static int read_members_of(struct plan *plan, struct netlink *nl,
			   const struct present *table,
			   const struct present_set *set)
{
	struct arena *a = plan->program->arena;
	struct members members = { 0 };
	int family = 4, error;
	const char *class = set_class(a, set, &family);

	if (!class)
		return 0;
	if (set->has_count && set->count > PLAN_MEMBERS_MOST) {
		plan->members.bounded = true;
		return 0;
	}
	error = members_read(
		nl, a, (enum family)reading_family(&plan->outcome.reading),
		set->name, family, &members);
	if (!error)
		look_at_members(
			plan, class, &members,
			table_stays(plan, table) &&
				class_is_dynamic_in(&plan->new_side, class));
	return error;
}

static int read_dynamics(struct plan *plan)
{
	const struct present *table = plan_table(plan);
	struct netlink nl;
	int error = table ? netlink_open(&nl) : 0;

	if (error || !table)
		return error;
	for (size_t i = 0; i < table->sets.n && !error; i++)
		error = read_members_of(plan, &nl, table,
					&table->sets.items[i]);
	netlink_close(&nl);
	return error;
}

/* ---- sessions ---- */

/* Does a clause of the new policy block the port? */
static bool port_is_blocked(void *ctx, uint16_t port)
{
	const struct plan *plan = ctx;

	for (size_t i = 0; i < plan->policy->blocks.n; i++) {
		const struct block *b = &plan->policy->blocks.items[i];

		for (size_t k = 0; k < b->clauses.n; k++)
			if (action_blocks(b->clauses.items[k].action) &&
			    clause_decides(&b->clauses.items[k], port))
				return true;
	}
	return false;
}

static bool policy_asks_groups(const struct policy *p)
{
	for (size_t i = 0; p && i < p->blocks.n; i++)
		for (size_t k = 0; k < p->blocks.items[i].clauses.n; k++)
			if (p->blocks.items[i].clauses.items[k].groups.n)
				return true;
	return false;
}

/* A hook lets through what another one filters. */
static const struct policy *before_of(const struct plan *plan)
{
	const struct policy *before = plan->before_policy;

	return before && before->hook == plan->policy->hook ? before : NULL;
}

static void query_of(const struct plan *plan, struct effect_query *q)
{
	*q = (struct effect_query){
		.before = before_of(plan),
		.after = plan->policy,
		.dynamics = &plan->dynamics,
		.forgets = !table_stays(plan, plan_table(plan)),
	};
}

/* The kernel tells a socket's user, and not its group. */
static void on_session(void *ctx, const struct opening *told)
{
	struct plan *plan = ctx;
	struct opening opening = *told;
	struct effect_query q;
	enum effect effect;

	query_of(plan, &q);
	opening.has_owner = told->has_owner && !policy_asks_groups(q.before) &&
			    !policy_asks_groups(q.after);
	effect = effect_of_opening(&q, &opening);
	if (effect == EFFECT_NONE)
		return;
	plan->sessions.cut += effect == EFFECT_BLOCKED;
	plan->sessions.maybe += effect == EFFECT_MAYBE;
	if (plan->sessions.named.n < PLAN_NAMED_MOST)
		*arena_push(plan->program->arena, &plan->sessions.named) =
			(struct plan_session){ opening,
					       effect == EFFECT_MAYBE };
}

/* ---- all of them ---- */

int plan_find_effects(struct plan *plan)
{
	struct live_query live = {
		.hook = plan->policy->hook,
		.port = port_is_blocked,
		.fn = on_session,
		.ctx = plan,
		.most = PLAN_SESSIONS_MOST,
		.time_ms = PLAN_SESSIONS_MS,
	};
	struct effect_query q;
	int error = read_dynamics(plan);

	if (error || plan->policy->observe)
		return error;
	query_of(plan, &q);
	live_sessions(plan->program->arena, &live, &plan->sessions.live);
	seen_read(plan->program->arena, &q, port_is_blocked, plan, &plan->seen);
	return 0;
}
