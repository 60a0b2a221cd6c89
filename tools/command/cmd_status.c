/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The digest in the kernel says what was loaded; the digest of what the
 * kernel holds says what is there. Where they differ somebody changed our
 * table by hand.
 */
#include "commands.h"
#include "../kernel/kernel_error.h"
#include "../kernel/acting.h"
#include "../kernel/applied.h"
#include "../kernel/difference.h"
#include "../status/status_daemon.h"
#include "../status/status_guards.h"
#include "../status/status_hosts.h"
#include "../status/status_trial.h"
#include "../../rules/base/arena.h"
#include "../program/json.h"
#include "../program/message.h"
#include "../option/options.h"
#include "../option/definitions.h"
#include "../program/policy_file.h"
#include "../program/program.h"

#include <stdio.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TRIES_MOST    20
#define CONFIRM_MS    20
#define PATIENCE_S    5 /* for more tries: a large transaction takes a second */
#define ELEMENTS_MOST 20000 /* in a set that is read back unasked */
/* In a set that the kernel does not count, and how long to count in all. */
#define UNCOUNTED_MOST 200000
#define COUNT_MS       2000

static const char *const state_names[] = { "as-loaded", "drift", "other-policy",
					   "unverified", "other-version" };

struct status {
	struct program *program;
	bool verify, prometheus;
	const char *path; /* the policy to compare with; may be NULL */
	struct policy *policy;
	struct ruleset *rules;
	bool text; /* nft loaded it, and left out some */
	struct netlink netlink;
	struct reading reading;
	struct applied applied;
	struct loaded loaded;
	struct acting acting;
	int family;
	enum state state;
	struct differences differences;
	struct trial_facts trial;
};

static const struct present *status_table(const struct status *s)
{
	return &s->reading.tables[s->family];
}

/* ---- what differs ---- */

/* Is what was remembered the policy that the table says it holds? */
static bool applied(const struct status *s)
{
	return s->applied.valid &&
	       !strcmp(s->applied.digest, status_table(s)->digest);
}

static void find_differences(struct status *s)
{
	struct digest_objects own = { 0 };
	const struct object_texts there = { s->loaded.objects.items,
					    s->loaded.objects.n };
	struct object_texts wanted = { (char *const *)s->applied.objects,
				       s->applied.n_objects };

	if (s->rules) {
		if (ruleset_objects(s->rules, &own))
			own.n = 0;
		wanted = (struct object_texts){ own.items, own.n };
	} else if (!applied(s)) {
		return;
	}
	if (wanted.n)
		differences_find(s->program->arena, &wanted, &there,
				 &s->differences);
	digest_objects_free(&own);
}

static void status_judge(struct status *s)
{
	const char *digest = status_table(s)->digest;
	/* The trial of a first policy is beside no rules. */
	bool same = !strcmp(s->loaded.digest, digest) ||
		    (s->trial.alone && !s->loaded.objects.n);

	acting_read(s->program->arena, status_table(s), &s->acting);
	if (!present_digest_comparable(status_table(s))) {
		s->state = STATE_VERSION;
		return;
	}
	if (s->rules && strcmp(s->rules->digest, digest))
		s->state = STATE_OTHER;
	else if (acting_drift(&s->acting))
		s->state = STATE_DRIFT;
	else if (same)
		s->state = STATE_AS_LOADED;
	else if (!s->loaded.elements_read)
		s->state = STATE_UNVERIFIED;
	else
		s->state = STATE_DRIFT;
	if (!same || s->state == STATE_OTHER)
		find_differences(s);
	/* A set that was not read is no difference; anything else is one. */
	if (s->state == STATE_UNVERIFIED)
		for (size_t i = 0; i < s->differences.n; i++)
			if (strncmp(s->differences.items[i].object, "set ", 4))
				s->state = STATE_DRIFT;
}

/* ---- clauses in the order of the policy ---- */

/* "policy:17" comes before "policy:other.policy:3", and 9 before 17. */
static int compare_clauses(const void *pa, const void *pb)
{
	const char *a = ((const struct loaded_clause *)pa)->id;
	const char *b = ((const struct loaded_clause *)pb)->id;
	const char *ea = strrchr(a, ':'), *eb = strrchr(b, ':');
	size_t la = ea ? (size_t)(ea - a) : 0, lb = eb ? (size_t)(eb - b) : 0;
	int files = strncmp(a, b, la < lb ? la : lb);

	if (files || la != lb)
		return files ? files : la < lb ? -1 : 1;
	return atol(a + la + 1) < atol(b + lb + 1) ? -1 : 1;
}

