/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sources that wait for class flagged, and whose turn it is. */
#include "../../unit.h"

#include "../../../../tools/priv/quarantine.h"

#define SOURCES 8192

/* A kernel that takes what it is given, unless it is told to refuse. */
struct flags {
	int error;
	enum flag_refusal refusal;
	uint32_t flagged[SOURCES]; /* by the last two bytes: order, from 1 */
	uint32_t n;
	uint32_t syns[SOURCES]; /* what the engine knows; 0: as it was found */
	bool proven[SOURCES];
	char said[256];
};

static size_t number_of(const struct quarantine_source *s)
{
	return addr4_load(&s->source) & 0xffff;
}

static int flags_flag(void *ctx, const struct quarantine_source *s,
		      enum flag_refusal *refusal)
{
	struct flags *w = ctx;

	*refusal = w->refusal;
	if (!w->error)
		w->flagged[number_of(s)] = ++w->n;
	return w->error;
}

static bool flags_look(void *ctx, const struct quarantine_source *s,
		       struct source_view *out)
{
	struct flags *w = ctx;
	size_t i = number_of(s);

	*out = (struct source_view){ .syns = w->syns[i] ? w->syns[i] : s->syns,
				     .proven = w->proven[i] };
	return true;
}

static void flags_say(void *ctx, const char *sentence)
{
	struct flags *w = ctx;

	snprintf(w->said, sizeof(w->said), "%s", sentence);
}

static struct quarantine *start(struct flags *w)
{
	const struct quarantine_ways ways = { flags_flag, flags_look, flags_say,
					      w };

	memset(w, 0, sizeof(*w));
	return quarantine_new(&ways);
}

static void found(struct quarantine *q, uint32_t number, uint32_t syns,
		  bool proven, int64_t now_s)
{
	struct finding f = { .family = 4, .syns = syns, .proven = proven };

	addr4_store(&f.source, 0x64400000 | number);
	quarantine_add(q, &f, now_s);
	quarantine_run(q, now_s);
}

static void run_until(struct quarantine *q, int64_t from_s, int64_t to_s)
{
	for (; from_s <= to_s; from_s++)
		quarantine_run(q, from_s);
}

CLAIM(proven_at_once, "a source with a handshake is flagged at once, one "
		      "without it after three seconds")
{
	struct flags w;
	struct quarantine *q = start(&w);

	found(q, 1, 20, true, 1000);
	found(q, 2, 20, false, 1000);
	expect(w.flagged[1] && !w.flagged[2], "%u %u", w.flagged[1],
	       w.flagged[2]);
	run_until(q, 1001, 1003);
	expect(w.flagged[2], "it waits");
	expect_number("waiting", q->n, 0);
	expect_number("flagged", q->flagged, 2);
	quarantine_free(q);
}

CLAIM(crowd, "of a crowd without handshakes nobody is flagged but who goes on")
{
	struct flags w;
	struct quarantine *q = start(&w);

	for (uint32_t i = 0; i < 600; i++)
		found(q, i, 16, false, 1200);
	found(q, 600, 300, false, 1201);
	found(q, 601, 16, true, 1201);
	run_until(q, 1202, 1260);
	expect(w.n == 1 && w.flagged[601], "%u are flagged", w.n);
	expect(strstr(w.said, "anybody can forge"), "said \"%s\"", w.said);
	w.syns[600] = 400;
	run_until(q, 1261, 1261);
	expect(w.n == 2 && w.flagged[600], "%u are flagged", w.n);
	w.proven[7] = true;
	run_until(q, 1262, 1262);
	expect(w.n == 3 && w.flagged[7], "%u are flagged", w.n);
	run_until(q, 1263, 1200 + QUARANTINE_FORGET_S + 1);
	expect_number("flagged in the end", w.n, 3);
	expect_number("waiting in the end", q->n, 0);
	expect_number("forgotten", q->forgotten, 599);
	quarantine_free(q);
}

CLAIM(outbreak, "of many that go on all are flagged, ten a minute, those with "
		"most SYNs first")
{
	struct flags w;
	struct quarantine *q = start(&w);

	for (uint32_t i = 0; i < 100; i++)
		found(q, i, 16 + i, false, 1200);
	for (int64_t now_s = 1201; now_s < 1200 + 12 * 60; now_s++) {
		for (uint32_t i = 0; i < 100; i++)
			w.syns[i] = 16 + i + (uint32_t)(now_s - 1200);
		quarantine_run(q, now_s);
		if (now_s == 1200 + 119)
			expect_number("in two minutes", w.n, 10);
	}
	expect_number("in the end", w.n, 100);
	expect(w.flagged[99] == 1 && w.flagged[98] == 2, "order %u %u",
	       w.flagged[99], w.flagged[98]);
	quarantine_free(q);
}

static const struct {
	int error;
	const char *said;
} waits[] = {
	{ -EBUSY, "1 source waits to be put into class flagged: too many" },
	{ -ENFILE, "1 source waits to be put into class flagged: its set is "
		   "full" },
	{ -ETIMEDOUT, "does not answer" },
	{ -ENOENT, "no policy with that class is loaded" },
	{ -ENOMEM, "Cannot allocate memory" },
};

CLAIM(refused_waits, "who was refused is tried until he is there")
{
	for (size_t i = 0; i < COUNT(waits); i++) {
		struct flags w;
		struct quarantine *q = start(&w);

		w.error = waits[i].error;
		found(q, 1, 20, true, 1000);
		run_until(q, 1001, 5000);
		expect(strstr(w.said, waits[i].said), "said \"%s\"", w.said);
		w.error = 0;
		run_until(q, 5001, 5020);
		expect(w.flagged[1], "error %d: it is not there", w.error);
		quarantine_free(q);
	}
}

CLAIM(protected, "whom the policy protects is refused once, with the reason")
{
	struct flags w;
	struct quarantine *q = start(&w);

	w.error = -EACCES;
	w.refusal = FLAG_RELAY;
	found(q, 1, 20, true, 1000);
	expect_text("said", w.said,
		    "100.64.0.1 is not put into class flagged: it is a relay "
		    "of the policy, or allowed by it");
	expect_number("waiting", q->n, 0);
	expect_number("refused", q->refused, 1);
	quarantine_free(q);
}

CLAIM(full, "when too many wait the weakest goes, and no proven one for others")
{
	struct flags w;
	struct quarantine *q = start(&w);

	w.error = -EBUSY;
	found(q, 0, 20, true, 1000);
	for (uint32_t i = 1; i < QUARANTINE_WAITING_MOST; i++)
		found(q, i, 1000 + i, false, 1000);
	found(q, 5000, 1, false, 1001);
	found(q, 5001, 9000, false, 1001);
	expect_number("waiting", q->n, QUARANTINE_WAITING_MOST);
	expect_number("forgotten", q->forgotten, 2);
	w.error = 0;
	run_until(q, 1002, 1003);
	expect(w.flagged[0] == 1, "the proven one is gone");
	for (size_t i = 0; i < q->n; i++) {
		size_t number = number_of(&q->items[i]);

		expect(number != 1 && number != 5000, "%zu is there", number);
	}
	quarantine_free(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(proven_at_once), CLAIMED(crowd),     CLAIMED(outbreak),
		CLAIMED(refused_waits),	 CLAIMED(protected), CLAIMED(full),
	};

	return cmocka_run_group_tests_name("quarantine", tests, NULL, NULL);
}
