/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel, our table in it, and the tables of others. */
#include "doctor.h"
#include "../../rules/base/arena.h"
#include "../../rules/ruleset/ruleset.h"
#include "../kernel/acting.h"

#include <errno.h>
#include <libnftnl/chain.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>
#include <sys/utsname.h>

void doctor_look_at_kernel(struct doctor *d)
{
	struct utsname u = { .release = "?" };
	int error = netlink_open(&d->netlink);

	uname(&u);
	if (!error)
		error = kernel_read(&d->netlink, d->program->arena,
				    &d->reading);
	d->has_kernel = !error;
	if (error == -EPERM)
		doctor_add(d, DOCTOR_UNKNOWN, "kernel", "run this as root",
			   "Linux %s; its rules are not read: that needs "
			   "CAP_NET_ADMIN",
			   u.release);
	else if (error)
		doctor_add(
			d, DOCTOR_PROBLEM, "kernel",
			"a kernel with nf_tables (CONFIG_NF_TABLES) is needed",
			"Linux %s does not answer for nf_tables: %s", u.release,
			strerror(-error));
	else
		doctor_add(d, DOCTOR_GOOD, "kernel", NULL,
			   "Linux %s, and nf_tables answers", u.release);
}

void doctor_look_at_rules(struct doctor *d)
{
	struct acting acting = { 0 };
	const struct present *p;
	int family;

	if (!d->has_kernel)
		return;
	family = reading_family(&d->reading);
	if (family < 0) {
		doctor_add(d, DOCTOR_NOTE, "policy",
			   "mailwall init writes a first one, mailwall apply "
			   "loads it",
			   "no policy is loaded");
		return;
	}
	p = &d->reading.tables[family];
	acting_read(d->program->arena, p, &acting);
	for (size_t i = 0; i < acting.n; i++)
		doctor_add(d,
			   acting.items[i].opens ? DOCTOR_PROBLEM : DOCTOR_NOTE,
			   "policy", acting.items[i].help, "%s",
			   acting.items[i].text);
	doctor_add(d, DOCTOR_GOOD, "policy", NULL,
		   "policy %s is loaded; mailwall status says more", p->policy);
}

/* ---- others ---- */

/* Owners of a table, by what it is called; the rest goes by its name. */
static const struct {
	const char *table, *owner;
} owners[] = {
	{ "firewalld", "firewalld" },
	{ "filter", "iptables-nft (ufw, Docker, fail2ban and others use it)" },
	{ "nat", "iptables-nft (Docker and others use it)" },
	{ "mangle", "iptables-nft" },
	{ "raw", "iptables-nft" },
	{ "security", "iptables-nft" },
	{ "fw4", "OpenWrt's fw4" },
	{ "f2b-table", "fail2ban" },
	{ "crowdsec", "CrowdSec" },
	{ "crowdsec6", "CrowdSec" },
	{ "libvirt_network", "libvirt" },
};

static const char *doctor_owner(const char *table)
{
	for (size_t i = 0; i < sizeof(owners) / sizeof(*owners); i++)
		if (!strcmp(owners[i].table, table))
			return owners[i].owner;
	return NULL;
}

static const char *doctor_family(uint32_t family)
{
	switch (family) {
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_IPV6:
		return "ip6";
	case NFPROTO_BRIDGE:
		return "bridge";
	case NFPROTO_NETDEV:
		return "netdev";
	}
	return "arp";
}

static void doctor_add_chain(struct doctor *d, const struct nftnl_chain *c)
{
	const char *table = nftnl_chain_get_str(c, NFTNL_CHAIN_TABLE);
	const char *chain = nftnl_chain_get_str(c, NFTNL_CHAIN_NAME);
	const char *owner = table ? doctor_owner(table) : NULL;
	bool drops = nftnl_chain_is_set(c, NFTNL_CHAIN_POLICY) &&
		     nftnl_chain_get_u32(c, NFTNL_CHAIN_POLICY) == NF_DROP;

	if (!table || !chain || !strcmp(table, TABLE_NAME) ||
	    !nftnl_chain_is_set(c, NFTNL_CHAIN_HOOKNUM))
		return;
	doctor_add(
		d, DOCTOR_NOTE, "others",
		drops ? "what it does not accept is dropped, whatever a policy "
			"of ours lets through" :
			NULL,
		"table %s %s, chain %s, priority %d%s%s%s",
		doctor_family(nftnl_chain_get_u32(c, NFTNL_CHAIN_FAMILY)),
		table, chain, (int32_t)nftnl_chain_get_u32(c, NFTNL_CHAIN_PRIO),
		drops ? ", policy drop" : "", owner ? ": " : "",
		owner ? owner : "");
}

static int doctor_on_chain(const struct nlmsghdr *nlh, void *ctx)
{
	struct nftnl_chain *c = nftnl_chain_alloc();

	if (!c) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	if (!nftnl_chain_nlmsg_parse(nlh, c))
		doctor_add_chain(ctx, c);
	nftnl_chain_free(c);
	return MNL_CB_OK;
}

void doctor_look_at_others(struct doctor *d)
{
	char buf[64];
	struct nlmsghdr *nlh;
	size_t before = d->lines.n;
	int error;

	if (!d->has_kernel)
		return;
	nlh = netlink_request(buf, NFT_MSG_GETCHAIN, NFPROTO_UNSPEC,
			      NLM_F_DUMP);
	error = netlink_query(&d->netlink, nlh, doctor_on_chain, d);
	if (error)
		doctor_add(d, DOCTOR_UNKNOWN, "others", "run it again",
			   "the rules of others are not read: %s",
			   strerror(-error));
	else if (d->lines.n == before)
		doctor_add(d, DOCTOR_GOOD, "others", NULL,
			   "nobody else has nftables chains at a hook");
}
