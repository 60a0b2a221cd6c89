/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts for customers, in their language. A translation is a file that a
 * translator can edit, LANG.words:
 *
 *     # a comment
 *     page.title = Which mail ports are blocked
 *     page.intro = A long text goes on in lines
 *         that are indented.
 *
 * A {name} is a placeholder that the program fills in. The keys and their
 * placeholders stand in words_keys.h. A key that a translation lacks is in
 * English; English has to have all of them.
 *
 * The files are in the folder of MAILWALL_LANG_DIR, else in tools/notice/lang
 * beside the program, else in DATADIR/lang.
 */
#ifndef MAILWALL_WORDS_H
#define MAILWALL_WORDS_H

#include "words_keys.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* ---- a language ---- */

struct lang;

/*
 * Loads a language. "pt_BR", "pt-BR" and "pt_BR.UTF-8" are the same; NULL and
 * "C" are English. A country without a file has the file of its language, and a
 * language without one that of its first country: es_AR is es, and pt is pt_BR.
 *
 * Returns 0, -EINVAL for an unknown language, -EBADMSG for files with mistakes,
 * or another -errno. say() is called with each mistake; NULL: not wanted.
 */
int words_load(const char *name, struct lang **out,
	       void (*say)(void *ctx, const char *sentence), void *ctx);
void words_free(struct lang *l);

/* The tag of the language for HTML: "pt-BR". */
const char *words_tag(const struct lang *l);
/* The number of keys that are translated; the rest is English. */
size_t words_translated(const struct lang *l);

/* ---- texts ---- */

struct words_value {
	const char *name, *text;
};
/* WORDS({ "port", "25" }, { "service", "mail" }) */
#define WORDS(...) ((const struct words_value[]){ __VA_ARGS__, { NULL, NULL } })

enum words_form {
	WORDS_TEXT, /* without control characters */
	WORDS_HTML, /* and escaped */
};

/*
 * Fills a text in. values ends with one without a name; NULL: none. A
 * placeholder without a value stays as {name}.
 */
char *words_text(struct arena *a, const struct lang *l, enum word_key key,
		 const struct words_value *values);
/* Prints a text, filled in in the same way. */
void words_print(FILE *out, const struct lang *l, enum word_key key,
		 enum words_form form, const struct words_value *values);
/*
 * Describes a port: "port 25 (mail from one mail server to another)", "port
 * 2526".
 */
char *words_port(struct arena *a, const struct lang *l, uint16_t port);
/*
 * Describes a service as a way to send or read mail: "port 587 with STARTTLS".
 */
char *words_instead(struct arena *a, const struct lang *l,
		    const struct service *s);
/* Joins items: "a, b and c", or "". */
char *words_list(struct arena *a, const struct lang *l,
		 const char *const *items, size_t n);
/* Prints any text, from a policy or from words_text(). NULL: nothing. */
void words_put(FILE *out, const char *text, enum words_form form);

/*
 * Prints plain text in lines of at most 72 columns: first stands before the
 * first line, rest before the others.
 */
void words_wrap(FILE *out, const char *first, const char *rest,
		const char *text);

#endif
