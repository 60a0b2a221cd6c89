/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The question that a report answers, and how it names sources. */
#ifndef MAILWALL_REPORT_QUERY_H
#define MAILWALL_REPORT_QUERY_H

#include "../../rules/policy/policy.h"
#include "../program/fault.h"

#include <stdint.h>
#include <stdbool.h>

struct report_query {
	int64_t since_s, until_s;
	uint16_t port;	 /* 0: all */
	bool has_source; /* only the next source */
	uint8_t family;
	struct addr6 source;		     /* IPv6: the /64 */
	const struct class *class;	     /* only its sources; NULL: all */
	const char *clause;		     /* "residential:17"; NULL: all */
	size_t top;			     /* sources in each list */
	const struct pseudonyms *pseudonyms; /* NULL: addresses */
};

/* Sets the source to that of an address, as a person wrote it; false: no
 * address. */
bool report_query_source(struct report_query *query, const char *address);

/* A key that makes names: "anon-k3v9q2mh", the same as long as the key is. */
struct pseudonyms {
	uint8_t key[32];
};
/* Reads the key from the file, which is made if there is none. */
int pseudonyms_read(struct pseudonyms *p, const char *path, struct fault *f);
/* Prints the name of a source: its pseudonym, or its address if p is NULL. */
void report_name(const struct pseudonyms *p, uint8_t family,
		 const struct addr6 *source, char out[RANGE_TEXT_MAX]);

#endif
