/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tests of a policy, decided for every connection that they name: sources
 * and destinations that no clause and no word of the test tells apart are one
 * kind, and one connection of each pair of kinds is asked.
 */
#ifndef MAILWALL_PROOF_H
#define MAILWALL_PROOF_H

#include "../policy/policy.h"

/*
 * Adds an error to the policy for each line of a test that does not hold, with
 * a connection that shows it, and for one with more kinds than can be asked; a
 * warning for one that names no connection. A policy with errors is left alone.
 *
 * "expect" is about the policy while its dynamic classes are empty, but for
 * those that the line itself names. "never" is about any members that they may
 * have. 0, or -ENOMEM. What mode observe lets through is not asked: the clause
 * decides.
 */
int policy_prove(struct policy *policy);

#endif
