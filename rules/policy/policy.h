/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A checked policy: names resolved, classes sorted and merged, every clause
 * decided. It is immutable from here on and may serve many threads.
 *
 * The policy owns all that can be reached from it, the diagnostics included;
 * policy_free() ends it all at once.
 */
#ifndef MAILWALL_POLICY_H
#define MAILWALL_POLICY_H

#include "../text/policy_input.h"
#include "../base/ranges.h"
#include "../text/decl.h"
#include "../base/diag.h"

enum hook { HOOK_FORWARD, HOOK_OUTPUT, HOOK_BRIDGE, HOOK_INGRESS };

enum refusal { REFUSAL_RESET, REFUSAL_REJECT, REFUSAL_DROP };

struct rate {
	uint32_t count; /* connections per unit; 0: no limit */
	uint32_t unit_s;
	uint32_t burst; /* connections */
};

enum class_kind { CLASS_STATIC, CLASS_DYNAMIC, CLASS_ANY };

struct class
{
	const char *name;
	struct span span;
	enum class_kind kind;
	bool builtin;
	bool literal; /* made of addresses in a clause, not declared */
	/*
	 * Merged addresses. Single ones are in hosts if they are worth a set of
	 * their own, or if there are no others.
	 */
	struct ranges4 hosts4, nets4;
	struct ranges6 hosts6, nets6;
	/* For the checker: hosts and nets as one list, made on first use. */
	struct class_all {
		struct ranges4 v4;
		struct ranges6 v6;
	} * all;
	struct words interfaces; /* may end in * */
	uint32_t size;		 /* elements that a dynamic class may have */
	uint32_t users;		 /* users behind one address; 0: not given */
	unsigned int uses;	 /* clauses, blocks and classes that name it */
};

struct class_refs {
	const struct class **items; /* n == 0: any */
	size_t n, cap;
	struct span span;
};

struct ids {
	uint32_t *items;
	size_t n, cap;
};

struct ports {
	uint16_t *items;
	size_t n, cap;
};

struct block;

struct clause {
	const struct block *block;
	struct span span;
	const char *text;  /* as written, blanks folded */
	const char *words; /* the text without "log" */
	const char *id;	   /* "residential:17": policy and line, for logs */
	const char *key;   /* "block-smtp-3fa91c": stays when lines move */
	enum action action;
	enum refusal refusal;
	struct ports ports;
	struct class_refs from, to;
	struct ids users, groups;
	struct rate rate; /* the rate of a limit */
	bool log, replies;
	bool has_target4, has_target6; /* targets of a redirect */
	uint32_t target4;
	struct addr6 target6;
};

struct block {
	enum direction direction;
	struct span span;
	const char *text;
	const char *id;
	struct class_refs
		of; /* members of these have their connections judged */
	struct {
		struct clause *items;
		size_t n, cap;
	} clauses;
};

/* The verdicts that a test may name. */
#define EXPECTED(X)                                                            \
	X(ALLOW, "allow")                                                      \
	X(BLOCK, "block")                                                      \
	X(RESET, "reset")                                                      \
	X(REJECT, "reject")                                                    \
	X(DROP, "drop")                                                        \
	X(LIMIT, "limit")                                                      \
	X(REDIRECT, "redirect")                                                \
	X(OBSERVE, "observe")

enum expected {
#define EXPECTED_ENUM(name, word) EXPECTED_##name,
	EXPECTED(EXPECTED_ENUM)
#undef EXPECTED_ENUM
		EXPECTED_N
};

/* A side of the connections of a test: members of these, but not of those. */
struct test_end {
	struct class_refs of, unless;
	bool has_unless; /* unless.n == 0 means any, as in all class_refs */
};

/* Every connection from here to there has, or never has, the verdict. */
struct expectation {
	struct span span;
	const char *text;
	bool never;
	enum direction direction; /* hooks output and ingress tell it apart */
	struct test_end from, to;
	struct ids users, groups, unless_users, unless_groups;
	struct ports ports;
	enum expected verdict;
};

struct policy_test {
	const char *name;
	struct span span;
	struct {
		struct expectation *items;
		size_t n, cap;
	} lines;
};

struct policy {
	struct arena *arena;
	struct diags diags;
	const char *name, *purpose, *contact, *review; /* NULL: not given */
	const struct span *name_span;
	bool observe;		/* blocks only count */
	bool drop_encapsulated; /* frames that no rule looks into */
	enum hook hook;
	struct words devices; /* interfaces of hook ingress */
	uint16_t log_group;
	uint32_t log_snaplen, log_threshold;
	struct rate log_rate;
	uint32_t quarantine_s;	     /* 0: not given */
	uint32_t exempt_most_s;	     /* how long an exemption may be; 0: any */
	const char *exempt_place;    /* "p.policy:7", which says so; or "" */
	bool keep_destinations;	     /* examples of findings, in the store */
	double watch[WATCH_FIGURES]; /* in the units of watch.h */
	struct {
		struct class **items;
		size_t n, cap;
	} classes;
	struct {
		struct block *items;
		size_t n, cap;
	} blocks;
	struct {
		struct policy_test *items;
		size_t n, cap;
	} tests; /* rules/proof decides them */
};

/*
 * Reads, checks and lints. 0: *out is a policy, usable if diags.errors is 0.
 * -errno: the file cannot be read (or -ENOMEM), and *out is NULL.
 */
int policy_load(const struct policy_input *input, const char *path,
		struct policy **out);
void policy_free(struct policy *policy);

bool ports_have(const struct ports *ports, uint16_t port);
bool clause_decides(const struct clause *clause, uint16_t port);
/* A clause's text without "log", which is no word of anything else. */
const char *clause_words(struct arena *a, const char *text);
const char *direction_name(enum direction direction);
const char *hook_name(enum hook hook);
const char *refusal_name(enum refusal refusal);
const char *unit_name(uint32_t unit_s);
const char *expected_name(enum expected verdict);

/*
 * Hashes texts into a name that stays while they do: begin with
 * TEXT_HASH_START.
 */
#define TEXT_HASH_START 2166136261u
uint32_t text_hash(uint32_t hash, const char *text);

bool class_is_empty(const struct class *class);

#endif
