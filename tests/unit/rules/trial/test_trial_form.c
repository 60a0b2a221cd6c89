/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ruleset beside another one: names, gates, and who is newly blocked. */
#include "../../scene.h"

#include "../../../../rules/ruleset/digest.h"
#include "../../../../rules/trial/trial_batch.h"
#include "../../../../rules/trial/trial_form.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

/* ---- a form as text ---- */

struct beside {
	struct scene scene;
	struct trial_form *form;
};

static struct beside beside(const char *old, const char *next,
			    const struct trial_stops *stops)
{
	struct beside b = { .scene = scene(old, next) };

	assert_int_equal(
		trial_form_new(b.scene.before, b.scene.rs, stops, &b.form), 0);
	return b;
}

static void beside_free(struct beside *b)
{
	trial_form_free(b->form);
	scene_free(&b->scene);
}

static char *form_text(const struct trial_form *form)
{
	struct text t;

	emit_nft(&form->rules, text_open(&t));
	text_done(&t);
	return t.bytes;
}

static const struct chain *chain_named(const struct trial_form *form,
				       const char *name)
{
	for (size_t i = 0; i < form->rules.chains.n; i++)
		if (!strcmp(form->rules.chains.items[i]->name, name))
			return form->rules.chains.items[i];
	return NULL;
}

/* The rules of a chain, a line each, without indent. */
static void expect_chain(const struct beside *b, const char *name,
			 const char *want)
{
	char *text = form_text(b->form), *at, *end;
	char *head, *got;
	size_t n = 0;

	assert_true(asprintf(&head, "\n\tchain %s {\n", name) > 0);
	at = strstr(text, head);
	if (!expect(at != NULL, "no chain %s in\n%s", name, text))
		goto out;
	at += strlen(head);
	end = strstr(at, "\t}\n");
	got = calloc(1, (size_t)(end - at) + 1);
	assert_non_null(got);
	for (; at < end; at++)
		if (*at != '\t')
			got[n++] = *at;
	expect_text(name, got, want);
	free(got);
out:
	free(head);
	free(text);
}

static bool has_set(const struct trial_form *form, const char *name)
{
	for (size_t i = 0; i < form->rules.sets.n; i++)
		if (!strcmp(form->rules.sets.items[i]->name, name))
			return true;
	return false;
}

static bool is_shared(const struct trial_form *form, const char *name)
{
	for (size_t i = 0; i < form->shared.n; i++)
		if (!strcmp(form->shared.items[i], name))
			return true;
	return false;
}

static const struct trial_stops no_stops, three_sources = { .sources = 3 };

#define HOME "class home { 192.0.2.0/24 198.51.100.7 }\n"
#define MORE "class home { 192.0.2.0/24 198.51.100.7 203.0.113.0/24 }\n"
#define OK   "class ok dynamic\n"

/* ---- names ---- */

CLAIM(test_sets, "equal sets and dynamic ones are shared, others have a slot")
{
	struct beside b = beside(
		HEADER HOME OK "class far { 2001:db8::/32 }\n"
			       "outbound from home {\nallow smtp from ok\n"
			       "block smtp to far drop\n}\n",
		HEADER MORE OK "class far { 2001:db8::/32 }\n"
			       "outbound from home {\nallow smtp from ok\n"
			       "block smtp to far drop\n"
			       "limit smtp 2/hour per source drop\n}\n",
		&no_stops);
	static const struct {
		const char *name;
		bool shared;
	} sets[] = {
		{ "home.v4", false },	    { "ok.v4", true },
		{ "ok.v6", true },	    { "far.v6", true },
		{ "forward.ports", false },
	};
	size_t limits = 0;

	for (size_t i = 0; i < COUNT(sets); i++) {
		char slot[64];

		snprintf(slot, sizeof(slot), TRIAL_PREFIX "%s", sets[i].name);
		expect(is_shared(b.form, sets[i].name) == sets[i].shared,
		       "%s is shared: not %d", sets[i].name, sets[i].shared);
		expect(has_set(b.form, slot) == !sets[i].shared,
		       "%s has a slot: not %d", sets[i].name, !sets[i].shared);
	}
	for (size_t i = 0; i < b.form->rules.sets.n; i++)
		limits += !strncmp(b.form->rules.sets.items[i]->name,
				   TRIAL_PREFIX "limit-", 12);
	expect_number("sets of a limit that only the trial has", limits, 2);
	beside_free(&b);
}

