/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Read, plan, commit. The commit names the generation that was read: if
 * anybody changed the rules meanwhile the kernel refuses it whole and we read
 * again, so two applies never mix.
 */
#include "commands.h"
#include "../kernel/kernel_error.h"
#include "kernel_probe.h"
#include "../kernel/acting.h"
#include "../kernel/applied.h"
#include "../apart/loaded_note.h"
#include "../../rules/base/arena.h"
#include "../program/json.h"
#include "../program/message.h"
#include "../option/options.h"
#include "../program/policy_file.h"
#include "../program/program.h"

#include <stdio.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <time.h>

#define TRIES_MOST    20
#define ELEMENTS_MOST 20000 /* in a set that is read back to see drift */

struct apply {
	struct program *program;
	const char *path;
	bool dry_run;
	struct policy *policy;
	struct ruleset *rules;
	struct netlink netlink;
	struct reading reading;
	struct applied applied;
	bool distrust; /* the run file did not hold */
	struct change_summary summary;
	struct acting acting; /* of the table as it was read */
	bool changed;
	struct fault unnoted; /* why the store has no note of it */
	struct diags diags;   /* the kernel's */
	struct diags notes;   /* notes, though all went well */
};

static const char *table_text(struct apply *a, enum family family)
{
	return arena_printf(a->program->arena, "%s %s", family_name(family),
			    TABLE_NAME);
}

static const struct present *mine(const struct apply *a)
{
	return &a->reading.tables[a->rules->family];
}

/* ---- is there anything to do? ---- */

/* The digest says nothing of the sizes of dynamic sets. */
static bool sizes_fit(const struct apply *a)
{
	for (size_t i = 0; i < a->rules->sets.n; i++) {
		const struct set *set = a->rules->sets.items[i];

		for (size_t k = 0; k < mine(a)->sets.n; k++) {
			const struct present_set *ps = &mine(a)->sets.items[k];

			if (set->timeout && !strcmp(set->name, ps->name) &&
			    set->size != ps->size)
				return false;
		}
	}
	return true;
}

static int is_loaded(struct apply *a, bool *loaded)
{
	struct claim claim = { &a->applied, a->reading.generation };
	struct loaded there;
	bool same;
	int error;

	*loaded = false;
	if (!mine(a)->ours || !present_digest_comparable(mine(a)) ||
	    strcmp(mine(a)->digest, a->rules->digest))
		return 0;
	for (int f = 0; f < N_FAMILIES; f++)
		if (f != (int)a->rules->family && a->reading.tables[f].ours)
			return 0;
	error = loaded_read(&a->netlink, &a->reading, a->rules->family,
			    ELEMENTS_MOST, applied_claim, &claim, &there);
	digest_objects_free(&there.objects);
	if (error)
		return error;
	same = !strcmp(there.digest, a->rules->digest);
	/* The rules say this digest and are not it: trust nothing. */
	a->distrust = a->distrust || !same;
	*loaded = same && sizes_fit(a) && !acting_drift(&a->acting);
	return 0;
}

/* ---- one try ---- */

static const struct known *trusted(const struct apply *a)
{
	if (a->distrust || !applied_matches(&a->applied, mine(a)))
		return NULL;
	return &a->applied.known;
}

/* Says what the kernel that refused the rules cannot do, and what instead. */
static void say_kernel_lacks(struct apply *a)
{
	struct kernel_facts facts;

	kernel_probe(a->rules, &facts);
	kernel_needs(a->rules, &facts, &a->diags);
}

static int commit(struct apply *a, struct kernel_errors *errors)
{
	struct arena *arena = a->program->arena;
	struct batch *b = batch_new(a->reading.generation);
	int error;

	if (!b)
		return -ENOMEM;
	change_build(b, arena, a->rules, a->reading.tables, trusted(a),
		     &a->summary);
	error = batch_error(b);
	if (!error && !a->dry_run) {
		error = transaction_commit(&a->netlink, b, errors);
		if (error)
			kernel_error_diags(&a->diags, errors, error);
		if (error && errors->n)
			say_kernel_lacks(a);
	}
	batch_free(b);
	return error;
}

static bool taken_by_others(struct apply *a)
{
	if (!mine(a)->exists || mine(a)->ours)
		return false;
	diag_error(&a->diags, NULL, "table-taken",
		   "table %s exists and was not made by mailwall",
		   table_text(a, a->rules->family))
		->help = arena_printf(
		a->program->arena,
		"rename it, or look at it with \"nft list table %s\" "
		"and delete it",
		table_text(a, a->rules->family));
	return true;
}

/* The members in the kernel are not those that were remembered. */
static bool members_differ(int error)
{
	return error == -ENOENT || error == -EEXIST;
}

