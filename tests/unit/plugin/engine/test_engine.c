/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames to attempts, findings and counts. */
#include "../../unit.h"
#include "../../packet.h"
#include "../../../../plugin/engine/engine.h"

#include <errno.h>
#include <unistd.h>

#define SECOND	INT64_C(1000000)
#define MINUTE	(60 * SECOND)
#define HOUR	(60 * MINUTE)
#define DAY	(24 * HOUR)
#define START	(INT64_C(1767571200) * SECOND) /* 2026-01-05 */
#define EVENTS	4096
#define GIVE_UP 240 /* seconds: a loop without end is a failure, no wait */

struct heard {
	struct attempt_event events[EVENTS];
	char clauses[EVENTS][64];
	size_t n;
	struct finding findings[64];
	size_t n_findings;
	uint64_t outcomes[OUTCOME_N];
	uint64_t known[OUTCOME_N]; /* while they were open */
};

static struct heard heard;

static void hear_attempt(void *ctx, const struct attempt_event *a)
{
	struct heard *h = ctx;

	h->outcomes[a->outcome]++;
	if (h->n == EVENTS)
		return;
	h->events[h->n] = *a;
	snprintf(h->clauses[h->n], sizeof(h->clauses[0]), "%s",
		 a->clause ? a->clause : "-");
	h->n++;
}

static void hear_outcome(void *ctx, const struct attempt_event *a)
{
	struct heard *h = ctx;

	h->known[a->outcome]++;
}

static void hear_finding(void *ctx, const struct finding *f)
{
	struct heard *h = ctx;

	if (h->n_findings < COUNT(h->findings))
		h->findings[h->n_findings++] = *f;
}

static struct engine *engine_with(const struct policy *policy, bool skip_warmup)
{
	struct engine_config config = { .policy = policy,
					.key = { 1, 2 },
					.memory = ENGINE_MEMORY_LEAST,
					.skip_warmup = skip_warmup,
					.ctx = &heard,
					.attempt = hear_attempt,
					.outcome = hear_outcome,
					.finding = hear_finding };
	struct engine *e;

	memset(&heard, 0, sizeof(heard));
	assert_int_equal(engine_new(&config, &e), 0);
	return e;
}

static void give_from(struct engine *e, const struct packet_of *p,
		      int64_t now_us, uint8_t input)
{
	uint8_t bytes[2 * PACKET_MOST];
	struct frame f = packet_frame(p, now_us, input, bytes);

	engine_frame(e, &f);
}

static void give(struct engine *e, const struct packet_of *p, int64_t now_us)
{
	give_from(e, p, now_us, 0);
}

/* A small number is a host of 10/8, or of 192/8 that it calls. */
static uint32_t small_in(uint32_t address, uint32_t network)
{
	return address >> 24 ? address : address | network;
}

static struct packet_of syn(uint32_t source, uint32_t destination,
			    uint16_t port)
{
	return (struct packet_of){ .family = 4,
				   .source = small_in(source, 0x0a000000),
				   .destination =
					   small_in(destination, 0xc0000000),
				   .source_port = 40000,
				   .destination_port = port,
				   .seq = 1000,
				   .flags = TCP_SYN };
}

static struct packet_of reply(const struct packet_of *p, uint8_t flags)
{
	struct packet_of back = *p;

	back.source = p->destination;
	back.destination = p->source;
	back.source_port = p->destination_port;
	back.destination_port = p->source_port;
	back.seq = 7000;
	back.ack = p->seq + 1;
	back.flags = flags;
	back.prefix = NULL;
	return back;
}

static struct packet_of confirm(const struct packet_of *p)
{
	struct packet_of ack = *p;

	ack.seq = p->seq + 1;
	ack.ack = 7001;
	ack.flags = TCP_ACK;
	return ack;
}

/* At the end every attempt has one outcome, and the counts say so. */
static struct engine_summary finish(struct engine *e)
{
	struct engine_summary s;
	uint64_t counted[OUTCOME_N] = { 0 }, attempts = 0, sum = 0;

	engine_end(e);
	engine_summary(e, &s);
	for (size_t i = 0; i < s.n_ports; i++) {
		const struct port_counts *p = &s.ports[i];

		expect_number("open at the end", p->open, 0);
		expect_number("of a port",
			      p->answered + p->refused + p->icmp_refused +
				      p->unanswered + p->blocked,
			      p->attempts);
		attempts += p->attempts;
		counted[OUTCOME_ANSWERED] += p->answered;
		counted[OUTCOME_REFUSED] += p->refused;
		counted[OUTCOME_ICMP_REFUSED] += p->icmp_refused;
		counted[OUTCOME_UNANSWERED] += p->unanswered;
		counted[OUTCOME_BLOCKED] += p->blocked;
	}
	for (int i = 0; i < OUTCOME_N; i++) {
		expect_number(outcome_name((enum outcome)i), heard.outcomes[i],
			      counted[i]);
		sum += heard.outcomes[i];
	}
	expect_number("attempts", sum, attempts);
	engine_free(e);
	return s;
}

static const struct port_counts *port(const struct engine_summary *s,
				      uint16_t number)
{
	for (size_t i = 0; i < s->n_ports; i++)
		if (s->ports[i].port == number)
			return &s->ports[i];
	fail_msg("port %u is not watched", number);
	return NULL;
}

/* ---- attempts ---- */

