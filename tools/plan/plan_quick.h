/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is there nothing to do? Files that are byte for byte those of the revision
 * that the kernel holds need not be read as a policy: a million members take
 * ten times as long as their sum.
 */
#ifndef MAILWALL_PLAN_QUICK_H
#define MAILWALL_PLAN_QUICK_H

#include "../record/revision.h"

/*
 * True: the policy of the path is the current revision, and that is loaded.
 * False: it is not, or that is not known.
 */
bool plan_is_loaded(struct program *p, const char *path, struct revision *out);

#endif
