/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record_sink.h"
#include "../apart/record.h"
#include "../capture/capture_read.h"
#include "../../rules/base/arena.h"
#include "../monitor/watch.h"
#include "../program/message.h"
#include "../program/program.h"

#include <stdlib.h>
#include <unistd.h>

static bool record_wanted(const void *ctx)
{
	const struct watch *w = ctx;

	return w->store_path || w->listen;
}

/* ---- what the pages ask for ---- */

/* Sends what is loaded in pieces; false: it is not known. */
static bool record_put_loaded(struct watch *w, struct record *r,
			      uint32_t number)
{
	struct record_loaded *piece;
	size_t len, at = 0;
	ssize_t got = 0;

	if (w->priv.fd < 0 || priv_loaded(&w->priv, &len) ||
	    len > RECORD_LOADED_MOST)
		return false;
	piece = calloc(1, sizeof(*piece));
	for (; piece && at < len; at += (size_t)got) {
		got = pread(w->priv.members_fd, piece->bytes, RECORD_PIECE,
			    (off_t)at);
		if (got <= 0)
			break;
		if ((size_t)got > len - at)
			got = (ssize_t)(len - at);
		piece->number = number;
		piece->n = (uint32_t)got;
		record_put(r, RECORD_LOADED, piece);
	}
	free(piece);
	return at == len;
}

static void record_on_view(void *ctx, struct record *r, uint32_t number)
{
	struct record_view *v = calloc(1, sizeof(*v));
	struct watch *w = ctx;

	if (!v)
		return;
	v->number = number;
	v->loaded = record_put_loaded(w, r, number);
	v->has_priv = w->priv.health != PRIV_NONE;
	v->priv_up = priv_look(&w->priv) == PRIV_WELL;
	v->extra = watch_losses(w);
	engine_summary(w->engine, &v->summary);
	record_put(r, RECORD_VIEW, v);
	free(v);
}

static void record_on_health(void *ctx, struct record *r, uint32_t number)
{
	struct watch *w = ctx;
	struct record_health h = { .number = number };

	priv_look(&w->priv);
	h.sight = w->sight.view;
	h.complaint = priv_complaint(&w->priv);
	record_put(r, RECORD_HEALTH, &h);
}

/* ---- the start ---- */

/* "eth1 nflog:25" */
static const char *record_input_names(const struct watch *w)
{
	const char *names = "";

	for (size_t i = 0; i < capture_n(w->capture); i++)
		names = arena_printf(w->program->arena, "%s%s%s", names,
				     i ? " " : "",
				     capture_name(w->capture, (uint8_t)i));
	return names;
}

static int record_sink_open(void *ctx)
{
	struct watch *w = ctx;
	const struct record_open options = {
		.live = true,
		.keep_destinations = w->policy && w->policy->keep_destinations,
		.allow_remote = w->listen_remote,
		.keep_s = w->keep_s,
		.most_bytes = w->most_bytes,
		.store = w->store_path,
		.listen = w->listen,
		.user = w->user,
		.inputs = record_input_names(w),
	};
	const struct record_answers answers = { record_on_view,
						record_on_health, w };

	int code = record_start(&w->record, &options, &answers);

	if (!code)
		w->recorder_pid = record_pid(w->record);
	return code;
}

static int record_sink_start(void *ctx)
{
	const char *address = record_address(((struct watch *)ctx)->record);

	if (*address)
		message_say("http://%s/ has the report, /metrics and /healthz",
			    address);
	return EXIT_DONE;
}

/* ---- events ---- */

static int record_on_attempt(void *ctx, const struct attempt_event *event)
{
	const struct watch *w = ctx;

	return w->store_path ? record_attempt(w->record, event) : EXIT_DONE;
}

static int record_on_early(void *ctx, const struct attempt_event *event)
{
	const struct watch *w = ctx;

	return w->store_path ? record_early(w->record, event) : EXIT_DONE;
}

static int record_on_finding(void *ctx, const struct finding *finding)
{
	return record_finding(((struct watch *)ctx)->record, finding);
}

static int record_on_step(void *ctx, const struct clock_step *step)
{
	return record_step(((struct watch *)ctx)->record, step);
}

static void record_sink_tick(void *ctx, uint64_t ticks)
{
	struct watch *w = ctx;
	struct summary_extra extra = watch_losses(w);
	const struct record_tick tick = { watch_now_us() / 1000000, extra.lost,
					  extra.unlogged };

	(void)ticks;
	if (record_tick(w->record, &tick))
		watch_end(w);
}

static int record_sink_fd(const void *ctx)
{
	return record_fd(((const struct watch *)ctx)->record);
}

static void record_sink_ready(void *ctx)
{
	struct watch *w = ctx;

	if (record_ready(w->record))
		watch_end(w);
}

static int record_sink_close(void *ctx)
{
	return record_close(((struct watch *)ctx)->record);
}

const struct sink watch_sink_record = {
	.name = "record",
	.wanted = record_wanted,
	.open = record_sink_open,
	.start = record_sink_start,
	.attempt = record_on_attempt,
	.early = record_on_early,
	.finding = record_on_finding,
	.stepped = record_on_step,
	.tick = record_sink_tick,
	.fd = record_sink_fd,
	.ready = record_sink_ready,
	.close = record_sink_close,
};
