/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses: their one form in memory, and the one parser and printer of it.
 * rules/base/range.h has ranges, rules/base/ranges.h lists of them.
 */
#ifndef MAILWALL_ADDR_H
#define MAILWALL_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * 16 bytes in network order, so that memcmp() orders them. Where a family
 * stands beside it, an IPv4 address is in the first four; the others are 0.
 * An IPv4 address alone is a uint32_t in host order.
 */
struct addr6 {
	uint8_t byte[16];
};

static inline uint32_t addr4_load(const struct addr6 *addr)
{
	const uint8_t *b = addr->byte;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
	       (uint32_t)b[2] << 8 | b[3];
}

/* Sets the first four bytes. */
static inline void addr4_store(struct addr6 *addr, uint32_t v4)
{
	for (int i = 0; i < 4; i++)
		addr->byte[i] = (uint8_t)(v4 >> (24 - 8 * i));
}

static inline int addr6_compare(const struct addr6 *a, const struct addr6 *b)
{
	return memcmp(a, b, sizeof(*a));
}

/* Adds or takes one, mod 2^128; false when that went round the end. */
bool addr6_next(struct addr6 *addr);
bool addr6_prev(struct addr6 *addr);

/* Why a text is no address, prefix or range. */
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

/*
 * One address and nothing else, as inet_pton() reads it; text need not end in
 * NUL. Sets *family to 4 or 6. No line of a file or log is copied for it.
 */
enum addr_error addr_parse(const char *text, size_t len, int *family,
			   struct addr6 *out);
/* A dotted quad at *at; moves *at behind it. Any byte may follow. */
enum addr_error addr4_scan(const char **at, const char *end, uint32_t *out);

/* The longest text: two IPv6 addresses, a dash, NUL. */
#define RANGE_TEXT_MAX 96

/* One to three digits for 0 to 255, without a NUL; returns how many. */
size_t addr_print_byte(char *out, unsigned int value);
/* Each prints with a NUL and returns the length without it. */
size_t addr4_print(char *out, uint32_t addr);
size_t addr6_print(char *out, const struct addr6 *addr);
size_t addr_print(char *out, int family, const struct addr6 *addr);
/* "192.0.2.1", or "2001:db8:1:2::/64": an IPv6 source is its /64. */
size_t addr_print_source(char *out, int family, const struct addr6 *addr);

#endif
