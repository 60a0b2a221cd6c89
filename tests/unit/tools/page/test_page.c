/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page of a report: what it says, and that nothing in a report becomes
 * markup. With MAILWALL_PAGES set to a directory the pages are left there, for
 * tests/page to look at.
 */
#include "../../unit.h"

#include "../../../../tools/page/page.h"
#include "../../../../tools/page/svg.h"
#include "../../../../tools/report/writer.h"
#include "../../../../tools/program/program.h"

#define DAY_S	   86400
#define SINCE_S	   1794783600 /* Mon 16 Nov 2026 00:00, UTC+01:00 */
#define UNTIL_S	   (SINCE_S + 7 * DAY_S)
#define N_HOURS	   168
#define N_TOP	   12
#define N_FINDINGS 31

/* ---- a report, made up ---- */

struct made {
	struct report report;
	struct report_bucket hours[N_HOURS];
	struct report_source top[N_TOP], first_seen[4], quiet[3];
	struct report_finding findings[N_FINDINGS];
	const struct report_finding *tests[N_FINDINGS];
	struct report_host hosts[N_FINDINGS];
	struct report_clause clauses[5];
	struct report_cleartext users[3];
	struct report_loaded loaded[2];
};

static void tally_add(struct tally *to, const struct tally *t)
{
	for (int o = 0; o < OUTCOME_N; o++)
		to->outcome[o] += t->outcome[o];
}

/* More by day than by night, and less on a weekend. */
static void make_hours(struct made *m, uint64_t *seed)
{
	for (size_t i = 0; i < N_HOURS; i++) {
		struct tally *t = &m->hours[i].now;
		unsigned int hour = i % 24, day = (unsigned int)(i / 24);
		uint64_t base = hour > 7 && hour < 19 && day < 5 ? 90 : 25;

		m->hours[i].start_s = SINCE_S + (int64_t)i * 3600;
		t->outcome[OUTCOME_BLOCKED] = base + chance(seed) % 40;
		t->outcome[OUTCOME_ANSWERED] = base / 4 + chance(seed) % 9;
		t->outcome[OUTCOME_REFUSED] = chance(seed) % 12;
		t->outcome[OUTCOME_ICMP_REFUSED] = chance(seed) % 5;
		t->outcome[OUTCOME_UNANSWERED] = chance(seed) % 20;
		if (i > 50 && i < 58)
			t->outcome[OUTCOME_BLOCKED] += 400;
		tally_add(&m->report.now, t);
		m->report.heat[day][hour] = tally_sum(t);
	}
	m->report.timeline.items = m->hours;
	m->report.timeline.n = N_HOURS;
	m->report.timeline.seconds = 3600;
}

static void make_ports(struct report *r)
{
	static const uint16_t ports[] = { 25,  110, 143,  465,
					  587, 993, 2525, 10025 };

	for (size_t i = 0; i < COUNT(ports); i++)
		r->ports.items[i].port = ports[i];
	r->ports.n = COUNT(ports);
	r->ports.items[0].now = r->now;
	for (int o = 0; o < OUTCOME_N; o++) {
		struct report_port *p = r->ports.items;

		p[0].before.outcome[o] = 1600;
		for (size_t i = 2; i < 6; i++)
			p[i].now.outcome[o] = p[0].now.outcome[o] / (20 * i);
		for (size_t i = 2; i < 6; i++)
			p[0].now.outcome[o] -= p[i].now.outcome[o];
		p[6].before.outcome[o] = (uint64_t)o;
		r->before.outcome[o] = 1600 + (uint64_t)o;
	}
	for (size_t i = 0; i < 6; i++)
		r->ports.items[i].sources = i == 1 ? 0 : 412 / (i + 1);
}

static const char *const names[N_TOP] = {
	"192.0.2.25",	 "2001:db8:12:3400::/64", "198.51.100.7",
	"203.0.113.190", "192.0.2.201",		  "2001:db8:ffff:ffff::/64",
	"source-7f3a91", "198.51.100.143",	  "198.51.100.9",
	"203.0.113.4",	 "203.0.113.77",	  "",
};

