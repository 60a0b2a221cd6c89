/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "watch_sinks.h"
#include "../program/program.h"
#include "monitor_text.h"
#include "../event/notify.h"
#include "watch.h"
#include "../program/message.h"
#include "../event/events.h"

#include <stdio.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#define SAVE_EVERY_S 300

/* ---- what is known of sources, in a file ---- */

static bool state_wanted(const void *ctx)
{
	return ((const struct watch *)ctx)->state_path;
}

static int state_open(void *ctx)
{
	struct watch *w = ctx;

	return state_file_open(&w->state, w->program, w->state_path, w->user);
}

static int state_start(void *ctx)
{
	struct watch *w = ctx;

	return state_file_read(&w->state, w->engine);
}

static void state_on_save(void *ctx)
{
	struct watch *w = ctx;

	state_file_write(&w->state, w->engine);
}

static void state_tick(void *ctx, uint64_t ticks)
{
	if (ticks % SAVE_EVERY_S == SAVE_EVERY_S - 1)
		state_on_save(ctx);
}

const struct sink watch_sink_state = {
	.name = "state",
	.wanted = state_wanted,
	.open = state_open,
	.start = state_start,
	.tick = state_tick,
	.stop = state_on_save,
};

/* ---- the journal ---- */

static int journal_sink_open(void *ctx)
{
	(void)ctx;
	journal_open();
	return EXIT_DONE;
}

static int journal_on_finding(void *ctx, const struct finding *finding)
{
	((struct watch *)ctx)->in_journal = journal_finding(finding);
	return EXIT_DONE;
}

const struct sink watch_sink_journal = {
	.name = "journal",
	.open = journal_sink_open,
	.finding = journal_on_finding,
};

/* ---- standard output: JSON, a screen or text ---- */

static bool attempts_wanted(const void *ctx)
{
	return ((const struct watch *)ctx)->attempts;
}

/* A line of text for each outcome when it is known, an event of JSON at last.
 */
static int attempts_on_attempt(void *ctx, const struct attempt_event *event)
{
	const struct watch *w = ctx;

	if (!w->program->json && event->outcome != OUTCOME_UNANSWERED)
		return EXIT_DONE;
	return text_attempt(w->program, event, w->capture);
}

static int attempts_on_outcome(void *ctx, const struct attempt_event *event)
{
	const struct watch *w = ctx;

	if (!w->program->json)
		return text_attempt(w->program, event, w->capture);
	return print_event(
		outcome_json(event, capture_name(w->capture, event->input)));
}

const struct sink watch_sink_attempts = {
	.name = "attempts",
	.wanted = attempts_wanted,
	.attempt = attempts_on_attempt,
	.outcome = attempts_on_outcome,
};

static bool json_wanted(const void *ctx)
{
	return ((const struct watch *)ctx)->program->json;
}

static int json_on_finding(void *ctx, const struct finding *finding)
{
	(void)ctx;
	return print_event(finding_json(finding));
}

static int json_on_step(void *ctx, const struct clock_step *step)
{
	(void)ctx;
	return print_event(clock_json(step));
}

static int json_on_sight(void *ctx, const struct sight_view *view)
{
	(void)ctx;
	return print_event(sight_json(view, watch_now_us()));
}

static int json_on_summary(void *ctx, const struct engine_summary *s,
			   const struct summary_extra *extra)
{
	(void)ctx;
	return print_event(summary_json(s, extra));
}

const struct sink watch_sink_json = {
	.name = "json",
	.wanted = json_wanted,
	.finding = json_on_finding,
	.stepped = json_on_step,
	.sight = json_on_sight,
	.summary = json_on_summary,
};

static int text_on_summary(void *ctx, const struct engine_summary *s,
			   const struct summary_extra *extra)
{
	(void)ctx;
	if (extra->final) {
		text_ports(s);
		text_notes(s);
		text_losses(extra);
	}
	return EXIT_DONE;
}

static bool screen_wanted(const void *ctx)
{
	return watch_has_screen(ctx);
}

static int screen_start(void *ctx)
{
	screen_open(&((struct watch *)ctx)->screen);
	return EXIT_DONE;
}

static int screen_on_finding(void *ctx, const struct finding *finding)
{
	screen_finding(&((struct watch *)ctx)->screen, finding);
	return EXIT_DONE;
}

static int screen_on_summary(void *ctx, const struct engine_summary *s,
			     const struct summary_extra *extra)
{
	if (extra->final)
		return text_on_summary(ctx, s, extra);
	screen_draw(&((struct watch *)ctx)->screen, s, extra);
	return EXIT_DONE;
}

