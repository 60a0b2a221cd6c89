/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply_trial.h"
#include "commands.h"
#include "../change/boot.h"
#include "../change/direct.h"
#include "../plan/given.h"
#include "../change/recover.h"
#include "../trial/trial_options.h"
#include "../apart/loaded_note.h"
#include "../../rules/base/arena.h"
#include "../program/json.h"
#include "../program/message.h"
#include "../option/options.h"
#include "../program/policy_file.h"
#include "../program/program.h"
#include "../../rules/base/units.h"

#include <stdio.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

struct apply_options {
	bool dry_run, current, wait, shrink;
	const char *why;
	uint32_t trial_s; /* 0: for good */
	struct texts stops;
};

struct apply_run {
	struct program *program;
	const struct apply_options *options;
	struct policy *policy;
	struct ruleset *rules;
	struct given given;	      /* a policy or a plan, if not that */
	struct plan plan;	      /* of a dry run */
	struct revision revision;     /* that is loaded, if one is */
	struct fault instead;	      /* of which one; "" */
	int lock;		      /* taken before it was read; or -1 */
	struct apply_request request; /* what the outcome is of */
	struct direct_outcome direct;
	struct fault unnoted; /* why the store has no note of it */
	struct diags notes;   /* notes, though all went well */
};

/* ---- notes, though all went well ---- */

/* An export that failed leaves an empty list: that is not for -q to hide. */
static void apply_note_empty(struct apply_run *a)
{
	const struct policy *p = a->policy;

	for (size_t i = 0; i < p->classes.n; i++) {
		const struct class *c = p->classes.items[i];

		if (!c->builtin && c->uses && class_is_empty(c))
			diag_warning(&a->notes, &c->span, "class-empty",
				     "class %s has no members: what is for it "
				     "is for nobody",
				     c->name);
	}
}

/* Since Linux 6.16 the kernel waits for a device that is not there. */
static void apply_note_devices(struct apply_run *a)
{
	const struct words *devices = &a->policy->devices;

	for (size_t i = 0; i < devices->n; i++)
		if (!if_nametoindex(devices->items[i].text))
			diag_warning(&a->notes, &devices->items[i].span,
				     "device-missing",
				     "there is no device \"%s\": nothing is "
				     "enforced on it until there is",
				     devices->items[i].text);
}

static void apply_note_size(struct apply_run *a, const struct set *set)
{
	const struct present *before =
		apply_before(&a->request, &a->direct.kernel);

	for (size_t i = 0; i < before->sets.n; i++) {
		const struct present_set *ps = &before->sets.items[i];

		if (!strcmp(ps->name, set->name) && ps->has_count &&
		    ps->count > set->size)
			diag_warning(&a->notes, set->origin, "size-below",
				     "set %s has %u members, more than its "
				     "size %u: until they are fewer it takes "
				     "no other",
				     set->name, ps->count, set->size);
	}
}

/* Nothing is kept that should be; a boot goes on without. */
static bool apply_is_unkept(const struct apply_run *a)
{
	return *a->direct.unkept.text && !a->options->current;
}

/* A revision is not what it should be: said first. */
static void apply_note_revision(struct apply_run *a)
{
	if (*a->instead.text)
		diag_error(&a->notes, NULL, "revision-edited", "%s",
			   a->instead.text);
	if (apply_is_unkept(a))
		diag_error(&a->notes, NULL, "not-kept",
			   "the policy is loaded, and the machine would not "
			   "boot with it: %s",
			   a->direct.unkept.text);
	else if (*a->direct.unkept.text)
		diag_warning(&a->notes, NULL, "not-kept",
			     "the policy is loaded, and the journal has no "
			     "line of it: %s",
			     a->direct.unkept.text);
}

static void apply_note_all(struct apply_run *a)
{
	a->notes.n = 0;
	apply_note_revision(a);
	if (a->policy->observe)
		diag_warning(&a->notes, NULL, "observe",
			     "mode observe: nothing is blocked");
	given_note_changes(&a->given, &a->notes);
	for (size_t i = 0; i < a->direct.kernel.notes.n; i++)
		*diag_warning(&a->notes, NULL, "", "%s", "") =
			a->direct.kernel.notes.items[i];
	apply_note_empty(a);
	apply_note_devices(a);
	for (size_t i = 0; i < a->rules->sets.n; i++)
		if (a->rules->sets.items[i]->timeout &&
		    a->rules->sets.items[i]->size)
			apply_note_size(a, a->rules->sets.items[i]);
	if (*a->unnoted.text)
		diag_warning(&a->notes, NULL, "not-noted",
			     "the policy is loaded, and the store has no note "
			     "of it: %s",
			     a->unnoted.text);
}

