/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Adds attempts up by minute, source, port, outcome and clause, in bounded
 * memory. Under a flood of forged sources the long tail is folded into one row
 * that counts it; sources seen more than once in a minute keep their rows.
 * While nothing can be written for hours, what is new loses its clause, too,
 * then its minute, then its port; it never loses its outcome.
 */
#ifndef MAILWALL_ROLLUP_H
#define MAILWALL_ROLLUP_H

#include "store_write.h"

#include <stdint.h>
#include <stdbool.h>

#define ROLLUP_ROWS	   131072u /* in memory; a power of two */
#define ROLLUP_MINUTE_ROWS 10000u  /* rows of a minute in the store */
#define ROLLUP_MINUTES	   16u	   /* minutes that are bounded at a time */
#define ROLLUP_CLAUSES	   4096u

struct rollup_minute {
	int64_t minute;
	uint32_t n;
	uint64_t *keys; /* open addressing */
};

/* The rows of one batch. */
struct rollup {
	struct store_row *rows; /* ROLLUP_ROWS */
	uint32_t *index;	/* 2 * ROLLUP_ROWS; row + 1 */
	uint32_t n;
	uint64_t folded;     /* attempts of folded rows */
	int64_t full_minute; /* of rows that lost theirs; 0: none did */
};

/* State that outlives a batch. */
struct rollup_memory {
	uint64_t key[2];
	struct rollup_minute minutes[ROLLUP_MINUTES];
	char **clauses;
	uint32_t n_clauses;
};

/* Allocates. 0 or -ENOMEM; to be freed in either case. */
int rollup_init(struct rollup *s);
void rollup_free(struct rollup *s);
int rollup_memory_init(struct rollup_memory *m, const uint64_t key[2]);
void rollup_memory_free(struct rollup_memory *m);

/*
 * A copy of a clause's id that lives as long as m; "other" once there are too
 * many.
 */
const char *rollup_clause(struct rollup_memory *m, const char *clause);
/* Adds a row. Its clause comes from rollup_clause(). */
void rollup_add(struct rollup *s, const struct rollup_memory *m,
		const struct store_row *row);
/*
 * Takes one attempt and one SYN from a row of this batch; false: it has none.
 */
bool rollup_take_back(struct rollup *s, const struct rollup_memory *m,
		      const struct store_row *row);
/* Folds rows beyond the bound of their minute, and sorts rows for the store. */
void rollup_settle(struct rollup *s, struct rollup_memory *m);
void rollup_clear(struct rollup *s);

#endif
