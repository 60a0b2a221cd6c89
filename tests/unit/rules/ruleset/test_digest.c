/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Digests, and names that stay. */
#include "../../unit.h"

#include "../../../../rules/emit/emit.h"
#include "../../../../rules/ruleset/digest.h"
#include "../../../../rules/ruleset/digest_expr.h"

#include <arpa/inet.h>
#include <nettle/sha2.h>

static void digest_of(const char *text, char *digest)
{
	struct policy *p = good_policy(text);
	struct ruleset *rs;

	assert_int_equal(ruleset_new(p, &rs), 0);
	strcpy(digest, rs->digest);
	ruleset_free(rs);
	policy_free(p);
}

/* ---- what a digest is of ---- */

#define ALL                                                                    \
	HEADER "class a { 10.0.0.0/8 192.0.2.1 2001:db8::/32 interface eth0 "  \
	       "}\nclass d dynamic size 9\nlog limit 5/day per "               \
	       "source\noutbound from a {\nallow smtp imap from d\nlimit "     \
	       "smtp 5/minute per source log\nredirect pop3 to 192.0.2.1 "     \
	       "::2\n}\ninbound to a {\nblock smtp imap log and replies\n}\n"

static void reverse(void *items, size_t n)
{
	void **pointers = items;

	for (size_t i = 0; i < n / 2; i++) {
		void *other = pointers[i];

		pointers[i] = pointers[n - 1 - i];
		pointers[n - 1 - i] = other;
	}
}

CLAIM(order, "a digest does not depend on the order of the objects")
{
	struct policy *p = good_policy(ALL);
	struct ruleset *rs;
	char before[DIGEST_TEXT_BYTES];

	assert_int_equal(ruleset_new(p, &rs), 0);
	strcpy(before, rs->digest);
	/* nor on the comment that carries it */
	assert_int_equal(ruleset_digest(rs), 0);
	expect_text("the same again", rs->digest, before);
	reverse(rs->counters.items, rs->counters.n);
	assert_int_equal(ruleset_digest(rs), 0);
	expect_text("counters reversed", rs->digest, before);
	reverse(rs->sets.items, rs->sets.n);
	assert_int_equal(ruleset_digest(rs), 0);
	expect_text("sets reversed", rs->digest, before);
	reverse(rs->chains.items, rs->chains.n);
	assert_int_equal(ruleset_digest(rs), 0);
	expect_text("chains reversed", rs->digest, before);
	ruleset_free(rs);
	policy_free(p);
}

CLAIM(rule_order, "a digest does depend on the order of rules and statements")
{
	struct policy *p = good_policy(ALL);
	struct ruleset *rs;
	char before[DIGEST_TEXT_BYTES];
	size_t tried = 0;

	assert_int_equal(ruleset_new(p, &rs), 0);
	strcpy(before, rs->digest);
	for (size_t c = 0; c < rs->chains.n; c++) {
		struct chain *chain = rs->chains.items[c];
		struct rule *rules = chain->rules.items, first;

		if (chain->rules.n < 2)
			continue;
		first = rules[0];
		rules[0] = rules[1];
		rules[1] = first;
		assert_int_equal(ruleset_digest(rs), 0);
		expect(strcmp(rs->digest, before),
		       "chain %s: its first two rules changed places",
		       chain->name);
		rules[1] = rules[0];
		rules[0] = first;
		tried++;
	}
	assert_int_equal(ruleset_digest(rs), 0);
	expect_text("all back in place", rs->digest, before);
	expect(tried >= 3, "only %zu chains have two rules", tried);
	ruleset_free(rs);
	policy_free(p);
}

