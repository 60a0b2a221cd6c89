/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "direct.h"
#include "recover.h"
#include "../trial/trial_record.h"
#include "../../rules/base/arena.h"
#include "../../rules/policy/policy.h"
#include "../program/message.h"
#include "../record/change_lock.h"
#include "../record/journal.h"
#include "../record/revision.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct direct {
	struct program *program;
	const struct direct_request *request;
	struct direct_outcome *out;
	uint32_t current; /* before */
	bool begun;	  /* the journal has a line of it */
};

/* ---- what is kept ---- */

/* Says once that something is not kept; the first reason stays. */
static void direct_unkept(struct direct *d, const struct fault *f)
{
	if (!*d->out->unkept.text)
		d->out->unkept = *f;
}

/* An error, or 0 where a boot goes on without. */
static int direct_excuse(struct direct *d, int error, const struct fault *f)
{
	if (!error || !d->request->boot)
		return error;
	direct_unkept(d, f);
	return 0;
}

static bool direct_is_current(struct direct *d)
{
	const struct recording *r = d->request->recording;
	struct revision rev;
	struct fault f = { 0 };

	return d->current && r &&
	       !revision_read(d->program, d->current, &rev, &f) &&
	       revision_is(&rev, r, d->request->rules->digest);
}

/* Finds the revision that is to hold, or makes it. */
static int direct_keep(struct direct *d, struct fault *f)
{
	const struct direct_request *r = d->request;
	const struct revision_about about = { r->policy->name, r->rules->digest,
					      r->policy->observe };
	int error;

	d->out->revision = r->revision;
	if (!r->recording)
		return 0;
	if (direct_is_current(d)) {
		d->out->revision = d->current;
		return 0;
	}
	error = revision_make(d->program, r->recording, &about,
			      &d->out->revision, f);
	d->out->made = !error;
	if (error)
		d->out->revision = 0;
	return error;
}

static int direct_note(struct direct *d, enum journal_what what,
		       uint32_t generation, struct fault *f)
{
	const struct journal_entry entry = {
		.what = what,
		.revision = d->out->revision,
		.generation = generation,
		.digest = d->request->rules->digest,
		.why = d->request->why,
	};

	return journal_append(d->program, &entry, f);
}

/* ---- before the kernel, and after it ---- */

static int direct_check(void *ctx, const struct apply_outcome *so_far,
			struct diags *diags)
{
	const struct direct *d = ctx;

	return d->request->check ?
		       d->request->check(d->request->check_ctx, so_far, diags) :
		       0;
}

static int direct_before(void *ctx, const struct apply_outcome *so_far,
			 struct fault *f)
{
	struct direct *d = ctx;
	int error =
		direct_note(d, JOURNAL_APPLYING, so_far->reading.generation, f);

	d->begun = !error;
	return direct_excuse(d, error, f);
}

static bool direct_moves(const struct direct *d)
{
	return d->out->revision && d->out->revision != d->current &&
	       (d->request->recording || d->request->back || !d->current);
}

/* The kernel has it; what cannot be kept now is told, and recovered later. */
static void direct_after(struct direct *d)
{
	uint32_t generation = d->out->kernel.changed ?
				      d->out->kernel.generation :
				      d->out->kernel.reading.generation;
	struct fault f = { 0 };

	if (direct_moves(d) &&
	    revision_set_current(d->program, d->out->revision, &f)) {
		direct_unkept(d, &f);
		return;
	}
	if (d->begun && direct_note(d, JOURNAL_APPLIED, generation, &f))
		direct_unkept(d, &f);
	if (d->out->made)
		revision_tidy(d->program, 0);
}

/* The kernel refused it, or was not asked. */
static void direct_undo(struct direct *d)
{
	struct fault f = { 0 };

	if (d->begun && direct_note(d, JOURNAL_ROLLED_BACK,
				    d->out->kernel.reading.generation, &f))
		message_say("%s", f.text);
	if (d->out->made)
		revision_remove(d->program, d->out->revision);
	d->out->revision = 0;
	d->out->made = false;
}

/* ---- all of it ---- */

static int direct_load(struct direct *d)
{
	struct apply_request request = {
		.path = d->request->path,
		.rules = d->request->rules,
		.hooks = { .ctx = d,
			   .before = direct_before,
			   .check = direct_check },
	};
	struct fault f = { 0 };
	int error = apply_rules(d->program, &request, &d->out->kernel);

	/* Only the text is new: the kernel has its rules already. */
	if (!error && !d->begun && (d->out->made || d->request->back))
		error = direct_before(d, &d->out->kernel, &f);
	if (error && *f.text)
		diag_error(&d->out->kernel.diags, NULL, "not-recorded", "%s",
			   f.text);
	if (error)
		direct_undo(d);
	else
		direct_after(d);
	return error;
}

static int direct_refuse(struct direct *d, int error, const struct fault *f)
{
	struct diags *diags = &d->out->kernel.diags;

	diags->arena = d->program->arena;
	diag_error(diags, NULL, "not-recorded", "%s", f->text);
	return error;
}

static int direct_in_lock(struct direct *d)
{
	struct fault f = { 0 };
	int error = d->request->locked ? 0 : recover_change(d->program, &f);

	if (!error)
		error = trial_refuse_beside(d->program, &f);
	if (!error)
		error = revision_current(d->program, &d->current, &f);
	error = direct_excuse(d, error, &f);
	if (!error)
		error = direct_excuse(d, direct_keep(d, &f), &f);
	return error ? direct_refuse(d, error, &f) : direct_load(d);
}

static int direct_try(struct direct *d)
{
	const struct apply_request request = { .path = d->request->path,
					       .rules = d->request->rules,
					       .dry_run = true };
	struct fault f = { 0 };
	int error, lock;

	if (d->request->dry_run)
		return apply_rules(d->program, &request, &d->out->kernel);
	if (d->request->locked)
		return direct_in_lock(d);
	lock = change_lock(d->program, CHANGE_LOCK_PATIENCE_MS, &f);
	error = direct_excuse(d, lock < 0 ? lock : 0, &f);
	if (error)
		return direct_refuse(d, error, &f);
	error = direct_in_lock(d);
	if (lock >= 0)
		close(lock);
	return error;
}

int direct_apply(struct program *p, const struct direct_request *request,
		 struct direct_outcome *out)
{
	struct direct d = { .program = p, .request = request, .out = out };

	*out = (struct direct_outcome){ 0 };
	out->kernel.error = direct_try(&d);
	return out->kernel.error;
}