static void make_source(struct report_source *s, size_t i, uint64_t *seed)
{
	static const uint16_t ports[] = { 25, 587, 465, 993 };

	s->family = i == N_TOP - 1 ? 0 : 4;
	s->name = names[i];
	s->n_ports = 1 + i % 4;
	memcpy(s->ports, ports, sizeof(ports));
	for (size_t k = 0; k < REPORT_SPARKS; k++) {
		s->spark[k] =
			i % 3 || (k > 14 && k < 20) ?
				(uint32_t)(chance(seed) % (250 >> i / 2)) :
				0;
		s->attempts += s->spark[k];
	}
	s->now.outcome[OUTCOME_BLOCKED] = s->attempts * 4 / 5;
	s->now.outcome[OUTCOME_ANSWERED] = s->attempts - s->attempts * 4 / 5;
	s->before = i % 4 ? 40 * i : 0;
	s->first_s =
		i % 2 ? SINCE_S + 3600 * (int64_t)i : SINCE_S - 400 * DAY_S;
	s->last_s = UNTIL_S - 500 * (int64_t)i;
	s->findings = i == 0 ? 1u << FINDING_SPAM_SOURCE |
				       1u << FINDING_DIRECT_TO_MX :
		      i == 3 ? 1u << FINDING_CLEARTEXT_LOGIN :
			       0;
}

static void make_sources(struct made *m, uint64_t *seed)
{
	struct report *r = &m->report;

	for (size_t i = 0; i < N_TOP; i++)
		make_source(&m->top[i], i, seed);
	for (size_t i = 0; i < COUNT(m->first_seen); i++)
		m->first_seen[i] = m->top[2 * i + 1];
	for (size_t i = 0; i < COUNT(m->quiet); i++)
		m->quiet[i] = (struct report_source){
			.family = 4,
			.name = names[9 - i],
			.before = 300 - i,
			.first_s = SINCE_S - 30 * DAY_S,
			.last_s = SINCE_S - 99,
		};
	r->top = (struct report_sources){ m->top, N_TOP, 412 };
	r->first_seen = (struct report_sources){ m->first_seen,
						 COUNT(m->first_seen), 31 };
	r->quiet = (struct report_sources){ m->quiet, COUNT(m->quiet), 3 };
	r->sources = 412;
	r->sources_before = 455;
	r->folded = 1204;
	r->now.observed = 4711;
	r->modes = 1u << REPORT_OBSERVE | 1u << REPORT_NONE;
}

/* Each finding a host of its own. */
static void make_hosts(struct made *m)
{
	for (size_t i = 0; i < N_FINDINGS; i++) {
		const struct report_finding *f = m->tests[i] = &m->findings[i];

		m->hosts[i] =
			(struct report_host){ .family = f->family,
					      .name = f->name,
					      .lead = f,
					      .tests = &m->tests[i],
					      .n_tests = 1,
					      .time_s = f->time_s,
					      .first_s = f->first_s,
					      .last_s = f->last_s,
					      .attempts = f->attempts,
					      .syns = f->syns,
					      .destinations = f->destinations,
					      .groups = f->groups,
					      .proven = f->proven,
					      .mail_server = f->mail_server };
	}
	m->report.hosts.items = m->hosts;
	m->report.hosts.n = N_FINDINGS;
}

static void make_findings(struct made *m)
{
	for (size_t i = 0; i < N_FINDINGS; i++)
		m->findings[i] = (struct report_finding){
			.time_s = UNTIL_S - 9000 * (int64_t)(i + 1),
			.family = 4,
			.name = names[i % (N_TOP - 1)],
			.finding = i % 3 ? "spam-source" : "direct-to-mx",
			.detector = i % 3 ? "fast" : "abandon",
			.port = i % 5 ? 25 : 587,
			.attempts = 1204 >> (i / 4),
			.syns = 1388 >> (i / 4),
			.destinations = 811 >> (i / 4),
			.groups = 240 >> (i / 4),
			.first_s = UNTIL_S - 9000 * (int64_t)(i + 1) - 4000,
			.last_s = UNTIL_S - 9000 * (int64_t)(i + 1) - 10,
			.destinations_exact = i % 2,
			.proven = i % 3 == 0,
			.mail_server = i == 3,
			.blocked = i % 2 == 0,
			.examples = i % 4 ? "198.51.100.1 198.51.100.2 "
					    "203.0.113.9 203.0.113.11" :
					    "",
		};
	m->report.findings.items = m->findings;
	m->report.findings.n = N_FINDINGS;
	make_hosts(m);
}

