/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory of an engine: blocks of a few sizes, cut from large pieces, and
 * one limit for everything. What is given back is used again for the same
 * size; a packet costs no call of malloc().
 */
#ifndef MAILWALL_POOL_H
#define MAILWALL_POOL_H

#include <stddef.h>
#include <stdint.h>

#define POOL_SMALLEST 32
/* Multiples of 32 bytes up to 256, then 384, 512, 768 and so on to 16 KiB. */
#define POOL_SIZES 20

struct pool {
	size_t limit, used; /* bytes; used counts all that was ever taken */
	size_t small;	    /* bytes of pieces: at most 5/8 of the limit */
	void *free[POOL_SIZES];
	uint8_t *piece;
	size_t left; /* in piece */
	struct pool_piece *pieces;
};

void pool_init(struct pool *p, size_t limit);
void pool_end(struct pool *p);

/* Zeroed; NULL beyond the limit. What is larger comes from the system. */
void *pool_take(struct pool *p, size_t size);
void pool_give(struct pool *p, void *block, size_t size);

/*
 * A table: from the system directly, counted in the same limit. NULL beyond
 * it, and block stays as it was. New space is zeroed.
 */
void *pool_resize(struct pool *p, void *block, size_t from, size_t to);
void pool_drop(struct pool *p, void *block, size_t size);

#endif
