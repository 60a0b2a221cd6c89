/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's refusals as sentences that point at the policy. */
#ifndef MAILWALL_KERNEL_ERROR_H
#define MAILWALL_KERNEL_ERROR_H

#include "transaction.h"
#include "../program/program.h"

/*
 * One error for each message that the kernel refused, or one for the whole
 * transaction. error is what netlink_commit() returned.
 */
void kernel_error_diags(struct diags *out, const struct kernel_errors *errors,
			int error);

/* A system call's failure: "cannot read the kernel's rules: ...". */
const char *kernel_error_text(struct arena *a, int error);

#endif
