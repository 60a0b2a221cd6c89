/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trial_recover.h"
#include "../program/message.h"
#include "../record/revision.h"
#include "../../rules/base/arena.h"

#include <errno.h>
#include <string.h>

#define BY_EARLY_MS 2000 /* before the deadline somebody else took it away */

/* ---- who ended it ---- */

static const struct {
	const char *by, *text;
} trial_ends[] = {
	{ "deadline", "at its deadline" },
	{ "stop", "by its stop" },
	{ "reboot", "by a reboot" },
	{ "foreign", "by another program, which removed the table" },
	{ "administrator", "by an administrator" },
};

const char *trial_end_text(const char *by)
{
	for (size_t i = 0; i < sizeof(trial_ends) / sizeof(*trial_ends); i++)
		if (!strcmp(trial_ends[i].by, by))
			return trial_ends[i].text;
	return "";
}

static void trial_find_end(struct trial_run *t)
{
	if (t->record.other_boot) {
		t->by = "reboot";
	} else if (!t->now.there) {
		t->by = "foreign";
	} else if (t->now.tripped) {
		t->by = "stop";
		t->stop = "sources";
	} else if (monotonic_ms() + BY_EARLY_MS < t->record.ends_ms) {
		t->by = "administrator";
	} else {
		t->by = "deadline";
	}
}

/* ---- a row for each state ---- */

static int recover_on_trial(struct trial_run *t, struct fault *f)
{
	(void)t;
	(void)f;
	return 0;
}

static const char *trial_after_text(const struct trial_run *t)
{
	if (reading_family(&t->reading) >= 0 && t->record.base)
		return arena_printf(t->program->arena, "revision %u decides",
				    t->record.base);
	if (t->record.base)
		return arena_printf(t->program->arena,
				    "nothing is loaded: \"mailwall apply "
				    "--current\" loads revision %u",
				    t->record.base);
	return "nothing is loaded, as before";
}

static int recover_ended(struct trial_run *t, struct fault *f)
{
	static const enum trial_step steps[] = { STEP_CLEAN,
						 STEP_JOURNAL_ROLLED_BACK };
	int error;

	trial_find_end(t);
	error = trial_run_steps(t, steps, sizeof(steps) / sizeof(*steps), f);
	if (!error)
		message_say("the trial of revision %u ended %s; %s",
			    t->record.revision, trial_end_text(t->by),
			    trial_after_text(t));
	return error;
}

static int recover_loaded(struct trial_run *t, struct fault *f)
{
	static const enum trial_step steps[] = { STEP_CURRENT,
						 STEP_JOURNAL_CONFIRMED };
	int error;

	t->by = "recovery";
	error = trial_run_steps(t, steps, sizeof(steps) / sizeof(*steps), f);
	if (!error)
		message_say("the confirmation of revision %u was cut off; the "
			    "kernel has it, and it is the current one now",
			    t->record.revision);
	return error;
}

static int recover_unsent(struct trial_run *t, struct fault *f)
{
	static const enum trial_step steps[] = { STEP_JOURNAL_TRIAL };

	return trial_run_steps(t, steps, sizeof(steps) / sizeof(*steps), f);
}

static int (*const trial_rows[])(struct trial_run *t, struct fault *f) = {
	[STATE_ON_TRIAL] = recover_on_trial,
	[STATE_TRIAL_ENDED] = recover_ended,
	[STATE_CONFIRM_LOADED] = recover_loaded,
	[STATE_CONFIRM_UNSENT] = recover_unsent,
	[STATE_CONFIRM_LATE] = recover_ended,
};

/* ---- the state ---- */

static bool has_loaded(const struct trial_run *t)
{
	return *t->record.digest &&
	       !strcmp(t->reading.tables[t->record.family].digest,
		       t->record.digest);
}

/*
 * The rename comes after the kernel: a current revision that is the trial's was
 * loaded, whoever removed the table since.
 */
static enum trial_state trial_find_state(const struct trial_run *t,
					 uint32_t current)
{
	bool armed = t->now.armed && !t->record.other_boot;

	if (!t->record.confirming)
		return armed ? STATE_ON_TRIAL : STATE_TRIAL_ENDED;
	if (has_loaded(t) || current == t->record.revision)
		return STATE_CONFIRM_LOADED;
	return armed ? STATE_CONFIRM_UNSENT : STATE_CONFIRM_LATE;
}

int trial_recover(struct program *p, const json_t *line, struct fault *f)
{
	struct trial_run t = { .program = p };
	uint32_t current;
	int error = revision_current(p, &current, f);

	if (error)
		return error;
	trial_record_take(&t.record, json_incref((json_t *)line));
	error = trial_run_open(&t, f);
	if (!error)
		error = trial_rows[trial_find_state(&t, current)](&t, f);
	trial_run_close(&t);
	return error;
}
