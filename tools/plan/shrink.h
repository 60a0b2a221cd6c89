/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Classes that lose too much of what they cover: an export that was cut short
 * must not cut off those who pay. See plan_classes.h.
 */
#ifndef MAILWALL_SHRINK_H
#define MAILWALL_SHRINK_H

#include "../kernel/kernel.h"
#include "../../rules/policy/policy.h"

struct program;

/*
 * Compares the members of a policy's classes with those that are loaded: of the
 * run file (known), or read back where that does not hold. 0; -ECANCELED: a
 * class shrinks, and diags says which; another -errno.
 */
int shrink_check(struct program *p, const struct policy *policy,
		 const struct reading *reading, const struct known *known,
		 struct diags *diags);

#endif
