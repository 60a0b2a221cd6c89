/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The counters and sets of one table, as the kernel has them now. */
#ifndef MAILWALL_TABLE_H
#define MAILWALL_TABLE_H

#include "host.h"

struct counter {
	char name[DATA_MAX_NAME_LEN];
	uint64_t packets, bytes;
};

struct set {
	char name[DATA_MAX_NAME_LEN];
	uint32_t flags, size; /* NFT_SET_...; size 0: it has no limit */
	uint64_t elements;
	bool counted; /* elements is known */
};

struct table {
	const char *family, *name; /* "inet", "mailwall" */
	struct counter *counters;
	struct set *sets;
	size_t n_counters, n_sets;
	bool dormant;
	size_t hooked; /* chains of the table that see packets */
};

/* Does a counter say that the policy has mode observe? */
bool table_observes(const struct table *t);
/* Does the table stop packets: it is awake, hooked, and does not observe? */
bool table_acts(const struct table *t);
/* Tells whether nft(8) knows the family. */
bool table_family_is_known(const char *family);
/*
 * Reads the table that family and name say. Sets of up to elements_most
 * elements are listed where the kernel does not count them. 0 or -errno;
 * -ENOENT: there is no such table. table_free() follows in every case.
 */
int table_read(struct table *t, size_t elements_most);
/* Frees counters and sets; family and name stay. */
void table_free(struct table *t);

#endif
