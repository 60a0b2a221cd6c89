/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trial_form.h"
#include "../base/arena.h"
#include "../ruleset/digest.h"
#include "../ruleset/lower.h"
#include "trial_digest.h"
#include "trial_priv.h"

#include <errno.h>
#include <string.h>

/* ---- names ---- */

bool trial_owns(const char *name)
{
	return !strncmp(name, TRIAL_PREFIX, strlen(TRIAL_PREFIX));
}

/* A class "trial" has sets of these names. */
bool trial_owns_set(const char *name)
{
	static const char *const of_class[] = { "v4", "v4.hosts", "v6",
						"v6.hosts", "if" };

	if (!strcmp(name, TRIAL_ARMED))
		return true;
	if (!trial_owns(name))
		return false;
	for (size_t i = 0; i < sizeof(of_class) / sizeof(*of_class); i++)
		if (!strcmp(name + strlen(TRIAL_PREFIX), of_class[i]))
			return false;
	return true;
}

static const char *trial_name(struct trial_maker *m, const char *name)
{
	return arena_printf(m->form->arena, TRIAL_PREFIX "%s", name);
}

/* ---- can they stand beside each other? ---- */

static bool has_device(const struct words *devices, const char *name)
{
	for (size_t i = 0; i < devices->n; i++)
		if (!strcmp(devices->items[i].text, name))
			return true;
	return false;
}

static bool same_devices(const struct words *a, const struct words *b)
{
	for (size_t i = 0; i < a->n; i++)
		if (!has_device(b, a->items[i].text))
			return false;
	for (size_t i = 0; i < b->n; i++)
		if (!has_device(a, b->items[i].text))
			return false;
	return true;
}

enum trial_obstacle trial_obstacle(const struct ruleset *base,
				   const struct ruleset *next)
{
	if (!base)
		return TRIAL_FITS;
	if (base->family != next->family)
		return TRIAL_OTHER_FAMILY;
	return same_devices(base->devices, next->devices) ? TRIAL_FITS :
							    TRIAL_OTHER_DEVICES;
}

const char *trial_obstacle_text(enum trial_obstacle obstacle)
{
	switch (obstacle) {
	case TRIAL_FITS:
		break;
	case TRIAL_OTHER_FAMILY:
		return "the policy's hook needs a table of another family than "
		       "the one that is loaded: both cannot stand in one table";
	case TRIAL_OTHER_DEVICES:
		return "the policy is for other devices than the one that is "
		       "loaded: a base chain cannot have both";
	}
	return "";
}

const char *trial_obstacle_help(enum trial_obstacle obstacle)
{
	switch (obstacle) {
	case TRIAL_FITS:
		break;
	case TRIAL_OTHER_FAMILY:
	case TRIAL_OTHER_DEVICES:
		return "apply it without --trial, with mode observe first";
	}
	return "";
}

/* ---- sets ---- */

static const struct set *trial_base_set(const struct trial_maker *m,
					const char *name)
{
	for (size_t i = 0; m->base && i < m->base->sets.n; i++)
		if (!strcmp(m->base->sets.items[i]->name, name))
			return m->base->sets.items[i];
	return NULL;
}

/*
 * A set of fixed elements is shared if they are the same, a dynamic one
 * whatever it holds: its size stays what it is until the trial is confirmed.
 * The chains of a map are the trial's own.
 */
static bool set_is_shared(const struct set *set, const struct set *old)
{
	return old && !set->jumps && !old->jumps && set->key == old->key &&
	       set->interval == old->interval && set->timeout == old->timeout &&
	       set->timeout_s == old->timeout_s &&
	       !strcmp(set->digest, old->digest);
}

static struct set *trial_add_set(struct trial_maker *m, const char *name,
				 enum set_key key)
{
	return add_set(&m->form->rules, name, key, NULL);
}

static void trial_rename_jumps(struct trial_maker *m, struct set *map)
{
	struct port_jumps *jumps = arena_alloc(m->form->arena, sizeof(*jumps));

	for (size_t i = 0; i < map->jumps->n; i++)
		*arena_push(m->form->arena, jumps) = (struct port_jump){
			map->jumps->items[i].port,
			trial_name(m, map->jumps->items[i].chain),
		};
	map->jumps = jumps;
}

