/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "publish.h"
#include "../../rules/arena.h"
#include "../../rules/service.h"

#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

enum { FAMILY_4 = 1, FAMILY_6 = 2, FAMILY_BOTH = 3 };

/* A clause above a rule that takes a part of its connections. */
struct exception {
	const struct clause *clause;
	struct ports ports; /* of the rule's, that it decides */
	unsigned int families;
	bool same_block;
};

/* A clause that the page tells: all but allow. */
struct told {
	const struct clause *clause;
	unsigned int number; /* from 1 */
	struct ports ports;  /* that no clause above takes wholly */
	unsigned int families;
	struct {
		struct exception *items;
		size_t n, cap;
	} exceptions;
};

struct page {
	const struct policy *policy;
	const struct lang *lang;
	struct arena *arena;
	enum words_form form;
	const char *since;
	FILE *out;
	struct {
		struct told *items;
		size_t n, cap;
	} rules;
	struct class_refs groups; /* that the rules name */
};

/* ---- who decides what ---- */

static bool refs_are_all(const struct class_refs *refs)
{
	for (size_t i = 0; i < refs->n; i++)
		if (refs->items[i]->kind == CLASS_ANY)
			return true;
	return !refs->n;
}

static bool has_no_condition(const struct clause *c)
{
	return refs_are_all(&c->from) && refs_are_all(&c->to) && !c->users.n &&
	       !c->groups.n &&
	       (c->action != ACTION_REDIRECT ||
		(c->has_target4 && c->has_target6));
}

/*
 * With the hooks output and ingress outgoing and incoming connections are
 * met in two places, and blocks of one direction know nothing of the other.
 */
static bool see_the_same(const struct policy *p, const struct block *a,
			 const struct block *b)
{
	return a->direction == b->direction || p->hook == HOOK_FORWARD ||
	       p->hook == HOOK_BRIDGE;
}

/* Does nothing that it decides get past it to the other? */
static bool takes_all(const struct policy *p, const struct clause *earlier,
		      const struct clause *c)
{
	return has_no_condition(earlier) &&
	       (earlier->block == c->block ||
		(refs_are_all(&earlier->block->of) &&
		 see_the_same(p, earlier->block, c->block)));
}

/* The clause after this one, in the order in which they are asked. */
static const struct clause *next_clause(const struct policy *p,
					const struct clause *c)
{
	const struct block *b = c ? c->block : p->blocks.items;
	const struct block *end = p->blocks.items + p->blocks.n;

	if (c && c + 1 < b->clauses.items + b->clauses.n)
		return c + 1;
	for (b += c != NULL; b < end; b++)
		if (b->clauses.n)
			return b->clauses.items;
	return NULL;
}

/* Does the port come as far as to this clause? */
static bool is_reached(const struct policy *p, const struct clause *c,
		       uint16_t port)
{
	const struct clause *e;

	for (e = next_clause(p, NULL); e != c; e = next_clause(p, e))
		if (clause_decides(e, port) && takes_all(p, e, c))
			return false;
	return clause_decides(c, port);
}

bool publish_is_open(const struct policy *p, uint16_t port)
{
	const struct clause *c;

	if (!p || p->observe)
		return true;
	for (c = next_clause(p, NULL); c; c = next_clause(p, c))
		if (c->block->direction == DIRECTION_OUTBOUND &&
		    !action_lets_through(c->action) && is_reached(p, c, port))
			return false;
	return true;
}

/* ---- families ---- */

static unsigned int class_families(const struct class *c)
{
	if (c->kind != CLASS_STATIC || c->interfaces.n)
		return FAMILY_BOTH;
	return (c->hosts4.n || c->nets4.n ? FAMILY_4 : 0u) |
	       (c->hosts6.n || c->nets6.n ? FAMILY_6 : 0u);
}

static unsigned int refs_families(const struct class_refs *refs)
{
	unsigned int families = refs->n ? 0 : FAMILY_BOTH;

	for (size_t i = 0; i < refs->n; i++)
		families |= class_families(refs->items[i]);
	return families;
}

static unsigned int clause_families(const struct clause *c)
{
	unsigned int families = refs_families(&c->block->of) &
				refs_families(&c->from) & refs_families(&c->to);

	if (c->action != ACTION_REDIRECT)
		return families;
	return families & ((c->has_target4 ? FAMILY_4 : 0u) |
			   (c->has_target6 ? FAMILY_6 : 0u));
}

/* ---- may two clauses meet one connection? ---- */

static bool classes_may_meet(const struct class *a, const struct class *b)
{
	const struct ranges4 *a4[] = { &a->hosts4, &a->nets4 };
	const struct ranges4 *b4[] = { &b->hosts4, &b->nets4 };
	const struct ranges6 *a6[] = { &a->hosts6, &a->nets6 };
	const struct ranges6 *b6[] = { &b->hosts6, &b->nets6 };
	struct range4 where4;
	struct range6 where6;

	/* What is no address may be where any address is. */
	if (a == b || a->kind != CLASS_STATIC || b->kind != CLASS_STATIC ||
	    a->interfaces.n || b->interfaces.n)
		return true;
	for (int i = 0; i < 4; i++)
		if (ranges4_meet(a4[i / 2], b4[i % 2], &where4) ||
		    ranges6_meet(a6[i / 2], b6[i % 2], &where6))
			return true;
	return false;
}

