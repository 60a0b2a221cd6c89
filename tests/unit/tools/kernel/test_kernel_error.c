/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel answers, and how that is said. */
#include "../../unit.h"

#include "../../../../tools/kernel/transaction.h"
#include "../../../../tools/kernel/kernel_error.h"

#include <limits.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#ifndef ERESTART
#define ERESTART 85
#endif

/* ---- answers made by hand ---- */

struct answers {
	union {
		struct nlmsghdr align;
		char bytes[4096];
	};
	size_t len;
};

static struct nlmsghdr *answer(struct answers *a, uint16_t type, uint32_t seq,
			       int error)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(a->bytes + a->len);
	struct nlmsgerr *e = mnl_nlmsg_put_extra_header(nlh, sizeof(*e));

	nlh->nlmsg_type = type;
	nlh->nlmsg_seq = seq;
	e->error = -error;
	e->msg.nlmsg_len = sizeof(e->msg);
	e->msg.nlmsg_seq = seq;
	a->len += nlh->nlmsg_len;
	return nlh;
}

/* Where in our message the trouble is. */
static void answer_at(struct answers *a, uint32_t seq, int error,
		      uint32_t offset)
{
	struct nlmsghdr *nlh = answer(a, NLMSG_ERROR, seq, error);
	uint32_t before = nlh->nlmsg_len;

	nlh->nlmsg_flags |= NLM_F_CAPPED | NLM_F_ACK_TLVS;
	mnl_attr_put_u32(nlh, NLMSGERR_ATTR_OFFS, offset);
	a->len += nlh->nlmsg_len - before;
}

static const struct span where = { .line = 7 };

/* Messages 2 to 4: a set, a chain, a rule with the expression "reject". */
static struct batch *some_batch(uint32_t *offset)
{
	struct batch *b = batch_new(1);
	struct nlmsghdr *nlh;

	nlh = batch_open(b, NFT_MSG_NEWSET, NFPROTO_INET, 0,
			 (struct batch_note){ BATCH_SET, "a.v4", &where });
	batch_close(b, nlh);
	nlh = batch_open(b, NFT_MSG_NEWCHAIN, NFPROTO_INET, 0,
			 (struct batch_note){ BATCH_CHAIN, "forward", NULL });
	batch_close(b, nlh);
	nlh = batch_open(
		b, NFT_MSG_NEWRULE, NFPROTO_INET, 0,
		(struct batch_note){ BATCH_RULE, "forward.smtp", &where });
	mnl_attr_put_u32(nlh, 1, 5);
	*offset = nlh->nlmsg_len;
	mnl_attr_put_strz(nlh, 2, "reject");
	batch_close(b, nlh);
	batch_finish(b);
	return b;
}

enum { BEGIN = 1, SET = 2, CHAIN = 3, RULE = 4, END = 5 };

