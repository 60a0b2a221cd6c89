/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ends.h"
#include "../base/arena.h"
#include "../policy/decide.h"

#include <string.h>

#define DYNAMIC_MOST                                                           \
	12 /* dynamic classes on one side: all may hold, or not                \
	    */

/* One side, as the clauses and the line tell it apart. */
struct side {
	struct arena *arena;
	const struct policy *policy;
	const struct expectation *line;
	enum end_side which;
	struct class_list fixed, dynamic;
	uint32_t may; /* bits of dynamic that are tried both ways */
	struct words patterns;
	struct ids uids, gids;
	bool too_many;
};

/* ---- what is asked for ---- */

static size_t list_find(const struct class_list *list, const struct class *c)
{
	size_t i = 0;

	while (i < list->n && list->items[i] != c)
		i++;
	return i;
}

static void ends_add_class(struct side *s, const struct class *c, bool may)
{
	struct class_list *list =
		c->kind == CLASS_DYNAMIC ? &s->dynamic : &s->fixed;
	size_t at = list_find(list, c);

	if (c->kind == CLASS_ANY)
		return;
	if (at == list->n) {
		*arena_push(s->arena, list) = c;
		for (size_t i = 0; i < c->interfaces.n; i++)
			*arena_push(s->arena, &s->patterns) =
				c->interfaces.items[i];
	}
	if (c->kind != CLASS_DYNAMIC)
		return;
	if (at >= DYNAMIC_MOST)
		s->too_many = true;
	else if (may)
		s->may |= 1u << at;
}

static void ends_add_refs(struct side *s, const struct class_refs *refs,
			  bool may)
{
	for (size_t i = 0; i < refs->n; i++)
		ends_add_class(s, refs->items[i], may);
}

static void ends_add_ids(struct side *s, struct ids *out, const struct ids *ids)
{
	for (size_t i = 0; i < ids->n; i++)
		*arena_push(s->arena, out) = ids->items[i];
}

static bool line_concerns(const struct expectation *line,
			  const struct clause *clause)
{
	for (size_t i = 0; i < line->ports.n; i++)
		if (clause_decides(clause, line->ports.items[i]))
			return true;
	return false;
}

static void ends_add_clause(struct side *s, const struct clause *clause)
{
	bool outbound = clause->block->direction == DIRECTION_OUTBOUND;
	bool from = s->which == END_FROM;
	bool may = s->line->never;

	if (outbound == from)
		ends_add_refs(s, &clause->block->of, may);
	ends_add_refs(s, from ? &clause->from : &clause->to, may);
	if (from) {
		ends_add_ids(s, &s->uids, &clause->users);
		ends_add_ids(s, &s->gids, &clause->groups);
	}
}

static void ends_add_clauses(struct side *s)
{
	for (size_t i = 0; i < s->policy->blocks.n; i++) {
		const struct block *b = &s->policy->blocks.items[i];

		for (size_t k = 0; k < b->clauses.n; k++)
			if (line_concerns(s->line, &b->clauses.items[k]))
				ends_add_clause(s, &b->clauses.items[k]);
	}
}

static const struct test_end *side_end(const struct side *s)
{
	return s->which == END_FROM ? &s->line->from : &s->line->to;
}

static void ends_add_line(struct side *s)
{
	ends_add_refs(s, &side_end(s)->of, true);
	ends_add_refs(s, &side_end(s)->unless, s->line->never);
	if (s->which == END_TO)
		return;
	ends_add_ids(s, &s->uids, &s->line->users);
	ends_add_ids(s, &s->uids, &s->line->unless_users);
	ends_add_ids(s, &s->gids, &s->line->groups);
	ends_add_ids(s, &s->gids, &s->line->unless_groups);
}

/* ---- members ---- */

bool end_is_in(const struct end_kind *end, const struct class *class)
{
	size_t at = list_find(end->dynamic, class);

	return at < end->dynamic->n && end->in >> at & 1;
}

static bool end_is_member(const struct end_kind *end,
			  const struct class_refs *refs)
{
	for (size_t i = 0; i < refs->n; i++) {
		const struct class *c = refs->items[i];

		if (c->kind == CLASS_DYNAMIC ?
			    end_is_in(end, c) :
			    class_has(c, end->family, &end->address))
			return true;
		if (end->interface && class_has_interface(c, end->interface))
			return true;
	}
	return !refs->n;
}

static bool ids_include(const struct ids *ids, uint32_t id)
{
	for (size_t i = 0; i < ids->n; i++)
		if (ids->items[i] == id)
			return true;
	return !ids->n;
}

/* Is the connection's owner one that the line is about? */
static bool end_is_owned(const struct expectation *l, const struct end_kind *e)
{
	bool unless = l->unless_users.n || l->unless_groups.n;

	if (!ids_include(&l->users, e->uid) || !ids_include(&l->groups, e->gid))
		return false;
	return !unless || !ids_include(&l->unless_users, e->uid) ||
	       !ids_include(&l->unless_groups, e->gid);
}

