/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files that make the trial form of a ruleset. */
#ifndef MAILWALL_TRIAL_PRIV_H
#define MAILWALL_TRIAL_PRIV_H

#include "../base/arena.h"
#include "../ruleset/lower.h"
#include "trial_form.h"

struct trial_maker {
	struct trial_form *form;
	const struct ruleset *base; /* NULL: nothing is loaded */
	const struct ruleset *next;
	const struct trial_stops *stops;
	const struct set *seen4, *seen6;
};

/* ---- trial_was.c: would the old rules have blocked it? ---- */

/*
 * Returns the chain that counts the packet's source as newly blocked, unless
 * the old rules block it as well. It returns to whoever jumps there. clause is
 * one of the new policy, or NULL for what no clause decides.
 */
const char *trial_was_chain(struct trial_maker *m, const struct clause *clause);
/* Did the old rules drop all that the guards of the new ones drop? */
bool trial_guards_were(const struct trial_maker *m);

#endif