CLAIM(read_answers, "errors lead to their message, and one acknowledgement "
		    "ends it all")
{
	static const struct {
		const char *what;
		struct {
			uint32_t seq;
			int error;
		} answers[4];
		size_t n, errors;
		bool done;
		int verdict;
	} vectors[] = {
		{ "no answer", { { 0, 0 } }, 0, 0, false, -ENOBUFS },
		{ "the last one acknowledged", { { RULE, 0 } }, 1, 0, true, 0 },
		{ "another one acknowledged",
		  { { SET, 0 } },
		  1,
		  0,
		  false,
		  -ENOBUFS },
		{ "the end acknowledged",
		  { { END, 0 } },
		  1,
		  0,
		  false,
		  -ENOBUFS },
		{ "a foreign one acknowledged",
		  { { 77, 0 } },
		  1,
		  0,
		  false,
		  -ENOBUFS },
		{ "an error", { { SET, EEXIST } }, 1, 1, false, -EEXIST },
		{ "error, then acknowledgement",
		  { { SET, EEXIST }, { RULE, 0 } },
		  2,
		  1,
		  true,
		  -EEXIST },
		{ "acknowledgement, then error",
		  { { RULE, 0 }, { CHAIN, ENOENT } },
		  2,
		  1,
		  true,
		  -ENOENT },
		{ "two errors: the first counts",
		  { { CHAIN, ENOENT }, { RULE, EINVAL } },
		  2,
		  2,
		  false,
		  -ENOENT },
		{ "not permitted, at the beginning",
		  { { BEGIN, EPERM } },
		  1,
		  1,
		  false,
		  -EPERM },
		{ "the generation moved",
		  { { BEGIN, ERESTART } },
		  1,
		  1,
		  false,
		  -ERESTART },
		{ "the generation moved, behind other errors",
		  { { SET, EEXIST }, { RULE, 0 }, { BEGIN, ERESTART } },
		  3,
		  2,
		  true,
		  -ERESTART },
		{ "an error of nobody",
		  { { 99, ENOMEM } },
		  1,
		  1,
		  false,
		  -ENOMEM },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		uint32_t offset;
		struct batch *b = some_batch(&offset);
		struct kernel_errors r = { 0 };
		struct answers a = { .len = 0 };
		bool done = false;
		size_t k = 0;

		for (size_t m = 0; m < vectors[i].n; m++)
			answer(&a, NLMSG_ERROR, vectors[i].answers[m].seq,
			       vectors[i].answers[m].error);
		kernel_errors_read(&r, b, a.bytes, a.len, &done);
		expect_number(vectors[i].what, done, vectors[i].done);
		expect_number(vectors[i].what, r.n, vectors[i].errors);
		expect_number(vectors[i].what, r.all, vectors[i].errors);
		expect(kernel_errors_verdict(&r, done, false) ==
			       vectors[i].verdict,
		       "in \"%s\" got %d want %d", vectors[i].what,
		       kernel_errors_verdict(&r, done, false),
		       vectors[i].verdict);
		for (size_t m = 0; m < vectors[i].n; m++) {
			if (!vectors[i].answers[m].error)
				continue;
			expect(r.items[k].error ==
					       vectors[i].answers[m].error &&
				       r.items[k].note ==
					       batch_note_of(b,
							     vectors[i]
								     .answers[m]
								     .seq) &&
				       !*r.items[k].wanted,
			       "in \"%s\" error %zu is %d", vectors[i].what, k,
			       r.items[k].error);
			k++;
		}
		batch_free(b);
	}
}

CLAIM(overrun, "a lost answer is no success, even with an acknowledgement")
{
	struct kernel_errors none = { 0 };
	struct kernel_errors one = { .n = 1, .all = 1 };

	one.items[0].error = EEXIST;
	expect(kernel_errors_verdict(&none, true, false) == 0, "done");
	expect(kernel_errors_verdict(&none, true, true) == -ENOBUFS,
	       "done, with an overrun");
	expect(kernel_errors_verdict(&none, false, true) == -ENOBUFS,
	       "an overrun");
	expect(kernel_errors_verdict(&one, false, true) == -EEXIST,
	       "an error and an overrun");
}

CLAIM(truncated, "an answer cut at any byte is read as far as it goes")
{
	uint32_t offset;
	struct batch *b = some_batch(&offset);
	struct answers a = { .len = 0 };
	size_t first;

	answer_at(&a, RULE, ENOENT, offset);
	first = a.len;
	answer(&a, NLMSG_ERROR, SET, EEXIST);
	for (size_t len = 0; len <= a.len; len++) {
		/* exactly so many bytes, for the sanitizer */
		char *exact = malloc(len ? len : 1);
		struct kernel_errors r = { 0 };
		bool done = false;

		memcpy(exact, a.bytes, len);
		kernel_errors_read(&r, b, exact, len, &done);
		expect(r.n == (len >= a.len ? 2u :
			       len >= first ? 1u :
					      0u) &&
			       !done,
		       "%zu of %zu bytes: %zu errors", len, a.len, r.n);
		free(exact);
	}
	batch_free(b);
}

