/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parser.h"
#include "../base/arena.h"

#include <stdint.h>
#include <string.h>

#define EXPANDED_MOST 1000000 /* words that $NAMEs stand for */

/* ---- tokens, with $NAME replaced ---- */

struct variable *variable_find(struct parser *p, const char *name, size_t len)
{
	for (size_t i = 0; i < p->variables.n; i++) {
		struct variable *v = &p->variables.items[i];

		if (strlen(v->name) == len && !memcmp(v->name, name, len))
			return v;
	}
	return NULL;
}

/* Definitions of definitions grow without measure; said once. */
static void too_much(struct parser *p, const struct token *t)
{
	if (p->words_expanded < SIZE_MAX / 2)
		diag_error(p->diags, &t->span, "too-many",
			   "definitions stand for more than %d words",
			   EXPANDED_MOST)
			->help = "put them into a file, and the file into a "
				 "class";
	p->words_expanded = SIZE_MAX / 2;
}

static void expand(struct parser *p, const struct token *t)
{
	struct variable *v = variable_find(p, t->text, t->len);

	if (v) {
		v->used = true;
		p->words_expanded += v->n;
		if (p->words_expanded > EXPANDED_MOST) {
			too_much(p, t);
			return;
		}
		p->expanded = v->tokens;
		p->n_expanded = v->n;
		return;
	}
	if (t->len == 0 || t->len > VARIABLE_BYTES) {
		diag_error(p->diags, &t->span, "bad-definition-name",
			   "\"$\" needs a name of 1 to %d letters and digits "
			   "behind it",
			   VARIABLE_BYTES);
		return;
	}
	diag_error(p->diags, &t->span, "undefined", "$%.*s is not defined",
		   (int)t->len, t->text)
		->help =
		arena_printf(p->arena,
			     "write \"define %.*s = ...\" above, or "
			     "give -D %.*s=...",
			     (int)t->len, t->text, (int)t->len, t->text);
}

void parser_advance(struct parser *p)
{
	if (!p->from_definition && !at_kind(p, TOKEN_LINE) &&
	    !at_kind(p, TOKEN_END))
		p->last_end = p->tok.span.offset + p->tok.span.len;
	for (;;) {
		p->from_definition = p->n_expanded;
		if (p->n_expanded) {
			p->n_expanded--;
			p->tok = *p->expanded++;
			return;
		}
		p->tok = lex_next(&p->frame->lex);
		if (p->tok.kind != TOKEN_VARIABLE)
			return;
		p->last_end = p->tok.span.offset + p->tok.span.len;
		expand(p, &p->tok);
	}
}

bool at_kind(const struct parser *p, enum token_kind kind)
{
	return p->tok.kind == kind;
}

bool at_word(const struct parser *p, const char *word)
{
	return p->tok.kind == TOKEN_WORD && strlen(word) == p->tok.len &&
	       !memcmp(word, p->tok.text, p->tok.len);
}

/* Does the word here come out of a definition? */
bool is_expanded(const struct parser *p)
{
	return p->from_definition;
}

bool at_statement_end(const struct parser *p)
{
	return at_kind(p, TOKEN_LINE) || at_kind(p, TOKEN_END) ||
	       at_kind(p, TOKEN_CLOSE);
}

struct word read_word(struct parser *p)
{
	struct word w = {
		.text = arena_strndup(p->arena, p->tok.text, p->tok.len),
		.span = p->tok.span,
		.quoted = p->tok.kind == TOKEN_STRING,
	};

	parser_advance(p);
	return w;
}

bool is_text(const struct parser *p)
{
	return at_kind(p, TOKEN_WORD) || at_kind(p, TOKEN_STRING);
}

struct diag *parser_expected(struct parser *p, const char *what)
{
	struct diag *d = diag_error(p->diags, &p->tok.span, "expected",
				    "expected %s, found %s", what,
				    token_describe(p->arena, &p->tok));

	if (at_kind(p, TOKEN_EQUALS))
		d->help = "leave out \"=\"";
	return d;
}

/* The rest of the statement is not worth reading. */
void skip_statement(struct parser *p)
{
	p->n_expanded = 0;
	while (!at_statement_end(p))
		parser_advance(p);
}

void end_statement(struct parser *p)
{
	if (at_statement_end(p))
		return;
	diag_error(p->diags, &p->tok.span, "unexpected",
		   "%s is too much here: the statement was complete",
		   token_describe(p->arena, &p->tok));
	skip_statement(p);
}

/* A statement given twice: the first one stays. */
bool first_time(struct parser *p, const struct word *have,
		const struct span *again)
{
	if (!have->text)
		return true;
	diag_error(p->diags, again, "repeated",
		   "this is said already, in line %u", have->span.line);
	return false;
}

void read_once(struct parser *p, struct word *out, const char *what)
{
	struct word w;

	if (!is_text(p)) {
		parser_expected(p, what);
		skip_statement(p);
		return;
	}
	w = read_word(p);
	if (first_time(p, out, &w.span))
		*out = w;
}

/* ---- words of the grammar ---- */

static const char *const reserved[] = {
	"policy", "purpose",	"contact",  "review",  "mode",	   "hook",
	"log",	  "include",	"define",   "class",   "outbound", "inbound",
	"watch",  "from",	"to",	    "user",    "group",	   "reset",
	"reject", "drop",	"and",	    "replies", "per",	   "source",
	"burst",  "dynamic",	"users",    "size",    "file",	   "interface",
	"any",	  "private",	"internet", "flagged", "snaplen",  "threshold",
	"rate",	  "quarantine", "warmup",   "unless",
};

