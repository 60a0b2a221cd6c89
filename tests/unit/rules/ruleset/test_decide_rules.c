/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy asked against the same policy compiled: policies and opening
 * packets by chance, to policy_decide() and, rule by rule, through its ruleset.
 */
#include "../../connection.h"

#include "../../../../rules/ruleset/ruleset.h"

#define POLICIES 1000
#define PACKETS	 100 /* for each policy */

static uint64_t seed = 88172645463325252u;

static unsigned int below(unsigned int n)
{
	return (unsigned int)(chance(&seed) % n);
}

static bool one_in(unsigned int n)
{
	return !below(n);
}

static const char *pick(const char *const *words, unsigned int n)
{
	return words[below(n)];
}
#define PICK(words) pick(words, COUNT(words))

/* ---- a policy by chance ---- */

static const char *const members[] = {
	"10.0.0.1",    "10.0.0.2-10.0.0.5", "10.0.0.4/30",
	"192.0.2.3",   "192.0.2.0/30",	    "192.0.2.5-192.0.2.7",
	"fd00::1",     "fd00::2-fd00::5",   "fd00::4/126",
	"2001:db8::3", "2001:db8::/126",    "2001:db8::5-2001:db8::7",
};
static const char *const refs[] = {
	"a", "b", "c", "d", "private", "internet", "any", "192.0.2.6 fd00::6",
};
static const char *const services[] = { "smtp", "imap", "pop3" };

/* Not every hook sees interfaces, so that few policies have them. */
static void print_classes(FILE *out)
{
	for (const char *name = "abc"; *name; name++) {
		fprintf(out, "class %c {", *name);
		for (int i = 0; i < 4; i++)
			fprintf(out, " %s", PICK(members));
		fputs(" }\n", out);
	}
	if (one_in(3))
		fputs("class e { interface \"e0\" fd00::7 }\n"
		      "class f { interface \"e1*\" }\n",
		      out);
	else
		fputs("class e { fd00::7 }\nclass f { 10.0.0.7 }\n", out);
	fputs("class d dynamic\n", out);
}

static void print_refs(FILE *out, const char *word)
{
	static const char *const cold[] = { "e", "f" };

	if (one_in(2))
		return;
	fprintf(out, " %s %s", word, one_in(4) ? PICK(cold) : PICK(refs));
	if (one_in(3))
		fprintf(out, " %s", PICK(refs));
}

static void print_redirect(FILE *out)
{
	static const char *const targets[] = { "192.0.2.9 2001:db8::9",
					       "192.0.2.3 2001:db8::3",
					       "192.0.2.9", "2001:db8::9" };

	fprintf(out, "redirect %s to %s", PICK(services), pick(targets, 4));
}

static void print_clause(FILE *out, enum hook hook, bool inbound)
{
	static const char *const passes[] = { "allow", "observe" };
	static const char *const refusals[] = { "drop", "reset", "reject" };
	bool rewrites =
		hook == HOOK_FORWARD || (hook == HOOK_OUTPUT && !inbound);
	const char *refusal = hook == HOOK_INGRESS ? "drop" : PICK(refusals);
	unsigned int kind = below(rewrites ? 8 : 7);

	if (kind < 3)
		fprintf(out, "%s %s %s", PICK(passes), PICK(services),
			one_in(2) ? "26" : "");
	else if (kind < 6)
		fprintf(out, "block %s %s%s", PICK(services), refusal,
			one_in(4) ? " and replies" : "");
	else if (kind < 7)
		fprintf(out, "limit %s 9/day per source %s", PICK(services),
			refusal);
	else
		print_redirect(out);
	print_refs(out, "from");
	if (kind < 7)
		print_refs(out, "to");
	if (hook == HOOK_OUTPUT && !inbound && one_in(3))
		fputs(one_in(2) ? " user 1 2" : " group 2", out);
	if (one_in(4))
		fputs(" log", out);
	fputc('\n', out);
}

