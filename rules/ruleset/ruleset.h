/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules as nftables has them, before they become text or messages: one table
 * with its counters, sets, chains and rules, in the order in which they are
 * loaded. A ruleset borrows from the policy it was made of.
 */
#ifndef MAILWALL_RULESET_H
#define MAILWALL_RULESET_H

#include "../base/stmt.h"
#include "../policy/policy.h"

#include <stdio.h>

#define TABLE_NAME "mailwall"
/* The counter of packets that a log rate kept out of the log. */
#define COUNTER_SUPPRESSED "log-suppressed"
/*
 * The end of a counter's name where mode observe lets its packets pass. The
 * counter of that name stays beside it, and counts on once the mode changes.
 */
#define COUNTER_OBSERVED "-observed"
/* The table's comment: without it a table of our name is somebody else's. */
#define TABLE_COMMENT "mailwall 1"
/* The same of a table that our guard owns, and no other program. */
#define TABLE_COMMENT_GUARDED TABLE_COMMENT " guarded"
/* NFT_TABLE_F_OWNER and _PERSIST: headers of Linux before 6.9 lack the last. */
#define TABLE_FLAGS_GUARDED 6u

#define DIGEST_TEXT_BYTES   33 /* 128 bits in hex, NUL */

enum family { FAMILY_INET, FAMILY_BRIDGE, FAMILY_NETDEV };

enum set_key { KEY_IPV4, KEY_IPV6, KEY_IFNAME, KEY_SERVICE, KEY_PROTOCOL };

struct port_jump {
	uint16_t port;
	const char *chain;
};

struct port_jumps {
	struct port_jump *items;
	size_t n, cap;
};

/* Members of a dynamic class with the time that each has left. */
struct set_members {
	struct ranges4 v4; /* one of the two, ascending, none meets another */
	struct ranges6 v6;
	const uint64_t *timeouts_ms; /* one a range; 0: it stays */
};

/*
 * No set is without a name. A packet that is on its way through the old rules
 * while new ones take their place looks elements up in the new generation: in
 * a set that went with the old rules it would find nothing, and pass.
 */
struct set {
	const char *name;
	enum set_key key;
	bool interval;	    /* else a hash */
	bool timeout;	    /* elements may expire */
	bool dynamic;	    /* rules add elements */
	uint32_t timeout_s; /* default of an element; 0: never */
	uint32_t size;	    /* elements; 0: not said */
	/*
	 * Fixed elements, merged; both NULL: none. An interface's name is 16
	 * bytes with zeros behind it; one that ends in * is a range.
	 */
	const struct ranges4 *v4;
	const struct ranges6 *v6;
	const struct port_jumps *jumps; /* a map of ports to chains */
	/*
	 * Members of a dynamic class once the rules are loaded, set by whoever
	 * knows them; NULL: those it has in the kernel. The digest leaves them
	 * out.
	 */
	const struct set_members *members;
	const struct class *class;	/* NULL for a limit's own set */
	const struct span *origin;	/* place in the policy */
	char digest[DIGEST_TEXT_BYTES]; /* digest of the fixed elements, or ""
					 */
};

struct counter {
	const char *name;
	const struct clause *clause; /* NULL: not of one clause */
	const char *comment;
	const struct span *origin;
};

enum bytes_op { BYTES_ARE, BYTES_ARE_NOT, BYTES_ARE_AT_LEAST };

/* Up to 8 bytes of a header as a number, compared under a mask. */
struct bytes_match {
	enum bytes_op op;
	bool link; /* of the link header, else of the network header */
	uint8_t offset, len;
	uint16_t mask; /* 0: none */
	uint64_t value;
};

struct stmt {
	enum stmt_kind kind;
	union {
		const struct set *set;
		uint32_t id;
		const struct counter *counter;
		const char *chain;
		struct {
			const struct set *set;
			struct rate rate;
		} meter;
		struct {
			const char *prefix;
			uint16_t group;
			uint32_t snaplen, threshold;
		} log;
		uint16_t protocol; /* of Ethernet */
		uint16_t port;
		struct bytes_match bytes;
		struct {
			int family; /* 4 or 6 */
			uint32_t v4;
			struct addr6 v6;
		} target;
	};
};

