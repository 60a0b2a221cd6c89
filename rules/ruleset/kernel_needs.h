/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Needs of a ruleset: a row for each feature of nf_tables that not every kernel
 * has.
 */
#ifndef MAILWALL_KERNEL_NEEDS_H
#define MAILWALL_KERNEL_NEEDS_H

#include "ruleset.h"

enum kernel_answer { KERNEL_NOT_KNOWN, KERNEL_LACKS, KERNEL_HAS };

struct kernel_facts {
	unsigned int major, minor;	  /* numbers of the release */
	bool running;			  /* else another machine's */
	enum kernel_answer reject_netdev; /* a matter of its configuration */
};

/* Reads "6.1" or "6.1.0-30-amd64" into major and minor; false: it is none. */
bool kernel_version_parse(const char *text, struct kernel_facts *out);

/*
 * Adds an error for each thing that the kernel cannot do for the ruleset, at
 * the place in the policy, and a warning for what is not known, or told less
 * well. The arena of out must be ready for failure.
 */
void kernel_needs(const struct ruleset *rs, const struct kernel_facts *kernel,
		  struct diags *out);
/* Does the ruleset have reset or reject at hook ingress? */
bool kernel_needs_reject_netdev(const struct ruleset *rs);

#endif
