/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which attempts make a source one that sends spam, detector by detector: the
 * case for which it is there, and what lies just below it.
 */
#include "../../unit.h"

#include "../../../../plugin/judge/judge.h"

#define START	   1767571200u /* 2026-01-05 00:00 */
#define MINUTE	   60u
#define HOUR	   3600u
#define DAY	   86400u
#define LIMIT	   ((size_t)64 << 20)
#define FOUND_MOST 256

struct court {
	struct pool pool;
	struct judge judge;
	struct policy *policy;
	struct finding found[FOUND_MOST];
	size_t n;
	uint32_t now_s;
};

static void keep(void *ctx, const struct finding *f)
{
	struct court *c = ctx;

	assert_true(c->n < FOUND_MOST);
	c->found[c->n++] = *f;
}

static struct court *court_of(const char *policy, bool warm)
{
	struct hash_key key = { { 17, 19 } };
	struct court *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	c->policy = policy ? good_policy(policy) : NULL;
	pool_init(&c->pool, LIMIT);
	c->judge.ctx = c;
	c->judge.finding = keep;
	assert_int_equal(
		judge_init(&c->judge, &c->pool, &key, 10000, c->policy, warm),
		0);
	c->now_s = START;
	judge_begin(&c->judge, START);
	return c;
}

static void court_free(struct court *c)
{
	judge_free(&c->judge);
	pool_end(&c->pool);
	policy_free(c->policy);
	free(c);
}

/* ---- attempts ---- */

/* IPv6: a /32 for each /16, a /64 for each address, and hosts in it. */
static struct addr6 address_of(uint8_t family, uint32_t n, uint8_t host)
{
	struct addr6 a = { { (uint8_t)(n >> 24), (uint8_t)(n >> 16),
			     (uint8_t)(n >> 8), (uint8_t)n } };

	if (family == 4)
		return a;
	a = (struct addr6){ { 0x20, 0x01, a.byte[0], a.byte[1], 0, 0, a.byte[2],
			      a.byte[3] } };
	a.byte[15] = host;
	return a;
}

struct trial {
	uint32_t source, destination;
	uint16_t port;	/* 0: 25 */
	uint8_t family; /* 0: 4 */
	uint8_t host;	/* of the IPv6 source */
	bool answered, allowed;
};

static enum port_role role_of(uint16_t port)
{
	return port == 587		  ? PORT_SUBMISSION :
	       port == 143 || port == 993 ? PORT_IMAP :
	       port == 110 || port == 995 ? PORT_POP3 :
					    PORT_TRANSPORT;
}

static struct observation observation_of(const struct court *c,
					 const struct trial *t,
					 struct addr6 *source,
					 struct addr6 *destination)
{
	uint8_t family = t->family ? t->family : 4;

	*source = address_of(family, t->source, t->host);
	*destination = address_of(family, t->destination, 1);
	return (struct observation){
		.family = family,
		.source = source,
		.destination = destination,
		.hash = source_hash(&c->judge.sources, family,
				    source_key(family, source)),
		.time_s = c->now_s,
		.syns = 2,
		.port = t->port ? t->port : 25,
		.port_bit = 1,
		.role = role_of(t->port),
		.answered = t->answered,
		.allowed = t->allowed,
	};
}

static void attempt(struct court *c, struct trial t)
{
	struct addr6 source, destination;
	struct observation a = observation_of(c, &t, &source, &destination);

	judge_attempt(&c->judge, &a);
}

static void connection(struct court *c, struct trial t,
		       const struct dialogue *d)
{
	struct addr6 source, destination;
	struct observation a = observation_of(c, &t, &source, &destination);

	judge_connection(&c->judge, &a, d, true);
}

/* A minute at a time, as a monitor is told of it. */
static void wait_for(struct court *c, uint32_t seconds)
{
	uint32_t until = c->now_s + seconds;

	while (c->now_s < until) {
		uint32_t left = until - c->now_s;

		c->now_s += left < MINUTE ? left : MINUTE;
		judge_time(&c->judge, c->now_s);
	}
}

static struct source *source(struct court *c, struct trial t)
{
	struct addr6 address, destination;
	struct observation a = observation_of(c, &t, &address, &destination);

	return sources_find(&c->judge.sources, a.hash, a.family,
			    source_key(a.family, &address));
}

#define BOT  0x0a000001u
#define HOST 0xc0000001u

static struct trial to(uint32_t destination)
{
	return (struct trial){ .source = BOT, .destination = destination };
}

/* The destination in the n-th network. */
static uint32_t group(uint32_t n)
{
	return HOST + (n << 16);
}

static unsigned int count(const struct court *c, enum detector d)
{
	unsigned int n = 0;

	for (size_t i = 0; i < c->n; i++)
		n += c->found[i].detector == d;
	return n;
}

static unsigned int count_spam(const struct court *c)
{
	unsigned int n = 0;

	for (size_t i = 0; i < c->n; i++)
		n += detector_finding(c->found[i].detector) ==
		     FINDING_SPAM_SOURCE;
	return n;
}

/* Found, left for a time, and then in touch with networks that are new. */
static bool found_again(const char *policy, uint32_t left_s)
{
	struct court *c = court_of(policy, true);
	unsigned int n = 0, before;
	bool again;

	while (n < 30 && !count(c, DETECTOR_FAST)) {
		attempt(c, to(group(n++)));
		wait_for(c, 1);
	}
	before = count(c, DETECTOR_FAST);
	expect(before == 1, "%u findings at first", before);
	wait_for(c, left_s);
	for (unsigned int i = 0; i < 20; i++) {
		attempt(c, to(group(n++)));
		wait_for(c, 1);
	}
	again = count(c, DETECTOR_FAST) > before;
	court_free(c);
	return again;
}