#define STMTS_MOST 12

struct rule {
	struct stmt stmts[STMTS_MOST];
	unsigned int n;
	const char *comment;
	const struct span *origin;
};

enum base_hook {
	BASE_NONE, /* a chain that others jump to */
	BASE_FORWARD,
	BASE_INPUT,
	BASE_OUTPUT,
	BASE_PREROUTING,
	BASE_INGRESS,
	BASE_EGRESS,
	BASE_NAT_PREROUTING,
	BASE_NAT_OUTPUT,
	/* Behind the filter: what it let through. */
	BASE_PASSED_FORWARD,
	BASE_PASSED_OUTPUT,
	BASE_PASSED_PREROUTING,
	BASE_PASSED_INGRESS,
};

/* An IP header that is not where the kernel looks for one. */
struct inside {
	uint8_t offset; /* bytes behind the network header */
	uint8_t family; /* 4 or 6; 0: the kernel found the header */
};

struct chain {
	const char *name;
	enum base_hook hook;
	struct inside inside; /* the header that its rules look at */
	struct {
		struct rule *items;
		size_t n, cap;
	} rules;
	const struct span *origin;
};

struct ruleset {
	struct arena *arena;
	const struct policy *policy;
	enum family family;
	uint32_t table_flags;	     /* NFT_TABLE_F_* that a new table gets */
	const struct words *devices; /* interfaces of ingress and egress */
	bool text;		     /* only what nft has words for */
	struct {
		struct counter **items;
		size_t n, cap;
	} counters;
	struct {
		struct set **items;
		size_t n, cap;
	} sets;
	struct {
		struct chain **items;
		size_t n, cap;
	} chains;
	char digest[DIGEST_TEXT_BYTES]; /* digest of all the above */
	/* While it is made: the header that is looked at, where it is found. */
	struct inside inside;
	const char *frames_base;
	const struct set *inner_ports; /* refused by some clause; may be NULL */
	struct {
		struct chain **items;
		size_t n, cap;
	} insides;
};

/*
 * Makes the rules of a policy without errors, as messages load them. 0 or
 * -ENOMEM. The ruleset must go before the policy.
 */
int ruleset_new(const struct policy *policy, struct ruleset **out);
/*
 * Makes the coarse form of the same: each new connection to a port that some
 * clause blocks is dropped, whoever opens it. It stands in for the rules while
 * they are loaded anew, in microseconds and without a set of addresses. *out is
 * NULL where the policy blocks nothing.
 */
int ruleset_coarse(const struct policy *policy, struct ruleset **out);
/*
 * As ruleset_new(), without what nft has no words for: rules that look behind a
 * second tag, PPPoE, MPLS, LLC and SNAP. Another digest, if there are some.
 */
int ruleset_new_text(const struct policy *policy, struct ruleset **out);
/* Would ruleset_new() make rules that text leaves out? */
bool ruleset_looks_inside(const struct policy *policy);
void ruleset_free(struct ruleset *rs);

const char *family_name(enum family family);
uint8_t family_number(enum family family);  /* NFPROTO_* */
const char *set_key_name(enum set_key key); /* "ipv4_addr" */
size_t set_elements(const struct set *set); /* fixed ones, ranges count as 1 */

/* "type filter hook forward priority filter": what a base hook means. */
struct base_hook_info {
	const char *type, *hook, *priority_name;
	int priority;
	unsigned int hooknum; /* the kernel's number in the chain's family */
};
const struct base_hook_info *base_hook_info(enum base_hook hook);

/*
 * Version of the text that the digest is made of: it changes with digest.c, not
 * with the rules. Version 1 was libnftnl's text.
 */
#define DIGEST_VERSION	    2
#define DIGEST_VERSION_TEXT "2"
/* The first rule's comment: the policy's name, the digest, its version. */
#define DIGEST_COMMENT "mailwall %s sha256:%s " DIGEST_VERSION_TEXT
/* A gate's comment: name of the policy on trial, digest of the trial form. */
#define DIGEST_TRIAL_COMMENT "trial of %s sha256:%s " DIGEST_VERSION_TEXT

#endif
