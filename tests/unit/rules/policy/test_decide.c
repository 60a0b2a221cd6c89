/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A policy and a connection to the clause that decides. */
#include "../../connection.h"

struct attempt {
	const char *source, *destination;
	uint16_t port;
	const char *want;     /* see decision_text() */
	const char *in, *out; /* NULL: not known */
	const char *owner;    /* "uid:gid"; NULL: not known */
};

#define HOST	HEADER_OF("p", "output")
#define DEVICES HEADER_OF("p", "ingress cust0 cust1")

static const struct decide_input nobody = { .member = NULL };

static void ask(const char *text, const struct policy *p,
		const struct decide_input *input, const struct attempt *a)
{
	struct opening c = connection_of(a->source, a->destination, a->port);
	struct decision d;
	char got[200];

	c.in = a->in;
	c.out = a->out;
	c.has_owner =
		a->owner && sscanf(a->owner, "%u:%u", &c.uid, &c.gid) == 2;
	policy_decide(p, input, &c, &d);
	decision_text(&d, got, sizeof(got));
	expect(!strcmp(got, a->want),
	       "in \"%s\"\n    %s -> %s port %u, in %s, out %s, owner %s\n"
	       "    got  \"%s\"\n    want \"%s\"",
	       text, a->source, a->destination, a->port, a->in ? a->in : "?",
	       a->out ? a->out : "?", a->owner ? a->owner : "?", got, a->want);
}

static void try(const char *text, const struct decide_input *input,
		const struct attempt *attempts, size_t n)
{
	struct policy *p = good_policy(text);

	for (size_t i = 0; i < n; i++)
		ask(text, p, input, &attempts[i]);
	policy_free(p);
}

/* ---- order and sides ---- */

CLAIM(order, "the first clause that matches decides, whatever its action, and "
	     "a block without one leaves it to those behind")
{
	static const char text[] = HEADER
		"class a { 10.0.0.0/8 }\nclass b { 10.1.0.0/16 }\n"
		"outbound from b {\nobserve smtp to 192.0.2.1\n"
		"block imap drop\n}\n"
		"inbound to b {\nblock smtp\nlimit pop3 1/day per source\n}\n"
		"outbound from a {\nallow smtp imap\nblock smtp reject\n"
		"block 8080\n}\n"
		"outbound {\nblock pop3\n}\n";
	static const struct attempt attempts[] = {
		{ "10.1.0.1", "192.0.2.1", 25,
		  .want = "observe smtp to 192.0.2.1" },
		{ "10.1.0.1", "192.0.2.2", 25, .want = "allow smtp imap" },
		{ "10.1.0.1", "192.0.2.1", 143, .want = "block imap drop" },
		{ "10.2.0.1", "192.0.2.1", 143, .want = "allow smtp imap" },
		{ "10.2.0.1", "10.1.0.1", 25, .want = "block smtp" },
		{ "10.2.0.1", "10.1.0.1", 110,
		  .want = "limit pop3 1/day per source" },
		{ "10.2.0.1", "192.0.2.1", 110, .want = "block pop3" },
		{ "192.0.2.1", "10.2.0.1", 25, .want = "-" },
		{ "10.2.0.1", "192.0.2.1", 8080, .want = "block 8080" },
		{ "10.2.0.1", "192.0.2.1", 8081, .want = "-" },
		{ "2001:db8::1", "2001:db8::2", 25, .want = "-" },
		{ "2001:db8::1", "2001:db8::2", 110, .want = "block pop3" },
	};

	try(text, &nobody, attempts, COUNT(attempts));
}