static void trial_take_set(struct trial_maker *m, const struct set *set)
{
	struct set *copy;

	if (set_is_shared(set, trial_base_set(m, set->name))) {
		*arena_push(m->form->arena, &m->form->shared) = set->name;
		return;
	}
	copy = trial_add_set(m, trial_name(m, set->name), set->key);
	*copy = *set;
	copy->name = trial_name(m, set->name);
	if (copy->jumps)
		trial_rename_jumps(m, copy);
}

/* The set that a rule of the trial looks into: its own one, or the shared. */
static const struct set *trial_set(struct trial_maker *m, const struct set *set)
{
	const struct set *own =
		find_set(&m->form->rules, trial_name(m, set->name));

	return own ? own : set;
}

/* ---- rules ---- */

static bool trial_refuses(const struct rule *rule)
{
	for (unsigned int i = 0; i < rule->n; i++)
		if (rule->stmts[i].kind == STMT_DROP ||
		    rule->stmts[i].kind == STMT_RESET ||
		    rule->stmts[i].kind == STMT_REJECT)
			return true;
	return false;
}

static bool looks_into_set(enum stmt_kind kind)
{
	return kind == STMT_SADDR || kind == STMT_DADDR ||
	       kind == STMT_IIFNAME || kind == STMT_OIFNAME ||
	       kind == STMT_DPORT || kind == STMT_SPORT;
}

static void trial_rename(struct trial_maker *m, struct stmt *s)
{
	if (looks_into_set(s->kind))
		s->set = trial_set(m, s->set);
	else if (s->kind == STMT_METER || s->kind == STMT_METER_OVER)
		s->meter.set = trial_set(m, s->meter.set);
	else if (s->kind == STMT_COUNTER)
		s->counter = counter_for(&m->form->rules,
					 trial_name(m, s->counter->name),
					 s->counter->clause);
	else if (s->kind == STMT_JUMP || s->kind == STMT_GOTO)
		s->chain = trial_name(m, s->chain);
}

static const struct clause *trial_clause_at(const struct policy *p,
					    const struct span *origin)
{
	for (size_t i = 0; i < p->blocks.n; i++)
		for (size_t k = 0; k < p->blocks.items[i].clauses.n; k++)
			if (&p->blocks.items[i].clauses.items[k].span == origin)
				return &p->blocks.items[i].clauses.items[k];
	return NULL;
}

/* The first statement that is no condition: what a refusal does. */
static unsigned int trial_conditions(const struct rule *rule)
{
	unsigned int n = 0;

	while (n < rule->n && rule->stmts[n].kind != STMT_COUNTER &&
	       rule->stmts[n].kind != STMT_LOG &&
	       rule->stmts[n].kind != STMT_DROP &&
	       rule->stmts[n].kind != STMT_RESET &&
	       rule->stmts[n].kind != STMT_REJECT)
		n++;
	return n;
}

static bool trial_has_reset(const struct rule *rule)
{
	return rule->n && rule->stmts[rule->n - 1].kind == STMT_RESET;
}

/* The refusal of a rule, whose source is counted first: a chain of its own. */
static const char *trial_refusal(struct trial_maker *m, const struct rule *rule,
				 unsigned int conditions)
{
	struct ruleset *rs = &m->form->rules;
	const char *was = trial_was_chain(
		m, trial_clause_at(m->next->policy, rule->origin));
	const char *name = arena_printf(m->form->arena, TRIAL_PREFIX "new.%zu",
					rs->chains.n);
	struct chain *chain = add_chain(rs, name, BASE_NONE, rule->origin);
	struct rule ask = { .origin = rule->origin };
	struct rule tail = { .origin = rule->origin, .comment = rule->comment };

	rule_put(&ask, STMT_JUMP)->chain = was;
	put_rule(rs, chain, &ask);
	if (trial_has_reset(rule))
		rule_put(&tail, STMT_TCP);
	for (unsigned int i = conditions; i < rule->n; i++)
		tail.stmts[tail.n++] = rule->stmts[i];
	put_rule(rs, chain, &tail);
	return name;
}

