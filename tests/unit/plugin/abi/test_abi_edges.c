/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plugin's table where hosts err, and the lists that a policy has. */
#include "../../unit.h"
#include "../../packet.h"
#include "../../../../plugin/mailwall.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define SECOND	INT64_C(1000000)
#define START	(INT64_C(1767571200) * SECOND) /* 2026-01-05 */
#define GIVE_UP 60 /* seconds: a loop without end is a failure */

static const struct mailwall_api *m; /* as main() got it */
static char why[MAILWALL_WHY_BYTES];
#define WHY why, sizeof(why)

static const char text[] =
	"policy p\npurpose \"a\"\ncontact \"b\"\nreview 2099-01-01\n"
	"hook forward\n"
	"class subscribers { 100.64.0.0/10 2001:db8:4000::/34 interface "
	"\"ppp*\" }\n"
	"class exempt dynamic size 100\n"
	"outbound from subscribers {\n"
	"	allow smtp from exempt to 192.0.2.25\n"
	"	observe imap 2525\n"
	"	block smtp\n"
	"}\n"
	"inbound to subscribers {\n	block smtp from flagged\n}\n"
	"watch { quarantine 24h }\n";

static struct mailwall_load load_of(const char *policy)
{
	return (struct mailwall_load){ .size = sizeof(struct mailwall_load),
				       .path = "main",
				       .text = policy,
				       .text_len = strlen(policy) };
}

static struct mailwall_policy *policy_of(const char *policy)
{
	struct mailwall_load load = load_of(policy);
	struct mailwall_facts facts = { .size = sizeof(facts) };
	struct mailwall_diagnostic d = { .size = sizeof(d) };
	struct mailwall_policy *p;

	if (m->policy_load(&load, &p, WHY))
		fail_msg("%s", why);
	assert_int_equal(m->policy_facts(p, &facts, WHY), 0);
	if (facts.errors && !m->policy_diagnostic(p, 0, &d, WHY))
		fail_msg("line %u: %s", d.line, d.message);
	return p;
}

static struct mailwall_engine_config config_of(struct mailwall_policy *policy)
{
	return (struct mailwall_engine_config){
		.size = sizeof(struct mailwall_engine_config),
		.policy = policy,
		.key = { 1, 2 },
		.memory = 8 << 20,
		.skip_warmup = 1,
	};
}

static struct mailwall_engine *
engine_of(const struct mailwall_engine_config *config)
{
	struct mailwall_engine *e;

	if (m->engine_new(config, &e, WHY))
		fail_msg("%s", why);
	return e;
}

/* Sends the n-th of SYNs that differ, bare, with a log prefix beside it. */
static int send_syn(struct mailwall_engine *e, uint32_t n, int64_t now_us,
		    const char *prefix)
{
	const struct packet_of p = { .source = 0x64400000 + n % 7,
				     .destination = 0xc0000000 + (n << 16),
				     .source_port = (uint16_t)(4000 + n),
				     .destination_port = 25,
				     .seq = n,
				     .flags = TCP_SYN };
	uint8_t bytes[2 * PACKET_MOST];
	struct frame f = packet_frame(&p, now_us, 0, bytes);
	struct mailwall_frame frame = { .size = sizeof(frame),
					.data = f.data,
					.log_prefix = prefix,
					.time_us = f.time_us,
					.caplen = f.caplen,
					.len = f.len,
					.link = f.link };

	return m->engine_frame(e, &frame, WHY);
}

/* Checks an error and its sentence: lower case, no full stop, what it names. */
static void refused(const char *what, int error, int want, const char *names)
{
	size_t len = strlen(why);

	expect(error == want && len > 8 && why[len - 1] != '.' &&
		       strstr(why, names),
	       "%s: got %d \"%s\", want %d and \"%s\"", what, error, why, want,
	       names);
}

/* ---- reserved bytes, flags, memory ---- */

