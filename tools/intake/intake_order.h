/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Puts events of logs into the order of their times, however many clocks and
 * files they come from. Events that do not fit into memory wait in a file
 * without a name, below TMPDIR.
 *
 * Functions return 0 or -errno.
 */
#ifndef MAILWALL_INTAKE_ORDER_H
#define MAILWALL_INTAKE_ORDER_H

#include "../import/log_line.h"

#include <stddef.h>
#include <stdint.h>

struct intake_order;

/* Holds so many bytes in memory; 0: INTAKE_ORDER_MEMORY. */
int intake_order_new(size_t memory, struct intake_order **out);
void intake_order_free(struct intake_order *o);
#define INTAKE_ORDER_MEMORY ((size_t)64 << 20)

/* Adds an event, with a number that stays with it. */
int intake_order_add(struct intake_order *o, const struct log_event *event,
		     uint64_t number);

/*
 * Hands out all events, each once, by the time at which they are due; what is
 * due at one time comes in the order in which it was added. fn() returns other
 * than 0 to end it, and that is returned.
 */
int intake_order_read(struct intake_order *o,
		      int (*fn)(void *ctx, const struct log_event *event,
				uint64_t number),
		      void *ctx);

/*
 * When an event is due: a packet at its time; a flow INTAKE_FLOW_WAIT_US after
 * its start, when the records of its packets were handed out.
 */
#define INTAKE_FLOW_WAIT_US INT64_C(4000000)
int64_t intake_order_due_us(const struct log_event *event);

#endif
