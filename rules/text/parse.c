/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parser.h"
#include "../base/range.h"
#include "../base/arena.h"

#include <errno.h>
#include <string.h>

#define INCLUDE_DEPTH 16
#define FILES_MOST    1000   /* files, those included counted */
#define WORDS_MOST    100000 /* words of one definition */

/* ---- header statements ---- */

static const char *const statement_words[] = {
	"policy", "purpose",	  "contact", "review", "mode",	   "hook",
	"log",	  "include",	  "define",  "class",  "outbound", "inbound",
	"watch",  "encapsulated", "exempt",  "test"
};

static void parse_hook(struct parser *p)
{
	bool first = first_time(p, &p->out->hook, &p->tok.span);
	struct word hook = { 0 };
	struct words devices = { 0 };

	parser_advance(p);
	read_once(p, &hook, "forward, output, bridge or ingress");
	while (is_text(p))
		*arena_push(p->arena, &devices) = read_word(p);
	if (first && hook.text) {
		p->out->hook = hook;
		p->out->devices = devices;
	}
	end_statement(p);
}

static void parse_log(struct parser *p)
{
	static const char *const words[] = { "group", "snaplen", "threshold",
					     "limit" };
	struct decl_log *log = &p->out->log;

	if (log->span.source)
		diag_error(p->diags, &p->tok.span, "repeated",
			   "this is said already, in line %u", log->span.line);
	log->span = p->tok.span;
	parser_advance(p);
	while (!at_statement_end(p)) {
		if (at_word(p, "group")) {
			parser_advance(p);
			read_once(p, &log->group, "a group number");
		} else if (at_word(p, "snaplen")) {
			parser_advance(p);
			read_once(p, &log->snaplen, "a number of bytes");
		} else if (at_word(p, "threshold")) {
			parser_advance(p);
			read_once(p, &log->threshold, "a number of packets");
		} else if (at_word(p, "limit")) {
			parser_advance(p);
			parse_rate(p, &log->rate, &log->burst);
		} else {
			parser_expected(p, "group, snaplen, threshold or limit")
				->help = habit_or_near(p, HABIT_SERVICE, words,
						       COUNT(words), NULL);
			skip_statement(p);
		}
	}
	end_statement(p);
}

/* "exempt expires 365d at most" */
static void parse_exempt(struct parser *p)
{
	parser_advance(p);
	if (at_word(p, "expires")) {
		parser_advance(p);
		read_once(p, &p->out->exempt_most, "a duration like 365d");
		if (at_word(p, "at")) {
			parser_advance(p);
			if (at_word(p, "most")) {
				parser_advance(p);
				end_statement(p);
				return;
			}
		}
	}
	parser_expected(p, "\"exempt expires 365d at most\"");
	skip_statement(p);
}

/* "1 day" is one word here: 1d. */
static void end_duration(struct parser *p, struct word *number)
{
	if (number->text && is_text(p) &&
	    strspn(number->text, "0123456789") == strlen(number->text)) {
		diag_error(p->diags, &p->tok.span, "bad-duration",
			   "a duration is one word")
			->help =
			arena_printf(p->arena,
				     "write the number and a letter for "
				     "the unit: %ss, %sm, %sh, %sd or "
				     "%sw",
				     number->text, number->text, number->text,
				     number->text, number->text);
		number->text = NULL;
		skip_statement(p);
	}
	end_statement(p);
}

static void parse_watch_item(struct parser *p, struct decl_watch *watch)
{
	const char *words[WATCH_FIGURES + 2] = { "quarantine", "destinations" };
	size_t i = 0;

	if (at_word(p, "quarantine")) {
		parser_advance(p);
		read_once(p, &watch->quarantine, "a duration like 24h");
		end_duration(p, &watch->quarantine);
		return;
	}
	if (at_word(p, "destinations")) {
		parser_advance(p);
		read_once(p, &watch->destinations, "keep or forget");
		end_statement(p);
		return;
	}
	while (i < WATCH_FIGURES && !at_word(p, watch_rows[i].name)) {
		words[i + 2] = watch_rows[i].name;
		i++;
	}
	if (i < WATCH_FIGURES) {
		parser_advance(p);
		read_once(p, &watch->figures[i], watch_wanted(&watch_rows[i]));
	} else {
		parser_expected(
			p, "quarantine, destinations, warmup or another figure")
			->help = near_help(p, words, COUNT(words), NULL);
		parser_advance(p);
		skip_statement(p);
	}
	end_statement(p);
}

