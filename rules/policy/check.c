/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"
#include "../base/arena.h"
#include "../text/habit.h"
#include "../text/parse.h"
#include "../base/service.h"

#include <errno.h>
#include <string.h>

#define CLAUSES_MOST 2000

/* ---- clauses ---- */

static void check_owner_own(struct check *c, struct clause *clause,
			    const struct decl_clause *decl)
{
	const struct words *first =
		decl->users.n ? &decl->users : &decl->groups;

	if (!first->n)
		return;
	if (c->policy->hook != HOOK_OUTPUT ||
	    clause->block->direction != DIRECTION_OUTBOUND) {
		diag_error(c->diags, &first->items[0].span, "no-owner-here",
			   "only outbound connections of this host have a "
			   "user or a group")
			->help = "use hook output, in an outbound block";
		return;
	}
	check_owners(c, &decl->users, &decl->groups, &clause->users,
		     &clause->groups);
}

static const char *target_help(struct arena *a, const char *text)
{
	const char *habit = habit_help(a, HABIT_MEMBER, text, strlen(text));

	return habit ? habit :
		       "one IPv4 address, one IPv6 address or one of each";
}

static void check_target(struct check *c, struct clause *clause,
			 const struct word *word)
{
	struct addr_range r;
	enum addr_error error = range_parse(word->text, strlen(word->text), &r);

	if (!error && r.family == 4 && range4_is_single(&r.v4) &&
	    !clause->has_target4) {
		clause->has_target4 = true;
		clause->target4 = r.v4.first;
	} else if (!error && r.family == 6 && range6_is_single(&r.v6) &&
		   !clause->has_target6) {
		clause->has_target6 = true;
		clause->target6 = r.v6.first;
	} else {
		diag_error(c->diags, &word->span, "bad-target",
			   "\"%.60s\" is no target to redirect to", word->text)
			->help = target_help(c->arena, word->text);
	}
}

static void check_redirect(struct check *c, struct clause *clause,
			   const struct decl_clause *decl)
{
	if (c->policy->hook == HOOK_BRIDGE || c->policy->hook == HOOK_INGRESS)
		diag_error(c->diags, &decl->span, "no-redirect-here",
			   "hook %s cannot rewrite an address",
			   hook_name(c->policy->hook))
			->help = "redirect needs hook forward or hook output";
	else if (c->policy->hook == HOOK_OUTPUT &&
		 clause->block->direction == DIRECTION_INBOUND)
		diag_error(c->diags, &decl->span, "no-redirect-here",
			   "an inbound connection to this host cannot be "
			   "redirected by hook output");
	if (!decl->to.n)
		diag_error(c->diags, &decl->span, "no-target",
			   "the clause does not say where to redirect to")
			->help = "write \"redirect smtp to ADDRESS\"";
	for (size_t i = 0; i < decl->to.n; i++)
		check_target(c, clause, &decl->to.items[i]);
}

/* Reports a word that only actions with has() may have. */
static void check_refuse(struct check *c, const struct word *word,
			 bool (*has)(enum action action))
{
	const char *words[ACTION_N];
	size_t n = 0;

	if (!word->text)
		return;
	for (enum action a = 0; a < ACTION_N; a++)
		if (has(a))
			words[n++] = action_name(a);
	diag_error(c->diags, &word->span, "unexpected", "\"%s\" belongs to %s",
		   word->text, diag_list_words(c->arena, words, n, "and"));
}

static void check_needed_rate(struct check *c, struct clause *clause,
			      const struct decl_clause *decl)
{
	if (!decl->rate.text)
		diag_error(c->diags, &decl->span, "no-rate",
			   "the clause does not say how much is too much")
			->help = "write a rate: limit smtp 10/minute per "
				 "source burst 20";
	else
		clause->rate = check_rate(c, &decl->rate, &decl->burst);
}

