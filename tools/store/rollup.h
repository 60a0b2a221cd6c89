/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attempts added up by minute, source, port, outcome and clause, in bounded
 * memory. Under a flood of forged sources the long tail is folded into one row
 * that says how much there was: those seen more than once in the minute stay.
 */
#ifndef MAILWALL_ROLLUP_H
#define MAILWALL_ROLLUP_H

#include "store.h"

#define SUMS_ROWS     131072u /* in memory; a power of two */
#define SUMS_A_MINUTE 10000u  /* rows of one minute that reach the store */
#define SUMS_MINUTES  16u     /* of which that is counted */
#define SUMS_CLAUSES  4096u

struct rollup_minute {
	int64_t minute;
	uint32_t n;
	uint64_t *keys; /* open addressing */
};

/* The rows of one batch. */
struct rollup {
	struct store_row *rows; /* SUMS_ROWS */
	uint32_t *index;	/* twice as many; row + 1 */
	uint32_t n;
	uint64_t folded; /* attempts */
};

/* What outlives a batch. */
struct rollup_memory {
	uint64_t key[2];
	struct rollup_minute minutes[SUMS_MINUTES];
	char **clauses;
	uint32_t n_clauses;
};

/* 0 or -ENOMEM. */
int rollup_init(struct rollup *s);
void rollup_free(struct rollup *s);
int rollup_memory_init(struct rollup_memory *m, const uint64_t key[2]);
void rollup_memory_free(struct rollup_memory *m);

/* A clause as a text that stays; "other" once there are too many. */
const char *rollup_clause(struct rollup_memory *m, const char *clause);
/* The row's clause has to stay. */
void rollup_add(struct rollup *s, const struct rollup_memory *m,
		const struct store_row *row);
/* One attempt and one SYN less of a row of this batch; false: there is none. */
bool rollup_take_back(struct rollup *s, const struct rollup_memory *m,
		      const struct store_row *row);
/* Folds what is too much of a minute, and puts rows into the store's order. */
void rollup_settle(struct rollup *s, struct rollup_memory *m);
void rollup_clear(struct rollup *s);

#endif