/* ---- as JSON ---- */

static void apply_add_diags(json_t *list, const struct diags *diags)
{
	json_t *more = diags_json(diags);

	json_array_extend(list, more);
	json_decref(more);
}

/* Lists the warnings of the policy, the kernel's errors, then the notes. */
static json_t *all_diags(const struct apply_run *a)
{
	json_t *list = diags_json(&a->policy->diags);

	apply_add_diags(list, &a->direct.kernel.diags);
	apply_add_diags(list, &a->notes);
	return list;
}

static void apply_add_replaced(struct apply_run *a, json_t *o)
{
	enum family family;
	const struct present *p =
		apply_replaced(&a->request, &a->direct.kernel, &family);

	json_object_set_new(
		o, "replaced_table",
		p ? text_json(apply_table_text(a->program->arena, family)) :
		    json_null());
	json_object_set_new(o, "replaced_digest",
			    p && *p->digest ? text_json(p->digest) :
					      json_null());
}

static void apply_add_mended(const struct apply_run *a, json_t *o)
{
	json_t *list = json_array();

	for (size_t i = 0;
	     i < a->direct.kernel.acting.n && a->direct.kernel.changed; i++)
		if (a->direct.kernel.acting.items[i].drift)
			json_array_append_new(
				list,
				text_json(
					a->direct.kernel.acting.items[i].name));
	json_object_set_new(o, "mended", list);
}

static json_t *apply_json(struct apply_run *a, int error)
{
	const struct change_summary *s = &a->direct.kernel.summary;
	bool ok = !error && !a->notes.errors;

	return json_pack(
		"{s:b, s:b, s:b, s:o, s:s, s:s, s:s, s:o, s:{s:I, s:I, s:I, "
		"s:I, s:I, s:I, s:I, s:I}, s:o}",
		"ok", ok, "changed", !error && a->direct.kernel.changed,
		"dry_run", a->request.dry_run, "policy",
		text_json(a->policy->name), "mode",
		a->policy->observe ? "observe" : "enforce", "digest",
		a->rules->digest, "table",
		apply_table_text(a->program->arena, a->rules->family),
		"previous_digest",
		*apply_before(&a->request, &a->direct.kernel)->digest ?
			text_json(apply_before(&a->request, &a->direct.kernel)
					  ->digest) :
			json_null(),
		"summary", "rules", (json_int_t)s->rules, "sets_added",
		(json_int_t)s->sets_added, "sets_removed",
		(json_int_t)s->sets_removed, "counters_added",
		(json_int_t)s->counters_added, "counters_removed",
		(json_int_t)s->counters_removed, "elements_added",
		(json_int_t)s->elements_added, "elements_removed",
		(json_int_t)s->elements_removed, "members_lost",
		(json_int_t)s->members_lost, "diagnostics", all_diags(a));
}

static int apply_say_json(struct apply_run *a, int error)
{
	json_t *o = apply_json(a, error);

	if (o) {
		apply_add_replaced(a, o);
		apply_add_mended(a, o);
		if (a->request.dry_run && !error)
			json_object_set_new(o, "plan", plan_json(&a->plan));
		json_object_set_new(o, "revision",
				    a->direct.revision ?
					    json_integer(a->direct.revision) :
					    json_null());
	}
	return print_json(o);
}

/* ---- as text ---- */

static void apply_say_changed(struct apply_run *a)
{
	const struct change_summary *s = &a->direct.kernel.summary;

	printf("%s: %s %s, digest %s: %zu rule%s, %zu element%s added, %zu "
	       "removed\n",
	       a->policy->name,
	       s->creates_table ? "loaded into new table" : "loaded into table",
	       apply_table_text(a->program->arena, a->rules->family),
	       a->rules->digest, s->rules, plural_s(s->rules),
	       s->elements_added, plural_s(s->elements_added),
	       s->elements_removed);
	for (size_t i = 0; i < a->direct.kernel.acting.n; i++)
		if (a->direct.kernel.acting.items[i].drift)
			printf("mended: %s\n",
			       a->direct.kernel.acting.items[i].text);
	if (s->other_tables_removed)
		puts("our table of another family was removed, with its "
		     "counters");
	if (s->members_lost)
		printf("%zu member%s of dynamic classes that the policy does "
		       "not use any more %s gone\n",
		       s->members_lost, plural_s(s->members_lost),
		       s->members_lost == 1 ? "is" : "are");
}