static bool refs_may_meet(const struct class_refs *a,
			  const struct class_refs *b)
{
	for (size_t i = 0; i < a->n; i++)
		for (size_t k = 0; k < b->n; k++)
			if (classes_may_meet(a->items[i], b->items[k]))
				return true;
	return !a->n || !b->n;
}

/* The lists that all have to hold for one end of a connection. */
struct end {
	const struct class_refs *list[2];
};

static struct end end_of(const struct clause *c, bool source)
{
	static const struct class_refs all;
	bool of = source == (c->block->direction == DIRECTION_OUTBOUND);

	return (struct end){ { of ? &c->block->of : &all,
			       source ? &c->from : &c->to } };
}

static bool ends_may_meet(struct end a, struct end b)
{
	for (int i = 0; i < 4; i++)
		if (!refs_may_meet(a.list[i / 2], b.list[i % 2]))
			return false;
	return true;
}

/* ---- the rules and their exceptions ---- */

/* It makes no difference to anybody which of the two decides. */
static bool end_alike(enum action a, enum action b)
{
	bool passes_a = a == ACTION_ALLOW || a == ACTION_OBSERVE;
	bool passes_b = b == ACTION_ALLOW || b == ACTION_OBSERVE;

	return (passes_a && passes_b) || (a == ACTION_BLOCK && b == a);
}

static void add_exception(struct page *t, struct told *rule,
			  const struct clause *e)
{
	const struct clause *c = rule->clause;
	struct exception x = { .clause = e,
			       .same_block = e->block == c->block };

	x.families = clause_families(e) & rule->families;
	for (size_t i = 0; i < rule->ports.n; i++)
		if (is_reached(t->policy, e, rule->ports.items[i]))
			*arena_push(t->arena, &x.ports) = rule->ports.items[i];
	if (!x.ports.n || !x.families || end_alike(e->action, c->action) ||
	    !see_the_same(t->policy, e->block, c->block) ||
	    !ends_may_meet(end_of(e, true), end_of(c, true)) ||
	    !ends_may_meet(end_of(e, false), end_of(c, false)))
		return;
	*arena_push(t->arena, &rule->exceptions) = x;
}

static void add_group(struct page *t, const struct class *class)
{
	for (size_t i = 0; i < t->groups.n; i++)
		if (t->groups.items[i] == class)
			return;
	if (!class->builtin && !class->literal)
		*arena_push(t->arena, &t->groups) = class;
}

static void add_groups(struct page *t, const struct clause *c)
{
	const struct class_refs *lists[] = { &c->block->of, &c->from, &c->to };

	for (size_t i = 0; i < COUNT(lists); i++)
		for (size_t k = 0; k < lists[i]->n; k++)
			add_group(t, lists[i]->items[k]);
}

static void add_rule(struct page *t, const struct clause *c)
{
	struct told rule = { .clause = c, .families = clause_families(c) };
	const struct clause *e;

	for (size_t i = 0; i < c->ports.n; i++)
		if (is_reached(t->policy, c, c->ports.items[i]))
			*arena_push(t->arena, &rule.ports) = c->ports.items[i];
	if (!rule.ports.n)
		return;
	for (e = next_clause(t->policy, NULL); e != c;
	     e = next_clause(t->policy, e))
		add_exception(t, &rule, e);
	rule.number = (unsigned int)t->rules.n + 1;
	*arena_push(t->arena, &t->rules) = rule;
	add_groups(t, c);
	for (size_t i = 0; i < rule.exceptions.n; i++)
		add_groups(t, rule.exceptions.items[i].clause);
}

static void collect(struct page *t)
{
	const struct clause *c;

	for (c = next_clause(t->policy, NULL); c; c = next_clause(t->policy, c))
		if (c->action != ACTION_ALLOW)
			add_rule(t, c);
}

/* 0: the page does not tell it. */
static unsigned int number_of(const struct page *t, const struct clause *c)
{
	for (size_t i = 0; i < t->rules.n; i++)
		if (t->rules.items[i].clause == c)
			return t->rules.items[i].number;
	return 0;
}

/* ---- words for them ---- */

static const char *text_of(struct page *t, enum word_key key,
			   const struct words_value *values)
{
	return words_text(t->arena, t->lang, key, values);
}

static const char *class_told(struct page *t, const struct class *c)
{
	static const struct {
		const char *name;
		enum word_key key;
	} builtin[] = { { "any", WORD_WHO_ANYONE },
			{ "private", WORD_WHO_PRIVATE },
			{ "internet", WORD_WHO_INTERNET },
			{ "flagged", WORD_WHO_FLAGGED } };

	for (size_t i = 0; i < COUNT(builtin) && c->builtin; i++)
		if (!strcmp(c->name, builtin[i].name))
			return text_of(t, builtin[i].key, NULL);
	return c->literal ?
		       c->name :
		       text_of(t, WORD_WHO_CLASS, WORDS({ "name", c->name }));
}