CLAIM(reserved, "a reserved byte that is not 0 and a flag that is neither 0 "
		"nor 1 are refused with the struct's name")
{
	struct mailwall_policy *p = policy_of(text), *none;
	struct mailwall_engine_config config = config_of(p);
	struct mailwall_engine *e = engine_of(&config), *no_engine;
	struct mailwall_load load = load_of(text);
	struct mailwall_decision d = { .size = sizeof(d) };

	load.reserved = 1u << 31;
	refused("load", m->policy_load(&load, &none, WHY), -EINVAL,
		"struct mailwall_load has reserved");
	for (size_t i = 0; i < sizeof(((struct mailwall_frame *)0)->reserved);
	     i++) {
		struct mailwall_frame f = { .size = sizeof(f) };

		f.reserved[i] = 1;
		refused("frame", m->engine_frame(e, &f, WHY), -EINVAL,
			"struct mailwall_frame has reserved");
	}
	for (size_t i = 0; i < 3; i++) {
		struct mailwall_connection c = { .size = sizeof(c),
						 .family = 4 };

		if (i < 2)
			c.reserved[i] = 1;
		else
			c.has_owner = 2;
		refused("connection", m->policy_decide(p, NULL, &c, &d, WHY),
			-EINVAL, "struct mailwall_connection");
	}
	for (size_t i = 0; i < sizeof(config.reserved) + 1; i++) {
		struct mailwall_engine_config c = config;

		if (i < sizeof(config.reserved))
			c.reserved[i] = 0x80;
		else
			c.skip_warmup = 255;
		refused("config", m->engine_new(&c, &no_engine, WHY), -EINVAL,
			"struct mailwall_engine_config");
	}
	m->engine_free(e);
	m->policy_free(p);
}

CLAIM(memory, "more memory than an engine can use is refused, at once")
{
	static const uint64_t sizes[] = { MAILWALL_MEMORY_MOST + 1,
					  UINT64_C(1) << 62, UINT64_MAX };
	struct mailwall_engine_config config = config_of(NULL);
	struct mailwall_engine *e;

	for (size_t i = 0; i < COUNT(sizes); i++) {
		config.memory = (size_t)sizes[i];
		refused("memory", m->engine_new(&config, &e, WHY), -EINVAL,
			"bytes of memory");
		assert_null(e);
	}
	config.memory = 1;
	m->engine_free(engine_of(&config));
}

/* ---- an engine that is freed within a callback ---- */

struct host {
	struct mailwall_engine *engine;
	unsigned int called;
	bool freed; /* and whatever is called then is called too late */
};

static void free_engine(struct host *h)
{
	expect(!h->freed, "a callback after engine_free()");
	h->called++;
	h->freed = true;
	m->engine_free(h->engine);
}

static void free_on_attempt(void *ctx, const struct mailwall_attempt *a)
{
	(void)a;
	free_engine(ctx);
}

static void free_on_finding(void *ctx, const struct mailwall_finding *f)
{
	(void)f;
	free_engine(ctx);
}

static int free_on_member(void *ctx, const char *class_name,
			  unsigned int family, const uint8_t *address)
{
	(void)class_name;
	(void)family;
	(void)address;
	free_engine(ctx);
	return 0;
}

static int free_on_port(void *ctx, const struct mailwall_port *p)
{
	(void)p;
	free_engine(ctx);
	return 0;
}

static int free_on_source(void *ctx, const struct mailwall_source *s)
{
	(void)s;
	free_engine(ctx);
	return 0;
}

static int free_on_write(void *ctx, const void *bytes, size_t len)
{
	(void)bytes;
	(void)len;
	free_engine(ctx);
	return 0;
}

enum freeing {
	FREE_ON_ATTEMPT,
	FREE_ON_EARLY,
	FREE_ON_FINDING,
	FREE_ON_MEMBER,
	FREE_ON_PORT,
	FREE_ON_SOURCE,
	FREE_ON_WRITE,
	FREEINGS
};

static int use_until_freed(struct host *h, enum freeing how)
{
	int error = 0;

	for (uint32_t i = 0; i < 400 && !error; i++)
		error = send_syn(h->engine, i * 7, START + i * SECOND / 4,
				 NULL);
	if (!error && how == FREE_ON_PORT)
		return m->engine_ports(h->engine, free_on_port, h, WHY);
	if (!error && how == FREE_ON_SOURCE)
		return m->engine_sources(h->engine, free_on_source, h, WHY);
	if (!error && how == FREE_ON_WRITE)
		return m->engine_save(h->engine, free_on_write, h, WHY);
	return error ? error : m->engine_end(h->engine, WHY);
}