static void say_text(struct apply_run *a)
{
	if (a->direct.kernel.changed)
		apply_say_changed(a);
	else
		printf("%s: unchanged, digest %s\n", a->policy->name,
		       a->rules->digest);
	if (a->direct.made)
		printf("revision %u is what the machine boots with\n",
		       a->direct.revision);
	for (size_t i = 0; i < a->notes.n; i++)
		if (a->notes.items[i].severity == SEVERITY_WARNING)
			printf("%s\n", a->notes.items[i].message);
		else
			message_say("%s", a->notes.items[i].message);
}

static void apply_note_loaded(struct apply_run *a)
{
	loaded_note_write(a->policy->name, a->rules->digest,
			  a->policy->observe ? "observe" : "enforce",
			  a->direct.kernel.generation, &a->unnoted);
}

/* ---- what is loaded: a policy, or what is current ---- */

static int apply_code(const struct apply_run *a)
{
	return a->direct.kernel.error || apply_is_unkept(a) ||
			       *a->instead.text ?
		       EXIT_REFUSED :
		       EXIT_DONE;
}

static int apply_finish(struct apply_run *a)
{
	struct program *p = a->program;
	int error = a->direct.kernel.error, code;

	if (!error && a->direct.kernel.changed && !a->request.dry_run)
		apply_note_loaded(a);
	if (!error)
		apply_note_all(a);
	if (p->json) {
		code = apply_say_json(a, error);
		if (code)
			return code;
	} else if (error) {
		message_diags(&a->direct.kernel.diags, p->quiet);
		message_say("nothing was changed");
	} else if (a->request.dry_run) {
		plan_print(&a->plan);
	} else {
		say_text(a);
	}
	return apply_code(a);
}

static int apply_load_file(struct apply_run *a, const char *path)
{
	int code = given_load(a->program, path, a->options->shrink, &a->given,
			      &a->policy);

	a->request.path = code ? path : given_recording(&a->given)->path;
	return code;
}

/* As the answer to a policy with mistakes is. */
static int apply_refuse_current(struct apply_run *a, const struct fault *f)
{
	struct diags diags = { .arena = a->program->arena };

	diag_error(&diags, NULL, "revision-edited", "%s", f->text);
	if (a->program->json)
		print_json(json_pack("{s:b, s:o}", "ok", 0, "diagnostics",
				     diags_json(&diags)));
	else
		message_say("%s", f->text);
	return EXIT_REFUSED;
}

static int apply_load_current(struct apply_run *a, const char *path)
{
	struct fault f;
	int error;

	/* Which one is current is known when what was cut off has ended. */
	a->lock = change_begin(a->program, &f);
	if (a->lock < 0)
		message_say("%s", f.text);
	error = boot_revision(a->program, &a->revision, &a->instead, &f);
	if (error)
		return apply_refuse_current(a, &f);
	if (a->revision.number) {
		a->request.path = a->revision.path;
		return revision_load(a->program, &a->revision, &a->policy);
	}
	if (path)
		return apply_load_file(a, path);
	message_say("no revision is current in \"%s\": apply a policy first",
		    a->program->state_dir);
	return EXIT_REFUSED;
}

static void apply_direct(struct apply_run *a)
{
	const struct direct_request request = {
		.path = a->request.path,
		.policy = a->policy,
		.rules = a->rules,
		.recording =
			a->revision.number ? NULL : given_recording(&a->given),
		.revision = a->revision.number,
		.why = a->options->why,
		.dry_run = a->options->dry_run,
		.boot = a->options->current,
		.locked = a->lock >= 0,
		.check = a->revision.number ? NULL : given_check,
		.check_ctx = &a->given,
	};

	direct_apply(a->program, &request, &a->direct);
}

