/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan_clauses.h"
#include "../base/arena.h"

#include <stdlib.h>
#include <string.h>

const char *plan_kind_name(enum plan_kind kind)
{
	static const char *const names[] = {
		[PLAN_ADDED] = "added",
		[PLAN_REMOVED] = "removed",
		[PLAN_CHANGED] = "changed",
		[PLAN_MOVED] = "moved",
	};

	return names[kind];
}

char plan_kind_mark(enum plan_kind kind)
{
	return "+-~>"[kind];
}

/*
 * ---- two lists of texts ----
 *
 * Blocks and clauses are found in the same way. Partners have the same
 * meaning; of several the first finds the first. Partners that keep their order
 * are in step; what lies between two of them is a gap.
 */

#define NONE	  SIZE_MAX
#define NEAR_MOST 200 /* items of a gap that are compared word by word */

struct item {
	const char *text, *meaning;
	size_t partner; /* in the other list; NONE */
	bool in_step;
	bool near; /* the partner is near, it does not do the same */
};

struct items {
	struct item *items;
	size_t n, cap;
};

static void pair_add(struct arena *a, struct items *list, const char *text,
		     const char *meaning)
{
	*arena_push(a, list) = (struct item){ .text = text,
					      .meaning = meaning,
					      .partner = NONE };
}

struct by_meaning {
	const char *meaning;
	size_t at;
};

static int compare_by_meaning(const void *a, const void *b)
{
	const struct by_meaning *x = a, *y = b;
	int order = strcmp(x->meaning, y->meaning);

	return order ? order : x->at < y->at ? -1 : x->at > y->at;
}

static struct by_meaning *pair_sort(struct arena *a, const struct items *list)
{
	struct by_meaning *out = arena_alloc(a, list->n * sizeof(*out) + 1);

	for (size_t i = 0; i < list->n; i++)
		out[i] = (struct by_meaning){ list->items[i].meaning, i };
	qsort(out, list->n, sizeof(*out), compare_by_meaning);
	return out;
}

static void pair_same(struct arena *a, struct items *x, struct items *y)
{
	const struct by_meaning *in_x = pair_sort(a, x),
				*in_y = pair_sort(a, y);

	for (size_t i = 0, k = 0; i < x->n && k < y->n;) {
		int order = strcmp(in_x[i].meaning, in_y[k].meaning);

		if (!order) {
			x->items[in_x[i].at].partner = in_y[k].at;
			y->items[in_y[k].at].partner = in_x[i].at;
		}
		i += order <= 0;
		k += order >= 0;
	}
}

/*
 * The longest run of partners in the same order: of all that end with the
 * same length, the last one ends at the least place.
 */
static void pair_steps(struct arena *a, struct items *x, struct items *y)
{
	size_t *ends = arena_alloc(a, x->n * sizeof(*ends) + 1);
	size_t *before = arena_alloc(a, x->n * sizeof(*before) + 1);
	size_t length = 0;

	for (size_t i = 0; i < x->n; i++) {
		size_t low = 0, high = length;

		if (x->items[i].partner == NONE)
			continue;
		while (low < high) {
			size_t middle = (low + high) / 2;

			if (x->items[ends[middle]].partner <
			    x->items[i].partner)
				low = middle + 1;
			else
				high = middle;
		}
		before[i] = low ? ends[low - 1] : NONE;
		ends[low] = i;
		length += low == length;
	}
	for (size_t i = length ? ends[length - 1] : NONE; i != NONE;
	     i = before[i])
		x->items[i].in_step = y->items[x->items[i].partner].in_step =
			true;
}

/* ---- words in common ---- */

static size_t word_length(const char *at)
{
	return strcspn(at, " ");
}

static const char *next_word(const char *at)
{
	at += word_length(at);
	return at + strspn(at, " ");
}

