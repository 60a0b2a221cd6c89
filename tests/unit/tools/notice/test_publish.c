/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the public and a customer read: the page, and the letter. */
#include "../../unit.h"
#include "../../../../rules/policy/decide.h"
#include "../../../../tools/notice/notice.h"
#include "../../../../tools/notice/publish.h"
#include "../../../../tools/program/program.h"

#include <jansson.h>
#include <glob.h>

static const char *const languages[] = { "en", "pt_BR", "es" };
static const enum publish_form forms[] = { PUBLISH_TEXT, PUBLISH_HTML,
					   PUBLISH_JSON };
static struct lang *langs[COUNT(languages)];
#define ENGLISH (langs[0])

/* ---- policies and pages ---- */

/* The shipped ones name users that this machine need not have. */
static int any_id(void *ctx, const char *name, uint32_t *id)
{
	(void)ctx;
	(void)name;
	*id = 7;
	return 0;
}

static char root[512]; /* of the source tree */

static void find_root(void)
{
	const char *slash = strrchr(__FILE__, '/');

	snprintf(root, sizeof(root), "%.*s/../../../..",
		 slash ? (int)(slash - __FILE__) : 1, slash ? __FILE__ : ".");
}

static struct policy *file_policy(const char *path)
{
	static char text[65536];
	struct text_file file = { path, text, 0 };
	struct world w = { .files = &file, .n_files = 1 };
	struct policy_input input = { .ctx = &w,
				      .read = world_read,
				      .release = world_release,
				      .user = any_id,
				      .group = any_id,
				      .today = TODAY };
	FILE *f = fopen(path, "r");
	struct policy *p;

	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	assert_int_equal(policy_load(&input, path, &p), 0);
	return p;
}

static const char *publish(struct text *t, const struct policy *p,
			   const struct lang *l, enum publish_form form,
			   const char *since)
{
	int code = publish_write(p, l, form, since, text_open(t));
	const char *text = text_done(t);

	assert_int_equal(code, 0);
	return text;
}

/* ---- well-formed ---- */

/* A "{" outside of the style sheet is a placeholder that nobody filled. */
static bool has_placeholder(const char *text)
{
	const char *end = strstr(text, "</style>");

	return strpbrk(end ? end : text, "{}") != NULL;
}

/* Tags are closed in the order in which they were opened; NULL: all of them. */
static const char *unbalanced(const char *html)
{
	const char *open[32];
	size_t n = 0;

	for (const char *p = strchr(html, '<'); p; p = strchr(p + 1, '<')) {
		size_t len = strcspn(p + 1 + (p[1] == '/'), " >");

		if (p[1] == '!' || !strncmp(p, "<meta ", 6))
			continue;
		if (p[1] != '/') {
			if (n == COUNT(open))
				return p;
			open[n++] = p + 1;
			continue;
		}
		if (!n || strncmp(open[--n], p + 2, len) ||
		    !strchr(" >", open[n][len]))
			return p;
	}
	return n ? open[n - 1] : NULL;
}

static void check_html(const char *path, const struct lang *l, const char *html)
{
	const char *bad = unbalanced(html);
	char lang[64];

	snprintf(lang, sizeof(lang), "<html lang=\"%s\">", words_tag(l));
	expect(!bad, "%s: tags do not close at \"%.60s\"", path, bad);
	expect(strstr(html, lang) != NULL, "%s: no %s", path, lang);
	expect(!strstr(html, "<script") && !strstr(html, "http://") &&
		       !strstr(html, "https://") && !strstr(html, "url("),
	       "%s: the page asks for something else", path);
	expect(strstr(html, "width=device-width") &&
		       strstr(html, "prefers-color-scheme: dark"),
	       "%s: not for phones, or not dark", path);
}

static void check_json(const char *path, const struct lang *l, const char *text)
{
	json_t *json = json_loads(text, 0, NULL);
	const json_t *policy = json_object_get(json, "policy");
	const json_t *rules = json_object_get(json, "rules");
	const char *tag =
		json_string_value(json_object_get(policy, "language"));

	if (!expect(json != NULL, "%s: no JSON: %.200s", path, text))
		return;
	expect(tag && !strcmp(tag, words_tag(l)), "%s: language %s", path,
	       tag ? tag : "(none)");
	expect(json_array_size(rules) > 0, "%s: no rules", path);
	for (size_t i = 0; i < json_array_size(rules); i++)
		expect(json_object_size(json_array_get(rules, i)) == 18,
		       "%s: rule %zu has %zu fields", path, i,
		       json_object_size(json_array_get(rules, i)));
	json_decref(json);
}

