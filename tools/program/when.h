/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Points in time as people write them, in seconds since 1970. */
#ifndef MAILWALL_WHEN_H
#define MAILWALL_WHEN_H

#include <stdbool.h>
#include <stdint.h>

struct tm;

/*
 * Reads "7d" as so long before now_s, "today" and "yesterday" as midnight, and
 * "2026-11-24", "2026-11-24 08:30" or "2026-11-24T08:30:00" as local time,
 * unless a "Z" follows. False if the text is none of these.
 */
bool when_parse(const char *text, int64_t now_s, int64_t *out);
#define WHEN_WANTED "7d, yesterday, 2026-11-24 or 2026-11-24T08:30"

/*
 * The end of the second that runs. A period that ends here has all that
 * happened so far: one that ends with the clock's second leaves out what began
 * in that second, which at the start of a minute is the minute.
 */
int64_t when_so_far_s(void);

/*
 * The time of a local date and clock. An hour that comes twice is the first
 * one; an hour that is left out is as much later.
 */
int64_t when_local_s(const struct tm *wanted);

#define WHEN_TEXT_BYTES 40
/*
 * Print "2026-11-24T08:33:28Z", of UTC, and "2026-11-24T08:33:28.123456Z" for
 * microseconds; "-" if no calendar has the time. Need WHEN_TEXT_BYTES; the
 * first returns out.
 */
const char *when_print_s(char *out, int64_t time_s);
void when_print_us(char *out, int64_t time_us);

#endif
