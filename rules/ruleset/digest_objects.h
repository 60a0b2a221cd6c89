/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The objects of one table, each as one canonical text, of which a digest is
 * made. They come from our ruleset or from what the kernel lists.
 */
#ifndef MAILWALL_DIGEST_OBJECTS_H
#define MAILWALL_DIGEST_OBJECTS_H

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

#endif
