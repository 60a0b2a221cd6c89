/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recorder stands between an engine and the store. It adds attempts up in
 * memory. Once a second a thread of its own writes the sums, so that a slow
 * disk does not keep packets waiting. Sums grow while the disk is slow; beyond
 * their bound, sources are folded into one row that counts them.
 *
 * Functions that can fail return 0 or -errno.
 */
#ifndef MAILWALL_RECORDER_H
#define MAILWALL_RECORDER_H

#include "store_write.h"
#include "store.h"
#include "../program/program.h"
#include <stdbool.h>
#include <stdint.h>

struct recorder;

struct recorder_options {
	const char *path;
	bool keep_destinations; /* with findings, as examples */
	int64_t keep_s;		/* 0: for ever */
	uint64_t most_bytes;	/* 0: no bound */
	const char *inputs;	/* names for the run; NULL: no run is noted */
	/* Called when writing begins to fail, and when it works again. */
	void (*say)(void *ctx, const char *sentence);
	void *ctx;
};

/* Opens the store. The thread is started by the first recorder_tick(). */
int recorder_open(struct recorder **out, const struct recorder_options *options,
		  struct fault *f);

/* Adds an attempt that has ended. */
void recorder_attempt(struct recorder *r, const struct attempt_event *event);
/* Adds an attempt that was reported early, before it has ended. */
void recorder_early(struct recorder *r, const struct attempt_event *event);
/* Keeps a finding for the next transaction. */
void recorder_finding(struct recorder *r, const struct finding *finding);
/* Keeps a step of the clock for the next transaction. */
void recorder_step(struct recorder *r, const struct store_step *step);
/* Sets how many packets the monitor lost so far. */
void recorder_losses(struct recorder *r, uint64_t lost, uint64_t unlogged);

/*
 * Starts to write the sums, unless the writer is busy. To be called once a
 * second; now_s is the clock. Sums that could not be written are kept as far as
 * there is room, and tried again.
 */
void recorder_tick(struct recorder *r, int64_t now_s);

/* Waits for a busy writer, and starts to write: for events from files. */
void recorder_submit(struct recorder *r);

/* Writes all sums in the calling thread. */
int recorder_flush(struct recorder *r);
/* The same, and what also() puts into the store, in one transaction. */
int recorder_flush_also(struct recorder *r,
			void (*also)(void *ctx, struct store *store),
			void *ctx);

/*
 * Waits for a busy writer. The caller may use the store until the next tick or
 * submit.
 */
struct store *recorder_store(struct recorder *r);

struct recorder_state {
	uint64_t rows, errors; /* written; transactions that failed */
	uint64_t folded;       /* attempts whose sources were folded */
	uint64_t dropped;      /* findings for which there was no room */
	uint64_t stale;	       /* attempts left with their first outcome */
	bool failing;	       /* the last transaction failed */
};
/* Fills the figures as of the last tick. */
void recorder_state(struct recorder *r, struct recorder_state *out);

/*
 * Writes the rest and closes the store. Returns the error of writing. r may be
 * NULL.
 */
int recorder_close(struct recorder *r);

#endif
