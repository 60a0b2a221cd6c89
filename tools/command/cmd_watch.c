/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor, live: its arguments, and the table of its sinks. */
#include "../monitor/watch.h"
#include "../monitor/watch_sinks.h"
#include "../option/definitions.h"
#include "../option/options.h"
#include "../program/policy_file.h"
#include "../program/program.h"
#include "commands.h"
#include "record_sink.h"

#include <stdio.h>

#define SUMMARY_EVERY_S 60

/* In the order in which an event reaches them. */
static const struct sink *const sinks[] = {
#ifndef SMALL
	&watch_sink_record,
#endif
	&watch_sink_state,   &watch_sink_attempts, &watch_sink_journal,
	&watch_sink_json,    &watch_sink_screen,   &watch_sink_text,
	&watch_sink_flagged, &watch_sink_systemd,
};
#define SINKS (sizeof(sinks) / sizeof(sinks[0]))

struct watch_options {
	struct texts interfaces;
	struct numbers groups;
	const char *policy, *user, *state, *incoming, *store, *http;
	uint32_t every_s, keep_s;
	uint64_t memory, max;
	bool http_remote, attempts, openings, no_warmup, as_service;
};

static int watch_start(struct program *p, const void *options, int argc,
		       char **argv)
{
	const struct watch_options *o = options;
	struct watch w = { .program = p,
			   .interfaces = o->interfaces,
			   .groups = o->groups,
			   .policy_path = o->policy,
			   .user = o->user,
			   .state_path = o->state,
			   .incoming = o->incoming,
			   .store_path = o->store,
			   .listen = o->http,
			   .listen_remote = o->http_remote,
			   .attempts = o->attempts,
			   .openings_only = o->openings,
			   .no_warmup = o->no_warmup,
			   .every_s = o->every_s,
			   .memory = o->memory,
			   .keep_s = o->keep_s,
			   .most_bytes = o->max };
	int code = EXIT_DONE;

	(void)argc;
	(void)argv;
	if (!o->interfaces.n && !o->groups.n)
		return usage_error(p, "watch what? -i INTERFACE or -g GROUP");
	if (o->interfaces.n + o->groups.n > WATCH_INPUTS_MOST)
		return usage_error(p, "at most %d inputs", WATCH_INPUTS_MOST);
	if (o->policy && !definitions_of_machine(p))
		code = EXIT_NO;
	else if (o->policy)
		code = load_good_policy(p, o->policy, &w.policy);
	if (!code && o->as_service)
		return watch_be_service(&w);
	return code ? code : watch_run(&w, sinks, SINKS);
}

#define PLACE(member) .place = offsetof(struct watch_options, member)

static const struct option_row watch_option_rows[] = {
	{ .name = "interface",
	  .letter = 'i',
	  .type = OPTION_INTERFACES,
	  PLACE(interfaces),
	  .value = "INTERFACE",
	  .help = "read the packets of this interface" },
	{ .name = "group",
	  .letter = 'g',
	  .type = OPTION_NUMBERS,
	  PLACE(groups),
	  .most = 65535,
	  .value = "GROUP",
	  .help = "read what the rules log to this NFLOG group" },
	{ OPTION_ROW_POLICY(struct watch_options),
	  .help = "the policy whose classes, ports and figures count" },
	{ .name = "attempts",
	  .letter = 'a',
	  .type = OPTION_FLAG,
	  PLACE(attempts),
	  .help = "print each attempt" },
	{ .name = "openings",
	  .was = 'o',
	  .type = OPTION_FLAG,
	  PLACE(openings),
	  .needs = "interface",
	  .help = "read only the packets that open and close connections" },
	{ .name = "incoming",
	  .was = 'I',
	  .type = OPTION_INTERFACE,
	  PLACE(incoming),
	  .value = "INTERFACE",
	  .needs = "policy",
	  .help = "the interface by which the packets came in, for the "
		  "policy's conditions" },
	{ .name = "user",
	  .letter = 'u',
	  .type = OPTION_USER,
	  PLACE(user),
	  .value = "USER",
	  .help = "become this user" },
	{ .name = "state",
	  .was = 's',
	  .type = OPTION_FILE,
	  PLACE(state),
	  .value = "FILE",
	  .help = "keep what is known of sources in this file" },
	{ OPTION_ROW_STORE(struct watch_options), .left_out = LEFT_OUT,
	  .help = "write what was seen to this store" },
	{ .name = "keep",
	  .was = 'k',
	  .type = OPTION_DURATION,
	  .left_out = LEFT_OUT,
	  PLACE(keep_s),
	  .value = "DURATION",
	  .needs = "store",
	  .hints = "30d 90d 180d 365d",
	  .help = "keep this long what is in the store" },
	{ .name = "max",
	  .was = 'M',
	  .type = OPTION_SIZE,
	  .left_out = LEFT_OUT,
	  PLACE(max),
	  .value = "SIZE",
	  .needs = "store",
	  .hints = "512M 2G 8G",
	  .help = "let the store grow no larger" },
	{ .name = "http",
	  .was = 'H',
	  .type = OPTION_LISTEN,
	  .left_out = LEFT_OUT,
	  PLACE(http),
	  .value = "ADDRESS:PORT",
	  .hints = "127.0.0.1:9525",
	  .help = "serve the report and metrics there" },
	{ .name = "http-remote",
	  .type = OPTION_FLAG,
	  .left_out = LEFT_OUT,
	  PLACE(http_remote),
	  .needs = "http",
	  .help = "serve them to other hosts, too" },
	{ .name = "every",
	  .was = 'e',
	  .type = OPTION_DURATION,
	  PLACE(every_s),
	  .value = "DURATION",
	  .hints = "10s 60s 5m",
	  .help = "print a summary so often; 60s if not given" },
	{ .name = "as-service",
	  .type = OPTION_FLAG,
	  PLACE(as_service),
	  .help = "be mailwall-priv.service, which keeps CAP_NET_ADMIN for a "
		  "monitor with the same options" },
	{ OPTION_ROW_NO_WARMUP(struct watch_options) },
	{ OPTION_ROW_MEMORY(struct watch_options) },
	{ OPTION_ROW_QUIET },
	{ OPTION_ROW_JSON },
	{ OPTION_ROW_DEFINE, .needs = "policy" },
	{ 0 }
};

static const struct watch_options watch_defaults = { .every_s =
							     SUMMARY_EVERY_S };

const struct command command_watch = {
	.name = "watch",
	.summary = "count and judge as it happens",
	.group = GROUP_MONITOR,
	.options = watch_option_rows,
	.options_bytes = sizeof(struct watch_options),
	.defaults = &watch_defaults,
	.run = watch_start,
};