CLAIM(freed_within, "after engine_free() in a callback of any kind no callback "
		    "follows, and the call returns -ECANCELED")
{
	struct mailwall_policy *p = policy_of(text);

	for (int how = 0; how < FREEINGS; how++) {
		struct host host = { 0 };
		struct mailwall_members members = { sizeof(members), &host,
						    free_on_member };
		struct mailwall_engine_config c = config_of(p);

		c.ctx = &host;
		if (how == FREE_ON_ATTEMPT)
			c.attempt = free_on_attempt;
		if (how == FREE_ON_EARLY)
			c.early = free_on_attempt;
		if (how == FREE_ON_FINDING)
			c.finding = free_on_finding;
		if (how == FREE_ON_MEMBER)
			c.members = &members;
		host.engine = engine_of(&c);
		refused("use", use_until_freed(&host, how), -ECANCELED,
			"freed the engine");
		expect(host.called == 1, "kind %d: %u calls", how, host.called);
	}
	m->policy_free(p);
}

/* ---- members that cannot be told ---- */

static int fail_member(void *ctx, const char *class_name, unsigned int family,
		       const uint8_t *address)
{
	(void)family;
	(void)address;
	return strcmp(class_name, "exempt") ? 0 : *(int *)ctx;
}

CLAIM(members,
      "an error of member() is returned, with the class in the "
      "sentence; nothing is filled in, and an engine counts it and goes "
      "on")
{
	static const struct {
		int result, want;
	} rows[] = { { -EIO, -EIO },
		     { -ENOENT, -ENOENT },
		     { INT32_MIN, -EIO } };
	struct mailwall_policy *p = policy_of(text);

	for (size_t i = 0; i < COUNT(rows); i++) {
		int result = rows[i].result;
		struct mailwall_members members = { sizeof(members), &result,
						    fail_member };
		struct mailwall_connection c = { .size = sizeof(c),
						 .family = 4,
						 .source = { 100, 64, 0, 1 },
						 .destination = { 192, 0, 2,
								  25 },
						 .destination_port = 25 };
		struct mailwall_decision d = { .size = sizeof(d), .index = 77 };
		struct mailwall_summary s = { .size = sizeof(s) };
		struct mailwall_engine_config config = config_of(p);
		struct mailwall_engine *e;
		int error = 0;

		refused("decide", m->policy_decide(p, &members, &c, &d, WHY),
			rows[i].want, "\"exempt\"");
		expect_number("index", d.index, 77);
		config.members = &members;
		e = engine_of(&config);
		for (uint32_t n = 0; n < 20 && !error; n++)
			error = send_syn(e, n, START + n * 4 * SECOND, NULL);
		if (!error)
			error = m->engine_end(e, WHY);
		refused("engine", error, rows[i].want, "\"exempt\"");
		result = 0;
		assert_int_equal(send_syn(e, 50, START + 900 * SECOND, NULL),
				 0);
		assert_int_equal(m->engine_summary(e, &s, WHY), 0);
		expect(s.members_failed >= 1, "no error was counted");
		m->engine_free(e);
	}
	m->policy_free(p);
}

/* ---- time, prefixes, references ---- */

struct heard {
	unsigned int early, attempts;
	char clause[64];
};

static void hear_early(void *ctx, const struct mailwall_attempt *a)
{
	struct heard *h = ctx;

	(void)a;
	h->early++;
}

static void hear_attempt(void *ctx, const struct mailwall_attempt *a)
{
	struct heard *h = ctx;

	h->attempts++;
	snprintf(h->clause, sizeof(h->clause), "%s",
		 a->clause ? a->clause : "-");
}

CLAIM(times, "early() comes with the first frame that is 3 s later, and times "
	     "that cannot be are counted")
{
	static const int64_t wild_us[] = { -1, INT64_MAX, START * 1000 };
	struct heard heard = { 0 };
	struct mailwall_engine_config c = config_of(NULL);
	struct mailwall_summary s = { .size = sizeof(s) };
	struct mailwall_engine *e;

	c.ctx = &heard;
	c.early = hear_early;
	e = engine_of(&c);
	for (uint32_t i = 0; i < 10; i++) {
		assert_int_equal(send_syn(e, i, START + i * 10 * SECOND, NULL),
				 0);
		expect_number("early", heard.early, i);
	}
	for (size_t i = 0; i < COUNT(wild_us); i++)
		assert_int_equal(m->engine_time(e, wild_us[i], WHY), 0);
	expect_number("early", heard.early, 9);
	assert_int_equal(m->engine_summary(e, &s, WHY), 0);
	expect_number("refused", s.times_refused, COUNT(wild_us));
	m->engine_free(e);
}