CLAIM(sides, "a clause matches if every side that it names does, a list if one "
	     "of its members does")
{
	static const char text[] =
		HEADER "class empty { }\n"
		       "outbound from 10.0.0.0/8 fd00::/8 {\n"
		       "block smtp from 10.1.0.0/16 fd01::/16 to 192.0.2.0/24\n"
		       "block imap to any\nblock pop3 from empty\n}\n"
		       "inbound to 10.0.0.0/8 fd00::/8 {\n"
		       "block imaps from 192.0.2.1 192.31.196.9 private "
		       "to 10.1.0.1\n}\n";
	static const struct attempt attempts[] = {
		{ "10.1.2.3", "192.0.2.1", 25,
		  .want = "block smtp from 10.1.0.0/16 fd01::/16 to "
			  "192.0.2.0/24" },
		{ "10.2.2.3", "192.0.2.1", 25, .want = "-" },
		{ "10.1.2.3", "192.0.3.1", 25, .want = "-" },
		{ "192.0.2.1", "10.1.2.3", 25, .want = "-" },
		{ "fd01::1", "2001:db8::1", 25, .want = "-" },
		{ "fd01::1", "2001:db8::1", 143, .want = "block imap to any" },
		{ "fd01::1", "2001:db8::1", 110, .want = "-" },
		{ "192.31.196.9", "10.1.0.1", 993,
		  .want = "block imaps from 192.0.2.1 192.31.196.9 private to "
			  "10.1.0.1" },
		{ "172.16.0.0", "10.1.0.1", 993,
		  .want = "block imaps from 192.0.2.1 192.31.196.9 private to "
			  "10.1.0.1" },
		{ "192.31.196.2", "10.1.0.1", 993, .want = "-" },
		{ "192.31.196.9", "10.1.0.2", 993, .want = "-" },
	};

	try(text, &nobody, attempts, COUNT(attempts));
}

CLAIM(redirects, "a family that a redirect has no target for goes on, in mode "
		 "observe, too")
{
	static const char text[] =
		HEADER "outbound {\nredirect imap to 192.0.2.99\n"
		       "redirect smtp to 192.0.2.99 2001:db8::99\n"
		       "redirect pop3 to 2001:db8::99\n"
		       "block imap smtp\n}\n";
	static const char observe[] =
		HEADER "mode observe\n"
		       "outbound {\nredirect imap to 192.0.2.99\n"
		       "block imap\n}\n";
	static const struct attempt attempts[] = {
		{ "10.0.0.1", "192.0.2.1", 143,
		  .want = "redirect imap to 192.0.2.99" },
		{ "10.0.0.1", "192.0.2.99", 143,
		  .want = "redirect imap to 192.0.2.99" },
		{ "fd00::1", "2001:db8::1", 143, .want = "block imap smtp" },
		{ "fd00::1", "2001:db8::1", 110,
		  .want = "redirect pop3 to 2001:db8::99" },
		{ "10.0.0.1", "192.0.2.1", 110, .want = "-" },
		{ "fd00::1", "2001:db8::1", 25,
		  .want = "redirect smtp to 192.0.2.99 2001:db8::99" },
	};
	static const struct attempt observed[] = {
		{ "10.0.0.1", "192.0.2.1", 143,
		  .want = "redirect imap to 192.0.2.99" },
		{ "fd00::1", "2001:db8::1", 143, .want = "block imap" },
	};

	try(text, &nobody, attempts, COUNT(attempts));
	try(observe, &nobody, observed, COUNT(observed));
}

CLAIM(replies, "a clause with \"and replies\" is asked about what opens a "
	       "connection, not about what answers one")
{
	static const char text[] =
		HEADER "inbound to 10.0.0.0/8 {\nblock smtp drop and "
		       "replies\n}\n";
	static const struct attempt attempts[] = {
		{ "192.0.2.1", "10.0.0.1", 25,
		  .want = "block smtp drop and replies" },
		{ "10.0.0.1", "192.0.2.1", 25, .want = "-" },
	};

	try(text, &nobody, attempts, COUNT(attempts));
}

/* ---- interfaces and owners ---- */