/* A dry run is a plan, with another exit status. */
static int apply_rules_of(struct apply_run *a)
{
	int code = a->revision.number ? EXIT_DONE :
					given_check_rules(&a->given, a->rules);

	if (code)
		return code;
	a->request.rules = a->rules;
	a->request.dry_run = a->options->dry_run;
	if (a->request.dry_run) {
		plan_make(a->program, a->request.path, a->policy, a->rules,
			  &a->plan);
		a->direct.kernel = a->plan.outcome;
	} else {
		apply_direct(a);
	}
	code = apply_finish(a);
	plan_free(&a->plan);
	return code;
}

static int apply_command(struct program *p, const void *options, int argc,
			 char **argv)
{
	struct apply_run a = { .program = p,
			       .options = options,
			       .lock = -1,
			       .notes.arena = p->arena };
	const char *path = argc ? argv[0] : NULL;
	struct apply_trial trial = { .wait = a.options->wait };
	struct fault f;
	int code;

	if (trial_stops_parse(a.options->stops.items, a.options->stops.n,
			      &trial.stops, &f))
		return usage_error(p, "--stop-if: %s", f.text);
	if (a.options->trial_s && (a.options->dry_run || a.options->current))
		return usage_error(p, "--trial takes a policy, and neither "
				      "--dry-run nor --current");
	if (a.options->trial_s && trial_duration_check(a.options->trial_s, &f))
		return usage_error(p, "--trial: %s", f.text);
	if (!path && !a.options->current) {
		message_say("apply: which policy?");
		return EXIT_USAGE;
	}
	code = a.options->current ? apply_load_current(&a, path) :
				    apply_load_file(&a, path);
	if (!code && ruleset_new(a.policy, &a.rules))
		code = message_out_of_memory();
	if (!code && a.options->trial_s)
		code = given_check_trial(&a.given, a.rules);
	if (!code && a.options->trial_s) {
		trial.policy = a.policy;
		trial.rules = a.rules;
		trial.recording = given_recording(&a.given);
		trial.duration_s = a.options->trial_s;
		trial.why = a.options->why;
		code = apply_on_trial(p, &trial);
	} else if (!code) {
		code = apply_rules_of(&a);
	}
	ruleset_free(a.rules);
	policy_free(a.policy);
	given_free(&a.given);
	if (a.lock >= 0)
		close(a.lock);
	return code;
}

static const struct option_row apply_option_rows[] = {
	{ .name = "dry-run",
	  .letter = 'n',
	  .type = OPTION_FLAG,
	  .place = offsetof(struct apply_options, dry_run),
	  .help = "say what would change, and change nothing" },
	{ .name = "shrink",
	  .type = OPTION_FLAG,
	  .place = offsetof(struct apply_options, shrink),
	  .help = "load classes though they lose many of their members" },
	{ .name = "why",
	  .type = OPTION_TEXT,
	  .place = offsetof(struct apply_options, why),
	  .value = "TEXT",
	  .help = "say in the journal why" },
	{ .name = "trial",
	  .type = OPTION_DURATION,
	  .place = offsetof(struct apply_options, trial_s),
	  .value = "DURATION",
	  .help = "go back to the rules before, unless \"mailwall confirm\" "
		  "comes in time",
	  .hints = "5m 10m 30m 1h" },
	{ .name = "stop-if",
	  .type = OPTION_TEXTS,
	  .place = offsetof(struct apply_options, stops),
	  .value = "STOP",
	  .needs = "trial",
	  .help = "end the trial sooner: sources=50, submission=50%",
	  .hints = "sources=50 submission=50%" },
	{ .name = "wait",
	  .type = OPTION_FLAG,
	  .place = offsetof(struct apply_options, wait),
	  .needs = "trial",
	  .help = "wait for the end of the trial, as on a terminal" },
	{ .name = "current",
	  .type = OPTION_FLAG,
	  .place = offsetof(struct apply_options, current),
	  .help = "load what was applied last, as at boot; POLICY if nothing "
		  "was" },
	{ OPTION_ROW_QUIET },
	{ OPTION_ROW_JSON },
	{ OPTION_ROW_DEFINE },
	{ 0 }
};

const struct command command_apply = {
	.name = "apply",
	.summary = "load a policy into the kernel",
	.group = GROUP_KERNEL,
	.operands = { "POLICY|PLAN", OPTION_POLICY, 0, 1, "which policy?",
		      NULL },
	.options = apply_option_rows,
	.options_bytes = sizeof(struct apply_options),
	.run = apply_command,
};
