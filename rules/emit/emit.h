/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ruleset in the forms that others read. The three say the same thing: what
 * nft loads from the text or the JSON is what our own messages load.
 */
#ifndef MAILWALL_EMIT_H
#define MAILWALL_EMIT_H

#include "../ruleset/ruleset.h"

struct batch;

/*
 * Writes to out; the caller looks at ferror() at the end. The text is for nft
 * -f and for including: it declares, flushes the rules of our table alone and
 * loads them again, so counters and dynamic elements stay.
 */
void emit_nft(const struct ruleset *rs, FILE *out);
void emit_json(const struct ruleset *rs, FILE *out);
/* The bytecode as text, one expression a line. */
void emit_bytecode(const struct ruleset *rs, FILE *out);

/*
 * Messages, object by object; a batch puts them in order. Deleting and
 * flushing take names, since what goes is not in the ruleset.
 */
void netlink_table(struct batch *b, const struct ruleset *rs);
void netlink_table_delete(struct batch *b, enum family family);
void netlink_counter(struct batch *b, const struct ruleset *rs,
		     const struct counter *counter);
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

/* Elements of a set, to be added or taken away. */
struct elements {
	enum family family;
	const char *set;
	bool interval;
	bool remove;
	uint64_t timeout_ms; /* 0: the set's own */
	const struct span *origin;
};
void netlink_ranges4(struct batch *b, const struct elements *e,
		     const struct ranges4 *ranges);
void netlink_ranges6(struct batch *b, const struct elements *e,
		     const struct ranges6 *ranges);
void netlink_elements(struct batch *b, const struct ruleset *rs,
		      const struct set *set);

/* Names of interfaces from the 16 bytes that stand for them. */
#define IFNAME_TEXT_MAX 18
void ifname_print(char *out, const struct range6 *r);

#endif
