/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counts and judges what capture files hold. Needs no privilege. */
#include "../../rules/base/arena.h"
#include "../../rules/base/service.h"
#include "../capture/capture.h"
#include "commands.h"
#include "../event/events.h"
#include "../option/options.h"
#include "../monitor/monitor.h"
#include "../monitor/monitor_text.h"
#include "../apart/record.h"
#include "../program/program.h"
#include "../program/policy_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOP_DEFAULT 10

struct replay_options {
	const char *policy, *interface, *store, *why;
	uint32_t top;
	uint64_t memory;
	bool attempts, no_warmup;
};

struct replay {
	const struct replay_options *options;
	struct program *program;
	struct capture *capture;
	struct engine *engine;
	struct policy *policy;
	struct record *record;
	uint64_t recorded; /* attempts */
	struct sinks sinks;
	struct {
		struct finding *items;
		size_t n, cap;
	} findings;		     /* for the text at the end */
	struct source_view *sources; /* the most attempts first */
	size_t n_sources;
	struct impact impact;
	struct judge_why why; /* --why */
	int family;	      /* family of the source; 0: nobody asks */
	struct addr6 source;
	uint64_t steps;
};

/* ---- sinks ---- */

#ifndef SMALL
#define RECORDED_AT_ONCE 65536

static bool replay_wants_store(const void *ctx)
{
	return ((const struct replay *)ctx)->options->store;
}

static int replay_open_store(void *ctx)
{
	struct replay *r = ctx;
	const struct record_open options = {
		.store = r->options->store,
		.keep_destinations = r->policy && r->policy->keep_destinations,
	};

	return record_start(&r->record, &options, NULL);
}

static int replay_store_attempt(void *ctx, const struct attempt_event *event)
{
	struct replay *r = ctx;
	int code = record_attempt(r->record, event);

	return code || ++r->recorded % RECORDED_AT_ONCE ?
		       code :
		       record_submit(r->record);
}

static int replay_store_finding(void *ctx, const struct finding *finding)
{
	return record_finding(((struct replay *)ctx)->record, finding);
}

static int replay_close_store(void *ctx)
{
	return record_close(((struct replay *)ctx)->record);
}

static const struct sink replay_sink_store = {
	.name = "store",
	.wanted = replay_wants_store,
	.start = replay_open_store,
	.attempt = replay_store_attempt,
	.finding = replay_store_finding,
	.close = replay_close_store,
};
#endif

static bool replay_wants_impact(const void *ctx)
{
	return ((const struct replay *)ctx)->policy;
}

static int replay_impact_attempt(void *ctx, const struct attempt_event *event)
{
	impact_add(&((struct replay *)ctx)->impact, event);
	return EXIT_DONE;
}

static const struct sink replay_sink_impact = {
	.name = "impact",
	.wanted = replay_wants_impact,
	.attempt = replay_impact_attempt,
};

static bool replay_wants_attempts(const void *ctx)
{
	return ((const struct replay *)ctx)->options->attempts;
}

static int replay_print_attempt(void *ctx, const struct attempt_event *event)
{
	const struct replay *r = ctx;

	return text_attempt(r->program, event, r->capture);
}

static const struct sink replay_sink_attempts = {
	.name = "attempts",
	.wanted = replay_wants_attempts,
	.attempt = replay_print_attempt,
};

/* Findings are events at once, or text at the end. */
static int replay_add_finding(void *ctx, const struct finding *finding)
{
	struct replay *r = ctx;

	if (r->program->json)
		return print_event(finding_json(finding));
	*arena_push(r->program->arena, &r->findings) = *finding;
	return EXIT_DONE;
}

static const struct sink replay_sink_findings = {
	.name = "findings",
	.finding = replay_add_finding,
};

static const struct sink *const sinks[] = {
	&replay_sink_impact,
#ifndef SMALL
	&replay_sink_store,
#endif
	&replay_sink_attempts,
	&replay_sink_findings,
};
#define SINKS (sizeof(sinks) / sizeof(sinks[0]))

/* ---- frames ---- */

static void replay_on_frame(void *ctx, const struct frame *frame)
{
	engine_frame(((struct replay *)ctx)->engine, frame);
}

/* ---- the sources that lead ---- */

static bool replay_leads(const struct source_view *a,
			 const struct source_view *b)
{
	if (a->spam != b->spam)
		return a->spam;
	if (a->attempts != b->attempts)
		return a->attempts > b->attempts;
	return memcmp(&a->source, &b->source, sizeof(a->source)) < 0;
}

static void replay_add_source(void *ctx, const struct source_view *view)
{
	struct replay *r = ctx;
	size_t at = r->n_sources;

	impact_add_source(&r->impact, view);
	if (at == r->options->top) {
		if (!at || !replay_leads(view, &r->sources[at - 1]))
			return;
		at--;
	} else {
		r->n_sources++;
	}
	for (; at && replay_leads(view, &r->sources[at - 1]); at--)
		r->sources[at] = r->sources[at - 1];
	r->sources[at] = *view;
}

/* ---- the working of the judge ---- */

static void replay_tell_step(void *ctx, const struct judge_step *step)
{
	struct replay *r = ctx;
	int64_t time_us = engine_step_us(r->engine, step);

	r->steps++;
	if (r->program->json)
		r->sinks.code = print_event(
			step_json(step, time_us, (uint8_t)r->family));
	else
		text_step(step, time_us, (uint8_t)r->family);
}

