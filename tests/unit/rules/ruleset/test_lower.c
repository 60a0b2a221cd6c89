/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A policy to rules: what a packet meets, and in which order. */
#include "../../unit.h"

#include "../../../../rules/emit/emit.h"
#include "../../../../rules/ruleset/ruleset.h"

/* ---- rules as text ---- */

/* Names that are a hash of an address in a clause: "S". */
static void replace_literals(char *text)
{
	static const char stem[] = "@addr-";
	char *at = text;

	while ((at = strstr(at, stem))) {
		size_t len = strlen(stem) + 8;

		memcpy(at, "@S", 2);
		memmove(at + 2, at + len, strlen(at + len) + 1);
	}
}

/* The keys of clauses hold a hash: "K0" for the first clause's and so on. */
static void replace_keys(const struct policy *p, char *text)
{
	unsigned int n = 0;

	for (size_t i = 0; i < p->blocks.n; i++)
		for (size_t k = 0; k < p->blocks.items[i].clauses.n; k++) {
			const char *key =
				p->blocks.items[i].clauses.items[k].key;
			size_t len = strlen(key);
			char name[16], *at;
			int m = sprintf(name, "K%u", n++);

			while ((at = strstr(text, key))) {
				memcpy(at, name, (size_t)m);
				memmove(at + m, at + len, strlen(at + len) + 1);
			}
		}
}

static void cut_comment(char *line)
{
	char *comment = strstr(line, " comment \"");

	if (comment)
		*comment = '\0';
}

static char *nft_text(const struct ruleset *rs)
{
	struct text t;

	emit_nft(rs, text_open(&t));
	text_done(&t);
	return t.bytes;
}

/* Guards stand in every chain that others jump to: they have a claim alone. */
static bool is_guard(const char *line)
{
	return strstr(line, "jump ip-options") ||
	       strstr(line, "jump source-routes") ||
	       strstr(line, "jump first-fragments") ||
	       strstr(line, "jump fragments") || strstr(line, "jump frames");
}

static bool is_guard_chain(const char *line)
{
	static const char *const names[] = {
		"ip-options",	"source-routes", "first-fragments", "fragments",
		"frames",	"tags",		 "pppoe",	    "pppoe.in4",
		"stacked-tags", "encapsulated",
	};

	for (size_t i = 0; i < COUNT(names); i++)
		if (!strncmp(line + 7, names[i], strlen(names[i])) &&
		    !strcmp(line + 7 + strlen(names[i]), " {"))
			return true;
	return false;
}

/*
 * "chain: rule | rule\n" for each chain, comments left out; with guards, or
 * without.
 */
