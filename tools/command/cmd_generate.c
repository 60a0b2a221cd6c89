/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands.h"
#include "../../rules/emit/emit.h"
#include "../program/message.h"
#include "../option/options.h"
#include "../program/output.h"
#include "../program/policy_file.h"
#include "../program/program.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	int (*make)(const struct policy *policy, struct ruleset **out);
	void (*emit)(const struct ruleset *rs, FILE *out);
} formats[] = {
	{ "nft", ruleset_new_text, emit_nft },
	{ "json", ruleset_new_text, emit_json },
	{ "netlink", ruleset_new, emit_bytecode },
};

#define N_FORMATS (sizeof(formats) / sizeof(formats[0]))

static const char *generate_format(size_t i)
{
	return i < N_FORMATS ? formats[i].name : NULL;
}

/*
 * In nft's JSON a string that begins with @ is the name of a set, and nothing
 * can be written to keep it from that.
 */
static bool json_can_say(const char *path, const struct policy *policy)
{
	for (size_t i = 0; i < policy->classes.n; i++) {
		const struct words *names =
			&policy->classes.items[i]->interfaces;

		for (size_t k = 0; k < names->n; k++) {
			const struct word *word = &names->items[k];

			if (*word->text != '@')
				continue;
			message_say("%s:%u: interface \"%s\" cannot be written "
				    "as JSON, where nft takes @ for a set; use "
				    "-f nft",
				    path, word->span.line, word->text);
			return false;
		}
	}
	return true;
}

static int generate_write(const struct policy *policy, size_t format,
			  const char *path)
{
	struct ruleset *rs;
	struct output out;
	int code;

	if (formats[format].make(policy, &rs)) {
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

static void say_what_is_left_out(const char *path, const char *format)
{
	message_say("%s: -f %s leaves out the rules that look behind a second "
		    "tag, PPPoE, MPLS, LLC and SNAP, since nft has no words "
		    "for them: such frames count as \"encapsulated\"; apply "
		    "loads those rules",
		    path, format);
}

struct generate_options {
	const char *format, *output;
};

static int generate_run(struct program *p, const void *options, int argc,
			char **argv)
{
	const struct generate_options *o = options;
	struct policy *policy;
	size_t i = 0;
	int code = load_good_policy(p, argv[0], &policy);

	(void)argc;
	if (code)
		return code;
	while (strcmp(formats[i].name, o->format))
		i++;
	code = formats[i].emit == emit_json && !json_can_say(argv[0], policy) ?
		       EXIT_NO :
		       generate_write(policy, i, o->output);
	if (!code && !p->quiet && formats[i].make == ruleset_new_text &&
	    ruleset_looks_inside(policy))
		say_what_is_left_out(argv[0], formats[i].name);
	policy_free(policy);
	return code;
}

static const struct option_row generate_rows[] = {
	{ .name = "format",
	  .letter = 'f',
	  .type = OPTION_CHOICE,
	  .place = offsetof(struct generate_options, format),
	  .value = "FORMAT",
	  .word = generate_format,
	  .help = "text for nft (the default), its JSON, or the kernel's "
		  "messages" },
	{ .name = "output",
	  .letter = 'o',
	  .type = OPTION_FILE,
	  .place = offsetof(struct generate_options, output),
	  .value = "FILE",
	  .help = "write to this file, whole or not at all" },
	{ OPTION_ROW_QUIET },
	{ OPTION_ROW_DEFINE },
	{ 0 }
};

static const struct generate_options generate_defaults = { .format = "nft" };

const struct command command_generate = {
	.name = "generate",
	.summary = "print a policy as rules",
	.group = GROUP_POLICY,
	.operands = { "POLICY", OPTION_POLICY, 1, 1, "which policy?", NULL },
	.options = generate_rows,
	.options_bytes = sizeof(struct generate_options),
	.defaults = &generate_defaults,
	.run = generate_run,
};
