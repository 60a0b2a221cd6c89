/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Long replies of the privileged process, as they lie in members_fd. Both
 * processes are one program: the structs are written as they are.
 */
#ifndef MAILWALL_PRIV_BYTES_H
#define MAILWALL_PRIV_BYTES_H

#include "../../rules/base/action.h"
#include "../../rules/base/range.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* priv_members(): each set, and behind it its members, ascending. */
struct priv_set {
	char name[64]; /* "exempt.v4" */
	uint64_t n;    /* members */
};
struct priv_member {
	struct range6 range; /* IPv4 uses the first four bytes */
	int64_t until_ms;    /* CLOCK_MONOTONIC; INT64_MAX: stays */
};

/* priv_loaded(): one head, then its clauses, its sets and its faults. */
struct priv_head {
	char policy[64], digest[64]; /* "": no rule of the table says so */
	uint64_t loaded;	     /* 0: no table is ours */
	uint64_t drift_known, drift; /* 1: yes */
	uint64_t acting, observes;   /* 1: yes, of what is loaded */
	uint64_t comparable;	     /* 1: its digest is made as ours are */
	uint64_t log_groups; /* how many NFLOG groups its rules log to */
	uint64_t log_group;  /* one of them, if there are any */
	uint64_t unlogged;   /* bit i: no rule logs to priv_job.groups[i] */
	uint64_t n_clauses, n_sets, n_faults;
	struct {
		uint64_t counted, packets; /* counted 1: the table has it */
	} guards[GUARD_N];
};
struct priv_clause {
	char id[128], text[256];
	uint64_t packets, bytes;
	uint64_t observed; /* 1: mode observe lets its packets through */
	uint64_t observed_packets, observed_bytes;
};
struct priv_fill {
	char name[64];
	uint64_t elements, size;
	uint64_t known; /* 1: elements was counted */
};
struct priv_fault {
	char name[32], object[64]; /* as acting.h has them */
	char text[256];
	uint64_t opens; /* 1: yes */
};

/*
 * Are these bytes such a reply, whole, with texts that end? Either process may
 * have been taken over: neither believes the other.
 */
bool priv_members_are_whole(const void *bytes, size_t len);
bool priv_loaded_is_whole(const void *bytes, size_t len);

#endif
