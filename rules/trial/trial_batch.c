/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trial_batch.h"
#include "../emit/emit_netlink.h"

#include <linux/netfilter/nf_tables.h>
#include <netinet/in.h>
#include <string.h>

/* The element's key: mail is TCP. */
#define TRIAL_PROTOCOL IPPROTO_TCP

static struct elements armed_elements(enum family family, uint64_t timeout_ms)
{
	return (struct elements){ .family = family,
				  .set = TRIAL_ARMED,
				  .timeout_ms = timeout_ms };
}

/* ---- to begin ---- */

static bool measures(const char *name)
{
	return !strcmp(name, TRIAL_SUBMISSION) ||
	       !strncmp(name, TRIAL_PASSED, strlen(TRIAL_PASSED));
}

/* Rules that measure are there since before; their counter stays. */
static void trial_add_rules(struct batch *b, const struct trial_form *form,
			    const struct chain *chain)
{
	if (measures(chain->name))
		netlink_rule_delete(b, form->rules.family, chain->name, 0);
	netlink_rules(b, &form->rules, chain);
}

static void trial_add_sets(struct batch *b, const struct trial_form *form)
{
	const struct ruleset *rs = &form->rules;

	for (size_t i = 0; i < rs->sets.n; i++) {
		netlink_set(b, rs, rs->sets.items[i], (uint32_t)i + 1);
		netlink_elements(b, rs, rs->sets.items[i]);
	}
}

void trial_batch_arm(struct batch *b, const struct trial_form *form,
		     uint64_t timeout_ms)
{
	const struct ruleset *rs = &form->rules;
	struct elements armed = armed_elements(rs->family, timeout_ms);

	if (form->alone)
		netlink_table(b, rs, rs->table_flags);
	for (size_t i = 0; i < rs->counters.n; i++)
		netlink_counter(b, rs, rs->counters.items[i], 0, 0);
	for (size_t i = 0; i < rs->chains.n; i++)
		netlink_chain(b, rs, rs->chains.items[i]);
	trial_add_sets(b, form);
	for (size_t i = 0; i < rs->chains.n; i++)
		trial_add_rules(b, form, rs->chains.items[i]);
	for (size_t i = 0; i < form->gates.n; i++)
		netlink_rule_insert(b, rs, form->gates.items[i].chain,
				    &form->gates.items[i].rule);
	netlink_protocol(b, &armed, TRIAL_PROTOCOL);
	batch_finish(b);
}

/* ---- to measure ---- */

static void measure_objects(struct batch *b, const struct ruleset *rs)
{
	for (size_t i = 0; i < rs->counters.n; i++)
		if (measures(rs->counters.items[i]->name))
			netlink_counter(b, rs, rs->counters.items[i], 0, 0);
	for (size_t i = 0; i < rs->chains.n; i++)
		if (measures(rs->chains.items[i]->name))
			netlink_chain(b, rs, rs->chains.items[i]);
	for (size_t i = 0; i < rs->sets.n; i++)
		if (measures(rs->sets.items[i]->name)) {
			netlink_set(b, rs, rs->sets.items[i], (uint32_t)i + 1);
			netlink_elements(b, rs, rs->sets.items[i]);
		}
	for (size_t i = 0; i < rs->chains.n; i++)
		if (measures(rs->chains.items[i]->name))
			netlink_rules(b, rs, rs->chains.items[i]);
}

void trial_batch_measure(struct batch *b, const struct trial_form *form)
{
	if (form->alone)
		netlink_table(b, &form->rules, form->rules.table_flags);
	measure_objects(b, &form->rules);
	batch_finish(b);
}

/* ---- to end, or to go on ---- */

void trial_batch_disarm(struct batch *b, enum family family)
{
	struct elements armed = armed_elements(family, 0);

	armed.remove = true;
	netlink_protocol(b, &armed, TRIAL_PROTOCOL);
}

void trial_batch_extend(struct batch *b, enum family family,
			uint64_t timeout_ms)
{
	struct elements armed = armed_elements(family, timeout_ms);

	trial_batch_disarm(b, family);
	netlink_protocol(b, &armed, TRIAL_PROTOCOL);
	batch_finish(b);
}

/* ---- to clean up ---- */

static bool nothing_else(const struct present *p)
{
	for (size_t i = 0; i < p->chains.n; i++)
		if (!trial_owns(p->chains.items[i].name))
			return false;
	for (size_t i = 0; i < p->sets.n; i++)
		if (!trial_owns_set(p->sets.items[i].name))
			return false;
	for (size_t i = 0; i < p->counters.n; i++)
		if (!trial_owns(p->counters.items[i].name))
			return false;
	return true;
}

/* A chain can go when no rule and no map sends packets to it. */
static void clean_rules(struct batch *b, enum family family,
			const struct present *p,
			const struct trial_present *gates)
{
	for (size_t i = 0; i < gates->n; i++)
		netlink_rule_delete(b, family, gates->items[i].chain,
				    gates->items[i].handle);
	for (size_t i = 0; i < p->chains.n; i++)
		if (trial_owns(p->chains.items[i].name))
			netlink_rule_delete(b, family, p->chains.items[i].name,
					    0);
	for (size_t i = 0; i < p->sets.n; i++)
		if (trial_owns_set(p->sets.items[i].name) &&
		    (p->sets.items[i].flags & NFT_SET_MAP))
			netlink_set_flush(b, family, p->sets.items[i].name,
					  NULL);
}

void trial_batch_clean(struct batch *b, enum family family,
		       const struct present *p,
		       const struct trial_present *gates)
{
	if (nothing_else(p)) {
		netlink_table_delete(b, family);
		batch_finish(b);
		return;
	}
	clean_rules(b, family, p, gates);
	for (size_t i = 0; i < p->chains.n; i++)
		if (trial_owns(p->chains.items[i].name))
			netlink_chain_delete(b, family,
					     p->chains.items[i].name);
	for (size_t i = 0; i < p->sets.n; i++)
		if (trial_owns_set(p->sets.items[i].name))
			netlink_set_delete(b, family, p->sets.items[i].name);
	for (size_t i = 0; i < p->counters.n; i++)
		if (trial_owns(p->counters.items[i].name))
			netlink_counter_delete(b, family,
					       p->counters.items[i].name);
	batch_finish(b);
}
