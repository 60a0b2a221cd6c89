/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of steps that a plan prints, against the messages that are sent. */
#include "../../unit.h"
#include "../../scene.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

/* ---- messages as the steps that they are of ---- */

static const struct {
	uint16_t type;
	bool removes;
	const char *object;
	uint16_t name_attr;
} kinds[] = {
	{ NFT_MSG_NEWTABLE, false, "table", 0 },
	{ NFT_MSG_DELTABLE, true, "table", 0 },
	{ NFT_MSG_NEWOBJ, false, "counter", NFTA_OBJ_NAME },
	{ NFT_MSG_DELOBJ, true, "counter", NFTA_OBJ_NAME },
	{ NFT_MSG_NEWSET, false, "set", NFTA_SET_NAME },
	{ NFT_MSG_DELSET, true, "set", NFTA_SET_NAME },
	{ NFT_MSG_NEWSETELEM, false, "elements", NFTA_SET_ELEM_LIST_SET },
	{ NFT_MSG_DELSETELEM, true, "elements", NFTA_SET_ELEM_LIST_SET },
	{ NFT_MSG_NEWCHAIN, false, "chain", NFTA_CHAIN_NAME },
	{ NFT_MSG_DELCHAIN, true, "chain", NFTA_CHAIN_NAME },
	{ NFT_MSG_NEWRULE, false, "rules", NFTA_RULE_CHAIN },
	{ NFT_MSG_DELRULE, true, "rules", 0 },
};

struct sent {
	bool removes, empties;
	const char *object, *name; /* name "": all */
	size_t n;
};

/* An end of a range is no element of its own. */
static size_t elements_of(const struct nlmsghdr *nlh)
{
	const struct nlattr *list, *elem, *attr;
	size_t n = 0;

	mnl_attr_for_each (list, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(list) != NFTA_SET_ELEM_LIST_ELEMENTS)
			continue;
		mnl_attr_for_each_nested (elem, list) {
			n++;
			mnl_attr_for_each_nested (attr, elem)
				if (mnl_attr_get_type(attr) ==
				    NFTA_SET_ELEM_FLAGS)
					n--;
		}
	}
	return n;
}

static struct sent sent_of(const struct nlmsghdr *nlh)
{
	struct sent s = { .name = "" };
	const struct nlattr *attr;
	size_t k = 0;

	while (k < COUNT(kinds) && kinds[k].type != (nlh->nlmsg_type & 0xff))
		k++;
	assert_true(k < COUNT(kinds));
	s.removes = kinds[k].removes;
	s.object = kinds[k].object;
	mnl_attr_for_each (attr, nlh, sizeof(struct nfgenmsg))
		if (kinds[k].name_attr &&
		    mnl_attr_get_type(attr) == kinds[k].name_attr)
			s.name = mnl_attr_get_str(attr);
	if (!strcmp(s.object, "elements")) {
		s.n = elements_of(nlh);
		s.empties = s.removes && !s.n;
	} else if (!strcmp(s.object, "rules")) {
		s.n = !s.removes;
		s.empties = s.removes;
	}
	return s;
}

static void put_sent(FILE *out, const struct sent *s)
{
	fprintf(out, "%s %s %s %zu\n",
		s->empties ? "empty" :
		s->removes ? "remove" :
			     "add",
		s->object, s->name, s->n);
}

/* Messages in a row that do the same to one set or chain are one step. */
static char *sent_text(const struct batch *b)
{
	struct text t;
	FILE *out = text_open(&t);
	struct sent last = { 0 };

	for (uint32_t seq = 2; seq < 2 + batch_messages(b); seq++) {
		struct sent s = sent_of(batch_message(b, seq));

		if (last.object && s.n && s.removes == last.removes &&
		    !strcmp(s.object, last.object) &&
		    !strcmp(s.name, last.name)) {
			last.n += s.n;
			continue;
		}
		if (last.object)
			put_sent(out, &last);
		last = s;
	}
	if (last.object)
		put_sent(out, &last);
	text_done(&t);
	return t.bytes;
}

