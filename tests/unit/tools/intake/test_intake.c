/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../unit.h"

#include "../../../../tools/intake/intake_known.h"
#include "../../../../tools/intake/intake_order.h"
#include "../../../../tools/intake/intake_segment.h"

#define SECOND_US INT64_C(1000000)
#define START_US  (INT64_C(1790000000) * SECOND_US)

static struct log_event packet(int64_t at_us, uint32_t source, uint32_t seq)
{
	struct log_event e = { .time_us = at_us,
			       .source_port = 5001,
			       .port = 25,
			       .family = 4,
			       .flags = TCP_SYN,
			       .kind = LOG_PACKET,
			       .has_seq = seq,
			       .seq = seq };

	addr4_store(&e.source, source);
	addr4_store(&e.destination, 0xc0000201);
	return e;
}

/* ---- order ---- */

struct seen_order {
	int64_t last_us;
	uint64_t n, sum, wrong, prefixes, last_number;
};

static int see_event(void *ctx, const struct log_event *e, uint64_t number)
{
	struct seen_order *seen = ctx;
	char prefix[LOG_PREFIX_SIZE];
	int64_t due_us = intake_order_due_us(e);

	if (due_us < seen->last_us ||
	    (due_us == seen->last_us && number < seen->last_number))
		seen->wrong++;
	seen->last_us = due_us;
	seen->last_number = number;
	seen->n++;
	seen->sum += number;
	snprintf(prefix, sizeof(prefix), "%.*s", (int)(number % 100),
		 "0123456789012345678901234567890123456789012345678901234567890"
		 "123456789012345678901234567890123456789");
	seen->prefixes += !strcmp(prefix, e->prefix);
	return 0;
}

static void order_events(size_t memory, uint64_t n, unsigned int spread_s)
{
	struct seen_order seen = { .last_us = INT64_MIN };
	struct intake_order *o;
	uint64_t seed = 7;

	assert_int_equal(intake_order_new(memory, &o), 0);
	for (uint64_t i = 0; i < n; i++) {
		struct log_event e =
			packet(START_US + (int64_t)(chance(&seed) % spread_s) *
						  SECOND_US,
			       1, 0);

		e.kind = i % 3 ? LOG_PACKET : LOG_FLOW_UNANSWERED;
		snprintf(e.prefix, sizeof(e.prefix), "%.*s", (int)(i % 100),
			 "01234567890123456789012345678901234567890123456789012"
			 "34567890123456789012345678901234567890123456789");
		assert_int_equal(intake_order_add(o, &e, i), 0);
	}
	assert_int_equal(intake_order_read(o, see_event, &seen), 0);
	expect_number("events", seen.n, n);
	expect_number("each once", seen.sum, n ? n * (n - 1) / 2 : 0);
	expect_number("out of order", seen.wrong, 0);
	expect_number("prefixes", seen.prefixes, n);
	intake_order_free(o);
}

CLAIM(order, "events come in the order of their times, in memory or on disk, "
	     "and those of one time as they were added")
{
	order_events(0, 0, 1);
	order_events(0, 1, 1);
	order_events(0, 5000, 100);
	order_events(1, 50000, 1000);
	order_events(1, 50000, 3);
	order_events(1 << 20, 100000, 100000);
}

static int stop_at_5(void *ctx, const struct log_event *e, uint64_t number)
{
	(void)e;
	(void)number;
	return ++*(int *)ctx == 5 ? 7 : 0;
}

CLAIM(order_ends, "reading ends where it is told to")
{
	for (size_t memory = 0; memory < 2; memory++) {
		struct intake_order *o;
		int n = 0;

		assert_int_equal(intake_order_new(memory, &o), 0);
		for (int i = 0; i < 5000; i++) {
			struct log_event e = packet(START_US + i, 1, 0);

			assert_int_equal(intake_order_add(o, &e, 0), 0);
		}
		expect_number("result",
			      (uint64_t)intake_order_read(o, stop_at_5, &n), 7);
		expect_number("events", (uint64_t)n, 5);
		intake_order_free(o);
	}
}

