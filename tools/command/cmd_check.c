/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands.h"
#include "../change/kernel_probe.h"
#include "../program/json.h"
#include "../program/message.h"
#include "../option/options.h"
#include "../program/policy_file.h"
#include "../program/program.h"
#include "../../rules/base/units.h"

#include <errno.h>
#include <string.h>

struct tally {
	size_t errors, warnings;
	json_t *files;
	bool several; /* files are checked */
};

/* A policy's own messages, and those of its needs of a kernel. */
static json_t *all_diags_json(const struct diags *own,
			      const struct diags *needs)
{
	json_t *all = diags_json(own), *more = diags_json(needs);

	if (all && more)
		json_array_extend(all, more);
	json_decref(more);
	return all;
}

static json_t *file_json(const char *path, const struct policy *policy,
			 const struct ruleset *rs, const struct diags *needs)
{
	const struct diags *d = &policy->diags;

	return json_pack("{s:o, s:o, s:o, s:I, s:I, s:o}", "file",
			 text_json(path), "policy", text_json(policy->name),
			 "digest", text_json(rs ? rs->digest : NULL), "errors",
			 (json_int_t)(d->errors + needs->errors), "warnings",
			 (json_int_t)(d->warnings + needs->warnings),
			 "diagnostics", all_diags_json(d, needs));
}

static json_t *unread_json(const char *path, const struct diags *diags)
{
	return json_pack("{s:o, s:n, s:n, s:i, s:i, s:o}", "file",
			 text_json(path), "policy", "digest", "errors", 1,
			 "warnings", 0, "diagnostics", diags_json(diags));
}

/* Names a file whose messages are not shown, or stand among others'. */
static void check_say_file(const struct program *p, const char *path,
			   size_t errors, size_t warnings, bool strict)
{
	if (p->json || !(errors || (strict && warnings)))
		return;
	message_say("%s: %zu error%s, %zu warning%s", path, errors,
		    plural_s(errors), warnings, plural_s(warnings));
}

/* ---- kernels ---- */

/* Writes what the kernel of the option cannot do for a policy's rules. */
static void check_kernel(const char *kernel, const struct ruleset *rs,
			 struct diags *needs)
{
	struct kernel_facts facts = { 0 };

	if (!strcmp(kernel, "running"))
		kernel_probe(rs, &facts);
	else
		kernel_version_parse(kernel, &facts); /* options are checked */
	kernel_needs(rs, &facts, needs);
}

struct check_options {
	bool strict;
	const char *kernel; /* NULL, "running" or a version */
};

static int check_file(struct program *p, const char *path,
		      const struct check_options *o, struct tally *t)
{
	struct diags diags = { .arena = p->arena };
	struct diags needs = { .arena = p->arena };
	struct ruleset *rs = NULL;
	struct policy *policy;
	int code = load_policy(p, path, &policy, &diags);

	if (code) {
		t->errors++;
		if (p->json)
			json_array_append_new(t->files,
					      unread_json(path, &diags));
		else
			message_diags(&diags, p->quiet);
		return code;
	}
	if (!policy->diags.errors && (p->json || o->kernel) &&
	    ruleset_new(policy, &rs))
		code = EXIT_REFUSED;
	if (rs && o->kernel)
		check_kernel(o->kernel, rs, &needs);
	t->errors += policy->diags.errors + needs.errors;
	t->warnings += policy->diags.warnings + needs.warnings;
	if (p->json)
		json_array_append_new(t->files,
				      file_json(path, policy, rs, &needs));
	else
		message_diags(&policy->diags, p->quiet);
	if (!p->json)
		message_diags(&needs, p->quiet);
	if (t->several || (p->quiet && !policy->diags.errors && !needs.errors))
		check_say_file(p, path, policy->diags.errors + needs.errors,
			       policy->diags.warnings + needs.warnings,
			       o->strict);
	ruleset_free(rs);
	policy_free(policy);
	return code;
}

static int check_print(const struct program *p, const struct tally *t, bool ok)
{
	if (p->json)
		return print_json(json_pack("{s:b, s:I, s:I, s:o}", "ok", ok,
					    "errors", (json_int_t)t->errors,
					    "warnings", (json_int_t)t->warnings,
					    "files", t->files));
	if (t->errors || t->warnings)
		message_say("%zu error%s, %zu warning%s", t->errors,
			    plural_s(t->errors), t->warnings,
			    plural_s(t->warnings));
	return EXIT_DONE;
}

static int check_run(struct program *p, const void *options, int argc,
		     char **argv)
{
	const struct check_options *o = options;
	struct tally t = { .files = p->json ? json_array() : NULL,
			   .several = argc > 1 };
	int code = EXIT_DONE, printed;
	bool good;

	struct kernel_facts facts;

	if (o->kernel && strcmp(o->kernel, "running") &&
	    !kernel_version_parse(o->kernel, &facts))
		return usage_error(p, "--kernel takes \"running\" or a version "
				      "such as 6.1");
	for (int i = 0; i < argc; i++) {
		int one = check_file(p, argv[i], o, &t);

		if (one > code)
			code = one;
	}
	good = !t.errors && !(o->strict && t.warnings);
	printed = check_print(p, &t, good && !code);
	if (printed)
		return printed;
	return code ? code : good ? EXIT_DONE : EXIT_NO;
}

static const struct option_row check_rows[] = {
	{ .name = "strict",
	  .was = 's',
	  .type = OPTION_FLAG,
	  .place = offsetof(struct check_options, strict),
	  .help = "exit with 1 for warnings, too" },
	{ .name = "kernel",
	  .type = OPTION_TEXT,
	  .place = offsetof(struct check_options, kernel),
	  .value = "KERNEL",
	  .help = "say what a kernel cannot do: \"running\", or a version" },
	{ OPTION_ROW_QUIET },
	{ OPTION_ROW_JSON },
	{ OPTION_ROW_DEFINE },
	{ 0 }
};

const struct command command_check = {
	.name = "check",
	.summary = "find mistakes in policies",
	.group = GROUP_POLICY,
	.operands = { "POLICY...", OPTION_POLICY, 1, 0, "which policy?", NULL },
	.options = check_rows,
	.options_bytes = sizeof(struct check_options),
	.run = check_run,
};