CLAIM(same, "what makes no other rules makes no other digest")
{
	static const struct {
		const char *one, *other;
	} vectors[] = {
		{ HEADER "outbound {\nallow smtp from 10.0.0.0/8\n}\n", HEADER
		  "outbound  {  # mail\n\tallow   smtp  from\t10.0.0.0/8 "
		  "# x\n} # end\n" },
		{ HEADER "class a { 10.0.0.0/8 192.0.2.0/24 }\noutbound from a "
			 "{\nallow smtp\n}\n",
		  HEADER "class a { 192.0.2.0/24 10.128.0.0/9 10.0.0.0/9 "
			 "}\noutbound from a {\nallow smtp\n}\n" },
		{ HEADER "class a { 10.0.0.1 10.0.0.2 }\noutbound from a "
			 "{\nallow smtp\n}\n",
		  HEADER "class a { 10.0.0.2 10.0.0.1 10.0.0.2 }\noutbound "
			 "from a {\nallow smtp\n}\n" },
		{ HEADER "class a { 10.0.0.1 }\noutbound {\nallow smtp\n}\n",
		  HEADER "class b users 5 { ::1 }\noutbound {\nallow "
			 "smtp\n}\n" },
		{ "policy p\npurpose a\ncontact b\nreview 2030-01-01\nhook "
		  "forward\noutbound {\nallow smtp\n}\n",
		  HEADER "outbound {\nallow smtp\n}\n" },
		{ HEADER "mode enforce\noutbound {\nallow smtp\n}\n",
		  HEADER "\noutbound {\nallow smtp\n}\n" },
		{ HEADER "log group 25 snaplen 256 threshold 64\noutbound "
			 "{\nblock smtp log\n}\n",
		  HEADER "\noutbound {\nblock smtp log\n}\n" },
		/* room to grow is no rule */
		{ HEADER "class d dynamic size 9\noutbound {\nallow smtp from "
			 "d\n}\n",
		  HEADER "class d dynamic size 10\noutbound {\nallow smtp "
			 "from d\n}\n" },
		/* nothing is logged: its settings do not matter */
		{ HEADER "log group 7\noutbound {\nblock smtp\n}\n",
		  HEADER "log group 8\noutbound {\nblock smtp\n}\n" },
		{ HEADER_OF("p", "ingress eth0 eth1") "outbound {\nallow "
						      "smtp\n}\n",
		  HEADER_OF("p", "ingress eth1 eth0") "outbound {\nallow "
						      "smtp\n}\n" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		char one[DIGEST_TEXT_BYTES], other[DIGEST_TEXT_BYTES];

		digest_of(vectors[i].one, one);
		digest_of(vectors[i].other, other);
		expect(!strcmp(one, other),
		       "in \"%s\" and \"%s\" got %s and %s", vectors[i].one,
		       vectors[i].other, one, other);
	}
}

/* One line of it is changed at a time. */
static const char base[] =
	/* 1 */ "policy p\n"
		/* 2 */ "hook forward\n"
		/* 3 */ "mode enforce\n"
		/* 4 */ "log group 5 limit 5/day per source burst 2\n"
		/* 5 */ "class a { 10.0.0.0/8 192.0.2.1 }\n"
		/* 6 */ "class d dynamic size 9\n"
		/* 7 */ "outbound from a {\n"
		/* 8 */ "allow smtp from d\n"
		/* 9 */ "limit imap 5/minute per source burst 3 log\n"
		/* 10 */ "redirect pop3 to 192.0.2.1\n"
		/* 11 */ "block smtp reset log\n"
		/* 12 */ "}\n"
		/* 13 */ "inbound to a {\n"
		/* 14 */ "block smtp\n"
		/* 15 */ "}\n";

static char *with_line(int number, const char *instead)
{
	struct text t;
	FILE *out = text_open(&t);
	const char *at = base;

	for (int line = 1; *at; line++) {
		size_t len = strcspn(at, "\n");

		if (line == number)
			fputs(instead, out);
		else
			fwrite(at, 1, len, out);
		fputc('\n', out);
		at += len + 1;
	}
	text_done(&t);
	return t.bytes;
}

CLAIM(changes, "a digest changes with every clause, member and log setting")
{
	static const struct {
		int line;
		const char *instead;
	} vectors[] = {
		{ 1, "policy q" },
		{ 3, "mode observe" },
		{ 4, "log group 6 limit 5/day per source burst 2" },
		{ 4, "log group 5 snaplen 64 limit 5/day per source burst 2" },
		{ 4, "log group 5 threshold 1 limit 5/day per source burst 2" },
		{ 4, "log group 5 limit 6/day per source burst 2" },
		{ 4, "log group 5 limit 5/hour per source burst 2" },
		{ 4, "log group 5 limit 5/day per source burst 3" },
		{ 4, "log group 5" },
		{ 5, "class a { 10.0.0.0/8 }" },
		{ 5, "class a { 10.0.0.0/8 192.0.2.2 }" },
		{ 5, "class a { 10.0.0.0/8 192.0.2.0/31 }" },
		{ 5, "class a { 10.0.0.0/8 192.0.2.1 ::1 }" },
		{ 5, "class a { 10.0.0.0/8 192.0.2.1 interface eth0 }" },
		{ 7, "outbound from a d {" },
		{ 7, "outbound {" },
		{ 8, "" },
		{ 8, "allow smtp" },
		{ 8, "observe smtp from d" },
		{ 8, "allow smtp from d log" },
		{ 8, "allow smtp 26 from d" },
		{ 8, "allow smtp from d to 192.0.2.1" },
		{ 9, "limit imap 6/minute per source burst 3 log" },
		{ 9, "limit imap 5/hour per source burst 3 log" },
		{ 9, "limit imap 5/minute per source burst 4 log" },
		{ 9, "limit imap 5/minute per source burst 3" },
		{ 10, "redirect pop3 to 192.0.2.2" },
		{ 10, "redirect pop3 to 192.0.2.1 ::2" },
		{ 11, "block smtp reject log" },
		{ 11, "block smtp drop log" },
		{ 11, "block smtp reset" },
		{ 14, "block smtp and replies" },
		/* comments and log prefixes name the line */
		{ 2, "\nhook forward" },
	};
	char before[DIGEST_TEXT_BYTES], all[COUNT(vectors)][DIGEST_TEXT_BYTES];

	digest_of(base, before);
	for (size_t i = 0; i < COUNT(vectors); i++) {
		char *text = with_line(vectors[i].line, vectors[i].instead);

		digest_of(text, all[i]);
		free(text);
		expect(strcmp(before, all[i]), "in line %d \"%s\" got %s again",
		       vectors[i].line, vectors[i].instead, all[i]);
		for (size_t k = 0; k < i; k++)
			expect(strcmp(all[i], all[k]),
			       "\"%s\" and \"%s\" have one digest",
			       vectors[i].instead, vectors[k].instead);
	}
}

CLAIM(hook_changes, "a digest changes with the hook and its devices")
{
	static const char *const hooks[] = {
		"forward",	"output",	"bridge",
		"ingress eth0", "ingress eth1", "ingress eth0 eth1"
	};
	char all[COUNT(hooks)][DIGEST_TEXT_BYTES];

	for (size_t i = 0; i < COUNT(hooks); i++) {
		char text[256];

		snprintf(text, sizeof(text),
			 "policy p\nhook %s\noutbound {\nallow smtp\n}\n",
			 hooks[i]);
		digest_of(text, all[i]);
		for (size_t k = 0; k < i; k++)
			expect(strcmp(all[i], all[k]),
			       "hook %s and hook %s have one digest", hooks[i],
			       hooks[k]);
	}
}

/* ---- the parts ---- */

CLAIM(elements, "the digest of elements is half of SHA-256 of their ends")
{
	static const size_t lengths[] = { 0, 1, 2, 511, 512, 513, 1024, 3000 };

	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct arena *a = arena_new();
		struct ranges4 v4 = { 0 };
		struct ranges6 v6 = { 0 };
		struct sha256_ctx sha4, sha6;
		uint8_t sum4[16], sum6[16];
		char got4[DIGEST_TEXT_BYTES], got6[DIGEST_TEXT_BYTES], in[32];
		char want4[DIGEST_TEXT_BYTES], want6[DIGEST_TEXT_BYTES];

		sha256_init(&sha4);
		sha256_init(&sha6);
		for (uint32_t k = 0; k < lengths[i]; k++) {
			uint32_t ends[2] = { htonl(k * 8), htonl(k * 8 + 3) };
			struct range6 r = { .first = { { 0x20, 1 } } };

			r.first.byte[14] = (uint8_t)(k >> 8);
			r.first.byte[15] = (uint8_t)k;
			r.last = r.first;
			r.last.byte[0]++;
			ranges4_push(a, &v4,
				     (struct range4){ k * 8, k * 8 + 3 });
			ranges6_push(a, &v6, r);
			sha256_update(&sha4, 8, (const uint8_t *)ends);
			sha256_update(&sha6, 16, r.first.byte);
			sha256_update(&sha6, 16, r.last.byte);
		}
		sha256_digest(&sha4, 16, sum4);
		sha256_digest(&sha6, 16, sum6);
		for (int k = 0; k < 16; k++) {
			sprintf(want4 + 2 * k, "%02x", sum4[k]);
			sprintf(want6 + 2 * k, "%02x", sum6[k]);
		}
		digest_elements4(&v4, got4);
		digest_elements6(&v6, got6);
		sprintf(in, "%zu ranges", lengths[i]);
		expect_text(in, got4, want4);
		expect_text(in, got6, want6);
		arena_free(a);
	}
}

