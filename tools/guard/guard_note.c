/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes by others and their mending, as messages and in the journal. */
#include "guard_priv.h"
#include "../program/message.h"
#include "../record/journal.h"
#include "../../rules/base/arena.h"

#include <jansson.h>

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

/* Was it a change that the kernel told of? Else it was found at a look. */
static bool guard_was_told(const struct guard_state *g)
{
	return g->change.acts;
}

void guard_note(struct guard_state *g, struct program *p,
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

void guard_say_healed(struct guard_state *g, struct program *p,
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
