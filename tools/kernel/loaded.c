/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loaded.h"
#include "../../rules/base/arena.h"
#include "../../rules/emit/emit.h"
#include "../../rules/ruleset/rule_read.h"
#include "../../rules/trial/trial_digest.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libnftnl/chain.h>
#include <libnftnl/rule.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

struct loaded_reader {
	struct netlink *nl;
	struct arena *arena;
	enum family family;
	struct loaded *out;
	const struct present *present;
	bool unreadable; /* libnftnl cannot parse a rule: it is not ours */
	struct digest_objects trial; /* objects of a trial */
	struct {
		struct nftnl_rule **items;
		size_t n, cap;
	} rules;
};

static int loaded_on_rule(const struct nlmsghdr *nlh, void *ctx)
{
	struct loaded_reader *r = ctx;
	struct nftnl_rule *rule = nftnl_rule_alloc();

	if (!rule)
		return MNL_CB_ERROR;
	if (nftnl_rule_nlmsg_parse(nlh, rule) < 0) {
		r->unreadable = true;
		nftnl_rule_free(rule);
		return MNL_CB_OK;
	}
	if (strcmp(nftnl_rule_get_str(rule, NFTNL_RULE_TABLE), TABLE_NAME)) {
		nftnl_rule_free(rule);
		return MNL_CB_OK;
	}
	*arena_push(r->arena, &r->rules) = rule;
	return MNL_CB_OK;
}

struct loaded_jumps {
	struct arena *arena;
	struct port_jumps jumps; /* ascending */
};

static int loaded_on_jump(void *ctx, const struct dump_element *e)
{
	struct loaded_jumps *t = ctx;
	struct port_jump jump;
	size_t at;

	if (e->key_len != sizeof(jump.port))
		return 0;
	memcpy(&jump.port, e->key, sizeof(jump.port));
	jump.port = ntohs(jump.port);
	jump.chain = kernel_copy_text(t->arena, e->chain);
	(void)arena_push(t->arena, &t->jumps);
	for (at = t->jumps.n - 1; at && t->jumps.items[at - 1].port > jump.port;
	     at--)
		t->jumps.items[at] = t->jumps.items[at - 1];
	t->jumps.items[at] = jump;
	return 0;
}

/* Objects of a trial are no part of what was loaded. */
static struct digest_objects *loaded_objects(struct loaded_reader *r,
					     bool trial)
{
	r->out->trial.exists = r->out->trial.exists || trial;
	return trial ? &r->trial : &r->out->objects;
}

static int loaded_add_map(struct loaded_reader *r, struct digest_objects *c,
			  const struct present_set *map)
{
	struct loaded_jumps t = { .arena = r->arena };
	int error = kernel_elements(r->nl, r->family, map->name, loaded_on_jump,
				    &t);

	digest_add_map(c, map->name, &t.jumps);
	return error;
}

/* A counter's name without what a trial puts in front of it. */
static const char *loaded_counter_name(const char *name)
{
	return trial_owns(name) ? name + strlen(TRIAL_PREFIX) : name;
}

/* The counters of a clause have its name, and perhaps something behind it. */
static void loaded_add_count(struct loaded_clause *c, bool trial,
			     const struct present_counter *pc)
{
	const char *name = loaded_counter_name(pc->name);
	size_t len = strlen(c->counter);
	const char *behind = name + len;

	if (trial_owns(pc->name) != trial || strncmp(name, c->counter, len))
		return;
	if (!*behind) {
		c->packets = pc->packets;
		c->bytes = pc->bytes;
	} else if (!strcmp(behind, COUNTER_OBSERVED) ||
		   !strcmp(behind, "-over" COUNTER_OBSERVED)) {
		c->would = true;
		c->observed_packets += pc->packets;
		c->observed_bytes += pc->bytes;
	}
}

static void loaded_add_clause(struct loaded_reader *r, const char *comment,
			      const char *name)
{
	bool trial = trial_owns(name);
	const char *counter = loaded_counter_name(name);
	struct loaded_clauses *list =
		trial ? &r->out->trial.clauses : &r->out->clauses;
	struct loaded_clause *c;
	size_t id_len = strcspn(comment, " ");

	if (!comment[id_len])
		return;
	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(list->items[i].counter, counter))
			return;
	c = arena_push(r->arena, list);
	c->id = arena_strndup(r->arena, comment, id_len);
	c->text = kernel_copy_text(r->arena, comment + id_len + 1);
	c->counter = kernel_copy_text(r->arena, counter);
	c->block_group = -1;
	for (size_t i = 0; i < r->present->counters.n; i++)
		loaded_add_count(c, trial, &r->present->counters.items[i]);
}

static bool loaded_counts_observed(const char *counter)
{
	const size_t end = strlen(COUNTER_OBSERVED);
	size_t len = strlen(counter);

	return len > end && !strcmp(counter + len - end, COUNTER_OBSERVED);
}

