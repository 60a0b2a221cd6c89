/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests: what a policy has to do with the connections that they name. */
#include "parser.h"
#include "../base/arena.h"

static const char *const verdict_words[] = { "allow",	 "block",  "reset",
					     "reject",	 "drop",   "limit",
					     "redirect", "observe" };
static const char *const test_words[] = { "from", "to", "user", "group",
					  "unless" };

static bool parse_at_verdict(const struct parser *p)
{
	return at_any(p, verdict_words, COUNT(verdict_words));
}

/* Reads words up to one of a test; at least one. */
static void parse_test_list(struct parser *p, struct words *out,
			    const char *what)
{
	size_t before = out->n;

	while (is_text(p) && !parse_at_verdict(p) && out->n < LIST_MOST &&
	       !at_any(p, test_words, COUNT(test_words)))
		*arena_push(p->arena, out) = read_word(p);
	if (out->n == before)
		parser_expected(p, what);
}

/* "user 33 group 8", for the connections of this host. */
static void parse_owners(struct parser *p, struct words *users,
			 struct words *groups)
{
	while (at_word(p, "user") || at_word(p, "group")) {
		struct words *out = at_word(p, "user") ? users : groups;

		parser_advance(p);
		parse_test_list(p, out, "a name or a number");
	}
}

static void parse_unless(struct parser *p, struct decl_expectation *e)
{
	parser_advance(p);
	if (at_word(p, "from")) {
		parser_advance(p);
		parse_test_list(p, &e->unless_from,
				"a class or an address after \"unless from\"");
	} else if (at_word(p, "to")) {
		parser_advance(p);
		parse_test_list(p, &e->unless_to,
				"a class or an address after \"unless to\"");
	} else if (at_word(p, "user") || at_word(p, "group")) {
		parse_owners(p, &e->unless_users, &e->unless_groups);
	} else {
		parser_expected(p, "from, to, user or group after \"unless\"")
			->help = "write \"unless from ...\" of where a "
				 "connection comes from, \"unless to ...\" of "
				 "where it goes";
		skip_statement(p);
	}
}

static void parse_verdict(struct parser *p, struct decl_expectation *e)
{
	if (!parse_at_verdict(p)) {
		parser_expected(
			p, arena_printf(p->arena, "a service, then %s",
					diag_list_words(p->arena, verdict_words,
							COUNT(verdict_words),
							"or")))
			->help = "end the line with what happens, like "
				 "\"reset\", or \"block\" for any refusal";
		skip_statement(p);
		return;
	}
	e->verdict = read_word(p);
	while (at_word(p, "unless"))
		parse_unless(p, e);
	if (at_any(p, test_words, COUNT(test_words))) {
		diag_error(p->diags, &p->tok.span, "unexpected",
			   "%s does not belong behind what happens",
			   token_describe(p->arena, &p->tok))
			->help = "write \"unless from ...\" or \"unless to "
				 "...\"; user and group stand before \"->\"";
		skip_statement(p);
	}
	end_statement(p);
}

/* "subscribers -> internet smtp reset unless to relays" */
static void parse_connections(struct parser *p, struct decl_expectation *e)
{
	if (at_word(p, "outbound") || at_word(p, "inbound"))
		e->direction = read_word(p);
	parse_test_list(p, &e->from, "a class or an address, then \"->\"");
	parse_owners(p, &e->users, &e->groups);
	if (!at_kind(p, TOKEN_ARROW)) {
		if (e->from.n)
			parser_expected(p, "\"->\" and where the connection "
					   "goes");
		skip_statement(p);
		return;
	}
	parser_advance(p);
	parse_test_list(p, &e->to, "where the connection goes, and a service");
	if (e->to.n)
		parse_verdict(p, e);
	else
		skip_statement(p);
}

static void parse_expectation(struct parser *p, struct decl_test *test)
{
	static const char *const words[] = { "expect", "never" };
	struct decl_expectation *e;

	if (!at_any(p, words, COUNT(words)) || is_expanded(p)) {
		diag_error(p->diags, &p->tok.span, "unknown-expectation",
			   "a line of a test starts with expect or never, not "
			   "with %s",
			   token_describe(p->arena, &p->tok))
			->help = near_help(p, words, COUNT(words),
					   "write \"expect FROM -> TO SERVICE "
					   "VERDICT\"");
		parser_advance(p);
		skip_statement(p);
		return;
	}
	e = arena_push(p->arena, &test->lines);
	e->never = at_word(p, "never");
	e->span = p->tok.span;
	parser_advance(p);
	parse_connections(p, e);
	close_span(p, &e->span, &e->text);
}

void parse_test(struct parser *p)
{
	struct decl_test *test = arena_push(p->arena, &p->out->tests);
	struct span opened = p->tok.span;

	parser_advance(p);
	test->name = (struct word){ .text = "", .span = opened };
	if (is_text(p))
		test->name = read_word(p);
	else
		parser_expected(p, "what the test is about, in quotes");
	if (!open_brace(p, "test")) {
		skip_statement(p);
		return;
	}
	while (next_inside(p, &opened, "test"))
		parse_expectation(p, test);
	if (!test->lines.n)
		diag_error(p->diags, &test->name.span, "empty-test",
			   "test \"%.60s\" expects nothing", test->name.text)
			->help = "write \"expect FROM -> TO SERVICE VERDICT\" "
				 "in it";
}
