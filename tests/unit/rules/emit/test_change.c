/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From what is loaded to what is wanted, in one transaction. */
#include "../../unit.h"
#include "../../scene.h"

#include "../../../../rules/emit/batch.h"
#include "../../../../rules/emit/change.h"
#include "../../../../rules/emit/emit.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

/* ---- a transaction as text ---- */

/* What a message of each type does, and the attribute with its object. */
static const struct {
	uint16_t type;
	const char *word;
	uint16_t name_attr;
} kinds[] = {
	{ NFT_MSG_NEWTABLE, "+table", NFTA_TABLE_NAME },
	{ NFT_MSG_DELTABLE, "-table", NFTA_TABLE_NAME },
	{ NFT_MSG_NEWOBJ, "+counter", NFTA_OBJ_NAME },
	{ NFT_MSG_DELOBJ, "-counter", NFTA_OBJ_NAME },
	{ NFT_MSG_NEWSET, "+set", NFTA_SET_NAME },
	{ NFT_MSG_DELSET, "-set", NFTA_SET_NAME },
	{ NFT_MSG_NEWSETELEM, "+elements", NFTA_SET_ELEM_LIST_SET },
	{ NFT_MSG_DELSETELEM, "-elements", NFTA_SET_ELEM_LIST_SET },
	{ NFT_MSG_NEWCHAIN, "+chain", NFTA_CHAIN_NAME },
	{ NFT_MSG_DELCHAIN, "-chain", NFTA_CHAIN_NAME },
	{ NFT_MSG_NEWRULE, "+rule", NFTA_RULE_CHAIN },
	{ NFT_MSG_DELRULE, "-rules", NFTA_RULE_CHAIN },
};

static const char *family_text(const struct nlmsghdr *nlh)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);

	return nfg->nfgen_family == NFPROTO_INET   ? "" :
	       nfg->nfgen_family == NFPROTO_BRIDGE ? " bridge" :
	       nfg->nfgen_family == NFPROTO_NETDEV ? " netdev" :
						     " unknown";
}

static unsigned int count_elements(const struct nlmsghdr *nlh)
{
	const struct nlattr *attr, *elem;
	unsigned int n = 0;

	mnl_attr_for_each (attr, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(attr) == NFTA_SET_ELEM_LIST_ELEMENTS)
			mnl_attr_for_each_nested (elem, attr)
				n++;
	return n;
}

/* "-rules; +chain forward.smtp; +elements a.v4 2" */
static void describe(const struct nlmsghdr *nlh, FILE *out)
{
	uint16_t type = nlh->nlmsg_type & 0xff;
	const char *name = NULL;
	const struct nlattr *attr;
	size_t k = 0;

	while (k < COUNT(kinds) && kinds[k].type != type)
		k++;
	if (!expect(k < COUNT(kinds), "a message of type %u", type))
		return;
	mnl_attr_for_each (attr, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(attr) == kinds[k].name_attr)
			name = mnl_attr_get_str(attr);
	fprintf(out, "%s%s", kinds[k].word, family_text(nlh));
	if (name)
		fprintf(out, " %s", name);
	if (type == NFT_MSG_NEWSETELEM || type == NFT_MSG_DELSETELEM) {
		unsigned int n = count_elements(nlh);

		if (n)
			fprintf(out, " %u", n);
		else
			fputs(" all", out);
	}
}

/* Guards are in every ruleset: test_lower.c has them. */
static bool is_guard(const char *message)
{
	static const char *const names[] = {
		" source-routes", " ip-options",   " first-fragments",
		" frames",	  " tags",	   " pppoe",
		" stacked-tags",  " encapsulated", " fragments",
	};

	for (size_t i = 0; i < COUNT(names); i++)
		if (strstr(message, names[i]))
			return true;
	return false;
}

