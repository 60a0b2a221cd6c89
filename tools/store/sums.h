/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attempts added up by minute, source, port, outcome and clause, in bounded
 * memory. Under a flood of forged sources the long tail is folded into one row
 * that says how much there was: those seen more than once in the minute stay.
 */
#ifndef MAILWALL_SUMS_H
#define MAILWALL_SUMS_H

#include "store.h"

#define SUMS_ROWS     131072u /* in memory; a power of two */
#define SUMS_A_MINUTE 10000u  /* rows of one minute that reach the store */
#define SUMS_MINUTES  16u     /* of which that is counted */
#define SUMS_CLAUSES  4096u

struct sums_minute {
	int64_t minute;
	uint32_t n;
	uint64_t *keys; /* open addressing */
};

/* The rows of one batch. */
struct sums {
	struct store_row *rows; /* SUMS_ROWS */
	uint32_t *index;	/* twice as many; row + 1 */
	uint32_t n;
	uint64_t folded; /* attempts */
};

/* What outlives a batch. */
struct sums_memory {
	uint64_t key[2];
	struct sums_minute minutes[SUMS_MINUTES];
	char **clauses;
	uint32_t n_clauses;
};

/* 0 or -ENOMEM. */
int sums_init(struct sums *s);
void sums_free(struct sums *s);
int sums_memory_init(struct sums_memory *m, const uint64_t key[2]);
void sums_memory_free(struct sums_memory *m);

/* A clause as a text that stays; "other" once there are too many. */
const char *sums_clause(struct sums_memory *m, const char *clause);
/* The row's clause has to stay. */
void sums_add(struct sums *s, const struct sums_memory *m,
	      const struct store_row *row);
/* One attempt and one SYN less of a row of this batch; false: there is none. */
bool sums_take_back(struct sums *s, const struct sums_memory *m,
		    const struct store_row *row);
/* Folds what is too much of a minute, and puts rows into the store's order. */
void sums_settle(struct sums *s, struct sums_memory *m);
void sums_clear(struct sums *s);

#endif