static const struct present_counter *find_counter(const struct status *s,
						  const char *name)
{
	for (size_t i = 0; i < status_table(s)->counters.n; i++)
		if (!strcmp(status_table(s)->counters.items[i].name, name))
			return &status_table(s)->counters.items[i];
	return NULL;
}

static const struct present_counter *over_counter(const struct status *s,
						  const char *name)
{
	return find_counter(s,
			    arena_printf(s->program->arena, "%s-over", name));
}

/* ---- sets ---- */

/* Maps of ports are how the rules work, not what they know. */
static bool is_shown(const struct present_set *set)
{
	return !(set->flags & NFT_SET_MAP);
}

static bool is_dynamic(const struct present_set *set)
{
	return set->flags & NFT_SET_TIMEOUT;
}

/* ---- as JSON ---- */

static json_t *clause_json(const struct status *s,
			   const struct loaded_clause *c)
{
	const struct present_counter *over = over_counter(s, c->counter);
	json_t *o = json_pack(
		"{s:o, s:o, s:o, s:I, s:I}", "id", text_json(c->id), "text",
		text_json(c->text), "counter", text_json(c->counter), "packets",
		(json_int_t)c->packets, "bytes", (json_int_t)c->bytes);

	if (over) {
		json_object_set_new(o, "over_packets",
				    json_integer((json_int_t)over->packets));
		json_object_set_new(o, "over_bytes",
				    json_integer((json_int_t)over->bytes));
	}
	if (c->would) {
		json_object_set_new(
			o, "observed_packets",
			json_integer((json_int_t)c->observed_packets));
		json_object_set_new(
			o, "observed_bytes",
			json_integer((json_int_t)c->observed_bytes));
	}
	return o;
}

static json_t *acting_json(const struct status *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->acting.n; i++) {
		const struct acting_fault *f = &s->acting.items[i];

		json_array_append_new(
			list, json_pack("{s:s, s:o, s:o, s:s, s:b}", "fault",
					f->name, "object",
					*f->object ? text_json(f->object) :
						     json_null(),
					"text", text_json(f->text), "help",
					f->help, "opens", f->opens));
	}
	return list;
}

static json_t *set_json(const struct present_set *set)
{
	return json_pack(
		"{s:o, s:o, s:o, s:o, s:b}", "name", text_json(set->name),
		"elements",
		set->has_count ? json_integer(set->count) : json_null(), "size",
		set->size ? json_integer(set->size) : json_null(), "fits",
		set->size ? json_integer(set->fits) : json_null(), "dynamic",
		is_dynamic(set));
}

static const char *status_mode(const struct status *s)
{
	return s->loaded.observes ? "observe" : "enforce";
}

static int status_say_json(struct status *s)
{
	json_t *clauses = json_array(), *sets = json_array();
	json_t *differences = json_array();
	const struct present_counter *hidden =
		find_counter(s, COUNTER_SUPPRESSED);

	for (size_t i = 0; i < s->loaded.clauses.n; i++)
		json_array_append_new(
			clauses, clause_json(s, &s->loaded.clauses.items[i]));
	for (size_t i = 0; i < status_table(s)->sets.n; i++)
		if (is_shown(&status_table(s)->sets.items[i]))
			json_array_append_new(
				sets,
				set_json(&status_table(s)->sets.items[i]));
	for (size_t i = 0; i < s->differences.n; i++)
		json_array_append_new(
			differences,
			json_pack("{s:s, s:o}", "kind",
				  s->differences.items[i].kind, "object",
				  text_json(s->differences.items[i].object)));
	return print_json(json_pack(
		"{s:b, s:s, s:b, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:I, s:o, "
		"s:o, s:o, s:o, s:o, s:o}",
		"loaded", 1, "mode", status_mode(s), "acting",
		!s->loaded.observes && !acting_opens(&s->acting), "faults",
		acting_json(s), "policy", text_json(status_table(s)->policy),
		"digest", text_json(status_table(s)->digest), "table",
		json_sprintf("%s %s", family_name((enum family)s->family),
			     TABLE_NAME),
		"state", state_names[s->state], "policy_file",
		text_json(applied(s) ? s->applied.path : NULL),
		"log_suppressed",
		hidden ? json_integer((json_int_t)hidden->packets) :
			 json_null(),
		"generation", (json_int_t)s->reading.generation, "differences",
		differences, "clauses", clauses, "sets", sets, "guards",
		guards_json(status_table(s)), "trial",
		trial_facts_json(&s->trial), "guard_daemon",
		daemon_json(s->program->run_dir, status_table(s))));
}

