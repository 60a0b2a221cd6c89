/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a change ends that was cut off: by kill -9, by a power cut, by a disk
 * that was full. The journal says what was begun, the kernel what it has; they
 * are made to agree before anything else is done.
 */
#ifndef MAILWALL_RECOVER_H
#define MAILWALL_RECOVER_H

#include "../program/fault.h"
#include "../program/program.h"

/*
 * Takes the lock of change_lock.h and ends what was begun. The lock, to be
 * closed; or -errno and why.
 */
int change_begin(struct program *p, struct fault *f);

/* Ends what was begun; the caller has the lock. 0, or -errno and why. */
int recover_change(struct program *p, struct fault *f);

#endif
