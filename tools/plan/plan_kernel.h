/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy before, as far as the kernel and the run file know it. */
#ifndef MAILWALL_PLAN_KERNEL_H
#define MAILWALL_PLAN_KERNEL_H

#include "../kernel/members.h"
#include "../../rules/plan/plan_side.h"

#include <linux/netfilter/nf_tables.h>

/*
 * Adds the classes whose sets the kernel has. Fixed members are those of the
 * run file (known), or else read back. 0 or -errno.
 */
int plan_kernel_classes(struct netlink *nl, struct arena *a,
			const struct reading *reading,
			const struct known *known, struct plan_side *out);
/* Adds the clauses that comments and counters tell of, name and mode. */
int plan_kernel_clauses(struct netlink *nl, struct arena *a,
			struct reading *reading, struct plan_side *out);

#endif
