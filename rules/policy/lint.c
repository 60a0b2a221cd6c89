/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Warnings: a policy may say these things and had better not. A warning names
 * the standard that it relies on; words in capitals are quoted, everything
 * else is our reading.
 */
#include "../base/arena.h"
#include "check.h"
#include "../base/service.h"
#include "../base/units.h"
#include "lint.h"

#include <string.h>

#define BITAG  "BITAG, Port Blocking (2013)"
#define M3AAWG "M3AAWG, Managing Port 25 for Residential or Dynamic IP Space"

/* ---- the header ---- */

static void lint_header(struct check *c)
{
	const struct policy *p = c->policy;
	const struct span *name = &c->decl.name.span;
	struct diag *d;
	int32_t day;

	if (!p->purpose) {
		d = diag_warning(c->diags, name, "no-purpose",
				 "the policy does not say what it is for");
		d->help = "purpose \"...\": who is blocked should be told why";
		d->reference = BITAG ": disclose port blocking";
	}
	if (!p->contact) {
		d = diag_warning(c->diags, name, "no-contact",
				 "the policy does not say whom to ask");
		d->help = "contact \"abuse@...\": leave a way for feedback";
		d->reference = BITAG ": channels for feedback";
	}
	if (!p->review) {
		d = diag_warning(c->diags, name, "no-review",
				 "the policy has no date to be reviewed at");
		d->help = "review YYYY-MM-DD";
		d->reference = BITAG ": revisit port blocking regularly";
	} else if (date_parse(p->review, &day) && day < c->input->today) {
		d = diag_warning(c->diags, &c->decl.review.span,
				 "review-passed",
				 "the review date %s has passed", p->review);
		d->help = "see whether the block is still needed, then set a "
			  "new date";
		d->reference = BITAG ": revisit port blocking regularly";
	}
}

/* ---- classes that leave nothing ---- */

static bool is_empty(const struct class_refs *refs)
{
	for (size_t i = 0; i < refs->n; i++)
		if (!class_is_empty(refs->items[i]))
			return false;
	return refs->n;
}

static bool lint_clause_classes(struct check *c, const struct clause *cl)
{
	const struct block *b = cl->block;
	const struct class_refs *same_side =
		b->direction == DIRECTION_OUTBOUND ? &cl->from : &cl->to;

	if (is_empty(&cl->from) || is_empty(&cl->to)) {
		diag_warning(c->diags, &cl->span, "never-matches",
			     "this clause can never match: its class is "
			     "empty");
		return false;
	}
	if (!is_empty(&b->of) && !refs_meet(c, &b->of, same_side)) {
		diag_warning(c->diags, &cl->span, "never-matches",
			     "this clause can never match: \"%s\" lies "
			     "outside \"%s\"",
			     same_side->items[0]->name, b->of.items[0]->name);
		return false;
	}
	return true;
}

static bool names_flagged(const struct class_refs *refs)
{
	for (size_t i = 0; i < refs->n; i++)
		if (refs->items[i]->builtin &&
		    !strcmp(refs->items[i]->name, "flagged"))
			return true;
	return false;
}

/* ---- standards ---- */

static void lint_standards(struct check *c, const struct clause *cl)
{
	bool blocks = action_blocks(cl->action) || action_redirects(cl->action);

	if (!blocks || cl->block->direction != DIRECTION_OUTBOUND ||
	    names_flagged(&cl->from))
		return;
	for (size_t i = 0; i < n_services; i++) {
		const struct service_warning *w = services[i].if_blocked;
		struct diag *d;

		if (!w || !clause_decides(cl, services[i].port))
			continue;
		d = diag_warning(c->diags, &cl->span, w->code, "%s",
				 w->message);
		d->help = w->help;
		d->reference = w->reference;
	}
}

static bool decides_cleartext(const struct clause *cl)
{
	for (size_t i = 0; i < n_services; i++)
		if (service_is_cleartext(&services[i]) &&
		    clause_decides(cl, services[i].port))
			return true;
	return false;
}

static void lint_cleartext(struct check *c, const struct clause *cl)
{
	char ports[SERVICE_LIST_BYTES];
	struct diag *d;

	if (!action_infos[cl->action].exempts || cl->from.n || cl->to.n ||
	    cl->users.n || cl->groups.n ||
	    cl->block->direction != DIRECTION_OUTBOUND ||
	    !decides_cleartext(cl))
		return;
	d = diag_warning(
		c->diags, &cl->span, "cleartext-allowed",
		"ports %s start in cleartext",
		service_list_ports(service_is_cleartext, "and", ports));
	d->help = "write \"observe\" to see who still uses them";
	d->reference = "RFC 8314 section 4.1";
}