static size_t count_words(const char *text)
{
	size_t n = 0;

	for (const char *at = text; *at; at = next_word(at))
		n++;
	return n;
}

static bool text_has_word(const char *text, const char *word, size_t len)
{
	for (const char *at = text; *at; at = next_word(at))
		if (word_length(at) == len && !memcmp(at, word, len))
			return true;
	return false;
}

/* In percent of the longer one's words. */
static unsigned int likeness(const char *x, const char *y)
{
	size_t nx = count_words(x), ny = count_words(y), both = 0;

	for (const char *at = x; *at; at = next_word(at))
		both += text_has_word(y, at, word_length(at));
	return (unsigned int)(100 * both / (nx > ny ? nx : ny ? ny : 1));
}

#define LIKENESS_LEAST 50

/* ---- gaps ---- */

/* Pairs the item of x with the most similar one of y's gap. */
static void pair_near(struct items *x, size_t i, struct items *y, size_t from,
		      size_t to)
{
	unsigned int best = LIKENESS_LEAST - 1;
	size_t at = NONE;

	for (size_t k = from; k < to; k++) {
		unsigned int like;

		if (y->items[k].partner != NONE)
			continue;
		like = likeness(x->items[i].text, y->items[k].text);
		if (like > best) {
			best = like;
			at = k;
		}
	}
	if (at == NONE)
		return;
	x->items[i].partner = at;
	y->items[at].partner = i;
	x->items[i].near = y->items[at].near = true;
}

static size_t gap_end(const struct items *list, size_t from)
{
	while (from < list->n && !list->items[from].in_step)
		from++;
	return from;
}

static void pair_gaps(struct items *x, struct items *y)
{
	size_t i = 0, k = 0;

	while (i < x->n || k < y->n) {
		size_t x_end = gap_end(x, i), y_end = gap_end(y, k);

		if (x_end - i <= NEAR_MOST && y_end - k <= NEAR_MOST)
			for (; i < x_end; i++)
				if (x->items[i].partner == NONE)
					pair_near(x, i, y, k, y_end);
		i = x_end + 1;
		k = y_end + 1;
	}
}

static void pair_lists(struct arena *a, struct items *x, struct items *y)
{
	pair_same(a, x, y);
	pair_steps(a, x, y);
	pair_gaps(x, y);
}

/* ---- lines ---- */

static struct plan_line *add_line(struct arena *a, struct plan_lines *out,
				  enum plan_kind kind)
{
	struct plan_line *line = arena_push(a, out);

	line->kind = kind;
	return line;
}

static void line_of_clause(struct arena *a, struct plan_lines *out,
			   enum plan_kind kind, const struct plan_clause *was,
			   const struct plan_clause *is)
{
	struct plan_line *line = add_line(a, out, kind);

	line->old_clause = was;
	line->new_clause = is;
}

static void keep_clause(struct plan_lines *out, const struct plan_clause *was,
			const struct plan_clause *is)
{
	out->kept++;
	out->renumbered += was->line != is->line;
	out->reworded += strcmp(was->text, is->text) != 0;
}

static struct items clause_items(struct arena *a, const struct plan_block *b)
{
	struct items list = { 0 };

	for (size_t i = 0; b && i < b->clauses.n; i++)
		pair_add(a, &list, b->clauses.items[i].text,
			 b->clauses.items[i].meaning);
	return list;
}

static void removed_clauses(struct arena *a, const struct plan_block *was,
			    const struct items *x, size_t *i, size_t to,
			    struct plan_lines *out)
{
	for (; *i < to; ++*i)
		if (x->items[*i].partner == NONE)
			line_of_clause(a, out, PLAN_REMOVED,
				       &was->clauses.items[*i], NULL);
}

/* Clauses of the new block in their order; before each, those that are gone
 * from there. */
static void lines_of_clauses(struct arena *a, const struct plan_block *was,
			     const struct plan_block *is,
			     struct plan_lines *out)
{
	struct items x = clause_items(a, was), y = clause_items(a, is);
	size_t at = 0;

