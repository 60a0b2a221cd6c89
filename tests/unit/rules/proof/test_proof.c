/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tests of a policy: which hold, and what shows that one does not. */
#include "../../connection.h"

#include "../../../../rules/proof/proof.h"

/* ---- lines by hand ---- */

struct row {
	const char *line; /* of a test */
	const char *want; /* the middle of the message; NULL: it holds */
};

static void try_rows(const char *policy, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char text[4000];
		struct policy *p;
		const char *got = NULL;

		snprintf(text, sizeof(text), "%s\ntest \"t\" {\n%s\n}\n",
			 policy, rows[i].line);
		p = good_policy(text);
		assert_int_equal(policy_prove(p), 0);
		for (size_t k = 0; k < p->diags.n; k++)
			if (!strncmp(p->diags.items[k].code, "test-", 5))
				got = p->diags.items[k].message;
		expect(!got == !rows[i].want &&
			       (!got || strstr(got, rows[i].want)),
		       "in \"%s\"\n    got  \"%s\"\n    want \"%s\"",
		       rows[i].line, got ? got : "it holds",
		       rows[i].want ? rows[i].want : "it holds");
		policy_free(p);
	}
}

CLAIM(lines, "a line holds for every connection that it names, or one is shown")
{
	static const char policy[] = HEADER
		"class subs { 100.64.0.0/10 2001:db8:4000::/34 }\n"
		"class relays { 192.31.196.25 2620:4f:8000::25 }\n"
		"class exempt dynamic\n"
		"outbound from subs {\nallow smtp to relays\n"
		"allow smtp from exempt\nblock smtp reset\n"
		"limit submission 10/minute per source\nobserve imap\n}\n"
		"inbound to subs {\nblock smtp drop\n}\n";
	static const struct row rows[] = {
		{ "expect 100.64.3.9 -> 203.0.113.5 smtp reset", NULL },
		{ "expect subs -> relays smtp allow", NULL },
		{ "expect subs -> internet smtp block unless to relays", NULL },
		{ "expect subs -> internet smtp block",
		  "100.64.0.0 -> 192.31.196.25 smtp: allow, not block" },
		{ "expect subs -> internet smtp drop unless to relays",
		  "reset, not drop" },
		{ "never subs -> internet smtp allow unless from exempt "
		  "unless to relays",
		  NULL },
		{ "never subs -> internet smtp allow unless to relays",
		  "when the source is in exempt: allow" },
		{ "expect exempt -> internet smtp allow", NULL },
		{ "expect internet -> subs smtp drop unless from subs", NULL },
		{ "expect subs -> any submission limit", NULL },
		{ "expect subs -> any submission allow", "limit, not allow" },
		{ "expect subs -> any imap observe", NULL },
		{ "expect subs -> any imap allow", NULL },
		{ "never any -> any imap submissions 465 block", NULL },
		{ "expect any -> 2620:4f:8000::25 pop3 allow", NULL },
		{ "expect 2001:db8:4000::7 -> 192.0.2.1 smtp allow",
		  "asks about no connection" },
		{ "expect relays -> internet smtp allow unless from any",
		  "asks about no connection" },
		{ "expect subs -> internet smtp submission reset unless to "
		  "relays",
		  "submission: limit, not reset" },
	};

	try_rows(policy, rows, COUNT(rows));
}

CLAIM(interfaces,
      "a class is its interfaces, too, and the one that shows it is "
      "named")
{
	static const char policy[] =
		HEADER "class subs { 100.64.0.0/10 interface \"ppp*\" "
		       "interface \"ppp7\" }\n"
		       "class odd { interface \"ppp7\" }\n"
		       "outbound from subs {\nallow smtp from odd\n"
		       "block smtp reset\n}\n";
	static const struct row rows[] = {
		{ "expect subs -> any smtp reset unless from odd", NULL },
		{ "expect subs -> any smtp reset",
		  "in over ppp7: allow, not reset" },
		{ "expect odd -> any smtp allow", NULL },
		{ "never 192.0.2.1 -> any smtp reset", "in over ppp0: reset" },
	};

	try_rows(policy, rows, COUNT(rows));
}