/* Rules of one chain in a row are told once, guards not at all. */
static char *batch_text(const struct batch *b, const struct policy *p)
{
	struct text t;
	FILE *out = text_open(&t);
	unsigned int n = 0;
	char *last = NULL;

	for (uint32_t seq = 2; seq < 2 + batch_messages(b); seq++) {
		struct text one;

		describe(batch_message(b, seq), text_open(&one));
		text_done(&one);
		if (is_guard(one.bytes) || (last && !strcmp(last, one.bytes))) {
			free(one.bytes);
			continue;
		}
		fprintf(out, "%s%s", last ? "; " : "", one.bytes);
		free(last);
		last = one.bytes;
	}
	free(last);
	text_done(&t);
	for (size_t i = 0; i < p->blocks.n; i++)
		for (size_t k = 0; k < p->blocks.items[i].clauses.n; k++) {
			const char *key =
				p->blocks.items[i].clauses.items[k].key;
			char short_name[16], *at;
			int len = sprintf(short_name, "K%u", n++);

			while ((at = strstr(t.bytes, key))) {
				memcpy(at, short_name, (size_t)len);
				memmove(at + len, at + strlen(key),
					strlen(at + strlen(key)) + 1);
			}
		}
	return t.bytes;
}

static void expect_change(struct scene *s, bool known, const char *in,
			  const char *want)
{
	struct batch *b = batch_new(1);
	char *got;

	change_build(b, s->a, s->rs, s->present, known ? &s->known : NULL,
		     &s->summary);
	expect_number(in, (unsigned int)batch_error(b), 0);
	got = batch_text(b, s->policy);
	expect_text(in, got, want);
	free(got);
	batch_free(b);
}

#define ONE    HEADER "class a { 10.0.0.0/8 }\noutbound {\nallow smtp from a\n}\n"
#define RULES1 "+rule forward; +rule forward.smtp"

CLAIM(fresh, "an empty kernel gets everything, in an order that it accepts")
{
	struct scene s = scene(NULL, ONE);

	expect_change(&s, false, "nothing there",
		      "+table mailwall; +counter K0; +chain forward; +chain "
		      "forward.smtp; +set forward.ports; +elements "
		      "forward.ports 1; +set a.v4; +elements a.v4 2; " RULES1);
	expect(s.summary.creates_table && s.summary.sets_added == 2 &&
		       s.summary.counters_added == 3 && s.summary.rules == 14 &&
		       !s.summary.other_tables_removed &&
		       !s.summary.sets_removed && !s.summary.sets_changed &&
		       !s.summary.elements_removed,
	       "sets %u, counters %u, rules %zu", s.summary.sets_added,
	       s.summary.counters_added, s.summary.rules);
	scene_free(&s);
}

CLAIM(same, "what is there already stays: only rules are loaded anew")
{
	struct scene s = scene(ONE, ONE);

	expect_change(&s, true, "the same",
		      "-rules; -elements forward.ports all; +elements "
		      "forward.ports 1; " RULES1);
	expect(!s.summary.creates_table && !s.summary.sets_added &&
		       !s.summary.sets_changed && !s.summary.sets_replaced &&
		       !s.summary.elements_added &&
		       !s.summary.elements_removed &&
		       !s.summary.counters_added && !s.summary.counters_removed,
	       "a change where nothing changed");
	expect_change(&s, false, "the same, elements not known",
		      "-rules; -elements forward.ports all; +elements "
		      "forward.ports 1; -elements a.v4 all; +elements a.v4 2; "
		      "" RULES1);
	expect_number("sets filled again", s.summary.sets_replaced, 1);
	scene_free(&s);
}

CLAIM(dynamic, "dynamic sets keep their elements, known or not")
{
	static const char text[] =
		HEADER "class d dynamic size 100\noutbound {\nallow smtp from "
		       "d\nlimit imap 5/day per source\n}\n";
	struct scene s = scene(text, text);

	for (int known = 0; known <= 1; known++)
		expect_change(&s, known, "dynamic sets",
			      "-rules; -elements forward.ports all; +elements "
			      "forward.ports 2; +rule forward; +rule "
			      "forward.smtp; +rule forward.imap; +rule K1");
	scene_free(&s);
}

