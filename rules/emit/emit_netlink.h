/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages for the kernel, object by object; a batch puts them in order.
 * Deleting and flushing take names, since what goes is not in the ruleset.
 */
#ifndef MAILWALL_EMIT_NETLINK_H
#define MAILWALL_EMIT_NETLINK_H

#include "../ruleset/ruleset.h"

struct batch;

void netlink_table(struct batch *b, const struct ruleset *rs, uint32_t flags);
void netlink_table_delete(struct batch *b, enum family family);
/* A counter that begins with packets and bytes. */
void netlink_counter(struct batch *b, const struct ruleset *rs,
		     const struct counter *counter, uint64_t packets,
		     uint64_t bytes);
void netlink_counter_delete(struct batch *b, enum family family,
			    const char *name);
void netlink_set(struct batch *b, const struct ruleset *rs,
		 const struct set *set, uint32_t id);
void netlink_set_delete(struct batch *b, enum family family, const char *name);
void netlink_set_flush(struct batch *b, enum family family, const char *name,
		       const struct span *origin);
void netlink_chain(struct batch *b, const struct ruleset *rs,
		   const struct chain *chain);
void netlink_chain_delete(struct batch *b, enum family family,
			  const char *name);
void netlink_rules_flush(struct batch *b, enum family family);
void netlink_rules(struct batch *b, const struct ruleset *rs,
		   const struct chain *chain);
/* Puts a rule in front of a chain that is there already. */
void netlink_rule_insert(struct batch *b, const struct ruleset *rs,
			 const char *chain, const struct rule *rule);
/* Takes one rule out of a chain, or all of them: handle 0. */
void netlink_rule_delete(struct batch *b, enum family family, const char *chain,
			 uint64_t handle);

/* Elements of a set, to be added or taken away. */
struct elements {
	enum family family;
	const char *set;
	bool interval;
	bool remove;
	uint64_t timeout_ms;	     /* 0: the set's own */
	const uint64_t *timeouts_ms; /* one a range; NULL: timeout_ms */
	const struct span *origin;
};
void netlink_ranges4(struct batch *b, const struct elements *e,
		     const struct ranges4 *ranges);
void netlink_ranges6(struct batch *b, const struct elements *e,
		     const struct ranges6 *ranges);
/* One protocol of layer 4. */
void netlink_protocol(struct batch *b, const struct elements *e,
		      uint8_t protocol);
/* Adds the fixed elements of a set, or the members it is to have. */
void netlink_elements(struct batch *b, const struct ruleset *rs,
		      const struct set *set);

#endif