static void trial_take_rule(struct trial_maker *m, struct chain *chain,
			    const struct rule *rule)
{
	char name[32], digest[DIGEST_TEXT_BYTES];
	struct rule copy = *rule;
	unsigned int n;

	if (copy.comment && digest_parse_comment(copy.comment, name, digest))
		copy.comment = NULL; /* a table names itself */
	for (unsigned int i = 0; i < copy.n; i++)
		trial_rename(m, &copy.stmts[i]);
	if (m->stops->sources && trial_refuses(&copy) &&
	    (rule->origin || !trial_guards_were(m))) {
		n = trial_conditions(&copy);
		const char *refusal = trial_refusal(m, &copy, n);

		copy.n = n;
		rule_put(&copy, STMT_GOTO)->chain = refusal;
	}
	put_rule(&m->form->rules, chain, &copy);
}

/* ---- chains and gates ---- */

static bool base_has(const struct trial_maker *m, const struct chain *chain)
{
	for (size_t i = 0; m->base && i < m->base->chains.n; i++)
		if (m->base->chains.items[i]->hook == chain->hook &&
		    !strcmp(m->base->chains.items[i]->name, chain->name))
			return true;
	return false;
}

static struct rule trial_gate_rule(struct trial_maker *m, const char *chain)
{
	struct rule rule = { 0 };

	rule_put(&rule, STMT_ARMED)->set = m->form->armed;
	if (chain)
		rule_put(&rule, STMT_GOTO)->chain = chain;
	else
		rule_put(&rule, STMT_ACCEPT);
	return rule;
}

static void trial_add_gate(struct trial_maker *m, const char *chain,
			   const char *target)
{
	*arena_push(m->form->arena, &m->form->gates) = (struct trial_gate){
		chain,
		trial_gate_rule(m, target),
	};
}

/* A base chain that the old ruleset lacks comes with the trial. */
static void trial_gate_to(struct trial_maker *m, const struct chain *chain)
{
	const char *target = trial_name(m, chain->name);
	struct rule rule = trial_gate_rule(m, target);
	struct chain *own;

	if (base_has(m, chain)) {
		trial_add_gate(m, chain->name, target);
		return;
	}
	own = add_chain(
		&m->form->rules,
		arena_printf(m->form->arena, TRIAL_HOOK "%s", chain->name),
		chain->hook, chain->origin);
	put_rule(&m->form->rules, own, &rule);
}

/* Copies a chain; its rules look at the header that the chain looks at. */
static void trial_take_chain(struct trial_maker *m, const struct chain *chain)
{
	struct ruleset *rs = &m->form->rules;
	struct chain *copy;

	rs->inside = chain->inside;
	copy = add_chain(rs, trial_name(m, chain->name), BASE_NONE,
			 chain->origin);
	for (size_t i = 0; i < chain->rules.n; i++)
		trial_take_rule(m, copy, &chain->rules.items[i]);
	rs->inside = (struct inside){ 0 };
	if (chain->hook != BASE_NONE)
		trial_gate_to(m, chain);
}

static bool next_has(const struct trial_maker *m, const struct chain *chain)
{
	for (size_t i = 0; i < m->next->chains.n; i++)
		if (m->next->chains.items[i]->hook == chain->hook &&
		    !strcmp(m->next->chains.items[i]->name, chain->name))
			return true;
	return false;
}

/* A base chain that only the old ruleset has lets all pass. */
static void trial_gate_past(struct trial_maker *m)
{
	for (size_t i = 0; m->base && i < m->base->chains.n; i++) {
		const struct chain *chain = m->base->chains.items[i];

		if (chain->hook != BASE_NONE && !next_has(m, chain))
			trial_add_gate(m, chain->name, NULL);
	}
}

/* ---- stops ---- */

static const struct set *trial_seen_set(struct trial_maker *m, const char *name,
					enum set_key key)
{
	struct set *set = trial_add_set(m, name, key);

	set->dynamic = set->timeout = true;
	set->size = m->stops->sources;
	return set;
}

