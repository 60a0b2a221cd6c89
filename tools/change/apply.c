/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply.h"
#include "../apart/book_members.h"
#include "../route/guard_client.h"
#include "kernel_probe.h"
#include "../kernel/kernel_error.h"
#include "../program/message.h"
#include "../../rules/base/arena.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define TRIES_MOST    20
#define ELEMENTS_MOST 20000 /* in a set that is read back to see drift */

struct apply {
	struct program *program;
	const struct apply_request *request;
	const struct ruleset *rules;
	struct apply_outcome *out;
	struct netlink netlink;
	struct applied applied;
	bool distrust;		/* the run file did not hold */
	struct guard_link link; /* to the guard, if one runs */
	bool asks_book;		/* it has members of these rules */
	bool cuts;		/* a set has room for fewer */
};

const char *apply_table_text(struct arena *a, enum family family)
{
	return arena_printf(a, "%s %s", family_name(family), TABLE_NAME);
}

const struct present *apply_before(const struct apply_request *request,
				   const struct apply_outcome *o)
{
	return &o->reading.tables[request->rules->family];
}

const struct present *apply_replaced(const struct apply_request *request,
				     const struct apply_outcome *o,
				     enum family *family)
{
	for (int f = 0; f < N_FAMILIES; f++)
		if (f != (int)request->rules->family &&
		    o->reading.tables[f].ours) {
			*family = (enum family)f;
			return &o->reading.tables[f];
		}
	return NULL;
}

static const struct present *mine(const struct apply *a)
{
	return apply_before(a->request, a->out);
}

/* ---- is there anything to do? ---- */

/* The digest says nothing of the sizes of dynamic sets. */
static bool sizes_fit(const struct apply *a)
{
	for (size_t i = 0; i < a->rules->sets.n; i++) {
		const struct set *set = a->rules->sets.items[i];

		for (size_t k = 0; k < mine(a)->sets.n; k++) {
			const struct present_set *ps = &mine(a)->sets.items[k];

			if (set->timeout && !strcmp(set->name, ps->name) &&
			    set->size != ps->size)
				return false;
		}
	}
	return true;
}

/* Does the table say that it is what is wanted? */
static bool apply_digest_fits(const struct apply *a)
{
	enum family other;

	return mine(a)->ours && present_digest_comparable(mine(a)) &&
	       !strcmp(mine(a)->digest, a->rules->digest) &&
	       !apply_replaced(a->request, a->out, &other);
}

static int is_loaded(struct apply *a, bool *loaded)
{
	struct claim claim = { &a->applied, a->out->reading.generation };
	struct loaded there;
	bool same;
	int error;

	*loaded = false;
	if (!apply_digest_fits(a))
		return 0;
	error = loaded_read(&a->netlink, &a->out->reading, a->rules->family,
			    ELEMENTS_MOST, applied_claim, &claim, &there);
	digest_objects_free(&there.objects);
	if (error)
		return error;
	same = !strcmp(there.digest, a->rules->digest);
	/* The rules say this digest and are not it: trust nothing. */
	a->distrust = a->distrust || !same;
	*loaded = same && sizes_fit(a) && !acting_drift(&a->out->acting);
	return 0;
}

/* ---- one try ---- */

static const struct known *trusted(const struct apply *a)
{
	if (a->distrust || !applied_matches(&a->applied, mine(a)))
		return NULL;
	return &a->applied.known;
}

/* Says what the kernel that refused the rules cannot do, and what instead. */
static void say_kernel_lacks(struct apply *a)
{
	struct kernel_facts facts;

	kernel_probe(a->rules, &facts);
	kernel_needs(a->rules, &facts, &a->out->diags);
}

static void apply_build(struct apply *a, struct batch *b)
{
	const struct apply_hooks *h = &a->request->hooks;

	if (h->build)
		h->build(h->ctx, b, a->out, trusted(a), &a->out->summary);
	else
		change_build(b, a->program->arena, a->rules,
			     a->out->reading.tables, trusted(a),
			     &a->out->summary);
}

