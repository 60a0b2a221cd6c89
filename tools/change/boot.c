/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot.h"
#include "../record/journal.h"
#include "../../rules/base/arena.h"

#include <errno.h>

/* Revisions that held once, in the order of the journal. */
struct held {
	struct program *program;
	struct numbers list;
};

static void boot_take_line(void *ctx, const struct journal_line *line)
{
	struct held *h = ctx;

	if (line->revision &&
	    (line->what == JOURNAL_APPLIED || line->what == JOURNAL_CONFIRMED))
		*arena_push(h->program->arena, &h->list) = line->revision;
}

/* The last revision that held, is not the damaged one and is whole. */
static bool boot_older(struct program *p, uint32_t damaged,
		       struct revision *out)
{
	struct held held = { .program = p };
	struct journal_state state;
	struct fault f = { 0 };

	if (journal_read(p, boot_take_line, &held, &state, &f))
		return false;
	for (size_t i = held.list.n; i--;)
		if (held.list.items[i] != damaged &&
		    !revision_read(p, held.list.items[i], out, &f))
			return true;
	return false;
}

int boot_revision(struct program *p, struct revision *out,
		  struct fault *instead, struct fault *f)
{
	uint32_t number;
	int error = revision_current(p, &number, f);

	*out = (struct revision){ 0 };
	*instead->text = '\0';
	if (error || !number)
		return error;
	error = revision_read(p, number, out, f);
	if (!error || !boot_older(p, number, out))
		return error;
	fault_set(instead, error, "%s; revision %u is loaded instead", f->text,
		  out->number);
	return 0;
}
