/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A real connection, followed through the kernel. */
#include "explain.h"
#include "explain_ports.h"
#include "../../rules/base/arena.h"
#include "../../rules/base/units.h"
#include "../../rules/ruleset/ruleset.h"
#include "../program/json.h"
#include "../program/message.h"
#include "../program/value.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

/* ---- waiting ---- */

static int live_cannot(const struct explained *e, int error)
{
	if (error == -EOPNOTSUPP || error == -EINVAL)
		message_say("--live: this kernel has no tables that go with "
			    "their owner (Linux 5.12); without --live the "
			    "policy answers");
	else
		message_say("--live: the kernel takes no rule that marks "
			    "packets%s: %s",
			    e->policy->hook == HOOK_INGRESS ?
				    " on the devices of the policy" :
				    "",
			    strerror(-error));
	return EXIT_REFUSED;
}

static void live_say_waiting(const struct explained *e)
{
	char source[RANGE_TEXT_MAX], duration[16];

	explain_address(source, e->opening.family, &e->opening.source);
	duration_print(duration, e->question->live_s);
	message_say("waiting for a connection of %s to %s, for %s at most",
		    source, e->whole ? "a mail port" : e->question->destination,
		    duration);
}

static int live_follow(struct explained *e)
{
	struct ports ports = { 0 };
	struct nftrace_query query = { .hook = e->policy->hook,
				       .devices = &e->policy->devices,
				       .family = e->opening.family,
				       .source = &e->opening.source,
				       .ports = &ports };
	int error;

	if (e->whole) {
		explain_ports_of(e, &ports);
	} else {
		query.destination = &e->opening.destination;
		*arena_push(e->program->arena, &ports) =
			e->opening.destination_port;
	}
	error = nftrace_open(&e->live, e->program->arena, &query);
	if (!error) {
		live_say_waiting(e);
		error = nftrace_wait(&e->live, e->question->live_s);
	}
	nftrace_close(&e->live);
	return error;
}

/* ---- the connection that came ---- */

/* The first interface that a step names; before: what is known already. */
static const char *live_interface(const struct explained *e, bool is_in,
				  const char *before)
{
	const char *name = before;
	char text[IF_NAMESIZE];

	for (size_t i = 0; i < e->live.steps.n; i++) {
		const struct nftrace_step *s = &e->live.steps.items[i];
		uint32_t number = is_in ? s->in : s->out;

		if (!number)
			continue;
		name = if_indextoname(number, text) ?
			       arena_printf(e->program->arena, "%s", text) :
			       "";
		break;
	}
	return name;
}

/* Our rules see the destination that rules before them may have changed. */
static void live_take_opening(struct explained *e)
{
	struct opening *c = &e->opening;
	bool reached = false;

	for (size_t i = 0; i < e->live.steps.n && !reached; i++) {
		const struct nftrace_step *s = &e->live.steps.items[i];

		reached = !strcmp(s->table, TABLE_NAME);
		if (!s->has_destination)
			continue;
		c->destination = s->destination;
		c->destination_port = s->destination_port;
		c->source_port = s->source_port;
	}
	c->in = live_interface(e, true, c->in);
	c->out = live_interface(e, false, c->out);
	e->whole = false;
}

int explain_live(struct explained *e)
{
	int error;

	if (!e->question->live_s)
		return EXIT_DONE;
	if (!e->has_kernel) {
		message_say("--live asks the kernel, and that needs "
			    "CAP_NET_ADMIN; without --live the policy answers");
		return EXIT_REFUSED;
	}
	error = live_follow(e);
	if (error)
		return live_cannot(e, error);
	if (!e->live.caught)
		return EXIT_DONE;
	nftrace_name_rules(&e->live, &e->netlink);
	live_take_opening(e);
	return EXIT_DONE;
}

/* ---- what became of it ---- */

enum nftrace_fate explain_live_fate(const struct explained *e,
				    const struct nftrace_step **step)
{
	enum nftrace_fate fate = FATE_GOES_ON;

	*step = NULL;
	for (size_t i = 0; i < e->live.steps.n; i++) {
		const struct nftrace_step *s = &e->live.steps.items[i];
		enum nftrace_fate now = nftrace_step_fate(s);

		if (now == FATE_GOES_ON)
			continue;
		fate = now;
		*step = s;
	}
	return fate;
}

enum explain_is explain_live_agrees(const struct explained *e)
{
	const struct clause *cl = e->decision.clause;
	const struct nftrace_step *step;
	enum nftrace_fate fate = explain_live_fate(e, &step);

	if (!e->same || e->decision.unsure || e->live.lost ||
	    fate == FATE_QUEUED || fate == FATE_TAKEN ||
	    (cl && action_needs_rate(cl->action)))
		return IS_NOT_KNOWN;
	return (fate == FATE_STOPPED) ==
			       decision_blocks(e->policy, &e->decision) ?
		       IS_YES :
		       IS_NO;
}

/* ---- for a person ---- */

static const char *live_rule_text(const struct explained *e,
				  const struct nftrace_step *s)
{
	struct arena *a = e->program->arena;

	if (s->kind == TRACE_POLICY)
		return "the chain's policy";
	if (s->comment && !strcmp(s->table, TABLE_NAME) &&
	    !strncmp(s->comment, TABLE_NAME " ", sizeof(TABLE_NAME)))
		return "the map of ports"; /* its comment has the digest */
	if (s->comment)
		return s->comment;
	return arena_printf(a, "rule %llu", (unsigned long long)s->handle);
}