static void loaded_add_group(struct loaded_reader *r, uint16_t group)
{
	for (size_t i = 0; i < r->out->log_groups.n; i++)
		if (r->out->log_groups.items[i] == group)
			return;
	*arena_push(r->arena, &r->out->log_groups) = group;
}

/* A log "residential:17 block " is of a rule that blocks all it matches. */
static void loaded_on_log(void *ctx, const char *prefix, uint16_t group)
{
	struct loaded_reader *r = ctx;
	size_t id_len = prefix ? strcspn(prefix, " ") : 0;

	loaded_add_group(r, group);
	if (!prefix || strcmp(prefix + id_len, " block "))
		return;
	for (size_t i = 0; i < r->out->clauses.n; i++) {
		struct loaded_clause *c = &r->out->clauses.items[i];

		if (strlen(c->id) == id_len && !memcmp(c->id, prefix, id_len))
			c->block_group = group;
	}
}

static void loaded_read_clauses(struct loaded_reader *r)
{
	for (size_t i = 0; i < r->rules.n; i++) {
		const char *comment = rule_comment(r->rules.items[i]);
		const char *counter = rule_read_counter(r->rules.items[i]);
		bool known = false;

		for (size_t k = 0; counter && k < r->present->counters.n; k++)
			known = known ||
				!strcmp(r->present->counters.items[k].name,
					counter);
		if (comment && known)
			loaded_add_clause(r, comment, counter);
	}
}

/* No name of a device has a blank in it. */
static void loaded_set_devices(struct arena *a, const struct present_chain *pc,
			       struct nftnl_chain *chain)
{
	struct {
		const char **items;
		size_t n, cap;
	} names = { 0 };

	if (!*pc->devices)
		return;
	for (const char *at = pc->devices; *at;) {
		size_t len = strcspn(at, " ");

		*arena_push(a, &names) = arena_strndup(a, at, len);
		at += len + (at[len] == ' ');
	}
	*arena_push(a, &names) = NULL;
	nftnl_chain_set_data(chain, NFTNL_CHAIN_DEVICES, names.items,
			     (uint32_t)(names.n * sizeof(*names.items)));
}

/* A gate in front of the old rules is the trial's, wherever it stands. */
static bool loaded_take_gate(struct loaded_reader *r, const char *chain,
			     size_t nth, struct nftnl_rule *rule)
{
	const char *comment = rule_comment(rule);
	struct loaded_trial *t = &r->out->trial;

	if (!trial_is_gate(rule))
		return false;
	if (comment)
		digest_parse_trial(comment, t->policy, t->said);
	if (trial_owns(chain))
		return false;
	trial_digest_gate(loaded_objects(r, true), r->arena, chain, nth, rule);
	return true;
}

static void loaded_add_rules(struct loaded_reader *r, const char *chain,
			     struct digest_chain *cc)
{
	size_t nth = 0;

	for (size_t i = 0; i < r->rules.n; i++) {
		struct nftnl_rule *rule = r->rules.items[i];

		if (strcmp(nftnl_rule_get_str(rule, NFTNL_RULE_CHAIN), chain))
			continue;
		if (!loaded_take_gate(r, chain, nth++, rule))
			digest_chain_rule(cc, rule);
	}
}

static void loaded_add_chain(struct loaded_reader *r,
			     const struct present_chain *pc)
{
	struct digest_objects *objects =
		loaded_objects(r, trial_owns(pc->name));
	struct digest_chain cc;
	struct nftnl_chain *chain = nftnl_chain_alloc();

	if (!chain) {
		objects->failed = true;
		return;
	}
	nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, pc->name);
	if (pc->is_base) {
		nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, pc->type);
		nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, pc->hooknum);
		nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, pc->priority);
		loaded_set_devices(r->arena, pc, chain);
	}
	digest_chain_begin(&cc, objects, chain);
	nftnl_chain_free(chain);
	loaded_add_rules(r, pc->name, &cc);
	digest_chain_end(&cc);
}

static const char *loaded_key_name(uint32_t key_type)
{
	for (enum set_key key = KEY_IPV4; key <= KEY_PROTOCOL; key++)
		if (set_key_type(key) == key_type)
			return set_key_name(key);
	return "unknown";
}

#define UNREAD "unread"

struct loaded_verifier {
	size_t elements_most;
	claimed_digest_fn *claimed;
	void *ctx;
};

/*
 * Sets digest and n without reading the set back, which takes the kernel tens
 * of seconds for a million elements. False: read it.
 */
