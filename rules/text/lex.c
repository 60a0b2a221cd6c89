/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lex.h"
#include "glyph.h"
#include "../base/arena.h"

#include <stdbool.h>
#include <string.h>

#define SHOWN_BYTES 40 /* bytes quoted of a word that is too long */

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

bool lex_is_wide(const struct source_text *source)
{
	const char *text = source->text;

	return source->len >= 2 &&
	       (!memcmp(text, "\xff\xfe", 2) || !memcmp(text, "\xfe\xff", 2) ||
		(!text[0] && text[1]) || (text[0] && !text[1]));
}

void lex_init(struct lexer *lex, struct arena *arena, struct diags *diags,
	      const struct source_text *source)
{
	*lex = (struct lexer){
		.arena = arena, .diags = diags, .source = source, .line = 1
	};
	if (source->len >= 3 && !memcmp(source->text, "\xef\xbb\xbf", 3))
		lex->at = 3; /* a byte order mark */
	if (lex_is_wide(source)) {
		struct token t = token_at(lex, TOKEN_END);

		diag_error(diags, &t.span, "bad-encoding", "the file is UTF-16")
			->help = "save it as UTF-8, or run iconv -f utf-16 -t "
				 "utf-8";
		lex->at = source->len;
	}
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

static bool lex_is_utf8(const char *text, size_t len)
{
	while (len) {
		uint32_t code;
		size_t n = glyph_read(text, len, &code);

		if (!n)
			return false;
		text += n;
		len -= n;
	}
	return true;
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
	if (!lex_is_utf8(t.text, t.len))
		diag_error(lex->diags, &t.span, "bad-encoding",
			   "the string is not UTF-8")
			->help = "save the file as UTF-8, or run iconv -f "
				 "latin1 -t utf-8";
	unescape(lex, &t);
	return t;
}

/* ---- what is not of the language ---- */

/* A line that has one such character may have many: the first is reported. */
static void lex_report(struct lexer *lex, const struct token *t, uint32_t code,
		       const struct glyph *g)
{
	struct diag *diag;

	if (lex->reported_line == lex->line)
		return;
	lex->reported_line = lex->line;
	if (!code)
		diag_error(lex->diags, &t->span, "nul-byte",
			   "a NUL byte: this is not a text file");
	else if (!g)
		diag_error(lex->diags, &t->span, "bad-encoding",
			   "byte 0x%02x is not UTF-8", code)
			->help = "save the file as UTF-8";
	else if (!g->name)
		diag_error(
			lex->diags, &t->span, "bad-character",
			code < 0x80 && code > ' ' ?
				"character %1$c has no meaning outside a "
				"string" :
				"character U+%1$04X has no meaning outside a "
				"string",
			code);
	else {
		diag = diag_error(lex->diags, &t->span, "bad-character",
				  code < 0x80 ? "%s has no meaning here" :
						"%s (U+%04X) has no meaning "
						"here",
				  g->name, code);
		diag->help = g->help;
	}
}

/* Reads one, reports it, and goes past it. */
static enum glyph_kind lex_skip(struct lexer *lex)
{
	struct token t = token_at(lex, TOKEN_END);
	const struct glyph *g = NULL;
	uint32_t code;
	size_t n = glyph_read(lex->source->text + lex->at,
			      lex->source->len - lex->at, &code);

	if (n)
		g = glyph_find(code);
	lex->at += n ? n : 1;
	token_close(lex, &t);
	lex_report(lex, &t, code, g);
	return g ? g->kind : GLYPH_NONE;
}

/* The kind of the character at the cursor, which is looked at alone. */
static enum glyph_kind lex_kind(const struct lexer *lex)
{
	uint32_t code;

	if (!glyph_read(lex->source->text + lex->at, lex->source->len - lex->at,
			&code))
		return GLYPH_NONE;
	return glyph_find(code)->kind;
}

/* A string in other quotes ends with any of them, or with its line. */
static struct token lex_quoted(struct lexer *lex)
{
	struct token t = token_at(lex, TOKEN_STRING);
	size_t start;

	lex_skip(lex);
	start = lex->at;
	t.text = lex->source->text + start;
	while (peek(lex) != -1 && peek(lex) != '\n' && peek(lex) != '"' &&
	       lex_kind(lex) != GLYPH_QUOTE)
		lex->at++;
	token_close(lex, &t);
	if (peek(lex) == '"')
		lex->at++;
	else if (lex_kind(lex) == GLYPH_QUOTE)
		lex_skip(lex);
	return t;
}

/* Goes on behind what does not belong in a word: "10.0.0.1", "-", "9". */
static void lex_join(struct lexer *lex, struct token *t, const char *between)
{
	struct token rest;
	const char *first;

	lex_skip(lex);
	rest = lex_word(lex, TOKEN_WORD);
	first = arena_strndup(lex->arena, t->text, t->len);
	t->text = arena_printf(lex->arena, "%s%s%.*s", first, between,
			       (int)rest.len, rest.text);
	t->len = strlen(t->text);
	t->span.len = (uint32_t)(lex->at - t->span.offset);
}

/*
 * A word whose dash was made another by a text processor is one word, and so is
 * "[2001:db8::]/32".
 */
static struct token lex_whole_word(struct lexer *lex)
{
	struct token t = lex_word(lex, TOKEN_WORD);
	const char *text = lex->source->text;

	for (;;) {
		if (peek(lex) >= 0x80 && lex_kind(lex) == GLYPH_DASH)
			lex_join(lex, &t, "-");
		else if (peek(lex) == ']' && lex->at + 1 < lex->source->len &&
			 text[lex->at + 1] == '/')
			lex_join(lex, &t, "");
		else
			return t;
	}
}

static struct token lex_arrow(struct lexer *lex)
{
	struct token t = token_at(lex, TOKEN_ARROW);

	lex->at += 2;
	token_close(lex, &t);
	return t;
}

/* An arrow of one character means what it looks like. */
static struct token lex_arrow_of(struct lexer *lex)
{
	struct token t = token_at(lex, TOKEN_ARROW);
	uint32_t code;

	lex->at += glyph_read(lex->source->text + lex->at,
			      lex->source->len - lex->at, &code);
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
			return lex_whole_word(lex);
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
		if (lex_kind(lex) == GLYPH_QUOTE)
			return lex_quoted(lex);
		if (lex_kind(lex) == GLYPH_ARROW)
			return lex_arrow_of(lex);
		lex_skip(lex);
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