CLAIM(released, "a source that leaves quarantine and goes on is found again at "
		"once, in quarantine and without one it is not")
{
	static const char quarantine[] =
		HEADER "outbound {\nblock smtp\n}\nwatch { quarantine 1h }\n";
	static const char none[] = HEADER "outbound {\nblock smtp\n}\n";

	expect(found_again(quarantine, HOUR + MINUTE), "after it: not found");
	expect(!found_again(quarantine, HOUR / 2), "within it: found");
	expect(!found_again(none, HOUR + MINUTE), "without one: found");
}

/* ---- first contacts ---- */

CLAIM(rates, "a source that meets new networks faster than a scale's break "
	     "even is found on that scale, a slower one is not")
{
	/*
	 * A new network gives ln(l1/l0) + ln(q1/q0), and every hour takes
	 * l1 - l0: 53 s, 307 s and 4087 s apart they are equal.
	 */
	static const struct {
		enum detector detector;
		uint32_t apart_s;
		bool found;
		unsigned int after; /* at most so many networks */
	} vectors[] = {
		{ DETECTOR_FAST, 1, true, 14 },
		{ DETECTOR_FAST, 15, true, 19 },
		{ DETECTOR_FAST, 45, true, 90 },
		{ DETECTOR_FAST, 55, false, 300 },
		{ DETECTOR_MEDIUM, 90, true, 25 },
		{ DETECTOR_MEDIUM, 240, true, 80 },
		{ DETECTOR_MEDIUM, 320, false, 300 },
		{ DETECTOR_SLOW, 1200, true, 30 },
		{ DETECTOR_SLOW, 3000, true, 80 },
		{ DETECTOR_SLOW, 4200, false, 300 },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct court *c = court_of(NULL, true);
		unsigned int n = 0;

		while (n < vectors[i].after && !count(c, vectors[i].detector)) {
			attempt(c, to(group(n++)));
			wait_for(c, vectors[i].apart_s);
		}
		expect(!count(c, vectors[i].detector) == !vectors[i].found,
		       "%s, every %u s, after %u networks: %sfound",
		       detector_name(vectors[i].detector), vectors[i].apart_s,
		       n, vectors[i].found ? "not " : "");
		court_free(c);
	}
}

CLAIM(same_network, "a thousand attempts to one host are no first contacts")
{
	struct court *c = court_of(NULL, true);

	for (unsigned int i = 0; i < 1000; i++) {
		attempt(c, to(group(0)));
		wait_for(c, 5 * MINUTE);
	}
	expect_number("findings", c->n, 0);
	expect_number("attempts", source(c, to(0))->attempts, 1000);
	court_free(c);
}

CLAIM(known, "a network is new again after 48 h, not before")
{
	static const struct {
		uint32_t silence_s;
		bool found;
	} vectors[] = { { 47 * HOUR, false }, { 49 * HOUR, true } };

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct court *c = court_of(NULL, true);

		/* Answered, so that nothing is held against it so far. */
		for (unsigned int n = 0; n < 40; n++)
			attempt(c, (struct trial){ BOT, group(n),
						   .answered = true });
		wait_for(c, vectors[i].silence_s);
		source(c, to(0))->history->answered = 0;
		c->n = 0;
		for (unsigned int n = 0; n < 40; n++) {
			attempt(c, to(group(n)));
			wait_for(c, 2);
		}
		expect(!count(c, DETECTOR_FAST) == !vectors[i].found,
		       "after %u h of silence: %u", vectors[i].silence_s / HOUR,
		       count(c, DETECTOR_FAST));
		court_free(c);
	}
}

CLAIM(credit, "coming back to a network is a credit once in ten minutes")
{
	struct court *c = court_of(NULL, true);
	float *sum, before;

	for (unsigned int n = 0; n < 10; n++)
		attempt(c, to(group(n)));
	sum = &source(c, to(0))->history->sum[SUM_SLOW];
	before = *sum;
	for (unsigned int i = 0; i < 9; i++) {
		wait_for(c, 61);
		attempt(c, to(group(0)));
	}
	/* 0.48, and what passes in nine minutes: 0.41 */
	expect(before - *sum > 0.8f && before - *sum < 1,
	       "nine times within ten minutes: from %f to %f", (double)before,
	       (double)*sum);
	wait_for(c, 61);
	before = *sum;
	attempt(c, to(group(0)));
	wait_for(c, 61);
	attempt(c, to(group(0)));
	expect(before - *sum > 0.5f && before - *sum < 0.7f,
	       "twice more: from %f to %f", (double)before, (double)*sum);
	court_free(c);
}

CLAIM(several, "who tries five addresses of a network one after the other "
	       "flushes a queue; who tries one goes on to the next victim")
{
	for (unsigned int each = 1; each <= 5; each += 4) {
		struct court *c = court_of(NULL, true);

		for (unsigned int n = 0; n < 100; n++) {
			attempt(c, to(group(n / each) + n % each));
			wait_for(c, 1);
		}
		expect(!count(c, DETECTOR_FAST) == (each == 5), "%u each: %u",
		       each, count(c, DETECTOR_FAST));
		court_free(c);
	}
}

/*
 * Six networks at one go, tried again every half hour for five hours; then 60
 * new ones within two minutes, which are tried again every 20 minutes, or five
 * others each minute instead. Returns when a finding of spam came after that,
 * in minutes; 0: in three hours none did.
 */
