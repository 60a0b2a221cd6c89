/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change.h"
#include "../base/arena.h"
#include "batch.h"
#include "emit_netlink.h"
#include "../ruleset/rule_read.h"

#include <linux/netfilter/nf_tables.h>
#include <string.h>

bool present_digest_comparable(const struct present *p)
{
	return !p->digest_version || p->digest_version == DIGEST_VERSION;
}

/* ---- is what is there what is wanted? ---- */

static const struct set *wanted_set(const struct ruleset *rs, const char *name)
{
	for (size_t i = 0; i < rs->sets.n; i++)
		if (!strcmp(rs->sets.items[i]->name, name))
			return rs->sets.items[i];
	return NULL;
}

static const struct present_set *present_set(const struct present *p,
					     const char *name)
{
	for (size_t i = 0; i < p->sets.n; i++)
		if (!strcmp(p->sets.items[i].name, name))
			return &p->sets.items[i];
	return NULL;
}

/*
 * Compares two sets, but for two things. A set's size matters only if its fixed
 * elements need more: a dynamic set is resized in place, with its elements. The
 * dynamic flag does not matter: a set that was loaded from JSON lacks it, and
 * rules add elements all the same.
 */
static bool set_fits(const struct set *set, const struct present_set *p)
{
	bool fixed = set->v4 || set->v6 || set->jumps;

	if (p->key_type != set_key_type(set->key) ||
	    ((p->flags ^ set_flags(set)) & ~(uint32_t)NFT_SET_EVAL) ||
	    p->timeout_ms != (uint64_t)set->timeout_s * 1000)
		return false;
	return !fixed || !p->size || p->size >= set->size;
}

static const char *joined_devices(struct arena *a, const struct words *devices)
{
	const char *out = "", *last = NULL;

	for (size_t n = 0; n < devices->n; n++) {
		const char *next = NULL;

		for (size_t i = 0; i < devices->n; i++) {
			const char *d = devices->items[i].text;

			if ((!last || strcmp(d, last) > 0) &&
			    (!next || strcmp(d, next) < 0))
				next = d;
		}
		if (!next)
			break;
		out = arena_printf(a, "%s%s%s", out, *out ? " " : "", next);
		last = next;
	}
	return out;
}

static bool chain_fits(struct arena *a, const struct ruleset *rs,
		       const struct chain *chain, const struct present_chain *p)
{
	const struct base_hook_info *base = base_hook_info(chain->hook);

	if (!base || !p->is_base)
		return !base && !p->is_base;
	return !strcmp(base->type, p->type) && base->hooknum == p->hooknum &&
	       base->priority == p->priority &&
	       (rs->family != FAMILY_NETDEV ||
		!strcmp(joined_devices(a, rs->devices), p->devices));
}

static const struct chain *wanted_chain(const struct ruleset *rs,
					const char *name)
{
	for (size_t i = 0; i < rs->chains.n; i++)
		if (!strcmp(rs->chains.items[i]->name, name))
			return rs->chains.items[i];
	return NULL;
}

static bool chain_stays(struct arena *a, const struct ruleset *rs,
			const struct present *p, const char *name)
{
	const struct chain *chain = wanted_chain(rs, name);

	for (size_t i = 0; i < p->chains.n; i++)
		if (chain && !strcmp(p->chains.items[i].name, name))
			return chain_fits(a, rs, chain, &p->chains.items[i]);
	return false;
}

/* Its policy was changed by hand: the chain stays, and gets ours again. */
static bool chain_drops(const struct present *p, const char *name)
{
	for (size_t i = 0; i < p->chains.n; i++)
		if (p->chains.items[i].is_base &&
		    !strcmp(p->chains.items[i].name, name))
			return p->chains.items[i].drops;
	return false;
}

/* ---- elements: the difference of two merged lists ---- */

static int order4(const struct range4 *a, const struct range4 *b)
{
	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	return a->last < b->last ? -1 : a->last > b->last;
}

static void difference4(struct arena *a, const struct ranges4 *old,
			const struct ranges4 *new, struct ranges4 *gone,
			struct ranges4 *come)
{
	size_t i = 0, k = 0;

	while (i < old->n || k < new->n) {
		int order =
			i == old->n ? 1 :
			k == new->n ? -1 :
				      order4(&old->items[i], &new->items[k]);

		if (order < 0)
			ranges4_push(a, gone, old->items[i++]);
		else if (order > 0)
			ranges4_push(a, come, new->items[k++]);
		else
			i++, k++;
	}
}

static void difference6(struct arena *a, const struct ranges6 *old,
			const struct ranges6 *new, struct ranges6 *gone,
			struct ranges6 *come)
{
	size_t i = 0, k = 0;