static const char *refs_told(struct page *t, const struct class_refs *refs)
{
	const char **names = arena_alloc(t->arena, refs->n * sizeof(*names));

	for (size_t i = 0; i < refs->n; i++)
		names[i] = class_told(t, refs->items[i]);
	return words_list(t->arena, t->lang, names, refs->n);
}

static const char *ports_told(struct page *t, const struct ports *ports)
{
	const char **names = arena_alloc(t->arena, ports->n * sizeof(*names));

	for (size_t i = 0; i < ports->n; i++)
		names[i] = words_port(t->arena, t->lang, ports->items[i]);
	return words_list(t->arena, t->lang, names, ports->n);
}

static const char *families_told(struct page *t, unsigned int families)
{
	switch (families) {
	case FAMILY_4:
		return "IPv4";
	case FAMILY_6:
		return "IPv6";
	case FAMILY_BOTH:
		return text_of(t, WORD_RULE_BOTH, NULL);
	}
	return text_of(t, WORD_RULE_NO_FAMILY, NULL);
}

static const char *ids_told(struct page *t, const struct ids *ids)
{
	const char **names = arena_alloc(t->arena, ids->n * sizeof(*names));

	for (size_t i = 0; i < ids->n; i++)
		names[i] = arena_printf(t->arena, "%u", ids->items[i]);
	return words_list(t->arena, t->lang, names, ids->n);
}

static const char *devices_told(struct page *t)
{
	const struct words *devices = &t->policy->devices;
	const char **names = arena_alloc(t->arena, devices->n * sizeof(*names));

	for (size_t i = 0; i < devices->n; i++)
		names[i] = devices->items[i].text;
	return words_list(t->arena, t->lang, names, devices->n);
}

/* Where no class is named: what the hook itself says of this end. */
static const char *end_by_hook(struct page *t, bool own)
{
	if (own && t->policy->hook == HOOK_OUTPUT)
		return text_of(t, WORD_WHO_HOST, NULL);
	if (own && t->policy->hook == HOOK_INGRESS)
		return text_of(t, WORD_WHO_BEHIND,
			       WORDS({ "interfaces", devices_told(t) }));
	return text_of(t, WORD_WHO_ANYONE, NULL);
}

static const char *add_owners(struct page *t, const struct clause *c,
			      const char *who)
{
	if (c->users.n)
		who = text_of(t, WORD_WHO_USERS,
			      WORDS({ "who", who },
				    { "users", ids_told(t, &c->users) }));
	if (c->groups.n)
		who = text_of(t, WORD_WHO_GROUPS,
			      WORDS({ "who", who },
				    { "groups", ids_told(t, &c->groups) }));
	return who;
}

/* narrow: the words of the block are known to the reader. */
static const char *end_told(struct page *t, const struct clause *c, bool source,
			    bool narrow)
{
	struct end end = end_of(c, source);
	bool own = source == (c->block->direction == DIRECTION_OUTBOUND);
	const struct class_refs *whole = end.list[0], *part = end.list[1];
	const char *who;

	if (refs_are_all(whole) && refs_are_all(part))
		who = end_by_hook(t, own);
	else if (refs_are_all(part))
		who = refs_told(t, whole);
	else if (refs_are_all(whole) || narrow)
		who = refs_told(t, part);
	else
		who = text_of(t, WORD_WHO_WITHIN,
			      WORDS({ "who", refs_told(t, part) },
				    { "whole", refs_told(t, whole) }));
	return source ? add_owners(t, c, who) : who;
}

/* ---- a rule in words ---- */

static const char *verb_told(struct page *t, const struct clause *c)
{
	if (t->policy->observe && c->action != ACTION_OBSERVE)
		return text_of(t, WORD_RULE_TRIAL, NULL);
	switch (c->action) {
	case ACTION_BLOCK:
		return text_of(t, WORD_RULE_BLOCKED, NULL);
	case ACTION_LIMIT:
		return text_of(t, WORD_RULE_LIMITED, NULL);
	case ACTION_REDIRECT:
		return text_of(t, WORD_RULE_REDIRECTED, NULL);
	case ACTION_OBSERVE:
	case ACTION_ALLOW: /* is no rule of the page */
		break;
	}
	return text_of(t, WORD_RULE_OBSERVED, NULL);
}

static const char *title_told(struct page *t, const struct told *rule)
{
	const char *number = arena_printf(t->arena, "%u", rule->number);

	return text_of(t, WORD_RULE_TITLE,
		       WORDS({ "number", number },
			     { "what", verb_told(t, rule->clause) },
			     { "ports", ports_told(t, &rule->ports) }));
}

