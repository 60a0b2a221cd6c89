/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of a test to classes, ports and a verdict. */
#include "../base/arena.h"
#include "../base/service.h"
#include "check.h"

#include <string.h>

static const char *const expected_words[] = {
#define EXPECTED_WORD(name, word) word,
	EXPECTED(EXPECTED_WORD)
#undef EXPECTED_WORD
};

const char *expected_name(enum expected verdict)
{
	return expected_words[verdict];
}

/* ---- ports ---- */

static bool test_port_is_decided(const struct policy *p, uint16_t port)
{
	for (size_t i = 0; i < p->blocks.n; i++)
		for (size_t k = 0; k < p->blocks.items[i].clauses.n; k++)
			if (clause_decides(&p->blocks.items[i].clauses.items[k],
					   port))
				return true;
	return false;
}

static void test_add_service(struct check *c, const struct word *word,
			     struct ports *out)
{
	size_t before = out->n;

	check_service(c, word, out);
	if (out->n == before || service_by_port(out->items[before]) ||
	    test_port_is_decided(c->policy, out->items[before]))
		return;
	diag_error(c->diags, &word->span, "no-mail-port",
		   "port %u is no mail port, and no clause names it",
		   out->items[before])
		->help = "mailwall ports lists those of mail";
}

/* A word that can only be an address or a class. */
static bool test_is_end(struct check *c, const struct word *word)
{
	return strpbrk(word->text, ".:/") || find_class(c, word->text);
}

/* The first word is where the connection goes, whatever it looks like. */
static void test_split(struct check *c, const struct decl_expectation *decl,
		       struct expectation *e)
{
	struct words ends = decl->to;

	ends.n = 1;
	while (ends.n < decl->to.n && test_is_end(c, &decl->to.items[ends.n]))
		ends.n++;
	resolve_refs(c, &ends, &e->to.of);
	for (size_t i = ends.n; i < decl->to.n; i++)
		test_add_service(c, &decl->to.items[i], &e->ports);
	if (ends.n == decl->to.n)
		diag_error(c->diags, &decl->verdict.span, "no-service",
			   "the test names no service before \"%s\"",
			   decl->verdict.text)
			->help = "write one like smtp or submission, or a "
				 "port number, behind where the connection "
				 "goes";
}

/* ---- lines ---- */

static void test_direction(struct check *c, const struct decl_expectation *decl,
			   struct expectation *e)
{
	enum hook hook = c->policy->hook;

	if (!decl->direction.text)
		return;
	if (hook == HOOK_FORWARD || hook == HOOK_BRIDGE)
		diag_error(c->diags, &decl->direction.span, "unexpected",
			   "hook %s sees a connection once, whatever its "
			   "direction",
			   hook_name(hook))
			->help = "leave the word out";
	else if (!strcmp(decl->direction.text, "inbound"))
		e->direction = DIRECTION_INBOUND;
}

static void test_owners(struct check *c, const struct decl_expectation *decl,
			struct expectation *e)
{
	const struct words *lists[] = { &decl->users, &decl->groups,
					&decl->unless_users,
					&decl->unless_groups };

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		if (lists[i]->n && (c->policy->hook != HOOK_OUTPUT ||
				    e->direction != DIRECTION_OUTBOUND)) {
			diag_error(c->diags, &lists[i]->items[0].span,
				   "no-owner-here",
				   "only outbound connections of this host "
				   "have a user or a group")
				->help = "use hook output";
			return;
		}
	check_owners(c, &decl->users, &decl->groups, &e->users, &e->groups);
	check_owners(c, &decl->unless_users, &decl->unless_groups,
		     &e->unless_users, &e->unless_groups);
}

static void test_line(struct check *c, const struct decl_expectation *decl,
		      struct expectation *e)
{
	e->span = decl->span;
	e->text = decl->text;
	e->never = decl->never;
	test_direction(c, decl, e);
	test_owners(c, decl, e);
	resolve_refs(c, &decl->from, &e->from.of);
	resolve_refs(c, &decl->unless_from, &e->from.unless);
	e->from.has_unless = decl->unless_from.n;
	resolve_refs(c, &decl->unless_to, &e->to.unless);
	e->to.has_unless = decl->unless_to.n;
	test_split(c, decl, e);
	for (size_t v = 0; v < EXPECTED_N; v++)
		if (!strcmp(decl->verdict.text, expected_words[v]))
			e->verdict = (enum expected)v;
}

void check_tests(struct check *c)
{
	for (size_t i = 0; i < c->decl.tests.n; i++) {
		const struct decl_test *decl = &c->decl.tests.items[i];
		struct policy_test *t = arena_push(c->arena, &c->policy->tests);

		t->name = decl->name.text;
		t->span = decl->name.span;
		for (size_t k = 0; k < decl->lines.n; k++)
			/* A line without one was reported by the parser. */
			if (decl->lines.items[k].verdict.text)
				test_line(c, &decl->lines.items[k],
					  arena_push(c->arena, &t->lines));
	}
}