static void print_policy(FILE *out)
{
	static const char *const hooks[] = { "forward", "output", "bridge",
					     "ingress e0 e1" };
	enum hook hook = (enum hook)below(COUNT(hooks));
	bool observe = one_in(6);

	fprintf(out, "policy p\nhook %s\n%s", hooks[hook],
		observe ? "mode observe\n" : "");
	if (one_in(2))
		fputs("log limit 9/day per source\n", out);
	print_classes(out);
	for (unsigned int i = 1 + below(4); i; i--) {
		bool inbound = one_in(2);

		fputs(inbound ? "inbound" : "outbound", out);
		print_refs(out, inbound ? "to" : "from");
		fputs(" {\n", out);
		for (unsigned int k = 1 + below(5); k; k--)
			print_clause(out, hook, inbound);
		fputs("}\n", out);
	}
}

/* ---- a packet by chance ---- */

static const char *an_interface(void)
{
	static const char *const names[] = { "e0", "e1", "e10", "w0" };

	return PICK(names);
}

static struct opening a_packet(enum hook hook)
{
	static const char *const networks[][2] = { { "10.0.0.", "192.0.2." },
						   { "fd00::", "2001:db8::" } };
	static const uint16_t ports[] = { 25, 143, 110, 26 };
	const char *const *network = networks[below(2)];
	char source[20], destination[20];
	struct opening c;

	sprintf(source, "%s%u", network[below(2)], below(10));
	sprintf(destination, "%s%u", network[below(2)], below(10));
	c = connection_of(source, destination, ports[below(COUNT(ports))]);
	if (hook == HOOK_FORWARD || hook == HOOK_BRIDGE || one_in(2))
		c.in = an_interface();
	if (hook != HOOK_BRIDGE && (hook == HOOK_FORWARD || !c.in || one_in(2)))
		c.out = an_interface();
	c.has_owner = hook == HOOK_OUTPUT && c.out;
	c.uid = below(4);
	c.gid = below(4);
	return c;
}

/* Whatever class is dynamic, every second address is in it. */
static bool is_member(void *ctx, const struct class *class, uint8_t family,
		      const struct addr6 *address)
{
	(void)ctx;
	(void)class;
	return address->byte[family == 4 ? 3 : 15] & 1;
}

/* ---- a packet through rules ---- */

struct walk {
	const struct ruleset *rs;
	struct opening packet; /* as rewritten so far */
	const char *in, *out;  /* that are seen at this base chain */
	bool rewritten;
	const struct span *origin; /* of the rule that ended the walk */
};

static bool ranges_hold(const struct ranges6 *list, const uint8_t *bytes)
{
	for (size_t i = 0; i < list->n; i++)
		if (memcmp(list->items[i].first.byte, bytes, 16) <= 0 &&
		    memcmp(bytes, list->items[i].last.byte, 16) <= 0)
			return true;
	return false;
}

static bool set_holds(const struct walk *w, const struct set *set,
		      const struct addr6 *address)
{
	uint32_t v4 = address4(address);

	if (w->packet.family != (set->key == KEY_IPV4 ? 4 : 6))
		return false;
	if (set->class->kind == CLASS_DYNAMIC)
		return is_member(NULL, set->class, w->packet.family, address);
	if (set->v6)
		return ranges_hold(set->v6, address->byte);
	for (size_t i = 0; i < set->v4->n; i++)
		if (set->v4->items[i].first <= v4 &&
		    v4 <= set->v4->items[i].last)
			return true;
	return false;
}

static bool name_is_in(const struct set *set, const char *name)
{
	uint8_t bytes[17] = { 0 };

	if (!name)
		return false;
	memcpy(bytes, name, strlen(name));
	return ranges_hold(set->v6, bytes);
}

static bool is_target(const struct walk *w, const struct stmt *s,
		      const struct addr6 *address)
{
	if (w->packet.family != s->target.family)
		return false;
	return s->target.family == 4 ?
		       address4(address) == s->target.v4 :
		       !memcmp(address, &s->target.v6, sizeof(*address));
}

static void rewrite(struct walk *w, const struct stmt *s)
{
	struct addr6 *to = &w->packet.destination;

	if (s->target.family == 6)
		*to = s->target.v6;
	for (int i = 0; i < 4 && s->target.family == 4; i++)
		to->byte[i] = (uint8_t)(s->target.v4 >> (24 - 8 * i));
	w->rewritten = true;
}