CLAIM(outcomes, "each attempt has one outcome: of what came back first, or of "
		"the log")
{
	static const enum outcome want[] = {
		OUTCOME_UNANSWERED, OUTCOME_ANSWERED,	  OUTCOME_ANSWERED,
		OUTCOME_REFUSED,    OUTCOME_ICMP_REFUSED, OUTCOME_BLOCKED,
		OUTCOME_ANSWERED,   OUTCOME_UNANSWERED,
	};

	for (uint8_t family = 4; family <= 6; family += 2) {
		struct engine *e = engine_with(NULL, true);
		struct packet_of p[COUNT(want)], back;
		struct engine_summary s;

		for (uint32_t i = 0; i < COUNT(want); i++) {
			p[i] = syn(0x0a000000 + i, 0xc0000201, 25);
			p[i].family = family;
			p[i].prefix = i == 5 ? "residential:17 block " :
				      i == 6 ? "residential:17 block " :
				      i == 7 ? "residential:9 observe " :
					       NULL;
			give(e, &p[i], START + i);
		}
		for (uint32_t i = 1; i <= 6; i += i == 2 ? 4 : 1) {
			back = reply(&p[i], TCP_SYN | TCP_ACK);
			give(e, &back, START + SECOND);
		}
		back = confirm(&p[2]);
		give(e, &back, START + SECOND);
		back = reply(&p[3], TCP_RST | TCP_ACK);
		give(e, &back, START + SECOND);
		back = reply(&p[2], TCP_RST); /* too late */
		give(e, &back, START + 2 * SECOND);
		p[4].unreachable = true;
		give(e, &p[4], START + SECOND);
		s = finish(e);
		expect_number("events", heard.n, COUNT(want));
		for (size_t i = 0; i < heard.n; i++) {
			const struct attempt_event *a = &heard.events[i];
			size_t which = a->source.byte[family == 6 ? 7 : 3];

			assert_true(which < COUNT(want));
			expect(a->outcome == want[which] &&
				       a->established == (which == 2) &&
				       a->family == family && a->port == 25 &&
				       a->source_port == 40000,
			       "IPv%u number %zu is %s", family, which,
			       outcome_name(a->outcome));
			expect_text("clause", heard.clauses[i],
				    which == 5 || which == 6 ?
					    "residential:17" :
				    which == 7 ? "residential:9" :
						 "-");
		}
		expect_number("established", port(&s, 25)->established, 1);
		expect_number("half open", port(&s, 25)->half_open, 2);
	}
}

/* Counts of 25 and of reports, by outcome; others are none. */
static void expect_known(struct engine *e, const char *when,
			 const uint64_t counts[OUTCOME_N],
			 const uint64_t known[OUTCOME_N])
{
	struct engine_summary s;
	const struct port_counts *p;

	engine_summary(e, &s);
	p = port(&s, 25);
	expect_number(when, p->refused, counts[OUTCOME_REFUSED]);
	expect_number(when, p->icmp_refused, counts[OUTCOME_ICMP_REFUSED]);
	expect_number(when, p->blocked, counts[OUTCOME_BLOCKED]);
	expect_number(when, p->answered, counts[OUTCOME_ANSWERED]);
	expect_number(when, p->unanswered, counts[OUTCOME_UNANSWERED]);
	for (int i = 0; i < OUTCOME_N; i++) {
		expect_number(when, heard.known[i], known[i]);
		expect_number(when, p->had[i],
			      known[i] + (i ? 0 : p->unanswered));
	}
}

CLAIM(at_once, "an outcome is counted and told when it is known, not when the "
	       "attempt ends; one that changes is taken back")
{
	struct engine *e = engine_with(NULL, true);
	struct packet_of blocked = syn(0x0a000001, 0xc0000201, 25);
	struct packet_of refused = syn(0x0a000002, 0xc0000201, 25);
	struct packet_of unreachable = syn(0x0a000003, 0xc0000201, 25);
	struct packet_of silent = syn(0x0a000004, 0xc0000201, 25);
	struct packet_of late = syn(0x0a000005, 0xc0000201, 25), back;

	blocked.prefix = "residential:17 block ";
	give(e, &blocked, START);
	give(e, &blocked, START + 1);
	give(e, &refused, START);
	back = reply(&refused, TCP_RST | TCP_ACK);
	give(e, &back, START + 2);
	give(e, &unreachable, START);
	unreachable.unreachable = true;
	give(e, &unreachable, START + 2);
	give(e, &silent, START);
	expect_known(e, "at once", (uint64_t[]){ 0, 0, 1, 1, 1 },
		     (uint64_t[]){ 0, 0, 1, 1, 1 });
	/* The log of a second SYN, long after the first was judged. */
	give(e, &late, START);
	give(e, &late, START + 7 * SECOND);
	late.prefix = blocked.prefix;
	give(e, &late, START + 15 * SECOND);
	expect_known(e, "late", (uint64_t[]){ 0, 0, 1, 1, 2 },
		     (uint64_t[]){ 0, 0, 1, 1, 2 });
	back = reply(&blocked, TCP_SYN | TCP_ACK);
	give(e, &back, START + 16 * SECOND);
	back = reply(&refused, TCP_SYN | TCP_ACK);
	give(e, &back, START + 16 * SECOND);
	expect_known(e, "answered", (uint64_t[]){ 0, 2, 0, 1, 1 },
		     (uint64_t[]){ 0, 2, 1, 1, 2 });
	engine_end(e);
	expect_known(e, "at the end", (uint64_t[]){ 1, 2, 0, 1, 1 },
		     (uint64_t[]){ 0, 2, 1, 1, 2 });
	finish(e);
}

CLAIM(prefixes, "a log prefix gives a clause if it is one of ours")
{
	static const struct {
		const char *prefix, *clause;
		enum outcome outcome;
	} rows[] = {
		{ "residential:17 block ", "residential:17", OUTCOME_BLOCKED },
		{ "residential:17 block", "residential:17", OUTCOME_BLOCKED },
		{ "residential:17 limit ", "residential:17", OUTCOME_BLOCKED },
		{ "residential:17 allow ", "residential:17",
		  OUTCOME_UNANSWERED },
		{ "residential:17 observe ", "residential:17",
		  OUTCOME_UNANSWERED },
		{ "residential:17 blocked ", "-", OUTCOME_UNANSWERED },
		{ "residential:17 block  ", "-", OUTCOME_UNANSWERED },
		{ "residential:17 block x", "-", OUTCOME_UNANSWERED },
		{ "smtp:25 DROP ", "-", OUTCOME_UNANSWERED },
		{ "residential:17 ", "-", OUTCOME_UNANSWERED },
		{ "residential:17", "-", OUTCOME_UNANSWERED },
		{ "residential: block ", "-", OUTCOME_UNANSWERED },
		{ ":17 block ", "-", OUTCOME_UNANSWERED },
		{ "residential:1x block ", "-", OUTCOME_UNANSWERED },
		{ "smtp block ", "-", OUTCOME_UNANSWERED },
		{ " residential:17 block ", "-", OUTCOME_UNANSWERED },
		{ "", "-", OUTCOME_UNANSWERED },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct engine *e = engine_with(NULL, true);
		struct packet_of p = syn(1, 2, 25);

		p.prefix = rows[i].prefix;
		give(e, &p, START);
		finish(e);
		expect_text(rows[i].prefix, heard.clauses[0], rows[i].clause);
		expect_text(rows[i].prefix,
			    outcome_name(heard.events[0].outcome),
			    outcome_name(rows[i].outcome));
	}
}

