/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attempts under way. An attempt is a source, its port, a destination, its
 * port and an initial sequence number; retransmitted SYNs belong to it. The
 * same key within ATTEMPT_KEPT_S of its latest SYN is the same attempt. The
 * same tuple within ATTEMPT_SAME_S is the same attempt whatever the number,
 * unless a connection of the tuple was closed in between.
 *
 * Attempts lie in a ring in the order of their first SYN, with an index by
 * tuple. An attempt that is answered moves to a connection, whose payload is
 * read for as long as it lasts.
 */
#ifndef MAILWALL_ATTEMPT_H
#define MAILWALL_ATTEMPT_H

#include "../dialogue/dialogue.h"
#include "../memory/hash.h"
#include "../memory/index.h"
#include "../memory/pool.h"
#include "../decode/segment.h"

#define ATTEMPT_KEPT_S	  180
#define ATTEMPT_SAME_S	  3
#define CONNECTION_IDLE_S 600
/* After a FIN of both sides, or a RST: late segments still belong to it. */
#define CONNECTION_CLOSED_S 15

#define CONNECTIONS_MOST    16384

enum attempt_state {
	ATTEMPT_GONE, /* its place in the ring is free */
	ATTEMPT_OPENING,
	ATTEMPT_ANSWERED, /* SYN-ACK seen */
	ATTEMPT_ESTABLISHED,
	ATTEMPT_REFUSED,
	ATTEMPT_ICMP_REFUSED,
	ATTEMPT_MIDSTREAM, /* its SYN was not seen: no attempt at all */
};

struct attempt {
	int64_t first_us;
	struct addr6 source, destination;
	uint32_t last_low; /* time of the latest SYN: see attempt_last_us() */
	uint32_t isn;
	union {
		uint32_t server_isn; /* once it was answered */
		uint32_t hash;	     /* before: upper half of the tuple's */
	};
	uint16_t source_port, destination_port;
	uint16_t syns;		 /* sticks at 65535 */
	uint16_t clause : 14,	 /* named by NFLOG; 0: none */
		judged : 1,	 /* counted for its source */
		has_payload : 1; /* seen, which implies an answer */
	uint32_t family : 3, state : 3;
	uint32_t port : 6;     /* index of the monitored port */
	uint32_t early : 3;    /* outcome reported early, plus one */
	uint32_t has_data : 1; /* in a SYN: TCP Fast Open */
	uint32_t last_high : 1;
	uint32_t hidden : 3; /* enum hidden: the worst of its SYNs */
	uint32_t input : 8;
	uint32_t system : 4; /* enum system: of its first SYN */
};
_Static_assert(sizeof(struct attempt) <= 64, "a cache line at most");
_Static_assert(SYSTEM_N <= 1 << 4, "attempt.system has four bits");
_Static_assert(HIDDEN_N <= 1 << 3, "attempt.hidden has three bits");

/* An attempt stays open after an error for one SYN: another may be answered. */
static inline bool attempt_is_open(const struct attempt *a)
{
	return a->state == ATTEMPT_OPENING || a->state == ATTEMPT_REFUSED ||
	       a->state == ATTEMPT_ICMP_REFUSED;
}

/* The latest SYN at most this long after the first, in microseconds: 2 h. */
#define ATTEMPT_LAST_MOST (((int64_t)1 << 33) - 1)

static inline int64_t attempt_last_us(const struct attempt *a)
{
	return a->first_us + ((int64_t)a->last_high << 32 | a->last_low);
}

static inline void attempt_seen(struct attempt *a, int64_t time_us)
{
	int64_t after_us = time_us - a->first_us;

	if (time_us < attempt_last_us(a))
		return;
	if (after_us > ATTEMPT_LAST_MOST)
		after_us = ATTEMPT_LAST_MOST;
	a->last_low = (uint32_t)after_us;
	a->last_high = (uint8_t)(after_us >> 32) & 1;
}

/* No stack sends a SYN again so soon: RFC 6298 starts with a second. */
#define ATTEMPT_COPY_US 10000

/*
 * A packet that passes two devices of one input is seen twice. The latest SYN
 * is that which was counted: a flood of copies counts once in ATTEMPT_COPY_US.
 */
