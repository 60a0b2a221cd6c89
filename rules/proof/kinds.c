/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kinds.h"
#include "../base/arena.h"
#include "../policy/decide.h"

#include <endian.h>
#include <string.h>

#define INTERFACE_BYTES 15

/* ---- addresses ---- */

/* An address of either family; IPv4 is the low half. */
struct point {
	uint64_t high, low;
};

/* A merged list of one class, read once from its start to its end. */
struct reader {
	const struct range4 *v4;
	const struct range6 *v6;
	size_t n, at;
	bool inside;	 /* at the end of range at, not at its start */
	uint64_t sum[2]; /* the part of the class in a signature */
};

struct sweep {
	struct arena *arena;
	struct reader *items;
	size_t n, cap;
	uint64_t sum[2]; /* the signature: of the classes that hold the address
			  */
	uint64_t *seen;	 /* two words a signature; 0, 0 is a free place */
	size_t n_seen, places;
	bool seen_none; /* the signature of no class at all */
};

static struct point point4(uint32_t address)
{
	return (struct point){ 0, address };
}

static struct point point6(const struct addr6 *address)
{
	uint64_t half[2];

	memcpy(half, address->byte, sizeof(half));
	return (struct point){ be64toh(half[0]), be64toh(half[1]) };
}

static bool point_is_before(struct point a, struct point b)
{
	return a.high == b.high ? a.low < b.low : a.high < b.high;
}

/* False behind the last address of all. */
static bool point_step(struct point *p, uint8_t family)
{
	p->low++;
	if (family == 4)
		return p->low <= UINT32_MAX;
	p->high += !p->low;
	return p->high || p->low;
}

static struct addr6 point_address(struct point p, uint8_t family)
{
	struct addr6 out = { 0 };
	uint64_t half[2] = { htobe64(p.high), htobe64(p.low) };
	uint32_t v4 = htobe32((uint32_t)p.low);

	if (family == 4)
		memcpy(out.byte, &v4, sizeof(v4));
	else
		memcpy(out.byte, half, sizeof(half));
	return out;
}

/* The next address at which the class begins or ends. */
static bool reader_next(const struct reader *r, struct point *out)
{
	if (r->at == r->n)
		return false;
	if (r->v4) {
		const struct range4 *range = &r->v4[r->at];

		*out = point4(r->inside ? range->last : range->first);
		return !r->inside || point_step(out, 4);
	}
	*out = point6(r->inside ? &r->v6[r->at].last : &r->v6[r->at].first);
	return !r->inside || point_step(out, 6);
}

/* Numbers that no two sets of classes are likely to share the sum of. */
static uint64_t kinds_mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static void sweep_add(struct sweep *s, const struct range4 *v4,
		      const struct range6 *v6, size_t n)
{
	uint64_t number = 2 * s->n + 1;
	struct reader *r;

	if (!n)
		return;
	r = arena_push(s->arena, s);
	*r = (struct reader){
		.v4 = v4,
		.v6 = v6,
		.n = n,
		.sum = { kinds_mix(number * 0x9e3779b97f4a7c15u),
			 kinds_mix((number + 1) * 0x9e3779b97f4a7c15u) },
	};
}

/* Moves all readers that change at the address over it. */
static void sweep_pass(struct sweep *s, struct point at)
{
	for (size_t i = 0; i < s->n; i++) {
		struct reader *r = &s->items[i];
		struct point next;

		while (reader_next(r, &next) && !point_is_before(at, next)) {
			s->sum[0] ^= r->sum[0];
			s->sum[1] ^= r->sum[1];
			r->at += r->inside;
			r->inside = !r->inside;
		}
	}
}

static bool sweep_next(const struct sweep *s, struct point *out)
{
	bool any = false;
	struct point next;

	for (size_t i = 0; i < s->n; i++)
		if (reader_next(&s->items[i], &next) &&
		    (!any || point_is_before(next, *out))) {
			*out = next;
			any = true;
		}
	return any;
}

