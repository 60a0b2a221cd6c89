/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard_check.h"
#include "../../rules/ruleset/ruleset.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define GUARD_BATCH_HEAD (NLMSG_HDRLEN + sizeof(struct nfgenmsg))

/* Every kind of object has the name of its table in attribute 1. */
_Static_assert(NFTA_TABLE_NAME == 1 && NFTA_CHAIN_TABLE == 1 &&
		       NFTA_RULE_TABLE == 1 && NFTA_SET_TABLE == 1 &&
		       NFTA_SET_ELEM_LIST_TABLE == 1 && NFTA_OBJ_TABLE == 1,
	       "one attribute names the table");

static const struct guarded_message {
	int type;
	enum guard_scope least; /* scope that may send it */
} guarded_messages[] = {
	{ NFT_MSG_NEWTABLE, GUARD_TABLE },
	{ NFT_MSG_DELTABLE, GUARD_TABLE },
	{ NFT_MSG_NEWCHAIN, GUARD_TABLE },
	{ NFT_MSG_DELCHAIN, GUARD_TABLE },
	{ NFT_MSG_NEWRULE, GUARD_TABLE },
	{ NFT_MSG_DELRULE, GUARD_TABLE },
	{ NFT_MSG_NEWSET, GUARD_TABLE },
	{ NFT_MSG_DELSET, GUARD_TABLE },
	{ NFT_MSG_NEWOBJ, GUARD_TABLE },
	{ NFT_MSG_DELOBJ, GUARD_TABLE },
	{ NFT_MSG_NEWSETELEM, GUARD_FLAGGED },
	{ NFT_MSG_DELSETELEM, GUARD_FLAGGED },
};

/* The text of an attribute, or NULL where it is no text. */
static const char *guard_text(const struct nlmsghdr *nlh, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each (attr, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(attr) == type)
			return mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) ?
				       NULL :
				       mnl_attr_get_str(attr);
	return NULL;
}

static bool guard_is_flagged(const char *set)
{
	return set &&
	       (!strcmp(set, "flagged.v4") || !strcmp(set, "flagged.v6"));
}

static enum guard_scope guard_least(int type)
{
	for (size_t i = 0;
	     i < sizeof(guarded_messages) / sizeof(*guarded_messages); i++)
		if (guarded_messages[i].type == type)
			return guarded_messages[i].least;
	return GUARD_NOTHING;
}

static const char *guard_check_message(const struct nlmsghdr *nlh,
				       enum guard_scope scope)
{
	enum guard_scope least = guard_least(nlh->nlmsg_type & 0xff);
	const char *table;

	if (nlh->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES ||
	    least == GUARD_NOTHING)
		return "the transaction has a message that changes no rules";
	if (nlh->nlmsg_len < GUARD_BATCH_HEAD)
		return "the transaction has a message that is cut";
	table = guard_text(nlh, NFTA_TABLE_NAME);
	if (!table || strcmp(table, TABLE_NAME))
		return "the transaction changes a table that is not ours";
	if (scope < least)
		return "only root may change that";
	if (scope == GUARD_FLAGGED &&
	    !guard_is_flagged(guard_text(nlh, NFTA_SET_ELEM_LIST_SET)))
		return "only root may change members of other classes than "
		       "flagged";
	return NULL;
}

static bool guard_is_frame(const struct nlmsghdr *nlh, uint16_t type)
{
	const struct nfgenmsg *nfg;

	if (nlh->nlmsg_type != type || nlh->nlmsg_len < GUARD_BATCH_HEAD)
		return false;
	nfg = mnl_nlmsg_get_payload(nlh);
	return nfg->res_id == htons(NFNL_SUBSYS_NFTABLES);
}

/* The message at a place, or NULL where no whole one is. */
static const struct nlmsghdr *guard_message(const unsigned char *batch,
					    size_t bytes, size_t at)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)(batch + at);

	if (bytes - at < NLMSG_HDRLEN || nlh->nlmsg_len < NLMSG_HDRLEN ||
	    nlh->nlmsg_len > bytes - at)
		return NULL;
	return nlh;
}

const char *guard_check(const void *batch, size_t bytes, enum guard_scope scope)
{
	const char *wrong;
	size_t at = 0;

	for (size_t n = 0; at < bytes; n++) {
		const struct nlmsghdr *nlh = guard_message(batch, bytes, at);

		if (!nlh)
			return "the transaction is cut";
		at += NLMSG_ALIGN(nlh->nlmsg_len);
		if (guard_is_frame(nlh, NFNL_MSG_BATCH_END))
			return n && at == bytes ?
				       NULL :
				       "the transaction does not end at its "
				       "end";
		if (!n && !guard_is_frame(nlh, NFNL_MSG_BATCH_BEGIN))
			return "the transaction has no begin";
		wrong = n ? guard_check_message(nlh, scope) : NULL;
		if (wrong)
			return wrong;
	}
	return "the transaction has no end";
}