/* Check options that only some actions have. */
static void check_action(struct check *c, struct clause *clause,
			 const struct decl_clause *decl)
{
	static const char *const refusals[] = { "reset", "reject", "drop" };

	if (!action_may_refuse(decl->action))
		check_refuse(c, &decl->refusal, action_may_refuse);
	else if (decl->refusal.text)
		clause->refusal = (enum refusal)check_choose(
			c, &decl->refusal, refusals, 3, "a refusal");
	if (action_needs_rate(decl->action))
		check_needed_rate(c, clause, decl);
	else
		check_refuse(c, &decl->rate, action_needs_rate);
	if (!action_blocks(decl->action))
		check_refuse(c, &decl->replies, action_blocks);
	if (action_redirects(decl->action))
		check_redirect(c, clause, decl);
	else
		resolve_refs(c, &decl->to, &clause->to);
}

/* ---- names that stay ---- */

/* A clause in its block as six hex digits. */
static uint32_t clause_hash(const char *block, const char *clause)
{
	uint32_t hash = text_hash(TEXT_HASH_START, block);

	hash = text_hash(text_hash(hash, "|"), clause);
	return (hash ^ hash >> 24) & 0xffffff;
}

/* A hash of the same two that differs where clause_hash() does not. */
static uint32_t clause_hash_more(const char *block, const char *clause)
{
	uint32_t hash = text_hash(~TEXT_HASH_START, clause);

	return text_hash(text_hash(hash, "|"), block);
}

/* Counts the clauses above that have the name, or the name and a number. */
static size_t same_before(const struct policy *p, const char *stem,
			  const struct clause * not )
{
	size_t len = strlen(stem), n = 0;

	for (size_t i = 0; i < p->blocks.n; i++)
		for (size_t k = 0; k < p->blocks.items[i].clauses.n; k++) {
			const struct clause *cl =
				&p->blocks.items[i].clauses.items[k];

			n += cl != not &&cl->key &&
			     !strncmp(cl->key, stem, len) &&
			     (!cl->key[len] || cl->key[len] == '-');
		}
	return n;
}

/* Is the name that of a clause above with other words? */
static bool name_is_taken(const struct policy *p, const char *stem,
			  const struct clause *clause)
{
	for (size_t i = 0; i < p->blocks.n; i++)
		for (size_t k = 0; k < p->blocks.items[i].clauses.n; k++) {
			const struct clause *cl =
				&p->blocks.items[i].clauses.items[k];

			if (cl->key && !strcmp(cl->key, stem) &&
			    (strcmp(cl->words, clause->words) ||
			     strcmp(cl->block->text, clause->block->text)))
				return true;
		}
	return false;
}

/*
 * Counters keep their name while the clause keeps its words: lines may move,
 * logging may be switched on and off. 24 bits of hash are few: where another
 * clause has them, a second hash follows.
 */
static const char *clause_key(struct check *c, const struct clause *clause)
{
	const struct service *s = NULL;
	const char *name = "nothing", *stem;
	size_t before;

	if (clause->ports.n) {
		s = service_by_port(clause->ports.items[0]);
		name = s ? s->name :
			   arena_printf(c->arena, "%u", clause->ports.items[0]);
	}
	stem = arena_printf(c->arena, "%s-%s-%06x", action_name(clause->action),
			    name,
			    clause_hash(clause->block->text, clause->words));
	if (name_is_taken(c->policy, stem, clause))
		stem = arena_printf(
			c->arena, "%s.%08x", stem,
			clause_hash_more(clause->block->text, clause->words));
	before = same_before(c->policy, stem, clause);
	return before ? arena_printf(c->arena, "%s-%zu", stem, before + 1) :
			stem;
}

/* "residential:17", or with the file's name for a clause that is included. */
static const char *span_id(struct check *c, const struct span *span)
{
	const char *file = span->source->name, *slash = strrchr(file, '/');
	char *id;

	if (span->source == c->decl.name.span.source)
		return arena_printf(c->arena, "%s:%u", c->policy->name,
				    span->line);
	id = arena_printf(c->arena, "%s:%.40s:%u", c->policy->name,
			  slash ? slash + 1 : file, span->line);
	/* The id stands in quotes and ends at a blank, so replace both. */
	for (char *p = id; *p; p++)
		if (*p <= ' ' || *p == '"' || *p == '\\' || *p > '~')
			*p = '_';
	return id;
}

