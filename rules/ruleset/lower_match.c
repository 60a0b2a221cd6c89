/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of lowering: objects by name, statements, conditions. */
#include "lower.h"
#include "../base/arena.h"
#include "../base/service.h"

#include <string.h>

/* ---- names and objects ---- */

const char *port_name(struct arena *a, uint16_t port)
{
	const struct service *s = service_by_port(port);

	return s ? s->name : arena_printf(a, "%u", port);
}

/* A comment holds no quote: nft could not read its own listing again. */
const char *make_comment(struct arena *a, const char *id, const char *text)
{
	char *out = arena_printf(a, "%s %.*s", id, 2 * COMMENT_BYTES, text);

	if (strlen(out) > COMMENT_BYTES)
		memcpy(out + COMMENT_BYTES - 3, "...", 4);
	for (char *p = out; *p; p++)
		if (*p == '"')
			*p = '\'';
	return out;
}

struct chain *add_chain(struct ruleset *rs, const char *name,
			enum base_hook hook, const struct span *origin)
{
	struct chain *chain = arena_alloc(rs->arena, sizeof(*chain));

	chain->name = name;
	chain->hook = hook;
	chain->inside = rs->inside;
	chain->origin = origin;
	*arena_push(rs->arena, &rs->chains) = chain;
	return chain;
}

const char *inside_name(const struct ruleset *rs, const char *name)
{
	const struct inside *in = &rs->inside;

	if (!in->family)
		return name;
	return arena_printf(rs->arena, "%s.in%u.v%u", name, in->offset,
			    in->family);
}

struct chain *find_chain(struct ruleset *rs, const char *name)
{
	for (size_t i = 0; i < rs->chains.n; i++)
		if (!strcmp(rs->chains.items[i]->name, name))
			return rs->chains.items[i];
	return NULL;
}

const struct counter *counter_for(struct ruleset *rs, const char *name,
				  const struct clause *clause)
{
	struct counter *counter;

	for (size_t i = 0; i < rs->counters.n; i++)
		if (!strcmp(rs->counters.items[i]->name, name))
			return rs->counters.items[i];
	counter = arena_alloc(rs->arena, sizeof(*counter));
	counter->name = name;
	counter->clause = clause;
	counter->origin = clause ? &clause->span : NULL;
	*arena_push(rs->arena, &rs->counters) = counter;
	return counter;
}

struct set *find_set(struct ruleset *rs, const char *name)
{
	for (size_t i = 0; i < rs->sets.n; i++)
		if (!strcmp(rs->sets.items[i]->name, name))
			return rs->sets.items[i];
	return NULL;
}

/* Room to grow by half before the set must be made anew. */
uint32_t hash_size(size_t elements)
{
	uint32_t size = 16;

	while (size < elements + elements / 4)
		size *= 2;
	return size;
}

struct set *add_set(struct ruleset *rs, const char *name, enum set_key key,
		    const struct span *origin)
{
	struct set *set = arena_alloc(rs->arena, sizeof(*set));

	set->name = name;
	set->key = key;
	set->origin = origin;
	*arena_push(rs->arena, &rs->sets) = set;
	return set;
}

/* ---- a class as the sets that match it ---- */

enum part { PART_NETS4, PART_HOSTS4, PART_NETS6, PART_HOSTS6, PART_INTERFACES };

static const char *const part_suffix[] = {
	[PART_NETS4] = "v4",	  [PART_HOSTS4] = "v4.hosts",
	[PART_NETS6] = "v6",	  [PART_HOSTS6] = "v6.hosts",
	[PART_INTERFACES] = "if",
};

static size_t part_members(const struct class *class, enum part part)
{
	if (class->kind == CLASS_DYNAMIC)
		return part == PART_NETS4 || part == PART_NETS6;
	switch (part) {
	case PART_NETS4:
		return class->nets4.n;
	case PART_HOSTS4:
		return class->hosts4.n;
	case PART_NETS6:
		return class->nets6.n;
	case PART_HOSTS6:
		return class->hosts6.n;
	case PART_INTERFACES:
		return class->interfaces.n;
	}
	return 0;
}

static bool has_wildcard(const struct words *names)
{
	for (size_t i = 0; i < names->n; i++)
		if (strchr(names->items[i].text, '*'))
			return true;
	return false;
}

/* Literal addresses have no name; their text makes one that stays. */
static const char *class_stem(struct arena *a, const struct class *class)
{
	if (!class->literal)
		return class->name;
	return arena_printf(a, "addr-%08x",
			    text_hash(TEXT_HASH_START, class->name));
}

/* The kernel compares names as 16 bytes; a wildcard is a range of them. */
static const struct ranges6 *name_ranges(struct arena *a,
					 const struct words *names)
{
	struct ranges6 *out = arena_alloc(a, sizeof(*out));

	for (size_t i = 0; i < names->n; i++) {
		const char *name = names->items[i].text;
		size_t len = strcspn(name, "*");
		struct range6 r = { 0 };

		if (name[len])
			memset(r.last.byte, 0xff, sizeof(r.last.byte));
		memcpy(r.first.byte, name, len);
		memcpy(r.last.byte, name, len);
		ranges6_push(a, out, r);
	}
	ranges6_merge(a, out, false, NULL);
	return out;
}