/* ---- as text ---- */

static void print_state(const struct status *s)
{
	printf("mode     %s%s\n", status_mode(s),
	       s->loaded.observes ? ": nothing is blocked" : "");
	for (size_t i = 0; i < s->acting.n; i++)
		printf("FAULT    %s: %s\n", s->acting.items[i].text,
		       s->acting.items[i].help);
	daemon_print(s->program->run_dir, status_table(s));
	printf("policy   %s\ndigest   sha256:%s\ntable    %s %s\nstate    ",
	       status_table(s)->policy, status_table(s)->digest,
	       family_name((enum family)s->family), TABLE_NAME);
	switch (s->state) {
	case STATE_AS_LOADED:
		puts("the kernel holds exactly that");
		if (s->text)
			puts("         loaded as text, which cannot look "
			     "behind "
			     "a second tag, PPPoE, MPLS; apply does");
		break;
	case STATE_DRIFT:
		puts("DRIFT: somebody changed the table since; apply again");
		break;
	case STATE_OTHER:
		printf("another policy than %s is loaded\n", s->path);
		break;
	case STATE_VERSION:
		puts("not known: another version of mailwall loaded it, whose "
		     "digest is made otherwise; apply again");
		break;
	case STATE_UNVERIFIED:
		puts("unverified: a set is too large to read back unasked; "
		     "--verify does, and tells");
		break;
	}
	for (size_t i = 0; i < s->differences.n && s->state != STATE_OTHER; i++)
		printf("         %s: %s\n", s->differences.items[i].kind,
		       s->differences.items[i].object);
}

static void status_print_count(uint64_t packets, uint64_t bytes,
			       const struct loaded_clause *c, const char *would,
			       const char *text)
{
	printf("%12llu %14llu  %s  %s%s\n", (unsigned long long)packets,
	       (unsigned long long)bytes, c->id, would, text);
}

static void status_print_clause(const struct status *s,
				const struct loaded_clause *c)
{
	const struct present_counter *over = over_counter(s, c->counter);

	if (over || !c->would)
		status_print_count(c->packets, c->bytes, c, "", c->text);
	else
		status_print_count(c->observed_packets, c->observed_bytes, c,
				   "would ", c->text);
	if (over && c->would)
		status_print_count(c->observed_packets, c->observed_bytes, c,
				   "would be ", "over the rate");
	else if (over)
		status_print_count(over->packets, over->bytes, c, "",
				   "over the rate");
}

static void status_print_clauses(const struct status *s)
{
	if (s->loaded.clauses.n)
		printf("\n%12s %14s  %s\n", "PACKETS", "BYTES", "CLAUSE");
	for (size_t i = 0; i < s->loaded.clauses.n; i++)
		status_print_clause(s, &s->loaded.clauses.items[i]);
}

static void print_sets(struct status *s)
{
	const struct present_counter *hidden =
		find_counter(s, COUNTER_SUPPRESSED);

	printf("\n%12s %14s  %s\n", "ELEMENTS", "SIZE", "SET");
	for (size_t i = 0; i < status_table(s)->sets.n; i++) {
		const struct present_set *set = &status_table(s)->sets.items[i];
		char size[16] = "-", elements[32] = "not known";

		if (!is_shown(set))
			continue;
		if (set->size)
			snprintf(size, sizeof(size), "%u", set->size);
		if (set->has_count)
			snprintf(elements, sizeof(elements), "%u", set->count);
		printf("%12s %14s  %s%s\n", elements, size, set->name,
		       is_dynamic(set) ? "  dynamic" : "");
	}
	if (hidden)
		printf("\n%llu log entries suppressed by the log's limit\n",
		       (unsigned long long)hidden->packets);
}

/* ---- for those who watch over hosts ---- */

static bool is_for_hosts(const struct status *s)
{
	return s->prometheus || s->program->nagios;
}

static int say_to_hosts(struct status *s)
{
	struct host_facts f = { .path = s->path };
	struct arena *a = s->program->arena;

	if (s->family >= 0) {
		f.table = status_table(s);
		f.loaded = &s->loaded;
		f.acting = &s->acting;
		f.observe_wanted = s->policy && s->policy->observe;
		f.state = s->state;
		f.differences = s->differences.n;
		f.trial = &s->trial;
	}
	if (f.differences)
		f.difference =
			arena_printf(a, "%s: %s", s->differences.items[0].kind,
				     s->differences.items[0].object);
	return s->prometheus ? prometheus_report(a, &f) :
			       nagios_report(a, s->program->nagios, &f);
}

