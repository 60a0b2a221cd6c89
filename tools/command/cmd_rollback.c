/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply_trial.h"
#include "commands.h"
#include "../apart/loaded_note.h"
#include "../change/direct.h"
#include "../option/options.h"
#include "../program/json.h"
#include "../program/message.h"
#include "../record/revision.h"
#include "../../rules/base/units.h"

#include <errno.h>
#include <stdio.h>

struct rollback_options {
	const char *why;
};

static int rollback_say_ended(struct program *p, const struct trial_result *r)
{
	if (p->json)
		return print_json(json_pack(
			"{s:b, s:I, s:o}", "ok", 1, "rolled_back",
			(json_int_t)r->revision, "revision",
			r->base ? json_integer(r->base) : json_null()));
	if (r->base)
		printf("%s: the trial of revision %u ended; revision %u "
		       "decides\n",
		       r->policy, r->revision, r->base);
	else
		printf("%s: the trial of revision %u ended; no rules decide, "
		       "as before\n",
		       r->policy, r->revision);
	return EXIT_DONE;
}

/* ---- an earlier revision ---- */

static int rollback_say_refused(struct program *p, const struct diags *diags)
{
	int printed = 0;

	if (p->json) {
		printed =
			print_json(json_pack("{s:b, s:o}", "ok", 0,
					     "diagnostics", diags_json(diags)));
	} else {
		message_diags(diags, p->quiet);
		message_say("nothing was changed");
	}
	return printed ? printed : EXIT_REFUSED;
}

static int rollback_say_loaded(struct program *p, const struct policy *policy,
			       const struct direct_outcome *o)
{
	if (o->kernel.error)
		return rollback_say_refused(p, &o->kernel.diags);
	if (*o->unkept.text) {
		message_say("the policy is loaded, and the machine would not "
			    "boot with it: %s",
			    o->unkept.text);
		return EXIT_REFUSED;
	}
	if (p->json)
		return print_json(json_pack("{s:b, s:n, s:I, s:b}", "ok", 1,
					    "rolled_back", "revision",
					    (json_int_t)o->revision, "changed",
					    o->kernel.changed));
	printf("%s: revision %u is loaded, and what the machine boots with\n",
	       policy->name, o->revision);
	return EXIT_DONE;
}

static int rollback_load(struct program *p, const struct revision *rev,
			 const char *why)
{
	struct direct_request request = { .path = rev->path,
					  .revision = rev->number,
					  .back = true,
					  .why = why };
	struct direct_outcome out;
	struct fault unnoted;
	struct policy *policy;
	struct ruleset *rules = NULL;
	int code = revision_load(p, rev, &policy);

	if (code)
		return code;
	if (ruleset_new(policy, &rules)) {
		policy_free(policy);
		return message_out_of_memory();
	}
	request.policy = policy;
	request.rules = rules;
	if (!direct_apply(p, &request, &out) && out.kernel.changed &&
	    loaded_note_write(policy->name, rules->digest,
			      policy->observe ? "observe" : "enforce",
			      out.kernel.generation, &unnoted))
		message_say("the store has no note of it: %s", unnoted.text);
	code = rollback_say_loaded(p, policy, &out);
	ruleset_free(rules);
	policy_free(policy);
	return code;
}

static int rollback_to(struct program *p, const char *text, const char *why)
{
	struct trial_result ended;
	struct revision rev;
	struct fault f;
	uint32_t number;
	int error;

	if (!number_parse(text, 1, REVISION_MOST, &number))
		return usage_error(p,
				   "\"%.40s\" is no number of a revision: "
				   "\"mailwall history\" lists them",
				   text);
	error = revision_read(p, number, &rev, &f);
	if (error)
		return trial_say_refused(p, &f, error);
	error = trial_roll_back(p, NULL, why, &ended, &f);
	if (error && error != -ENOENT)
		return trial_say_refused(p, &f, error);
	if (!error && !p->json)
		rollback_say_ended(p, &ended);
	return rollback_load(p, &rev, why);
}

static int rollback_run(struct program *p, const void *options, int argc,
			char **argv)
{
	const struct rollback_options *o = options;
	struct trial_result result;
	struct fault f;
	int error;

	p->quiet = true; /* warnings were told when it was applied */
	if (argc)
		return rollback_to(p, argv[0], o->why);
	error = trial_roll_back(p, NULL, o->why, &result, &f);
	if (!error)
		return rollback_say_ended(p, &result);
	trial_say_refused(p, &f, error);
	if (error == -ENOENT && !p->json)
		message_say("\"mailwall rollback REVISION\" loads an earlier "
			    "revision; \"mailwall history\" lists them");
	return EXIT_REFUSED;
}

static const struct option_row rollback_rows[] = {
	{ .name = "why",
	  .type = OPTION_TEXT,
	  .place = offsetof(struct rollback_options, why),
	  .value = "TEXT",
	  .help = "say in the journal why" },
	{ OPTION_ROW_JSON },
	{ 0 }
};

const struct command command_rollback = {
	.name = "rollback",
	.summary = "end the trial, or load an earlier revision",
	.group = GROUP_KERNEL,
	.operands = { "[REVISION]", OPTION_TEXT, 0, 1, NULL, NULL },
	.options = rollback_rows,
	.options_bytes = sizeof(struct rollback_options),
	.run = rollback_run,
};
