/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The thread that captures and owns the engine. Once a second it copies its
 * figures to where collectd's threads may read them.
 */
#include "figures.h"
#include "input.h"

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
#define TRY_AGAIN_S  5	 /* between two tries to open an input */
#define SAVE_EVERY_S 600 /* a crash costs no more than that */

struct capture {
	struct library library;
	const char *state_path; /* NULL: none is kept */
	struct mailwall_engine *engine;
	struct input inputs[INPUTS_MOST];
	size_t n_inputs;
	uint64_t ticks;
	int64_t clock_us;   /* when the machine started, by its clock */
	bool complained;    /* an error of the engine is in the log */
	bool at_end;	    /* nothing more will come */
	struct figures now; /* the thread's alone */
	pthread_t thread;
	int stop; /* readable: the thread is to end */
	bool running;
	pthread_mutex_t lock;
	struct figures shared; /* under the lock */
};

static struct capture capture = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* ---- events of the engine ---- */

static struct port_figures *capture_port(struct figures *f, uint16_t port)
{
	for (size_t i = 0; i < f->n_ports; i++)
		if (f->ports[i].port == port)
			return &f->ports[i];
	if (f->n_ports == MAILWALL_PORTS)
		return NULL;
	f->ports[f->n_ports].port = port;
	return &f->ports[f->n_ports++];
}

static void capture_count_outcome(struct capture *c,
				  const struct mailwall_attempt *a)
{
	struct port_figures *p = capture_port(&c->now, a->port);

	if (p && a->outcome < OUTCOMES_MOST)
		p->outcomes[a->outcome]++;
}

/* An answer is final; that none came is known minutes later. */
static void capture_on_early(void *ctx, const struct mailwall_attempt *a)
{
	if (a->outcome != MAILWALL_UNANSWERED)
		capture_count_outcome(ctx, a);
}

/* Each attempt counts once: a counter cannot go back. */
static void capture_on_attempt(void *ctx, const struct mailwall_attempt *a)
{
	if (!a->was_early || a->early_outcome == MAILWALL_UNANSWERED)
		capture_count_outcome(ctx, a);
}

static void capture_on_finding(void *ctx, const struct mailwall_finding *f)
{
	struct capture *c = ctx;

	report_finding(&c->library, f);
}

static void capture_on_frame(void *ctx, const struct mailwall_frame *f)
{
	struct capture *c = ctx;
	char why[MAILWALL_WHY_BYTES];

	if (!c->library.m->engine_frame(c->engine, f, why, sizeof(why)) ||
	    c->complained)
		return;
	collectd_log(LOG_WARNING, "a frame was not judged: %s", why);
	c->complained = true;
}

/* ---- figures ---- */

static int capture_on_port(void *ctx, const struct mailwall_port *p)
{
	struct figures *f = ctx;
	struct port_figures *to = capture_port(f, p->port);

	if (to)
		to->attempts = p->attempts;
	return 0;
}

static void capture_add_summary(struct capture *c)
{
	struct mailwall_summary s = { .size = sizeof(s) };

	if (c->library.m->engine_summary(c->engine, &s, NULL, 0))
		return;
	memcpy(c->now.findings, s.findings, sizeof(s.findings));
	c->now.packets = s.packets;
	c->now.sources = s.sources;
	c->now.warm = s.warm;
}

static void capture_add_inputs(struct capture *c)
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

static void capture_publish(struct capture *c)
{
	c->library.m->engine_ports(c->engine, capture_on_port, &c->now, NULL,
				   0);
	capture_add_summary(c);
	capture_add_inputs(c);
	pthread_mutex_lock(&c->lock);
	c->shared = c->now;
	pthread_mutex_unlock(&c->lock);
}

bool capture_figures(struct figures *out)
{
	if (!capture.running)
		return false;
	pthread_mutex_lock(&capture.lock);
	*out = capture.shared;
	pthread_mutex_unlock(&capture.lock);
	return true;
}

/* ---- the thread ---- */

static int64_t capture_clock_us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static bool capture_reads_files(const struct capture *c)
{
	return c->inputs[0].setting->is_file;
}

static void capture_open_inputs(struct capture *c)
{
	uint16_t ports[MAILWALL_PORTS];

	for (size_t i = 0; i < c->now.n_ports; i++)
		ports[i] = c->now.ports[i].port;
	for (size_t i = 0; i < c->n_inputs; i++)
		input_open(&c->inputs[i], ports, c->now.n_ports);
}

static void capture_mark_ready(struct capture *c, const struct pollfd *fds)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_inputs; i++) {
		struct input *in = &c->inputs[i];

		in->ready =
			in->pcap && (in->setting->is_file || fds[n++].revents);
	}
}

/* Waits for frames; files are always ready. true: the thread is to end. */
static bool capture_wait(struct capture *c, int wait_ms)
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
	capture_mark_ready(c, fds + 1);
	return fds[0].revents;
}

