/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attempts under way. An attempt is a source, its port, a destination, its
 * port and an initial sequence number; retransmitted SYNs belong to it. The
 * same key within ATTEMPT_KEPT_S of its latest SYN is the same attempt; the
 * same two ends within ATTEMPT_SAME_S are, whatever the number, unless a
 * connection of theirs was closed in between.
 *
 * They lie in a ring in the order of their first SYN, with an index by their
 * two ends. Those that were answered move out to a talk, where what is said
 * is read, for as long as it lasts.
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
/* After both sides said FIN, or one RST: what comes late still belongs to it.
 */
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
	uint32_t last_low; /* of its latest SYN: see attempt_last_us() */
	uint32_t isn;
	union {
		uint32_t server_isn; /* once it was answered */
		uint32_t hash;	     /* before: what the index goes by */
	};
	uint16_t source_port, destination_port;
	uint16_t syns;	 /* sticks at 65535 */
	uint16_t clause; /* that NFLOG named; 0: none */
	uint8_t family : 4, state : 4;
	uint8_t port : 7,   /* index of the monitored port */
		judged : 1; /* its source knows of it */
	uint8_t input;
	uint8_t has_payload : 1, /* payload was seen: it was answered, seen or
				    not */
		early : 3,	 /* the outcome that was told early, plus one */
		has_data : 1,	 /* a SYN brought some: TCP Fast Open */
		last_high : 3;
};

/* Not answered so far: an error for one SYN is not the end of it. */
static inline bool attempt_is_open(const struct attempt *a)
{
	return a->state == ATTEMPT_OPENING || a->state == ATTEMPT_REFUSED ||
	       a->state == ATTEMPT_ICMP_REFUSED;
}

/* How long its SYNs may go on, in microseconds: nine hours. */
#define ATTEMPT_LAST_MOST (((int64_t)1 << 35) - 1)

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
	a->last_high = (uint8_t)(after_us >> 32) & 7;
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

/* By activity, those under way apart from those that are closed. */
struct connection_list {
	uint32_t newest, oldest;
};

struct attempts {
	struct pool *pool;
	struct hash_key key;
	/* ring: positions count up for ever */
	struct attempt *ring;
	uint32_t ring_cap, ring_most; /* powers of two */
	uint64_t head, tail, judged;
	struct index index; /* by the two ends; see attempt.c */
	/* talks */
	struct connection **connections; /* pieces of CONNECTIONS_A_PIECE */
	uint32_t connections_n, connections_free;
	struct connection_list open, closed;
	uint64_t cut_short; /* attempts that ended early, for lack of room */
	uint64_t connections_cut;
};

/*
 * What is done when an attempt ends, after which it is gone. Its source is told
 * at the end at the latest.
 */
struct attempts_end {
	void *ctx;
	void (*judge)(void *ctx, struct attempt *a); /* not judged so far */
	void (*end)(void *ctx, const struct attempt *a,
		    const struct dialogue *d); /* d NULL: nothing was said */
};

/* 0 or -ENOMEM. most: attempts under way, a power of two. */
int attempts_init(struct attempts *t, struct pool *pool,
		  const struct hash_key *key, uint32_t most);
void attempts_free(struct attempts *t);

/* The two ends, client first. */
struct tuple {
	const struct addr6 *client, *server;
	uint16_t client_port, server_port;
	uint8_t family;
};
uint64_t tuple_hash(const struct hash_key *key, const struct tuple *tuple);

/* What is known of two ends: an attempt in the ring, a talk, or neither. */
struct ref {
	struct attempt *attempt;       /* NULL: neither */
	struct connection *connection; /* if it is one */
	uint32_t slot;		       /* of the index */
};
struct ref attempts_find(struct attempts *t, const struct tuple *tuple,
			 uint64_t hash);

/* A new attempt, zeroed but for its ends; the oldest may end for it. */
struct attempt *attempts_add(struct attempts *t, const struct tuple *tuple,
			     uint64_t hash, const struct attempts_end *end);
/* Moves an attempt of the ring out; found is changed to the talk. */
struct connection *attempts_answered(struct attempts *t, struct ref *ref,
				     int64_t now_us,
				     const struct attempts_end *end);
/* A talk whose start was not seen. */
struct connection *attempts_midstream(struct attempts *t,
				      const struct tuple *tuple, uint64_t hash,
				      int64_t now_us,
				      const struct attempts_end *end);
/* It ended by now, even if nobody came by to end it. */
bool attempt_is_over(const struct ref *ref, int64_t now_us);
void connection_touch(struct attempts *t, struct connection *connection,
		      int64_t now_us);
/* It is over, and ends CONNECTION_CLOSED_S after its last packet. */
void connection_close(struct attempts *t, struct connection *connection);
/*
 * The attempts whose first SYN is ATTEMPT_SAME_S old and whose sources were not
 * told: up to most of them, each once, in order. They count as judged.
 */
size_t attempts_due(struct attempts *t, int64_t now_us, struct attempt **out,
		    size_t most);
/* Ends it now. */
void attempts_finish(struct attempts *t, struct ref *ref,
		     const struct attempts_end *end);
/* Ends what is too old, everything if now_us is INT64_MAX. */
void attempts_expire(struct attempts *t, int64_t now_us,
		     const struct attempts_end *end);

#endif
