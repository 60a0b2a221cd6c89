/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recorder.h"
#include "rollup.h"

#include "../../rules/base/units.h"
#include "../program/program.h"
#include "../program/message.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define FINDINGS_MOST 4096
#define TRIM_EVERY_S  60
#define STEPS_MOST    64
#define WAIT_S	      30 /* for another command that writes */

#define MOVES_MOST    65536

/*
 * An attempt that was reported early, with another outcome than it had in the
 * end.
 */
struct move {
	struct store_row from, to;
};

/* Rows of one transaction. */
struct batch_of_rows {
	struct rollup rollup;
	struct store_finding *findings;
	size_t n_findings;
	struct move *moves;
	size_t n_moves;
	struct store_step steps[STEPS_MOST];
	size_t n_steps;
	struct store_run run;
	bool settled;
};

struct recorder {
	struct recorder_options options;
	struct store *store;
	struct rollup_memory memory;
	struct batch_of_rows *filling, *writing;
	struct batch_of_rows batches[2];
	struct recorder_state state;
	int64_t trim_s; /* steady: not before that */
	bool said;	/* the failure was reported */
	bool said_room; /* a lack of room was */
	/* The writer. The members below are under the lock while it runs. */
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool busy, stop; /* busy: the batch "writing" belongs to the writer */
	struct store_time now;
	int error; /* errno of the last transaction */
	struct fault why;
	uint64_t written, errors, folded;
	uint64_t replaced, replaced_said; /* files that were, under it */
	/* Adds to the transaction at work; NULL: nothing. */
	void (*also)(void *ctx, struct store *store);
	void *also_ctx;
};

/* ---- a batch ---- */

static int batch_init(struct batch_of_rows *b)
{
	b->findings = malloc(FINDINGS_MOST * sizeof(*b->findings));
	b->moves = malloc(MOVES_MOST * sizeof(*b->moves));
	return b->findings && b->moves ? rollup_init(&b->rollup) : -ENOMEM;
}

static void recorder_batch_free(struct batch_of_rows *b)
{
	rollup_free(&b->rollup);
	free(b->findings);
	free(b->moves);
}

static bool batch_is_empty(const struct batch_of_rows *b)
{
	return !b->rollup.n && !b->n_findings && !b->n_moves && !b->n_steps;
}

static void batch_clear(struct batch_of_rows *b)
{
	rollup_clear(&b->rollup);
	b->n_findings = 0;
	b->n_moves = 0;
	b->n_steps = 0;
	b->settled = false;
}

/* ---- writing ---- */

static void recorder_add_batch(struct recorder *r, struct batch_of_rows *b)
{
	if (!b->settled)
		rollup_settle(&b->rollup, &r->memory);
	b->settled = true;
	store_begin(r->store);
	for (uint32_t i = 0; i < b->rollup.n; i++)
		store_add(r->store, &b->rollup.rows[i]);
	for (size_t i = 0; i < b->n_findings; i++)
		store_add_finding(r->store, &b->findings[i]);
	for (size_t i = 0; i < b->n_moves; i++)
		store_move(r->store, &b->moves[i].from, &b->moves[i].to);
	for (size_t i = 0; i < b->n_steps; i++)
		store_add_step(r->store, &b->steps[i]);
	if (b->run.inputs)
		store_add_run(r->store, &b->run);
}

static int recorder_transact(struct recorder *r, struct batch_of_rows *b)
{
	int error;

	recorder_add_batch(r, b);
	if (r->also)
		r->also(r->also_ctx, r->store);
	error = store_end(r->store);
	return error ? store_fault(r->store, "written", &r->why) : 0;
}

/*
 * The path is another file now, or none. What was committed went with the old
 * one; the run is a new row, and all of this batch goes to what is there now.
 */
static int recorder_write_anew(struct recorder *r, struct batch_of_rows *b)
{
	int error = store_reopen(r->store, &r->why);

	if (error)
		return error;
	r->replaced++;
	b->run.id = 0;
	return recorder_transact(r, b);
}

