/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host of version 1.0, for abi_test.py: linked against the plugin, with the
 * header as it was then. Later plugins must serve it as that one did.
 *
 *	host-1.0
 *
 * Prints what it was answered. Bytes behind each struct that the plugin fills
 * in are checked: exit 1 if one of them changed.
 */
#include "mailwall-1.0.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GUARD	    0xa5
#define GUARD_BYTES 64
#define SECOND	    INT64_C(1000000)
#define START	    (INT64_C(1767571200) * SECOND)

static const char text[] = "policy old\npurpose \"p\"\ncontact \"c\"\n"
			   "review 2099-01-01\nhook forward\n"
			   "class exempt dynamic\n"
			   "outbound {\n"
			   "	allow smtp from exempt\n"
			   "	block smtp\n"
			   "}\n"
			   "inbound {\n	block smtp from flagged\n}\n";

static const struct mailwall_api *m;
static char why[MAILWALL_WHY_BYTES];

static void must(int error, const char *what)
{
	if (!error)
		return;
	fprintf(stderr, "host-1.0: %s: %d %s\n", what, error, why);
	exit(1);
}

/* A struct of this version's size, and guards behind it. */
#define GUARDED(type)                                                          \
	struct {                                                               \
		struct type s;                                                 \
		unsigned char guard[GUARD_BYTES];                              \
	}
#define GUARD_BEGIN(g)                                                         \
	do {                                                                   \
		memset(&(g).s, 0, sizeof((g).s));                              \
		memset((g).guard, GUARD, sizeof((g).guard));                   \
		(g).s.size = sizeof((g).s);                                    \
	} while (0)
#define GUARD_CHECK(g) check_guard((g).guard, #g)

static void check_guard(const unsigned char *guard, const char *name)
{
	for (int i = 0; i < GUARD_BYTES; i++)
		if (guard[i] != GUARD)
			must(i + 1, name);
}

static void print_policy(const struct mailwall_policy *p)
{
	GUARDED(mailwall_facts) facts;
	GUARDED(mailwall_clause) clause;
	GUARDED(mailwall_class) class_of;
	GUARDED(mailwall_file) file;
	char digest[MAILWALL_DIGEST_BYTES];

	GUARD_BEGIN(facts);
	must(m->policy_facts(p, &facts.s, why, sizeof(why)), "facts");
	GUARD_CHECK(facts);
	printf("%s: %zu clauses, %zu classes, %zu files\n", facts.s.name,
	       facts.s.n_clauses, facts.s.n_classes, facts.s.n_files);
	for (size_t i = 0; i < facts.s.n_clauses; i++) {
		GUARD_BEGIN(clause);
		must(m->policy_clause(p, i, &clause.s, why, sizeof(why)),
		     "clause");
		GUARD_CHECK(clause);
		printf("%s %s\n", clause.s.id, clause.s.text);
	}
	for (size_t i = 0; i < facts.s.n_classes; i++) {
		GUARD_BEGIN(class_of);
		must(m->policy_class(p, i, &class_of.s, why, sizeof(why)),
		     "class");
		GUARD_CHECK(class_of);
		printf("%s %u\n", class_of.s.name, class_of.s.kind);
	}
	GUARD_BEGIN(file);
	must(m->policy_file(p, 0, &file.s, why, sizeof(why)), "file");
	GUARD_CHECK(file);
	must(m->policy_digest(p, digest, sizeof(digest), why, sizeof(why)),
	     "digest");
	printf("%s %s\n", file.s.path, digest);
}

static int is_exempt(void *ctx, const char *class_name, unsigned int family,
		     const uint8_t *address)
{
	(void)ctx;
	return !strcmp(class_name, "exempt") && family == 4 && address[3] == 9;
}

