/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plugin's table against the functions that it stands for. */
#include "../../connection.h"
#include "../../packet.h"
#include "../../../../plugin/engine/engine.h"
#include "../../../../plugin/mailwall.h"
#include "../../../../rules/emit/emit.h"

#include <glob.h>
#include <limits.h>

#define SECOND INT64_C(1000000)
#define START  (INT64_C(1767571200) * SECOND) /* 2026-01-05 */

static const struct mailwall_api *m; /* as main() got it */
static char why[MAILWALL_WHY_BYTES];
#define WHY why, sizeof(why)

static const char small[] =
	HEADER "class subscribers { 100.64.0.0/10 2001:db8:4000::/34 }\n"
	       "class exempt dynamic\n"
	       "outbound from subscribers {\n"
	       "allow smtp from exempt\nblock smtp reset log from subscribers\n"
	       "limit imap 10/minute per source burst 20\n"
	       "redirect pop3 to 192.0.2.25 2001:db8::25\n"
	       "observe imaps\n}\n"
	       "inbound to subscribers {\nblock smtp from flagged\n}\n"
	       "watch { quarantine 24h }\n";

static struct mailwall_policy *load_text(const char *text)
{
	struct mailwall_load load = { .size = sizeof(load),
				      .path = "main",
				      .text = text,
				      .text_len = strlen(text),
				      .today = TODAY };
	struct mailwall_policy *p;
	int error = m->policy_load(&load, &p, WHY);

	if (error)
		fail_msg("%s", why);
	assert_string_equal(why, "");
	return p;
}

