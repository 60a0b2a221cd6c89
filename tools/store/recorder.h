/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between an engine and the store: attempts are added up in memory, and once a
 * second what was added up is written by a thread of its own, so that a slow
 * disk does not keep packets waiting. While it is slow, the sums grow; beyond
 * their bound sources are folded into one that says how much there was.
 */
#ifndef MAILWALL_RECORDER_H
#define MAILWALL_RECORDER_H

#include "store.h"

struct recorder;

struct recorder_options {
	const char *path;
	bool keep_destinations; /* examples of findings */
	int64_t keep_s;		/* 0: for ever */
	uint64_t most_bytes;	/* 0: no bound */
	const char *inputs;	/* of the run; NULL: none is noted */
};

/* Opens the store; threads are started by the first recorder_pass(). */
int recorder_open(struct recorder **out,
		  const struct recorder_options *options);

/* An attempt that has ended, and one that is told early. */
void recorder_attempt(struct recorder *r, const struct attempt_event *event);
void recorder_early(struct recorder *r, const struct attempt_event *event);
void recorder_finding(struct recorder *r, const struct finding *finding);
/* What the monitor lost so far. */
void recorder_losses(struct recorder *r, uint64_t lost, uint64_t unlogged);

/*
 * Hands what was added up to the writer, if that is not busy. Call it once a
 * second; now_s is the clock. What could not be written is said once, kept as
 * far as there is room, and tried again.
 */
void recorder_pass(struct recorder *r, int64_t now_s);

/* The same for who reads faster than can be written: it waits for its turn. */
void recorder_hand(struct recorder *r);

/* Without a thread: all that is there is written now, and said if it failed. */
int recorder_flush(struct recorder *r);

/* The store that it writes to, between a flush and the next attempt. */
struct store *recorder_store(struct recorder *r);

struct recorder_state {
	uint64_t rows, errors; /* written; transactions that failed */
	uint64_t folded;       /* attempts */
	uint64_t dropped;      /* findings that were given up */
	bool failing;	       /* the last transaction did */
};
void recorder_state(struct recorder *r, struct recorder_state *out);

/* Writes what is left. An exit code: EXIT_REFUSED if that failed. */
int recorder_close(struct recorder *r);

#endif
