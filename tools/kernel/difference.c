/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "difference.h"
#include "../../rules/base/arena.h"

#include <stdbool.h>
#include <string.h>

/* Bytes of "chain forward.smtp", with which the text begins. */
static size_t difference_object_len(const char *text)
{
	size_t kind = strcspn(text, " \n");
	size_t name = text[kind] ? strcspn(text + kind + 1, " \n") : 0;

	return kind + 1 + name;
}

static bool difference_is_of(const char *a, const char *b)
{
	size_t len = difference_object_len(a);

	return !strncmp(a, b, len) && (b[len] == ' ' || b[len] == '\n');
}

enum presence { ABSENT, DIFFERENT, SAME };

static enum presence difference_look(const char *text,
				     const struct object_texts *in)
{
	enum presence found = ABSENT;

	for (size_t i = 0; i < in->n; i++) {
		if (!strcmp(text, in->items[i]))
			return SAME;
		if (difference_is_of(text, in->items[i]))
			found = DIFFERENT;
	}
	return found;
}

static void difference_add(struct arena *a, const char *kind, const char *text,
			   struct differences *out)
{
	struct difference *d = arena_push(a, out);

	d->kind = kind;
	d->object = arena_strndup(a, text, difference_object_len(text));
}

void differences_find(struct arena *a, const struct object_texts *wanted,
		      const struct object_texts *there, struct differences *out)
{
	for (size_t i = 0; i < wanted->n; i++) {
		enum presence p = difference_look(wanted->items[i], there);

		if (p != SAME)
			difference_add(a, p == ABSENT ? "missing" : "changed",
				       wanted->items[i], out);
	}
	for (size_t i = 0; i < there->n; i++)
		if (difference_look(there->items[i], wanted) == ABSENT)
			difference_add(a, "unexpected", there->items[i], out);
}