static void parse_watch(struct parser *p)
{
	struct decl_watch *watch = &p->out->watch;
	struct span opened = p->tok.span;

	if (watch->span.source)
		diag_error(p->diags, &opened, "repeated",
			   "this is said already, in line %u",
			   watch->span.line);
	watch->span = opened;
	parser_advance(p);
	if (!open_brace(p, "watch block")) {
		skip_statement(p);
		return;
	}
	while (next_inside(p, &opened, "watch block"))
		parse_watch_item(p, watch);
}

static void parse_define(struct parser *p)
{
	struct words name = { 0 };
	struct variable v = { 0 };
	struct {
		struct token *items;
		size_t n, cap;
	} tokens = { 0 };
	struct variable *old;

	parser_advance(p);
	if (!at_kind(p, TOKEN_WORD) || p->tok.len > VARIABLE_BYTES) {
		parser_expected(p, "a short name after \"define\"");
		skip_statement(p);
		return;
	}
	*arena_push(p->arena, &name) = read_word(p);
	for (const char *c = name.items[0].text; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
		      (*c >= '0' && *c <= '9') || *c == '_')) {
			diag_error(p->diags, &name.items[0].span,
				   "bad-definition-name",
				   "a definition's name has only letters, "
				   "digits and _");
			skip_statement(p);
			return;
		}
	if (at_kind(p, TOKEN_EQUALS))
		parser_advance(p);
	else
		parser_expected(p, "\"=\"")->help =
			arena_printf(p->arena, "write \"define %s = ...\"",
				     name.items[0].text);
	while (is_text(p) && tokens.n < WORDS_MOST) {
		*arena_push(p->arena, &tokens) = p->tok;
		parser_advance(p);
	}
	if (is_text(p)) {
		diag_error(p->diags, &p->tok.span, "too-many",
			   "a definition has at most %d words", WORDS_MOST)
			->help = "put them into a file, and the file into a "
				 "class";
		skip_statement(p);
	}
	end_statement(p);
	v.name = name.items[0].text;
	v.tokens = tokens.items;
	v.n = tokens.n;
	v.used = true; /* a default that nobody needs does no harm */
	old = variable_find(p, v.name, strlen(v.name));
	if (!old) {
		*arena_push(p->arena, &p->variables) = v;
		return;
	}
	if (!old->fixed)
		diag_error(p->diags, &name.items[0].span, "repeated",
			   "%s is defined already", v.name);
	old->used = true;
}

static void parse_file(struct parser *p, const struct source_text *source);

const char *path_beside(struct arena *arena, const char *base, const char *name)
{
	const char *slash = strrchr(base, '/');

	if (*name == '/' || !slash)
		return name;
	return arena_printf(arena, "%.*s/%s", (int)(slash - base), base, name);
}

static const struct source_text *read_source(struct parser *p, const char *path,
					     int *error)
{
	struct source_text *s = arena_alloc(p->arena, sizeof(*s));
	const char *text;
	size_t len;

	*error = p->input->read(p->input->ctx, path, &text, &len);
	if (*error)
		return NULL;
	/*
	 * Messages quote the text for as long as the policy lives, so it moves
	 * into the arena.
	 */
	s->name = arena_strndup(p->arena, path, strlen(path));
	s->text = memcpy(arena_resize(p->arena, NULL, len + 1), text, len);
	s->len = len;
	s->order = ++p->diags->sources;
	p->input->release(p->input->ctx, text, len);
	return s;
}

static void parse_include(struct parser *p)
{
	const struct source_text *source;
	struct word name = { 0 };
	const char *path;
	int error;

	parser_advance(p);
	read_once(p, &name, "a file's name after \"include\"");
	end_statement(p);
	if (!name.text)
		return;
	path = path_beside(p->arena, p->frame->lex.source->name, name.text);
	for (const struct frame *f = p->frame; f; f = f->below)
		if (!strcmp(f->lex.source->name, path)) {
			diag_error(p->diags, &name.span, "include-loop",
				   "\"%s\" includes itself", path);
			return;
		}
	if (p->depth == INCLUDE_DEPTH || p->files == FILES_MOST) {
		diag_error(p->diags, &name.span, "include-depth",
			   "files include each other more than %d deep, or "
			   "%d times",
			   INCLUDE_DEPTH, FILES_MOST);
		return;
	}
	source = read_source(p, path, &error);
	if (!source) {
		diag_error(p->diags, &name.span, "cannot-read",
			   "cannot read \"%s\": %s", path, strerror(-error));
		return;
	}
	struct token after = p->tok;
	size_t last_end = p->last_end;

	parse_file(p, source);
	p->tok = after;
	p->last_end = last_end;
	p->from_definition = false;
}

