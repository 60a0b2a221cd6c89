/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The members of a dynamic class, as the kernel holds them. */
#ifndef MAILWALL_MEMBERS_H
#define MAILWALL_MEMBERS_H

#include "kernel.h"

#include <stdint.h>
#include <stdbool.h>
#include <string.h>

/* A range of either family; IPv4 uses the first four bytes. */
struct member {
	int family;
	struct range6 range;
	uint64_t expires_ms; /* 0: stays */
};

struct members {
	struct member *items;
	size_t n, cap;
};

/* Is it the set of a dynamic class? */
bool members_are_in(const struct present_set *set);

/* Reads the members of a set, of family 4 or 6, ascending. 0 or -errno. */
int members_read(struct netlink *nl, struct arena *a, enum family table,
		 const char *set, int family, struct members *out);

/*
 * Has a set of addresses of that family the address? The kernel is asked for
 * that one alone. 0 or -errno.
 */
int members_have(struct netlink *nl, enum family table,
		 const struct present_set *set, int family,
		 const struct addr6 *addr, bool *yes);
/* The same, and the time that is left; 0: it stays. */
int members_have_until(struct netlink *nl, enum family table,
		       const struct present_set *set, int family,
		       const struct addr6 *addr, bool *yes,
		       uint64_t *expires_ms);

#endif