static const char *refusal_told(struct page *t, enum refusal refusal)
{
	switch (refusal) {
	case REFUSAL_RESET:
		return text_of(t, WORD_RULE_RESET, NULL);
	case REFUSAL_REJECT:
		return text_of(t, WORD_RULE_REJECT, NULL);
	case REFUSAL_DROP:
		return text_of(t, WORD_RULE_DROP, NULL);
	}
	return "";
}

static const char *unit_told(struct page *t, uint32_t unit_s)
{
	return text_of(t,
		       unit_s == 1    ? WORD_UNIT_SECOND :
		       unit_s == 60   ? WORD_UNIT_MINUTE :
		       unit_s == 3600 ? WORD_UNIT_HOUR :
					WORD_UNIT_DAY,
		       NULL);
}

static const char *limit_told(struct page *t, const struct clause *c)
{
	const char *count = arena_printf(t->arena, "%u", c->rate.count);
	const char *burst = arena_printf(t->arena, "%u", c->rate.burst);

	return text_of(t, WORD_RULE_LIMIT,
		       WORDS({ "count", count }, { "burst", burst },
			     { "unit", unit_told(t, c->rate.unit_s) },
			     { "over", refusal_told(t, c->refusal) }));
}

/* Fills up to two targets; returns how many. */
static size_t targets_of(struct page *t, const struct clause *c,
			 const char *out[2])
{
	char text[RANGE_TEXT_MAX];
	size_t n = 0;

	if (c->has_target4) {
		addr4_print(text, c->target4);
		out[n++] = arena_strndup(t->arena, text, strlen(text));
	}
	if (c->has_target6) {
		addr6_print(text, &c->target6);
		out[n++] = arena_strndup(t->arena, text, strlen(text));
	}
	return n;
}

static const char *redirect_told(struct page *t, const struct clause *c)
{
	const char *targets[2];
	size_t n = targets_of(t, c, targets);

	return text_of(
		t, WORD_RULE_REDIRECT,
		WORDS({ "target", words_list(t->arena, t->lang, targets, n) }));
}

static const char *enforced_told(struct page *t, const struct clause *c)
{
	switch (c->action) {
	case ACTION_BLOCK:
		return refusal_told(t, c->refusal);
	case ACTION_LIMIT:
		return limit_told(t, c);
	case ACTION_REDIRECT:
		return redirect_told(t, c);
	case ACTION_OBSERVE:
	case ACTION_ALLOW:
		break;
	}
	return text_of(t, WORD_RULE_OBSERVE, NULL);
}

static const char *how_told(struct page *t, const struct clause *c)
{
	const char *how = enforced_told(t, c);

	if (t->policy->observe && c->action != ACTION_OBSERVE)
		how = text_of(t, WORD_RULE_WOULD, WORDS({ "how", how }));
	if (c->replies)
		how = arena_printf(t->arena, "%s %s", how,
				   text_of(t, WORD_RULE_REPLIES, NULL));
	if (c->log)
		how = arena_printf(t->arena, "%s %s", how,
				   text_of(t, WORD_RULE_LOGGED, NULL));
	return how;
}

/* ---- an exception in words ---- */

static const char *exception_who(struct page *t, const struct exception *x)
{
	const struct clause *c = x->clause;
	bool owners = c->users.n || c->groups.n;
	const char *from = end_told(t, c, true, x->same_block);
	const char *to = end_told(t, c, false, x->same_block);
	enum word_key key = WORD_EXCEPT_WHO;

	if (x->same_block && refs_are_all(&c->from) && !owners)
		key = WORD_EXCEPT_TO;
	else if (refs_are_all(&c->to) &&
		 (x->same_block || c->block->direction == DIRECTION_OUTBOUND))
		key = WORD_EXCEPT_FROM; /* its other end is open, or known */
	return text_of(t, key, WORDS({ "from", from }, { "to", to }));
}

static const char *exception_told(struct page *t, const struct told *rule,
				  const struct exception *x)
{
	const char *what = exception_who(t, x);
	unsigned int number = number_of(t, x->clause);

	if (x->ports.n < rule->ports.n)
		what = text_of(t, WORD_EXCEPT_PORTS,
			       WORDS({ "what", what },
				     { "ports", ports_told(t, &x->ports) }));
	/* Of a group it goes without saying, of a target it does not. */
	if (x->clause->action == ACTION_REDIRECT &&
	    x->families != rule->families)
		what = text_of(
			t, WORD_EXCEPT_FAMILY,
			WORDS({ "what", what },
			      { "family", families_told(t, x->families) }));
	if (!number)
		return what;
	return text_of(t, WORD_EXCEPT_OTHER,
		       WORDS({ "what", what },
			     { "rule", arena_printf(t->arena, "%u", number) }));
}

/* ---- parts of a page, as text or HTML ---- */

static bool is_html(const struct page *t)
{
	return t->form == WORDS_HTML;
}

static void put_tag(struct page *t, const char *tag, const char *text)
{
	fprintf(t->out, "<%s>", tag);
	words_put(t->out, text, WORDS_HTML);
	fprintf(t->out, "</%s>\n", tag);
}

