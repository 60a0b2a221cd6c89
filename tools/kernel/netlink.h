/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One netlink socket to nf_tables: dumps come in, transactions go out. */
#ifndef MAILWALL_NETLINK_H
#define MAILWALL_NETLINK_H

#include "../../rules/emit/batch.h"

#include <errno.h>
#include <libmnl/libmnl.h>

#ifndef ERESTART
#define ERESTART 85 /* the kernel's own, seldom in headers */
#endif

struct netlink {
	struct mnl_socket *socket;
	uint32_t port;
	uint32_t seq;
	char *buffer; /* for replies */
};

/* Functions return 0 or -errno unless they say otherwise. */
int netlink_open(struct netlink *nl);
void netlink_close(struct netlink *nl);

int netlink_generation(struct netlink *nl, uint32_t *generation);

/*
 * Sends one request (its header is filled in here) and calls cb for every
 * reply. -EINTR: the rules changed while they were read; read again.
 */
int netlink_query(struct netlink *nl, struct nlmsghdr *nlh, mnl_cb_t cb,
		  void *ctx);

/* One message that the kernel refused; note NULL: the transaction as such. */
struct kernel_error {
	const struct batch_note *note;
	int error;	 /* positive */
	char wanted[32]; /* the string that it stumbled over; may be "" */
};

#define KERNEL_ERRORS_MOST 64

struct kernel_errors {
	struct kernel_error items[KERNEL_ERRORS_MOST];
	size_t n; /* those kept */
	size_t all;
};

/*
 * 0: committed. -ERESTART: the generation moved, nothing happened. -ENOBUFS:
 * nobody can say; read back. Other errors: nothing happened, see errors.
 */
int netlink_commit(struct netlink *nl, const struct batch *b,
		   struct kernel_errors *errors);

/*
 * Did somebody change the rules while we read them, or between reading and
 * committing?
 */
static inline bool try_again(int error)
{
	return error == -ERESTART || error == -EINTR;
}

/*
 * The part of the above that reads the kernel's answers, for tests: takes one
 * datagram. done is set once the last message was acknowledged.
 */
void kernel_errors_read(struct kernel_errors *r, const struct batch *b,
			const void *datagram, size_t len, bool *done);
int kernel_errors_verdict(const struct kernel_errors *r, bool done,
			  bool overrun);

#endif
