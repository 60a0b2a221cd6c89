/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a trial goes on that the journal has open. */
#ifndef MAILWALL_TRIAL_RECOVER_H
#define MAILWALL_TRIAL_RECOVER_H

#include "trial_steps.h"

/*
 * Ends a trial whose element is gone, and a confirmation that was cut off. One
 * that is still armed stays open. The caller has the lock; line is the
 * journal's open one, borrowed. 0, or -errno and why.
 */
int trial_recover(struct program *p, const json_t *line, struct fault *f);

/* "at its deadline", "by its stop": what a person is told. */
const char *trial_end_text(const char *by);

#endif
