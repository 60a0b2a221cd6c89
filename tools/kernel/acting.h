/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the rules that are loaded act. The digest proves which rules a table
 * holds. It does not say that the table is awake, that its chains are hooked
 * and let pass what no rule decides, or that their devices exist.
 */
#ifndef MAILWALL_ACTING_H
#define MAILWALL_ACTING_H

#include "kernel.h"

#include <stdbool.h>

enum acting_kind {
	ACTING_DORMANT,
	ACTING_OWNED,
	ACTING_POLICY,
	ACTING_NO_CHAIN,
	ACTING_NO_DEVICE,
	ACTING_DEVICE_DOWN,
};

struct acting_fault {
	enum acting_kind kind;
	const char *name;   /* "dormant": a contract */
	const char *object; /* a chain's or a device's name, or "" */
	const char *text;   /* the fault, in words */
	const char *help;   /* the remedy */
	bool opens;	    /* packets pass that the policy blocks */
	bool drift;	    /* somebody changed the table: apply mends it */
	bool grave;	    /* else nothing is let through that should not be */
};

struct acting {
	struct acting_fault *items;
	size_t n, cap;
};

/* Looks for faults of a table that exists. Texts are in the arena. */
void acting_read(struct arena *a, const struct present *p, struct acting *out);

/* Is there a fault that opens, that is drift? */
bool acting_opens(const struct acting *acting);
bool acting_drift(const struct acting *acting);

#endif