static void check_page(const char *path, const struct policy *p,
		       const struct lang *l, enum publish_form form)
{
	struct text t;
	const char *page = publish(&t, p, l, form, "2026-07-01");

	switch (form) {
	case PUBLISH_TEXT:
		break;
	case PUBLISH_HTML:
		check_html(path, l, page);
		break;
	case PUBLISH_JSON:
		check_json(path, l, page);
		break;
	}
	if (form != PUBLISH_JSON)
		expect(!has_placeholder(page), "%s: %s form %d: a placeholder",
		       path, words_tag(l), form);
	expect(strstr(page, p->contact) && strstr(page, p->review) &&
		       strstr(page, "2026-07-01"),
	       "%s: %s form %d: no contact, review or date", path, words_tag(l),
	       form);
	free(t.bytes);
}

CLAIM(shipped, "every shipped policy has a page, in each language and form")
{
	char pattern[600];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/rules/policies/*.policy", root);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	expect(found.gl_pathc >= 10, "only %zu policies", found.gl_pathc);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct policy *p = file_policy(found.gl_pathv[i]);

		expect_number(found.gl_pathv[i], p->diags.errors, 0);
		for (size_t l = 0; l < COUNT(langs); l++)
			for (size_t k = 0; k < COUNT(forms); k++)
				check_page(found.gl_pathv[i], p, langs[l],
					   forms[k]);
		policy_free(p);
	}
	globfree(&found);
}

/* ---- the page against the rules ---- */

static struct addr6 address(const char *text, uint8_t *family)
{
	struct addr6 a = { { 0 } };
	struct addr_range r;

	assert_int_equal(range_parse(text, strlen(text), &r), 0);
	*family = (uint8_t)r.family;
	if (r.family == 6)
		return r.v6.first;
	for (int i = 0; i < 4; i++)
		a.byte[i] = (uint8_t)(r.v4.first >> (24 - 8 * i));
	return a;
}

static bool list_has(const json_t *list, const char *key, json_int_t number,
		     const char *text)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *v = json_array_get(list, i);

		if (key &&
		    json_integer_value(json_object_get(v, key)) == number)
			return true;
		if (!key && !strcmp(json_string_value(v), text))
			return true;
	}
	return false;
}

/* Is the rule of the page that the clause is about the connection, too? */
static bool page_tells(const json_t *rules, const struct clause *clause,
		       const struct opening *c)
{
	for (size_t i = 0; i < json_array_size(rules); i++) {
		const json_t *r = json_array_get(rules, i);

		if (!strcmp(json_string_value(json_object_get(r, "clause")),
			    clause->id))
			return list_has(json_object_get(r, "ports"), "port",
					c->destination_port, NULL) &&
			       list_has(json_object_get(r, "families"), NULL, 0,
					c->family == 4 ? "ipv4" : "ipv6");
	}
	return false;
}

static void ask_page(const struct policy *p, const json_t *rules,
		     struct opening *c, const char *what)
{
	static const uint16_t ports[] = {
		25, 110, 143, 465, 587, 993, 995, 2525
	};
	static const struct decide_input nothing;
	struct decision d;

	for (size_t i = 0; i < COUNT(ports); i++) {
		c->destination_port = ports[i];
		policy_decide(p, &nothing, c, &d);
		if (d.clause && d.clause->action != ACTION_ALLOW)
			expect(page_tells(rules, d.clause, c),
			       "%s: %s port %u is decided by %s, and the page "
			       "does not tell",
			       p->name, what, ports[i], d.clause->id);
	}
}