static struct mailwall_engine_config config_of(struct mailwall_policy *policy)
{
	return (struct mailwall_engine_config){
		.size = sizeof(struct mailwall_engine_config),
		.policy = policy,
		.key = { 1, 2 },
		.memory = ENGINE_MEMORY_LEAST,
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

static int pass_bytes(void *ctx, const void *bytes, size_t len)
{
	(void)ctx;
	(void)bytes;
	(void)len;
	return 0;
}

static int pass_port(void *ctx, const struct mailwall_port *p)
{
	(void)p;
	return *(int *)ctx;
}

static int pass_source(void *ctx, const struct mailwall_source *s)
{
	(void)s;
	return *(int *)ctx;
}

/* ---- arguments ---- */

/* Refused, with a sentence: lower case, no full stop, and within its room. */
static void refused(const char *what, int error, int want)
{
	size_t len = strlen(why);

	expect(error == want && len > 8 && why[len - 1] != '.',
	       "%s: got %d \"%s\", want %d", what, error, why, want);
}

CLAIM(nulls, "a NULL argument is refused with a sentence, and nothing crashes")
{
	struct mailwall_policy *p = load_text(small), *none = p;
	struct mailwall_engine_config config = config_of(p);
	struct mailwall_engine *e = engine_of(&config), *no_engine = e;
	struct mailwall_load load = { .size = sizeof(load) };
	struct mailwall_connection c = { .size = sizeof(c), .family = 4 };
	struct mailwall_decision d = { .size = sizeof(d) };
	struct mailwall_frame f = { .size = sizeof(f), .caplen = 1 };
	struct mailwall_finding finding = { .size = sizeof(finding),
					    .family = 4 };
	struct mailwall_element element = { .size = sizeof(element) };
	struct mailwall_facts facts = { .size = sizeof(facts) };
	struct mailwall_clause clause = { .size = sizeof(clause) };
	struct mailwall_diagnostic diag = { .size = sizeof(diag) };
	struct mailwall_summary sum = { .size = sizeof(sum) };
	char digest[MAILWALL_DIGEST_BYTES];

#define REFUSED(call) refused(#call, m->call, -EINVAL)
	REFUSED(policy_load(NULL, &none, WHY));
	assert_null(none);
	REFUSED(policy_load(&load, NULL, WHY));
	REFUSED(policy_load(&load, &none, WHY)); /* neither path nor text */
	load.path = "main";
	REFUSED(policy_load(&load, &none, WHY)); /* and nothing to read it */
	load.text = "";
	load.n_definitions = 1;
	REFUSED(policy_load(&load, &none, WHY));
	load.definitions = &(struct mailwall_definition){ "A", NULL };
	REFUSED(policy_load(&load, &none, WHY));
	REFUSED(policy_facts(NULL, &facts, WHY));
	REFUSED(policy_facts(p, NULL, WHY));
	REFUSED(policy_diagnostic(NULL, 0, &diag, WHY));
	REFUSED(policy_diagnostic(p, 0, NULL, WHY));
	REFUSED(policy_clause(NULL, 0, &clause, WHY));
	REFUSED(policy_clause(p, 0, NULL, WHY));
	REFUSED(policy_clause_by_id(NULL, "p:7", &clause, WHY));
	REFUSED(policy_clause_by_id(p, NULL, &clause, WHY));
	REFUSED(policy_clause_by_id(p, "p:7", NULL, WHY));
	REFUSED(policy_conditions(NULL, 0, NULL, NULL, WHY));
	REFUSED(policy_class(NULL, 0, NULL, WHY));
	REFUSED(policy_class(p, 0, NULL, WHY));
	REFUSED(policy_class_members(NULL, 0, NULL, NULL, WHY));
	REFUSED(policy_class_members(p, 0, NULL, NULL, WHY));
	REFUSED(policy_sets(NULL, NULL, NULL, WHY));
	REFUSED(policy_sets(p, NULL, NULL, WHY));
	REFUSED(policy_file(NULL, 0, NULL, WHY));
	REFUSED(policy_file(p, 0, NULL, WHY));
	REFUSED(policy_element(NULL, "exempt", 4, c.source, 32, &element, WHY));
	REFUSED(policy_element(p, "exempt", 4, c.source, 32, NULL, WHY));
	REFUSED(policy_digest(NULL, digest, sizeof(digest), WHY));
	REFUSED(policy_digest(p, NULL, 33, WHY));
	REFUSED(policy_digest(p, digest, 32, WHY));
	REFUSED(policy_emit(NULL, "nft", pass_bytes, NULL, WHY));
	REFUSED(policy_emit(p, NULL, pass_bytes, NULL, WHY));
	REFUSED(policy_emit(p, "nft", NULL, NULL, WHY));
	REFUSED(policy_decide(NULL, NULL, &c, &d, WHY));
	REFUSED(policy_decide(p, NULL, NULL, &d, WHY));
	REFUSED(policy_decide(p, NULL, &c, NULL, WHY));
	REFUSED(engine_new(NULL, &no_engine, WHY));
	assert_null(no_engine);
	REFUSED(engine_new(&config, NULL, WHY));
	REFUSED(engine_set_policy(NULL, p, WHY));
	REFUSED(engine_frame(NULL, &f, WHY));
	REFUSED(engine_frame(e, NULL, WHY));
	REFUSED(engine_frame(e, &f, WHY)); /* data is NULL */
	REFUSED(engine_time(NULL, 0, WHY));
	REFUSED(engine_clock_step(NULL, 0, WHY));
	REFUSED(engine_end(NULL, WHY));
	REFUSED(engine_summary(NULL, &sum, WHY));
	REFUSED(engine_summary(e, NULL, WHY));
	REFUSED(engine_ports(NULL, pass_port, NULL, WHY));
	REFUSED(engine_ports(e, NULL, NULL, WHY));
	REFUSED(engine_sources(NULL, pass_source, NULL, WHY));
	REFUSED(engine_sources(e, NULL, NULL, WHY));
	REFUSED(engine_save(NULL, pass_bytes, NULL, WHY));
	REFUSED(engine_save(e, NULL, NULL, WHY));
	REFUSED(engine_load(NULL, "", 0, WHY));
	REFUSED(engine_load(e, NULL, 0, WHY));
	REFUSED(finding_element(p, NULL, &element, WHY));
	REFUSED(finding_element(p, &finding, NULL, WHY));
	finding.family = 5;
	REFUSED(finding_element(p, &finding, &element, WHY));
	c.family = 0;
	REFUSED(policy_decide(p, NULL, &c, &d, WHY));
	config.key[0] = config.key[1] = 0;
	REFUSED(engine_new(&config, &no_engine, WHY));
#undef REFUSED
	/* Without room for a sentence, too, and with little. */
	assert_int_equal(m->policy_load(NULL, &none, NULL, 100), -EINVAL);
	assert_int_equal(m->policy_load(NULL, &none, why, 0), -EINVAL);
	memset(why, 'x', sizeof(why));
	assert_int_equal(m->policy_load(NULL, &none, why, 5), -EINVAL);
	assert_memory_equal(why, "stru\0x", 6);
	/* NULL is fine where it has a meaning. */
	m->policy_free(NULL);
	m->engine_free(NULL);
	assert_int_equal(m->engine_set_policy(e, NULL, WHY), 0);
	f.caplen = 0;
	assert_int_equal(m->engine_frame(e, &f, WHY), 0);
	assert_int_equal(m->finding_element(
				 NULL,
				 &(struct mailwall_finding){
					 .size = sizeof(finding), .family = 4 },
				 &element, NULL, 0),
			 0);
	m->engine_free(e);
	m->policy_free(p);
}

/* A host's struct of the size that is tried, in memory of just that size. */
struct trial {
	struct mailwall_policy *policy;
	struct mailwall_engine *engine;
};

static int try_load(const struct trial *t, void *s)
{
	struct mailwall_policy *p;
	int error = m->policy_load(s, &p, WHY);

	(void)t;
	if (!error)
		m->policy_free(p);
	return error;
}

static int try_facts(const struct trial *t, void *s)
{
	return m->policy_facts(t->policy, s, WHY);
}

static int try_clause(const struct trial *t, void *s)
{
	return m->policy_clause(t->policy, 0, s, WHY);
}

static int try_clause_by_id(const struct trial *t, void *s)
{
	return m->policy_clause_by_id(t->policy, "p:9", s, WHY);
}

static int try_diagnostic(const struct trial *t, void *s)
{
	int error = m->policy_diagnostic(t->policy, 0, s, WHY);

	return error;
}

static int try_connection(const struct trial *t, void *s)
{
	struct mailwall_decision d = { .size = sizeof(d) };

	return m->policy_decide(t->policy, NULL, s, &d, WHY);
}

static int try_decision(const struct trial *t, void *s)
{
	struct mailwall_connection c = { .size = sizeof(c), .family = 4 };

	return m->policy_decide(t->policy, NULL, &c, s, WHY);
}

static int try_members(const struct trial *t, void *s)
{
	struct mailwall_connection c = { .size = sizeof(c), .family = 4 };
	struct mailwall_decision d = { .size = sizeof(d) };

	return m->policy_decide(t->policy, s, &c, &d, WHY);
}

static int try_config(const struct trial *t, void *s)
{
	struct mailwall_engine *e;
	int error = m->engine_new(s, &e, WHY);

	(void)t;
	if (!error)
		m->engine_free(e);
	return error;
}

static int try_frame(const struct trial *t, void *s)
{
	return m->engine_frame(t->engine, s, WHY);
}

static int try_summary(const struct trial *t, void *s)
{
	return m->engine_summary(t->engine, s, WHY);
}

static int try_finding(const struct trial *t, void *s)
{
	struct mailwall_element e = { .size = sizeof(e) };

	return m->finding_element(t->policy, s, &e, WHY);
}

static int try_element(const struct trial *t, void *s)
{
	struct mailwall_finding f = { .size = sizeof(f), .family = 6 };

	return m->finding_element(t->policy, &f, s, WHY);
}

static int try_policy_element(const struct trial *t, void *s)
{
	static const uint8_t address[16];

	return m->policy_element(t->policy, "exempt", 6, address, 64, s, WHY);
}

static int try_class(const struct trial *t, void *s)
{
	return m->policy_class(t->policy, 0, s, WHY);
}

static int try_file(const struct trial *t, void *s)
{
	return m->policy_file(t->policy, 0, s, WHY);
}

static const struct mailwall_load good_load = { .path = "p", .text = "" };
static const struct mailwall_connection good_connection = { .family = 4 };
static const struct mailwall_engine_config good_config = { .key = { 1, 2 } };
static const struct mailwall_finding good_finding = { .family = 4 };

static const struct {
	const char *name;
	size_t size;
	int (*call)(const struct trial *t, void *s);
	const void *good; /* NULL: zeros */
	bool filled;	  /* by the plugin */
} structs[] = {
#define ROW(type, call, good, filled)                                          \
	{                                                                      \
#type, sizeof(struct type), call, good, filled                 \
	}
	ROW(mailwall_load, try_load, &good_load, false),
	ROW(mailwall_facts, try_facts, NULL, true),
	ROW(mailwall_clause, try_clause, NULL, true),
	ROW(mailwall_clause, try_clause_by_id, NULL, true),
	ROW(mailwall_diagnostic, try_diagnostic, NULL, true),
	ROW(mailwall_connection, try_connection, &good_connection, false),
	ROW(mailwall_decision, try_decision, NULL, true),
	ROW(mailwall_members, try_members, NULL, false),
	ROW(mailwall_engine_config, try_config, &good_config, false),
	ROW(mailwall_frame, try_frame, NULL, false),
	ROW(mailwall_summary, try_summary, NULL, true),
	ROW(mailwall_finding, try_finding, &good_finding, false),
	ROW(mailwall_element, try_element, NULL, true),
	ROW(mailwall_element, try_policy_element, NULL, true),
	ROW(mailwall_class, try_class, NULL, true),
	ROW(mailwall_file, try_file, NULL, true),
#undef ROW
};

static struct trial trial_begin(void)
{
	/* One warning, for try_diagnostic(). */
	struct mailwall_policy *p = load_text(
		"policy p\npurpose \"a\"\ncontact \"b\"\nreview 2020-01-01\n"
		"hook forward\n"
		"class exempt dynamic\noutbound {\nallow smtp from exempt\n"
		"block smtp\n}\n");
	struct mailwall_engine_config config = config_of(p);

	return (struct trial){ p, engine_of(&config) };
}

static void trial_end(struct trial *t)
{
	m->engine_free(t->engine);
	m->policy_free(t->policy);
}

static void *host_struct(size_t row, size_t room, size_t size, uint8_t fill)
{
	uint8_t *s = malloc(room);
	size_t ours = structs[row].size;

	assert_non_null(s);
	memset(s, fill, room);
	if (structs[row].good)
		memcpy(s, structs[row].good, room < ours ? room : ours);
	else if (!structs[row].filled)
		memset(s, 0, room < ours ? room : ours);
	memcpy(s, &size, sizeof(size));
	return s;
}

/* Bytes that a struct got since version 1.0. */
static size_t struct_grown(size_t row)
{
	if (structs[row].call == try_summary)
		return sizeof(uint64_t[MAILWALL_HIDDEN]);
	if (structs[row].call == try_finding)
		return sizeof(uint8_t[8]);
	return 0;
}

CLAIM(short_structs, "a struct that is shorter than it was at first, or whose "
		     "size was not set, is refused with its name, and nothing "
		     "is filled in")
{
	struct trial t = trial_begin();

	for (size_t i = 0; i < COUNT(structs); i++) {
		size_t first = structs[i].size - struct_grown(i);
		const size_t sizes[] = { first - 1, sizeof(size_t), 0, SIZE_MAX,
					 65537 };

		for (size_t k = 0; k < COUNT(sizes); k++) {
			size_t room = k < 2 ? sizes[k] : structs[i].size;
			void *s = host_struct(i, room, sizes[k], 0xa5);
			void *before = malloc(room);
			int error;

			assert_non_null(before);
			memcpy(before, s, room);
			why[0] = '\0';
			error = structs[i].call(&t, s);
			expect(error == -EINVAL &&
				       strstr(why, structs[i].name) &&
				       !memcmp(before, s, room),
			       "%s of size %zu: %d \"%s\"", structs[i].name,
			       sizes[k], error, why);
			free(before);
			free(s);
		}
	}
	trial_end(&t);
}

CLAIM(long_structs, "a struct that is longer than the plugin knows is fine, "
		    "and zeroed where it would be filled in")
{
	struct trial t = trial_begin();

	for (size_t i = 0; i < COUNT(structs); i++) {
		size_t size = structs[i].size + 24, ours = structs[i].size;
		uint8_t *s = host_struct(i, size, size, 0xa5);
		bool zeroed = true, kept = true;
		size_t now;
		int error = structs[i].call(&t, s);

		memcpy(&now, s, sizeof(now));
		for (size_t k = ours; k < size; k++) {
			zeroed = zeroed && !s[k];
			kept = kept && s[k] == 0xa5;
		}
		expect(!error && now == size &&
			       (structs[i].filled ? zeroed : kept),
		       "%s: %d \"%s\"", structs[i].name, error, why);
		free(s);
	}
	trial_end(&t);
}

#define DETECTOR_ROW_NAME(detector, name, ...) name,

CLAIM(head, "the table of version 1 says what it is, others there are none, "
	    "and every number has its name")
{
	static const char *const detectors[DETECTOR_N] = { DETECTORS(
		DETECTOR_ROW_NAME, DETECTOR_ROW_NAME) };
	const struct {
		unsigned int what, n;
		const char *last;
	} rows[] = {
		{ MAILWALL_NAME_SEVERITY, 2, "warning" },
		{ MAILWALL_NAME_ACTION, 5, "observe" },
		{ MAILWALL_NAME_DIRECTION, 2, "inbound" },
		{ MAILWALL_NAME_REFUSAL, 3, "drop" },
		{ MAILWALL_NAME_VERDICT, 5, "observe" },
		{ MAILWALL_NAME_OUTCOME, OUTCOME_N, "blocked" },
		{ MAILWALL_NAME_SEEN, 15, "gap" },
		{ MAILWALL_NAME_FINDING, FINDING_N, "retry-storm" },
		{ MAILWALL_NAME_DETECTOR, DETECTOR_N,
		  detectors[DETECTOR_N - 1] },
		{ MAILWALL_NAME_DECODED, DECODED_N, "bad-checksum" },
		{ MAILWALL_NAME_CONDITION, 6, "group" },
		{ MAILWALL_NAME_CLASS, 3, "any" },
		{ MAILWALL_NAME_KEY, 4, "inet_service" },
		{ MAILWALL_NAME_HIDDEN, HIDDEN_N, "encapsulated" },
		{ MAILWALL_NAME_SYSTEM, SYSTEM_N, "unknown" },
		{ 15, 0, NULL },
		{ UINT32_MAX, 0, NULL },
	};

	expect(!mailwall_get(0) && !mailwall_get(2) && !mailwall_get(UINT_MAX),
	       "there are other versions");
	expect_number("magic", m->magic, MAILWALL_MAGIC);
	expect_number("major", m->major, 1);
	expect_number("size", m->size, sizeof(*m));
	expect(MAILWALL_HAS(m, magic) && MAILWALL_HAS(m, engine_clock_step),
	       "the last member is there");
	for (size_t i = 0; i < sizeof(*m) / sizeof(void *); i++)
		expect(((void *const *)m)[i], "pointer %zu is NULL", i);
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (unsigned int k = 0; k < rows[i].n; k++)
			expect(m->name(rows[i].what, k) &&
				       *m->name(rows[i].what, k),
			       "%u of %u has no name", k, rows[i].what);
		expect(!m->name(rows[i].what, rows[i].n) &&
			       !m->name(rows[i].what, UINT32_MAX),
		       "%u has too many names", rows[i].what);
		if (rows[i].last)
			expect_text("last",
				    m->name(rows[i].what, rows[i].n - 1),
				    rows[i].last);
	}
}

/* ---- loading ---- */

static struct mailwall_load load_of(struct world *w)
{
	return (struct mailwall_load){ .size = sizeof(struct mailwall_load),
				       .ctx = w,
				       .read = world_read,
				       .release = world_release,
				       .user = world_user,
				       .group = world_group,
				       .path = "main",
				       .today = TODAY };
}

static void same_text(const char *what, const char *got, const char *want)
{
	expect(got == want || (got && want && !strcmp(got, want)),
	       "%s: got \"%s\", want \"%s\"", what, got ? got : "(none)",
	       want ? want : "(none)");
}

static void same_diagnostics(const struct mailwall_policy *p,
			     const struct policy *own)
{
	struct mailwall_facts facts = { .size = sizeof(facts) };
	struct mailwall_diagnostic d = { .size = sizeof(d) };

	assert_int_equal(m->policy_facts(p, &facts, WHY), 0);
	expect_number("errors", facts.errors, own->diags.errors);
	expect_number("warnings", facts.warnings, own->diags.warnings);
	expect_number("diagnostics", facts.n_diagnostics, own->diags.n);
	for (size_t i = 0; i < own->diags.n; i++) {
		const struct diag *o = &own->diags.items[i];
		const struct span *at = &o->span;

		assert_int_equal(m->policy_diagnostic(p, i, &d, WHY), 0);
		same_text("code", d.code, o->code);
		same_text("message", d.message, o->message);
		same_text("help", d.help, o->help);
		same_text("reference", d.reference, o->reference);
		same_text("file", d.file, at->source ? at->source->name : NULL);
		expect(d.severity == (uint32_t)o->severity &&
			       d.line == at->line && d.column == at->column &&
			       d.length == at->len,
		       "%s is at %u:%u", d.message, d.line, d.column);
		if (d.quote && d.column)
			expect(d.column - 1 <= d.quote_len, "%s: quote is %zu",
			       d.message, d.quote_len);
	}
	refused("one more", m->policy_diagnostic(p, own->diags.n, &d, WHY),
		-ENOENT);
}

CLAIM(loading, "a policy is what policy_load() makes of the same files, with "
	       "the same mistakes, and files are given back")
{
	static const struct text_file files[] = {
		{ "main",
		  "policy p\nhook forwrd\ninclude \"more\"\n"
		  "class c { file \"list\" 10.0.0.1/8 }\n"
		  "outbound {\nblock smpt from $WHO\n}\n",
		  0 },
		{ "more", "class more { 192.0.2.1/24 }\nclass more { }\n", 0 },
		{ "list", "10.0.0.0/8\nx\n", 0 },
	};
	static const struct definition own_definitions[] = { { .name = "WHO",
							       .value = "c" } };
	static const struct mailwall_definition definitions[] = { { "WHO",
								    "c" } };
	struct world w = { .files = files,
			   .n_files = COUNT(files),
			   .definitions = own_definitions,
			   .n_definitions = 1 };
	struct mailwall_load load = load_of(&w);
	struct policy *own = world_policy(&w, "main");
	struct mailwall_decision d = { .size = sizeof(d) };
	struct mailwall_connection c = { .size = sizeof(c), .family = 4 };
	struct mailwall_engine_config config;
	struct mailwall_engine *e;
	struct mailwall_policy *p;

	load.definitions = definitions;
	load.n_definitions = 1;
	assert_int_equal(m->policy_load(&load, &p, WHY), 0);
	assert_int_equal(w.open, 0);
	assert_true(own->diags.errors > 2);
	same_diagnostics(p, own);
	/* The policy can be looked at, and nothing else. */
	refused("decide", m->policy_decide(p, NULL, &c, &d, WHY), -EINVAL);
	assert_non_null(strstr(why, "errors"));
	refused("emit", m->policy_emit(p, "nft", pass_bytes, NULL, WHY),
		-EINVAL);
	config = config_of(p);
	refused("engine", m->engine_new(&config, &e, WHY), -EINVAL);
	m->policy_free(p);
	policy_free(own);
	/* No such file; and a reader that answers in its own way. */
	load.path = "gone";
	refused("gone", m->policy_load(&load, &p, WHY), -ENOENT);
	assert_string_equal(why, "cannot read \"gone\": No such file or "
				 "directory");
	assert_null(p);
}

static int answer_number(void *ctx, const char *path, const char **text,
			 size_t *len)
{
	(void)path;
	*text = NULL;
	*len = *(int *)ctx == 0 ? 0 : 7;
	return *(int *)ctx < 0 ? 0 : *(int *)ctx;
}

CLAIM(readers, "what a host's reader may get wrong is an error, and an empty "
	       "file may have no text")
{
	static const struct {
		int answer, want;
	} rows[] = { { 0, 0 }, { 5, -EIO }, { -1, -EIO } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		int answer = rows[i].answer;
		struct mailwall_load load = { .size = sizeof(load),
					      .ctx = &answer,
					      .read = answer_number,
					      .path = "x" };
		struct mailwall_policy *p;
		int error = m->policy_load(&load, &p, WHY);

		expect(error == rows[i].want, "answer %d: %d", answer, error);
		m->policy_free(p);
	}
}

CLAIM(texts, "a text in memory is read in place of the file, and without a "
	     "reader others are not there")
{
	static const char text[] = HEADER "include \"other\"\n"
					  "outbound {\nblock smtp user alice\n}"
					  "\n";
	struct mailwall_diagnostic d = { .size = sizeof(d) };
	struct mailwall_policy *p = load_text(text);
	bool found = false;

	for (size_t i = 0; !m->policy_diagnostic(p, i, &d, WHY); i++) {
		found = found || (!strcmp(d.code, "cannot-read") &&
				  strstr(d.message, "not supported") &&
				  !strcmp(d.file, "main") && d.line == 6 &&
				  d.quote_len == 15 &&
				  !memcmp(d.quote, "include \"other\"", 15));
	}
	expect(found, "the included file is missed");
	m->policy_free(p);
}

CLAIM(facts, "facts and clauses are those of the policy")
{
	struct mailwall_policy *p = load_text(small);
	struct policy *own = good_policy(small);
	struct mailwall_facts f = { .size = sizeof(f) };
	struct mailwall_clause c = { .size = sizeof(c) }, same = c;
	size_t n = 0;
	char prefix[64];

	assert_int_equal(m->policy_facts(p, &f, WHY), 0);
	same_text("name", f.name, "p");
	same_text("purpose", f.purpose, "a test");
	same_text("contact", f.contact, "nobody");
	same_text("review", f.review, "2030-01-01");
	same_text("hook", f.hook, "forward");
	same_text("table", f.table, "mailwall");
	same_text("family", f.table_family, "inet");
	expect_number("quarantine", f.quarantine_s, 86400);
	expect_number("observe", f.observe, 0);
	expect_number("group", f.log_group, own->log_group);
	for (size_t b = 0; b < own->blocks.n; b++) {
		const struct block *block = &own->blocks.items[b];

		for (size_t k = 0; k < block->clauses.n; k++, n++) {
			const struct clause *o = &block->clauses.items[k];

			assert_int_equal(m->policy_clause(p, n, &c, WHY), 0);
			same_text("id", c.id, o->id);
			same_text("key", c.key, o->key);
			same_text("text", c.text, o->text);
			same_text("file", c.file, "main");
			expect(c.index == n && c.line == o->span.line &&
				       c.action == (uint32_t)o->action &&
				       c.direction ==
					       (uint32_t)block->direction &&
				       c.refusal == (uint32_t)o->refusal &&
				       c.rate == o->rate.count &&
				       c.rate_unit_s == o->rate.unit_s &&
				       c.burst == o->rate.burst &&
				       c.log == o->log &&
				       c.has_target4 == o->has_target4 &&
				       !memcmp(c.target6, o->target6.byte, 16),
			       "clause %zu", n);
			snprintf(prefix, sizeof(prefix), "%s block ", c.id);
			assert_int_equal(
				m->policy_clause_by_id(p, prefix, &same, WHY),
				0);
			assert_memory_equal(&same, &c, sizeof(c));
		}
	}
	expect_number("clauses", f.n_clauses, n);
	assert_int_equal(m->policy_clause(p, 3, &c, WHY), 0);
	assert_memory_equal(c.target4, "\xc0\x00\x02\x19", 4);
	refused("beyond", m->policy_clause(p, n, &c, WHY), -ENOENT);
	refused("no id", m->policy_clause_by_id(p, "p:999", &c, WHY), -ENOENT);
	refused("half", m->policy_clause_by_id(p, "p", &c, WHY), -ENOENT);
	refused("none", m->policy_clause_by_id(p, "", &c, WHY), -ENOENT);
	m->policy_free(p);
	policy_free(own);
}

/* ---- rules ---- */

struct bytes {
	char *at;
	size_t n, most; /* most: a write beyond it fails */
};

static int keep(void *ctx, const void *bytes, size_t len)
{
	struct bytes *b = ctx;

	if (b->most && b->n + len > b->most)
		return -ENOSPC;
	b->at = realloc(b->at, b->n + len + 1);
	assert_non_null(b->at);
	memcpy(b->at + b->n, bytes, len);
	b->n += len;
	return 0;
}

static const struct {
	const char *name;
	void (*emit)(const struct ruleset *rs, FILE *out);
} formats[] = { { "nft", emit_nft },
		{ "json", emit_json },
		{ "netlink", emit_bytecode } };

static void same_rules(const char *path, const struct mailwall_policy *p,
		       const struct policy *own)
{
	struct ruleset *rs;
	char digest[DIGEST_TEXT_BYTES];

	assert_int_equal(ruleset_new(own, &rs), 0);
	for (size_t i = 0; i < COUNT(formats); i++) {
		struct bytes got = { 0 };
		struct text want;

		formats[i].emit(rs, text_open(&want));
		text_done(&want);
		assert_int_equal(
			m->policy_emit(p, formats[i].name, keep, &got, WHY), 0);
		expect(got.n == want.n && !memcmp(got.at, want.bytes, got.n),
		       "%s as %s: %zu bytes, want %zu", path, formats[i].name,
		       got.n, want.n);
		free(got.at);
		free(want.bytes);
	}
	assert_int_equal(m->policy_digest(p, digest, sizeof(digest), WHY), 0);
	expect_text(path, digest, rs->digest);
	ruleset_free(rs);
}

static char *file_text(const char *path)
{
	FILE *in = fopen(path, "re");
	char *text = calloc(1, 1 << 16);

	if (!in || !text || !fread(text, 1, (1 << 16) - 1, in))
		fail_msg("cannot read %s", path);
	fclose(in);
	return text;
}

/* Every shipped policy, as both sides load it. */
static void each_policy(void (*fn)(const char *path, struct mailwall_policy *p,
				   const struct policy *own))
{
	glob_t found;

	assert_int_equal(glob("rules/policies/*.policy", 0, NULL, &found), 0);
	assert_true(found.gl_pathc > 5);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		char *text = file_text(found.gl_pathv[i]);
		struct text_file file = { "main", text, 0 };
		struct world w = { .files = &file, .n_files = 1 };
		struct mailwall_load load = load_of(&w);
		struct policy *own = world_policy(&w, "main");
		struct mailwall_policy *p;

		assert_int_equal(m->policy_load(&load, &p, WHY), 0);
		if (!own->diags.errors)
			fn(found.gl_pathv[i], p, own);
		m->policy_free(p);
		policy_free(own);
		free(text);
	}
	globfree(&found);
}

