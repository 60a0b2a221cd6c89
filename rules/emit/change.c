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
	struct batch *batch;
	struct arena *arena;
	const struct ruleset *rs;
	const struct present *present; /* the table of the ruleset's family */
	const struct known *known;
	struct change_summary *summary;
	uint32_t next_id;
};

static void send_difference4(struct change *c, struct elements *e,
			     const struct ranges4 *old,
			     const struct ranges4 *new)
{
	struct ranges4 gone = { 0 }, come = { 0 };

	difference4(c->arena, old, new, &gone, &come);
	e->remove = true;
	netlink_ranges4(c->batch, e, &gone);
	e->remove = false;
	netlink_ranges4(c->batch, e, &come);
	c->summary->elements_removed += gone.n;
	c->summary->elements_added += come.n;
	c->summary->sets_changed += gone.n || come.n;
}

static void send_difference6(struct change *c, struct elements *e,
			     const struct ranges6 *old,
			     const struct ranges6 *new)
{
	struct ranges6 gone = { 0 }, come = { 0 };

	difference6(c->arena, old, new, &gone, &come);
	e->remove = true;
	netlink_ranges6(c->batch, e, &gone);
	e->remove = false;
	netlink_ranges6(c->batch, e, &come);
	c->summary->elements_removed += gone.n;
	c->summary->elements_added += come.n;
	c->summary->sets_changed += gone.n || come.n;
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
	struct elements e = { .family = c->rs->family,
			      .set = set->name,
			      .interval = set->interval,
			      .origin = set->origin };

	if (set->jumps) {
		netlink_elements(c->batch, c->rs, set);
		return; /* the map was flushed before, so that its chains can go
			 */
	}
	if (!set->v4 && !set->v6)
		return; /* a dynamic set keeps its elements */
	if (known && set->v4) {
		send_difference4(c, &e, &known->v4, set->v4);
		return;
	}
	if (known) {
		send_difference6(c, &e, &known->v6, set->v6);
		return;
	}
	netlink_set_flush(c->batch, c->rs->family, set->name, set->origin);
	netlink_elements(c->batch, c->rs, set);
	c->summary->sets_replaced++;
	c->summary->elements_added += set_elements(set);
}

/* ---- the transaction, in an order that the kernel accepts ---- */

/* A chain can go when no rule and no map sends packets to it. */
static void clear_rules(struct change *c)
{
	const struct present *p = c->present;

	netlink_rules_flush(c->batch, c->rs->family);
	for (size_t i = 0; i < p->sets.n; i++)
		if ((p->sets.items[i].flags & NFT_SET_MAP) &&
		    !(p->sets.items[i].flags & NFT_SET_ANONYMOUS))
			netlink_set_flush(c->batch, c->rs->family,
					  p->sets.items[i].name, NULL);
	for (size_t i = 0; i < p->chains.n; i++)
		if (!chain_stays(c->arena, c->rs, p, p->chains.items[i].name))
			netlink_chain_delete(c->batch, c->rs->family,
					     p->chains.items[i].name);
}

static bool is_dynamic_class(const struct present_set *ps)
{
	return (ps->flags & NFT_SET_TIMEOUT) && (ps->flags & NFT_SET_INTERVAL);
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
		netlink_set_delete(c->batch, c->rs->family, ps->name);
		c->summary->sets_removed++;
		if (known)
			c->summary->elements_removed +=
				known->v4.n + known->v6.n;
		if (is_dynamic_class(ps))
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
			netlink_counter_delete(c->batch, c->rs->family,
					       p->counters.items[i].name);
			c->summary->counters_removed++;
		}
	for (size_t i = 0; i < c->rs->counters.n; i++) {
		const struct counter *counter = c->rs->counters.items[i];

		if (present_counter(p, counter->name) &&
		    !counter_is_of_other(c, counter))
			continue;
		netlink_counter(c->batch, c->rs, counter);
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
				netlink_set(c->batch, c->rs, set, c->next_id++);
			update_elements(c, set);
			continue;
		}
		netlink_set(c->batch, c->rs, set, c->next_id++);
		netlink_elements(c->batch, c->rs, set);
		c->summary->sets_added++;
		c->summary->elements_added += set_elements(set);
	}
}

static void change_chains(struct change *c)
{
	const struct ruleset *rs = c->rs;

	for (size_t i = 0; i < rs->chains.n; i++)
		if (!chain_stays(c->arena, rs, c->present,
				 rs->chains.items[i]->name) ||
		    chain_drops(c->present, rs->chains.items[i]->name))
			netlink_chain(c->batch, rs, rs->chains.items[i]);
}

static void load_rules(struct change *c)
{
	const struct ruleset *rs = c->rs;

	for (size_t i = 0; i < rs->chains.n; i++) {
		netlink_rules(c->batch, rs, rs->chains.items[i]);
		c->summary->rules += rs->chains.items[i]->rules.n;
	}
}

void change_build(struct batch *b, struct arena *a, const struct ruleset *rs,
		  const struct present present[N_FAMILIES],
		  const struct known *known, struct change_summary *summary)
{
	struct change c = { .batch = b,
			    .arena = a,
			    .rs = rs,
			    .present = &present[rs->family],
			    .known = known,
			    .summary = summary,
			    .next_id = 1 };

	*summary = (struct change_summary){ 0 };
	for (int f = 0; f < N_FAMILIES; f++)
		if (present[f].ours && f != (int)rs->family) {
			netlink_table_delete(b, (enum family)f);
			summary->other_tables_removed++;
			for (size_t i = 0; i < present[f].sets.n; i++)
				if (is_dynamic_class(&present[f].sets.items[i]))
					summary->members_lost +=
						present[f].sets.items[i].count;
		}
	if (!c.present->exists) {
		netlink_table(b, rs, 0);
		summary->creates_table = true;
	} else {
		if (c.present->flags & NFT_TABLE_F_DORMANT)
			netlink_table(b, rs,
				      c.present->flags &
					      ~(uint32_t)NFT_TABLE_F_DORMANT);
		clear_rules(&c);
		clear_sets(&c);
	}
	change_counters(&c);
	change_chains(&c);
	change_sets(&c);
	load_rules(&c);
	batch_finish(b);
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
