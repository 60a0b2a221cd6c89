/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lex.h"
#include "../base/arena.h"

#include <stdbool.h>
#include <string.h>

#define SHOWN_BYTES 40 /* bytes quoted of a word that is too long */

void lex_init(struct lexer *lex, struct arena *arena, struct diags *diags,
	      const struct source_text *source)
{
	*lex = (struct lexer){
		.arena = arena, .diags = diags, .source = source, .line = 1
	};
	if (source->len >= 3 && !memcmp(source->text, "\xef\xbb\xbf", 3))
		lex->at = 3; /* a byte order mark */
}

static bool is_alnum(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

static bool lex_is_word(int c)
{
	return is_alnum(c) || (c && strchr("_.:/*-+@%", c));
}

static bool is_blank(int c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The byte at the cursor, or -1 at the end: NUL is a byte like another. */
static int peek(const struct lexer *lex)
{
	if (lex->at == lex->source->len)
		return -1;
	return (unsigned char)lex->source->text[lex->at];
}

static struct token token_at(const struct lexer *lex, enum token_kind kind)
{
	return (struct token){
		.kind = kind,
		.text = lex->source->text + lex->at,
		.span = { .source = lex->source,
			  .offset = lex->at,
			  .line = lex->line,
			  .column = (uint32_t)(lex->at - lex->line_start) + 1,
			  .len = 1 },
	};
}

static void token_close(const struct lexer *lex, struct token *t)
{
	t->span.len = (uint32_t)(lex->at - t->span.offset);
	t->len = lex->at - (size_t)(t->text - lex->source->text);
}

static bool lex_is_arrow(const struct lexer *lex)
{
	return peek(lex) == '-' && lex->at + 1 < lex->source->len &&
	       lex->source->text[lex->at + 1] == '>';
}

static struct token lex_word(struct lexer *lex, enum token_kind kind)
{
	struct token t = token_at(lex, kind);

	while (lex->at < lex->source->len && lex_is_word(peek(lex)) &&
	       !lex_is_arrow(lex))
		lex->at++;
	token_close(lex, &t);
	return t;
}

static struct token lex_variable(struct lexer *lex)
{
	struct token t = token_at(lex, TOKEN_VARIABLE);

	lex->at++;
	t.text++;
	while (lex->at < lex->source->len &&
	       (is_alnum(peek(lex)) || peek(lex) == '_'))
		lex->at++;
	token_close(lex, &t);
	return t;
}

/* Escapes are rare: only a string that has one is copied. */
static void unescape(struct lexer *lex, struct token *t)
{
	char *copy;
	size_t n = 0;

	if (!memchr(t->text, '\\', t->len))
		return;
	copy = arena_alloc(lex->arena, t->len + 1);
	for (size_t i = 0; i < t->len; i++) {
		if (t->text[i] == '\\' && i + 1 < t->len &&
		    (t->text[i + 1] == '"' || t->text[i + 1] == '\\'))
			i++;
		copy[n++] = t->text[i];
	}
	t->text = copy;
	t->len = n;
}

/* A backslash in front of a quote or of another one. */
static bool is_escape(const struct lexer *lex)
{
	const char *text = lex->source->text + lex->at;

	return lex->at + 1 < lex->source->len && *text == '\\' &&
	       (text[1] == '"' || text[1] == '\\');
}

static struct token lex_string(struct lexer *lex)
{
	struct token t = token_at(lex, TOKEN_STRING);
	bool clean = true;

	lex->at++;
	t.text++;
	while (peek(lex) != -1 && peek(lex) != '\n' && peek(lex) != '"') {
		if (is_escape(lex))
			lex->at++;
		else if (peek(lex) < ' ' || peek(lex) == 0x7f)
			clean = peek(lex) == '\t' && clean;
		lex->at++;
	}
	token_close(lex, &t);
	if (peek(lex) == '"') {
		lex->at++;
		t.span.len++;
	} else {
		diag_error(lex->diags, &t.span, "string-not-closed",
			   "the string is not closed on its line")
			->help = "end it with \"";
	}
	if (!clean)
		diag_error(lex->diags, &t.span, "control-character",
			   "the string holds a control character");
	unescape(lex, &t);
	return t;
}

/* One report for a run of bytes that mean nothing here. */
static void skip_garbage(struct lexer *lex)
{
	struct token t = token_at(lex, TOKEN_END);
	bool nul = false;
	int c;

	while ((c = peek(lex)) != -1 && !lex_is_word(c) && !is_blank(c) &&
	       !strchr("\n{}=\"$#", c ? c : 1)) {
		nul = nul || !c;
		lex->at++;
	}
	token_close(lex, &t);
	if (nul)
		diag_error(lex->diags, &t.span, "nul-byte",
			   "a NUL byte: this is not a text file");
	else if (*t.text == ';')
		diag_error(lex->diags, &t.span, "bad-character",
			   "\";\" separates nothing here")
			->help = "write one decision a line";
	else if (*t.text == ',')
		diag_error(lex->diags, &t.span, "bad-character",
			   "\",\" separates nothing here")
			->help = "separate words with blanks";
	else
		diag_error(lex->diags, &t.span, "bad-character",
			   "byte 0x%02x has no meaning outside a string",
			   (unsigned char)*t.text);
}

static struct token lex_arrow(struct lexer *lex)
{
	struct token t = token_at(lex, TOKEN_ARROW);

	lex->at += 2;
	token_close(lex, &t);
	return t;
}

static struct token lex_one(struct lexer *lex, enum token_kind kind)
{
	struct token t = token_at(lex, kind);

	lex->at++;
	token_close(lex, &t);
	if (kind == TOKEN_LINE) {
		lex->line++;
		lex->line_start = lex->at;
	}
	return t;
}

struct token lex_next(struct lexer *lex)
{
	for (;;) {
		int c = peek(lex);

		if (c == -1)
			return token_at(lex, TOKEN_END);
		if (is_blank(c)) {
			lex->at++;
			continue;
		}
		if (c == '#') {
			while (peek(lex) != -1 && peek(lex) != '\n')
				lex->at++;
			continue;
		}
		if (lex_is_arrow(lex))
			return lex_arrow(lex);
		if (lex_is_word(c))
			return lex_word(lex, TOKEN_WORD);
		switch (c) {
		case '\n':
			return lex_one(lex, TOKEN_LINE);
		case '{':
			return lex_one(lex, TOKEN_OPEN);
		case '}':
			return lex_one(lex, TOKEN_CLOSE);
		case '=':
			return lex_one(lex, TOKEN_EQUALS);
		case '"':
			return lex_string(lex);
		case '$':
			return lex_variable(lex);
		}
		skip_garbage(lex);
	}
}

const char *token_describe(struct arena *arena, const struct token *token)
{
	switch (token->kind) {
	case TOKEN_WORD:
	case TOKEN_STRING:
	case TOKEN_VARIABLE:
		if (token->len > SHOWN_BYTES)
			return arena_printf(arena, "\"%.*s...\" (%zu bytes)",
					    SHOWN_BYTES, token->text,
					    token->len);
		return arena_printf(arena, "\"%.*s\"", (int)token->len,
				    token->text);
	case TOKEN_OPEN:
		return "\"{\"";
	case TOKEN_CLOSE:
		return "\"}\"";
	case TOKEN_EQUALS:
		return "\"=\"";
	case TOKEN_ARROW:
		return "\"->\"";
	case TOKEN_LINE:
		return "the end of the line";
	case TOKEN_END:
		return "the end of the file";
	}
	return "";
}