/* An address, or a source as it is printed: 2001:db8::/64. An exit code. */
static int replay_read_why(struct replay *r)
{
	const char *text = r->options->why;
	size_t len = text ? strcspn(text, "/") : 0;

	if (!text)
		return EXIT_DONE;
	if (!addr_parse(text, len, &r->family, &r->source) &&
	    (!text[len] || (r->family == 6 && !strcmp(text + len, "/64"))))
		return EXIT_DONE;
	return usage_error(r->program,
			   "--why \"%s\" is no source: give one address, or a "
			   "prefix /64 of IPv6",
			   text);
}

static void replay_explain(struct replay *r)
{
	if (!r->family)
		return;
	r->why = (struct judge_why){ .ctx = r, .step = replay_tell_step };
	engine_explain(r->engine, (uint8_t)r->family, &r->source, &r->why);
}

/* A source that was never tried, or met one network only, has no score. */
static void replay_say_steps(const struct replay *r)
{
	if (r->options->why && !r->steps)
		printf("no step: %s has no score, as it met one network at "
		       "most, or an allow lets it through\n",
		       r->options->why);
}

/* ---- results ---- */

static int replay_print_json(struct replay *r, const struct engine_summary *s)
{
	struct summary_extra extra = { .lost_exact = true, .final = true };
	int code = r->sinks.code;

	for (size_t i = 0; i < r->n_sources && !code; i++)
		code = print_event(source_json(&r->sources[i]));
	if (r->policy && !code)
		code = print_event(impact_json(&r->impact));
	return code ? code : print_event(summary_json(s, &extra));
}

static int replay_print_text(struct replay *r, const struct engine_summary *s)
{
	replay_say_steps(r);
	text_ports(s);
	text_sources(r->sources, r->n_sources, s->sources);
	if (r->policy)
		text_impact(&r->impact);
	text_findings(r->findings.items, r->findings.n);
	text_notes(s);
	return r->sinks.code;
}

static int replay_print(struct replay *r)
{
	struct engine_summary *s = arena_alloc(r->program->arena, sizeof(*s));

	engine_end(r->engine);
	r->sources = arena_alloc(r->program->arena,
				 r->options->top * sizeof(*r->sources) + 1);
	engine_sources(r->engine, replay_add_source, r);
	engine_summary(r->engine, s);
	return r->program->json ? replay_print_json(r, s) :
				  replay_print_text(r, s);
}

/* ---- the command ---- */

static int replay_files(struct replay *r, int argc, char **argv,
			const struct monitor_options *options)
{
	int code = monitor_engine(options, &r->engine), read;

	if (!code)
		code = sinks_start(&r->sinks);
	if (code)
		return code;
	replay_explain(r);
	impact_init(&r->impact, r->program, r->policy);
	for (int i = 0; i < argc && code != EXIT_USAGE; i++) {
		read = monitor_code(capture_add_file(r->capture, argv[i]));
		code = read ? read : code;
	}
	read = monitor_code(capture_run_files(r->capture, replay_on_frame, r,
					      &monitor_stop));
	code = read ? read : code;
	read = replay_print(r);
	return read ? read : code;
}

static int replay_run(struct program *p, const void *options, int argc,
		      char **argv)
{
	const struct replay_options *given = options;
	struct replay r = { .program = p, .options = given };
	struct monitor_options o = { .sinks = &r.sinks,
				     .interface = given->interface,
				     .memory = given->memory,
				     .skip_warmup = given->no_warmup };
	int code = EXIT_DONE, closed;

	code = replay_read_why(&r);
	if (given->policy && !code)
		code = load_good_policy(p, given->policy, &r.policy);
	if (code)
		return code;
	o.policy = r.policy;
	sinks_choose(&r.sinks, sinks, SINKS, &r);
	r.capture = monitor_capture();
	monitor_stop_on_signals();
	code = r.capture ? replay_files(&r, argc, argv, &o) : EXIT_REFUSED;
	closed = sinks_close(&r.sinks);
	capture_free(r.capture);
	engine_free(r.engine);
	policy_free(r.policy);
	return code ? code : closed;
}

#define PLACE(member) .place = offsetof(struct replay_options, member)

static const struct option_row replay_rows[] = {
	{ OPTION_ROW_POLICY(struct replay_options),
	  .help = "say what this policy would do" },
	{ .name = "interface",
	  .letter = 'i',
	  .type = OPTION_INTERFACE,
	  PLACE(interface),
	  .value = "INTERFACE",
	  .needs = "policy",
	  .help = "the interface by which the packets came in, for the "
		  "policy's conditions" },
	{ .name = "attempts",
	  .letter = 'a',
	  .type = OPTION_FLAG,
	  PLACE(attempts),
	  .help = "print each attempt" },
	{ .name = "why",
	  .type = OPTION_ADDRESS,
	  PLACE(why),
	  .value = "ADDRESS",
	  .help = "print each step that changed a score of this source" },
	{ OPTION_ROW_TOP(struct replay_options),
	  .help = "print this many sources; 10 if not given" },
	{ OPTION_ROW_NO_WARMUP(struct replay_options) },
	{ OPTION_ROW_MEMORY(struct replay_options) },
	{ OPTION_ROW_STORE(struct replay_options), .left_out = LEFT_OUT,
	  .help = "write what was seen to this store, too" },
	{ OPTION_ROW_QUIET },
	{ OPTION_ROW_JSON },
	{ OPTION_ROW_DEFINE, .needs = "policy" },
	{ 0 }
};

static const struct replay_options replay_defaults = { .top = TOP_DEFAULT };

const struct command command_replay = {
	.name = "replay",
	.summary = "count and judge what capture files hold",
	.group = GROUP_MONITOR,
	.operands = { "FILE...", OPTION_FILE, 1, 0, "which capture file?",
		      NULL },
	.options = replay_rows,
	.options_bytes = sizeof(struct replay_options),
	.defaults = &replay_defaults,
	.run = replay_run,
};