CLAIM(difference, "of a set that is known only the difference is sent")
{
	static const struct {
		const char *before, *after, *want;
		size_t removed, added;
	} vectors[] = {
		{ "10.0.0.0/8", "10.0.0.0/8 192.0.2.0/24", "+elements a.v4 2; ",
		  0, 1 },
		{ "10.0.0.0/8 192.0.2.0/24", "10.0.0.0/8", "-elements a.v4 2; ",
		  1, 0 },
		{ "10.0.0.0/8 192.0.2.0/24", "10.0.0.0/9 192.0.2.0/24",
		  "-elements a.v4 2; +elements a.v4 2; ", 1, 1 },
		/* the last address of all has no end */
		{ "10.0.0.0/8 255.255.255.0/24", "10.0.0.0/8 192.0.2.0/24",
		  "-elements a.v4 1; +elements a.v4 2; ", 1, 1 },
		{ "10.0.0.0/8 11.1.0.0/16 12.0.0.0/8",
		  "10.0.0.0/8 11.2.0.0/16 12.0.0.0/8",
		  "-elements a.v4 2; +elements a.v4 2; ", 1, 1 },
		{ "10.0.0.0/16 10.2.0.0/16 10.4.0.0/16",
		  "10.1.0.0/16 10.3.0.0/16 10.5.0.0/16",
		  "-elements a.v4 6; +elements a.v4 6; ", 3, 3 },
		{ "2001:db8::/32", "2001:db8::/33",
		  "-elements a.v6 2; +elements a.v6 2; ", 1, 1 },
		{ "2001:db8::/32 2001:dbf::/32", "2001:db8::/32",
		  "-elements a.v6 2; ", 1, 0 },
		{ "10.0.0.1 10.0.0.2 10.0.0.3", "10.0.0.1 10.0.0.3 10.0.0.4",
		  "-elements a.v4.hosts 1; +elements a.v4.hosts 1; ", 1, 1 },
		{ "::1 ::2", "::2 ::1 ::3", "+elements a.v6.hosts 1; ", 0, 1 },
		{ "interface eth0", "interface eth1",
		  "-elements a.if 1; +elements a.if 1; ", 1, 1 },
		{ "10.0.0.0/8", "10.0.0.0/8", "", 0, 0 },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		static const char format[] =
			HEADER "class a { %s }\noutbound {\nallow smtp from "
			       "a\n}\n";
		char before[512], after[512], want[512];
		struct scene s;

		snprintf(before, sizeof(before), format, vectors[i].before);
		snprintf(after, sizeof(after), format, vectors[i].after);
		snprintf(want, sizeof(want),
			 "-rules; -elements forward.ports all; +elements "
			 "forward.ports 1; %s" RULES1,
			 vectors[i].want);
		s = scene(before, after);
		expect_change(&s, true, after, want);
		expect(s.summary.elements_removed == vectors[i].removed &&
			       s.summary.elements_added == vectors[i].added &&
			       s.summary.sets_changed ==
				       (*vectors[i].want ? 1u : 0u),
		       "from \"%s\" to \"%s\": %zu removed, %zu added, %u sets",
		       vectors[i].before, vectors[i].after,
		       s.summary.elements_removed, s.summary.elements_added,
		       s.summary.sets_changed);
		scene_free(&s);
	}
}

CLAIM(objects_go, "chains, counters and sets that nobody wants go, chains "
		  "before sets")
{
	struct scene s = scene(HEADER "class a { 10.0.0.0/8 }\nclass b { "
				      "192.0.2.0/24 }\noutbound {\nallow smtp "
				      "from a\nallow imap from b log\n}\n",
			       ONE);
	char want[512];

	snprintf(want, sizeof(want),
		 "-rules; -elements forward.ports all; -chain forward.imap; "
		 "-chain %s; -set b.v4; -counter %s; +elements forward.ports "
		 "1; " RULES1,
		 s.before_policy->blocks.items[0].clauses.items[1].key,
		 s.before_policy->blocks.items[0].clauses.items[1].key);
	expect_change(&s, true, "a clause less", want);
	expect(s.summary.sets_removed == 1 && s.summary.counters_removed == 1,
	       "sets %u, counters %u", s.summary.sets_removed,
	       s.summary.counters_removed);
	scene_free(&s);
}

