/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Effects of a new policy on connections: those that it would block and that
 * the one before lets through.
 */
#ifndef MAILWALL_EFFECT_H
#define MAILWALL_EFFECT_H

#include "../policy/decide.h"

enum effect {
	EFFECT_NONE,
	EFFECT_MAYBE, /* depends on what is not known of the connection */
	EFFECT_BLOCKED,
};

/* Members of a dynamic class, merged and joined. */
struct effect_dynamic {
	const char *name;
	struct ranges4 v4;
	struct ranges6 v6;
};

struct effect_dynamics {
	struct effect_dynamic *items;
	size_t n, cap;
};

struct effect_query {
	/* NULL: not known. The connections that are asked about passed it. */
	const struct policy *before;
	const struct policy *after;
	/* Members now; a policy that does not use a class does not ask. */
	const struct effect_dynamics *dynamics;
	/* The new policy's dynamic classes start empty. */
	bool forgets;
};

/* One connection, of which all is known that the opening says. */
enum effect effect_of_opening(const struct effect_query *q,
			      const struct opening *opening);

/*
 * A source that tried a port, as the store remembers it: an address, or a /64
 * of IPv6, and neither a destination nor an interface. Destinations are tried:
 * some of each class that clauses name, and one of no class.
 */
struct effect_seen {
	uint8_t family;
	struct addr6 source;
	uint16_t port;
	/* The clause that let it through, of the policy before: "p:17"; or
	 * NULL. */
	const char *clause;
};

struct effect_places {
	struct ranges4 v4; /* the first address of each is tried */
	struct ranges6 v6;
};

/* Finds destinations that are worth trying, for both policies. */
void effect_find_places(struct arena *a, const struct effect_query *q,
			struct effect_places *out);
enum effect effect_of_seen(const struct effect_query *q,
			   const struct effect_places *places,
			   const struct effect_seen *seen);

#endif
