/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal: what was done to the rules, by whom and why. It is append only,
 * a JSON object a line. Each line has the SHA-256 of the line before, so that
 * a line that was changed, put in or taken out is found.
 *
 * A line that a power cut left short stays where it is. The next line says so
 * ("cut_short": its bytes), and the chain goes through it.
 */
#ifndef MAILWALL_JOURNAL_H
#define MAILWALL_JOURNAL_H

#include "../program/fault.h"
#include "../program/program.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOURNAL_NAME "journal"

/* Kinds of lines; a row each in journal_what.c. */
enum journal_what {
	JOURNAL_APPLYING,
	JOURNAL_APPLIED,
	JOURNAL_TRIAL,
	JOURNAL_CONFIRMING,
	JOURNAL_CONFIRMED,
	JOURNAL_ROLLED_BACK,
	JOURNAL_REMOVED,
	JOURNAL_FOREIGN,
	JOURNAL_HEALED,
	JOURNAL_EXEMPT_ADD,
	JOURNAL_EXEMPT_RENEW,
	JOURNAL_EXEMPT_REVOKE,
	JOURNAL_EXEMPT_EXPIRED,
	JOURNAL_QUARANTINE_LIMITED,
	JOURNAL_QUARANTINE_BLOCKED,
	JOURNAL_QUARANTINE_RELEASED,
	JOURNAL_QUARANTINE_PINNED,
	JOURNAL_WHATS
};
const char *journal_what_name(enum journal_what what);

/* A line to be written; members that are 0 or NULL are left out. */
struct journal_entry {
	enum journal_what what;
	uint32_t revision;
	uint32_t generation; /* the kernel's, after it */
	const char *digest;
	const char *why;
	json_t *more; /* members of its own: an object, borrowed */
};

/*
 * Writes a line at the journal's end and waits until the disk has it. The
 * caller holds the lock of change_lock.h. 0; or -errno and why, and nothing is
 * written: what it was about must not be done then. Room for the lines that
 * follow is taken too, so that the end of what was begun can be told.
 */
int journal_append(struct program *p, const struct journal_entry *entry,
		   struct fault *f);

/* A line that was read. */
struct journal_line {
	uint64_t number; /* its place in the file, from 1 */
	uint64_t sequence;
	int64_t time_us;
	const char *boot_id;
	int what; /* enum journal_what; -1: a later mailwall's */
	const char *what_text;
	uint32_t revision, generation;
	const char *digest, *why; /* NULL: none */
	const json_t *object;	  /* all of it */
};

/* The state of the whole file. */
struct journal_state {
	uint64_t lines;	    /* whole ones */
	uint64_t cut_short; /* lines that a power cut left behind */
	bool cut_at_end;    /* the last one is; nothing was written since */
	uint64_t broken;    /* the first line that breaks the chain; 0: none */
	struct fault why;   /* the way it breaks it */
};

/*
 * Reads all lines, in their order, and follows the chain. Lines after a break
 * are read too. each may be NULL; what it is given lives until it returns. 0,
 * also if there is no journal; else -errno and why.
 */
typedef void journal_each(void *ctx, const struct journal_line *line);
int journal_read(struct program *p, journal_each *each, void *ctx,
		 struct journal_state *state, struct fault *f);

/*
 * Finds what was begun and did not end: the last "applying", "trial" or
 * "confirming" that no other line follows but notes. *out is its object, for
 * the caller to let go, or NULL. It reads the end of the file alone where
 * nothing is open; of state it fills lines and cut_at_end. 0 or -errno.
 */
int journal_open_line(struct program *p, json_t **out,
		      struct journal_state *state, struct fault *f);

/* Reads this boot's id into out, which has room for 37; "" if not known. */
#define BOOT_ID_BYTES 37
void journal_boot_id(char *out);

#endif
