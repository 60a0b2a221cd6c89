/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What comes back over netlink is read within its bounds: the answers to a
 * transaction, and rules that anybody may have put into our table.
 *
 * The first byte chooses: even, the rest is a datagram of answers; odd, it says
 * which expressions a rule has, and what is written beside it.
 */
#include "fuzz.h"
#include "../../rules/emit/emit_netlink.h"
#include "../../rules/base/arena.h"
#include "../../rules/ruleset/digest.h"
#include "../../rules/emit/emit.h"
#include "../../tools/kernel/transaction.h"
#include "../../tools/kernel/kernel_error.h"

#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <setjmp.h>

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
		kernel_error_diags(&diags, &errors, verdict);
	must(errors.n <= KERNEL_ERRORS_MOST && errors.n <= errors.all,
	     "no more errors are kept than there is room for");
	batch_free(b);
}

/* ---- a rule that is there ---- */

/*
 * The kernel checked the rule: its expressions are whole, but they need not be
 * ours, and what is written beside it is anybody's.
 */
struct cursor {
	const uint8_t *at, *end;
};

static uint8_t take_byte(struct cursor *c)
{
	return c->at < c->end ? *c->at++ : 0;
}

static uint32_t take_u32(struct cursor *c)
{
	uint32_t value = take_byte(c);

	return value < 0xf0 ? value : value << 24 | take_byte(c);
}

static const char *take_name(struct cursor *c, char *name, size_t size)
{
	size_t n = 0, want = take_byte(c) % size;

	while (n < want && c->at < c->end)
		name[n++] = (char)take_byte(c);
	name[n] = '\0';
	return name;
}

/* Its attributes by number; those of u32 need no care, others are named. */
static const struct {
	const char *name;
	int strings, data; /* bits */
	uint16_t last;
} kinds[] = {
	{ "lookup", 1 << NFTNL_EXPR_LOOKUP_SET, 0, NFTNL_EXPR_LOOKUP_FLAGS },
	{ "dynset", 1 << NFTNL_EXPR_DYNSET_SET_NAME, 0,
	  NFTNL_EXPR_DYNSET_SET_ID },
	{ "nat", 0, 0, NFTNL_EXPR_NAT_FLAGS },
	{ "immediate", 1 << NFTNL_EXPR_IMM_CHAIN, 0, NFTNL_EXPR_IMM_CHAIN },
	{ "immediate", 0, 1 << NFTNL_EXPR_IMM_DATA, NFTNL_EXPR_IMM_DATA },
	{ "cmp", 0, 1 << NFTNL_EXPR_CMP_DATA, NFTNL_EXPR_CMP_DATA },
	{ "bitwise", 0,
	  1 << NFTNL_EXPR_BITWISE_MASK | 1 << NFTNL_EXPR_BITWISE_XOR,
	  NFTNL_EXPR_BITWISE_XOR },
	{ "meta", 0, 0, NFTNL_EXPR_META_DREG },
	{ "payload", 0, 0, NFTNL_EXPR_PAYLOAD_LEN },
	{ "log", 1 << NFTNL_EXPR_LOG_PREFIX, 0, NFTNL_EXPR_LOG_PREFIX },
	{ "objref", 1 << NFTNL_EXPR_OBJREF_IMM_NAME, 0,
	  NFTNL_EXPR_OBJREF_IMM_NAME },
	{ "fib", 0, 0, NFTNL_EXPR_FIB_FLAGS },
	{ "masq", 0, 0, NFTNL_EXPR_MASQ_FLAGS },
	{ "queue", 0, 0, NFTNL_EXPR_QUEUE_FLAGS },
};

static void set_attribute(struct nftnl_expr *e, size_t kind, uint16_t type,
			  struct cursor *c)
{
	char name[256];

	if (kinds[kind].strings & 1 << type)
		nftnl_expr_set_str(e, type, take_name(c, name, sizeof(name)));
	else if (kinds[kind].data & 1 << type)
		nftnl_expr_set(e, type, take_name(c, name, 17),
			       take_byte(c) % 17);
	else
		nftnl_expr_set_u32(e, type, take_u32(c));
}

static void add_expression(struct nftnl_rule *rule, struct cursor *c)
{
	size_t kind = take_byte(c) % (sizeof(kinds) / sizeof(*kinds));
	struct nftnl_expr *e = nftnl_expr_alloc(kinds[kind].name);
	uint16_t type = NFTNL_EXPR_BASE;

	for (; e && type <= kinds[kind].last; type++)
		if (kinds[kind].strings & 1 << type || take_byte(c) % 4)
			set_attribute(e, kind, type, c);
	if (e && nftnl_expr_is_set(e, NFTNL_EXPR_IMM_CHAIN) &&
	    !strcmp(kinds[kind].name, "immediate"))
		nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_VERDICT, NFT_JUMP);
	if (e)
		nftnl_rule_add_expr(rule, e);
}

static void read_rule(const uint8_t *data, size_t size)
{
	struct cursor c = { data, data + size };
	struct digest_objects objects = { 0 };
	struct digest_chain cc;
	struct nftnl_chain *chain = nftnl_chain_alloc();
	struct nftnl_rule *rule = nftnl_rule_alloc();
	unsigned int expressions = take_byte(&c) % 8;
	const char *comment;

	while (expressions--)
		add_expression(rule, &c);
	if (c.at < c.end)
		nftnl_rule_set_data(rule, NFTNL_RULE_USERDATA, c.at,
				    (uint32_t)(c.end - c.at));
	nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, "smtp");
	digest_chain_begin(&cc, &objects, chain);
	digest_chain_rule(&cc, rule);
	digest_chain_end(&cc);
	comment = rule_comment(rule);
	must(!comment || strlen(comment) < 256, "a comment ends");
	digest_objects_free(&objects);
	nftnl_rule_free(rule);
	nftnl_chain_free(chain);
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
	copy = malloc(size > 1 ? size - 1 : 1); /* aligned, its end is known */
	if (a && copy && !setjmp(*arena_on_failure(a))) {
		memcpy(copy, data + 1, size - 1);
		read_answers(a, copy, size - 1);
	}
	free(copy);
	arena_free(a);
	return 0;
}
