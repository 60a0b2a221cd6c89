/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trial.h"
#include "recover.h"
#include "trial_base.h"
#include "trial_recover.h"
#include "../program/when.h"
#include "../record/journal.h"
#include "../record/revision.h"
#include "../../rules/base/arena.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define TAKE(t, steps, f)                                                      \
	trial_run_steps(t, steps, sizeof(steps) / sizeof(*(steps)), f)

/* ---- to begin ---- */

struct beginning {
	struct program *program;
	const struct trial_request *request;
	struct trial_outcome *out;
	struct trial_run run;
	struct trial_base base;
	struct trial_form *form;
};

static int beginning_fits(struct beginning *b, struct fault *f)
{
	enum trial_obstacle obstacle =
		trial_obstacle(b->base.rules, b->request->rules);

	if (obstacle == TRIAL_FITS)
		return 0;
	return fault_set(f, -EXDEV, "%s: %s", trial_obstacle_text(obstacle),
			 trial_obstacle_help(obstacle));
}

static int beginning_keep(struct beginning *b, struct fault *f)
{
	const struct trial_request *r = b->request;
	const struct revision_about about = { r->policy->name, r->rules->digest,
					      r->policy->observe };
	struct trial_record *record = &b->run.record;

	*record = (struct trial_record){
		.base = b->base.revision,
		.policy = r->policy->name,
		.digest = r->rules->digest,
		.family = r->rules->family,
		.duration_s = r->duration_s,
		.stops = r->stops,
	};
	record->ends_ms =
		monotonic_ms() + (int64_t)r->duration_s * 1000 +
		(r->stops.submission_percent ? TRIAL_LOOK_S * 1000 : 0);
	return revision_make(b->program, r->recording, &about,
			     &record->revision, f);
}

/* The kernel refused it: it came to nothing, and the journal says so. */
static void beginning_undo(struct beginning *b)
{
	static const enum trial_step steps[] = { STEP_DISARM, STEP_CLEAN,
						 STEP_JOURNAL_ROLLED_BACK };
	struct fault f = { 0 };

	b->run.by = "refusal";
	if (!trial_run_read(&b->run, &f))
		TAKE(&b->run, steps, &f);
	revision_remove(b->program, b->run.record.revision);
}

static int beginning_arm(struct beginning *b, struct fault *f)
{
	static const enum trial_step journal[] = { STEP_JOURNAL_TRIAL };
	static const enum trial_step measured[] = { STEP_MEASURE, STEP_ARM };
	static const enum trial_step armed[] = { STEP_ARM };
	int error = TAKE(&b->run, journal, f);

	if (error) {
		revision_remove(b->program, b->run.record.revision);
		return error;
	}
	error = b->request->stops.submission_percent ?
			TAKE(&b->run, measured, f) :
			TAKE(&b->run, armed, f);
	if (error)
		beginning_undo(b);
	return error;
}

static int beginning_make(struct beginning *b, struct fault *f)
{
	int error = trial_form_new(b->base.rules, b->request->rules,
				   &b->request->stops, &b->form);

	if (error)
		return fault_no_memory(f);
	b->form->rules.table_flags = b->run.link.hello.table_flags;
	b->run.form = b->form;
	error = beginning_keep(b, f);
	if (!error)
		error = beginning_arm(b, f);
	if (error)
		return error;
	*b->out = (struct trial_outcome){
		.revision = b->run.record.revision,
		.base = b->base.revision,
		.measured = (uint32_t)b->run.measured,
		.shared = b->form->shared.n,
	};
	return 0;
}

static int beginning_run(struct beginning *b, struct fault *f)
{
	int error = trial_refuse_beside(b->program, f);

	if (!error)
		error = trial_run_open(&b->run, f);
	if (!error)
		error = trial_base_load(b->program, &b->run.netlink,
					&b->run.reading,
					b->request->rules->family, &b->base, f);
	if (!error)
		error = beginning_fits(b, f);
	if (!error && b->base.rules &&
	    !strcmp(b->base.rules->digest, b->request->rules->digest))
		b->out->unchanged = true;
	else if (!error)
		error = beginning_make(b, f);
	trial_form_free(b->form);
	trial_base_free(&b->base);
	trial_run_close(&b->run);
	return error;
}

int trial_begin(struct program *p, const struct trial_request *request,
		struct trial_outcome *out, struct fault *f)
{
	struct beginning b = { .program = p,
			       .request = request,
			       .out = out,
			       .run = { .program = p, .why = request->why } };
	int lock = change_begin(p, f), error;

	*out = (struct trial_outcome){ 0 };
	if (lock < 0)
		return lock;
	error = beginning_run(&b, f);
	close(lock);
	return error;
}

/* ---- to end, or to go on ---- */

struct last_end {
	struct arena *arena;
	const char *text; /* "revision 4 was rolled back at ..."; or NULL */
};

/* Keeps how the last trial ended, unless something else came since. */
static void last_end_on_line(void *ctx, const struct journal_line *line)
{
	struct last_end *last = ctx;
	const char *by = json_string_value(json_object_get(line->object, "by"));
	char when[WHEN_TEXT_BYTES];

	if (line->what == JOURNAL_APPLIED || line->what == JOURNAL_CONFIRMED)
		last->text = NULL;
	if (line->what != JOURNAL_ROLLED_BACK || !by || !*trial_end_text(by))
		return;
	when_print_s(when, line->time_us / 1000000);
	last->text = arena_printf(last->arena,
				  "too late: revision %u was rolled back %s, "
				  "%s",
				  line->revision, trial_end_text(by), when);
}

