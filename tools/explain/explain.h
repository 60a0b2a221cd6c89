/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a connection is decided as it is: the clauses that were asked, the
 * classes that hold its ends, what the kernel and the store know of its source,
 * and what was not read.
 */
#ifndef MAILWALL_EXPLAIN_H
#define MAILWALL_EXPLAIN_H

#include "../../rules/policy/decide.h"
#include "../kernel/kernel.h"
#include "../program/program.h"
#include "../nftrace/nftrace.h"

#include <jansson.h>

/* The question, as the command line has it. */
struct explain_question {
	const char *source, *destination; /* as written; destination may be
					     NULL: all mail ports */
	const char *policy;		  /* a file; NULL: what was applied */
	const char *in, *out, *user, *store;
	uint32_t live_s; /* waits so long for a real connection; 0: does not */
};

enum explain_is { IS_NO, IS_YES, IS_NOT_KNOWN };

/* Is one end of the connection in a class? */
struct explain_member {
	const struct class *class;
	bool of_source; /* else of the destination */
	enum explain_is is;
	uint64_t expires_ms; /* from now; 0: it stays */
};

struct explain_asked {
	const struct clause *clause;
	struct clause_match match;
	bool decides;
};

/* A chain of somebody else at the hook of ours. */
struct explain_foreign {
	const char *table, *chain; /* "ip filter", "FORWARD" */
	int32_t priority;
	bool drops; /* the rest, by the chain's policy */
};

struct explain_texts {
	const char **items;
	size_t n, cap;
};

struct explained {
	struct program *program;
	const struct explain_question *question;
	struct policy *policy;
	const char *from_where; /* "revision 4", or the file */
	bool whole;		/* no destination: every mail port */

	/* The connection, and the policy's answer. */
	struct opening opening;
	struct decision decision;
	struct {
		struct explain_asked *items;
		size_t n, cap;
	} asked; /* clauses of the port, in their order */
	struct {
		struct explain_member *items;
		size_t n, cap;
	} members; /* every class that these name, once a side */

	/* The kernel's part. */
	bool has_kernel;	/* false: it was not read */
	struct netlink netlink; /* open while has_kernel */
	struct reading reading;
	int family; /* our table's; -1: nothing is loaded */
	bool same;  /* rules of this policy are loaded */
	struct explain_texts faults;
	struct {
		struct explain_foreign *items;
		size_t n, cap;
	} foreign;

	struct nftrace live; /* the connection that came, if one did */

	/* Facts of the source. */
	json_t *records;  /* the book's; NULL: not read */
	json_t *findings; /* the latest first; NULL: not read */
	json_t *attempts; /* integer; NULL: not read */

	struct explain_texts not_read;
};

/* Adds a sentence's part to a list of the answer. */
void explain_note(struct explained *e, struct explain_texts *list,
		  const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* explain_words.c: reads the question. An exit code. */
int explain_read(struct explained *e);

/* explain_kernel.c: reads what is loaded, if it may. */
void explain_kernel(struct explained *e);
/* Is the address in a dynamic class now, and for how long? */
enum explain_is explain_kernel_has(struct explained *e,
				   const struct class *class, uint8_t family,
				   const struct addr6 *address,
				   uint64_t *expires_ms);

/* "inet", "bridge": a family's name before a table. */
const char *explain_family_name(uint8_t family);

/*
 * explain_live.c: waits for a real connection; the question is about that one
 * then. An exit code.
 */
int explain_live(struct explained *e);
/* The packet's fate, and the step that decided it; NULL: it passed. */
enum nftrace_fate explain_live_fate(const struct explained *e,
				    const struct nftrace_step **step);
/* Does the kernel do what the policy says? */
enum explain_is explain_live_agrees(const struct explained *e);
void explain_live_print(const struct explained *e);
json_t *explain_live_json(const struct explained *e);

/* explain_policy.c: asks the policy about the opening. */
void explain_policy(struct explained *e);
/* Asks about one clause alone. */
void explain_clause(struct explained *e, const struct clause *clause,
		    struct clause_match *out);

/* explain_known.c: asks the book and the store. */
void explain_known(struct explained *e);

/* explain_text.c, explain_json.c: print the answer. An exit code. */
int explain_print(struct explained *e);
int explain_print_json(struct explained *e);

/* "reset", "allow": what happens, were mode observe not there. */
const char *explain_verdict(const struct clause *clause);
/* "192.0.2.1" of one end, in RANGE_TEXT_MAX bytes. */
void explain_address(char *out, uint8_t family, const struct addr6 *address);

#endif
