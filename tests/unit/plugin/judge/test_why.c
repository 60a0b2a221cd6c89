/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The judge's working, as it is told of one source. */
#include "../../unit.h"

#include "../../../../plugin/judge/judge.h"

#define START	   1767571200u /* 2026-01-05 00:00 */
#define BOT	   0xc0000201u
#define SERVER	   0xc0000202u
#define STEPS_MOST 4096

struct working {
	struct pool pool;
	struct judge judge;
	struct judge_why why;
	struct finding found[64];
	size_t n_found;
	struct judge_step steps[STEPS_MOST];
	size_t n_steps;
};

static void note_finding(void *ctx, const struct finding *f)
{
	struct working *w = ctx;

	assert_true(w->n_found < COUNT(w->found));
	w->found[w->n_found++] = *f;
}

static void note_step(void *ctx, const struct judge_step *step)
{
	struct working *w = ctx;

	assert_true(w->n_steps < STEPS_MOST);
	w->steps[w->n_steps++] = *step;
}

static struct addr6 v4_of(uint32_t n)
{
	return (struct addr6){ { (uint8_t)(n >> 24), (uint8_t)(n >> 16),
				 (uint8_t)(n >> 8), (uint8_t)n } };
}

static void try_one(struct working *w, uint32_t from, uint32_t to,
		    uint32_t after_s, bool answered)
{
	struct addr6 source = v4_of(from), destination = v4_of(to);
	struct observation a = { .family = 4,
				 .source = &source,
				 .destination = &destination,
				 .hash = source_hash(&w->judge.sources, 4,
						     source_key(4, &source)),
				 .time_s = START + after_s,
				 .syns = 1,
				 .port = 25,
				 .port_bit = 1,
				 .role = PORT_TRANSPORT,
				 .answered = answered };

	judge_time(&w->judge, START + after_s);
	judge_attempt(&w->judge, &a);
}

/* A bot that walks, and a server that returns to ten networks. */
static struct working *live(uint32_t asked)
{
	struct hash_key key = { { 3, 5 } };
	struct working *w = calloc(1, sizeof(*w));
	struct addr6 source = v4_of(asked);

	assert_non_null(w);
	pool_init(&w->pool, (size_t)16 << 20);
	w->judge.ctx = w;
	w->judge.finding = note_finding;
	assert_int_equal(
		judge_init(&w->judge, &w->pool, &key, 1000, NULL, true), 0);
	judge_begin(&w->judge, START);
	w->why = (struct judge_why){ .ctx = w, .step = note_step };
	if (asked)
		judge_explain(&w->judge, 4, &source, &w->why);
	for (uint32_t i = 0; i < 40; i++) {
		try_one(w, BOT, (i + 10) << 16 | 1, i * 2, false);
		try_one(w, SERVER, (i % 10 + 10) << 16 | 1, i * 2 + 1, false);
	}
	for (uint32_t i = 0; i < 40; i++)
		try_one(w, SERVER, (i % 10 + 10) << 16 | 1, 900 * (i + 1),
			false);
	judge_time(&w->judge, START + 3 * 86400);
	judge_settle(&w->judge);
	return w;
}

static void end(struct working *w)
{
	judge_free(&w->judge);
	pool_end(&w->pool);
	free(w);
}

/* What is wrong with the steps of a life; NULL: nothing. */
static const char *wrong_with(const struct working *w)
{
	float last[DETECTOR_N] = { 0 };
	uint32_t time_s = 0;

	for (size_t i = 0; i < w->n_steps; i++) {
		const struct judge_step *s = &w->steps[i];

		if (s->before != last[s->detector])
			return "a score that is not the one before";
		if (s->time_s < time_s)
			return "a time that runs back";
		if (!s->found && s->before == s->after)
			return "a step that changes nothing";
		if (s->found && s->threshold > 0 && s->after <= s->threshold)
			return "a finding below the threshold";
		if (!s->seen || !*s->seen)
			return "a step of nothing";
		last[s->detector] = s->after;
		time_s = s->time_s;
	}
	return NULL;
}

static size_t found_steps(const struct working *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n_steps; i++)
		n += w->steps[i].found;
	return n;
}

CLAIM(chain, "each step goes on from the one before, and each finding of the "
	     "source is one of them")
{
	static const uint32_t asked[] = { BOT, SERVER };

	for (size_t i = 0; i < COUNT(asked); i++) {
		struct working *w = live(asked[i]);
		const char *wrong = wrong_with(w);
		size_t of_source = 0;

		for (size_t k = 0; k < w->n_found; k++)
			of_source +=
				addr4_load(&w->found[k].source) == asked[i];
		expect(!wrong, "source %zu: %s", i, wrong ? wrong : "");
		expect(w->n_steps > 5, "source %zu: %zu steps", i, w->n_steps);
		expect_number("findings told", found_steps(w), of_source);
		end(w);
	}
}

CLAIM(same, "nobody is judged otherwise because somebody asks, and nothing is "
	    "told of a source that was not seen")
{
	struct working *quiet = live(0), *bot = live(BOT), *none = live(1);

	expect(quiet->n_found > 0, "no finding at all");
	expect_number("findings", bot->n_found, quiet->n_found);
	for (size_t i = 0; i < quiet->n_found && i < bot->n_found; i++)
		expect(quiet->found[i].detector == bot->found[i].detector &&
			       quiet->found[i].time_us == bot->found[i].time_us,
		       "finding %zu differs", i);
	expect_number("steps when nobody asks", quiet->n_steps, 0);
	expect_number("steps of nobody", none->n_steps, 0);
	end(quiet);
	end(bot);
	end(none);
}

static bool has_step(const struct working *w, enum detector d, bool raised,
		     const char *seen)
{
	for (size_t i = 0; i < w->n_steps; i++) {
		const struct judge_step *s = &w->steps[i];

		if (s->detector == d && !s->found &&
		    (s->after > s->before) == raised && !strcmp(s->seen, seen))
			return true;
	}
	return false;
}

CLAIM(seen, "a step says what it was: a new network and one that was left "
	    "raise, time and a return lower")
{
	struct working *bot = live(BOT), *server = live(SERVER);

	expect(has_step(bot, DETECTOR_FAST, true, "a new network"), "new");
	expect(has_step(bot, DETECTOR_ABANDON, true, "no return to a network"),
	       "left");
	expect(has_step(bot, DETECTOR_FAST, false, "time that passed"), "time");
	expect(has_step(server, DETECTOR_FAST, false, "a known network"),
	       "known");
	for (size_t i = 0; i < bot->n_steps; i++)
		expect(!bot->steps[i].destination ||
			       strcmp(bot->steps[i].seen, "time that passed"),
		       "step %zu: time has a destination", i);
	end(bot);
	end(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(chain),
		CLAIMED(same),
		CLAIMED(seen),
	};

	return cmocka_run_group_tests_name("why", tests, NULL, NULL);
}