CLAIM(many_clauses, "past the clauses that have a place, a clause loses its "
		    "name and keeps its verdict")
{
	enum { MANY = 20000 };
	struct engine *e = engine_with(NULL, true);
	struct engine_summary s;

	for (uint32_t i = 0; i < MANY; i++) {
		struct packet_of p = syn(i + 1, 2, 25);
		char prefix[32];

		snprintf(prefix, sizeof(prefix), "a:%u %s ", i,
			 i % 2 ? "block" : "allow");
		p.prefix = prefix;
		give(e, &p, START + i);
	}
	s = finish(e);
	expect_number("blocked", heard.outcomes[OUTCOME_BLOCKED], MANY / 2);
	expect_number("unanswered", heard.outcomes[OUTCOME_UNANSWERED],
		      MANY / 2);
	expect(s.clauses_cut > 0 && s.clauses_cut < MANY, "cut %llu",
	       (unsigned long long)s.clauses_cut);
	for (size_t i = 0; i < heard.n; i++)
		expect(strcmp(heard.clauses[i], "-"), "attempt %zu has none",
		       i);
}

CLAIM(inputs, "a SYN that two inputs see is one, and the log's clause goes "
	      "with it")
{
	struct engine *e = engine_with(NULL, true);
	struct packet_of p = syn(1, 2, 25), logged = p;
	struct engine_summary s;

	logged.prefix = "residential:17 block ";
	for (int i = 0; i < 3; i++) {
		give_from(e, &p, START + i * SECOND, 0);
		give_from(e, &logged, START + i * SECOND + 5, 1);
	}
	s = finish(e);
	expect_number("attempts", port(&s, 25)->attempts, 1);
	expect_number("SYNs", port(&s, 25)->syns, 3);
	expect_number("packets", s.packets, 6);
	expect_number("SYNs of the event", heard.events[0].syns, 3);
	expect_text("clause", heard.clauses[0], "residential:17");
	expect(heard.events[0].outcome == OUTCOME_BLOCKED, "it is %s",
	       outcome_name(heard.events[0].outcome));
}

