/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lock of what changes the rules, or the files that say what they are: one
 * process at a time in a network namespace. It ends with the process.
 */
#ifndef MAILWALL_CHANGE_LOCK_H
#define MAILWALL_CHANGE_LOCK_H

#include "../program/fault.h"
#include "../program/program.h"

/* How long a command waits for another: an apply of a million members takes
 * seconds. */
#define CHANGE_LOCK_PATIENCE_MS 60000

/*
 * Takes the lock, as soon as its holder lets go: a descriptor to be closed, or
 * -errno and why; -EBUSY: the holder had it all the time.
 */
int change_lock(struct program *p, int patience_ms, struct fault *f);

#endif