static void ends_add_end(struct side *s, const struct end_kind *end,
			 struct end_kinds *out)
{
	const struct test_end *wanted = side_end(s);

	if (!end_is_member(end, &wanted->of) ||
	    (wanted->has_unless && end_is_member(end, &wanted->unless)) ||
	    (end->has_owner && !end_is_owned(s->line, end)))
		return;
	*arena_push(s->arena, out) = *end;
}

/* ---- every kind ---- */

static void ends_add_owners(struct side *s, struct end_kind end,
			    struct end_kinds *out)
{
	if (s->policy->hook != HOOK_OUTPUT || s->which == END_TO ||
	    s->line->direction != DIRECTION_OUTBOUND) {
		ends_add_end(s, &end, out);
		return;
	}
	end.has_owner = true;
	for (size_t i = 0; i < s->uids.n; i++)
		for (size_t k = 0; k < s->gids.n; k++) {
			end.uid = s->uids.items[i];
			end.gid = s->gids.items[k];
			ends_add_end(s, &end, out);
		}
}

/* Each set of the dynamic classes that may hold it. */
static void ends_add_subsets(struct side *s, struct end_kind end,
			     struct end_kinds *out)
{
	uint32_t in = 0;

	do {
		end.in = in;
		ends_add_owners(s, end, out);
		in = (in - s->may) & s->may;
	} while (in);
}

static bool side_uses(struct side *s, const struct addresses *addresses,
		      const struct names *names, uint64_t *steps)
{
	uint64_t n = (uint64_t)addresses->n * (names->n + 1) *
		     (UINT64_C(1) << __builtin_popcount(s->may)) * s->uids.n *
		     s->gids.n;

	if (n > *steps)
		return false;
	*steps -= n;
	return true;
}

/* An ingress policy is asked where its devices are. */
static void side_names(struct side *s, struct names *names)
{
	const struct words *devices = &s->policy->devices;
	bool mine = (s->line->direction == DIRECTION_OUTBOUND) ==
		    (s->which == END_FROM);

	if (s->policy->hook == HOOK_INGRESS && mine) {
		for (size_t i = 0; i < devices->n; i++)
			*arena_push(s->arena, names) = devices->items[i].text;
		return;
	}
	if (s->patterns.n)
		kinds_of_interfaces(s->arena, &s->patterns, names);
	else if (s->policy->hook == HOOK_OUTPUT)
		*arena_push(s->arena, names) = "eth0";
	if (!names->n)
		*arena_push(s->arena, names) = NULL;
}

bool ends_of(struct arena *a, const struct policy *policy,
	     const struct expectation *line, enum end_side which,
	     uint8_t family, uint64_t *steps, struct end_kinds *out)
{
	struct side *s = arena_alloc(a, sizeof(*s));
	struct addresses addresses = { 0 };
	struct names names = { 0 };

	*s = (struct side){
		.arena = a, .policy = policy, .line = line, .which = which
	};
	ends_add_line(s);
	ends_add_clauses(s);
	kinds_of_ids(a, &s->uids);
	kinds_of_ids(a, &s->gids);
	side_names(s, &names);
	if (s->too_many ||
	    !kinds_of_addresses(a, &s->fixed, family, steps, &addresses) ||
	    !side_uses(s, &addresses, &names, steps))
		return false;
	for (size_t k = 0; k < names.n; k++)
		for (size_t i = 0; i < addresses.n; i++)
			ends_add_subsets(s,
					 (struct end_kind){
						 .family = family,
						 .address = addresses.items[i],
						 .interface = names.items[k],
						 .is_told = k > 0,
						 .dynamic = &s->dynamic },
					 out);
	return true;
}

/* ---- words ---- */

bool ends_have_owners(const struct policy *policy)
{
	for (size_t i = 0; i < policy->blocks.n; i++)
		for (size_t k = 0; k < policy->blocks.items[i].clauses.n; k++)
			if (policy->blocks.items[i].clauses.items[k].users.n ||
			    policy->blocks.items[i].clauses.items[k].groups.n)
				return true;
	return false;
}

void end_print(char *out, const struct end_kind *end)
{
	struct range4 v4 = { addr4_load(&end->address),
			     addr4_load(&end->address) };
	struct range6 v6 = { end->address, end->address };

	if (end->family == 4)
		range4_print(out, &v4);
	else
		range6_print(out, &v6);
}

const char *ends_text(struct arena *a, const struct end_kind *end,
		      enum end_side side)
{
	const char *name = side == END_FROM ? "the source" : "the destination";
	const char *way = side == END_FROM ? "in" : "out";
	const char *text = "";

	for (size_t i = 0; i < end->dynamic->n; i++)
		if (end->in >> i & 1)
			text = arena_printf(a, "%s%s%s", text,
					    *text ? " and " : "",
					    end->dynamic->items[i]->name);
	if (*text)
		text = arena_printf(a, ", when %s is in %s", name, text);
	if (end->is_told)
		text = arena_printf(a, "%s, %s over %s", text, way,
				    end->interface);
	return text;
}