	while (i < old->n || k < new->n) {
		int order = i == old->n ? 1 :
			    k == new->n ? -1 :
					  memcmp(&old->items[i], &new->items[k],
						 sizeof(struct range6));

		if (order < 0)
			ranges6_push(a, gone, old->items[i++]);
		else if (order > 0)
			ranges6_push(a, come, new->items[k++]);
		else
			i++, k++;
	}
}

struct change {
	struct change_list *list;
	struct arena *arena;
	const struct ruleset *rs;
	const struct present *present; /* the table of the ruleset's family */
	const struct known *known;
	struct change_summary *summary;
	uint32_t next_id;
};

static struct change_step *change_step(struct change *c, enum change_verb verb,
				       enum batch_object object,
				       const char *name)
{
	struct change_step *step = arena_push(c->arena, c->list);

	step->verb = verb;
	step->object = object;
	step->family = c->rs->family;
	step->name = name;
	return step;
}

static void change_set(struct change *c, enum change_verb verb,
		       const struct set *set)
{
	struct change_step *step = change_step(c, verb, BATCH_SET, set->name);

	step->what = set;
	step->set_id = c->next_id++;
}

/* Fixed elements, or members. */
static size_t all_elements(const struct set *set)
{
	return set->members ? set->members->v4.n + set->members->v6.n :
			      set_elements(set);
}

static void add_all_elements(struct change *c, const struct set *set)
{
	struct change_step *step;

	if (!all_elements(set))
		return;
	step = change_step(c, CHANGE_ADD, BATCH_ELEMENTS, set->name);
	step->what = set;
	step->n = all_elements(set);
}

/* Elements that go are taken away before others come. */
static void change_elements(struct change *c, enum change_verb verb,
			    const struct set *set, const struct ranges4 *v4,
			    const struct ranges6 *v6)
{
	struct change_step *step;

	if (!v4->n && !v6->n)
		return;
	step = change_step(c, verb, BATCH_ELEMENTS, set->name);
	step->what = set;
	step->n = v4->n + v6->n;
	step->v4 = *v4;
	step->v6 = *v6;
}

static void change_difference(struct change *c, const struct set *set,
			      const struct known_set *old)
{
	struct ranges4 gone4 = { 0 }, come4 = { 0 };
	struct ranges6 gone6 = { 0 }, come6 = { 0 };

	if (set->v4)
		difference4(c->arena, &old->v4, set->v4, &gone4, &come4);
	else
		difference6(c->arena, &old->v6, set->v6, &gone6, &come6);
	change_elements(c, CHANGE_REMOVE, set, &gone4, &gone6);
	change_elements(c, CHANGE_ADD, set, &come4, &come6);
	c->summary->elements_removed += gone4.n + gone6.n;
	c->summary->elements_added += come4.n + come6.n;
	c->summary->sets_changed += gone4.n || come4.n || gone6.n || come6.n;
}

static const struct known_set *known_set(const struct known *known,
					 const char *name)
{
	for (size_t i = 0; known && i < known->n; i++)
		if (!strcmp(known->items[i].name, name))
			return &known->items[i];
	return NULL;
}

static void update_elements(struct change *c, const struct set *set)
{
	const struct known_set *known = known_set(c->known, set->name);

	if (set->jumps) {
		add_all_elements(c, set);
		return; /* the map was emptied before, so that its chains can go
			 */
	}
	if (!set->v4 && !set->v6 && !set->members)
		return; /* a dynamic set keeps its elements */
	if (known) {
		change_difference(c, set, known);
		return;
	}
	change_step(c, CHANGE_EMPTY, BATCH_ELEMENTS, set->name)->what = set;
	add_all_elements(c, set);
	c->summary->sets_replaced++;
	c->summary->elements_added += set_elements(set);
}

/* ---- the transaction, in an order that the kernel accepts ---- */

/* A chain can go when no rule and no map sends packets to it. */
static void clear_rules(struct change *c)
{
	const struct present *p = c->present;

	change_step(c, CHANGE_EMPTY, BATCH_RULE, NULL);
	for (size_t i = 0; i < p->sets.n; i++)
		if ((p->sets.items[i].flags & NFT_SET_MAP) &&
		    !(p->sets.items[i].flags & NFT_SET_ANONYMOUS))
			change_step(c, CHANGE_EMPTY, BATCH_ELEMENTS,
				    p->sets.items[i].name);
	for (size_t i = 0; i < p->chains.n; i++)
		if (!chain_stays(c->arena, c->rs, p, p->chains.items[i].name))
			change_step(c, CHANGE_REMOVE, BATCH_CHAIN,
				    p->chains.items[i].name);
}