static enum base_hook passed_hook(enum hook hook)
{
	switch (hook) {
	case HOOK_FORWARD:
		return BASE_PASSED_FORWARD;
	case HOOK_OUTPUT:
		return BASE_PASSED_OUTPUT;
	case HOOK_BRIDGE:
		return BASE_PASSED_PREROUTING;
	case HOOK_INGRESS:
		return BASE_PASSED_INGRESS;
	}
	return BASE_NONE;
}

/* Submission with and without TLS from the start, and reading mail. */
static const uint16_t passed_ports[] = { 465, 587, 993 };

/*
 * Counts openings that passed the filter: of the old rules before the trial and
 * of the new ones during it.
 */
static void trial_count_passed(struct trial_maker *m)
{
	struct ruleset *rs = &m->form->rules;
	struct port_jumps *jumps = arena_alloc(rs->arena, sizeof(*jumps));
	struct chain *chain = add_chain(rs, TRIAL_SUBMISSION, BASE_NONE, NULL);
	struct chain *base = add_chain(
		rs, TRIAL_PASSED, passed_hook(m->next->policy->hook), NULL);
	struct set *map = trial_add_set(m, TRIAL_PASSED ".ports", KEY_SERVICE);
	struct rule count = { 0 }, rule = { 0 };

	rule_put(&count, STMT_SYN);
	put_counter(&count, counter_for(rs, TRIAL_SUBMISSION, NULL));
	put_rule(rs, chain, &count);
	map->jumps = jumps;
	map->size = hash_size(sizeof(passed_ports) / sizeof(*passed_ports));
	for (size_t i = 0; i < sizeof(passed_ports) / sizeof(*passed_ports);
	     i++)
		*arena_push(rs->arena, jumps) =
			(struct port_jump){ passed_ports[i], TRIAL_SUBMISSION };
	rule_put(&rule, STMT_DPORT)->set = map;
	put_rule(rs, base, &rule);
}

/* ---- the whole ---- */

static void trial_arm_set(struct trial_maker *m)
{
	struct set *armed = trial_add_set(m, TRIAL_ARMED, KEY_PROTOCOL);

	armed->dynamic = armed->timeout = true;
	armed->size = 8;
	m->form->armed = armed;
}

static void trial_make(struct trial_maker *m)
{
	trial_arm_set(m);
	if (m->stops->sources) {
		m->seen4 = trial_seen_set(m, TRIAL_SEEN4, KEY_IPV4);
		m->seen6 = trial_seen_set(m, TRIAL_SEEN6, KEY_IPV6);
	}
	for (size_t i = 0; i < m->next->sets.n; i++)
		trial_take_set(m, m->next->sets.items[i]);
	for (size_t i = 0; i < m->next->counters.n; i++)
		counter_for(&m->form->rules,
			    trial_name(m, m->next->counters.items[i]->name),
			    m->next->counters.items[i]->clause);
	for (size_t i = 0; i < m->next->chains.n; i++)
		trial_take_chain(m, m->next->chains.items[i]);
	trial_gate_past(m);
	if (m->stops->submission_percent)
		trial_count_passed(m);
}

int trial_form_new(const struct ruleset *base, const struct ruleset *next,
		   const struct trial_stops *stops, struct trial_form **out)
{
	struct arena *arena = arena_new();
	struct trial_maker m = { .base = base, .next = next, .stops = stops };
	int error;

	*out = NULL;
	if (!arena)
		return -ENOMEM;
	if (setjmp(*arena_on_failure(arena))) {
		arena_free(arena);
		return -ENOMEM;
	}
	m.form = arena_alloc(arena, sizeof(*m.form));
	m.form->arena = m.form->rules.arena = arena;
	m.form->rules.policy = next->policy;
	m.form->rules.family = next->family;
	m.form->rules.devices = next->devices;
	m.form->alone = !base;
	trial_make(&m);
	error = trial_digest(m.form);
	if (error) {
		arena_free(arena);
		return error;
	}
	*out = m.form;
	return 0;
}

void trial_form_free(struct trial_form *form)
{
	if (form)
		arena_free(form->arena);
}
