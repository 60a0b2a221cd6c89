/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trial_digest.h"
#include "../base/arena.h"
#include "../ruleset/digest.h"
#include "../ruleset/expr.h"

#include <errno.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <string.h>

/* ---- gates as objects ---- */

void trial_digest_gate(struct digest_objects *c, struct arena *a,
		       const char *chain, size_t nth, struct nftnl_rule *rule)
{
	struct nftnl_chain *object = nftnl_chain_alloc();
	struct digest_chain cc;

	if (!object || nftnl_chain_set_str(object, NFTNL_CHAIN_NAME,
					   arena_printf(a, "%s gate %zu", chain,
							nth)) < 0) {
		c->failed = true;
		if (object)
			nftnl_chain_free(object);
		return;
	}
	digest_chain_begin(&cc, c, object);
	nftnl_chain_free(object);
	digest_chain_rule(&cc, rule);
	digest_chain_end(&cc);
}

static void trial_digest_own_gate(struct digest_objects *c,
				  const struct trial_form *form,
				  const struct trial_gate *gate)
{
	const struct chain there = { .name = gate->chain };
	struct nftnl_rule *rule =
		rule_object(&form->rules, &there, &gate->rule);

	if (!rule) {
		c->failed = true;
		return;
	}
	trial_digest_gate(c, form->arena, gate->chain, 0, rule);
	nftnl_rule_free(rule);
}

/* Whatever else the rule does: the set is of no use but for this. */
bool trial_is_gate(struct nftnl_rule *rule)
{
	struct nftnl_expr_iter *i = nftnl_expr_iter_create(rule);
	struct nftnl_expr *e;
	const char *set;
	bool gate = false;

	while (i && (e = nftnl_expr_iter_next(i)))
		if (!strcmp(nftnl_expr_get_str(e, NFTNL_EXPR_NAME), "lookup")) {
			set = nftnl_expr_get_str(e, NFTNL_EXPR_LOOKUP_SET);
			gate = gate || (set && !strcmp(set, TRIAL_ARMED));
		}
	if (i)
		nftnl_expr_iter_destroy(i);
	return gate;
}

/* ---- the whole ---- */

static bool starts_armed(const struct rule *rule)
{
	return rule->n && rule->stmts[0].kind == STMT_ARMED;
}

static void trial_comment(struct trial_form *form)
{
	const char *comment =
		arena_printf(form->arena, DIGEST_TRIAL_COMMENT,
			     form->rules.policy->name, form->digest);

	for (size_t i = 0; i < form->gates.n; i++)
		form->gates.items[i].rule.comment = comment;
	for (size_t i = 0; i < form->rules.chains.n; i++) {
		struct chain *chain = form->rules.chains.items[i];

		if (chain->rules.n && starts_armed(&chain->rules.items[0]))
			chain->rules.items[0].comment = comment;
	}
}

int trial_digest(struct trial_form *form)
{
	struct digest_objects objects = { 0 };
	int error = ruleset_objects(&form->rules, &objects);

	for (size_t i = 0; i < form->gates.n && !error; i++)
		trial_digest_own_gate(&objects, form, &form->gates.items[i]);
	if (!error)
		error = digest_finish(&objects, form->digest);
	digest_objects_free(&objects);
	if (!error)
		trial_comment(form);
	return error;
}
