/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From what the kernel holds to what a policy wants, in one transaction that
 * keeps every counter, every dynamic element and its remaining time.
 *
 * Rules are cheap and are all loaded anew. Counters and sets stay where they
 * are what is wanted; of a set whose members are known only the difference is
 * sent.
 */
#ifndef MAILWALL_CHANGE_H
#define MAILWALL_CHANGE_H

#include "../ruleset/ruleset.h"
#include "batch.h"

#define N_FAMILIES 3

struct present_set {
	const char *name;
	uint32_t flags;	   /* NFT_SET_* */
	uint32_t key_type; /* nft's data type */
	uint32_t size;	   /* 0: not limited */
	/*
	 * Members that surely fit; size, but where the kernel may count both
	 * ends of a range.
	 */
	uint32_t fits;
	uint64_t timeout_ms;
	bool has_count;
	/*
	 * Elements, if the kernel counts them. It counts starts and ends of
	 * ranges and halves the sum; a range up to the last address has no end,
	 * which makes the count one less.
	 */
	uint32_t count;
};

struct present_chain {
	const char *name;
	bool is_base;
	const char *type;
	uint32_t hooknum;
	int32_t priority;
	const char *devices; /* sorted, separated by blanks */
	bool drops;	     /* its policy is not accept */
};

struct present_counter {
	const char *name;
	uint64_t packets, bytes;
	const char *comment; /* a rule that counts there has it; NULL: none */
};

/* One table of our name, without rules and elements. */
struct present {
	bool exists;
	bool ours;	 /* the table has our comment */
	uint32_t flags;	 /* NFT_TABLE_F_*; ours has none but the guard's */
	uint32_t owner;	 /* netlink port of the program that owns it */
	bool guarded;	 /* our guard is that program */
	char policy[32]; /* policy name, as the first rule's comment has it */
	char digest[DIGEST_TEXT_BYTES]; /* "" if no rule has a digest */
	unsigned int digest_version;	/* 0: no rule has a digest */
	struct {
		struct present_set *items;
		size_t n, cap;
	} sets;
	struct {
		struct present_chain *items;
		size_t n, cap;
	} chains;
	struct {
		struct present_counter *items;
		size_t n, cap;
	} counters;
};

/*
 * Can the table's digest be compared with one that is made now? Another version
 * of mailwall makes it of another text. A table without a digest differs.
 */
bool present_digest_comparable(const struct present *p);

/* The fixed elements of a loaded set, as the run file has them. */
struct known_set {
	const char *name;
	struct ranges4 v4; /* one of the two */
	struct ranges6 v6;
	bool to_end; /* the last one ends where the addresses do */
};

struct known {
	struct known_set *items;
	size_t n, cap;
};

/* A summary of a transaction, for messages. */
struct change_summary {
	bool creates_table;
	unsigned int other_tables_removed;
	unsigned int sets_added, sets_removed, sets_replaced, sets_changed;
	unsigned int counters_added, counters_removed;
	size_t elements_added, elements_removed;
	size_t members_lost; /* elements of dynamic classes, where the kernel
				counts them */
	size_t rules;
};

enum change_verb { CHANGE_ADD, CHANGE_REMOVE, CHANGE_EMPTY, CHANGE_UPDATE };

/*
 * One step of a transaction: all elements of a set, or all rules of a chain,
 * are one. It borrows from the ruleset, from what is present, and from the
 * arena.
 */
struct change_step {
	enum change_verb verb;
	enum batch_object object;
	enum family family;
	const char *name; /* NULL: the table, or the rules of all of it */
	size_t n;	  /* elements, a range counts as one; rules */
	uint32_t flags;	  /* the table's */
	uint32_t set_id;  /* a set's, in the transaction */
	const void *what; /* counter, set or chain of the ruleset */
	uint64_t packets, bytes; /* with which a counter begins */
	uint64_t timeout_ms;	 /* of the elements; 0: as the set has it */
	struct ranges4 v4;	 /* elements, where not all of the set's */
	struct ranges6 v6;
};

struct change_list {
	struct change_step *items;
	size_t n, cap;
};

/*
 * Lists what a transaction will do, in the order in which it is sent. present
 * has one entry for each enum family; known may be NULL: then sets of fixed
 * elements are emptied and filled again. Memory comes from the arena.
 */
void change_list_make(struct arena *a, const struct ruleset *rs,
		      const struct present present[N_FAMILIES],
		      const struct known *known, struct change_list *list,
		      struct change_summary *summary);
/* A member of a dynamic class. */
struct change_member {
	const char *set; /* "exempt.v4" */
	int family;	 /* 4 or 6: which of the two */
	struct range4 v4;
	struct range6 v6;
	uint64_t timeout_ms; /* the time that is left; 0: it stays */
};

struct change_members {
	struct change_member *items;
	size_t n, cap;
};
/*
 * Lists the same where the table itself has to be another one, as for flags
 * that a table gets only when it is made: the table goes and comes again in one
 * transaction. Counters begin with what they counted; members are those given,
 * of sets that the ruleset has. The state of rates is lost.
 */
void change_list_anew(struct arena *a, const struct ruleset *rs,
		      const struct present present[N_FAMILIES],
		      const struct change_members *members,
		      struct change_list *list, struct change_summary *summary);
/* Puts the messages of a list into a batch, and its end; ask batch_error(). */
void change_list_emit(struct batch *b, const struct ruleset *rs,
		      const struct change_list *list);
/* "add", "remove", "empty", "update"; "table", "elements". */
const char *change_verb_name(enum change_verb verb);
const char *batch_object_name(enum batch_object object);

/* Makes a list and its messages in one. */
void change_build(struct batch *b, struct arena *a, const struct ruleset *rs,
		  const struct present present[N_FAMILIES],
		  const struct known *known, struct change_summary *summary);

/* Deletes each table that is ours; false if there is none. */
bool change_remove(struct batch *b, const struct present present[N_FAMILIES]);

/* Return nft's number of a key's data type, and a set's NFT_SET_ flags. */
uint32_t set_key_type(enum set_key key);
uint32_t set_flags(const struct set *set);

#endif