static void make_rest(struct made *m)
{
	static const char *const ids[] = { "residential:17", "residential:21",
					   "business:4", "", "limits:9" };
	struct report *r = &m->report;

	for (size_t i = 0; i < COUNT(ids); i++)
		m->clauses[i] = (struct report_clause){ ids[i], 9000 >> 2 * i,
							i * 777 };
	for (size_t i = 0; i < COUNT(m->users); i++)
		m->users[i] = (struct report_cleartext){
			.family = 4,
			.name = names[i],
			.port = i ? 143 : 110,
			.last_s = UNTIL_S - 77777,
			.uses_tls = i % 2,
		};
	m->loaded[0] =
		(struct report_loaded){ SINCE_S + 4 * DAY_S + 4000,
					"residential",
					"b1946ac92492d2347c6235b4d2611184",
					"alice",
					12,
					STORE_OBSERVE };
	m->loaded[1] = (struct report_loaded){ SINCE_S + DAY_S, "", "",
					       "root",		11, 0 };
	r->clauses.items = m->clauses;
	r->clauses.n = COUNT(m->clauses);
	r->cleartext.items = m->users;
	r->cleartext.n = COUNT(m->users);
	r->loaded.items = m->loaded;
	r->loaded.n = COUNT(m->loaded);
	r->lost = 3120;
	r->unlogged = 1;
	r->watched_s = 7 * DAY_S - 4 * 3600;
}

static struct made *make(void)
{
	struct made *m = calloc(1, sizeof(*m));
	uint64_t seed = 4711;

	assert_non_null(m);
	m->report.query.since_s = SINCE_S;
	m->report.query.until_s = UNTIL_S;
	m->report.made_s = UNTIL_S + 7 * 3600;
	make_hours(m, &seed);
	make_ports(&m->report);
	make_sources(m, &seed);
	make_findings(m);
	make_rest(m);
	return m;
}

static struct report *make_empty(void)
{
	struct report *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	r->query.since_s = SINCE_S;
	r->query.until_s = UNTIL_S;
	r->made_s = UNTIL_S + 60;
	return r;
}

/* Every string of it. */
static void say_everywhere(struct made *m, const char *text)
{
	static struct class class;

	class.name = text;
	m->report.query.class = &class;
	m->report.query.clause = text;
	m->report.query.has_source = true;
	for (size_t i = 0; i < N_TOP; i++)
		m->top[i].name = text;
	for (size_t i = 0; i < COUNT(m->first_seen); i++)
		m->first_seen[i].name = text;
	for (size_t i = 0; i < COUNT(m->quiet); i++)
		m->quiet[i].name = text;
	for (size_t i = 0; i < N_FINDINGS; i++) {
		m->findings[i].name = m->findings[i].finding = text;
		m->findings[i].detector = m->findings[i].examples = text;
		m->hosts[i].name = text;
	}
	for (size_t i = 0; i < COUNT(m->clauses); i++)
		m->clauses[i].id = text;
	for (size_t i = 0; i < COUNT(m->users); i++)
		m->users[i].name = text;
	for (size_t i = 0; i < COUNT(m->loaded); i++) {
		m->loaded[i].policy = m->loaded[i].digest = text;
		m->loaded[i].who = text;
	}
}

/* ---- a page of it ---- */

static void keep(const char *name, const struct text *t)
{
	const char *dir = getenv("MAILWALL_PAGES");
	char path[512];
	FILE *file;

	if (!dir)
		return;
	snprintf(path, sizeof(path), "%s/%s.html", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(t->bytes, 1, t->n, file), t->n);
	assert_int_equal(fclose(file), 0);
}

/* For free(). */
static char *page(const struct report *r, const char *name)
{
	struct text t;

	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	assert_int_equal(report_writer_html.write(r, NULL, text_open(&t)), 0);
	text_done(&t);
	assert_int_equal(strlen(t.bytes), t.n);
	keep(name, &t);
	return t.bytes;
}

static void has(const char *html, const char *text)
{
	expect(strstr(html, text), "\"%s\" is not on the page", text);
}

static void lacks(const char *html, const char *text)
{
	const char *at = strstr(html, text);

	expect(!at, "\"%s\" is on the page: %.80s", text, at ? at : "");
}

static size_t times(const char *html, const char *text)
{
	size_t n = 0;

	while ((html = strstr(html, text))) {
		html += strlen(text);
		n++;
	}
	return n;
}