CLAIM(lengths, "a length that lies is not followed")
{
	static const uint32_t lies[] = { 0,	     1,		 15,
					 16,	     17,	 19,
					 35,	     37,	 40,
					 64,	     4096,	 INT32_MAX,
					 0x80000000, 0x80000010, 0x80000024,
					 0xfffffff0, 0xfffffffc, UINT32_MAX };

	for (size_t i = 0; i < COUNT(lies); i++) {
		uint32_t offset;
		struct batch *b = some_batch(&offset);
		struct answers a = { .len = 0 };
		struct nlmsghdr *nlh = answer(&a, NLMSG_ERROR, SET, EEXIST);
		struct kernel_errors r = { 0 };
		bool done = false;

		nlh->nlmsg_len = lies[i];
		kernel_errors_read(&r, b, a.bytes, a.len, &done);
		expect(!r.n && !done, "a length of %u: %zu errors", lies[i],
		       r.n);
		batch_free(b);
	}
}

CLAIM(mad, "an error that is no errno is EPROTO, INT_MIN, which has no "
	   "opposite, too")
{
	static const struct {
		int error; /* as the kernel has it */
		int want;
	} vectors[] = {
		{ INT_MIN, EPROTO }, { INT_MIN + 1, EPROTO }, { -4096, EPROTO },
		{ -4095, 4095 },     { -EPERM, EPERM },	      { 1, EPROTO },
		{ INT_MAX, EPROTO },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		uint32_t offset;
		struct batch *b = some_batch(&offset);
		struct answers a = { .len = 0 };
		struct nlmsghdr *nlh = answer(&a, NLMSG_ERROR, SET, 0);
		struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
		struct kernel_errors r = { 0 };
		bool done = false;

		e->error = vectors[i].error;
		kernel_errors_read(&r, b, a.bytes, a.len, &done);
		expect(r.n == 1 && r.items[0].error == vectors[i].want && !done,
		       "%d: %zu errors, the first is %d", vectors[i].error, r.n,
		       r.n ? r.items[0].error : 0);
		batch_free(b);
	}
}

CLAIM(header_only, "an error message that ends with its header is none")
{
	static const uint32_t lengths[] = { 16, 17, 19,		20,
					    35, 36, 0x80000010, UINT32_MAX };

	for (size_t i = 0; i < COUNT(lengths); i++) {
		uint32_t offset;
		struct batch *b = some_batch(&offset);
		struct kernel_errors r = { 0 };
		/* exactly so many bytes, for the sanitizer */
		struct nlmsghdr *nlh = malloc(sizeof(*nlh));
		bool done = false;

		assert_non_null(nlh);
		*nlh = (struct nlmsghdr){ .nlmsg_len = lengths[i],
					  .nlmsg_type = NLMSG_ERROR,
					  .nlmsg_seq = RULE };
		kernel_errors_read(&r, b, nlh, sizeof(*nlh), &done);
		expect(!r.n && !r.all && !done,
		       "16 bytes, a length of %u: %zu errors, done %d",
		       lengths[i], r.n, done);
		free(nlh);
		batch_free(b);
	}
}

CLAIM(other_types, "what is no error message says nothing")
{
	uint32_t offset;
	struct batch *b = some_batch(&offset);
	struct answers a = { .len = 0 };
	struct kernel_errors r = { 0 };
	bool done = false;

	answer(&a, NLMSG_DONE, RULE, 0);
	answer(&a, NLMSG_NOOP, RULE, EINVAL);
	answer(&a, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE, RULE, EINVAL);
	kernel_errors_read(&r, b, a.bytes, a.len, &done);
	expect(!r.n && !r.all && !done, "%zu errors, done %d", r.n, done);
	batch_free(b);
}