CLAIM(copies, "a SYN that passes two devices of one input counts once, and "
	      "its repetition counts")
{
	static const struct {
		int64_t after_us;
		uint32_t seq;
		unsigned int syns;
	} rows[] = {
		{ 0, 1000, 1 },	    { 12, 1000, 1 },	{ 9999, 1000, 1 },
		{ -9999, 1000, 1 }, { 10000, 1000, 2 }, { SECOND, 1000, 2 },
		{ 12, 1001, 2 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct engine *e = engine_with(NULL, true);
		struct packet_of p = syn(1, 2, 25);
		struct engine_summary s;

		p.seq = 1000;
		give(e, &p, START);
		p.seq = rows[i].seq;
		give(e, &p, START + rows[i].after_us);
		s = finish(e);
		expect_number("attempts", port(&s, 25)->attempts, 1);
		expect(port(&s, 25)->syns == rows[i].syns &&
			       heard.events[0].syns == rows[i].syns,
		       "number %u after %lld us: %u SYNs", rows[i].seq,
		       (long long)rows[i].after_us,
		       (unsigned int)port(&s, 25)->syns);
	}
}

CLAIM(copied_flood, "copies without end count once in 10 ms")
{
	struct engine *e = engine_with(NULL, true);
	struct packet_of p = syn(1, 2, 25);
	struct engine_summary s;

	for (int i = 0; i < 1000; i++)
		give(e, &p, START + i * 100);
	s = finish(e);
	expect_number("attempts", port(&s, 25)->attempts, 1);
	expect_number("SYNs", port(&s, 25)->syns, 10);
	expect_number("packets", s.packets, 1000);
}

CLAIM(repeats, "a SYN is of the same attempt within 3 s, with its number "
	       "within 180 s, of the latest")
{
	static const struct {
		int64_t after_us;
		uint32_t seq;
		unsigned int attempts;
	} rows[] = {
		{ 3 * SECOND, 5, 1 },
		{ 3 * SECOND + 1000, 5, 2 },
		{ 3 * SECOND + 1000, 1000, 1 },
		{ 180 * SECOND, 1000, 1 },
		{ 180 * SECOND + 1000, 1000, 2 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct engine *e = engine_with(NULL, true);
		struct packet_of p = syn(1, 2, 25);
		struct engine_summary s;

		give(e, &p, START);
		p.seq = rows[i].seq;
		give(e, &p, START + rows[i].after_us);
		s = finish(e);
		expect(port(&s, 25)->attempts == rows[i].attempts,
		       "number %u after %lld us: %u attempts", rows[i].seq,
		       (long long)rows[i].after_us,
		       (unsigned int)port(&s, 25)->attempts);
		expect_number("SYNs", port(&s, 25)->syns, 2);
	}
}

CLAIM(persistent, "a client that repeats its SYN for ten minutes makes one "
		  "attempt, and no loop without end")
{
	struct engine *e = engine_with(NULL, true);
	struct packet_of p = syn(1, 2, 25);
	struct engine_summary s;

	for (int i = 0; i <= 10; i++) {
		give(e, &p, START + i * MINUTE);
		engine_time(e, START + i * MINUTE + SECOND);
	}
	s = finish(e);
	expect_number("attempts", port(&s, 25)->attempts, 1);
	expect_number("SYNs", heard.events[0].syns, 11);
	expect(heard.events[0].time_us == START &&
		       heard.events[0].last_us == START + 10 * MINUTE,
	       "its times are wrong");
}

CLAIM(not_ours, "what is not to a mail port is no attempt")
{
	struct engine *e = engine_with(NULL, true);
	struct packet_of p = syn(1, 2, 80), back = reply(&p, TCP_SYN | TCP_ACK);
	struct packet_of stray = syn(1, 2, 25);
	struct engine_summary s;

	give(e, &p, START);
	give(e, &back, START);
	/* An answer, a word and an error to what nobody saw begin. */
	back = reply(&stray, TCP_SYN | TCP_ACK);
	give(e, &back, START);
	stray.unreachable = true;
	give(e, &stray, START);
	s = finish(e);
	expect_number("packets", s.packets, 4);
	expect_number("attempts", port(&s, 25)->attempts, 0);
	expect_number("events", heard.n, 0);
}

CLAIM(seen, "what is said on a connection is counted, also if its start was "
	    "not seen")
{
	struct engine *e = engine_with(NULL, true);
	struct packet_of p = syn(1, 2, 25), q = syn(3, 2, 25), back;
	struct engine_summary s;

	give(e, &p, START);
	back = reply(&p, TCP_SYN | TCP_ACK);
	give(e, &back, START);
	back = confirm(&p);
	give(e, &back, START);
	back = reply(&p, TCP_ACK);
	back.seq++;
	back.payload = "220 mx.example ESMTP\r\n";
	back.payload_len = (uint16_t)strlen(back.payload);
	give(e, &back, START);
	q = confirm(&q);
	q.payload = "EHLO a.example\r\n";
	q.payload_len = (uint16_t)strlen(q.payload);
	give(e, &q, START);
	s = finish(e);
	expect_number("attempts", port(&s, 25)->attempts, 1);
	expect_number("midstream", port(&s, 25)->midstream, 1);
	expect_number("banner", port(&s, 25)->banner, 1);
	expect(heard.n == 1 && heard.events[0].seen & SEEN_BANNER,
	       "the event does not say it");
}

CLAIM(policy, "a policy says what it would do, and names ports to watch")
{
	struct policy *p =
		good_policy(HEADER "outbound from 10.0.0.0/8 {\nallow smtp to "
				   "192.0.2.0/24\nblock smtp 2525\n}\n");
	struct engine *e = engine_with(p, true);
	struct packet_of one = syn(0x0a000001, 0xc0000201, 25);
	struct packet_of two = syn(0x0a000001, 0xc6336401, 25);
	struct packet_of three = syn(0x0a000001, 0xc6336401, 2525);
	struct engine_summary s;

	give(e, &one, START);
	give(e, &two, START);
	give(e, &three, START);
	s = finish(e);
	expect_number("would block, 25", port(&s, 25)->would_block, 1);
	expect_number("would block, 2525", port(&s, 2525)->would_block, 1);
	for (size_t i = 0; i < heard.n; i++)
		expect(heard.events[i].decided &&
			       heard.events[i].would_block == (i > 0),
		       "number %zu is decided otherwise", i);
	policy_free(p);
}

CLAIM(observing,
      "under mode observe nothing would be blocked, and what a block "
      "decides is observed")
{
	struct policy *p = good_policy(
		"policy p\npurpose \"a test\"\ncontact \"nobody\"\n"
		"review 2030-01-01\nmode observe\nhook forward\n"
		"outbound from 10.0.0.0/8 {\nallow smtp to 192.0.2.0/24\n"
		"block smtp\n}\n");
	struct engine *e = engine_with(p, true);
	struct packet_of one = syn(0x0a000001, 0xc0000201, 25);
	struct packet_of two = syn(0x0a000001, 0xc6336401, 25);
	struct engine_summary s;

	give(e, &one, START);
	give(e, &two, START);
	s = finish(e);
	expect_number("would block", port(&s, 25)->would_block, 0);
	for (size_t i = 0; i < heard.n; i++)
		expect(!heard.events[i].would_block &&
			       heard.events[i].observed == (i > 0),
		       "number %zu is decided otherwise", i);
	policy_free(p);
}

/* ---- time ---- */

CLAIM(back, "a clock that steps back by more than 5 s goes on from where it "
	    "was; events have the frames' time")
{
	struct engine *e = engine_with(NULL, true);
	struct packet_of p = syn(1, 2, 25), q = syn(3, 2, 25);
	struct engine_summary s;

	give(e, &p, START);
	p.source_port++;
	give(e, &p, START - 5 * SECOND);
	engine_time(e, START);
	engine_summary(e, &s);
	expect_number("steps of 5 s", s.clock_steps, 0);
	give(e, &q, START - HOUR);
	give(e, &q, START - HOUR + SECOND);
	engine_time(e, START - HOUR + 200 * SECOND);
	expect_number("all ended after 200 s", heard.n, 3);
	s = finish(e);
	expect_number("steps", s.clock_steps, 1);
	expect_number("SYNs", port(&s, 25)->syns, 4);
	expect_number("attempts", port(&s, 25)->attempts, 3);
	for (size_t i = 0; i < heard.n; i++)
		if (heard.events[i].source.byte[3] == 3)
			expect(heard.events[i].time_us == START - HOUR &&
				       heard.events[i].last_us ==
					       START - HOUR + SECOND,
			       "the second one has %lld us, %lld us",
			       (long long)(heard.events[i].time_us - START),
			       (long long)(heard.events[i].last_us - START));
}

CLAIM(forward, "a clock that steps forward by a year ends all, and comes back")
{
	struct engine *e = engine_with(NULL, true);
	struct packet_of p = syn(1, 2, 25);
	struct engine_summary s;

	give(e, &p, START);
	engine_time(e, START + 365 * DAY);
	expect_number("ended", heard.n, 1);
	give(e, &p, START + SECOND);
	engine_time(e, START + 2 * SECOND);
	s = finish(e);
	expect_number("steps", s.clock_steps, 1);
	expect_number("attempts", port(&s, 25)->attempts, 2);
}

static bool source_of(struct engine *e, const struct packet_of *p,
		      struct source_view *out)
{
	struct addr6 source = { 0 };

	addr4_store(&source, p->source);
	return engine_source(e, 4, &source, out);
}

CLAIM(told, "a step of the clock that is told ends nothing, forgets nobody and "
	    "shifts no window; times are right again with the clock")
{
	static const int64_t steps[] = { 5 * 365 * DAY, -10 * 365 * DAY, HOUR,
					 -2 * SECOND };
	struct engine *e = engine_with(NULL, true);
	struct packet_of p = syn(1, 2, 25), q = syn(3, 2, 25);
	struct source_view view;
	struct engine_summary s;

	for (size_t i = 0; i < COUNT(steps); i++) {
		int64_t at = START + (int64_t)i * MINUTE;

		p.source_port++;
		give(e, &p, at);
		engine_clock_step(e, steps[i]);
		engine_time(e, at + SECOND + steps[i]);
		q.source_port++;
		give(e, &q, at + 2 * SECOND + steps[i]);
		engine_time(e, at + 20 * SECOND + steps[i]);
		engine_clock_step(e, -steps[i]);
		engine_time(e, at + 21 * SECOND);
		expect(source_of(e, &p, &view) &&
			       view.first_s == START / SECOND &&
			       view.attempts == i + 1,
		       "step %zu: first %lld s from the start, %u attempts", i,
		       (long long)(view.first_s - START / SECOND),
		       view.attempts);
		expect(source_of(e, &q, &view) &&
			       view.first_s == START / SECOND + 2,
		       "step %zu: in it, first %lld s from the start", i,
		       (long long)(view.first_s - START / SECOND));
	}
	engine_summary(e, &s);
	expect(s.first_us == START && s.last_us < START + 5 * MINUTE,
	       "the summary is from %lld us to %lld us from the start",
	       (long long)(s.first_us - START), (long long)(s.last_us - START));
	expect_number("ended after 202 s", heard.n, 2);
	expect_number("steps back by more than 5 s", s.clock_steps, 3);
	finish(e);
	for (size_t i = 0; i < heard.n; i++)
		if (heard.events[i].source.byte[3] == 1)
			expect((heard.events[i].time_us - START) % MINUTE ==
					       0 &&
				       heard.events[i].time_us < START + DAY,
			       "attempt %zu is %lld us from the start", i,
			       (long long)(heard.events[i].time_us - START));
}

CLAIM(told_wild, "a clock that is set past 2106 and back, or told before the "
		 "first frame, leaves time as it was")
{
	struct engine *e = engine_with(NULL, true);
	struct packet_of p = syn(1, 2, 25);
	struct engine_summary s;

	engine_clock_step(e, 5 * 365 * DAY);
	give(e, &p, START);
	engine_clock_step(e, 200 * 365 * DAY);
	engine_time(e, START + 200 * 365 * DAY);
	engine_clock_step(e, -200 * 365 * DAY);
	engine_time(e, START + 3 * SECOND);
	engine_summary(e, &s);
	expect_number("ended", heard.n, 0);
	expect_number("first", (uint64_t)s.first_us, START);
	finish(e);
	expect_number("time", (uint64_t)heard.events[0].time_us, START);
}

/* ---- counts, whatever comes ---- */

CLAIM(any, "whatever comes, at the end attempts are answered, refused, "
	   "unanswered or blocked, each once")
{
	struct engine *e = engine_with(NULL, true);
	uint64_t seed = 42;
	int64_t now_us = START;
	struct engine_summary s;

	for (int i = 0; i < 100000; i++) {
		uint64_t r = chance(&seed);
		struct packet_of p = syn((uint32_t)(r >> 8) % 50,
					 (uint32_t)(r >> 16) % 20 << 16,
					 r >> 24 & 1 ? 25 : 143);

		p.source_port = (uint16_t)(r >> 32 & 3);
		p.source_port += p.source_port == 3 ? 584 : 40000; /* 587 */
		p.seq = (uint32_t)(r >> 40) % 2;
		p.prefix = r % 11 == 0 ? "residential:17 block " : NULL;
		if (r % 7 == 1)
			p = reply(&p, TCP_SYN | TCP_ACK);
		else if (r % 7 == 2)
			p = reply(&p, TCP_RST | TCP_ACK);
		else if (r % 7 == 3)
			p = confirm(&p);
		p.unreachable = r % 13 == 4 || r % 13 == 5;
		if (r % 17 == 5) {
			p.payload = "EHLO x\r\n";
			p.payload_len = 8;
		}
		/* Back at times, and a long silence once in a while. */
		now_us += (int64_t)(r >> 48) % 100 * 10000;
		if (r % 5000 == 1)
			now_us += 20 * MINUTE;
		if (r % 5000 == 2)
			now_us -= MINUTE;
		give_from(e, &p, now_us, r >> 60 & 1);
	}
	s = finish(e);
	for (int i = 0; i < OUTCOME_N; i++)
		expect(heard.outcomes[i] > 50, "only %u are %s",
		       (unsigned int)heard.outcomes[i],
		       outcome_name((enum outcome)i));
	expect(s.memory <= ENGINE_MEMORY_LEAST, "%zu bytes", s.memory);
}

static struct packet_of with_flags(struct packet_of p, uint8_t flags)
{
	p.flags = flags;
	return p;
}

CLAIM(closing, "a connection ends 15 s after both sides said FIN, or a RST; "
	       "half closed it goes on")
{
	static const struct {
		const char *what;
		uint8_t client, server; /* flags, 0: says nothing */
		bool soon;
	} vectors[] = {
		{ "FIN of both", TCP_FIN | TCP_ACK, TCP_FIN | TCP_ACK, true },
		{ "FIN of the client", TCP_FIN | TCP_ACK, 0, false },
		{ "FIN of the server", 0, TCP_FIN | TCP_ACK, false },
		{ "RST of the client", TCP_RST, 0, true },
		{ "RST of the server", 0, TCP_RST | TCP_ACK, true },
		{ "nothing", 0, 0, false },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct engine *e = engine_with(NULL, true);
		struct packet_of p = syn(1, 2, 25);
		struct packet_of ack = reply(&p, TCP_SYN | TCP_ACK);
		struct packet_of third = confirm(&p), last;

		give(e, &p, START);
		give(e, &ack, START + 1000);
		give(e, &third, START + 2000);
		last = with_flags(third, vectors[i].client);
		if (vectors[i].client)
			give(e, &last, START + SECOND);
		last = with_flags(ack, vectors[i].server);
		if (vectors[i].server)
			give(e, &last, START + SECOND);
		engine_time(e, START + 14 * SECOND);
		expect(heard.n == 0, "%s: at once", vectors[i].what);
		engine_time(e, START + 20 * SECOND);
		expect(heard.n == vectors[i].soon, "%s: after 20 s %zu",
		       vectors[i].what, heard.n);
		engine_time(e, START + 11 * MINUTE);
		expect(heard.n == 1 && heard.events[0].established &&
			       heard.events[0].outcome == OUTCOME_ANSWERED,
		       "%s: after 11 min %zu", vectors[i].what, heard.n);
		finish(e);
	}
}

CLAIM(forged, "a RST and an error that do not answer the SYN by its number say "
	      "nothing")
{
	static const struct {
		const char *what;
		uint32_t ack, seq;
		bool icmp;
		enum outcome want;
		uint16_t data; /* that comes with the SYN */
	} vectors[] = {
		{ "RST", 1001, 0, false, OUTCOME_REFUSED, 0 },
		{ "RST to data", 1011, 0, false, OUTCOME_REFUSED, 10 },
		{ "RST, data not taken", 1001, 0, false, OUTCOME_REFUSED, 10 },
		{ "RST to no data", 1002, 0, false, OUTCOME_UNANSWERED, 0 },
		{ "RST to another", 1000, 0, false, OUTCOME_UNANSWERED, 10 },
		{ "ICMP", 0, 1000, true, OUTCOME_ICMP_REFUSED, 0 },
		{ "ICMP of another", 0, 1001, true, OUTCOME_UNANSWERED, 0 },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct engine *e = engine_with(NULL, true);
		struct packet_of p = syn(1, 2, 25), back = p;

		p.payload = "0123456789";
		p.payload_len = vectors[i].data;
		give(e, &p, START);
		p.payload_len = 0;
		back.seq = vectors[i].seq;
		back.unreachable = vectors[i].icmp;
		if (!vectors[i].icmp)
			back = reply(&p, TCP_RST | TCP_ACK);
		back.ack = vectors[i].ack;
		give(e, &back, START + 1000);
		finish(e);
		expect(heard.n == 1 &&
			       heard.events[0].outcome == vectors[i].want,
		       "%s: %s", vectors[i].what,
		       outcome_name(heard.events[0].outcome));
	}
}

CLAIM(after_all, "who was refused at first and is answered later was answered")
{
	for (int icmp = 0; icmp <= 1; icmp++) {
		struct engine *e = engine_with(NULL, true);
		struct packet_of p = syn(1, 2, 25), first = p;
		struct packet_of ack = reply(&p, TCP_SYN | TCP_ACK);
		struct packet_of third = confirm(&p);
		struct engine_summary s;

		first.unreachable = true;
		if (!icmp)
			first = reply(&p, TCP_RST | TCP_ACK);
		give(e, &p, START);
		give(e, &first, START + 1000);
		give(e, &p, START + SECOND);
		give(e, &ack, START + SECOND + 1000);
		give(e, &third, START + SECOND + 2000);
		s = finish(e);
		expect(heard.n == 1 &&
			       heard.events[0].outcome == OUTCOME_ANSWERED &&
			       heard.events[0].established &&
			       heard.events[0].syns == 2,
		       "%s: %s", icmp ? "ICMP" : "RST",
		       outcome_name(heard.events[0].outcome));
		expect_number("refused", port(&s, 25)->refused, 0);
		expect_number("ICMP refused", port(&s, 25)->icmp_refused, 0);
	}
}

CLAIM(handshakes, "a handshake is one with data in its SYN, and if its ACK was "
		  "not captured")
{
	static const struct {
		const char *what;
		uint16_t data;	      /* with the SYN */
		uint32_t ack;	      /* of it */
		uint16_t banner;      /* bytes of the server */
		uint32_t client_acks; /* so many of them */
		bool answered, established;
	} vectors[] = {
		{ "the usual", 0, 1001, 0, 0, true, true },
		{ "data that was taken", 10, 1011, 0, 0, true, true },
		{ "data that was not", 10, 1001, 0, 0, true, true },
		{ "no data, but acknowledged", 0, 1011, 0, 0, false, false },
		{ "an ACK of the banner", 0, 1001, 10, 10, true, true },
		{ "of half of it", 0, 1001, 10, 5, true, true },
		{ "of more than was sent", 0, 1001, 10, 11, true, false },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct engine *e = engine_with(NULL, true);
		struct packet_of p = syn(1, 2, 25);
		struct packet_of ack = reply(&p, TCP_SYN | TCP_ACK);
		struct packet_of third = confirm(&p), banner = ack;

		p.payload = banner.payload = "220 mx ok\n";
		p.payload_len = vectors[i].data;
		ack.ack = vectors[i].ack;
		banner.flags = TCP_ACK;
		banner.seq = ack.seq + 1;
		banner.payload_len = vectors[i].banner;
		third.ack += vectors[i].client_acks;
		give(e, &p, START);
		give(e, &ack, START + 1000);
		if (banner.payload_len)
			give(e, &banner, START + 2000);
		give(e, &third, START + 3000);
		finish(e);
		expect((heard.events[0].outcome == OUTCOME_ANSWERED) ==
				       vectors[i].answered &&
			       heard.events[0].established ==
				       vectors[i].established,
		       "%s: %s, %d", vectors[i].what,
		       outcome_name(heard.events[0].outcome),
		       heard.events[0].established);
	}
}

CLAIM(late, "what comes after an attempt has ended is not of it, whoever else "
	    "was there to end it")
{
	static const struct {
		const char *what;
		uint8_t flags;
		int64_t after_us;
		enum outcome want;
	} vectors[] = {
		{ "RST in time", TCP_RST, 180 * SECOND, OUTCOME_REFUSED },
		{ "RST", TCP_RST, 180 * SECOND + 1, OUTCOME_UNANSWERED },
		{ "SYN-ACK in time", TCP_SYN, 180 * SECOND, OUTCOME_ANSWERED },
		{ "SYN-ACK", TCP_SYN, 180 * SECOND + 1, OUTCOME_UNANSWERED },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct engine *e = engine_with(NULL, true);
		struct packet_of p = syn(1, 2, 25), back;

		back = reply(&p, vectors[i].flags | TCP_ACK);
		give(e, &p, START);
		give(e, &p, START + 4 * SECOND);
		give(e, &back, START + 4 * SECOND + vectors[i].after_us);
		finish(e);
		expect(heard.n == 1 &&
			       heard.events[0].outcome == vectors[i].want,
		       "%s: %s", vectors[i].what,
		       outcome_name(heard.events[0].outcome));
	}
}

CLAIM(quiet, "a connection that was silent for long and is closed ends 15 s "
	     "after that")
{
	struct engine *e = engine_with(NULL, true);
	struct packet_of p = syn(1, 2, 25);
	struct packet_of ack = reply(&p, TCP_SYN | TCP_ACK), last = ack;
	struct packet_of third = confirm(&p);
	struct engine_summary s;

	give(e, &p, START);
	give(e, &ack, START + 1000);
	give(e, &third, START + 2000);
	third.flags = TCP_FIN | TCP_ACK;
	give(e, &third, START + 100 * SECOND);
	last.flags = TCP_FIN | TCP_ACK;
	give(e, &last, START + 101 * SECOND);
	last.flags = TCP_ACK;
	last.payload = "220 mx\n";
	last.payload_len = 7;
	last.seq++;
	give(e, &last, START + 110 * SECOND);
	s = finish(e);
	expect_number("midstream", port(&s, 25)->midstream, 0);
	expect_number("attempts", port(&s, 25)->attempts, 1);
}

CLAIM(anew, "a SYN with another number after a RST is another attempt, even "
	    "within 3 s")
{
	struct engine *e = engine_with(NULL, true);
	struct packet_of p = syn(1, 2, 25);
	struct packet_of ack = reply(&p, TCP_SYN | TCP_ACK);
	struct packet_of rst = with_flags(confirm(&p), TCP_RST);

	give(e, &p, START);
	give(e, &ack, START + 1000);
	give(e, &rst, START + 2000);
	p.seq += 5000;
	ack.ack += 5000;
	ack.seq += 7;
	give(e, &p, START + SECOND);
	give(e, &ack, START + SECOND + 1000);
	rst = confirm(&p);
	rst.ack = ack.seq + 1;
	give(e, &rst, START + SECOND + 2000);
	finish(e);
	expect(heard.n == 2, "%zu attempts", heard.n);
	expect(!heard.events[0].established && heard.events[1].established,
	       "the handshakes are not told apart");
}

CLAIM(both_ways, "between two mail servers that both try, an answer is of what "
		 "it answers")
{
	struct engine *e = engine_with(NULL, true);
	struct packet_of there = syn(1, 2, 25), back, rst;

	there.source_port = 25;
	back = reply(&there, TCP_SYN);
	back.seq = 100;
	give(e, &there, START);
	give(e, &back, START + SECOND);
	rst = reply(&back, TCP_RST | TCP_ACK);
	give(e, &rst, START + SECOND + 1000);
	finish(e);
	expect_number("refused", heard.outcomes[OUTCOME_REFUSED], 1);
	expect_number("unanswered", heard.outcomes[OUTCOME_UNANSWERED], 1);
}

CLAIM(times, "events have the packets' own time: to the microsecond, in "
	     "disorder, and before a clock was set back")
{
	struct engine *e = engine_with(NULL, true);
	struct packet_of p = syn(1, 2, 25), other = syn(3, 2, 25);
	struct engine_summary s;

	give(e, &p, START);
	give(e, &p, START + 1000900);
	give(e, &p, START + 181000500); /* 180 s after the second, not quite */
	give(e, &other, START + 178 * SECOND);
	other.source++;
	give(e, &other, START - HOUR); /* set back */
	give(e, &other, START - HOUR + 181 * SECOND);
	s = finish(e);
	expect_number("attempts", heard.n, 4);
	for (size_t i = 0; i < heard.n; i++) {
		const struct attempt_event *a = &heard.events[i];
		static const int64_t first[] = { START, START + 178 * SECOND,
						 START - HOUR,
						 START - HOUR + 181 * SECOND };
		bool known = false;

		for (size_t k = 0; k < COUNT(first); k++)
			known = known || a->time_us == first[k];
		expect(known, "no packet was there at %lld",
		       (long long)(a->time_us - START));
		if (a->time_us == START)
			expect_number("latest", a->last_us - START, 181000500);
	}
	expect_number("first", START - s.first_us, HOUR);
	expect_number("last", s.last_us - START, 181000500);
}

CLAIM(epoch, "a clock that begins in 1970 has a first packet as well")
{
	struct engine *e = engine_with(NULL, true);
	struct packet_of p = syn(1, 2, 25);
	struct engine_summary s;

	give(e, &p, 0);
	p.source++;
	give(e, &p, SECOND);
	s = finish(e);
	expect_number("first", s.first_us, 0);
	expect_number("last", s.last_us, SECOND);
}

CLAIM(many_ports, "a policy with too many ports is refused, and leaves none")
{
	char text[2048] = HEADER "outbound {\n";
	struct engine *e = engine_with(NULL, true);
	struct policy *p;
	size_t before, after, n = strlen(text);

	for (int i = 0; i < PORTS_MOST; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "block %d\n",
				      30000 + i);
	snprintf(text + n, sizeof(text) - n, "}\n");
	p = text_policy(text);
	engine_ports(e, &before);
	expect(engine_policy(e, p) == -E2BIG, "it is taken");
	engine_ports(e, &after);
	expect(before == after, "%zu ports, and then %zu", before, after);
	policy_free(p);
	finish(e);
}

CLAIM(flood, "a flood from 300,000 sources keeps within memory and loses no "
	     "attempt")
{
	struct engine *e = engine_with(NULL, true);
	struct engine_summary s;

	for (uint32_t i = 0; i < 300000; i++) {
		struct packet_of p =
			syn(0x0b000000 + i * 7, 0xc0000000 + i, 25);

		give(e, &p, START + i * 20);
	}
	s = finish(e);
	expect_number("attempts", port(&s, 25)->attempts, 300000);
	expect_number("told", heard.outcomes[OUTCOME_UNANSWERED], 300000);
	expect(s.attempts_cut > 0, "none was cut short");
	expect(s.memory <= ENGINE_MEMORY_LEAST, "%zu bytes", s.memory);
	expect(port(&s, 25)->pairs > 290000 && port(&s, 25)->pairs < 310000,
	       "%llu pairs", (unsigned long long)port(&s, 25)->pairs);
}

/* ---- findings ---- */

CLAIM(proven, "a source is proven once its handshake is complete, however long "
	      "the connection lasts")
{
	struct engine *e = engine_with(NULL, true);

	for (uint32_t i = 0; i < 20; i++) {
		struct packet_of p =
			syn(0x0a000001, 0xc0000000 + (i << 16), 25);
		struct packet_of back = reply(&p, TCP_SYN | TCP_ACK);
		struct packet_of ack = confirm(&p);

		give(e, &p, START + i * SECOND);
		give(e, &back, START + i * SECOND + 1);
		give(e, &ack, START + i * SECOND + 2);
	}
	for (uint32_t i = 0; i < 200; i++) {
		struct packet_of p =
			syn(0x0a000001, 0xd0000000 + (i << 16), 25);

		give(e, &p, START + (20 + i) * SECOND);
	}
	engine_time(e, START + 300 * SECOND);
	expect(heard.n_findings > 0, "no finding");
	for (size_t i = 0; i < heard.n_findings; i++)
		expect(heard.findings[i].proven &&
			       heard.findings[i].first_s == START / SECOND,
		       "finding %zu: proven %d, first %u", i,
		       heard.findings[i].proven, heard.findings[i].first_s);
	finish(e);
}

/* So many networks, one each so often; nobody answers. */
static void meet(struct engine *e, uint32_t source, uint32_t networks,
		 int64_t start_us, int64_t apart_us)
{
	for (uint32_t i = 0; i < networks; i++) {
		struct packet_of p = syn(source, 0xc0000001 + (i << 16), 25);

		p.source_port = (uint16_t)(1024 + i);
		give(e, &p, start_us + i * apart_us);
	}
	engine_time(e, start_us + networks * apart_us + 4 * SECOND);
}

static bool ref(uint32_t source, enum detector detector)
{
	struct addr6 address = { { 0 } };

	packet32(address.byte, source);
	for (size_t i = 0; i < heard.n_findings; i++)
		if (heard.findings[i].detector == detector &&
		    !memcmp(&heard.findings[i].source, &address,
			    sizeof(address)))
			return true;
	return false;
}

CLAIM(bot, "a source that meets 40 networks in two minutes is found, as "
	   "fast, with evidence")
{
	struct engine *e = engine_with(NULL, true);
	const struct finding *f = heard.findings;

	meet(e, 0x0a000001, 40, START, 3 * SECOND);
	expect(ref(0x0a000001, DETECTOR_FAST), "it is not");
	while (f->detector != DETECTOR_FAST && f < &heard.findings[63])
		f++;
	expect(f->groups >= 3 && f->groups <= 40 &&
		       f->destinations >= f->groups && f->n_examples > 0 &&
		       f->port == 25 && !f->proven && f->blocked,
	       "of %u networks, %u destinations, %u examples", f->groups,
	       (unsigned int)f->destinations, f->n_examples);
	finish(e);
}

CLAIM(client, "a client that tries one host for a day is not found")
{
	struct engine *e = engine_with(NULL, true);
	struct packet_of p = syn(0x0a000001, 0xc0000201, 25);

	for (int64_t t = 0; t < DAY; t += 5 * MINUTE) {
		p.source_port++;
		p.seq += 1000;
		for (int k = 0; k < 3; k++)
			give(e, &p, START + t + k * SECOND);
		engine_time(e, START + t + MINUTE);
	}
	engine_time(e, START + 2 * DAY);
	expect_number("findings", heard.n_findings, 0);
	finish(e);
}

CLAIM(warm, "until warm-up is over a server's forty networks are not fast, "
	    "and then they are")
{
	struct engine *e = engine_with(NULL, false);
	struct engine_summary s;
	int64_t warm_s = (int64_t)watch_rows[WATCH_WARMUP_FAST].value;

	engine_time(e, START);
	meet(e, 0x0a000001, 40, START + SECOND, SECOND);
	expect(!ref(0x0a000001, DETECTOR_FAST), "it is, at once");
	engine_summary(e, &s);
	expect(!s.warm, "it is warm at once");
	/* The threshold falls to its own within an hour. */
	meet(e, 0x0a000002, 40, START + (warm_s + 3600) * SECOND, SECOND);
	expect(ref(0x0a000002, DETECTOR_FAST), "it is not, after %lld s",
	       (long long)warm_s);
	for (int64_t h = 2; h < 30; h++)
		engine_time(e, START + h * HOUR);
	engine_summary(e, &s);
	expect(s.warm, "it is never warm");
	engine_time(e, START + 4 * DAY);
	engine_summary(e, &s);
	expect(!s.warm, "it is warm after three days of silence");
	finish(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(proven),     CLAIMED(outcomes),	    CLAIMED(at_once),
		CLAIMED(prefixes),   CLAIMED(many_clauses), CLAIMED(inputs),
		CLAIMED(repeats),    CLAIMED(not_ours),	    CLAIMED(seen),
		CLAIMED(policy),     CLAIMED(observing),    CLAIMED(back),
		CLAIMED(forward),    CLAIMED(told),	    CLAIMED(told_wild),
		CLAIMED(any),	     CLAIMED(flood),	    CLAIMED(bot),
		CLAIMED(client),     CLAIMED(warm),	    CLAIMED(persistent),
		CLAIMED(copies),     CLAIMED(copied_flood), CLAIMED(closing),
		CLAIMED(forged),     CLAIMED(many_ports),   CLAIMED(after_all),
		CLAIMED(handshakes), CLAIMED(late),	    CLAIMED(quiet),
		CLAIMED(anew),	     CLAIMED(both_ways),    CLAIMED(times),
		CLAIMED(epoch),
	};

	alarm(GIVE_UP);
	return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
