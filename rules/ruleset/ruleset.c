/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ruleset's accessors, and the kernel's names and numbers of its parts. */
#include "ruleset.h"
#include "../base/arena.h"

#include <linux/netfilter.h>

void ruleset_free(struct ruleset *rs)
{
	if (rs)
		arena_free(rs->arena);
}

const char *family_name(enum family family)
{
	switch (family) {
	case FAMILY_INET:
		return "inet";
	case FAMILY_BRIDGE:
		return "bridge";
	case FAMILY_NETDEV:
		return "netdev";
	}
	return "";
}

size_t set_elements(const struct set *set)
{
	if (set->v4)
		return set->v4->n;
	if (set->jumps)
		return set->jumps->n;
	return set->v6 ? set->v6->n : 0;
}

const struct base_hook_info *base_hook_info(enum base_hook hook)
{
	static const struct base_hook_info info[] = {
		[BASE_FORWARD] = { "filter", "forward", "filter", 0,
				   NF_INET_FORWARD },
		[BASE_INPUT] = { "filter", "input", "filter", 0,
				 NF_INET_LOCAL_IN },
		[BASE_OUTPUT] = { "filter", "output", "filter", 0,
				  NF_INET_LOCAL_OUT },
		/* in the bridge family the name filter stands for -200 */
		[BASE_PREROUTING] = { "filter", "prerouting", "filter", -200,
				      NF_INET_PRE_ROUTING },
		[BASE_INGRESS] = { "filter", "ingress", "filter", 0,
				   NF_NETDEV_INGRESS },
		[BASE_EGRESS] = { "filter", "egress", "filter", 0,
				  NF_NETDEV_EGRESS },
		[BASE_NAT_PREROUTING] = { "nat", "prerouting", "dstnat", -100,
					  NF_INET_PRE_ROUTING },
		[BASE_NAT_OUTPUT] = { "nat", "output", "-100", -100,
				      NF_INET_LOCAL_OUT },
		[BASE_PASSED_FORWARD] = { "filter", "forward", "1", 1,
					  NF_INET_FORWARD },
		[BASE_PASSED_OUTPUT] = { "filter", "output", "1", 1,
					 NF_INET_LOCAL_OUT },
		[BASE_PASSED_PREROUTING] = { "filter", "prerouting", "-199",
					     -199, NF_INET_PRE_ROUTING },
		[BASE_PASSED_INGRESS] = { "filter", "ingress", "1", 1,
					  NF_NETDEV_INGRESS },
	};

	return hook == BASE_NONE ? NULL : &info[hook];
}

uint8_t family_number(enum family family)
{
	switch (family) {
	case FAMILY_INET:
		return NFPROTO_INET;
	case FAMILY_BRIDGE:
		return NFPROTO_BRIDGE;
	case FAMILY_NETDEV:
		return NFPROTO_NETDEV;
	}
	return 0;
}

const char *set_key_name(enum set_key key)
{
	switch (key) {
	case KEY_IPV4:
		return "ipv4_addr";
	case KEY_IPV6:
		return "ipv6_addr";
	case KEY_IFNAME:
		return "ifname";
	case KEY_SERVICE:
		return "inet_service";
	case KEY_PROTOCOL:
		return "inet_proto";
	}
	return "";
}
