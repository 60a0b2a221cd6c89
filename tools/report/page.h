/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a page is written with. Nothing here fails: a stream remembers that a
 * write did, and report_html() asks it once.
 *
 * Whatever a report says was said by somebody outside: it goes through
 * page_text(), in attributes and drawings as well, and through nothing else.
 */
#ifndef MAILWALL_PAGE_H
#define MAILWALL_PAGE_H

#include "report.h"

#include <stdio.h>

extern const char page_style[];	       /* CSS */
extern const char page_weekdays[7][4]; /* Monday 0 */

/*
 * Safe as text and in a quoted attribute. What a person cannot see, or what
 * turns the order of letters around, is shown as U+FFFD. NULL: "".
 */
void page_text(FILE *out, const char *text);

void page_number(FILE *out, uint64_t n); /* 12,345 */
void page_short(FILE *out, uint64_t n);	 /* 12.3k */
void page_count(FILE *out, uint64_t n, const char *one, const char *more);
void page_share(FILE *out, uint64_t part, uint64_t all);    /* 12 % */
void page_change(FILE *out, uint64_t now, uint64_t before); /* +12 % */
void page_duration(FILE *out, int64_t seconds);		    /* 6 d 20 h */

/* Times are local. WHEN_SHORT leaves out what the reader knows. */
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
/* now_s: what "this year" means to WHEN_SHORT. */
void page_when(FILE *out, int64_t time_s, enum when how, int64_t now_s);
/* The same within <time>, which says it in UTC to a machine. */
void page_time(FILE *out, int64_t time_s, enum when how, int64_t now_s);
/* "UTC+01:00" */
void page_offset(FILE *out, int64_t time_s);

void page_port(FILE *out, uint16_t port); /* 25 smtp */

#endif
