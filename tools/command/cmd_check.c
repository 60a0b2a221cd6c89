/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands.h"
#include "../../rules/ruleset/ruleset.h"

#include <errno.h>
#include <string.h>

struct tally {
	size_t errors, warnings;
	json_t *files;
};

static json_t *file_json(const char *path, const struct policy *policy,
			 const struct ruleset *rs)
{
	const struct diags *d = &policy->diags;

	return json_pack("{s:o, s:o, s:o, s:I, s:I, s:o}", "file",
			 text_json(path), "policy", text_json(policy->name),
			 "digest", text_json(rs ? rs->digest : NULL), "errors",
			 (json_int_t)d->errors, "warnings",
			 (json_int_t)d->warnings, "diagnostics", diags_json(d));
}

static json_t *unread_json(const char *path, const struct diags *diags)
{
	return json_pack("{s:o, s:n, s:n, s:i, s:i, s:o}", "file",
			 text_json(path), "policy", "digest", "errors", 1,
			 "warnings", 0, "diagnostics", diags_json(diags));
}

static int check_file(struct program *p, const char *path, struct tally *t)
{
	struct diags diags = { .arena = p->arena };
	struct ruleset *rs = NULL;
	struct policy *policy;
	int code = load_policy(p, path, &policy, &diags);

	if (code) {
		t->errors++;
		if (p->json)
			json_array_append_new(t->files,
					      unread_json(path, &diags));
		else
			say_diags(p, &diags);
		return code;
	}
	t->errors += policy->diags.errors;
	t->warnings += policy->diags.warnings;
	if (!policy->diags.errors && p->json && ruleset_new(policy, &rs))
		code = EXIT_REFUSED;
	if (p->json)
		json_array_append_new(t->files, file_json(path, policy, rs));
	else
		say_diags(p, &policy->diags);
	ruleset_free(rs);
	policy_free(policy);
	return code;
}

int cmd_check(struct program *p, int argc, char **argv)
{
	bool strict = false;
	const struct option_row rows[] = {
		{ "strict", 's', &strict, NULL, NULL },
		{ "json", 'j', &p->json, NULL, NULL },
		{ "quiet", 'q', &p->quiet, NULL, NULL },
	};
	struct tally t = { 0 };
	int first = read_options(p, argc, argv, rows, 3);
	int code = EXIT_DONE;
	bool good;

	if (first < 0)
		return options_code(p);
	if (first == argc)
		return usage_error(p, "which policy?");
	if (p->json)
		t.files = json_array();
	for (int i = first; i < argc; i++) {
		int one = check_file(p, argv[i], &t);

		if (one > code)
			code = one;
	}
	good = !t.errors && !(strict && t.warnings);
	if (p->json) {
		int printed = print_json(
			json_pack("{s:b, s:I, s:I, s:o}", "ok", good && !code,
				  "errors", (json_int_t)t.errors, "warnings",
				  (json_int_t)t.warnings, "files", t.files));

		if (printed)
			return printed;
	} else if (t.errors || t.warnings) {
		message_say("%zu error%s, %zu warning%s", t.errors,
			    t.errors == 1 ? "" : "s", t.warnings,
			    t.warnings == 1 ? "" : "s");
	}
	return code ? code : good ? EXIT_DONE : EXIT_NO;
}