CLAIM(test_names, "every object has a name that is a trial's, and no other's")
{
	struct beside b = beside(HEADER HOME "outbound from home {\n"
					     "block smtp drop\n}\n",
				 HEADER MORE "class trial { 192.0.2.9 }\n"
					     "outbound from home {\n"
					     "allow smtp from trial\n"
					     "block smtp reset log\n}\n",
				 &three_sources);
	static const char *const of_class[] = {
		"trial.v4", "trial.v6", "trial.v4.hosts", "trial.v6.hosts",
		"trial.if", "home.v4",	"log.sources.v4", "forward.ports",
	};

	for (size_t i = 0; i < b.form->rules.sets.n; i++)
		expect(trial_owns_set(b.form->rules.sets.items[i]->name),
		       "set %s", b.form->rules.sets.items[i]->name);
	for (size_t i = 0; i < b.form->rules.chains.n; i++)
		expect(trial_owns(b.form->rules.chains.items[i]->name),
		       "chain %s", b.form->rules.chains.items[i]->name);
	for (size_t i = 0; i < b.form->rules.counters.n; i++)
		expect(trial_owns(b.form->rules.counters.items[i]->name),
		       "counter %s", b.form->rules.counters.items[i]->name);
	for (size_t i = 0; i < COUNT(of_class); i++)
		expect(!trial_owns_set(of_class[i]), "set %s", of_class[i]);
	for (size_t i = 0; i < b.scene.rs->sets.n; i++)
		expect(!trial_owns_set(b.scene.rs->sets.items[i]->name),
		       "set %s", b.scene.rs->sets.items[i]->name);
	beside_free(&b);
}

/* ---- gates ---- */

CLAIM(test_gates, "a gate stands before each base chain, and one comes with "
		  "what the old rules lack")
{
	static const char filter[] = HEADER HOME "outbound from home {\n"
						 "block smtp drop\n}\n";
	static const char nat[] = HEADER HOME "outbound from home {\n"
					      "redirect smtp to 192.0.2.1\n}\n";
	struct beside more = beside(filter, nat, &no_stops);
	struct beside less = beside(nat, filter, &no_stops);
	struct beside first = beside(NULL, filter, &no_stops);

	expect_number("gates, nat is new", more.form->gates.n, 1);
	expect(chain_named(more.form, "trial.hook.nat")->hook ==
		       BASE_NAT_PREROUTING,
	       "nat comes with its hook");
	expect_text("and leads on",
		    chain_named(more.form, "trial.hook.nat")
			    ->rules.items[0]
			    .stmts[1]
			    .chain,
		    "trial.nat");
	expect_number("gates, nat is gone", less.form->gates.n, 2);
	expect(less.form->gates.items[1].rule.stmts[1].kind == STMT_ACCEPT,
	       "what is redirected no more passes the old nat");
	expect_number("gates of a first policy", first.form->gates.n, 0);
	expect(chain_named(first.form, "trial.hook.forward") != NULL,
	       "a first policy brings its base chain");
	expect(first.form->alone && !more.form->alone, "which is alone");
	beside_free(&more);
	beside_free(&less);
	beside_free(&first);
}

