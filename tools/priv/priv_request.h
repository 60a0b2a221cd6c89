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
	REQUEST_LOADED
};

struct request {
	uint8_t kind;	     /* enum request_kind */
	uint8_t family;	     /* the source's: 4 or 6 */
	struct addr6 source; /* to flag */
	uint32_t generation; /* the members known are of; 0: none are */
};

struct reply {
	int32_t error; /* 0 or -errno */
	uint32_t generation;
	uint64_t bytes; /* in the file in memory */
	struct block_counts counts;
};

/*
 * Serves requests that come by fd, and writes what is longer than a reply to
 * members_fd. The first reply tells whether it could start. Ends its process
 * when the other side closes fd.
 */
void priv_serve(int fd, int members_fd, const struct priv_job *job)
	__attribute__((noreturn));

#endif
