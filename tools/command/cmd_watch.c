/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor, live: open, drop, verify, loop. Nothing that comes from the
 * network is read before privilege is gone.
 */
#include "../../rules/base/arena.h"
#include "../../rules/base/units.h"
#include "../capture/capture.h"
#include "commands.h"
#include "../program/privilege.h"
#include "../program/events.h"
#include "../program/folder.h"
#include "../program/size.h"
#include "../serve/status_pages.h"
#include "../monitor/losses.h"
#include "../monitor/membership.h"
#include "../monitor/monitor.h"
#include "../monitor/notify.h"
#include "../store/recorder.h"
#include "../monitor/state_file.h"
#include "../monitor/screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define SUMMARY_EVERY_S 60
#define SAVE_EVERY_S	300
#define INPUTS_MOST	64

struct watch {
	struct program *program;
	struct capture *capture;
	struct engine *engine;
	struct policy *policy;
	struct priv priv;
	struct state_file saved;
	struct screen screen;
	struct texts interfaces, groups;
	const char *policy_path, *user, *state_path, *memory_text, *every_text;
	const char *incoming, *store_path, *keep_text, *most_text;
	const char *listen;
	bool listen_remote;
	struct recorder *recorder;
	struct status_pages *live;
	bool attempts, no_warmup, openings_only;
	bool on_terminal, stop;
	uint32_t every_s;
	struct monitor_options options;
	int signals, timer;
	int code;
	struct membership members;
	struct losses losses;
};

/* ---- callbacks of the engine ---- */

static void watch_take_frame(void *ctx, const struct frame *frame)
{
	engine_frame(((struct watch *)ctx)->engine, frame);
}

static void watch_take_attempt(void *ctx, const struct attempt_event *event)
{
	struct watch *w = ctx;

	if (w->recorder)
		recorder_attempt(w->recorder, event);
	if (w->attempts && !w->code)
		w->code = say_attempt(w->program, event, w->capture);
}

static void watch_take_early(void *ctx, const struct attempt_event *event)
{
	recorder_early(((struct watch *)ctx)->recorder, event);
}

/* Users behind a shared address are not cut off for one of them. */
static bool may_be_quarantined(const struct watch *w, const struct finding *f)
{
	if (!w->policy || !w->policy->quarantine_s || f->again ||
	    detector_finding(f->detector) != FINDING_SPAM_SOURCE)
		return false;
	for (size_t i = 0; i < w->policy->classes.n; i++) {
		const struct class *c = w->policy->classes.items[i];

		if (c->users > 1 && class_has(c, f->family, &f->source))
			return false;
	}
	return true;
}

static void quarantine(struct watch *w, const struct finding *f)
{
	char source[RANGE_TEXT_MAX];
	int error;

	if (!may_be_quarantined(w, f))
		return;
	source_print(source, f->family, &f->source);
	error = priv_flag(&w->priv, f->family, &f->source);
	if (error)
		message_say("%s could not be put into class flagged: %s",
			    source,
			    error == -ENOENT ?
				    "no policy with that class is loaded" :
			    error == -EBUSY ? "too many in one minute" :
					      strerror(-error));
	else
		message_say("%s is in class flagged", source);
}

static void watch_take_finding(void *ctx, const struct finding *f)
{
	struct watch *w = ctx;
	bool in_journal = journal_finding(f);

	if (w->recorder)
		recorder_finding(w->recorder, f);

	if (w->program->json)
		w->code = w->code ? w->code : print_event(finding_json(f));
	else if (w->on_terminal)
		screen_finding(&w->screen, f);
	else if (!in_journal)
		print_finding(stdout, f);
	quarantine(w, f);
}

/* ---- summaries ---- */

static void count_blocks(struct watch *w)
{
	if (w->groups.n)
		losses_count(&w->losses, w->capture, &w->priv);
}

