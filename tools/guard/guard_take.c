/* SPDX-License-Identifier: GPL-2.0-or-later */
/* To become the owner of the table. */
#include "guard_priv.h"
#include "../kernel/applied.h"
#include "../kernel/members.h"
#include "../program/message.h"
#include "../record/change_lock.h"
#include "../../rules/base/arena.h"
#include "../../rules/trial/trial_names.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int guard_read_members(struct guard_state *g, struct program *p,
			      const struct present *t, enum family family,
			      struct change_members *out)
{
	for (size_t i = 0; i < t->sets.n; i++) {
		const struct present_set *set = &t->sets.items[i];
		const char *dot = strrchr(set->name, '.');
		int kind = dot && !strcmp(dot, ".v6") ? 6 : 4, error;
		struct members members = { 0 };

		if (!members_are_in(set))
			continue;
		error = members_read(&g->ask, p->arena, family, set->name, kind,
				     &members);
		if (error)
			return error;
		for (size_t k = 0; k < members.n; k++) {
			const struct member *m = &members.items[k];

			*arena_push(p->arena, out) = (struct change_member){
				.set = set->name,
				.family = kind,
				.v4 = { addr4_load(&m->range.first),
					addr4_load(&m->range.last) },
				.v6 = m->range,
				.timeout_ms = m->expires_ms,
			};
		}
	}
	return 0;
}

/* Makes the table anew, with the flags that it can have only then. */
static int guard_take_anew(struct guard_state *g, struct program *p,
			   const struct reading *reading,
			   const struct guard_load *l)
{
	struct change_members members = { 0 };
	struct change_list list;
	struct change_summary summary;
	struct kernel_errors errors;
	struct batch *b;
	int error = guard_read_members(g, p, &reading->tables[l->rules->family],
				       l->rules->family, &members);

	if (error)
		return error;
	b = batch_new(reading->generation);
	if (!b)
		return -ENOMEM;
	change_list_anew(p->arena, l->rules, reading->tables, &members, &list,
			 &summary);
	change_list_emit(b, l->rules, &list);
	g->ask.route = guard_own_route(g);
	error = batch_error(b) ? batch_error(b) :
				 transaction_commit(&g->ask, b, &errors);
	g->ask.route = NULL;
	batch_free(b);
	if (!error)
		error = applied_save(p, l->rules, reading->generation + 1,
				     l->revision.path);
	return error;
}

static int guard_take_wanted(struct guard_state *g, struct program *p,
			     const struct reading *reading)
{
	struct guard_load l;
	const struct present *t;
	int error = 0;

	if (!guard_wants(g) || guard_load(g, p, &l))
		return 0;
	t = &reading->tables[l.rules->family];
	/* Another policy is not ours to make anew. */
	if (t->ours && !strcmp(t->digest, l.rules->digest))
		error = guard_take_anew(g, p, reading, &l);
	guard_unload(&l);
	return error;
}

/* A trial stands beside the policy, and would go with the table. */
static bool guard_sees_trial(const struct present *t)
{
	for (size_t i = 0; i < t->sets.n; i++)
		if (!strcmp(t->sets.items[i].name, TRIAL_ARMED))
			return true;
	return false;
}

static int guard_take_step(struct guard_state *g, struct program *p)
{
	struct reading reading;
	int error = kernel_read(&g->ask, p->arena, &reading), family;

	if (error)
		return error;
	family = reading_family(&reading);
	if (family < 0)
		return 0;
	switch (owner_next(&reading.tables[family], g->kernel.port)) {
	case OWNER_NOTHING:
		g->settled = true;
		return 0;
	case OWNER_ADOPT:
		guard_before(g);
		error = owner_adopt(&g->kernel, (enum family)family);
		guard_after(g);
		return error;
	case OWNER_ANEW:
		return guard_sees_trial(&reading.tables[family]) ?
			       0 :
			       guard_take_wanted(g, p, &reading);
	case OWNER_FOREIGN:
		g->settled = true;
		message_say("another program owns our table: netlink port %u",
			    reading.tables[family].owner);
		return 0;
	}
	return 0;
}

void guard_take(struct guard_state *g, int patience_ms)
{
	struct program own = *g->program;
	struct fault f = { 0 };
	int lock, error;

	own.arena = g->may_own && !g->settled ? arena_new() : NULL;
	if (!own.arena)
		return;
	if (!setjmp(*arena_on_failure(own.arena))) {
		lock = change_lock(&own, patience_ms, &f);
		error = lock < 0 ? lock : guard_take_step(g, &own);
		if (lock >= 0)
			close(lock);
		/* Whoever has the lock, or came in between, is soon done. */
		if (error && error != -EBUSY && !transaction_try_again(error)) {
			message_say("cannot own the table: %s",
				    lock < 0 ? f.text : strerror(-error));
			g->settled = true;
		}
	}
	arena_free(own.arena);
}