CLAIM(add_order, "objects may be added in any order, and none twice unseen")
{
	char digests[3][DIGEST_TEXT_BYTES];

	for (int i = 0; i < 3; i++) {
		struct digest_objects c = { 0 };
		struct digest_set set = { .name = "s",
					  .key = "ipv4_addr",
					  .timeout_s = 5 };

		if (i == 1)
			digest_add_set(&c, &set);
		digest_add_counter(&c, "a");
		digest_add_counter(&c, "b");
		if (i != 1)
			digest_add_set(&c, &set);
		if (i == 2)
			digest_add_counter(&c, "a");
		assert_int_equal(digest_finish(&c, digests[i]), 0);
		digest_objects_free(&c);
		expect_number("items after free", c.n, 0);
	}
	expect_text("set first", digests[1], digests[0]);
	expect(strcmp(digests[0], digests[2]), "a counter twice is seen once");
}

CLAIM(comments, "a digest's comment is told from every other")
{
	static const struct {
		const char *comment;
		unsigned int version;
	} vectors[] = {
		{ "mailwall p sha256:0123456789abcdef0123456789abcdef", 1 },
		{ "mailwall a234567890123456789012345678901 "
		  "sha256:0123456789abcdef0123456789abcdef",
		  1 },
		{ "mailwall p sha256:0123456789abcdef0123456789abcdef 2", 2 },
		{ "mailwall p sha256:0123456789abcdef0123456789abcdef 33", 33 },
		{ "mailwall p sha256:0123456789abcdef0123456789abcdef 1", 0 },
		{ "mailwall p sha256:0123456789abcdef0123456789abcdef 0", 0 },
		{ "mailwall p sha256:0123456789abcdef0123456789abcdef -2", 0 },
		{ "mailwall p sha256:0123456789abcdef0123456789abcdef 2222",
		  0 },
		{ "mailwall p sha256:0123456789abcdef0123456789abcdef 2 2", 0 },
		{ "mailwall p sha256:0123456789abcdef0123456789abcdef2", 0 },
		{ "mailwall a2345678901234567890123456789012 "
		  "sha256:0123456789abcdef0123456789abcdef",
		  0 },
		{ "mailwall p sha256:0123456789abcdef0123456789abcde", 0 },
		{ "mailwall p sha256:0123456789abcdef0123456789abcdef0", 0 },
		{ "mailwall p sha256:0123456789ABCDEF0123456789ABCDEF", 0 },
		{ "mailwall p sha256:", 0 },
		{ "mailwall p", 0 },
		{ "", 0 },
		{ "p:7 allow smtp", 0 },
		{ "mailwall p sha256:0123456789abcdef0123456789abcdef x", 0 },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		char name[32], digest[DIGEST_TEXT_BYTES];
		unsigned int got =
			digest_parse_comment(vectors[i].comment, name, digest);

		expect(got == vectors[i].version, "in \"%s\" got %u want %u",
		       vectors[i].comment, got, vectors[i].version);
		if (got)
			expect_text(vectors[i].comment, digest,
				    "0123456789abcdef0123456789abcdef");
	}
}

