/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory of an engine: blocks of a few sizes, cut from large pieces, with
 * one limit for all. A freed block is used again for the same size; a packet
 * costs no call of malloc().
 */
#ifndef MAILWALL_POOL_H
#define MAILWALL_POOL_H

#include <stddef.h>
#include <stdint.h>

#define POOL_SMALLEST 32
/* Multiples of 32 bytes up to 256, then 384, 512, 768 and so on to 16 KiB. */
#define POOL_SIZES 20

struct pool {
	size_t limit, used; /* bytes; used counts freed blocks, too */
	size_t small;	    /* bytes of pieces: at most 5/8 of the limit */
	void *free[POOL_SIZES];
	uint8_t *piece;
	size_t left; /* in piece */
	struct pool_piece *pieces;
};

void pool_init(struct pool *p, size_t limit);
void pool_end(struct pool *p);

/*
 * Returns a zeroed block; NULL beyond the limit. Larger ones come from
 * malloc().
 */
void *pool_take(struct pool *p, size_t size);
void pool_give(struct pool *p, void *block, size_t size);

/*
 * Resizes a table, which comes from malloc() and counts in the same limit. NULL
 * beyond it, and block is unchanged. New space is zeroed.
 */
void *pool_resize(struct pool *p, void *block, size_t from, size_t to);
void pool_drop(struct pool *p, void *block, size_t size);

#endif