static void lint_redirect(struct check *c, const struct clause *cl)
{
	struct diag *d;

	if (!action_redirects(cl->action))
		return;
	if (cl->has_target4 != cl->has_target6) {
		diag_warning(c->diags, &cl->span, "one-family",
			     "only IPv%d is redirected; IPv%d goes on to the "
			     "next clause",
			     cl->has_target4 ? 4 : 6, cl->has_target4 ? 6 : 4)
			->help = "name an address of each family";
	}
	if (clause_decides(cl, PORT_SMTP)) {
		d = diag_warning(c->diags, &cl->span, "redirect-intercepts",
				 "a redirected connection ends at another "
				 "server than its client asked for");
		d->help = "the client cannot verify that server's name; "
			  "prefer \"block\" and submission on 587 or 465";
		d->reference = "RFC 5068 section 4 names the harm";
	}
}

/* Is there a clause above that lets somebody past this block? */
static bool find_exemption(struct check *c, const struct clause *cl, void *data)
{
	struct shadow *s = data;

	(void)c;
	if (cl == s->later)
		return true;
	if (cl->block->direction == DIRECTION_OUTBOUND &&
	    clause_decides(cl, s->port) && action_lets_through(cl->action) &&
	    (cl->from.n || cl->to.n || cl->users.n || cl->groups.n))
		s->found = cl;
	return s->found;
}

static void lint_exemption(struct check *c, const struct clause *cl)
{
	struct diag *d;

	if (!action_blocks(cl->action) || names_flagged(&cl->from) ||
	    cl->block->direction != DIRECTION_OUTBOUND)
		return;
	for (size_t i = 0; i < cl->ports.n; i++) {
		struct shadow s = { .later = cl, .port = cl->ports.items[i] };

		each_clause(c, find_exemption, &s);
		if (s.found)
			continue;
		d = diag_warning(c->diags, &cl->span, "no-exemption",
				 "nobody can be exempt from the block of port "
				 "%u",
				 s.port);
		d->help = "\"class exempt dynamic\", and above this line "
			  "\"allow ... from exempt\"";
		d->reference = BITAG ": provide opt-out or exceptions";
		return;
	}
}

/* Does the opposite direction let any connection of this port through? */
static bool find_answered(struct check *c, const struct clause *cl, void *data)
{
	struct shadow *s = data;

	(void)c;
	return cl->block->direction != s->later->block->direction &&
	       clause_decides(cl, s->port) &&
	       (action_lets_through(cl->action) ||
		action_redirects(cl->action));
}

static void lint_replies(struct check *c, const struct clause *cl)
{
	for (size_t i = 0; i < cl->ports.n && cl->replies; i++) {
		struct shadow s = { .later = cl, .port = cl->ports.items[i] };

		if (each_clause(c, find_answered, &s))
			continue;
		diag_warning(c->diags, &cl->span, "replies-all",
			     "every answer from port %u is blocked: no %s "
			     "clause lets a connection to it through",
			     s.port,
			     cl->block->direction == DIRECTION_OUTBOUND ?
				     "inbound" :
				     "outbound")
			->help = "allow it there, or leave \"and replies\" "
				 "away";
	}
}

/*
 * A host that sends on port 25 gets its bounces there. Returns the clause that
 * blocks the way in for a class that may send.
 */
static const struct clause *find_inbound(struct check *c,
					 const struct class *class)
{
	for (size_t i = 0; i < c->policy->blocks.n; i++) {
		const struct block *b = &c->policy->blocks.items[i];

		if (b->direction != DIRECTION_INBOUND)
			continue;
		for (size_t k = 0; k < b->clauses.n; k++) {
			const struct clause *cl = &b->clauses.items[k];
			struct class_refs one = { &class, 1, 1, cl->span };

			if (!clause_decides(cl, PORT_SMTP))
				continue;
			if (action_blocks(cl->action) && !cl->from.n &&
			    refs_meet(c, &b->of, &one) && !cl->to.n)
				return cl;
			if (action_lets_through(cl->action) && cl->to.n &&
			    refs_cover(c, &cl->to, &one))
				return NULL;
		}
	}
	return NULL;
}