static unsigned int until_burst_is_found(bool known, bool returns)
{
	struct court *c = court_of(NULL, true);
	unsigned int minutes = 0;

	for (unsigned int round = 0; round < 10; round++) {
		for (unsigned int n = 0; n < 6; n++)
			attempt(c, to(group(known ? n : 0)));
		wait_for(c, 30 * 60);
	}
	for (unsigned int n = 0; n < 60; n++) {
		attempt(c, to(group(100 + n)));
		wait_for(c, 2);
	}
	while (!count_spam(c) && ++minutes < 180) {
		for (unsigned int n = 0; returns && n < 60; n++)
			if (minutes % 20 == 0)
				attempt(c, to(group(100 + n)));
		for (unsigned int n = 0; !returns && n < 5; n++)
			attempt(c, to(group(200 + 5 * minutes + n)));
		wait_for(c, 60);
	}
	minutes = count_spam(c) ? minutes + 1 : 0;
	court_free(c);
	return minutes;
}

CLAIM(known_burst,
      "a server that came back to what it met before is given the time of "
      "a first retry when it meets many networks at once")
{
	expect(until_burst_is_found(false, true) == 1,
	       "a source that is not known: at once");
	expect(!until_burst_is_found(true, true), "a queue: never");
	expect(until_burst_is_found(true, false) >= 35,
	       "no retry: when one was due");
	expect(until_burst_is_found(true, false) <= 60,
	       "no retry: and not later");
}

/* How many networks, 15 s apart, until it is found as fast. */
static unsigned int until_fast(struct court *c, unsigned int most)
{
	for (unsigned int n = 0; n < most; n++) {
		attempt(c, to(group(n)));
		if (count(c, DETECTOR_FAST))
			return n + 1;
		wait_for(c, 15);
	}
	return 0;
}

CLAIM(warm_up, "warm-up is an hour and a half for the fast scale, eight hours "
	       "for the others, a day for abandonment; what is found before "
	       "needs no history")
{
	struct court *c = court_of(NULL, false);
	unsigned int n = 0;

	expect(!judge_is_warm(&c->judge), "it is warm at once");
	for (; c->now_s < START + 90 * MINUTE - 30; n++) {
		attempt(c, to(group(n)));
		wait_for(c, 20);
	}
	expect_number("fast", count(c, DETECTOR_FAST), 1);
	expect(c->found[1].groups > 60, "found by %u networks",
	       c->found[1].groups);
	expect_number("others", count_spam(c), 1);
	court_free(c);

	c = court_of(NULL, false);
	wait_for(c, 7 * HOUR);
	expect(!judge_is_warm(&c->judge), "it is warm after 7 h");
	wait_for(c, HOUR);
	expect(judge_is_warm(&c->judge), "it is not warm after 8 h");
	court_free(c);

	/* Every second hour to a new network: too slow for anything else. */
	for (unsigned int warm = 0; warm < 2; warm++) {
		c = court_of(NULL, warm);
		for (n = 0; n < 20; n++) {
			attempt(c, to(group(n)));
			wait_for(c, 70 * MINUTE);
		}
		expect(!count(c, DETECTOR_ABANDON) == !warm,
		       "%s, in the first day: %u abandon",
		       warm ? "warm" : "cold", count(c, DETECTOR_ABANDON));
		court_free(c);
	}
}

/* ---- who has reasons ---- */

CLAIM(shared, "behind an address with 500 declared users it takes more")
{
	static const char policy[] =
		HEADER "class cgnat users 500 { 10.0.0.0/24 }\n"
		       "class few users 20 { 10.0.1.0/24 }\n"
		       "outbound {\nblock smtp\n}\n";
	struct court *c = court_of(policy, true);
	unsigned int n;

	n = until_fast(c, 120);
	expect_number("declared, every 15 s", n, 0);
	for (; n < 40; n++) {
		attempt(c, to(group(200 + n)));
		wait_for(c, 1);
	}
	expect_number("declared, every second", count(c, DETECTOR_FAST), 1);
	for (n = 0; n < 30; n++) {
		attempt(c, (struct trial){ .source = BOT + 256,
					   .destination = group(n) });
		wait_for(c, 15);
	}
	expect_number("less than what is normal", count(c, DETECTOR_FAST), 2);
	court_free(c);
}

CLAIM(inbound, "who accepts mail from five networks needs twice the sum")
{
	static const struct dialogue nothing;
	struct court *plain = court_of(NULL, true);
	struct court *c = court_of(NULL, true);
	unsigned int n = until_fast(plain, 100), overlap;

	/* It needs a history for that to be noted. */
	attempt(c, (struct trial){ BOT, group(500), .answered = true });
	attempt(c, (struct trial){ BOT, group(501), .answered = true });
	source(c, to(0))->history->answered = 0;
	for (uint32_t i = 0; i < 10; i++) {
		struct trial t = { 0x50000001u + (i << 16), BOT,
				   .answered = true };

		attempt(c, t);
		connection(c, t, &nothing);
	}
	expect(judge_mail_server(source(c, to(0))), "it is no mail server");
	overlap = until_fast(c, 100);
	expect(n && overlap >= 2 * n - 3 && overlap <= 2 * n + 2,
	       "found after %u networks, as a mail server after %u", n,
	       overlap);
	expect(!plain->found[0].mail_server && c->found[0].mail_server,
	       "the findings say mail server: %d, and %d of the server",
	       plain->found[0].mail_server, c->found[0].mail_server);
	court_free(plain);
	court_free(c);
}