/* Tells the caller once that the kernel is about to be asked. */
static int apply_tell_before(struct apply *a)
{
	const struct apply_hooks *h = &a->request->hooks;
	struct fault f = { 0 };
	int error = 0;

	if (h->before && !a->out->kernel_asked)
		error = h->before(h->ctx, a->out, &f);
	if (error)
		diag_error(&a->out->diags, NULL, "not-recorded", "%s", f.text);
	a->out->kernel_asked = !error;
	return error;
}

static int apply_send(struct apply *a, struct batch *b)
{
	struct kernel_errors errors = { 0 };
	int error = apply_tell_before(a);

	if (error)
		return error;
	error = transaction_commit(&a->netlink, b, &errors);
	if (error)
		kernel_error_diags(&a->out->diags, &errors, error);
	if (error && errors.n)
		say_kernel_lacks(a);
	return error;
}

/* The members that were loaded, whoever changed them since in the kernel. */
static const struct known *apply_remembered(const struct apply *a)
{
	struct known *out;

	if (!a->applied.valid || strcmp(a->applied.digest, mine(a)->digest))
		return NULL;
	out = arena_alloc(a->program->arena, sizeof(*out));
	*out = a->applied.known;
	return out;
}

static int apply_check(struct apply *a)
{
	const struct apply_hooks *h = &a->request->hooks;

	a->out->remembered = apply_remembered(a);
	if (!h->check || a->request->dry_run)
		return 0;
	return h->check(h->ctx, a->out, &a->out->diags);
}

static int commit(struct apply *a)
{
	struct batch *b = batch_new(a->out->reading.generation);
	int error;

	if (!b)
		return -ENOMEM;
	apply_build(a, b);
	error = batch_error(b);
	if (!error && !a->request->dry_run)
		error = apply_send(a, b);
	batch_free(b);
	return error;
}

static bool taken_by_others(struct apply *a)
{
	struct arena *arena = a->program->arena;
	const char *table = apply_table_text(arena, a->rules->family);

	if (!mine(a)->exists || mine(a)->ours)
		return false;
	diag_error(&a->out->diags, NULL, "table-taken",
		   "table %s exists and was not made by mailwall", table)
		->help = arena_printf(
		arena,
		"rename it, or look at it with \"nft list table %s\" "
		"and delete it",
		table);
	return true;
}

/* The members in the kernel are not those that were remembered. */
static bool members_differ(int error)
{
	return error == -ENOENT || error == -EEXIST;
}

/* Reads what is loaded; *loaded: it is what is wanted. */
static int apply_look(struct apply *a, bool *loaded)
{
	const struct apply_hooks *h = &a->request->hooks;
	struct kernel_errors none = { 0 };
	int error =
		kernel_read(&a->netlink, a->program->arena, &a->out->reading);

	if (!error && taken_by_others(a))
		return -EBUSY;
	a->out->acting.n = 0;
	if (!error && mine(a)->ours)
		acting_read(a->program->arena, mine(a), &a->out->acting);
	if (!error)
		error = is_loaded(a, loaded);
	if (error)
		kernel_error_diags(&a->out->diags, &none, error);
	else if (*loaded && h->again)
		*loaded = !h->again(h->ctx, a->out);
	return error;
}

static int try_once(struct apply *a)
{
	bool loaded = false;
	int error;

	a->out->diags.n = a->out->diags.errors = 0;
	error = apply_look(a, &loaded);
	if (!error && !loaded)
		error = apply_check(a);
	if (error || loaded)
		return error;
	error = commit(a);
	if (error == -ENFILE && a->asks_book && book_members_cut(a->rules)) {
		a->cuts = true;
		return -ERESTART;
	}
	if (members_differ(error) && trusted(a)) {
		a->distrust = true;
		return -ERESTART;
	}
	a->out->changed = !error;
	a->out->generation = a->out->reading.generation + 1;
	return error;
}