static int try_once(struct apply *a)
{
	struct kernel_errors errors = { 0 };
	bool loaded;
	int error;

	a->diags.n = a->diags.errors = 0;
	error = kernel_read(&a->netlink, a->program->arena, &a->reading);
	if (!error && taken_by_others(a))
		return -EBUSY;
	a->acting.n = 0;
	if (!error && mine(a)->ours)
		acting_read(a->program->arena, mine(a), &a->acting);
	if (!error)
		error = is_loaded(a, &loaded);
	if (error) {
		kernel_error_diags(&a->diags, &errors, error);
		return error;
	}
	if (loaded)
		return 0;
	error = commit(a, &errors);
	if (members_differ(error) && trusted(a)) {
		a->distrust = true;
		return -ERESTART;
	}
	a->changed = !error;
	return error;
}

/* Reads what is loaded where the kernel lost its answer. */
static int look_again(struct apply *a)
{
	int error = kernel_read(&a->netlink, a->program->arena, &a->reading);

	if (error)
		return error;
	a->changed = !strcmp(mine(a)->digest, a->rules->digest);
	return a->changed ? 0 : -ERESTART;
}

static int apply(struct apply *a)
{
	int error = -ERESTART;

	for (int i = 0; i < TRIES_MOST && transaction_try_again(error); i++) {
		/* Whoever is in between is given a moment, longer each time */
		struct timespec wait = { .tv_nsec = 2000000L * i };

		if (i && !a->distrust)
			nanosleep(&wait, NULL);
		error = try_once(a);
		if (error == -ENOBUFS)
			error = look_again(a);
	}
	return error;
}

/* ---- what to say ---- */

static void remember(struct apply *a)
{
	int error = applied_save(a->program, a->rules,
				 a->reading.generation + 1, a->path);

	if (error)
		message_say(
			"cannot remember what was loaded in %s: %s; the next "
			"change will send every set whole",
			a->program->run_dir, strerror(-error));
}

/* ---- notes, though all went well ---- */

/* An export that failed leaves an empty list: that is not for -q to hide. */
static void apply_note_empty(struct apply *a)
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
static void apply_note_devices(struct apply *a)
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

static void apply_note_size(struct apply *a, const struct set *set)
{
	for (size_t i = 0; i < mine(a)->sets.n; i++) {
		const struct present_set *ps = &mine(a)->sets.items[i];

		if (!strcmp(ps->name, set->name) && ps->has_count &&
		    ps->count > set->size)
			diag_warning(&a->notes, set->origin, "size-below",
				     "set %s has %u members, more than its "
				     "size %u: until they are fewer it takes "
				     "no other",
				     set->name, ps->count, set->size);
	}
}