/* ---- blocks ---- */

static void check_clause(struct check *c, struct block *block,
			 struct clause *clause, const struct decl_clause *decl)
{
	clause->block = block;
	clause->action = decl->action;
	clause->span = decl->span;
	clause->text = decl->text;
	clause->words = clause_words(c->arena, clause->text);
	clause->log = decl->log.text;
	clause->replies = decl->replies.text;
	clause->id = span_id(c, &clause->span);
	clause->key = "";
	if (decl->broken)
		return;
	for (size_t i = 0; i < decl->services.n; i++)
		if (!check_service(c, &decl->services.items[i], &clause->ports))
			return;
	resolve_refs(c, &decl->from, &clause->from);
	check_action(c, clause, decl);
	check_owner_own(c, clause, decl);
	clause->key = clause_key(c, clause);
}

static void check_blocks(struct check *c)
{
	size_t clauses = 0;

	for (size_t i = 0; i < c->decl.blocks.n; i++)
		clauses += c->decl.blocks.items[i].clauses.n;
	if (clauses > CLAUSES_MOST || c->decl.blocks.n > CLAUSES_MOST) {
		diag_error(c->diags, &c->decl.name.span, "too-many",
			   "a policy has at most %d clauses, this one %zu",
			   CLAUSES_MOST, clauses)
			->help = "put addresses into classes";
		return;
	}
	for (size_t i = 0; i < c->decl.blocks.n; i++)
		(void)arena_push(c->arena, &c->policy->blocks);
	for (size_t i = 0; i < c->decl.blocks.n; i++) {
		const struct decl_block *decl = &c->decl.blocks.items[i];
		struct block *block = &c->policy->blocks.items[i];

		block->direction = decl->direction;
		block->span = decl->span;
		block->text = decl->text;
		block->id = span_id(c, &decl->span);
		resolve_refs(c, &decl->of, &block->of);
		for (size_t k = 0; k < decl->clauses.n; k++)
			(void)arena_push(c->arena, &block->clauses);
		for (size_t k = 0; k < decl->clauses.n; k++)
			check_clause(c, block, &block->clauses.items[k],
				     &decl->clauses.items[k]);
	}
	check_hook_limits(c);
	check_size(c);
	if (!clauses && !c->said_before)
		diag_error(c->diags, &c->decl.name.span, "no-clause",
			   "the policy decides nothing")
			->help = "add \"outbound { ... }\" or \"inbound { ... "
				 "}\" with clauses like \"block smtp\"";
}

/* ---- the whole ---- */

static int policy_load_into(struct check *c, const char *path)
{
	bool no_name;
	int error = parse_policy(c->arena, c->diags, c->input, path, &c->decl);

	if (error)
		return error;
	no_name = !c->decl.name.text;
	if (no_name)
		c->decl.name = (struct word){
			.text = "unnamed",
			.span = c->diags->items[c->diags->n - 1].span,
		};
	/* What a mistake of the grammar hides is not missed. */
	c->said_before = c->diags->errors - no_name;
	if (!c->decl.unreadable) {
		check_header(c);
		check_classes(c);
		check_blocks(c);
		check_tests(c);
	}
	if (!c->diags->errors)
		lint_policy(c);
	diags_sort(c->diags);
	return 0;
}

int policy_load(const struct policy_input *input, const char *path,
		struct policy **out)
{
	struct arena *arena = arena_new();
	struct check *c;
	int error;

	*out = NULL;
	if (!arena)
		return -ENOMEM;
	if (setjmp(*arena_on_failure(arena))) {
		arena_free(arena);
		return -ENOMEM;
	}
	c = arena_alloc(arena, sizeof(*c));
	c->arena = arena;
	c->input = input;
	c->policy = arena_alloc(arena, sizeof(*c->policy));
	c->policy->arena = arena;
	c->diags = &c->policy->diags;
	c->diags->arena = arena;
	error = policy_load_into(c, path);
	if (error) {
		arena_free(arena);
		return error;
	}
	*out = c->policy;
	return 0;
}
