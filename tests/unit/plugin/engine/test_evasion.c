/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Headers that are hidden from rules: attempts, counts and findings of them. */
#include "../../unit.h"
#include "../../frame.h"
#include "../../../../plugin/engine/engine.h"

#define SECOND INT64_C(1000000)
#define START  (INT64_C(1767571200) * SECOND) /* 2026-01-05 */

#define LINK   "eth ip6 "
/* Both parts of a SYN to port 25 behind two options, cut after the first. */
#define FIRST  "frag:0:1 keep:8 dest dest tcp"
#define REST   "frag:8 dest tcp"
#define TAGGED "eth set:0:0 set:1:0 vlan set:0:0 set:1:0 vlan ip4 "
#define ROUTED "eth set:20:0x83 set:21:7 set:22:8 ip4:0:8 "

struct heard {
	struct attempt_event last;
	char clause[64];
	size_t n_attempts, n_findings;
	struct finding finding;
};

static struct heard heard;

static void hear_attempt(void *ctx, const struct attempt_event *a)
{
	(void)ctx;
	heard.last = *a;
	snprintf(heard.clause, sizeof(heard.clause), "%s",
		 a->clause ? a->clause : "-");
	heard.n_attempts++;
}

static void hear_finding(void *ctx, const struct finding *f)
{
	(void)ctx;
	heard.finding = *f;
	heard.n_findings++;
}

static struct engine *engine_with(const struct policy *policy)
{
	struct engine_config config = { .policy = policy,
					.key = { 1, 2 },
					.memory = ENGINE_MEMORY_LEAST,
					.attempt = hear_attempt,
					.finding = hear_finding };
	struct engine *e;

	memset(&heard, 0, sizeof(heard));
	assert_int_equal(engine_new(&config, &e), 0);
	return e;
}

/* Gives a SYN with a number of its own; byte: of the frame, where it stands. */
static void give(struct engine *e, const char *recipe, uint16_t number,
		 int64_t time_us, const char *prefix)
{
	struct built b;
	struct frame f;

	build(&b, recipe);
	if (b.tcp) {
		put16(b.room + b.tcp, 30000u + number);
		b.room[b.tcp + 13] = TCP_SYN;
	}
	if (strstr(recipe, "frag")) /* the number of the datagram */
		put32(b.room + b.at + 14 + 40 + 4, number);
	f = (struct frame){ .data = b.room + b.at,
			    .caplen = (uint32_t)length(&b),
			    .len = (uint32_t)length(&b),
			    .time_us = time_us,
			    .link = b.link,
			    .prefix = prefix,
			    .prefix_len =
				    prefix ? (uint32_t)strlen(prefix) : 0 };
	engine_frame(e, &f);
}

