/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trial_wait.h"
#include "../program/message.h"
#include "../record/revision.h"
#include "../../rules/base/units.h"
#include "../../rules/base/arena.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static volatile sig_atomic_t wait_interrupted;

static void wait_on_signal(int signal)
{
	(void)signal;
	wait_interrupted = 1;
}

static void wait_catch_signals(struct sigaction before[2])
{
	struct sigaction catch = { .sa_handler = wait_on_signal };

	wait_interrupted = 0;
	sigaction(SIGINT, &catch, &before[0]);
	sigaction(SIGTERM, &catch, &before[1]);
}

static void wait_leave_signals(const struct sigaction before[2])
{
	sigaction(SIGINT, &before[0], NULL);
	sigaction(SIGTERM, &before[1], NULL);
}

struct waiting {
	struct program *program;
	const struct trial_outcome *trial;
	const struct trial_stops *stops;
	bool shows;
	struct trial_now now;
	int64_t looked_ms;
	uint64_t looked_at; /* openings that had passed then */
	uint64_t passed;    /* between the last two looks */
	bool has_passed;
};

/* ---- a look ---- */

/* A trial may take days: the memory of a look goes with it. */
static int wait_read(struct waiting *w, struct fault *f)
{
	struct program looking = *w->program;
	struct trial_run t = { .program = &looking };
	int error;

	looking.arena = arena_new();
	if (!looking.arena)
		return fault_no_memory(f);
	if (setjmp(*arena_on_failure(looking.arena))) {
		error = fault_no_memory(f);
	} else {
		error = trial_run_open(&t, f);
		w->now = t.now;
		w->now.gates.n = 0;
	}
	trial_run_close(&t);
	arena_free(looking.arena);
	return error;
}

static void wait_show(const struct waiting *w)
{
	char left[16];

	if (!w->shows)
		return;
	duration_print(left, (uint32_t)((w->now.left_ms + 999) / 1000));
	fprintf(stderr, "\r\033[Kon trial for %s more", left);
	if (w->now.has_seen)
		fprintf(stderr, "; newly blocked: %u IPv4, %u IPv6 of %u",
			w->now.seen4, w->now.seen6, w->now.seen_most);
	if (w->has_passed)
		fprintf(stderr, "; submission: %llu in %d s, %u before",
			(unsigned long long)w->passed, TRIAL_LOOK_S,
			w->trial->measured);
	fflush(stderr);
}

static void wait_show_end(const struct waiting *w)
{
	if (w->shows)
		fputs("\r\033[K", stderr);
}

/* True: too few openings passed since the last look. */
static bool wait_has_stopped(struct waiting *w)
{
	uint64_t least =
		(uint64_t)w->trial->measured * w->stops->submission_percent;

	if (!w->stops->submission_percent ||
	    w->trial->measured < TRIAL_MEASURED_LEAST ||
	    monotonic_ms() - w->looked_ms < TRIAL_LOOK_S * 1000)
		return false;
	w->passed = w->now.submission - w->looked_at;
	w->has_passed = true;
	w->looked_ms = monotonic_ms();
	w->looked_at = w->now.submission;
	return w->passed * 100 < least;
}

/* ---- the end ---- */

/* Ends what the kernel ended, and tells what became of it. */
static int wait_end(struct waiting *w, enum trial_waited *out, struct fault *f)
{
	struct trial_result result;
	uint32_t current;
	int error;

	wait_show_end(w);
	error = revision_current(w->program, &current, f);
	if (error)
		return error;
	if (current == w->trial->revision) {
		*out = WAITED_CONFIRMED;
		return 0;
	}
	/* Recovery says how it ended; none is on any more. */
	error = trial_roll_back(w->program, NULL, NULL, &result, f);
	*out = WAITED_ENDED;
	return error == -ENOENT ? 0 : error;
}

static int wait_stop(struct waiting *w, enum trial_waited *out, struct fault *f)
{
	struct trial_result result;
	int error;

	wait_show_end(w);
	error = trial_roll_back(w->program, "submission", NULL, &result, f);
	if (!error)
		message_say("%llu openings of submission passed in %d s, %u "
			    "before the trial: it ended, and revision %u "
			    "decides",
			    (unsigned long long)w->passed, TRIAL_LOOK_S,
			    w->trial->measured, w->trial->base);
	*out = WAITED_ENDED;
	return error == -ENOENT ? 0 : error;
}

static int wait_loop(struct waiting *w, enum trial_waited *out, struct fault *f)
{
	const struct timespec second = { .tv_sec = 1 };
	int error;

	for (;;) {
		error = wait_read(w, f);
		if (error)
			return error;
		if (!w->now.armed)
			return wait_end(w, out, f);
		if (wait_has_stopped(w))
			return wait_stop(w, out, f);
		wait_show(w);
		if (!wait_interrupted)
			nanosleep(&second, NULL);
		if (wait_interrupted) {
			wait_show_end(w);
			*out = WAITED_INTERRUPTED;
			return 0;
		}
	}
}

int trial_wait(struct program *p, const struct trial_outcome *trial,
	       const struct trial_stops *stops, bool shows,
	       enum trial_waited *out, struct fault *f)
{
	struct sigaction before[2];
	struct waiting w = { .program = p,
			     .trial = trial,
			     .stops = stops,
			     .shows = shows,
			     .looked_ms = monotonic_ms(),
			     .looked_at = trial->measured };
	int error;

	wait_catch_signals(before);
	error = wait_loop(&w, out, f);
	wait_leave_signals(before);
	return error;
}
