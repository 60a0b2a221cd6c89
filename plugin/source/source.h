/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sources: one record each, an IPv4 address or an IPv6 /64. A source of a
 * few attempts is a record of forty bytes; one of more has a history.
 *
 * Memory has a limit. Beyond it, sources of the lowest rank go first, the
 * oldest among equals, chosen from a window that moves round the table: a list
 * by age would cost two cache misses for every attempt. The rank stands in the
 * record, because reading histories for it would cost as much.
 */
#ifndef MAILWALL_SOURCE_H
#define MAILWALL_SOURCE_H

#include "history.h"

enum {
	SOURCE_PROVEN = 1 << 0,	    /* completed a handshake: not spoofed */
	SOURCE_ALLOWED = 1 << 1,    /* by a clause of the policy */
	SOURCE_BLOCKED = 1 << 2,    /* by a clause */
	SOURCE_CONTACT = 1 << 3,    /* address is set */
	SOURCE_SUBMISSION = 1 << 4, /* and it is one of submission */
	SOURCE_ANSWERED = 1 << 5,   /* before it had a history */
};

struct source {
	uint64_t key; /* address, or the first half of it */
	struct history *history;
	uint64_t attempts : 27, syns : 27, /* stick at SOURCE_COUNT_MOST */
		systems : 10; /* senders of its SYNs: bits of enum system */
	uint32_t first_s, last_s;
	union {
		uint32_t address; /* the contact's: see history_meet() */
		uint32_t due_s;	  /* with a history: time to decide */
	};
	uint16_t ports; /* bits of monitored ports, the last for all others */
	uint8_t family : 4,    /* 0: the record is free */
		keep_rank : 4; /* the lowest go first */
	uint8_t flags;
};

_Static_assert(sizeof(void *) != 8 || sizeof(struct source) == 40,
	       "every source has a record");

#define SOURCE_COUNT_MOST ((1u << 27) - 1)

static inline void source_count_syns(struct source *s, uint32_t n)
{
	uint32_t left = SOURCE_COUNT_MOST - (uint32_t)s->syns;

	s->syns += n < left ? n : left;
}

#define WORTH_MOST 15
_Static_assert(WORTH_MOST < 1 << 4, "keep_rank has four bits");

#define SOURCES_A_PIECE 4096u

struct sources {
	struct pool *pool;
	struct hash_key key;
	struct source **pieces;
	uint32_t pieces_n, pieces_cap;
	uint32_t n, cap; /* records in use, records made */
	uint32_t most;
	uint32_t free;		     /* first free record, plus one */
	struct index index;	     /* by the hash of the key, to the record */
	uint32_t hand;		     /* start of the next window */
	uint64_t evicted, forgotten; /* sources; histories */
};

int sources_init(struct sources *t, struct pool *pool,
		 const struct hash_key *key, uint32_t most);
void sources_free(struct sources *t);

static inline uint64_t source_key(uint8_t family, const struct addr6 *address)
{
	return family == 4 ? addr4_load(address) : load_u64(address->byte);
}
static inline uint64_t source_hash(const struct sources *t, uint8_t family,
				   uint64_t key)
{
	return hash_2(&t->key, key, family);
}
/* The address of a source; IPv6: the first of its /64. */
struct addr6 source_address(const struct source *s);
static inline uint32_t group_of(uint8_t family, const struct addr6 *address)
{
	uint32_t first = addr4_load(address);

	return family == 4 ? first >> 16 : first;
}

/* Finds a source; NULL: none. */
struct source *sources_find(const struct sources *t, uint64_t hash,
			    uint8_t family, uint64_t key);
/*
 * Finds or adds a source; another may have to go. hint: where it was a moment
 * ago, or NULL. NULL: no memory at all.
 */
struct source *sources_touch(struct sources *t, uint64_t hash, uint8_t family,
			     uint64_t key, struct source *hint);
void sources_remove(struct sources *t, struct source *s);
void sources_clear(struct sources *t);
/*
 * Allocates zeroed memory; histories go until there is room, within reason, but
 * never the one to keep. NULL: no memory.
 */
void *sources_alloc(struct sources *t, size_t size, const struct history *keep);

static inline struct source *source_at(const struct sources *t, uint32_t n)
{
	return &t->pieces[n / SOURCES_A_PIECE][n % SOURCES_A_PIECE];
}

/* The first record in use from n on, before end; end: there is none. */
static inline uint32_t sources_next(const struct sources *t, uint32_t n,
				    uint32_t end)
{
	while (n < end) {
		const struct source *s = source_at(t, n);
		uint32_t stop = (n | (SOURCES_A_PIECE - 1)) + 1;

		for (; n < stop && n < end; n++, s++)
			if (s->family)
				return n;
	}
	return n;
}

/*
 * The record that is most likely a source's, once its place in the index is
 * prefetched; NULL: none. Its history and contact can be prefetched next.
 */
static inline struct source *sources_hint(const struct sources *t,
					  uint64_t hash)
{
	uint32_t slot = index_home(&t->index, hash);

	for (; t->index.entries[slot]; slot = index_next(&t->index, slot))
		if (index_may_be(&t->index, slot, hash))
			return source_at(t, index_reference(&t->index, slot));
	return NULL;
}
static inline void source_prefetch(const struct source *s)
{
	__builtin_prefetch(s, 1);
	__builtin_prefetch((const char *)(s + 1) - 1, 1);
}

#endif