/* ---- the text ---- */

/* One rule of each kind of expression, and the line it has to become. */
CLAIM(text, "each expression is written in words of our own, in the order of "
	    "the packet or as a number, whatever the byte order of the host")
{
	static const char *const wants[] = {
		"\n    meta l4proto to 1\n    cmp eq from 1 value 6\n",
		"    payload transport offset 2 bytes 2 to 1\n"
		"    lookup from 1 set forward.ports\n",
		"    payload transport offset 13 bytes 1 to 1\n"
		"    bitwise from 1 to 1 bytes 1 and 0x12 xor 0x00\n"
		"    cmp neq from 1 value 0x02\n",
		"    payload network offset 12 bytes 4 to 1\n"
		"    lookup from 1 set a.v4\n",
		"    payload network offset 8 bytes 16 to 1\n"
		"    bitwise from 1 to 1 bytes 16 "
		"and 0xffffffffffffffff0000000000000000 "
		"xor 0x00000000000000000000000000000000\n"
		"    dynset op 1 from 1 set limit-smtp-",
		"    limit rate 5 seconds 60 burst 5",
		"    log prefix \"p:11 limit \" group 25 snaplen 256 "
		"threshold 64\n",
		"    ct key 2 to 1\n"
		"    bitwise from 1 to 1 bytes 4 and 32 xor 0\n"
		"    cmp neq from 1 value 0\n",
		"    immediate to 1 value 0xc0000201\n"
		"    nat type 1 family 2 address 1\n",
		"    reject type 1\n",
		"    immediate accept\n",
		"    immediate goto chain ",
		"\nset a.if ifname elements 1 sha256 ",
		"\nset a.v4 ipv4_addr interval elements 2 sha256 ",
		"\nset d.v6 ipv6_addr interval timeout seconds 0\n",
		"\nmap forward.ports 25 forward.smtp 110 ",
		"\ncounter allow-smtp-",
		"\nchain forward filter hook 2 priority 0\n",
		"\n  rule \"p:10 allow smtp imap from d\"\n",
	};
	struct policy *p = good_policy(ALL);
	struct ruleset *rs;
	struct text t;
	FILE *out = text_open(&t);

	assert_int_equal(ruleset_new(p, &rs), 0);
	emit_bytecode(rs, out);
	text_done(&t);
	for (size_t i = 0; i < COUNT(wants); i++)
		expect(strstr(t.bytes, wants[i]), "no \"%s\" in\n%s", wants[i],
		       t.bytes);
	free(t.bytes);
	ruleset_free(rs);
	policy_free(p);
}

