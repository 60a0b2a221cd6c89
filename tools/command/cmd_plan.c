/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands.h"
#include "../plan/plan.h"
#include "../plan/plan_file.h"
#include "../plan/plan_quick.h"
#include "../program/json.h"
#include "../program/message.h"
#include "../option/definitions.h"
#include "../option/options.h"
#include "../program/policy_file.h"

struct plan_options {
	const char *output;
};

static int plan_finish(struct plan *plan)
{
	struct program *p = plan->program;
	int error = plan->outcome.error, printed = 0;
	json_t *o;

	if (p->json) {
		o = error ? json_object() : plan_json(plan);
		json_object_set_new(o, "ok", json_boolean(!error));
		json_object_set_new(o, "diagnostics",
				    diags_json(&plan->outcome.diags));
		printed = print_json(o);
	} else if (error) {
		message_diags(&plan->outcome.diags, p->quiet);
	} else {
		plan_print(plan);
	}
	return printed		     ? printed :
	       error		     ? EXIT_REFUSED :
	       plan->outcome.changed ? EXIT_CHANGES :
				       EXIT_DONE;
}

static int plan_run_rules(struct program *p, const struct plan_options *o,
			  const struct recording *r,
			  const struct policy *policy,
			  const struct ruleset *rules)
{
	struct plan plan;
	int code;

	plan_make(p, r->path, policy, rules, &plan);
	code = plan_finish(&plan);
	if (o->output && (code == EXIT_DONE || code == EXIT_CHANGES) &&
	    plan_file_write(&plan, r, o->output))
		code = EXIT_REFUSED;
	plan_free(&plan);
	return code;
}

static int plan_say_same(struct program *p, const struct revision *r)
{
	if (p->json)
		return print_json(json_pack(
			"{s:b, s:o, s:o, s:s, s:s, s:b, s:i, s:[]}", "ok", 1,
			"policy", text_json(r->name), "path",
			text_json(r->path), "mode",
			r->observe ? "observe" : "enforce", "digest", r->digest,
			"to_do", 0, "changes", 0, "diagnostics"));
	plan_print_same(r->name, r->digest);
	return EXIT_DONE;
}

static int plan_run_policy(struct program *p, const struct plan_options *o,
			   const char *path)
{
	struct recording recording;
	struct policy *policy = NULL;
	struct ruleset *rules;
	int code = recording_load(p, path, &recording, &policy);

	if (!code && ruleset_new(policy, &rules))
		code = message_out_of_memory();
	else if (!code) {
		code = plan_run_rules(p, o, &recording, policy, rules);
		ruleset_free(rules);
	}
	policy_free(policy);
	recording_free(&recording);
	return code;
}

static int plan_run(struct program *p, const void *options, int argc,
		    char **argv)
{
	const struct plan_options *o = options;
	struct revision revision;

	(void)argc;
	if (!definitions_of_machine(p))
		return EXIT_NO;
	if (!o->output && plan_is_loaded(p, argv[0], &revision))
		return plan_say_same(p, &revision);
	return plan_run_policy(p, o, argv[0]);
}

static const struct option_row plan_rows[] = {
	{ .name = "output",
	  .letter = 'o',
	  .type = OPTION_FILE,
	  .place = offsetof(struct plan_options, output),
	  .value = "PLAN",
	  .help = "write a file that apply takes, and that loads this plan" },
	{ OPTION_ROW_QUIET },
	{ OPTION_ROW_JSON },
	{ OPTION_ROW_DEFINE },
	{ 0 }
};

const struct command command_plan = {
	.name = "plan",
	.summary = "say what a policy would change",
	.group = GROUP_KERNEL,
	.operands = { "POLICY", OPTION_POLICY, 1, 1, "which policy?", NULL },
	.options = plan_rows,
	.options_bytes = sizeof(struct plan_options),
	.run = plan_run,
};
