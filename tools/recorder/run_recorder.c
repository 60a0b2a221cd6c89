/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The recorder of a monitor: the store, HTTP and the pages. What it knows comes
 * by one socket, from the process that reads packets, and neither believes the
 * other. It ends with that process, and writes what it has first.
 */
#include "runs.h"
#include "../apart/record_wire.h"
#include "../event/events.h"
#include "../priv/folder.h"
#include "../priv/privilege.h"
#include "../priv/sandbox.h"
#include "../program/message.h"
#include "../serve/status_pages.h"
#include "../store/recorder.h"
#include "../../rules/base/arena.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGES_AT_ONCE 4096
#define SILENCE_S	 10 /* for which that process may not take a message */
#define ANSWER_S	 2 /* for which a client waits for the reading process */

struct recording {
	struct program *program;
	struct wire wire;
	struct record_open options; /* its texts are in the arena, or NULL */
	struct recorder *recorder;
	struct status_pages *pages;
	uint32_t asked, answered; /* numbers of RECORD_ASK */
	bool closed;		  /* RECORD_CLOSE came */
	char *loaded;
	size_t loaded_len, loaded_room;
	struct record_view view;
	struct record_health health;
	char complaint[WIRE_TEXT_MOST + 1];
	union record_row row;
};

/* ---- what comes in ---- */

static void recording_take_attempt(struct recording *r, bool early)
{
	const struct record_attempt *a = &r->row.attempt;
	struct clause decided = { .id = a->decided };
	const struct attempt_event e = {
		.time_us = a->time_us,
		.family = a->family,
		.source = a->source,
		.port = a->port,
		.syns = a->syns,
		.outcome = (enum outcome)a->outcome,
		.was_early = a->was_early,
		.early_outcome = (enum outcome)a->early_outcome,
		.observed = a->observed,
		.clause = *a->clause ? a->clause : NULL,
		.decided = *a->decided ? &decided : NULL,
	};

	if (early)
		recorder_early(r->recorder, &e);
	else
		recorder_attempt(r->recorder, &e);
}

/* Adds a piece; those of an older question begin anew. */
static void recording_take_loaded(struct recording *r)
{
	const struct record_loaded *piece = &r->row.loaded;
	size_t wanted = r->loaded_len + piece->n;

	if (piece->number != r->asked || wanted > RECORD_LOADED_MOST)
		return;
	if (wanted > r->loaded_room) {
		char *more = realloc(r->loaded, 2 * wanted);

		if (!more)
			return;
		r->loaded = more;
		r->loaded_room = 2 * wanted;
	}
	memcpy(r->loaded + r->loaded_len, piece->bytes, piece->n);
	r->loaded_len = wanted;
}

static void recording_take_health(struct recording *r)
{
	r->health = r->row.health;
	snprintf(r->complaint, sizeof(r->complaint), "%s",
		 r->row.health.complaint);
	r->health.complaint = r->complaint;
	r->answered = r->health.number;
}

static void recording_tick(struct recording *r)
{
	const struct record_tick *t = &r->row.tick;
	uint8_t alive = 1;

	if (r->recorder) {
		recorder_losses(r->recorder, t->lost, t->unlogged);
		recorder_tick(r->recorder, t->now_s);
	}
	wire_put(&r->wire, RECORD_ALIVE, &alive);
	wire_flush(&r->wire);
}

/* Hands a row to the store. */
static void recording_take_row(struct recording *r, uint32_t kind)
{
	switch ((int)kind) {
	case RECORD_ATTEMPT:
	case RECORD_EARLY:
		recording_take_attempt(r, kind == RECORD_EARLY);
		break;
	case RECORD_FINDING:
		recorder_finding(r->recorder, &r->row.finding);
		break;
	case RECORD_STEP:
		recorder_step(r->recorder, &r->row.step);
		break;
	case RECORD_SUBMIT:
		recorder_submit(r->recorder);
		break;
	}
}

static void recording_take(struct recording *r, uint32_t kind)
{
	switch ((int)kind) {
	case RECORD_TICK:
		recording_tick(r);
		break;
	case RECORD_LOADED:
		recording_take_loaded(r);
		break;
	case RECORD_VIEW:
		r->view = r->row.view;
		r->answered = r->view.number;
		break;
	case RECORD_HEALTH:
		recording_take_health(r);
		break;
	case RECORD_CLOSE:
		r->closed = true;
		break;
	default:
		if (r->recorder)
			recording_take_row(r, kind);
	}
}

