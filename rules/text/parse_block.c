/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blocks with their clauses, and classes. */
#include "parser.h"
#include "../base/arena.h"

#include <string.h>

/* ---- clauses ---- */

static const char *const option_words[] = { "from",  "to",     "user", "group",
					    "reset", "reject", "drop", "log",
					    "and",   "per",    "burst" };

/* Adds a word; those past LIST_MOST are read and dropped. */
static void parse_add_word(struct parser *p, struct words *out)
{
	if (out->n < LIST_MOST) {
		*arena_push(p->arena, out) = read_word(p);
		return;
	}
	diag_error(p->diags, &p->tok.span, "too-many",
		   "a list has at most %d words", LIST_MOST)
		->help = "put addresses into a class, and ports into several "
			 "clauses";
	while (is_text(p) && !at_any(p, option_words, COUNT(option_words)))
		parser_advance(p);
}

/* Reads words up to the next option; at least one. */
static void parse_list(struct parser *p, struct words *out, const char *what)
{
	size_t before = out->n, errors = p->diags->errors;

	while (is_text(p) && !starts_rate(p) &&
	       !at_any(p, option_words, COUNT(option_words)))
		parse_add_word(p, out);
	/* A $NAME that is not defined is reported, and gives no words. */
	if (out->n == before && p->diags->errors == errors)
		parser_expected(p, what);
}

static void parse_list_once(struct parser *p, struct words *out,
			    const char *what)
{
	struct span keyword = p->tok.span;
	struct words again = { 0 };
	size_t errors = p->diags->errors;

	parser_advance(p);
	if (p->diags->errors != errors && !is_text(p))
		return;
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
	static const char *const words[] = { "replies" };
	struct word w;

	parser_advance(p);
	if (!at_word(p, "replies")) {
		parser_expected(p, "\"replies\" after \"and\"")->help =
			near_help(p, words, COUNT(words),
				  "leave out \"and\" between options");
		skip_statement(p);
		return;
	}
	w = read_word(p);
	if (first_time(p, &c->replies, &w.span))
		c->replies = w;
}

/* Reads one option; false if this word is none. */
static bool parse_option(struct parser *p, struct decl_clause *c)
{
	const char *to_what = action_redirects(c->action) ?
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
		read_once(p, &c->refusal, "");
	} else if (at_word(p, "log")) {
		read_once(p, &c->log, "");
	} else if (at_word(p, "and")) {
		parse_replies(p, c);
	} else if (at_word(p, "per") && action_needs_rate(c->action)) {
		parser_expected(p, "the rate as one word")->help =
			"write \"10/minute per source\"";
		skip_statement(p);
	} else if (starts_rate(p)) {
		parse_rate(p, &c->rate, &c->burst);
	} else {
		return false;
	}
	return true;
}

static const char *option_help(struct parser *p)
{
	if (at_kind(p, TOKEN_ARROW))
		return "write \"to\" before where the connection goes";
	return habit_or_near(
		p, HABIT_SERVICE, option_words, COUNT(option_words),
		"after the services come from, to, user, group, reset, "
		"reject, drop, log or \"and replies\"");
}

static void parse_options(struct parser *p, struct decl_clause *c)
{
	while (!at_statement_end(p)) {
		if (parse_option(p, c))
			continue;
		diag_error(p->diags, &p->tok.span, "unexpected",
			   "%s does not belong in a clause here",
			   token_describe(p->arena, &p->tok))
			->help = option_help(p);
		skip_statement(p);
	}
}

/* "{ smtp submission }" is how others write a list. */
static void parse_braced(struct parser *p)
{
	diag_error(p->diags, &p->tok.span, "unexpected",
		   "a list of services has no braces")
		->help =
		"write them with blanks between: block smtp submission";
	while (!at_kind(p, TOKEN_LINE) && !at_kind(p, TOKEN_END) &&
	       !at_kind(p, TOKEN_CLOSE))
		parser_advance(p);
	if (at_kind(p, TOKEN_CLOSE))
		parser_advance(p);
	skip_statement(p);
}