static struct present_set *find_set(struct scene *s, const char *name)
{
	struct present *p = &s->present[s->rs->family];

	for (size_t i = 0; i < p->sets.n; i++)
		if (!strcmp(p->sets.items[i].name, name))
			return &p->sets.items[i];
	fail_msg("there is no set %s", name);
	return NULL;
}

/* Where the first clause counts; guards count too. */
static size_t clause_counter(const struct ruleset *rs)
{
	for (size_t i = 0; i < rs->counters.n; i++)
		if (rs->counters.items[i]->clause)
			return i;
	fail_msg("no clause counts");
	return 0;
}

#define PAIR(address)                                                          \
	HEADER "class subs { 192.0.2.0/24 }\noutbound from subs {\nblock "     \
	       "smtp from 10.0." address "\n}\n"

CLAIM(counter_owners, "a counter of the same short name counts on for the same "
		      "words only, as far as the loaded rule's comment tells")
{
	static const struct {
		const char *comment;
		bool stays;
	} vectors[] = {
		{ "p:9 block smtp from 10.0.19.50", true },
		{ "other:3 block smtp from 10.0.19.50 log", true },
		{ "p:part.policy:3 block smtp log from 10.0.19.50", true },
		{ NULL, true },
		{ "p:9 block smtp from 10.0.17.197", false },
		{ "p:9 block smtp from 10.0.19.5", false },
		{ "p:9 block smtp from 10.0.19.50 drop", false },
		{ "p:9", false },
		{ "", false },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct scene s = scene(PAIR("17.197"), PAIR("19.50"));
		struct present *p = &s.present[s.rs->family];
		struct batch *b = batch_new(1);
		size_t at = clause_counter(s.before);

		expect_text("two clauses have one name",
			    s.rs->counters.items[at]->name,
			    s.before->counters.items[at]->name);
		p->counters.items[at].comment = vectors[i].comment;
		change_build(b, s.a, s.rs, s.present, NULL, &s.summary);
		batch_free(b);
		expect(s.summary.counters_added == !vectors[i].stays &&
			       s.summary.counters_removed == !vectors[i].stays,
		       "\"%s\": %u added, %u removed", vectors[i].comment,
		       s.summary.counters_added, s.summary.counters_removed);
		scene_free(&s);
	}
}

CLAIM(counter_owners_cut, "a comment that was cut tells as much as is left")
{
	char wanted[1024], comment[121], *at = wanted;
	struct scene s;
	struct present *p;

	at += sprintf(at, HEADER "outbound {\nblock smtp from");
	for (int i = 0; i < 30; i++)
		at += sprintf(at, " 10.0.%d.1", 100 + i);
	strcpy(at, "\n}\n");
	s = scene(wanted, wanted);
	p = &s.present[s.rs->family];
	for (int differs = 0; differs < 2; differs++) {
		struct batch *b = batch_new(1);

		snprintf(comment, sizeof(comment), "p:7 %s",
			 strstr(wanted, "block"));
		strcpy(comment + 117, "...");
		if (differs)
			memcpy(strstr(comment, "10.0.105.1"), "10.0.205.1", 10);
		p->counters.items[clause_counter(s.rs)].comment = comment;
		change_build(b, s.a, s.rs, s.present, NULL, &s.summary);
		expect_number(comment, s.summary.counters_added,
			      (unsigned int)differs);
		batch_free(b);
	}
	scene_free(&s);
}

