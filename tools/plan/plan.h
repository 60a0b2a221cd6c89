/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plan: what would change if a policy were loaded now. It is made by the same
 * functions that load the policy, up to the transaction, which is listed
 * instead of sent.
 */
#ifndef MAILWALL_PLAN_H
#define MAILWALL_PLAN_H

#include "../live/live.h"
#include "sources_seen.h"
#include "../change/apply.h"
#include "../kernel/members.h"
#include "../../rules/plan/plan_classes.h"
#include "../../rules/plan/plan_clauses.h"

#include <jansson.h>

#define PLAN_SESSIONS_MOST 100000
#define PLAN_SESSIONS_MS   2000
/* Members of a dynamic class that are read back. */
#define PLAN_MEMBERS_MOST 20000
/* Sessions, sources and members that are named; all are counted. */
#define PLAN_NAMED_MOST 1000

/* Where it is known from what was loaded before. */
enum plan_source {
	PLAN_FROM_NOTHING, /* nothing was loaded */
	PLAN_FROM_REVISION,
	PLAN_FROM_KERNEL, /* comments of rules, counters, sets */
};

struct plan_before {
	enum plan_source source;
	const char *name, *digest;
	uint32_t revision; /* 0: not known, as the next */
	int64_t time_s;
	const char *who, *why; /* NULL: not known */
};

/* A member of a dynamic class that no class of the policy holds. */
struct plan_member {
	const char *class, *text;
	const char *lost; /* the class that held it; NULL: none did */
};

struct plan_members {
	size_t stay, go; /* go: with their class */
	size_t without;	 /* no class holds them, named or not */
	bool bounded;	 /* a class has too many: it was not read */
	struct {
		struct plan_member *items;
		size_t n, cap;
	} named;
};

struct plan_session {
	struct opening opening;
	bool maybe;
};

struct plan_sessions {
	struct live_result live;
	size_t cut, maybe;
	struct {
		struct plan_session *items;
		size_t n, cap;
	} named;
};

struct plan_counter {
	const char *name;
	uint64_t packets, bytes;
};

struct plan_counters {
	size_t kept; /* clauses' */
	struct texts come;
	struct {
		struct plan_counter *items;
		size_t n, cap;
	} go;
};

struct plan {
	struct program *program;
	const char *path;
	const struct policy *policy;
	const struct ruleset *rules;
	struct apply_outcome outcome;
	struct plan_before before;
	struct policy *before_policy; /* NULL: not known */
	struct plan_side old_side, new_side;
	struct plan_setting_changes settings;
	struct plan_lines lines;
	struct plan_class_changes classes;
	struct change_list list; /* the transaction */
	struct plan_counters counters;
	struct effect_dynamics dynamics;
	struct plan_members members;
	struct plan_sessions sessions;
	struct seen_result seen;
	bool shrinks; /* a class loses too much */
};

/*
 * Makes the plan of a policy. Returns the outcome's error: 0 or -errno. With
 * outcome.changed false nothing else is filled: there is nothing to do.
 */
int plan_make(struct program *p, const char *path, const struct policy *policy,
	      const struct ruleset *rules, struct plan *out);
void plan_free(struct plan *plan);

/* Clauses, settings and classes that change. */
size_t plan_changes(const struct plan *plan);

void plan_print(const struct plan *plan);
/* Prints that the policy is loaded. */
void plan_print_same(const char *name, const char *digest);
/* All of the text, typed: the members of a document, without "ok". */
json_t *plan_json(const struct plan *plan);

/* ---- plan_before.c ---- */

/* Fills before, before_policy and old_side. 0 or -errno. */
int plan_look_before(struct plan *plan);

/* ---- plan_effects.c ---- */

/* Fills dynamics, members, sessions and seen. 0 or -errno. */
int plan_find_effects(struct plan *plan);

#endif
