/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whoever waits for the end of a trial: a count-down, and the stops. */
#ifndef MAILWALL_TRIAL_WAIT_H
#define MAILWALL_TRIAL_WAIT_H

#include "trial.h"

enum trial_waited {
	WAITED_CONFIRMED,
	WAITED_ENDED,
	WAITED_INTERRUPTED, /* the trial goes on */
};

/*
 * Waits until the trial is confirmed or over, or until SIGINT or SIGTERM. Ends
 * it where too few openings of submission pass. shows: a line that counts down,
 * on standard error. An error is -errno and why: the trial goes on.
 */
int trial_wait(struct program *p, const struct trial_outcome *trial,
	       const struct trial_stops *stops, bool shows,
	       enum trial_waited *out, struct fault *f);

/* Openings before a trial under which a percentage says nothing. */
#define TRIAL_MEASURED_LEAST 20

#endif
