/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan_side.h"
#include "../base/arena.h"
#include "../base/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * ---- what a clause does, as a hash ----
 *
 * Words in another order, and literals written otherwise, sum up to the same.
 * A list may have 100,000 words, so that no text is made of it.
 */

struct meaning {
	uint32_t sum[2];
};

static void meaning_add(struct meaning *m, const char *text)
{
	for (int i = 0; i < 2; i++)
		m->sum[i] = text_hash(text_hash(m->sum[i], text), "|");
}

static void meaning_number(struct meaning *m, uint32_t number)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", number);
	meaning_add(m, text);
}

static struct meaning meaning_start(const char *text)
{
	struct meaning m = { { TEXT_HASH_START, ~TEXT_HASH_START } };

	meaning_add(&m, text);
	return m;
}

static const char *meaning_text(struct arena *a, const struct meaning *m)
{
	return arena_printf(a, "%08x%08x", m->sum[0], m->sum[1]);
}

static int compare_meanings(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct meaning));
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void literal_add(struct meaning *m, const struct ranges4 *v4,
			const struct ranges6 *v6)
{
	char text[RANGE_TEXT_MAX];

	for (size_t i = 0; i < v4->n; i++) {
		range4_print(text, &v4->items[i]);
		meaning_add(m, text);
	}
	for (size_t i = 0; i < v6->n; i++) {
		range6_print(text, &v6->items[i]);
		meaning_add(m, text);
	}
}

static struct meaning class_meaning(const struct class *class)
{
	struct meaning m;

	if (!class->literal)
		return meaning_start(class->name);
	m = meaning_start("=");
	literal_add(&m, &class->hosts4, &class->hosts6);
	literal_add(&m, &class->nets4, &class->nets6);
	return m;
}

/* A class that is named twice is one, as in the rules. */
static void refs_add(struct arena *a, struct meaning *m, const char *word,
		     const struct class_refs *refs)
{
	struct meaning *each = arena_alloc(a, refs->n * sizeof(*each) + 1);

	meaning_add(m, word);
	for (size_t i = 0; i < refs->n; i++)
		each[i] = class_meaning(refs->items[i]);
	qsort(each, refs->n, sizeof(*each), compare_meanings);
	for (size_t i = 0; i < refs->n; i++)
		if (!i || compare_meanings(&each[i - 1], &each[i])) {
			meaning_number(m, each[i].sum[0]);
			meaning_number(m, each[i].sum[1]);
		}
}

static void numbers_add(struct meaning *m, const char *word, uint32_t *sorted,
			size_t n)
{
	meaning_add(m, word);
	qsort(sorted, n, sizeof(*sorted), compare_numbers);
	for (size_t i = 0; i < n; i++)
		if (!i || sorted[i - 1] != sorted[i])
			meaning_number(m, sorted[i]);
}

static void ids_add(struct arena *a, struct meaning *m, const char *word,
		    const struct ids *ids)
{
	uint32_t *sorted = arena_alloc(a, ids->n * sizeof(*sorted) + 1);

	for (size_t i = 0; i < ids->n; i++)
		sorted[i] = ids->items[i];
	numbers_add(m, word, sorted, ids->n);
}

static void ports_add(struct arena *a, struct meaning *m,
		      const struct ports *ports)
{
	uint32_t *sorted = arena_alloc(a, ports->n * sizeof(*sorted) + 1);

	for (size_t i = 0; i < ports->n; i++)
		sorted[i] = ports->items[i];
	numbers_add(m, "ports", sorted, ports->n);
}

static void target_add(struct meaning *m, const struct clause *cl)
{
	char text[RANGE_TEXT_MAX];

	if (cl->has_target4) {
		addr4_print(text, cl->target4);
		meaning_add(m, text);
	}
	if (cl->has_target6) {
		addr6_print(text, &cl->target6);
		meaning_add(m, text);
	}
}