CLAIM(test_obstacles, "a form that cannot stand beside the rules is refused")
{
#define BLOCK "outbound {\nblock smtp drop\n}\n"
	static const struct {
		const char *old, *next;
		enum trial_obstacle want;
	} vectors[] = {
		{ NULL, HEADER_OF("a", "bridge") BLOCK, TRIAL_FITS },
		{ HEADER_OF("a", "forward") BLOCK,
		  HEADER_OF("b", "output") BLOCK, TRIAL_FITS },
		{ HEADER_OF("a", "forward") BLOCK,
		  HEADER_OF("b", "bridge") BLOCK, TRIAL_OTHER_FAMILY },
		{ HEADER_OF("a", "ingress eth0 eth1") BLOCK,
		  HEADER_OF("b", "ingress eth1 eth0") BLOCK, TRIAL_FITS },
		{ HEADER_OF("a", "ingress eth0") BLOCK,
		  HEADER_OF("b", "ingress eth0 eth1") BLOCK,
		  TRIAL_OTHER_DEVICES },
		{ HEADER_OF("a", "ingress eth0") BLOCK,
		  HEADER_OF("b", "ingress eth1") BLOCK, TRIAL_OTHER_DEVICES },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct scene s = scene(vectors[i].old, vectors[i].next);
		enum trial_obstacle got = trial_obstacle(s.before, s.rs);

		expect(got == vectors[i].want, "%zu: %d", i, got);
		expect(!*trial_obstacle_text(got) == (got == TRIAL_FITS),
		       "%zu has a sentence", i);
		scene_free(&s);
	}
}

/* ---- newly blocked ---- */

