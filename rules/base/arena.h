/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An arena owns everything that is made while a policy is read: one call frees
 * it all. A program that reads a policy never checks for memory at each step;
 * when there is none left the arena jumps back to the place that armed it.
 *
 * One arena belongs to one thread at a time. What outlives the reading, or
 * belongs to no policy, grows by malloc(): list_grow().
 */
#ifndef MAILWALL_ARENA_H
#define MAILWALL_ARENA_H

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct arena;

/* Makes an empty arena, or returns NULL if there is no memory. */
struct arena *arena_new(void);
void arena_free(struct arena *a);

/*
 * The place to jump to when memory runs out: call setjmp(*arena_on_failure(a))
 * before the first allocation. The functions below never return NULL.
 */
jmp_buf *arena_on_failure(struct arena *a);

/* Allocates zeroed memory, aligned for any type. */
void *arena_alloc(struct arena *a, size_t size);
char *arena_strndup(struct arena *a, const char *s, size_t len);
char *arena_printf(struct arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Makes a large block, or grows it: block is NULL at first, else what the last
 * call returned. New space is not zeroed. The block may be freed before the
 * arena.
 */
void *arena_resize(struct arena *a, void *block, size_t size);
void arena_release(struct arena *a, void *block);

/*
 * A growing list in an arena: items, n, and room for cap. The macro makes
 * room for one more and yields its address, zeroed.
 */
#define arena_push(a, list)                                                    \
	((list)->items = arena_grow((a), (list)->items, (list)->n,             \
				    &(list)->cap, sizeof(*(list)->items)),     \
	 &(list)->items[(list)->n++])
void *arena_grow(struct arena *a, void *items, size_t n, size_t *cap,
		 size_t item_size);

/*
 * Makes room for one more item. Returns the array, which may have moved; NULL
 * if there is no memory, and then items and *cap are as they were.
 */
static inline void *list_grow(void *items, size_t n, size_t *cap,
			      size_t item_size)
{
	size_t more = *cap ? *cap * 2 : 16;

	if (n < *cap)
		return items;
	if (more > SIZE_MAX / item_size)
		return NULL;
	items = realloc(items, more * item_size);
	if (items)
		*cap = more;
	return items;
}

#endif
