/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A batch as one transaction of nf_tables, and the messages that were refused.
 */
#ifndef MAILWALL_TRANSACTION_H
#define MAILWALL_TRANSACTION_H

#include "netlink.h"
#include "../../rules/emit/batch.h"

#include <stdbool.h>
#include <errno.h>

#ifndef ERESTART
#define ERESTART 85 /* the kernel's own, seldom in headers */
#endif

/* One message that the kernel refused; note NULL: the transaction as such. */
struct kernel_error {
	const struct batch_note *note;
	int error;	 /* positive */
	char wanted[32]; /* the string that it stumbled over; may be "" */
};

#define KERNEL_ERRORS_MOST 64

struct kernel_errors {
	struct kernel_error items[KERNEL_ERRORS_MOST];
	size_t n;   /* kept in items */
	size_t all; /* kept or not */
};

/* Takes one datagram of the kernel's answers. */
typedef void transaction_answer_fn(void *ctx, const void *datagram, size_t len);

/* Another way to the kernel than the socket that is asked for everything else.
 */
struct transaction_route {
	/* Sends, and calls fn for each answer. 0 or -errno; -ENOBUFS: answers
	 * were lost. */
	int (*send)(void *ctx, const struct batch *b, transaction_answer_fn *fn,
		    void *fn_ctx);
	void *ctx;
};

/*
 * Commits a batch. 0: committed. -ERESTART: the generation moved, nothing
 * happened. -ENOBUFS: the kernel's answer is lost; read back. Other errors:
 * nothing happened, see errors.
 */
int transaction_commit(struct netlink *nl, const struct batch *b,
		       struct kernel_errors *errors);

/*
 * Tells whether somebody changed the rules while they were read, or between
 * reading and committing.
 */
static inline bool transaction_try_again(int error)
{
	return error == -ERESTART || error == -EINTR;
}

/*
 * Sends the messages of a transaction, and calls fn for each answer; n pages of
 * bytes in all. 0 or -errno, -ENOBUFS: answers were lost.
 */
int transaction_send(struct netlink *nl, const struct iovec *pages, size_t n,
		     size_t bytes, transaction_answer_fn *fn, void *ctx);

/*
 * Reads one datagram of the kernel's answers: the part of transaction_commit()
 * that tests feed. done is set once the last message was acknowledged.
 */
void kernel_errors_read(struct kernel_errors *r, const struct batch *b,
			const void *datagram, size_t len, bool *done);
/* The result of a transaction whose answers were read: see
 * transaction_commit(). */
int kernel_errors_verdict(const struct kernel_errors *r, bool done,
			  bool overrun);

#endif
