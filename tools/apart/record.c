/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record.h"
#include "apart.h"
#include "../program/message.h"
#include "../program/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct record {
	struct wire wire;
	pid_t pid;
	struct record_answers answers;
	bool live, failed;
	unsigned int unanswered; /* ticks since it last said something */
	char address[128];
	union record_row row;
};

/* ---- the process ---- */

#define NO_PROGRAM 127 /* its exit code, and why was said */

/* Nothing but standard error and its end of the socket stays open. */
static bool record_keep_socket(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	return null >= 0 && dup2(null, STDIN_FILENO) == STDIN_FILENO &&
	       dup2(null, STDOUT_FILENO) == STDOUT_FILENO &&
	       dup2(fd, RECORD_FD) == RECORD_FD &&
	       !close_range(RECORD_FD + 1, ~0u, 0);
}

static void record_be_child(int fd)
{
	char *const words[] = { "mailwall", "recorder", NULL };
	const char *path = apart_path();

	if (record_keep_socket(fd))
		execv(path, words);
	message_say("cannot run \"%s\", which has the store and the pages: %s",
		    path, strerror(errno));
	_exit(NO_PROGRAM);
}

/* Waits for its end; false: it takes longer. */
static bool record_reap(struct record *r, int wait_ms, int *status)
{
	const struct timespec moment = { .tv_nsec = 10 * 1000 * 1000 };

	for (;; wait_ms -= 10) {
		int pid = waitpid(r->pid, status, WNOHANG);

		if (pid == r->pid || (pid < 0 && errno == ECHILD))
			return true;
		if (wait_ms <= 0)
			return false;
		nanosleep(&moment, NULL);
	}
}

#define RECORD_REAP_MS 2000

/* Ends it, and returns how it ended, as waitpid() does. */
static int record_end(struct record *r)
{
	int status = 0;

	if (r->wire.fd >= 0)
		close(r->wire.fd);
	r->wire.fd = -1;
	if (r->pid > 0 && !record_reap(r, RECORD_REAP_MS, &status)) {
		kill(r->pid, SIGKILL);
		record_reap(r, RECORD_REAP_MS, &status);
	}
	r->pid = 0;
	return status;
}

/* Says once that it is gone. Returns EXIT_REFUSED. */
static int record_fail(struct record *r)
{
	bool late = r->wire.error == -ETIMEDOUT;
	bool wrong = r->wire.error == -EPROTO;
	int status;

	if (r->failed)
		return EXIT_REFUSED;
	r->failed = true;
	if (!r->wire.error)
		r->wire.error = -EPIPE;
	if (late && r->pid > 0)
		kill(r->pid, SIGKILL);
	status = record_end(r);
	if (late)
		message_say("the recorder, which has the store and the pages, "
			    "does not answer; it is ended");
	else if (wrong)
		message_say("the recorder, which has the store and the pages, "
			    "sends what it may not; it is ended");
	else if (WIFSIGNALED(status))
		message_say("the recorder, which has the store and the pages, "
			    "was ended by signal %d",
			    WTERMSIG(status));
	else if (!WIFEXITED(status) || WEXITSTATUS(status) != NO_PROGRAM)
		message_say("the recorder, which has the store and the pages, "
			    "has ended");
	return EXIT_REFUSED;
}

/* ---- what it says ---- */

/* Reads a message; false: it failed, or sent what it may not. */
static bool record_take(struct record *r, uint32_t *kind)
{
	struct wire *w = &r->wire;

	if (!wire_get(w, kind, &r->row))
		return false;
	if (record_is_to_recorder(*kind) || !record_is_sane(*kind, &r->row)) {
		w->error = -EPROTO;
		return false;
	}
	r->unanswered = 0;
	return true;
}

static void record_answer(struct record *r)
{
	const struct record_ask ask = r->row.ask;
	const struct record_answers *a = &r->answers;

	if (ask.kind == RECORD_VIEW && a->view)
		a->view(a->ctx, r, ask.number);
	else if (ask.kind == RECORD_HEALTH && a->health)
		a->health(a->ctx, r, ask.number);
	wire_flush(&r->wire);
}

int record_ready(struct record *r)
{
	uint32_t kind;

	while (!r->failed && wire_has(&r->wire) && record_take(r, &kind))
		if (kind == RECORD_ASK)
			record_answer(r);
	return r->wire.error ? record_fail(r) : EXIT_DONE;
}

/* Waits for the one message; others are passed over. */
static bool record_await(struct record *r, enum record_kind wanted)
{
	uint32_t kind;

	while (record_take(r, &kind))
		if (kind == wanted)
			return true;
	return false;
}

