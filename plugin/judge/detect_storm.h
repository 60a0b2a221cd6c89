/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Many connections to IMAP or POP3 within a minute or two. */
#ifndef MAILWALL_DETECT_STORM_H
#define MAILWALL_DETECT_STORM_H

#include "judge_priv.h"

/* Two windows side by side stand for one that slides. */
static double storm_count(struct usage *u, unsigned int i, uint32_t now_s,
			  uint32_t window_s)
{
	uint32_t passed = now_s - u->window_s[i];

	if (passed >= window_s) {
		u->before[i] = passed < 2 * window_s ? u->in_window[i] : 0;
		u->in_window[i] = 0;
		u->window_s[i] = now_s - now_s % window_s;
		passed = now_s % window_s;
	}
	if (u->in_window[i] < UINT16_MAX)
		u->in_window[i]++;
	return u->in_window[i] +
	       (double)u->before[i] * (window_s - passed) / window_s;
}

static void storm_accessed(struct judge *j, struct source *s,
			   const struct observation *a)
{
	struct usage *u = history_usage(&j->sources, s->history);
	unsigned int i = a->role == PORT_POP3;
	uint32_t window_s = (uint32_t)j->figures[WATCH_STORM_WINDOW] << i;

	if (u && storm_count(u, i, j->now_s, window_s) >=
			 j->figures[WATCH_STORM_ATTEMPTS] *
				 history_shared(s->history))
		judge_report(j, s, DETECTOR_STORM, a->port);
}

static const struct detector_module detect_storm = { .accessed =
							     storm_accessed };

#endif
