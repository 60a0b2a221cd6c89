/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command that says why a connection is blocked, or is not. */
#include "commands.h"
#include "../explain/explain.h"
#include "../option/options.h"

#include <stddef.h>

struct explain_options {
	const char *policy, *in, *out, *user, *store;
	uint32_t live_s;
};

static int explain_run(struct program *p, const void *options, int argc,
		       char **argv)
{
	const struct explain_options *o = options;
	const struct explain_question q = { .source = argv[0],
					    .destination =
						    argc > 1 ? argv[1] : NULL,
					    .policy = o->policy,
					    .in = o->in,
					    .out = o->out,
					    .user = o->user,
					    .store = o->store,
					    .live_s = o->live_s };
	struct explained e = { .program = p, .question = &q };
	int code = explain_read(&e);

	if (!code) {
		explain_kernel(&e);
		code = explain_live(&e);
	}
	if (!code) {
		if (!e.whole)
			explain_policy(&e);
		explain_known(&e);
		code = p->json ? explain_print_json(&e) : explain_print(&e);
	}
	json_decref(e.records);
	json_decref(e.findings);
	json_decref(e.attempts);
	netlink_close(&e.netlink);
	policy_free(e.policy);
	return code;
}

static const struct option_row explain_rows[] = {
	{ OPTION_ROW_POLICY(struct explain_options),
	  .help = "ask this policy, not the one that was applied" },
	{ OPTION_ROW_DEFINE, .needs = "policy" },
	{ .name = "interface",
	  .letter = 'i',
	  .type = OPTION_INTERFACE,
	  .place = offsetof(struct explain_options, in),
	  .value = "INTERFACE",
	  .help = "the connection comes in there" },
	{ .name = "out",
	  .type = OPTION_INTERFACE,
	  .place = offsetof(struct explain_options, out),
	  .value = "INTERFACE",
	  .help = "the connection goes out there" },
	{ .name = "live",
	  .type = OPTION_DURATION,
	  .place = offsetof(struct explain_options, live_s),
	  .value = "DURATION",
	  .hints = "30s 1m 5m",
	  .help = "wait so long for such a connection, and follow it through "
		  "the kernel" },
	{ .name = "user",
	  .letter = 'u',
	  .type = OPTION_TEXT,
	  .place = offsetof(struct explain_options, user),
	  .value = "USER",
	  .help = "a process of this user opens it, with the user's own "
		  "group" },
	{ OPTION_ROW_STORE(struct explain_options), .left_out = LEFT_OUT,
	  .help = "the store to look the source up in" },
	{ OPTION_ROW_JSON },
	{ 0 }
};

const struct command command_explain = {
	.name = "explain",
	.summary = "say why a connection is blocked, or is not",
	.group = GROUP_KERNEL,
	.operands = { "SOURCE [DESTINATION:PORT]", OPTION_ADDRESS, 1, 2,
		      "which source?", NULL },
	.options = explain_rows,
	.options_bytes = sizeof(struct explain_options),
	.run = explain_run,
};