/*
 * A change of any of these makes tables that are loaded incomparable: then
 * DIGEST_VERSION has to change, too.
 */
CLAIM(constant, "a policy has the digest that it had when its version was made")
{
	static const struct {
		const char *hook, *digest;
	} vectors[] = {
		{ "forward", "a4e3ac8b0970130113640a73431d9fe8" },
		{ "bridge", "8619d79030657544677263666464f01f" },
		{ "ingress eth0 eth1", "d17a4054fc85dde1603c445062dcb78d" },
	};

	expect_number("version", DIGEST_VERSION, 2);
	for (size_t i = 0; i < COUNT(vectors); i++) {
		char text[512], digest[DIGEST_TEXT_BYTES];

		snprintf(text, sizeof(text),
			 "policy p\nhook %s\nclass a { 10.0.0.0/8 2001:db8::1 "
			 "}\noutbound from a {\nallow smtp to 192.0.2.1\nlimit "
			 "imap 5/minute per source log\nblock smtp drop log\n"
			 "}\n",
			 vectors[i].hook);
		digest_of(text, digest);
		expect_text(vectors[i].hook, digest, vectors[i].digest);
	}
}

CLAIM(quoted, "a text of another's cannot pass for what stands around it")
{
	static const struct {
		const char *text, *want;
	} vectors[] = {
		{ "a.v4", " a.v4" },
		{ "", " \"\"" },
		{ "a b", " \"a b\"" },
		{ "\"", " \"\\x22\"" },
		{ "\\x22", " \"\\x5cx22\"" },
		{ "a\ncounter b", " \"a\\x0acounter b\"" },
		{ "\xc3\xa9", " \"\xc3\xa9\"" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct text t;
		FILE *out = text_open(&t);

		digest_print_text(out, vectors[i].text);
		text_done(&t);
		expect_text(vectors[i].text, t.bytes, vectors[i].want);
		free(t.bytes);
	}
}

/* ---- keys: the names of counters ---- */

CLAIM(keys, "a counter keeps its name while its clause keeps its words")
{
	static const struct {
		const char *one, *other;
		bool same;
	} vectors[] = {
		/* lines move */
		{ HEADER "outbound {\nblock smtp\n}\n",
		  HEADER "\n# x\n\noutbound {\n# y\n\nblock smtp\n}\n", true },
		{ HEADER "outbound {\nblock smtp\n}\n",
		  HEADER "outbound { block smtp }\n", true },
		{ HEADER "outbound {\nblock smtp\n}\n",
		  HEADER "outbound\n{\n\tblock\t smtp  # why\n}\n", true },
		/* another clause above */
		{ HEADER "outbound {\nblock smtp\n}\n",
		  HEADER "inbound {\nallow imap\n}\noutbound {\nblock "
			 "smtp\nallow imap\n}\n",
		  true },
		/* log on and off, wherever it stands */
		{ HEADER "outbound {\nblock smtp\n}\n",
		  HEADER "outbound {\nblock smtp log\n}\n", true },
		{ HEADER "outbound {\nblock smtp drop to private\n}\n",
		  HEADER "outbound {\nblock smtp log drop to private\n}\n",
		  true },
		{ HEADER "outbound {\nblock smtp drop to private\n}\n",
		  HEADER "outbound {\nblock smtp drop log to private\n}\n",
		  true },
		/* the policy's name, mode and log settings */
		{ HEADER "outbound {\nblock smtp log\n}\n",
		  HEADER_OF("other", "forward") "mode observe\nlog group "
						"7\noutbound {\nblock smtp "
						"log\n}\n",
		  true },
		/* the members of a class, the value of a definition */
		{ HEADER "class a { 10.0.0.1 }\noutbound {\nblock smtp from "
			 "a\n}\n",
		  HEADER "class a { 10.0.0.2 }\noutbound {\nblock smtp from "
			 "a\n}\n",
		  true },
		{ HEADER "define A = 10.0.0.1\noutbound {\nblock smtp from "
			 "$A\n}\n",
		  HEADER "define A = 10.0.0.2\noutbound {\nblock smtp from "
			 "$A\n}\n",
		  true },
		/* words */
		{ HEADER "outbound {\nblock smtp\n}\n",
		  HEADER "outbound {\nblock smtp reset\n}\n", false },
		{ HEADER "outbound {\nblock smtp\n}\n",
		  HEADER "outbound {\nblock smtp imap\n}\n", false },
		{ HEADER "outbound {\nblock smtp\n}\n",
		  HEADER "outbound {\nallow smtp\n}\n", false },
		{ HEADER "outbound {\nblock smtp from private\n}\n",
		  HEADER "outbound {\nblock smtp to private\n}\n", false },
		{ HEADER "outbound {\nlimit smtp 5/day per source\n}\n",
		  HEADER "outbound {\nlimit smtp 6/day per source\n}\n",
		  false },
		/* the words of its block */
		{ HEADER "outbound {\nblock smtp\n}\n",
		  HEADER "inbound {\nblock smtp\n}\n", false },
		{ HEADER "outbound {\nblock smtp\n}\n",
		  HEADER "outbound from private {\nblock smtp\n}\n", false },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct policy *one = good_policy(vectors[i].one);
		struct policy *other = good_policy(vectors[i].other);
		const struct block *last =
			&other->blocks.items[other->blocks.n - 1];
		const char *a = one->blocks.items[0].clauses.items[0].key;
		const char *b = last->clauses.items[0].key;

		expect(!strcmp(a, b) == vectors[i].same,
		       "in \"%s\" and \"%s\" got %s and %s, want %s",
		       vectors[i].one, vectors[i].other, a, b,
		       vectors[i].same ? "one" : "two");
		policy_free(one);
		policy_free(other);
	}
}

CLAIM(key_names, "a key says action and service, and no two clauses share "
		 "one")
{
	static const char *const wants[] = { "block-smtp-", "allow-26-",
					     "limit-imaps-", "block-smtp-",
					     "observe-smtp-alt-" };
	struct policy *p = good_policy(
		HEADER "outbound {\nblock smtp imap\nallow 26 smtp\nlimit "
		       "imaps 5/day per source\nblock smtp imap\nobserve "
		       "smtp-alt\n}\n");
	const struct block *b = &p->blocks.items[0];

	for (size_t i = 0; i < b->clauses.n; i++) {
		const char *key = b->clauses.items[i].key;

		expect(!strncmp(key, wants[i], strlen(wants[i])),
		       "clause \"%s\" got %s want %s...",
		       b->clauses.items[i].text, key, wants[i]);
		for (size_t k = 0; k < i; k++)
			expect(strcmp(key, b->clauses.items[k].key),
			       "two clauses have the key %s", key);
	}
	policy_free(p);
}

CLAIM(key_collision, "two clauses of one short hash have names of their own, "
		     "whichever is first; the first has the one it has alone")
{
	static const char *const clauses[] = { "block smtp from 10.0.17.197",
					       "block smtp from 10.0.19.50" };
	const char *longer[2];

	for (int i = 0; i < 2; i++) {
		char text[512];
		struct policy *p;
		const struct block *b;

		snprintf(text, sizeof(text),
			 HEADER "class subs { 192.0.2.0/24 }\noutbound from "
				"subs {\n%s\n%s\n%s log\n}\n",
			 clauses[i], clauses[!i], clauses[!i]);
		p = good_policy(text);
		b = &p->blocks.items[0];
		expect_text(clauses[i], b->clauses.items[0].key,
			    "block-smtp-dea2a5");
		longer[i] = strdup(b->clauses.items[1].key);
		expect(!strncmp(longer[i], "block-smtp-dea2a5.", 18) &&
			       strlen(longer[i]) == 26,
		       "got %s", longer[i]);
		snprintf(text, sizeof(text), "%s-2", longer[i]);
		expect_text("the same words again", b->clauses.items[2].key,
			    text);
		policy_free(p);
	}
	expect(strcmp(longer[0], longer[1]), "both are %s", longer[0]);
	free((char *)longer[0]);
	free((char *)longer[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(order),	    CLAIMED(rule_order),    CLAIMED(same),
		CLAIMED(changes),   CLAIMED(hook_changes),  CLAIMED(elements),
		CLAIMED(add_order), CLAIMED(comments),	    CLAIMED(keys),
		CLAIMED(key_names), CLAIMED(text),	    CLAIMED(constant),
		CLAIMED(quoted),    CLAIMED(key_collision),
	};

	return cmocka_run_group_tests_name("objects", tests, NULL, NULL);
}