CLAIM(wanted, "the string that the kernel stumbled over is kept, if it is one")
{
	uint32_t offset;
	struct batch *b = some_batch(&offset);
	struct {
		uint32_t offset;
		const char *want;
	} vectors[] = {
		{ offset, "reject" },
		{ offset - 8, "" }, /* a number */
		{ 0, "" },
		{ offset + 8, "" },
		{ 10000, "" },
		{ UINT32_MAX, "" },
		{ UINT32_MAX - 3, "" },
		{ batch_message(b, RULE)->nlmsg_len, "" },
		{ batch_message(b, RULE)->nlmsg_len - 4, "" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct answers a = { .len = 0 };
		struct kernel_errors r = { 0 };
		bool done = false;
		char in[32];

		sprintf(in, "offset %u", vectors[i].offset);
		answer_at(&a, RULE, ENOENT, vectors[i].offset);
		kernel_errors_read(&r, b, a.bytes, a.len, &done);
		expect_number(in, r.n, 1);
		expect_text(in, r.items[0].wanted, vectors[i].want);
	}
	batch_free(b);
}

CLAIM(long_wanted, "a long string is cut, not copied past its place")
{
	struct batch *b = batch_new(0);
	struct nlmsghdr *nlh =
		batch_open(b, NFT_MSG_NEWRULE, NFPROTO_INET, 0,
			   (struct batch_note){ BATCH_RULE, "c", NULL });
	uint32_t offset = nlh->nlmsg_len;
	struct answers a = { .len = 0 };
	struct kernel_errors r = { 0 };
	bool done = false;
	char name[300];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	mnl_attr_put_strz(nlh, 1, name);
	batch_close(b, nlh);
	batch_finish(b);
	answer_at(&a, 2, ENOENT, offset);
	kernel_errors_read(&r, b, a.bytes, a.len, &done);
	expect_number("wanted", strlen(r.items[0].wanted),
		      sizeof(r.items[0].wanted) - 1);
	batch_free(b);
}

CLAIM(many, "past the most that is kept, errors are counted")
{
	uint32_t offset;
	struct batch *b = some_batch(&offset);
	struct kernel_errors r = { 0 };
	bool done = false;

	for (int i = 0; i < 100; i++) {
		struct answers a = { .len = 0 };

		answer(&a, NLMSG_ERROR, SET, i ? EINVAL : EEXIST);
		kernel_errors_read(&r, b, a.bytes, a.len, &done);
	}
	expect_number("kept of 100", r.n, KERNEL_ERRORS_MOST);
	expect_number("all of 100", r.all, 100);
	expect(kernel_errors_verdict(&r, done, false) == -EEXIST,
	       "the first error is not the verdict");
	batch_free(b);
}

/* ---- sentences ---- */

CLAIM(sentences, "a refusal says what, where and what instead")
{
	static const struct batch_note set = { BATCH_SET, "a.v4", &where };
	static const struct batch_note elements = { BATCH_ELEMENTS, "a.v4",
						    &where };
	static const struct batch_note chain = { BATCH_CHAIN, "ingress", NULL };
	static const struct batch_note rule = { BATCH_RULE, "egress.smtp",
						&where };
	static const struct batch_note table = { BATCH_TABLE, "mailwall",
						 NULL };
	static const struct batch_note counter = { BATCH_COUNTER, "block-smtp",
						   NULL };
	static const struct batch_note nameless = { BATCH_RULE, NULL, &where };
	static const struct batch_note no_set = { BATCH_SET, NULL, &where };
	static const struct batch_note no_chain = { BATCH_CHAIN, NULL, NULL };
	static const struct {
		const struct batch_note *note;
		int error;
		const char *wanted;
		const char *code, *message, *help; /* parts; NULL: none */
		uint32_t line;
	} vectors[] = {
		{ &elements, ENFILE, "", "set-full", "set a.v4 is full",
		  "larger size", 7 },
		{ &rule, ENOENT, "reject", "kernel-lacks",
		  "does not know the expression \"reject\"", "write \"drop\"",
		  7 },
		{ &rule, ENOENT, "dynset", "kernel-lacks",
		  "expression \"dynset\" here (a rule in chain egress.smtp)",
		  NULL, 7 },
		{ &rule, ENOENT, "", "kernel-refused",
		  "does not find what a rule in chain egress.smtp needs", NULL,
		  7 },
		{ &chain, ENOENT, "", "kernel-lacks",
		  "finds no device for chain ingress", NULL, 0 },
		{ &chain, ENOENT, "eth7", "kernel-lacks",
		  "finds no device for chain ingress: eth7", NULL, 0 },
		{ &set, EEXIST, "", "kernel-refused", "set a.v4: ", NULL, 7 },
		{ &set, EINVAL, "", "kernel-refused",
		  "set a.v4: the kernel takes it for invalid",
		  "newer than this kernel", 7 },
		{ &set, EBUSY, "", "kernel-refused",
		  "set a.v4: in use: rules that are not ours refer to it",
		  "nft list ruleset", 7 },
		{ &counter, ENOMEM, "", "kernel-refused",
		  "counter block-smtp: out of memory", NULL, 0 },
		{ &table, EOPNOTSUPP, "", "kernel-refused",
		  "the table mailwall: this kernel does not support it",
		  "a newer kernel", 0 },
		/* a note that names nothing */
		{ &nameless, ENOENT, "", "kernel-refused",
		  "does not find what a rule in chain  needs", NULL, 7 },
		{ &nameless, ENOENT, "reject", "kernel-refused",
		  "does not find what a rule in chain  needs", NULL, 7 },
		{ &nameless, EINVAL, "", "kernel-refused", "invalid",
		  "newer than this kernel", 7 },
		{ &no_set, ENFILE, "", "set-full", "is full", "larger size",
		  7 },
		{ &no_set, EEXIST, "", "kernel-refused", "is there already",
		  NULL, 7 },
		{ &no_set, ENOENT, "", "kernel-refused", "does not find", NULL,
		  7 },
		{ &no_chain, ENOENT, "eth7", "kernel-lacks",
		  "finds no device for chain : eth7", NULL, 0 },
		{ NULL, EPERM, "", "kernel-refused", "CAP_NET_ADMIN", NULL, 0 },
		/* one message alone: it is not the capability that lacks */
		{ &rule, EPERM, "", "table-owned", "another program owns",
		  "end that program", 0 },
		{ NULL, ENOMEM, "", "kernel-refused", "out of memory", NULL,
		  0 },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct arena *a = arena_new();
		struct diags d = { .arena = a };
		struct kernel_errors e = { .n = 1, .all = 1 };
		const struct diag *got;
		char in[128];

		e.items[0].note = vectors[i].note;
		e.items[0].error = vectors[i].error;
		strcpy(e.items[0].wanted, vectors[i].wanted);
		kernel_error_diags(&d, &e, -vectors[i].error);
		snprintf(in, sizeof(in), "%s, %s, wanted \"%s\"",
			 !vectors[i].note      ? "begin" :
			 vectors[i].note->name ? vectors[i].note->name :
						 "no name",
			 strerror(vectors[i].error), vectors[i].wanted);
		expect_number(in, d.n, 1);
		got = &d.items[0];
		expect_text(in, got->code, vectors[i].code);
		expect(!strstr(got->message, "(null)"), "in \"%s\" got \"%s\"",
		       in, got->message);
		expect(strstr(got->message, vectors[i].message),
		       "in \"%s\" got \"%s\" want \"%s\"", in, got->message,
		       vectors[i].message);
		expect(vectors[i].help ?
			       got->help && strstr(got->help, vectors[i].help) :
			       !got->help,
		       "in \"%s\" got help \"%s\"", in,
		       got->help ? got->help : "none");
		expect_number(in, got->span.line, vectors[i].line);
		arena_free(a);
	}
}

CLAIM(whole_transaction, "a refusal of the whole transaction is one sentence")
{
	static const struct {
		int error;
		const char *want;
	} vectors[] = {
		{ EMSGSIZE, "net.core.wmem_max" },
		{ ENOBUFS, "mailwall status" },
		{ EPROTONOSUPPORT, "no nf_tables" },
		{ EAFNOSUPPORT, "no nf_tables" },
		{ EPERM, "CAP_NET_ADMIN" },
		{ EACCES, "CAP_NET_ADMIN" },
		{ ERESTART, "try again" },
		{ ENOMEM, "out of memory" },
		{ ENFILE, "full" },
		{ EIO, "Input/output error" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct arena *a = arena_new();
		struct diags d = { .arena = a };
		struct kernel_errors none = { 0 };
		const char *text = kernel_error_text(vectors[i].error);

		kernel_error_diags(&d, &none, -vectors[i].error);
		expect(d.n == 1 && d.errors == 1, "%s: %zu messages",
		       strerror(vectors[i].error), d.n);
		expect(strstr(d.items[0].message, vectors[i].want) &&
			       strstr(text, vectors[i].want),
		       "in \"%s\" got \"%s\" want \"%s\"",
		       strerror(vectors[i].error), d.items[0].message,
		       vectors[i].want);
		arena_free(a);
	}
}

CLAIM(each_one, "every error that was kept is a message of its own, in order")
{
	static const struct batch_note set = { BATCH_SET, "a.v4", &where };
	static const struct batch_note other = { BATCH_SET, "b.v4", &where };
	struct arena *a = arena_new();
	struct diags d = { .arena = a };
	struct kernel_errors e = { .n = 3, .all = 3 };

	e.items[0] = (struct kernel_error){ .note = &set, .error = EINVAL };
	e.items[1] = (struct kernel_error){ .error = EINVAL };
	e.items[2] = (struct kernel_error){ .note = &other, .error = ENFILE };
	kernel_error_diags(&d, &e, -EINVAL);
	expect_number("messages", d.n, 3);
	expect_text("the last", d.items[2].code, "set-full");
	expect(!d.items[1].span.source, "an error without a message has a "
					"place");
	arena_free(a);
}

CLAIM(once, "a sentence is said once, and of a full set what follows is not "
	    "told")
{
	static const struct batch_note rule = { BATCH_RULE, "forward", &where };
	static const struct batch_note full = { BATCH_ELEMENTS, "a.v4",
						&where };
	static const struct {
		const struct batch_note *note;
		int first, later;
		const char *code;
	} vectors[] = {
		{ &rule, EPERM, EPERM, "table-owned" },
		{ &rule, EOPNOTSUPP, EOPNOTSUPP, "kernel-refused" },
		{ &full, ENFILE, EEXIST, "set-full" },
		{ &full, EEXIST, ENFILE, "set-full" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct arena *a = arena_new();
		struct diags d = { .arena = a };
		struct kernel_errors e = { .n = 20, .all = 20 };

		for (int k = 0; k < 20; k++)
			e.items[k] = (struct kernel_error){
				vectors[i].note,
				k ? vectors[i].later : vectors[i].first, ""
			};
		kernel_error_diags(&d, &e, -vectors[i].first);
		expect_number(vectors[i].code, d.n, 1);
		expect_number(vectors[i].code, d.errors, 1);
		expect_text("code", d.items[0].code, vectors[i].code);
		arena_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(read_answers), CLAIMED(overrun),
		CLAIMED(truncated),    CLAIMED(lengths),
		CLAIMED(header_only),  CLAIMED(mad),
		CLAIMED(other_types),  CLAIMED(wanted),
		CLAIMED(long_wanted),  CLAIMED(many),
		CLAIMED(sentences),    CLAIMED(whole_transaction),
		CLAIMED(each_one),     CLAIMED(once),
	};

	return cmocka_run_group_tests_name("kernel_errors", tests, NULL, NULL);
}
