/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cover.h"
#include "../../rules/base/arena.h"

#include <stdlib.h>

struct range6 exempt_range(const struct addr_range *r)
{
	struct range6 out = { 0 };

	if (r->family == 6)
		return r->v6;
	addr4_store(&out.first, r->v4.first);
	addr4_store(&out.last, r->v4.last);
	return out;
}

const char *cover_print(char *out, int family, const struct range6 *r)
{
	const struct range4 r4 = { addr4_load(&r->first),
				   addr4_load(&r->last) };

	if (family == 6)
		range6_print(out, r);
	else
		range4_print(out, &r4);
	return out;
}

bool cover_meets(const struct range6 *a, const struct range6 *b)
{
	return addr6_compare(&a->first, &b->last) <= 0 &&
	       addr6_compare(&b->first, &a->last) <= 0;
}

bool cover_holds(const struct range6 *outer, const struct range6 *inner)
{
	return addr6_compare(&outer->first, &inner->first) <= 0 &&
	       addr6_compare(&inner->last, &outer->last) <= 0;
}

/* ---- addresses of a family ---- */

/* False: that was the last one. */
static bool cover_next(int family, struct addr6 *addr)
{
	if (family == 6)
		return addr6_next(addr);
	addr4_store(addr, addr4_load(addr) + 1);
	return addr4_load(addr);
}

static struct addr6 cover_before(int family, struct addr6 addr)
{
	if (family == 6)
		addr6_prev(&addr);
	else
		addr4_store(&addr, addr4_load(&addr) - 1);
	return addr;
}

static int compare_addr(const void *a, const void *b)
{
	return addr6_compare(a, b);
}

static int compare_range(const void *a, const void *b)
{
	const struct cover_range *x = a, *y = b;
	int order = addr6_compare(&x->range.first, &y->range.first);

	if (order)
		return order;
	order = addr6_compare(&x->range.last, &y->range.last);
	return order ? order : (x->id > y->id) - (x->id < y->id);
}

static struct cover cover_sorted(struct arena *a, const struct cover *of)
{
	struct cover out = { .n = of->n, .cap = of->n };

	if (!of->n)
		return out;
	out.items = arena_alloc(a, of->n * sizeof(*of->items));
	memcpy(out.items, of->items, of->n * sizeof(*of->items));
	qsort(out.items, out.n, sizeof(*out.items), compare_range);
	return out;
}

/* ---- those that hold an address, the one that ends last on top ---- */

struct cover_heap {
	const struct cover_range **items;
	size_t n;
};

static bool ends_later(const struct cover_range *a, const struct cover_range *b)
{
	return a->end_s != b->end_s ? a->end_s > b->end_s : a->id < b->id;
}

static void heap_swap(struct cover_heap *h, size_t i, size_t k)
{
	const struct cover_range *was = h->items[i];

	h->items[i] = h->items[k];
	h->items[k] = was;
}

static void heap_push(struct cover_heap *h, const struct cover_range *r)
{
	size_t i = h->n++;

	h->items[i] = r;
	for (; i && ends_later(h->items[i], h->items[(i - 1) / 2]);
	     i = (i - 1) / 2)
		heap_swap(h, i, (i - 1) / 2);
}

static void heap_pop(struct cover_heap *h)
{
	size_t i = 0;

	h->items[0] = h->items[--h->n];
	for (;;) {
		size_t top = i;

		for (size_t k = 2 * i + 1; k < h->n && k <= 2 * i + 2; k++)
			if (ends_later(h->items[k], h->items[top]))
				top = k;
		if (top == i)
			return;
		heap_swap(h, i, top);
		i = top;
	}
}

/* ---- the cover ---- */

/* Addresses where the answer may change: each first one, each one past a last.
 */
static size_t cover_edges(int family, const struct cover *sorted,
			  struct addr6 *edges)
{
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < sorted->n; i++) {
		edges[n++] = sorted->items[i].range.first;
		edges[n] = sorted->items[i].range.last;
		n += cover_next(family, &edges[n]);
	}
	qsort(edges, n, sizeof(*edges), compare_addr);
	for (size_t i = 0; i < n; i++)
		if (!kept || addr6_compare(&edges[kept - 1], &edges[i]))
			edges[kept++] = edges[i];
	return kept;
}