	pair_lists(a, &x, &y);
	for (size_t k = 0; k < y.n; k++) {
		const struct item *item = &y.items[k];
		const struct plan_clause *now = &is->clauses.items[k], *old;

		if (item->partner == NONE) {
			line_of_clause(a, out, PLAN_ADDED, NULL, now);
			continue;
		}
		old = &was->clauses.items[item->partner];
		if (item->in_step || item->near)
			removed_clauses(a, was, &x, &at, item->partner, out);
		if (item->in_step)
			keep_clause(out, old, now);
		else
			line_of_clause(a, out,
				       item->near ? PLAN_CHANGED : PLAN_MOVED,
				       old, now);
	}
	removed_clauses(a, was, &x, &at, x.n, out);
}

/* ---- blocks ---- */

static struct items block_items(struct arena *a, const struct plan_side *side)
{
	struct items list = { 0 };

	for (size_t i = 0; i < side->blocks.n; i++)
		pair_add(a, &list, side->blocks.items[i].text,
			 side->blocks.items[i].meaning);
	return list;
}

static void lines_of_block(struct arena *a, enum plan_kind kind,
			   const struct plan_block *was,
			   const struct plan_block *is, bool says,
			   struct plan_lines *out)
{
	static const struct plan_block nothing;

	if (says) {
		struct plan_line *line = add_line(a, out, kind);

		line->block = true;
		line->old_block = was;
		line->new_block = is;
	}
	lines_of_clauses(a, was ? was : &nothing, is ? is : &nothing, out);
}

static void removed_blocks(struct arena *a, const struct plan_side *side,
			   const struct items *x, size_t *i, size_t to,
			   struct plan_lines *out)
{
	for (; x->items && *i < to; ++*i)
		if (x->items[*i].partner == NONE)
			lines_of_block(a, PLAN_REMOVED, &side->blocks.items[*i],
				       NULL, true, out);
}

static void lines_of_blocks(struct arena *a, const struct plan_side *was,
			    const struct plan_side *is, struct plan_lines *out)
{
	struct items x = block_items(a, was), y = block_items(a, is);
	size_t at = 0;

	pair_lists(a, &x, &y);
	for (size_t k = 0; k < y.n; k++) {
		const struct item *item = &y.items[k];
		const struct plan_block *now = &is->blocks.items[k], *old;

		if (item->partner == NONE) {
			lines_of_block(a, PLAN_ADDED, NULL, now, true, out);
			continue;
		}
		old = &was->blocks.items[item->partner];
		if (item->in_step || item->near)
			removed_blocks(a, was, &x, &at, item->partner, out);
		lines_of_block(a, item->near ? PLAN_CHANGED : PLAN_MOVED, old,
			       now, !item->in_step, out);
	}
	removed_blocks(a, was, &x, &at, x.n, out);
}

/* Blocks that are not known are one: clauses of all blocks are in it. */
static const struct plan_block *block_of_all(struct arena *a,
					     const struct plan_side *side)
{
	struct plan_block *all = arena_alloc(a, sizeof(*all));

	for (size_t i = 0; i < side->blocks.n; i++)
		for (size_t k = 0; k < side->blocks.items[i].clauses.n; k++) {
			struct plan_clause *to = arena_push(a, &all->clauses);

			*to = side->blocks.items[i].clauses.items[k];
			to->meaning = to->key;
		}
	return all;
}

void plan_clauses(struct arena *a, const struct plan_side *old_side,
		  const struct plan_side *new_side, struct plan_lines *out)
{
	*out = (struct plan_lines){ 0 };
	if (!old_side->policy && old_side->blocks.n)
		lines_of_clauses(a, block_of_all(a, old_side),
				 block_of_all(a, new_side), out);
	else
		lines_of_blocks(a, old_side, new_side, out);
}