static char *chains_text(const struct ruleset *rs, bool guards)
{
	char *nft = nft_text(rs), *save = NULL;
	bool inside = false, first = false;
	struct text t;
	FILE *out = text_open(&t);

	for (char *line = strtok_r(nft, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (!guards && !strncmp(line, "\tchain ", 7) &&
		    is_guard_chain(line)) {
			inside = false;
		} else if (!strncmp(line, "\tchain ", 7)) {
			fprintf(out, "%.*s:", (int)strlen(line) - 9, line + 7);
			inside = first = true;
		} else if (!strcmp(line, "\t}")) {
			if (inside)
				fputc('\n', out);
			inside = false;
		} else if (inside && strncmp(line, "\t\ttype ", 7) &&
			   (guards || !is_guard(line))) {
			cut_comment(line);
			fprintf(out, "%s%s", first ? " " : " | ", line + 2);
			first = false;
		}
	}
	free(nft);
	text_done(&t);
	replace_keys(rs->policy, t.bytes);
	replace_literals(t.bytes);
	return t.bytes;
}

static struct ruleset *rules_of(struct policy *p)
{
	struct ruleset *rs;

	assert_int_equal(ruleset_new_text(p, &rs), 0);
	return rs;
}

struct vector {
	const char *text, *want;
};

static void try_guards(const struct vector *v, bool guards)
{
	struct policy *p = good_policy(v->text);
	struct ruleset *rs = rules_of(p);
	char *got = chains_text(rs, guards);

	expect_text(v->text, got, v->want);
	free(got);
	ruleset_free(rs);
	policy_free(p);
}

static void try(const struct vector *v)
{
	try_guards(v, false);
}

#define NOT_SYN "tcp flags != syn / syn,ack"
#define BASE	"forward: tcp dport vmap @forward.ports\n"

CLAIM(actions, "every action is the rules that do it")
{
	static const struct vector vectors[] = {
		{ HEADER "outbound {\nallow smtp\n}\n",
		  BASE "forward.smtp: counter name \"K0\" accept\n" },
		{ HEADER "outbound {\nobserve smtp\n}\n",
		  BASE "forward.smtp: counter name \"K0\" accept\n" },
		{ HEADER "outbound {\nblock smtp\n}\n",
		  BASE "forward.smtp: meta l4proto tcp counter name \"K0\" "
		       "reject with tcp reset\n" },
		{ HEADER "outbound {\nblock smtp reset\n}\n",
		  BASE "forward.smtp: meta l4proto tcp counter name \"K0\" "
		       "reject with tcp reset\n" },
		{ HEADER "outbound {\nblock smtp reject\n}\n",
		  BASE "forward.smtp: counter name \"K0\" reject with icmpx "
		       "admin-prohibited\n" },
		{ HEADER "outbound {\nblock smtp drop\n}\n",
		  BASE "forward.smtp: counter name \"K0\" drop\n" },
		{ HEADER "outbound {\nblock smtp drop log\n}\n", BASE
		  "forward.smtp: counter name \"K0\" log prefix \"p:7 block \" "
		  "group 25 snaplen 256 queue-threshold 64 drop\n" },
		{ HEADER "log group 3 snaplen 64 threshold 1\noutbound "
			 "{\nblock smtp log\n}\n",
		  BASE
		  "forward.smtp: meta l4proto tcp counter name \"K0\" log "
		  "prefix \"p:8 block \" group 3 snaplen 64 queue-threshold 1 "
		  "reject with tcp reset\n" },
		/* only the opening packet of what goes through is logged */
		{ HEADER "outbound {\nallow smtp log\n}\n", BASE
		  "forward.smtp: goto K0\n"
		  "K0: counter name \"K0\" | " NOT_SYN " accept | log "
		  "prefix \"p:7 allow \" group 25 snaplen 256 queue-threshold "
		  "64 accept\n" },
		{ HEADER "outbound {\nlimit smtp 10/minute per source burst "
			 "20\n}\n",
		  BASE
		  "forward.smtp: goto K0\n"
		  "K0: " NOT_SYN " counter name \"K0\" accept | update "
		  "@K0.sources.v4 { ip saddr limit rate 10/minute burst 20 "
		  "packets } counter name \"K0\" accept | update "
		  "@K0.sources.v6 "
		  "{ ip6 saddr & ffff:ffff:ffff:ffff:: limit rate "
		  "10/minute burst 20 packets } counter name \"K0\" "
		  "accept | meta l4proto tcp counter name \"K0-over\" "
		  "reject with tcp reset\n" },
		{ HEADER "outbound {\nlimit smtp 1/day per source drop\n}\n",
		  BASE "forward.smtp: goto K0\n"
		       "K0: " NOT_SYN " counter name \"K0\" accept | update "
		       "@K0.sources.v4 { ip saddr limit rate 1/day burst 5 "
		       "packets } "
		       "counter name \"K0\" accept | update @K0.sources.v6 { "
		       "ip6 saddr "
		       "& ffff:ffff:ffff:ffff:: limit rate 1/day burst 5 "
		       "packets } counter name \"K0\" accept | counter name "
		       "\"K0-over\" drop\n" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++)
		try(&vectors[i]);
}

CLAIM(observing, "in observe mode nothing is refused and nothing rewritten")
{
	static const char *const clauses[] = {
		"block smtp",
		"block smtp reject log",
		"block smtp drop and replies",
		"limit smtp 5/day per source drop",
		"limit smtp 5/day per source log",
		"redirect smtp to 192.0.2.1 2001:db8::1 log",
	};
	static const enum stmt_kind refusing[] = { STMT_DROP, STMT_RESET,
						   STMT_REJECT, STMT_DNAT };

	for (size_t i = 0; i < COUNT(clauses); i++) {
		char text[512];
		struct policy *p;
		struct ruleset *rs;

		snprintf(text, sizeof(text),
			 HEADER "mode observe\nlog limit 5/day per source\n"
				"outbound {\n%s\n}\ninbound {\nallow smtp from "
				"private\n}\n",
			 clauses[i]);
		p = good_policy(text);
		rs = rules_of(p);
		for (size_t c = 0; c < rs->chains.n; c++) {
			const struct chain *chain = rs->chains.items[c];

			for (size_t r = 0; r < chain->rules.n; r++)
				for (unsigned int s = 0;
				     s < chain->rules.items[r].n; s++)
					for (size_t k = 0; k < COUNT(refusing);
					     k++)
						expect(chain->rules.items[r]
								       .stmts[s]
								       .kind !=
							       refusing[k],
						       "in \"%s\" chain %s, "
						       "rule %zu refuses",
						       clauses[i], chain->name,
						       r);
		}
		ruleset_free(rs);
		policy_free(p);
	}
	/* The counter of observe has a name of its own, and counts openings. */
	try(&(struct vector){ HEADER "mode observe\noutbound {\nblock "
				     "smtp\n}\n",
			      BASE "forward.smtp: goto K0\n"
				   "K0: tcp flags != syn / syn,ack "
				   "accept | counter name \"K0-observed\" "
				   "accept\n" });
}

#define GUARDS_END " group 25 snaplen 256 queue-threshold 64 drop\n"

#define FRAGMENTS_CHAIN                                                        \
	"fragments: ip frag-off & 0x3fff == 0x2000 tcp flags >= 0x0 return | " \
	"meta nfproto ipv6 frag frag-off 0 tcp flags >= 0x0 return | meta "    \
	"l4proto != tcp return | goto first-fragments\n"

CLAIM(guards, "first fragments without their transport header end behind the "
	      "maps, source routes in the chains of the ports, and without "
	      "flags those whose rules ask for flags")
{
	static const struct vector vectors[] = {
		{ HEADER "outbound {\nblock smtp drop log\n}\n",
		  "forward: tcp dport vmap @forward.ports | ip frag-off & "
		  "0x1fff == 1 meta l4proto tcp jump first-fragments | meta "
		  "nfproto ipv6 frag frag-off < 2 jump fragments\n"
		  "forward.smtp: ip hdrlength != 5 jump ip-options | meta "
		  "nfproto ipv6 rt seg-left != 0 jump source-routes | counter "
		  "name \"K0\" log prefix \"p:7 block \"" GUARDS_END
		  "source-routes: counter name \"source-routes\" log prefix "
		  "\"p:source-route block \"" GUARDS_END
		  "ip-options: meta nfproto ipv4 ip option lsrr exists jump "
		  "source-routes | meta nfproto ipv4 ip option ssrr exists "
		  "jump source-routes\n"
		  "first-fragments: counter name \"first-fragments\" log "
		  "prefix \"p:first-fragment block \"" GUARDS_END
			  FRAGMENTS_CHAIN },
		/* without its flags a fragment is no opening for a limit */
		{ HEADER "outbound {\nlimit smtp 6/hour per source burst 2\n"
			 "}\n",
		  "forward: tcp dport vmap @forward.ports | ip frag-off & "
		  "0x1fff == 1 meta l4proto tcp jump first-fragments | meta "
		  "nfproto ipv6 frag frag-off < 2 jump fragments\n"
		  "forward.smtp: ip hdrlength != 5 jump ip-options | meta "
		  "nfproto ipv6 rt seg-left != 0 jump source-routes | ip "
		  "frag-off & 0x3fff == 0x2000 jump fragments | meta nfproto "
		  "ipv6 frag frag-off 0 jump fragments | goto K0\n"
		  "source-routes: counter name \"source-routes\" drop\n"
		  "ip-options: meta nfproto ipv4 ip option lsrr exists jump "
		  "source-routes | meta nfproto ipv4 ip option ssrr exists "
		  "jump source-routes\n" FRAGMENTS_CHAIN
		  "first-fragments: counter name \"first-fragments\" drop\n"
		  "K0: tcp flags != syn / syn,ack counter name \"K0\" accept "
		  "| update @K0.sources.v4 { ip saddr limit rate 6/hour burst "
		  "2 packets } counter name \"K0\" accept | update "
		  "@K0.sources.v6 { ip6 saddr & ffff:ffff:ffff:ffff:: limit "
		  "rate 6/hour burst 2 packets } counter name \"K0\" accept "
		  "| meta l4proto tcp counter name \"K0-over\" reject with "
		  "tcp reset\n" },
		/* they count alone, where nothing is blocked or logged */
		{ "policy p\nhook forward\nmode observe\noutbound {\nblock "
		  "smtp drop\n}\n",
		  "forward: tcp dport vmap @forward.ports | ip frag-off & "
		  "0x1fff == 1 meta l4proto tcp jump first-fragments | meta "
		  "nfproto ipv6 frag frag-off < 2 jump fragments\n"
		  "forward.smtp: ip hdrlength != 5 jump ip-options | meta "
		  "nfproto ipv6 rt seg-left != 0 jump source-routes | goto "
		  "K0\n"
		  "source-routes: counter name \"source-routes\"\n"
		  "ip-options: meta nfproto ipv4 ip option lsrr exists jump "
		  "source-routes | meta nfproto ipv4 ip option ssrr exists "
		  "jump source-routes\n"
		  "K0: tcp flags != syn / syn,ack accept | counter name "
		  "\"K0-observed\" accept\n"
		  "first-fragments: counter name "
		  "\"first-fragments\"\n" FRAGMENTS_CHAIN },
	};

	for (size_t i = 0; i < COUNT(vectors); i++)
		try_guards(&vectors[i], true);
}

/* The rules of one chain, as "netlink" has them, in one line each. */
static char *bytecode_of(const struct ruleset *rs, const char *chain)
{
	char head[80], *begin, *end;
	struct text t;

	emit_bytecode(rs, text_open(&t));
	text_done(&t);
	replace_keys(rs->policy, t.bytes);
	sprintf(head, "\nchain %s\n", chain);
	begin = strstr(t.bytes, head);
	begin = begin ? begin + strlen(head) : strchr(t.bytes, '\0');
	end = strstr(begin, "\nchain ");
	begin = strndup(begin, end ? (size_t)(end - begin) :
				     strlen(begin) - (*begin != 0));
	free(t.bytes);
	return begin;
}

#define INSIDE                                                                 \
	"policy p\nhook ingress eth0\nclass a { 10.0.0.0/8 2001:db8::/32 }\n"  \
	"outbound from a {\nlimit imap 5/hour per source reset\nblock smtp "   \
	"reset\n}\n"

CLAIM(inside, "an IP header behind a tag, PPPoE, MPLS or SNAP is read at its "
	      "distance, and what cannot be answered is dropped")
{
	static const struct {
		const char *chain, *want;
	} vectors[] = {
		{ "ingress.in8.v4",
		  "  rule\n    payload network offset 8 bytes 1 to 1\n"
		  "    cmp neq from 1 value 0x45\n"
		  "    immediate goto chain ip-options.in8\n"
		  "  rule\n    payload network offset 17 bytes 1 to 1\n"
		  "    cmp neq from 1 value 0x06\n    immediate return\n"
		  "  rule\n    payload network offset 14 bytes 2 to 1\n"
		  "    bitwise from 1 to 1 bytes 2 and 0x1fff xor 0x0000\n"
		  "    cmp eq from 1 value 0x0001\n"
		  "    immediate goto chain first-fragments\n"
		  "  rule\n    payload network offset 14 bytes 2 to 1\n"
		  "    bitwise from 1 to 1 bytes 2 and 0x1fff xor 0x0000\n"
		  "    cmp neq from 1 value 0x0000\n    immediate return\n"
		  "  rule\n    payload network offset 30 bytes 2 to 1\n"
		  "    lookup from 1 set ingress.ports.in8.v4" },
		/* 8 bytes, 15 words: TCP's second port is 2 bytes behind */
		{ "inner-headers.in68",
		  "  rule\n    payload network offset 70 bytes 2 to 1\n"
		  "    lookup from 1 set inner-ports" },
		{ "fragments.in44",
		  "  rule\n    payload network offset 44 bytes 1 to 1\n"
		  "    cmp eq from 1 value 0x06\n"
		  "    payload network offset 46 bytes 2 to 1\n"
		  "    bitwise from 1 to 1 bytes 2 and 0xfff8 xor 0x0000\n"
		  "    cmp eq from 1 value 0x0008\n"
		  "    immediate goto chain first-fragments\n"
		  "  rule\n    payload network offset 46 bytes 2 to 1\n"
		  "    bitwise from 1 to 1 bytes 2 and 0xfff8 xor 0x0000\n"
		  "    cmp neq from 1 value 0x0000\n    immediate return\n"
		  "  rule\n    payload network offset 44 bytes 1 to 1\n"
		  "    cmp eq from 1 value 0x00\n"
		  "    immediate goto chain inner-headers\n"
		  "  rule\n    payload network offset 44 bytes 1 to 1\n"
		  "    cmp eq from 1 value 0x2b\n"
		  "    immediate goto chain inner-headers\n"
		  "  rule\n    payload network offset 44 bytes 1 to 1\n"
		  "    cmp eq from 1 value 0x3c\n"
		  "    immediate goto chain inner-headers\n"
		  "  rule\n    payload network offset 44 bytes 1 to 1\n"
		  "    cmp eq from 1 value 0x2c\n"
		  "    immediate goto chain inner-headers\n"
		  "  rule\n    payload network offset 44 bytes 1 to 1\n"
		  "    cmp neq from 1 value 0x06\n    immediate return\n"
		  "  rule\n    immediate goto chain inner-headers.in52" },
		{ "inner-headers", "  rule\n    objref type 1 name "
				   "inner-headers\n    immediate drop" },
		{ "ingress.smtp.in8.v4",
		  "  rule \"p:4 outbound from a\"\n"
		  "    payload network offset 20 bytes 4 to 1\n"
		  "    lookup from 1 set a.v4\n"
		  "    immediate jump chain outbound-1.smtp.in8.v4" },
		{ "outbound-1.smtp.in8.v4",
		  "  rule \"p:6 block smtp reset\"\n"
		  "    objref type 1 name K1\n    immediate drop" },
		{ "outbound-1.smtp.in12.v6",
		  "  rule \"p:6 block smtp reset\"\n"
		  "    objref type 1 name K1\n    immediate drop" },
		{ "K0.in7.v6",
		  "  rule\n"
		  "    payload network offset 60 bytes 1 to 1\n"
		  "    bitwise from 1 to 1 bytes 1 and 0x12 xor 0x00\n"
		  "    cmp neq from 1 value 0x02\n"
		  "    objref type 1 name K0\n    immediate accept\n"
		  "  rule\n    payload network offset 15 bytes 16 to 1\n"
		  "    bitwise from 1 to 1 bytes 16 and "
		  "0xffffffffffffffff0000000000000000 xor "
		  "0x00000000000000000000000000000000\n"
		  "    dynset op 1 from 1 set K0.sources.v6\n"
		  "    limit rate 5 seconds 3600 burst 5\n"
		  "    objref type 1 name K0\n    immediate accept\n"
		  "  rule\n    objref type 1 name K0-over\n"
		  "    immediate drop" },
	};
	struct policy *p = good_policy(INSIDE);
	struct ruleset *rs, *text = rules_of(p);

	assert_int_equal(ruleset_new(p, &rs), 0);
	for (size_t i = 0; i < COUNT(vectors); i++) {
		char *got = bytecode_of(rs, vectors[i].chain);

		expect_text(vectors[i].chain, got, vectors[i].want);
		free(got);
	}
	expect(ruleset_looks_inside(p) && strcmp(rs->digest, text->digest),
	       "text and messages of ingress have one digest");
	for (size_t i = 0; i < text->chains.n; i++)
		expect(!text->chains.items[i]->inside.family,
		       "text looks inside: %s", text->chains.items[i]->name);
	ruleset_free(text);
	ruleset_free(rs);
	policy_free(p);
}

CLAIM(one_form, "text says all of what is loaded where no frames are seen")
{
	struct policy *p = good_policy(HEADER "outbound {\nblock smtp\n}\n");
	struct ruleset *rs, *text = rules_of(p);

	assert_int_equal(ruleset_new(p, &rs), 0);
	expect_text("forward", text->digest, rs->digest);
	expect(!ruleset_looks_inside(p), "forward looks inside");
	ruleset_free(text);
	ruleset_free(rs);
	policy_free(p);
}

#define OVER(verdict, before)                                                  \
	before "update @log.sources.v4 { ip saddr limit rate over 6/hour "     \
	       "burst "                                                        \
	       "2 packets } counter name \"log-suppressed\" " verdict          \
	       " | " before                                                    \
	       "update @log.sources.v6 { ip6 saddr & ffff:ffff:ffff:ffff:: "   \
	       "limit rate over 6/hour burst 2 packets } counter name "        \
	       "\"log-suppressed\" " verdict

CLAIM(log_limit, "past the log's limit a packet is counted, and decided as "
		 "ever")
{
	static const struct vector vectors[] = {
		{ HEADER "log limit 6/hour per source burst 2\noutbound "
			 "{\nblock smtp log\n}\n",
		  BASE
		  "forward.smtp: goto K0\n"
		  "K0: counter name \"K0\" | " OVER(
			  "reject with tcp reset",
			  "meta l4proto tcp ") " "
					       "| meta l4proto tcp log prefix "
					       "\"p:8 block \" group 25 "
					       "snaplen 256 queue-threshold 64 "
					       "reject with tcp "
					       "reset\n" },
		{ HEADER "log limit 6/hour per source burst 2\noutbound "
			 "{\nblock smtp drop\nallow imap log from "
			 "private\n}\n",
		  "forward: tcp dport vmap @forward.ports\n"
		  "forward.smtp: counter name \"K0\" drop\n"
		  "forward.imap: ip saddr @private.v4 goto K1 | ip6 saddr "
		  "@private.v6 goto K1\n"
		  "K1: counter name \"K1\" | " NOT_SYN " accept | " OVER(
			  "accept",
			  "") " | log prefix \"p:9 allow \" group 25 "
			      "snaplen 256 queue-threshold 64 accept\n" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++)
		try(&vectors[i]);
}

CLAIM(conditions, "a clause is a rule for each way its classes can match")
{
	static const struct vector vectors[] = {
		{ HEADER "class a { 10.0.0.0/8 2001:db8::1 interface eth0 }\n"
			 "outbound {\nallow smtp from a\n}\n",
		  BASE "forward.smtp: ip saddr @a.v4 counter name \"K0\" "
		       "accept | ip6 saddr @a.v6.hosts counter name \"K0\" "
		       "accept | iifname @a.if counter name \"K0\" accept\n" },
		/* IPv4 and IPv6 never hold together */
		{ HEADER "class a { 10.0.0.0/8 2001:db8::/32 }\n"
			 "outbound {\nallow smtp from a to internet\n}\n",
		  BASE "forward.smtp: ip saddr @a.v4 ip daddr @internet.v4 "
		       "counter name \"K0\" accept | ip6 saddr @a.v6 ip6 daddr "
		       "@internet.v6 counter name \"K0\" accept\n" },
		{ HEADER "class d dynamic\nclass l { interface eth1 }\n"
			 "outbound from l {\nblock smtp to d\n}\n",
		  BASE "forward.smtp: iifname @l.if jump outbound-1.smtp\n"
		       "outbound-1.smtp: meta l4proto tcp ip daddr @d.v4 "
		       "counter name \"K0\" reject with tcp reset | meta "
		       "l4proto tcp ip6 daddr @d.v6 counter name \"K0\" reject "
		       "with tcp reset\n" },
		{ HEADER "class l { interface eth1 }\ninbound to l {\nallow "
			 "smtp from l\n}\n",
		  BASE "forward.smtp: oifname @l.if jump inbound-1.smtp\n"
		       "inbound-1.smtp: iifname @l.if counter name \"K0\" "
		       "accept\n" },
		/* any is no condition, nor is an empty class a rule */
		{ HEADER "class e { }\noutbound {\nallow smtp from any e\n"
			 "allow smtp from e\n}\n",
		  BASE "forward.smtp: counter name \"K0\" accept\n" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++)
		try(&vectors[i]);
}

CLAIM(blocks, "blocks follow in the order of the text, behind a jump for "
	      "their class")
{
	try(&(struct vector){
		HEADER "class a { 10.0.0.0/8 fc00::/8 }\nclass b { "
		       "192.0.2.0/24 2001:db8::/32 }\noutbound {\nallow smtp "
		       "from b\n}\ninbound to a {\nblock smtp "
		       "drop\n}\noutbound from a {\nobserve smtp\nobserve "
		       "imap\n}\n",
		BASE "forward.smtp: ip saddr @b.v4 counter name \"K0\" accept "
		     "| ip6 saddr @b.v6 counter name \"K0\" accept | ip daddr "
		     "@a.v4 jump inbound-2.smtp | ip6 daddr @a.v6 jump "
		     "inbound-2.smtp | ip saddr @a.v4 jump outbound-3.smtp | "
		     "ip6 saddr @a.v6 jump outbound-3.smtp\n"
		     "inbound-2.smtp: counter name \"K1\" drop\n"
		     "outbound-3.smtp: counter name \"K2\" accept\n"
		     "forward.imap: ip saddr @a.v4 jump outbound-3.imap | ip6 "
		     "saddr @a.v6 jump outbound-3.imap\n"
		     "outbound-3.imap: counter name \"K3\" accept\n" });
}

CLAIM(shared_chains, "ports that a block decides alike share its chain")
{
	try(&(struct vector){
		HEADER "class a { 10.0.0.0/8 fc00::/8 }\noutbound from a "
		       "{\nallow smtp imap pop3 from 10.9.0.0/16\nblock smtp "
		       "imap drop\n}\n",
		BASE
		"forward.smtp: ip saddr @a.v4 jump outbound-1.smtp | ip6 saddr "
		"@a.v6 jump outbound-1.smtp\n"
		"outbound-1.smtp: ip saddr @S.v4 counter name \"K0\" accept | "
		"counter name \"K1\" drop\n"
		"forward.pop3: ip saddr @a.v4 jump outbound-1.pop3 | ip6 saddr "
		"@a.v6 jump outbound-1.pop3\n"
		"outbound-1.pop3: ip saddr @S.v4 counter name \"K0\" accept\n"
		"forward.imap: ip saddr @a.v4 jump outbound-1.smtp | ip6 saddr "
		"@a.v6 jump outbound-1.smtp\n" });
}

CLAIM(hooks, "a hook's chains hold the blocks of its directions")
{
	static const struct vector vectors[] = {
		{ HEADER_OF("p", "output") "outbound {\nallow "
					   "smtp\n}\ninbound {\nblock imap "
					   "drop\n}\n",
		  "output: tcp dport vmap @output.ports\n"
		  "output.smtp: counter name \"K0\" accept\n"
		  "input: tcp dport vmap @input.ports\n"
		  "input.imap: counter name \"K1\" drop\n" },
		{ HEADER_OF("p", "bridge") "outbound {\nallow smtp\n}\ninbound "
					   "{\nblock imap drop\n}\n",
		  "prerouting: tcp dport vmap @prerouting.ports\n"
		  "prerouting.smtp: counter name \"K0\" accept\n"
		  "prerouting.imap: counter name \"K1\" drop\n" },
		{ HEADER_OF("p", "ingress eth0") "outbound {\nallow "
						 "smtp\n}\ninbound {\nblock "
						 "imap drop\n}\n",
		  "ingress: tcp dport vmap @ingress.ports\n"
		  "ingress.smtp: counter name \"K0\" accept\n"
		  "egress: tcp dport vmap @egress.ports\n"
		  "egress.imap: counter name \"K1\" drop\n" },
		{ HEADER_OF("p", "output") "inbound {\nblock imap drop\n}\n",
		  "input: tcp dport vmap @input.ports\n"
		  "input.imap: counter name \"K0\" drop\n" },
	};
	static const struct {
		const char *hook;
		enum family family;
		const char *want; /* a part of the text */
	} lines[] = {
		{ "forward", FAMILY_INET,
		  "type filter hook forward priority filter; policy accept;" },
		{ "output", FAMILY_INET,
		  "type filter hook output priority filter; policy accept;" },
		{ "bridge", FAMILY_BRIDGE,
		  "type filter hook prerouting priority filter; policy "
		  "accept;" },
		{ "ingress eth0", FAMILY_NETDEV,
		  "type filter hook ingress device \"eth0\" priority filter; "
		  "policy accept;" },
		{ "ingress eth1 eth0", FAMILY_NETDEV,
		  "type filter hook ingress devices = { \"eth1\", \"eth0\" } "
		  "priority filter; policy accept;" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++)
		try(&vectors[i]);
	for (size_t i = 0; i < COUNT(lines); i++) {
		char text[512], *nft;
		struct policy *p;
		struct ruleset *rs;

		snprintf(text, sizeof(text),
			 HEADER_OF("p", "%s") "outbound {\nallow smtp\n}\n",
			 lines[i].hook);
		p = good_policy(text);
		rs = rules_of(p);
		nft = nft_text(rs);
		expect(rs->family == lines[i].family, "in \"%s\" family %s",
		       lines[i].hook, family_name(rs->family));
		expect(strstr(nft, lines[i].want),
		       "in \"%s\" got\n%s\nwant \"%s\"", lines[i].hook, nft,
		       lines[i].want);
		free(nft);
		ruleset_free(rs);
		policy_free(p);
	}
}

CLAIM(replies, "packets from a blocked port pass if they answer what the "
	       "other direction allows")
{
	static const struct vector vectors[] = {
		/* nobody may open it: no answer passes, but for resets */
		{ HEADER "inbound {\nblock smtp drop and replies\n}\n",
		  "forward: tcp dport vmap @forward.ports | tcp sport vmap "
		  "@forward.from.ports\n"
		  "forward.smtp: counter name \"K0\" drop\n"
		  "forward.from.smtp: goto K0.replies.smtp\n"
		  "K0.replies.smtp: tcp flags rst accept | counter name "
		  "\"K0\" drop\n" },
		/* who may open it gets its answer: source and destination
		   change places */
		{ HEADER "class a { 10.0.0.0/8 }\nclass m { 192.0.2.0/24 "
			 "}\noutbound from a {\nallow smtp to m\nblock smtp "
			 "drop\n}\ninbound to a {\nblock smtp drop and "
			 "replies\n}\n",
		  "forward: tcp dport vmap @forward.ports | tcp sport vmap "
		  "@forward.from.ports\n"
		  "forward.smtp: ip saddr @a.v4 jump outbound-1.smtp | ip "
		  "daddr @a.v4 jump inbound-2.smtp\n"
		  "outbound-1.smtp: ip daddr @m.v4 counter name \"K0\" accept "
		  "| counter name \"K1\" drop\n"
		  "inbound-2.smtp: counter name \"K2\" drop\n"
		  "forward.from.smtp: ip daddr @a.v4 goto K2.replies.smtp\n"
		  "K2.replies.smtp: tcp flags rst accept | ip saddr @m.v4 "
		  "accept | counter name \"K2\" drop\n" },
		/* an answer to a connection of anybody */
		{ HEADER "outbound {\nallow smtp\n}\ninbound {\nblock imap "
			 "smtp drop and replies\n}\n",
		  "forward: tcp dport vmap @forward.ports | tcp sport vmap "
		  "@forward.from.ports\n"
		  "forward.smtp: counter name \"K0\" accept | counter name "
		  "\"K1\" drop\n"
		  "forward.imap: counter name \"K1\" drop\n"
		  "forward.from.smtp: goto K1.replies.smtp\n"
		  "K1.replies.smtp: tcp flags rst accept | accept\n"
		  "forward.from.imap: goto K1.replies.imap\n"
		  "K1.replies.imap: tcp flags rst accept | counter name "
		  "\"K1\" drop\n" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++)
		try(&vectors[i]);
	/* on the host itself our own reset comes by */
	try(&(struct vector){
		HEADER_OF("p", "output") "outbound {\nallow smtp from "
					 "192.0.2.1\nblock smtp\n}\ninbound "
					 "{\nblock smtp drop and replies\n}\n",
		"output: tcp dport vmap @output.ports\n"
		"output.smtp: tcp flags rst accept | ip saddr @S.v4.hosts "
		"counter name \"K0\" accept | meta l4proto tcp counter name "
		"\"K1\" reject with tcp reset\n"
		"input: tcp dport vmap @input.ports | tcp sport vmap "
		"@input.from.ports\n"
		"input.smtp: counter name \"K2\" drop\n"
		"input.from.smtp: goto K2.replies.smtp\n"
		"K2.replies.smtp: tcp flags rst accept | ip daddr @S.v4.hosts "
		"accept | counter name \"K2\" drop\n" });
}

CLAIM(redirects, "a redirect is decided in the nat chain, and passes behind "
		 "it")
{
	static const struct vector vectors[] = {
		{ HEADER "outbound {\nredirect smtp to 192.0.2.1\n}\n", BASE
		  "forward.smtp: ct status dnat ip daddr 192.0.2.1 accept | ip "
		  "daddr 192.0.2.1 accept\n"
		  "nat: fib daddr type local accept | tcp dport vmap "
		  "@nat.ports\n"
		  "nat.smtp: meta nfproto ipv4 counter name \"K0\" dnat ip to "
		  "192.0.2.1\n" },
		{ HEADER "class m { 192.0.2.0/24 2001:db8::/32 }\noutbound "
			 "{\nallow smtp from m\nredirect smtp to 192.0.2.1 "
			 "2001:db8::1 log\nblock smtp drop\n}\n",
		  BASE
		  "forward.smtp: ct status dnat ip daddr 192.0.2.1 accept | ct "
		  "status dnat ip6 daddr 2001:db8::1 accept | ip saddr @m.v4 "
		  "counter name \"K0\" accept | ip6 saddr @m.v6 counter name "
		  "\"K0\" accept | ip daddr 192.0.2.1 accept | ip6 daddr "
		  "2001:db8::1 accept | counter name \"K2\" drop\n"
		  "nat: fib daddr type local accept | tcp dport vmap "
		  "@nat.ports\n"
		  "nat.smtp: ip saddr @m.v4 accept | ip6 saddr @m.v6 accept | "
		  "meta nfproto ipv4 counter name \"K1\" log prefix \"p:9 "
		  "redirect \" "
		  "group 25 snaplen 256 queue-threshold 64 dnat ip to "
		  "192.0.2.1 | meta nfproto ipv6 counter name \"K1\" log "
		  "prefix \"p:9 redirect \" group 25 snaplen 256 "
		  "queue-threshold 64 "
		  "dnat ip6 to 2001:db8::1 | accept\n" },
		/* a class's family decides: no other family's rule */
		{ HEADER_OF("p", "output") "outbound {\nredirect smtp to "
					   "192.0.2.1 2001:db8::1 from "
					   "198.51.100.0/24\n}\n",
		  "output: tcp dport vmap @output.ports\n"
		  "output.smtp: ct status dnat ip daddr 192.0.2.1 accept | ct "
		  "status dnat ip6 daddr 2001:db8::1 accept | ip saddr @S.v4 "
		  "ip daddr 192.0.2.1 accept\n"
		  "nat: tcp dport vmap @nat.ports\n"
		  "nat.smtp: ip saddr @S.v4 counter name \"K0\" dnat ip to "
		  "192.0.2.1\n" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++)
		try(&vectors[i]);
}

CLAIM(owners, "an owner is asked for when a connection opens, and only then")
{
	static const struct vector vectors[] = {
		{ HEADER_OF("p", "output") "outbound {\nallow smtp user "
					   "postfix\nblock smtp\n}\n",
		  "output: tcp dport vmap @output.ports\n"
		  "output.smtp: " NOT_SYN " accept | meta skuid 101 counter "
		  "name \"K0\" accept | meta l4proto tcp counter name \"K1\" "
		  "reject with tcp reset\n" },
		{ HEADER_OF("p", "output") "outbound {\nblock smtp group "
					   "mail drop\nallow imap\n}\n",
		  "output: tcp dport vmap @output.ports\n"
		  "output.smtp: " NOT_SYN " accept | meta skgid 8 counter name "
		  "\"K0\" drop\n"
		  "output.imap: counter name \"K1\" accept\n" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++)
		try(&vectors[i]);
}

CLAIM(many_owners, "each of several owners is let through")
{
	struct policy *p = good_policy(
		HEADER_OF("p", "output") "outbound {\nallow smtp user alice 7 "
					 "postfix group mail 9\n}\n");
	struct ruleset *rs = rules_of(p);
	char *got = chains_text(rs, false);

	for (int id = 0; id < 5; id++) {
		static const char *const wants[] = { "skuid 7", "skuid 101",
						     "skuid 1000", "skgid 8",
						     "skgid 9" };

		expect(strstr(got, wants[id]), "got \"%s\" want \"%s\"", got,
		       wants[id]);
	}
	free(got);
	ruleset_free(rs);
	policy_free(p);
}

/* ---- sets ---- */

static const struct set *set_named(const struct ruleset *rs, const char *name)
{
	for (size_t i = 0; i < rs->sets.n; i++)
		if (!strcmp(rs->sets.items[i]->name, name))
			return rs->sets.items[i];
	return NULL;
}

CLAIM(sets, "a class is a set for each kind of member, made once")
{
	static const struct {
		const char *name;
		enum set_key key;
		bool interval, timeout;
		uint32_t size;
		size_t elements;
	} wants[] = {
		{ "a.v4", KEY_IPV4, true, false, 0, 2 },
		{ "a.v6.hosts", KEY_IPV6, false, false, 16, 2 },
		{ "a.if", KEY_IFNAME, false, false, 16, 2 },
		{ "w.if", KEY_IFNAME, true, false, 0, 2 },
		{ "d.v4", KEY_IPV4, true, true, 77, 0 },
		{ "d.v6", KEY_IPV6, true, true, 77, 0 },
	};
	struct policy *p = good_policy(
		HEADER "class a { 10.0.0.0/8 192.0.2.1 ::1 ::2 interface eth0 "
		       "interface lo }\nclass w { interface ppp* interface "
		       "eth0 }\nclass d dynamic size 77\noutbound from a "
		       "{\nallow smtp from d\nblock imap from w\n}\ninbound "
		       "{\nallow smtp from a w d\n}\n");
	struct ruleset *rs = rules_of(p);
	size_t named = 0;

	for (size_t i = 0; i < COUNT(wants); i++) {
		const struct set *s = set_named(rs, wants[i].name);

		if (!expect(s, "there is no set %s", wants[i].name))
			continue;
		expect(s->key == wants[i].key &&
			       s->interval == wants[i].interval &&
			       s->timeout == wants[i].timeout && !s->dynamic &&
			       s->size == wants[i].size &&
			       set_elements(s) == wants[i].elements,
		       "set %s: key %d interval %d timeout %d size %u elements "
		       "%zu",
		       s->name, s->key, s->interval, s->timeout, s->size,
		       set_elements(s));
	}
	for (size_t i = 0; i < rs->sets.n; i++)
		named += rs->sets.items[i]->class != NULL;
	expect_number("sets of classes", named, COUNT(wants));
	ruleset_free(rs);
	policy_free(p);
}

/* The class's own set, and the limit's: two, and only one is dynamic. */
static void expect_two_sets(const char *text, const char *class,
			    const char *limit)
{
	struct policy *p = good_policy(text);
	struct ruleset *rs = rules_of(p);

	for (int family = 4; family <= 6; family += 2) {
		const struct set *of_class, *of_limit;
		char name[2][80];

		snprintf(name[0], sizeof(name[0]), "%s.v%d", class, family);
		snprintf(name[1], sizeof(name[1]), "%s.v%d", limit, family);
		of_class = set_named(rs, name[0]);
		of_limit = set_named(rs, name[1]);
		expect(of_class && of_class->class && !of_class->dynamic &&
			       set_elements(of_class) == 1,
		       "in \"%s\" set %s is not the class's", text, name[0]);
		expect(of_limit && !of_limit->class && of_limit->dynamic &&
			       of_limit->timeout && !set_elements(of_limit),
		       "in \"%s\" set %s is not the limit's", text, name[1]);
	}
	for (size_t i = 0; i < rs->sets.n; i++)
		for (size_t k = 0; k < i; k++)
			expect(strcmp(rs->sets.items[i]->name,
				      rs->sets.items[k]->name),
			       "in \"%s\" two sets are called %s", text,
			       rs->sets.items[i]->name);
	ruleset_free(rs);
	policy_free(p);
}

CLAIM(limits_sets, "a class that is called like a limit has sets of its own")
{
	static const char limit[] = "outbound {\nlimit smtp 5/day per "
				    "source\n}\n";
	struct policy *p =
		good_policy(HEADER "outbound {\nlimit smtp 5/day per "
				   "source\n}\n");
	char key[64], sources[80], text[512];

	expect_two_sets(HEADER "log limit 5/day per source\nclass log-limit { "
			       "10.0.0.0/8 fc00::/8 }\noutbound {\nblock "
			       "smtp from log-limit log\n}\n",
			"log-limit", "log.sources");
	snprintf(key, sizeof(key), "%s",
		 p->blocks.items[0].clauses.items[0].key);
	policy_free(p);
	expect(!strncmp(key, "limit-smtp-", 11) && strlen(key) == 17,
	       "in \"%s\" got key %s", limit, key);
	snprintf(sources, sizeof(sources), "%s.sources", key);
	snprintf(text, sizeof(text),
		 HEADER "class %s { 10.0.0.0/8 fc00::/8 }\n%sinbound {\nallow "
			"imap from %s\n}\n",
		 key, limit, key);
	expect_two_sets(text, key, sources);
}

CLAIM(set_text, "a set's elements are printed as nft reads them")
{
	static const char *const parts[] = {
		"\tset a.v4 {\n\t\ttype ipv4_addr\n\t\tflags interval\n"
		"\t\telements = { 10.0.0.0/8, 192.0.2.1, "
		"192.0.2.5-192.0.2.9 }\n\t}\n",
		"\tset w.if {\n\t\ttype ifname\n\t\tflags interval\n"
		"\t\telements = { \"eth0\", \"ppp*\" }\n\t}\n",
		"\tset d.v6 {\n\t\ttype ipv6_addr\n\t\tsize 65535\n\t\tflags "
		"interval,timeout\n\t}\n",
		"flush table inet mailwall\n",
		"flush set inet mailwall a.v4\n",
		"flush set inet mailwall w.if\n",
		"\tcomment \"mailwall 1\"\n",
		"# purpose: a test\n",
		"# policy p, digest sha256:",
	};
	struct policy *p = good_policy(
		HEADER "class a { 192.0.2.5-192.0.2.9 192.0.2.1 10.0.0.0/8 "
		       "}\nclass w { interface ppp* interface eth0 }\nclass d "
		       "dynamic\noutbound {\nallow smtp from a w d\n}\n");
	struct ruleset *rs = rules_of(p);
	char *nft = nft_text(rs);

	for (size_t i = 0; i < COUNT(parts); i++)
		expect(strstr(nft, parts[i]), "got\n%s\nwant \"%s\"", nft,
		       parts[i]);
	expect(!strstr(nft, "flush set inet mailwall d."),
	       "a dynamic set is flushed in\n%s", nft);
	free(nft);
	ruleset_free(rs);
	policy_free(p);
}

CLAIM(meter_timeouts, "a source is remembered until its bucket is full again, "
		      "ten seconds at least, a week at most")
{
	static const struct {
		const char *rate;
		uint32_t want_s;
	} vectors[] = {
		{ "10/second per source", 10 },
		{ "1/second per source burst 9", 10 },
		{ "1/second per source burst 20", 21 },
		{ "1/minute per source burst 59", 3600 },
		{ "10/hour per source burst 20", 7560 },
		{ "1/day per source burst 5", 518400 },
		{ "1/day per source burst 6", 604800 },
		{ "1/day per source burst 1000000", 604800 },
		{ "1000000/day per source burst 1000000", 86400 },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		char text[512], name[64];
		struct policy *p;
		struct ruleset *rs;
		const struct set *s;

		snprintf(text, sizeof(text),
			 HEADER "outbound {\nlimit smtp %s\n}\n",
			 vectors[i].rate);
		p = good_policy(text);
		rs = rules_of(p);
		for (int family = 4; family <= 6; family += 2) {
			snprintf(name, sizeof(name), "%s.sources.v%d",
				 p->blocks.items[0].clauses.items[0].key,
				 family);
			s = set_named(rs, name);
			if (!expect(s, "there is no set %s", name))
				continue;
			expect(s->dynamic && s->timeout && !s->interval,
			       "set %s: dynamic %d, timeout %d, interval %d",
			       name, s->dynamic, s->timeout, s->interval);
			expect_number(vectors[i].rate, s->timeout_s,
				      vectors[i].want_s);
		}
		ruleset_free(rs);
		policy_free(p);
	}
}

/* ---- comments ---- */

CLAIM(comments, "a rule's comment is its clause, short enough and without a "
		"quote")
{
	struct text t;
	FILE *out = text_open(&t);
	struct policy *p;
	struct ruleset *rs;
	bool found = false, long_one = false;

	fputs(HEADER "outbound {\nallow smtp from \"10.0.0.1\" # no\nallow "
		     "imap from",
	      out);
	for (int i = 0; i < 50; i++)
		fprintf(out, " 10.0.0.%d", i);
	fputs("\n}\n", out);
	text_done(&t);
	p = good_policy(t.bytes);
	rs = rules_of(p);
	for (size_t c = 0; c < rs->chains.n; c++)
		for (size_t r = 0; r < rs->chains.items[c]->rules.n; r++) {
			const struct rule *rule =
				&rs->chains.items[c]->rules.items[r];
			const char *text = rule->comment;

			if (!text)
				continue;
			expect(strlen(text) <= 127 && !strchr(text, '"'),
			       "comment \"%s\"", text);
			found = found ||
				!strcmp(text, "p:7 allow smtp from '10.0.0.1'");
			long_one = long_one || (strlen(text) == 120 &&
						!strcmp(text + 117, "..."));
		}
	expect(found && long_one, "a comment is missing: %d %d", found,
	       long_one);
	ruleset_free(rs);
	policy_free(p);
	free(t.bytes);
}

CLAIM(file_names, "the name of an included file closes no string of a rule")
{
	struct text_file files[] = {
		{ "main", HEADER "include \"a\\\"b\"\ninclude \"c\\\\d e\"\n",
		  0 },
		{ "a\"b", "outbound {\nblock smtp log\n}\n", 0 },
		{ "c\\d e", "inbound {\nblock imap log\n}\n", 0 },
	};
	static const char *const ids[] = { "p:a_b:2", "p:c_d_e:2" };
	struct world w = { .files = files, .n_files = COUNT(files) };
	struct policy *p = world_policy(&w, "main");
	struct ruleset *rs;
	char *nft;

	expect_number("errors of two included files", p->diags.errors, 0);
	rs = rules_of(p);
	nft = nft_text(rs);
	for (size_t i = 0; i < COUNT(ids); i++) {
		char prefix[64];

		expect_text(files[i + 1].name,
			    p->blocks.items[i].clauses.items[0].id, ids[i]);
		snprintf(prefix, sizeof(prefix),
			 " log prefix \"%s block \" group ", ids[i]);
		expect(strstr(nft, prefix), "got\n%s\nwant \"%s\"", nft,
		       prefix);
	}
	expect(!strstr(nft, "a\"b") && !strchr(nft, '\\'),
	       "a file's name is quoted in\n%s", nft);
	free(nft);
	ruleset_free(rs);
	policy_free(p);
}

CLAIM(first_comment, "the first rule's comment is the policy's name, the "
		     "digest and its version")
{
	struct policy *p = good_policy(HEADER "outbound {\nallow smtp\n}\n");
	struct ruleset *rs = rules_of(p);
	char want[128];

	snprintf(want, sizeof(want), "mailwall p sha256:%s 2", rs->digest);
	expect_number("a digest of 128 bits", strlen(rs->digest), 32);
	expect_text("the first rule",
		    rs->chains.items[0]->rules.items[0].comment, want);
	ruleset_free(rs);
	policy_free(p);
}

CLAIM(origins, "every rule of a clause knows where it was written")
{
	struct policy *p = good_policy(
		HEADER "outbound {\nlimit smtp 5/day per source log\nredirect "
		       "imap to 192.0.2.1 ::2\nblock pop3 log\n}\n");
	struct ruleset *rs = rules_of(p);
	size_t known = 0;

	for (size_t c = 0; c < rs->chains.n; c++)
		for (size_t r = 0; r < rs->chains.items[c]->rules.n; r++) {
			const struct rule *rule =
				&rs->chains.items[c]->rules.items[r];
			bool ours = false;

			for (unsigned int s = 0; s < rule->n; s++)
				ours = ours ||
				       (rule->stmts[s].kind == STMT_COUNTER &&
					rule->stmts[s].counter->clause);
			expect(!ours || rule->origin,
			       "chain %s, rule %zu has no origin",
			       rs->chains.items[c]->name, r);
			if (rule->origin) {
				known++;
				expect(rule->origin->line >= 7 &&
					       rule->origin->line <= 9,
				       "chain %s, rule %zu is of line %u",
				       rs->chains.items[c]->name, r,
				       rule->origin->line);
			}
		}
	expect(known >= 8, "only %zu rules have an origin", known);
	ruleset_free(rs);
	policy_free(p);
}

CLAIM(largest, "two thousand clauses of a port each are lowered in seconds")
{
	struct text t;
	FILE *out = text_open(&t);
	double start, took;
	struct policy *p;
	struct ruleset *rs;

	fputs(HEADER "outbound from private {\n", out);
	for (int i = 0; i < 2000; i++)
		fprintf(out, "observe %d %d to 10.%d.%d.0/24\n", i + 1,
			i % 100 + 10000, i / 200, i % 200);
	fputs("}\n", out);
	text_done(&t);
	start = seconds_now();
	p = good_policy(t.bytes);
	rs = rules_of(p);
	took = seconds_now() - start;
	expect(took < 30, "2000 clauses, 2100 ports: %.1f s", took);
	expect_number("counters of 2000 clauses and two guards", rs->counters.n,
		      2002);
	ruleset_free(rs);
	policy_free(p);
	free(t.bytes);
}

/* "" where the policy has no coarse form. */
static void try_coarse(const struct vector *v)
{
	struct policy *p = good_policy(v->text);
	struct ruleset *rs;
	char *got;

	assert_int_equal(ruleset_coarse(p, &rs), 0);
	got = rs ? chains_text(rs, true) : strdup("");
	expect_text(v->text, got, v->want);
	free(got);
	ruleset_free(rs);
	policy_free(p);
}

CLAIM(coarse, "the coarse form drops what opens a port that a clause blocks")
{
	static const struct vector vectors[] = {
		{ HEADER "class a { 10.0.0.0/8 }\noutbound from a {\nallow "
			 "submission\nblock smtp reset log\n}\n",
		  BASE "forward.smtp: tcp flags syn / syn,ack drop\n" },
		{ HEADER "outbound {\nblock smtp\nlimit submission 1/minute "
			 "per source\n}\ninbound {\nblock submission "
			 "reject\n}\n",
		  BASE "forward.smtp: tcp flags syn / syn,ack drop\n"
		       "forward.submission: tcp flags syn / syn,ack drop\n" },
		/* Nothing is blocked. */
		{ HEADER "outbound {\nallow smtp\n}\n", "" },
		{ HEADER "mode observe\noutbound {\nblock smtp\n}\n", "" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++)
		try_coarse(&vectors[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(coarse),	 CLAIMED(actions),
		CLAIMED(observing),	 CLAIMED(guards),
		CLAIMED(log_limit),	 CLAIMED(inside),
		CLAIMED(one_form),	 CLAIMED(conditions),
		CLAIMED(blocks),	 CLAIMED(shared_chains),
		CLAIMED(hooks),		 CLAIMED(replies),
		CLAIMED(redirects),	 CLAIMED(owners),
		CLAIMED(many_owners),	 CLAIMED(sets),
		CLAIMED(limits_sets),	 CLAIMED(set_text),
		CLAIMED(meter_timeouts), CLAIMED(file_names),
		CLAIMED(comments),	 CLAIMED(first_comment),
		CLAIMED(origins),	 CLAIMED(largest),
	};

	return cmocka_run_group_tests_name("lower", tests, NULL, NULL);
}