/* ---- the command ---- */

static int say_nothing_loaded(struct status *s)
{
	int printed;

	if (is_for_hosts(s))
		return say_to_hosts(s);
	if (s->program->json) {
		printed = print_json(json_pack("{s:b}", "loaded", 0));
		return printed ? printed : EXIT_NO;
	}
	puts("nothing of mailwall's is loaded");
	return EXIT_NO;
}

static int status_say_refused(struct program *p, int error)
{
	struct diags diags = { .arena = p->arena };
	int printed;

	diag_error(&diags, NULL, "kernel-refused",
		   "cannot read the kernel's rules: %s",
		   kernel_error_text(-error));
	if (!p->json) {
		message_diags(&diags, p->quiet);
		return EXIT_REFUSED;
	}
	printed = print_json(json_pack("{s:b, s:o}", "ok", 0, "diagnostics",
				       diags_json(&diags)));
	return printed ? printed : EXIT_REFUSED;
}

static int report(struct status *s)
{
	int code = EXIT_DONE;

	status_judge(s);
	if (s->loaded.clauses.n)
		qsort(s->loaded.clauses.items, s->loaded.clauses.n,
		      sizeof(*s->loaded.clauses.items), compare_clauses);
	if (is_for_hosts(s))
		return say_to_hosts(s);
	if (s->program->json) {
		code = status_say_json(s);
	} else {
		print_state(s);
		status_print_clauses(s);
		guards_print(status_table(s));
		print_sets(s);
		trial_facts_print(&s->trial);
	}
	if (code)
		return code;
	if (acting_opens(&s->acting) || s->trial.drifted)
		return EXIT_NO;
	return s->state == STATE_DRIFT || s->state == STATE_OTHER ? EXIT_NO :
								    EXIT_DONE;
}

/* Between a change and its being remembered what is remembered is older. */
static int read_kernel(struct status *s)
{
	struct claim claim = { &s->applied, 0 };
	size_t most = s->verify	      ? SIZE_MAX :
		      is_for_hosts(s) ? HOSTS_ELEMENTS_MOST :
					ELEMENTS_MOST;
	int error = kernel_read(&s->netlink, s->program->arena, &s->reading);
	const struct count_limit limit = {
		.counted_most = most,
		.uncounted_most = s->verify ? SIZE_MAX : UNCOUNTED_MOST,
		.time_ms = s->verify ? INT32_MAX : COUNT_MS,
	};
	bool claims;

	s->family = error ? -1 : reading_family(&s->reading);
	if (error || s->family < 0)
		return error;
	applied_load_brief(s->program, &s->applied);
	claims = !s->verify && applied(s);
	claim.generation = s->reading.generation;
	error = loaded_read(&s->netlink, &s->reading, (enum family)s->family,
			    most, claims ? applied_claim : NULL, &claim,
			    &s->loaded);
	if (!error)
		error = kernel_count_members(
			&s->netlink, (enum family)s->family,
			&s->reading.tables[s->family], &limit);
	trial_facts_free(&s->trial);
	return error ? error :
		       trial_facts_read(s->program, &s->netlink, &s->reading,
					&s->loaded, &s->trial);
}

static bool differs(const struct status *s)
{
	return s->family >= 0 && present_digest_comparable(status_table(s)) &&
	       strcmp(s->loaded.digest, status_table(s)->digest);
}

/*
 * A transaction counts what it adds before it is committed, in the generation
 * before: a difference is one if it is still there a while later.
 */
static int read_twice(struct status *s)
{
	const struct timespec wait = { .tv_nsec = CONFIRM_MS * 1000000 };
	char digest[DIGEST_TEXT_BYTES];
	uint32_t generation;
	int error = read_kernel(s);

	if (error || s->verify || !differs(s))
		return error;
	generation = s->reading.generation;
	strcpy(digest, s->loaded.digest);
	digest_objects_free(&s->loaded.objects);
	nanosleep(&wait, NULL);
	error = read_kernel(s);
	if (error || !differs(s))
		return error;
	return s->reading.generation == generation &&
			       !strcmp(s->loaded.digest, digest) ?
		       0 :
		       -EINTR;
}

static time_t status_now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static int status_read_steadily(struct status *s)
{
	time_t until_s = status_now_s() + PATIENCE_S;
	int error = read_twice(s);

	for (int i = 1; transaction_try_again(error); i++) {
		if (i >= TRIES_MOST && status_now_s() > until_s)
			break;
		digest_objects_free(&s->loaded.objects);
		error = read_twice(s);
	}
	return error;
}

