/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of an exemption as people read and write it. */
#ifndef MAILWALL_EXEMPT_TIME_H
#define MAILWALL_EXEMPT_TIME_H

#include <stdbool.h>
#include <stdint.h>

struct arena;

/*
 * Make "29 days left, until 2026-12-30", "stays" or "expired 2026-11-30", and
 * "until 2026-12-30", of local time. A day that is named is the last one. What
 * ends within two days has its clock: "until 2026-12-01 14:05".
 */
const char *exempt_left_text(struct arena *a, int64_t end_s, int64_t now_s);
const char *exempt_until_text(struct arena *a, int64_t end_s);

/* Makes "2026-12-30". */
const char *exempt_day_text(struct arena *a, int64_t time_s);

/*
 * Reads "2026-12-30", the end of that day, or a date with a clock, which with Z
 * is of UTC. False: it is neither.
 */
bool exempt_end_parse(const char *text, int64_t *out);
#define EXEMPT_END_WANTED "a date like 2026-12-30 or 2026-12-30T18:00:00Z"

#endif