static bool follow(struct walk *w, const char *chain);

static bool jump_by_port(struct walk *w, const struct set *set, uint16_t port)
{
	for (size_t i = 0; i < set->jumps->n; i++)
		if (set->jumps->items[i].port == port)
			return follow(w, set->jumps->items[i].chain);
	return false;
}

enum outcome { NEXT_STMT, NEXT_RULE, END_CHAIN, END_WALK };

static enum outcome holds(bool good)
{
	return good ? NEXT_STMT : NEXT_RULE;
}

static enum outcome go(struct walk *w, const struct stmt *s)
{
	if (follow(w, s->chain))
		return END_WALK;
	return s->kind == STMT_GOTO ? END_CHAIN : NEXT_RULE;
}

static enum outcome apply(struct walk *w, const struct stmt *s)
{
	const struct opening *c = &w->packet;

	switch (s->kind) {
	case STMT_TCP:
	case STMT_SYN:
	case STMT_METER: /* the first of its source */
	case STMT_ARMED: /* and its source is seen */
	case STMT_DISARM:
	case STMT_SEEN:
	case STMT_COUNTER:
	case STMT_LOG:
		return NEXT_STMT;
	case STMT_NOT_SYN:
	case STMT_RST:
	case STMT_LOCAL:
	case STMT_DNAT_FROM:
	case STMT_METER_OVER:
	case STMT_FIRST4: /* nor is it in pieces, or hides anything */
	case STMT_FIRST6:
	case STMT_SECOND4:
	case STMT_EARLY6:
	case STMT_HAS_FLAGS:
	case STMT_NOT_TCP:
	case STMT_OPTIONS4:
	case STMT_LOOSE4:
	case STMT_STRICT4:
	case STMT_ROUTED6:
	case STMT_PROTOCOL: /* nor is it in a frame of another kind */
	case STMT_NOT_PROTOCOL:
	case STMT_BYTES:
		return NEXT_RULE;
	case STMT_FAMILY:
		return holds(c->family == s->target.family);
	case STMT_SADDR:
		return holds(set_holds(w, s->set, &c->source));
	case STMT_DADDR:
		return holds(set_holds(w, s->set, &c->destination));
	case STMT_SADDR_IS:
		return holds(is_target(w, s, &c->source));
	case STMT_DADDR_IS:
		return holds(is_target(w, s, &c->destination));
	case STMT_IIFNAME:
		return holds(name_is_in(s->set, w->in));
	case STMT_OIFNAME:
		return holds(name_is_in(s->set, w->out));
	case STMT_SKUID:
		return holds(c->has_owner && c->uid == s->id);
	case STMT_SKGID:
		return holds(c->has_owner && c->gid == s->id);
	case STMT_DNAT_TO:
		return holds(w->rewritten && is_target(w, s, &c->destination));
	case STMT_DPORT:
		return jump_by_port(w, s->set, c->destination_port) ? END_WALK :
								      NEXT_RULE;
	case STMT_SPORT:
		return jump_by_port(w, s->set, c->source_port) ? END_WALK :
								 NEXT_RULE;
	case STMT_DPORT_IS:
		return holds(c->destination_port == s->port);
	case STMT_SPORT_IS:
		return holds(c->source_port == s->port);
	case STMT_JUMP:
	case STMT_GOTO:
		return go(w, s);
	case STMT_DNAT:
		rewrite(w, s);
		return END_WALK;
	case STMT_RETURN:
		return END_CHAIN;
	case STMT_ACCEPT:
	case STMT_DROP:
	case STMT_RESET:
	case STMT_REJECT:
		return END_WALK;
	}
	return NEXT_RULE;
}

static enum outcome apply_rule(struct walk *w, const struct rule *rule)
{
	enum outcome outcome = NEXT_STMT;

	for (unsigned int i = 0; i < rule->n && outcome == NEXT_STMT; i++)
		outcome = apply(w, &rule->stmts[i]);
	/* the deepest rule that ended it comes first */
	if (outcome == END_WALK && !w->origin)
		w->origin = rule->origin;
	return outcome;
}

