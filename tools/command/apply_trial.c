/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply_trial.h"
#include "../change/trial_wait.h"
#include "../program/json.h"
#include "../program/message.h"
#include "../../rules/base/arena.h"
#include "../../rules/base/units.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

struct on_trial {
	struct program *program;
	const struct apply_trial *options;
	struct trial_stops stops; /* without what nobody looks at */
	struct trial_outcome outcome;
	bool waits, shows;
	const char *unwatched; /* a note on a stop that is none; NULL */
};

int trial_say_refused(struct program *p, const struct fault *f, int error)
{
	struct diags diags = { .arena = p->arena };
	int printed;

	diag_error(&diags, NULL, error == -ENOENT ? "no-trial" : "refused",
		   "%s", f->text);
	if (!p->json) {
		message_diags(&diags, p->quiet);
		return EXIT_REFUSED;
	}
	printed = print_json(json_pack("{s:b, s:o}", "ok", 0, "diagnostics",
				       diags_json(&diags)));
	return printed ? printed : EXIT_REFUSED;
}

/* ---- a stop that needs somebody who looks ---- */

static void on_trial_watch(struct on_trial *t)
{
	t->shows = isatty(STDERR_FILENO) && isatty(STDIN_FILENO) &&
		   !t->program->json;
	t->waits = t->options->wait || t->shows;
	t->stops = t->options->stops;
	if (t->waits || !t->stops.submission_percent)
		return;
	t->stops.submission_percent = 0;
	t->unwatched = "nobody watches submission: that stop needs a terminal, "
		       "or --wait";
}

static void on_trial_check_measure(struct on_trial *t)
{
	if (t->stops.submission_percent &&
	    t->outcome.measured < TRIAL_MEASURED_LEAST)
		t->unwatched = arena_printf(
			t->program->arena,
			"%u openings of submission in %d s before the trial "
			"are too few to compare with: that stop is left out",
			t->outcome.measured, TRIAL_LOOK_S);
}

/* ---- what to say ---- */

static void on_trial_say_json(const struct on_trial *t)
{
	print_json(json_pack(
		"{s:b, s:b, s:b, s:o, s:s, s:I, s:o, s:I, s:{s:o, s:o}, s:o}",
		"ok", 1, "trial", !t->outcome.unchanged, "changed",
		!t->outcome.unchanged, "policy",
		text_json(t->options->policy->name), "digest",
		t->options->rules->digest, "revision",
		(json_int_t)t->outcome.revision, "base_revision",
		t->outcome.base ? json_integer(t->outcome.base) : json_null(),
		"duration_s", (json_int_t)t->options->duration_s, "stops",
		"sources",
		t->stops.sources ? json_integer(t->stops.sources) : json_null(),
		"submission_percent",
		t->stops.submission_percent ?
			json_integer(t->stops.submission_percent) :
			json_null(),
		"note", t->unwatched ? text_json(t->unwatched) : json_null()));
}

static void on_trial_say_stops(const struct on_trial *t)
{
	if (t->stops.sources)
		printf("it ends sooner when more than %u sources of a family "
		       "are newly blocked\n",
		       t->stops.sources);
	if (t->stops.submission_percent && !t->unwatched)
		printf("it ends sooner when less than %u%% of the openings of "
		       "submission pass (%u in %d s before)\n",
		       t->stops.submission_percent, t->outcome.measured,
		       TRIAL_LOOK_S);
	if (t->unwatched)
		printf("%s\n", t->unwatched);
}

static void on_trial_say(const struct on_trial *t)
{
	char duration[16];

	duration_print(duration, t->options->duration_s);
	if (t->outcome.unchanged) {
		printf("%s: unchanged, digest %s: there is nothing to try\n",
		       t->options->policy->name, t->options->rules->digest);
		return;
	}
	printf("%s: revision %u is on trial for %s; then ",
	       t->options->policy->name, t->outcome.revision, duration);
	if (t->outcome.base)
		printf("the rules of revision %u decide again\n",
		       t->outcome.base);
	else
		puts("no rules decide, as before");
	on_trial_say_stops(t);
	puts("to keep it: mailwall confirm");
	fflush(stdout);
}

/* ---- to wait ---- */

static int on_trial_wait(struct on_trial *t)
{
	enum trial_waited waited;
	struct fault f;
	int error = trial_wait(t->program, &t->outcome, &t->stops, t->shows,
			       &waited, &f);

	if (error)
		return fault_say(&f, error);
	switch (waited) {
	case WAITED_CONFIRMED:
		message_say("revision %u is confirmed", t->outcome.revision);
		return EXIT_DONE;
	case WAITED_ENDED:
		return EXIT_NO;
	case WAITED_INTERRUPTED:
		message_say("nobody waits any more, and the trial goes on: "
			    "\"mailwall confirm\" keeps it, \"mailwall "
			    "rollback\" ends it");
		return EXIT_DONE;
	}
	return EXIT_DONE;
}

int apply_on_trial(struct program *p, const struct apply_trial *options)
{
	struct on_trial t = { .program = p, .options = options };
	struct trial_request request = {
		.policy = options->policy,
		.rules = options->rules,
		.recording = options->recording,
		.duration_s = options->duration_s,
		.why = options->why,
	};
	struct fault f;
	int error;

	on_trial_watch(&t);
	request.stops = t.stops;
	error = trial_begin(p, &request, &t.outcome, &f);
	if (error)
		return trial_say_refused(p, &f, error);
	on_trial_check_measure(&t);
	if (p->json)
		on_trial_say_json(&t);
	else
		on_trial_say(&t);
	return t.waits && !t.outcome.unchanged ? on_trial_wait(&t) : EXIT_DONE;
}