CLAIM(order_no_room, "a folder that cannot be written is another one's turn")
{
	setenv("TMPDIR", "/nowhere", 1);
	order_events(1, 5000, 100);
	unsetenv("TMPDIR");
}

/* ---- segments ---- */

struct heard {
	char text[4096];
	size_t n;
};

/* "S7" a SYN with number 7, "S7+" one that is told again, "A" and "R" answers
 */
static void hear(void *ctx, const struct segment *s)
{
	struct heard *h = ctx;
	bool answer = s->flags & TCP_ACK && s->source_port == 25;

	h->n += (size_t)snprintf(
		h->text + h->n, sizeof(h->text) - h->n, "%s%u%s%.*s ",
		s->flags & TCP_RST ? "R" :
		answer		   ? "A" :
		s->flags & TCP_ACK ? "E" :
				     "S",
		answer ? s->ack - 1 : s->seq, s->input ? "+" : "",
		(int)s->prefix_len, s->prefix ? s->prefix : "");
	if (h->n && h->text[h->n - 2] == ' ')
		h->n--;
}

struct step {
	int64_t at_ms;
	uint8_t kind;
	uint32_t seq;
	bool dropped;
	const char *prefix;
	int64_t lasts_ms;
	uint32_t repeated;
};

static void check_steps(const char *what, const struct step *steps, size_t n,
			const char *want, uint64_t joined)
{
	struct heard h = { 0 };
	struct intake_segments *t;

	assert_int_equal(intake_segments_new(hear, &h, &t), 0);
	for (size_t i = 0; i < n; i++) {
		struct log_event e = packet(START_US + steps[i].at_ms * 1000, 1,
					    steps[i].seq);

		e.kind = steps[i].kind;
		e.dropped = steps[i].dropped;
		e.repeated = steps[i].repeated;
		if (e.kind != LOG_PACKET)
			e.last_us = e.time_us + steps[i].lasts_ms * 1000;
		snprintf(e.prefix, sizeof(e.prefix), "%s",
			 steps[i].prefix ? steps[i].prefix : "");
		intake_segments_add(t, &e);
	}
	while (h.n && h.text[h.n - 1] == ' ')
		h.text[--h.n] = '\0';
	expect_text(what, h.text, want);
	expect_number(what, intake_segments_joined(t), joined);
	intake_segments_free(t);
}
#define CHECK(what, want, joined, ...)                                         \
	do {                                                                   \
		const struct step steps[] = { __VA_ARGS__ };                   \
		check_steps(what, steps, COUNT(steps), want, joined);          \
	} while (0)

