/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One thread captures and owns the engine. Once a second it puts what was
 * counted where collectd's threads may read it.
 */
#include "host.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS	     1000
#define TRY_AGAIN_S  5	 /* to open what could not be */
#define SAVE_EVERY_S 600 /* so much a crash may cost */

struct capture {
	struct library library;
	const char *state_path; /* NULL: none is kept */
	struct mailwall_engine *engine;
	struct input inputs[INPUTS_MOST];
	size_t n_inputs;
	uint64_t ticks;
	bool complained;    /* the engine had an error, which was said */
	bool at_end;	    /* nothing more will come */
	struct figures now; /* of the thread alone */
	pthread_t thread;
	int stop; /* readable: the thread is to end */
	bool running;
	pthread_mutex_t lock;
	struct figures told; /* under the lock */
};

static struct capture capture = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* ---- what the engine tells ---- */

static struct port_figures *collectd_capture_port_of(struct figures *f,
						     uint16_t port)
{
	for (size_t i = 0; i < f->n_ports; i++)
		if (f->ports[i].port == port)
			return &f->ports[i];
	if (f->n_ports == MAILWALL_PORTS)
		return NULL;
	f->ports[f->n_ports].port = port;
	return &f->ports[f->n_ports++];
}

static void collectd_capture_count_outcome(struct capture *c,
					   const struct mailwall_attempt *a)
{
	struct port_figures *p = collectd_capture_port_of(&c->now, a->port);

	if (p && a->outcome < OUTCOMES_MOST)
		p->outcomes[a->outcome]++;
}

/* An answer is the last word; that there is none is known minutes later. */
static void collectd_capture_take_early(void *ctx,
					const struct mailwall_attempt *a)
{
	if (a->outcome != MAILWALL_UNANSWERED)
		collectd_capture_count_outcome(ctx, a);
}

/* Each attempt counts once: what only grows cannot be taken back. */
static void collectd_capture_take_attempt(void *ctx,
					  const struct mailwall_attempt *a)
{
	if (!a->was_early || a->early_outcome == MAILWALL_UNANSWERED)
		collectd_capture_count_outcome(ctx, a);
}

static void collectd_capture_take_finding(void *ctx,
					  const struct mailwall_finding *f)
{
	struct capture *c = ctx;

	report_finding(&c->library, f);
}

static void collectd_capture_take_frame(void *ctx,
					const struct mailwall_frame *f)
{
	struct capture *c = ctx;
	char why[MAILWALL_WHY_BYTES];

	if (!c->library.m->engine_frame(c->engine, f, why, sizeof(why)) ||
	    c->complained)
		return;
	collectd_say(LOG_WARNING, "a frame was not judged: %s", why);
	c->complained = true;
}

/* ---- figures ---- */

static int collectd_capture_take_port(void *ctx, const struct mailwall_port *p)
{
	struct figures *f = ctx;
	struct port_figures *to = collectd_capture_port_of(f, p->port);

	if (to)
		to->attempts = p->attempts;
	return 0;
}

static void add_summary(struct capture *c)
{
	struct mailwall_summary s = { .size = sizeof(s) };

	if (c->library.m->engine_summary(c->engine, &s, NULL, 0))
		return;
	memcpy(c->now.findings, s.findings, sizeof(s.findings));
	c->now.packets = s.packets;
	c->now.sources = s.sources;
	c->now.warm = s.warm;
}

static void add_inputs(struct capture *c)
{
	c->now.n_inputs = c->n_inputs;
	for (size_t i = 0; i < c->n_inputs; i++) {
		struct input *in = &c->inputs[i];

		input_count_lost(in);
		c->now.inputs[i] = (struct input_figures){
			.name = in->setting->name,
			.lost = in->lost,
			.open = in->pcap != NULL,
		};
	}
}

static void collectd_capture_publish(struct capture *c)
{
	c->library.m->engine_ports(c->engine, collectd_capture_take_port,
				   &c->now, NULL, 0);
	add_summary(c);
	add_inputs(c);
	pthread_mutex_lock(&c->lock);
	c->told = c->now;
	pthread_mutex_unlock(&c->lock);
}

bool capture_figures(struct figures *out)
{
	if (!capture.running)
		return false;
	pthread_mutex_lock(&capture.lock);
	*out = capture.told;
	pthread_mutex_unlock(&capture.lock);
	return true;
}

/* ---- the thread ---- */

static int64_t clock_us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static bool reads_files(const struct capture *c)
{
	return c->inputs[0].setting->is_file;
}

static void collectd_capture_open_inputs(struct capture *c)
{
	uint16_t ports[MAILWALL_PORTS];

	for (size_t i = 0; i < c->now.n_ports; i++)
		ports[i] = c->now.ports[i].port;
	for (size_t i = 0; i < c->n_inputs; i++)
		input_open(&c->inputs[i], ports, c->now.n_ports);
}

static void mark_ready(struct capture *c, const struct pollfd *fds)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_inputs; i++) {
		struct input *in = &c->inputs[i];

		in->ready =
			in->pcap && (in->setting->is_file || fds[n++].revents);
	}
}

