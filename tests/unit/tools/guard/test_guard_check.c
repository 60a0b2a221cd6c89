/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transactions that others send through the guard: which may go to the kernel.
 */
#include "../../unit.h"

#include "../../../../rules/emit/batch.h"
#include "../../../../tools/guard/guard_check.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

/* ---- transactions ---- */

static void put(struct batch *b, int type, const char *table, const char *set)
{
	struct nlmsghdr *nlh =
		batch_open(b, (uint16_t)type, NFPROTO_INET, 0,
			   (struct batch_note){ BATCH_TABLE, "x", NULL });

	if (table)
		mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, table);
	if (set)
		mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set);
	batch_close(b, nlh);
}

/* A transaction of one message, in memory of its own; *bytes are written. */
static char *transaction(int type, const char *table, const char *set,
			 size_t *bytes)
{
	struct batch *b = batch_new(7);
	const struct iovec *pages;
	char *out;
	size_t n;

	put(b, type, table, set);
	batch_finish(b);
	pages = batch_iovec(b, &n);
	out = malloc(pages[0].iov_len);
	memcpy(out, pages[0].iov_base, pages[0].iov_len);
	*bytes = pages[0].iov_len;
	batch_free(b);
	return out;
}

static const char *verdict(const char *wrong)
{
	return wrong ? wrong : "may go";
}

/* ---- claims ---- */

CLAIM(tables, "only what changes our table may go")
{
	static const struct {
		int type;
		const char *table, *out;
	} vectors[] = {
		{ NFT_MSG_NEWTABLE, "mailwall", "may go" },
		{ NFT_MSG_DELTABLE, "mailwall", "may go" },
		{ NFT_MSG_NEWRULE, "mailwall", "may go" },
		{ NFT_MSG_DELSET, "mailwall", "may go" },
		{ NFT_MSG_NEWOBJ, "mailwall", "may go" },
		{ NFT_MSG_NEWRULE, "filter",
		  "the transaction changes a table that is not ours" },
		{ NFT_MSG_DELTABLE, "mailwall2",
		  "the transaction changes a table that is not ours" },
		/* No name: every table. */
		{ NFT_MSG_DELTABLE, NULL,
		  "the transaction changes a table that is not ours" },
		{ NFT_MSG_GETRULE, "mailwall",
		  "the transaction has a message that changes no rules" },
		{ NFT_MSG_NEWFLOWTABLE, "mailwall",
		  "the transaction has a message that changes no rules" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		size_t bytes;
		char *t = transaction(vectors[i].type, vectors[i].table, NULL,
				      &bytes);

		expect_text("verdict",
			    verdict(guard_check(t, bytes, GUARD_TABLE)),
			    vectors[i].out);
		free(t);
	}
}

CLAIM(scopes,
      "the monitor's user changes members of class flagged, and no more")
{
	static const struct {
		int type;
		const char *set;
		enum guard_scope scope;
		const char *out;
	} vectors[] = {
		{ NFT_MSG_NEWSETELEM, "flagged.v4", GUARD_FLAGGED, "may go" },
		{ NFT_MSG_DELSETELEM, "flagged.v6", GUARD_FLAGGED, "may go" },
		{ NFT_MSG_NEWSETELEM, "exempt.v4", GUARD_FLAGGED,
		  "only root may change members of other classes than "
		  "flagged" },
		{ NFT_MSG_DELSETELEM, NULL, GUARD_FLAGGED,
		  "only root may change members of other classes than "
		  "flagged" },
		{ NFT_MSG_NEWRULE, "flagged.v4", GUARD_FLAGGED,
		  "only root may change that" },
		{ NFT_MSG_NEWSETELEM, "flagged.v4", GUARD_NOTHING,
		  "only root may change that" },
		{ NFT_MSG_NEWSETELEM, "exempt.v4", GUARD_TABLE, "may go" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		size_t bytes;
		char *t = transaction(vectors[i].type, "mailwall",
				      vectors[i].set, &bytes);

		expect_text("verdict",
			    verdict(guard_check(t, bytes, vectors[i].scope)),
			    vectors[i].out);
		free(t);
	}
}

CLAIM(whole, "a transaction that is cut anywhere does not go")
{
	size_t bytes;
	char *t = transaction(NFT_MSG_NEWRULE, "mailwall", NULL, &bytes);

	expect(!guard_check(t, bytes, GUARD_TABLE), "the whole may go");
	for (size_t n = 0; n < bytes; n++) {
		char *cut = malloc(n ? n : 1);

		memcpy(cut, t, n);
		expect(guard_check(cut, n, GUARD_TABLE), "cut to %zu bytes", n);
		free(cut);
	}
	free(t);
}

CLAIM(frames, "nothing comes before the begin or after the end")
{
	size_t bytes, two;
	char *t = transaction(NFT_MSG_NEWRULE, "mailwall", NULL, &bytes);
	char *twice = malloc(2 * bytes);
	struct nlmsghdr *nlh = (struct nlmsghdr *)t;

	memcpy(twice, t, bytes);
	memcpy(twice + bytes, t, bytes);
	two = 2 * bytes;
	expect_text("two", verdict(guard_check(twice, two, GUARD_TABLE)),
		    "the transaction does not end at its end");
	expect_text("without begin",
		    verdict(guard_check(t + NLMSG_ALIGN(nlh->nlmsg_len),
					bytes - NLMSG_ALIGN(nlh->nlmsg_len),
					GUARD_TABLE)),
		    "the transaction has no begin");
	nlh->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8;
	expect_text("another subsystem",
		    verdict(guard_check(t, bytes, GUARD_TABLE)),
		    "the transaction has no begin");
	free(t);
	free(twice);
}

CLAIM(any_bytes, "bytes changed at random never lead outside, nor elsewhere")
{
	size_t bytes;
	char *t = transaction(NFT_MSG_NEWRULE, "mailwall", NULL, &bytes);
	unsigned int seed = 1;

	for (int i = 0; i < 20000; i++) {
		char *copy = malloc(bytes);
		const struct nlmsghdr *nlh;
		const char *wrong;

		memcpy(copy, t, bytes);
		for (int k = 0; k < 3; k++) {
			seed = seed * 1103515245 + 12345;
			copy[(seed >> 8) % bytes] = (char)(seed >> 24);
		}
		wrong = guard_check(copy, bytes, GUARD_TABLE);
		nlh = (const struct nlmsghdr *)copy;
		if (!wrong)
			expect(nlh->nlmsg_type == NFNL_MSG_BATCH_BEGIN,
			       "what may go begins with a begin");
		free(copy);
	}
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(tables), CLAIMED(scopes),    CLAIMED(whole),
		CLAIMED(frames), CLAIMED(any_bytes),
	};

	return cmocka_run_group_tests_name("guard_check", tests, NULL, NULL);
}
