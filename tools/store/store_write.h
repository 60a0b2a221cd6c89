/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing to a store, in transactions: store_begin(), any of the functions that
 * add, store_end(). Those that add do not fail: the first error is kept for
 * store_end(), and then nothing of the transaction is written.
 */
#ifndef MAILWALL_STORE_WRITE_H
#define MAILWALL_STORE_WRITE_H

#include "../../plugin/engine/engine.h"
#include "store.h"

#include <stdint.h>
#include <stdbool.h>

/* Attempts of one minute with the same source, port, outcome and clause. */
struct store_row {
	int64_t minute;	     /* minutes since 1970 */
	uint8_t family;	     /* 4 or 6; 0: folded sources */
	struct addr6 source; /* IPv6: the /64 */
	uint16_t port;
	uint8_t outcome;    /* enum outcome */
	bool observed;	    /* its clause stops, mode observe does not */
	const char *clause; /* "residential:17", or "" */
	int32_t attempts, syns;
};

struct store_finding {
	struct finding finding;
	bool keep_examples; /* destinations are to be stored */
};

/* Lines of logs that were imported, by their digests, of one hour. */
#define STORE_LINES_MOST 250
struct store_lines {
	int64_t hour; /* since 1970 */
	uint32_t n;
	uint64_t digests[STORE_LINES_MOST];
};

void store_begin(struct store *s);
/* Commits. 0, or -errno of the first error. */
int store_end(struct store *s);

/* Adds the counts of the row to those of its minute and its day. */
void store_add(struct store *s, const struct store_row *row);
/* Takes one attempt and one SYN from a row, if it has any, and adds another. */
void store_move(struct store *s, const struct store_row *from,
		const struct store_row *to);
void store_add_finding(struct store *s, const struct store_finding *f);
void store_add_loaded(struct store *s, const struct store_loaded *l);
/* Adds the run, or renews its row. */
void store_add_run(struct store *s, struct store_run *run);
void store_add_lines(struct store *s, const struct store_lines *l);
/*
 * Hands out the lines of an hour that were added, in some portions, the last
 * transaction's as well. 0 or -errno.
 */
int store_lines_of(struct store *s, int64_t hour,
		   void (*fn)(void *ctx, const struct store_lines *lines),
		   void *ctx);

/* Notes that the clock was set. */
void store_add_step(struct store *s, const struct store_step *step);

/* The machine's clock, and one that nobody sets. */
struct store_time {
	int64_t wall_s, steady_s;
};
/*
 * Deletes one step of what is beyond the bounds, in some milliseconds: rows
 * older than keep_s, and the oldest ones while the file is larger than
 * most_bytes; 0: no bound. A clock that was set forward deletes nothing until
 * its time has held for a day. True: there is more to delete. The outcome is in
 * *error, as of store_end().
 */
bool store_trim(struct store *s, const struct store_time *now, int64_t keep_s,
		uint64_t most_bytes, int *error);

#endif
