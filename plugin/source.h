/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who attempts: one record a source, an IPv4 address or an IPv6 /64. A source
 * that did little more than once is forty bytes; one that goes on has a
 * history, with the destination groups that it met (IPv4 /16, IPv6 /32: a
 * provider rotates its addresses within one) and the sums of its detectors.
 *
 * Memory has a limit. Beyond it those with the lowest score go first, the
 * oldest among equals, chosen from a window that moves round the table: a list
 * by age would cost two cache misses for every attempt.
 */
#ifndef MAILWALL_SOURCE_H
#define MAILWALL_SOURCE_H

#include "attempt.h"
#include "distinct.h"

enum detector {
	/* sums, in struct history */
	DETECTOR_FAST,
	DETECTOR_MEDIUM,
	DETECTOR_SLOW,
	DETECTOR_ABANDON,
	DETECTOR_LATE,
	DETECTOR_OUTCOME,
	DETECTOR_OPERATORS,
	DETECTOR_LOGIN,
	DETECTOR_DIRECT_ABANDON,
	DETECTOR_SUMS,
	/* counts */
	DETECTOR_SCAN = DETECTOR_SUMS,
	DETECTOR_DIRECT,
	DETECTOR_VOLUME,
	DETECTOR_STORM,
	DETECTOR_CLEARTEXT,
	DETECTOR_STRIPPED,
	DETECTOR_N
};

enum {
	CONTACT_USED = 1 << 0,
	CONTACT_SUBMISSION = 1 << 1, /* else transport */
	CONTACT_PENDING = 1 << 2,    /* abandoned or not: not known yet */
	CONTACT_RETRIED = 1 << 3,
	CONTACT_LATE = 1 << 4,	  /* the same, for the late test */
	CONTACT_HIT = 1 << 5,	  /* attempts are counted from here, */
	CONTACT_WINDOW = 1 << 10, /* and from here windows with a return */
};
#define CONTACT_HITS_MOST 31
#define CONTACT_WINDOWS	  64

struct contact {
	uint32_t group;
	uint32_t first_s, last_s;
	uint16_t credit_min; /* its last credit, in minutes after first_s */
	uint16_t flags;
};

/* One network that is being walked: a bitmap of hashed addresses. */
struct scan {
	uint32_t group, since_s;
	uint64_t bits[8];
};

/* What only users of submission and access ports need. */
struct usage {
	uint32_t hour, in_hour; /* hours since 1970 */
	uint32_t active;	/* one bit an hour, this one the lowest */
	uint8_t busy_hours;	/* in a row */
	uint32_t window_s[2];	/* storms: IMAP, POP3 */
	uint16_t in_window[2], before[2];
	uint32_t users[5], servers[3]; /* of failed logins, hashed */
	uint32_t helo_hour, helos[3];
	uint8_t n_users, n_servers, n_helos;
};

#define CONTACTS_MOST 1024u /* places, of which a quarter stays free */
#define CONTACTS_KEPT (CONTACTS_MOST / 4 * 3)

#define EXAMPLES_MOST 8

struct history {
	float sum[DETECTOR_SUMS];
	/* when they were last lowered */
	uint32_t sums_s, abandon_s, late_s, direct_sum_s;
	float answered, failed; /* attempts to transport ports, of late */
	float shared;		/* 1, or users behind the address / 50 */
	struct contact *contacts;
	uint16_t n_contacts, contacts_cap;
	uint32_t found; /* bits of detectors that were reported */
	uint32_t found_s, direct_s, aged_s;
	uint8_t n_examples, port;
	uint8_t odd_helo; /* 1: it was held against it; read from a file */
	struct distinct destinations;
	uint8_t *examples; /* 4 or 16 bytes each */
	uint64_t inbound;  /* groups that it accepted mail from, hashed */
	struct scan *scan;
	struct usage *usage;
};

enum {
	SOURCE_PROVEN = 1 << 0,	    /* completed a handshake: not spoofed */
	SOURCE_ALLOWED = 1 << 1,    /* by a clause of the policy */
	SOURCE_BLOCKED = 1 << 2,    /* by a clause */
	SOURCE_CONTACT = 1 << 3,    /* group is set */
	SOURCE_SUBMISSION = 1 << 4, /* and it is one of submission */
	SOURCE_ANSWERED = 1 << 5, /* an attempt was, before it had a history */
};

