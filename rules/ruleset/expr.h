/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One rule as the expressions of the kernel's virtual machine. */
#ifndef MAILWALL_EXPR_H
#define MAILWALL_EXPR_H

#include "ruleset.h"

struct nftnl_rule;

/*
 * Makes the rule as libnftnl has it, which the caller frees. NULL if there is
 * no memory.
 */
struct nftnl_rule *rule_object(const struct ruleset *rs,
			       const struct chain *chain,
			       const struct rule *rule);

#endif
