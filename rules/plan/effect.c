/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "effect.h"
#include "covered.h"
#include "../base/arena.h"

#include <string.h>

/* ---- one connection ---- */

static bool effect_is_member(void *ctx, const struct class *class,
			     uint8_t family, const struct addr6 *address)
{
	const struct effect_dynamics *all = ctx;
	struct range6 r6 = { *address, *address };
	uint32_t v4 = addr4_load(address);

	for (size_t i = 0; i < all->n; i++) {
		const struct effect_dynamic *d = &all->items[i];

		if (strcmp(d->name, class->name))
			continue;
		return family == 4 ? covered_range4(&d->v4,
						    (struct range4){ v4, v4 }) :
				     covered_range6(&d->v6, &r6);
	}
	return false;
}

static void effect_decide(const struct effect_query *q, bool after,
			  const struct opening *opening, struct decision *out)
{
	struct decide_input input = {
		.member = q->dynamics && !(after && q->forgets) ?
				  effect_is_member :
				  NULL,
		.ctx = (void *)q->dynamics,
	};

	policy_decide(after ? q->after : q->before, &input, opening, out);
}

enum effect effect_of_opening(const struct effect_query *q,
			      const struct opening *opening)
{
	struct decision was = { 0 }, is;

	effect_decide(q, true, opening, &is);
	if (!decision_blocks(q->after, &is))
		return EFFECT_NONE;
	if (q->before)
		effect_decide(q, false, opening, &was);
	if (q->before && decision_blocks(q->before, &was))
		return EFFECT_NONE;
	return is.unsure || was.unsure ? EFFECT_MAYBE : EFFECT_BLOCKED;
}

/* ---- destinations to try ---- */

#define PLACES_OF_CLASS 16

static void places_of_class(struct arena *a, const struct class *class,
			    struct effect_places *out)
{
	const struct ranges4 *v4[] = { &class->hosts4, &class->nets4 };
	const struct ranges6 *v6[] = { &class->hosts6, &class->nets6 };

	for (int k = 0; k < 2; k++) {
		for (size_t i = 0; i < v4[k]->n && i < PLACES_OF_CLASS; i++)
			ranges4_push(a, &out->v4,
				     (struct range4){ v4[k]->items[i].first,
						      v4[k]->items[i].first });
		for (size_t i = 0; i < v6[k]->n && i < PLACES_OF_CLASS; i++)
			ranges6_push(a, &out->v6,
				     (struct range6){ v6[k]->items[i].first,
						      v6[k]->items[i].first });
	}
}

static void append_class(struct arena *a, const struct class *c,
			 struct ranges4 *v4, struct ranges6 *v6)
{
	const struct ranges4 *of4[] = { &c->hosts4, &c->nets4 };
	const struct ranges6 *of6[] = { &c->hosts6, &c->nets6 };

	for (int k = 0; k < 2; k++) {
		for (size_t i = 0; i < of4[k]->n; i++)
			ranges4_push(a, v4, of4[k]->items[i]);
		for (size_t i = 0; i < of6[k]->n; i++)
			ranges6_push(a, v6, of6[k]->items[i]);
	}
}

/* An address that no class has which the policies use. */
static void place_of_none(struct arena *a, const struct effect_query *q,
			  struct effect_places *out)
{
	const struct policy *policies[] = { q->before, q->after };
	struct ranges4 all4 = { 0 }, none4 = { 0 };
	struct ranges6 all6 = { 0 }, none6 = { 0 };

	for (int k = 0; k < 2; k++)
		for (size_t i = 0; policies[k] && i < policies[k]->classes.n;
		     i++) {
			const struct class *c = policies[k]->classes.items[i];

			if (c->uses && c->kind == CLASS_STATIC)
				append_class(a, c, &all4, &all6);
		}
	ranges4_merge(a, &all4, true, NULL);
	ranges6_merge(a, &all6, true, NULL);
	ranges4_complement(a, &all4, &none4);
	ranges6_complement(a, &all6, &none6);
	if (none4.n)
		ranges4_push(a, &out->v4,
			     (struct range4){ none4.items[none4.n - 1].first,
					      none4.items[none4.n - 1].last });
	if (none6.n)
		ranges6_push(a, &out->v6, none6.items[none6.n - 1]);
}

