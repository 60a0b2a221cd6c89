/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Open, drop, verify, loop. Nothing that comes from the network is read before
 * privilege is gone.
 */
#include "watch.h"
#include "../capture/capture_read.h"
#include "../../rules/base/units.h"
#include "../program/program.h"
#include "../priv/folder.h"
#include "../priv/priv_socket.h"
#include "../priv/privilege.h"
#include "../priv/sandbox.h"
#include "monitor.h"
#include "../event/notify.h"
#include "../program/message.h"
#include "../program/policy_file.h"
#include "../event/events.h"

#include <stdio.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static int64_t watch_clock_us(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t watch_now_us(void)
{
	return watch_clock_us(CLOCK_REALTIME);
}

void watch_end(struct watch *w)
{
	w->input_code = EXIT_REFUSED;
	w->stop = true;
}

bool watch_has_screen(const struct watch *w)
{
	return !w->program->json && !w->attempts && isatty(STDOUT_FILENO);
}

struct summary_extra watch_losses(struct watch *w)
{
	struct summary_extra extra = losses_now(&w->losses, w->capture);

	extra.sight = w->sight.view;
	if (w->quarantine) {
		extra.has_quarantine = true;
		extra.waiting = w->quarantine->n;
		extra.flagged = w->quarantine->flagged;
		extra.refused = w->quarantine->refused;
		extra.forgotten = w->quarantine->forgotten;
	}
	return extra;
}

/* ---- opening ---- */

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

static uint16_t watch_group(const struct watch *w, size_t i)
{
	return (uint16_t)w->groups.items[i];
}

static struct priv_job watch_priv_job(const struct watch *w)
{
	struct priv_job job = { .run_dir = w->program->run_dir,
				.policy = w->policy };

	if (w->policy)
		job.quarantine_s = w->policy->quarantine_s;
	for (size_t i = 0; i < w->groups.n; i++)
		job.groups[job.n_groups++] = watch_group(w, i);
	return job;
}

/* Without privilege the inputs say it, or the policy's needs are said here. */
static int watch_open_priv(struct watch *w)
{
	struct priv_job job = watch_priv_job(w);

	if (!job.n_groups && !job.quarantine_s && !w->listen &&
	    !membership_matters(w->policy))
		return EXIT_DONE;
	if (privilege_has_net_admin() || priv_finds_service(&job))
		return priv_start(&w->priv, &job);
	if (job.quarantine_s) {
		message_say("the policy quarantines, and that needs "
			    "CAP_NET_ADMIN; run it as root");
		return EXIT_REFUSED;
	}
	if (membership_matters(w->policy))
		message_say("who is in a dynamic class is not known without "
			    "CAP_NET_ADMIN: to the policy they are empty");
	return EXIT_DONE;
}

int watch_be_service(struct watch *w)
{
	const struct priv_job job = watch_priv_job(w);
	int listener = priv_socket_passed(), error;

	if (listener < 0) {
		message_say("--as-service is for mailwall-priv.service, which "
			    "passes a socket");
		return EXIT_USAGE;
	}
	error = priv_serve_socket(listener, &job);
	message_say("cannot keep CAP_NET_ADMIN as a service: %s",
		    strerror(-error));
	policy_free(w->policy);
	return EXIT_REFUSED;
}

static int watch_open_engine(struct watch *w)
{
	struct monitor_options options = { .policy = w->policy,
					   .members = &w->decide,
					   .interface = w->incoming,
					   .memory = w->memory,
					   .skip_warmup = w->no_warmup,
					   .sinks = &w->sinks };

	w->decide = (struct decide_input){ membership_has, &w->members };
	return monitor_engine(&options, &w->engine);
}

static int watch_open_inputs(struct watch *w)
{
	struct live_options live = { .openings_only = w->openings_only };
	int error = 0;

	w->capture = monitor_capture();
	if (!w->capture)
		return EXIT_REFUSED;
	live.ports = engine_ports(w->engine, &live.n_ports);
	for (size_t i = 0; i < w->interfaces.n && !error; i++)
		error = capture_add_live(w->capture, w->interfaces.items[i],
					 &live);
	for (size_t i = 0; i < w->groups.n && !error; i++)
		error = capture_add_nflog(w->capture, watch_group(w, i));
	return error ? EXIT_REFUSED : EXIT_DONE;
}

