/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A store that another user owns, for root: a child that became that user has
 * it open. Functions here stand behind those of store_read.h and store_write.h.
 */
#ifndef MAILWALL_STORE_REMOTE_H
#define MAILWALL_STORE_REMOTE_H

#include "store_priv.h"
#include "store_write.h"
#include "../wire/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- store_wire.c: messages ---- */

enum wire_kind {
	/* Rows that are read. */
	WIRE_DAYS,
	WIRE_DAYS_OF,
	WIRE_MINUTES,
	WIRE_SOURCES,
	WIRE_CLAUSES,
	WIRE_PORTS,
	WIRE_FINDINGS,
	WIRE_LOADS,
	WIRE_RUNS,
	WIRE_STEPS,
	WIRE_LINES_OF,
	/* Asks for rows of a kind; they come, then WIRE_DONE. */
	WIRE_ASK,
	/* Rows that are written; no reply. */
	WIRE_BEGIN,
	WIRE_ADD,
	WIRE_MOVE, /* row to take from; WIRE_ADD follows */
	WIRE_FINDING,
	WIRE_LOADED,
	WIRE_RUN,
	WIRE_STEP,
	WIRE_LINES,
	/* The reply to these is WIRE_DONE. */
	WIRE_TRIM,
	WIRE_END,
	WIRE_REOPEN,
	WIRE_LOCK,
	WIRE_DONE,
	WIRE_KINDS
};

/* Asks for rows. */
struct wire_ask {
	enum wire_kind kind; /* WIRE_DAYS to WIRE_LINES_OF */
	int64_t first, end;
	uint32_t source;
};

struct wire_trim {
	struct store_time now;
	int64_t keep_s;
	uint64_t most_bytes;
};

struct wire_lock {
	enum store_role role;
};

/* The end of a reply. */
struct wire_done {
	int error;	 /* 0 or -errno */
	uint64_t number; /* run, bytes, holder; 1: more to trim */
	const char *why;
};

/* The room that the largest of them needs. */
#define WIRE_ROW_MOST 2048

/* By enum wire_kind. */
extern const struct wire_form store_forms[WIRE_KINDS];

/* ---- store_remote.c: root's end ---- */

/* How long a child may be silent, and take for all of one reply. */
#define REMOTE_SILENCE_S 20
#define REMOTE_REPLY_S	 900

/*
 * Starts the child. serve() runs in it, as uid and gid, with no descriptor but
 * its end of the socket. 0, or -errno and why.
 */
int remote_start(struct store *s, uid_t uid, gid_t gid,
		 void (*serve)(int fd, void *ctx), void *ctx, struct fault *f);
/* Ends the child and waits for it. */
void remote_stop(struct store *s);

/* Sends a row to be written. */
void remote_put(struct store *s, enum wire_kind kind, const void *row);
/* Sends a request and waits for its end: its number; s->error and s->why. */
uint64_t remote_call(struct store *s, enum wire_kind kind, const void *row);

/* Asks for rows; remote_next() gives them, then false, and s->error says. */
void remote_ask(struct store *s, enum wire_kind kind, int64_t first,
		int64_t end, uint32_t source);
bool remote_next(struct store *s, enum wire_kind kind, void *row, size_t size);

/* ---- store_serve.c ---- */

/*
 * In the child: opens a store that is not open yet, says how that went, and
 * answers requests that come by fd until its other end is closed.
 */
void store_serve(int fd, struct store *s, bool write);

#endif