/* Adds a part that one record decides; is it a part behind its last one? */
static void cover_add(struct arena *a, int family, struct cover *out,
		      const struct cover_range *of, struct addr6 first,
		      struct addr6 last)
{
	struct cover_range *before = out->n ? &out->items[out->n - 1] : NULL;
	struct addr6 end;

	if (before && before->id == of->id && before->end_s == of->end_s) {
		end = before->range.last;
		if (cover_next(family, &end) && !addr6_compare(&end, &first)) {
			before->range.last = last;
			return;
		}
	}
	*arena_push(a, out) =
		(struct cover_range){ { first, last }, of->end_s, of->id };
}

void cover_make(struct arena *a, int family, const struct cover *records,
		struct cover *out)
{
	const struct cover sorted = cover_sorted(a, records);
	struct cover_heap heap = { 0 };
	struct addr6 *edges;
	size_t n, next = 0;

	*out = (struct cover){ 0 };
	if (!sorted.n)
		return;
	heap.items = arena_alloc(a, sorted.n * sizeof(struct cover_range *));
	edges = arena_alloc(a, (2 * sorted.n + 1) * sizeof(*edges));
	n = cover_edges(family, &sorted, edges);
	for (size_t i = 0; i < n; i++) {
		while (next < sorted.n &&
		       addr6_compare(&sorted.items[next].range.first,
				     &edges[i]) <= 0)
			heap_push(&heap, &sorted.items[next++]);
		while (heap.n &&
		       addr6_compare(&heap.items[0]->range.last, &edges[i]) < 0)
			heap_pop(&heap);
		if (heap.n)
			cover_add(a, family, out, heap.items[0], edges[i],
				  i + 1 < n ?
					  cover_before(family, edges[i + 1]) :
					  heap.items[0]->range.last);
	}
}

void cover_difference(struct arena *a, const struct cover *before,
		      const struct cover *after, struct cover *gone,
		      struct cover *come)
{
	size_t i = 0, k = 0;

	*gone = *come = (struct cover){ 0 };
	while (i < before->n || k < after->n) {
		const struct cover_range *b = before->items + i;
		const struct cover_range *c = after->items + k;
		int order = i == before->n ? 1 :
			    k == after->n  ? -1 :
					     memcmp(&b->range, &c->range,
						    sizeof(b->range));

		if (order <= 0 && (order || b->end_s != c->end_s))
			*arena_push(a, gone) = *b;
		if (order >= 0 && (order || b->end_s != c->end_s))
			*arena_push(a, come) = *c;
		i += order <= 0;
		k += order >= 0;
	}
}

void cover_join(struct arena *a, const struct cover *ranges, struct cover *out)
{
	const struct cover sorted = cover_sorted(a, ranges);

	*out = (struct cover){ 0 };
	for (size_t i = 0; i < sorted.n; i++) {
		const struct cover_range *r = &sorted.items[i];
		struct cover_range *last =
			out->n ? &out->items[out->n - 1] : NULL;

		if (!last || !cover_meets(&last->range, &r->range))
			*arena_push(a, out) = *r;
		else if (addr6_compare(&r->range.last, &last->range.last) > 0)
			last->range.last = r->range.last;
	}
}

/* ---- for the kernel ---- */

static uint64_t cover_left_ms(int64_t end_s, int64_t now_ms)
{
	return end_s == EXEMPT_STAYS ? 0 : (uint64_t)(end_s * 1000 - now_ms);
}

void cover_members(struct arena *a, int family, const struct cover *cover,
		   int64_t now_ms, struct set_members *out)
{
	uint64_t *timeouts = arena_alloc(a, (cover->n + 1) * sizeof(*timeouts));
	size_t n = 0;

	*out = (struct set_members){ .timeouts_ms = timeouts };
	for (size_t i = 0; i < cover->n; i++) {
		const struct cover_range *c = &cover->items[i];

		if (c->end_s != EXEMPT_STAYS && c->end_s * 1000 <= now_ms)
			continue;
		timeouts[n++] = cover_left_ms(c->end_s, now_ms);
		if (family == 6)
			ranges6_push(a, &out->v6, c->range);
		else
			ranges4_push(
				a, &out->v4,
				(struct range4){ addr4_load(&c->range.first),
						 addr4_load(&c->range.last) });
	}
}
