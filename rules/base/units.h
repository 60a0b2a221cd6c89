/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers with a unit, as policies and command lines write them. */
#ifndef MAILWALL_UNITS_H
#define MAILWALL_UNITS_H

#include <stdbool.h>
#include <stdint.h>

/* Decimal digits only, between least and most. */
bool number_parse(const char *text, uint32_t least, uint32_t most,
		  uint32_t *out);

/* 90s, 30m, 24h, 7d, 2w; at least a second, at most ten years. */
bool duration_parse(const char *text, uint32_t *seconds);

/* The shortest of these that is exact: 86400 is "1d"; needs 16 bytes. */
void duration_print(char *out, uint32_t seconds);

/* 10/second, 10/minute, 10/hour, 10/day: connections per unit. */
bool rate_parse(const char *text, uint32_t *count, uint32_t *unit_s);
/* "hour" */
bool rate_unit_parse(const char *text, uint32_t *unit_s);

/* The Gregorian calendar: whether it has a date, and its days since 1970. */
bool date_exists(int year, int month, int day);
int64_t date_days(int year, int month, int day);
/* Reads 2027-06-30 as days since 1970-01-01; the date must exist. */
bool date_parse(const char *text, int32_t *days);

/* The ending of a noun behind a number: "" or "s". */
static inline const char *plural_s(uint64_t n)
{
	return n == 1 ? "" : "s";
}

#endif