CLAIM(interfaces, "an interface is where the packet came in for the side that "
		  "opens, where it leaves for the other")
{
	static const char text[] = HEADER
		"class subs { interface \"ppp*\" interface \"cust0\" 10.9.9.9 }"
		"\nclass up { interface \"wan0\" }\n"
		"outbound from subs {\nblock smtp to up\nallow smtp\n}\n"
		"inbound to subs {\nblock imap from up\n}\n";
	static const struct attempt attempts[] = {
		{ "10.0.0.1", "192.0.2.1", 25, .want = "block smtp to up",
		  .in = "ppp0", .out = "wan0" },
		{ "fd00::1", "fd00::2", 25, .want = "block smtp to up",
		  .in = "ppp", .out = "wan0" },
		{ "10.0.0.1", "192.0.2.1", 25, .want = "block smtp to up",
		  .in = "cust0", .out = "wan0" },
		{ "10.0.0.1", "192.0.2.1", 25, .want = "-", .in = "cust01",
		  .out = "wan0" },
		{ "10.0.0.1", "192.0.2.1", 25, .want = "-", .in = "pp",
		  .out = "wan0" },
		{ "10.9.9.9", "192.0.2.1", 25, .want = "block smtp to up",
		  .in = "x", .out = "wan0" },
		{ "10.0.0.1", "192.0.2.1", 25, .want = "allow smtp",
		  .in = "ppp1", .out = "wan1" },
		{ "10.0.0.1", "192.0.2.1", 25, .want = "-", .in = "wan0",
		  .out = "ppp0" },
		{ "10.0.0.1", "192.0.2.1", 143, .want = "block imap from up",
		  .in = "wan0", .out = "ppp0" },
		{ "10.0.0.1", "192.0.2.1", 143, .want = "-", .in = "ppp0",
		  .out = "wan0" },
	};

	try(text, &nobody, attempts, COUNT(attempts));
}

CLAIM(unsure, "a clause that asks for what is not known is passed over, and "
	      "this is told where it could have decided")
{
	static const char text[] =
		HEADER "class subs { interface \"ppp*\" 10.9.9.9 }\n"
		       "class up { interface \"wan0\" }\n"
		       "outbound from subs {\nblock smtp to up\n"
		       "allow smtp to 192.0.2.0/24\n}\n"
		       "outbound {\nblock smtp from 10.0.0.0/8\n"
		       "allow imap\nblock imap to up\n}\n";
	static const struct attempt attempts[] = {
		{ "10.0.0.1", "192.0.2.1", 25,
		  .want = "?block smtp from 10.0.0.0/8" },
		{ "10.0.0.1", "192.0.2.1", 25,
		  .want = "?allow smtp to 192.0.2.0/24", .in = "ppp0" },
		{ "10.0.0.1", "192.0.2.1", 25,
		  .want = "?allow smtp to 192.0.2.0/24", .in = "ppp0",
		  .out = "" },
		{ "10.0.0.1", "192.0.2.1", 25,
		  .want = "allow smtp to 192.0.2.0/24", .in = "ppp0",
		  .out = "wan1" },
		{ "10.0.0.1", "192.0.2.1", 25,
		  .want = "block smtp from 10.0.0.0/8", .in = "cust0" },
		/* the address makes it sure, or something else does */
		{ "10.9.9.9", "198.51.100.1", 25, .want = "block smtp to up",
		  .in = "", .out = "wan0" },
		{ "10.0.0.1", "198.51.100.1", 25,
		  .want = "block smtp from 10.0.0.0/8", .in = "",
		  .out = "wan1" },
		{ "11.0.0.1", "198.51.100.1", 25, .want = "?-" },
		/* what stands behind does not matter */
		{ "10.0.0.1", "192.0.2.1", 143, .want = "allow imap" },
		{ "10.0.0.1", "192.0.2.1", 110, .want = "-" },
	};

	try(text, &nobody, attempts, COUNT(attempts));
}

