/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets that a monitor did not see: frames that its inputs lost, and blocked
 * packets whose log the kernel dropped before numbering it. The latter are
 * counted by an account: what the clauses' counters grew by, less the logs that
 * came.
 */
#ifndef MAILWALL_LOSSES_H
#define MAILWALL_LOSSES_H

#include "../capture/capture.h"
#include "../event/events.h"
#include "../priv/priv.h"

#include <stdbool.h>
#include <stdint.h>

struct losses {
	struct block_counts counted; /* when the account began */
	struct block_counts latest;
	uint64_t logged;	  /* logs when the account began */
	bool counts;		  /* an account has begun */
	uint64_t unlogged;	  /* blocked packets without a log */
	uint64_t unlogged_before; /* the part of older accounts */
};

/*
 * Settles the latest count: whatever it counted has been logged by now, or
 * never will be. Call it before losses_count().
 */
void losses_settle(struct losses *l, struct capture *c);
/* Reads the counters through the privileged process. */
void losses_count(struct losses *l, struct capture *c, struct priv *priv);

/* The losses so far, as a summary has them. */
struct summary_extra losses_now(const struct losses *l, struct capture *c);

#endif