struct source {
	uint64_t key; /* address, or the first half of it */
	struct history *history;
	uint32_t attempts, syns;
	uint32_t first_s, last_s;
	union {
		uint32_t group; /* the only one so far */
		uint32_t due_s; /* with a history: a contact is decided then */
	};
	uint16_t ports; /* bits of monitored ports, the last for all others */
	uint8_t family; /* 0: the record is free */
	uint8_t flags;
};

struct sources {
	struct pool *pool;
	struct hash_key key;
	struct source **pieces;
	uint32_t pieces_n, pieces_cap;
	uint32_t n, cap; /* records in use, records made */
	uint32_t most;
	uint32_t free;		     /* the first free record, plus one */
	struct index index;	     /* by the hash of the key, to the record */
	uint32_t hand;		     /* of the window of eviction */
	uint64_t evicted, forgotten; /* sources; histories */
	/* How much a source is worth keeping; above 1 it was reported. */
	float (*score)(const void *ctx, const struct source *source);
	const void *score_ctx;
};

#define DESTINATION_LIMITS                                                     \
	((struct distinct_limits){ .exact_most = 128, .log_registers = 8 })

int sources_init(struct sources *t, struct pool *pool,
		 const struct hash_key *key, uint32_t most);
void sources_free(struct sources *t);

uint64_t source_key(uint8_t family, const struct addr6 *address);
uint64_t source_hash(const struct sources *t, uint8_t family, uint64_t key);
/* The address that it stands for: of a /64 the first one. */
struct addr6 source_address(const struct source *s);
uint32_t group_of(uint8_t family, const struct addr6 *address);

/* NULL: not there. */
struct source *sources_find(const struct sources *t, uint64_t hash,
			    uint8_t family, uint64_t key);
/* Finds or makes it; another may have to go. NULL: no memory at all. */
struct source *sources_touch(struct sources *t, uint64_t hash, uint8_t family,
			     uint64_t key);
void sources_remove(struct sources *t, struct source *s);
void sources_clear(struct sources *t);
static inline struct source *source_at(const struct sources *t, uint32_t n)
{
	return &t->pieces[n >> 12][n & 4095];
}

/*
 * Once the place in the index is there, what it refers to, and once that is
 * there, its history.
 */
static inline struct source *sources_guess(const struct sources *t,
					   uint64_t hash)
{
	uint32_t slot = index_home(&t->index, hash);

	for (; t->index.entries[slot]; slot = index_next(&t->index, slot))
		if (index_may_be(&t->index, slot, hash))
			return source_at(t, index_reference(&t->index, slot));
	return NULL;
}
static inline void sources_prefetch_record(const struct sources *t,
					   uint64_t hash)
{
	struct source *s = sources_guess(t, hash);

	if (s)
		__builtin_prefetch(s, 1);
}
static inline void sources_prefetch_history(const struct sources *t,
					    uint64_t hash)
{
	struct source *s = sources_guess(t, hash);

	if (s && s->history) {
		__builtin_prefetch(s->history, 1);
		__builtin_prefetch((const char *)s->history + 64, 1);
		__builtin_prefetch((const char *)s->history + 128, 1);
	}
}

/* And once that is there, the place of a contact. */
void sources_prefetch_contact(const struct sources *t, uint64_t hash,
			      uint32_t group);

/* 0, or -ENOMEM after others had to go. */
int history_make(struct sources *t, struct source *s);
void history_end(struct sources *t, struct source *s);
/* The contact with a group, made if it is not there; NULL: no memory. */
struct contact *history_contact(struct sources *t, struct history *h,
				uint32_t group, uint16_t role, bool make);
/* Contacts whose last attempt was before this go. */
void history_age(struct sources *t, struct history *h, uint32_t before_s);
void history_example(struct sources *t, const struct source *s,
		     const struct addr6 *destination);
/*
 * Counts it if it is a new one: the first few are the examples themselves, and
 * only beyond them is there a set.
 */
void history_destination(struct sources *t, const struct source *s,
			 const struct addr6 *destination);
uint64_t history_destinations(const struct history *h);
/* Space for the parts that few need; NULL: no memory. */
struct scan *history_scan(struct sources *t, struct history *h);
struct usage *history_usage(struct sources *t, struct history *h);

#endif
