/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's part: members of dynamic classes, faults, chains of others. */
#include "explain.h"
#include "../../rules/base/arena.h"
#include "../../rules/ruleset/ruleset.h"
#include "../kernel/acting.h"
#include "../kernel/members.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libnftnl/chain.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

/* ---- what is loaded ---- */

/* Is it the rules of this policy? Another version makes another digest. */
static bool kernel_is_policy(const struct explained *e)
{
	const struct present *p = &e->reading.tables[e->family];
	int (*const forms[])(const struct policy *policy,
			     struct ruleset **out) = { ruleset_new,
						       ruleset_new_text };
	bool same = false;

	for (size_t i = 0; i < 2 && !same; i++) {
		struct ruleset *rules = NULL;

		same = !forms[i](e->policy, &rules) &&
		       !strcmp(rules->digest, p->digest);
		ruleset_free(rules);
	}
	return same;
}

static void kernel_note_faults(struct explained *e)
{
	struct acting acting = { 0 };

	acting_read(e->program->arena, &e->reading.tables[e->family], &acting);
	for (size_t i = 0; i < acting.n; i++)
		if (acting.items[i].opens)
			explain_note(e, &e->faults, "%s; %s",
				     acting.items[i].text,
				     acting.items[i].help);
}

static void kernel_not_read(struct explained *e, int error)
{
	explain_note(e, &e->not_read,
		     error == -EPERM ?
			     "the kernel: members of dynamic classes, and the "
			     "rules of others (that needs CAP_NET_ADMIN)" :
			     "the kernel's rules: %s",
		     strerror(-error));
}

/* ---- others ---- */

static bool kernel_is_hook(const struct explained *e, uint8_t family,
			   uint32_t hook)
{
	bool ip = family == NFPROTO_INET || family == NFPROTO_IPV4 ||
		  family == NFPROTO_IPV6;

	switch (e->policy->hook) {
	case HOOK_FORWARD:
		return ip && (hook == NF_INET_FORWARD ||
			      hook == NF_INET_PRE_ROUTING ||
			      hook == NF_INET_POST_ROUTING);
	case HOOK_OUTPUT:
		return ip &&
		       (hook == NF_INET_LOCAL_OUT || hook == NF_INET_LOCAL_IN ||
			hook == NF_INET_POST_ROUTING);
	case HOOK_BRIDGE:
		return family == NFPROTO_BRIDGE;
	case HOOK_INGRESS:
		return family == NFPROTO_NETDEV;
	}
	return false;
}

const char *explain_family_name(uint8_t family)
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

static void kernel_add_foreign(struct explained *e, const struct nftnl_chain *c)
{
	uint8_t family = (uint8_t)nftnl_chain_get_u32(c, NFTNL_CHAIN_FAMILY);
	const char *table = nftnl_chain_get_str(c, NFTNL_CHAIN_TABLE);
	struct explain_foreign *f;

	if (!nftnl_chain_is_set(c, NFTNL_CHAIN_HOOKNUM) || !table ||
	    !strcmp(table, TABLE_NAME) ||
	    !strncmp(table, NFTRACE_TABLE, strlen(NFTRACE_TABLE)) ||
	    !kernel_is_hook(e, family,
			    nftnl_chain_get_u32(c, NFTNL_CHAIN_HOOKNUM)))
		return;
	f = arena_push(e->program->arena, &e->foreign);
	f->table = arena_printf(e->program->arena, "%s %s",
				explain_family_name(family), table);
	f->chain = kernel_copy_text(e->program->arena,
				    nftnl_chain_get_str(c, NFTNL_CHAIN_NAME));
	f->priority = (int32_t)nftnl_chain_get_u32(c, NFTNL_CHAIN_PRIO);
	f->drops = nftnl_chain_is_set(c, NFTNL_CHAIN_POLICY) &&
		   nftnl_chain_get_u32(c, NFTNL_CHAIN_POLICY) == NF_DROP;
}

static int explain_on_chain(const struct nlmsghdr *nlh, void *ctx)
{
	struct nftnl_chain *c = nftnl_chain_alloc();

	if (!c) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	if (!nftnl_chain_nlmsg_parse(nlh, c))
		kernel_add_foreign(ctx, c);
	nftnl_chain_free(c);
	return MNL_CB_OK;
}

static int kernel_list_foreign(struct explained *e)
{
	char buf[64];
	struct nlmsghdr *nlh = netlink_request(buf, NFT_MSG_GETCHAIN,
					       NFPROTO_UNSPEC, NLM_F_DUMP);

	return netlink_query(&e->netlink, nlh, explain_on_chain, e);
}

/* ---- members ---- */

enum explain_is explain_kernel_has(struct explained *e,
				   const struct class *class, uint8_t family,
				   const struct addr6 *address,
				   uint64_t *expires_ms)
{
	const char *start =
		arena_printf(e->program->arena, "%s.v%d", class->name, family);
	size_t len = strlen(start);
	const struct present *p;
	bool yes = false;

	if (!e->has_kernel || e->family < 0)
		return IS_NOT_KNOWN;
	p = &e->reading.tables[e->family];
	for (size_t i = 0; i < p->sets.n && !yes; i++) {
		const struct present_set *s = &p->sets.items[i];

		if (strncmp(s->name, start, len) ||
		    (s->name[len] && s->name[len] != '.') ||
		    s->flags & NFT_SET_MAP)
			continue;
		if (members_have_until(&e->netlink, (enum family)e->family, s,
				       family, address, &yes, expires_ms))
			return IS_NOT_KNOWN;
	}
	return yes ? IS_YES : IS_NO;
}

void explain_kernel(struct explained *e)
{
	int error = netlink_open(&e->netlink);

	e->family = -1;
	if (!error)
		error = kernel_read(&e->netlink, e->program->arena,
				    &e->reading);
	if (!error)
		error = kernel_list_foreign(e);
	if (error) {
		kernel_not_read(e, error);
		return;
	}
	e->has_kernel = true;
	e->family = reading_family(&e->reading);
	if (e->family < 0)
		return;
	e->same = kernel_is_policy(e);
	kernel_note_faults(e);
}
