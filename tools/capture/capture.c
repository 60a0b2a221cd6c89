/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input.h"
#include "../program/program.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct capture *capture_new(void)
{
	return calloc(1, sizeof(struct capture));
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

/* ---- inputs ---- */

void *input_new(size_t size, const struct input_verbs *verbs, const char *name)
{
	struct input *in = calloc(1, size);

	if (in)
		in->name = strdup(name);
	if (!in || !in->name) {
		message_say("out of memory");
		free(in);
		return NULL;
	}
	in->verbs = verbs;
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
	if (c->n == c->cap) {
		size_t cap = c->cap ? 2 * c->cap : 8;
		void *items = realloc(c->items, cap * sizeof(*c->items));

		if (!items) {
			message_say("out of memory");
			input_free(in);
			return EXIT_REFUSED;
		}
		c->items = items;
		c->cap = cap;
	}
	in->number = (uint8_t)(c->n < UINT8_MAX ? c->n : UINT8_MAX);
	c->items[c->n++] = in;
	return EXIT_DONE;
}

const char *capture_name(const struct capture *c, uint8_t input)
{
	/* The last number is of all that come behind it, too. */
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
	const struct input *in = c->items[input];

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