static void print_decisions(const struct mailwall_policy *p)
{
	struct mailwall_members members = { sizeof(members), NULL, is_exempt };
	struct mailwall_connection c = { .size = sizeof(c) };
	GUARDED(mailwall_decision) d;

	c.family = 4;
	c.destination_port = 25;
	for (uint8_t i = 8; i < 10; i++) {
		c.source[3] = i;
		GUARD_BEGIN(d);
		must(m->policy_decide(p, &members, &c, &d.s, why, sizeof(why)),
		     "decide");
		GUARD_CHECK(d);
		printf("%u: %s %s\n", i,
		       m->name(MAILWALL_NAME_VERDICT, d.s.verdict), d.s.clause);
	}
}

static void print_attempt(void *ctx, const struct mailwall_attempt *a)
{
	must(a->size < sizeof(*a), "an attempt is too short");
	++*(unsigned int *)ctx;
}

static void print_finding(void *ctx, const struct mailwall_finding *f)
{
	GUARDED(mailwall_element) e;

	must(f->size < sizeof(*f), "a finding is too short");
	GUARD_BEGIN(e);
	must(m->finding_element(ctx, f, &e.s, why, sizeof(why)), "element");
	GUARD_CHECK(e);
	printf("finding %s %s: %s in %s\n",
	       m->name(MAILWALL_NAME_FINDING, f->kind),
	       m->name(MAILWALL_NAME_DETECTOR, f->detector), e.s.text, e.s.set);
}

struct host {
	struct mailwall_policy *policy;
	unsigned int attempts;
};

static void on_attempt(void *ctx, const struct mailwall_attempt *a)
{
	print_attempt(&((struct host *)ctx)->attempts, a);
}

static void on_finding(void *ctx, const struct mailwall_finding *f)
{
	print_finding(((struct host *)ctx)->policy, f);
}

/* A SYN from 10.0.0.1 to another network each time. */
static void send_syn(struct mailwall_engine *e, unsigned int n)
{
	uint8_t packet[40] = { 0x45, 0, 0, 40 };
	struct mailwall_frame f = { .size = sizeof(f) };

	packet[8] = 64;
	packet[9] = 6;
	packet[12] = 10;
	packet[15] = 1;
	packet[16] = 198;
	packet[17] = (uint8_t)n;
	packet[20] = 40;
	packet[21] = (uint8_t)n;
	packet[23] = 25;
	packet[27] = (uint8_t)n;
	packet[32] = 0x50;
	packet[33] = 2;
	f.data = packet;
	f.log_prefix = n % 2 ? "old:9 block " : NULL;
	f.time_us = START + (int64_t)n * SECOND;
	f.caplen = f.len = sizeof(packet);
	f.link = 101;
	must(m->engine_frame(e, &f, why, sizeof(why)), "frame");
}

static void print_engine(struct mailwall_policy *p)
{
	struct host host = { p, 0 };
	struct mailwall_engine_config c = { .size = sizeof(c) };
	GUARDED(mailwall_summary) s;
	struct mailwall_engine *e;

	c.policy = p;
	c.ctx = &host;
	c.attempt = on_attempt;
	c.finding = on_finding;
	c.key[0] = 1;
	c.skip_warmup = 1;
	must(m->engine_new(&c, &e, why, sizeof(why)), "engine");
	for (unsigned int i = 0; i < 100; i++)
		send_syn(e, i);
	must(m->engine_end(e, why, sizeof(why)), "end");
	GUARD_BEGIN(s);
	must(m->engine_summary(e, &s.s, why, sizeof(why)), "summary");
	GUARD_CHECK(s);
	printf("%u attempts, %llu packets, %u ports\n", host.attempts,
	       (unsigned long long)s.s.packets, s.s.n_ports);
	m->engine_free(e);
}

int main(void)
{
	struct mailwall_load load = { .size = sizeof(load) };
	struct mailwall_policy *p;

	m = mailwall_get(MAILWALL_MAJOR);
	must(!m || m->magic != MAILWALL_MAGIC || !MAILWALL_HAS(m, engine_load),
	     "the plugin is older");
	load.path = "old.policy";
	load.text = text;
	load.text_len = sizeof(text) - 1;
	must(m->policy_load(&load, &p, why, sizeof(why)), "load");
	print_policy(p);
	print_decisions(p);
	print_engine(p);
	m->policy_free(p);
	return 0;
}