/* Every section, in its place, and nothing to be loaded or run. */
static void is_whole(const char *html)
{
	static const char *const parts[] = {
		"<!DOCTYPE html>",  "default-src 'none'",
		"</title>",	    "<h1>",
		"id=\"summary\"",   "id=\"time\"",
		"id=\"findings\"",  "id=\"ports\"",
		"id=\"sources\"",   "id=\"hours\"",
		"id=\"fresh\"",	    "id=\"quiet\"",
		"id=\"cleartext\"", "id=\"clauses\"",
		"id=\"policies\"",  "id=\"unseen\"",
		"</main>",	    "</html>",
	};
	static const char *const none[] = { "<script", "http://", "https://",
					    "src=",    "@import", "url(\"",
					    "url(h",   "<link",	  "onload" };
	const char *at = html;

	for (size_t i = 0; at && i < COUNT(parts); i++) {
		at = strstr(at, parts[i]);
		expect(at, "%s is missing, or not in its place", parts[i]);
	}
	for (size_t i = 0; i < COUNT(none); i++)
		lacks(html, none[i]);
	expect_number("titles", times(html, "</title>"), times(html, "<title"));
}

/* ---- claims ---- */

CLAIM(rich, "a page says what is in the report")
{
	static const char *const said[] = {
		"Mail ports, Mon 16 Nov to Sun 22 Nov 2026",
		"Mon 16 Nov 2026 00:00</time> (UTC+01:00)",
		"datetime=\"2026-11-15T23:00:00Z\"",
		"Made <time datetime=\"2026-11-23T06:00:00Z\">"
		"Mon 23 Nov 2026 07:00",
		"<a href=\"#findings\">31 findings</a>, 11 of them proven",
		"3 users without encryption",
		"31 new sources",
		"Not everything was seen",
		"23 earlier</summary>",
		"Proven by a completed handshake; assumed blocked.",
		"Not proven, only unanswered SYNs; assumed open.",
		"1,204 attempts (1,388 SYNs) at about 811 destinations in 240 "
		"networks",
		"Sun 22 Nov 20:23</time> to <time "
		"datetime=\"2026-11-22T20:29:50Z\">21:29</time>.",
		"assumed open. It looks like a mail server.",
		"Destinations: 198.51.100.1 198.51.100.2",
		"<span class=\"badge\">spam-source</span>"
		"<span class=\"badge\">direct-to-mx</span>",
		"others, folded into one",
		"12 of 412 are listed.",
		"1,204 attempts are of sources that were too many",
		"residential:17",
		"no clause",
		"removed",
		"<strong>Mode observe</strong> in a part of this period: "
		"nothing was blocked then; 4,711 attempts would be blocked.",
		"<dt>Would be blocked</dt>",
		"observe</td>",
		"A monitor was running for 6 d 20 h of 7 d (98 %)",
		"3,120 packets were lost",
		"At least 1 packet was blocked without being logged",
		"Nothing now or before: 110 pop3, 10025.",
	};
	struct made *m = make();
	char *html = page(&m->report, "rich");

	is_whole(html);
	for (size_t i = 0; i < COUNT(said); i++)
		has(html, said[i]);
	free(html);
	free(m);
}

CLAIM(empty, "a page of a period in which nothing was says so")
{
	static const char *const said[] = {
		"no findings",
		"No source was reported in this period.",
		"No attempt was seen in this period.",
		"No attempt at any port, now or before.",
		"No source was seen in this period.",
		"No source is new.",
		"No source has gone quiet.",
		"No login without encryption was seen.",
		"No clause was named in a log.",
		"No policy was loaded or removed",
		"No monitor was running in this period.",
	};
	struct report *r = make_empty();
	char *html = page(r, "empty");

	is_whole(html);
	for (size_t i = 0; i < COUNT(said); i++)
		has(html, said[i]);
	lacks(html, "<table");
	lacks(html, "nan%");
	free(html);
	free(r);
}

