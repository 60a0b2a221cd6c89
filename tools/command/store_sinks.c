/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store_sinks.h"
#include "../capture/capture_read.h"
#include "../../rules/base/arena.h"
#include "../monitor/watch.h"
#include "../priv/folder.h"
#include "../serve/status_pages.h"
#include "../store/recorder.h"
#include "../program/program.h"
#include "../event/events.h"
#include "../program/message.h"

/* ---- the store ---- */

static bool store_wanted(const void *ctx)
{
	return ((const struct watch *)ctx)->store_path;
}

/* The user that the monitor becomes will write it. */
static int store_sink_open(void *ctx)
{
	struct watch *w = ctx;
	int code = folder_make_of(w->program, w->store_path, w->user);

	if (!code)
		folder_own_store(w->store_path, w->user);
	return code;
}

/* "eth1 nflog:25" */
static const char *store_input_names(const struct watch *w)
{
	const char *names = "";

	for (size_t i = 0; i < capture_n(w->capture); i++)
		names = arena_printf(w->program->arena, "%s%s%s", names,
				     i ? " " : "",
				     capture_name(w->capture, (uint8_t)i));
	return names;
}

/* Opened without privilege: SQLite makes files beside the store. */
static int store_sink_start(void *ctx)
{
	struct watch *w = ctx;
	struct recorder_options options = {
		.path = w->store_path,
		.keep_destinations = w->policy && w->policy->keep_destinations,
		.keep_s = w->keep_s,
		.most_bytes = w->most_bytes,
		.inputs = store_input_names(w),
		.say = fault_say_sentence,
	};
	struct fault f = { 0 };
	int error = recorder_open(&w->recorder, &options, &f);

	return error ? fault_say(&f, error) : EXIT_DONE;
}

static int store_on_attempt(void *ctx, const struct attempt_event *event)
{
	recorder_attempt(((struct watch *)ctx)->recorder, event);
	return EXIT_DONE;
}

static int store_on_early(void *ctx, const struct attempt_event *event)
{
	recorder_early(((struct watch *)ctx)->recorder, event);
	return EXIT_DONE;
}

static int store_on_finding(void *ctx, const struct finding *finding)
{
	recorder_finding(((struct watch *)ctx)->recorder, finding);
	return EXIT_DONE;
}

static int store_on_step(void *ctx, const struct clock_step *step)
{
	const struct store_step row = { step->time_us / 1000000,
					step->step_us / 1000000 };

	recorder_step(((struct watch *)ctx)->recorder, &row);
	return EXIT_DONE;
}

static void store_tick(void *ctx, uint64_t ticks)
{
	struct watch *w = ctx;
	struct summary_extra extra = watch_losses(w);

	(void)ticks;
	recorder_losses(w->recorder, extra.lost, extra.unlogged);
	recorder_tick(w->recorder, watch_now_us() / 1000000);
}

static int store_sink_close(void *ctx)
{
	return recorder_close(((struct watch *)ctx)->recorder) ? EXIT_REFUSED :
								 EXIT_DONE;
}

const struct sink watch_sink_store = {
	.name = "store",
	.wanted = store_wanted,
	.open = store_sink_open,
	.start = store_sink_start,
	.attempt = store_on_attempt,
	.early = store_on_early,
	.finding = store_on_finding,
	.stepped = store_on_step,
	.tick = store_tick,
	.close = store_sink_close,
};

/* ---- the pages ---- */

static bool pages_wanted(const void *ctx)
{
	return ((const struct watch *)ctx)->listen;
}

static int pages_open(void *ctx)
{
	struct watch *w = ctx;
	struct status_pages_options options = {
		.listen = w->listen,
		.allow_remote = w->listen_remote,
		.store_path = w->store_path,
		.say = fault_say_sentence,
	};
	struct fault f = { 0 };
	int error = status_pages_open(&w->pages, &options, &f);

	return error ? fault_say(&f, error) : EXIT_DONE;
}

static int pages_start(void *ctx)
{
	struct watch *w = ctx;

	status_pages_show(w->pages, w->engine, &w->priv, w->recorder);
	message_say("http://%s/ has the report, /metrics and /healthz",
		    status_pages_address(w->pages));
	return EXIT_DONE;
}

static int pages_fd(const void *ctx)
{
	return status_pages_fd(((const struct watch *)ctx)->pages);
}

static void pages_ready(void *ctx)
{
	struct watch *w = ctx;
	struct summary_extra extra = watch_losses(w);

	status_pages_run(w->pages, &extra);
}

static void pages_tick(void *ctx, uint64_t ticks)
{
	(void)ticks;
	pages_ready(ctx);
}

static int pages_close(void *ctx)
{
	status_pages_close(((struct watch *)ctx)->pages);
	return EXIT_DONE;
}

const struct sink watch_sink_pages = {
	.name = "pages",
	.wanted = pages_wanted,
	.open = pages_open,
	.start = pages_start,
	.tick = pages_tick,
	.fd = pages_fd,
	.ready = pages_ready,
	.close = pages_close,
};
