/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where something was written, and what is wrong with it. The library never
 * prints: it collects, and the program says it as text or as JSON.
 */
#ifndef MAILWALL_DIAG_H
#define MAILWALL_DIAG_H

#include <stddef.h>
#include <stdint.h>

struct arena;

/* One text that was read: a file, or the value of a -D definition. */
struct source_text {
	const char *name;
	const char *text;   /* NULL once a class file was given back */
	size_t len;	    /* bytes */
	unsigned int order; /* in which sources were met */
};

/* A stretch of one line. Line and column count from 1, column in bytes. */
struct span {
	const struct source_text *source; /* NULL: nowhere in particular */
	size_t offset;			  /* bytes from the start of the text */
	uint32_t line, column, len;
	const char *quote; /* the line itself, where text is gone */
};

enum severity { SEVERITY_ERROR, SEVERITY_WARNING };

struct diag {
	enum severity severity;
	const char *code; /* stable, for scripts: "unknown-service" */
	struct span span;
	const char *message;   /* lower case, no full stop */
	const char *help;      /* what instead; may be NULL */
	const char *reference; /* the document a lint relies on; may be NULL */
};

/* Past this many a run only counts: the first ones say what is wrong. */
#define DIAGS_MAX 20000

struct diags {
	struct arena *arena;
	struct diag *items;
	size_t n, cap;
	size_t errors, warnings; /* all of them, kept or not */
	unsigned int sources;	 /* that were met */
	struct diag spare;	 /* stands in for what is not kept */
};

/*
 * Adds one and returns it, to set help or reference; never NULL. The message
 * is copied into the arena.
 */
struct diag *diag_error(struct diags *d, const struct span *at,
			const char *code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
struct diag *diag_warning(struct diags *d, const struct span *at,
			  const char *code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* In the order of the text: by source as first met, line and column. */
void diags_sort(struct diags *d);

/*
 * The nearest of n words to what was written, or NULL if none is near: at most
 * a third of its letters wrong, a swap of two counting as one.
 */
const char *nearest_word(const char *written, size_t len,
			 const char *const *words, size_t n);
/* The help "did you mean ...?", or the other text where no word is near. */
const char *did_you_mean(struct arena *arena, const char *written, size_t len,
			 const char *const *words, size_t n,
			 const char *otherwise);
/* The words as a sentence has them: "allow, block or limit". */
const char *list_words(struct arena *arena, const char *const *words, size_t n,
		       const char *last_word);

#endif