CLAIM(certain, "one SYN that no system makes by accident is a finding, others "
	       "are after five in an hour, and what networks do is none")
{
	static const struct {
		const char *recipe;
		enum hidden hidden;
		unsigned int needed; /* SYNs; 0: never */
	} rows[] = {
		{ LINK "frag:0:1 keep:8 dest dest tcp", HIDDEN_FIRST_FRAGMENT,
		  1 },
		{ ROUTED "tcp", HIDDEN_SOURCE_ROUTE, 1 },
		{ ROUTED "tcp:1:587", HIDDEN_SOURCE_ROUTE, 1 },
		{ ROUTED "tcp:1:143", HIDDEN_SOURCE_ROUTE, 1 },
		{ TAGGED "tcp", HIDDEN_STACKED_TAGS, 5 },
		{ "eth pppoe ppp ip4 tcp", HIDDEN_ENCAPSULATED, 0 },
		{ "eth ip4 tcp", HIDDEN_NOT, 0 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct engine *e = engine_with(NULL);
		bool parts = rows[i].hidden == HIDDEN_FIRST_FRAGMENT;
		struct engine_summary s;

		for (unsigned int n = 1; n <= 7; n++) {
			int64_t now_us = START + n * 10 * SECOND;

			give(e, rows[i].recipe, (uint16_t)n, now_us, NULL);
			if (parts)
				give(e, LINK REST, (uint16_t)n, now_us, NULL);
			engine_time(e, now_us + 4 * SECOND);
			expect(heard.n_findings ==
				       (rows[i].needed && n >= rows[i].needed),
			       "\"%s\" after %u: %zu findings", rows[i].recipe,
			       n, heard.n_findings);
		}
		engine_summary(e, &s);
		for (enum hidden h = HIDDEN_NOT + 1; h < HIDDEN_N; h++)
			expect_number(rows[i].recipe, s.hidden[h],
				      h == rows[i].hidden ? 7 : 0);
		engine_end(e);
		expect_number(rows[i].recipe, heard.n_attempts, 7);
		expect(heard.last.hidden == rows[i].hidden,
		       "\"%s\" is hidden: %u", rows[i].recipe,
		       heard.last.hidden);
		if (rows[i].needed)
			expect(heard.finding.detector == DETECTOR_EVASION &&
				       heard.finding.port == heard.last.port &&
				       heard.finding.first_s ==
					       START / SECOND + 10,
			       "\"%s\" detector %u, port %u", rows[i].recipe,
			       heard.finding.detector, heard.finding.port);
		engine_free(e);
	}
}

CLAIM(unseen, "five first fragments within an hour are a finding without a "
	      "port, four or five in two hours are none")
{
	for (unsigned int apart_s = 10; apart_s < 2000; apart_s += 1000) {
		struct engine *e = engine_with(NULL);

		for (unsigned int n = 1; n <= 5; n++) {
			expect_number("before", heard.n_findings, 0);
			give(e, LINK FIRST, (uint16_t)n,
			     START + (int64_t)n * apart_s * SECOND, NULL);
		}
		expect_number("after", heard.n_findings, apart_s < 900);
		expect_number("port", heard.finding.port, 0);
		engine_end(e);
		expect_number("attempts", heard.n_attempts, 0);
		engine_free(e);
	}
}

CLAIM(logged,
      "a log names what a ruleset drops before its clauses: the attempt "
      "is blocked, and it was hidden so")
{
	static const struct {
		const char *prefix, *clause;
		enum outcome outcome;
		enum hidden hidden;
	} rows[] = {
		{ "cloud:stacked-tags block ", "cloud:stacked-tags",
		  OUTCOME_BLOCKED, HIDDEN_STACKED_TAGS },
		{ "cloud:encapsulated block ", "cloud:encapsulated",
		  OUTCOME_BLOCKED, HIDDEN_ENCAPSULATED },
		{ "cloud:source-route observe ", "cloud:source-route",
		  OUTCOME_UNANSWERED, HIDDEN_SOURCE_ROUTE },
		{ "cloud:source-route", "-", OUTCOME_UNANSWERED, HIDDEN_NOT },
		{ "a:b.policy:first-fragment block ",
		  "a:b.policy:first-fragment", OUTCOME_BLOCKED,
		  HIDDEN_FIRST_FRAGMENT },
		{ "cloud:17 block ", "cloud:17", OUTCOME_BLOCKED, HIDDEN_NOT },
		{ "cloud:17 allow ", "cloud:17", OUTCOME_UNANSWERED,
		  HIDDEN_NOT },
		{ "cloud:first-fragments block ", "-", OUTCOME_UNANSWERED,
		  HIDDEN_NOT },
		{ "cloud:none block ", "-", OUTCOME_UNANSWERED, HIDDEN_NOT },
		{ ":source-route block ", "-", OUTCOME_UNANSWERED, HIDDEN_NOT },
		{ "source-route block ", "-", OUTCOME_UNANSWERED, HIDDEN_NOT },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct engine *e = engine_with(NULL);

		give(e, "eth ip4 tcp", 1, START, rows[i].prefix);
		engine_end(e);
		expect_text(rows[i].prefix, heard.clause, rows[i].clause);
		expect(heard.last.outcome == rows[i].outcome &&
			       heard.last.hidden == rows[i].hidden,
		       "\"%s\": %s, hidden %u", rows[i].prefix,
		       outcome_name(heard.last.outcome), heard.last.hidden);
		engine_free(e);
	}
}

CLAIM(refused,
      "capsules that the log says are refused are a finding after five")
{
	struct engine *e = engine_with(NULL);

	for (unsigned int n = 1; n <= 5; n++) {
		expect_number("before", heard.n_findings, 0);
		give(e, "eth pppoe ppp ip4 tcp", (uint16_t)n,
		     START + n * 10 * SECOND, "cloud:encapsulated block ");
		engine_time(e, START + (n * 10 + 5) * SECOND);
	}
	expect_number("after", heard.n_findings, 1);
	engine_free(e);
}

CLAIM(allowed, "a source that the policy lets through is not reported")
{
	struct engine *e;
	struct policy *p = good_policy(
		"policy p\npurpose \"a\"\ncontact \"b\"\nreview 2099-01-01\n"
		"hook forward\nclass mta { 192.0.2.1 }\n"
		"outbound {\nallow smtp from mta\nblock smtp submission\n}\n");

	for (int port = 25; port <= 587; port += 587 - 25) {
		e = engine_with(p);
		give(e, port == 25 ? ROUTED "tcp" : ROUTED "tcp:1:587", 1,
		     START, NULL);
		engine_time(e, START + 4 * SECOND);
		expect_number("findings", heard.n_findings, port != 25);
		engine_free(e);
	}
	policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(certain), CLAIMED(unseen),  CLAIMED(logged),
		CLAIMED(refused), CLAIMED(allowed),
	};

	return cmocka_run_group_tests_name("evasion", tests, NULL, NULL);
}
