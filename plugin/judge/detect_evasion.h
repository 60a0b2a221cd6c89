/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Headers that are hidden from rules. No system cuts a packet so that the port
 * of its SYN lies in another fragment (RFC 7112 forbids it), or routes mail by
 * itself: one such SYN to a mail port is enough. Tags and tunnels that a policy
 * refuses may be a broken device's, and a header that nobody saw may be another
 * port's: these have to come again within an hour.
 */
#ifndef MAILWALL_DETECT_EVASION_H
#define MAILWALL_DETECT_EVASION_H

#include "judge_priv.h"

#define EVASION_AGAIN 5u

static void evasion_evaded(struct judge *j, struct source *s,
			   const struct observation *a)
{
	struct cold *r = history_cold(&j->sources, s->history);

	if (a->evasion == EVASION_CERTAIN) {
		judge_report(j, s, DETECTOR_EVASION, a->port);
		return;
	}
	if (!r)
		return;
	if (j->now_s - r->hidden_s >= HOUR) {
		r->hidden_s = j->now_s;
		r->hidden = 0;
	}
	r->hidden += r->hidden < UINT16_MAX;
	if (r->hidden >= EVASION_AGAIN)
		judge_report(j, s, DETECTOR_EVASION, a->port);
}

static const struct detector_module detect_evasion = {
	.evaded = evasion_evaded,
};

#endif
