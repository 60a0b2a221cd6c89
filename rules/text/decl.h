/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Declarations: a policy as it is written, word for word. The parser fills
 * them, the checker reads them. Nothing is resolved: a word may name a service
 * that does not exist.
 */
#ifndef MAILWALL_DECL_H
#define MAILWALL_DECL_H

#include "../base/action.h"
#include "../base/diag.h"
#include "../base/watch.h"

#include <stdbool.h>

struct word {
	const char *text; /* ends in NUL */
	struct span span;
	bool quoted;
};

struct words {
	struct word *items;
	size_t n, cap;
};

enum decl_member_kind { MEMBER_WORD, MEMBER_INTERFACE, MEMBER_FILE };

struct decl_member {
	enum decl_member_kind kind;
	struct word word;
};

struct decl_class {
	struct word name;
	bool dynamic;
	struct word size, users; /* text NULL: not given */
	struct {
		struct decl_member *items;
		size_t n, cap;
	} members;
};

struct decl_clause {
	enum action action;
	bool broken;	  /* a mistake in it was reported */
	struct span span; /* the whole clause */
	const char *text; /* its words, one blank between them */
	struct words services;
	struct words from, to, users, groups;
	struct word refusal, rate, burst;
	struct word log, replies; /* text NULL: not asked for */
};

enum direction { DIRECTION_OUTBOUND, DIRECTION_INBOUND };

struct decl_block {
	enum direction direction;
	struct span span; /* the line that opens it */
	const char *text;
	struct words of; /* classes of "from ..." or "to ..." */
	struct {
		struct decl_clause *items;
		size_t n, cap;
	} clauses;
};

/* A line of a test: what is so, or never so, of all connections it names. */
struct decl_expectation {
	bool never;
	struct span span;
	const char *text;
	struct word direction; /* text NULL: outbound */
	struct words from, users, groups;
	struct words to; /* and then the services */
	struct word verdict;
	struct words unless_from, unless_to, unless_users, unless_groups;
};

struct decl_test {
	struct word name;
	struct {
		struct decl_expectation *items;
		size_t n, cap;
	} lines;
};

struct decl_log {
	struct span span; /* source NULL: not written */
	struct word group, snaplen, threshold, rate, burst;
};

struct decl_watch {
	struct span span;
	struct word quarantine, destinations;
	struct word figures[WATCH_FIGURES];
};

struct decl_policy {
	bool unreadable; /* the text is in another encoding: nothing is known */
	struct word name, purpose, contact, review, mode, encapsulated;
	struct word exempt_most; /* how long an exemption may be */
	struct word hook;
	struct words devices; /* interfaces of hook ingress */
	struct decl_log log;
	struct decl_watch watch;
	struct {
		struct decl_class *items;
		size_t n, cap;
	} classes;
	struct {
		struct decl_block *items;
		size_t n, cap;
	} blocks;
	struct {
		struct decl_test *items;
		size_t n, cap;
	} tests;
};

#endif