CLAIM(allowed, "an attempt that a clause allows is counted, and held against "
	       "nobody")
{
	struct court *c = court_of(NULL, true);
	struct source *s;

	for (unsigned int n = 0; n < 300; n++) {
		attempt(c, (struct trial){ BOT, group(n), .allowed = true });
		wait_for(c, 1);
	}
	s = source(c, to(0));
	wait_for(c, 2 * DAY);
	expect_number("findings", c->n, 0);
	expect_number("attempts", s->attempts, 300);
	expect_number("syns", s->syns, 600);
	expect(s->flags & SOURCE_ALLOWED && !s->history,
	       "it is not marked, or has a history");
	court_free(c);
}

/* ---- abandonment ---- */

CLAIM(abandon, "who does not come back to a network within two and a half "
	       "hours abandons it; a minute later is coming back")
{
	static const struct {
		uint32_t back_s; /* 0: never */
		bool found;
	} vectors[] = {
		{ 0, true },   { 30, true },	       { 59, true },
		{ 61, false }, { 30 * MINUTE, false },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct court *c = court_of(NULL, true);
		uint32_t back_s = vectors[i].back_s;

		for (unsigned int n = 0; n < 20; n++) {
			attempt(c, to(group(n)));
			wait_for(c, back_s);
			if (back_s)
				attempt(c, to(group(n)));
			wait_for(c, 70 * MINUTE - back_s);
		}
		wait_for(c, 3 * HOUR);
		expect(!count(c, DETECTOR_ABANDON) == !vectors[i].found,
		       "back after %u s: %u abandon", back_s,
		       count(c, DETECTOR_ABANDON));
		court_free(c);
	}
}

CLAIM(script, "who abandons and meets less than three networks in four hours "
	      "sends directly, and is no spam source")
{
	struct court *c = court_of(NULL, true);

	for (unsigned int n = 0; n < 24; n++) {
		attempt(c, to(group(n)));
		wait_for(c, 2 * HOUR);
	}
	expect_number("spam", count_spam(c), 0);
	expect(count(c, DETECTOR_DIRECT_ABANDON) >= 1, "it is not found");
	expect(!strcmp(finding_name(detector_finding(DETECTOR_DIRECT_ABANDON)),
		       "direct-to-mx"),
	       "it is found as another");
	court_free(c);
}

CLAIM(late, "who retries for an hour and then gives up is found late, who goes "
	    "on for hours is not")
{
	static const struct {
		uint32_t after_s[4]; /* the first attempt, in ascending order */
		bool found;
	} vectors[] = {
		{ { 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, 60 * MINUTE }, true },
		{ { 5 * MINUTE, 30 * MINUTE, 80 * MINUTE, 150 * MINUTE },
		  false },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct court *c = court_of(NULL, true);

		/* A new network every 15 minutes, its retries in between. */
		for (uint32_t m = 0; m < 18 * 60; m++) {
			for (uint32_t n = 0; n <= m / 15; n++) {
				uint32_t age_s = (m - n * 15) * MINUTE;
				bool now = !age_s;

				for (int k = 0; k < 4; k++)
					now |= age_s == vectors[i].after_s[k];
				if (now)
					attempt(c, to(group(n)));
			}
			wait_for(c, MINUTE);
		}
		expect(!count(c, DETECTOR_LATE) == !vectors[i].found,
		       "for %u minutes: %u late",
		       vectors[i].after_s[3] / MINUTE, count(c, DETECTOR_LATE));
		expect_number("abandon", count(c, DETECTOR_ABANDON), 0);
		court_free(c);
	}
}

CLAIM(queue, "a mail server that is blocked, one new network an hour and all "
	     "retried for days, is no spam source")
{
	struct court *c = court_of(NULL, true);

	for (uint32_t h = 0; h < 72; h++) {
		for (uint32_t n = h > 40 ? h - 40 : 0; n <= h; n++)
			attempt(c, to(group(n)));
		wait_for(c, HOUR);
	}
	expect_number("spam", count_spam(c), 0);
	expect(judge_mail_server(source(c, to(0))),
	       "it does not look like one");
	court_free(c);
}

/* ---- a network that is walked; a port that is open ---- */

CLAIM(scan, "who tries more than 64 addresses of a network within an hour "
	    "scans it")
{
	static const struct {
		uint32_t addresses, apart_s;
		bool found;
	} vectors[] = {
		/* what a source does before it has a history is not noted */
		{ 100, 20, true },
		{ 64, 20, false },
		{ 400, 200, false },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct court *c = court_of(NULL, true);

		for (uint32_t n = 0; n < vectors[i].addresses; n++) {
			attempt(c, to(HOST + n));
			wait_for(c, vectors[i].apart_s);
		}
		expect(!count(c, DETECTOR_SCAN) == !vectors[i].found,
		       "%u addresses, every %u s: %u scans",
		       vectors[i].addresses, vectors[i].apart_s,
		       count(c, DETECTOR_SCAN));
		court_free(c);
	}
}

