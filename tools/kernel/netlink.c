/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>

int netlink_open_bus(struct netlink *nl, int bus)
{
	int one = 1, error;

	*nl = (struct netlink){ .seq = 1 };
	nl->buffer = malloc(NETLINK_REPLY_BYTES);
	nl->socket = nl->buffer ? mnl_socket_open2(bus, SOCK_CLOEXEC) : NULL;
	if (!nl->socket)
		goto failed;
	if (mnl_socket_bind(nl->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		goto failed;
	/* Errors then quote only a message's header, and the offset in it. */
	mnl_socket_setsockopt(nl->socket, NETLINK_CAP_ACK, &one, sizeof(one));
	mnl_socket_setsockopt(nl->socket, NETLINK_EXT_ACK, &one, sizeof(one));
	nl->port = mnl_socket_get_portid(nl->socket);
	return 0;
failed:
	error = errno;
	netlink_close(nl);
	return error ? -error : -ENOMEM;
}

static struct mnl_socket *netlink_socket(void)
{
	int one = 1, error;
	struct mnl_socket *socket =
		mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);

	if (!socket)
		return NULL;
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		error = errno;
		mnl_socket_close(socket);
		errno = error;
		return NULL;
	}
	/* Errors then quote only a message's header, and the offset in it. */
	mnl_socket_setsockopt(socket, NETLINK_CAP_ACK, &one, sizeof(one));
	mnl_socket_setsockopt(socket, NETLINK_EXT_ACK, &one, sizeof(one));
	return socket;
}

int netlink_open(struct netlink *nl)
{
	int error;

	*nl = (struct netlink){ .seq = 1 };
	nl->buffer = malloc(NETLINK_REPLY_BYTES);
	nl->socket = nl->buffer ? netlink_socket() : NULL;
	if (nl->socket) {
		nl->port = mnl_socket_get_portid(nl->socket);
		return 0;
	}
	error = errno;
	netlink_close(nl);
	return error ? -error : -ENOMEM;
}

int netlink_open_fd(struct netlink *nl, int fd)
{
	struct sockaddr_nl address;
	socklen_t len = sizeof(address);

	*nl = (struct netlink){ .seq = 1 };
	if (getsockname(fd, (struct sockaddr *)&address, &len))
		return -errno;
	if (len != sizeof(address) || address.nl_family != AF_NETLINK)
		return -ENOTSOCK;
	nl->buffer = malloc(NETLINK_REPLY_BYTES);
	nl->socket = nl->buffer ? mnl_socket_fdopen(fd) : NULL;
	if (!nl->socket) {
		netlink_close(nl);
		return -ENOMEM;
	}
	nl->port = address.nl_pid;
	return 0;
}

void netlink_close(struct netlink *nl)
{
	if (nl->socket)
		mnl_socket_close(nl->socket);
	free(nl->buffer);
	*nl = (struct netlink){ 0 };
}

struct nlmsghdr *netlink_request(char *buf, int type, uint8_t family,
				 uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));

	nlh->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nfg->nfgen_family = family;
	nfg->version = NFNETLINK_V0;
	return nlh;
}

static bool netlink_is_stale(const struct netlink *nl, size_t len)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)nl->buffer;

	return len >= sizeof(*nlh) && nlh->nlmsg_seq != nl->seq;
}

static int netlink_receive(struct netlink *nl, bool dump, mnl_cb_t cb,
			   void *ctx)
{
	ssize_t got;
	int more = 1;

	while (more > 0) {
		got = mnl_socket_recvfrom(nl->socket, nl->buffer,
					  NETLINK_REPLY_BYTES);
		if (got < 0 && errno == EINTR)
			continue; /* a signal; libmnl has another way to say
				   * that rules change */
		if (got < 0)
			return -errno;
		if (netlink_is_stale(nl, (size_t)got))
			continue;
		more = mnl_cb_run(nl->buffer, (size_t)got, nl->seq, nl->port,
				  cb, ctx);
		/* The reply for a single object has no end mark. */
		if (!dump && more > 0)
			break;
	}
	return more < 0 ? -errno : 0;
}

/*
 * A socket takes no other dump until the one before has ended. Take another
 * socket, or the rest of the dump where this process may open none.
 */
static void netlink_give_up(struct netlink *nl)
{
	struct mnl_socket *other = netlink_socket();

	if (!other) {
		netlink_receive(nl, true, NULL, NULL);
		return;
	}
	mnl_socket_close(nl->socket);
	nl->socket = other;
	nl->port = mnl_socket_get_portid(other);
}

int netlink_query(struct netlink *nl, struct nlmsghdr *nlh, mnl_cb_t cb,
		  void *ctx)
{
	bool dump = nlh->nlmsg_flags & NLM_F_DUMP;
	int error;

	nlh->nlmsg_seq = ++nl->seq;
	if (mnl_socket_sendto(nl->socket, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	error = netlink_receive(nl, dump, cb, ctx);
	if (dump && error == -ECANCELED)
		netlink_give_up(nl);
	return error;
}

static int netlink_on_generation(const struct nlmsghdr *nlh, void *ctx)
{
	uint32_t *generation = ctx;
	struct nlattr *attr;

	mnl_attr_for_each (attr, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(attr) == NFTA_GEN_ID &&
		    mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			*generation = ntohl(mnl_attr_get_u32(attr));
	return MNL_CB_OK;
}

int netlink_generation(struct netlink *nl, uint32_t *generation)
{
	char buf[256];
	struct nlmsghdr *nlh =
		netlink_request(buf, NFT_MSG_GETGEN, AF_UNSPEC, 0);

	*generation = 0;
	return netlink_query(nl, nlh, netlink_on_generation, generation);
}