/* Gives up the system calls that neither packets nor sinks need. */
static int watch_refuse_calls(const struct watch *w)
{
	int fds[WATCH_INPUTS_MOST];
	size_t n = capture_n(w->capture);
	const struct sandbox_reader r = { fds, n, w->recorder_pid,
					  priv_is_service(&w->priv) };
	int error;

	for (size_t i = 0; i < n; i++)
		fds[i] = capture_fd(w->capture, i);
	error = sandbox_reader_calls(&r);
	if (!error)
		return EXIT_DONE;
	message_say("cannot give up system calls: %s", strerror(-error));
	return EXIT_REFUSED;
}

/* The state alone is written. */
static int watch_refuse_files(const struct watch *w)
{
	const char *folder;
	int error;

	folder = w->state_path ? folder_of(w->program, w->state_path) : NULL;
	error = sandbox_write_below(&folder, folder != NULL);
	if (!error)
		return EXIT_DONE;
	message_say("cannot give up files by Landlock: %s", strerror(-error));
	return error == -ENOSYS ? EXIT_DONE : EXIT_REFUSED;
}

static int watch_open(struct watch *w)
{
	int code = watch_open_descriptors(w);

	if (!code)
		code = watch_open_priv(w);
	if (!code)
		code = watch_open_engine(w);
	if (!code)
		code = watch_open_inputs(w);
	if (!code)
		code = sinks_open(&w->sinks);
	if (!code)
		code = privilege_drop(w->user);
	if (!code)
		code = watch_refuse_files(w);
	if (!code)
		code = watch_refuse_calls(w);
	return code ? code : sinks_start(&w->sinks);
}

/* ---- summaries ---- */

static void watch_count_blocks(struct watch *w)
{
	if (w->groups.n)
		losses_count(&w->losses, w->capture, &w->priv);
}

static int watch_flush(void)
{
	return fflush(stdout) ? message_output_failed() : EXIT_DONE;
}

static int watch_summary(struct watch *w, bool final)
{
	struct engine_summary *s = malloc(sizeof(*s));
	struct summary_extra extra;

	if (!s)
		return message_out_of_memory();
	losses_settle(&w->losses, w->capture);
	if (!final)
		watch_count_blocks(w);
	extra = watch_losses(w);
	extra.final = final;
	engine_summary(w->engine, s);
	sinks_summary(&w->sinks, s, &extra);
	free(s);
	return watch_flush();
}

/* ---- reading the policy again ---- */

/* Mistakes go to standard error: standard output has one event a line. */
static int watch_load_policy(struct watch *w, struct policy **out)
{
	bool json = w->program->json;
	int code;

	w->program->json = false;
	code = load_good_policy(w->program, w->policy_path, out);
	w->program->json = json;
	return code;
}

/* Says what of the policy waits for a restart, since it took privilege. */
static void watch_compare(const struct watch *w, const struct policy *next,
			  size_t n_ports)
{
	size_t n;

	engine_ports(w->engine, &n);
	if (next->quarantine_s != w->policy->quarantine_s)
		message_say("what it says of a quarantine waits for a restart");
	else if (next->quarantine_s)
		message_say("only whom the policy had at the start is put into "
			    "class flagged, until a restart");
	if (n != n_ports && w->interfaces.n)
		message_say("ports that are new in it are captured at "
			    "interfaces only after a restart");
}

/* Sets what is to be loaded: what the monitor reads, and judges by. */
static void watch_want(struct watch *w)
{
	w->wanted.groups = w->groups.items;
	w->wanted.n_groups = w->groups.n;
	sight_want(&w->wanted, w->policy);
	w->sight.looked = false;
}

static void watch_reload(struct watch *w)
{
	struct priv_job job;
	struct policy *next;
	size_t n_ports;

	if (!w->policy_path) {
		message_say("there is no policy to read again");
		return;
	}
	notify_send("RELOADING=1");
	engine_ports(w->engine, &n_ports);
	if (watch_load_policy(w, &next)) {
		message_say("the policy stays as it was");
	} else if (engine_policy(w->engine, next)) {
		message_say("the new policy names too many ports; the old one "
			    "stays");
		policy_free(next);
	} else {
		message_say("policy %s read again", next->name);
		watch_compare(w, next, n_ports);
		policy_free(w->policy);
		w->policy = next;
		job = watch_priv_job(w);
		priv_expect(&w->priv, &job);
		watch_want(w);
	}
	notify_send("READY=1");
}

