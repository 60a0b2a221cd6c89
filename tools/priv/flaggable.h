/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tells who may come into class flagged, by the policy alone: one of those
 * whose connections it judges, and nobody whom it lets send mail. Both
 * processes ask, each its own policy: the one that flags does not believe the
 * other.
 */
#ifndef MAILWALL_FLAGGABLE_H
#define MAILWALL_FLAGGABLE_H

#include "../../rules/policy/policy.h"
#include "../../rules/base/range.h"

enum flag_refusal {
	FLAG_MAY_BE,
	FLAG_SPECIAL,  /* 127.0.0.1, ::/64, a group */
	FLAG_STRANGER, /* in no block of the policy */
	FLAG_RELAY,    /* allowed by a clause, or allowed to be sent to */
	FLAG_SHARED,   /* many users have the address */
	FLAG_EXEMPT,   /* in a dynamic class that is allowed */
	FLAG_OWN,      /* an address of this host */
	FLAG_REFUSALS_N
};

/* "it is a relay of the policy, or allowed by it" */
const char *flag_refusal_text(enum flag_refusal refusal);

/* A source as the set has it: IPv6 is a /64, IPv4 the first four bytes. */
struct range6 flag_range(uint8_t family, const struct addr6 *source);

/* FLAG_EXEMPT and FLAG_OWN are for the kernel to say, and not found here. */
enum flag_refusal flag_may_be(const struct policy *policy, uint8_t family,
			      const struct addr6 *source);

/* Does a clause allow port 25 from the class? */
bool flag_class_is_allowed(const struct policy *policy,
			   const struct class *class);

#endif
