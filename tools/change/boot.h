/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a machine loads when it boots: the current revision. */
#ifndef MAILWALL_BOOT_H
#define MAILWALL_BOOT_H

#include "../record/revision.h"

/*
 * Finds the current revision; where it was edited or is damaged, the newest one
 * before it that was applied and is whole, with *instead saying so. out->number
 * is 0 if there is none at all. 0, or -errno and why: no revision can be read.
 */
int boot_revision(struct program *p, struct revision *out,
		  struct fault *instead, struct fault *f);

#endif