static void print_end(const struct engine_summary *s,
		      const struct summary_extra *extra)
{
	print_ports(s);
	print_notes(s);
	print_losses(extra);
}

static int say_summary(struct watch *w, bool final)
{
	struct engine_summary *s = malloc(sizeof(*s));
	struct summary_extra extra;
	int code = EXIT_DONE;

	if (!s)
		return message_out_of_memory();
	losses_settle(&w->losses, w->capture);
	if (!final)
		count_blocks(w);
	extra = losses_now(&w->losses, w->capture);
	extra.final = final;
	engine_summary(w->engine, s);
	if (w->program->json)
		code = print_event(summary_json(s, &extra));
	else if (w->on_terminal && !final)
		screen_draw(&w->screen, s, &extra);
	else if (final)
		print_end(s, &extra);
	notify_say("STATUS=%llu packets, %llu sources, %llu findings of spam, "
		   "%llu lost",
		   (unsigned long long)s->packets,
		   (unsigned long long)s->sources,
		   (unsigned long long)s->findings[FINDING_SPAM_SOURCE],
		   (unsigned long long)extra.lost);
	free(s);
	if (fflush(stdout)) {
		message_say("cannot write to standard output: %s",
			    strerror(errno));
		clearerr(stdout);
		return EXIT_REFUSED;
	}
	return code;
}

/* ---- signals and time ---- */

/* Mistakes go to standard error: standard output has one event a line. */
static int read_again(struct watch *w, struct policy **out)
{
	bool json = w->program->json;
	int code;

	w->program->json = false;
	code = load_good_policy(w->program, w->policy_path, out);
	w->program->json = json;
	return code;
}

/* What was set up with privilege stays as it is. */
static void say_what_waits(const struct watch *w, const struct policy *new,
			   size_t n_ports)
{
	size_t n;

	engine_ports(w->engine, &n);
	if (new->quarantine_s != w->policy->quarantine_s)
		message_say("what it says of a quarantine waits for a restart");
	if (n != n_ports && w->interfaces.n)
		message_say("ports that are new in it are captured at "
			    "interfaces only "
			    "after a restart");
}

static void reload(struct watch *w)
{
	struct policy *new;
	size_t n_ports;

	if (!w->policy_path) {
		message_say("there is no policy to read again");
		return;
	}
	notify_say("RELOADING=1");
	engine_ports(w->engine, &n_ports);
	if (read_again(w, &new)) {
		message_say("the policy stays as it was");
	} else if (engine_policy(w->engine, new)) {
		message_say("the new policy names too many ports; the old one "
			    "stays");
		policy_free(new);
	} else {
		message_say("policy %s read again", new->name);
		say_what_waits(w, new, n_ports);
		policy_free(w->policy);
		w->policy = new;
	}
	notify_say("READY=1");
}