CLAIM(one_connection,
      "records of one connection are one attempt, with its SYNs "
      "and its verdict")
{
	CHECK("a SYN that is sent again, and one of another attempt",
	      "S7log:0 observe S7log:0 observe S9log:0 observe", 0,
	      { .seq = 7 }, { .at_ms = 1000, .seq = 7 },
	      { .at_ms = 9000, .seq = 9 });
	CHECK("a packet that two rules logged", "S7a:0 observe S7+b:0 block", 1,
	      { .seq = 7, .prefix = "a" },
	      { .at_ms = 2, .seq = 7, .dropped = true, .prefix = "b" });
	CHECK("what was dropped stays so", "S7b:0 block S7+ S7", 1,
	      { .seq = 7, .dropped = true, .prefix = "b" },
	      { .at_ms = 2, .seq = 7, .prefix = "a" },
	      { .at_ms = 1000, .seq = 7, .prefix = "a" });
	CHECK("a record without the number",
	      "S0log:0 observe S0+rules:0 block S0rules:0 block", 1,
	      { .kind = LOG_PACKET },
	      { .at_ms = 200, .seq = 7, .dropped = true, .prefix = "rules" },
	      { .at_ms = 7000, .seq = 7, .dropped = true, .prefix = "rules" });
	CHECK("drops and their flow", "S7r:0 block S7r:0 block S7r:0 block", 1,
	      { .seq = 7, .dropped = true, .prefix = "r" },
	      { .at_ms = 1000, .seq = 7, .dropped = true, .prefix = "r" },
	      { .at_ms = 3000, .seq = 7, .dropped = true, .prefix = "r" },
	      { .kind = LOG_FLOW_UNANSWERED, .dropped = true });
	CHECK("a flow says that it was dropped", "S7a:0 observe S7+log:0 block",
	      1, { .seq = 7, .prefix = "a" },
	      { .at_ms = 100, .kind = LOG_FLOW_UNANSWERED, .dropped = true });
	CHECK("a packet that was logged, and its flow", "S7a:0 observe A7 E8",
	      1, { .seq = 7, .prefix = "a" },
	      { .at_ms = 400, .kind = LOG_FLOW_ANSWERED, .lasts_ms = 5000 });
	CHECK("a flow alone", "S0 R0", 0, { .kind = LOG_FLOW_RESET });
	CHECK("a flow, told twice", "S0 A0 E1 A0 E1", 1,
	      { .kind = LOG_FLOW_ANSWERED, .lasts_ms = 5000 },
	      { .at_ms = 100, .kind = LOG_FLOW_ANSWERED, .lasts_ms = 5000 });
	CHECK("two flows of the same ports", "S0 S65536", 0,
	      { .kind = LOG_FLOW_UNANSWERED },
	      { .at_ms = 60000, .kind = LOG_FLOW_UNANSWERED });
	CHECK("a SYN within a flow", "S0 S0log:0 observe", 0,
	      { .kind = LOG_FLOW_UNANSWERED, .lasts_ms = 60000 },
	      { .at_ms = 31000, .seq = 7 });
	CHECK("a message that came again",
	      "S7x:0 block S7x:0 block S7x:0 block", 0,
	      { .seq = 7, .dropped = true, .prefix = "x" },
	      { .at_ms = 100,
		.seq = 7,
		.dropped = true,
		.prefix = "x",
		.repeated = 2 });
	CHECK("a prefix of another", "S7[UFW-BLOCK]:0 block", 0,
	      { .seq = 7, .dropped = true, .prefix = "[UFW BLOCK]" });
}

CLAIM(many_tuples, "half a million tuples at once are told apart")
{
	enum { MANY = 500000 };
	struct heard h = { 0 };
	struct intake_segments *t;

	assert_int_equal(intake_segments_new(hear, &h, &t), 0);
	for (int again = 0; again < 2; again++)
		for (uint32_t i = 0; i < MANY; i++) {
			struct log_event e =
				packet(START_US + again * 100, i, 7);

			h.n = 0;
			intake_segments_add(t, &e);
		}
	/* A set of eight may be full by chance. */
	expect(intake_segments_joined(t) > MANY / 100 * 99 &&
		       intake_segments_joined(t) <= MANY,
	       "joined %llu", (unsigned long long)intake_segments_joined(t));
	intake_segments_free(t);
}

/* ---- lines ---- */

CLAIM(digests, "a line has one digest, whatever stands around it")
{
	static const char *const same[] = { "a b", "a b\r", " a b\t\n",
					    "\xef\xbb\xbf"
					    "a b",
					    "a b   " };
	uint64_t want = intake_digest("a b", 3);

	for (size_t i = 0; i < COUNT(same); i++)
		expect(intake_digest(same[i], strlen(same[i])) == want,
		       "\"%s\" differs", same[i]);
	expect(intake_digest("\0\0a b\0", 6) == want, "zeros differ");
	expect(intake_digest("a  b", 4) != want, "a blank is none");
	expect(intake_digest("", 0) && intake_digest(" ", 1), "0 is no digest");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(order),		CLAIMED(order_ends),
		CLAIMED(order_no_room), CLAIMED(one_connection),
		CLAIMED(many_tuples),	CLAIMED(digests),
	};

	return cmocka_run_group_tests_name("intake", tests, NULL, NULL);
}
