/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses of each kind: what the classes of a test tell apart. */
#ifndef MAILWALL_KINDS_H
#define MAILWALL_KINDS_H

#include "../policy/policy.h"

struct arena;

struct class_list {
	const struct class **items;
	size_t n, cap;
};

struct addresses {
	struct addr6 *items; /* IPv4 in the first four bytes */
	size_t n, cap;
};

struct names {
	const char **items;
	size_t n, cap;
};

/*
 * Adds to out one address for each set of static classes that holds any: the
 * lowest. False if that takes more than *steps; each step is taken off.
 */
bool kinds_of_addresses(struct arena *a, const struct class_list *classes,
			uint8_t family, uint64_t *steps, struct addresses *out);
/* Adds one interface for each set of patterns, one of no pattern first. */
void kinds_of_interfaces(struct arena *a, const struct words *patterns,
			 struct names *out);
/* Adds each id, and one that is none of them. */
void kinds_of_ids(struct arena *a, struct ids *ids);

#endif