static void sweep_grow(struct sweep *s)
{
	size_t places = s->places ? 2 * s->places : 64;
	uint64_t *seen = arena_alloc(s->arena, places * 2 * sizeof(*seen));

	for (size_t i = 0; i < s->places; i++) {
		const uint64_t *old = &s->seen[2 * i];
		size_t at = old[0] & (places - 1);

		if (!old[0] && !old[1])
			continue;
		while (seen[2 * at] || seen[2 * at + 1])
			at = (at + 1) & (places - 1);
		memcpy(&seen[2 * at], old, 2 * sizeof(*old));
	}
	s->seen = seen;
	s->places = places;
}

/* Is it the first address in just these classes? */
static bool sweep_is_new(struct sweep *s)
{
	bool none = !s->sum[0] && !s->sum[1];
	size_t at;

	if (none && s->seen_none)
		return false;
	if (none)
		return s->seen_none = true;
	if (2 * s->n_seen >= s->places)
		sweep_grow(s);
	at = s->sum[0] & (s->places - 1);
	for (; s->seen[2 * at] || s->seen[2 * at + 1];
	     at = (at + 1) & (s->places - 1))
		if (!memcmp(&s->seen[2 * at], s->sum, sizeof(s->sum)))
			return false;
	memcpy(&s->seen[2 * at], s->sum, sizeof(s->sum));
	s->n_seen++;
	return true;
}

bool kinds_of_addresses(struct arena *a, const struct class_list *classes,
			uint8_t family, uint64_t *steps, struct addresses *out)
{
	struct sweep s = { .arena = a };
	struct point at = { 0, 0 };

	for (size_t i = 0; i < classes->n; i++) {
		const struct class *c = classes->items[i];

		if (family == 4) {
			sweep_add(&s, c->hosts4.items, NULL, c->hosts4.n);
			sweep_add(&s, c->nets4.items, NULL, c->nets4.n);
		} else {
			sweep_add(&s, NULL, c->hosts6.items, c->hosts6.n);
			sweep_add(&s, NULL, c->nets6.items, c->nets6.n);
		}
	}
	do {
		if (*steps < 2 * s.n + 1)
			return false;
		*steps -= 2 * s.n + 1;
		sweep_pass(&s, at);
		if (sweep_is_new(&s))
			*arena_push(a, out) = point_address(at, family);
	} while (sweep_next(&s, &at));
	return true;
}

/* ---- interfaces ---- */

static bool pattern_fits(const struct word *pattern, const char *name)
{
	struct class one = { .interfaces = { (struct word *)pattern, 1, 1 } };

	return class_has_interface(&one, name);
}

static bool names_tell_apart(const struct words *patterns, const char *a,
			     const char *b)
{
	for (size_t i = 0; i < patterns->n; i++)
		if (pattern_fits(&patterns->items[i], a) !=
		    pattern_fits(&patterns->items[i], b))
			return true;
	return false;
}

static void kinds_add_name(struct arena *a, const struct words *patterns,
			   const char *name, struct names *out)
{
	if (!*name || strlen(name) > INTERFACE_BYTES)
		return;
	for (size_t i = 0; i < out->n; i++)
		if (!names_tell_apart(patterns, name, out->items[i]))
			return;
	*arena_push(a, out) = name;
}

/*
 * Patterns are names, or beginnings of names: what tells two names apart is
 * found among the patterns themselves, and what goes on behind them.
 */
void kinds_of_interfaces(struct arena *a, const struct words *patterns,
			 struct names *out)
{
	static const char *const tails[] = { "0", "9", "x", "-q", "" };
	static const char *const others[] = { "eth0", "other0", "q-z0" };

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		kinds_add_name(a, patterns, others[i], out);
	for (size_t i = 0; i < patterns->n; i++) {
		const char *text = patterns->items[i].text;
		int len = (int)strcspn(text, "*");

		for (size_t k = 0; k < sizeof(tails) / sizeof(*tails); k++)
			if (text[len])
				kinds_add_name(a, patterns,
					       arena_printf(a, "%.*s%s", len,
							    text, tails[k]),
					       out);
		if (!text[len])
			kinds_add_name(a, patterns, text, out);
	}
}

/* ---- owners ---- */

void kinds_of_ids(struct arena *a, struct ids *ids)
{
	uint32_t other = 1000;
	bool taken = true;

	while (taken) {
		taken = false;
		for (size_t i = 0; i < ids->n; i++)
			taken = taken || ids->items[i] == other;
		other += taken;
	}
	*arena_push(a, ids) = other;
}
