/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The actions of a clause: one row each, from which grammar, checks, rules,
 * decisions, log prefixes and the public page follow.
 */
#ifndef MAILWALL_ACTION_H
#define MAILWALL_ACTION_H

#include "stmt.h"

#include <stdbool.h>
#include <stddef.h>

/* The fate of a connection that a clause decides. */
enum verdict_kind {
	VERDICT_PASS,	  /* the connection goes where it was meant to */
	VERDICT_REFUSE,	  /* the connection is refused in the clause's way */
	VERDICT_METER,	  /* connections pass up to a rate; those past it are
			     refused */
	VERDICT_REDIRECT, /* the connection goes to the clause's target */
};

/*
 * Name, word, verdict, whether it exempts (its sources are not judged for it,
 * and the public page does not list it), and the statement that stands before
 * the accept: STMT_ACCEPT for none. The order is that of mailwall.h.
 */
#define ACTIONS(X)                                                             \
	X(ALLOW, "allow", VERDICT_PASS, true, STMT_ACCEPT)                     \
	X(BLOCK, "block", VERDICT_REFUSE, false, STMT_ACCEPT)                  \
	X(LIMIT, "limit", VERDICT_METER, false, STMT_ACCEPT)                   \
	X(REDIRECT, "redirect", VERDICT_REDIRECT, false, STMT_ACCEPT)          \
	X(OBSERVE, "observe", VERDICT_PASS, false, STMT_ACCEPT)

enum action {
#define ACTION_ENUM(name, ...) ACTION_##name,
	ACTIONS(ACTION_ENUM)
#undef ACTION_ENUM
		ACTION_N
};

struct action_info {
	const char *word;
	enum verdict_kind verdict;
	bool exempts;
	enum stmt_kind also;
};

extern const struct action_info action_infos[ACTION_N];
/* The words alone, in the same order. */
extern const char *const action_words[ACTION_N];

/* The action of a word, which need not end in NUL, or ACTION_N. */
enum action action_by_word(const char *word, size_t len);
const char *action_name(enum action action);

/* Does the action end with the connection going where it was meant to? */
bool action_lets_through(enum action action);
/* Can the action end with a refusal: reset, reject or drop? */
bool action_may_refuse(enum action action);
/* Is the action a refusal without a rate? */
bool action_blocks(enum action action);
bool action_needs_rate(enum action action);
bool action_redirects(enum action action);
/* Does the action let the connection through only to count it? */
bool action_only_counts(enum action action);

/*
 * Guards: packets that hide from a port match. No clause decides them: a policy
 * of any kind drops and counts them, or counts them alone under mode observe.
 *
 * Name, the word in a log prefix ("residential:source-route block "), the
 * counter and chain of the table. The words are
 * contracts. Then what a person is told.
 */
#define GUARDS(X)                                                              \
	X(FIRST_FRAGMENT, "first-fragment", "first-fragments",                 \
	  "IPv6 first fragments without their transport header")               \
	X(SOURCE_ROUTE, "source-route", "source-routes",                       \
	  "packets to mail ports with a source route")                         \
	X(STACKED_TAGS, "stacked-tags", "stacked-tags",                        \
	  "frames with a tag behind a tag of number 0")                        \
	X(ENCAPSULATED, "encapsulated", "encapsulated",                        \
	  "frames that may hold IP where no rule looks")                       \
	X(INNER_HEADERS, "encapsulated", "inner-headers",                      \
	  "packets in frames in frames, behind headers that hide mail")

enum guard {
#define GUARD_ENUM(name, ...) GUARD_##name,
	GUARDS(GUARD_ENUM)
#undef GUARD_ENUM
		GUARD_N
};

struct guard_info {
	const char *word, *counter, *text;
};

extern const struct guard_info guard_infos[GUARD_N];

#endif
