/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Growing arrays from malloc(); those of an arena grow by arena_push(). */
#ifndef MAILWALL_LIST_H
#define MAILWALL_LIST_H

#include <stdint.h>
#include <stdlib.h>

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