static void underline(struct page *t, const char *text, char with)
{
	words_put(t->out, text, WORDS_TEXT);
	fputc('\n', t->out);
	for (const char *p = text; *p; p++)
		if (((unsigned char)*p & 0xc0) != 0x80)
			fputc(with, t->out);
	fputs("\n\n", t->out);
}

static void heading(struct page *t, enum word_key key)
{
	const char *text = text_of(t, key, NULL);

	if (is_html(t)) {
		put_tag(t, "h2", text);
		return;
	}
	fputc('\n', t->out);
	underline(t, text, '-');
}

static void paragraph(struct page *t, const char *text)
{
	if (is_html(t)) {
		put_tag(t, "p", text);
		return;
	}
	words_wrap(t->out, "", "", text);
	fputc('\n', t->out);
}

/* begin or end of a list: "dl", "ul" */
static void list(struct page *t, const char *tag, bool begin)
{
	if (is_html(t))
		fprintf(t->out, "<%s%s>\n", begin ? "" : "/", tag);
	else if (!begin)
		fputc('\n', t->out);
}

static void item(struct page *t, const char *text)
{
	if (is_html(t))
		put_tag(t, "li", text);
	else
		words_wrap(t->out, "  - ", "    ", text);
}

/* Nothing in it that ends an attribute or adds another header to a mail. */
static bool is_plain_address(const char *text)
{
	size_t len = strlen(text);
	const char *at = strchr(text, '@');

	return at && at != text && at[1] && !strchr(at + 1, '@') &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+_-@") == len;
}

static void fact(struct page *t, enum word_key label, const char *text)
{
	const char *name = text_of(t, label, NULL);

	if (!text)
		return;
	if (!is_html(t)) {
		words_wrap(t->out, arena_printf(t->arena, "  %s: ", name),
			   "    ", text);
		return;
	}
	put_tag(t, "dt", name);
	if (label == WORD_PAGE_CONTACT && is_plain_address(text))
		fprintf(t->out, "<dd><a href=\"mailto:%s\">%s</a></dd>\n", text,
			text);
	else
		put_tag(t, "dd", text);
}

/* ---- sections ---- */

static void put_facts(struct page *t)
{
	const struct policy *p = t->policy;

	list(t, "dl", true);
	fact(t, WORD_PAGE_POLICY, p->name);
	fact(t, WORD_PAGE_SINCE, t->since);
	fact(t, WORD_PAGE_REVIEW, p->review);
	fact(t, WORD_PAGE_CONTACT, p->contact);
	list(t, "dl", false);
}

static bool stops_outgoing_25(const struct page *t)
{
	for (size_t i = 0; i < t->rules.n; i++) {
		const struct told *rule = &t->rules.items[i];
		const struct clause *c = rule->clause;

		if (c->block->direction != DIRECTION_OUTBOUND ||
		    c->action == ACTION_OBSERVE)
			continue;
		for (size_t k = 0; k < rule->ports.n; k++)
			if (rule->ports.items[k] == 25)
				return true;
	}
	return false;
}

static void put_why(struct page *t)
{
	const char *purpose = t->policy->purpose;

	heading(t, WORD_PAGE_WHY_TITLE);
	paragraph(t, purpose ? text_of(t, WORD_PAGE_WHY_PURPOSE,
				       WORDS({ "purpose", purpose })) :
			       text_of(t, WORD_PAGE_WHY_NONE, NULL));
	if (stops_outgoing_25(t))
		paragraph(t, text_of(t, WORD_PAGE_WHY_25, NULL));
}

static void put_exceptions(struct page *t, const struct told *rule)
{
	const char *name = text_of(t, WORD_EXCEPT, NULL);

	if (!rule->exceptions.n) {
		fact(t, WORD_EXCEPT, text_of(t, WORD_EXCEPT_NONE, NULL));
		return;
	}
	if (is_html(t)) {
		put_tag(t, "dt", name);
		fputs("<dd><ul>\n", t->out);
	} else {
		words_wrap(t->out, "  ", "",
			   arena_printf(t->arena, "%s:", name));
	}
	for (size_t i = 0; i < rule->exceptions.n; i++)
		item(t, exception_told(t, rule, &rule->exceptions.items[i]));
	if (is_html(t))
		fputs("</ul></dd>\n", t->out);
}

static void put_rule(struct page *t, const struct told *rule)
{
	const struct clause *c = rule->clause;
	bool out = c->block->direction == DIRECTION_OUTBOUND;

	if (is_html(t)) {
		fputs("<article>\n", t->out);
		put_tag(t, "h3", title_told(t, rule));
	} else {
		words_wrap(t->out, "", "   ", title_told(t, rule));
	}
	list(t, "dl", true);
	fact(t, WORD_RULE_DIRECTION,
	     text_of(t, out ? WORD_RULE_OUTBOUND : WORD_RULE_INBOUND, NULL));
	fact(t, WORD_RULE_FROM, end_told(t, c, true, false));
	fact(t, WORD_RULE_TO, end_told(t, c, false, false));
	fact(t, WORD_RULE_ADDRESSES, families_told(t, rule->families));
	fact(t, WORD_RULE_HOW, how_told(t, c));
	put_exceptions(t, rule);
	list(t, "dl", false);
	if (is_html(t))
		fputs("</article>\n", t->out);
}

