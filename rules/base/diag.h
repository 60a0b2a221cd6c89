/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Places in a text, and the mistakes found there. The library never prints: it
 * collects diagnostics, and the program prints them as text or JSON.
 */
#ifndef MAILWALL_DIAG_H
#define MAILWALL_DIAG_H

#include <stddef.h>
#include <stdint.h>

struct arena;

/* One text that was read: a file, or the value of a -D definition. */
struct source_text {
	const char *name;
	const char *text;   /* NULL once a class file was released */
	size_t len;	    /* bytes */
	unsigned int order; /* rank: 0 is the source that was read first */
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
	const char *help;      /* advice: what to write instead; may be NULL */
	const char *reference; /* the document a lint relies on; may be NULL */
};

/* Diagnostics kept; later ones are only counted. */
#define DIAGS_MAX 20000

struct diags {
	struct arena *arena;
	struct diag *items;
	size_t n, cap;
	size_t errors, warnings; /* all of them, kept or not */
	unsigned int sources;	 /* number of sources read so far */
	struct diag spare;	 /* scratch item, returned past DIAGS_MAX */
};

/*
 * Adds a diagnostic and returns it, so that the caller can set help or
 * reference. Never returns NULL. The message is copied into the arena.
 */
struct diag *diag_error(struct diags *d, const struct span *at,
			const char *code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
struct diag *diag_warning(struct diags *d, const struct span *at,
			  const char *code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Sorts by source in the order of reading, then by line and column. */
void diags_sort(struct diags *d);

/*
 * Returns the nearest of n words, or NULL if none is near: at most a third of
 * the letters may be wrong, and a swap of two counts as one.
 */
const char *nearest_word(const char *written, size_t len,
			 const char *const *words, size_t n);
/* Returns "did you mean ...?", or the other text where no word is near. */
const char *did_you_mean(struct arena *arena, const char *written, size_t len,
			 const char *const *words, size_t n,
			 const char *otherwise);
/* The words as a sentence has them: "allow, block or limit". */
const char *diag_list_words(struct arena *arena, const char *const *words,
			    size_t n, const char *last_word);

#endif