CLAIM(test_was, "a source counts only if the old rules let it through")
{
	static const struct {
		const char *old, *next, *chain, *want;
	} vectors[] = {
		/* a class grew: those of old stay what they were */
		{ HEADER HOME OK "outbound from home {\nallow smtp from ok\n"
				 "block smtp drop\n}\n",
		  HEADER MORE OK "outbound from home {\nallow smtp from ok\n"
				 "block smtp drop\n}\n",
		  "trial.was.outbound.smtp",
		  "ip saddr @home.v4 ip saddr @ok.v4 goto trial.guard\n"
		  "ip saddr @home.v4 return\n"
		  "goto trial.guard\n" },
		/* a limit that both have measures in one set */
		{ HEADER "outbound {\nlimit smtp 2/hour per source drop\n}\n",
		  HEADER "outbound {\nlimit smtp 2/hour per source drop\n"
			 "block imap drop\n}\n",
		  "trial.was.outbound.smtp", "return\ngoto trial.guard\n" },
		/* another rate is another clause */
		{ HEADER "outbound {\nlimit smtp 2/hour per source drop\n}\n",
		  HEADER "outbound {\nlimit smtp 1/hour per source drop\n}\n",
		  "trial.was.outbound.smtp",
		  "goto trial.guard\ngoto trial.guard\n" },
		/* a redirect lets pass, and only IPv4 here */
		{ HEADER "outbound {\nredirect smtp to 192.0.2.1\n"
			 "block smtp drop\n}\n",
		  HEADER "outbound {\nblock smtp drop\n}\n",
		  "trial.was.outbound.smtp",
		  "meta nfproto ipv4 goto trial.guard\nreturn\n"
		  "goto trial.guard\n" },
		/* owners decide openings alone */
		{ HEADER_OF("p", "output") "outbound {\nallow smtp user 101\n"
					   "block smtp reject\n}\n",
		  HEADER_OF("p", "output") "outbound {\nblock smtp reject\n}\n",
		  "trial.was.outbound.smtp",
		  "tcp flags != syn / syn,ack goto trial.guard\n"
		  "meta skuid 101 goto trial.guard\nreturn\n"
		  "goto trial.guard\n" },
		/* one place decides one direction */
		{ HEADER_OF("p", "output") "inbound {\nblock smtp drop\n}\n",
		  HEADER_OF("p", "output") "inbound {\nblock smtp drop\n}\n"
					   "outbound {\nblock smtp drop\n}\n",
		  "trial.was.outbound", "goto trial.guard\n" },
		/* answers are told by the port that they come from */
		{ HEADER "inbound {\nblock smtp drop and replies\n}\n",
		  HEADER "inbound {\nblock smtp drop and replies\n"
			 "block imap drop\n}\n",
		  "trial.was.inbound",
		  "tcp dport 25 goto trial.was.inbound.smtp\n"
		  "goto trial.guard\n" },
		/* the guard: N of each family, then the end */
		{ NULL, HEADER "outbound {\nblock smtp drop\n}\n",
		  "trial.guard",
		  "add @trial.seen4 { ip saddr } return\n"
		  "add @trial.seen6 { ip6 saddr & ffff:ffff:ffff:ffff:: } "
		  "return\ncounter name \"trial.tripped\" delete @armed { meta "
		  "l4proto }\n" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct beside b =
			beside(vectors[i].old, vectors[i].next, &three_sources);

		expect_chain(&b, vectors[i].chain, vectors[i].want);
		beside_free(&b);
	}
}

/* Counts rules that jump there. */
static size_t jumps_to(const struct trial_form *form, const char *chain)
{
	size_t n = 0;

	for (size_t i = 0; i < form->rules.chains.n; i++) {
		const struct chain *c = form->rules.chains.items[i];

		for (size_t k = 0; k < c->rules.n; k++) {
			const struct stmt *last =
				&c->rules.items[k]
					 .stmts[c->rules.items[k].n - 1];

			n += (last->kind == STMT_JUMP ||
			      last->kind == STMT_GOTO) &&
			     !strcmp(last->chain, chain);
		}
	}
	return n;
}

#define BRIDGE "policy p\nhook bridge\n"

CLAIM(test_inside,
      "chains that look into frames stay so, and ask the old rules "
      "about what is inside")
{
	struct policy *old = good_policy(BRIDGE HOME "outbound from home {\n"
						     "block smtp drop\n}\n");
	struct policy *next = good_policy(BRIDGE MORE "outbound from home {\n"
						      "block smtp drop\n}\n");
	struct ruleset *base, *rs;
	struct trial_form *form;
	const struct chain *was;

	assert_int_equal(ruleset_new(old, &base), 0);
	assert_int_equal(ruleset_new(next, &rs), 0);
	assert_int_equal(trial_form_new(base, rs, &three_sources, &form), 0);
	for (size_t i = 0; i < rs->chains.n; i++) {
		const struct chain *chain = rs->chains.items[i], *copy;
		char name[80];

		snprintf(name, sizeof(name), "trial.%s", chain->name);
		copy = chain_named(form, name);
		expect(copy && copy->inside.offset == chain->inside.offset &&
			       copy->inside.family == chain->inside.family,
		       "%s looks elsewhere than %s", name, chain->name);
	}
	was = chain_named(form, "trial.was.outbound.in8.v4");
	expect(was && was->inside.offset == 8 && was->inside.family == 4,
	       "nothing asks the old rules behind 8 bytes");
	expect(chain_named(form, "trial.guard.in8.v4") != NULL,
	       "no source behind 8 bytes is counted");
	trial_form_free(form);
	ruleset_free(rs);
	ruleset_free(base);
	policy_free(next);
	policy_free(old);
}

CLAIM(test_refusals, "every refusal asks first, and none does without the stop")
{
	static const char next[] =
		HEADER HOME "outbound from home {\n"
			    "block smtp reset log\n"
			    "limit smtp-alt 2/hour per source reject log\n"
			    "block imap drop and replies\n}\n";
	struct beside with = beside(NULL, next, &three_sources);
	struct beside without = beside(NULL, next, &no_stops);
	size_t refusals = 0, asked = 0;

	for (size_t i = 0; i < with.form->rules.chains.n; i++) {
		const struct chain *c = with.form->rules.chains.items[i];

		for (size_t k = 0; k < c->rules.n; k++) {
			const struct rule *r = &c->rules.items[k];
			enum stmt_kind last = r->stmts[r->n - 1].kind;

			if (last != STMT_DROP && last != STMT_RESET &&
			    last != STMT_REJECT)
				continue;
			refusals++;
			asked += k == 1 &&
				 !strncmp(c->name, "trial.new.", 10) &&
				 c->rules.items[0].stmts[0].kind == STMT_JUMP;
		}
	}
	expect(refusals > 4, "%zu refusals", refusals);
	expect_number("asked", asked, refusals);
	expect_number("jumps to the guard", jumps_to(with.form, "trial.guard"),
		      refusals);
	expect(!chain_named(without.form, "trial.guard"), "no guard");
	expect(!has_set(without.form, TRIAL_SEEN4), "no set of sources");
	beside_free(&with);
	beside_free(&without);
}

/* ---- the whole, as text ---- */

CLAIM(test_whole, "a trial form is this text")
{
	struct beside b =
		beside(HEADER HOME "outbound from home {\nallow smtp\n}\n",
		       HEADER HOME "outbound from home {\nblock smtp reset\n"
				   "}\n",
		       &(struct trial_stops){ .sources = 2,
					      .submission_percent = 50 });
	static const struct {
		const char *chain, *want;
	} chains[] = {
		{ "trial.forward", "tcp dport vmap @trial.forward.ports\n"
				   "ip frag-off & 0x1fff == 1 meta l4proto "
				   "tcp jump trial.first-fragments\n"
				   "meta nfproto ipv6 frag frag-off < 2 jump "
				   "trial.fragments\n" },
		{ "trial.outbound-1.smtp",
		  "meta l4proto tcp goto trial.new.8 comment "
		  "\"p:8 block smtp reset\"\n" },
		{ "trial.was.outbound",
		  "tcp dport 25 goto trial.was.outbound.smtp\n"
		  "goto trial.guard\n" },
		{ "trial.was.outbound.smtp",
		  "ip saddr @home.v4 goto trial.guard\n"
		  "goto trial.guard\n" },
		{ "trial.submission", "tcp flags syn / syn,ack counter name "
				      "\"trial.submission\"\n" },
		{ "trial.passed",
		  "type filter hook forward priority 1; policy accept;\n"
		  "tcp dport vmap @trial.passed.ports\n" },
	};

	for (size_t i = 0; i < COUNT(chains); i++)
		expect_chain(&b, chains[i].chain, chains[i].want);
	beside_free(&b);
}

/* ---- the digest ---- */

CLAIM(test_digest, "the digest is of the form: of its stops, and of its base")
{
	static const char a[] = HEADER HOME "outbound from home {\n"
					    "block smtp drop\n}\n";
	static const char c[] = HEADER MORE "outbound from home {\n"
					    "block smtp drop\n}\n";
	struct beside all[] = {
		beside(a, c, &no_stops),
		beside(a, c, &three_sources),
		beside(a, c, &(struct trial_stops){ .sources = 4 }),
		beside(NULL, c, &no_stops),
		beside(c, c, &no_stops),
	};
	struct beside again = beside(a, c, &no_stops);
	char name[32], digest[DIGEST_TEXT_BYTES];
	const char *comment = again.form->gates.items[0].rule.comment;

	expect_text("made again", again.form->digest, all[0].form->digest);
	/* Sizes of dynamic sets are no part of a digest: 3 and 4 are alike. */
	for (size_t i = 0; i < COUNT(all); i++)
		for (size_t k = 0; k < i; k++)
			expect((i == 2 && k == 1) ==
				       !strcmp(all[i].form->digest,
					       all[k].form->digest),
			       "%zu and %zu", i, k);
	expect(digest_parse_trial(comment, name, digest) != 0, "%s", comment);
	expect_text(comment, name, "p");
	expect_text(comment, digest, again.form->digest);
	expect(!digest_parse_comment(comment, name, digest),
	       "a gate's comment is not a table's");
	for (size_t i = 0; i < COUNT(all); i++)
		beside_free(&all[i]);
	beside_free(&again);
}

/* ---- messages ---- */

static unsigned int messages_to(const struct batch *b, uint16_t type,
				uint16_t attr, const char *name)
{
	unsigned int n = 0;
	const struct nlattr *a;

	for (uint32_t seq = 2; seq < 2 + batch_messages(b); seq++) {
		const struct nlmsghdr *nlh = batch_message(b, seq);

		if ((nlh->nlmsg_type & 0xff) != type)
			continue;
		mnl_attr_for_each (a, nlh, sizeof(struct nfgenmsg))
			n += mnl_attr_get_type(a) == attr &&
			     (!name || !strcmp(mnl_attr_get_str(a), name));
	}
	return n;
}

CLAIM(test_shared_costs_nothing,
      "a class of 100,000 that both have is not sent")
{
	struct text t;
	FILE *out = text_open(&t);
	struct beside b;
	struct batch *batch = batch_new(1);
	char *next;

	fprintf(out, HEADER "class home {");
	for (unsigned int i = 0; i < 100000; i++)
		fprintf(out, " 10.%u.%u.%u\n", 2 * i >> 16, 2 * i >> 8 & 255,
			2 * i & 255);
	fprintf(out, "}\noutbound from home {\nblock smtp drop\n}\n");
	text_done(&t);
	assert_true(asprintf(&next, "%soutbound {\nblock imap drop\n}\n",
			     t.bytes) > 0);
	b = beside(t.bytes, next, &three_sources);
	trial_batch_arm(batch, b.form, 60000);
	assert_int_equal(batch_error(batch), 0);
	expect(is_shared(b.form, "home.v4.hosts") ||
		       is_shared(b.form, "home.v4"),
	       "the class is shared");
	expect(batch_bytes(batch) < 65536, "%zu bytes", batch_bytes(batch));
	expect_number("elements: a map, and the one that arms",
		      messages_to(batch, NFT_MSG_NEWSETELEM,
				  NFTA_SET_ELEM_LIST_SET, NULL),
		      2);
	batch_free(batch);
	beside_free(&b);
	free(next);
	free(t.bytes);
}

CLAIM(test_old_untouched, "arming names no object of the old rules but as a "
			  "gate's chain")
{
	struct beside b = beside(
		HEADER HOME OK "outbound from home {\nallow smtp from ok\n"
			       "block smtp drop\n}\n",
		HEADER MORE OK "outbound from home {\nallow smtp from ok\n"
			       "block smtp drop\n}\n",
		&three_sources);
	struct batch *batch = batch_new(1);
	const struct ruleset *old = b.scene.before;

	trial_batch_arm(batch, b.form, 60000);
	for (size_t i = 0; i < old->counters.n; i++)
		expect_number(old->counters.items[i]->name,
			      messages_to(batch, NFT_MSG_NEWOBJ, NFTA_OBJ_NAME,
					  old->counters.items[i]->name),
			      0);
	for (size_t i = 0; i < old->sets.n; i++)
		expect_number(old->sets.items[i]->name,
			      messages_to(batch, NFT_MSG_NEWSETELEM,
					  NFTA_SET_ELEM_LIST_SET,
					  old->sets.items[i]->name) +
				      messages_to(batch, NFT_MSG_NEWSET,
						  NFTA_SET_NAME,
						  old->sets.items[i]->name),
			      0);
	for (size_t i = 0; i < old->chains.n; i++)
		expect_number(old->chains.items[i]->name,
			      messages_to(batch, NFT_MSG_NEWRULE,
					  NFTA_RULE_CHAIN,
					  old->chains.items[i]->name),
			      old->chains.items[i]->hook != BASE_NONE);
	expect_number(
		"what is taken away",
		messages_to(batch, NFT_MSG_DELRULE, NFTA_RULE_TABLE, NULL) +
			messages_to(batch, NFT_MSG_DELSETELEM,
				    NFTA_SET_ELEM_LIST_TABLE, NULL),
		0);
	batch_free(batch);
	beside_free(&b);
}

CLAIM(test_disarm_first, "extending takes the element before it puts it back")
{
	struct batch *batch = batch_new(0);

	trial_batch_extend(batch, FAMILY_INET, 1000);
	assert_int_equal(batch_error(batch), 0);
	expect_number("messages", batch_messages(batch), 2);
	expect((batch_message(batch, 2)->nlmsg_type & 0xff) ==
		       NFT_MSG_DELSETELEM,
	       "the first one takes it");
	expect((batch_message(batch, 3)->nlmsg_type & 0xff) ==
		       NFT_MSG_NEWSETELEM,
	       "the second one puts it back");
	batch_free(batch);
}

static const struct CMUnitTest tests[] = {
	CLAIMED(test_sets),	     CLAIMED(test_names),
	CLAIMED(test_gates),	     CLAIMED(test_obstacles),
	CLAIMED(test_was),	     CLAIMED(test_inside),
	CLAIMED(test_refusals),	     CLAIMED(test_whole),
	CLAIMED(test_digest),	     CLAIMED(test_shared_costs_nothing),
	CLAIMED(test_old_untouched), CLAIMED(test_disarm_first),
};

int main(void)
{
	return cmocka_run_group_tests_name("trial form", tests, NULL, NULL);
}
