/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proof.h"
#include "ends.h"
#include "../base/arena.h"
#include "../base/service.h"
#include "../policy/decide.h"

#include <errno.h>
#include <string.h>

/*
 * Steps of all tests together, a few seconds: a look at a list of a class, or
 * a part of asking about a connection.
 */
#define STEPS_MOST 2000000000
#define STEPS_ASK  50

/* One line of a test, and what is asked of it. */
struct proof {
	struct policy *policy;
	struct arena *arena; /* for what is made on the way */
	const struct policy_test *test;
	const struct expectation *line;
	uint64_t *steps; /* steps that are left */
	size_t asked;
};

/* ---- one connection ---- */

struct asked {
	const struct end_kind *from, *to;
	const struct opening *opening;
};

static bool proof_member(void *ctx, const struct class *class, uint8_t family,
			 const struct addr6 *address)
{
	const struct asked *q = ctx;

	(void)family;
	return end_is_in(address == &q->opening->source ? q->from : q->to,
			 class);
}

static void proof_ask(const struct proof *p, struct asked *q,
		      struct opening *opening, struct decision *out)
{
	struct decide_input input = { proof_member, q };
	bool outbound = p->line->direction == DIRECTION_OUTBOUND;
	enum hook hook = p->policy->hook;

	*opening = (struct opening){
		.family = q->from->family,
		.source = q->from->address,
		.destination = q->to->address,
		.source_port = 40000,
		.destination_port = opening->destination_port,
		.in = q->from->interface,
		.out = q->to->interface,
		.has_owner = q->from->has_owner,
		.uid = q->from->uid,
		.gid = q->from->gid,
	};
	/* These hooks see the connection once, on the side that is named. */
	if (hook == HOOK_OUTPUT)
		*(outbound ? &opening->in : &opening->out) = NULL;
	if (hook == HOOK_INGRESS)
		*(outbound ? &opening->out : &opening->in) = NULL;
	policy_decide(p->policy, &input, opening, out);
}

/* ---- verdicts ---- */

static bool verdict_is(const struct clause *clause, enum expected verdict)
{
	bool blocks = clause && action_blocks(clause->action);

	switch (verdict) {
	case EXPECTED_ALLOW:
		return !clause ||
		       action_infos[clause->action].verdict == VERDICT_PASS;
	case EXPECTED_BLOCK:
		return blocks;
	case EXPECTED_RESET:
		return blocks && clause->refusal == REFUSAL_RESET;
	case EXPECTED_REJECT:
		return blocks && clause->refusal == REFUSAL_REJECT;
	case EXPECTED_DROP:
		return blocks && clause->refusal == REFUSAL_DROP;
	case EXPECTED_LIMIT:
		return clause && action_needs_rate(clause->action);
	case EXPECTED_REDIRECT:
		return clause && action_redirects(clause->action);
	case EXPECTED_OBSERVE:
		return clause && action_only_counts(clause->action);
	case EXPECTED_N:
		break;
	}
	return false;
}

static const char *verdict_of(const struct clause *clause)
{
	if (!clause)
		return "allow";
	if (action_blocks(clause->action))
		return refusal_name(clause->refusal);
	return action_name(clause->action);
}

/* ---- what is said ---- */

static const char *proof_service(struct arena *a, uint16_t port)
{
	const struct service *s = service_by_port(port);

	return s ? s->name : arena_printf(a, "%u", port);
}

static const char *proof_where(struct arena *a, const struct proof *p,
			       const struct asked *q)
{
	const char *text = ends_text(a, q->from, END_FROM);
	const char *more = ends_text(a, q->to, END_TO);

	if (p->policy->hook == HOOK_OUTPUT && q->from->has_owner &&
	    p->line->direction == DIRECTION_OUTBOUND &&
	    ends_have_owners(p->policy))
		text = arena_printf(a, "%s, of user %u and group %u", text,
				    q->from->uid, q->from->gid);
	return arena_printf(a, "%s%s", text, more);
}