static void fill_set(struct arena *a, struct set *set,
		     const struct class *class, enum part part)
{
	set->class = class;
	if (class->kind == CLASS_DYNAMIC) {
		set->interval = set->timeout = true;
		set->size = class->size;
		return;
	}
	switch (part) {
	case PART_NETS4:
		set->interval = true;
		set->v4 = &class->nets4;
		break;
	case PART_NETS6:
		set->interval = true;
		set->v6 = &class->nets6;
		break;
	case PART_HOSTS4:
		set->v4 = &class->hosts4;
		set->size = hash_size(class->hosts4.n);
		break;
	case PART_HOSTS6:
		set->v6 = &class->hosts6;
		set->size = hash_size(class->hosts6.n);
		break;
	case PART_INTERFACES:
		set->v6 = name_ranges(a, &class->interfaces);
		set->interval = has_wildcard(&class->interfaces);
		if (!set->interval)
			set->size = hash_size(set->v6->n);
		break;
	}
}

static const struct set *part_set(struct ruleset *rs, const struct class *class,
				  enum part part)
{
	static const enum set_key keys[] = {
		[PART_NETS4] = KEY_IPV4,	[PART_HOSTS4] = KEY_IPV4,
		[PART_NETS6] = KEY_IPV6,	[PART_HOSTS6] = KEY_IPV6,
		[PART_INTERFACES] = KEY_IFNAME,
	};
	const char *name =
		arena_printf(rs->arena, "%s.%s", class_stem(rs->arena, class),
			     part_suffix[part]);
	struct set *set = find_set(rs, name);

	if (set)
		return set;
	set = add_set(rs, name, keys[part], &class->span);
	fill_set(rs->arena, set, class, part);
	return set;
}

/* ---- rules, statement by statement ---- */

struct stmt *rule_put(struct rule *rule, enum stmt_kind kind)
{
	struct stmt *s = &rule->stmts[rule->n++];

	s->kind = kind;
	return s;
}

void put_counter(struct rule *rule, const struct counter *counter)
{
	rule_put(rule, STMT_COUNTER)->counter = counter;
}

void put_rule(struct ruleset *rs, struct chain *chain, const struct rule *rule)
{
	*arena_push(rs->arena, &chain->rules) = *rule;
}

/* Joins the statements of head and tail to one rule. */
struct rule rule_join(const struct rule *head, const struct rule *tail)
{
	struct rule out = *head;

	for (unsigned int i = 0; i < tail->n; i++)
		out.stmts[out.n++] = tail->stmts[i];
	out.comment = tail->comment ? tail->comment : head->comment;
	out.origin = tail->origin ? tail->origin : head->origin;
	return out;
}

/* ---- conditions ---- */

void add_condition(struct conditions *cs, const struct class_refs *refs,
		   bool source)
{
	if (refs->n)
		cs->items[cs->n++] = (struct condition){ refs, source };
}

void add_owners(struct conditions *cs, const struct clause *clause)
{
	cs->users = clause->users.n ? &clause->users : NULL;
	cs->groups = clause->groups.n ? &clause->groups : NULL;
}

static void each_owner(struct ruleset *rs, const struct conditions *cs,
		       const struct rule *matches, int family, emit_fn *emit,
		       void *data)
{
	size_t users = cs->users ? cs->users->n : 1;
	size_t groups = cs->groups ? cs->groups->n : 1;

	for (size_t u = 0; u < users; u++)
		for (size_t g = 0; g < groups; g++) {
			struct rule more = *matches;

			if (cs->users)
				rule_put(&more, STMT_SKUID)->id =
					cs->users->items[u];
			if (cs->groups)
				rule_put(&more, STMT_SKGID)->id =
					cs->groups->items[g];
			emit(rs, &more, family, data);
		}
}

/*
 * Calls emit for every way in which all conditions can hold; family is 4 or 6
 * where one of them decides that, else 0. An IPv4 set and an IPv6 set never
 * hold together.
 */
void each_way(struct ruleset *rs, const struct conditions *cs,
	      unsigned int from, const struct rule *matches, int family,
	      emit_fn *emit, void *data)
{
	const struct condition *c = &cs->items[from];

	if (!family)
		family = rs->inside.family;
	if (from == cs->n) {
		each_owner(rs, cs, matches, family, emit, data);
		return;
	}
	for (size_t i = 0; i < c->refs->n; i++) {
		const struct class *class = c->refs->items[i];

		for (enum part part = PART_NETS4; part <= PART_INTERFACES;
		     part++) {
			int mine = part == PART_INTERFACES ? 0 :
				   part <= PART_HOSTS4	   ? 4 :
							     6;
			struct rule more = *matches;
			enum stmt_kind kind =
				mine ? (c->source ? STMT_SADDR : STMT_DADDR) :
				       (c->source ? STMT_IIFNAME :
						    STMT_OIFNAME);

			if (!part_members(class, part) ||
			    (mine && family && mine != family))
				continue;
			rule_put(&more, kind)->set = part_set(rs, class, part);
			each_way(rs, cs, from + 1, &more, mine ? mine : family,
				 emit, data);
		}
	}
}