CLAIM(hosts, "at hook output owners are told apart, and directions are")
{
	static const char policy[] =
		HEADER_OF("p", "output") "outbound {\nallow smtp user 8 9\n"
					 "block smtp reset\n}\n"
					 "inbound {\nblock imap drop\n}\n";
	static const struct row rows[] = {
		{ "expect any user 8 -> internet smtp allow", NULL },
		{ "expect any user 8 9 -> internet smtp allow", NULL },
		{ "expect any user 10 -> internet smtp reset", NULL },
		{ "expect any -> internet smtp reset",
		  "of user 8 and group 1000: allow, not reset" },
		{ "expect any -> internet smtp reset unless user 8 9", NULL },
		{ "expect any -> internet imap allow", NULL },
		{ "expect inbound any -> any imap drop", NULL },
		{ "expect inbound any -> any smtp allow", NULL },
	};

	try_rows(policy, rows, COUNT(rows));
}

CLAIM(devices, "at hook ingress what comes from a device is outbound")
{
	static const char policy[] = HEADER_OF(
		"p", "ingress cust0 cust1") "outbound {\nblock smtp drop\n}\n"
					    "inbound to 10.0.0.0/8 {\nblock "
					    "pop3 drop\n}\n";
	static const struct row rows[] = {
		{ "expect any -> any smtp drop", NULL },
		{ "expect any -> any pop3 allow", NULL },
		{ "expect inbound any -> 10.0.0.0/8 pop3 drop", NULL },
		{ "expect inbound any -> any pop3 drop", "allow, not drop" },
	};

	try_rows(policy, rows, COUNT(rows));
}

/* ---- against asking about every connection ---- */

#define HOSTS	 8 /* 10.0.0.0 and on, and one that no class has */
#define POLICIES 4000

static const char *const names[] = { "eth0", "ppp0", "ppp7", "eth1" };
static const char *const class_names[] = { "a", "b", "c",	"i",
					   "d", "e", "10.0.0.3" };

struct page {
	char text[4000];
	size_t n;
	uint64_t *seed;
};

static void put(struct page *p, const char *text)
{
	p->n += (size_t)snprintf(p->text + p->n, sizeof(p->text) - p->n, "%s",
				 text);
}

static void put_classes(struct page *p, const char *word, bool always)
{
	size_t n = chance(p->seed) % 3;

	if (!n && !always)
		return;
	put(p, word);
	for (n = n ? n : 1; n; n--) {
		put(p, " ");
		put(p, class_names[chance(p->seed) % COUNT(class_names)]);
	}
}

static void put_members(struct page *p, const char *name)
{
	char text[60];

	put(p, "class ");
	put(p, name);
	put(p, " {");
	for (uint64_t n = chance(p->seed) % 3 + 1; n; n--) {
		uint64_t first = chance(p->seed) % HOSTS;
		uint64_t last = first + chance(p->seed) % (HOSTS - first);

		snprintf(text, sizeof(text), " 10.0.0.%d-10.0.0.%d", (int)first,
			 (int)last);
		put(p, text);
	}
	if (!(chance(p->seed) % 4))
		put(p, " interface \"ppp*\"");
	put(p, " }\n");
}

static void put_clause(struct page *p)
{
	static const char *const actions[] = {
		"allow smtp", "block smtp reset",  "block smtp drop",
		"block smtp", "observe smtp imap", "limit smtp 1/day per source"
	};

	put(p, actions[chance(p->seed) % COUNT(actions)]);
	put_classes(p, " from", false);
	put_classes(p, " to", false);
	put(p, "\n");
}