CLAIM(outcome, "where the port is open, failures are held against a source: "
	       "seven networks in a row, or what servers say no to")
{
	static const struct dialogue refused = {
		.seen = SEEN_HELO | SEEN_MAIL,
		.replies = { [STAGE_RCPT] = { 0, 0, 1 } },
	};
	static const struct dialogue good = { .seen = SEEN_HELO | SEEN_MAIL |
						      SEEN_ACCEPTED };
	struct court *c = court_of(NULL, true);
	struct trial open = { BOT, group(0), .answered = true };

	for (unsigned int i = 0; i < 20; i++) {
		open.destination = group(i % 2);
		attempt(c, open);
		connection(c, open, &good);
	}
	for (unsigned int i = 0; i < 50; i++)
		attempt(c, to(group(0)));
	expect_number("of one network", c->n, 0);
	for (unsigned int i = 0; i < 6; i++)
		attempt(c, to(group(10 + i)));
	expect_number("after six", c->n, 0);
	attempt(c, to(group(16)));
	expect_number("after seven", count(c, DETECTOR_OUTCOME), 1);
	court_free(c);

	c = court_of(NULL, true);
	for (unsigned int i = 0; i < 60; i++) {
		open.destination = group(i % 2);
		attempt(c, open);
		connection(c, open, i % 4 ? &good : &refused);
	}
	expect_number("a quarter refused", c->n, 0);
	for (unsigned int i = 0; i < 7; i++) {
		attempt(c, open);
		connection(c, open, &refused);
	}
	expect_number("seven refused", count(c, DETECTOR_OUTCOME), 1);
	expect(!c->found[0].blocked && c->found[0].proven,
	       "blocked %d, proven %d", c->found[0].blocked,
	       c->found[0].proven);
	court_free(c);
}

CLAIM(helo, "odd HELO names are held against a source once")
{
	static const struct dialogue odd = {
		.seen = SEEN_HELO | SEEN_HELO_ODD | SEEN_MAIL | SEEN_ACCEPTED,
	};
	struct court *c = court_of(NULL, true);
	struct trial t = { BOT, group(0), .answered = true };
	struct source *s;
	float sum;

	attempt(c, t);
	t.destination = group(1);
	attempt(c, t);
	connection(c, t, &odd);
	s = source(c, t);
	assert_non_null(s->history->cold);
	sum = s->history->cold->sum[SUM_OUTCOME - SUMS_OFTEN];
	expect(sum > 2 && sum < 3, "its sum is %f", (double)sum);
	for (unsigned int i = 0; i < 30; i++)
		connection(c, t, &odd);
	expect_number("findings", c->n, 0);
	court_free(c);
}

/* What is sent, and answered if that is so. */
static void deliver(struct court *c, uint32_t destination, bool answered)
{
	static const struct dialogue nothing;
	struct trial t = to(destination);

	t.answered = answered;
	attempt(c, t);
	if (answered)
		connection(c, t, &nothing);
	wait_for(c, 5);
}

CLAIM(newsletter,
      "where the port is open, many networks are no spam source, if "
      "most answer and the others are tried again for a day")
{
	struct court *c = court_of(NULL, true);

	for (uint32_t n = 0; n < 500; n++)
		deliver(c, group(n), n % 20);
	/* What is left, among other mail. */
	for (uint32_t h = 0; h < 24; h++)
		for (uint32_t n = 0; n < 500; n++)
			if (n % 20 == 0 || n % 20 > 10)
				deliver(c, group(n), n % 20);
	expect_number("spam", count_spam(c), 0);
	court_free(c);
}

CLAIM(direct, "25 networks in 24 h, all retried, are a direct sender; 24 are "
	      "none")
{
	for (unsigned int most = 24; most <= 25; most++) {
		struct court *c = court_of(NULL, true);

		for (unsigned int n = 0; n < most; n++) {
			attempt(c, to(group(n)));
			wait_for(c, 2 * MINUTE);
			attempt(c, to(group(n)));
			wait_for(c, 53 * MINUTE);
		}
		expect_number("spam", count_spam(c), 0);
		expect(count(c, DETECTOR_DIRECT) == most - 24,
		       "%u networks: %u", most, count(c, DETECTOR_DIRECT));
		court_free(c);
	}
}

/* ---- submission and access ---- */

CLAIM(operators, "many submission servers are abuse: ten new networks an hour, "
		 "not two")
{
	static const struct {
		uint32_t apart_s;
		bool found;
	} vectors[] = { { 6 * MINUTE, true }, { 30 * MINUTE, false } };

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct court *c = court_of(NULL, true);

		for (unsigned int n = 0; n < 40; n++) {
			attempt(c, (struct trial){ BOT, group(n), .port = 587,
						   .answered = true });
			wait_for(c, vectors[i].apart_s);
		}
		expect(!count(c, DETECTOR_OPERATORS) == !vectors[i].found,
		       "every %u s: %u", vectors[i].apart_s,
		       count(c, DETECTOR_OPERATORS));
		expect_number("spam", count_spam(c), 0);
		court_free(c);
	}
}

CLAIM(volume, "more than 60 attempts an hour to one server are abuse once they "
	      "go on for 20 of 24 h")
{
	static const struct {
		uint32_t apart_s, hours;
		bool found;
	} vectors[] = {
		{ 50, 22, true },
		{ 50, 18, false },
		{ 72, 40, false },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct court *c = court_of(NULL, true);
		uint32_t end_s = c->now_s + vectors[i].hours * HOUR;

		for (; c->now_s < end_s; wait_for(c, vectors[i].apart_s))
			attempt(c, (struct trial){ BOT, HOST, .port = 587,
						   .answered = true });
		expect(!count(c, DETECTOR_VOLUME) == !vectors[i].found,
		       "every %u s for %u h: %u", vectors[i].apart_s,
		       vectors[i].hours, count(c, DETECTOR_VOLUME));
		court_free(c);
	}
}