/* A policy is loaded by messages or by text, which cannot say all of it. */
static int follow_text(struct status *s)
{
	struct ruleset *text;

	if (!s->rules || s->family < 0 || !ruleset_looks_inside(s->policy))
		return 0;
	if (ruleset_new_text(s->policy, &text))
		return -ENOMEM;
	s->text = !strcmp(text->digest, status_table(s)->digest);
	if (s->text) {
		ruleset_free(s->rules);
		s->rules = text;
	} else {
		ruleset_free(text);
	}
	return 0;
}

static int status_open_and_run(struct status *s)
{
	int error = netlink_open(&s->netlink), code;

	if (!error)
		error = status_read_steadily(s);
	if (!error)
		error = follow_text(s);
	if (error)
		code = status_say_refused(s->program, error);
	else if (s->family < 0)
		code = say_nothing_loaded(s);
	else
		code = report(s);
	digest_objects_free(&s->loaded.objects);
	trial_facts_free(&s->trial);
	netlink_close(&s->netlink);
	return code;
}

static int run_policy(struct status *s)
{
	int code = EXIT_DONE;

	if (s->path && !definitions_of_machine(s->program))
		code = EXIT_NO;
	else if (s->path)
		code = load_good_policy(s->program, s->path, &s->policy);
	if (!code && s->policy && ruleset_new(s->policy, &s->rules))
		code = EXIT_REFUSED;
	if (!code)
		code = status_open_and_run(s);
	ruleset_free(s->rules);
	policy_free(s->policy);
	return code;
}

struct status_options {
	bool verify, prometheus, nagios;
	struct nagios_limits limits;
};

static int status_run(struct program *p, const void *options, int argc,
		      char **argv)
{
	const struct status_options *o = options;
	struct status s = { .program = p,
			    .path = argc ? argv[0] : NULL,
			    .verify = o->verify,
			    .prometheus = o->prometheus };

	if (p->definitions.n && !s.path)
		return usage_error(p, "--define needs a policy");
	if (o->limits.warning > o->limits.critical)
		return usage_error(p,
				   "--warning %u is above --critical %u: it "
				   "would never be a warning",
				   o->limits.warning, o->limits.critical);
	if (p->nagios)
		p->nagios->limits = o->limits;
	p->quiet = true;
	return run_policy(&s);
}

static int status_around(struct program *p, int argc, char **argv)
{
	return nagios_is_asked(argc, argv) ? nagios_run(p, argc, argv) :
					     command_run(p, argc, argv);
}

#define PLACE(member) .place = offsetof(struct status_options, member)

static const struct option_row status_rows[] = {
	{ .name = "verify",
	  .letter = 'v',
	  .type = OPTION_FLAG,
	  PLACE(verify),
	  .help = "read every set back, however large" },
	{ OPTION_ROW_JSON, .one_of = "form" },
	{ .name = "prometheus",
	  .type = OPTION_FLAG,
	  PLACE(prometheus),
	  .one_of = "form",
	  .help = "print metrics" },
	{ .name = "nagios",
	  .type = OPTION_FLAG,
	  PLACE(nagios),
	  .one_of = "form",
	  .help = "print the line of a monitoring plugin, and exit as one" },
	{ .name = "warning",
	  .was = 'w',
	  .type = OPTION_PERCENT,
	  PLACE(limits.warning),
	  .value = "PERCENT",
	  .needs = "nagios",
	  .help = "warn of a set that is filled so far; 80 if not given" },
	{ .name = "critical",
	  .was = 'c',
	  .type = OPTION_PERCENT,
	  PLACE(limits.critical),
	  .value = "PERCENT",
	  .needs = "nagios",
	  .help = "what is critical; 90 if not given" },
	{ .name = "findings",
	  .was = 'f',
	  .type = OPTION_NUMBER,
	  .left_out = LEFT_OUT,
	  PLACE(limits.findings),
	  .most = UINT32_MAX,
	  .value = "COUNT",
	  .needs = "nagios",
	  .help = "findings in an hour that are no warning; 0 if not given" },
	{ OPTION_ROW_DEFINE },
	{ 0 }
};

static const struct status_options status_defaults = {
	.limits = { .warning = 80, .critical = 90 }
};

const struct command command_status = {
	.name = "status",
	.summary = "show what is loaded, and whether it still is",
	.group = GROUP_KERNEL,
	.operands = { "[POLICY]", OPTION_POLICY, 0, 1, NULL, NULL },
	.options = status_rows,
	.options_bytes = sizeof(struct status_options),
	.defaults = &status_defaults,
	.run = status_run,
	.around = status_around,
};
