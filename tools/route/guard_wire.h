/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between the guard and a command, over a SOCK_SEQPACKET socket in
 * run_dir, one packet each.
 *
 * The guard says hello first. The command sends a request: the transaction as
 * sendmsg() takes it follows in the packet, or, where it is longer than
 * GUARD_INLINE_MOST, is in a sealed file in memory (memfd_create(2)).
 * The guard sends each datagram with which the kernel answers, and then an end.
 * Both run on one machine: numbers are in host order.
 */
#ifndef MAILWALL_GUARD_WIRE_H
#define MAILWALL_GUARD_WIRE_H

#include <stdint.h>

#define GUARD_FOLDER "guard"	  /* in run_dir; nothing else is in it */
#define GUARD_SOCKET "guard/sock" /* in run_dir */
#define GUARD_MAGIC  "mwguard1"

/* Transactions: a million elements need 80 MB. */
#define GUARD_BATCH_MOST  ((uint64_t)2 << 30)
#define GUARD_INLINE_MOST 16384
/* Datagrams of answers that are passed on; a command keeps fewer errors. */
#define GUARD_ANSWERS_MOST	256
#define GUARD_ANSWER_BYTES_MOST 65536

struct guard_hello {
	char magic[8];
	int32_t pid;
	uint32_t port;	      /* netlink port that owns our table; 0: none */
	uint32_t table_flags; /* NFT_TABLE_F_ of a table that is made now */
	uint32_t listens;     /* 0: it polls the generation */
	uint32_t healed;      /* times that our table was mended */
	uint32_t pad;	      /* 0 */
};

struct guard_request {
	uint64_t bytes; /* length of the transaction */
};

enum guard_answer_kind {
	GUARD_ANSWER, /* a datagram of the kernel follows in the packet */
	/* error tells how it ended; where the guard refused, a sentence follows
	 */
	GUARD_END
};

struct guard_answer {
	uint32_t kind;
	int32_t error; /* 0 or -errno; -ENOBUFS: answers were lost */
};

#endif
