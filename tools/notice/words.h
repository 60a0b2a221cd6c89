/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What customers read, in their language. A translation is a file that a
 * translator can edit, LANG.words:
 *
 *     # a comment
 *     page.title = Which mail ports are blocked
 *     page.intro = A long text goes on in lines
 *         that are indented.
 *
 * A {name} stands for what the program puts there. Which keys there are, and
 * what each may name, stands in words_keys.h. What a translation lacks is
 * said in English, and English has to have all of it.
 *
 * The files are in DATADIR/lang, or where MAILWALL_LANG_DIR says.
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
 * "pt_BR", "pt-BR" and "pt_BR.UTF-8" are one. Where there is no file for the
 * country the language is taken, and a language without a file has that of
 * its first country: es_AR is es, and pt is pt_BR. NULL and "C" are English.
 *
 * Returns 0, -EINVAL for a language that is not there, -EBADMSG for files with
 * mistakes, or another -errno. Every mistake is a sentence for say().
 */
int words_load(const char *name, struct lang **out,
	       void (*say)(void *ctx, const char *sentence), void *ctx);
void words_free(struct lang *l);

/* As HTML has it: "pt-BR". */
const char *words_tag(const struct lang *l);
/* What the translation has of the keys; the rest is English. */
size_t words_translated(const struct lang *l);

/* ---- texts ---- */

struct words_value {
	const char *name, *text;
};
/* WORDS({ "port", "25" }, { "service", "mail" }) */
#define WORDS(...) ((const struct words_value[]){ __VA_ARGS__, { NULL, NULL } })

enum words_form {
	WORDS_TEXT, /* nothing steers the terminal */
	WORDS_HTML, /* and nothing is markup */
};

/* values: NULL, or up to one without a name. What they lack stays as {name}. */
char *words_text(struct arena *a, const struct lang *l, enum word_key key,
		 const struct words_value *values);
void words_print(FILE *out, const struct lang *l, enum word_key key,
		 enum words_form form, const struct words_value *values);
/* "port 25 (mail from one mail server to another)", "port 2526" */
char *words_port(struct arena *a, const struct lang *l, uint16_t port);
/* The service as a way to send or read mail: "port 587 with STARTTLS" */
char *words_instead(struct arena *a, const struct lang *l,
		    const struct service *s);
/* "a, b and c"; of none it is "". */
char *words_list(struct arena *a, const struct lang *l,
		 const char *const *items, size_t n);
/* Any text, from a policy or from words_text(). NULL: nothing. */
void words_put(FILE *out, const char *text, enum words_form form);

/*
 * Plain text in lines of at most 72 columns: first stands before the first
 * line, rest before the others.
 */
void words_wrap(FILE *out, const char *first, const char *rest,
		const char *text);

#endif