static void apply_note_all(struct apply *a)
{
	a->notes.n = 0;
	if (a->policy->observe)
		diag_warning(&a->notes, NULL, "observe",
			     "mode observe: nothing is blocked");
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
static json_t *all_diags(const struct apply *a)
{
	json_t *list = diags_json(&a->policy->diags);

	apply_add_diags(list, &a->diags);
	apply_add_diags(list, &a->notes);
	return list;
}

/* Another family's table of ours, which goes; or NULL. */
static const struct present *apply_replaced(const struct apply *a,
					    enum family *family)
{
	for (int f = 0; f < N_FAMILIES; f++)
		if (f != (int)a->rules->family && a->reading.tables[f].ours) {
			*family = (enum family)f;
			return &a->reading.tables[f];
		}
	return NULL;
}

static void apply_add_replaced(struct apply *a, json_t *o)
{
	enum family family;
	const struct present *p = apply_replaced(a, &family);

	json_object_set_new(o, "replaced_table",
			    p ? text_json(table_text(a, family)) : json_null());
	json_object_set_new(o, "replaced_digest",
			    p && *p->digest ? text_json(p->digest) :
					      json_null());
}

static void apply_add_mended(const struct apply *a, json_t *o)
{
	json_t *list = json_array();

	for (size_t i = 0; i < a->acting.n && a->changed; i++)
		if (a->acting.items[i].drift)
			json_array_append_new(
				list, text_json(a->acting.items[i].name));
	json_object_set_new(o, "mended", list);
}

static json_t *apply_json(struct apply *a, int error)
{
	const struct change_summary *s = &a->summary;
	bool ok = !error;

	return json_pack(
		"{s:b, s:b, s:b, s:o, s:s, s:s, s:s, s:o, s:{s:I, s:I, s:I, "
		"s:I, s:I, s:I, s:I, s:I}, s:o}",
		"ok", ok, "changed", ok && a->changed, "dry_run", a->dry_run,
		"policy", text_json(a->policy->name), "mode",
		a->policy->observe ? "observe" : "enforce", "digest",
		a->rules->digest, "table", table_text(a, a->rules->family),
		"previous_digest",
		*mine(a)->digest ? text_json(mine(a)->digest) : json_null(),
		"summary", "rules", (json_int_t)s->rules, "sets_added",
		(json_int_t)s->sets_added, "sets_removed",
		(json_int_t)s->sets_removed, "counters_added",
		(json_int_t)s->counters_added, "counters_removed",
		(json_int_t)s->counters_removed, "elements_added",
		(json_int_t)s->elements_added, "elements_removed",
		(json_int_t)s->elements_removed, "members_lost",
		(json_int_t)s->members_lost, "diagnostics", all_diags(a));
}

static int apply_say_json(struct apply *a, int error)
{
	json_t *o = apply_json(a, error);

	if (o) {
		apply_add_replaced(a, o);
		apply_add_mended(a, o);
	}
	return print_json(o);
}

/* ---- as text ---- */

static void apply_say_changed(struct apply *a)
{
	const struct change_summary *s = &a->summary;

	printf("%s: %s %s, digest %s: %zu rules, %zu elements added, %zu "
	       "removed\n",
	       a->policy->name,
	       a->dry_run	? "would be loaded into table" :
	       s->creates_table ? "loaded into new table" :
				  "loaded into table",
	       table_text(a, a->rules->family), a->rules->digest, s->rules,
	       s->elements_added, s->elements_removed);
	for (size_t i = 0; i < a->acting.n; i++)
		if (a->acting.items[i].drift)
			printf("%s: %s\n",
			       a->dry_run ? "would be mended" : "mended",
			       a->acting.items[i].text);
	if (s->other_tables_removed)
		printf("our table of another family %s removed, with its "
		       "counters\n",
		       a->dry_run ? "would be" : "was");
	if (s->members_lost)
		printf("%zu members of dynamic classes that the policy does "
		       "not use any more %s gone\n",
		       s->members_lost, a->dry_run ? "would be" : "are");
}

static void say_text(struct apply *a)
{
	if (a->changed)
		apply_say_changed(a);
	else
		printf("%s: unchanged, digest %s\n", a->policy->name,
		       a->rules->digest);
	for (size_t i = 0; i < a->notes.n; i++)
		printf("%s\n", a->notes.items[i].message);
}

static void apply_note_loaded(struct apply *a)
{
	loaded_note_write(a->policy->name, a->rules->digest,
			  a->reading.generation + 1, &a->unnoted);
}

static int apply_finish(struct apply *a, int error)
{
	struct program *p = a->program;
	int code;

	if (!error && a->changed && !a->dry_run) {
		remember(a);
		apply_note_loaded(a);
	}
	if (!error)
		apply_note_all(a);
	if (p->json) {
		code = apply_say_json(a, error);
		if (code)
			return code;
	} else if (error) {
		message_diags(&a->diags, p->quiet);
		message_say("nothing was changed");
	} else {
		say_text(a);
	}
	return error ? EXIT_REFUSED : EXIT_DONE;
}

static int apply_open_and_run(struct apply *a)
{
	int error = netlink_open(&a->netlink), code;

	if (error) {
		kernel_error_diags(&a->diags, &(struct kernel_errors){ 0 },
				   error);
		return apply_finish(a, error);
	}
	applied_load(a->program, &a->applied);
	error = apply(a);
	code = apply_finish(a, error);
	netlink_close(&a->netlink);
	return code;
}

struct apply_options {
	bool dry_run;
};

static int apply_run(struct program *p, const void *options, int argc,
		     char **argv)
{
	const struct apply_options *o = options;
	struct apply a = { .program = p,
			   .path = argv[0],
			   .dry_run = o->dry_run,
			   .diags.arena = p->arena,
			   .notes.arena = p->arena };
	int code = load_good_policy(p, a.path, &a.policy);

	(void)argc;
	if (code)
		return code;
	if (ruleset_new(a.policy, &a.rules)) {
		message_say("out of memory");
		return EXIT_REFUSED;
	}
	code = apply_open_and_run(&a);
	ruleset_free(a.rules);
	policy_free(a.policy);
	return code;
}

static const struct option_row apply_rows[] = {
	{ .name = "dry-run",
	  .letter = 'n',
	  .type = OPTION_FLAG,
	  .place = offsetof(struct apply_options, dry_run),
	  .help = "say what would change, and change nothing" },
	{ OPTION_ROW_QUIET },
	{ OPTION_ROW_JSON },
	{ OPTION_ROW_DEFINE },
	{ 0 }
};

const struct command command_apply = {
	.name = "apply",
	.summary = "load a policy into the kernel",
	.group = GROUP_KERNEL,
	.operands = { "POLICY", OPTION_POLICY, 1, 1, "which policy?", NULL },
	.options = apply_rows,
	.options_bytes = sizeof(struct apply_options),
	.run = apply_run,
};