/* An unknown statement may have opened a brace: go past its partner. */
static void skip_unknown(struct parser *p)
{
	unsigned int open = 0;

	while (!at_kind(p, TOKEN_END)) {
		if (at_kind(p, TOKEN_OPEN))
			open++;
		else if (at_kind(p, TOKEN_CLOSE) && open && !--open) {
			parser_advance(p);
			return;
		} else if (at_kind(p, TOKEN_LINE) && !open) {
			return;
		}
		parser_advance(p);
	}
}

static bool at_address(const struct parser *p)
{
	struct addr_range any;

	return at_kind(p, TOKEN_WORD) &&
	       !range_parse(p->tok.text, p->tok.len, &any);
}

static const char *statement_help(struct parser *p)
{
	if (at_kind(p, TOKEN_CLOSE))
		return "this \"}\" closes nothing";
	if (at_address(p))
		return "a list of addresses is read by class NAME { file "
		       "\"FILE\" }";
	if (at_any(p, action_words, ACTION_N))
		return "a clause stands in an \"outbound { ... }\" or "
		       "\"inbound { ... }\" block";
	return habit_or_near(
		p, HABIT_STATEMENT, statement_words, COUNT(statement_words),
		"a policy has policy, purpose, contact, review, mode, "
		"encapsulated, hook, log, include, define, class, "
		"outbound, inbound, watch, exempt "
		"and test");
}

/* "NAME = ...", which others write for a definition. */
static void skip_named(struct parser *p, struct diag *d)
{
	struct word name = read_word(p);

	if (at_kind(p, TOKEN_EQUALS))
		d->help = arena_printf(p->arena, "write \"define %s = ...\"",
				       name.text);
	skip_unknown(p);
}

static void unknown_statement(struct parser *p)
{
	struct diag *d = diag_error(p->diags, &p->tok.span, "unknown-statement",
				    "%s does not start a statement",
				    token_describe(p->arena, &p->tok));

	d->help = statement_help(p);
	if (at_kind(p, TOKEN_CLOSE))
		parser_advance(p);
	else if (at_kind(p, TOKEN_WORD))
		skip_named(p, d);
	else
		skip_unknown(p);
}

/* Statements of one word and one value. */
static const struct {
	const char *word;
	size_t offset; /* in struct decl_policy */
	const char *what;
} headers[] = {
	{ "policy", offsetof(struct decl_policy, name),
	  "a name for the policy" },
	{ "purpose", offsetof(struct decl_policy, purpose),
	  "the purpose, in quotes" },
	{ "contact", offsetof(struct decl_policy, contact),
	  "whom to ask, in quotes" },
	{ "review", offsetof(struct decl_policy, review),
	  "a date like 2027-06-30" },
	{ "mode", offsetof(struct decl_policy, mode), "enforce or observe" },
	{ "encapsulated", offsetof(struct decl_policy, encapsulated),
	  "pass or drop" },
};

/* The others; they end their own statement. */
static const struct {
	const char *word;
	void (*parse)(struct parser *p);
} statements[] = {
	{ "hook", parse_hook },	      { "log", parse_log },
	{ "include", parse_include }, { "define", parse_define },
	{ "class", parse_class },     { "outbound", parse_outbound },
	{ "inbound", parse_inbound }, { "watch", parse_watch },
	{ "exempt", parse_exempt },   { "test", parse_test },
};

/* A text of several words has to stand in quotes. */
static void end_header(struct parser *p, const char *word)
{
	if (is_text(p)) {
		diag_error(p->diags, &p->tok.span, "unexpected",
			   "%s is too much here: %s takes one word, or a text "
			   "in quotes",
			   token_describe(p->arena, &p->tok), word)
			->help = arena_printf(p->arena,
					      "write %s \"...\" with all of it "
					      "in quotes",
					      word);
		skip_statement(p);
	}
	end_statement(p);
}

