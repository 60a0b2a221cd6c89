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
	uint64_t recorded; /* attempts since they were written */
	bool attempts, no_warmup;
	uint32_t top;
	int code; /* of the first thing that went wrong in a callback */
	/* the findings, for the text at the end */
	struct {
		struct finding *items;
		size_t n, cap;
	} findings;
	/* the sources with the most attempts, the first the most */
	struct source_view *sources;
	size_t n_sources;
	struct impact impact;
};

/* ---- callbacks of the engine ---- */

#define RECORDED_AT_ONCE 65536

static void replay_record(struct replay *r, const struct attempt_event *event)
{
	if (!r->recorder)
		return;
	recorder_attempt(r->recorder, event);
	if (++r->recorded % RECORDED_AT_ONCE == 0)
		recorder_hand(r->recorder);
}

static void replay_take_attempt(void *ctx, const struct attempt_event *event)
{
	struct replay *r = ctx;

	impact_add(&r->impact, event);
	replay_record(r, event);
	if (r->attempts && !r->code)
		r->code = say_attempt(r->program, event, r->capture);
}

static void replay_take_finding(void *ctx, const struct finding *finding)
{
	struct replay *r = ctx;

	if (r->recorder)
		recorder_finding(r->recorder, finding);
	if (r->program->json)
		r->code =
			r->code ? r->code : print_event(finding_json(finding));
	else
		*arena_push(r->program->arena, &r->findings) = *finding;
}

static void replay_take_frame(void *ctx, const struct frame *frame)
{
	engine_frame(((struct replay *)ctx)->engine, frame);
}

/* ---- the sources that lead ---- */

static bool leads(const struct source_view *a, const struct source_view *b)
{
	if (a->spam != b->spam)
		return a->spam;
	if (a->attempts != b->attempts)
		return a->attempts > b->attempts;
	return memcmp(&a->source, &b->source, sizeof(a->source)) < 0;
}

static void replay_take_source(void *ctx, const struct source_view *view)
{
	struct replay *r = ctx;
	size_t at = r->n_sources;

	impact_add_source(&r->impact, view);
	if (at == r->top) {
		if (!at || !leads(view, &r->sources[at - 1]))
			return;
		at--;
	} else {
		r->n_sources++;
	}
	for (; at && leads(view, &r->sources[at - 1]); at--)
		r->sources[at] = r->sources[at - 1];
	r->sources[at] = *view;
}

/* ---- results ---- */

static int print_json_results(struct replay *r, const struct engine_summary *s)
{
	struct summary_extra extra = { .lost_exact = true, .final = true };
	int code = r->code;

	for (size_t i = 0; i < r->n_sources && !code; i++)
		code = print_event(source_json(&r->sources[i]));
	if (r->policy && !code)
		code = print_event(impact_json(&r->impact));
	return code ? code : print_event(summary_json(s, &extra));
}

static int print_text_results(struct replay *r, const struct engine_summary *s)
{
	print_ports(s);
	print_sources(r->sources, r->n_sources, s->sources);
	if (r->policy)
		print_impact(&r->impact);
	print_findings(r->findings.items, r->findings.n);
	print_notes(s);
	return r->code;
}

static int print_results(struct replay *r)
{
	struct engine_summary *s = arena_alloc(r->program->arena, sizeof(*s));

	engine_end(r->engine);
	r->sources = arena_alloc(r->program->arena,
				 r->top * sizeof(*r->sources) + 1);
	engine_sources(r->engine, replay_take_source, r);
	engine_summary(r->engine, s);
	return r->program->json ? print_json_results(r, s) :
				  print_text_results(r, s);
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

static int replay_open_recorder(struct replay *r)
{
	struct recorder_options options = { .path = r->store_path };

	if (r->policy)
		options.keep_destinations = r->policy->keep_destinations;
	return recorder_open(&r->recorder, &options);
}

static int replay_run(struct replay *r, int argc, char **argv,
		      const struct monitor_options *options)
{
	int code = monitor_engine(options, &r->engine), read;

	if (!code && r->store_path)
		code = replay_open_recorder(r);
	if (code)
		return code;
	impact_init(&r->impact, r->program, r->policy);
	for (int i = 0; i < argc && code != EXIT_USAGE; i++) {
		read = capture_add_file(r->capture, argv[i]);
		code = read ? read : code;
	}
	read = capture_run_files(r->capture, replay_take_frame, r,
				 &monitor_stop);
	code = read ? read : code;
	read = print_results(r);
	return read ? read : code;
}

int cmd_replay(struct program *p, int argc, char **argv)
{
	struct replay r = { .program = p };
	struct monitor_options o = { .ctx = &r,
				     .attempt = replay_take_attempt,
				     .finding = replay_take_finding };
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
	int first = read_options(p, argc, argv, rows, 9), code;

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
	/* Nobody asks for each: then none is made. */
	if (!r.attempts && !r.store_path && !r.policy)
		o.attempt = NULL;
	o.skip_warmup = r.no_warmup;
	r.capture = capture_new();
	stop_on_signals();
	code = r.capture ? replay_run(&r, argc - first, argv + first, &o) :
			   message_out_of_memory();
	if (recorder_close(r.recorder) && !code)
		code = EXIT_REFUSED;
	capture_free(r.capture);
	engine_free(r.engine);
	policy_free(r.policy);
	return code;
}