static void take_signal(struct watch *w)
{
	struct signalfd_siginfo info;

	if (read(w->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP)
		reload(w);
	else
		w->stop = true;
}

static int64_t watch_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static bool has_dynamic_classes(const struct policy *policy)
{
	for (size_t i = 0; policy && i < policy->classes.n; i++)
		if (policy->classes.items[i]->kind == CLASS_DYNAMIC)
			return true;
	return false;
}

static void watch_read_members(struct watch *w)
{
	if (w->priv.fd >= 0 && has_dynamic_classes(w->policy))
		membership_read(&w->members, &w->priv, watch_now_us() / 1000);
}

static void watch_save(struct watch *w)
{
	if (w->state_path)
		state_file_write(&w->saved, w->engine);
}

static int look_for_inputs(const struct watch *w)
{
	for (size_t i = 0; i < capture_n(w->capture); i++)
		if (capture_is_gone(w->capture, i)) {
			message_say("%s: the interface is gone",
				    capture_name(w->capture, (uint8_t)i));
			return EXIT_REFUSED;
		}
	return EXIT_DONE;
}

static void watch_serve(struct watch *w)
{
	struct summary_extra extra;

	if (!w->live)
		return;
	extra = losses_now(&w->losses, w->capture);
	status_pages_run(w->live, &extra);
}

static void watch_record(struct watch *w)
{
	struct summary_extra extra;

	if (!w->recorder)
		return;
	extra = losses_now(&w->losses, w->capture);
	recorder_losses(w->recorder, extra.lost, extra.unlogged);
	recorder_pass(w->recorder, watch_now_us() / 1000000);
}

/* Once a second, of which ticks is the number. */
static int watch_tick(struct watch *w, uint64_t ticks)
{
	unsigned int watchdog_s = notify_watchdog_s();

	engine_time(w->engine, watch_now_us());
	if (look_for_inputs(w))
		return EXIT_REFUSED;
	watch_read_members(w);
	watch_record(w);
	watch_serve(w);
	if (watchdog_s && ticks % watchdog_s == 0)
		notify_say("WATCHDOG=1");
	if (ticks % SAVE_EVERY_S == SAVE_EVERY_S - 1)
		watch_save(w);
	if (w->on_terminal ? true : ticks % w->every_s == w->every_s - 1)
		return say_summary(w, false);
	fflush(stdout);
	return EXIT_DONE;
}

/* ---- the loop ---- */

static int read_input(struct watch *w, size_t i)
{
	int error = capture_read(w->capture, i, watch_take_frame, w);

	if (error == -ENETDOWN)
		return look_for_inputs(w);
	return error ? EXIT_REFUSED : EXIT_DONE;
}

static int watch_loop(struct watch *w)
{
	struct pollfd fds[INPUTS_MOST + 3];
	size_t n = capture_n(w->capture);
	uint64_t ticks = 0, passed;
	int code = EXIT_DONE;

	for (size_t i = 0; i < n; i++)
		fds[i] =
			(struct pollfd){ capture_fd(w->capture, i), POLLIN, 0 };
	fds[n] = (struct pollfd){ w->signals, POLLIN, 0 };
	fds[n + 1] = (struct pollfd){ w->timer, POLLIN, 0 };
	fds[n + 2] = (struct pollfd){ w->live ? status_pages_fd(w->live) : -1,
				      POLLIN, 0 };
	while (!w->stop && !code && !w->code) {
		if (poll(fds, n + 3, -1) < 0 && errno != EINTR) {
			message_say("cannot wait for packets: %s",
				    strerror(errno));
			return EXIT_REFUSED;
		}
		for (size_t i = 0; i < n && !code; i++)
			if (fds[i].revents)
				code = read_input(w, i);
		if (fds[n].revents)
			take_signal(w);
		if (fds[n + 1].revents &&
		    read(w->timer, &passed, sizeof(passed)) == sizeof(passed))
			code = code ? code : watch_tick(w, ticks++);
		if (fds[n + 2].revents)
			watch_serve(w);
	}
	return code ? code : w->code;
}

/* Logs that are on their way when it ends are waited for. */
static void drain(struct watch *w)
{
	const struct timespec wait = { .tv_nsec = 150 * 1000 * 1000 };

	if (!w->groups.n)
		return;
	nanosleep(&wait, NULL);
	for (size_t i = 0; i < capture_n(w->capture); i++)
		capture_read(w->capture, i, watch_take_frame, w);
}

/* ---- the start ---- */

static int watch_open_descriptors(struct watch *w)
{
	struct itimerspec second = { { 1, 0 }, { 1, 0 } };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	w->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	w->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (w->signals >= 0 && w->timer >= 0 &&
	    !timerfd_settime(w->timer, 0, &second, NULL))
		return EXIT_DONE;
	message_say("cannot make a timer: %s", strerror(errno));
	return EXIT_REFUSED;
}

static int watch_open_inputs(struct watch *w)
{
	struct live_options live = { .openings_only = w->openings_only };
	int code = EXIT_DONE;

	live.ports = engine_ports(w->engine, &live.n_ports);
	for (size_t i = 0; i < w->interfaces.n && !code; i++)
		code = capture_add_live(w->capture, w->interfaces.items[i],
					&live);
	for (size_t i = 0; i < w->groups.n && !code; i++) {
		uint32_t group;

		if (!number_parse(w->groups.items[i], 0, 65535, &group))
			return usage_error(w->program,
					   "--group takes a number up to "
					   "65535, not \"%.40s\"",
					   w->groups.items[i]);
		code = capture_add_nflog(w->capture, (uint16_t)group);
	}
	return code;
}

/* What it may not do was said by the inputs, or is said here. */
static int start_priv(struct watch *w)
{
	struct priv_job job = { .run_dir = w->program->run_dir };
	uint32_t group;

	if (w->policy)
		job.quarantine_s = w->policy->quarantine_s;
	for (size_t i = 0; i < w->groups.n; i++)
		if (number_parse(w->groups.items[i], 0, 65535, &group))
			job.groups[job.n_groups++] = (uint16_t)group;
	if (!job.n_groups && !job.quarantine_s && !w->listen &&
	    !has_dynamic_classes(w->policy))
		return EXIT_DONE;
	if (may_administer())
		return priv_start(&w->priv, &job);
	if (job.quarantine_s) {
		message_say("the policy quarantines, and that needs "
			    "CAP_NET_ADMIN; run "
			    "it as root");
		return EXIT_REFUSED;
	}
	if (has_dynamic_classes(w->policy))
		message_say("who is in a dynamic class is not known without "
			    "CAP_NET_ADMIN: to the policy they are empty");
	return EXIT_DONE;
}

/* "eth1 nflog:25" */
static const char *input_names(const struct watch *w)
{
	const char *names = "";

	for (size_t i = 0; i < capture_n(w->capture); i++)
		names = arena_printf(w->program->arena, "%s%s%s", names,
				     i ? " " : "",
				     capture_name(w->capture, (uint8_t)i));
	return names;
}

/* By who will write it: the files beside it are his, too. */
static int watch_open_recorder(struct watch *w)
{
	struct recorder_options options = { .path = w->store_path,
					    .inputs = input_names(w) };
	int code =
		read_bounds(w->program, w->keep_text, w->most_text, &options);

	if (w->policy)
		options.keep_destinations = w->policy->keep_destinations;
	return code ? code : recorder_open(&w->recorder, &options);
}

static int watch_open_live(struct watch *w)
{
	struct status_pages_options options = { .listen = w->listen,
						.allow_remote =
							w->listen_remote,
						.store_path = w->store_path };

	return status_pages_open(&w->live, &options);
}

static int watch_start(struct watch *w)
{
	int code = watch_open_descriptors(w);

	if (!code)
		code = start_priv(w);
	if (!code)
		code = monitor_engine(&w->options, &w->engine);
	if (!code)
		code = watch_open_inputs(w);
	if (!code && w->state_path)
		code = state_file_open(&w->saved, w->program, w->state_path,
				       w->user);
	if (!code && w->store_path)
		code = folder_make_of(w->program, w->store_path, w->user);
	if (!code && w->store_path)
		folder_own_store(w->store_path, w->user);
	if (code)
		return code;
	if (w->listen)
		code = watch_open_live(w);
	if (code)
		return code;
	notify_open();
	code = drop_privileges(w->user);
	if (!code && w->store_path)
		code = watch_open_recorder(w);
	if (!code && w->state_path)
		code = state_file_read(&w->saved, w->engine);
	if (!code && w->live)
		status_pages_show(w->live, w->engine, &w->priv, w->recorder);
	return code;
}

static int watch_run(struct watch *w)
{
	int code = watch_start(w);

	if (code)
		return code;
	notify_say("READY=1");
	w->on_terminal =
		!w->program->json && !w->attempts && isatty(STDOUT_FILENO);
	if (w->on_terminal)
		screen_open(&w->screen);
	count_blocks(w);
	watch_read_members(w);
	code = watch_loop(w);
	if (w->on_terminal)
		screen_close(&w->screen);
	notify_say("STOPPING=1");
	count_blocks(w);
	drain(w);
	watch_save(w);
	engine_end(w->engine);
	watch_record(w);
	return code ? code : say_summary(w, true);
}

static int watch_read_numbers(struct watch *w)
{
	struct recorder_options options;

	w->every_s = SUMMARY_EVERY_S;
	if (w->every_text && !duration_parse(w->every_text, &w->every_s))
		return usage_error(w->program,
				   "--every takes a duration like 60s, not "
				   "\"%.40s\"",
				   w->every_text);
	if (w->interfaces.n + w->groups.n > INPUTS_MOST)
		return usage_error(w->program, "at most %d inputs",
				   INPUTS_MOST);
	if ((w->keep_text || w->most_text) && !w->store_path)
		return usage_error(w->program,
				   "--keep and --max are of a --store");
	if (read_bounds(w->program, w->keep_text, w->most_text, &options))
		return EXIT_USAGE;
	return size_read_memory(w->program, w->memory_text, &w->options.memory);
}

int cmd_watch(struct program *p, int argc, char **argv)
{
	struct watch w = { .program = p, .priv = { .fd = -1 } };
	const struct decide_input members = { membership_has, &w.members };
	const struct option_row rows[] = {
		{ "interface", 'i', NULL, NULL, &w.interfaces },
		{ "group", 'g', NULL, NULL, &w.groups },
		{ "policy", 'p', NULL, &w.policy_path, NULL },
		{ "user", 'u', NULL, &w.user, NULL },
		{ "state", 's', NULL, &w.state_path, NULL },
		{ "store", 'S', NULL, &w.store_path, NULL },
		{ "keep", 'k', NULL, &w.keep_text, NULL },
		{ "max", 'M', NULL, &w.most_text, NULL },
		{ "http", 'H', NULL, &w.listen, NULL },
		{ "http-remote", 0, &w.listen_remote, NULL, NULL },
		{ "every", 'e', NULL, &w.every_text, NULL },
		{ "memory", 'm', NULL, &w.memory_text, NULL },
		{ "incoming", 'I', NULL, &w.incoming, NULL },
		{ "attempts", 'a', &w.attempts, NULL, NULL },
		{ "openings", 'o', &w.openings_only, NULL, NULL },
		{ "no-warmup", 'w', &w.no_warmup, NULL, NULL },
		{ "json", 'j', &p->json, NULL, NULL },
		{ "quiet", 'q', &p->quiet, NULL, NULL },
	};
	int first = read_options(p, argc, argv, rows, 18), code;

	if (first < 0)
		return options_code(p);
	if (first != argc)
		return usage_error(p, "\"%.40s\" is no option", argv[first]);
	if (!w.interfaces.n && !w.groups.n)
		return usage_error(p, "watch what? -i INTERFACE or -g GROUP");
	code = watch_read_numbers(&w);
	if (!code && w.policy_path)
		code = load_good_policy(p, w.policy_path, &w.policy);
	if (code)
		return code;
	w.options.policy = w.policy;
	w.options.members = &members;
	w.options.interface = w.incoming;
	w.options.skip_warmup = w.no_warmup;
	w.options.ctx = &w;
	w.options.attempt = watch_take_attempt;
	if (w.store_path)
		w.options.early = watch_take_early;
	w.options.finding = watch_take_finding;
	w.capture = capture_new();
	code = w.capture ? watch_run(&w) : message_out_of_memory();
	status_pages_close(w.live);
	if (recorder_close(w.recorder) && !code)
		code = EXIT_REFUSED;
	capture_free(w.capture);
	engine_free(w.engine);
	policy_free(w.policy);
	priv_stop(&w.priv);
	membership_free(&w.members);
	return code;
}