static const char *clause_meaning(struct arena *a, const struct clause *cl)
{
	struct meaning m = meaning_start(action_name(cl->action));

	ports_add(a, &m, &cl->ports);
	refs_add(a, &m, "from", &cl->from);
	refs_add(a, &m, "to", &cl->to);
	ids_add(a, &m, "users", &cl->users);
	ids_add(a, &m, "groups", &cl->groups);
	target_add(&m, cl);
	meaning_number(&m, cl->rate.count);
	meaning_number(&m, cl->rate.unit_s);
	meaning_number(&m, cl->rate.burst);
	if (action_may_refuse(cl->action))
		meaning_add(&m, refusal_name(cl->refusal));
	meaning_add(&m, cl->log ? "log" : "");
	meaning_add(&m, cl->replies ? "replies" : "");
	return meaning_text(a, &m);
}

static const char *block_meaning(struct arena *a, const struct block *block)
{
	struct meaning m = meaning_start(direction_name(block->direction));

	refs_add(a, &m, "of", &block->of);
	return meaning_text(a, &m);
}

/* ---- clauses and blocks ---- */

static void side_add_clause(struct arena *a, const char *file,
			    const struct clause *cl, struct plan_block *to)
{
	struct plan_clause *out = arena_push(a, &to->clauses);
	const struct source_text *source = cl->span.source;

	out->line = cl->span.line;
	out->text = cl->text;
	out->key = cl->key;
	out->meaning = clause_meaning(a, cl);
	out->place = source && file && strcmp(source->name, file) ?
			     source->name :
			     NULL;
}

static void side_add_block(struct arena *a, const struct policy *policy,
			   const struct block *block, struct plan_side *out)
{
	const struct span *name = policy->name_span;
	const char *file = name && name->source ? name->source->name : NULL;
	struct plan_block *to = arena_push(a, &out->blocks);

	to->line = block->span.line;
	to->text = block->text;
	to->meaning = block_meaning(a, block);
	for (size_t i = 0; i < block->clauses.n; i++)
		side_add_clause(a, file, &block->clauses.items[i], to);
}

/* ---- classes ---- */

struct plan_class *plan_side_class(struct arena *a, struct plan_side *side,
				   const char *name)
{
	struct plan_class *class;

	for (size_t i = 0; i < side->classes.n; i++)
		if (!strcmp(side->classes.items[i].name, name))
			return &side->classes.items[i];
	class = arena_push(a, &side->classes);
	class->name = name;
	class->known = true;
	class->interfaces = "";
	return class;
}

/* A list alone is borrowed: it may have a million members. */
static struct ranges4 join4(struct arena *a, const struct ranges4 *x,
			    const struct ranges4 *y)
{
	struct ranges4 out = { 0 };

	ranges4_reserve(a, &out, x->n + y->n);
	for (size_t i = 0; i < x->n; i++)
		out.items[out.n++] = x->items[i];
	for (size_t i = 0; i < y->n; i++)
		out.items[out.n++] = y->items[i];
	ranges4_merge(a, &out, true, NULL);
	return out;
}

static struct ranges6 join6(struct arena *a, const struct ranges6 *x,
			    const struct ranges6 *y)
{
	struct ranges6 out = { 0 };

	for (size_t i = 0; i < x->n; i++)
		ranges6_push(a, &out, x->items[i]);
	for (size_t i = 0; i < y->n; i++)
		ranges6_push(a, &out, y->items[i]);
	ranges6_merge(a, &out, true, NULL);
	return out;
}

static void side_add_class(struct arena *a, const struct class *class,
			   struct plan_side *out)
{
	struct plan_class *to = arena_push(a, &out->classes);

	to->name = class->name;
	to->dynamic = class->kind == CLASS_DYNAMIC;
	to->known = !to->dynamic;
	to->v4 = join4(a, &class->hosts4, &class->nets4);
	to->v6 = join6(a, &class->hosts6, &class->nets6);
	to->interfaces = "";
	for (size_t i = 0; i < class->interfaces.n; i++)
		to->interfaces =
			arena_printf(a, "%s%s%s", to->interfaces, i ? " " : "",
				     class->interfaces.items[i].text);
}

