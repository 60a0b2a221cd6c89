/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a monitor did not see: frames that its inputs lost, and blocked packets
 * of which the kernel lost the log before it had a number.
 */
#ifndef MAILWALL_LOSSES_H
#define MAILWALL_LOSSES_H

#include "../capture/capture.h"
#include "../program/events.h"
#include "priv.h"

struct losses {
	/* What the counters and the log had when this account began. */
	struct block_counts counted, latest;
	uint64_t logged;
	bool counts;
	/* Packets that were blocked and that no log told of. */
	uint64_t unlogged, unlogged_before; /* of older accounts */
};

/*
 * What was counted the last time has been logged by now, or never will be: to
 * be called before it is counted anew.
 */
void losses_settle(struct losses *l, struct capture *c);
/* Asks the keeper for the counters. */
void losses_count(struct losses *l, struct capture *c, struct priv *k);

/* All of it, as a summary has it. */
struct summary_extra losses_now(const struct losses *l, struct capture *c);

#endif