static void parse_services(struct parser *p, struct decl_clause *c)
{
	size_t errors = p->diags->errors;

	if (at_kind(p, TOKEN_OPEN)) {
		parse_braced(p);
		return;
	}
	while (is_text(p) && !starts_rate(p) &&
	       !at_any(p, option_words, COUNT(option_words)))
		parse_add_word(p, &c->services);
	if (!c->services.n && p->diags->errors == errors)
		parser_expected(p,
				"a service like smtp or submission, or a port "
				"number");
}

static void parse_clause(struct parser *p, struct decl_block *block)
{
	struct decl_clause *c;
	enum action action = 0;
	size_t errors;

	while (action < ACTION_N && !at_word(p, action_words[action]))
		action++;
	if (action == ACTION_N) {
		diag_error(p->diags, &p->tok.span, "unknown-action",
			   "%s is not an action",
			   token_describe(p->arena, &p->tok))
			->help = habit_or_near(
			p, HABIT_ACTION, action_words, ACTION_N,
			arena_printf(p->arena, "a clause starts with %s",
				     diag_list_words(p->arena, action_words,
						     ACTION_N, "or")));
		parser_advance(p);
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
	c->action = action;
	c->span = p->tok.span;
	errors = p->diags->errors;
	parser_advance(p);
	parse_services(p, c);
	parse_options(p, c);
	close_span(p, &c->span, &c->text);
	c->broken = p->diags->errors != errors;
}

/* ---- blocks and classes ---- */

static void parse_block(struct parser *p, enum direction direction)
{
	struct decl_block *block = arena_push(p->arena, &p->out->blocks);
	const char *mine = direction == DIRECTION_OUTBOUND ? "from" : "to";
	const char *other = direction == DIRECTION_OUTBOUND ? "to" : "from";

	block->direction = direction;
	block->span = p->tok.span;
	parser_advance(p);
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
	while (next_inside(p, &block->span, "block"))
		parse_clause(p, block);
}

void parse_outbound(struct parser *p)
{
	parse_block(p, DIRECTION_OUTBOUND);
}

void parse_inbound(struct parser *p)
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
		parser_advance(p);
		if (!is_text(p)) {
			parser_expected(p,
					kind == MEMBER_FILE ?
						"a file's name after \"file\"" :
						"a name after \"interface\"");
			return;
		}
	}
	m = arena_push(p->arena, &class->members);
	m->kind = kind;
	m->word = read_word(p);
}

static void parse_members(struct parser *p, struct decl_class *class,
			  const struct span *opened)
{
	while (next_inside(p, opened, "class")) {
		if (is_text(p)) {
			parse_member(p, class);
		} else {
			parser_expected(p,
					"an address, a prefix, \"interface\", "
					"\"file\" or a class");
			parser_advance(p);
		}
	}
}

void parse_class(struct parser *p)
{
	struct decl_class *class;
	struct span opened = p->tok.span;

	parser_advance(p);
	if (!is_text(p)) {
		parser_expected(p, "a name for the class");
		if (!at_kind(p, TOKEN_OPEN)) {
			skip_statement(p);
			return;
		}
	}
	class = arena_push(p->arena, &p->out->classes);
	if (is_text(p))
		class->name = read_word(p);
	else
		class->name = (struct word){ .text = "", .span = opened };
	for (;;) {
		if (at_word(p, "dynamic")) {
			class->dynamic = true;
			parser_advance(p);
		} else if (at_word(p, "size")) {
			parser_advance(p);
			read_once(p, &class->size, "a number of elements");
		} else if (at_word(p, "users")) {
			parser_advance(p);
			read_once(p, &class->users,
				  "how many users share one address");
		} else {
			break;
		}
	}
	if (class->dynamic && !at_kind(p, TOKEN_OPEN)) {
		end_statement(p);
		return;
	}
	if (at_kind(p, TOKEN_EQUALS)) {
		diag_error(p->diags, &p->tok.span, "unexpected",
			   "a class has no \"=\"")
			->help = "write \"class NAME { ... }\"";
		parser_advance(p);
	}
	if (is_text(p)) {
		parser_expected(p, "\"{\" to open the class")->help =
			"write \"class NAME { ... }\" with its members "
			"in braces";
		skip_statement(p);
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