CLAIM(busy_hours, "and only in the third hour that is busy")
{
	struct court *c = court_of(NULL, true);

	for (uint32_t h = 0; h < 24; h++) {
		bool busy = h >= 21;

		for (unsigned int i = 0; i < (busy ? 72 : 12); i++) {
			attempt(c, (struct trial){ BOT, HOST, .port = 587,
						   .answered = true });
			wait_for(c, busy ? 50 : 300);
		}
		expect_number("in the day", count(c, DETECTOR_VOLUME), 0);
	}
	attempt(c, (struct trial){ BOT, HOST, .port = 587, .answered = true });
	expect_number("after three", count(c, DETECTOR_VOLUME), 1);
	court_free(c);
}

CLAIM(storm, "30 attempts to log in within a minute are a storm, within two "
	     "minutes where it is POP3")
{
	static const struct {
		uint16_t port;
		unsigned int attempts;
		uint32_t apart_s;
		bool found;
	} vectors[] = {
		{ 143, 60, 1, true },	{ 993, 60, 1, true },
		{ 993, 200, 3, false }, { 995, 60, 3, true },
		{ 110, 60, 3, true },	{ 110, 200, 5, false },
		{ 143, 29, 1, false },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct court *c = court_of(NULL, true);

		for (unsigned int n = 0; n < vectors[i].attempts; n++) {
			attempt(c, (struct trial){ BOT, HOST, vectors[i].port,
						   .answered = true });
			wait_for(c, vectors[i].apart_s);
		}
		expect(!count(c, DETECTOR_STORM) == !vectors[i].found,
		       "port %u, %u attempts, every %u s: %u", vectors[i].port,
		       vectors[i].attempts, vectors[i].apart_s,
		       count(c, DETECTOR_STORM));
		court_free(c);
	}
}

CLAIM(logins, "failed logins are found with five users or three servers, not "
	      "with a password forgotten")
{
	static const struct {
		unsigned int tries, users, servers;
		bool found;
	} vectors[] = {
		{ 30, 1, 1, false }, { 30, 4, 2, false }, { 5, 5, 1, true },
		{ 4, 4, 1, false },  { 6, 1, 3, true },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct court *c = court_of(NULL, true);
		struct trial t = { BOT, HOST, .port = 993, .answered = true };

		/* A history, for which two networks do. */
		attempt(c, t);
		t.destination = group(9);
		attempt(c, t);
		for (unsigned int n = 0; n < vectors[i].tries; n++) {
			struct dialogue d = {
				.seen = SEEN_AUTH_FAILED,
				.auth_failures = 1,
				.user_hash = 1000 + 2 * (n % vectors[i].users),
			};

			t.destination = HOST + n % vectors[i].servers;
			connection(c, t, &d);
			wait_for(c, MINUTE);
		}
		expect(!count(c, DETECTOR_LOGIN) == !vectors[i].found,
		       "%u failures, %u users, %u servers: %u",
		       vectors[i].tries, vectors[i].users, vectors[i].servers,
		       count(c, DETECTOR_LOGIN));
		court_free(c);
	}
}

CLAIM(once_a_day, "what goes on is said once a day")
{
	static const struct dialogue clear = { .seen = SEEN_AUTH_CLEAR };
	static const struct dialogue masked = { .seen = SEEN_STARTTLS_MASKED };
	struct court *c = court_of(NULL, true);
	struct trial t = { BOT, HOST, .port = 587, .answered = true };

	for (unsigned int h = 0; h < 72; h++) {
		attempt(c, t);
		connection(c, t, &clear);
		connection(c, t, &masked);
		wait_for(c, HOUR);
	}
	expect_number("cleartext", count(c, DETECTOR_CLEARTEXT), 3);
	expect_number("masked", count(c, DETECTOR_STRIPPED), 3);
	expect_number("all", c->n, 6);
	expect_number("counted", c->judge.findings[FINDING_CLEARTEXT_LOGIN], 3);
	court_free(c);
}

/* ---- sources ---- */

CLAIM(small, "seven attempts to one network need no history, more or another "
	     "network do")
{
	struct court *c = court_of(NULL, true);

	for (unsigned int i = 0; i < 7; i++)
		attempt(c, to(group(0) + i));
	expect(!source(c, to(0))->history, "after seven it has one");
	attempt(c, to(group(0)));
	expect(source(c, to(0))->history, "after eight it has none");
	court_free(c);
	c = court_of(NULL, true);
	attempt(c, to(group(0)));
	wait_for(c, HOUR);
	attempt(c, to(group(1)));
	expect(source(c, to(0))->history &&
		       source(c, to(0))->history->n_contacts == 2,
	       "after two networks it has not both");
	court_free(c);
}

CLAIM(prefixes, "an IPv6 /64 is one source, its networks are /32")
{
	struct court *c = court_of(NULL, true);
	struct trial t = { BOT, 0, .family = 6 };

	for (unsigned int n = 0; n < 40; n++) {
		t.host = (uint8_t)n;
		t.destination = group(n);
		attempt(c, t);
		wait_for(c, 10);
	}
	expect_number("sources", c->judge.sources.n, 1);
	expect_number("fast", count(c, DETECTOR_FAST), 1);
	expect_number("family", c->found[0].family, 6);
	expect(!c->found[0].source.byte[15] && c->found[0].source.byte[7],
	       "it is not the first address of its /64");
	t = (struct trial){ BOT + 1, 0, .family = 6 };
	for (unsigned int n = 0; n < 1000; n++) {
		t.destination = HOST + n % 60000 / 50;
		attempt(c, t);
		wait_for(c, MINUTE);
	}
	expect_number("sources", c->judge.sources.n, 2);
	expect_number("many hosts of one /32",
		      source(c, t)->history->n_contacts, 1);
	court_free(c);
}

