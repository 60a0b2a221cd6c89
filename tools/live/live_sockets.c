/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sessions of the host's own sockets, by sock_diag. */
#include "live.h"
#include "../kernel/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <string.h>

/* A socket of IPv6 with a peer of IPv4 (RFC 4291, section 2.5.5.2). */
static bool is_mapped(const struct addr6 *address)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return !memcmp(address->byte, mapped, sizeof(mapped));
}

static void take_end(uint8_t family, const uint32_t *words, struct addr6 *out)
{
	memset(out, 0, sizeof(*out));
	memcpy(out->byte, words, family == AF_INET ? 4 : 16);
	if (family == AF_INET6 && is_mapped(out)) {
		memmove(out->byte, out->byte + 12, 4);
		memset(out->byte + 4, 0, 12);
	}
}

struct socket_ends {
	uint8_t family;
	struct addr6 here, there;
	uint16_t here_port, there_port;
	uint32_t uid;
};

static void take_socket(const struct inet_diag_msg *m, struct socket_ends *s)
{
	struct addr6 there = { { 0 } };

	memcpy(there.byte, m->id.idiag_dst, sizeof(there.byte));
	s->family = m->idiag_family == AF_INET || is_mapped(&there) ? 4 : 6;
	take_end(m->idiag_family, m->id.idiag_src, &s->here);
	take_end(m->idiag_family, m->id.idiag_dst, &s->there);
	s->here_port = ntohs(m->id.idiag_sport);
	s->there_port = ntohs(m->id.idiag_dport);
	s->uid = m->idiag_uid;
}

static bool tell_outbound(struct live_reader *r, const struct socket_ends *s)
{
	struct opening o = {
		.family = s->family,
		.source = s->here,
		.destination = s->there,
		.source_port = s->here_port,
		.destination_port = s->there_port,
		.out = "",
		.has_owner = true,
		.uid = s->uid,
		.gid = UINT32_MAX,
	};

	return live_tell(r, &o);
}

static bool tell_inbound(struct live_reader *r, const struct socket_ends *s)
{
	struct opening o = {
		.family = s->family,
		.source = s->there,
		.destination = s->here,
		.source_port = s->there_port,
		.destination_port = s->here_port,
		.in = "",
	};

	return live_tell(r, &o);
}

static int on_socket(const struct nlmsghdr *nlh, void *ctx)
{
	struct live_reader *r = ctx;
	const struct live_query *q = r->query;
	struct socket_ends s;
	bool more = true;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(struct inet_diag_msg))
		return MNL_CB_OK;
	take_socket(mnl_nlmsg_get_payload(nlh), &s);
	if (q->port(q->ctx, s.there_port))
		more = tell_outbound(r, &s);
	if (more && q->port(q->ctx, s.here_port))
		more = tell_inbound(r, &s);
	if (more)
		return MNL_CB_OK;
	errno = ECANCELED;
	return MNL_CB_ERROR;
}

static int read_sockets_of(struct live_reader *r, uint8_t family)
{
	char buf[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct inet_diag_req_v2 *wanted =
		mnl_nlmsg_put_extra_header(nlh, sizeof(*wanted));
	struct netlink nl;
	int error = netlink_open_bus(&nl, NETLINK_SOCK_DIAG);

	if (error)
		return error;
	nlh->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	wanted->sdiag_family = family;
	wanted->sdiag_protocol = IPPROTO_TCP;
	wanted->idiag_states = 1u << TCP_ESTABLISHED;
	error = netlink_query(&nl, nlh, on_socket, r);
	netlink_close(&nl);
	r->result->bounded = r->result->bounded || error == -EINTR;
	return error == -ECANCELED || error == -EINTR ? 0 : error;
}

int live_read_sockets(struct live_reader *r)
{
	int error = read_sockets_of(r, AF_INET);

	return error ? error : read_sockets_of(r, AF_INET6);
}
