/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ruleset in the form in which it stands beside another one in the same
 * table, for a while. Its chains, maps and counters have names of their own,
 * and so have the sets that differ; sets that both have alike are shared. A
 * gate, the first rule of each base chain, sends TCP to the new chains while
 * the element of the set "armed" is there. The kernel takes it away at the
 * deadline, and then the old rules decide again.
 */
#ifndef MAILWALL_TRIAL_FORM_H
#define MAILWALL_TRIAL_FORM_H

#include "../ruleset/ruleset.h"
#include "trial_names.h"

/* Ends of a trial before its deadline; 0: none of that kind. */
struct trial_stops {
	uint32_t sources; /* newly blocked, of each family */
	uint32_t submission_percent;
};

/* A rule in front of a base chain of the old ruleset. */
struct trial_gate {
	const char *chain;
	struct rule rule;
};

struct trial_form {
	struct arena *arena;
	struct ruleset rules; /* objects of the trial alone */
	struct {
		struct trial_gate *items;
		size_t n, cap;
	} gates;
	struct {
		const char **items; /* names of sets */
		size_t n, cap;
	} shared;
	const struct set *armed;
	bool alone; /* there is no old ruleset: the table is the trial's */
	char digest[DIGEST_TEXT_BYTES]; /* made of rules and gates */
};

/* The reason why a ruleset cannot stand beside another. */
enum trial_obstacle {
	TRIAL_FITS,
	TRIAL_OTHER_FAMILY,
	TRIAL_OTHER_DEVICES,
};

/* base may be NULL: nothing is loaded. */
enum trial_obstacle trial_obstacle(const struct ruleset *base,
				   const struct ruleset *next);
/* A sentence, and what to do instead. */
const char *trial_obstacle_text(enum trial_obstacle obstacle);
const char *trial_obstacle_help(enum trial_obstacle obstacle);

/*
 * Makes the trial form of next beside base, which may be NULL. It borrows from
 * both, and goes first. Both fit. 0 or -ENOMEM.
 */
int trial_form_new(const struct ruleset *base, const struct ruleset *next,
		   const struct trial_stops *stops, struct trial_form **out);
void trial_form_free(struct trial_form *form);

#endif