static bool loaded_is_claimed(struct loaded_reader *r,
			      const struct present_set *set,
			      const struct loaded_verifier *v, char *digest,
			      size_t *n)
{
	const char *claimed = v->claimed ? v->claimed(v->ctx, set, n) : NULL;
	size_t count = set->has_count ? set->count : claimed ? *n : 0;
	/* Before Linux 6.16 the kernel does not say how large it is. */
	bool known = set->has_count || claimed || v->elements_most;

	if (known && count <= v->elements_most)
		return false;
	if (claimed) {
		strcpy(digest, claimed);
		return true;
	}
	if (trial_owns_set(set->name))
		r->out->trial.elements_read = false;
	else
		r->out->elements_read = false;
	*n = count;
	strcpy(digest, UNREAD);
	return true;
}

static int loaded_set_digest(struct loaded_reader *r,
			     const struct present_set *set,
			     const struct loaded_verifier *v, char *digest,
			     size_t *n)
{
	struct ranges4 v4;
	struct ranges6 v6;
	int error;

	if (loaded_is_claimed(r, set, v, digest, n))
		return 0;
	error = kernel_ranges(r->nl, r->arena, r->family, set, &v4, &v6);
	*n = v4.n + v6.n;
	if (set->key_type == set_key_type(KEY_IPV4))
		digest_elements4(&v4, digest);
	else
		digest_elements6(&v6, digest);
	arena_release(r->arena, v4.items);
	arena_release(r->arena, v6.items);
	return error;
}

static int loaded_add_set(struct loaded_reader *r, struct present_set *set,
			  const struct loaded_verifier *v)
{
	struct digest_objects *objects =
		loaded_objects(r, trial_owns_set(set->name));
	char digest[DIGEST_TEXT_BYTES];
	struct digest_set cs = {
		.name = set->name,
		.key = loaded_key_name(set->key_type),
		.interval = set->flags & NFT_SET_INTERVAL,
		.timeout = set->flags & NFT_SET_TIMEOUT,
		.timeout_s = (uint32_t)(set->timeout_ms / 1000),
	};
	int error = 0;

	if (set->flags & NFT_SET_MAP)
		return loaded_add_map(r, objects, set);
	if (!cs.timeout) {
		error = loaded_set_digest(r, set, v, digest, &cs.elements);
		cs.digest = digest;
		if (strcmp(digest, UNREAD)) {
			set->has_count = true;
			set->count = (uint32_t)cs.elements;
		}
	}
	digest_add_set(objects, &cs);
	return error;
}

/* Rules and elements were read one by one: are all of one generation? */
static int loaded_check_generation(struct netlink *nl, const struct reading *r)
{
	uint32_t now;
	int error = netlink_generation(nl, &now);

	return error ? error : now == r->generation ? 0 : -EINTR;
}

static void loaded_add_counters(struct loaded_reader *r)
{
	for (size_t i = 0; i < r->present->counters.n; i++) {
		const char *name = r->present->counters.items[i].name;
		bool trial = trial_owns(name);

		digest_add_counter(loaded_objects(r, trial), name);
		r->out->observes = r->out->observes ||
				   (!trial && loaded_counts_observed(name));
	}
}

/* Makes both digests; the objects of a trial are for nothing else. */
static int loaded_finish(struct loaded_reader *r, int error)
{
	struct loaded *out = r->out;

	if (!error)
		error = digest_finish(&out->objects, out->digest);
	if (!error && out->trial.exists)
		error = digest_finish(&r->trial, out->trial.digest);
	digest_objects_free(&r->trial);
	if (r->unreadable)
		strcpy(out->digest, "unreadable");
	return error;
}

int loaded_read(struct netlink *nl, struct reading *reading, enum family family,
		size_t elements_most, claimed_digest_fn *claimed, void *ctx,
		struct loaded *out)
{
	struct present *p = &reading->tables[family];
	const struct loaded_verifier v = { elements_most, claimed, ctx };
	struct loaded_reader r = { .nl = nl,
				   .arena = reading->arena,
				   .family = family,
				   .out = out,
				   .present = p };
	int error;

	*out = (struct loaded){ .elements_read = true,
				.trial.elements_read = true };
	error = kernel_dump(nl, family, NFT_MSG_GETRULE, NFTA_RULE_TABLE,
			    loaded_on_rule, &r);
	loaded_add_counters(&r);
	for (size_t i = 0; i < p->sets.n && !error; i++)
		error = loaded_add_set(&r, &p->sets.items[i], &v);
	for (size_t i = 0; i < p->chains.n && !error; i++)
		loaded_add_chain(&r, &p->chains.items[i]);
	loaded_read_clauses(&r);
	for (size_t i = 0; i < r.rules.n; i++) {
		rule_read_logs(r.rules.items[i], loaded_on_log, &r);
		nftnl_rule_free(r.rules.items[i]);
	}
	if (!error)
		error = loaded_check_generation(nl, reading);
	return loaded_finish(&r, error);
}