/* An update is sent as what is added. */
static char *list_text(const struct change_list *list)
{
	struct text t;
	FILE *out = text_open(&t);

	for (size_t i = 0; i < list->n; i++) {
		const struct change_step *s = &list->items[i];

		fprintf(out, "%s %s %s %zu\n",
			s->verb == CHANGE_UPDATE ? "add" :
						   change_verb_name(s->verb),
			batch_object_name(s->object), s->name ? s->name : "",
			s->n);
	}
	text_done(&t);
	return t.bytes;
}

/* ---- pairs of policies ---- */

#define CLASS_A(members) HEADER "class a { " members " }\n"
#define RULES(clauses)	 "outbound from a {\n" clauses "}\n"
#define TEN		 "10.0.0.0/8 192.0.2.1 2001:db8::/32"

static const struct {
	const char *before, *wanted;
	bool known;
	const char *has; /* a line of the list */
} pairs[] = {
	{ NULL, CLASS_A(TEN) RULES("block smtp\n"), true, "add table  0\n" },
	{ CLASS_A(TEN) RULES("block smtp\n"),
	  CLASS_A(TEN) RULES("block smtp\n"), true, "empty rules  0\n" },
	{ CLASS_A(TEN) RULES("block smtp\n"),
	  CLASS_A("192.0.2.1 198.51.100.0/24") RULES("block smtp\n"), true,
	  "remove elements a.v4 1\n" },
	{ CLASS_A(TEN) RULES("block smtp\n"),
	  CLASS_A("192.0.2.1 198.51.100.0/24") RULES("block smtp\n"), false,
	  "empty elements a.v4 0\n" },
	{ CLASS_A(TEN) RULES("block smtp\n"),
	  CLASS_A(TEN) RULES("allow submission\nblock smtp smtp-alt log\n"),
	  true, "add chain forward.submission 0\n" },
	{ CLASS_A(TEN)
		  RULES("allow submission\nlimit smtp 3/hour per source\n"),
	  CLASS_A(TEN) RULES("block smtp\n"), true,
	  "remove chain forward.submission 0\n" },
	{ HEADER_OF("p", "output") "class a { " TEN
				   " }\n" RULES("block smtp\n"),
	  HEADER_OF("p", "bridge") "class a { " TEN
				   " }\n" RULES("block smtp\n"),
	  true, "remove table  0\n" },
};

CLAIM(list_is_sent, "the list of steps is what is sent, in its order")
{
	for (size_t i = 0; i < COUNT(pairs); i++) {
		struct scene s = scene(pairs[i].before, pairs[i].wanted);
		struct batch *b = batch_new(1);
		struct change_list list;
		char *wanted, *sent;

		change_list_make(s.a, s.rs, s.present,
				 pairs[i].known ? &s.known : NULL, &list,
				 &s.summary);
		change_list_emit(b, s.rs, &list);
		expect_number("error", (unsigned int)batch_error(b), 0);
		wanted = list_text(&list);
		sent = sent_text(b);
		expect_text(pairs[i].wanted, sent, wanted);
		expect(strstr(wanted, pairs[i].has) != NULL,
		       "no \"%s\" in \"%s\"", pairs[i].has, wanted);
		free(wanted);
		free(sent);
		batch_free(b);
		scene_free(&s);
	}
}

CLAIM(large, "elements that take many messages are one step")
{
	struct text t;
	FILE *out = text_open(&t);
	struct change_list list;
	struct scene s;
	struct batch *b = batch_new(1);
	char *sent;

	fputs(HEADER "class a {\n", out);
	for (unsigned int i = 0; i < 20000; i++)
		fprintf(out, "10.%u.%u.0/25\n", i / 256, i % 256);
	fputs("}\n" RULES("block smtp\n"), out);
	text_done(&t);
	s = scene(NULL, t.bytes);
	change_list_make(s.a, s.rs, s.present, NULL, &list, &s.summary);
	change_list_emit(b, s.rs, &list);
	sent = sent_text(b);
	expect(batch_messages(b) > list.n + 10, "%zu messages for %zu steps",
	       batch_messages(b), list.n);
	expect(strstr(sent, "add elements a.v4 20000\n") != NULL, "%s", sent);
	free(sent);
	batch_free(b);
	scene_free(&s);
	free(t.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(list_is_sent),
		CLAIMED(large),
	};

	return cmocka_run_group_tests_name("change_list", tests, NULL, NULL);
}
