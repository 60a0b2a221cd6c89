/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects of a table that are not as they were loaded. */
#ifndef MAILWALL_DIFFERENCE_H
#define MAILWALL_DIFFERENCE_H

#include <stddef.h>

struct arena;

struct difference {
	const char *kind;   /* "missing", "unexpected", "changed" */
	const char *object; /* "chain forward.smtp" */
};

struct differences {
	struct difference *items;
	size_t n, cap;
};

/* Canonical texts of objects, one for each. */
struct object_texts {
	char *const *items;
	size_t n;
};

/* Adds what differs; texts are in the arena. */
void differences_find(struct arena *a, const struct object_texts *wanted,
		      const struct object_texts *there,
		      struct differences *out);

#endif