static void lint_bounces(struct check *c, const struct clause *cl)
{
	if (cl->block->direction != DIRECTION_OUTBOUND ||
	    !action_infos[cl->action].exempts ||
	    !clause_decides(cl, PORT_SMTP) || cl->to.n)
		return;
	for (size_t i = 0; i < cl->from.n; i++) {
		const struct class *class = cl->from.items[i];
		const struct clause *block = find_inbound(c, class);
		struct diag *d;

		if (!block)
			continue;
		d = diag_warning(c->diags, &cl->span, "bounces-blocked",
				 "%s may send on port 25 and is not reached "
				 "there: line %u blocks its bounces",
				 class->name, block->span.line);
		d->help = arena_printf(c->arena,
				       "inbound, above that: \"allow smtp to "
				       "%s\"",
				       class->name);
		d->reference = "RFC 5321 section 4.5.4.2: who sends mail "
			       "SHOULD listen on port 25";
	}
}

/* A block of both directions that leaves the answers of another path open. */
static bool blocks_smtp_out(struct check *c, const struct clause *cl,
			    void *data)
{
	(void)c;
	(void)data;
	return cl->block->direction == DIRECTION_OUTBOUND &&
	       action_blocks(cl->action) && clause_decides(cl, PORT_SMTP);
}

static bool blocks_answers(struct check *c, const struct clause *cl, void *data)
{
	(void)c;
	(void)data;
	return cl->replies && clause_decides(cl, PORT_SMTP);
}

static void lint_answers(struct check *c, const struct clause *cl)
{
	struct diag *d;

	if (cl->block->direction != DIRECTION_INBOUND ||
	    !action_blocks(cl->action) || !clause_decides(cl, PORT_SMTP) ||
	    c->policy->hook == HOOK_OUTPUT ||
	    !each_clause(c, blocks_smtp_out, NULL) ||
	    each_clause(c, blocks_answers, NULL))
		return;
	d = diag_warning(c->diags, &cl->span, "answers-open",
			 "answers from port 25 to mail that left by another "
			 "path still come in");
	d->help = "write \"and replies\"";
	d->reference = M3AAWG ": block access to and from port 25";
}

/*
 * RFC 6052 and RFC 8215: an address in these is a host of the IPv4 internet,
 * which a translator reaches.
 */
static const char *const nat64_prefixes[] = { "64:ff9b::/96",
					      "64:ff9b:1::/48" };

static bool class_holds_nat64(struct check *c, const struct class *class)
{
	if (class->builtin || class->kind != CLASS_STATIC)
		return false;
	for (size_t i = 0; i < sizeof(nat64_prefixes) / sizeof(*nat64_prefixes);
	     i++) {
		struct addr_range r;
		struct ranges6 one = { &r.v6, 1, 1 };
		struct range6 at;

		range_parse(nat64_prefixes[i], strlen(nat64_prefixes[i]), &r);
		if (ranges6_meet(class_ranges6(c->arena, class), &one, &at))
			return true;
	}
	return false;
}

static void lint_nat64(struct check *c, const struct clause *cl)
{
	struct diag *d;

	if (!action_lets_through(cl->action) || !clause_decides(cl, PORT_SMTP))
		return;
	for (size_t i = 0; i < cl->to.n; i++) {
		if (!class_holds_nat64(c, cl->to.items[i]))
			continue;
		d = diag_warning(c->diags, &cl->span, "nat64",
				 "%s has addresses of a NAT64: they are hosts "
				 "of the IPv4 internet",
				 cl->to.items[i]->name);
		d->help = "leave 64:ff9b::/96 and 64:ff9b:1::/48 out of what "
			  "may be reached on port 25";
		d->reference = "RFC 6052, RFC 8215";
	}
}

/* ---- classes ---- */

static void lint_family(struct check *c, const struct class *class)
{
	bool v4 = class->hosts4.n || class->nets4.n;
	bool v6 = class->hosts6.n || class->nets6.n;

	if (class->kind != CLASS_STATIC || v4 == v6 || class->interfaces.n)
		return;
	diag_warning(c->diags, &class->span, "one-family",
		     "class %s has no IPv%d member: a connection over IPv%d "
		     "is not in it",
		     class->name, v4 ? 6 : 4, v4 ? 6 : 4)
		->help = "add the prefixes of the other family";
}

static void lint_class(struct check *c, const struct class *class)
{
	if (class->builtin)
		return;
	/* The monitor asks how many users an address has. */
	if (!class->literal && !class->uses && !class->users)
		diag_warning(c->diags, &class->span, "class-unused",
			     "class %s is not used", class->name);
	if (class_is_empty(class))
		diag_warning(c->diags, &class->span, "class-empty",
			     "class %s has no members", class->name);
	if (!class->literal)
		lint_family(c, class);
}

