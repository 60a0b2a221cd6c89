/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses as ranges. An address is a range of one, a prefix a range of a
 * power of two: after merging nobody needs to know which it was.
 */
#ifndef MAILWALL_ADDR_H
#define MAILWALL_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

/* IPv4 in host byte order; first and last both belong to the range. */
struct range4 {
	uint32_t first, last;
};

/* IPv6 in network byte order, so that memcmp() orders it. */
struct addr6 {
	uint8_t byte[16];
};

struct range6 {
	struct addr6 first, last;
};

struct ranges4 {
	struct range4 *items;
	size_t n, cap;
};

struct ranges6 {
	struct range6 *items;
	size_t n, cap;
};

enum addr_error {
	ADDR_OK = 0,
	ADDR_NOT_ONE,	   /* no address, prefix or range */
	ADDR_BAD_LENGTH,   /* the prefix length is no number or too large */
	ADDR_EVERYTHING,   /* /0: every address there is */
	ADDR_BACKWARDS,	   /* the range's end lies before its start */
	ADDR_MIXED,	   /* a range from one family to the other */
	ADDR_MAPPED,	   /* ::ffff:a.b.c.d, which no packet carries */
	ADDR_ZONE,	   /* fe80::1%eth0 */
	ADDR_LEADING_ZERO, /* 010.0.0.1: octal for some, decimal for others */
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

/* text need not end in NUL. */
enum addr_error addr_parse(const char *text, size_t len,
			   struct addr_range *out);
/* A sentence's end: "is not an address, prefix or range". */
const char *addr_error_text(enum addr_error error);

/* Longest: two IPv6 addresses, a dash, NUL. */
#define RANGE_TEXT_MAX 96

/* An address, a prefix or first-last, whichever fits; returns its length. */
size_t range4_print(char *out, const struct range4 *r);
size_t range6_print(char *out, const struct range6 *r);
size_t addr4_print(char *out, uint32_t addr);
size_t addr6_print(char *out, const struct addr6 *addr);

static inline bool range4_is_single(const struct range4 *r)
{
	return r->first == r->last;
}
bool range6_is_single(const struct range6 *r);

/* Adds or takes one, mod 2^128; false when that went round the end. */
bool addr6_next(struct addr6 *addr);
bool addr6_prev(struct addr6 *addr);

/* Makes room for n more. */
void ranges4_reserve(struct arena *a, struct ranges4 *list, size_t n);

static inline void ranges4_push(struct arena *a, struct ranges4 *list,
				struct range4 r)
{
	if (list->n == list->cap)
		ranges4_reserve(a, list, list->n ? list->n : 16);
	list->items[list->n++] = r;
}

void ranges6_push(struct arena *a, struct ranges6 *list, struct range6 r);

/*
 * Ascending; overlapping and repeated ranges become one, touching ones too if
 * join. Returns how many ranges repeated or overlapped another; the first of
 * these is left in *example, if there is one.
 */
size_t ranges4_merge(struct arena *a, struct ranges4 *list, bool join,
		     struct range4 *example);
size_t ranges6_merge(struct arena *a, struct ranges6 *list, bool join,
		     struct range6 *example);

/* Lists that were merged: does one hold all of the other, do they meet? */
bool ranges4_cover(const struct ranges4 *list, const struct ranges4 *all_of);
bool ranges6_cover(const struct ranges6 *list, const struct ranges6 *all_of);
bool ranges4_meet(const struct ranges4 *a, const struct ranges4 *b,
		  struct range4 *where);
bool ranges6_meet(const struct ranges6 *a, const struct ranges6 *b,
		  struct range6 *where);

/* What a merged list leaves out of the whole address space. */
void ranges4_complement(struct arena *a, const struct ranges4 *of,
			struct ranges4 *out);
void ranges6_complement(struct arena *a, const struct ranges6 *of,
			struct ranges6 *out);

#endif