CLAIM(set_fits, "a set stays if it is what is wanted, and is made anew if not")
{
	static const char text[] = HEADER
		"class a { 10.0.0.1 10.0.0.2 }\noutbound {\nallow smtp from "
		"a\n}\n";
	static const struct {
		const char *what;
		uint32_t flags, key_type, size;
		uint64_t timeout_ms;
		bool stays;
	} vectors[] = {
		{ "the same", 0, 7, 16, 0, true },
		{ "larger", 0, 7, 1024, 0, true },
		{ "not limited", 0, 7, 0, 0, true },
		{ "filled by rules, as JSON loads it", NFT_SET_EVAL, 7, 16, 0,
		  true },
		{ "too small", 0, 7, 8, 0, false },
		{ "an interval", NFT_SET_INTERVAL, 7, 16, 0, false },
		{ "with timeouts", NFT_SET_TIMEOUT, 7, 16, 0, false },
		{ "constant", NFT_SET_CONSTANT, 7, 16, 0, false },
		{ "a map", NFT_SET_MAP, 7, 16, 0, false },
		{ "IPv6", 0, 8, 16, 0, false },
		{ "with a time", 0, 7, 16, 1000, false },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct scene s = scene(text, text);
		struct present_set *ps = find_set(&s, "a.v4.hosts");
		struct batch *b = batch_new(1);
		char *got;

		ps->flags = vectors[i].flags;
		ps->key_type = vectors[i].key_type;
		ps->size = vectors[i].size;
		ps->timeout_ms = vectors[i].timeout_ms;
		change_build(b, s.a, s.rs, s.present, &s.known, &s.summary);
		got = batch_text(b, s.policy);
		expect(!strstr(got, "-set a.v4.hosts") == vectors[i].stays &&
			       !strstr(got, "+set a.v4.hosts") ==
				       vectors[i].stays,
		       "a set %s: got \"%s\"", vectors[i].what, got);
		if (!vectors[i].stays)
			expect(strstr(got, "+elements a.v4.hosts 2") != NULL,
			       "a set %s: got \"%s\"", vectors[i].what, got);
		free(got);
		batch_free(b);
		scene_free(&s);
	}
}

CLAIM(anonymous, "a set without a name goes with its rule, not by itself")
{
	struct scene s = scene(ONE, ONE);
	struct present_set *ps = arena_push(s.a, &s.present[FAMILY_INET].sets);

	ps->name = "__map0";
	ps->flags = NFT_SET_ANONYMOUS | NFT_SET_MAP | NFT_SET_CONSTANT;
	expect_change(&s, true, "an anonymous map",
		      "-rules; -elements forward.ports all; +elements "
		      "forward.ports 1; " RULES1);
	scene_free(&s);
}

CLAIM(chain_fits, "a chain on another hook or priority is made anew")
{
	static const struct {
		const char *what;
		bool is_base;
		const char *type;
		uint32_t hooknum;
		int32_t priority;
		bool stays;
	} vectors[] = {
		{ "the same", true, "filter", NF_INET_FORWARD, 0, true },
		{ "no base", false, NULL, 0, 0, false },
		{ "another type", true, "nat", NF_INET_FORWARD, 0, false },
		{ "another hook", true, "filter", NF_INET_LOCAL_IN, 0, false },
		{ "another priority", true, "filter", NF_INET_FORWARD, -1,
		  false },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct scene s = scene(ONE, ONE);
		struct present_chain *pc =
			&s.present[FAMILY_INET].chains.items[0];

		assert_string_equal(pc->name, "forward");
		pc->is_base = vectors[i].is_base;
		pc->type = vectors[i].type;
		pc->hooknum = vectors[i].hooknum;
		pc->priority = vectors[i].priority;
		expect_change(&s, true, vectors[i].what,
			      vectors[i].stays ?
				      "-rules; -elements forward.ports all; "
				      "+elements forward.ports 1; " RULES1 :
				      "-rules; -elements forward.ports all; "
				      "-chain forward; +chain forward; "
				      "+elements forward.ports 1; " RULES1);
		scene_free(&s);
	}
}