/* Files are always ready. true: it is to end. */
static bool wait_for_frames(struct capture *c, int wait_ms)
{
	struct pollfd fds[INPUTS_MOST + 1] = { { c->stop, POLLIN, 0 } };
	nfds_t n = 1;

	for (size_t i = 0; i < c->n_inputs; i++) {
		const struct input *in = &c->inputs[i];

		if (!in->pcap)
			continue;
		if (in->setting->is_file)
			wait_ms = 0;
		else
			fds[n++] = (struct pollfd){
				pcap_get_selectable_fd(in->pcap), POLLIN, 0
			};
	}
	if (poll(fds, n, wait_ms) < 0)
		return false;
	mark_ready(c, fds + 1);
	return fds[0].revents;
}

static void end_files(struct capture *c)
{
	bool open = false;

	for (size_t i = 0; i < c->n_inputs; i++)
		open = open || !c->inputs[i].ended;
	if (open || c->at_end)
		return;
	c->library.m->engine_end(c->engine, NULL, 0);
	c->at_end = true;
}

/* Once a second. Time is that of the frames, for files. */
static void collectd_capture_tick(struct capture *c)
{
	if (reads_files(c))
		end_files(c);
	else
		c->library.m->engine_time(c->engine, clock_us(CLOCK_REALTIME),
					  NULL, 0);
	collectd_capture_publish(c);
	c->ticks++;
	if (c->ticks % TRY_AGAIN_S == 0)
		collectd_capture_open_inputs(c);
	if (c->state_path && c->ticks % SAVE_EVERY_S == 0)
		state_save(c->library.m, c->engine, c->state_path);
}

static void collectd_capture_loop(struct capture *c)
{
	int64_t next_us = clock_us(CLOCK_MONOTONIC) + TICK_MS * 1000;
	bool stop = false;

	collectd_capture_open_inputs(c);
	while (!stop) {
		int64_t left_us = next_us - clock_us(CLOCK_MONOTONIC);

		stop = wait_for_frames(
			c, left_us < 0 ? 0 : (int)(left_us / 1000) + 1);
		for (size_t i = 0; i < c->n_inputs; i++)
			if (c->inputs[i].ready)
				input_read(&c->inputs[i],
					   collectd_capture_take_frame, c);
		if (clock_us(CLOCK_MONOTONIC) < next_us)
			continue;
		collectd_capture_tick(c);
		next_us = clock_us(CLOCK_MONOTONIC) + TICK_MS * 1000;
	}
}

/* Signals are collectd's. */
static void *collectd_capture_run(void *ctx)
{
	struct capture *c = ctx;
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	collectd_capture_loop(c);
	if (c->state_path)
		state_save(c->library.m, c->engine, c->state_path);
	return NULL;
}

/* ---- start and stop ---- */

static int make_engine(struct capture *c, const struct settings *s)
{
	struct mailwall_engine_config config = {
		.size = sizeof(config),
		.policy = c->library.policy,
		.ctx = c,
		.attempt = collectd_capture_take_attempt,
		.early = collectd_capture_take_early,
		.finding = collectd_capture_take_finding,
		.memory = s->memory,
		.skip_warmup = s->skip_warmup
	};
	char why[MAILWALL_WHY_BYTES];

	if (getrandom(config.key, sizeof(config.key), 0) !=
	    sizeof(config.key)) {
		collectd_say(LOG_ERR, "no random numbers to be had: %s",
			     strerror(errno));
		return -1;
	}
	if (c->library.m->engine_new(&config, &c->engine, why, sizeof(why))) {
		collectd_say(LOG_ERR, "cannot make an engine: %s", why);
		return -1;
	}
	if (s->state)
		state_load(c->library.m, c->engine, s->state);
	return 0;
}

static void take_inputs(struct capture *c, const struct settings *s)
{
	c->n_inputs = s->n_inputs;
	for (size_t i = 0; i < s->n_inputs; i++)
		c->inputs[i] = (struct input){ .setting = &s->inputs[i],
					       .number = (uint8_t)i };
}

static int collectd_capture_start_thread(struct capture *c)
{
	int error;

	c->stop = eventfd(0, EFD_CLOEXEC);
	error = c->stop < 0 ?
			errno :
			plugin_thread_create(&c->thread, collectd_capture_run,
					     c, "mailwall");
	if (error)
		collectd_say(LOG_ERR, "cannot start a thread: %s",
			     strerror(error));
	else
		c->running = true;
	return error ? -1 : 0;
}

static void collectd_capture_release(struct capture *c)
{
	for (size_t i = 0; i < c->n_inputs; i++)
		input_close(&c->inputs[i]);
	if (c->engine)
		c->library.m->engine_free(c->engine);
	if (c->stop >= 0)
		close(c->stop);
	*c = (struct capture){ .lock = PTHREAD_MUTEX_INITIALIZER, .stop = -1 };
}

int capture_start(const struct library *l, const struct settings *s)
{
	struct capture *c = &capture;

	c->stop = -1;
	if (!s->n_inputs)
		return 0;
	c->library = *l;
	c->state_path = s->state;
	take_inputs(c, s);
	if (!make_engine(c, s)) {
		collectd_capture_publish(c);
		if (!collectd_capture_start_thread(c))
			return 0;
	}
	collectd_capture_release(c);
	return -1;
}

void capture_stop(void)
{
	const uint64_t one = 1;

	if (!capture.running)
		return;
	while (write(capture.stop, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	pthread_join(capture.thread, NULL);
	collectd_capture_release(&capture);
}