CLAIM(hours_and_days, "a short period has hours below its drawing, a long "
		      "one has days")
{
	struct made *m = make();
	char *html;

	m->report.timeline.n = 24;
	m->report.query.until_s = SINCE_S + DAY_S;
	html = page(&m->report, "day");
	has(html, "Mail ports, Mon 16 Nov 2026<");
	has(html, ">03:00</text>");
	free(html);
	m->report.timeline.n = 90;
	m->report.timeline.seconds = DAY_S;
	for (size_t i = 0; i < 90; i++)
		m->hours[i].start_s = SINCE_S + (int64_t)i * DAY_S;
	m->report.query.until_s = SINCE_S + 90 * DAY_S;
	html = page(&m->report, "days");
	has(html, "Mail ports, Mon 16 Nov 2026 to Sat 13 Feb 2027");
	has(html, ">16 Nov</text>");
	has(html, "90 bars of 1 d");
	free(html);
	free(m);
}

CLAIM(years, "a drawing of years has bars that can be seen")
{
	struct report_bucket *days = calloc(4000, sizeof(*days));
	struct report *r = make_empty();
	char *html;

	assert_non_null(days);
	for (int i = 0; i < 4000; i++)
		days[i] = (struct report_bucket){
			.start_s = SINCE_S - (int64_t)(4000 - i) * DAY_S,
			.now.outcome[OUTCOME_BLOCKED] = 1,
		};
	r->timeline.items = days;
	r->timeline.n = 4000;
	r->timeline.seconds = DAY_S;
	r->now.outcome[OUTCOME_BLOCKED] = 4000;
	html = page(r, "years");
	has(html, "400 bars of 10 d");
	has(html, ", 10 attempts: 10 blocked</title>");
	expect_number("bars", times(html, "class=\"hit\""), 400);
	free(html);
	free(r);
	free(days);
}

CLAIM(limited, "a page of a part says of which part")
{
	struct report *r = make_empty();
	char *html;

	r->query.port = 25;
	r->query.clause = "residential:17";
	html = page(r, "limited");
	has(html, "<strong>Only port 25 smtp, clause residential:17</strong>");
	free(html);
	free(r);
}

static const struct {
	const char *name, *text, *shown;
} payloads[] = {
	{ "script", "\"><script>alert(1)</script>",
	  "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;" },
	{ "title", "</title><svg/onpayload=1>",
	  "&lt;/title&gt;&lt;svg/onpayload=1&gt;" },
	{ "attribute", "' onfocus='x", "&#39; onfocus=&#39;x" },
	{ "entity", "&amp;&lt;b&gt;", "&amp;amp;&amp;lt;b&amp;gt;" },
	{ "comment", "<!-- ]]> <![CDATA[", "&lt;!-- ]]&gt; &lt;![CDATA[" },
	{ "control",
	  "a\x01"
	  "b\x1b[31m\r\n\x7f",
	  "a\xef\xbf\xbd"
	  "b\xef\xbf\xbd[31m\xef\xbf\xbd\xef\xbf\xbd"
	  "\xef\xbf\xbd" },
	{ "bidi", "x\xe2\x80\xaey", "x\xef\xbf\xbdy" },
	{ "not-utf8", "\xff<\xc0\xbc\xed\xa0\x80>",
	  "\xef\xbf\xbd&lt;\xef\xbf\xbd\xef\xbf\xbd" },
	{ "cut-utf8", "<\xe2\x82", "&lt;\xef\xbf\xbd\xef\xbf\xbd" },
	{ "utf8",
	  "b\xc3\xbc"
	  "cher \xe9\x83\xb5\xe4\xbb\xb6 <",
	  "b\xc3\xbc"
	  "cher \xe9\x83\xb5\xe4\xbb\xb6 &lt;" },
};

CLAIM(injected, "nothing that a report says becomes markup")
{
	for (size_t i = 0; i < COUNT(payloads); i++) {
		struct made *m = make();
		char *html;

		say_everywhere(m, payloads[i].text);
		html = page(&m->report, payloads[i].name);
		is_whole(html);
		lacks(html, payloads[i].text[0] == 'b' ? "<script" :
							 payloads[i].text);
		/* Once in each place where a report has a string. */
		expect(times(html, payloads[i].shown) >=
			       3 * N_FINDINGS + 2 * N_TOP,
		       "%s: %zu times", payloads[i].name,
		       times(html, payloads[i].shown));
		free(html);
		free(m);
	}
}

