/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan.h"
#include "../../rules/base/arena.h"

#include <string.h>

/* Keeps the list of what would be sent. */
static void plan_build(void *ctx, struct batch *b,
		       const struct apply_outcome *so_far,
		       const struct known *known, struct change_summary *out)
{
	struct plan *plan = ctx;

	change_list_make(plan->program->arena, plan->rules,
			 so_far->reading.tables, known, &plan->list, out);
	change_list_emit(b, plan->rules, &plan->list);
}

/* ---- counters ---- */

static bool list_adds_counter(const struct change_list *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].object == BATCH_COUNTER &&
		    list->items[i].verb == CHANGE_ADD &&
		    !strcmp(list->items[i].name, name))
			return true;
	return false;
}

static const struct present_counter *
counter_before(const struct apply_outcome *o, enum family family,
	       const char *name)
{
	const struct present *p = &o->reading.tables[family];

	for (size_t i = 0; i < p->counters.n; i++)
		if (!strcmp(p->counters.items[i].name, name))
			return &p->counters.items[i];
	return NULL;
}

static void plan_note_removed(struct plan *plan, const char *name)
{
	const struct present_counter *pc =
		counter_before(&plan->outcome, plan->rules->family, name);

	*arena_push(plan->program->arena, &plan->counters.go) =
		(struct plan_counter){ name, pc ? pc->packets : 0,
				       pc ? pc->bytes : 0 };
}

static void plan_note_counters(struct plan *plan)
{
	for (size_t i = 0; i < plan->list.n; i++) {
		const struct change_step *s = &plan->list.items[i];

		if (s->object != BATCH_COUNTER)
			continue;
		if (s->verb == CHANGE_ADD)
			*arena_push(plan->program->arena,
				    &plan->counters.come) = s->name;
		else
			plan_note_removed(plan, s->name);
	}
	for (size_t i = 0; i < plan->rules->counters.n; i++) {
		const struct counter *c = plan->rules->counters.items[i];

		plan->counters.kept += c->clause &&
				       !strcmp(c->name, c->clause->key) &&
				       !list_adds_counter(&plan->list, c->name);
	}
}

/* ---- the plan ---- */

static void plan_compare(struct plan *plan)
{
	static const struct shrink_limit limit = SHRINK_LIMIT_DEFAULT;
	struct arena *a = plan->program->arena;
	bool same_policy = !strcmp(plan->old_side.name, plan->policy->name);

	plan_side_of(a, plan->policy, &plan->new_side);
	plan_settings(a, &plan->old_side, &plan->new_side, &plan->settings);
	plan_clauses(a, &plan->old_side, &plan->new_side, &plan->lines);
	plan_classes(a, &plan->old_side, &plan->new_side,
		     same_policy ? &limit : NULL, &plan->classes);
	for (size_t i = 0; i < plan->classes.n; i++)
		plan->shrinks = plan->shrinks || plan->classes.items[i].shrinks;
}

static int plan_fill(struct plan *plan)
{
	int error = plan_look_before(plan);

	if (error)
		return error;
	plan_compare(plan);
	plan_note_counters(plan);
	return plan_find_effects(plan);
}

int plan_make(struct program *p, const char *path, const struct policy *policy,
	      const struct ruleset *rules, struct plan *out)
{
	struct apply_request request = {
		.path = path,
		.rules = rules,
		.dry_run = true,
		.hooks = { .ctx = out, .build = plan_build },
	};
	int error;

	*out = (struct plan){
		.program = p, .path = path, .policy = policy, .rules = rules
	};
	error = apply_rules(p, &request, &out->outcome);
	if (error || !out->outcome.changed)
		return error;
	error = plan_fill(out);
	if (error) {
		out->outcome.error = error;
		diag_error(&out->outcome.diags, NULL, "not-read",
			   "what is loaded cannot be read: %s",
			   strerror(-error));
	}
	return error;
}

void plan_free(struct plan *plan)
{
	if (plan->before_policy)
		policy_free(plan->before_policy);
}

size_t plan_changes(const struct plan *plan)
{
	return plan->settings.n + plan->lines.n + plan->classes.n;
}
