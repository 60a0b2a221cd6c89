/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bounds of a reading of sessions, shared by those who read them. */
#include "live.h"

#include <time.h>

int64_t live_clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool live_in_time(struct live_reader *r)
{
	r->result->bounded = r->result->bounded || live_clock_ms() > r->end_ms;
	return !r->result->bounded;
}

bool live_tell(struct live_reader *r, const struct opening *opening)
{
	r->result->bounded =
		r->result->bounded || r->result->sessions >= r->query->most;
	if (!live_in_time(r))
		return false;
	r->result->sessions++;
	r->query->fn(r->query->ctx, opening);
	return true;
}
