/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trial_steps.h"
#include "apply.h"
#include "../kernel/kernel_error.h"
#include "../record/journal.h"
#include "../record/revision.h"
#include "../../rules/base/arena.h"
#include "../../rules/trial/trial_confirm.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define TRIES_MOST 20

/* ---- the kernel ---- */

int trial_run_read(struct trial_run *t, struct fault *f)
{
	int error = -EINTR;

	for (int i = 0; i < TRIES_MOST && transaction_try_again(error); i++) {
		error = kernel_read(&t->netlink, t->program->arena,
				    &t->reading);
		if (!error)
			error = trial_now_read(&t->netlink, &t->reading,
					       &t->now);
	}
	t->generation = t->reading.generation;
	return error ? fault_set(f, error, "%s", kernel_error_text(-error)) : 0;
}

int trial_run_open(struct trial_run *t, struct fault *f)
{
	int error;

	t->link.fd = -1;
	error = netlink_open(&t->netlink);
	if (!error)
		error = guard_connect(&t->link, t->program->run_dir,
				      &t->netlink);
	if (error)
		return fault_set(f, error, "%s", kernel_error_text(-error));
	t->opened = true;
	return trial_run_read(t, f);
}

void trial_run_close(struct trial_run *t)
{
	if (t->opened)
		guard_disconnect(&t->link);
	netlink_close(&t->netlink);
	json_decref(t->record.line);
	t->record.line = NULL;
}

/* Sends again what others came in between. */
static int trial_send(struct trial_run *t,
		      int (*send)(struct trial_run *t,
				  struct kernel_errors *errors),
		      struct fault *f)
{
	struct diags diags = { .arena = t->program->arena };
	struct kernel_errors errors = { 0 };
	int error = send(t, &errors);

	for (int i = 0; i < TRIES_MOST && transaction_try_again(error); i++) {
		struct timespec wait = { .tv_nsec = 2000000L * i };

		nanosleep(&wait, NULL);
		error = trial_run_read(t, f);
		if (error)
			return error;
		errors.n = errors.all = 0;
		error = send(t, &errors);
	}
	if (error == -ENOENT)
		return error;
	if (error) {
		kernel_error_diags(&diags, &errors, error);
		return fault_set(f, error, "%s",
				 diags.n ? diags.items[0].message :
					   kernel_error_text(-error));
	}
	return trial_run_read(t, f);
}

static int send_measure(struct trial_run *t, struct kernel_errors *errors)
{
	return trial_measure(&t->netlink, &t->reading, t->form, errors);
}

static int send_arm(struct trial_run *t, struct kernel_errors *errors)
{
	return trial_arm(&t->netlink, &t->reading, t->form,
			 (uint64_t)t->record.duration_s * 1000, errors);
}

static int send_extend(struct trial_run *t, struct kernel_errors *errors)
{
	(void)errors;
	return trial_extend(&t->netlink, t->record.family,
			    (uint64_t)t->record.duration_s * 1000);
}

static int send_disarm(struct trial_run *t, struct kernel_errors *errors)
{
	(void)errors;
	return trial_disarm(&t->netlink, t->record.family);
}

static int send_clean(struct trial_run *t, struct kernel_errors *errors)
{
	(void)errors;
	return t->now.there ? trial_clean(&t->netlink, &t->reading, &t->now) :
			      0;
}

/* ---- steps ---- */

static int trial_note(struct trial_run *t, enum journal_what what, json_t *more,
		      struct fault *f)
{
	const struct journal_entry entry = { .what = what,
					     .revision = t->record.revision,
					     .generation = t->generation,
					     .digest = t->record.digest,
					     .why = t->why,
					     .more = more };
	int error = more ? journal_append(t->program, &entry, f) :
			   fault_no_memory(f);

	json_decref(more);
	return error;
}

static int step_journal_trial(struct trial_run *t, struct fault *f)
{
	return trial_note(t, JOURNAL_TRIAL, trial_record_json(&t->record), f);
}