static bool is_dynamic_class(const struct present_set *ps)
{
	return (ps->flags & NFT_SET_TIMEOUT) && (ps->flags & NFT_SET_INTERVAL);
}

/* Are the members of a set that goes to be in another one of its name? */
static bool members_are_kept(const struct ruleset *rs, const char *name)
{
	const struct set *set = wanted_set(rs, name);

	return set && set->members;
}

static void clear_sets(struct change *c)
{
	const struct present *p = c->present;

	for (size_t i = 0; i < p->sets.n; i++) {
		const struct present_set *ps = &p->sets.items[i];
		const struct set *set = wanted_set(c->rs, ps->name);
		const struct known_set *known = known_set(c->known, ps->name);

		if (!strncmp(ps->name, "__", 2))
			continue; /* the kernel removed the set with its rule */
		if (set && set_fits(set, ps))
			continue;
		change_step(c, CHANGE_REMOVE, BATCH_SET, ps->name);
		c->summary->sets_removed++;
		if (known)
			c->summary->elements_removed +=
				known->v4.n + known->v6.n;
		if (is_dynamic_class(ps) && !members_are_kept(c->rs, ps->name))
			c->summary->members_lost += ps->count;
	}
}

static const struct present_counter *present_counter(const struct present *p,
						     const char *name)
{
	for (size_t i = 0; i < p->counters.n; i++)
		if (!strcmp(p->counters.items[i].name, name))
			return &p->counters.items[i];
	return NULL;
}

/*
 * Did another clause count there? Names are short hashes of words: where two
 * clauses have one and the first is gone, the second must not go on with its
 * count. The words are in the comments of the rules, perhaps cut.
 */
static bool counter_is_of_other(const struct change *c,
				const struct counter *counter)
{
	const struct present_counter *pc =
		counter->clause ?
			present_counter(c->present, counter->clause->key) :
			NULL;

	return pc && pc->comment &&
	       !comment_is_of(c->arena, pc->comment, counter->clause);
}

static bool counter_stays(const struct change *c, const char *name)
{
	for (size_t i = 0; i < c->rs->counters.n; i++)
		if (!strcmp(c->rs->counters.items[i]->name, name))
			return !counter_is_of_other(c,
						    c->rs->counters.items[i]);
	return false;
}

static void change_counters(struct change *c)
{
	const struct present *p = c->present;

	for (size_t i = 0; i < p->counters.n; i++)
		if (!counter_stays(c, p->counters.items[i].name)) {
			change_step(c, CHANGE_REMOVE, BATCH_COUNTER,
				    p->counters.items[i].name);
			c->summary->counters_removed++;
		}
	for (size_t i = 0; i < c->rs->counters.n; i++) {
		const struct counter *counter = c->rs->counters.items[i];

		if (present_counter(p, counter->name) &&
		    !counter_is_of_other(c, counter))
			continue;
		change_step(c, CHANGE_ADD, BATCH_COUNTER, counter->name)->what =
			counter;
		c->summary->counters_added++;
	}
}

static void change_sets(struct change *c)
{
	for (size_t i = 0; i < c->rs->sets.n; i++) {
		const struct set *set = c->rs->sets.items[i];
		const struct present_set *ps =
			present_set(c->present, set->name);

		if (ps && set_fits(set, ps)) {
			/* Linux before 6.5 keeps the size as it was. */
			if (ps->size != set->size && set->timeout)
				change_set(c, CHANGE_UPDATE, set);
			update_elements(c, set);
			continue;
		}
		change_set(c, CHANGE_ADD, set);
		add_all_elements(c, set);
		c->summary->sets_added++;
		c->summary->elements_added += set_elements(set);
	}
}

static void change_chains(struct change *c)
{
	const struct ruleset *rs = c->rs;

	for (size_t i = 0; i < rs->chains.n; i++) {
		const struct chain *chain = rs->chains.items[i];
		bool stays = chain_stays(c->arena, rs, c->present, chain->name);

		if (!stays || chain_drops(c->present, chain->name))
			change_step(c, stays ? CHANGE_UPDATE : CHANGE_ADD,
				    BATCH_CHAIN, chain->name)
				->what = chain;
	}
}

static void load_rules(struct change *c)
{
	const struct ruleset *rs = c->rs;

	for (size_t i = 0; i < rs->chains.n; i++) {
		const struct chain *chain = rs->chains.items[i];
		struct change_step *step;

		if (!chain->rules.n)
			continue;
		step = change_step(c, CHANGE_ADD, BATCH_RULE, chain->name);
		step->what = chain;
		step->n = chain->rules.n;
		c->summary->rules += step->n;
	}
}

