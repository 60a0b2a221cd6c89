/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CHUNK_BYTES (64 * 1024)
#define HUGE_BYTES  (2 * 1024 * 1024)
#define HUGE_FROM   (2 * HUGE_BYTES)

struct chunk {
	struct chunk *next;
	size_t used, size;
	alignas(max_align_t) unsigned char data[];
};

/* A block of arena_resize(): in a ring, so that it can leave on its own. */
struct ring {
	struct ring *next, *prev;
};

struct block {
	struct ring ring;
	alignas(max_align_t) unsigned char data[];
};

struct arena {
	struct chunk *chunks;
	struct ring blocks;
	jmp_buf failed;
};

struct arena *arena_new(void)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (a)
		a->blocks.next = a->blocks.prev = &a->blocks;
	return a;
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	while (a->blocks.next != &a->blocks)
		arena_release(a, ((struct block *)a->blocks.next)->data);
	while (a->chunks) {
		struct chunk *next = a->chunks->next;

		free(a->chunks);
		a->chunks = next;
	}
	free(a);
}

jmp_buf *arena_on_failure(struct arena *a)
{
	return &a->failed;
}

static _Noreturn void arena_give_up(struct arena *a)
{
	longjmp(a->failed, 1);
}

static struct chunk *chunk_new(struct arena *a, size_t size)
{
	struct chunk *c;

	if (size < CHUNK_BYTES)
		size = CHUNK_BYTES;
	if (size > SIZE_MAX - sizeof(*c) || !(c = malloc(sizeof(*c) + size)))
		arena_give_up(a);
	c->used = 0;
	c->size = size;
	c->next = a->chunks;
	a->chunks = c;
	return c;
}

void *arena_alloc(struct arena *a, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct chunk *c = a->chunks;
	void *p;

	if (size > SIZE_MAX - align)
		arena_give_up(a);
	size = (size + align - 1) & ~(align - 1);
	if (!c || c->size - c->used < size)
		c = chunk_new(a, size);
	p = c->data + c->used;
	c->used += size;
	return memset(p, 0, size);
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *copy = arena_alloc(a, len + 1);

	memcpy(copy, s, len);
	return copy;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len < 0)
		arena_give_up(a);
	text = arena_alloc(a, (size_t)len + 1);
	va_start(args, fmt);
	vsnprintf(text, (size_t)len + 1, fmt, args);
	va_end(args);
	return text;
}

/* Small pages cost more to touch for the first time than to fill. */
static void use_huge_pages(void *start, size_t size)
{
	uintptr_t first = ((uintptr_t)start + HUGE_BYTES - 1) &
			  ~(uintptr_t)(HUGE_BYTES - 1);
	uintptr_t end =
		((uintptr_t)start + size) & ~(uintptr_t)(HUGE_BYTES - 1);

	if (first < end)
		madvise((void *)first, end - first, MADV_HUGEPAGE);
}

static struct block *block_of(void *data)
{
	return (struct block *)((unsigned char *)data -
				offsetof(struct block, data));
}

void *arena_resize(struct arena *a, void *data, size_t size)
{
	struct block *b = NULL;

	if (size > SIZE_MAX - sizeof(*b) ||
	    !(b = realloc(data ? block_of(data) : NULL, sizeof(*b) + size)))
		arena_give_up(a);
	if (!data) {
		b->ring.next = a->blocks.next;
		b->ring.prev = &a->blocks;
	}
	/* Relink the neighbours: realloc() may have moved the block. */
	b->ring.next->prev = &b->ring;
	b->ring.prev->next = &b->ring;
	if (size >= HUGE_FROM)
		use_huge_pages(b, size);
	return b->data;
}

void arena_release(struct arena *a, void *data)
{
	struct block *b;

	(void)a;
	if (!data)
		return;
	b = block_of(data);
	b->ring.next->prev = b->ring.prev;
	b->ring.prev->next = b->ring.next;
	free(b);
}

void *arena_grow(struct arena *a, void *items, size_t n, size_t *cap,
		 size_t item_size)
{
	if (n == *cap) {
		*cap = *cap ? *cap * 2 : 8;
		if (*cap > SIZE_MAX / item_size)
			arena_give_up(a);
		items = arena_resize(a, items, *cap * item_size);
	}
	memset((unsigned char *)items + n * item_size, 0, item_size);
	return items;
}
