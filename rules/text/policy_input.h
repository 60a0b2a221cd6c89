/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The world as policy_load() sees it. The library opens no file and reads no
 * clock: the caller does, through these functions, which return 0 or -errno.
 */
#ifndef MAILWALL_POLICY_INPUT_H
#define MAILWALL_POLICY_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct definition {
	const char *name, *value;
	const char *from; /* "definitions.conf:3"; NULL: a command line */
	bool lax;	  /* a policy that does not ask for it is no mistake */
};

struct policy_input {
	void *ctx; /* passed to each function */
	/* Gives the whole text of a file, unchanged until its release. */
	int (*read)(void *ctx, const char *path, const char **text,
		    size_t *len);
	void (*release)(void *ctx, const char *text, size_t len);
	/* Gives the number of a name; -ENOENT if this machine has none. */
	int (*user)(void *ctx, const char *name, uint32_t *id);
	int (*group)(void *ctx, const char *name, uint32_t *id);
	int32_t today; /* days since 1970-01-01, for the review date */
	const struct definition *definitions; /* -D, which win over define */
	size_t n_definitions;
};

#endif
