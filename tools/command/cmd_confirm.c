/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply_trial.h"
#include "commands.h"
#include "../apart/loaded_note.h"
#include "../trial/trial_options.h"
#include "../option/options.h"
#include "../program/json.h"
#include "../program/message.h"
#include "../../rules/base/units.h"

#include <stdio.h>

struct confirm_options {
	uint32_t extend_s; /* 0: for good */
	const char *why;
};

static int confirm_say_extended(struct program *p, uint32_t seconds,
				const struct trial_result *r)
{
	char text[16];

	if (p->json)
		return print_json(json_pack("{s:b, s:b, s:I, s:I}", "ok", 1,
					    "confirmed", 0, "revision",
					    (json_int_t)r->revision, "left_s",
					    (json_int_t)seconds));
	duration_print(text, seconds);
	printf("%s: revision %u is on trial for %s from now\n", r->policy,
	       r->revision, text);
	return EXIT_DONE;
}

static int confirm_say(struct program *p, const struct trial_result *r)
{
	struct fault unnoted = { 0 };

	loaded_note_write(r->policy, r->digest,
			  r->observe ? "observe" : "enforce", r->generation,
			  &unnoted);
	if (p->json)
		return print_json(json_pack(
			"{s:b, s:b, s:o, s:s, s:I}", "ok", 1, "confirmed", 1,
			"policy", text_json(r->policy), "digest", r->digest,
			"revision", (json_int_t)r->revision));
	printf("%s: revision %u is confirmed, digest %s\n", r->policy,
	       r->revision, r->digest);
	if (*unnoted.text)
		printf("the store has no note of it: %s\n", unnoted.text);
	return EXIT_DONE;
}

static int confirm_run(struct program *p, const void *options, int argc,
		       char **argv)
{
	const struct confirm_options *o = options;
	struct trial_result result;
	struct fault f;
	int error;

	(void)argc;
	(void)argv;
	p->quiet = true; /* warnings were told with the trial */
	if (o->extend_s && trial_duration_check(o->extend_s, &f))
		return usage_error(p, "--extend: %s", f.text);
	error = o->extend_s ? trial_prolong(p, o->extend_s, &result, &f) :
			      trial_confirm(p, o->why, &result, &f);
	if (error)
		return trial_say_refused(p, &f, error);
	return o->extend_s ? confirm_say_extended(p, o->extend_s, &result) :
			     confirm_say(p, &result);
}

static const struct option_row confirm_rows[] = {
	{ .name = "extend",
	  .type = OPTION_DURATION,
	  .place = offsetof(struct confirm_options, extend_s),
	  .value = "DURATION",
	  .help = "do not keep it yet: try it for this long from now",
	  .hints = "5m 10m 30m 1h" },
	{ .name = "why",
	  .type = OPTION_TEXT,
	  .place = offsetof(struct confirm_options, why),
	  .value = "TEXT",
	  .help = "say in the journal why" },
	{ OPTION_ROW_JSON },
	{ 0 }
};

const struct command command_confirm = {
	.name = "confirm",
	.summary = "keep the policy that is on trial",
	.group = GROUP_KERNEL,
	.options = confirm_rows,
	.options_bytes = sizeof(struct confirm_options),
	.run = confirm_run,
};
