/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP sessions that are open now: those that the host forwards, from the
 * kernel's connection tracking, or those of its own sockets.
 */
#ifndef MAILWALL_LIVE_H
#define MAILWALL_LIVE_H

#include "../../rules/policy/decide.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A session, as the hook sees its opening. What is borrowed lives for the
 * call. */
typedef void live_fn(void *ctx, const struct opening *opening);

struct live_query {
	enum hook hook;
	/* Is the port one that a session is asked for? */
	bool (*port)(void *ctx, uint16_t port);
	live_fn *fn;
	void *ctx;
	size_t most;	 /* sessions of these ports, at most */
	int64_t time_ms; /* for all of it */
};

struct live_result {
	const char *unknown; /* why nothing is known, a sentence's end; NULL */
	size_t sessions;     /* calls of fn */
	bool bounded;	     /* there may be more */
};

/* Asks the kernel that the hook belongs to. */
void live_sessions(struct arena *a, const struct live_query *q,
		   struct live_result *out);

/* ---- live_reader.c ---- */

struct live_reader {
	const struct live_query *query;
	struct live_result *result;
	int64_t end_ms; /* a time of the steady clock */
};

/* False: the time is over, and the rest is left out. */
bool live_in_time(struct live_reader *r);
/* Tells a session to the query; false: it wants no more. */
bool live_tell(struct live_reader *r, const struct opening *opening);
int64_t live_clock_ms(void);

/* ---- live_conntrack.c, live_sockets.c: 0 or -errno ---- */

int live_read_conntrack(struct live_reader *r);
int live_read_sockets(struct live_reader *r);

#endif
