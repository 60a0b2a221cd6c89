/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors of the kernel as sentences that point at the policy. */
#ifndef MAILWALL_KERNEL_ERROR_H
#define MAILWALL_KERNEL_ERROR_H

#include "transaction.h"

/*
 * Adds an error for each message that the kernel refused, or one for the whole
 * transaction. error is the result of transaction_commit() or another -errno.
 */
void kernel_error_diags(struct diags *out, const struct kernel_errors *errors,
			int error);

/* A system call's failure: "cannot read the kernel's rules: ...". */
const char *kernel_error_text(int error);

#endif
