/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one process of a monitor that keeps CAP_NET_ADMIN, and nothing else: it
 * reads our counters and puts sources into class flagged, when the process that
 * reads packets asks. It takes no bytes from the network, and a question has no
 * room for more than an address; how long a source is flagged, and how many a
 * minute, it knows by itself.
 */
#ifndef MAILWALL_KEEPER_H
#define MAILWALL_KEEPER_H

#include "program.h"

struct keeper {
	int fd; /* to it; -1: there is none */
	int pid;
};

#define KEEPER_PER_MINUTE 600 /* sources flagged at most */

struct logged_counts {
	uint64_t packets; /* of clauses that log */
	uint32_t generation;
};

/*
 * Starts it, before privilege is dropped. quarantine_s 0: it flags nobody.
 * EXIT_DONE, or it was said why not.
 */
int keeper_start(struct keeper *k, uint32_t quarantine_s);
/* Ends it, if it did not end itself. */
void keeper_stop(struct keeper *k);

/* 0 or -errno, what the kernel said included; -EBUSY: too many this minute. */
int keeper_flag(struct keeper *k, uint8_t family, const struct addr6 *source);
/* Packets that passed the counters of the clauses of a policy that log. */
int keeper_counts(struct keeper *k, struct logged_counts *out);

#endif