/* ---- statements of the header ---- */

static void add_setting(struct arena *a, struct plan_side *out,
			const char *name, const char *value)
{
	*arena_push(a, &out->settings) =
		(struct plan_setting){ name, value ? value : "" };
}

static const char *setting_devices(struct arena *a, const struct words *devices)
{
	const char *out = "";

	for (size_t i = 0; i < devices->n; i++)
		out = arena_printf(a, "%s %s", out, devices->items[i].text);
	return out;
}

static const char *setting_rate(struct arena *a, const struct rate *rate)
{
	return rate->count ?
		       arena_printf(a, " %u/%s burst %u", rate->count,
				    unit_name(rate->unit_s), rate->burst) :
		       "";
}

static const char *setting_duration(struct arena *a, uint32_t seconds)
{
	char text[16] = "";

	if (seconds)
		duration_print(text, seconds);
	return arena_strndup(a, text, strlen(text));
}

static void add_watch(struct arena *a, const struct policy *p,
		      struct plan_side *out)
{
	char text[WATCH_TEXT_BYTES];

	add_setting(a, out, "quarantine", setting_duration(a, p->quarantine_s));
	add_setting(a, out, "destinations",
		    p->keep_destinations ? "kept" : "not kept");
	for (size_t i = 0; i < WATCH_FIGURES; i++) {
		watch_print(&watch_rows[i], p->watch[i], text);
		add_setting(a, out, watch_rows[i].name,
			    arena_strndup(a, text, strlen(text)));
	}
}

static void add_settings(struct arena *a, const struct policy *p,
			 struct plan_side *out)
{
	add_setting(a, out, "policy", p->name);
	add_setting(a, out, "mode", p->observe ? "observe" : "enforce");
	add_setting(a, out, "hook",
		    arena_printf(a, "%s%s", hook_name(p->hook),
				 setting_devices(a, &p->devices)));
	add_setting(a, out, "encapsulated",
		    p->drop_encapsulated ? "drop" : "pass");
	add_setting(a, out, "exempt expires",
		    setting_duration(a, p->exempt_most_s));
	add_setting(a, out, "log",
		    arena_printf(a, "group %u snaplen %u threshold %u%s",
				 p->log_group, p->log_snaplen, p->log_threshold,
				 setting_rate(a, &p->log_rate)));
	add_setting(a, out, "contact", p->contact);
	add_setting(a, out, "purpose", p->purpose);
	add_setting(a, out, "review", p->review);
	add_watch(a, p, out);
}

void plan_side_of(struct arena *a, const struct policy *policy,
		  struct plan_side *out)
{
	*out = (struct plan_side){ .name = policy->name, .policy = policy };
	add_settings(a, policy, out);
	for (size_t i = 0; i < policy->blocks.n; i++)
		side_add_block(a, policy, &policy->blocks.items[i], out);
	for (size_t i = 0; i < policy->classes.n; i++) {
		const struct class *class = policy->classes.items[i];

		if (!class->literal && !class->builtin && class->uses)
			side_add_class(a, class, out);
	}
}

static const char *setting_of(const struct plan_side *side, const char *name)
{
	for (size_t i = 0; i < side->settings.n; i++)
		if (!strcmp(side->settings.items[i].name, name))
			return side->settings.items[i].value;
	return NULL;
}

void plan_settings(struct arena *a, const struct plan_side *old_side,
		   const struct plan_side *new_side,
		   struct plan_setting_changes *out)
{
	*out = (struct plan_setting_changes){ 0 };
	for (size_t i = 0; i < new_side->settings.n; i++) {
		const struct plan_setting *is = &new_side->settings.items[i];
		const char *was = setting_of(old_side, is->name);

		if (was && strcmp(was, is->value))
			*arena_push(a, out) =
				(struct plan_setting_change){ is->name, was,
							      is->value };
	}
}
