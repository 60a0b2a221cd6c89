/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor on a terminal: redrawn in place, once a second. */
#ifndef MAILWALL_SCREEN_H
#define MAILWALL_SCREEN_H

#include "../program/events.h"

#define SCREEN_FINDINGS 64

struct screen {
	uint64_t syns[PORTS_MOST], attempts[PORTS_MOST], packets; /* before */
	struct finding findings[SCREEN_FINDINGS];		  /* a ring */
	size_t n_findings; /* of all time */
};

void screen_open(struct screen *s);
void screen_close(struct screen *s);
void screen_finding(struct screen *s, const struct finding *finding);
void screen_draw(struct screen *s, const struct engine_summary *summary,
		 const struct summary_extra *extra);

#endif