/* Reads what is loaded where the kernel lost its answer. */
static int look_again(struct apply *a)
{
	int error =
		kernel_read(&a->netlink, a->program->arena, &a->out->reading);

	if (error)
		return error;
	a->out->changed = !strcmp(mine(a)->digest, a->rules->digest);
	a->out->generation = a->out->reading.generation;
	return a->out->changed ? 0 : -ERESTART;
}

static int apply_try(struct apply *a)
{
	int error = -ERESTART;

	for (int i = 0; i < TRIES_MOST && transaction_try_again(error); i++) {
		/* Whoever is in between is given a moment, longer each time */
		struct timespec wait = { .tv_nsec = 2000000L * i };

		if (i && !a->distrust)
			nanosleep(&wait, NULL);
		error = try_once(a);
		if (error == -ENOBUFS)
			error = look_again(a);
	}
	return error;
}

/* ---- what is remembered ---- */

static void remember(struct apply *a)
{
	int error = applied_save(a->program, a->rules, a->out->generation,
				 a->request->path);

	if (error)
		message_say(
			"cannot remember what was loaded in %s: %s; the next "
			"change will send every set whole",
			a->program->run_dir, strerror(-error));
}

/* Opens the way to the kernel. 0 or -errno. */
static int apply_open(struct apply *a, struct ruleset *rules)
{
	int error = netlink_open(&a->netlink);

	if (error)
		return error;
	*rules = *a->request->rules;
	a->rules = rules;
	if (a->request->route) {
		a->netlink.route = a->request->route;
		rules->table_flags = a->request->table_flags;
		return 0;
	}
	error = guard_connect(&a->link, a->program->run_dir, &a->netlink);
	rules->table_flags = a->link.hello.table_flags;
	if (error)
		netlink_close(&a->netlink);
	return error;
}

static void apply_close(struct apply *a)
{
	guard_disconnect(&a->link);
	netlink_close(&a->netlink);
}

/* ---- the book of exemptions ---- */

/*
 * Dynamic classes get the members that the book has, in the same transaction.
 * Without the book they keep what the kernel has: the rules are loaded all the
 * same.
 */
static void take_members(struct apply *a)
{
	struct book_answer answer = { .notes = &a->out->notes };
	struct fault f = { 0 };

	if (a->request->dry_run)
		return;
	if (book_members_take(a->program, a->rules, &answer, &f))
		diag_warning(&a->out->notes, NULL, "book",
			     "the book of exemptions is not read, and classes "
			     "keep the members that the kernel has: %s",
			     f.text);
	else
		a->asks_book = answer.asked;
}

/* Rules that were loaded already say nothing of members. */
static void end_members(struct apply *a)
{
	struct fault f = { 0 };
	int error;

	if (!a->asks_book)
		return;
	error = book_note_policy(a->program, a->rules->policy, &f);
	if (a->cuts)
		diag_warning(&a->out->notes, NULL, "set-full",
			     "the book has more members than a class has room "
			     "for, and not all of them are exempt: raise the "
			     "size of the class");
	/* The guard, which waits for this, would have to answer it. */
	if (!error && !a->out->changed && !a->request->route)
		error = book_sync(a->program, &f);
	if (error)
		diag_warning(&a->out->notes, NULL, "book",
			     "the book of exemptions: %s", f.text);
}

int apply_rules(struct program *p, const struct apply_request *request,
		struct apply_outcome *out)
{
	struct apply a = {
		.program = p, .request = request, .link.fd = -1, .out = out
	};
	struct ruleset rules;

	*out = (struct apply_outcome){ .diags.arena = p->arena,
				       .notes.arena = p->arena };
	out->error = apply_open(&a, &rules);
	if (out->error) {
		kernel_error_diags(&out->diags, &(struct kernel_errors){ 0 },
				   out->error);
		return out->error;
	}
	applied_load(p, &a.applied);
	take_members(&a);
	out->error = apply_try(&a);
	apply_close(&a);
	if (!out->error && out->changed && !request->dry_run)
		remember(&a);
	if (!out->error)
		end_members(&a);
	return out->error;
}