CLAIM(evidence, "a finding carries what it was found by")
{
	struct court *c = court_of(NULL, true);
	const struct finding *f = &c->found[0];
	unsigned int n = until_fast(c, 100);

	expect_number("findings", c->n, 1);
	expect_number("attempts", f->attempts, n);
	expect_number("syns", f->syns, 2 * n);
	expect_number("groups", f->groups, n);
	expect_number("destinations", f->destinations, n);
	expect_number("port", f->port, 25);
	expect_number("first", f->first_s, START);
	expect_number("at", (uint64_t)f->time_us, c->now_s * UINT64_C(1000000));
	expect_number("examples", f->n_examples, EXAMPLES_MOST);
	expect(f->blocked && !f->proven && f->destinations_exact,
	       "blocked %d, proven %d, exact %d", f->blocked, f->proven,
	       f->destinations_exact);
	expect(judge_is_spam(source(c, to(0))) &&
		       judge_score(&c->judge, source(c, to(0))) >= 1,
	       "its source is not one that was found");
	court_free(c);
}

CLAIM(score, "the score grows towards 1, and is beyond it only once it was "
	     "found")
{
	struct court *c = court_of(NULL, true);
	float before = 0;

	for (unsigned int n = 0; n < 30 && !c->n; n++) {
		float now;

		attempt(c, to(group(n)));
		now = judge_score(&c->judge, source(c, to(0)));
		expect(now >= before && (now >= 1.02f) == (c->n > 0),
		       "after %u networks it went from %f to %f", n + 1,
		       (double)before, (double)now);
		before = now;
		wait_for(c, 1);
	}
	expect_number("findings", c->n, 1);
	court_free(c);
}

CLAIM(idle, "a source is forgotten after three days, not before")
{
	struct court *c = court_of(NULL, true);
	struct trial t = to(HOST);

	attempt(c, t);
	wait_for(c, 3 * DAY);
	expect(source(c, t), "gone after three days");
	wait_for(c, 10 * MINUTE);
	expect(!source(c, t), "there after three days and ten minutes");
	court_free(c);
}

CLAIM(time_back, "time that runs back stands still")
{
	struct court *c = court_of(NULL, true);

	attempt(c, to(group(0)));
	wait_for(c, HOUR);
	c->now_s -= 50 * MINUTE;
	attempt(c, to(group(1)));
	judge_time(&c->judge, c->now_s);
	expect_number("now", c->judge.now_s, START + HOUR);
	expect_number("last", source(c, to(0))->last_s,
		      START + 10 * MINUTE); /* of its own SYN */
	court_free(c);
}

CLAIM(syns, "SYNs that come later are counted, of a source that is known")
{
	struct court *c = court_of(NULL, true);
	struct addr6 known = address_of(4, BOT, 0);
	struct addr6 other = address_of(4, BOT + 1, 0);

	attempt(c, to(HOST));
	judge_syns(&c->judge, 4, &known, c->now_s);
	judge_syns(&c->judge, 4, &other, c->now_s);
	expect_number("syns", source(c, to(0))->syns, 3);
	expect_number("sources", c->judge.sources.n, 1);
	court_free(c);
}

CLAIM(figures, "a policy's figures are those that count, also from a reload on")
{
	static const char sooner[] = HEADER "watch {\nfast-threshold 10\n}\n"
					    "outbound {\nblock smtp\n}\n";
	struct court *c = court_of(sooner, true);
	struct policy *later = good_policy(HEADER "watch {\nfast-threshold "
						  "1000\n}\noutbound {\nblock "
						  "smtp\n}\n");
	unsigned int n = until_fast(c, 50);

	expect(n >= 5 && n <= 7, "threshold 10: found after %u networks", n);
	court_free(c);
	c = court_of(sooner, true);
	judge_policy(&c->judge, later);
	expect_number("threshold 1000", until_fast(c, 50), 0);
	court_free(c);
	policy_free(later);
}

CLAIM(names, "every detector and every finding has a name")
{
	for (enum detector d = 0; d < DETECTOR_N; d++)
		expect(detector_name(d) && *detector_name(d) &&
			       detector_finding(d) < FINDING_N,
		       "detector %d has none", d);
	for (enum finding_kind k = 0; k < FINDING_N; k++)
		expect(finding_name(k) && *finding_name(k),
		       "finding %d has none", k);
}

/* ---- from the first packet on ---- */

/* Attempts to n addresses in turn, seconds apart; all within 12 networks. */
static void hammer(struct court *c, unsigned int n, uint32_t seconds,
		   unsigned int attempts)
{
	for (unsigned int i = 0; i < attempts; i++) {
		attempt(c, to(group(i % n % 12) + i % n / 12));
		wait_for(c, seconds);
	}
}

CLAIM(few_networks, "who comes back to few networks without a pause is found, "
		    "warm or not; who leaves them alone for minutes is not")
{
	for (unsigned int warm = 0; warm < 2; warm++) {
		struct court *c = court_of(NULL, warm);

		hammer(c, 72, 1, 30);
		expect(count(c, DETECTOR_DIRECT), "no direct-to-mx");
		hammer(c, 72, 1, 30 * MINUTE);
		expect_number("pace", count(c, DETECTOR_PACE), 1);
		expect_number("retry", count(c, DETECTOR_RETRY), 0);
		court_free(c);

		/* Two messages to each domain, tried again each five minutes.
		 */
		c = court_of(NULL, warm);
		for (unsigned int i = 0; i < 100; i++) {
			hammer(c, 60, 1, 120);
			wait_for(c, 3 * MINUTE);
		}
		expect_number("spam of a queue", count_spam(c), 0);
		court_free(c);
	}
}