CLAIM(prefixes, "a frame's log prefix names the clause, with the packet apart")
{
	static const struct {
		const char *prefix, *clause;
	} rows[] = { { "residential:17 block ", "residential:17" },
		     { NULL, "-" },
		     { "", "-" },
		     { "DROP IN= ", "-" } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct heard heard = { 0 };
		struct mailwall_engine_config c = config_of(NULL);
		struct mailwall_engine *e;

		c.ctx = &heard;
		c.attempt = hear_attempt;
		e = engine_of(&c);
		assert_int_equal(send_syn(e, 1, START, rows[i].prefix), 0);
		assert_int_equal(m->engine_end(e, WHY), 0);
		expect_number("attempts", heard.attempts, 1);
		expect_text("clause", heard.clause, rows[i].clause);
		m->engine_free(e);
	}
}

CLAIM(references, "a policy lives until its last reference goes")
{
	struct mailwall_policy *p = policy_of(text);
	struct mailwall_facts f = { .size = sizeof(f) };

	assert_ptr_equal(m->policy_ref(p), p);
	assert_ptr_equal(m->policy_ref(p), p);
	assert_null(m->policy_ref(NULL));
	m->policy_free(p);
	m->policy_free(p);
	assert_int_equal(m->policy_facts(p, &f, WHY), 0);
	expect_text("name", f.name, "p");
	m->policy_free(p);
}

/* ---- lists ---- */

struct list {
	char text[1024];
	int stop; /* returned after the first item */
};

static void list_add(struct list *l, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void list_add(struct list *l, const char *format, ...)
{
	size_t n = strlen(l->text);
	va_list args;

	va_start(args, format);
	vsnprintf(l->text + n, sizeof(l->text) - n, format, args);
	va_end(args);
}

static int list_condition(void *ctx, const struct mailwall_condition *c)
{
	struct list *l = ctx;

	assert_int_equal(c->size, sizeof(*c));
	list_add(l, "%s ", m->name(MAILWALL_NAME_CONDITION, c->kind));
	if (c->class_name)
		list_add(l, "%s; ", c->class_name);
	else
		list_add(l, "%u; ",
			 c->kind == MAILWALL_CONDITION_PORT ? c->port : c->id);
	expect(!c->class_name == (c->class_index == MAILWALL_NO_CLASS),
	       "index of %s", l->text);
	return l->stop;
}

CLAIM(conditions, "the conditions of a clause are its ports, its block's "
		  "classes, its own, users and groups")
{
	static const char *const rows[] = {
		"port 25; block subscribers; from exempt; to 192.0.2.25; ",
		"port 143; port 2525; block subscribers; ",
		"port 25; block subscribers; ",
		"port 25; block subscribers; from flagged; ",
	};
	struct mailwall_policy *p = policy_of(text);
	struct list stop = { .stop = 5 };

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct list l = { 0 };

		assert_int_equal(
			m->policy_conditions(p, i, list_condition, &l, WHY), 0);
		expect_text("conditions", l.text, rows[i]);
	}
	refused("fifth", m->policy_conditions(p, 4, list_condition, &stop, WHY),
		-ENOENT, "4 clauses");
	refused("stop", m->policy_conditions(p, 0, list_condition, &stop, WHY),
		5, "returned 5");
	expect_text("stopped", stop.text, "port 25; ");
	refused("no function", m->policy_conditions(p, 0, NULL, NULL, WHY),
		-EINVAL, "no function");
	m->policy_free(p);
}

CLAIM(owners, "and so are the conditions of a clause of hook output")
{
	static const char output[] =
		"policy p\nhook output\noutbound {\n"
		"allow smtp submission user 7 8 group 9\nblock smtp\n}\n";
	struct mailwall_policy *p = policy_of(output);
	struct list l = { 0 };

	assert_int_equal(m->policy_conditions(p, 0, list_condition, &l, WHY),
			 0);
	expect_text("conditions", l.text,
		    "port 25; port 587; user 7; user 8; group 9; ");
	m->policy_free(p);
}

static int list_member(void *ctx, const struct mailwall_class_member *c)
{
	struct list *l = ctx;

	assert_int_equal(c->size, sizeof(*c));
	if (c->interface_name)
		list_add(l, "%s; ", c->interface_name);
	else
		list_add(l, "%u: %u.%u to %u.%u; ", c->family, c->first[0],
			 c->first[1], c->last[0], c->last[1]);
	return l->stop;
}

