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

#include "digest_objects.h"

/*
 * Reads name and digest of a rule's comment. Returns the version of the digest,
 * or 0 if the comment has none. A digest of another version than DIGEST_VERSION
 * was made of another text: it can be shown, and compared to nothing.
 */
unsigned int digest_parse_comment(const char *comment, char name[32],
				  char digest[DIGEST_TEXT_BYTES]);
/* The same of the comment of a gate, which stands before a trial. */
unsigned int digest_parse_trial(const char *comment, char name[32],
				char digest[DIGEST_TEXT_BYTES]);
/*
 * A string in nft's user data: type, length, value, NUL within the length. The
 * kernel keeps whatever it was given; libnftnl 1.2.4 reads past its end.
 */
const char *udata_string(const void *udata, size_t len, uint8_t type);
/* Returns the comment of a rule that the kernel listed, or NULL. */
const char *rule_comment(const struct nftnl_rule *rule);

/*
 * Makes the objects of a ruleset, or its digest, which is kept in it. 0 or
 * -ENOMEM.
 */
int ruleset_objects(const struct ruleset *rs, struct digest_objects *out);
int ruleset_digest(struct ruleset *rs);

#endif
