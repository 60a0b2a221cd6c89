/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads what a rule from the kernel does, as far as status and the monitor
 * need it. Names are borrowed from the rule.
 */
#ifndef MAILWALL_RULE_READ_H
#define MAILWALL_RULE_READ_H

#include "../policy/policy.h"

struct nftnl_rule;

/* The counter of a rule, or else the chain that it jumps to; NULL: neither. */
const char *rule_read_counter(struct nftnl_rule *rule);

/* Calls fn for each log expression: its prefix, or NULL, and NFLOG group. */
typedef void rule_log_fn(void *ctx, const char *prefix, uint16_t group);
void rule_read_logs(struct nftnl_rule *rule, rule_log_fn *fn, void *ctx);

/*
 * Is a rule's comment that of a rule of the clause, whatever its line and
 * whether it logs? A comment that was cut is compared as far as it goes.
 */
bool comment_is_of(struct arena *a, const char *comment,
		   const struct clause *clause);

#endif
