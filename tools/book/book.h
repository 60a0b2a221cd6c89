/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The book: who is exempt, until when, by whom and why, and each change of
 * that. It is a file of root's own. The kernel's sets are derived from it.
 *
 * Functions return 0 or -errno, and fill the sentence of the fault. Texts are
 * in the arena that the book was opened with. A time is in seconds since 1970.
 */
#ifndef MAILWALL_BOOK_H
#define MAILWALL_BOOK_H

#include "cover.h"
#include "../program/fault.h"

#define BOOK_NAME "book.db"
/* Bounds of a text, in bytes. */
#define BOOK_TEXT_MOST 1000
/* A record is "expiring" when it has less time than this. */
#define BOOK_EXPIRING_S (14 * 86400)

struct book;
struct arena;

/* Texts that a person gives with an exemption; "": none. */
struct book_said {
	const char *ticket, *reason, *requested_by, *approved_by, *contact;
};

struct book_record {
	int64_t id;
	const char *class;
	int family; /* 4 or 6 */
	struct range6 range;
	struct book_said said;
	const char *typed_by;
	int64_t created_s;
	int64_t expires_s; /* EXEMPT_STAYS: never */
	int64_t revoked_s; /* 0: it was not */
	const char *revoked_by;
};

struct book_records {
	struct book_record *items;
	size_t n, cap;
};

enum book_state { BOOK_ACTIVE, BOOK_EXPIRING, BOOK_EXPIRED, BOOK_REVOKED };
enum book_state book_state(const struct book_record *r, int64_t now_s);
const char *book_state_name(enum book_state state);
/* Tells whether it is active or expiring. */
bool book_holds(const struct book_record *r, int64_t now_s);

/* ---- the file ---- */

/*
 * Opens the book in a folder. To be read it has to exist: -ENOENT. To be
 * written it is made, or brought up to date. The folder has to exist.
 */
int book_open(struct arena *a, const char *folder, bool write,
	      struct book **out, struct fault *f);
void book_close(struct book *b); /* b may be NULL */

/*
 * Begins a transaction; another program has to wait, five seconds at most.
 * Whatever is not committed did not happen.
 */
int book_begin(struct book *b, struct fault *f);
int book_commit(struct book *b, struct fault *f);
void book_rollback(struct book *b);

/* ---- reading ---- */

/* The record of exactly that range that was not revoked; id 0: none. */
int book_find(struct book *b, const char *class, int family,
	      const struct range6 *range, struct book_record *out,
	      struct fault *f);
/* Adds those that meet the range, are not revoked and end after now_s. */
int book_meeting(struct book *b, const char *class, int family,
		 const struct range6 *range, int64_t now_s,
		 struct book_records *out, struct fault *f);

/* Choice of records; members that are 0 or NULL ask for nothing. */
struct book_query {
	const char *class;
	int64_t now_s;
	bool all;		     /* expired and revoked ones, too */
	int64_t before_s;	     /* only those that end before it */
	const struct addr_range *at; /* only those that meet it */
};
/* Ascending by class, family and address; id within. */
int book_list(struct book *b, const struct book_query *q,
	      struct book_records *out, struct fault *f);
/* Fills the cover's raw ranges: all that hold at now_s. */
int book_ranges(struct book *b, const char *class, int family, int64_t now_s,
		struct cover *out, struct fault *f);
/* The classes that it knows, ascending. */
int book_classes(struct book *b, struct words *out, struct fault *f);

/* ---- writing, within a transaction ---- */

/* A change, for the history. */
struct book_change {
	int64_t time_s;
	const char *what; /* "add", "renew", "change", "revoke", "adopt" */
	const char *who, *why;
};

/* Adds a record; r->id is set. One of the same range must not be there. */
int book_add(struct book *b, struct book_record *r, const struct book_change *c,
	     struct fault *f);
/* Writes what is said of a record, and its end. */
int book_update(struct book *b, const struct book_record *r,
		const struct book_change *c, struct fault *f);
int book_revoke(struct book *b, const struct book_record *r,
		const struct book_change *c, struct fault *f);

/* A line of the history: what the record was from then on. */
struct book_event {
	int64_t number, record;
	struct book_change change;
	int64_t expires_s;
	struct book_said said;
};
struct book_events {
	struct book_event *items;
	size_t n, cap;
};
int book_history(struct book *b, int64_t record, struct book_events *out,
		 struct fault *f);

/* ---- what the book knows of the kernel and of the policy ---- */

/* Were the members that the kernel had of a class taken into the book? */
int book_knows_class(struct book *b, const char *class, bool *knows,
		     struct fault *f);
int book_note_class(struct book *b, const char *class, int64_t now_s,
		    struct fault *f);

/* Statements about exemptions in the policy that was loaded last. */
struct book_policy {
	const char *name;
	const char *place; /* "residential.policy:12"; "": it says nothing */
	int64_t most_s;	   /* how long one may be; 0: no bound */
	/* Classes whose members are judged, separated by blanks; "*": all
	 * addresses are. */
	const char *judged;
};
/* name "": none is known. */
int book_read_policy(struct book *b, struct book_policy *out, struct fault *f);
int book_write_policy(struct book *b, const struct book_policy *p,
		      struct fault *f);

#endif