static void ask_pairs(const struct policy *p, const json_t *rules)
{
	static const char *const addresses[] = {
		"100.64.1.1",	 "198.51.100.1",      "198.51.100.70",
		"198.51.100.25", "10.1.1.1",	      "192.0.2.25",
		"203.0.113.5",	 "8.8.8.8",	      "2001:db8:4000::1",
		"2001:db8::25",	 "2001:db8:8000::25", "2001:db8:7000::1",
		"2a00::1",	 "fe80::1",
	};

	for (size_t i = 0; i < COUNT(addresses) * COUNT(addresses); i++) {
		const char *from = addresses[i / COUNT(addresses)];
		const char *to = addresses[i % COUNT(addresses)];
		struct opening c = { .source_port = 40000 };
		char what[128];
		uint8_t other;

		c.source = address(from, &c.family);
		c.destination = address(to, &other);
		c.out = p->hook == HOOK_OUTPUT ? "eth0" : NULL;
		c.has_owner = p->hook == HOOK_OUTPUT;
		c.uid = 1234;
		snprintf(what, sizeof(what), "%s to %s", from, to);
		if (c.family == other)
			ask_page(p, rules, &c, what);
	}
}

CLAIM(true_to_rules, "what a shipped policy does not let pass, its page tells")
{
	char pattern[600];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/rules/policies/*.policy", root);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct policy *p = file_policy(found.gl_pathv[i]);
		struct text t;
		json_t *json = json_loads(
			publish(&t, p, ENGLISH, PUBLISH_JSON, NULL), 0, NULL);

		ask_pairs(p, json_object_get(json, "rules"));
		json_decref(json);
		free(t.bytes);
		policy_free(p);
	}
	globfree(&found);
}

/* ---- what is told ---- */

#define CLASSES                                                                \
	"class a { 192.0.2.0/24 }\nclass b { 198.51.100.0/24 }\n"              \
	"class six { 2001:db8::/32 }\nclass d dynamic\n"
#define FORWARD HEADER CLASSES
#define OUTPUT	HEADER_OF("p", "output") CLASSES

/* Where a line ends does not matter: a blank for all white space. */
static char *flat(const char *text)
{
	char *copy = malloc(strlen(text) + 1), *out = copy;

	assert_non_null(copy);
	for (; *text; text++)
		if (!strchr(" \n", *text))
			*out++ = *text;
		else if (out == copy || out[-1] != ' ')
			*out++ = ' ';
	*out = '\0';
	return copy;
}

static bool has_words(const char *text, const char *words)
{
	char *in = flat(text), *what = flat(words);
	bool has = strstr(in, what) != NULL;

	free(in);
	free(what);
	return has;
}

CLAIM(told, "rules and exceptions are told as the first match has them")
{
	static const struct {
		const char *policy, *has, *has_not; /* NULL: nothing */
	} vectors[] = {
		/* exceptions */
		{ FORWARD "outbound from a {\nallow smtp to b\nblock smtp\n}\n",
		  "Exceptions:\n  - connections to the group “b”\n", NULL },
		{ FORWARD "outbound from a {\nallow smtp from d\nblock "
			  "smtp\n}\n",
		  "  - connections from the group “d”\n", NULL },
		{ FORWARD "outbound from a {\nallow smtp from d to b\nblock "
			  "smtp\n}\n",
		  "  - connections from the group “d” to the group “b”\n",
		  NULL },
		{ FORWARD "outbound from a {\nallow smtp to 203.0.113.9\n"
			  "block smtp\n}\n",
		  "  - connections to 203.0.113.9\n", NULL },
		{ FORWARD "outbound from a {\nblock smtp\nallow smtp to b\n}\n",
		  "Exceptions: none", "the group “b”" },
		{ FORWARD "outbound from a {\nallow smtp to b\nblock smtp "
			  "submission\n}\n",
		  ", only port 25 (", NULL },
		{ FORWARD "outbound from a {\nallow imaps to b\nblock "
			  "smtp\n}\n",
		  "Exceptions: none", NULL },
		{ FORWARD "outbound {\nallow smtp from six\nblock smtp\n}\n",
		  "  - connections from the group “six”\n", NULL },
		{ FORWARD "outbound from a {\nlimit smtp 5/hour per source to "
			  "b\nblock smtp\n}\n",
		  "  - connections to the group “b”: see rule 1\n", NULL },
		/* what was decided above is no rule any more */
		{ FORWARD "outbound from a {\nallow smtp\nblock smtp imap\n}\n",
		  "Blocked: port 143", "Blocked: port 25" },
		{ FORWARD "outbound {\nallow smtp\n}\noutbound from a {\nblock "
			  "smtp\n}\n",
		  "blocks and limits nothing", "Blocked" },
		/* blocks above */
		{ FORWARD "outbound from b {\nallow smtp\n}\noutbound {\nblock "
			  "smtp\n}\n",
		  "  - connections from the group “b”\n", NULL },
		{ FORWARD "outbound from b {\nallow smtp\n}\noutbound from a "
			  "{\nblock smtp\n}\n",
		  "Exceptions: none", NULL },
		{ FORWARD "outbound from b {\nallow smtp from d\n}\ninbound to "
			  "a {\nblock smtp\n}\n",
		  "  - connections from the group “d” (those that are in the",
		  NULL },
		{ OUTPUT "outbound {\nallow smtp to d\n}\ninbound {\nblock "
			 "smtp\n}\n",
		  "Exceptions: none", NULL },
		/* who, to whom, which way */
		{ FORWARD "outbound from a {\nblock smtp from d to b\n}\n",
		  "From: the group “d” (those that are in the group “a”)",
		  NULL },
		{ FORWARD "outbound from a {\nblock smtp from d to b\n}\n",
		  "To: the group “b”", NULL },
		{ FORWARD "inbound to a {\nblock smtp from b\n}\n",
		  "Direction: incoming\n  From: the group “b”\n  To: the group "
		  "“a”",
		  NULL },
		{ FORWARD "outbound from six {\nblock smtp\n}\n",
		  "Applies to: IPv6\n", NULL },
		{ FORWARD "outbound from six {\nblock smtp to a\n}\n",
		  "Applies to: no address at present\n", NULL },
		{ FORWARD "outbound from a d {\nblock smtp to internet\n}\n",
		  "From: the group “a” and the group “d”\n  To: the internet",
		  NULL },
		{ OUTPUT "outbound {\nallow smtp user alice\nblock smtp\n}\n",
		  "From: this machine\n", NULL },
		{ OUTPUT "outbound {\nallow smtp user alice\nblock smtp\n}\n",
		  "programs of the local users with the numbers 1000\n", NULL },
		{ HEADER_OF("p", "ingress \"eth1\"") "outbound {\nblock "
						     "smtp\n}\n",
		  "behind the network interface eth1\n", NULL },
		/* what happens */
		{ FORWARD "outbound from a {\nblock smtp drop\n}\n",
		  "gets no answer", "recorded" },
		{ FORWARD "outbound from a {\nblock smtp reject log\n}\n",
		  "a filter did it. Such connections are recorded", NULL },
		{ FORWARD "inbound to a {\nblock smtp drop and replies\n}\n",
		  "includes answers", NULL },
		{ FORWARD "outbound from a {\nlimit smtp 20/minute per source "
			  "burst 7 drop\n}\n",
		  "20 new connections per minute, and up to 7 in quick", NULL },
		{ FORWARD "outbound from a {\nredirect smtp to 203.0.113.9 "
			  "2001:db8::9\n}\n",
		  "sent to 203.0.113.9 and 2001:db8::9 instead", NULL },
		{ FORWARD "outbound from a {\nredirect smtp to 2001:db8::9\n"
			  "block smtp\n}\n",
		  "Applies to: no address at present", NULL },
		{ FORWARD "outbound {\nredirect smtp to 203.0.113.9\n"
			  "block smtp\n}\n",
		  "connections to any address, only IPv4: see rule 1", NULL },
		{ FORWARD "outbound from a {\nobserve imap\n}\n",
		  "1. Only counted: port 143", "Blocked" },
		{ FORWARD "mode observe\noutbound from a {\nblock smtp "
			  "drop\n}\n",
		  "When the trial is over: The connection gets no answer",
		  "Blocked:" },
		{ FORWARD "mode observe\noutbound from a {\nblock smtp\n}\n",
		  "This is a trial. At present nothing is blocked", NULL },
		/* what to use instead */
		{ FORWARD "outbound from a {\nblock smtp\n}\n",
		  "  - port 587 with STARTTLS\n  - port 465", NULL },
		{ FORWARD "outbound from a {\nblock submission\n}\n",
		  "  - port 465 with TLS", "  - port 587" },
		{ FORWARD "outbound from a {\nblock submission from d\n}\n",
		  "  - port 587 with STARTTLS", NULL },
		{ FORWARD "outbound from a {\nblock submission from d b\n}\n",
		  "  - port 465 with TLS", "  - port 587" },
		{ FORWARD "outbound {\nblock 587 465 2525\n}\n",
		  "leaves no port open to send mail", "  - port 587" },
		{ FORWARD "outbound {\nblock imaps pop3s\n}\n", "port 587",
		  "To read mail" },
		{ FORWARD "inbound to a {\nblock submission\n}\n",
		  "  - port 587 with STARTTLS", NULL },
		{ FORWARD "mode observe\noutbound {\nblock submission\n}\n",
		  "  - port 587 with STARTTLS", NULL },
		/* groups */
		{ FORWARD "outbound from a {\nallow smtp from d\nblock "
			  "smtp\n}\n",
		  "  - a: set in the policy (IPv4)\n  - d: kept", "  - b:" },
		/* without words of the policy */
		{ "policy p\nhook forward\noutbound {\nblock smtp\n}\n",
		  "have not stated a purpose", "write to" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct policy *p = text_policy(vectors[i].policy);
		struct text t;
		const char *page = publish(&t, p, ENGLISH, PUBLISH_TEXT, NULL);

		expect(!vectors[i].has || has_words(page, vectors[i].has),
		       "in \"%s\" no \"%s\" in\n%s", vectors[i].policy,
		       vectors[i].has, page);
		expect(!vectors[i].has_not ||
			       !has_words(page, vectors[i].has_not),
		       "in \"%s\" there is \"%s\" in\n%s", vectors[i].policy,
		       vectors[i].has_not, page);
		free(t.bytes);
		policy_free(p);
	}
}

CLAIM(escaped, "nothing that a policy says is markup in the page")
{
	static const char *const policies[] = {
		"policy p\npurpose \"</p><script>alert(1)</script>\"\n"
		"contact \"a@b.example\\\"><img src=x>\"\nreview 2030-01-01\n"
		"hook forward\noutbound {\nblock smtp\n}\n",
		"policy p\npurpose \"a & <b>'\"\ncontact \"x' onclick='y@z\"\n"
		"review 2030-01-01\nhook ingress \"<i>&\"\noutbound {\nblock "
		"smtp\n}\n",
	};
	static const char *const bad[] = { "<script", "<img", "<b>",  "<i>",
					   "& ",      "'",    "\"><", "</u>" };

	for (size_t i = 0; i < COUNT(policies); i++) {
		struct policy *p = good_policy(policies[i]);
		struct text t;
		const char *page =
			publish(&t, p, langs[2], PUBLISH_HTML, "<u>2026</u>");

		page = strstr(page, "<body>");
		assert_non_null(page);
		for (size_t k = 0; k < COUNT(bad); k++)
			expect(!strstr(page, bad[k]),
			       "in \"%s\" there is %s in\n%s", policies[i],
			       bad[k], page);
		expect(!strstr(page, "mailto:"),
		       "in \"%s\" the contact is a link", policies[i]);
		expect(strstr(page, "&lt;u&gt;2026") != NULL,
		       "in \"%s\" the date is gone", policies[i]);
		free(t.bytes);
		policy_free(p);
	}
}

CLAIM(deterministic, "the same policy gives the same page, and without a date "
		     "there is none")
{
	struct policy *p = good_policy(
		FORWARD
		"outbound from a {\nallow smtp from d\nblock smtp\n}\n");

	for (size_t k = 0; k < COUNT(forms); k++) {
		struct text a, b;

		expect(!strcmp(publish(&a, p, ENGLISH, forms[k], NULL),
			       publish(&b, p, ENGLISH, forms[k], NULL)),
		       "form %d differs", forms[k]);
		expect(!strstr(a.bytes, "In force since"), "form %d has a date",
		       forms[k]);
		free(a.bytes);
		free(b.bytes);
	}
	policy_free(p);
}

/* ---- the letter ---- */

#define SEEN_S 1795169472 /* 2026-11-20 10:11:12 UTC */

static const struct report_source customer = { .family = 4,
					       .name = "192.0.2.7",
					       .attempts = 12,
					       .first_s = SEEN_S - 60,
					       .last_s = SEEN_S };

static struct report_finding a_finding(const char *finding, bool proven,
				       bool blocked)
{
	return (struct report_finding){ .finding = finding,
					.detector = "fast",
					.name = "192.0.2.7",
					.port = 25,
					.attempts = 4398,
					.destinations = 1203,
					.first_s = SEEN_S - 90,
					.last_s = SEEN_S,
					.proven = proven,
					.blocked = blocked,
					.examples = "198.51.100.1 "
						    "198.51.100.2" };
}

static const char *write_notice(struct text *t, const struct policy *p,
				const struct lang *l,
				const struct report_finding *f, size_t n)
{
	static const struct report_port ports[] = {
		{ .port = 26, .now = { { [OUTCOME_BLOCKED] = 4 } } },
		{ .port = 587, .now = { { [OUTCOME_ANSWERED] = 3 } } },
	};
	struct notice notice = { p, &customer, f, n, ports, n ? 0 : 2 };

	assert_int_equal(notice_write(&notice, l, text_open(t)), 0);
	return text_done(t);
}

CLAIM(letters, "a letter says what was seen, how sure that is, and what to do")
{
	static const struct {
		const char *policy, *finding; /* NULL: none */
		bool proven, blocked;
		const char *has, *has_not;
	} vectors[] = {
		{ NULL, "spam-source", false, false,
		  "4398 connection attempts to about 1203 different servers",
		  "write to" },
		{ NULL, "spam-source", false, false,
		  "Some of the destinations: 198.51.100.1, 198.51.100.2",
		  NULL },
		{ NULL, "spam-source", false, false, "They are not proof",
		  "was not forged" },
		{ NULL, "spam-source", true, false,
		  "the address was not forged", "not proof" },
		{ NULL, "spam-source", true, false,
		  "we have blocked none of these", "are blocked in" },
		{ NULL, "spam-source", true, true,
		  "are blocked in our network: port 25", "blocked none" },
		{ NULL, "direct-to-mx", true, true, "a camera or a printer",
		  NULL },
		{ NULL, "something-new", true, true, "This is unusual", NULL },
		{ NULL, NULL, false, false, "12 connection attempts. The first",
		  "How sure" },
		{ NULL, NULL, false, false,
		  "Blocked: 4 connection attempts to port 26.", "Blocked: 3" },
		{ NULL, NULL, false, false,
		  "are blocked in our network: port 26", "blocked none" },
		{ NULL, NULL, false, false, "set up wrongly", "unusual" },
		{ FORWARD "outbound {\nblock smtp submission\n}\n",
		  "spam-source", true, true, "* port 465", "* port 587" },
		{ FORWARD "outbound {\nblock smtp\n}\n", "spam-source", true,
		  true, "The purpose of our rules: “a test”", NULL },
		{ FORWARD "outbound {\nblock smtp\n}\n", "spam-source", true,
		  true, "write to nobody", NULL },
		{ FORWARD "mode observe\noutbound {\nblock smtp\n}\n",
		  "spam-source", true, true, "blocked none of these",
		  "are blocked in" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		const char *finding = vectors[i].finding;
		struct policy *p = vectors[i].policy ?
					   good_policy(vectors[i].policy) :
					   NULL;
		struct report_finding f = a_finding(finding, vectors[i].proven,
						    vectors[i].blocked);
		struct text t;
		const char *got =
			write_notice(&t, p, ENGLISH, &f, finding != NULL);

		expect(has_words(got, vectors[i].has) &&
			       (!vectors[i].has_not ||
				!has_words(got, vectors[i].has_not)),
		       "vector %zu: not \"%s\", or \"%s\", in\n%s", i,
		       vectors[i].has,
		       vectors[i].has_not ? vectors[i].has_not : "", got);
		free(t.bytes);
		if (p)
			policy_free(p);
	}
}

CLAIM(letter_systems, "a letter names the systems that sent, one or several, "
		      "and none that is not known")
{
	static const struct {
		uint16_t systems[2];
		const char *has, *has_not;
	} vectors[] = {
		{ { 1 << (SYSTEM_WINDOWS - 1), 0 },
		  "look like those of a Windows computer.",
		  "different systems" },
		{ { 1 << (SYSTEM_WINDOWS - 1),
		    1 << (SYSTEM_LINUX - 1) | 1 << (SYSTEM_SCANNER - 1) },
		  "3 different systems seem to send from behind this address: "
		  "a device with Linux or Android, a Windows computer, a "
		  "program that scans networks.",
		  "look like those" },
		{ { 0, 0 }, "Dear customer", "look like those" },
		{ { 1 << (SYSTEM_UNKNOWN - 1), 0 },
		  "Dear customer",
		  "look like those" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct report_finding f[2] = {
			a_finding("spam-source", true, true),
			a_finding("direct-to-mx", true, true)
		};
		struct text t;
		const char *got;

		f[0].systems = vectors[i].systems[0];
		f[1].systems = vectors[i].systems[1];
		got = write_notice(&t, NULL, ENGLISH, f, 2);
		expect(has_words(got, vectors[i].has) &&
			       !has_words(got, vectors[i].has_not),
		       "vector %zu: \"%s\" or \"%s\" in\n%s", i, vectors[i].has,
		       vectors[i].has_not, got);
		free(t.bytes);
	}
}

CLAIM(letter_lines, "a letter has no placeholder, and lines of 72 columns, in "
		    "every language")
{
	static const char *const kinds[] = {
		"spam-source",	     "direct-to-mx",   "submission-abuse",
		"login-storm",	     "login-failures", "cleartext-login",
		"starttls-stripped", "something-new",
	};

	for (size_t i = 0; i < COUNT(kinds) * COUNT(langs); i++) {
		const char *kind = kinds[i / COUNT(langs)];
		const struct lang *l = langs[i % COUNT(langs)];
		struct report_finding f[2] = { a_finding(kind, i % 2, i % 3),
					       a_finding("spam-source", false,
							 true) };
		struct text t;
		const char *got;

		f[0].systems = SYSTEMS_ALL;
		got = write_notice(&t, NULL, l, f, 2);

		expect(!has_placeholder(got), "%s %s: a placeholder in\n%s",
		       kind, words_tag(l), got);
		for (const char *p = strchr(got, '\n') + 1; *p;
		     p += strcspn(p, "\n") + 1) {
			size_t columns = 0;

			for (const char *c = p; *c != '\n'; c++)
				columns += ((unsigned char)*c & 0xc0) != 0x80;
			expect(columns <= 72, "%s %s: \"%.80s\"", kind,
			       words_tag(l), p);
		}
		free(t.bytes);
	}
}

CLAIM(times, "times are local, with UTC beside them")
{
	static const struct {
		const char *zone, *want;
	} vectors[] = {
		{ "UTC", "on 2026-11-20 10:11 UTC." },
		{ "<-03>3", "on 2026-11-20 07:11 (10:11 UTC)." },
		{ "<+14>-14", "on 2026-11-21 00:11 (2026-11-20 10:11 UTC)." },
	};
	struct report_finding f = a_finding("spam-source", true, true);

	f.first_s = f.last_s;
	f.destinations = f.attempts = 1;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct text t;
		const char *got;

		setenv("TZ", vectors[i].zone, 1);
		tzset();
		got = write_notice(&t, NULL, ENGLISH, &f, 1);
		expect(has_words(got, vectors[i].want),
		       "in %s no \"%s\" in\n%s", vectors[i].zone,
		       vectors[i].want, got);
		free(t.bytes);
	}
	unsetenv("TZ");
	tzset();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(shipped),	 CLAIMED(true_to_rules),
		CLAIMED(told),		 CLAIMED(escaped),
		CLAIMED(deterministic),	 CLAIMED(letters),
		CLAIMED(letter_systems), CLAIMED(letter_lines),
		CLAIMED(times),
	};
	char folder[600];
	int failed;

	find_root();
	snprintf(folder, sizeof(folder), "%s/tools/notice/lang", root);
	setenv("MAILWALL_LANG_DIR", folder, 1);
	for (size_t i = 0; i < COUNT(langs); i++)
		if (words_load(languages[i], &langs[i], NULL, NULL))
			return 1;
	failed = cmocka_run_group_tests_name("publish", tests, NULL, NULL);
	for (size_t i = 0; i < COUNT(langs); i++)
		words_free(langs[i]);
	return failed;
}
