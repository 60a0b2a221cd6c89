/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse.h"
#include "arena.h"
#include "lex.h"

#include <errno.h>
#include <string.h>

#define INCLUDE_DEPTH  16
#define VARIABLE_BYTES 63 /* longest name of a definition */

struct variable {
	const char *name;
	const struct token *tokens;
	size_t n;
	bool fixed; /* from the command line: define does not change it */
	bool used;
	const struct source *source;
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
	struct token tok;	      /* the one to look at */
	const struct token *expanded; /* what is left of a $NAME */
	size_t n_expanded;
	struct {
		struct variable *items;
		size_t n, cap;
	} variables;
};

/* ---- tokens, with $NAME replaced ---- */

static struct variable *variable_find(struct parser *p, const char *name,
				      size_t len)
{
	for (size_t i = 0; i < p->variables.n; i++) {
		struct variable *v = &p->variables.items[i];

		if (strlen(v->name) == len && !memcmp(v->name, name, len))
			return v;
	}
	return NULL;
}

static void expand(struct parser *p, const struct token *t)
{
	struct variable *v = variable_find(p, t->text, t->len);

	if (v) {
		v->used = true;
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

static void next(struct parser *p)
{
	for (;;) {
		if (p->n_expanded) {
			p->n_expanded--;
			p->tok = *p->expanded++;
			return;
		}
		p->tok = lex_next(&p->frame->lex);
		if (p->tok.kind != TOKEN_VARIABLE)
			return;
		expand(p, &p->tok);
	}
}

static bool at(const struct parser *p, enum token_kind kind)
{
	return p->tok.kind == kind;
}

static bool at_word(const struct parser *p, const char *word)
{
	return p->tok.kind == TOKEN_WORD && strlen(word) == p->tok.len &&
	       !memcmp(word, p->tok.text, p->tok.len);
}

/* Does the word here come out of a definition? */
static bool is_expanded(const struct parser *p)
{
	return p->tok.span.source != p->frame->lex.source;
}

static bool at_statement_end(const struct parser *p)
{
	return at(p, TOKEN_LINE) || at(p, TOKEN_END) || at(p, TOKEN_CLOSE);
}

static struct word take_word(struct parser *p)
{
	struct word w = {
		.text = arena_strndup(p->arena, p->tok.text, p->tok.len),
		.span = p->tok.span,
		.quoted = p->tok.kind == TOKEN_STRING,
	};

	next(p);
	return w;
}

static bool is_text(const struct parser *p)
{
	return at(p, TOKEN_WORD) || at(p, TOKEN_STRING);
}

static struct diag *expected(struct parser *p, const char *what)
{
	return diag_error(p->diags, &p->tok.span, "expected",
			  "expected %s, found %s", what,
			  token_describe(p->arena, &p->tok));
}

/* The rest of the statement is not worth reading. */
static void skip_statement(struct parser *p)
{
	p->n_expanded = 0;
	while (!at_statement_end(p))
		next(p);
}

static void end_statement(struct parser *p)
{
	if (at_statement_end(p))
		return;
	diag_error(p->diags, &p->tok.span, "unexpected",
		   "%s is too much here: the statement was complete",
		   token_describe(p->arena, &p->tok));
	skip_statement(p);
}

/* A statement given twice: the first one stays. */
static bool first_time(struct parser *p, const struct word *have,
		       const struct span *again)
{
	if (!have->text)
		return true;
	diag_error(p->diags, again, "repeated",
		   "this is said already, in line %u", have->span.line);
	return false;
}

static void take_once(struct parser *p, struct word *out, const char *what)
{
	struct word w;

	if (!is_text(p)) {
		expected(p, what);
		skip_statement(p);
		return;
	}
	w = take_word(p);
	if (first_time(p, out, &w.span))
		*out = w;
}

/* ---- words of the grammar ---- */

static const char *const reserved[] = {
	"policy",     "purpose",  "contact", "review",	"mode",	     "hook",
	"log",	      "include",  "define",  "class",	"outbound",  "inbound",
	"watch",      "allow",	  "block",   "limit",	"redirect",  "observe",
	"from",	      "to",	  "user",    "group",	"reset",     "reject",
	"drop",	      "and",	  "replies", "per",	"source",    "burst",
	"dynamic",    "users",	  "size",    "file",	"interface", "any",
	"private",    "internet", "flagged", "snaplen", "threshold", "rate",
	"quarantine", "warmup",
};

bool is_reserved(const char *word)
{
	for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
		if (!strcmp(reserved[i], word))
			return true;
	return false;
}

static bool at_any(const struct parser *p, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (at_word(p, words[i]))
			return true;
	return false;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* "10/minute per source burst 20", from the rate on. */
static void parse_rate(struct parser *p, struct word *rate, struct word *burst)
{
	take_once(p, rate, "a rate like 10/minute");
	if (!at_word(p, "per")) {
		expected(p, "\"per source\" after the rate");
		skip_statement(p);
		return;
	}
	next(p);
	if (!at_word(p, "source")) {
		expected(p, "\"source\" after \"per\"");
		skip_statement(p);
		return;
	}
	next(p);
	if (at_word(p, "burst")) {
		next(p);
		take_once(p, burst, "a number of connections after \"burst\"");
	}
}

/* Digits, a slash and a letter: a prefix has a digit there. */
static bool starts_rate(const struct parser *p)
{
	size_t digits = 0;

	while (digits < p->tok.len && p->tok.text[digits] >= '0' &&
	       p->tok.text[digits] <= '9')
		digits++;
	return at(p, TOKEN_WORD) && digits && digits + 1 < p->tok.len &&
	       p->tok.text[digits] == '/' && p->tok.text[digits + 1] >= 'a' &&
	       p->tok.text[digits + 1] <= 'z';
}

/* ---- clauses ---- */

static const char *const option_words[] = { "from",  "to",     "user", "group",
					    "reset", "reject", "drop", "log",
					    "and",   "per",    "burst" };

/* Words up to the next option; at least one. */
static void parse_list(struct parser *p, struct words *out, const char *what)
{
	size_t before = out->n;

	while (is_text(p) && !starts_rate(p) &&
	       !at_any(p, option_words, COUNT(option_words)))
		*arena_push(p->arena, out) = take_word(p);
	if (out->n == before)
		expected(p, what);
}

static void parse_list_once(struct parser *p, struct words *out,
			    const char *what)
{
	struct span keyword = p->tok.span;
	struct words again = { 0 };

	next(p);
	if (!out->n) {
		parse_list(p, out, what);
		return;
	}
	diag_error(p->diags, &keyword, "repeated",
		   "this is said already: name all of them behind the first "
		   "one");
	parse_list(p, &again, what);
}

static void parse_replies(struct parser *p, struct decl_clause *c)
{
	struct word w;

	next(p);
	if (!at_word(p, "replies")) {
		expected(p, "\"replies\" after \"and\"");
		skip_statement(p);
		return;
	}
	w = take_word(p);
	if (first_time(p, &c->replies, &w.span))
		c->replies = w;
}

/* One option, or false if the word here is none. */
static bool parse_option(struct parser *p, struct decl_clause *c)
{
	const char *to_what = c->action == ACTION_REDIRECT ?
				      "the address to redirect to" :
				      "a class or an address after \"to\"";

	if (at_word(p, "from")) {
		parse_list_once(p, &c->from,
				"a class or an address after \"from\"");
	} else if (at_word(p, "to")) {
		parse_list_once(p, &c->to, to_what);
	} else if (at_word(p, "user")) {
		parse_list_once(p, &c->users, "a user's name or number");
	} else if (at_word(p, "group")) {
		parse_list_once(p, &c->groups, "a group's name or number");
	} else if (at_word(p, "reset") || at_word(p, "reject") ||
		   at_word(p, "drop")) {
		take_once(p, &c->refusal, "");
	} else if (at_word(p, "log")) {
		take_once(p, &c->log, "");
	} else if (at_word(p, "and")) {
		parse_replies(p, c);
	} else if (starts_rate(p)) {
		parse_rate(p, &c->rate, &c->burst);
	} else {
		return false;
	}
	return true;
}

static void parse_options(struct parser *p, struct decl_clause *c)
{
	while (!at_statement_end(p)) {
		const char *near = NULL;

		if (parse_option(p, c))
			continue;
		if (at(p, TOKEN_WORD))
			near = nearest_word(p->tok.text, p->tok.len,
					    option_words, COUNT(option_words));
		diag_error(p->diags, &p->tok.span, "unexpected",
			   "%s does not belong in a clause here",
			   token_describe(p->arena, &p->tok))
			->help =
			near ? arena_printf(p->arena, "did you mean \"%s\"?",
					    near) :
			       "after the services come from, to, "
			       "user, group, reset, reject, drop, "
			       "log or \"and replies\"";
		skip_statement(p);
	}
}

static void parse_services(struct parser *p, struct decl_clause *c)
{
	while (is_text(p) && !starts_rate(p) &&
	       !at_any(p, option_words, COUNT(option_words)))
		*arena_push(p->arena, &c->services) = take_word(p);
	if (!c->services.n)
		expected(p, "a service like smtp or submission, or a port "
			    "number");
}

/* The text from one place to another, blanks folded, comment left out. */
static const char *fold_text(struct parser *p, size_t start, size_t end)
{
	const char *text = p->frame->lex.source->text;
	char *out = arena_alloc(p->arena, end - start + 1);
	size_t n = 0;

	for (size_t i = start; i < end && text[i] != '#'; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c > ' ')
			out[n++] = (char)c;
		else if (n && out[n - 1] != ' ')
			out[n++] = ' ';
	}
	while (n && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
	return out;
}

/* Where the statement that ends before the present token ends. */
static void close_span(struct parser *p, struct span *span, const char **text)
{
	size_t end = p->frame->lex.at;

	if (p->tok.span.source == p->frame->lex.source &&
	    p->tok.kind != TOKEN_END)
		end = p->tok.span.offset;
	while (end > span->offset &&
	       (unsigned char)span->source->text[end - 1] <= ' ')
		end--;
	span->len = (uint32_t)(end - span->offset);
	*text = fold_text(p, span->offset, end);
}

static const char *const action_words[] = { "allow", "block", "limit",
					    "redirect", "observe" };

static void parse_clause(struct parser *p, struct decl_block *block)
{
	struct decl_clause *c;
	size_t action = 0;
	const char *near = NULL;

	while (action < COUNT(action_words) &&
	       !at_word(p, action_words[action]))
		action++;
	if (action == COUNT(action_words)) {
		if (at(p, TOKEN_WORD))
			near = nearest_word(p->tok.text, p->tok.len,
					    action_words, COUNT(action_words));
		diag_error(p->diags, &p->tok.span, "unknown-action",
			   "%s is not an action",
			   token_describe(p->arena, &p->tok))
			->help =
			near ? arena_printf(p->arena, "did you mean \"%s\"?",
					    near) :
			       "a clause starts with allow, block, "
			       "limit, redirect or observe";
		next(p);
		skip_statement(p);
		return;
	}
	if (is_expanded(p)) {
		diag_error(p->diags, &p->tok.span, "bad-definition",
			   "a definition cannot stand for the action of a "
			   "clause");
		skip_statement(p);
		return;
	}
	c = arena_push(p->arena, &block->clauses);
	c->action = (enum action)action;
	c->span = p->tok.span;
	next(p);
	parse_services(p, c);
	parse_options(p, c);
	close_span(p, &c->span, &c->text);
}

/* ---- blocks and classes ---- */

static bool open_brace(struct parser *p, const char *what)
{
	while (at(p, TOKEN_LINE))
		next(p);
	if (at(p, TOKEN_OPEN)) {
		next(p);
		return true;
	}
	expected(p, arena_printf(p->arena, "\"{\" to open the %s", what));
	return false;
}

static const char *const statement_words[] = {
	"policy",  "purpose", "contact", "review",   "mode",	"hook", "log",
	"include", "define",  "class",	 "outbound", "inbound", "watch"
};

/*
 * A block that goes on into the next statement was never closed. Only words
 * that cannot stand inside count.
 */
static bool brace_is_missing(struct parser *p, const struct span *opened,
			     const char *what)
{
	static const char *const outer[] = { "policy",	"class",  "outbound",
					     "inbound", "watch",  "hook",
					     "define",	"include" };

	if (!at(p, TOKEN_END) && !at_any(p, outer, COUNT(outer)))
		return false;
	diag_error(p->diags, opened, "brace-not-closed",
		   "the %s that starts here is not closed before %s", what,
		   at(p, TOKEN_END) ?
			   "the end of the file" :
			   arena_printf(p->arena, "%s in line %u",
					token_describe(p->arena, &p->tok),
					p->tok.span.line))
		->help = "add \"}\"";
	return true;
}

static void parse_block(struct parser *p, enum direction direction)
{
	struct decl_block *block = arena_push(p->arena, &p->out->blocks);
	const char *mine = direction == DIRECTION_OUTBOUND ? "from" : "to";
	const char *other = direction == DIRECTION_OUTBOUND ? "to" : "from";

	block->direction = direction;
	block->span = p->tok.span;
	next(p);
	if (at_word(p, other))
		diag_error(p->diags, &p->tok.span, "wrong-side",
			   "%s is said of \"%s\"",
			   direction == DIRECTION_OUTBOUND ? "outbound" :
							     "inbound",
			   mine)
			->help = arena_printf(
			p->arena,
			"write \"%s ...\" here and \"%s ...\" in the "
			"clauses",
			mine, other);
	if (at_word(p, mine) || at_word(p, other))
		parse_list_once(p, &block->of,
				"a class or an address for the block");
	close_span(p, &block->span, &block->text);
	if (!open_brace(p, "block")) {
		skip_statement(p);
		return;
	}
	for (;;) {
		while (at(p, TOKEN_LINE))
			next(p);
		if (at(p, TOKEN_CLOSE)) {
			next(p);
			end_statement(p);
			return;
		}
		if (brace_is_missing(p, &block->span, "block"))
			return;
		parse_clause(p, block);
	}
}

static void parse_outbound(struct parser *p)
{
	parse_block(p, DIRECTION_OUTBOUND);
}

static void parse_inbound(struct parser *p)
{
	parse_block(p, DIRECTION_INBOUND);
}

static void parse_member(struct parser *p, struct decl_class *class)
{
	enum decl_member_kind kind = MEMBER_WORD;
	struct decl_member *m;

	if (at_word(p, "interface"))
		kind = MEMBER_INTERFACE;
	else if (at_word(p, "file"))
		kind = MEMBER_FILE;
	if (kind != MEMBER_WORD) {
		next(p);
		if (!is_text(p)) {
			expected(p, kind == MEMBER_FILE ?
					    "a file's name after \"file\"" :
					    "a name after \"interface\"");
			return;
		}
	}
	m = arena_push(p->arena, &class->members);
	m->kind = kind;
	m->word = take_word(p);
}

static void parse_members(struct parser *p, struct decl_class *class,
			  const struct span *opened)
{
	for (;;) {
		while (at(p, TOKEN_LINE))
			next(p);
		if (at(p, TOKEN_CLOSE)) {
			next(p);
			end_statement(p);
			return;
		}
		if (brace_is_missing(p, opened, "class"))
			return;
		if (is_text(p)) {
			parse_member(p, class);
		} else {
			expected(p, "an address, a prefix, \"interface\", "
				    "\"file\" or a class");
			next(p);
		}
	}
}

static void parse_class(struct parser *p)
{
	struct decl_class *class;
	struct span opened = p->tok.span;

	next(p);
	if (!is_text(p)) {
		expected(p, "a name for the class");
		if (!at(p, TOKEN_OPEN)) {
			skip_statement(p);
			return;
		}
	}
	class = arena_push(p->arena, &p->out->classes);
	if (is_text(p))
		class->name = take_word(p);
	else
		class->name = (struct word){ .text = "", .span = opened };
	for (;;) {
		if (at_word(p, "dynamic")) {
			class->dynamic = true;
			next(p);
		} else if (at_word(p, "size")) {
			next(p);
			take_once(p, &class->size, "a number of elements");
		} else if (at_word(p, "users")) {
			next(p);
			take_once(p, &class->users,
				  "how many users share one address");
		} else {
			break;
		}
	}
	if (class->dynamic && !at(p, TOKEN_OPEN)) {
		end_statement(p);
		return;
	}
	if (!open_brace(p, "class")) {
		skip_statement(p);
		return;
	}
	parse_members(p, class, &opened);
	if (class->dynamic)
		diag_error(p->diags, &class->name.span, "dynamic-with-members",
			   "a dynamic class is filled at run time and has no "
			   "members here")
			->help = "put the fixed ones into a class of their "
				 "own";
}

/* ---- header statements ---- */

static void parse_hook(struct parser *p)
{
	bool first = first_time(p, &p->out->hook, &p->tok.span);
	struct word hook = { 0 };
	struct words devices = { 0 };

	next(p);
	take_once(p, &hook, "forward, output, bridge or ingress");
	while (is_text(p))
		*arena_push(p->arena, &devices) = take_word(p);
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

	log->span = p->tok.span;
	next(p);
	while (!at_statement_end(p)) {
		if (at_word(p, "group")) {
			next(p);
			take_once(p, &log->group, "a group number");
		} else if (at_word(p, "snaplen")) {
			next(p);
			take_once(p, &log->snaplen, "a number of bytes");
		} else if (at_word(p, "threshold")) {
			next(p);
			take_once(p, &log->threshold, "a number of packets");
		} else if (at_word(p, "limit")) {
			next(p);
			parse_rate(p, &log->rate, &log->burst);
		} else {
			const char *near = NULL;

			if (at(p, TOKEN_WORD))
				near = nearest_word(p->tok.text, p->tok.len,
						    words, COUNT(words));
			expected(p, "group, snaplen, threshold or limit")
				->help =
				near ? arena_printf(p->arena,
						    "did you mean \"%s\"?",
						    near) :
				       NULL;
			skip_statement(p);
		}
	}
	end_statement(p);
}

static void parse_watch(struct parser *p)
{
	struct decl_watch *watch = &p->out->watch;
	struct span opened = p->tok.span;

	watch->span = opened;
	next(p);
	if (!open_brace(p, "watch block")) {
		skip_statement(p);
		return;
	}
	for (;;) {
		while (at(p, TOKEN_LINE))
			next(p);
		if (at(p, TOKEN_CLOSE)) {
			next(p);
			end_statement(p);
			return;
		}
		if (brace_is_missing(p, &opened, "watch block"))
			return;
		if (at_word(p, "quarantine")) {
			next(p);
			take_once(p, &watch->quarantine, "a duration like 24h");
		} else if (at_word(p, "warmup")) {
			next(p);
			take_once(p, &watch->warmup, "a duration like 8h");
		} else {
			expected(p, "quarantine or warmup");
			next(p);
			skip_statement(p);
		}
		end_statement(p);
	}
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

	next(p);
	if (!at(p, TOKEN_WORD) || p->tok.len > VARIABLE_BYTES) {
		expected(p, "a short name after \"define\"");
		skip_statement(p);
		return;
	}
	*arena_push(p->arena, &name) = take_word(p);
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
	if (at(p, TOKEN_EQUALS))
		next(p);
	else
		expected(p, "\"=\"");
	while (is_text(p)) {
		*arena_push(p->arena, &tokens) = p->tok;
		next(p);
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

static void parse_file(struct parser *p, const struct source *source);

const char *path_beside(struct arena *arena, const char *base, const char *name)
{
	const char *slash = strrchr(base, '/');

	if (*name == '/' || !slash)
		return name;
	return arena_printf(arena, "%.*s/%s", (int)(slash - base), base, name);
}

static const struct source *read_source(struct parser *p, const char *path,
					int *error)
{
	struct source *s = arena_alloc(p->arena, sizeof(*s));
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
	p->input->release(p->input->ctx, text, len);
	return s;
}

static void parse_include(struct parser *p)
{
	const struct source *source;
	struct word name = { 0 };
	const char *path;
	int error;

	next(p);
	take_once(p, &name, "a file's name after \"include\"");
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
	if (p->depth == INCLUDE_DEPTH) {
		diag_error(p->diags, &name.span, "include-depth",
			   "files include each other more than %d deep",
			   INCLUDE_DEPTH);
		return;
	}
	source = read_source(p, path, &error);
	if (!source) {
		diag_error(p->diags, &name.span, "cannot-read",
			   "cannot read \"%s\": %s", path, strerror(-error));
		return;
	}
	struct token after = p->tok;

	parse_file(p, source);
	p->tok = after;
}

/* An unknown statement may have opened a brace: go past its partner. */
static void skip_unknown(struct parser *p)
{
	unsigned int open = 0;

	while (!at(p, TOKEN_END)) {
		if (at(p, TOKEN_OPEN))
			open++;
		else if (at(p, TOKEN_CLOSE) && open && !--open) {
			next(p);
			return;
		} else if (at(p, TOKEN_LINE) && !open) {
			return;
		}
		next(p);
	}
}

static void unknown_statement(struct parser *p)
{
	const char *near = NULL;
	struct diag *d;

	if (at(p, TOKEN_WORD))
		near = nearest_word(p->tok.text, p->tok.len, statement_words,
				    COUNT(statement_words));
	d = diag_error(p->diags, &p->tok.span, "unknown-statement",
		       "%s does not start a statement",
		       token_describe(p->arena, &p->tok));
	if (near)
		d->help = arena_printf(p->arena, "did you mean \"%s\"?", near);
	else if (at(p, TOKEN_CLOSE))
		d->help = "this \"}\" closes nothing";
	else if (at_any(p, action_words, COUNT(action_words)))
		d->help = "a clause stands in an \"outbound { ... }\" or "
			  "\"inbound { ... }\" block";
	else
		d->help = "a policy has policy, purpose, contact, review, "
			  "mode, hook, log, include, define, class, "
			  "outbound, inbound and watch";
	if (at(p, TOKEN_CLOSE))
		next(p);
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
};

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
			next(p);
			take_once(p,
				  (struct word *)((char *)p->out +
						  headers[i].offset),
				  headers[i].what);
			end_statement(p);
			return;
		}
	for (size_t i = 0; i < COUNT(statements); i++)
		if (at_word(p, statements[i].word)) {
			statements[i].parse(p);
			return;
		}
	unknown_statement(p);
}

static void parse_file(struct parser *p, const struct source *source)
{
	struct frame frame = { .below = p->frame };

	lex_init(&frame.lex, p->arena, p->diags, source);
	p->frame = &frame;
	p->depth++;
	next(p);
	while (!at(p, TOKEN_END)) {
		if (at(p, TOKEN_LINE))
			next(p);
		else
			parse_statement(p);
	}
	p->depth--;
	p->frame = (struct frame *)frame.below;
}

/* ---- -D NAME=VALUE ---- */

static void define_from_outside(struct parser *p, const struct definition *d)
{
	struct source *s = arena_alloc(p->arena, sizeof(*s));
	struct {
		struct token *items;
		size_t n, cap;
	} tokens = { 0 };
	struct lexer lex;
	struct token t;

	bool twice = variable_find(p, d->name, strlen(d->name));
	struct variable *v = arena_push(p->arena, &p->variables);

	s->name = arena_printf(p->arena, "-D %s", d->name);
	s->text = arena_strndup(p->arena, d->value, strlen(d->value));
	s->len = strlen(d->value);
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
	if (twice)
		diag_error(
			p->diags,
			&(struct span){ .source = s, .line = 1, .column = 1 },
			"repeated", "-D %s is given twice", v->name);
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
		const char *near;
		size_t n = 0;

		if (v->used)
			continue;
		for (size_t k = 0; k < p->variables.n && n < COUNT(names); k++)
			if (!p->variables.items[k].fixed)
				names[n++] = p->variables.items[k].name;
		near = nearest_word(v->name, strlen(v->name), names, n);
		if (v->source)
			at.len = (uint32_t)v->source->len;
		diag_error(p->diags, &at, "unused-definition",
			   "the policy does not use $%s", v->name)
			->help =
			near ? arena_printf(p->arena, "did you mean \"%s\"?",
					    near) :
			       NULL;
	}
}

int parse_policy(struct arena *arena, struct diags *diags,
		 const struct policy_input *input, const char *path,
		 struct decl_policy *out)
{
	struct parser p = {
		.arena = arena, .diags = diags, .input = input, .out = out
	};
	const struct source *source;
	int error;

	source = read_source(&p, path, &error);
	if (!source)
		return error;
	for (size_t i = 0; i < input->n_definitions; i++)
		define_from_outside(&p, &input->definitions[i]);
	parse_file(&p, source);
	report_unused(&p);
	if (!out->name.text)
		diag_error(diags,
			   &(struct span){
				   .source = source, .line = 1, .column = 1 },
			   "no-policy", "the file does not name its policy")
			->help = "start with \"policy NAME\"";
	return 0;
}