CLAIM(devices, "an ingress chain stays while its devices do, in any order")
{
	static const struct {
		const char *devices;
		bool stays;
	} vectors[] = {
		{ "eth0 eth1", true },
		{ "eth0", false },
		{ "eth0 eth1 eth2", false },
		{ "", false },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		static const char text[] =
			HEADER_OF("p", "ingress eth1 eth0") "outbound {\nallow "
							    "smtp\n}\n";
		struct scene s = scene(text, text);

		s.present[FAMILY_NETDEV].chains.items[0].devices =
			vectors[i].devices;
		expect_change(&s, true, vectors[i].devices,
			      vectors[i].stays ?
				      "-rules netdev; -elements netdev "
				      "ingress.ports all; +elements netdev "
				      "ingress.ports 1; +rule netdev ingress; "
				      "+rule netdev ingress.smtp" :
				      "-rules netdev; -elements netdev "
				      "ingress.ports all; -chain netdev "
				      "ingress; +chain netdev ingress; "
				      "+elements netdev ingress.ports 1; +rule "
				      "netdev ingress; +rule netdev "
				      "ingress.smtp");
		scene_free(&s);
	}
}

CLAIM(other_family, "our table of another family goes; a foreign one stays")
{
	static const char bridge[] = HEADER_OF("p", "bridge") "outbound "
							      "{\nallow "
							      "smtp\n}\n";
	struct scene s = scene(bridge, ONE);
	static const char fresh[] =
		"+table mailwall; +counter K0; +chain forward; +chain "
		"forward.smtp; +set forward.ports; +elements forward.ports 1; "
		"+set a.v4; +elements a.v4 2; " RULES1;
	char want[512];

	snprintf(want, sizeof(want), "-table bridge mailwall; %s", fresh);
	expect_change(&s, true, "a bridge table of ours", want);
	expect_number("other tables", s.summary.other_tables_removed, 1);
	s.present[FAMILY_BRIDGE].ours = false;
	expect_change(&s, true, "a foreign bridge table", fresh);
	expect_number("other tables", s.summary.other_tables_removed, 0);
	scene_free(&s);
}

CLAIM(members_lost, "members of a dynamic class that goes are counted")
{
	struct scene s = scene(HEADER "class d dynamic\noutbound {\nallow smtp "
				      "from d\n}\n",
			       ONE);
	struct batch *b = batch_new(0);

	find_set(&s, "d.v4")->has_count = true;
	find_set(&s, "d.v4")->count = 5;
	find_set(&s, "d.v6")->has_count = true;
	find_set(&s, "d.v6")->count = 2;
	change_build(b, s.a, s.rs, s.present, &s.known, &s.summary);
	expect_number("members lost", s.summary.members_lost, 7);
	batch_free(b);
	scene_free(&s);
}