CLAIM(long_text, "a text of any length is written whole")
{
	struct made *m = make();
	char *html, *text = malloc(70001);

	assert_non_null(text);
	memset(text, '<', 70000);
	text[70000] = '\0';
	m->clauses[0].id = text;
	html = page(&m->report, "many");
	expect(times(html, "&lt;") >= 70000, "%zu", times(html, "&lt;"));
	memset(text, 'w', 400);
	text[400] = '\0';
	say_everywhere(m, text);
	free(html);
	html = page(&m->report, "long");
	is_whole(html);
	free(html);
	free(text);
	free(m);
}

static void number(FILE *out, uint64_t a, uint64_t b)
{
	(void)b;
	page_number(out, a);
}

static void rounded(FILE *out, uint64_t a, uint64_t b)
{
	(void)b;
	page_short(out, a);
}

static void duration(FILE *out, uint64_t a, uint64_t b)
{
	(void)b;
	page_duration(out, (int64_t)a);
}

CLAIM(numbers, "a number reads like one")
{
	static const struct {
		void (*put)(FILE *out, uint64_t a, uint64_t b);
		uint64_t a, b;
		const char *want;
	} vectors[] = {
		{ number, 0, 0, "0" },
		{ number, 999, 0, "999" },
		{ number, 1000, 0, "1,000" },
		{ number, 1000023, 0, "1,000,023" },
		{ number, UINT64_MAX, 0, "18,446,744,073,709,551,615" },
		{ rounded, 9999, 0, "9,999" },
		{ rounded, 12300, 0, "12.3k" },
		{ rounded, 20000, 0, "20k" },
		{ rounded, 1500000, 0, "1.5M" },
		{ rounded, UINT64_MAX, 0, "18.4E" },
		{ page_share, 0, 0, "–" },
		{ page_share, 0, 7, "0 %" },
		{ page_share, 1, 1000, "&lt; 1 %" },
		{ page_share, 999, 1000, "&gt; 99 %" },
		{ page_share, 7, 7, "100 %" },
		{ page_change, 0, 0, "–" },
		{ page_change, 7, 0, "new" },
		{ page_change, 7, 7, "±0 %" },
		{ page_change, 0, 7, "−100 %" },
		{ page_change, 112, 100, "+12 %" },
		{ page_change, 88, 100, "−12 %" },
		{ page_change, 1, 100000, "−&gt; 99 %" },
		{ page_change, 1000001, 1000000, "+&lt; 1 %" },
		{ page_change, UINT64_MAX, 1000000000000000000, "×18" },
		{ duration, 0, 0, "0 s" },
		{ duration, 61, 0, "1 min 1 s" },
		{ duration, 3600, 0, "1 h" },
		{ duration, 86400 * 6 + 20 * 3600 + 59, 0, "6 d 20 h" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct text t;
		char in[64];

		vectors[i].put(text_open(&t), vectors[i].a, vectors[i].b);
		snprintf(in, sizeof(in), "%llu, %llu",
			 (unsigned long long)vectors[i].a,
			 (unsigned long long)vectors[i].b);
		expect_text(in, text_done(&t), vectors[i].want);
		free(t.bytes);
	}
}

CLAIM(large, "numbers as large as they can be draw within their drawing")
{
	struct report *r = make_empty();
	struct report_bucket b[3] = { { .start_s = SINCE_S } };
	char *html;

	b[1].now.outcome[OUTCOME_BLOCKED] = UINT64_MAX;
	b[2].now.outcome[OUTCOME_ANSWERED] = 1;
	r->timeline.items = b;
	r->timeline.n = COUNT(b);
	r->timeline.seconds = 3600;
	r->now.outcome[OUTCOME_BLOCKED] = UINT64_MAX;
	r->heat[6][23] = UINT64_MAX;
	html = page(r, "large");
	is_whole(html);
	lacks(html, "=\"-0");
	lacks(html, "height=\"-");
	free(html);
	free(r);
}

CLAIM(full, "of a page that cannot be written the stream has the error")
{
	struct report *r = make_empty();
	FILE *out = fopen("/dev/full", "w");

	assert_non_null(out);
	assert_int_equal(report_writer_html.write(r, NULL, out), 0);
	expect(fflush(out) || ferror(out), "the stream took it");
	fclose(out);
	free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(rich),	    CLAIMED(empty),   CLAIMED(hours_and_days),
		CLAIMED(years),	    CLAIMED(limited), CLAIMED(injected),
		CLAIMED(long_text), CLAIMED(numbers), CLAIMED(large),
		CLAIMED(full),
	};

	return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
