/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "losses.h"
#include "../capture/capture_read.h"
#include "../event/events.h"

/* Logs of blocked packets that came, and logs that are known to be lost. */
static uint64_t losses_logs(struct capture *c)
{
	uint64_t n = 0;

	for (size_t i = 0; i < capture_n(c); i++) {
		struct capture_loss loss;

		capture_loss(c, i, &loss);
		n += loss.exact ? loss.blocked + loss.lost : 0;
	}
	return n;
}

void losses_settle(struct losses *l, struct capture *c)
{
	uint64_t counted = l->latest.packets - l->counted.packets;
	uint64_t logged = losses_logs(c) - l->logged;

	if (l->counts && counted > logged &&
	    l->unlogged < l->unlogged_before + counted - logged)
		l->unlogged = l->unlogged_before + counted - logged;
}

/* Other clauses, or counters that were reset, begin another account. */
void losses_count(struct losses *l, struct capture *c, struct priv *priv)
{
	struct block_counts now;

	if (priv_counts(priv, &now))
		return;
	if (!l->counts || now.clauses != l->counted.clauses ||
	    now.packets < l->latest.packets) {
		l->counted = now;
		l->logged = losses_logs(c);
		l->unlogged_before = l->unlogged;
		l->counts = true;
	}
	l->latest = now;
}

struct summary_extra losses_now(const struct losses *l, struct capture *c)
{
	struct summary_extra extra = { .lost_exact = true };

	for (size_t i = 0; i < capture_n(c); i++) {
		struct capture_loss loss;

		capture_loss(c, i, &loss);
		extra.lost += loss.lost;
		extra.lost_exact = extra.lost_exact && loss.exact;
	}
	extra.unlogged = l->unlogged;
	extra.lost_exact = extra.lost_exact && !extra.unlogged;
	return extra;
}
