/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzz targets share. A target states what holds for every input:
 * where it does not, must() says so and ends the run, as a sanitizer does.
 */
#ifndef MAILWALL_FUZZ_H
#define MAILWALL_FUZZ_H

#include "../../rules/base/arena.h"
#include "../../rules/policy/policy.h"
#include "../../tools/option/options.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void must(bool good, const char *claim)
{
	if (good)
		return;
	dprintf(STDERR_FILENO, "not so: %s\n", claim);
	abort();
}

/* Messages are made and go nowhere; libFuzzer took its stderr before. */
static inline int be_silent(void)
{
	stderr = fopen("/dev/null", "w");
	return stderr ? 0 : -1;
}

/* A file that is read from memory. */
struct bytes {
	const char *text;
	size_t len;
};

/* A copy of just that size, so that a byte too far is seen. */
static inline int give_bytes(const struct bytes *b, const char **text,
			     size_t *len)
{
	char *copy = malloc(b->len ? b->len : 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, b->text, b->len);
	*text = copy;
	*len = b->len;
	return 0;
}

static inline void take_back(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	(void)len;
	free((char *)text);
}

#endif