CLAIM(owners, "of users and groups one of each must be the socket's")
{
	static const char text[] = HOST "outbound {\n"
					"allow smtp user 7 33 group 8 44\n"
					"block smtp user 33\n"
					"block smtp reject group 44\n"
					"observe imap\n"
					"block imap user 33\n}\n";
	static const struct attempt attempts[] = {
		{ "10.0.0.1", "192.0.2.1", 25,
		  .want = "allow smtp user 7 33 group 8 44", .out = "e",
		  .owner = "33:44" },
		{ "10.0.0.1", "192.0.2.1", 25,
		  .want = "allow smtp user 7 33 group 8 44", .owner = "7:8" },
		{ "10.0.0.1", "192.0.2.1", 25, .want = "block smtp user 33",
		  .out = "e", .owner = "33:45" },
		{ "10.0.0.1", "192.0.2.1", 25,
		  .want = "block smtp reject group 44", .out = "e",
		  .owner = "34:44" },
		{ "10.0.0.1", "192.0.2.1", 25, .want = "-", .out = "e",
		  .owner = "34:45" },
		{ "10.0.0.1", "192.0.2.1", 25, .want = "-", .out = "e",
		  .owner = "0:0" },
		{ "10.0.0.1", "192.0.2.1", 25, .want = "?-", .out = "e" },
		{ "10.0.0.1", "192.0.2.1", 143, .want = "observe imap",
		  .out = "e" },
	};

	try(text, &nobody, attempts, COUNT(attempts));
}

/* ---- places ---- */

CLAIM(host, "hook output asks outbound clauses where a packet leaves and "
	    "inbound ones where it arrives, of its own packets both")
{
	static const char text[] = HOST "class lo { interface \"lo\" }\n"
					"inbound {\n"
					"block smtp\n"
					"allow imap from lo\n"
					"block imap 26\n"
					"limit pop3s 1/day per source\n}\n"
					"outbound {\n"
					"allow smtp to lo\n"
					"block smtp reject\n"
					"block imap reject to lo\n"
					"allow pop3 user 7\n"
					"allow pop3s\n"
					"block 26 drop\n}\n";
	static const struct attempt attempts[] = {
		{ "10.0.0.1", "192.0.2.1", 25, .want = "block smtp reject",
		  .out = "wan0" },
		{ "10.0.0.1", "192.0.2.1", 25, .want = "?block smtp reject",
		  .out = "" },
		{ "10.0.0.1", "192.0.2.1", 25, .want = "?block smtp reject",
		  .owner = "7:7" },
		{ "192.0.2.1", "10.0.0.1", 25, .want = "block smtp",
		  .in = "wan0" },
		{ "192.0.2.1", "10.0.0.1", 25, .want = "block smtp", .in = "" },
		/* out it may go, and is stopped when it comes in */
		{ "127.0.0.1", "127.0.0.1", 25, .want = "block smtp",
		  .in = "lo", .out = "lo" },
		{ "127.0.0.1", "127.0.0.1", 143,
		  .want = "block imap reject to lo", .in = "lo", .out = "lo" },
		{ "127.0.0.1", "127.0.0.1", 143, .want = "allow imap from lo",
		  .in = "lo" },
		{ "127.0.0.1", "127.0.0.1", 26, .want = "block 26 drop",
		  .in = "lo", .out = "lo" },
		{ "127.0.0.1", "127.0.0.1", 995, .want = "allow pop3s",
		  .in = "lo", .out = "lo" },
		{ "192.0.2.1", "10.0.0.1", 995,
		  .want = "limit pop3s 1/day per source", .in = "wan0" },
		{ "192.0.2.1", "10.0.0.1", 110, .want = "-", .in = "wan0" },
		{ "192.0.2.1", "10.0.0.1", 143, .want = "?block imap 26",
		  .in = "", .out = "wan0" },
		/* nobody knows which way it goes */
		{ "192.0.2.1", "10.0.0.1", 25, .want = "?-" },
		{ "192.0.2.1", "10.0.0.1", 110, .want = "?-" },
		{ "192.0.2.1", "10.0.0.1", 8080, .want = "-" },
	};

	try(text, &nobody, attempts, COUNT(attempts));
}