static void put_block(struct page *p)
{
	bool outbound = chance(p->seed) % 2;

	put(p, outbound ? "outbound" : "inbound");
	put_classes(p, outbound ? " from" : " to", false);
	put(p, " {\n");
	for (uint64_t n = chance(p->seed) % 3 + 1; n; n--)
		put_clause(p);
	put(p, "}\n");
}

static void put_policy(struct page *p)
{
	static const char *const verdicts[] = { "allow", "block", "reset",
						"drop",	 "limit", "observe" };

	put(p, HEADER "class i { interface \"eth1\" interface \"ppp7\" }\n"
		      "class d dynamic\nclass e dynamic\n");
	put_members(p, "a");
	put_members(p, "b");
	put_members(p, "c");
	put_block(p);
	put_block(p);
	put(p, "test \"t\" {\n");
	put(p, chance(p->seed) % 2 ? "expect" : "never");
	put_classes(p, "", true);
	put(p, " ->");
	put_classes(p, "", true);
	put(p, " smtp ");
	put(p, verdicts[chance(p->seed) % COUNT(verdicts)]);
	put_classes(p, " unless from", false);
	put_classes(p, " unless to", false);
	put(p, "\n}\n");
}

/* One side: an address, an interface, members of d and e by bits. */
struct side_at {
	uint8_t family;
	struct addr6 address;
	const char *name;
	unsigned int in;
};

static const struct side_at *asked_from, *asked_to;
static const struct opening *asked_opening;

static bool side_in(const struct side_at *s, const struct class *class)
{
	return s->in >> (class->name[0] - 'd') & 1;
}

static bool is_member(void *ctx, const struct class *class, uint8_t family,
		      const struct addr6 *address)
{
	(void)ctx;
	(void)family;
	if (!strcmp(class->name, "flagged"))
		return false;
	return side_in(address == &asked_opening->source ? asked_from :
							   asked_to,
		       class);
}

static bool side_is_of(const struct side_at *s, const struct class_refs *refs)
{
	for (size_t i = 0; i < refs->n; i++) {
		const struct class *c = refs->items[i];

		if (c->kind == CLASS_DYNAMIC ?
			    side_in(s, c) :
			    class_has(c, s->family, &s->address) ||
				    class_has_interface(c, s->name))
			return true;
	}
	return !refs->n;
}

static bool side_is_meant(const struct side_at *s, const struct test_end *end)
{
	return side_is_of(s, &end->of) &&
	       !(end->has_unless && side_is_of(s, &end->unless));
}

static bool verdict_fits(const struct clause *c, enum expected v)
{
	static const char *const ways[] = {
		[EXPECTED_RESET] = "reset", [EXPECTED_DROP] = "drop"
	};

	if (!c)
		return v == EXPECTED_ALLOW;
	switch (c->action) {
	case ACTION_ALLOW:
		return v == EXPECTED_ALLOW;
	case ACTION_OBSERVE:
		return v == EXPECTED_ALLOW || v == EXPECTED_OBSERVE;
	case ACTION_LIMIT:
		return v == EXPECTED_LIMIT;
	case ACTION_BLOCK:
		return v == EXPECTED_BLOCK ||
		       ((v == EXPECTED_RESET || v == EXPECTED_DROP) &&
			!strcmp(ways[v], refusal_name(c->refusal)));
	case ACTION_REDIRECT:
	case ACTION_N:
		break;
	}
	return false;
}

/* The bits of dynamic classes that a line of "expect" names itself. */
static unsigned int named_bits(const struct expectation *l,
			       const struct test_end *end)
{
	unsigned int bits = l->never ? 3 : 0;

	for (size_t i = 0; i < end->of.n; i++)
		if (end->of.items[i]->kind == CLASS_DYNAMIC)
			bits |= 1u << (end->of.items[i]->name[0] - 'd');
	return bits;
}

static size_t all_sides(const struct expectation *l, const struct test_end *end,
			struct side_at *out)
{
	unsigned int bits = named_bits(l, end);
	size_t n = 0;

