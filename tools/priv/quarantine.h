/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sources that wait to be put into class flagged. Each waits until it is there,
 * those with a completed handshake first: nobody can send that in the name of
 * another. Without one, a source may be somebody whose address is forged:
 *
 * - it waits for a moment, and then at most a few are flagged a minute, those
 *   with most SYNs first;
 * - while a crowd of them waits, only those that still send a minute later.
 *
 * Time is in seconds of a clock that never steps.
 */
#ifndef MAILWALL_QUARANTINE_H
#define MAILWALL_QUARANTINE_H

#include "../../plugin/engine/engine.h"
#include "flaggable.h"

#include <stdbool.h>
#include <stdint.h>

#define QUARANTINE_WAITING_MOST	     4096
#define QUARANTINE_A_SECOND	     10 /* flagged at most */
#define QUARANTINE_SETTLE_S	     3	/* an unproven source waits */
#define QUARANTINE_UNPROVEN_A_MINUTE 10
#define QUARANTINE_CROWD	     30 /* unproven sources that wait */
#define QUARANTINE_LASTING_S	     60
#define QUARANTINE_FORGET_S	     3600 /* without a packet of it */
#define QUARANTINE_FULL_RETRY_S	     10

struct quarantine_source {
	uint8_t family;
	bool proven;
	struct addr6 source;
	uint32_t syns;
	int64_t found_s, latest_s; /* when its SYNs last grew */
};

struct quarantine_ways {
	/* Puts it there: 0 or -errno, as priv_flag(). */
	int (*flag)(void *ctx, const struct quarantine_source *source,
		    enum flag_refusal *refusal);
	/* Looks up what is known of it now; false: nothing. */
	bool (*look)(void *ctx, const struct quarantine_source *source,
		     struct source_view *out);
	void (*say)(void *ctx, const char *sentence);
	void *ctx;
};

struct quarantine {
	struct quarantine_ways ways;
	struct quarantine_source items[QUARANTINE_WAITING_MOST];
	size_t n;
	uint64_t flagged;   /* sources put there */
	uint64_t refused;   /* protected by the policy, for good */
	uint64_t forgotten; /* unproven ones that sent no more, or no room */
	int64_t minute, retry_s;
	unsigned int unproven_in_minute;
	int64_t said_s; /* message that some wait; 0: never */
};

struct quarantine *quarantine_new(const struct quarantine_ways *ways);
void quarantine_free(struct quarantine *q);

/* Adds a source that was found, or renews it. */
void quarantine_add(struct quarantine *q, const struct finding *f,
		    int64_t now_s);
/* Flags whose turn it is. To be called once a second, and after an addition. */
void quarantine_run(struct quarantine *q, int64_t now_s);

#endif