CLAIM(device, "hook ingress asks outbound clauses about what comes from its "
	      "devices and inbound ones about what goes there")
{
	static const char text[] = DEVICES "inbound {\n"
					   "block smtp drop\n"
					   "block imap drop\n}\n"
					   "outbound {\n"
					   "block smtp reject\n"
					   "allow imap\n}\n";
	static const struct attempt attempts[] = {
		{ "10.0.0.1", "192.0.2.1", 25, .want = "block smtp reject",
		  .in = "cust0", .out = "wan0" },
		{ "10.0.0.1", "192.0.2.1", 25, .want = "block smtp reject",
		  .in = "cust1" },
		{ "192.0.2.1", "10.0.0.1", 25, .want = "block smtp drop",
		  .in = "wan0", .out = "cust1" },
		{ "192.0.2.1", "10.0.0.1", 25, .want = "block smtp drop",
		  .out = "cust0" },
		{ "10.0.0.1", "10.0.1.1", 143, .want = "block imap drop",
		  .in = "cust0", .out = "cust1" },
		{ "10.0.0.1", "10.0.1.1", 143, .want = "allow imap",
		  .in = "cust0", .out = "wan0" },
		{ "192.0.2.1", "192.0.2.2", 25, .want = "-", .in = "wan0",
		  .out = "wan1" },
		{ "192.0.2.1", "192.0.2.2", 25, .want = "-", .in = "wan0" },
		{ "192.0.2.1", "192.0.2.2", 25, .want = "?-" },
		{ "192.0.2.1", "192.0.2.2", 25, .want = "?-", .in = "" },
		{ "192.0.2.1", "192.0.2.2", 25, .want = "?-", .owner = "0:0" },
		{ "192.0.2.1", "192.0.2.2", 110, .want = "-" },
	};

	try(text, &nobody, attempts, COUNT(attempts));
}

/* ---- classes ---- */

static bool is_exempt(void *ctx, const struct class *class, uint8_t family,
		      const struct addr6 *address)
{
	struct addr6 member;

	if (strcmp(class->name, "exempt"))
		return false;
	return read_address(ctx, &member) == family &&
	       !memcmp(&member, address, sizeof(member));
}

CLAIM(dynamic, "who is in a dynamic class is asked at every decision; nobody "
	       "is, if there is nobody to ask")
{
	static const char text[] =
		HEADER "class exempt dynamic\n"
		       "outbound {\nblock imap from flagged\n"
		       "allow smtp from flagged exempt\nblock smtp\n}\n";
	static const struct attempt inside[] = {
		{ "10.0.0.7", "192.0.2.1", 25,
		  .want = "allow smtp from flagged exempt" },
		{ "10.0.0.8", "192.0.2.1", 25, .want = "block smtp" },
		{ "a00:7::", "fd00::", 25, .want = "block smtp" },
		{ "10.0.0.7", "192.0.2.1", 143, .want = "-" },
	};
	static const struct attempt outside[] = {
		{ "10.0.0.7", "192.0.2.1", 25, .want = "block smtp" },
	};
	static char exempt[] = "10.0.0.7";
	struct decide_input input = { .member = is_exempt, .ctx = exempt };

	try(text, &input, inside, COUNT(inside));
	try(text, &nobody, outside, COUNT(outside));
}

