/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The answer for a person. */
#include "explain.h"
#include "explain_ports.h"
#include "../../rules/base/service.h"
#include "../program/when.h"
#include "../../rules/base/units.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- the connection ---- */

static void text_title(const struct explained *e)
{
	const struct opening *c = &e->opening;
	const struct service *s = service_by_port(c->destination_port);
	char from[RANGE_TEXT_MAX], to[RANGE_TEXT_MAX];

	explain_address(from, c->family, &c->source);
	explain_address(to, c->family, &c->destination);
	printf("%s -> %s%s%s:%u", from, c->family == 6 ? "[" : "", to,
	       c->family == 6 ? "]" : "", c->destination_port);
	if (s)
		printf(" (%s)", s->name);
	if (c->in)
		printf(", in %s", c->in);
	if (c->out)
		printf(", out %s", c->out);
	if (c->has_owner)
		printf(", user %u", c->uid);
	printf("\n");
}

static const char *text_happens(enum action action, const char *verdict)
{
	if (action_blocks(action))
		return verdict;
	if (action_needs_rate(action))
		return "passes up to a rate, and is refused over it";
	if (action_redirects(action))
		return "goes to another address";
	if (action_only_counts(action))
		return "passes, and is counted";
	return "passes";
}

static void text_verdict(const struct explained *e)
{
	const struct clause *cl = e->decision.clause;

	if (!cl) {
		printf("  passes: no clause of %s decides it\n",
		       e->policy->name);
		return;
	}
	printf("  %s%s, by %s: %s\n",
	       decision_observes(e->policy, &e->decision) ?
		       "passes, for mode observe only counts; would be " :
		       "",
	       text_happens(cl->action, explain_verdict(cl)), cl->id, cl->text);
	if (cl->block->of.n)
		printf("      in the block \"%s\", line %u\n", cl->block->text,
		       cl->block->span.line);
}

static const char *text_is(enum explain_is is)
{
	switch (is) {
	case IS_NO:
		return "is not in";
	case IS_YES:
		return "is in";
	case IS_NOT_KNOWN:
		break;
	}
	return "may be in";
}

/* ", until 2026-11-24T08:33:28Z", of a member that leaves by itself. */
static void text_until(const struct explain_member *m)
{
	char when[WHEN_TEXT_BYTES];

	if (!m->expires_ms)
		return;
	when_print_s(when,
		     (int64_t)time(NULL) + (int64_t)(m->expires_ms / 1000));
	printf(", until %s", when);
}

static void text_members(const struct explained *e)
{
	for (size_t i = 0; i < e->members.n; i++) {
		const struct explain_member *m = &e->members.items[i];
		char address[RANGE_TEXT_MAX];

		explain_address(address, e->opening.family,
				m->of_source ? &e->opening.source :
					       &e->opening.destination);
		printf("      %s %s %s", address, text_is(m->is),
		       m->class->name);
		text_until(m);
		printf("\n");
	}
}

/* The clauses of its block that were asked before, and did not match. */
static void text_asked(const struct explained *e)
{
	for (size_t i = 0; i < e->asked.n; i++) {
		const struct explain_asked *a = &e->asked.items[i];

		if (a->decides || a->match.block == MATCH_NO)
			continue;
		printf("      not by %s: %s\n", a->clause->id, a->clause->text);
	}
}

static void text_unsure(const struct explained *e)
{
	if (e->decision.unsure)
		printf("  not sure: a clause asks for an interface or a user "
		       "that "
		       "is not given; give --interface, --out or "
		       "--user\n");
	for (size_t i = 0; i < e->members.n; i++)
		if (e->members.items[i].is == IS_NOT_KNOWN &&
		    e->members.items[i].class->kind == CLASS_DYNAMIC) {
			printf("  not sure: who is in %s was not read\n",
			       e->members.items[i].class->name);
			return;
		}
}

/* ---- what is beside the policy ---- */

static void text_kernel(const struct explained *e)
{
	if (!e->has_kernel)
		return;
	if (e->family < 0)
		printf("  nothing is loaded on this machine: the policy stops "
		       "nothing here\n");
	else if (!e->same)
		printf("  the kernel holds other rules than this policy makes; "
		       "mailwall status says which\n");
	for (size_t i = 0; i < e->faults.n; i++)
		printf("  the rules do not act: %s\n", e->faults.items[i]);
	for (size_t i = 0; i < e->foreign.n; i++) {
		const struct explain_foreign *f = &e->foreign.items[i];

		printf("  not asked: %s, chain %s, priority %d%s\n", f->table,
		       f->chain, f->priority,
		       f->drops ? ", which drops what its rules leave" : "");
	}
}