static bool live_is_own(const struct explained *e, const struct nftrace_step *s)
{
	return !strcmp(s->table, e->live.table);
}

static void live_print_step(const struct explained *e,
			    const struct nftrace_step *s)
{
	printf("    %s %s, chain %s: %s: %s%s%s\n",
	       explain_family_name(s->table_family), s->table, s->chain,
	       live_rule_text(e, s), nftrace_verdict_name(s->verdict),
	       s->jump ? " to " : "", s->jump ? s->jump : "");
}

static void live_print_steps(const struct explained *e)
{
	const struct nftrace_step *before = NULL;

	for (size_t i = 0; i < e->live.steps.n; i++) {
		const struct nftrace_step *s = &e->live.steps.items[i];
		char to[RANGE_TEXT_MAX];

		if (before && s->has_destination &&
		    (addr6_compare(&s->destination, &before->destination) ||
		     s->destination_port != before->destination_port)) {
			explain_address(to, e->live.family, &s->destination);
			printf("    its destination is %s port %u from here "
			       "on\n",
			       to, s->destination_port);
		}
		if (s->has_destination)
			before = s;
		if (!live_is_own(e, s) && s->kind != TRACE_RETURN)
			live_print_step(e, s);
	}
}

static void live_print_fate(const struct explained *e)
{
	const struct nftrace_step *step;
	enum nftrace_fate fate = explain_live_fate(e, &step);

	switch (fate) {
	case FATE_GOES_ON:
		printf("    it passed each chain that it met\n");
		break;
	case FATE_STOPPED:
		printf("    it was stopped there\n");
		break;
	case FATE_QUEUED:
		printf("    a program decides, to whose queue it went\n");
		break;
	case FATE_TAKEN:
		printf("    it was taken out of the chains, and sent by "
		       "another way\n");
		break;
	}
	if (explain_live_agrees(e) == IS_NO)
		printf("  the kernel and the policy differ: by the policy the "
		       "connection %s\n",
		       decision_blocks(e->policy, &e->decision) ? "is stopped" :
								  "passes");
	if (e->live.lost)
		printf("  not read: what the kernel told faster than it could "
		       "be read\n");
}

void explain_live_print(const struct explained *e)
{
	if (!e->question->live_s)
		return;
	if (!e->live.caught) {
		printf("  no such connection came in that time: it may take "
		       "another way, or tc, XDP, or a chain before priority "
		       "-1000 ate it\n");
		return;
	}
	printf("  the kernel, of one that came from port %u:\n",
	       e->opening.source_port);
	live_print_steps(e);
	live_print_fate(e);
}

/* ---- for a program ---- */

static json_t *live_json_step(const struct nftrace_step *s, uint8_t family)
{
	static const char *const kinds[] = { [TRACE_RULE] = "rule",
					     [TRACE_RETURN] = "return",
					     [TRACE_POLICY] = "policy" };
	json_t *out = json_pack(
		"{s:s, s:o, s:o, s:s, s:s, s:o, s:o}", "family",
		explain_family_name(s->table_family), "table",
		text_json(s->table), "chain", text_json(s->chain), "kind",
		kinds[s->kind], "verdict", nftrace_verdict_name(s->verdict),
		"jump", text_json(s->jump), "comment", text_json(s->comment));

	json_object_set_new(out, "handle",
			    s->kind == TRACE_RULE ?
				    json_integer((json_int_t)s->handle) :
				    json_null());
	json_object_set_new(out, "destination",
			    s->has_destination ?
				    value_address(family, &s->destination) :
				    json_null());
	json_object_set_new(out, "port",
			    s->has_destination ?
				    json_integer(s->destination_port) :
				    json_null());
	return out;
}

json_t *explain_live_json(const struct explained *e)
{
	static const char *const fates[] = { [FATE_GOES_ON] = "passed",
					     [FATE_STOPPED] = "stopped",
					     [FATE_QUEUED] = "queued",
					     [FATE_TAKEN] = "taken" };
	const struct nftrace_step *step;
	enum nftrace_fate fate = explain_live_fate(e, &step);
	enum explain_is agrees;
	json_t *steps;

	if (!e->question->live_s)
		return json_null();
	if (!e->live.caught)
		return json_pack("{s:b}", "caught", false);
	agrees = explain_live_agrees(e);
	steps = json_array();
	for (size_t i = 0; i < e->live.steps.n; i++)
		if (!live_is_own(e, &e->live.steps.items[i]))
			json_array_append_new(
				steps, live_json_step(&e->live.steps.items[i],
						      e->live.family));
	return json_pack(
		"{s:b, s:i, s:s?, s:s?, s:s, s:o, s:b, s:o}", "caught", true,
		"source_port", (int)e->opening.source_port, "in", e->opening.in,
		"out", e->opening.out, "fate", fates[fate], "agrees",
		agrees == IS_NOT_KNOWN ? json_null() :
					 json_boolean(agrees == IS_YES),
		"lost", e->live.lost, "steps", steps);
}
