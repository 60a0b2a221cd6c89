/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of a trial's objects in the table. A class has no dot in its name, so
 * that a class "trial" is the only one whose sets could be taken for them.
 */
#ifndef MAILWALL_TRIAL_NAMES_H
#define MAILWALL_TRIAL_NAMES_H

#include <stdbool.h>

#define TRIAL_PREFIX "trial."
/*
 * The set whose one element, TCP, lets the new rules decide. It runs out at the
 * deadline.
 */
#define TRIAL_ARMED "armed"
/* Sources that the trial blocked and that were not blocked before. */
#define TRIAL_SEEN4 TRIAL_PREFIX "seen4"
#define TRIAL_SEEN6 TRIAL_PREFIX "seen6"
/* Packets that found one of these sets full, and ended the trial. */
#define TRIAL_TRIPPED TRIAL_PREFIX "tripped"
/* Openings of submission and reading that pass, of both generations. */
#define TRIAL_SUBMISSION TRIAL_PREFIX "submission"
/* The base chain that counts them, behind the filter. */
#define TRIAL_PASSED TRIAL_PREFIX "passed"
/* A base chain that the trial alone has: "trial.hook.nat". */
#define TRIAL_HOOK TRIAL_PREFIX "hook."

/* Is it the name of a chain or of a counter of a trial? */
bool trial_owns(const char *name);
/* Is it the name of a set of a trial? */
bool trial_owns_set(const char *name);

#endif
