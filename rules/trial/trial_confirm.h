/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the trial of a ruleset to the ruleset itself. */
#ifndef MAILWALL_TRIAL_CONFIRM_H
#define MAILWALL_TRIAL_CONFIRM_H

#include "../emit/change.h"

/*
 * Lists the steps that load the ruleset and take away what is left of a trial:
 * as change_list_make() does, and a clause goes on with what it counted before
 * and during the trial.
 */
void trial_confirm_list(struct arena *a, const struct ruleset *rs,
			const struct present present[N_FAMILIES],
			const struct known *known, struct change_list *list,
			struct change_summary *summary);

#endif