static void rules_of(const char *path, struct mailwall_policy *p,
		     const struct policy *own)
{
	same_rules(path, p, own);
}

CLAIM(emitted, "every format of every shipped policy is what the emitters "
	       "write, and the digest is theirs")
{
	each_policy(rules_of);
}

CLAIM(not_emitted, "a format that does not exist is refused with those that "
		   "do, and what a host's write() returns ends it")
{
	struct mailwall_policy *p = load_text(small);
	struct bytes none = { 0 }, few = { .most = 1 };

	refused("xml", m->policy_emit(p, "xml", keep, &none, WHY), -EINVAL);
	assert_string_equal(why,
			    "\"xml\" is not a format: nft, json or netlink");
	assert_int_equal(none.n, 0);
	for (size_t i = 0; i < COUNT(formats); i++)
		refused(formats[i].name,
			m->policy_emit(p, formats[i].name, keep, &few, WHY),
			-ENOSPC);
	assert_int_equal(few.n, 0);
	m->policy_free(p);
}

/* ---- decisions ---- */

/* A host may look at all sixteen: zeros lie behind an IPv4 address. */
static int some_are(void *ctx, const char *name, unsigned int family,
		    const uint8_t *address)
{
	static const uint8_t zeros[12];

	++*(unsigned int *)ctx;
	if (family == 4)
		expect(!memcmp(address + 4, zeros, 12), "bytes behind");
	if (strcmp(name, "exempt"))
		return 0;
	return address[family == 4 ? 3 : 15] & 1 ? 7 : 0;
}