/* Reads a message; false: none is to come any more. */
static bool recorder_read_one(struct recording *r)
{
	uint32_t kind;

	if (r->closed || !wire_get(&r->wire, &kind, &r->row))
		return false;
	if (!record_is_to_recorder(kind) || kind == RECORD_OPEN ||
	    !record_is_sane(kind, &r->row)) {
		message_say("the process that reads packets sends what it may "
			    "not; the recorder ends");
		r->wire.error = -EPROTO;
		return false;
	}
	recording_take(r, kind);
	return true;
}

/* ---- what the pages ask for ---- */

/* Asks, and takes what comes until the answer is there. */
static bool recording_ask(struct recording *r, enum record_kind kind)
{
	const struct record_ask ask = { ++r->asked, kind };
	int before = r->wire.silence_s;

	r->loaded_len = 0;
	wire_put(&r->wire, RECORD_ASK, &ask);
	wire_flush(&r->wire);
	r->wire.silence_s = ANSWER_S;
	while (r->answered != ask.number && recorder_read_one(r))
		;
	r->wire.silence_s = before;
	if (r->wire.error == -ETIMEDOUT)
		r->wire.error = 0; /* nothing of a message was taken */
	return r->answered == ask.number;
}

static bool recording_view(void *ctx, struct status_view *out)
{
	struct recording *r = ctx;

	if (!recording_ask(r, RECORD_VIEW))
		return false;
	*out = (struct status_view){
		.summary = &r->view.summary,
		.extra = &r->view.extra,
		.has_priv = r->view.has_priv,
		.priv_up = r->view.priv_up,
		.loaded = r->view.loaded ? r->loaded : NULL,
		.loaded_len = r->loaded_len,
	};
	return true;
}

static bool recording_health(void *ctx, struct status_health *out)
{
	struct recording *r = ctx;

	if (!recording_ask(r, RECORD_HEALTH))
		return false;
	*out = (struct status_health){ r->health.complaint, &r->health.sight };
	return true;
}

/* ---- the start ---- */

static const char *recording_text(struct program *p, const char *text)
{
	return *text ? arena_strndup(p->arena, text, strlen(text)) : NULL;
}

/* The first message says what is wanted. */
static bool recording_read_options(struct recording *r)
{
	struct record_open *o = &r->options;
	uint32_t kind;

	if (!wire_get(&r->wire, &kind, &r->row) || kind != RECORD_OPEN ||
	    !record_is_sane(kind, &r->row))
		return false;
	*o = r->row.open;
	o->store = recording_text(r->program, o->store);
	o->listen = recording_text(r->program, o->listen);
	o->user = recording_text(r->program, o->user);
	o->inputs = recording_text(r->program, o->inputs);
	return true;
}

static int recording_open_pages(struct recording *r)
{
	const struct status_pages_options options = {
		.listen = r->options.listen,
		.allow_remote = r->options.allow_remote,
		.store_path = r->options.store,
		.say = fault_say_sentence,
	};
	struct fault f = { 0 };
	int error;

	if (!r->options.listen)
		return EXIT_DONE;
	error = status_pages_open(&r->pages, &options, &f);
	return error ? fault_say(&f, error) : EXIT_DONE;
}

static int recording_open_folder(struct recording *r)
{
	const struct record_open *o = &r->options;
	int code;

	if (!o->store)
		return EXIT_DONE;
	code = folder_make_of(r->program, o->store, o->user);
	if (!code && o->live)
		folder_own_store(o->store, o->user);
	return code;
}

/* Writes below the folder of the store, and where SQLite's nameless files go.
 */
static int recording_refuse_files(struct recording *r)
{
	const char *folders[3] = { "/tmp", "/var/tmp" };
	size_t n = 2;
	int error;

	if (r->options.store)
		folders[n++] = folder_of(r->program, r->options.store);
	error = sandbox_write_below(folders, n);
	if (!error)
		return EXIT_DONE;
	message_say("cannot give up files by Landlock: %s", strerror(-error));
	return error == -ENOSYS ? EXIT_DONE : EXIT_REFUSED;
}

static int recording_drop(struct recording *r)
{
	int code, error;

	if (!r->options.live)
		return EXIT_DONE;
	code = privilege_drop(r->options.user);
	if (!code)
		code = recording_refuse_files(r);
	if (code)
		return code;
	error = sandbox_recorder_calls();
	if (error)
		message_say("cannot give up system calls: %s",
			    strerror(-error));
	return error ? EXIT_REFUSED : EXIT_DONE;
}

