/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard_priv.h"
#include "../record/journal.h"
#include "../record/revision.h"
#include "../program/message.h"
#include "../../rules/base/arena.h"

#include <sys/stat.h>

/* ---- the journal ---- */

/* Keeps whether the last line that changed the rules took them away. */
static void wanted_on_line(void *ctx, const struct journal_line *line)
{
	bool *removed = ctx;

	switch (line->what) {
	case JOURNAL_REMOVED:
		*removed = true;
		break;
	case JOURNAL_APPLIED:
	case JOURNAL_TRIAL:
	case JOURNAL_CONFIRMED:
	case JOURNAL_ROLLED_BACK:
		*removed = false;
		break;
	default:
		break;
	}
}

/* The journal as it is on the disk; all 0 where there is none. */
static void wanted_stat(struct program *p, struct guard_wanted *out)
{
	struct stat st;
	const char *path =
		arena_printf(p->arena, "%s/" JOURNAL_NAME, p->state_dir);

	out->journal_time = (struct timespec){ 0 };
	out->journal_size = -1;
	if (stat(path, &st))
		return;
	out->journal_time = st.st_mtim;
	out->journal_size = st.st_size;
}

static bool wanted_is_same(const struct guard_wanted *a,
			   const struct guard_wanted *b)
{
	return a->journal_size == b->journal_size &&
	       a->journal_time.tv_sec == b->journal_time.tv_sec &&
	       a->journal_time.tv_nsec == b->journal_time.tv_nsec;
}

/* ---- the coarse form ---- */

static struct batch *wanted_batch(struct arena *a, struct ruleset *rs)
{
	const struct present none[N_FAMILIES] = { 0 };
	struct batch *b = batch_new(0);
	struct change_summary summary;

	if (!b)
		return NULL;
	change_build(b, a, rs, none, NULL, &summary);
	if (!batch_error(b))
		return b;
	batch_free(b);
	return NULL;
}

static void wanted_prepare(struct guard_state *g, struct program *p,
			   const struct revision *rev)
{
	struct policy *policy;
	struct ruleset *rs = NULL;

	if (revision_load(p, rev, &policy))
		return; /* revision_load() said why */
	if (!ruleset_coarse(policy, &rs) && rs) {
		rs->table_flags = g->may_own ? OWNER_TABLE_FLAGS : 0;
		g->wanted.family = rs->family;
		g->wanted.coarse = wanted_batch(p->arena, rs);
	}
	ruleset_free(rs);
	policy_free(policy);
}

/* ---- together ---- */

void guard_wanted_free(struct guard_wanted *w)
{
	batch_free(w->coarse);
	w->coarse = NULL;
}

bool guard_wants(const struct guard_state *g)
{
	return g->wanted.revision && !g->wanted.removed;
}

static void wanted_reread(struct guard_state *g, struct program *p)
{
	struct journal_state state;
	struct revision rev;
	struct fault f = { 0 };
	uint32_t number = 0;

	g->wanted.removed = false;
	if (journal_read(p, wanted_on_line, &g->wanted.removed, &state, &f))
		message_say("%s", f.text);
	if (revision_current(p, &number, &f)) {
		message_say("%s", f.text);
		return; /* the revision that was wanted is wanted still */
	}
	if (number == g->wanted.revision)
		return;
	g->wanted.revision = number;
	guard_wanted_free(&g->wanted);
	if (!number)
		return;
	if (revision_read(p, number, &rev, &f))
		message_say("%s", f.text);
	else
		wanted_prepare(g, p, &rev);
}

void guard_wanted_read(struct guard_state *g)
{
	struct program own = *g->program;
	struct guard_wanted now = { 0 };

	own.arena = arena_new();
	if (!own.arena)
		return;
	if (!setjmp(*arena_on_failure(own.arena))) {
		wanted_stat(&own, &now);
		if (!wanted_is_same(&now, &g->wanted)) {
			wanted_reread(g, &own);
			g->wanted.journal_time = now.journal_time;
			g->wanted.journal_size = now.journal_size;
		}
	}
	arena_free(own.arena);
}

/* ---- the revision itself ---- */

int guard_load(struct guard_state *g, struct program *p, struct guard_load *l)
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

void guard_unload(struct guard_load *l)
{
	ruleset_free(l->rules);
	policy_free(l->policy);
}
