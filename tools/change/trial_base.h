/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules that decide beside a trial, and after it. */
#ifndef MAILWALL_TRIAL_BASE_H
#define MAILWALL_TRIAL_BASE_H

#include "../kernel/kernel.h"
#include "../program/fault.h"
#include "../program/program.h"

struct trial_base {
	uint32_t revision; /* 0: nothing is loaded */
	struct policy *policy;
	struct ruleset *rules; /* NULL then */
};

/*
 * Loads the current revision and looks whether the kernel has exactly that. 0,
 * or -errno and why; to be freed with either.
 */
int trial_base_load(struct program *p, struct netlink *nl, struct reading *r,
		    enum family family, struct trial_base *out,
		    struct fault *f);
void trial_base_free(struct trial_base *base);

#endif