bool is_reserved(const char *word)
{
	for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
		if (!strcmp(reserved[i], word))
			return true;
	return action_by_word(word, strlen(word)) != ACTION_N;
}

bool at_any(const struct parser *p, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (at_word(p, words[i]))
			return true;
	return false;
}

/* "10/minute per source burst 20", from the rate on. */
void parse_rate(struct parser *p, struct word *rate, struct word *burst)
{
	read_once(p, rate, "a rate like 10/minute");
	if (!at_word(p, "per")) {
		parser_expected(p, "\"per source\" after the rate")->help =
			"a limit counts each source for itself; write "
			"\"10/minute per source\"";
		skip_statement(p);
		return;
	}
	parser_advance(p);
	if (!at_word(p, "source")) {
		parser_expected(p, "\"source\" after \"per\"");
		skip_statement(p);
		return;
	}
	parser_advance(p);
	if (at_word(p, "burst")) {
		parser_advance(p);
		read_once(p, burst, "a number of connections after \"burst\"");
	}
}

/* Digits, a slash and a letter: a prefix has a digit there. */
bool starts_rate(const struct parser *p)
{
	size_t digits = 0;

	while (digits < p->tok.len && p->tok.text[digits] >= '0' &&
	       p->tok.text[digits] <= '9')
		digits++;
	return at_kind(p, TOKEN_WORD) && digits && digits + 1 < p->tok.len &&
	       p->tok.text[digits] == '/' && p->tok.text[digits + 1] >= 'a' &&
	       p->tok.text[digits + 1] <= 'z' &&
	       !habit_help(p->arena, HABIT_SERVICE, p->tok.text, p->tok.len);
}

/* The text from one place to another, with one blank for many. */
static const char *fold_text(struct parser *p, size_t start, size_t end)
{
	const char *text = p->frame->lex.source->text;
	char *out = arena_alloc(p->arena, end - start + 1);
	size_t n = 0;

	for (size_t i = start; i < end; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c > ' ')
			out[n++] = (char)c;
		else if (n && out[n - 1] != ' ')
			out[n++] = ' ';
	}
	out[n] = '\0';
	return out;
}

void close_span(struct parser *p, struct span *span, const char **text)
{
	span->len = (uint32_t)(p->last_end - span->offset);
	*text = fold_text(p, span->offset, p->last_end);
}

/*
 * Goes on where a block was meant to open: behind the brace of this line, or at
 * its first clause, if the brace is missing.
 */
static bool find_brace(struct parser *p)
{
	if (at_any(p, action_words, ACTION_N))
		return true;
	while (!at_kind(p, TOKEN_LINE) && !at_kind(p, TOKEN_END) &&
	       !at_kind(p, TOKEN_OPEN))
		parser_advance(p);
	if (!at_kind(p, TOKEN_OPEN))
		return false;
	parser_advance(p);
	return true;
}

bool open_brace(struct parser *p, const char *what)
{
	struct diag *d;

	while (at_kind(p, TOKEN_LINE))
		parser_advance(p);
	if (at_kind(p, TOKEN_OPEN)) {
		parser_advance(p);
		return true;
	}
	d = parser_expected(
		p, arena_printf(p->arena, "\"{\" to open the %s", what));
	if (!d->help && at_kind(p, TOKEN_WORD))
		d->help = habit_help(p->arena, HABIT_MEMBER, p->tok.text,
				     p->tok.len);
	return find_brace(p);
}

/*
 * A block that goes on into the next statement was never closed. Only words
 * that cannot stand inside count.
 */
static bool brace_is_missing(struct parser *p, const struct span *opened,
			     const char *what)
{
	static const char *const outer[] = { "policy", "class",	  "outbound",
					     "watch",  "hook",	  "define",
					     "test",   "include", "inbound" };

	if (!at_kind(p, TOKEN_END) && !at_any(p, outer, COUNT(outer)))
		return false;
	diag_error(p->diags, opened, "brace-not-closed",
		   "the %s that starts here is not closed before %s", what,
		   at_kind(p, TOKEN_END) ?
			   "the end of the file" :
			   arena_printf(p->arena, "%s in line %u",
					token_describe(p->arena, &p->tok),
					p->tok.span.line))
		->help = "add \"}\"";
	return true;
}

bool next_inside(struct parser *p, const struct span *opened, const char *what)
{
	while (at_kind(p, TOKEN_LINE))
		parser_advance(p);
	if (!at_kind(p, TOKEN_CLOSE))
		return !brace_is_missing(p, opened, what);
	parser_advance(p);
	end_statement(p);
	return false;
}

const char *near_help(struct parser *p, const char *const *words, size_t n,
		      const char *otherwise)
{
	if (!at_kind(p, TOKEN_WORD))
		return otherwise;
	return did_you_mean(p->arena, p->tok.text, p->tok.len, words, n,
			    otherwise);
}

const char *habit_or_near(struct parser *p, enum habit_place place,
			  const char *const *words, size_t n,
			  const char *otherwise)
{
	const char *help = NULL;

	for (size_t i = 0; i < n && at_kind(p, TOKEN_WORD); i++)
		if (habit_is_case(p->tok.text, p->tok.len, words[i]))
			return arena_printf(p->arena,
					    "write \"%s\": words are in lower "
					    "case",
					    words[i]);
	if (at_kind(p, TOKEN_WORD))
		help = habit_help(p->arena, place, p->tok.text, p->tok.len);
	return help ? help : near_help(p, words, n, otherwise);
}