static void put_rules(struct page *t)
{
	heading(t, WORD_PAGE_RULES_TITLE);
	if (!t->rules.n) {
		paragraph(t, text_of(t, WORD_PAGE_RULES_NONE, NULL));
		return;
	}
	paragraph(t, text_of(t, WORD_PAGE_RULES_ORDER, NULL));
	for (size_t i = 0; i < t->rules.n; i++)
		put_rule(t, &t->rules.items[i]);
}

const struct publish_way publish_sending[PUBLISH_SENDING] = {
	{ 587, WORD_INSTEAD_587 },
	{ 465, WORD_INSTEAD_465 },
	{ 2525, WORD_INSTEAD_2525 },
};
const struct publish_way publish_reading[PUBLISH_READING] = {
	{ 993, WORD_INSTEAD_993 },
	{ 995, WORD_INSTEAD_995 },
};

/* False: none of them is open. */
static bool put_ways(struct page *t, enum word_key head,
		     const struct publish_way *ways, size_t n)
{
	bool began = false;

	for (size_t i = 0; i < n; i++) {
		if (!publish_is_open(t->policy, ways[i].port))
			continue;
		if (!began) {
			paragraph(t, text_of(t, head, NULL));
			list(t, "ul", true);
		}
		began = true;
		item(t, text_of(t, ways[i].key, NULL));
	}
	if (began)
		list(t, "ul", false);
	return began;
}

static void put_instead(struct page *t)
{
	heading(t, WORD_PAGE_INSTEAD_TITLE);
	if (!put_ways(t, WORD_INSTEAD_SEND, publish_sending,
		      COUNT(publish_sending)))
		paragraph(t, text_of(t, WORD_INSTEAD_SEND_NONE, NULL));
	put_ways(t, WORD_INSTEAD_READ, publish_reading, COUNT(publish_reading));
}

static void put_contact(struct page *t, enum word_key title, enum word_key key,
			enum word_key none)
{
	const char *contact = t->policy->contact;

	heading(t, title);
	paragraph(t, text_of(t, contact ? key : none,
			     WORDS({ "contact", contact })));
}

static const char *group_told(struct page *t, const struct class *c)
{
	if (c->kind == CLASS_DYNAMIC)
		return text_of(t, WORD_PAGE_GROUP_DYNAMIC, NULL);
	if (c->interfaces.n)
		return text_of(t, WORD_PAGE_GROUP_INTERFACES, NULL);
	return text_of(
		t, WORD_PAGE_GROUP_FIXED,
		WORDS({ "families", families_told(t, class_families(c)) }));
}

static void put_groups(struct page *t)
{
	if (!t->groups.n)
		return;
	heading(t, WORD_PAGE_GROUPS_TITLE);
	paragraph(t, text_of(t, WORD_PAGE_GROUPS, NULL));
	list(t, "ul", true);
	for (size_t i = 0; i < t->groups.n; i++) {
		const struct class *c = t->groups.items[i];

		item(t, arena_printf(t->arena, "%s: %s", c->name,
				     group_told(t, c)));
	}
	list(t, "ul", false);
}

static void put_body(struct page *t)
{
	paragraph(t, text_of(t, WORD_PAGE_INTRO, NULL));
	if (t->policy->observe)
		paragraph(t, text_of(t, WORD_PAGE_OBSERVE, NULL));
	put_facts(t);
	put_why(t);
	put_rules(t);
	put_instead(t);
	put_contact(t, WORD_PAGE_EXCEPTION_TITLE, WORD_PAGE_EXCEPTION,
		    WORD_PAGE_EXCEPTION_NONE);
	put_contact(t, WORD_PAGE_COMPLAINT_TITLE, WORD_PAGE_COMPLAINT,
		    WORD_PAGE_COMPLAINT_NONE);
	put_groups(t);
}

static const char *made_told(struct page *t)
{
	return text_of(t, WORD_PAGE_MADE, WORDS({ "policy", t->policy->name }));
}

/* ---- text ---- */

static void publish_text(struct page *t)
{
	underline(t, text_of(t, WORD_PAGE_TITLE, NULL), '=');
	put_body(t);
	fputc('\n', t->out);
	words_wrap(t->out, "", "", made_told(t));
}

/* ---- HTML ---- */

/*
 * One file that asks for no other, and runs nothing: should something slip
 * through the escaping, the browser is told not to run it, either. Contrast is
 * WCAG 2 AA in both colour schemes; a narrow screen has one column.
 */