CLAIM(removing, "removing takes every table of ours and no other")
{
	static const struct {
		bool exists[N_FAMILIES], ours[N_FAMILIES], any;
		const char *want;
	} vectors[] = {
		{ { 0 }, { 0 }, false, "" },
		{ { true }, { true }, true, "-table mailwall" },
		{ { true }, { false }, false, "" },
		{ { true, true, true },
		  { true, true, true },
		  true,
		  "-table mailwall; -table bridge mailwall; -table netdev "
		  "mailwall" },
		{ { true, true, true },
		  { false, true, false },
		  true,
		  "-table bridge mailwall" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct present present[N_FAMILIES] = { { 0 } };
		struct policy *p = good_policy(ONE);
		struct batch *b = batch_new(1);
		char *got, in[32];

		for (int f = 0; f < N_FAMILIES; f++) {
			present[f].exists = vectors[i].exists[f];
			present[f].ours = vectors[i].ours[f];
		}
		sprintf(in, "vector %zu", i);
		expect_number(in, change_remove(b, present), vectors[i].any);
		got = batch_text(b, p);
		expect_text(in, got, vectors[i].want);
		free(got);
		batch_free(b);
		policy_free(p);
	}
}

CLAIM(note_of_change, "every message of a change says what it is for")
{
	struct scene s = scene(NULL, ONE);
	struct batch *b = batch_new(1);
	const struct span *last = NULL;

	change_build(b, s.a, s.rs, s.present, NULL, &s.summary);
	for (uint32_t seq = 2; seq < 2 + batch_messages(b); seq++) {
		const struct batch_note *note = batch_note_of(b, seq);

		expect(note && note->name, "message %u has no name", seq);
		if (note && note->object == BATCH_SET &&
		    !strcmp(note->name, "a.v4"))
			expect(note->origin && note->origin->line == 6,
			       "set a.v4 is of line %u",
			       note->origin ? note->origin->line : 0);
		if (note && note->object == BATCH_RULE &&
		    !strcmp(note->name, "forward.smtp"))
			last = note->origin;
	}
	expect(last && last->line == 8,
	       "the last rule of forward.smtp is of line %u",
	       last ? last->line : 0);
	batch_free(b);
	scene_free(&s);
}

/* The first counters of a message's object: packets, or -1. */
static long long begins_with(const struct batch *b, const char *name)
{
	const struct nlattr *attr, *inner;

	for (uint32_t seq = 2; seq < 2 + batch_messages(b); seq++) {
		const struct nlmsghdr *nlh = batch_message(b, seq);
		const char *of = NULL;

		if ((nlh->nlmsg_type & 0xff) != NFT_MSG_NEWOBJ)
			continue;
		mnl_attr_for_each (attr, nlh, sizeof(struct nfgenmsg)) {
			if (mnl_attr_get_type(attr) == NFTA_OBJ_NAME)
				of = mnl_attr_get_str(attr);
			if (mnl_attr_get_type(attr) != NFTA_OBJ_DATA || !of ||
			    strcmp(of, name))
				continue;
			mnl_attr_for_each_nested (inner, attr)
				if (mnl_attr_get_type(inner) ==
				    NFTA_COUNTER_PACKETS)
					return (long long)be64toh(
						mnl_attr_get_u64(inner));
		}
	}
	return -1;
}

CLAIM(anew, "a table made anew goes on counting, and keeps its members")
{
	struct scene s = scene(
		HEADER "class exempt dynamic\noutbound {\nallow smtp from "
		       "exempt\n}\n",
		HEADER "class exempt dynamic\noutbound {\nallow smtp from "
		       "exempt\n}\n");
	struct batch *b = batch_new(1);
	struct change_members members = { 0 };
	struct change_list list;
	struct present *before = &s.present[s.rs->family];
	char *got;

	for (size_t i = 0; i < before->counters.n; i++)
		before->counters.items[i].packets = 40 + i;
	*arena_push(s.a, &members) = (struct change_member){
		.set = "exempt.v4",
		.family = 4,
		.v4 = { 0x0a000001, 0x0a000001 },
		.timeout_ms = 5000,
	};
	*arena_push(s.a, &members) =
		(struct change_member){ .set = "flagged.v4", .family = 4 };
	s.rs->table_flags = 6;
	change_list_anew(s.a, s.rs, s.present, &members, &list, &s.summary);
	change_list_emit(b, s.rs, &list);
	got = batch_text(b, s.policy);
	expect_text("anew", got,
		    "-table mailwall; +table mailwall; +counter K0; +chain "
		    "forward; +chain forward.smtp; +set forward.ports; "
		    "+elements forward.ports 1; +set exempt.v4; +set "
		    "exempt.v6; +elements exempt.v4 2; " RULES1);
	for (size_t i = 0; i < before->counters.n; i++)
		expect_number(before->counters.items[i].name,
			      (unsigned int)begins_with(
				      b, before->counters.items[i].name),
			      (unsigned int)(40 + i));
	free(got);
	batch_free(b);
	scene_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(anew),		 CLAIMED(fresh),
		CLAIMED(same),		 CLAIMED(dynamic),
		CLAIMED(difference),	 CLAIMED(objects_go),
		CLAIMED(counter_owners), CLAIMED(counter_owners_cut),
		CLAIMED(set_fits),	 CLAIMED(anonymous),
		CLAIMED(chain_fits),	 CLAIMED(devices),
		CLAIMED(other_family),	 CLAIMED(members_lost),
		CLAIMED(removing),	 CLAIMED(note_of_change),
	};

	return cmocka_run_group_tests_name("change", tests, NULL, NULL);
}
