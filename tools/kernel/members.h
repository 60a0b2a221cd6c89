/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a dynamic class holds, as the kernel has it. */
#ifndef MAILWALL_MEMBERS_H
#define MAILWALL_MEMBERS_H

#include "kernel.h"

#include <string.h>

/* Both families as ranges of 16 bytes; IPv4 uses the last four. */
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

/* The members of one family, ascending. 0 or -errno. */
int members_read(struct netlink *nl, struct arena *a, enum family table,
		 const char *set, int family, struct members *out);

static inline int address_order(const struct addr6 *a, const struct addr6 *b)
{
	return memcmp(a, b, sizeof(*a));
}

#endif
