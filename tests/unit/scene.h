/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two policies: one as the kernel would hold it, and one that is wanted. */
#ifndef MAILWALL_SCENE_H
#define MAILWALL_SCENE_H

#include "unit.h"

#include "../../rules/emit/change.h"
#include "../../rules/emit/emit.h"

static inline void present_of(struct arena *a, const struct ruleset *rs,
			      struct present *out)
{
	*out = (struct present){ .exists = true, .ours = true };
	for (size_t i = 0; i < rs->sets.n; i++) {
		const struct set *s = rs->sets.items[i];
		struct present_set *ps = arena_push(a, &out->sets);

		ps->name = s->name;
		ps->flags = set_flags(s);
		ps->key_type = set_key_type(s->key);
		ps->size = s->size;
		ps->timeout_ms = (uint64_t)s->timeout_s * 1000;
	}
	for (size_t i = 0; i < rs->counters.n; i++)
		arena_push(a, &out->counters)->name =
			rs->counters.items[i]->name;
	for (size_t i = 0; i < rs->chains.n; i++) {
		const struct chain *c = rs->chains.items[i];
		const struct base_hook_info *info = base_hook_info(c->hook);
		struct present_chain *pc = arena_push(a, &out->chains);

		pc->name = c->name;
		pc->devices = "";
		if (!info)
			continue;
		pc->is_base = true;
		pc->type = info->type;
		pc->hooknum = info->hooknum;
		pc->priority = info->priority;
	}
}

static inline void known_of(struct arena *a, const struct ruleset *rs,
			    struct known *out)
{
	*out = (struct known){ 0 };
	for (size_t i = 0; i < rs->sets.n; i++) {
		const struct set *s = rs->sets.items[i];
		struct known_set *ks;

		if (!s->v4 && !s->v6)
			continue;
		ks = arena_push(a, out);
		ks->name = s->name;
		if (s->v4)
			ks->v4 = *s->v4;
		else
			ks->v6 = *s->v6;
	}
}

/* One policy is loaded, another is wanted. */
struct scene {
	struct arena *a;
	struct policy *before_policy, *policy;
	struct ruleset *before, *rs;
	struct present present[N_FAMILIES];
	struct known known;
	struct change_summary summary;
};

static inline struct scene scene(const char *before, const char *wanted)
{
	struct scene s = { .a = arena_new() };

	s.policy = good_policy(wanted);
	assert_int_equal(ruleset_new_text(s.policy, &s.rs), 0);
	if (!before)
		return s;
	s.before_policy = good_policy(before);
	assert_int_equal(ruleset_new_text(s.before_policy, &s.before), 0);
	present_of(s.a, s.before, &s.present[s.before->family]);
	known_of(s.a, s.before, &s.known);
	return s;
}

static inline void scene_free(struct scene *s)
{
	ruleset_free(s->rs);
	ruleset_free(s->before);
	policy_free(s->policy);
	policy_free(s->before_policy);
	arena_free(s->a);
}

#endif
