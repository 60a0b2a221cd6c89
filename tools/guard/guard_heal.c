/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * To mend in two stages. A class of a million members takes the kernel more
 * than a second, in which all would be open: so first a coarse form closes the
 * ports, in less than a millisecond, and then the policy takes its place.
 */
#include "guard_priv.h"
#include "../change/apply.h"
#include "../kernel/applied.h"
#include "../kernel/members.h"
#include "../program/message.h"
#include "../record/change_lock.h"
#include "../record/journal.h"
#include "../record/revision.h"
#include "../../rules/base/arena.h"
#include "../../rules/trial/trial_names.h"

#include <errno.h>
#include <jansson.h>
#include <unistd.h>

int64_t guard_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- transactions of ours ---- */

static bool guard_may_listen(struct guard_state *g)
{
	struct program own = *g->program;
	struct reading reading;
	uint64_t elements = 0;
	int family = -1;

	own.arena = arena_new();
	if (!own.arena || kernel_read(&g->ask, own.arena, &reading))
		goto out;
	family = reading_family(&reading);
	for (size_t i = 0; family >= 0 && i < reading.tables[family].sets.n;
	     i++)
		elements += reading.tables[family].sets.items[i].count;
out:
	arena_free(own.arena);
	return listener_affords("/proc/meminfo", elements);
}

void guard_before(void *ctx)
{
	struct guard_state *g = ctx;

	if (netlink_generation(&g->ask, &g->told))
		g->told = 0;
	if (g->listener.joined)
		listener_join(&g->listener, false);
}

/* A change by others, while the listener was deaf, shows in the generation. */
void guard_after(void *ctx, int error)
{
	struct guard_state *g = ctx;
	uint32_t now = 0;
	int asked;

	if (guard_may_listen(g))
		listener_join(&g->listener, true);
	asked = netlink_generation(&g->ask, &now);
	if (asked || !g->told || (now != g->told + 1 && now != g->told))
		g->look = true;
	if (!asked)
		g->generation = now;
	(void)error;
}

static int guard_route(void *ctx, const struct batch *b,
		       transaction_answer_fn *fn, void *fn_ctx)
{
	struct guard_state *g = ctx;
	size_t n;
	const struct iovec *pages = batch_iovec(b, &n);
	int error;

	guard_before(g);
	error = transaction_send(&g->kernel, pages, n, batch_bytes(b), fn,
				 fn_ctx);
	guard_after(g, error);
	return error;
}

static const struct transaction_route *guard_own_route(struct guard_state *g)
{
	g->route = (struct transaction_route){ guard_route, g };
	return &g->route;
}

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
	guard_after(g, 0);
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

struct guard_load {
	struct policy *policy;
	struct ruleset *rules;
	struct revision revision;
};

/* Reads the current revision. 0 or an exit code; it said why. */
static int guard_load(struct guard_state *g, struct program *p,
		      struct guard_load *l)
{
	struct fault f = { 0 };
	int code;

	if (revision_read(p, g->wanted.revision, &l->revision, &f)) {
		message_say("%s", f.text);
		return EXIT_REFUSED;
	}
	code = revision_load(p, &l->revision, &l->policy);
	if (code)
		return code;
	if (ruleset_new(l->policy, &l->rules)) {
		policy_free(l->policy);
		return message_out_of_memory();
	}
	l->rules->table_flags = g->may_own ? OWNER_TABLE_FLAGS : 0;
	return 0;
}

static void guard_unload(struct guard_load *l)
{
	ruleset_free(l->rules);
	policy_free(l->policy);
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

/* ---- what is said of it ---- */

static json_t *guard_process_json(const struct foreign_process *by)
{
	return json_pack("{s:i, s:s}", "pid", by->pid, "name", by->comm);
}

static json_t *guard_change_json(const struct foreign_change *c)
{
	char acts[FOREIGN_TEXT];
	json_t *parents = json_array();
	json_t *o;

	foreign_acts_text(c->acts, acts, sizeof(acts));
	for (size_t i = 0; i < c->n_parents; i++)
		json_array_append_new(parents,
				      guard_process_json(&c->parents[i]));
	o = json_pack("{s:i, s:s, s:b, s:s, s:o}", "pid", c->by.pid, "name",
		      c->by.comm, "gone", c->gone, "acts", acts, "parents",
		      parents);
	if (o && *c->command)
		json_object_set_new(o, "command", json_string(c->command));
	if (o && *c->login)
		json_object_set_new(o, "login", json_string(c->login));
	return o;
}

/* "nft (pid 812, gone; parent sshd, login noc1)" */
static const char *guard_culprit(struct arena *a,
				 const struct foreign_change *c)
{
	if (!c->by.pid)
		return "a process that the kernel did not name";
	return arena_printf(a, "%s (pid %d%s%s%s%s%s)", c->by.comm, c->by.pid,
			    c->gone ? ", gone" : "",
			    c->n_parents ? "; parent " : "",
			    c->n_parents ? c->parents[0].comm : "",
			    *c->login ? ", login " : "", c->login);
}

struct guard_stages {
	bool coarse;
	int64_t coarse_ms, whole_ms; /* since it was told */
};

/* Was it a change that the kernel told of? Else it was found at a look. */
static bool guard_was_told(const struct guard_state *g)
{
	return g->change.acts;
}

static void guard_note(struct guard_state *g, struct program *p,
		       const struct guard_stages *s)
{
	struct fault f = { 0 };
	json_t *by = guard_change_json(&g->change);
	json_t *how = json_pack("{s:s, s:I}", "stage",
				s->coarse ? "ports, then policy" : "policy",
				"ms", (json_int_t)s->whole_ms);

	if (s->coarse)
		json_object_set_new(how, "ports_closed_ms",
				    json_integer(s->coarse_ms));
	/* A table that is not there counts no packets. */
	json_object_set_new(how, "attempts_passed", json_null());
	if (journal_append(
		    p,
		    &(struct journal_entry){ .what = JOURNAL_FOREIGN,
					     .generation = g->change.generation,
					     .more = by },
		    &f) ||
	    journal_append(
		    p,
		    &(struct journal_entry){ .what = JOURNAL_HEALED,
					     .revision = g->wanted.revision,
					     .generation = g->generation,
					     .more = how },
		    &f))
		message_say("%s", f.text);
	json_decref(by);
	json_decref(how);
}

static void guard_say_healed(struct guard_state *g, struct program *p,
			     const struct guard_stages *s)
{
	char acts[FOREIGN_TEXT];

	foreign_acts_text(g->change.acts, acts, sizeof(acts));
	if (guard_was_told(g))
		message_say("our rules were changed by %s: %s; mended within "
			    "%lld ms of the news",
			    guard_culprit(p->arena, &g->change), acts,
			    (long long)s->whole_ms);
	else
		message_say("the kernel did not hold revision %u: loaded",
			    g->wanted.revision);
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

/* ---- ownership ---- */

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
		guard_after(g, error);
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