/* Opened without privilege: SQLite makes files beside the store. */
static int recording_open_store(struct recording *r)
{
	const struct record_open *o = &r->options;
	const struct recorder_options options = {
		.path = o->store,
		.keep_destinations = o->keep_destinations,
		.keep_s = o->keep_s,
		.most_bytes = o->most_bytes,
		.inputs = o->live ? o->inputs ? o->inputs : "" : NULL,
		.say = fault_say_sentence,
	};
	struct fault f = { 0 };
	int error;

	if (!o->store)
		return EXIT_DONE;
	error = recorder_open(&r->recorder, &options, &f);
	return error ? fault_say(&f, error) : EXIT_DONE;
}

static int recording_open(struct recording *r)
{
	const struct status_ways ways = { recording_view, recording_health, r };
	int code = recording_open_folder(r);

	if (!code)
		code = recording_open_pages(r);
	if (!code)
		code = recording_drop(r);
	if (!code)
		code = recording_open_store(r);
	if (!code && r->pages)
		status_pages_show(r->pages, &ways, r->recorder);
	return code;
}

static void recording_say_ready(struct recording *r, int code)
{
	const struct record_ready ready = {
		code, !code && r->pages ? status_pages_address(r->pages) : ""
	};

	wire_put(&r->wire, RECORD_READY, &ready);
	wire_flush(&r->wire);
}

/* ---- the loop and the end ---- */

/* Reads some; true: more is there, and clients have their turn first. */
static bool recording_read_some(struct recording *r)
{
	for (int i = 0; i < MESSAGES_AT_ONCE; i++)
		if (!wire_has(&r->wire) || !recorder_read_one(r))
			return false;
	return true;
}

static void recording_loop(struct recording *r)
{
	struct pollfd fds[2] = {
		{ r->wire.fd, POLLIN, 0 },
		{ r->pages ? status_pages_fd(r->pages) : -1, POLLIN, 0 },
	};
	bool more = false;

	while (!r->closed && !r->wire.error) {
		if (poll(fds, 2, more ? 0 : 1000) < 0 && errno != EINTR)
			break;
		more = recording_read_some(r);
		if (r->pages && !r->wire.error)
			status_pages_run(r->pages);
	}
}

/* A reader that went away leaves what it sent; it is written. */
static int recording_close(struct recording *r)
{
	bool closed = r->closed;
	int code = recorder_close(r->recorder) ? EXIT_REFUSED : EXIT_DONE;
	const struct record_done done = { code };

	wire_put(&r->wire, RECORD_DONE, &done);
	wire_flush(&r->wire);
	status_pages_close(r->pages);
	free(r->loaded);
	return closed ? code : EXIT_REFUSED;
}

/* Signals of a terminal are for the process that reads packets. */
static void recording_ignore_signals(void)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
}

static int recording_work(struct recording *r)
{
	const int keep[] = { RECORD_FD };
	int code;

	if (sandbox_close_others(keep, 1) || !recording_read_options(r))
		return EXIT_REFUSED;
	code = recording_open(r);
	recording_say_ready(r, code);
	if (r->options.live)
		r->wire.silence_s = SILENCE_S;
	if (!code)
		recording_loop(r);
	return code;
}

static bool recording_has_socket(void)
{
	int type;
	socklen_t len = sizeof(type);

	return !getsockopt(RECORD_FD, SOL_SOCKET, SO_TYPE, &type, &len);
}

static int recorder_run(struct program *p, const void *options, int argc,
			char **argv)
{
	struct recording *r = arena_alloc(p->arena, sizeof(*r));
	int code;

	(void)options;
	(void)argc;
	(void)argv;
	if (!recording_has_socket()) {
		message_say("the recorder is started by mailwall watch");
		return EXIT_USAGE;
	}
	recording_ignore_signals();
	r->program = p;
	r->wire.fd = RECORD_FD;
	r->wire.forms = record_forms;
	r->wire.n_forms = RECORD_KINDS;
	code = recording_work(r);
	return code ? code : recording_close(r);
}

static const struct option_row recorder_rows[] = { { 0 } };

const struct command command_recorder = {
	.name = "recorder",
	.options = recorder_rows,
	.run = recorder_run,
};
