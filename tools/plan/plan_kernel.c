/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The side of a plan that only the kernel knows: comments, counters, sets. */
#include "plan_kernel.h"
#include "../kernel/loaded.h"
#include "../../rules/base/arena.h"

#include <string.h>

/* "residential:17" is of line 17. */
static uint32_t line_of_id(const char *id)
{
	const char *colon = strrchr(id, ':');
	uint32_t line = 0;

	for (const char *at = colon ? colon + 1 : ""; *at >= '0' && *at <= '9';
	     at++)
		line = line * 10 + (uint32_t)(*at - '0');
	return line;
}

/* Rules stand by chains; the lines of their clauses give the policy's order. */
static void add_loaded_clause(struct arena *a, const struct loaded_clause *c,
			      struct plan_block *to)
{
	struct plan_clause *out;
	uint32_t line = line_of_id(c->id);
	size_t at;

	(void)arena_push(a, &to->clauses);
	for (at = to->clauses.n - 1;
	     at && to->clauses.items[at - 1].line > line; at--)
		to->clauses.items[at] = to->clauses.items[at - 1];
	out = &to->clauses.items[at];
	*out = (struct plan_clause){ .line = line,
				     .text = c->text,
				     .key = c->counter,
				     .meaning = c->counter };
}

static void add_loaded_clauses(struct arena *a, const struct loaded *loaded,
			       struct plan_side *out)
{
	struct plan_block *block = arena_push(a, &out->blocks);

	block->meaning = "";
	for (size_t i = 0; i < loaded->clauses.n; i++)
		add_loaded_clause(a, &loaded->clauses.items[i], block);
}

static void add_loaded_setting(struct arena *a, struct plan_side *out,
			       const char *name, const char *value)
{
	*arena_push(a, &out->settings) = (struct plan_setting){ name, value };
}

/* ---- classes by their sets: subs.v4, subs.v4.hosts, subs.v6 ... ---- */

static const char *fixed_set_class(struct arena *a, const char *set)
{
	static const char *const ends[] = { ".v4", ".v6", ".v4.hosts",
					    ".v6.hosts" };
	size_t len = strlen(set);

	/* Addresses in a clause have a hash for a name. */
	if (!strncmp(set, "addr-", 5))
		return NULL;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		size_t end = strlen(ends[i]);

		if (len > end && !strcmp(set + len - end, ends[i]))
			return arena_strndup(a, set, len - end);
	}
	return NULL;
}

static void add_ranges(struct arena *a, struct plan_class *class,
		       const struct ranges4 *v4, const struct ranges6 *v6)
{
	if (!class->v4.n)
		ranges4_reserve(a, &class->v4, v4->n);
	for (size_t i = 0; i < v4->n; i++)
		ranges4_push(a, &class->v4, v4->items[i]);
	for (size_t i = 0; i < v6->n; i++)
		ranges6_push(a, &class->v6, v6->items[i]);
	ranges4_merge(a, &class->v4, true, NULL);
	ranges6_merge(a, &class->v6, true, NULL);
}

static const struct known_set *known_fixed(const struct known *known,
					   const char *name)
{
	for (size_t i = 0; known && i < known->n; i++)
		if (!strcmp(known->items[i].name, name))
			return &known->items[i];
	return NULL;
}

/* A set that the run file does not know is read back, however long it takes. */
static int add_fixed_set(struct netlink *nl, struct arena *a,
			 enum family family, const struct present_set *set,
			 const struct known *known, struct plan_side *out)
{
	const char *name = fixed_set_class(a, set->name);
	const struct known_set *ks = known_fixed(known, set->name);
	struct known_set read = { .name = set->name };
	int error;

	if (!name)
		return 0;
	if (!ks) {
		error = kernel_ranges(nl, a, family, set, &read.v4, &read.v6);
		if (error)
			return error;
		ks = &read;
	}
	add_ranges(a, plan_side_class(a, out, name), &ks->v4, &ks->v6);
	return 0;
}

static int add_present_set(struct netlink *nl, struct arena *a,
			   enum family family, const struct present_set *set,
			   const struct known *known, struct plan_side *out)
{
	struct plan_class *class;
	size_t len = strlen(set->name);

	if (set->flags & NFT_SET_MAP)
		return 0;
	if (!members_are_in(set))
		return set->timeout_ms || set->flags & NFT_SET_TIMEOUT ?
			       0 :
			       add_fixed_set(nl, a, family, set, known, out);
	if (len < 4)
		return 0;
	class = plan_side_class(a, out, arena_strndup(a, set->name, len - 3));
	class->dynamic = true;
	class->known = false;
	return 0;
}

int plan_kernel_classes(struct netlink *nl, struct arena *a,
			const struct reading *reading,
			const struct known *known, struct plan_side *out)
{
	int family = reading_family(reading), error = 0;
	const struct present *p;

	if (family < 0)
		return 0;
	p = &reading->tables[family];
	for (size_t i = 0; i < p->sets.n && !error; i++)
		error = add_present_set(nl, a, (enum family)family,
					&p->sets.items[i], known, out);
	return error;
}

int plan_kernel_clauses(struct netlink *nl, struct arena *a,
			struct reading *reading, struct plan_side *out)
{
	int family = reading_family(reading), error;
	struct loaded loaded;

	if (family < 0)
		return 0;
	error = loaded_read(nl, reading, (enum family)family, 0, NULL, NULL,
			    &loaded);
	digest_objects_free(&loaded.objects);
	if (error)
		return error;
	out->name = reading->tables[family].policy;
	add_loaded_setting(a, out, "policy", out->name);
	add_loaded_setting(a, out, "mode",
			   loaded.observes ? "observe" : "enforce");
	add_loaded_clauses(a, &loaded, out);
	return 0;
}