static void lint_block(struct check *c, const struct block *block)
{
	for (size_t i = 0; i < block->of.n; i++)
		if (block->of.items[i]->literal)
			lint_family(c, block->of.items[i]);
	if (!block->clauses.n)
		diag_warning(c->diags, &block->span, "block-empty",
			     "this block decides nothing");
}

/* Two blocks of one direction that share members: order matters there. */
static void lint_overlap(struct check *c, const struct block *a,
			 const struct block *b)
{
	for (size_t i = 0; i < a->of.n; i++)
		for (size_t k = 0; k < b->of.n; k++) {
			const struct class *x = a->of.items[i];
			const struct class *y = b->of.items[k];

			if (!lint_spend(c, 1))
				return;
			if (x == y || x->kind != CLASS_STATIC ||
			    y->kind != CLASS_STATIC || x->interfaces.n ||
			    y->interfaces.n || !classes_meet(c, x, y))
				continue;
			diag_warning(c->diags, &b->span, "class-overlap",
				     "classes %s and %s share addresses: the "
				     "block in line %u decides for them first",
				     x->name, y->name, a->span.line);
		}
}

static void lint_blocks(struct check *c)
{
	const struct policy *p = c->policy;

	for (size_t i = 0; i < p->blocks.n; i++) {
		lint_block(c, &p->blocks.items[i]);
		for (size_t k = 0; k < i; k++)
			if (p->blocks.items[k].direction ==
			    p->blocks.items[i].direction)
				lint_overlap(c, &p->blocks.items[k],
					     &p->blocks.items[i]);
	}
}

static bool uses_flagged(struct check *c, const struct clause *cl, void *data)
{
	(void)c;
	(void)data;
	return names_flagged(&cl->from) || names_flagged(&cl->to);
}

static void lint_watch(struct check *c)
{
	bool used = each_clause(c, uses_flagged, NULL);

	if (c->policy->quarantine_s && !used)
		diag_warning(c->diags, &c->decl.watch.quarantine.span,
			     "quarantine-unused",
			     "no clause asks for class flagged: a quarantine "
			     "blocks nothing")
			->help = "write \"block smtp submission submissions "
				 "from flagged\" above the clauses that allow "
				 "them";
	if (used && !c->policy->quarantine_s)
		diag_warning(c->diags, &c->decl.name.span, "quarantine-missing",
			     "nothing fills class flagged")
			->help = "watch { quarantine 24h }";
}

/* A bound of exemptions is for the classes that the book keeps. */
static void lint_exempt_bound(struct check *c)
{
	const struct policy *p = c->policy;

	if (!p->exempt_most_s)
		return;
	for (size_t i = 0; i < p->classes.n; i++)
		if (p->classes.items[i]->kind == CLASS_DYNAMIC &&
		    strcmp(p->classes.items[i]->name, "flagged"))
			return;
	diag_warning(c->diags, &c->decl.exempt_most.span, "exempt-unused",
		     "the policy has no dynamic class that exemptions could be "
		     "in")
		->help = "class exempt dynamic";
}

static bool lint_clause(struct check *c, const struct clause *cl, void *data)
{
	(void)data;
	if (lint_clause_classes(c, cl))
		lint_reach(c, cl);
	lint_standards(c, cl);
	lint_cleartext(c, cl);
	lint_redirect(c, cl);
	lint_exemption(c, cl);
	lint_replies(c, cl);
	lint_bounces(c, cl);
	lint_answers(c, cl);
	lint_nat64(c, cl);
	lint_owner(c, cl);
	lint_ports(c, cl);
	return false;
}

#define LINT_STEPS_MOST 200000000 /* a second or two */

void lint_policy(struct check *c)
{
	c->lint_left = LINT_STEPS_MOST;
	lint_header(c);
	for (size_t i = 0; i < c->policy->classes.n; i++)
		lint_class(c, c->policy->classes.items[i]);
	lint_blocks(c);
	each_clause(c, lint_clause, NULL);
	lint_watch(c);
	lint_exempt_bound(c);
	if (!c->lint_left)
		diag_warning(c->diags, &c->decl.name.span, "not-all-checked",
			     "the policy is so large that not all of its "
			     "clauses and classes were compared")
			->help = "clauses that never match, and classes that "
				 "overlap, may be there";
}
