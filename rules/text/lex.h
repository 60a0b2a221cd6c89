/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policy text to tokens. A token borrows from the text, which outlives it.
 * What is no token at all is reported once a run and skipped.
 */
#ifndef MAILWALL_LEX_H
#define MAILWALL_LEX_H

#include "../base/diag.h"

#include <stdbool.h>

enum token_kind {
	TOKEN_WORD,	/* letters digits _ . : / * - + @ % */
	TOKEN_STRING,	/* "..." without the quotes */
	TOKEN_VARIABLE, /* $NAME, without the dollar */
	TOKEN_OPEN,	/* { */
	TOKEN_CLOSE,	/* } */
	TOKEN_EQUALS,	/* = */
	TOKEN_ARROW,	/* -> */
	TOKEN_LINE,	/* the end of a line */
	TOKEN_END,	/* the end of the text; again and again */
};

struct token {
	enum token_kind kind;
	struct span span;
	const char *text; /* not ended by NUL */
	size_t len;
};

struct lexer {
	struct arena *arena;
	struct diags *diags;
	const struct source_text *source;
	size_t at;		/* bytes from the start of the text */
	uint32_t reported_line; /* a bad character was reported there */
	size_t line_start;	/* likewise */
	uint32_t line;
};

void lex_init(struct lexer *lex, struct arena *arena, struct diags *diags,
	      const struct source_text *source);
/* Is it UTF-16? That begins with its mark, or has a NUL beside a letter. */
bool lex_is_wide(const struct source_text *source);
struct token lex_next(struct lexer *lex);

/* How a message names a token: "\"smtp\"", "the end of the line". */
const char *token_describe(struct arena *arena, const struct token *token);

#endif
