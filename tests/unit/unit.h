/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the unit tests share: claims, vectors that say what went in and what
 * came out, and a small world of texts and users for policies to be read from.
 */
#ifndef MAILWALL_UNIT_H
#define MAILWALL_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <time.h>

#include <cmocka.h>

#include "../../rules/base/addr.h"
#include "../../rules/base/arena.h"
#include "../../rules/policy/policy.h"
#include "../../tools/option/options.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- claims ---- */

static unsigned int failures; /* of the claim that is being tested */

/*
 * The claim is a test's first line and its name in the report. Its vectors are
 * all tried; one that fails fails the test at the end.
 */
#define CLAIM(fn, text)                                                        \
	static void fn(void);                                                  \
	static const char fn##_claim[] = text;                                 \
	static void fn##_test(void **state)                                    \
	{                                                                      \
		(void)state;                                                   \
		failures = 0;                                                  \
		fn();                                                          \
		if (failures)                                                  \
			fail_msg("%u of its vectors failed", failures);        \
	}                                                                      \
	static void fn(void)

/* A row of the table of tests. */
#define CLAIMED(fn)                                                            \
	{                                                                      \
		fn##_claim, fn##_test, NULL, NULL, NULL                        \
	}

/* Says what went in and what came out, if that is not good. */
static inline __attribute__((format(printf, 2, 3))) bool
expect(bool good, const char *fmt, ...)
{
	char text[4096];
	va_list args;

	if (good)
		return true;
	failures++;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	print_error("vector: %s\n", text);
	return false;
}

static inline bool expect_text(const char *in, const char *got,
			       const char *want)
{
	return expect(!strcmp(got, want),
		      "in \"%s\"\n    got  \"%s\"\n    "
		      "want \"%s\"",
		      in, got, want);
}

static inline bool expect_number(const char *in, unsigned long long got,
				 unsigned long long want)
{
	return expect(got == want, "in \"%s\" got %llu want %llu", in, got,
		      want);
}

/* ---- a text that grows ---- */

struct text {
	char *bytes;
	size_t n;
	FILE *file;
};

static inline FILE *text_open(struct text *t)
{
	*t = (struct text){ 0 };
	t->file = open_memstream(&t->bytes, &t->n);
	assert_non_null(t->file);
	return t->file;
}

static inline const char *text_done(struct text *t)
{
	assert_int_equal(fclose(t->file), 0);
	return t->bytes;
}

/* ---- numbers by chance, the same at every run ---- */

static inline uint64_t chance(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static inline double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- a world to read policies in ---- */

struct text_file {
	const char *name, *text;
	size_t len; /* 0: up to the NUL */
};

struct world {
	const struct text_file *files;
	size_t n_files;
	const struct definition *definitions;
	size_t n_definitions;
	size_t reads, open; /* texts given out, and not yet given back */
};

/* A copy: what is read after its release shows in the sanitizer. */
static inline int world_read(void *ctx, const char *path, const char **text,
			     size_t *len)
{
	struct world *w = ctx;

	for (size_t i = 0; i < w->n_files && w->files[i].name; i++) {
		const struct text_file *f = &w->files[i];
		char *copy;

		if (strcmp(f->name, path))
			continue;
		*len = f->len ? f->len : strlen(f->text);
		copy = malloc(*len + 1);
		assert_non_null(copy);
		*text = memcpy(copy, f->text, *len);
		w->reads++;
		w->open++;
		return 0;
	}
	return -ENOENT;
}

static inline void world_release(void *ctx, const char *text, size_t len)
{
	struct world *w = ctx;

	(void)len;
	w->open--;
	free((char *)text);
}

static inline int world_user(void *ctx, const char *name, uint32_t *id)
{
	(void)ctx;
	if (!strcmp(name, "alice"))
		*id = 1000;
	else if (!strcmp(name, "postfix"))
		*id = 101;
	else
		return -ENOENT;
	return 0;
}

static inline int world_group(void *ctx, const char *name, uint32_t *id)
{
	(void)ctx;
	if (strcmp(name, "mail"))
		return -ENOENT;
	*id = 8;
	return 0;
}

#define TODAY 20000 /* 2024-10-04 */

/* A policy that can be read; it may still have errors. */
static inline struct policy *world_policy(struct world *w, const char *path)
{
	struct policy_input input = {
		.ctx = w,
		.read = world_read,
		.release = world_release,
		.user = world_user,
		.group = world_group,
		.today = TODAY,
		.definitions = w->definitions,
		.n_definitions = w->n_definitions,
	};
	struct policy *p;
	int error = policy_load(&input, path, &p);

	if (error)
		fail_msg("cannot load %s: %s", path, strerror(-error));
	assert_int_equal(w->open, 0);
	return p;
}

static inline struct policy *text_policy_bytes(const char *text, size_t len)
{
	struct text_file file = { "main", text, len };
	struct world w = { .files = &file, .n_files = 1 };

	return world_policy(&w, "main");
}

static inline struct policy *text_policy(const char *text)
{
	return text_policy_bytes(text, strlen(text));
}

/* A policy without errors. */
static inline struct policy *good_policy(const char *text)
{
	struct policy *p = text_policy(text);

	if (p->diags.errors)
		fail_msg("in \"%s\" line %u: %s", text,
			 p->diags.items[0].span.line,
			 p->diags.items[0].message);
	return p;
}

/* Five lines that nothing is wrong with. */
#define HEADER_OF(name, hook)                                                  \
	"policy " name "\n"                                                    \
	"purpose \"a test\"\n"                                                 \
	"contact \"nobody\"\n"                                                 \
	"review 2030-01-01\n"                                                  \
	"hook " hook "\n"
#define HEADER HEADER_OF("p", "forward")

#endif