static int trial_is_over(struct program *p, struct fault *f)
{
	struct last_end last = { .arena = p->arena };
	struct journal_state state;
	struct fault unread;

	journal_read(p, last_end_on_line, &last, &state, &unread);
	return fault_set(f, -ENOENT, "%s",
			 last.text ? last.text : "no policy is on trial");
}

/* Ends it as recovery does, and says when that was. */
static int trial_too_late(struct trial_run *t, struct fault *f)
{
	struct program *p = t->program;
	int error = recover_change(p, f);

	return error ? error : trial_is_over(p, f);
}

struct ending {
	const char *why, *stop;
	uint32_t duration_s;
	struct trial_result *out;
};

typedef int ending_fn(struct trial_run *t, const struct ending *e,
		      struct fault *f);

static int ending_confirm(struct trial_run *t, const struct ending *e,
			  struct fault *f)
{
	static const enum trial_step load[] = { STEP_JOURNAL_CONFIRMING,
						STEP_LOAD };
	static const enum trial_step keep[] = { STEP_CURRENT,
						STEP_JOURNAL_CONFIRMED };
	static const enum trial_step back[] = { STEP_JOURNAL_TRIAL };
	struct fault unkept;
	int error = TAKE(t, load, f);

	(void)e;
	if (error == -ENOENT)
		return trial_too_late(t, f);
	if (error) {
		TAKE(t, back, &unkept);
		return error;
	}
	t->by = "administrator";
	return TAKE(t, keep, f);
}

/* Loads the policy of the revision on trial for as long as it takes. */
static int confirm_with_rules(struct trial_run *t, const struct ending *e,
			      struct fault *f)
{
	struct revision rev;
	struct policy *policy = NULL;
	struct ruleset *rules = NULL;
	int error = revision_read(t->program, t->record.revision, &rev, f);

	if (error)
		return error;
	if (revision_load(t->program, &rev, &policy))
		return fault_set(f, -EBADMSG,
				 "revision %u cannot be loaded any more",
				 t->record.revision);
	error = ruleset_new(policy, &rules) ? fault_no_memory(f) : 0;
	t->next = rules;
	t->path = rev.path;
	t->observe = policy->observe;
	if (!error && strcmp(rules->digest, t->record.digest))
		error = fault_set(f, -EBADMSG,
				  "revision %u gives other rules than those on "
				  "trial: roll back, and try it again",
				  t->record.revision);
	if (!error)
		error = ending_confirm(t, e, f);
	ruleset_free(rules);
	policy_free(policy);
	return error;
}

static int ending_extend(struct trial_run *t, const struct ending *e,
			 struct fault *f)
{
	static const enum trial_step steps[] = { STEP_EXTEND,
						 STEP_JOURNAL_TRIAL };
	int error;

	t->record.duration_s = e->duration_s;
	t->record.ends_ms = monotonic_ms() + (int64_t)e->duration_s * 1000;
	error = TAKE(t, steps, f);
	return error == -ENOENT ? trial_too_late(t, f) : error;
}

static int ending_back(struct trial_run *t, const struct ending *e,
		       struct fault *f)
{
	static const enum trial_step steps[] = { STEP_DISARM, STEP_CLEAN,
						 STEP_JOURNAL_ROLLED_BACK };

	t->by = e->stop ? "stop" : "administrator";
	t->stop = e->stop;
	return TAKE(t, steps, f);
}

static int ending_open(struct program *p, const struct ending *e, ending_fn *fn,
		       struct fault *f)
{
	struct trial_run t = { .program = p, .why = e->why };
	int open = trial_record_open(p, &t.record, f), error;

	if (open < 0)
		return open;
	if (!open)
		return trial_is_over(p, f);
	error = trial_run_open(&t, f);
	if (!error)
		error = fn(&t, e, f);
	*e->out = (struct trial_result){
		.revision = t.record.revision,
		.base = t.record.base,
		.policy = arena_printf(p->arena, "%s", t.record.policy),
		.digest = arena_printf(p->arena, "%s", t.record.digest),
		.generation = t.generation,
		.observe = t.observe,
	};
	trial_run_close(&t);
	return error;
}

static int ending_run(struct program *p, const struct ending *e, ending_fn *fn,
		      struct fault *f)
{
	int lock = change_begin(p, f), error;

	*e->out = (struct trial_result){ 0 };
	if (lock < 0)
		return lock;
	error = ending_open(p, e, fn, f);
	close(lock);
	return error;
}

int trial_confirm(struct program *p, const char *why, struct trial_result *out,
		  struct fault *f)
{
	const struct ending e = { .why = why, .out = out };

	return ending_run(p, &e, confirm_with_rules, f);
}

int trial_prolong(struct program *p, uint32_t duration_s,
		  struct trial_result *out, struct fault *f)
{
	const struct ending e = { .duration_s = duration_s, .out = out };

	return ending_run(p, &e, ending_extend, f);
}

int trial_roll_back(struct program *p, const char *stop, const char *why,
		    struct trial_result *out, struct fault *f)
{
	const struct ending e = { .why = why, .stop = stop, .out = out };

	return ending_run(p, &e, ending_back, f);
}