static bool own_member(void *ctx, const struct class *class, uint8_t family,
		       const struct addr6 *address)
{
	return some_are(ctx, class->name, family, address->byte);
}

static uint32_t verdict_wanted(const struct policy *p, const struct clause *c)
{
	static const uint32_t by_action[] = {
		[ACTION_ALLOW] = MAILWALL_PASS,
		[ACTION_BLOCK] = MAILWALL_BLOCK,
		[ACTION_LIMIT] = MAILWALL_LIMIT,
		[ACTION_REDIRECT] = MAILWALL_REDIRECT,
		[ACTION_OBSERVE] = MAILWALL_OBSERVE,
	};

	if (!c)
		return MAILWALL_PASS;
	return p->observe && c->action != ACTION_ALLOW ? MAILWALL_OBSERVE :
							 by_action[c->action];
}

static void ask_both(const char *path, const struct mailwall_policy *p,
		     const struct policy *own, const struct opening *o)
{
	unsigned int asked = 0, own_asked = 0;
	struct mailwall_members members = { sizeof(members), &asked, some_are };
	struct decide_input input = { own_member, &own_asked };
	struct mailwall_connection c = { .size = sizeof(c),
					 .in = o->in,
					 .out = o->out,
					 .uid = o->uid,
					 .gid = o->gid,
					 .source_port = o->source_port,
					 .destination_port =
						 o->destination_port,
					 .family = o->family,
					 .has_owner = o->has_owner };
	struct mailwall_decision d = { .size = sizeof(d) };
	struct decision want;

	/* Bytes behind an IPv4 address do not count. */
	memset(c.source, 0xee, 16);
	memset(c.destination, 0xee, 16);
	memcpy(c.source, o->source.byte, o->family == 4 ? 4 : 16);
	memcpy(c.destination, o->destination.byte, o->family == 4 ? 4 : 16);
	assert_int_equal(m->policy_decide(p, &members, &c, &d, WHY), 0);
	policy_decide(own, &input, o, &want);
	same_text(path, d.clause, want.clause ? want.clause->id : NULL);
	same_text(path, d.text, want.clause ? want.clause->text : NULL);
	expect(d.verdict == verdict_wanted(own, want.clause) &&
		       (d.verdict == MAILWALL_BLOCK) ==
			       decision_blocks(own, &want) &&
		       d.unsure == want.unsure && asked == own_asked,
	       "%s: port %u: verdict %u", path, c.destination_port, d.verdict);
	if (d.clause) {
		struct mailwall_clause of = { .size = sizeof(of) };

		assert_int_equal(m->policy_clause(p, d.index, &of, WHY), 0);
		same_text("index", of.id, d.clause);
		expect_number("action", d.action, of.action);
	} else {
		expect_number("index", d.index, MAILWALL_NO_CLAUSE);
	}
}

