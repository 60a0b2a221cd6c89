/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When an engine reports, which times it refuses, and how much it may use. */
#include "../../unit.h"
#include "../../packet.h"
#include "../../../../plugin/engine/engine.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#define SECOND	INT64_C(1000000)
#define START	(INT64_C(1767571200) * SECOND) /* 2026-01-05 */
#define GIVE_UP 60 /* seconds: a loop without end is a failure */

struct reports {
	size_t early, attempts;
	int64_t last_us; /* of the last early report */
	char clause[64];
};

static void count_early(void *ctx, const struct attempt_event *a)
{
	struct reports *r = ctx;

	r->early++;
	r->last_us = a->time_us;
}

static void count_attempt(void *ctx, const struct attempt_event *a)
{
	struct reports *r = ctx;

	r->attempts++;
	snprintf(r->clause, sizeof(r->clause), "%s",
		 a->clause ? a->clause : "-");
}

static struct engine *engine_of(size_t memory, struct reports *r)
{
	struct engine_config config = { .key = { 1, 2 },
					.memory = memory,
					.skip_warmup = true,
					.ctx = r,
					.attempt = count_attempt,
					.early = count_early };
	struct engine *e = NULL;
	int error = engine_new(&config, &e);

	expect(!error || error == -ENOMEM, "engine_new: %d", error);
	return e;
}

static void send_syn(struct engine *e, uint32_t n, int64_t now_us,
		     const char *prefix)
{
	const struct packet_of p = { .source = 0x64400001,
				     .destination = 0xc0000200 + n,
				     .source_port = (uint16_t)(4000 + n),
				     .destination_port = 25,
				     .seq = n,
				     .flags = TCP_SYN };
	uint8_t bytes[2 * PACKET_MOST];
	struct frame f = packet_frame(&p, now_us, 0, bytes);

	f.prefix = prefix;
	f.prefix_len = prefix ? (uint32_t)strlen(prefix) : 0;
	engine_frame(e, &f);
}

CLAIM(in_time, "however rare frames are, each reports the attempts before it "
	       "that are three seconds old")
{
	static const int64_t apart_us[] = { 4 * SECOND, 10 * SECOND,
					    60 * SECOND };

	for (size_t i = 0; i < COUNT(apart_us); i++) {
		struct reports r = { 0 };
		struct engine *e = engine_of(ENGINE_MEMORY_LEAST, &r);

		for (uint32_t n = 0; n < 20; n++) {
			int64_t now_us = START + n * apart_us[i];

			send_syn(e, n, now_us, NULL);
			expect_number("reported", r.early, n);
			if (n)
				expect_number("latest", r.last_us,
					      now_us - apart_us[i]);
		}
		engine_free(e);
	}
}

CLAIM(wild_times, "a time before 1970 or past 2106 is counted, and changes "
		  "nothing of the engine's own")
{
	static const int64_t times_us[] = { -1, INT64_MIN, INT64_MAX,
					    START * 1000 };
	struct reports r = { 0 };
	struct engine *e = engine_of(ENGINE_MEMORY_LEAST, &r);
	struct engine_summary s;

	send_syn(e, 0, START, NULL);
	for (uint32_t i = 0; i < COUNT(times_us); i++) {
		send_syn(e, 1 + i, times_us[i], NULL);
		engine_time(e, times_us[i]);
	}
	engine_summary(e, &s);
	expect_number("refused", s.times_refused, 2 * COUNT(times_us));
	expect_number("early", r.early, 0);
	engine_time(e, START + 4 * SECOND);
	expect_number("early", r.early, 1 + COUNT(times_us));
	expect_number("time", r.last_us, START);
	engine_free(e);
}

CLAIM(huge_memory, "any memory is taken for what tables can use of it: no loop "
		   "without end")
{
	static const size_t sizes[] = { 0, 1, (size_t)64 << 20,
					SIZE_MAX / 4 + 1, SIZE_MAX };
	struct rlimit before;
	size_t n = COUNT(sizes);

	/* Tables of a terabyte are refused by the system, not made. */
	getrlimit(RLIMIT_AS, &before);
#ifdef __SANITIZE_ADDRESS__
	n = 3; /* it ends the program where there is no memory */
#else
	setrlimit(RLIMIT_AS,
		  &(struct rlimit){ (rlim_t)4 << 30, before.rlim_max });
#endif
	for (size_t i = 0; i < n; i++) {
		struct reports r = { 0 };
		struct engine *e = engine_of(sizes[i], &r);

		expect(e || i > 2, "%zu bytes", sizes[i]);
		if (e)
			engine_free(e);
	}
	setrlimit(RLIMIT_AS, &before);
}

CLAIM(prefix_apart, "a log prefix that comes beside the frame names the clause "
		    "as one within it does")
{
	struct reports r = { 0 };
	struct engine *e = engine_of(ENGINE_MEMORY_LEAST, &r);

	send_syn(e, 0, START, "residential:17 block ");
	engine_end(e);
	expect_text("clause", r.clause, "residential:17");
	send_syn(e, 1, START + SECOND, "DROP ");
	engine_end(e);
	expect_text("clause", r.clause, "-");
	engine_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(in_time),
		CLAIMED(wild_times),
		CLAIMED(huge_memory),
		CLAIMED(prefix_apart),
	};

	alarm(GIVE_UP);
	return cmocka_run_group_tests_name("engine_time", tests, NULL, NULL);
}
