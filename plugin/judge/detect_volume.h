/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Submission at a rate that no person types, hour after hour. */
#ifndef MAILWALL_DETECT_VOLUME_H
#define MAILWALL_DETECT_VOLUME_H

#include "judge_priv.h"

#define BUSY_HOURS   3
#define ACTIVE_HOURS 20 /* within 24 */

static void volume_new_hour(struct usage *u, uint32_t hour, double busy)
{
	uint32_t passed = hour - u->hour;

	u->busy_hours = passed == 1 && u->in_hour > busy ?
				(uint8_t)(u->busy_hours + 1) :
				0;
	u->active = passed < 32 ? u->active << passed : 0;
	u->hour = hour;
	u->in_hour = 0;
}

static void volume_submitted(struct judge *j, struct source *s,
			     const struct observation *a)
{
	struct usage *u = history_usage(&j->sources, s->history);
	uint32_t hour = j->now_s / HOUR;

	if (!u)
		return;
	if (hour != u->hour)
		volume_new_hour(u, hour,
				j->figures[WATCH_VOLUME_RATE] *
					history_shared(s->history));
	u->active |= 1;
	u->in_hour++;
	if (u->busy_hours >= BUSY_HOURS &&
	    __builtin_popcount(u->active & 0xffffff) >= ACTIVE_HOURS)
		judge_report(j, s, DETECTOR_VOLUME, a->port);
	if (u->busy_hours > 24)
		u->busy_hours = 24;
}

static const struct detector_module detect_volume = {
	.submitted = volume_submitted,
};

#endif