static uint64_t seed = 88172645463325252u;

static void random_address(uint8_t family, struct addr6 *out)
{
	static const char *const starts[] = {
		"100.64.0.0",  "10.0.0.0",   "192.0.2.0",	"198.51.100.0",
		"203.0.113.0", "2001:db8::", "2001:db8:4000::", "fd00::",
	};
	size_t n = family == 4 ? 5 : 3;

	read_address(starts[(family == 4 ? 0 : 5) + chance(&seed) % n], out);
	out->byte[family == 4 ? 3 : 15] = (uint8_t)(chance(&seed) % 64);
}

static void questions_of(const char *path, struct mailwall_policy *p,
			 const struct policy *own)
{
	static const uint16_t ports[] = { 25,  587, 465, 2525, 143,
					  993, 110, 995, 80 };
	static const char *const names[] = { NULL, "", "ppp0", "eth1", "eth0" };

	for (int i = 0; i < 500; i++) {
		struct opening c = {
			.family = chance(&seed) % 3 ? 4 : 6,
			.source_port = 40000,
			.destination_port = ports[chance(&seed) % COUNT(ports)],
			.in = names[chance(&seed) % COUNT(names)],
			.out = names[chance(&seed) % COUNT(names)],
			.has_owner = chance(&seed) % 2,
			.uid = chance(&seed) % 2 ? 1000 : 101,
			.gid = 8,
		};

		random_address(c.family, &c.source);
		random_address(c.family, &c.destination);
		ask_both(path, p, own, &c);
	}
}

CLAIM(decided, "a connection is decided as decide() has it, with members of "
	       "dynamic classes asked for, on every shipped policy")
{
	struct mailwall_policy *p = load_text(small);
	struct policy *own = good_policy(small);

	questions_of("small", p, own);
	m->policy_free(p);
	policy_free(own);
	each_policy(questions_of);
}

CLAIM(observed, "in mode observe every verdict but that of allow is observe")
{
	static const char text[] =
		HEADER "mode observe\noutbound {\nallow smtp to 192.0.2.1\n"
		       "block smtp\nlimit imap 1/day per source\n"
		       "redirect pop3 to 192.0.2.9\n}\n";
	struct mailwall_policy *p = load_text(text);
	struct policy *own = good_policy(text);

	questions_of("observe", p, own);
	m->policy_free(p);
	policy_free(own);
}

/* ---- engines ---- */

struct log {
	FILE *to;
	size_t attempts, early, findings;
};

static void put_ends(FILE *to, uint8_t family, const uint8_t *a,
		     const uint8_t *b)
{
	fprintf(to, " %u ", family);
	for (int i = 0; i < 16; i++)
		fprintf(to, "%02x", a[i]);
	for (int i = 0; b && i < 16; i++)
		fprintf(to, "%s%02x", i ? "" : " ", b[i]);
}

static void log_attempt(void *ctx, const struct mailwall_attempt *a)
{
	struct log *l = ctx;

	l->attempts++;
	assert_int_equal(a->size, sizeof(*a));
	fprintf(l->to, "attempt %lld %lld", (long long)a->time_us,
		(long long)a->last_us);
	put_ends(l->to, a->family, a->source, a->destination);
	fprintf(l->to, " %u %u %u in %u: %u %u %u %u %u %x %s %s %d",
		a->source_port, a->port, a->syns, a->input, a->outcome,
		a->established, a->would_block, a->was_early, a->early_outcome,
		a->seen, a->clause ? a->clause : "-",
		a->decided ? a->decided : "-",
		a->decided ? (int)a->decided_action : -1);
	for (int i = 0; i < 3; i++)
		fprintf(l->to, " %u,%u,%u", a->replies_mail[i],
			a->replies_rcpt[i], a->replies_data[i]);
	fputc('\n', l->to);
}

static void own_attempt(void *ctx, const struct attempt_event *a)
{
	const struct dialogue none = { 0 },
			      *d = a->dialogue ? a->dialogue : &none;
	struct log *l = ctx;

	l->attempts++;
	fprintf(l->to, "attempt %lld %lld", (long long)a->time_us,
		(long long)a->last_us);
	put_ends(l->to, a->family, a->source.byte, a->destination.byte);
	fprintf(l->to, " %u %u %u in %u: %d %d %d %d %d %x %s %s %d",
		a->source_port, a->port, a->syns, a->input, a->outcome,
		a->established, a->would_block, a->was_early, a->early_outcome,
		a->seen, a->clause ? a->clause : "-",
		a->decided ? a->decided->id : "-",
		a->decided ? (int)a->decided->action : -1);
	for (int i = 0; i < 3; i++)
		fprintf(l->to, " %u,%u,%u", d->replies[STAGE_MAIL][i],
			d->replies[STAGE_RCPT][i], d->replies[STAGE_DATA][i]);
	fputc('\n', l->to);
}