static const char head[] =
	"<meta charset=\"utf-8\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" "
	"content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
	"<meta name=\"viewport\" "
	"content=\"width=device-width, initial-scale=1\">\n"
	"<meta name=\"color-scheme\" content=\"light dark\">\n"
	"<style>\n"
	":root { color-scheme: light dark; --ink: #1b1b1b; --paper: #fff;\n"
	"  --quiet: #555; --line: #ccc; --link: #0b57a4; }\n"
	"@media (prefers-color-scheme: dark) {\n"
	"  :root { --ink: #e8e8e8; --paper: #161616; --quiet: #b0b0b0;\n"
	"    --line: #444; --link: #8ab8ff; }\n"
	"}\n"
	"body { margin: 0; background: var(--paper); color: var(--ink);\n"
	"  font: 1.0625rem/1.55 system-ui, sans-serif; }\n"
	"main, footer { max-width: 42rem; margin: 0 auto; padding: 1rem; }\n"
	"h1, h2, h3 { line-height: 1.25; overflow-wrap: anywhere; }\n"
	"h1 { font-size: 1.75rem; }\n"
	"h2 { font-size: 1.3rem; margin-top: 2rem; }\n"
	"h3 { font-size: 1.0625rem; margin: 0 0 .5rem; }\n"
	"article { border: 1px solid var(--line); border-radius: .5rem;\n"
	"  padding: 1rem; margin: 1rem 0; }\n"
	"dl { display: grid; grid-template-columns: max-content 1fr;\n"
	"  gap: .25rem 1rem; margin: 0; }\n"
	"dt { color: var(--quiet); }\n"
	"dd { margin: 0; overflow-wrap: anywhere; }\n"
	"dd ul { margin: 0; padding-left: 1.1rem; }\n"
	"a { color: var(--link); }\n"
	"footer { color: var(--quiet); font-size: .9rem; }\n"
	"@media (max-width: 32rem) {\n"
	"  dl { grid-template-columns: 1fr; gap: 0; }\n"
	"  dd { margin-bottom: .5rem; }\n"
	"}\n"
	"</style>\n";

static void publish_html(struct page *t)
{
	const char *title = text_of(t, WORD_PAGE_TITLE, NULL);

	/* A tag is letters, digits and dashes: the loader has seen to it. */
	fprintf(t->out, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n",
		words_tag(t->lang));
	fputs(head, t->out);
	put_tag(t, "title", title);
	fputs("</head>\n<body>\n<main>\n", t->out);
	put_tag(t, "h1", title);
	put_body(t);
	fputs("</main>\n<footer>\n", t->out);
	put_tag(t, "p", made_told(t));
	fputs("</footer>\n</body>\n</html>\n", t->out);
}

/* ---- JSON ---- */

static json_t *ports_json(const struct ports *ports)
{
	json_t *all = json_array();

	for (size_t i = 0; i < ports->n; i++) {
		const struct service *s = service_by_port(ports->items[i]);

		json_array_append_new(all,
				      json_pack("{s:i, s:s?}", "port",
						(int)ports->items[i], "service",
						s ? s->name : NULL));
	}
	return all;
}

static json_t *families_json(unsigned int families)
{
	json_t *all = json_array();

	if (families & FAMILY_4)
		json_array_append_new(all, json_string("ipv4"));
	if (families & FAMILY_6)
		json_array_append_new(all, json_string("ipv6"));
	return all;
}

static json_t *refs_json(const struct class_refs *refs)
{
	json_t *all = json_array();

	for (size_t i = 0; i < refs->n; i++)
		json_array_append_new(all, text_json(refs->items[i]->name));
	return all;
}

static json_t *ids_json(const struct ids *ids)
{
	json_t *all = json_array();

	for (size_t i = 0; i < ids->n; i++)
		json_array_append_new(all, json_integer(ids->items[i]));
	return all;
}

static json_t *end_json(const struct clause *c, bool source)
{
	struct end end = end_of(c, source);

	return json_pack("{s:o, s:o}", "within", refs_json(end.list[0]), "only",
			 refs_json(end.list[1]));
}

static json_t *limit_json(const struct clause *c)
{
	if (c->action != ACTION_LIMIT)
		return json_null();
	return json_pack("{s:I, s:I, s:I}", "count", (json_int_t)c->rate.count,
			 "unit_s", (json_int_t)c->rate.unit_s, "burst",
			 (json_int_t)c->rate.burst);
}

static json_t *redirect_json(struct page *t, const struct clause *c)
{
	json_t *all = json_array();
	const char *targets[2];
	size_t n = targets_of(t, c, targets);

	for (size_t i = 0; i < n; i++)
		json_array_append_new(all, json_string(targets[i]));
	return all;
}

static json_t *exceptions_json(struct page *t, const struct told *rule)
{
	json_t *all = json_array();

	for (size_t i = 0; i < rule->exceptions.n; i++) {
		const struct exception *x = &rule->exceptions.items[i];

		json_array_append_new(
			all, json_pack("{s:o, s:s, s:o, s:o, s:o}", "clause",
				       text_json(x->clause->id), "action",
				       action_name(x->clause->action), "ports",
				       ports_json(&x->ports), "families",
				       families_json(x->families), "text",
				       text_json(exception_told(t, rule, x))));
	}
	return all;
}

