/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status_trial.h"
#include "../../rules/base/arena.h"
#include "../../rules/base/units.h"

#include <stdio.h>
#include <string.h>

/* ---- what there is ---- */

/* Takes what is a trial's out of the lists. */
static void facts_hide(struct present *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->sets.n; i++)
		if (!trial_owns_set(p->sets.items[i].name))
			p->sets.items[n++] = p->sets.items[i];
	p->sets.n = n;
	n = 0;
	for (size_t i = 0; i < p->counters.n; i++)
		if (!trial_owns(p->counters.items[i].name))
			p->counters.items[n++] = p->counters.items[i];
	p->counters.n = n;
}

/* A process that may not read the journal knows what the kernel says. */
static void facts_read_record(struct program *p, struct trial_facts *t)
{
	struct fault f;

	if (trial_record_open(p, &t->record, &f) < 0)
		t->record = (struct trial_record){ 0 };
}

int trial_facts_read(struct program *p, struct netlink *nl,
		     struct reading *reading, const struct loaded *loaded,
		     struct trial_facts *out)
{
	const struct loaded_trial *l = &loaded->trial;
	int error;

	*out = (struct trial_facts){ .loaded = l };
	error = trial_now_read(nl, reading, &out->now);
	if (error || !out->now.there)
		return error;
	out->alone = !*reading->tables[out->now.family].digest;
	out->drifted =
		*l->said && l->elements_read && strcmp(l->said, l->digest);
	facts_read_record(p, out);
	facts_hide(&reading->tables[out->now.family]);
	return 0;
}

void trial_facts_free(struct trial_facts *t)
{
	json_decref(t->record.line);
	t->record.line = NULL;
}

/* ---- as JSON ---- */

static json_t *facts_number(bool known, uint64_t number)
{
	return known ? json_integer((json_int_t)number) : json_null();
}

static json_t *facts_clauses(const struct loaded_clauses *clauses)
{
	json_t *list = json_array();

	for (size_t i = 0; i < clauses->n; i++) {
		const struct loaded_clause *c = &clauses->items[i];

		json_array_append_new(
			list,
			json_pack("{s:o, s:o, s:o, s:I, s:I}", "id",
				  text_json(c->id), "text", text_json(c->text),
				  "counter", text_json(c->counter), "packets",
				  (json_int_t)c->packets, "bytes",
				  (json_int_t)c->bytes));
	}
	return list;
}

json_t *trial_facts_json(const struct trial_facts *t)
{
	const struct trial_now *n = &t->now;
	uint32_t percent = t->record.stops.submission_percent;

	if (!n->there)
		return json_null();
	return json_pack(
		"{s:o, s:o, s:o, s:b, s:b, s:o, s:{s:o, s:o, s:o, s:b, s:o}, "
		"s:o}",
		"policy", text_json(n->policy), "revision",
		facts_number(t->record.revision, t->record.revision),
		"base_revision", facts_number(t->record.base, t->record.base),
		"armed", n->armed, "drift", t->drifted, "left_ms",
		facts_number(n->armed, n->left_ms), "stops", "sources_most",
		facts_number(n->has_seen, n->seen_most), "sources_ipv4",
		facts_number(n->has_seen, n->seen4), "sources_ipv6",
		facts_number(n->has_seen, n->seen6), "tripped", n->tripped,
		"submission_percent", facts_number(percent, percent), "clauses",
		facts_clauses(&t->loaded->clauses));
}

/* ---- as text ---- */

static const char *facts_left(const struct trial_now *n, char out[16])
{
	duration_print(out, (uint32_t)((n->left_ms + 999) / 1000));
	return out;
}

static void facts_print_head(const struct trial_facts *t)
{
	char left[16];

	printf("\ntrial    %s", *t->now.policy ? t->now.policy : "not known");
	if (t->record.revision)
		printf(", revision %u", t->record.revision);
	if (!t->now.armed)
		puts(": it is over, and decides nothing; the next command that "
		     "changes something cleans up");
	else if (t->record.base)
		printf(": it decides for %s more, then revision %u does\n",
		       facts_left(&t->now, left), t->record.base);
	else
		printf(": it decides for %s more, then the rules above do\n",
		       facts_left(&t->now, left));
}

static void facts_print_stops(const struct trial_facts *t)
{
	const struct trial_now *n = &t->now;

	if (n->has_seen)
		printf("stop     more than %u sources of a family newly "
		       "blocked: %u of IPv4, %u of IPv6 so far%s\n",
		       n->seen_most, n->seen4, n->seen6,
		       n->tripped ? "; it ended the trial" : "");
	if (t->record.stops.submission_percent)
		printf("stop     less than %u%% of the openings of submission, "
		       "for as long as somebody waits\n",
		       t->record.stops.submission_percent);
	if (t->drifted)
		puts("DRIFT    somebody changed the rules on trial: mailwall "
		     "rollback");
}

void trial_facts_print(const struct trial_facts *t)
{
	const struct loaded_clauses *clauses = &t->loaded->clauses;

	if (!t->now.there)
		return;
	facts_print_head(t);
	facts_print_stops(t);
	if (clauses->n)
		printf("\n%12s %14s  %s\n", "PACKETS", "BYTES",
		       "CLAUSE ON TRIAL");
	for (size_t i = 0; i < clauses->n; i++)
		printf("%12llu %14llu  %s  %s\n",
		       (unsigned long long)clauses->items[i].packets,
		       (unsigned long long)clauses->items[i].bytes,
		       clauses->items[i].id, clauses->items[i].text);
}

const char *trial_facts_sentence(struct arena *a, const struct trial_facts *t)
{
	char left[16];

	if (!t->now.there)
		return NULL;
	if (t->drifted)
		return "somebody changed the rules on trial";
	if (!t->now.armed)
		return arena_printf(a, "the trial of policy %s is over",
				    t->now.policy);
	return arena_printf(a, "policy %s is on trial for %s more",
			    t->now.policy, facts_left(&t->now, left));
}