/* The class of that name; its number is found by asking for all. */
static struct mailwall_class class_of(const struct mailwall_policy *p,
				      const char *name)
{
	struct mailwall_class c = { .size = sizeof(c) };

	for (size_t i = 0; !m->policy_class(p, i, &c, WHY); i++) {
		expect_number("index", c.index, i);
		if (!strcmp(c.name, name))
			return c;
	}
	fail_msg("no class \"%s\"", name);
	return c;
}

CLAIM(classes, "every class has a name, a kind and its members")
{
	struct mailwall_policy *p = policy_of(text);
	struct mailwall_facts f = { .size = sizeof(f) };
	struct mailwall_class c = class_of(p, "subscribers");
	struct list l = { 0 };

	expect(c.kind == MAILWALL_CLASS_STATIC && c.line == 6 && !c.builtin &&
		       !c.literal && c.uses && !strcmp(c.file, "main"),
	       "subscribers");
	assert_int_equal(
		m->policy_class_members(p, c.index, list_member, &l, WHY), 0);
	expect_text("members", l.text,
		    "4: 100.64 to 100.127; 6: 32.1 to 32.1; ppp*; ");
	c = class_of(p, "exempt");
	expect(c.kind == MAILWALL_CLASS_DYNAMIC && c.size_most == 100,
	       "exempt");
	l.text[0] = '\0';
	assert_int_equal(
		m->policy_class_members(p, c.index, list_member, &l, WHY), 0);
	expect_text("members", l.text, "");
	expect(class_of(p, "any").kind == MAILWALL_CLASS_ANY, "any");
	c = class_of(p, "flagged");
	expect(c.builtin && !c.file && c.uses == 1, "flagged");
	expect(class_of(p, "192.0.2.25").literal, "192.0.2.25");
	assert_int_equal(m->policy_facts(p, &f, WHY), 0);
	refused("beyond", m->policy_class(p, f.n_classes, &c, WHY), -ENOENT,
		"classes");
	refused("beyond",
		m->policy_class_members(p, f.n_classes, list_member, &l, WHY),
		-ENOENT, "classes");
	m->policy_free(p);
}

static int list_set(void *ctx, const struct mailwall_set *s)
{
	struct list *l = ctx;

	assert_int_equal(s->size, sizeof(*s));
	expect(!s->class_name == (s->class_index == MAILWALL_NO_CLASS),
	       "index of %s", s->name);
	if (s->class_name)
		list_add(l, "%s of %s: %s %u%s; ", s->name, s->class_name,
			 m->name(MAILWALL_NAME_KEY, s->key),
			 (unsigned int)s->elements,
			 s->timeout ? " timeout" : "");
	return l->stop;
}

CLAIM(sets, "the sets of a class are those that the rules have")
{
	static const char *const has[] = {
		"subscribers.v4 of subscribers: ipv4_addr 1; ",
		"subscribers.v6 of subscribers: ipv6_addr 1; ",
		"subscribers.if of subscribers: ifname 1; ",
		"exempt.v4 of exempt: ipv4_addr 0 timeout; ",
		"flagged.v6 of flagged: ipv6_addr 0 timeout; ",
	};
	struct mailwall_policy *p = policy_of(text);
	struct list l = { 0 }, stop = { .stop = -EINTR };

	assert_int_equal(m->policy_sets(p, list_set, &l, WHY), 0);
	for (size_t i = 0; i < COUNT(has); i++)
		expect(strstr(l.text, has[i]), "no %s in %s", has[i], l.text);
	refused("stop", m->policy_sets(p, list_set, &stop, WHY), -EINTR,
		"returned");
	m->policy_free(p);
}

/* ---- elements ---- */

