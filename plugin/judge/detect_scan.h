/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A network that is walked, address by address. */
#ifndef MAILWALL_DETECT_SCAN_H
#define MAILWALL_DETECT_SCAN_H

#include "judge_priv.h"

#include <math.h>

#define SCAN_BITS 512

static uint32_t scan_addresses(const struct scan *scan)
{
	uint32_t set = 0;

	for (int i = 0; i < SCAN_BITS / 64; i++)
		set += (uint32_t)__builtin_popcountll(scan->bits[i]);
	/* Linear counting (Whang et al., ACM TODS 1990). */
	return set >= SCAN_BITS ?
		       4096 :
		       (uint32_t)lround(-512 * log((512 - set) / 512.0));
}

static void scan_tried(struct judge *j, struct source *s, struct contact *c,
		       const struct observation *a, bool first)
{
	struct history *h = s->history;
	uint32_t group = contact_group(h, c);
	struct scan *scan;
	uint64_t bit;

	(void)first;
	if (a->answered)
		return;
	/* A source that came less often cannot be walking the network. */
	if (contact_hits(c) < CONTACT_HITS_MOST) {
		c->bits += CONTACT_HIT;
		return;
	}
	scan = history_scan(&j->sources, h);
	if (!scan)
		return;
	if (j->now_s - scan->since_s >= j->figures[WATCH_SCAN_WINDOW])
		*scan = (struct scan){ .group = group,
				       .since_s = j->now_s,
				       .pace = scan->pace };
	if (scan->group != group)
		return;
	bit = hash_address(&j->key, a->destination->byte) % SCAN_BITS;
	scan->bits[bit / 64] |= 1ull << (bit % 64);
	if (scan_addresses(scan) > j->figures[WATCH_SCAN_ADDRESSES])
		judge_report(j, s, DETECTOR_SCAN, a->port);
}

static const struct detector_module detect_scan = { .tried = scan_tried };

#endif
