/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mailwall apply --trial. */
#ifndef MAILWALL_APPLY_TRIAL_H
#define MAILWALL_APPLY_TRIAL_H

#include "../change/trial.h"

struct apply_trial {
	const struct policy *policy;
	const struct ruleset *rules;
	const struct recording *recording;
	uint32_t duration_s;
	struct trial_stops stops;
	const char *why;
	bool wait; /* also where there is no terminal */
};

/* Returns an exit code; EXIT_NO: it ended, and the old rules decide. */
int apply_on_trial(struct program *p, const struct apply_trial *trial);

/* Prints a refusal of a trial's command, and returns its exit code. */
int trial_say_refused(struct program *p, const struct fault *f, int error);

#endif
