/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status_guards.h"
#include "status_hosts.h"
#include "../apart/store_facts.h"
#include "../serve/metrics.h"
#include "../store/store.h"
#include "../../rules/base/arena.h"
#include "../option/options.h"
#include "../program/output.h"
#include "../program/program.h"
#include "../../rules/base/units.h"

#include <stdio.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/netfilter/nf_tables.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define FINDINGS_S 3600 /* how far back they count */
#define FUTURE_S   60	/* rows that are later come of a clock that was wrong */
#define SILENCE_S  180	/* a monitor notes once a second that it runs */
#define SEEN_BYTES 400

/* Their numbers are exit codes. */
enum level { OK, WARNING, CRITICAL, UNKNOWN, N_LEVELS };

static const char *const level_names[] = { "OK", "WARNING", "CRITICAL",
					   "UNKNOWN" };

/* Whichever is first of these is the answer. */
static const enum level gravest[] = { CRITICAL, WARNING, UNKNOWN, OK };

/* ---- Prometheus ---- */

static void hosts_add_clauses(struct arena *a, const struct host_facts *f,
			      struct metrics *m)
{
	struct metrics_clause *out =
		arena_alloc(a, (f->loaded->clauses.n + 1) * sizeof(*out));

	for (size_t i = 0; i < f->loaded->clauses.n; i++) {
		const struct loaded_clause *c = &f->loaded->clauses.items[i];

		out[i] = (struct metrics_clause){
			.id = c->id,
			.text = c->text,
			.packets = c->packets,
			.bytes = c->bytes,
			.observed = c->would,
			.observed_packets = c->observed_packets,
			.observed_bytes = c->observed_bytes,
		};
	}
	m->clauses = out;
	m->n_clauses = f->loaded->clauses.n;
}

static void add_sets(struct arena *a, const struct host_facts *f,
		     struct metrics *m)
{
	struct metrics_set *out =
		arena_alloc(a, (f->table->sets.n + 1) * sizeof(*out));

	for (size_t i = 0; i < f->table->sets.n; i++) {
		const struct present_set *set = &f->table->sets.items[i];

		if (!(set->flags & NFT_SET_MAP))
			out[m->n_sets++] = (struct metrics_set){
				set->name, set->count, set->fits, set->has_count
			};
	}
	m->sets = out;
}

static void hosts_add_faults(struct arena *a, const struct host_facts *f,
			     struct metrics *m)
{
	struct metrics_fault *out =
		arena_alloc(a, (f->acting->n + 1) * sizeof(*out));

	for (size_t i = 0; i < f->acting->n; i++)
		out[i] = (struct metrics_fault){ f->acting->items[i].name,
						 f->acting->items[i].object };
	m->faults = out;
	m->n_faults = f->acting->n;
	m->observes = f->loaded->observes;
	m->acting = !m->observes && !acting_opens(f->acting);
}

static void hosts_add_guards(struct arena *a, const struct host_facts *f,
			     struct metrics *m)
{
	struct metrics_guard *out = arena_alloc(a, GUARD_N * sizeof(*out));

	for (size_t g = 0; g < GUARD_N; g++) {
		const struct present_counter *c = guard_counter(f->table, g);

		if (c)
			out[m->n_guards++] =
				(struct metrics_guard){ c->name, c->packets };
	}
	m->guards = out;
}

static void hosts_add_trial(const struct host_facts *f, struct metrics *m)
{
	const struct trial_now *n = &f->trial->now;

	m->trial_known = true;
	m->has_trial = n->armed;
	m->trial_left_s = n->left_ms / 1000;
	m->trial_counts = n->armed && n->has_seen;
	m->trial_sources4 = n->seen4;
	m->trial_sources6 = n->seen6;
	m->trial_sources_most = n->seen_most;
}

int prometheus_report(struct arena *a, const struct host_facts *f)
{
	struct metrics m = { .loaded_known = true };
	struct output o;

	if (f->table) {
		m.policy = f->table->policy;
		m.digest = f->table->digest;
		m.drift_known = f->state != STATE_UNVERIFIED &&
				f->state != STATE_VERSION;
		m.drift = f->state != STATE_AS_LOADED;
		hosts_add_clauses(a, f, &m);
		add_sets(a, f, &m);
		hosts_add_guards(a, f, &m);
		hosts_add_faults(a, f, &m);
		hosts_add_trial(f, &m);
	}
	output_open(&o, NULL);
	metrics_write(&m, o.file);
	return output_finish(&o);
}

/* ---- Nagios: the line ---- */

struct verdict {
	struct arena *arena;
	const char *texts[N_LEVELS]; /* NULL: nothing of this level */
	const char *figures;
};

static void hosts_judge(struct verdict *v, enum level level, const char *fmt,
			...) __attribute__((format(printf, 3, 4)));
