/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The members of dynamic classes while the monitor runs, which decide what the
 * policy says of an attempt. The privileged process reads them from the kernel.
 */
#ifndef MAILWALL_MEMBERSHIP_H
#define MAILWALL_MEMBERSHIP_H

#include "../../rules/policy/decide.h"
#include "../priv/priv.h"

#include <stdint.h>
#include <stdbool.h>

struct membership {
	uint32_t generation; /* the rules'; 0: nothing was read so far */
	int64_t now_ms;	     /* CLOCK_MONOTONIC, by which members expire */
	char *bytes;	     /* as priv_members() wrote them */
	size_t len;
	bool failed; /* the latest reading, which was said */
};

/* Has the policy (or NULL) a dynamic class? */
bool membership_matters(const struct policy *policy);
/* Reads them if the rules changed; says once what goes wrong. */
void membership_read(struct membership *m, struct priv *priv, int64_t now_ms);
void membership_free(struct membership *m);

/* For struct decide_input; ctx is the membership. */
bool membership_has(void *ctx, const struct class *class, uint8_t family,
		    const struct addr6 *address);

#endif
