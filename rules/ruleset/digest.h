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

/*
 * The objects of one table, each as one text. Errors are sticky: check once, at
 * the end.
 */
struct digest_objects {
	char **items;
	size_t n, cap;
	bool failed;
};

void digest_objects_free(struct digest_objects *c);

/* Write a digest of a set's elements: 128 bits in hex. */
void digest_elements4(const struct ranges4 *ranges, char *digest);
void digest_elements6(const struct ranges6 *ranges, char *digest);

struct digest_set {
	const char *name, *key;
	bool interval, timeout;
	uint32_t timeout_s;
	size_t elements;
	const char *digest; /* digest of the elements; NULL if none are fixed */
};

void digest_add_counter(struct digest_objects *c, const char *name);
void digest_add_set(struct digest_objects *c, const struct digest_set *set);

void digest_add_map(struct digest_objects *c, const char *name,
		    const struct port_jumps *jumps);

/* A chain with its rules: begin, every rule, end. */
struct digest_chain {
	struct digest_objects *objects;
	FILE *out;
	char *text;
	size_t len;
};
void digest_chain_begin(struct digest_chain *cc, struct digest_objects *c,
			const struct nftnl_chain *chain);
void digest_chain_rule(struct digest_chain *cc, struct nftnl_rule *rule);
void digest_chain_end(struct digest_chain *cc);

/*
 * Writes the digest of all objects, in whatever order they were added. Returns
 * 0 or -ENOMEM.
 */
int digest_finish(const struct digest_objects *c,
		  char digest[DIGEST_TEXT_BYTES]);

/* Reads name and digest of a rule's comment; false if it has none. */
bool digest_parse_comment(const char *comment, char name[32],
			  char digest[DIGEST_TEXT_BYTES]);
/*
 * A string in nft's user data: type, length, value, NUL within the length. The
 * kernel keeps whatever it was given; libnftnl 1.2.4 reads past its end.
 */
const char *udata_string(const void *udata, size_t len, uint8_t type);
/* Returns the comment of a rule that the kernel listed, or NULL. */
const char *rule_comment(const struct nftnl_rule *rule);

int ruleset_objects(const struct ruleset *rs, struct digest_objects *out);
int ruleset_digest(struct ruleset *rs);

#endif