static void figure(struct verdict *v, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static const char *hosts_join(struct arena *a, const char *before,
			      const char *between, const char *fmt,
			      va_list args)
	__attribute__((format(printf, 4, 0)));

static const char *hosts_join(struct arena *a, const char *before,
			      const char *between, const char *fmt,
			      va_list args)
{
	char text[SEEN_BYTES];

	vsnprintf(text, sizeof(text), fmt, args);
	return arena_printf(a, "%s%s%s", before ? before : "",
			    before ? between : "", text);
}

static void hosts_judge(struct verdict *v, enum level level, const char *fmt,
			...)
{
	va_list args;

	va_start(args, fmt);
	v->texts[level] =
		hosts_join(v->arena, v->texts[level], ", ", fmt, args);
	va_end(args);
}

static void figure(struct verdict *v, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	v->figures = hosts_join(v->arena, v->figures, " ", fmt, args);
	va_end(args);
}

/* Text before the figures may hold neither their mark nor a line end. */
static void hosts_put_text(const char *text)
{
	for (; *text; text++)
		putchar(*text == '|'				    ? '/' :
			(unsigned char)*text < ' ' || *text == 0x7f ? ' ' :
								      *text);
}

static int hosts_answer(struct nagios *n, const struct verdict *v)
{
	enum level level = OK;

	for (size_t i = 0; i < N_LEVELS; i++)
		if (v->texts[gravest[i]]) {
			level = gravest[i];
			break;
		}
	printf("MAILWALL %s - ", level_names[level]);
	for (size_t i = 0; i < N_LEVELS; i++) {
		const char *text = v->texts[gravest[i]];

		if (!text || (gravest[i] == OK && level != OK))
			continue;
		if (gravest[i] != level)
			hosts_put_text(", ");
		hosts_put_text(text);
	}
	if (v->figures)
		printf(" | %s", v->figures);
	putchar('\n');
	n->answered = true;
	return (int)level;
}

/* ---- what was said on standard error ---- */

/* The first sentence, without who says it; "" if there is none. */
static const char *said(struct arena *a, const struct nagios *n)
{
	static const char *const heads[] = { "mailwall: ", "status: ",
					     "error: " };
	char text[SEEN_BYTES];
	ssize_t len =
		n->caught < 0 ? 0 : pread(n->caught, text, sizeof(text) - 1, 0);
	const char *at = text;

	text[len < 0 ? 0 : len] = '\0';
	text[strcspn(text, "\n")] = '\0';
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		if (!strncmp(at, heads[i], strlen(heads[i])))
			at += strlen(heads[i]);
	return arena_strndup(a, at, strlen(at));
}

/* ---- Nagios: what is judged ---- */

static void judge_rules(struct verdict *v, const struct host_facts *f)
{
	switch (f->state) {
	case STATE_AS_LOADED:
		hosts_judge(v, OK, "policy %s is loaded", f->table->policy);
		return;
	case STATE_UNVERIFIED:
		hosts_judge(
			v, OK,
			"policy %s is loaded, with sets too large to verify",
			f->table->policy);
		return;
	case STATE_VERSION:
		hosts_judge(v, WARNING,
			    "policy %s was loaded by another version of "
			    "mailwall: apply it again",
			    f->table->policy);
		return;
	case STATE_OTHER:
		hosts_judge(v, CRITICAL, "policy %s is loaded, which is not %s",
			    f->table->policy, f->path);
		return;
	case STATE_DRIFT:
		if (f->differences || !acting_drift(f->acting))
			hosts_judge(v, CRITICAL, "somebody changed the rules");
		if (f->difference)
			hosts_judge(v, CRITICAL, "%s", f->difference);
		if (f->differences > 1)
			hosts_judge(v, CRITICAL, "%zu more differences",
				    f->differences - 1);
		return;
	}
}

/*
 * Mode observe is what the administrator wants if the policy that was given
 * says it; without one it is a thing to look at.
 */
static void judge_acting(struct verdict *v, const struct host_facts *f)
{
	for (size_t i = 0; i < f->acting->n; i++)
		hosts_judge(v, f->acting->items[i].grave ? CRITICAL : WARNING,
			    "%s", f->acting->items[i].text);
	if (f->trial->now.there)
		hosts_judge(v, f->trial->drifted ? CRITICAL : WARNING, "%s",
			    trial_facts_sentence(v->arena, f->trial));
	if (f->loaded->observes)
		hosts_judge(v, f->observe_wanted ? OK : WARNING,
			    "policy %s observes: nothing is blocked",
			    f->table->policy);
}

/* Up to so many elements it is filled below percent. */
static uint64_t most_below(uint64_t percent, uint64_t size)
{
	return (percent * size + 99) / 100 - 1;
}

static void judge_set(struct verdict *v, const struct nagios *n,
		      const struct present_set *set, uint64_t elements)
{
	uint64_t warning = most_below(n->limits.warning, set->fits);
	uint64_t critical = most_below(n->limits.critical, set->fits);

	figure(v, "%s=%" PRIu64 ";%" PRIu64 ";%" PRIu64 ";0;%u", set->name,
	       elements, warning, critical, set->fits);
	if (elements > warning)
		hosts_judge(v, elements > critical ? CRITICAL : WARNING,
			    set->fits < set->size ?
				    "set %s is filled to %u%%: this kernel "
				    "may count both ends of a member" :
				    "set %s is filled to %u%%",
			    set->name,
			    (unsigned int)(elements * 100 / set->fits));
}

/* Sets of fixed members are as large as they need to be. */
static bool hosts_can_fill(const struct present_set *set)
{
	return set->fits && set->flags & NFT_SET_TIMEOUT;
}

static void judge_sets(struct verdict *v, const struct nagios *n,
		       const struct host_facts *f)
{
	for (size_t i = 0; i < f->table->sets.n; i++) {
		const struct present_set *set = &f->table->sets.items[i];

		if (!hosts_can_fill(set))
			continue;
		if (set->has_count)
			judge_set(v, n, set, set->count);
		else
			hosts_judge(v, UNKNOWN,
				    "how full set %s is is not known: this "
				    "kernel does not count, and the set is "
				    "large",
				    set->name);
	}
}

static void add_blocked(struct verdict *v, const struct host_facts *f)
{
	uint64_t blocked = 0, would = 0;

	for (size_t i = 0; i < f->loaded->clauses.n; i++) {
		const char *text = f->loaded->clauses.items[i].text;
		enum action action = action_by_word(text, strcspn(text, " "));

		if (action != ACTION_N && action_blocks(action))
			blocked += f->loaded->clauses.items[i].packets;
		would += f->loaded->clauses.items[i].observed_packets;
	}
	figure(v, "blocked=%" PRIu64 "c", blocked);
	if (f->loaded->observes)
		figure(v, "would_block=%" PRIu64 "c", would);
}

#ifndef SMALL
/* ---- Nagios: what the monitor kept ---- */

static void judge_findings(struct verdict *v, const struct nagios *n,
			   unsigned long findings)
{
	hosts_judge(v, findings > n->limits.findings ? WARNING : OK,
		    "%lu finding%s in the last hour", findings,
		    plural_s(findings));
	figure(v, "findings=%lu;%u;;0", findings, n->limits.findings);
}

static void judge_monitor(struct verdict *v, int64_t now_s, int64_t last_s)
{
	int64_t silent_s = last_s < now_s ? now_s - last_s : 0;

	if (silent_s > SILENCE_S)
		hosts_judge(v, WARNING,
			    "the monitor is silent for %" PRId64 " %s",
			    silent_s < 7200 ? silent_s / 60 : silent_s / 3600,
			    silent_s < 7200 ? "minutes" : "hours");
	figure(v, "silent=%" PRId64 "s;%d;;0", silent_s, SILENCE_S);
}

static int hosts_read_store(struct verdict *v, const struct nagios *n,
			    const char *path, struct fault *f)
{
	int64_t now_s = (int64_t)time(NULL);
	struct store_facts facts;
	int error = store_facts_read(path, now_s - FINDINGS_S, now_s + FUTURE_S,
				     &facts, f);

	if (error)
		return error;
	judge_findings(v, n, facts.findings);
	if (facts.last_s)
		judge_monitor(v, now_s, facts.last_s);
	return 0;
}

static void judge_store(struct verdict *v, const struct nagios *n)
{
	const char *path = getenv("MAILWALL_STORE");
	struct fault f = { 0 };

	if (!path || !*path)
		path = STORE_PATH;
	if (access(path, F_OK)) {
		if (errno != ENOENT)
			hosts_judge(v, UNKNOWN, "cannot read \"%s\": %s", path,
				    strerror(errno));
		return;
	}
	if (hosts_read_store(v, n, path, &f))
		hosts_judge(v, UNKNOWN, "%s", f.text);
}

#endif

int nagios_report(struct arena *a, struct nagios *n, const struct host_facts *f)
{
	struct verdict v = { .arena = a };

	if (!f->table) {
		hosts_judge(&v, CRITICAL, "no policy is loaded");
	} else {
		judge_rules(&v, f);
		judge_acting(&v, f);
		judge_sets(&v, n, f);
		add_blocked(&v, f);
	}
#ifndef SMALL
	judge_store(&v, n);
#endif
	return hosts_answer(n, &v);
}

/* ---- Nagios: no other output ---- */

/* getopt takes the beginning of a long option for it. */
bool nagios_is_asked(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (strlen(argv[i]) > 2 &&
		    !strncmp("--nagios", argv[i], strlen(argv[i])))
			return true;
	return false;
}

int nagios_run(struct program *p, int argc, char **argv)
{
	struct nagios n = { .caught = memfd_create("said", MFD_CLOEXEC) };
	struct verdict v = { .arena = p->arena };
	int before = dup(STDERR_FILENO);
	int code;

	if (n.caught >= 0)
		dup2(n.caught, STDERR_FILENO);
	/* cppcheck-suppress autoVariables ; it ends below */
	p->nagios = &n;
	code = command_run(p, argc, argv);
	if (before >= 0)
		dup2(before, STDERR_FILENO);
	if (!n.answered && p->helped)
		code = UNKNOWN; /* as the guidelines want it */
	else if (!n.answered) {
		hosts_judge(&v, UNKNOWN, "%s", said(p->arena, &n));
		code = hosts_answer(&n, &v);
	}
	p->nagios = NULL;
	close(before);
	close(n.caught);
	return code;
}
