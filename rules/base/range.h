/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ranges of addresses. An address is a range of one, a prefix a range of a
 * power of two; after merging, code needs no difference between them.
 */
#ifndef MAILWALL_RANGE_H
#define MAILWALL_RANGE_H

#include "addr.h"

/* Host byte order; first and last both belong to the range. */
struct range4 {
	uint32_t first, last;
};

struct range6 {
	struct addr6 first, last;
};

/* One member of a class as text gives it. */
struct addr_range {
	int family; /* 4 or 6 */
	union {
		struct range4 v4;
		struct range6 v6;
	};
	bool host_bits; /* a prefix whose host part is not zero: masked */
	bool is_range;	/* written first-last */
};

/* An address, a prefix or first-last. The text need not end in NUL. */
enum addr_error range_parse(const char *text, size_t len,
			    struct addr_range *out);
/*
 * A prefix length from 1 to most, of one to three digits, at *at; moves *at
 * behind it, also for ADDR_EVERYTHING. Any byte may follow.
 */
enum addr_error range_scan_length(const char **at, const char *end,
				  unsigned int most, unsigned int *out);
/* The end of a sentence: "is not an address, prefix or range". */
const char *addr_error_text(enum addr_error error);

/*
 * Prints an address, a prefix or first-last, whichever fits, into
 * RANGE_TEXT_MAX bytes; returns the length.
 */
size_t range4_print(char *out, const struct range4 *r);
size_t range6_print(char *out, const struct range6 *r);

static inline bool range4_is_single(const struct range4 *r)
{
	return r->first == r->last;
}

static inline bool range6_is_single(const struct range6 *r)
{
	return !addr6_compare(&r->first, &r->last);
}

#endif