static void places_of_refs(struct arena *a, const struct class_refs *refs,
			   struct effect_places *out)
{
	for (size_t i = 0; i < refs->n; i++)
		places_of_class(a, refs->items[i], out);
}

void effect_find_places(struct arena *a, const struct effect_query *q,
			struct effect_places *out)
{
	const struct policy *policies[] = { q->before, q->after };

	*out = (struct effect_places){ 0 };
	for (int k = 0; k < 2; k++)
		for (size_t i = 0; policies[k] && i < policies[k]->blocks.n;
		     i++) {
			const struct block *b = &policies[k]->blocks.items[i];

			if (b->direction == DIRECTION_INBOUND)
				places_of_refs(a, &b->of, out);
			for (size_t n = 0; n < b->clauses.n; n++)
				places_of_refs(a, &b->clauses.items[n].to, out);
		}
	place_of_none(a, q, out);
	ranges4_merge(a, &out->v4, false, NULL);
	ranges6_merge(a, &out->v6, false, NULL);
}

/* ---- a source of the store ---- */

/* A class has some of the addresses of an IPv6 source, and not all. */
static bool source_is_cut(const struct effect_query *q,
			  const struct effect_seen *seen)
{
	const struct policy *policies[] = { q->before, q->after };
	struct range6 network = { seen->source, seen->source };

	if (seen->family == 4)
		return false;
	memset(network.last.byte + 8, 0xff, 8);
	for (int k = 0; k < 2; k++)
		for (size_t i = 0; policies[k] && i < policies[k]->classes.n;
		     i++) {
			const struct class *c = policies[k]->classes.items[i];

			if (covered_range6(&c->hosts6, &network) ==
				    COVERED_PART ||
			    covered_range6(&c->nets6, &network) == COVERED_PART)
				return true;
		}
	return false;
}

static const struct clause *clause_of_id(const struct policy *p, const char *id)
{
	for (size_t i = 0; p && id && i < p->blocks.n; i++)
		for (size_t k = 0; k < p->blocks.items[i].clauses.n; k++)
			if (!strcmp(p->blocks.items[i].clauses.items[k].id, id))
				return &p->blocks.items[i].clauses.items[k];
	return NULL;
}

struct seen_try {
	const struct effect_query *query;
	struct opening opening;
	const struct clause *clause; /* NULL: any */
	unsigned int fits, blocked, maybe;
};

/* A destination counts if the clause that decided then would decide. */
static void try_destination(struct seen_try *t)
{
	struct decision was;
	enum effect effect;

	if (t->clause) {
		effect_decide(t->query, false, &t->opening, &was);
		if (was.clause != t->clause)
			return;
	}
	effect = effect_of_opening(t->query, &t->opening);
	t->fits++;
	t->blocked += effect == EFFECT_BLOCKED;
	t->maybe += effect == EFFECT_MAYBE;
}

static void try_destinations(struct seen_try *t,
			     const struct effect_places *places)
{
	t->fits = t->blocked = t->maybe = 0;
	for (size_t i = 0; t->opening.family == 4 && i < places->v4.n; i++) {
		memset(&t->opening.destination, 0, sizeof(struct addr6));
		addr4_store(&t->opening.destination, places->v4.items[i].first);
		try_destination(t);
	}
	for (size_t i = 0; t->opening.family == 6 && i < places->v6.n; i++) {
		t->opening.destination = places->v6.items[i].first;
		try_destination(t);
	}
}

enum effect effect_of_seen(const struct effect_query *q,
			   const struct effect_places *places,
			   const struct effect_seen *seen)
{
	struct seen_try t = {
		.query = q,
		.opening = { .family = seen->family,
			     .source = seen->source,
			     .destination_port = seen->port },
		.clause = clause_of_id(q->before, seen->clause),
	};
	bool sent =
		!t.clause || t.clause->block->direction == DIRECTION_OUTBOUND;

	if (q->after->hook == HOOK_OUTPUT && sent)
		t.opening.out = "";
	else if (q->after->hook == HOOK_OUTPUT)
		t.opening.in = "";
	try_destinations(&t, places);
	if (!t.fits && t.clause) {
		t.clause = NULL;
		try_destinations(&t, places);
	}
	if (!t.blocked && !t.maybe)
		return EFFECT_NONE;
	return t.blocked == t.fits && !source_is_cut(q, seen) ? EFFECT_BLOCKED :
								EFFECT_MAYBE;
}
