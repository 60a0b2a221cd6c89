/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is in a dynamic class while the monitor runs, as the keeper reads it from
 * the kernel, for the question what the policy says of an attempt.
 */
#ifndef MAILWALL_MEMBERSHIP_H
#define MAILWALL_MEMBERSHIP_H

#include "../../rules/policy/decide.h"
#include "priv.h"

struct membership {
	uint32_t generation; /* of the rules; 0: not read so far */
	int64_t now_ms;	     /* by which members expire */
	char *bytes;	     /* as priv_members() has them */
	size_t len;
	bool failed; /* and it was said */
};

/* Has the policy (or NULL) a dynamic class? */
bool membership_matters(const struct policy *policy);
/* Reads it if the rules changed; what went wrong is said once. */
void membership_read(struct membership *m, struct priv *k, int64_t now_ms);
void membership_free(struct membership *m);

/* As in struct decide_input; ctx is the membership. */
bool membership_has(void *ctx, const struct class *class, uint8_t family,
		    const struct addr6 *address);

#endif
