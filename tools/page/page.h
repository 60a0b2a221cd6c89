/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints the parts of an HTML page: text, numbers, times. No function fails:
 * the stream remembers an error, which the caller sees once at the end.
 *
 * All text of a report comes from outside. It is printed by page_text() and by
 * nothing else, in attributes and drawings as well.
 */
#ifndef MAILWALL_PAGE_H
#define MAILWALL_PAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

extern const char page_style[];	       /* CSS */
extern const char page_weekdays[7][4]; /* Monday 0 */

/*
 * Escapes text for an element or a quoted attribute. Characters that are
 * invisible, or that reverse the order of letters, become U+FFFD. NULL: "".
 */
void page_text(FILE *out, const char *text);

/* Each prints a number in one way. */
void page_number(FILE *out, uint64_t n); /* 12,345 */
void page_short(FILE *out, uint64_t n);	 /* 12.3k */
void page_count(FILE *out, uint64_t n, const char *one, const char *more);
void page_share(FILE *out, uint64_t part, uint64_t all);    /* 12 % */
void page_change(FILE *out, uint64_t now, uint64_t before); /* +12 % */
void page_duration(FILE *out, int64_t seconds);		    /* 6 d 20 h */
void page_port(FILE *out, uint16_t port);		    /* 25 smtp */

/* How a local time is printed. */
enum when {
	WHEN_SHORT,  /* 16 Nov 03:10, or 16 Nov 2025 */
	WHEN_MINUTE, /* Mon 16 Nov 2026 03:10 */
	WHEN_HOUR,   /* Mon 16 Nov 03:10 */
	WHEN_DAY,    /* Mon 16 Nov */
	WHEN_DATE,   /* Mon 16 Nov 2026 */
	WHEN_CLOCK,  /* 03:10 */
	WHEN_TICK,   /* Mon 16 */
	WHEN_MONTH,  /* 16 Nov */
};
/* Prints a time. WHEN_SHORT takes now_s as the present. */
void page_when(FILE *out, int64_t time_s, enum when how, int64_t now_s);
/* Prints a time within <time>, whose attribute has it in UTC. */
void page_time(FILE *out, int64_t time_s, enum when how, int64_t now_s);
/* Prints the offset of the local zone at a time: "UTC+01:00". */
void page_offset(FILE *out, int64_t time_s);

#endif