static const struct chain *chain_named(const struct ruleset *rs,
				       const char *name)
{
	for (size_t i = 0; i < rs->chains.n; i++)
		if (!strcmp(rs->chains.items[i]->name, name))
			return rs->chains.items[i];
	return NULL;
}

/* True when a verdict was found. */
static bool follow(struct walk *w, const char *name)
{
	const struct chain *chain = chain_named(w->rs, name);

	for (size_t i = 0; chain && i < chain->rules.n; i++) {
		enum outcome outcome = apply_rule(w, &chain->rules.items[i]);

		if (outcome == END_WALK)
			return true;
		if (outcome == END_CHAIN)
			return false;
	}
	return false;
}

static const struct clause *clause_at(const struct policy *p,
				      const struct span *origin)
{
	for (size_t i = 0; i < p->blocks.n; i++) {
		const struct block *b = &p->blocks.items[i];

		for (size_t k = 0; k < b->clauses.n; k++)
			if (&b->clauses.items[k].span == origin)
				return &b->clauses.items[k];
	}
	return NULL;
}

/* ---- a packet through a hook ---- */

static const struct clause *at_base(struct walk *w, const char *base,
				    const char *in, const char *out)
{
	w->in = in;
	w->out = out;
	w->origin = NULL;
	follow(w, base);
	return clause_at(w->rs->policy, w->origin);
}

/* The nat chain redirects, and the filter chain lets that pass. */
static const struct clause *with_nat(struct walk *w, const char *base,
				     const char *in, const char *out)
{
	const struct clause *nat, *filter;

	nat = at_base(w, "nat", in,
		      w->rs->policy->hook == HOOK_OUTPUT ? out : NULL);
	filter = at_base(w, base, in, out);
	if (!w->rewritten)
		return filter;
	expect(filter && filter->action == ACTION_REDIRECT,
	       "\"%s\" is rewritten and meets \"%s\"", nat->text,
	       filter ? filter->text : "-");
	return nat;
}

static bool is_device(const struct policy *p, const char *name)
{
	for (size_t i = 0; name && i < p->devices.n; i++)
		if (!strcmp(p->devices.items[i].text, name))
			return true;
	return false;
}

static const struct clause *harder(const struct clause *first,
				   const struct clause *second)
{
	bool passes = !first || action_lets_through(first->action);

	return !first || (passes && second &&
			  !action_lets_through(second->action)) ?
		       second :
		       first;
}

static const struct clause *by_rules(const struct ruleset *rs,
				     const struct opening *c)
{
	const struct clause *first = NULL, *second = NULL;
	struct walk w = { .rs = rs, .packet = *c };

	switch (rs->policy->hook) {
	case HOOK_FORWARD:
		return with_nat(&w, "forward", c->in, c->out);
	case HOOK_BRIDGE:
		return at_base(&w, "prerouting", c->in, NULL);
	case HOOK_OUTPUT:
		if (c->out)
			first = with_nat(&w, "output", NULL, c->out);
		w.packet.has_owner = false;
		if (c->in && !w.rewritten)
			second = at_base(&w, "input", c->in, NULL);
		break;
	case HOOK_INGRESS:
		if (is_device(rs->policy, c->in))
			first = at_base(&w, "ingress", c->in, NULL);
		if (is_device(rs->policy, c->out))
			second = at_base(&w, "egress", NULL, c->out);
		break;
	}
	return harder(first, second);
}

/* ---- both ---- */

static const struct decide_input input = { .member = is_member };

static const char *packet_text(const struct opening *c, char *out)
{
	char source[40], destination[40];

	if (c->family == 4) {
		addr4_print(source, address4(&c->source));
		addr4_print(destination, address4(&c->destination));
	} else {
		addr6_print(source, &c->source);
		addr6_print(destination, &c->destination);
	}
	sprintf(out, "%s -> %s port %u, in %s, out %s, owner %s%u:%u", source,
		destination, c->destination_port, c->in ? c->in : "-",
		c->out ? c->out : "-", c->has_owner ? "" : "not ", c->uid,
		c->gid);
	return out;
}

static const char *clause_text(const struct clause *clause)
{
	return clause ? clause->text : "-";
}

