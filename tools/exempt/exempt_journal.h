/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of exemptions as lines of the journal. */
#ifndef MAILWALL_EXEMPT_JOURNAL_H
#define MAILWALL_EXEMPT_JOURNAL_H

#include "exempt_work.h"
#include "../program/program.h"

/*
 * Writes a line for each record that was changed; where they are many, one for
 * each kind of change. The caller holds the lock. 0, or -errno and why.
 */
int exempt_journal(struct program *p, const struct exempt_work *w,
		   struct fault *f);

#endif