static void log_early(void *ctx, const struct mailwall_attempt *a)
{
	struct log *l = ctx;

	l->early++;
	fprintf(l->to, "early %lld %u\n", (long long)a->time_us, a->outcome);
}

static void own_early(void *ctx, const struct attempt_event *a)
{
	struct log *l = ctx;

	l->early++;
	fprintf(l->to, "early %lld %d\n", (long long)a->time_us, a->outcome);
}

static void log_finding(void *ctx, const struct mailwall_finding *f)
{
	struct log *l = ctx;

	l->findings++;
	assert_int_equal(f->size, sizeof(*f));
	fprintf(l->to, "finding %u %u %lld %lld %lld", f->kind, f->detector,
		(long long)f->time_us, (long long)f->first_s,
		(long long)f->last_s);
	put_ends(l->to, f->family, f->source, NULL);
	fprintf(l->to, " %u: %llu %llu %llu %llu %u %u %u %u", f->port,
		(unsigned long long)f->attempts, (unsigned long long)f->syns,
		(unsigned long long)f->destinations,
		(unsigned long long)f->groups, f->destinations_exact, f->again,
		f->proven, f->blocked);
	for (int i = 0; i < f->n_examples; i++)
		put_ends(l->to, f->family, f->examples[i], NULL);
	fputc('\n', l->to);
}

static void own_finding(void *ctx, const struct finding *f)
{
	struct log *l = ctx;

	l->findings++;
	fprintf(l->to, "finding %u %u %lld %lld %lld",
		detector_finding(f->detector), f->detector,
		(long long)f->time_us, (long long)f->first_s,
		(long long)f->last_s);
	put_ends(l->to, f->family, f->source.byte, NULL);
	fprintf(l->to, " %u: %u %u %llu %u %d %d %d %d", f->port, f->attempts,
		f->syns, (unsigned long long)f->destinations, f->groups,
		f->destinations_exact, f->again, f->proven, f->blocked);
	for (int i = 0; i < f->n_examples; i++)
		put_ends(l->to, f->family, f->examples[i].byte, NULL);
	fputc('\n', l->to);
}

static int log_port(void *ctx, const struct mailwall_port *p)
{
	fprintf(ctx, "port %u", p->port);
	for (const uint64_t *n = &p->syns; n <= &p->would_block; n++)
		fprintf(ctx, " %llu", (unsigned long long)*n);
	fprintf(ctx, " %u\n", p->pairs_exact);
	return 0;
}

static void own_port(FILE *to, const struct port_counts *p)
{
	const uint64_t all[] = {
		p->syns,	   p->attempts,	    p->pairs,
		p->answered,	   p->established,  p->half_open,
		p->refused,	   p->icmp_refused, p->unanswered,
		p->blocked,	   p->open,	    p->banner,
		p->implicit_tls,   p->starttls,	    p->starttls_tls,
		p->cleartext_auth, p->midstream,    p->would_block,
	};

	fprintf(to, "port %u", p->port);
	for (size_t i = 0; i < COUNT(all); i++)
		fprintf(to, " %llu", (unsigned long long)all[i]);
	fprintf(to, " %u\n", p->pairs_exact);
}

static int log_source(void *ctx, const struct mailwall_source *s)
{
	fprintf(ctx, "source %lld %lld %llu %llu %llu %llu %a %u%u%u%u%u",
		(long long)s->first_s, (long long)s->last_s,
		(unsigned long long)s->attempts, (unsigned long long)s->syns,
		(unsigned long long)s->destinations,
		(unsigned long long)s->groups, s->score, s->spam,
		s->mail_server, s->proven, s->would_be_blocked, s->allowed);
	put_ends(ctx, s->family, s->source, NULL);
	for (uint32_t i = 0; i < s->n_ports; i++)
		fprintf(ctx, " :%u", s->ports[i]);
	fputc('\n', ctx);
	return 0;
}

static void own_source(void *ctx, const struct source_view *s)
{
	fprintf(ctx, "source %lld %lld %u %u %llu %u %a %u%u%u%u%u",
		(long long)s->first_s, (long long)s->last_s, s->attempts,
		s->syns, (unsigned long long)s->destinations, s->groups,
		(double)s->score, s->spam, s->mail_server, s->proven,
		s->would_be_blocked, s->allowed);
	put_ends(ctx, s->family, s->source.byte, NULL);
	for (size_t i = 0; i < s->n_ports; i++)
		fprintf(ctx, " :%u", s->ports[i]);
	fputc('\n', ctx);
}

static void log_totals(FILE *to, struct mailwall_engine *e)
{
	struct mailwall_summary s = { .size = sizeof(s) };

	assert_int_equal(m->engine_summary(e, &s, WHY), 0);
	fprintf(to, "summary %llu %llu %lld %lld %llu %llu %u %u",
		(unsigned long long)s.packets, (unsigned long long)s.bytes,
		(long long)s.first_us, (long long)s.last_us,
		(unsigned long long)s.sources, (unsigned long long)s.memory,
		s.n_ports, s.warm);
	for (int i = 0; i < DECODED_N; i++)
		fprintf(to, " %llu", (unsigned long long)s.decoded[i]);
	for (int i = 0; i < FINDING_N; i++)
		fprintf(to, " %llu", (unsigned long long)s.findings[i]);
	fputc('\n', to);
	assert_int_equal(m->engine_ports(e, log_port, to, WHY), 0);
	assert_int_equal(m->engine_sources(e, log_source, to, WHY), 0);
}

static void own_totals(FILE *to, struct engine *e)
{
	struct engine_summary s;

	engine_summary(e, &s);
	fprintf(to, "summary %llu %llu %lld %lld %llu %zu %zu %u",
		(unsigned long long)s.packets, (unsigned long long)s.bytes,
		(long long)s.first_us, (long long)s.last_us,
		(unsigned long long)s.sources, s.memory, s.n_ports, s.warm);
	for (int i = 0; i < DECODED_N; i++)
		fprintf(to, " %llu", (unsigned long long)s.decoded[i]);
	for (int i = 0; i < FINDING_N; i++)
		fprintf(to, " %llu", (unsigned long long)s.findings[i]);
	fputc('\n', to);
	for (size_t i = 0; i < s.n_ports; i++)
		own_port(to, &s.ports[i]);
	engine_sources(e, own_source, to);
}

/* ---- the same packets to both ---- */

struct pair {
	struct mailwall_engine *e;
	struct engine *own; /* may be NULL */
};

static void give(const struct pair *to, const struct packet_of *p,
		 int64_t now_us)
{
	uint8_t bytes[2 * PACKET_MOST];
	struct frame f = packet_frame(p, now_us, p->source & 1, bytes);
	struct mailwall_frame frame = { .size = sizeof(frame),
					.data = f.data,
					.time_us = f.time_us,
					.caplen = f.caplen,
					.len = f.len,
					.link = f.link,
					.input = f.input };

	assert_int_equal(m->engine_frame(to->e, &frame, WHY), 0);
	if (to->own)
		engine_frame(to->own, &f);
}

static struct packet_of back(const struct packet_of *p, uint8_t flags)
{
	struct packet_of b = *p;

	b.source = p->destination;
	b.destination = p->source;
	b.source_port = p->destination_port;
	b.destination_port = p->source_port;
	b.seq = 7000;
	b.ack = p->seq + 1;
	b.flags = flags;
	b.prefix = NULL;
	return b;
}

