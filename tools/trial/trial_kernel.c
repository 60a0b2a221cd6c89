/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trial_kernel.h"
#include "../../rules/base/arena.h"
#include "../../rules/ruleset/digest.h"
#include "../../rules/trial/trial_digest.h"

#include <errno.h>
#include <libnftnl/rule.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

/* ---- what is there ---- */

static bool trial_is_in(const struct present *p)
{
	for (size_t i = 0; i < p->sets.n; i++)
		if (trial_owns_set(p->sets.items[i].name))
			return true;
	for (size_t i = 0; i < p->chains.n; i++)
		if (trial_owns(p->chains.items[i].name))
			return true;
	for (size_t i = 0; i < p->counters.n; i++)
		if (trial_owns(p->counters.items[i].name))
			return true;
	return false;
}

struct trial_reader {
	struct arena *arena;
	struct trial_now *out;
};

static void trial_take_gate(struct trial_reader *r, struct nftnl_rule *rule)
{
	const char *comment = rule_comment(rule);
	const char *chain = nftnl_rule_get_str(rule, NFTNL_RULE_CHAIN);

	if (!trial_is_gate(rule))
		return;
	if (comment)
		digest_parse_trial(comment, r->out->policy, r->out->digest);
	if (!trial_owns(chain))
		*arena_push(r->arena, &r->out->gates) =
			(struct trial_present_gate){
				kernel_copy_text(r->arena, chain),
				nftnl_rule_get_u64(rule, NFTNL_RULE_HANDLE),
			};
}

static int trial_on_rule(const struct nlmsghdr *nlh, void *ctx)
{
	struct trial_reader *r = ctx;
	struct nftnl_rule *rule = nftnl_rule_alloc();

	if (!rule)
		return MNL_CB_ERROR;
	if (nftnl_rule_nlmsg_parse(nlh, rule) >= 0 &&
	    !strcmp(nftnl_rule_get_str(rule, NFTNL_RULE_TABLE), TABLE_NAME))
		trial_take_gate(r, rule);
	nftnl_rule_free(rule);
	return MNL_CB_OK;
}

/* An element that ran out may be listed until it is swept. */
static int trial_on_armed(void *ctx, const struct dump_element *e)
{
	struct trial_now *out = ctx;

	out->armed = !e->timeout_ms || e->expires_ms;
	out->left_ms = e->expires_ms;
	return 0;
}

static int trial_on_seen(void *ctx, const struct dump_element *e)
{
	uint32_t *n = ctx;

	(void)e;
	++*n;
	return 0;
}

static int trial_read_set(struct netlink *nl, const struct present_set *set,
			  struct trial_now *out)
{
	if (!strcmp(set->name, TRIAL_ARMED))
		return kernel_elements(nl, out->family, set->name,
				       trial_on_armed, out);
	if (strcmp(set->name, TRIAL_SEEN4) && strcmp(set->name, TRIAL_SEEN6))
		return 0;
	out->has_seen = true;
	out->seen_most = set->size;
	return kernel_elements(nl, out->family, set->name, trial_on_seen,
			       strcmp(set->name, TRIAL_SEEN4) ? &out->seen6 :
								&out->seen4);
}

static void trial_read_counter(const struct present_counter *pc,
			       struct trial_now *out)
{
	if (!strcmp(pc->name, TRIAL_TRIPPED)) {
		out->tripped = pc->packets;
		out->tripped_packets = pc->packets;
	} else if (!strcmp(pc->name, TRIAL_SUBMISSION)) {
		out->has_submission = true;
		out->submission = pc->packets;
	}
}

static int trial_read_family(struct netlink *nl, const struct reading *r,
			     struct trial_now *out)
{
	const struct present *p = &r->tables[out->family];
	struct trial_reader reader = { r->arena, out };
	int error = 0;

	out->there = true;
	for (size_t i = 0; i < p->counters.n; i++)
		trial_read_counter(&p->counters.items[i], out);
	for (size_t i = 0; i < p->sets.n && !error; i++)
		error = trial_read_set(nl, &p->sets.items[i], out);
	return error ? error :
		       kernel_dump(nl, out->family, NFT_MSG_GETRULE,
				   NFTA_RULE_TABLE, trial_on_rule, &reader);
}

int trial_now_read(struct netlink *nl, const struct reading *r,
		   struct trial_now *out)
{
	uint32_t now;
	int error;

	*out = (struct trial_now){ 0 };
	for (int f = 0; f < N_FAMILIES; f++) {
		/* The trial of a first policy has a table with its mark. */
		if (!r->tables[f].ours || !trial_is_in(&r->tables[f]))
			continue;
		out->family = (enum family)f;
		error = trial_read_family(nl, r, out);
		if (!error)
			error = netlink_generation(nl, &now);
		if (!error && now != r->generation)
			error = -EINTR;
		return error;
	}
	return 0;
}

/* ---- steps ---- */

static int trial_commit(struct netlink *nl, struct batch *b,
			struct kernel_errors *errors)
{
	struct kernel_errors unasked = { 0 };
	int error = batch_error(b);

	if (!error)
		error = transaction_commit(nl, b, errors ? errors : &unasked);
	batch_free(b);
	return error;
}

int trial_arm(struct netlink *nl, const struct reading *r,
	      const struct trial_form *form, uint64_t timeout_ms,
	      struct kernel_errors *errors)
{
	struct batch *b = batch_new(r->generation);

	if (!b)
		return -ENOMEM;
	trial_batch_arm(b, form, timeout_ms);
	return trial_commit(nl, b, errors);
}

int trial_measure(struct netlink *nl, const struct reading *r,
		  const struct trial_form *form, struct kernel_errors *errors)
{
	struct batch *b = batch_new(r->generation);

	if (!b)
		return -ENOMEM;
	trial_batch_measure(b, form);
	return trial_commit(nl, b, errors);
}

int trial_clean(struct netlink *nl, const struct reading *r,
		const struct trial_now *now)
{
	struct batch *b = batch_new(r->generation);

	if (!b)
		return -ENOMEM;
	trial_batch_clean(b, now->family, &r->tables[now->family], &now->gates);
	return trial_commit(nl, b, NULL);
}

int trial_disarm(struct netlink *nl, enum family family)
{
	struct batch *b = batch_new(0);

	if (!b)
		return -ENOMEM;
	trial_batch_disarm(b, family);
	batch_finish(b);
	return trial_commit(nl, b, NULL);
}

int trial_extend(struct netlink *nl, enum family family, uint64_t timeout_ms)
{
	struct batch *b = batch_new(0);

	if (!b)
		return -ENOMEM;
	trial_batch_extend(b, family, timeout_ms);
	return trial_commit(nl, b, NULL);
}