CLAIM(elements, "an address or a prefix is an element of the set of any "
		"dynamic class")
{
	static const struct {
		const char *class_name;
		unsigned int family, prefix_len;
		const char *set, *text, *first, *last;
		uint32_t timeout_s;
	} rows[] = {
		{ "exempt", 4, 32, "exempt.v4", "203.0.113.77", "203.0.113.77",
		  "203.0.113.77", 0 },
		{ "exempt", 4, 20, "exempt.v4", "203.0.112.0/20", "203.0.112.0",
		  "203.0.127.255", 0 },
		{ "exempt", 4, 1, "exempt.v4", "128.0.0.0/1", "128.0.0.0",
		  "255.255.255.255", 0 },
		{ "flagged", 6, 64, "flagged.v6", "cb00:714d::/64",
		  "cb00:714d::", "cb00:714d::ffff:ffff:ffff:ffff", 86400 },
		{ "exempt", 6, 128, "exempt.v6",
		  "cb00:714d::", "cb00:714d::", "cb00:714d::", 0 },
	};
	static const uint8_t address[16] = { 203, 0, 113, 77 };
	struct mailwall_policy *p = policy_of(text);
	struct mailwall_element e = { .size = sizeof(e) };

	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(m->policy_element(p, rows[i].class_name,
						   rows[i].family, address,
						   rows[i].prefix_len, &e, WHY),
				 0);
		expect_text(rows[i].text, e.set, rows[i].set);
		expect_text(rows[i].text, e.text, rows[i].text);
		expect_text(rows[i].text, e.first_text, rows[i].first);
		expect_text(rows[i].text, e.last_text, rows[i].last);
		expect(e.has_set && e.timeout_s == rows[i].timeout_s &&
			       e.prefix_len == rows[i].prefix_len &&
			       e.family == rows[i].family &&
			       !strcmp(e.table, "mailwall"),
		       "%s", rows[i].text);
	}
#define ELEMENT(class_name, family, address, len)                              \
	m->policy_element(p, class_name, family, address, len, &e, WHY)
	refused("static", ELEMENT("subscribers", 4, address, 32), -EINVAL,
		"\"subscribers\" is not dynamic");
	refused("none", ELEMENT("nobody", 4, address, 32), -ENOENT, "nobody");
	refused("literal", ELEMENT("192.0.2.25", 4, address, 32), -ENOENT,
		"192.0.2.25");
	refused("family", ELEMENT("exempt", 5, address, 32), -EINVAL, "4 or 6");
	refused("length", ELEMENT("exempt", 4, address, 33), -EINVAL,
		"1 to 32");
	refused("length", ELEMENT("exempt", 6, address, 0), -EINVAL,
		"1 to 128");
	refused("address", ELEMENT("exempt", 4, NULL, 32), -EINVAL, "NULL");
	refused("name", ELEMENT(NULL, 4, address, 32), -EINVAL, "NULL");
#undef ELEMENT
	m->policy_free(p);
}

/* ---- files ---- */

static int read_file(void *ctx, const char *path, const char **out, size_t *len)
{
	(void)ctx;
	if (strcmp(path, "list"))
		return -ENOENT;
	*out = "192.0.2.1\n";
	*len = strlen(*out);
	return 0;
}

CLAIM(files, "the files that were read are listed, those that are missing are "
	     "not")
{
	static const char with_files[] =
		"policy p\nhook forward\nclass c { file \"list\" }\n"
		"class d { file \"gone\" }\noutbound { block smtp from c }\n";
	struct mailwall_load load = load_of(with_files);
	struct mailwall_facts facts = { .size = sizeof(facts) };
	struct mailwall_file f = { .size = sizeof(f) };
	struct mailwall_policy *p;

	load.read = read_file;
	assert_int_equal(m->policy_load(&load, &p, WHY), 0);
	assert_int_equal(m->policy_facts(p, &facts, WHY), 0);
	expect_number("files", facts.n_files, 2);
	assert_int_equal(m->policy_file(p, 0, &f, WHY), 0);
	expect_text("policy", f.path, "main");
	expect_number("bytes", f.bytes, strlen(with_files));
	assert_int_equal(m->policy_file(p, 1, &f, WHY), 0);
	expect_text("class", f.path, "list");
	refused("third", m->policy_file(p, 2, &f, WHY), -ENOENT, "2 files");
	m->policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(reserved),   CLAIMED(memory),	  CLAIMED(freed_within),
		CLAIMED(members),    CLAIMED(times),	  CLAIMED(prefixes),
		CLAIMED(references), CLAIMED(conditions), CLAIMED(owners),
		CLAIMED(classes),    CLAIMED(sets),	  CLAIMED(elements),
		CLAIMED(files),
	};

	m = mailwall_get(MAILWALL_MAJOR);
	alarm(GIVE_UP);
	return cmocka_run_group_tests_name("abi_edges", tests, NULL, NULL);
}
