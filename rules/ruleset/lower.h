/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files that lower a policy to rules. */
#ifndef MAILWALL_LOWER_H
#define MAILWALL_LOWER_H

#include "../base/action.h"
#include "ruleset.h"

/* ---- lower_match.c: objects by name, statements, conditions ---- */

/* Returns the service's name, or the number. */
const char *port_name(struct arena *a, uint16_t port);
/* The comment of a rule: place and words, cut to COMMENT_BYTES. */
#define COMMENT_BYTES 120 /* the kernel takes 127 */
const char *make_comment(struct arena *a, const char *id, const char *text);

struct chain *add_chain(struct ruleset *rs, const char *name,
			enum base_hook hook, const struct span *origin);
struct chain *find_chain(struct ruleset *rs, const char *name);
/* The name of a chain for the header that is looked at: rs->inside. */
const char *inside_name(const struct ruleset *rs, const char *name);
/* Finds the counter of that name, or makes it. */
const struct counter *counter_for(struct ruleset *rs, const char *name,
				  const struct clause *clause);
struct set *add_set(struct ruleset *rs, const char *name, enum set_key key,
		    const struct span *origin);
struct set *find_set(struct ruleset *rs, const char *name);
uint32_t hash_size(size_t elements);

struct stmt *rule_put(struct rule *rule, enum stmt_kind kind);
void put_counter(struct rule *rule, const struct counter *counter);
void put_rule(struct ruleset *rs, struct chain *chain, const struct rule *rule);
/* Joins the statements of head and tail to one rule. */
struct rule rule_join(const struct rule *head, const struct rule *tail);

/* One list of classes that a packet's source or destination has to be in. */
struct condition {
	const struct class_refs *refs;
	bool source;
};

#define CONDITIONS_MOST 4

struct conditions {
	struct condition items[CONDITIONS_MOST];
	unsigned int n;
	const struct ids *users,
		*groups; /* the owner is one of each; NULL: anybody */
};

/*
 * The longest rule: family and protocol, conditions, user and group; then the
 * tail's meter or log, counter, action's own and verdict.
 */
#define HEAD_STMTS_MOST (2 + CONDITIONS_MOST + 2)
#define TAIL_STMTS_MOST 4
_Static_assert(HEAD_STMTS_MOST + TAIL_STMTS_MOST <= STMTS_MOST,
	       "a rule has room for all statements of a clause");

void add_condition(struct conditions *cs, const struct class_refs *refs,
		   bool source);
void add_owners(struct conditions *cs, const struct clause *clause);

typedef void emit_fn(struct ruleset *rs, const struct rule *matches, int family,
		     void *data);

/*
 * Calls emit for every way in which all conditions from the given one on can
 * hold; family is 4 or 6 where one of them decides that, else 0.
 */
void each_way(struct ruleset *rs, const struct conditions *cs,
	      unsigned int from, const struct rule *matches, int family,
	      emit_fn *emit, void *data);

static inline bool is_source(const struct block *block)
{
	return block->direction == DIRECTION_OUTBOUND;
}

/* ---- lower_clause.c: what a clause does, clauses and blocks in chains ---- */

/* A few rules without conditions: what happens to a packet that matched. */
struct tail {
	struct rule rules[5];
	unsigned int n;
};

void clause_tail(struct ruleset *rs, const struct clause *clause,
		 struct tail *tail);
void put_goto(struct tail *tail, const struct clause *clause,
	      const char *chain);
void put_log_prefix(struct ruleset *rs, struct rule *rule, const char *prefix);
void put_log(struct ruleset *rs, struct rule *rule,
	     const struct clause *clause);
/* A set that holds the sources of a rate, of one family. */
const struct set *meter_set(struct ruleset *rs, const char *stem, int family,
			    const struct rate *rate, const struct span *origin);
void put_meter(struct rule *rule, enum stmt_kind kind, const struct set *set,
	       const struct rate *rate);

bool has_target(const struct clause *clause, int family);
void put_target(struct stmt *s, const struct clause *clause, int family);

struct clause_place {
	struct chain *chain;
	const struct clause *clause;
	struct tail tail;
};

/*
 * A redirect concerns the families that it has a target for. put_concerned()
 * adds what tells them apart, if need be; false: it does not concern family.
 */
bool concerns_all(const struct clause *clause);
bool put_concerned(struct rule *rule, const struct clause *clause, int family);

/* An emit_fn: matches, then what the clause does. */
void emit_clause(struct ruleset *rs, const struct rule *matches, int family,
		 void *data);

typedef void add_clause_fn(struct ruleset *rs, struct chain *chain,
			   const struct clause *clause);
/* An add_clause_fn: the clause in its own direction. */
void add_clause(struct ruleset *rs, struct chain *chain,
		const struct clause *clause);
/* An add_clause_fn: the clause in the nat chain, where it redirects. */
void add_nat_clause(struct ruleset *rs, struct chain *chain,
		    const struct clause *clause);
void add_block(struct ruleset *rs, struct chain *chain,
	       const struct block *block, uint16_t port, const char *prefix,
	       add_clause_fn *add);

/* ---- lower_guard.c: what hides from a port match ---- */

/* The chain of a guard, made where it is first asked for, and filled last. */
const char *guard_chain(struct ruleset *rs, enum guard guard);
void guard_first_fragments(struct ruleset *rs, struct chain *from);
void guard_second_fragments(struct ruleset *rs, struct chain *from);
/* Sends packets with a source route to their end. */
void guard_source_routes(struct ruleset *rs, struct chain *port);
/* Sends first fragments without the flags of TCP to their end. */
void guard_flags(struct ruleset *rs, struct chain *port);
/* Fills the chains of the guards. */
void guards_fill(struct ruleset *rs);

/* ---- lower_frames.c: what lies between Ethernet and IP ---- */

/*
 * Does a base chain see frames as they were received? At egress this host's own
 * stack made them, and their headers are elsewhere.
 */
static inline bool base_sees_frames(const struct ruleset *rs,
				    const struct chain *base)
{
	return rs->family != FAMILY_INET && base->hook != BASE_EGRESS;
}

/*
 * Guards a base chain, behind its maps: against first fragments without their
 * transport header, and against what lies between Ethernet and IP. Chains that
 * found an IP header there stand in rs->insides, for maps of their own.
 */
void guard_base(struct ruleset *rs, struct chain *base);
/* May a packet that is looked at be of this family? */
static inline bool inside_may_be(const struct ruleset *rs, int family)
{
	return !rs->inside.family || rs->inside.family == family;
}

#endif