static void proof_fails(const struct proof *p, const struct asked *q,
			const struct decision *d)
{
	struct arena *a = p->policy->arena;
	const struct expectation *line = p->line;
	char from[RANGE_TEXT_MAX], to[RANGE_TEXT_MAX];
	struct diag *diag;

	end_print(from, q->from);
	end_print(to, q->to);
	diag = diag_error(&p->policy->diags, &line->span, "test-fails",
			  "test \"%.60s\" fails: %s -> %s %s%s: %s%s%s",
			  p->test->name, from, to,
			  proof_service(a, q->opening->destination_port),
			  proof_where(a, p, q), verdict_of(d->clause),
			  line->never ? "" : ", not ",
			  line->never ? "" : expected_name(line->verdict));
	diag->help = d->clause ? arena_printf(a, "line %u decides: %s",
					      d->clause->span.line,
					      d->clause->text) :
				 "no clause decides it, so it passes";
}

/* ---- every connection ---- */

/* True when one was found that does not meet the line. */
static bool proof_try_port(struct proof *p, const struct end_kinds *from,
			   const struct end_kinds *to, uint16_t port)
{
	for (size_t i = 0; i < from->n; i++)
		for (size_t k = 0; k < to->n; k++) {
			struct opening opening = { .destination_port = port };
			struct asked q = { &from->items[i], &to->items[k],
					   &opening };
			struct decision d;

			proof_ask(p, &q, &opening, &d);
			if (verdict_is(d.clause, p->line->verdict) !=
			    p->line->never)
				continue;
			proof_fails(p, &q, &d);
			return true;
		}
	return false;
}

static void proof_too_large(const struct proof *p)
{
	diag_error(&p->policy->diags, &p->line->span, "test-too-large",
		   "test \"%.60s\" is not decided: the classes on both sides "
		   "tell too many kinds of connections apart",
		   p->test->name)
		->help = "name fewer classes or services in one line";
}

/* True when the line is done with: it failed, or cannot be decided. */
static bool proof_try_family(struct proof *p, uint8_t family)
{
	const struct expectation *line = p->line;
	struct end_kinds from = { 0 }, to = { 0 };
	uint64_t pairs;

	if (!ends_of(p->arena, p->policy, line, END_FROM, family, p->steps,
		     &from) ||
	    !ends_of(p->arena, p->policy, line, END_TO, family, p->steps,
		     &to)) {
		proof_too_large(p);
		return true;
	}
	if (!from.n || !to.n)
		return false;
	pairs = (uint64_t)from.n * to.n;
	if (pairs > *p->steps / STEPS_ASK / line->ports.n) {
		proof_too_large(p);
		return true;
	}
	*p->steps -= pairs * line->ports.n * STEPS_ASK;
	p->asked += pairs;
	for (size_t i = 0; i < line->ports.n; i++)
		if (proof_try_port(p, &from, &to, line->ports.items[i]))
			return true;
	return false;
}

static void proof_try(struct proof *p)
{
	if (proof_try_family(p, 4) || proof_try_family(p, 6))
		return;
	if (!p->asked)
		diag_warning(&p->policy->diags, &p->line->span,
			     "test-of-nothing",
			     "test \"%.60s\" asks about no connection: no "
			     "address of one family is on both sides",
			     p->test->name)
			->help = "look at the classes, and at what unless "
				 "takes away";
}

static void proof_test(struct policy *policy, struct arena *scratch,
		       const struct policy_test *test, uint64_t *steps)
{
	for (size_t i = 0; i < test->lines.n; i++) {
		struct proof p = { .policy = policy,
				   .arena = scratch,
				   .test = test,
				   .line = &test->lines.items[i],
				   .steps = steps };

		proof_try(&p);
	}
}

int policy_prove(struct policy *policy)
{
	struct arena *const scratch = arena_new();
	uint64_t steps = STEPS_MOST;

	if (!scratch)
		return -ENOMEM;
	if (setjmp(*arena_on_failure(scratch)) ||
	    setjmp(*arena_on_failure(policy->arena))) {
		arena_free(scratch);
		return -ENOMEM;
	}
	if (!policy->diags.errors)
		for (size_t i = 0; i < policy->tests.n; i++)
			proof_test(policy, scratch, &policy->tests.items[i],
				   &steps);
	diags_sort(&policy->diags);
	arena_free(scratch);
	return 0;
}