CLAIM(bounds, "a range holds its ends and not their neighbours, up to the ends "
	      "of all addresses")
{
	static const char text[] = HEADER
		"class ends { 0.0.0.0-0.0.0.5 255.255.255.255 ::/127 "
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127 }\n"
		"outbound {\nblock smtp from ends\nblock imap from private\n"
		"allow imap from internet\n}\n";
	static const struct {
		const char *address;
		bool ends, private;
	} vectors[] = {
		{ "0.0.0.0", true, true },
		{ "0.0.0.5", true, true },
		{ "0.0.0.6", false, true },
		{ "0.255.255.255", false, true },
		{ "1.0.0.0", false, false },
		{ "192.0.0.8", false, true },
		{ "192.0.0.9", false, false },
		{ "192.0.0.10", false, false },
		{ "192.0.0.11", false, true },
		{ "192.88.99.1", false, false },
		{ "198.18.0.0", false, true },
		{ "223.255.255.255", false, false },
		{ "224.0.0.0", false, true },
		{ "240.0.0.0", false, true },
		{ "255.255.255.254", false, true },
		{ "255.255.255.255", true, true },
		{ "9.255.255.255", false, false },
		{ "10.0.0.0", false, true },
		{ "10.255.255.255", false, true },
		{ "11.0.0.0", false, false },
		{ "192.168.255.255", false, true },
		{ "192.169.0.0", false, false },
		{ "::", true, true },
		{ "::1", true, true },
		{ "::2", false, false },
		{ "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false, false },
		{ "fc00::", false, true },
		{ "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false, true },
		{ "fe00::", false, false },
		{ "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false, true },
		{ "fec0::", false, true },
		{ "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false, true },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffd", false, true },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", true, true },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true, true },
		{ "64:ff9b::c000:201", false, false },
		{ "64:ff9b:1::a00:1", false, false },
		{ "100::", false, true },
		{ "2001::1", false, false },
		{ "2001:1::1", false, false },
		{ "2001:1::4", false, true },
		{ "2001:20::1", false, false },
		{ "2001:40::", false, true },
		{ "2001:200::", false, false },
		{ "2001:db8::", false, true },
		{ "2002:a00:1::", false, false },
		{ "3fff:fff::", false, true },
		{ "3fff:1000::", false, false },
	};
	struct policy *p = good_policy(text);

	for (size_t i = 0; i < COUNT(vectors); i++) {
		const char *from = vectors[i].address;
		const char *to = strchr(from, ':') ? "::5" : "192.0.2.1";
		const struct attempt ends = {
			from, to, 25,
			.want = vectors[i].ends ? "block smtp from ends" : "-"
		};
		const struct attempt private = {
			from, to, 143,
			.want = vectors[i].private ? "block imap from private" :
						     "allow imap from internet"
		};

		ask(text, p, &nobody, &ends);
		ask(text, p, &nobody, &private);
	}
	policy_free(p);
}

/* The same numbers as addresses of both families. */
#define SPACE 100000

static void number_text(char *out, bool six, uint32_t n)
{
	if (six)
		sprintf(out, "2001:db8::%x:%x", n >> 16, n & 0xffff);
	else
		sprintf(out, "10.%u.%u.%u", n >> 16, n >> 8 & 255, n & 255);
}

/* A class of n ranges, one address long or more; held says which they hold. */
static void print_class(FILE *out, size_t n, uint32_t longest, uint64_t *seed,
			bool held[SPACE])
{
	char first[40], last[40];

	fputs(HEADER "class c {\n", out);
	for (size_t i = 0; i < n; i++) {
		uint32_t len = 1 + (uint32_t)(chance(seed) % longest);
		uint32_t at = (uint32_t)(chance(seed) % (SPACE - len));

		memset(held + at, true, len);
		for (int six = 0; six < 2; six++) {
			number_text(first, six, at);
			number_text(last, six, at + len - 1);
			fprintf(out, len > 1 ? "%s-%s\n" : "%s\n", first, last);
		}
	}
	fputs("}\noutbound from c {\nblock smtp\n}\n", out);
}

static void compare_all(const struct policy *p, const bool held[SPACE],
			const char *what)
{
	char from[40], to[40];

	for (uint32_t i = 0; i < SPACE; i++)
		for (int six = 0; six < 2; six++) {
			struct opening c;
			struct decision d;

			number_text(from, six, i);
			number_text(to, six, 0);
			c = connection_of(from, to, 25);
			policy_decide(p, &nobody, &c, &d);
			if (!expect(held[i] == !!d.clause, "%s: %s is %s", what,
				    from, held[i] ? "left out" : "held"))
				return;
		}
}

CLAIM(members, "the search finds every member of a class and nobody else, be "
	       "they addresses, ranges or both")
{
	static const struct {
		size_t n;
		uint32_t longest;
	} vectors[] = {
		{ 1, 1 },   { 2, 1 },	  { 3, 40 },	{ 40, 2 },
		{ 300, 9 }, { 20000, 1 }, { 20000, 2 }, { 500, 3000 },
	};
	static bool held[SPACE];
	uint64_t seed = 88172645463325252u;

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct policy *p;
		struct text t;
		char what[80];

		memset(held, 0, sizeof(held));
		print_class(text_open(&t), vectors[i].n, vectors[i].longest,
			    &seed, held);
		text_done(&t);
		p = good_policy(t.bytes);
		sprintf(what, "%zu ranges of up to %u", vectors[i].n,
			vectors[i].longest);
		compare_all(p, held, what);
		policy_free(p);
		free(t.bytes);
	}
}

/* ---- what it comes to ---- */

CLAIM(stops, "only a block stops a connection, and none does in mode observe")
{
	static const char clauses[] = "outbound {\nallow smtp\nblock imap\n"
				      "observe pop3\nredirect pop3s to ::2\n"
				      "limit imaps 1/day per source\n}\n";
	static const struct {
		uint16_t port;
		bool stops;
	} vectors[] = {
		{ 25, false },	{ 143, true },	{ 110, false },
		{ 995, false }, { 993, false }, { 8080, false },
	};

	for (int observe = 0; observe < 2; observe++) {
		char text[500];
		struct policy *p;

		sprintf(text, HEADER "%s%s", observe ? "mode observe\n" : "",
			clauses);
		p = good_policy(text);
		for (size_t i = 0; i < COUNT(vectors); i++) {
			struct opening c =
				connection_of("::1", "::3", vectors[i].port);
			struct decision d;

			policy_decide(p, &nobody, &c, &d);
			expect(decision_blocks(p, &d) ==
				       (vectors[i].stops && !observe),
			       "in \"%s\" port %u", text, vectors[i].port);
		}
		policy_free(p);
	}
}

#define PREFIXES     1000000
#define DECISIONS    1000000
#define SECONDS_MOST 20.0 /* under a sanitizer on a busy machine, too */

/* Every second /48 of 2001::/28, every 32nd /24: none touches another. */
static char *many_prefixes(void)
{
	struct text t;
	FILE *out = text_open(&t);

	for (uint32_t i = 0; i < PREFIXES / 2; i++)
		fprintf(out, "%u.%u.%u.0/24\n2001:%x:%x::/48\n", i >> 11,
			i >> 3 & 255, i << 5 & 255, i >> 15, i << 1 & 0xffff);
	text_done(&t);
	return t.bytes;
}

static struct opening anybody(uint64_t bits, bool six)
{
	struct opening c = { .family = six ? 6 : 4, .destination_port = 25 };

	if (six) {
		memcpy(c.source.byte, "\x20\x01\x00", 3);
		c.source.byte[3] = bits >> 60;
	}
	memcpy(c.source.byte + (six ? 4 : 0), &bits, 4);
	return c;
}

CLAIM(million, "a million decisions on a class of a million prefixes take "
	       "seconds, not hours")
{
	char *list = many_prefixes();
	struct text_file files[] = {
		{ .name = "main",
		  .text = HEADER "class many { file \"list\" }\n"
				 "outbound from many {\nblock smtp\n}\n" },
		{ .name = "list", .text = list },
	};
	struct world w = { .files = files, .n_files = COUNT(files) };
	struct policy *p = world_policy(&w, "main");
	uint64_t seed = 362436069;
	unsigned int blocked[2] = { 0 };
	double start = seconds_now(), took;

	assert_int_equal(p->diags.errors, 0);
	for (size_t i = 0; i < DECISIONS; i++) {
		struct opening c = anybody(chance(&seed), i % 2);
		struct decision d;

		policy_decide(p, &nobody, &c, &d);
		blocked[i % 2] += d.clause != NULL;
	}
	took = seconds_now() - start;
	expect(took < SECONDS_MOST, "it took %.1f s", took);
	expect(blocked[0] > 10000 && blocked[1] > 200000,
	       "%u and %u were of the class", blocked[0], blocked[1]);
	printf("# %.1f million decisions a second\n", DECISIONS / 1e6 / took);
	policy_free(p);
	free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(order),	  CLAIMED(sides),      CLAIMED(redirects),
		CLAIMED(replies), CLAIMED(interfaces), CLAIMED(unsure),
		CLAIMED(owners),  CLAIMED(host),       CLAIMED(device),
		CLAIMED(dynamic), CLAIMED(bounds),     CLAIMED(members),
		CLAIMED(stops),	  CLAIMED(million),
	};

	return cmocka_run_group_tests_name("decide", tests, NULL, NULL);
}