static void capture_end_files(struct capture *c)
{
	bool open = false;

	for (size_t i = 0; i < c->n_inputs; i++)
		open = open || !c->inputs[i].ended;
	if (open || c->at_end)
		return;
	c->library.m->engine_end(c->engine, NULL, 0);
	c->at_end = true;
}

#define STEP_LEAST_US 2000000 /* less is how clocks are kept */

/*
 * Tells the engine when the clock was set, by one that is not. A plug-in of 1.0
 * cannot be told.
 */
static void capture_look_at_clock(struct capture *c)
{
	const struct mailwall_api *m = c->library.m;
	int64_t clock_us = capture_clock_us(CLOCK_REALTIME) -
			   capture_clock_us(CLOCK_BOOTTIME);
	int64_t step_us = clock_us - c->clock_us;

	if (c->clock_us &&
	    (step_us >= STEP_LEAST_US || step_us <= -STEP_LEAST_US) &&
	    MAILWALL_HAS(m, engine_clock_step))
		m->engine_clock_step(c->engine, step_us, NULL, 0);
	c->clock_us = clock_us;
}

/* Runs once a second. For files time is that of the frames. */
static void capture_tick(struct capture *c)
{
	if (capture_reads_files(c))
		capture_end_files(c);
	else
		c->library.m->engine_time(
			c->engine, capture_clock_us(CLOCK_REALTIME), NULL, 0);
	capture_publish(c);
	c->ticks++;
	if (c->ticks % TRY_AGAIN_S == 0)
		capture_open_inputs(c);
	if (c->state_path && c->ticks % SAVE_EVERY_S == 0)
		state_save(c->library.m, c->engine, c->state_path);
}

static void capture_loop(struct capture *c)
{
	int64_t next_us = capture_clock_us(CLOCK_MONOTONIC) + TICK_MS * 1000;
	bool stop = false;

	capture_open_inputs(c);
	while (!stop) {
		int64_t left_us = next_us - capture_clock_us(CLOCK_MONOTONIC);

		stop = capture_wait(c, left_us < 0 ? 0 :
						     (int)(left_us / 1000) + 1);
		if (!capture_reads_files(c))
			capture_look_at_clock(c);
		for (size_t i = 0; i < c->n_inputs; i++)
			if (c->inputs[i].ready)
				input_read(&c->inputs[i], capture_on_frame, c);
		if (capture_clock_us(CLOCK_MONOTONIC) < next_us)
			continue;
		capture_tick(c);
		next_us = capture_clock_us(CLOCK_MONOTONIC) + TICK_MS * 1000;
	}
}

/* Signals are collectd's. */
static void *capture_thread(void *ctx)
{
	struct capture *c = ctx;
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	capture_loop(c);
	if (c->state_path)
		state_save(c->library.m, c->engine, c->state_path);
	return NULL;
}

/* ---- start and stop ---- */

static int capture_make_engine(struct capture *c, const struct settings *s)
{
	struct mailwall_engine_config config = { .size = sizeof(config),
						 .policy = c->library.policy,
						 .ctx = c,
						 .attempt = capture_on_attempt,
						 .early = capture_on_early,
						 .finding = capture_on_finding,
						 .memory = s->memory,
						 .skip_warmup =
							 s->skip_warmup };
	char why[MAILWALL_WHY_BYTES];

	if (getrandom(config.key, sizeof(config.key), 0) !=
	    sizeof(config.key)) {
		collectd_log(LOG_ERR, "no random numbers to be had: %s",
			     strerror(errno));
		return -1;
	}
	if (c->library.m->engine_new(&config, &c->engine, why, sizeof(why))) {
		collectd_log(LOG_ERR, "cannot make an engine: %s", why);
		return -1;
	}
	if (s->state)
		state_load(c->library.m, c->engine, s->state);
	return 0;
}

static void capture_set_inputs(struct capture *c, const struct settings *s)
{
	c->n_inputs = s->n_inputs;
	for (size_t i = 0; i < s->n_inputs; i++)
		c->inputs[i] = (struct input){ .setting = &s->inputs[i],
					       .number = (uint8_t)i };
}

static int capture_start_thread(struct capture *c)
{
	int error;

	c->stop = eventfd(0, EFD_CLOEXEC);
	error = c->stop < 0 ? errno :
			      plugin_thread_create(&c->thread, capture_thread,
						   c, "mailwall");
	if (error)
		collectd_log(LOG_ERR, "cannot start a thread: %s",
			     strerror(error));
	else
		c->running = true;
	return error ? -1 : 0;
}

static void capture_release(struct capture *c)
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
	capture_set_inputs(c, s);
	if (!capture_make_engine(c, s)) {
		capture_publish(c);
		if (!capture_start_thread(c))
			return 0;
	}
	capture_release(c);
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
	capture_release(&capture);
}