static inline bool attempt_is_copy(const struct attempt *a,
				   const struct segment *s)
{
	int64_t since_us = s->time_us - attempt_last_us(a);

	return a->isn == s->seq && since_us > -ATTEMPT_COPY_US &&
	       since_us < ATTEMPT_COPY_US;
}

struct connection {
	struct attempt attempt;
	struct dialogue dialogue;
	int64_t active_us;
	uint32_t newer, older; /* by activity; CONNECTION_NONE ends the list */
	uint32_t self;
	bool closing[2]; /* a FIN was seen, of the server and of the client */
	bool closed;
};

#define CONNECTION_NONE UINT32_MAX

/* Connections by activity; open ones and closed ones have a list each. */
struct connection_list {
	uint32_t newest, oldest;
};

struct attempts {
	struct pool *pool;
	struct hash_key key;
	/* ring: positions only count up */
	struct attempt *ring;
	uint32_t ring_cap, ring_most; /* powers of two */
	uint64_t head, tail, judged;
	struct index index;		 /* by tuple; see attempt.c */
	struct connection **connections; /* pieces of CONNECTIONS_A_PIECE */
	uint32_t connections_n, connections_free;
	struct connection_list open, closed;
	uint64_t cut_short; /* attempts ended early for lack of room */
	uint64_t connections_cut;
};

/* Called when an attempt ends; after end() it is gone. */
struct attempts_end {
	void *ctx;
	void (*judge)(void *ctx,
		      struct attempt *a); /* if it was not judged yet */
	void (*end)(void *ctx, const struct attempt *a,
		    const struct dialogue *d); /* d NULL: no payload */
};

/* Keeps up to most attempts in the ring, a power of two. 0 or -ENOMEM. */
int attempts_init(struct attempts *t, struct pool *pool,
		  const struct hash_key *key, uint32_t most);
void attempts_free(struct attempts *t);

/* Both ends of a connection, client first. */
struct tuple {
	const struct addr6 *client, *server;
	uint16_t client_port, server_port;
	uint8_t family;
};
uint64_t tuple_hash(const struct hash_key *key, const struct tuple *tuple);

/* Result of a lookup: an attempt in the ring, a connection, or neither. */
struct ref {
	struct attempt *attempt;       /* NULL: neither */
	struct connection *connection; /* if it is one */
	uint32_t slot;		       /* in the index */
};
struct ref attempts_find(struct attempts *t, const struct tuple *tuple,
			 uint64_t hash);

/* Adds an attempt, zeroed but for its tuple; the oldest may end for it. */
struct attempt *attempts_add(struct attempts *t, const struct tuple *tuple,
			     uint64_t hash, const struct attempts_end *end);
/* Moves an attempt from the ring to a connection, and ref with it. */
struct connection *attempts_answered(struct attempts *t, struct ref *ref,
				     int64_t now_us,
				     const struct attempts_end *end);
/* Adds a connection whose SYN was not seen. NULL: no memory. */
struct connection *attempts_midstream(struct attempts *t,
				      const struct tuple *tuple, uint64_t hash,
				      int64_t now_us,
				      const struct attempts_end *end);
/* Tells whether the time of an attempt or a connection is over. */
bool attempt_is_over(const struct ref *ref, int64_t now_us);
/* Makes it the newest of its list. */
void connection_touch(struct attempts *t, struct connection *connection,
		      int64_t now_us);
/* Closes it: it ends CONNECTION_CLOSED_S after its last packet. */
void connection_close(struct attempts *t, struct connection *connection);
/*
 * Writes up to most attempts to out whose first SYN is ATTEMPT_SAME_S old and
 * that were not judged, in order, and marks them as judged. Returns how many.
 */
size_t attempts_due(struct attempts *t, int64_t now_us, struct attempt **out,
		    size_t most);
/* Attempts or connections that have not ended. */
static inline bool attempts_under_way(const struct attempts *t)
{
	return t->tail < t->head || t->open.oldest != CONNECTION_NONE ||
	       t->closed.oldest != CONNECTION_NONE;
}
/* Ends an attempt or a connection now. */
void attempts_finish(struct attempts *t, struct ref *ref,
		     const struct attempts_end *end);
/* Ends all that are too old; all, if now_us is INT64_MAX. */
void attempts_expire(struct attempts *t, int64_t now_us,
		     const struct attempts_end *end);

#endif
