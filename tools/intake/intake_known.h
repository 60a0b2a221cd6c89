/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of logs that were imported, in this run or in an earlier one. Lines
 * come about in the order of their times; those of an hour are in memory while
 * it lasts.
 */
#ifndef MAILWALL_INTAKE_KNOWN_H
#define MAILWALL_INTAKE_KNOWN_H

#include "../store/recorder.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct intake_known;

/* The digest of a line, whatever blanks and marks are around it. */
uint64_t intake_digest(const char *line, size_t len);

/* again: what earlier runs had is not asked for. 0 or -ENOMEM. */
int intake_known_new(struct recorder *recorder, bool again,
		     struct intake_known **out);
void intake_known_free(struct intake_known *k);

/* 1: the line is known; 0: it is not, and is from now on; or -errno. */
int intake_known_add(struct intake_known *k, int64_t time_us, uint64_t digest);

/*
 * Writes all attempts that have ended, and in the same transaction the lines
 * that they are of: a process that is killed leaves both or neither. Lines so
 * near to the latest wait, because their attempts may be under way. 0 or
 * -errno.
 */
int intake_known_settle(struct intake_known *k);
/* The same at the end, with all lines. */
int intake_known_finish(struct intake_known *k);
#define INTAKE_OPEN_US INT64_C(660000000) /* CONNECTION_IDLE_S and a minute */

#endif