static json_t *rule_text_json(struct page *t, const struct told *rule)
{
	const struct clause *c = rule->clause;

	return json_pack("{s:o, s:o, s:o, s:o}", "title",
			 text_json(title_told(t, rule)), "from",
			 text_json(end_told(t, c, true, false)), "to",
			 text_json(end_told(t, c, false, false)), "how",
			 text_json(how_told(t, c)));
}

static bool refuses(const struct clause *c)
{
	return c->action == ACTION_BLOCK || c->action == ACTION_LIMIT;
}

static json_t *rule_json(struct page *t, const struct told *rule)
{
	const struct clause *c = rule->clause;
	bool blocked = c->action == ACTION_BLOCK && !t->policy->observe;
	json_t *json = json_pack(
		"{s:i, s:o, s:s, s:b, s:s?, s:s, s:b, s:b}", "number",
		(int)rule->number, "clause", text_json(c->id), "action",
		action_name(c->action), "blocked", blocked, "refusal",
		refuses(c) ? refusal_name(c->refusal) : NULL, "direction",
		direction_name(c->block->direction), "log", c->log, "replies",
		c->replies);

	json_object_set_new(json, "ports", ports_json(&rule->ports));
	json_object_set_new(json, "from", end_json(c, true));
	json_object_set_new(json, "to", end_json(c, false));
	json_object_set_new(json, "users", ids_json(&c->users));
	json_object_set_new(json, "groups", ids_json(&c->groups));
	json_object_set_new(json, "families", families_json(rule->families));
	json_object_set_new(json, "limit", limit_json(c));
	json_object_set_new(json, "redirect", redirect_json(t, c));
	json_object_set_new(json, "exceptions", exceptions_json(t, rule));
	json_object_set_new(json, "text", rule_text_json(t, rule));
	return json;
}

static json_t *policy_json(const struct page *t)
{
	const struct policy *p = t->policy;

	return json_pack(
		"{s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:s, s:b}", "name",
		text_json(p->name), "purpose", text_json(p->purpose), "contact",
		text_json(p->contact), "review", text_json(p->review), "since",
		text_json(t->since), "mode", p->observe ? "observe" : "enforce",
		"hook", hook_name(p->hook), "language", words_tag(t->lang),
		"first_match", 1);
}

static json_t *rules_json(struct page *t)
{
	json_t *all = json_array();

	for (size_t i = 0; i < t->rules.n; i++)
		json_array_append_new(all, rule_json(t, &t->rules.items[i]));
	return all;
}

static json_t *groups_json(const struct page *t)
{
	json_t *all = json_array();

	for (size_t i = 0; i < t->groups.n; i++) {
		const struct class *c = t->groups.items[i];

		json_array_append_new(
			all, json_pack("{s:o, s:b, s:o, s:b}", "name",
				       text_json(c->name), "dynamic",
				       c->kind == CLASS_DYNAMIC, "families",
				       families_json(class_families(c)),
				       "interfaces", c->interfaces.n > 0));
	}
	return all;
}

static json_t *ways_json(const struct page *t, const struct publish_way *ways,
			 size_t n)
{
	json_t *all = json_array();

	for (size_t i = 0; i < n; i++)
		if (publish_is_open(t->policy, ways[i].port))
			json_array_append_new(all, json_integer(ways[i].port));
	return all;
}

static int publish_json(struct page *t)
{
	json_t *json = json_pack(
		"{s:o, s:o, s:o, s:{s:o, s:o}}", "policy", policy_json(t),
		"rules", rules_json(t), "groups", groups_json(t), "instead",
		"send", ways_json(t, publish_sending, COUNT(publish_sending)),
		"read", ways_json(t, publish_reading, COUNT(publish_reading)));
	int failed =
		json_dumpf(json, t->out, JSON_INDENT(2) | JSON_ENSURE_ASCII);

	json_decref(json);
	fputc('\n', t->out);
	if (!failed || ferror(t->out))
		return EXIT_DONE;
	say("cannot write the JSON document");
	return EXIT_REFUSED;
}

/* ---- the page ---- */

static int publish(struct page *t, enum publish_form form)
{
	collect(t);
	switch (form) {
	case PUBLISH_TEXT:
		publish_text(t);
		break;
	case PUBLISH_HTML:
		t->form = WORDS_HTML;
		publish_html(t);
		break;
	case PUBLISH_JSON:
		return publish_json(t);
	}
	return EXIT_DONE;
}

int publish_write(const struct policy *p, const struct lang *l,
		  enum publish_form form, const char *since, FILE *out)
{
	struct page t = { .policy = p, .lang = l, .since = since, .out = out };
	int code;

	t.arena = arena_new();
	if (!t.arena || setjmp(*arena_on_failure(t.arena))) {
		say("not enough memory");
		arena_free(t.arena);
		return EXIT_REFUSED;
	}
	code = publish(&t, form);
	arena_free(t.arena);
	return code;
}
