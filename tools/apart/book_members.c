/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "book_members.h"
#include "apart.h"
#include "../../rules/base/arena.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The class of quarantine is not the book's. */
#define BOOK_NOT_ITS "flagged"

static bool book_has(const struct class *class)
{
	return class && class->kind == CLASS_DYNAMIC &&
	       strcmp(class->name, BOOK_NOT_ITS) != 0;
}

static bool book_is_needed(const struct ruleset *rs)
{
	for (size_t i = 0; i < rs->sets.n; i++)
		if (book_has(rs->sets.items[i]->class))
			return true;
	return false;
}

/* ---- what the other program prints ---- */

struct book_reader {
	struct arena *arena;
	const struct ruleset *rules;
	struct diags *notes;
	struct set
		*set; /* the set that comes; NULL: the rules do not have it */
	struct set_members *members;
	struct {
		uint64_t *items;
		size_t n, cap;
	} timeouts;
	/* Sets and their members, set once all has come. */
	struct {
		struct book_filled {
			struct set *set;
			struct set_members *members;
		} * items;
		size_t n, cap;
	} filled;
	bool bad, end;
	char last[1024]; /* line, which says why if it failed */
};

/* The set that came before has all of its members. */
static void book_end_set(struct book_reader *r)
{
	if (!r->set)
		return;
	r->members->timeouts_ms = r->timeouts.items;
	*arena_push(r->arena, &r->filled) =
		(struct book_filled){ r->set, r->members };
	r->set = NULL;
}

static void book_begin_set(struct book_reader *r, const char *name)
{
	book_end_set(r);
	r->timeouts.items = NULL;
	r->timeouts.n = r->timeouts.cap = 0;
	r->members = arena_alloc(r->arena, sizeof(*r->members));
	for (size_t i = 0; i < r->rules->sets.n; i++) {
		struct set *set = r->rules->sets.items[i];

		if (book_has(set->class) && !strcmp(set->name, name))
			r->set = set;
	}
}

/* "10.0.0.1 10.0.0.9 5000": first, last, milliseconds. */
static bool book_add_member(struct book_reader *r, const char *text)
{
	char range[RANGE_TEXT_MAX], *end = NULL;
	struct addr_range m;
	const char *last = strchr(text, ' ');
	const char *left = last ? strchr(last + 1, ' ') : NULL;
	uint64_t timeout_ms;
	int n;

	if (!left)
		return false;
	n = snprintf(range, sizeof(range), "%.*s-%.*s", (int)(last - text),
		     text, (int)(left - last - 1), last + 1);
	timeout_ms = strtoull(left + 1, &end, 10);
	if (n >= (int)sizeof(range) || *end ||
	    range_parse(range, (size_t)n, &m) != ADDR_OK ||
	    (m.family == 4) != (r->set->key == KEY_IPV4))
		return false;
	if (m.family == 4)
		ranges4_push(r->arena, &r->members->v4, m.v4);
	else
		ranges6_push(r->arena, &r->members->v6, m.v6);
	*arena_push(r->arena, &r->timeouts) = timeout_ms;
	return true;
}

static void book_on_line(void *ctx, const char *line)
{
	struct book_reader *r = ctx;

	snprintf(r->last, sizeof(r->last), "%s", line);
	r->end = !strcmp(line, "end");
	if (!strncmp(line, "set ", 4))
		book_begin_set(r, line + 4);
	else if (!strncmp(line, "member ", 7) && r->set)
		r->bad = !book_add_member(r, line + 7) || r->bad;
	else if (!strncmp(line, "note ", 5))
		diag_warning(r->notes, NULL, "book", "%s", line + 5);
}

/* ---- asking ---- */

int book_members_take(struct program *p, const struct ruleset *rs,
		      struct book_answer *answer, struct fault *f)
{
	const char *words[] = { "mailwall", "book", "--", p->state_dir, NULL };
	struct book_reader r = { .arena = p->arena,
				 .rules = rs,
				 .notes = answer->notes };
	int code;

	answer->asked = book_is_needed(rs);
	if (!answer->asked)
		return 0;
	code = apart_ask_lines(words, book_on_line, &r);
	if (code)
		return fault_set(f, -EIO, "%s", r.last);
	if (r.bad || !r.end)
		return fault_set(f, -EIO,
				 "the book of exemptions was not told whole");
	book_end_set(&r);
	for (size_t i = 0; i < r.filled.n; i++)
		r.filled.items[i].set->members = r.filled.items[i].members;
	return 0;
}

/* ---- sets that are too small ---- */

static void cut_to(struct set *set, size_t n)
{
	struct set_members *m = (struct set_members *)(uintptr_t)set->members;

	if (m->v4.n > n)
		m->v4.n = n;
	if (m->v6.n > n)
		m->v6.n = n;
}

bool book_members_cut(const struct ruleset *rs)
{
	bool any = false;

	for (size_t i = 0; i < rs->sets.n; i++) {
		struct set *set = rs->sets.items[i];
		size_t n = set->members ?
				   set->members->v4.n + set->members->v6.n :
				   0;

		if (!n || !set->size)
			continue;
		/* An older kernel counts the two ends of a range. */
		if (n > set->size)
			cut_to(set, set->size);
		else if (n > set->size / 2)
			cut_to(set, set->size / 2);
		else
			continue;
		any = true;
	}
	return any;
}

/* ---- what the policy says ---- */

/* Adds a class to the list, once. */
static const char *judged_add(struct arena *a, const char *list,
			      const char *name)
{
	size_t n = strlen(name);
	const char *at = list;

	while ((at = strstr(at, name))) {
		if ((at == list || at[-1] == ' ') && (!at[n] || at[n] == ' '))
			return list;
		at += n;
	}
	return arena_printf(a, "%s%s%s", list, *list ? " " : "", name);
}

/* "*" where not all who are judged are addresses of classes in the kernel. */
static const char *judged_of(struct arena *a, const struct policy *p)
{
	const char *list = "";

	for (size_t i = 0; i < p->blocks.n; i++) {
		const struct class_refs *of = &p->blocks.items[i].of;

		if (!of->n)
			return "*";
		for (size_t k = 0; k < of->n; k++) {
			const struct class *class = of->items[k];

			if (class->kind == CLASS_ANY || class->literal ||
			    class->interfaces.n)
				return "*";
			list = judged_add(a, list, class->name);
		}
	}
	return list;
}

int book_note_policy(struct program *p, const struct policy *policy,
		     struct fault *f)
{
	char line[sizeof(f->text)], most[24];
	const char *words[] = { "mailwall",   "book",
				"--",	      p->state_dir,
				policy->name, policy->exempt_place,
				most,	      judged_of(p->arena, policy),
				NULL };

	snprintf(most, sizeof(most), "%u", policy->exempt_most_s);
	if (!apart_ask(words, line, sizeof(line)))
		return 0;
	return fault_set(f, -EIO, "%s", line);
}

int book_sync(struct program *p, struct fault *f)
{
	const char *words[] = { "mailwall",   "book", "--",
				p->state_dir, "sync", NULL };
	char line[sizeof(f->text)];

	if (!apart_ask(words, line, sizeof(line)))
		return 0;
	return fault_set(f, -EIO, "%s", line);
}
