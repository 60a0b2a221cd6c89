/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Points in time as people write them. */
#ifndef MAILWALL_WHEN_H
#define MAILWALL_WHEN_H

#include <stdbool.h>
#include <stdint.h>

/*
 * "7d": so long ago; "today", "yesterday": its midnight; "2026-11-24",
 * "2026-11-24 08:30" or "2026-11-24T08:30:00", local unless a "Z" stands
 * behind it. Seconds since 1970; false: none of them.
 */
bool when_parse(const char *text, int64_t now_s, int64_t *out);
#define WHEN_WANTED "7d, yesterday, 2026-11-24 or 2026-11-24T08:30"

#endif