/* A connection with a dialogue: greeted, a login in the clear, a message. */
static void connection(const struct pair *to, struct packet_of p,
		       int64_t now_us)
{
	static const char *const lines[] = {
		"220 hello\r\n",
		"EHLO [10.0.0.1]\r\n",
		"250-x\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n",
		"AUTH PLAIN AGEAYg==\r\n",
		"235 ok\r\n",
		"MAIL FROM:<a@b>\r\n",
		"250 ok\r\n",
		"RCPT TO:<c@d>\r\n",
		"550 no\r\n",
	};
	struct packet_of b = back(&p, TCP_SYN | TCP_ACK);
	uint32_t seq[2] = { 7001, p.seq + 1 };

	give(to, &b, now_us += 1000);
	p.flags = b.flags = TCP_ACK;
	p.prefix = NULL;
	p.seq = seq[1];
	p.ack = 7001;
	give(to, &p, now_us += 1000);
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct packet_of *from = i % 2 ? &p : &b;

		from->seq = seq[i % 2];
		from->ack = seq[!(i % 2)];
		from->payload = lines[i];
		from->payload_len = (uint16_t)strlen(lines[i]);
		seq[i % 2] += from->payload_len;
		give(to, from, now_us += 1000);
	}
}

static void open_one(const struct pair *to, uint64_t n, int64_t now_us)
{
	static const uint16_t ports[] = { 25, 25, 25, 587, 465, 143, 110 };
	static const char *const prefixes[] = { NULL, NULL, "p:9 block ",
						"p:9 observe ", "else " };
	struct packet_of p = {
		.family = n % 5 ? 4 : 6,
		.source = 0x64400000 + (uint32_t)(n % 7),
		.destination = 0xc0000000u +
			       (uint32_t)(chance(&seed) % 300 << 16) +
			       (uint32_t)(n % 3),
		.source_port = (uint16_t)(1024 + n % 60000),
		.destination_port = ports[chance(&seed) % COUNT(ports)],
		.seq = (uint32_t)n,
		.flags = TCP_SYN,
		.prefix = prefixes[chance(&seed) % COUNT(prefixes)],
	};
	struct packet_of b;

	give(to, &p, now_us);
	switch (chance(&seed) % 6) {
	case 0:
		b = back(&p, TCP_RST | TCP_ACK);
		give(to, &b, now_us + 1000);
		break;
	case 1:
		p.unreachable = true;
		p.prefix = NULL;
		give(to, &p, now_us + 1000);
		break;
	case 2:
		give(to, &p, now_us + SECOND);
		break;
	case 3:
		connection(to, p, now_us);
		break;
	}
}

/* The clock is set by an hour, back or forward. */
static int64_t step_both(const struct pair *to, int64_t now_us, int64_t step_us)
{
	assert_int_equal(m->engine_clock_step(to->e, step_us, WHY), 0);
	if (to->own)
		engine_clock_step(to->own, step_us);
	return now_us + step_us;
}

static int64_t live(const struct pair *to, uint64_t n, int64_t now_us)
{
	for (uint64_t i = 0; i < n; i++) {
		if (i % 500 == 250)
			now_us = step_both(to, now_us,
					   i % 1000 == 250 ? -3600 * SECOND :
							     3600 * SECOND);
		now_us += 1 + (int64_t)(chance(&seed) % (5 * (uint64_t)SECOND));
		open_one(to, i, now_us);
		if (i % 100)
			continue;
		assert_int_equal(m->engine_time(to->e, now_us, WHY), 0);
		if (to->own)
			engine_time(to->own, now_us);
	}
	return now_us;
}

static struct pair pair_of(const char *text, struct log *log, struct log *own,
			   struct policy **own_policy)
{
	struct mailwall_policy *p = text ? load_text(text) : NULL;
	struct mailwall_engine_config c = config_of(p);
	struct engine_config o = { .key = { 1, 2 },
				   .memory = ENGINE_MEMORY_LEAST,
				   .skip_warmup = true,
				   .ctx = own,
				   .attempt = own_attempt,
				   .early = own_early,
				   .finding = own_finding };
	struct pair pair;

	*own_policy = text ? good_policy(text) : NULL;
	o.policy = *own_policy;
	c.ctx = log;
	c.attempt = log_attempt;
	c.early = log_early;
	c.finding = log_finding;
	pair.e = engine_of(&c);
	assert_int_equal(engine_new(&o, &pair.own), 0);
	m->policy_free(p); /* the engine holds on to it */
	return pair;
}

CLAIM(events, "an engine tells what engine.h tells of the same frames: "
	      "attempts, early and late, findings, ports, sources, sums")
{
	static const char *const texts[] = { NULL, small };

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct text got, want;
		struct log log = { .to = text_open(&got) };
		struct log own = { .to = text_open(&want) };
		struct policy *own_policy;
		struct pair pair = pair_of(texts[i], &log, &own, &own_policy);

		live(&pair, 4000, START);
		assert_int_equal(m->engine_end(pair.e, WHY), 0);
		engine_end(pair.own);
		log_totals(log.to, pair.e);
		own_totals(own.to, pair.own);
		m->engine_free(pair.e);
		engine_free(pair.own);
		policy_free(own_policy);
		text_done(&got);
		text_done(&want);
		expect(log.attempts > 3500 && log.early > 3000 &&
			       log.findings > 5,
		       "%zu attempts, %zu early, %zu findings", log.attempts,
		       log.early, log.findings);
		expect(got.n == want.n && !memcmp(got.bytes, want.bytes, got.n),
		       "policy %zu: %zu bytes, want %zu", i, got.n, want.n);
		free(got.bytes);
		free(want.bytes);
	}
}

CLAIM(saved, "what is saved is what engine_save() has, loads into a new "
	     "engine, and not into one at work; damage is refused")
{
	struct text got, want;
	struct log log = { .to = text_open(&got) };
	struct log own = { .to = text_open(&want) };
	struct policy *own_policy;
	struct pair pair = pair_of(small, &log, &own, &own_policy);
	struct mailwall_engine_config c = config_of(NULL);
	struct mailwall_engine *e = engine_of(&c);
	struct bytes bytes = { 0 }, own_bytes = { 0 }, again = { 0 },
		     few = { .most = 1 };

	live(&pair, 1500, START);
	assert_int_equal(m->engine_save(pair.e, keep, &bytes, WHY), 0);
	assert_int_equal(engine_save(pair.own, keep, &own_bytes), 0);
	assert_int_equal(bytes.n, own_bytes.n);
	assert_memory_equal(bytes.at, own_bytes.at, bytes.n);
	refused("full", m->engine_save(pair.e, keep, &few, WHY), -ENOSPC);
	refused("at work", m->engine_load(pair.e, bytes.at, bytes.n, WHY),
		-EBUSY);
	for (size_t at = 0; at < bytes.n; at += bytes.n / 50) {
		bytes.at[at] ^= 1;
		refused("damage", m->engine_load(e, bytes.at, bytes.n, WHY),
			-EBADMSG);
		bytes.at[at] ^= 1;
		refused("cut", m->engine_load(e, bytes.at, at, WHY), -EBADMSG);
	}
	assert_int_equal(m->engine_load(e, bytes.at, bytes.n, WHY), 0);
	refused("twice", m->engine_load(e, bytes.at, bytes.n, WHY), -EBUSY);
	assert_int_equal(m->engine_save(e, keep, &again, WHY), 0);
	expect_number("saved again", again.n, bytes.n);
	m->engine_free(e);
	m->engine_free(pair.e);
	engine_free(pair.own);
	policy_free(own_policy);
	text_done(&got);
	text_done(&want);
	free(got.bytes);
	free(want.bytes);
	free(bytes.at);
	free(own_bytes.at);
	free(again.at);
}

struct caller {
	struct mailwall_engine *e;
	struct mailwall_policy *policy;
	unsigned int called;
	bool frees;
};

