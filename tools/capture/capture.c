/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../rules/base/arena.h"
#include "capture_priv.h"
#include "capture_read.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SENTENCE_BYTES 1024

struct capture *capture_new(capture_problem_fn *problem, void *ctx)
{
	struct capture *c = calloc(1, sizeof(*c));

	if (c) {
		c->problem = problem;
		c->ctx = ctx;
	}
	return c;
}

void capture_free(struct capture *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++)
		input_free(c->items[i]);
	free(c->items);
	free(c);
}

/* ---- what goes wrong ---- */

int capture_fail(struct capture *c, int error, const char *fmt, ...)
{
	char sentence[SENTENCE_BYTES];
	va_list args;

	va_start(args, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, args);
	va_end(args);
	c->problem(c->ctx, sentence);
	return error;
}

void capture_note(struct capture *c, int error)
{
	if (error && (!c->error || c->error == -EINVAL))
		c->error = error;
}

/* ---- inputs ---- */

void *input_new(struct capture *c, size_t size, const struct input_verbs *verbs,
		const char *name)
{
	struct input *in = calloc(1, size);

	if (in)
		in->name = strdup(name);
	if (!in || !in->name) {
		capture_fail(c, -ENOMEM, "out of memory");
		free(in);
		return NULL;
	}
	in->verbs = verbs;
	in->capture = c;
	return in;
}

void input_free(struct input *in)
{
	in->verbs->free(in);
	free(in->name);
	free(in);
}

int capture_add(struct capture *c, struct input *in)
{
	struct input **items =
		list_grow(c->items, c->n, &c->cap, sizeof(*items));

	if (!items) {
		input_free(in);
		return capture_fail(c, -ENOMEM, "out of memory");
	}
	c->items = items;
	in->number = (uint8_t)(c->n < UINT8_MAX ? c->n : UINT8_MAX);
	c->items[c->n++] = in;
	return 0;
}

const char *capture_name(const struct capture *c, uint8_t input)
{
	/* Inputs behind the last number share it. */
	if (input == UINT8_MAX && c->n > UINT8_MAX + 1)
		return "other files";
	return input < c->n ? c->items[input]->name : "?";
}

/* ---- while it runs ---- */

size_t capture_n(const struct capture *c)
{
	return c->n;
}

int capture_fd(const struct capture *c, size_t input)
{
	const struct input *in = c->items[input];

	return in->verbs->fd ? in->verbs->fd(in) : -1;
}

int capture_read(struct capture *c, size_t input, frame_fn *fn, void *ctx)
{
	struct input *in = c->items[input];

	if (!in->verbs->read)
		return -EINVAL;
	in->fn = fn;
	in->ctx = ctx;
	return in->verbs->read(in);
}

bool capture_is_gone(const struct capture *c, size_t input)
{
	struct input *in = c->items[input];

	return in->verbs->is_gone && in->verbs->is_gone(in);
}

void capture_loss(struct capture *c, size_t input, struct capture_loss *out)
{
	struct input *in = c->items[input];

	if (in->verbs->count_lost)
		in->verbs->count_lost(in);
	*out = (struct capture_loss){
		.lost = in->lost,
		.exact = in->exact,
		.blocked = in->blocked,
	};
}