/* Another family's table of ours goes. */
static void change_other_table(struct change *c, enum family family,
			       const struct present *p)
{
	change_step(c, CHANGE_REMOVE, BATCH_TABLE, NULL)->family = family;
	c->summary->other_tables_removed++;
	for (size_t i = 0; i < p->sets.n; i++)
		if (is_dynamic_class(&p->sets.items[i]) &&
		    !members_are_kept(c->rs, p->sets.items[i].name))
			c->summary->members_lost += p->sets.items[i].count;
}

static void change_table(struct change *c)
{
	const struct present *p = c->present;

	if (!p->exists) {
		change_step(c, CHANGE_ADD, BATCH_TABLE, NULL)->flags =
			c->rs->table_flags;
		c->summary->creates_table = true;
		return;
	}
	if (p->flags & NFT_TABLE_F_DORMANT)
		change_step(c, CHANGE_UPDATE, BATCH_TABLE, NULL)->flags =
			p->flags & ~(uint32_t)NFT_TABLE_F_DORMANT;
	clear_rules(c);
	clear_sets(c);
}

void change_list_make(struct arena *a, const struct ruleset *rs,
		      const struct present present[N_FAMILIES],
		      const struct known *known, struct change_list *list,
		      struct change_summary *summary)
{
	struct change c = { .list = list,
			    .arena = a,
			    .rs = rs,
			    .present = &present[rs->family],
			    .known = known,
			    .summary = summary,
			    .next_id = 1 };

	*list = (struct change_list){ 0 };
	*summary = (struct change_summary){ 0 };
	for (int f = 0; f < N_FAMILIES; f++)
		if (present[f].ours && f != (int)rs->family)
			change_other_table(&c, (enum family)f, &present[f]);
	change_table(&c);
	change_counters(&c);
	change_chains(&c);
	change_sets(&c);
	load_rules(&c);
}

/* ---- the table anew ---- */

/* Counters of clauses that are still there begin with what was counted. */
static void carry_counters(struct change *c, const struct present *before)
{
	const struct change then = { .rs = c->rs,
				     .arena = c->arena,
				     .present = before };

	for (size_t i = 0; i < c->list->n; i++) {
		struct change_step *step = &c->list->items[i];
		const struct present_counter *pc =
			step->object == BATCH_COUNTER &&
					!counter_is_of_other(&then,
							     step->what) ?
				present_counter(before, step->name) :
				NULL;

		if (!pc)
			continue;
		step->packets = pc->packets;
		step->bytes = pc->bytes;
	}
}

static void add_member(struct change *c, const struct change_member *m)
{
	const struct set *set = wanted_set(c->rs, m->set);
	struct change_step *step;

	/* A set whose members are known gets those. */
	if (!set || set->members)
		return;
	step = change_step(c, CHANGE_ADD, BATCH_ELEMENTS, set->name);
	step->what = set;
	step->n = 1;
	step->timeout_ms = m->timeout_ms;
	if (m->family == 4)
		ranges4_push(c->arena, &step->v4, m->v4);
	else
		ranges6_push(c->arena, &step->v6, m->v6);
}

void change_list_anew(struct arena *a, const struct ruleset *rs,
		      const struct present present[N_FAMILIES],
		      const struct change_members *members,
		      struct change_list *list, struct change_summary *summary)
{
	const struct present none = { 0 };
	struct change c = { .list = list,
			    .arena = a,
			    .rs = rs,
			    .present = &none,
			    .summary = summary,
			    .next_id = 1 };

	*list = (struct change_list){ 0 };
	*summary = (struct change_summary){ 0 };
	for (int f = 0; f < N_FAMILIES; f++)
		if (present[f].ours)
			change_step(&c, CHANGE_REMOVE, BATCH_TABLE, NULL)
				->family = (enum family)f;
	change_table(&c);
	change_counters(&c);
	carry_counters(&c, &present[rs->family]);
	change_chains(&c);
	change_sets(&c);
	for (size_t i = 0; i < members->n; i++)
		add_member(&c, &members->items[i]);
	load_rules(&c);
}

void change_build(struct batch *b, struct arena *a, const struct ruleset *rs,
		  const struct present present[N_FAMILIES],
		  const struct known *known, struct change_summary *summary)
{
	struct change_list list;

	change_list_make(a, rs, present, known, &list, summary);
	change_list_emit(b, rs, &list);
}

bool change_remove(struct batch *b, const struct present present[N_FAMILIES])
{
	bool any = false;

	for (int f = 0; f < N_FAMILIES; f++)
		if (present[f].ours) {
			netlink_table_delete(b, (enum family)f);
			any = true;
		}
	batch_finish(b);
	return any;
}
