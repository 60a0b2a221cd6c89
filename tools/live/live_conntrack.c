/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections that the host forwards, by ctnetlink. */
#include "live.h"
#include "../kernel/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <string.h>

/* One direction of a connection. */
struct conntrack_tuple {
	uint8_t family, protocol;
	struct addr6 source, destination;
	uint16_t source_port, destination_port;
};

struct conntrack_reader {
	struct live_reader *live;
	const struct ifaddrs *own; /* addresses of this host */
};

/* ---- attributes: each is looked at only if it has its length ---- */

static void take_address(const struct nlattr *attr, uint8_t family,
			 struct addr6 *out, struct conntrack_tuple *t)
{
	size_t len = family == 4 ? 4 : 16;

	if (mnl_attr_get_payload_len(attr) != len)
		return;
	memcpy(out->byte, mnl_attr_get_payload(attr), len);
	t->family = family;
}

static void take_addresses(const struct nlattr *nest, struct conntrack_tuple *t)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested (attr, nest)
		switch (mnl_attr_get_type(attr)) {
		case CTA_IP_V4_SRC:
			take_address(attr, 4, &t->source, t);
			break;
		case CTA_IP_V4_DST:
			take_address(attr, 4, &t->destination, t);
			break;
		case CTA_IP_V6_SRC:
			take_address(attr, 6, &t->source, t);
			break;
		case CTA_IP_V6_DST:
			take_address(attr, 6, &t->destination, t);
			break;
		}
}

static uint16_t take_port(const struct nlattr *attr)
{
	return mnl_attr_get_payload_len(attr) == sizeof(uint16_t) ?
		       ntohs(mnl_attr_get_u16(attr)) :
		       0;
}

static void take_ports(const struct nlattr *nest, struct conntrack_tuple *t)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested (attr, nest)
		switch (mnl_attr_get_type(attr)) {
		case CTA_PROTO_NUM:
			if (mnl_attr_get_payload_len(attr) == 1)
				t->protocol = mnl_attr_get_u8(attr);
			break;
		case CTA_PROTO_SRC_PORT:
			t->source_port = take_port(attr);
			break;
		case CTA_PROTO_DST_PORT:
			t->destination_port = take_port(attr);
			break;
		}
}

static void take_tuple(const struct nlattr *nest, struct conntrack_tuple *t)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested (attr, nest)
		if (mnl_attr_get_type(attr) == CTA_TUPLE_IP)
			take_addresses(attr, t);
		else if (mnl_attr_get_type(attr) == CTA_TUPLE_PROTO)
			take_ports(attr, t);
}

static uint8_t tcp_state(const struct nlattr *nest)
{
	const struct nlattr *attr, *in;

	mnl_attr_for_each_nested (attr, nest)
		if (mnl_attr_get_type(attr) == CTA_PROTOINFO_TCP)
			mnl_attr_for_each_nested (in, attr)
				if (mnl_attr_get_type(in) ==
					    CTA_PROTOINFO_TCP_STATE &&
				    mnl_attr_get_payload_len(in) == 1)
					return mnl_attr_get_u8(in);
	return TCP_CONNTRACK_NONE;
}

/* ---- one connection ---- */

static bool is_own(const struct ifaddrs *own, uint8_t family,
		   const struct addr6 *address)
{
	for (; own; own = own->ifa_next) {
		const struct sockaddr *sa = own->ifa_addr;

		if (family == 4 && sa && sa->sa_family == AF_INET &&
		    !memcmp(&((const struct sockaddr_in *)sa)->sin_addr,
			    address->byte, 4))
			return true;
		if (family == 6 && sa && sa->sa_family == AF_INET6 &&
		    !memcmp(&((const struct sockaddr_in6 *)sa)->sin6_addr,
			    address->byte, 16))
			return true;
	}
	return false;
}

/*
 * Hook forward is behind the translation of destinations and before that of
 * sources: the answer comes from whom it sees as the destination.
 */
static int tell_connection(struct conntrack_reader *r,
			   const struct conntrack_tuple *sent,
			   const struct conntrack_tuple *answer)
{
	struct opening o = {
		.family = sent->family,
		.source = sent->source,
		.destination = answer->source,
		.source_port = sent->source_port,
		.destination_port = answer->source_port,
	};

	if (!sent->family || answer->family != sent->family ||
	    !r->live->query->port(r->live->query->ctx, o.destination_port) ||
	    is_own(r->own, o.family, &o.source) ||
	    is_own(r->own, o.family, &o.destination))
		return MNL_CB_OK;
	if (live_tell(r->live, &o))
		return MNL_CB_OK;
	errno = ECANCELED;
	return MNL_CB_ERROR;
}

static int on_connection(const struct nlmsghdr *nlh, void *ctx)
{
	struct conntrack_reader *r = ctx;
	struct conntrack_tuple sent = { 0 }, answer = { 0 };
	uint8_t state = TCP_CONNTRACK_NONE;
	struct nlattr *attr;

	if (!live_in_time(r->live)) {
		errno = ECANCELED;
		return MNL_CB_ERROR;
	}
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(struct nfgenmsg))
		return MNL_CB_OK;
	mnl_attr_for_each (attr, nlh, sizeof(struct nfgenmsg))
		switch (mnl_attr_get_type(attr)) {
		case CTA_TUPLE_ORIG:
			take_tuple(attr, &sent);
			break;
		case CTA_TUPLE_REPLY:
			take_tuple(attr, &answer);
			break;
		case CTA_PROTOINFO:
			state = tcp_state(attr);
			break;
		}
	if (sent.protocol != IPPROTO_TCP || state != TCP_CONNTRACK_ESTABLISHED)
		return MNL_CB_OK;
	return tell_connection(r, &sent, &answer);
}

static int read_family(struct conntrack_reader *r, struct netlink *nl,
		       uint8_t family)
{
	char buf[256];
	struct nlmsghdr *nlh = netlink_request(buf, 0, family, NLM_F_DUMP);
	int error;

	nlh->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET;
	error = netlink_query(nl, nlh, on_connection, r);
	/* A list that changed while it was read ends early. */
	r->live->result->bounded = r->live->result->bounded || error == -EINTR;
	return error == -ECANCELED || error == -EINTR ? 0 : error;
}

int live_read_conntrack(struct live_reader *live)
{
	struct conntrack_reader r = { .live = live };
	struct ifaddrs *own = NULL;
	struct netlink nl;
	int error = netlink_open(&nl);

	if (error)
		return error;
	if (getifaddrs(&own))
		own = NULL;
	r.own = own;
	error = read_family(&r, &nl, AF_INET);
	if (!error)
		error = read_family(&r, &nl, AF_INET6);
	freeifaddrs(own);
	netlink_close(&nl);
	return error;
}