/* Writes a batch and clears it. 0 or -errno. */
static int recorder_write_out(struct recorder *r, struct batch_of_rows *b)
{
	int error = recorder_transact(r, b);

	if (error == -ESTALE)
		error = recorder_write_anew(r, b);
	if (error) {
		r->errors++;
		return error;
	}
	r->written += b->rollup.n;
	r->folded += b->rollup.folded;
	batch_clear(b);
	return 0;
}

static void recorder_trim(struct recorder *r, const struct store_time *now)
{
	int error;

	if (now->steady_s < r->trim_s ||
	    (!r->options.keep_s && !r->options.most_bytes))
		return;
	if (!store_trim(r->store, now, r->options.keep_s, r->options.most_bytes,
			&error))
		r->trim_s = now->steady_s + TRIM_EVERY_S;
}

static void *recorder_run_writer(void *ctx)
{
	struct recorder *r = ctx;

	pthread_mutex_lock(&r->lock);
	for (;;) {
		struct store_time now;
		int error;

		while (!r->busy && !r->stop)
			pthread_cond_wait(&r->changed, &r->lock);
		if (!r->busy)
			break;
		now = r->now;
		pthread_mutex_unlock(&r->lock);
		error = recorder_write_out(r, r->writing);
		if (!error)
			recorder_trim(r, &now);
		pthread_mutex_lock(&r->lock);
		r->error = error;
		r->busy = false;
		pthread_cond_broadcast(&r->changed);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

/* ---- opening ---- */

static int recorder_allocate(struct recorder *r)
{
	uint64_t key[2];

	if (getrandom(key, sizeof(key), 0) != sizeof(key))
		return -EIO;
	r->filling = &r->batches[0];
	r->writing = &r->batches[1];
	if (rollup_memory_init(&r->memory, key) || batch_init(&r->batches[0]) ||
	    batch_init(&r->batches[1]))
		return -ENOMEM;
	return 0;
}

int recorder_open(struct recorder **out, const struct recorder_options *options,
		  struct fault *f)
{
	struct recorder *r = calloc(1, sizeof(*r));
	int error;

	*out = NULL;
	if (!r || recorder_allocate(r)) {
		recorder_close(r);
		return fault_no_memory(f);
	}
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, NULL);
	r->options = *options;
	error = store_open(options->path, true, &r->store, f);
	if (!error)
		error = options->inputs ?
				store_lock(r->store, STORE_MONITOR, 0, f) :
				store_lock(r->store, STORE_IMPORT, WAIT_S, f);
	if (error)
		recorder_close(r);
	else
		*out = r;
	return error;
}

/* ---- the two batches ---- */

/* Swaps the batches: the filled one is to be written. */
static void recorder_swap(struct recorder *r)
{
	struct batch_of_rows *full = r->filling;

	/*
	 * store_end() set the number of the run in the batch that was written.
	 */
	full->run.id = r->writing->run.id;
	r->filling = r->writing;
	r->writing = full;
	r->filling->run = full->run;
}

/* A batch that failed stays in "writing", and is tried again first. */
static void recorder_start_writing(struct recorder *r, int64_t now_s)
{
	struct timespec steady;

	clock_gettime(CLOCK_BOOTTIME, &steady);
	if (batch_is_empty(r->writing))
		recorder_swap(r);
	r->now = (struct store_time){ now_s, (int64_t)steady.tv_sec };
	r->busy = true;
}

/* Hands a batch that is full to the writer, unless that is busy or fails. */
static void recorder_make_room(struct recorder *r)
{
	if (!r->has_thread && !r->error)
		recorder_flush(r);
	if (!r->has_thread)
		return;
	pthread_mutex_lock(&r->lock);
	if (!r->busy && batch_is_empty(r->writing)) {
		recorder_start_writing(r, r->now.wall_s);
		pthread_cond_broadcast(&r->changed);
	}
	pthread_mutex_unlock(&r->lock);
}

/* ---- what comes in ---- */

static struct addr6 recorder_source_of(uint8_t family,
				       const struct addr6 *address)
{
	struct addr6 source = *address;

	if (family == 6)
		memset(source.byte + 8, 0, 8);
	return source;
}

/*
 * A clause that became known after the early report belongs to the later
 * outcome.
 */
static const char *recorder_clause_of(const struct attempt_event *e,
				      enum outcome outcome)
{
	if (e->clause && (outcome == OUTCOME_BLOCKED || !e->was_early))
		return e->clause;
	return e->decided ? e->decided->id : "";
}

static struct store_row recorder_row_of(struct recorder *r,
					const struct attempt_event *e,
					enum outcome outcome, int32_t attempts,
					int32_t syns)
{
	return (struct store_row){
		.minute = e->time_us / 60000000,
		.family = e->family,
		.source = recorder_source_of(e->family, &e->source),
		.port = e->port,
		.outcome = (uint8_t)outcome,
		.observed = e->observed,
		.clause = rollup_clause(&r->memory,
					recorder_clause_of(e, outcome)),
		.attempts = attempts,
		.syns = syns,
	};
}

static void recorder_add(struct recorder *r, const struct store_row *row)
{
	rollup_add(&r->filling->rollup, &r->memory, row);
}

void recorder_early(struct recorder *r, const struct attempt_event *e)
{
	struct attempt_event early = *e;
	struct store_row row;

	early.was_early = true;
	row = recorder_row_of(r, &early, e->outcome, 1, 1);
	recorder_add(r, &row);
}

static void recorder_keep_move(struct recorder *r, const struct move *m)
{
	struct batch_of_rows *b;

	if (r->filling->n_moves == MOVES_MOST)
		recorder_make_room(r);
	b = r->filling;
	if (b->n_moves < MOVES_MOST)
		b->moves[b->n_moves++] = *m;
	else
		r->state.stale++;
}

/*
 * The row of the early report may be in the store already, where store_move()
 * finds it, unless it was trimmed.
 */
static void recorder_move(struct recorder *r, const struct attempt_event *e)
{
	struct move m = {
		.from = recorder_row_of(r, e, e->early_outcome, 1, 1),
		.to = recorder_row_of(r, e, e->outcome, 1, e->syns),
	};

	if (rollup_take_back(&r->filling->rollup, &r->memory, &m.from))
		recorder_add(r, &m.to);
	else
		recorder_keep_move(r, &m);
}

void recorder_attempt(struct recorder *r, const struct attempt_event *e)
{
	struct store_row row;

	if (e->was_early && e->outcome != e->early_outcome) {
		recorder_move(r, e);
		return;
	}
	row = recorder_row_of(r, e, e->outcome, !e->was_early,
			      e->syns - e->was_early);
	if (row.attempts || row.syns)
		recorder_add(r, &row);
}

void recorder_finding(struct recorder *r, const struct finding *f)
{
	struct batch_of_rows *b = r->filling;

	if (b->n_findings == FINDINGS_MOST) {
		r->state.dropped++;
		return;
	}
	b->findings[b->n_findings++] =
		(struct store_finding){ *f, r->options.keep_destinations };
}

void recorder_step(struct recorder *r, const struct store_step *step)
{
	struct batch_of_rows *b = r->filling;

	if (b->n_steps < STEPS_MOST)
		b->steps[b->n_steps++] = *step;
}

void recorder_losses(struct recorder *r, uint64_t lost, uint64_t unlogged)
{
	r->filling->run.lost = lost;
	r->filling->run.unlogged = unlogged;
}

/* ---- handing over ---- */

static void recorder_note_run(struct recorder *r, int64_t now_s)
{
	struct store_run *run = &r->filling->run;

	run->inputs = r->options.inputs;
	if (!run->start_s)
		run->start_s = now_s;
	run->last_s = now_s;
}

static void recorder_tell(struct recorder *r, const char *sentence,
			  const char *rest)
{
	struct fault f = { 0 };

	fault_set(&f, 0, "%s%s", sentence, rest);
	if (r->options.say)
		r->options.say(r->options.ctx, f.text);
}

static void recorder_say_room(struct recorder *r, const char *name)
{
	if (r->said_room || (!r->state.dropped && !r->state.stale))
		return;
	r->said_room = true;
	recorder_tell(r, name,
		      ": is written too slowly: findings were left out, or "
		      "attempts keep the outcome that they had at first");
}

static void recorder_say(struct recorder *r)
{
	char name[PATH_MAX + 8];

	snprintf(name, sizeof(name), "\"%s\"", r->options.path);
	recorder_say_room(r, name);
	if (r->replaced != r->replaced_said)
		recorder_tell(r, name,
			      ": was deleted or replaced while it was written; "
			      "what is there now is written");
	r->replaced_said = r->replaced;
	if (!r->error == !r->said)
		return;
	r->said = r->error;
	if (!r->error)
		recorder_tell(r, name, ": is written again");
	else
		recorder_tell(r, r->why.text,
			      r->options.inputs ? "; monitoring goes on, and "
						  "it is tried again" :
						  "");
}

static void recorder_copy_state(struct recorder *r)
{
	r->state.rows = r->written;
	r->state.errors = r->errors;
	r->state.folded = r->folded;
	r->state.failing = r->error;
}

/* Without a thread, the sums are written by the caller at once. */
static bool recorder_start_thread(struct recorder *r)
{
	if (!r->has_thread &&
	    pthread_create(&r->thread, NULL, recorder_run_writer, r)) {
		recorder_flush(r);
		return false;
	}
	r->has_thread = true;
	return true;
}

void recorder_tick(struct recorder *r, int64_t now_s)
{
	if (!recorder_start_thread(r))
		return;
	recorder_note_run(r, now_s);
	pthread_mutex_lock(&r->lock);
	if (!r->busy) {
		recorder_say(r);
		recorder_copy_state(r);
		recorder_start_writing(r, now_s);
		pthread_cond_broadcast(&r->changed);
	}
	pthread_mutex_unlock(&r->lock);
}

void recorder_submit(struct recorder *r)
{
	if (!recorder_start_thread(r))
		return;
	pthread_mutex_lock(&r->lock);
	while (r->busy)
		pthread_cond_wait(&r->changed, &r->lock);
	recorder_say(r);
	recorder_copy_state(r);
	recorder_start_writing(r, 0);
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

static void recorder_wait_for_writer(struct recorder *r)
{
	if (!r->has_thread)
		return;
	pthread_mutex_lock(&r->lock);
	while (r->busy)
		pthread_cond_wait(&r->changed, &r->lock);
	pthread_mutex_unlock(&r->lock);
}

int recorder_flush(struct recorder *r)
{
	return recorder_flush_also(r, NULL, NULL);
}

/* The last of the sums take along what goes with them. */
int recorder_flush_also(struct recorder *r,
			void (*also)(void *ctx, struct store *store), void *ctx)
{
	recorder_wait_for_writer(r);
	r->error = recorder_write_out(r, r->writing);
	if (!r->error) {
		recorder_swap(r);
		r->also = also;
		r->also_ctx = ctx;
		r->error = recorder_write_out(r, r->writing);
		r->also = NULL;
	}
	recorder_say(r);
	recorder_copy_state(r);
	return r->error;
}

struct store *recorder_store(struct recorder *r)
{
	recorder_wait_for_writer(r);
	return r->store;
}

void recorder_state(struct recorder *r, struct recorder_state *out)
{
	*out = r->state;
}

static void recorder_stop_thread(struct recorder *r)
{
	if (!r->has_thread)
		return;
	pthread_mutex_lock(&r->lock);
	r->stop = true;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
	r->has_thread = false;
}

int recorder_close(struct recorder *r)
{
	int error = 0;

	if (!r)
		return 0;
	recorder_stop_thread(r);
	if (r->store)
		error = recorder_flush(r);
	store_close(r->store);
	recorder_batch_free(&r->batches[0]);
	recorder_batch_free(&r->batches[1]);
	rollup_memory_free(&r->memory);
	free(r);
	return error;
}
