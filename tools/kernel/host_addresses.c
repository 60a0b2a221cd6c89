/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host_addresses.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

struct host_query {
	size_t bytes; /* of an address */
	const struct range6 *range;
	bool meets;
};

int host_addresses_open(struct netlink *nl)
{
	return netlink_open_bus(nl, NETLINK_ROUTE);
}

/* An address of a pair has IFA_LOCAL, others IFA_ADDRESS alone. */
static int host_on_address(const struct nlmsghdr *nlh, void *ctx)
{
	struct host_query *q = ctx;
	struct nlattr *attr;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(struct ifaddrmsg))
		return MNL_CB_OK;
	mnl_attr_for_each (attr, nlh, sizeof(struct ifaddrmsg)) {
		struct addr6 a = { 0 };
		uint16_t type = mnl_attr_get_type(attr);

		if ((type != IFA_ADDRESS && type != IFA_LOCAL) ||
		    mnl_attr_get_payload_len(attr) != q->bytes)
			continue;
		memcpy(a.byte, mnl_attr_get_payload(attr), q->bytes);
		if (addr6_compare(&q->range->first, &a) <= 0 &&
		    addr6_compare(&a, &q->range->last) <= 0)
			q->meets = true;
	}
	return MNL_CB_OK;
}

int host_addresses_meet(struct netlink *nl, uint8_t family,
			const struct range6 *range, bool *meets)
{
	struct host_query q = { family == 4 ? 4 : 16, range, false };
	char buf[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	int error;

	nlh->nlmsg_type = RTM_GETADDR;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	ifa->ifa_family = family == 4 ? AF_INET : AF_INET6;
	error = netlink_query(nl, nlh, host_on_address, &q);
	*meets = q.meets;
	return error;
}