static void watch_on_signal(struct watch *w)
{
	struct signalfd_siginfo info;

	if (read(w->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP)
		watch_reload(w);
	else
		w->stop = true;
}

/* ---- the clock ---- */

#define STEP_LEAST_US 2000000 /* less is how clocks are kept */
/* Frames that wait longer until they are read have no true stamp. */
#define STAMP_OLDEST_US 60000000

/*
 * Tells when the clock was set, by a steady one. To be called before frames are
 * read: the engine's time goes on, whatever the clock shows.
 */
static void watch_look_at_clock(struct watch *w)
{
	struct clock_step step = { .time_us = watch_now_us() };
	int64_t clock_us = step.time_us - watch_clock_us(CLOCK_BOOTTIME);

	step.step_us = clock_us - w->clock_us;
	if (w->clock_us &&
	    (step.step_us >= STEP_LEAST_US || step.step_us <= -STEP_LEAST_US)) {
		engine_clock_step(w->engine, step.step_us);
		message_say("the clock was set %s by %lld seconds",
			    step.step_us > 0 ? "forward" : "back",
			    llabs((long long)step.step_us) / 1000000);
		sinks_stepped(&w->sinks, &step);
	}
	w->clock_us = clock_us;
	w->read_us = step.time_us;
}

static bool watch_stamp_is_near(const struct watch *w, int64_t time_us)
{
	return time_us < w->read_us + STEP_LEAST_US &&
	       time_us > w->read_us - STAMP_OLDEST_US;
}

/* A stamp of another clock than that of now: the frame came just now. */
static void watch_on_strange_frame(struct watch *w, const struct frame *frame)
{
	struct frame now = *frame;

	watch_look_at_clock(w);
	if (!watch_stamp_is_near(w, frame->time_us))
		now.time_us = w->read_us;
	engine_frame(w->engine, &now);
}

static void watch_on_frame(void *ctx, const struct frame *frame)
{
	struct watch *w = ctx;

	if (watch_stamp_is_near(w, frame->time_us))
		engine_frame(w->engine, frame);
	else
		watch_on_strange_frame(w, frame);
}

/* ---- the loop ---- */

static void watch_read_members(struct watch *w)
{
	if (w->priv.fd >= 0 && membership_matters(w->policy))
		membership_read(&w->members, &w->priv,
				watch_clock_us(CLOCK_MONOTONIC) / 1000);
}

/* Gives an input up. The others go on; without any there is nothing to do. */
static void watch_lose_input(struct watch *w, size_t i)
{
	size_t n = 0;

	w->lost[i] = true;
	w->input_code = EXIT_REFUSED;
	for (size_t k = 0; k < capture_n(w->capture); k++)
		n += !w->lost[k];
	if (n)
		message_say("%s: not read any more; %zu of %zu inputs are left",
			    capture_name(w->capture, (uint8_t)i), n,
			    capture_n(w->capture));
	else
		w->stop = true;
}

static void watch_check_inputs(struct watch *w)
{
	for (size_t i = 0; i < capture_n(w->capture); i++) {
		if (w->lost[i] || !capture_is_gone(w->capture, i))
			continue;
		message_say("%s: the interface is gone",
			    capture_name(w->capture, (uint8_t)i));
		watch_lose_input(w, i);
	}
}

static void watch_read_input(struct watch *w, size_t i)
{
	int error;

	watch_look_at_clock(w);
	error = capture_read(w->capture, i, watch_on_frame, w);

	if (error == -ENETDOWN)
		watch_check_inputs(w);
	else if (error)
		watch_lose_input(w, i);
}

/* Says once that it is not well, and once that it answers again. */
static void watch_look_at_priv(struct watch *w)
{
	enum priv_health before = w->priv_health;

	w->priv_health = priv_look(&w->priv);
	if (w->priv_health == before)
		return;
	if (priv_complaint(&w->priv))
		message_say("%s", priv_complaint(&w->priv));
	else if (before == PRIV_LATE || before == PRIV_ENDED)
		message_say("the process that keeps CAP_NET_ADMIN answers "
			    "again");
}

static void watch_look_at_rules(struct watch *w)
{
	if (sight_look(&w->sight, &w->priv, &w->wanted))
		sinks_sight(&w->sinks, &w->sight.view);
}

static int watch_tick(struct watch *w, uint64_t ticks)
{
	watch_look_at_clock(w);
	watch_look_at_priv(w);
	watch_look_at_rules(w);
	engine_time(w->engine, watch_now_us());
	watch_check_inputs(w);
	watch_read_members(w);
	sinks_tick(&w->sinks, ticks);
	if (ticks % w->every_s == w->every_s - 1)
		return watch_summary(w, false);
	fflush(stdout);
	return EXIT_DONE;
}

/* The inputs first, then the sinks, then signals and the timer. */
struct watch_fds {
	struct pollfd items[WATCH_INPUTS_MOST + SINKS_MOST + 2];
	size_t inputs, n;
};

static void watch_add_fd(struct watch_fds *f, int fd)
{
	f->items[f->n++] = (struct pollfd){ fd, POLLIN, 0 };
}

static void watch_list_fds(const struct watch *w, struct watch_fds *f)
{
	f->inputs = capture_n(w->capture);
	for (size_t i = 0; i < f->inputs; i++)
		watch_add_fd(f, capture_fd(w->capture, i));
	for (size_t i = 0; i < w->sinks.n; i++)
		watch_add_fd(f, sinks_fd(&w->sinks, i));
	watch_add_fd(f, w->signals);
	watch_add_fd(f, w->timer);
}

/* Does what the descriptors are ready for. An exit code. */
static int watch_step(struct watch *w, const struct watch_fds *f,
		      uint64_t *ticks)
{
	const struct pollfd *sinks = f->items + f->inputs;
	const struct pollfd *signals = sinks + w->sinks.n;
	uint64_t passed;
	int code = EXIT_DONE;

	for (size_t i = 0; i < f->inputs; i++)
		if (f->items[i].revents && !w->lost[i])
			watch_read_input(w, i);
	if (signals->revents)
		watch_on_signal(w);
	if (signals[1].revents &&
	    read(w->timer, &passed, sizeof(passed)) == sizeof(passed))
		code = code ? code : watch_tick(w, (*ticks)++);
	for (size_t i = 0; i < w->sinks.n; i++)
		if (sinks[i].revents)
			sinks_ready(&w->sinks, i);
	return code ? code : w->sinks.code;
}

/* poll() passes over an input that ended. */
static void watch_pass_lost(const struct watch *w, struct watch_fds *f)
{
	for (size_t i = 0; i < f->inputs; i++)
		if (w->lost[i])
			f->items[i].fd = -1;
}

static int watch_loop(struct watch *w, uint64_t *ticks)
{
	struct watch_fds fds = { 0 };
	int code = EXIT_DONE;

	watch_list_fds(w, &fds);
	while (!w->stop && !code) {
		watch_pass_lost(w, &fds);
		if (poll(fds.items, fds.n, -1) < 0 && errno != EINTR) {
			message_say("cannot wait for packets: %s",
				    strerror(errno));
			return EXIT_REFUSED;
		}
		code = watch_step(w, &fds, ticks);
	}
	return code;
}

/* ---- the end ---- */

/* Waits for logs that are on their way. */
static void watch_drain(struct watch *w)
{
	const struct timespec wait = { .tv_nsec = 150 * 1000 * 1000 };

	if (!w->groups.n)
		return;
	nanosleep(&wait, NULL);
	watch_look_at_clock(w);
	for (size_t i = 0; i < capture_n(w->capture); i++)
		if (!w->lost[i])
			capture_read(w->capture, i, watch_on_frame, w);
}

static int watch_close(struct watch *w, int code)
{
	int closed = sinks_close(&w->sinks);

	capture_free(w->capture);
	engine_free(w->engine);
	policy_free(w->policy);
	priv_stop(&w->priv);
	membership_free(&w->members);
	return code ? code : closed;
}

static int watch_run_open(struct watch *w)
{
	uint64_t ticks = 0;
	int code, written;

	watch_count_blocks(w);
	watch_read_members(w);
	watch_want(w);
	watch_look_at_rules(w);
	code = watch_loop(w, &ticks);
	watch_count_blocks(w);
	watch_drain(w);
	sinks_stop(&w->sinks);
	engine_end(w->engine);
	sinks_tick(&w->sinks, ticks);
	written = watch_summary(w, true);
	return code ? code : written ? written : w->input_code;
}

int watch_run(struct watch *w, const struct sink *const *sinks, size_t n)
{
	int code;

	w->priv.fd = -1;
	if (sandbox_close_others(NULL, 0))
		message_say("cannot close descriptors of the program that "
			    "started this one");
	message_tell_pipes();
	if (watch_has_screen(w))
		w->every_s = 1;
	sinks_choose(&w->sinks, sinks, n, w);
	code = watch_open(w);
	return watch_close(w, code ? code : watch_run_open(w));
}