static int step_measure(struct trial_run *t, struct fault *f)
{
	const struct timespec wait = { .tv_sec = TRIAL_LOOK_S };
	int error = trial_send(t, send_measure, f);

	if (error)
		return error;
	nanosleep(&wait, NULL);
	error = trial_run_read(t, f);
	t->measured = t->now.submission;
	return error;
}

static int step_arm(struct trial_run *t, struct fault *f)
{
	return trial_send(t, send_arm, f);
}

/* The journal has the deadline of the element, whichever that is. */
static int step_extend(struct trial_run *t, struct fault *f)
{
	return trial_send(t, send_extend, f);
}

static int step_journal_confirming(struct trial_run *t, struct fault *f)
{
	return trial_note(t, JOURNAL_CONFIRMING, trial_record_json(&t->record),
			  f);
}

/* One transaction: the element is taken away, or nothing happens. */
static void load_build(void *ctx, struct batch *b,
		       const struct apply_outcome *so_far,
		       const struct known *known, struct change_summary *out)
{
	struct trial_run *t = ctx;
	struct arena *a = t->program->arena;
	struct change_list list;

	trial_batch_disarm(b, t->record.family);
	trial_confirm_list(a, t->next, so_far->reading.tables, known, &list,
			   out);
	change_list_emit(b, t->next, &list);
}

static bool load_again(void *ctx, const struct apply_outcome *so_far)
{
	(void)ctx;
	(void)so_far;
	return true;
}

static int step_load(struct trial_run *t, struct fault *f)
{
	const struct apply_request request = {
		.path = t->path,
		.rules = t->next,
		.hooks = { .ctx = t, .build = load_build, .again = load_again },
	};
	struct apply_outcome out;
	int error;

	if (!t->now.armed)
		return -ENOENT;
	error = apply_rules(t->program, &request, &out);
	if (!error) {
		t->generation = out.generation;
		return 0;
	}
	if (trial_run_read(t, f) || !t->now.armed)
		return -ENOENT;
	return fault_set(f, error, "%s",
			 out.diags.n ? out.diags.items[0].message :
				       kernel_error_text(-error));
}

static int step_current(struct trial_run *t, struct fault *f)
{
	return revision_set_current(t->program, t->record.revision, f);
}

static json_t *trial_by_json(const struct trial_run *t)
{
	json_t *more = json_pack("{s:s}", "by", t->by);

	if (more && t->stop)
		json_object_set_new(more, "stop", json_string(t->stop));
	return more;
}

static int step_journal_confirmed(struct trial_run *t, struct fault *f)
{
	return trial_note(t, JOURNAL_CONFIRMED, trial_by_json(t), f);
}

/* An element that is gone already is as good. */
static int step_disarm(struct trial_run *t, struct fault *f)
{
	int error = t->now.there ? trial_send(t, send_disarm, f) : 0;

	return error == -ENOENT ? 0 : error;
}

static int step_clean(struct trial_run *t, struct fault *f)
{
	int error = trial_send(t, send_clean, f);

	/* Somebody else cleaned up. */
	return error == -ENOENT ? trial_run_read(t, f) : error;
}

static int step_journal_rolled_back(struct trial_run *t, struct fault *f)
{
	return trial_note(t, JOURNAL_ROLLED_BACK, trial_by_json(t), f);
}

static int (*const trial_steps[STEPS])(struct trial_run *t, struct fault *f) = {
	[STEP_JOURNAL_TRIAL] = step_journal_trial,
	[STEP_MEASURE] = step_measure,
	[STEP_ARM] = step_arm,
	[STEP_EXTEND] = step_extend,
	[STEP_JOURNAL_CONFIRMING] = step_journal_confirming,
	[STEP_LOAD] = step_load,
	[STEP_CURRENT] = step_current,
	[STEP_JOURNAL_CONFIRMED] = step_journal_confirmed,
	[STEP_DISARM] = step_disarm,
	[STEP_CLEAN] = step_clean,
	[STEP_JOURNAL_ROLLED_BACK] = step_journal_rolled_back,
};

int trial_run_steps(struct trial_run *t, const enum trial_step *steps, size_t n,
		    struct fault *f)
{
	int error = 0;

	for (size_t i = 0; i < n && !error; i++)
		error = trial_steps[steps[i]](t, f);
	return error;
}
