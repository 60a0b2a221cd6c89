/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One netlink socket to nf_tables, for requests and dumps. It needs libmnl
 * alone: mailwall's plugin for collectd is built of this file, too.
 */
#ifndef MAILWALL_NETLINK_H
#define MAILWALL_NETLINK_H

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NETLINK_REPLY_BYTES ((size_t)256 * 1024)

struct transaction_route;

struct netlink {
	struct mnl_socket *socket;
	/* Transactions go that way; NULL: to the kernel by this socket. */
	const struct transaction_route *route;
	uint32_t port;
	uint32_t seq;
	char *buffer; /* NETLINK_REPLY_BYTES, for replies */
};

/* Opens a socket and binds it. 0 or -errno. */
int netlink_open(struct netlink *nl);
/* Takes a socket that is open and bound already. 0 or -errno. */
int netlink_open_fd(struct netlink *nl, int fd);
/* The same for another bus than that of nf_tables: NETLINK_ROUTE. */
int netlink_open_bus(struct netlink *nl, int bus);
/* Closes the socket; one that was never opened is fine if it is zeroed. */
void netlink_close(struct netlink *nl);

/*
 * Puts the headers of a request into buf (at least 64 bytes): type as
 * NFT_MSG_GETTABLE, family as NFPROTO_INET. The caller adds attributes.
 */
struct nlmsghdr *netlink_request(char *buf, int type, uint8_t family,
				 uint16_t flags);

/*
 * Sends a request and calls cb (NULL: nothing) for every reply. 0 or -errno;
 * -EINTR: the rules changed while they were read; read again. A callback that
 * gives up sets errno, to ECANCELED in the middle of a dump, and returns
 * MNL_CB_ERROR.
 */
int netlink_query(struct netlink *nl, struct nlmsghdr *nlh, mnl_cb_t cb,
		  void *ctx);

/* Reads the number of the rules' generation. 0 or -errno. */
int netlink_generation(struct netlink *nl, uint32_t *generation);

#endif