/* ---- the start ---- */

static int record_greet(struct record *r, const struct record_open *options)
{
	wire_put(&r->wire, RECORD_OPEN, options);
	wire_flush(&r->wire);
	if (!record_await(r, RECORD_READY))
		return record_fail(r);
	snprintf(r->address, sizeof(r->address), "%s", r->row.ready.address);
	if (options->live)
		r->wire.silence_s = RECORD_PATIENCE_S;
	r->failed = r->row.ready.code; /* and it said why */
	return r->row.ready.code;
}

static int record_say_start(const char *what)
{
	message_say("cannot start the recorder: %s: %s", what, strerror(errno));
	return EXIT_REFUSED;
}

static int record_spawn(struct record *r)
{
	int ends[2], code = EXIT_DONE;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return record_say_start("no pair of sockets");
	fflush(stdout);
	r->pid = fork();
	if (!r->pid)
		record_be_child(ends[1]);
	if (r->pid < 0)
		code = record_say_start("no process");
	close(ends[1]);
	r->wire.fd = ends[0];
	return code;
}

int record_start(struct record **out, const struct record_open *options,
		 const struct record_answers *answers)
{
	struct record *r = *out = calloc(1, sizeof(*r));
	int code;

	if (!r)
		return message_out_of_memory();
	r->wire.fd = -1;
	r->wire.forms = record_forms;
	r->wire.n_forms = RECORD_KINDS;
	r->live = options->live;
	if (answers)
		r->answers = *answers;
	code = record_spawn(r);
	return code ? code : record_greet(r, options);
}

const char *record_address(const struct record *r)
{
	return r->address;
}

int record_fd(const struct record *r)
{
	return r->wire.fd;
}

int record_pid(const struct record *r)
{
	return r->pid;
}

/* ---- what it is sent ---- */

void record_put(struct record *r, enum record_kind kind, const void *row)
{
	wire_put(&r->wire, kind, row);
}

static int record_sent(struct record *r)
{
	return r->wire.error || r->failed ? record_fail(r) : EXIT_DONE;
}

static void record_put_attempt(struct record *r, enum record_kind kind,
			       const struct attempt_event *e)
{
	const struct record_attempt a = {
		.time_us = e->time_us,
		.source = e->source,
		.port = e->port,
		.syns = e->syns,
		.family = e->family,
		.outcome = (uint8_t)e->outcome,
		.was_early = e->was_early,
		.early_outcome = (uint8_t)e->early_outcome,
		.observed = e->observed,
		.clause = e->clause,
		.decided = e->decided ? e->decided->id : NULL,
	};

	wire_put(&r->wire, kind, &a);
}

int record_attempt(struct record *r, const struct attempt_event *event)
{
	record_put_attempt(r, RECORD_ATTEMPT, event);
	return record_sent(r);
}

int record_early(struct record *r, const struct attempt_event *event)
{
	record_put_attempt(r, RECORD_EARLY, event);
	return record_sent(r);
}

int record_finding(struct record *r, const struct finding *finding)
{
	wire_put(&r->wire, RECORD_FINDING, finding);
	return record_sent(r);
}

int record_step(struct record *r, const struct clock_step *step)
{
	const struct store_step row = { step->time_us / 1000000,
					step->step_us / 1000000 };

	wire_put(&r->wire, RECORD_STEP, &row);
	return record_sent(r);
}

int record_tick(struct record *r, const struct record_tick *tick)
{
	/* A message that came with another makes no descriptor readable. */
	if (record_ready(r))
		return EXIT_REFUSED;
	wire_put(&r->wire, RECORD_TICK, tick);
	wire_flush(&r->wire);
	/* Ticks, not seconds: on a machine that stood still none was late. */
	if (r->live && !r->wire.error && ++r->unanswered > RECORD_PATIENCE_S)
		r->wire.error = -ETIMEDOUT;
	return record_sent(r);
}

int record_submit(struct record *r)
{
	wire_put(&r->wire, RECORD_SUBMIT, &r->row);
	return record_sent(r);
}

/* ---- the end ---- */

int record_close(struct record *r)
{
	int code = EXIT_REFUSED;

	if (!r)
		return EXIT_DONE;
	if (!r->failed && r->wire.fd >= 0) {
		if (r->live)
			r->wire.silence_s = RECORD_END_S;
		wire_put(&r->wire, RECORD_CLOSE, &r->row);
		wire_flush(&r->wire);
		if (record_await(r, RECORD_DONE))
			code = r->row.done.code;
		else
			record_fail(r);
	}
	record_end(r);
	free(r);
	return code;
}
