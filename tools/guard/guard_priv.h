/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the guard's files. */
#ifndef MAILWALL_GUARD_PRIV_H
#define MAILWALL_GUARD_PRIV_H

#include "guard.h"
#include "guard_serve.h"
#include "listener.h"
#include "owner.h"
#include "../kernel/transaction.h"
#include "../record/revision.h"

#include <time.h>

/* The policy that is to be in the kernel, as the files say. */
struct guard_wanted {
	uint32_t revision; /* the current one; 0: none */
	bool removed;	   /* the last command took it out of the kernel */
	/*
	 * A transaction that closes the ports where the table is gone; NULL:
	 * the policy blocks nothing, or could not be read.
	 */
	struct batch *coarse;
	enum family family;
	/* The files as they were when they were read. */
	struct timespec journal_time;
	off_t journal_size;
};

struct guard_state {
	struct program *program;
	const struct guard_options *options;
	struct netlink kernel; /* transactions; it may own the table */
	struct netlink ask;    /* questions */
	struct listener listener;
	struct guard_server server;
	struct transaction_route
		route; /* way of the guard's own transactions */
	struct guard_wanted wanted;
	bool may_own;
	bool settled;	      /* the table is owned, or is another program's */
	struct fault why_not; /* reason why the guard may not own the table */
	uint32_t generation;  /* the newest that the guard knows */
	uint32_t before;      /* the generation before a transaction of ours */
	struct foreign_change change; /* the last one that was not ours */
	bool look;		      /* the rules may not be what they were */
};

/* ---- guard_wanted.c ---- */

/* Reads the files again, if they changed since. */
void guard_wanted_read(struct guard_state *g);
void guard_wanted_free(struct guard_wanted *w);
/* Is a policy to be in the kernel? */
bool guard_wants(const struct guard_state *g);

/* The current revision as rules. */
struct guard_load {
	struct policy *policy;
	struct ruleset *rules;
	struct revision revision;
};
/* Reads it. 0 or an exit code, and why was said. */
int guard_load(struct guard_state *g, struct program *p, struct guard_load *l);
void guard_unload(struct guard_load *l);

/* ---- guard_transaction.c ---- */

int64_t guard_now_ms(void);
/* Around each transaction that the guard sends: the listener is deaf then. */
void guard_before(void *ctx);
void guard_after(void *ctx);
/* The way of the guard's own transactions. */
const struct transaction_route *guard_own_route(struct guard_state *g);

/* ---- guard_note.c ---- */

/* How a change was mended, in times since it was told. */
struct guard_stages {
	bool coarse;
	int64_t coarse_ms, whole_ms; /* since it was told */
};
void guard_note(struct guard_state *g, struct program *p,
		const struct guard_stages *s);
void guard_say_healed(struct guard_state *g, struct program *p,
		      const struct guard_stages *s);

/* ---- guard_heal.c ---- */

/* Looks whether the kernel holds what is wanted, and mends what is not. */
void guard_mend(struct guard_state *g);

/* ---- guard_take.c ---- */

/* Takes the table, if it may and can be owned; it waits for the lock so long.
 */
void guard_take(struct guard_state *g, int patience_ms);

#endif