static void call_back(void *ctx, const struct mailwall_attempt *a)
{
	struct caller *c = ctx;
	struct mailwall_frame f = { .size = sizeof(f) };
	struct mailwall_summary s = { .size = sizeof(s) };
	struct mailwall_clause clause = { .size = sizeof(clause) };

	c->called++;
	refused("frame", m->engine_frame(c->e, &f, WHY), -EBUSY);
	refused("time", m->engine_time(c->e, 0, WHY), -EBUSY);
	refused("step", m->engine_clock_step(c->e, 0, WHY), -EBUSY);
	refused("end", m->engine_end(c->e, WHY), -EBUSY);
	refused("summary", m->engine_summary(c->e, &s, WHY), -EBUSY);
	refused("policy", m->engine_set_policy(c->e, NULL, WHY), -EBUSY);
	refused("ports", m->engine_ports(c->e, pass_port, NULL, WHY), -EBUSY);
	refused("save", m->engine_save(c->e, pass_bytes, NULL, WHY), -EBUSY);
	refused("load", m->engine_load(c->e, "", 0, WHY), -EBUSY);
	assert_int_equal(
		m->policy_clause(c->policy, a->decided_index, &clause, WHY), 0);
	same_text("decided", a->decided, clause.id);
	if (c->frees)
		m->engine_free(c->e);
}

CLAIM(callbacks, "from a callback an engine is busy, policies answer, and to "
		 "free the engine ends the call")
{
	for (int frees = 0; frees < 2; frees++) {
		struct caller caller = { .policy = load_text(small),
					 .frees = frees };
		struct mailwall_engine_config c = config_of(caller.policy);
		struct pair pair = { 0 };
		struct packet_of p = { .source = 0x64400001,
				       .destination = 0xc0000201,
				       .source_port = 4000,
				       .destination_port = 25,
				       .flags = TCP_SYN };

		c.ctx = &caller;
		c.attempt = call_back;
		caller.e = pair.e = engine_of(&c);
		give(&pair, &p, START);
		expect_number("end", m->engine_end(pair.e, WHY),
			      frees ? -ECANCELED : 0);
		expect_number("called", caller.called, 1);
		if (!frees)
			m->engine_free(pair.e);
		m->policy_free(caller.policy);
	}
}

CLAIM(walks, "what a host's function returns ends a walk and is returned")
{
	struct mailwall_engine_config c = config_of(NULL);
	struct pair pair = { .e = engine_of(&c) };
	int result = -ECANCELED;

	live(&pair, 100, START);
	refused("ports", m->engine_ports(pair.e, pass_port, &result, WHY),
		-ECANCELED);
	refused("sources", m->engine_sources(pair.e, pass_source, &result, WHY),
		-ECANCELED);
	result = 0;
	assert_int_equal(m->engine_sources(pair.e, pass_source, &result, WHY),
			 0);
	m->engine_free(pair.e);
}

CLAIM(policies_of_engines, "an engine takes another policy, keeps its own if "
			   "that has errors or too many ports, and may "
			   "outlive both handles")
{
	struct mailwall_policy *a = load_text(small);
	struct mailwall_policy *bad = load_text("policy x\n");
	struct mailwall_policy *b =
		load_text(HEADER "outbound {\nobserve smtp 2526\n}\n");
	struct mailwall_policy *many;
	struct mailwall_engine_config c = config_of(a);
	struct caller caller = { 0 };
	struct mailwall_engine *e, *none;
	struct text text;
	FILE *to = text_open(&text);
	struct log log = { .to = to };
	struct text all;
	FILE *list = text_open(&all);

	fputs(HEADER "outbound {\n", list);
	for (int i = 0; i < 70; i++)
		fprintf(list, "block %d\n", 3000 + i);
	fputs("}\n", list);
	many = load_text(text_done(&all));
	(void)caller;
	c.ctx = &log;
	c.attempt = log_attempt;
	e = engine_of(&c);
	refused("bad", m->engine_set_policy(e, bad, WHY), -EINVAL);
	refused("many", m->engine_set_policy(e, many, WHY), -E2BIG);
	c.policy = many;
	refused("new", m->engine_new(&c, &none, WHY), -E2BIG);
	m->policy_free(many);
	m->policy_free(bad);
	m->policy_free(a);
	give(&(struct pair){ .e = e },
	     &(struct packet_of){ .source = 0x64400001,
				  .destination = 0xc0000201,
				  .source_port = 4000,
				  .destination_port = 25,
				  .flags = TCP_SYN },
	     START);
	assert_int_equal(m->engine_end(e, WHY), 0);
	assert_int_equal(m->engine_set_policy(e, b, WHY), 0);
	m->policy_free(b);
	give(&(struct pair){ .e = e },
	     &(struct packet_of){ .source = 0x64400001,
				  .destination = 0xc0000201,
				  .source_port = 4001,
				  .destination_port = 2526,
				  .flags = TCP_SYN },
	     START + SECOND);
	assert_int_equal(m->engine_end(e, WHY), 0);
	m->engine_free(e);
	text_done(&text);
	expect(log.attempts == 2 && strstr(text.bytes, "p:10 1") &&
		       strstr(text.bytes, "p:7 4"),
	       "events: %s", text.bytes);
	free(text.bytes);
	free(all.bytes);
}

/* ---- the element of a finding ---- */

CLAIM(elements, "a finding's element is its address, or its /64, in the set "
		"of class flagged and the policy's table")
{
	static const char bridge[] =
		HEADER_OF("q", "bridge") "outbound {\nblock smtp\n}\n";
	static const struct {
		const char *source, *set, *text, *first, *last;
	} rows[] = {
		{ "192.0.2.1", "flagged.v4", "192.0.2.1", "192.0.2.1",
		  "192.0.2.1" },
		{ "255.255.255.255", "flagged.v4", "255.255.255.255",
		  "255.255.255.255", "255.255.255.255" },
		{ "2001:db8:1:2:3:4:5:6", "flagged.v6", "2001:db8:1:2::/64",
		  "2001:db8:1:2::", "2001:db8:1:2:ffff:ffff:ffff:ffff" },
		{ "2001:db8::", "flagged.v6", "2001:db8::/64",
		  "2001:db8::", "2001:db8::ffff:ffff:ffff:ffff" },
	};
	struct mailwall_policy *p = load_text(small), *q = load_text(bridge);

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct mailwall_finding f = { .size = sizeof(f) };
		struct mailwall_element e = { .size = sizeof(e) };
		struct addr6 source, first, last;

		f.family = read_address(rows[i].source, &source);
		memcpy(f.source, source.byte, 16);
		read_address(rows[i].first, &first);
		read_address(rows[i].last, &last);
		assert_int_equal(m->finding_element(p, &f, &e, WHY), 0);
		expect_text(rows[i].source, e.set, rows[i].set);
		expect_text(rows[i].source, e.text, rows[i].text);
		expect_text(rows[i].source, e.first_text, rows[i].first);
		expect_text(rows[i].source, e.last_text, rows[i].last);
		expect(!memcmp(e.first, first.byte, 16) &&
			       !memcmp(e.last, last.byte, 16) &&
			       e.family == f.family &&
			       e.prefix_len == (f.family == 4 ? 32 : 64),
		       "bytes of %s", rows[i].source);
		expect(!strcmp(e.table, "mailwall") &&
			       !strcmp(e.table_family, "inet") && e.has_set &&
			       e.timeout_s == 86400,
		       "table of %s", rows[i].source);
		assert_int_equal(m->finding_element(q, &f, &e, WHY), 0);
		expect(!strcmp(e.table_family, "bridge") && !e.has_set &&
			       !e.timeout_s,
		       "bridge, %s", rows[i].source);
		assert_int_equal(m->finding_element(NULL, &f, &e, WHY), 0);
		expect(!strcmp(e.table_family, "inet") && !e.has_set,
		       "no policy, %s", rows[i].source);
	}
	m->policy_free(p);
	m->policy_free(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(head),
		CLAIMED(nulls),
		CLAIMED(short_structs),
		CLAIMED(long_structs),
		CLAIMED(loading),
		CLAIMED(readers),
		CLAIMED(texts),
		CLAIMED(facts),
		CLAIMED(emitted),
		CLAIMED(not_emitted),
		CLAIMED(decided),
		CLAIMED(observed),
		CLAIMED(events),
		CLAIMED(saved),
		CLAIMED(callbacks),
		CLAIMED(walks),
		CLAIMED(policies_of_engines),
		CLAIMED(elements),
	};

	m = mailwall_get(MAILWALL_MAJOR);
	return cmocka_run_group_tests_name("abi", tests, NULL, NULL);
}
