/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests to the privileged process and its replies, one datagram each. */
#ifndef MAILWALL_PRIV_REQUEST_H
#define MAILWALL_PRIV_REQUEST_H

#include "priv.h"

#include <stdint.h>

enum request_kind {
	REQUEST_FLAG,
	REQUEST_COUNTS,
	REQUEST_MEMBERS,
	REQUEST_LOADED,
	REQUEST_NOTHING, /* are you there? */
	REQUEST_RENEW	 /* end, where systemd starts you with other options */
};

/* No request or reply has bytes between its members. */
struct request {
	uint8_t kind;	     /* enum request_kind */
	uint8_t family;	     /* the source's: 4 or 6 */
	uint8_t pad[2];	     /* 0 */
	struct addr6 source; /* to flag */
	uint32_t generation; /* the members known are of; 0: none are */
	uint32_t sequence;   /* the reply has it again; the last member */
};

struct reply {
	int32_t error; /* 0 or -errno */
	uint32_t generation;
	uint32_t sequence; /* as in the request; 0: the process has started */
	uint32_t refusal;  /* enum flag_refusal, with -EACCES */
	uint64_t bytes;	   /* in the file in memory */
	struct block_counts counts;
};

/*
 * Serves requests that come by fd, and writes what is longer than a reply to
 * members_fd. The first reply tells whether it could start. Ends its process
 * when the other side closes fd.
 */
void priv_serve(int fd, int members_fd, const struct priv_job *job)
	__attribute__((noreturn));

/* Tells jobs apart, for a monitor that finds a service. */
uint64_t priv_job_hash(const struct priv_job *job);

#endif
