/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool.h"

#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES ((size_t)256 << 10)
#define CACHE_LINE  64u

struct pool_piece {
	struct pool_piece *next;
};

void pool_init(struct pool *p, size_t limit)
{
	*p = (struct pool){ .limit = limit };
}

void pool_end(struct pool *p)
{
	while (p->pieces) {
		struct pool_piece *piece = p->pieces;

		p->pieces = piece->next;
		free(piece);
	}
	pool_init(p, p->limit);
}

#define EVEN_SIZES 8u /* multiples of POOL_SMALLEST */

static size_t pool_size_of(unsigned int n)
{
	size_t last = (size_t)POOL_SMALLEST * EVEN_SIZES;

	if (n < EVEN_SIZES)
		return (size_t)POOL_SMALLEST * (n + 1);
	n -= EVEN_SIZES;
	last <<= n / 2;
	return n % 2 ? last * 2 : last + last / 2;
}

static unsigned int pool_class(size_t size)
{
	unsigned int n = EVEN_SIZES;

	if (size <= (size_t)POOL_SMALLEST * EVEN_SIZES)
		return size ? (unsigned int)((size - 1) / POOL_SMALLEST) : 0;
	while (n < POOL_SIZES && pool_size_of(n) < size)
		n++;
	return n;
}

static int pool_add_piece(struct pool *p)
{
	struct pool_piece *piece;

	/* Leaves room for tables that grow late. */
	if (p->used + PIECE_BYTES > p->limit ||
	    p->small + PIECE_BYTES > p->limit / 8 * 5)
		return -1;
	piece = aligned_alloc(CACHE_LINE, PIECE_BYTES);
	if (!piece)
		return -1;
	piece->next = p->pieces;
	p->pieces = piece;
	p->used += PIECE_BYTES;
	p->small += PIECE_BYTES;
	/* The rest of the last piece is smaller than the block wanted. */
	p->piece = (uint8_t *)piece + POOL_SMALLEST;
	p->left = PIECE_BYTES - POOL_SMALLEST;
	return 0;
}

static void *pool_cut(struct pool *p, size_t size)
{
	void *block = p->piece;

	p->piece += size;
	p->left -= size;
	return block;
}

/* A block as long as cache lines begins at one. */
static void pool_align(struct pool *p)
{
	if ((uintptr_t)p->piece % CACHE_LINE)
		pool_give(p, pool_cut(p, POOL_SMALLEST), POOL_SMALLEST);
}

void *pool_take(struct pool *p, size_t size)
{
	unsigned int n = pool_class(size);
	void *block;

	if (n >= POOL_SIZES)
		return pool_resize(p, NULL, 0, size);
	size = pool_size_of(n);
	block = p->free[n];
	if (block) {
		memcpy(&p->free[n], block, sizeof(void *));
	} else {
		if (p->left < size + POOL_SMALLEST && pool_add_piece(p))
			return NULL;
		if (size % CACHE_LINE == 0)
			pool_align(p);
		block = pool_cut(p, size);
	}
	return memset(block, 0, size);
}

void pool_give(struct pool *p, void *block, size_t size)
{
	unsigned int n = pool_class(size);

	if (!block)
		return;
	if (n >= POOL_SIZES) {
		pool_drop(p, block, size);
		return;
	}
	memcpy(block, &p->free[n], sizeof(void *));
	p->free[n] = block;
}

void *pool_resize(struct pool *p, void *block, size_t from, size_t to)
{
	void *grown;

	if (!to || (to > from && p->used + (to - from) > p->limit))
		return NULL;
	grown = realloc(block, to);
	if (!grown)
		return NULL;
	if (to > from)
		memset((uint8_t *)grown + from, 0, to - from);
	p->used += to - from;
	return grown;
}

void pool_drop(struct pool *p, void *block, size_t size)
{
	free(block);
	p->used -= size;
}
