/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the files of the parser: the word at the cursor, and the helpers of
 * statements.
 */
#ifndef MAILWALL_PARSER_H
#define MAILWALL_PARSER_H

#include "habit.h"
#include "lex.h"
#include "parse.h"

#define VARIABLE_BYTES 63 /* longest name of a definition */

#define LIST_MOST      100 /* services, or classes and addresses, of a clause */

#define COUNT(array)   (sizeof(array) / sizeof((array)[0]))

struct variable {
	const char *name;
	const struct token *tokens;
	size_t n;
	bool fixed; /* from the command line: define does not change it */
	bool used;
	bool lax; /* need not be used */
	const struct source_text *source;
};

/* One file that is being read; its includer is below it. */
struct frame {
	struct lexer lex;
	const struct frame *below;
};

struct parser {
	struct arena *arena;
	struct diags *diags;
	const struct policy_input *input;
	struct decl_policy *out;
	struct frame *frame;
	unsigned int depth;
	struct token tok;	      /* token at the cursor */
	const struct token *expanded; /* rest of a $NAME's tokens */
	size_t n_expanded;
	size_t words_expanded; /* expanded words of the whole policy */
	bool from_definition;  /* tok came out of one */
	size_t last_end;       /* end of the word before, in the frame's text */
	unsigned int files;    /* files read so far */
	struct {
		struct variable *items;
		size_t n, cap;
	} variables;
};

/* ---- parser.c ---- */

struct variable *variable_find(struct parser *p, const char *name, size_t len);

/* Moves to the next word; a $NAME is replaced by its tokens. */
void parser_advance(struct parser *p);
bool at_kind(const struct parser *p, enum token_kind kind);
bool at_word(const struct parser *p, const char *word);
bool at_any(const struct parser *p, const char *const *words, size_t n);
bool at_statement_end(const struct parser *p);
bool is_text(const struct parser *p); /* a word or a string */
/* Does the word here come out of a definition? */
bool is_expanded(const struct parser *p);
bool starts_rate(const struct parser *p);

struct word read_word(struct parser *p);
/* Reads a word into out; reports an error if out has one already. */
void read_once(struct parser *p, struct word *out, const char *what);
bool first_time(struct parser *p, const struct word *have,
		const struct span *again);
/* "10/minute per source burst 20", from the rate on. */
void parse_rate(struct parser *p, struct word *rate, struct word *burst);

/* "expected WHAT, found ..."; set help on what it returns. */
struct diag *parser_expected(struct parser *p, const char *what);
void skip_statement(struct parser *p);
void end_statement(struct parser *p);
bool open_brace(struct parser *p, const char *what);
/*
 * Moves to the next item inside braces. False where they end, or where the end
 * is missing, which is reported.
 */
bool next_inside(struct parser *p, const struct span *opened, const char *what);
/* "did you mean ...?" of the word here, or the other text. */
const char *near_help(struct parser *p, const char *const *words, size_t n,
		      const char *otherwise);
/* The same, but for a word that people bring along. */
const char *habit_or_near(struct parser *p, enum habit_place place,
			  const char *const *words, size_t n,
			  const char *otherwise);
/* Ends a span before this word, and folds its text to one line. */
void close_span(struct parser *p, struct span *span, const char **text);

/* ---- parse_block.c: statements, from their keyword to their end ---- */

void parse_outbound(struct parser *p);
void parse_inbound(struct parser *p);
void parse_class(struct parser *p);

/* ---- parse_test.c ---- */

void parse_test(struct parser *p);

#endif