	for (int host = 0; host <= HOSTS + 1; host++)
		for (size_t k = 0; k < COUNT(names); k++)
			for (unsigned int in = 0; in < 4; in++) {
				struct side_at s = { .name = names[k],
						     .in = in };
				char text[40];

				snprintf(text, sizeof(text), "10.0.0.%d", host);
				s.family = read_address(
					host > HOSTS ? "2001:db8::1" : text,
					&s.address);
				if (!(in & ~bits) && side_is_meant(&s, end))
					out[n++] = s;
			}
	return n;
}

/* Does it hold? -1: it is about nothing. */
static int ask_all(const struct policy *p)
{
	static struct side_at from[1000], to[1000];
	const struct expectation *l = &p->tests.items[0].lines.items[0];
	const struct decide_input input = { .member = is_member };
	size_t n_from = all_sides(l, &l->from, from);
	size_t n_to = all_sides(l, &l->to, to), asked = 0;

	for (size_t i = 0; i < n_from; i++)
		for (size_t k = 0; k < n_to; k++) {
			struct opening c = { .family = from[i].family,
					     .source = from[i].address,
					     .destination = to[k].address,
					     .destination_port = 25,
					     .in = from[i].name,
					     .out = to[k].name };
			struct decision d;

			if (from[i].family != to[k].family)
				continue;
			asked++;
			asked_from = &from[i];
			asked_to = &to[k];
			asked_opening = &c;
			policy_decide(p, &input, &c, &d);
			if (verdict_fits(d.clause, l->verdict) == l->never)
				return 0;
		}
	return asked ? 1 : -1;
}

CLAIM(chances, "what is proven of chance policies is what asking about every "
	       "connection says")
{
	uint64_t seed = 4711;
	int told[3] = { 0 };

	for (int i = 0; i < POLICIES; i++) {
		struct page page = { .seed = &seed };
		struct policy *p;
		int want, got;

		put_policy(&page);
		p = good_policy(page.text);
		want = ask_all(p);
		assert_int_equal(policy_prove(p), 0);
		got = !p->diags.errors;
		for (size_t k = 0; k < p->diags.n; k++)
			if (!strcmp(p->diags.items[k].code, "test-of-nothing"))
				got = -1;
		expect(got == want, "got %d want %d in\n%s", got, want,
		       page.text);
		told[want + 1]++;
		policy_free(p);
	}
	printf("# of %d lines %d hold, %d do not, %d are about nothing\n",
	       POLICIES, told[2], told[1], told[0]);
	expect(told[2] > 20 && told[1] > 20, "the chances are too few");
}

/* ---- bounds ---- */

CLAIM(too_large, "what has too many kinds of connections is said to be not "
		 "decided")
{
	struct page page = { 0 };
	char text[40];
	struct policy *p;

	put(&page, HEADER);
	for (int i = 0; i < 14; i++) {
		snprintf(text, sizeof(text), "class d%d dynamic\n", i);
		put(&page, text);
	}
	put(&page, "outbound {\n");
	for (int i = 0; i < 14; i++) {
		snprintf(text, sizeof(text), "allow smtp from d%d\n", i);
		put(&page, text);
	}
	put(&page, "block smtp\n}\ntest \"t\" {\n"
		   "never any -> any smtp drop\n}\n");
	p = good_policy(page.text);
	assert_int_equal(policy_prove(p), 0);
	expect(p->diags.errors == 1, "%zu errors", p->diags.errors);
	for (size_t i = 0; i < p->diags.n; i++)
		expect(p->diags.items[i].severity != SEVERITY_ERROR ||
			       !strcmp(p->diags.items[i].code,
				       "test-too-large"),
		       "got %s", p->diags.items[i].message);
	policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(lines),	  CLAIMED(interfaces), CLAIMED(hosts),
		CLAIMED(devices), CLAIMED(chances),    CLAIMED(too_large),
	};

	return cmocka_run_group_tests_name("proof", tests, NULL, NULL);
}
