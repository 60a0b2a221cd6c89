/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one process of a monitor that keeps CAP_NET_ADMIN, and nothing else: it
 * reads our counters and the members of dynamic classes, and puts sources into
 * class flagged, when the process that reads packets asks. It takes no bytes
 * from the network, and a question has no room for more than an address; how
 * long a source is flagged, and how many a minute, it knows by itself.
 */
#ifndef MAILWALL_PRIV_H
#define MAILWALL_PRIV_H

#include "../program/program.h"

struct priv {
	int fd;		/* to it; -1: there is none */
	int members_fd; /* a file in memory, with what priv_members() had */
	int pid;
};

#define KEEPER_PER_MINUTE 600 /* sources flagged at most */
#define KEEPER_GROUPS	  64

struct priv_job {
	uint32_t quarantine_s;		/* 0: it flags nobody */
	uint16_t groups[KEEPER_GROUPS]; /* of NFLOG, to which we listen */
	size_t n_groups;
	const char *run_dir; /* where what was loaded is remembered */
};

/*
 * Starts it, before privilege is dropped. EXIT_DONE, or it was said why not.
 */
int priv_start(struct priv *k, const struct priv_job *job);
/* Ends it, if it did not end itself. */
void priv_stop(struct priv *k);

/* 0 or -errno, what the kernel said included; -EBUSY: too many this minute. */
int priv_flag(struct priv *k, uint8_t family, const struct addr6 *source);

/*
 * Packets that were blocked by clauses that log each of them to a group of
 * ours: what the counters say, without what a log rate held back.
 */
struct block_counts {
	uint64_t packets;
	uint64_t clauses; /* a number for which ones they are */
};
int priv_counts(struct priv *k, struct block_counts *out);

/*
 * Members of dynamic classes, if the rules are of another generation than this
 * one, which then becomes theirs. As bytes in members_fd: each set as a struct
 * priv_set, and behind it its members, ascending.
 */
struct priv_set {
	char name[64]; /* "exempt.v4" */
	uint64_t n;
};
struct priv_member {
	struct range6 range; /* IPv4 uses the last four bytes */
	int64_t until_ms;    /* since 1970; INT64_MAX: stays */
};
int priv_members(struct priv *k, uint32_t *generation, size_t *bytes);

/* What is loaded, and its counters. As bytes in members_fd, in this order. */
struct priv_head {
	char policy[64], digest[64]; /* "": no rule of the table says so */
	uint64_t loaded, drift_known, drift;
	uint64_t n_clauses, n_sets;
};
struct priv_clause {
	char id[128], text[256];
	uint64_t packets, bytes;
};
struct priv_fill {
	char name[64];
	uint64_t elements, size;
};
int priv_loaded(struct priv *k, size_t *bytes);

#endif
