/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks at what was loaded before: its revision, or else the kernel. */
#include "plan.h"
#include "plan_kernel.h"
#include "../record/journal.h"
#include "../record/revision.h"
#include "../record/who.h"
#include "../../rules/base/arena.h"

#include <string.h>

static bool line_is_load(const struct journal_line *line)
{
	return line->what == JOURNAL_APPLIED || line->what == JOURNAL_CONFIRMED;
}

/* The last line of the revision tells who loaded it. */
static void on_journal_line(void *ctx, const struct journal_line *line)
{
	struct plan *plan = ctx;
	struct plan_before *b = &plan->before;
	struct arena *a = plan->program->arena;

	if (!line_is_load(line) || line->revision != b->revision)
		return;
	b->time_s = line->time_us / 1000000;
	b->who = who_text(a, json_object_get(line->object, "who"));
	b->why = line->why ? arena_strndup(a, line->why, strlen(line->why)) :
			     NULL;
}

static void read_journal(struct plan *plan)
{
	struct journal_state state;
	struct fault f;

	journal_read(plan->program, on_journal_line, plan, &state, &f);
}

/* A revision counts only if it is what the kernel has. */
static bool look_at_revision(struct plan *plan)
{
	/* Its warnings were told when it was applied. */
	struct program quiet = *plan->program;
	struct plan_before *b = &plan->before;
	struct revision revision;
	uint32_t number;
	struct fault f;

	quiet.quiet = true;
	if (revision_current(&quiet, &number, &f) || !number ||
	    revision_read(&quiet, number, &revision, &f) ||
	    strcmp(revision.digest, b->digest))
		return false;
	b->revision = number;
	b->time_s = revision.time_s;
	if (revision_load(&quiet, &revision, &plan->before_policy))
		return false;
	read_journal(plan);
	return true;
}

static int look_at_kernel(struct plan *plan)
{
	struct arena *a = plan->program->arena;
	struct reading *reading = &plan->outcome.reading;
	struct netlink nl;
	int error = netlink_open(&nl);

	if (error)
		return error;
	error = plan_kernel_clauses(&nl, a, reading, &plan->old_side);
	if (!error)
		error = plan_kernel_classes(&nl, a, reading,
					    plan->outcome.remembered,
					    &plan->old_side);
	netlink_close(&nl);
	return error;
}

int plan_look_before(struct plan *plan)
{
	const struct reading *reading = &plan->outcome.reading;
	int family = reading_family(reading);
	struct plan_before *b = &plan->before;

	*b = (struct plan_before){ .name = "", .digest = "" };
	plan->old_side.name = "";
	if (family < 0)
		return 0;
	b->name = reading->tables[family].policy;
	b->digest = reading->tables[family].digest;
	if (look_at_revision(plan)) {
		b->source = PLAN_FROM_REVISION;
		plan_side_of(plan->program->arena, plan->before_policy,
			     &plan->old_side);
		return 0;
	}
	b->source = PLAN_FROM_KERNEL;
	return look_at_kernel(plan);
}
