/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands.h"
#include "../../rules/emit/emit.h"

#include <string.h>

static const struct {
	const char *name;
	void (*emit)(const struct ruleset *rs, FILE *out);
} formats[] = {
	{ "nft", emit_nft },
	{ "json", emit_json },
	{ "netlink", emit_bytecode },
};

#define N_FORMATS (sizeof(formats) / sizeof(formats[0]))

static int generate(const struct policy *policy, size_t format,
		    const char *path)
{
	struct ruleset *rs;
	struct output out;
	int code;

	if (ruleset_new(policy, &rs)) {
		message_say("out of memory");
		return EXIT_REFUSED;
	}
	code = output_open(&out, path);
	if (!code) {
		formats[format].emit(rs, out.file);
		code = output_finish(&out);
	}
	ruleset_free(rs);
	return code;
}

int cmd_generate(struct program *p, int argc, char **argv)
{
	const char *format = "nft", *out = NULL;
	const struct option_row rows[] = {
		{ "format", 'f', NULL, &format, NULL },
		{ "output", 'o', NULL, &out, NULL },
		{ "quiet", 'q', &p->quiet, NULL, NULL },
	};
	int first = read_options(p, argc, argv, rows, 3);
	struct policy *policy;
	size_t i = 0;
	int code;

	if (first < 0)
		return options_code(p);
	if (argc - first != 1)
		return usage_error(p, "one policy at a time");
	while (i < N_FORMATS && strcmp(formats[i].name, format))
		i++;
	if (i == N_FORMATS)
		return usage_error(p,
				   "\"%.40s\" is not a format: nft, json "
				   "or netlink",
				   format);
	code = load_good_policy(p, argv[first], &policy);
	if (code)
		return code;
	code = generate(policy, i, out);
	policy_free(policy);
	return code;
}