static bool try_packet(const char *text, const struct ruleset *rs,
		       const struct opening *c)
{
	const struct clause *want = by_rules(rs, c);
	struct decision d;
	char packet[200];

	policy_decide(rs->policy, &input, c, &d);
	return expect(d.clause == want && !d.unsure,
		      "in \"%s\"\n    %s\n    got  \"%s\"%s\n    want \"%s\"",
		      text, packet_text(c, packet), clause_text(d.clause),
		      d.unsure ? ", unsure" : "", clause_text(want));
}

/* Behind tags, PPPoE, MPLS or LLC: the rules that look there. */
static bool try_inside(const char *text, const struct ruleset *rs,
		       const struct opening *c)
{
	static const unsigned int offsets[] = { 4, 7, 8, 11, 12 };
	const char *base =
		rs->policy->hook == HOOK_BRIDGE ? "prerouting" : "ingress";
	struct walk w = { .rs = rs, .packet = *c };
	const struct clause *want = at_base(&w, base, c->in, NULL);
	char name[40], packet[200];
	bool good = true;

	for (size_t i = 0; i < COUNT(offsets) && good; i++) {
		const struct clause *got;

		sprintf(name, "%s.in%u.v%d", base, offsets[i], c->family);
		got = at_base(&w, name, c->in, NULL);
		good = expect(!chain_named(rs, base) == !chain_named(rs, name),
			      "in \"%s\"\n    no %s", text, name) &&
		       expect(got == want,
			      "in \"%s\"\n    %s: %s\n    got  \"%s\"\n"
			      "    want \"%s\"",
			      text, name, packet_text(c, packet),
			      clause_text(got), clause_text(want));
	}
	return good;
}

/* Less is known; what is said for sure stays true. */
static bool try_less(const char *text, const struct policy *p,
		     const struct opening *c)
{
	bool places = p->hook == HOOK_OUTPUT || p->hook == HOOK_INGRESS;
	struct opening less = *c;
	struct decision d, e;
	char packet[200];

	if (less.in && one_in(2))
		less.in = places ? "" : NULL;
	if (less.out && one_in(2))
		less.out = places ? "" : NULL;
	if (one_in(2)) {
		less.has_owner = false;
		less.uid = less.gid = UINT32_MAX;
	}
	policy_decide(p, &input, c, &d);
	policy_decide(p, &input, &less, &e);
	return expect(e.unsure || e.clause == d.clause,
		      "in \"%s\"\n    %s\n    knew \"%s\"\n    sure \"%s\"",
		      text, packet_text(&less, packet), clause_text(d.clause),
		      clause_text(e.clause));
}

/* False: its text has mistakes, such as interfaces that a hook does not see. */
static bool try_policy(void)
{
	struct text t;
	struct policy *p;
	struct ruleset *rs;
	bool good;

	print_policy(text_open(&t));
	p = text_policy(text_done(&t));
	good = !p->diags.errors;
	if (good) {
		bool sees_frames =
			p->hook == HOOK_BRIDGE || p->hook == HOOK_INGRESS;

		assert_int_equal(ruleset_new(p, &rs), 0);
		for (int i = 0; i < PACKETS; i++) {
			struct opening c = a_packet(p->hook);

			if (!try_packet(t.bytes, rs, &c) ||
			    (sees_frames && !try_inside(t.bytes, rs, &c)) ||
			    !try_less(t.bytes, p, &c))
				break;
		}
		ruleset_free(rs);
	}
	policy_free(p);
	free(t.bytes);
	return good;
}

CLAIM(same, "decide() and the rules that are loaded give each opening packet "
	    "to the same clause, in a frame within a frame too, and what it "
	    "says for sure is so")
{
	unsigned int good = 0, tries = 0;

	for (; good < POLICIES && !failures && tries < 4 * POLICIES; tries++)
		good += try_policy();
	expect(failures || good == POLICIES, "%u of %u policies were good",
	       good, tries);
}

int main(void)
{
	const struct CMUnitTest tests[] = { CLAIMED(same) };

	return cmocka_run_group_tests_name("decide_rules", tests, NULL, NULL);
}