CLAIM(one_address, "one dead address that is tried all the time is a storm, "
		   "and no spam source")
{
	struct court *c = court_of(NULL, false);

	hammer(c, 1, 1, 20 * MINUTE);
	expect_number("retry", count(c, DETECTOR_RETRY), 1);
	expect_number("spam", count_spam(c), 0);
	court_free(c);

	c = court_of(NULL, false);
	hammer(c, 1, MINUTE, 120);
	expect_number("every minute", c->n, 0);
	court_free(c);
}

CLAIM(cold, "a bot is found in its first minutes, and a NAS with forty domains "
	    "in its queue is not")
{
	struct court *c = court_of(NULL, false);

	for (unsigned int i = 0; i < 100; i++) {
		attempt(c, to(group(i)));
		wait_for(c, 3);
	}
	wait_for(c, 2 * MINUTE);
	expect(count(c, DETECTOR_FAST), "100 networks in five minutes: not");
	court_free(c);

	c = court_of(NULL, false);
	for (unsigned int hour = 0; hour < 24; hour++) {
		for (unsigned int i = 0; i < 200; i++) {
			attempt(c, to(group(i % 40) + i / 40));
			wait_for(c, 1);
		}
		wait_for(c, HOUR - 200);
	}
	expect_number("spam of a NAS", count_spam(c), 0);
	court_free(c);
}

CLAIM(cold_unsure, "what is found while the monitor warms up is unsure, and "
		   "found once more, surely, when the source goes on")
{
	struct court *c = court_of(NULL, false);
	size_t unsure;

	for (unsigned int i = 0; i < 100; i++) {
		attempt(c, to(group(i)));
		wait_for(c, 3);
	}
	wait_for(c, 2 * MINUTE);
	unsure = c->n;
	for (size_t i = 0; i < unsure; i++)
		expect(c->found[i].unsure ==
			       (c->found[i].detector == DETECTOR_FAST),
		       "the first findings: %u is not as it should be",
		       c->found[i].detector);
	expect_number("found at once", count(c, DETECTOR_FAST), 1);
	wait_for(c, 3 * HOUR);
	for (unsigned int i = 0; i < 40; i++) {
		attempt(c, to(group(200 + i)));
		wait_for(c, 3);
	}
	expect_number("found again", count(c, DETECTOR_FAST), 2);
	expect(!c->found[c->n - 1].unsure, "after three hours it is unsure");
	court_free(c);

	c = court_of(NULL, true);
	for (unsigned int i = 0; i < 100; i++) {
		attempt(c, to(group(i)));
		wait_for(c, 3);
	}
	expect(count_spam(c) && !c->found[0].unsure, "no warm-up: unsure");
	court_free(c);
}

CLAIM(cold_late, "who never comes back is found without warm-up within a day; "
		 "an answered retry is no abandonment")
{
	struct trial t = to(0);
	struct court *c = court_of(NULL, false);

	for (unsigned int i = 0; i < 60; i++) {
		attempt(c, to(group(i)));
		wait_for(c, 20 * MINUTE);
	}
	expect(count_spam(c), "three networks an hour: not found");
	court_free(c);

	c = court_of(NULL, true);
	for (unsigned int i = 0; i < 300; i++) {
		t.destination = group(i);
		t.answered = i % 10 != 0;
		attempt(c, t);
		wait_for(c, 4);
		if (t.answered)
			continue;
		wait_for(c, 5 * MINUTE);
		t.answered = true;
		attempt(c, t);
	}
	wait_for(c, DAY);
	expect_number("deferred once", count_spam(c), 0);
	court_free(c);
}

CLAIM(burst_order, "ten dead hosts of two hundred are none of outcome's, "
		   "whatever their order")
{
	for (unsigned int last = 0; last < 2; last++) {
		struct court *c = court_of(NULL, true);
		struct trial t = to(0);

		for (unsigned int i = 0; i < 200; i++) {
			t.destination = group(i);
			t.answered = last ? i < 190 : i % 20 != 0;
			attempt(c, t);
		}
		expect_number("outcome", count(c, DETECTOR_OUTCOME), 0);
		court_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(rates),	      CLAIMED(same_network),
		CLAIMED(known),	      CLAIMED(warm_up),
		CLAIMED(shared),      CLAIMED(inbound),
		CLAIMED(allowed),     CLAIMED(abandon),
		CLAIMED(script),      CLAIMED(late),
		CLAIMED(queue),	      CLAIMED(scan),
		CLAIMED(outcome),     CLAIMED(helo),
		CLAIMED(newsletter),  CLAIMED(direct),
		CLAIMED(operators),   CLAIMED(volume),
		CLAIMED(storm),	      CLAIMED(logins),
		CLAIMED(once_a_day),  CLAIMED(prefixes),
		CLAIMED(evidence),    CLAIMED(score),
		CLAIMED(idle),	      CLAIMED(released),
		CLAIMED(time_back),   CLAIMED(syns),
		CLAIMED(figures),     CLAIMED(names),
		CLAIMED(credit),      CLAIMED(several),
		CLAIMED(known_burst), CLAIMED(busy_hours),
		CLAIMED(small),	      CLAIMED(few_networks),
		CLAIMED(one_address), CLAIMED(cold),
		CLAIMED(cold_unsure), CLAIMED(cold_late),
		CLAIMED(burst_order),
	};

	return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
