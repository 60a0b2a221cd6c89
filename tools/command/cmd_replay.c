/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counts and judges what capture files hold. Needs no privilege. */
#include "../../rules/base/arena.h"
#include "../../rules/base/service.h"
#include "../../rules/base/units.h"
#include "../capture/capture.h"
#include "commands.h"
#include "../program/events.h"
#include "../program/size.h"
#include "../monitor/monitor.h"
#include "../monitor/monitor_text.h"
#include "../store/recorder.h"

#include <stdlib.h>
#include <string.h>

#define TOP_DEFAULT 10
#define TOP_MOST    100000

struct replay {
	struct program *program;
	struct capture *capture;
	struct engine *engine;
	struct policy *policy;
	const char *policy_path, *top_text, *memory_text, *interface;
	const char *store_path;
	struct recorder *recorder;
	uint64_t recorded; /* attempts */
	bool attempts, no_warmup;
	uint32_t top;
	struct sinks sinks;
	struct {
		struct finding *items;
		size_t n, cap;
	} findings;		     /* for the text at the end */
	struct source_view *sources; /* the most attempts first */
	size_t n_sources;
	struct impact impact;
};

/* ---- sinks ---- */

#ifndef SMALL
#define RECORDED_AT_ONCE 65536

static bool replay_wants_store(const void *ctx)
{
	return ((const struct replay *)ctx)->store_path;
}

static int replay_open_store(void *ctx)
{
	struct replay *r = ctx;
	struct recorder_options options = { .path = r->store_path,
					    .say = fault_say_sentence };
	struct fault f;
	int error;

	if (r->policy)
		options.keep_destinations = r->policy->keep_destinations;
	error = recorder_open(&r->recorder, &options, &f);
	return error ? fault_say(&f, error) : EXIT_DONE;
}

static int replay_store_attempt(void *ctx, const struct attempt_event *event)
{
	struct replay *r = ctx;

	recorder_attempt(r->recorder, event);
	if (++r->recorded % RECORDED_AT_ONCE == 0)
		recorder_submit(r->recorder);
	return EXIT_DONE;
}

static int replay_store_finding(void *ctx, const struct finding *finding)
{
	recorder_finding(((struct replay *)ctx)->recorder, finding);
	return EXIT_DONE;
}

static int replay_close_store(void *ctx)
{
	return recorder_close(((struct replay *)ctx)->recorder) ? EXIT_REFUSED :
								  EXIT_DONE;
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
	return ((const struct replay *)ctx)->attempts;
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
	if (at == r->top) {
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
				 r->top * sizeof(*r->sources) + 1);
	engine_sources(r->engine, replay_add_source, r);
	engine_summary(r->engine, s);
	return r->program->json ? replay_print_json(r, s) :
				  replay_print_text(r, s);
}

/* ---- the command ---- */

static int replay_read_numbers(struct replay *r, struct monitor_options *o)
{
	r->top = TOP_DEFAULT;
	if (r->top_text && !number_parse(r->top_text, 0, TOP_MOST, &r->top))
		return usage_error(r->program,
				   "--top takes a number up to %d, not "
				   "\"%.40s\"",
				   TOP_MOST, r->top_text);
	return size_read_memory(r->program, r->memory_text, &o->memory);
}

static int replay_run(struct replay *r, int argc, char **argv,
		      const struct monitor_options *options)
{
	int code = monitor_engine(options, &r->engine), read;

	if (!code)
		code = sinks_start(&r->sinks);
	if (code)
		return code;
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

int cmd_replay(struct program *p, int argc, char **argv)
{
	struct replay r = { .program = p };
	struct monitor_options o = { .sinks = &r.sinks };
	const struct option_row rows[] = {
		{ "policy", 'p', NULL, &r.policy_path, NULL },
		{ "interface", 'i', NULL, &r.interface, NULL },
		{ "attempts", 'a', &r.attempts, NULL, NULL },
		{ "top", 't', NULL, &r.top_text, NULL },
		{ "no-warmup", 'w', &r.no_warmup, NULL, NULL },
		{ "memory", 'm', NULL, &r.memory_text, NULL },
		{ "store", 'S', NULL, &r.store_path, NULL },
		{ "json", 'j', &p->json, NULL, NULL },
		{ "quiet", 'q', &p->quiet, NULL, NULL },
	};
	int first = read_options(p, argc, argv, rows, 9), code, closed;

	if (first < 0)
		return options_code(p);
	if (first == argc)
		return usage_error(p, "which capture file?");
	code = replay_read_numbers(&r, &o);
	if (!code && r.policy_path)
		code = load_good_policy(p, r.policy_path, &r.policy);
	if (code)
		return code;
	o.policy = r.policy;
	o.interface = r.interface;
	o.skip_warmup = r.no_warmup;
	sinks_choose(&r.sinks, sinks, SINKS, &r);
	r.capture = monitor_capture();
	monitor_stop_on_signals();
	code = r.capture ? replay_run(&r, argc - first, argv + first, &o) :
			   EXIT_REFUSED;
	closed = sinks_close(&r.sinks);
	capture_free(r.capture);
	engine_free(r.engine);
	policy_free(r.policy);
	return code ? code : closed;
}
