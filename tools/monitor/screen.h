/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor on a terminal: figures of each port and the latest findings,
 * redrawn in place once a second on the terminal's alternate screen.
 */
#ifndef MAILWALL_SCREEN_H
#define MAILWALL_SCREEN_H

#include "../event/events.h"

#include <stdbool.h>
#include <stdint.h>

#define SCREEN_FINDINGS 64

struct screen {
	/* The figures when it was drawn before: the rates are differences. */
	uint64_t syns[PORTS_MOST], attempts[PORTS_MOST], packets;
	struct finding findings[SCREEN_FINDINGS]; /* a ring */
	size_t n_findings;			  /* since it was opened */
	bool is_open;
};

/* Switches to the alternate screen. */
void screen_open(struct screen *s);
/* Switches back, and prints the latest findings. */
void screen_close(struct screen *s);
/* Keeps a finding for the next time it is drawn; prints it if closed. */
void screen_finding(struct screen *s, const struct finding *finding);
/* Draws it anew. */
void screen_draw(struct screen *s, const struct engine_summary *summary,
		 const struct summary_extra *extra);

#endif