static void screen_stop(void *ctx)
{
	screen_close(&((struct watch *)ctx)->screen);
}

const struct sink watch_sink_screen = {
	.name = "screen",
	.wanted = screen_wanted,
	.start = screen_start,
	.finding = screen_on_finding,
	.summary = screen_on_summary,
	.stop = screen_stop,
};

static bool text_wanted(const void *ctx)
{
	return !json_wanted(ctx) && !screen_wanted(ctx);
}

static int text_on_finding(void *ctx, const struct finding *finding)
{
	if (!((const struct watch *)ctx)->in_journal)
		text_finding(stdout, finding);
	return EXIT_DONE;
}

const struct sink watch_sink_text = {
	.name = "text",
	.wanted = text_wanted,
	.finding = text_on_finding,
	.summary = text_on_summary,
};

/* ---- class flagged ---- */

static bool flagged_wanted(const void *ctx)
{
	const struct watch *w = ctx;

	return w->policy && w->policy->quarantine_s;
}

static bool flagged_may_come(const struct watch *w, const struct finding *f)
{
	return flagged_wanted(w) && !f->again &&
	       detector_finding(f->detector) == FINDING_SPAM_SOURCE;
}

static int64_t flagged_now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static int flagged_flag(void *ctx, const struct quarantine_source *source,
			enum flag_refusal *refusal)
{
	struct watch *w = ctx;

	/* The policy was read again perhaps, and protects others. */
	*refusal = flag_may_be(w->policy, source->family, &source->source);
	return *refusal ? -EACCES :
			  priv_flag(&w->priv, source->family, &source->source,
				    refusal);
}

static bool flagged_look(void *ctx, const struct quarantine_source *source,
			 struct source_view *out)
{
	return engine_source(((struct watch *)ctx)->engine, source->family,
			     &source->source, out);
}

static void flagged_say(void *ctx, const char *sentence)
{
	(void)ctx;
	message_say("%s", sentence);
}

static int flagged_start(void *ctx)
{
	struct watch *w = ctx;
	const struct quarantine_ways ways = { flagged_flag, flagged_look,
					      flagged_say, w };

	w->quarantine = quarantine_new(&ways);
	return w->quarantine ? EXIT_DONE : message_out_of_memory();
}

static int flagged_on_finding(void *ctx, const struct finding *f)
{
	struct watch *w = ctx;

	if (!f->unsure && flagged_may_come(w, f))
		quarantine_add(w->quarantine, f, flagged_now_s());
	return EXIT_DONE;
}

static void flagged_tick(void *ctx, uint64_t ticks)
{
	struct watch *w = ctx;

	(void)ticks;
	if (flagged_wanted(w))
		quarantine_run(w->quarantine, flagged_now_s());
}

static int flagged_close(void *ctx)
{
	quarantine_free(((struct watch *)ctx)->quarantine);
	return EXIT_DONE;
}

const struct sink watch_sink_flagged = {
	.name = "flagged",
	.wanted = flagged_wanted,
	.start = flagged_start,
	.finding = flagged_on_finding,
	.tick = flagged_tick,
	.close = flagged_close,
};

/* ---- systemd ---- */

static int systemd_watchdog = -1; /* descriptor of its timer */

static int systemd_open(void *ctx)
{
	(void)ctx;
	notify_open();
	systemd_watchdog = notify_watchdog_fd();
	return EXIT_DONE;
}

static int systemd_start(void *ctx)
{
	(void)ctx;
	notify_send("READY=1");
	return EXIT_DONE;
}

static int systemd_fd(const void *ctx)
{
	(void)ctx;
	return systemd_watchdog;
}

static void systemd_ready(void *ctx)
{
	(void)ctx;
	notify_watchdog(systemd_watchdog);
}

static int systemd_on_summary(void *ctx, const struct engine_summary *s,
			      const struct summary_extra *extra)
{
	(void)ctx;
	notify_send("STATUS=%llu packets, %llu sources, %llu findings of spam, "
		    "%llu lost",
		    (unsigned long long)s->packets,
		    (unsigned long long)s->sources,
		    (unsigned long long)s->findings[FINDING_SPAM_SOURCE],
		    (unsigned long long)extra->lost);
	return EXIT_DONE;
}

static void systemd_stop(void *ctx)
{
	(void)ctx;
	notify_send("STOPPING=1");
}

const struct sink watch_sink_systemd = {
	.name = "systemd",
	.open = systemd_open,
	.start = systemd_start,
	.fd = systemd_fd,
	.ready = systemd_ready,
	.summary = systemd_on_summary,
	.stop = systemd_stop,
};
