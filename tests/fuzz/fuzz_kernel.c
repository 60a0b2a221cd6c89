/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What comes back over netlink is read within its bounds: the answers to a
 * transaction, and rules that anybody may have put into our table.
 *
 * The first byte chooses: even, the rest is a datagram of answers; odd, it is
 * the attributes of a chain's rule.
 */
#include "fuzz.h"
#include "../../rules/arena.h"
#include "../../rules/canon.h"
#include "../../rules/emit.h"
#include "../../tools/netlink.h"
#include "../../tools/refuse.h"

#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

/* ---- a transaction that was sent ---- */

static void put_rule(struct batch *b)
{
	struct batch_note note = { .object = BATCH_RULE, .name = "smtp" };
	struct nlmsghdr *nlh = batch_open(b, NFT_MSG_NEWRULE, NFPROTO_INET,
					  NLM_F_CREATE, note);
	struct nlattr *list, *elem;

	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, "mailwall");
	list = mnl_attr_nest_start(nlh, NFTA_RULE_EXPRESSIONS);
	elem = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	mnl_attr_put_strz(nlh, NFTA_EXPR_NAME, "reject");
	mnl_attr_nest_end(nlh, elem);
	mnl_attr_nest_end(nlh, list);
	batch_close(b, nlh);
}

static struct batch *sent(void)
{
	struct batch *b = batch_new(1);

	netlink_table_delete(b, FAMILY_INET);
	netlink_set_flush(b, FAMILY_INET, "exempt.v4", NULL);
	put_rule(b);
	batch_finish(b);
	return b;
}

static void read_answers(struct arena *a, const void *datagram, size_t size)
{
	struct batch *b = sent();
	struct kernel_errors errors = { 0 };
	struct diags diags = { .arena = a };
	bool done = false;
	int verdict;

	kernel_errors_read(&errors, b, datagram, size, &done);
	verdict = kernel_errors_verdict(&errors, done, false);
	if (verdict)
		refuse_diags(&diags, &errors, verdict);
	must(errors.n <= KERNEL_ERRORS_MOST && errors.n <= errors.all,
	     "no more errors are kept than there is room for");
	batch_free(b);
}

/* ---- a rule that is there ---- */

/*
 * The kernel ends its strings, and libnftnl relies on that: zeros behind the
 * message end the last one.
 */
#define ZEROS 8

static void read_rule(const uint8_t *attributes, size_t size)
{
	size_t len = sizeof(struct nlmsghdr) + sizeof(struct nfgenmsg) + size;
	struct canon canon = { 0 };
	struct canon_chain cc;
	struct nftnl_chain *chain = nftnl_chain_alloc();
	struct nftnl_rule *rule = nftnl_rule_alloc();
	struct nlmsghdr *nlh = calloc(1, len + ZEROS);

	nlh->nlmsg_len = (uint32_t)len;
	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE;
	memcpy((char *)nlh + len - size, attributes, size);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, "smtp");
	if (nftnl_rule_nlmsg_parse(nlh, rule) >= 0) {
		canon_chain_begin(&cc, &canon, chain);
		canon_chain_rule(&cc, rule);
		canon_chain_end(&cc);
	}
	canon_free(&canon);
	nftnl_rule_free(rule);
	nftnl_chain_free(chain);
	free(nlh);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a;
	void *copy;

	if (!size || size > 60000)
		return 0;
	if (*data % 2) {
		read_rule(data + 1, size - 1);
		return 0;
	}
	a = arena_new();
	copy = malloc(size > 1 ? size - 1 :
				 1); /* aligned, and its end is known */
	if (a && copy && !setjmp(*arena_on_failure(a))) {
		memcpy(copy, data + 1, size - 1);
		read_answers(a, copy, size - 1);
	}
	free(copy);
	arena_free(a);
	return 0;
}
