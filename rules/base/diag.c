/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "diag.h"
#include "arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 5, 0))) static struct diag *
diag_new(struct diags *d, enum severity severity, const struct span *at,
	 const char *code, const char *fmt, va_list args)
{
	va_list again;
	struct diag *item;
	char *text;
	int len;

	if (severity == SEVERITY_ERROR)
		d->errors++;
	else
		d->warnings++;
	if (d->n == DIAGS_MAX)
		return &d->spare;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	text = arena_alloc(d->arena, (size_t)len + 1);
	vsnprintf(text, (size_t)len + 1, fmt, args);

	item = arena_push(d->arena, d);
	item->severity = severity;
	item->code = code;
	item->message = text;
	if (at)
		item->span = *at;
	return item;
}

struct diag *diag_error(struct diags *d, const struct span *at,
			const char *code, const char *fmt, ...)
{
	va_list args;
	struct diag *item;

	va_start(args, fmt);
	item = diag_new(d, SEVERITY_ERROR, at, code, fmt, args);
	va_end(args);
	return item;
}

struct diag *diag_warning(struct diags *d, const struct span *at,
			  const char *code, const char *fmt, ...)
{
	va_list args;
	struct diag *item;

	va_start(args, fmt);
	item = diag_new(d, SEVERITY_WARNING, at, code, fmt, args);
	va_end(args);
	return item;
}

static int diag_compare(const void *pa, const void *pb)
{
	const struct diag *a = pa, *b = pb;
	const struct source_text *sa = a->span.source, *sb = b->span.source;

	if (!sa || !sb)
		return sa ? -1 : sb ? 1 : 0;
	if (sa->order != sb->order)
		return sa->order < sb->order ? -1 : 1;
	if (a->span.line != b->span.line)
		return a->span.line < b->span.line ? -1 : 1;
	if (a->span.column != b->span.column)
		return a->span.column < b->span.column ? -1 : 1;
	return strcmp(a->code, b->code);
}

void diags_sort(struct diags *d)
{
	if (d->n)
		qsort(d->items, d->n, sizeof(*d->items), diag_compare);
}

#define WORD_MAX 31

static size_t diag_least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Damerau's distance, restricted: row by row, the last three rows kept. */
static size_t distance(const char *a, size_t alen, const char *b, size_t blen)
{
	size_t rows[3][WORD_MAX + 2];
	size_t *prev2 = rows[0], *prev = rows[1], *cur = rows[2];

	for (size_t j = 0; j <= blen; j++)
		prev[j] = j;
	for (size_t i = 1; i <= alen; i++) {
		cur[0] = i;
		for (size_t j = 1; j <= blen; j++) {
			size_t same = a[i - 1] == b[j - 1] ? 0 : 1;

			cur[j] = diag_least(diag_least(prev[j], cur[j - 1]) + 1,
					    prev[j - 1] + same);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				cur[j] = diag_least(cur[j], prev2[j - 2] + 1);
		}
		size_t *oldest = prev2;

		prev2 = prev;
		prev = cur;
		cur = oldest;
	}
	return prev[blen];
}

const char *nearest_word(const char *written, size_t len,
			 const char *const *words, size_t n)
{
	const char *best = NULL;
	size_t best_distance = len < 6 ? 1 : len / 3;

	if (len > WORD_MAX)
		return NULL;
	if (best_distance > 3)
		best_distance = 3;
	for (size_t i = 0; i < n; i++) {
		size_t wlen = strlen(words[i]);
		size_t d;

		if (wlen > WORD_MAX)
			continue;
		d = distance(written, len, words[i], wlen);
		if (d && d < len &&
		    (d < best_distance || (d == best_distance && !best))) {
			best = words[i];
			best_distance = d;
		}
	}
	return best;
}

const char *did_you_mean(struct arena *arena, const char *written, size_t len,
			 const char *const *words, size_t n,
			 const char *otherwise)
{
	const char *near = nearest_word(written, len, words, n);

	return near ? arena_printf(arena, "did you mean \"%s\"?", near) :
		      otherwise;
}

const char *diag_list_words(struct arena *arena, const char *const *words,
			    size_t n, const char *last_word)
{
	const char *list = n ? words[0] : "";

	for (size_t i = 1; i < n; i++)
		list = i + 1 < n ?
			       arena_printf(arena, "%s, %s", list, words[i]) :
			       arena_printf(arena, "%s %s %s", list, last_word,
					    words[i]);
	return list;
}
