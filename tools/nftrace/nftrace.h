/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's own account of a packet: every chain and rule that it met, as
 * nf_tables traces it. A table of ours marks the packets, and goes with the
 * socket that made it, so that a process that is killed leaves nothing.
 */
#ifndef MAILWALL_NFTRACE_H
#define MAILWALL_NFTRACE_H

#include "../../rules/policy/policy.h"
#include "../kernel/netlink.h"

#include <stdbool.h>
#include <stdint.h>

/* Tables that mark begin so; the port of their owner's socket follows. */
#define NFTRACE_TABLE "mailwall-explain-"

/* The packets to be marked: those that open a connection. */
struct nftrace_query {
	enum hook hook;
	const struct words *devices; /* used by hook ingress */
	uint8_t family;		     /* 4 or 6 */
	const struct addr6 *source;
	const struct addr6 *destination; /* NULL: any */
	const struct ports *ports;
};

enum nftrace_kind {
	TRACE_RULE,   /* a rule that matched */
	TRACE_RETURN, /* the end of a chain that was jumped to */
	TRACE_POLICY, /* the end of a base chain */
};

struct nftrace_step {
	enum nftrace_kind kind;
	uint8_t table_family; /* NFPROTO_ */
	const char *table, *chain;
	uint64_t handle;      /* a rule's; 0: none */
	int32_t verdict;      /* NF_DROP, NFT_JUMP, ... */
	const char *jump;     /* the chain that it goes to; NULL: none */
	const char *comment;  /* a rule's; NULL: none */
	uint32_t in, out;     /* numbers of interfaces; 0: not known */
	bool has_destination; /* the three members below are known */
	struct addr6 destination;
	uint16_t source_port, destination_port;
};

struct nftrace {
	struct arena *arena;
	struct netlink owner; /* its socket owns the table */
	struct mnl_socket *listener;
	char table[32];
	uint8_t table_family;
	uint8_t family; /* 4 or 6 */
	bool caught;
	uint32_t id; /* the kernel's, of the packet that was caught */
	struct nftrace_step end; /* the rules' end, until the next step */
	bool lost;		 /* the kernel could not tell all */
	struct {
		struct nftrace_step *items;
		size_t n, cap;
	} steps;
};

/* The effect of a verdict on the packet. */
enum nftrace_fate { FATE_GOES_ON, FATE_STOPPED, FATE_QUEUED, FATE_TAKEN };
enum nftrace_fate nftrace_step_fate(const struct nftrace_step *step);
/* "accept", "drop", "jump" */
const char *nftrace_verdict_name(int32_t verdict);

/* Begins to mark packets. 0 or -errno; nftrace_close() in any case. */
int nftrace_open(struct nftrace *t, struct arena *a,
		 const struct nftrace_query *query);
/*
 * Waits for the first such packet, and until the kernel has no more to say of
 * it. 0, or -errno; caught says whether there was one.
 */
int nftrace_wait(struct nftrace *t, uint32_t seconds);
/* Fills the comments of the rules, as far as they are still there. */
void nftrace_name_rules(struct nftrace *t, struct netlink *nl);
/* Ends the marking. */
void nftrace_close(struct nftrace *t);

/* nftrace_table.c: adds the table to the kernel. 0 or -errno. */
int nftrace_table_add(struct nftrace *t, const struct nftrace_query *query);

#endif
