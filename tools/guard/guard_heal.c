/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * To mend in two stages. A class of a million members takes the kernel more
 * than a second, in which all would be open: so first a coarse form closes the
 * ports, in less than a millisecond, and then the policy takes its place.
 */
#include "guard_priv.h"
#include "../change/apply.h"
#include "../program/message.h"
#include "../record/change_lock.h"
#include "../../rules/base/arena.h"

#include <errno.h>
#include <unistd.h>

/* ---- the first stage ---- */

static void guard_ignore(void *ctx, const void *datagram, size_t len)
{
	(void)ctx;
	(void)datagram;
	(void)len;
}

/* Closes the ports, if the table is gone. */
static bool guard_close_ports(struct guard_state *g)
{
	const struct dump_table t = { family_number(g->wanted.family),
				      TABLE_NAME };
	size_t n;
	const struct iovec *pages;

	if (!guard_wants(g) || !g->wanted.coarse ||
	    dump_table(&g->ask, &t, NULL, NULL) != -ENOENT)
		return false;
	pages = batch_iovec(g->wanted.coarse, &n);
	guard_before(g);
	/* Whether it is there now is read in the second stage. */
	transaction_send(&g->kernel, pages, n, batch_bytes(g->wanted.coarse),
			 guard_ignore, NULL);
	guard_after(g);
	return true;
}

/* ---- the second stage ---- */

/* Takes what the first stage made, when nothing is wanted after all. */
static void guard_open_ports(struct guard_state *g, struct program *p)
{
	struct reading reading;
	struct kernel_errors errors;
	struct batch *b;

	if (kernel_read(&g->ask, p->arena, &reading))
		return;
	b = batch_new(reading.generation);
	g->ask.route = guard_own_route(g);
	if (b && change_remove(b, reading.tables))
		transaction_commit(&g->ask, b, &errors);
	g->ask.route = NULL;
	batch_free(b);
}

/* Loads the policy, if it is not there; true: it was not. */
static bool guard_load_policy(struct guard_state *g, struct program *p)
{
	struct guard_load l;
	struct apply_outcome o;
	bool changed = false;

	if (guard_load(g, p, &l))
		return false;
	if (apply_rules(p,
			&(struct apply_request){
				.path = l.revision.path,
				.rules = l.rules,
				.route = guard_own_route(g),
				.table_flags = l.rules->table_flags,
			},
			&o))
		message_diags(&o.diags, false);
	else
		changed = o.changed;
	guard_unload(&l);
	return changed;
}

/* ---- together ---- */

static void guard_mend_locked(struct guard_state *g, struct program *p,
			      struct guard_stages *s, int64_t begin)
{
	guard_wanted_read(g);
	if (!guard_wants(g)) {
		if (s->coarse)
			guard_open_ports(g, p);
		return;
	}
	if (!guard_load_policy(g, p) && !s->coarse)
		return;
	s->whole_ms = guard_now_ms() - begin;
	g->server.hello.healed++;
	guard_say_healed(g, p, s);
	guard_note(g, p, s);
}

void guard_mend(struct guard_state *g)
{
	struct program own = *g->program;
	int64_t begin = g->change.seen_ms ? g->change.seen_ms : guard_now_ms();
	struct guard_stages s = { 0 };
	struct fault f = { 0 };
	int lock;

	g->look = false;
	s.coarse = guard_close_ports(g);
	s.coarse_ms = guard_now_ms() - begin;
	own.arena = arena_new();
	if (!own.arena)
		return;
	if (!setjmp(*arena_on_failure(own.arena))) {
		/* Its holder may wait for us to pass on what it changes. */
		lock = change_lock(&own, 0, &f);
		if (lock < 0) {
			if (lock != -EBUSY)
				message_say("%s", f.text);
			g->look = true;
		} else {
			guard_mend_locked(g, &own, &s, begin);
			close(lock);
		}
	}
	arena_free(own.arena);
	if (!g->look)
		g->change = (struct foreign_change){ 0 };
}