static const char *known_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static void text_records(const struct explained *e)
{
	const json_t *record;
	size_t i;

	json_array_foreach(e->records, i, record)
	{
		const char *end = known_text(record, "expires");
		const char *ticket = known_text(record, "ticket");
		const char *why = known_text(record, "reason");

		printf("  exemption %s, class %s: %s, %s%s%s%s%s%s\n",
		       known_text(record, "member"),
		       known_text(record, "class"), known_text(record, "state"),
		       *end ? "until " : "stays", end,
		       *ticket ? ", ticket " : "", ticket, *why ? ", " : "",
		       why);
	}
	if (e->records && !json_array_size(e->records))
		printf("  exemption: no record\n");
}

#define FINDINGS_SHOWN 3

static void text_seen(const struct explained *e)
{
	const json_t *finding;
	size_t i;

	if (!e->attempts)
		return;
	printf("  seen in 90 days: %lld attempt%s",
	       (long long)json_integer_value(e->attempts),
	       plural_s((uint64_t)json_integer_value(e->attempts)));
	json_array_foreach(e->findings, i, finding)
	{
		if (i == FINDINGS_SHOWN)
			break;
		printf("%s%s (%s, %s)",
		       i ? ", " : "; found: ", known_text(finding, "finding"),
		       known_text(finding, "detector"),
		       known_text(finding, "time"));
	}
	if (json_array_size(e->findings) > FINDINGS_SHOWN)
		printf(" and %zu more",
		       json_array_size(e->findings) - FINDINGS_SHOWN);
	printf("\n");
}

static void text_not_read(const struct explained *e)
{
	for (size_t i = 0; i < e->not_read.n; i++)
		printf("  not read: %s\n", e->not_read.items[i]);
	printf("  not looked at: routes, tc, XDP, bridges, legacy iptables, "
	       "and "
	       "what other machines do\n");
}

/* ---- what helps ---- */

/* Is there a clause above that would let it through, if one were a member? */
static const struct class *text_exemption(const struct explained *e)
{
	for (size_t i = 0; i < e->asked.n; i++) {
		const struct explain_asked *a = &e->asked.items[i];
		const struct class_refs *from = &a->clause->from;

		if (!action_lets_through(a->clause->action) ||
		    a->match.block != MATCH_YES || a->match.to != MATCH_YES ||
		    a->match.owner == MATCH_NO || a->decides)
			continue;
		for (size_t k = 0; k < from->n; k++)
			if (from->items[k]->kind == CLASS_DYNAMIC)
				return from->items[k];
	}
	return NULL;
}

/* The dynamic class for whose members the clause is, if one made it decide. */
static const struct class *text_held(const struct explained *e)
{
	const struct class_refs *from = &e->decision.clause->from;

	for (size_t i = 0; i < e->members.n; i++) {
		const struct explain_member *m = &e->members.items[i];

		if (!m->of_source || m->is != IS_YES ||
		    m->class->kind != CLASS_DYNAMIC)
			continue;
		for (size_t k = 0; k < from->n; k++)
			if (from->items[k] == m->class)
				return m->class;
	}
	return NULL;
}

static void text_help(const struct explained *e)
{
	const struct class *held;
	const struct class *class = text_exemption(e);
	char address[RANGE_TEXT_MAX];

	/* Where nothing is loaded nothing is in the way. */
	if (!e->decision.clause || !action_blocks(e->decision.clause->action) ||
	    (e->has_kernel && e->family < 0))
		return;
	explain_address(address, e->opening.family, &e->opening.source);
	held = text_held(e);
	if (held) {
		/* The monitor puts the /64 of an IPv6 source there. */
		if (!strcmp(held->name, "flagged"))
			addr_print_source(address, e->opening.family,
					  &e->opening.source);
		printf("To end what holds it for being in %s: mailwall exempt "
		       "remove %s --class %s\n",
		       held->name, address, held->name);
	} else if (class) {
		printf("To let it through: mailwall exempt add%s%s --ticket "
		       "TICKET %s\n",
		       strcmp(class->name, "exempt") ? " --class " : "",
		       strcmp(class->name, "exempt") ? class->name : "",
		       address);
	} else {
		printf("To let it through the policy has to change: no class "
		       "above line %u lets a source be exempt\n",
		       e->decision.clause->span.line);
	}
}

int explain_print(struct explained *e)
{
	if (e->whole) {
		explain_ports(e);
	} else {
		text_title(e);
		text_verdict(e);
		text_asked(e);
		text_members(e);
		text_unsure(e);
	}
	explain_live_print(e);
	printf("  policy %s, %s\n", e->policy->name, e->from_where);
	text_kernel(e);
	text_records(e);
	text_seen(e);
	text_not_read(e);
	if (!e->whole)
		text_help(e);
	return EXIT_DONE;
}
