/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard_priv.h"
#include "../event/notify.h"
#include "../program/message.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define GUARD_LOCK_MS 10000 /* at the start, while nobody is served */
#define GUARD_TICK_MS 1000  /* how often the files are looked at */
#define OWNER_FD_NAME "owner"
#define FLAGGER	      "_mailwall-priv"

/* ---- start ---- */

static int guard_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/*
 * systemd keeps the socket that owns the table while the guard is started
 * again: the table has its owner all the time.
 */
static int guard_open_kernel(struct guard_state *g)
{
	int fd = notify_stored_fd(OWNER_FD_NAME), error;

	if (fd >= 0 && !netlink_open_fd(&g->kernel, fd))
		return 0;
	error = netlink_open(&g->kernel);
	if (!error)
		notify_store_fd(OWNER_FD_NAME,
				mnl_socket_get_fd(g->kernel.socket));
	return error;
}

static int guard_open(struct guard_state *g, struct fault *f)
{
	int error = guard_open_kernel(g);

	if (!error)
		error = netlink_open(&g->ask);
	if (!error)
		error = listener_open(&g->listener);
	if (error)
		return fault_set(f, error, "cannot reach nf_tables: %s",
				 strerror(-error));
	g->listener.reader.own_ports[0] = g->kernel.port;
	g->listener.reader.own_ports[1] = g->ask.port;
	error = guard_listen(&g->server, g->program->run_dir, f);
	if (error)
		return error;
	return 0;
}

static uid_t guard_flagger(void)
{
	const struct passwd *pw = getpwnam(FLAGGER);

	return pw ? pw->pw_uid : 0;
}

static void guard_fill_hello(struct guard_state *g)
{
	struct guard_hello *h = &g->server.hello;

	memcpy(h->magic, GUARD_MAGIC, sizeof(h->magic));
	h->pid = getpid();
	h->port = g->may_own ? g->kernel.port : 0;
	h->table_flags = g->may_own ? OWNER_TABLE_FLAGS : 0;
	h->listens = g->listener.joined;
}

static void guard_say_state(const struct guard_state *g)
{
	if (g->may_own)
		message_say("owns the table: nobody else can change it");
	else
		message_say("%s", g->why_not.text);
	if (!g->listener.joined)
		message_say("memory is short: asks for changes every %d ms",
			    LISTENER_POLL_MS);
	notify_send("READY=1\nSTATUS=%s, %s",
		    g->may_own ? "owns the table" : "does not own the table",
		    g->listener.joined ? "listens" : "polls");
}

static void guard_begin(struct guard_state *g)
{
	if (g->options->no_owner)
		fault_set(&g->why_not, -EPERM,
			  "does not own the table, as "
			  "asked: mends it");
	else
		g->may_own = owner_allowed(&g->kernel, g->options->nft_conf,
					   &g->why_not);
	guard_wanted_read(g);
	guard_before(g);
	guard_after(g);
	g->look = false;
	guard_mend(g);
	guard_take(g, GUARD_LOCK_MS);
	guard_fill_hello(g);
	guard_say_state(g);
}

/* ---- the loop ---- */

static void guard_on_change(void *ctx, struct foreign_change *change)
{
	struct guard_state *g = ctx;

	foreign_look(change);
	/* The one that took the table is the one to be named. */
	if (!g->look || change->deleted || !g->change.deleted)
		g->change = *change;
	g->look = true;
}

static void guard_hear(struct guard_state *g)
{
	bool lost = false;

	listener_read(&g->listener, guard_on_change, g, &lost);
	g->look = g->look || lost;
}

/* Where it does not listen, a generation that moved tells of a change. */
static void guard_ask(struct guard_state *g)
{
	uint32_t now;

	if (!netlink_generation(&g->ask, &now) && now != g->generation) {
		g->generation = now;
		g->look = true;
	}
}

static void guard_tick(struct guard_state *g)
{
	guard_wanted_read(g);
	if (!g->listener.joined) {
		guard_before(g);
		guard_after(g);
	}
	guard_take(g, 0);
	guard_fill_hello(g);
}

enum { WAIT_SIGNAL, WAIT_NEWS, WAIT_SERVER, WAIT_WATCHDOG, WAIT_CLIENTS };
#define WAITS (WAIT_CLIENTS + GUARD_CLIENTS_MOST)

static void guard_wait(struct guard_state *g, struct pollfd *p, int signals,
		       int watchdog)
{
	p[WAIT_SIGNAL] = (struct pollfd){ signals, POLLIN, 0 };
	p[WAIT_NEWS] = (struct pollfd){ g->listener.fd, POLLIN, 0 };
	p[WAIT_SERVER] = (struct pollfd){ g->server.fd, POLLIN, 0 };
	p[WAIT_WATCHDOG] = (struct pollfd){ watchdog, POLLIN, 0 };
	for (size_t i = 0; i < GUARD_CLIENTS_MOST; i++)
		p[WAIT_CLIENTS + i] =
			(struct pollfd){ g->server.clients[i].fd, POLLIN, 0 };
	poll(p, WAITS,
	     g->look		? LISTENER_POLL_MS :
	     g->listener.joined ? GUARD_TICK_MS :
				  LISTENER_POLL_MS);
}

static void guard_serve_ready(struct guard_state *g, const struct pollfd *p)
{
	for (size_t i = 0; i < GUARD_CLIENTS_MOST; i++)
		if (p[WAIT_CLIENTS + i].revents)
			guard_serve(&g->server, &g->server.clients[i]);
	if (p[WAIT_SERVER].revents & POLLIN)
		guard_accept(&g->server);
}

static void guard_loop(struct guard_state *g, int signals, int watchdog)
{
	int64_t tick = guard_now_ms();
	struct pollfd p[WAITS];

	for (;;) {
		guard_wait(g, p, signals, watchdog);
		if (p[WAIT_SIGNAL].revents)
			return;
		if (p[WAIT_NEWS].revents)
			guard_hear(g);
		if (p[WAIT_WATCHDOG].revents)
			notify_watchdog(watchdog);
		if (!g->listener.joined)
			guard_ask(g);
		if (g->look)
			guard_mend(g);
		guard_serve_ready(g, p);
		if (guard_now_ms() - tick >= GUARD_TICK_MS) {
			guard_tick(g);
			tick = guard_now_ms();
		}
	}
}

/* ---- together ---- */

static void guard_close(struct guard_state *g)
{
	guard_server_close(&g->server, g->program->run_dir);
	listener_close(&g->listener);
	netlink_close(&g->ask);
	netlink_close(&g->kernel);
	guard_wanted_free(&g->wanted);
}

int guard_run(struct program *p, const struct guard_options *options)
{
	struct guard_state g = { .program = p,
				 .options = options,
				 .listener.fd = -1,
				 .server = { .fd = -1,
					     .flagger = guard_flagger(),
					     .before = guard_before,
					     .after = guard_after } };
	int signals = guard_signals(), watchdog, error;
	struct fault f = { 0 };

	if (signals < 0) {
		message_say("no signals: %s", strerror(errno));
		return EXIT_REFUSED;
	}
	notify_open();
	watchdog = notify_watchdog_fd();
	p->quiet = true; /* warnings of the policy were told by apply */
	g.server.kernel = &g.kernel;
	g.server.ctx = &g;
	error = guard_open(&g, &f);
	if (!error) {
		guard_begin(&g);
		guard_loop(&g, signals, watchdog);
		notify_send("STOPPING=1");
	}
	guard_close(&g);
	close(signals);
	return error ? fault_say(&f, error) : EXIT_DONE;
}
