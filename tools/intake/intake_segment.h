/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes segments of events: a SYN of each packet, and the packets that a flow
 * stands for. Records that tell of one connection become segments of one: a
 * drop and a flow, a packet that two rules logged or two routers.
 *
 * Events come in the order in which they are due, as intake_order_read() has
 * them.
 */
#ifndef MAILWALL_INTAKE_SEGMENT_H
#define MAILWALL_INTAKE_SEGMENT_H

#include "../import/log_line.h"
#include "../../plugin/decode/segment.h"

#include <stdint.h>

struct intake_segments;

/* fn gets the segments, whose prefix is borrowed for the call. 0 or -errno. */
int intake_segments_new(void (*fn)(void *ctx, const struct segment *segment),
			void *ctx, struct intake_segments **out);
void intake_segments_free(struct intake_segments *t);
void intake_segments_add(struct intake_segments *t,
			 const struct log_event *event);
/* Records of what another record had told already. */
uint64_t intake_segments_joined(const struct intake_segments *t);

#endif