static void parse_statement(struct parser *p)
{
	if (is_expanded(p)) {
		diag_error(p->diags, &p->tok.span, "bad-definition",
			   "a definition stands for words in a statement, not "
			   "for a statement");
		skip_statement(p);
		return;
	}
	if (at_word(p, "policy") && p->depth > 1)
		diag_error(p->diags, &p->tok.span, "policy-included",
			   "an included file is a part of a policy, not one of "
			   "its own")
			->help = "leave \"policy\" to the file that includes "
				 "this one";
	for (size_t i = 0; i < COUNT(headers); i++)
		if (at_word(p, headers[i].word)) {
			parser_advance(p);
			read_once(p,
				  (struct word *)((char *)p->out +
						  headers[i].offset),
				  headers[i].what);
			end_header(p, headers[i].word);
			return;
		}
	for (size_t i = 0; i < COUNT(statements); i++)
		if (at_word(p, statements[i].word)) {
			statements[i].parse(p);
			return;
		}
	unknown_statement(p);
}

static void parse_file(struct parser *p, const struct source_text *source)
{
	struct frame frame = { .below = p->frame };

	lex_init(&frame.lex, p->arena, p->diags, source);
	p->frame = &frame;
	p->depth++;
	p->files++;
	parser_advance(p);
	while (!at_kind(p, TOKEN_END)) {
		if (at_kind(p, TOKEN_LINE))
			parser_advance(p);
		else
			parse_statement(p);
	}
	p->depth--;
	p->frame = (struct frame *)frame.below;
}

/* ---- -D NAME=VALUE ---- */

static void define_from_outside(struct parser *p, const struct definition *d)
{
	struct source_text *s = arena_alloc(p->arena, sizeof(*s));
	struct {
		struct token *items;
		size_t n, cap;
	} tokens = { 0 };
	struct lexer lex;
	struct token t;

	bool twice = variable_find(p, d->name, strlen(d->name));
	struct variable *v = arena_push(p->arena, &p->variables);

	s->name = d->from ? arena_printf(p->arena, "%s", d->from) :
			    arena_printf(p->arena, "-D %s", d->name);
	s->text = arena_strndup(p->arena, d->value, strlen(d->value));
	s->len = strlen(d->value);
	s->order = ++p->diags->sources;
	lex_init(&lex, p->arena, p->diags, s);
	while ((t = lex_next(&lex)).kind != TOKEN_END) {
		if (t.kind == TOKEN_WORD || t.kind == TOKEN_STRING)
			*arena_push(p->arena, &tokens) = t;
		else if (t.kind != TOKEN_LINE)
			diag_error(p->diags, &t.span, "bad-definition",
				   "a definition is a list of words; %s is "
				   "none",
				   token_describe(p->arena, &t));
	}
	v->name = arena_strndup(p->arena, d->name, strlen(d->name));
	v->tokens = tokens.items;
	v->n = tokens.n;
	v->fixed = true;
	v->source = s;
	v->used = twice;
	v->lax = d->lax;
	if (twice)
		diag_error(
			p->diags,
			&(struct span){ .source = s, .line = 1, .column = 1 },
			"repeated", "definition %s is given twice", v->name);
}

/* A -D that nobody asks for is a misspelt one, with the default in force. */
static void report_unused(struct parser *p)
{
	for (size_t i = 0; i < p->variables.n; i++) {
		struct variable *v = &p->variables.items[i];
		struct span at = { .source = v->source,
				   .line = 1,
				   .column = 1 };
		const char *names[64];
		size_t n = 0;

		if (v->used)
			continue;
		for (size_t k = 0; k < p->variables.n && n < COUNT(names); k++)
			if (!p->variables.items[k].fixed)
				names[n++] = p->variables.items[k].name;
		if (v->source)
			at.len = (uint32_t)v->source->len;
		(v->lax ? diag_warning :
			  diag_error)(p->diags, &at, "unused-definition",
				      "the policy does not use $%s", v->name)
			->help = did_you_mean(p->arena, v->name,
					      strlen(v->name), names, n, NULL);
	}
}

int parse_policy(struct arena *arena, struct diags *diags,
		 const struct policy_input *input, const char *path,
		 struct decl_policy *out)
{
	struct parser p = {
		.arena = arena, .diags = diags, .input = input, .out = out
	};
	const struct source_text *source;
	int error;

	source = read_source(&p, path, &error);
	if (!source)
		return error;
	out->unreadable = lex_is_wide(source);
	for (size_t i = 0; i < input->n_definitions; i++)
		define_from_outside(&p, &input->definitions[i]);
	parse_file(&p, source);
	if (!out->unreadable)
		report_unused(&p);
	if (!out->unreadable && !out->name.text)
		diag_error(diags,
			   &(struct span){
				   .source = source, .line = 1, .column = 1 },
			   "no-policy", "the file does not name its policy")
			->help = "start with \"policy NAME\"";
	return 0;
}
