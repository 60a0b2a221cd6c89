/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The canonical text of a ruleset, and its digest. The same text comes out of
 * the rules that we are about to load and of the rules that the kernel hands
 * back, so a digest in the kernel proves what is loaded next to it, whoever
 * loaded it.
 *
 * Left out: the dynamic flag, which nft 1.0.6 cannot say in JSON; handles, what
 * counters have counted, the elements of dynamic sets, room to grow, and the
 * comment that carries the digest.
 */
#ifndef MAILWALL_DIGEST_H
#define MAILWALL_DIGEST_H

#include "ruleset.h"

struct nftnl_chain;
struct nftnl_rule;

/* The objects of one table, each as one text. Sticky error, asked at the end.
 */
struct canon {
	char **items;
	size_t n, cap;
	bool failed;
};

void canon_free(struct canon *c);

/* A digest of a set's elements; 128 bits in hex. */
void canon_elements4(const struct ranges4 *ranges, char *digest);
void canon_elements6(const struct ranges6 *ranges, char *digest);

struct canon_set {
	const char *name, *key;
	bool interval, timeout;
	uint32_t timeout_s;
	size_t elements;
	const char *digest; /* of the elements; NULL: it has no fixed ones */
};

void canon_add_counter(struct canon *c, const char *name);
void canon_add_set(struct canon *c, const struct canon_set *set);

void canon_add_map(struct canon *c, const char *name,
		   const struct port_jumps *jumps);

/* A chain with its rules: begin, every rule, end. */
struct canon_chain {
	struct canon *canon;
	FILE *out;
	char *text;
	size_t len;
};
void canon_chain_begin(struct canon_chain *cc, struct canon *c,
		       const struct nftnl_chain *chain);
void canon_chain_rule(struct canon_chain *cc, struct nftnl_rule *rule);
void canon_chain_end(struct canon_chain *cc);

/* 0 or -ENOMEM; the order in which objects were added does not matter. */
int canon_digest(const struct canon *c, char digest[DIGEST_TEXT_BYTES]);

/* The rule comment that a digest comes in; false if it is another comment. */
bool canon_parse_comment(const char *comment, char name[32],
			 char digest[DIGEST_TEXT_BYTES]);
/*
 * A string in nft's user data: type, length, value, NUL within the length. The
 * kernel keeps whatever it was given; libnftnl 1.2.4 reads past its end.
 */
const char *udata_string(const void *udata, size_t len, uint8_t type);
/* The comment of a rule that the kernel returned, or NULL. */
const char *rule_comment(const struct nftnl_rule *rule);

int ruleset_canon(const struct ruleset *rs, struct canon *out);
int ruleset_digest(struct ruleset *rs);

#endif
