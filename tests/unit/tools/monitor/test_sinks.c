/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dispatcher of sinks. */
#include "../../unit.h"

#include "../../../../tools/monitor/sinks.h"
#include "../../../../tools/program/program.h"

/* Calls so far: "a.open b.open ...". */
static char called[256];
static int attempt_code;

static void add(const char *what)
{
	size_t n = strlen(called);

	snprintf(called + n, sizeof(called) - n, "%s%s", n ? " " : "", what);
}

static bool never(const void *ctx)
{
	(void)ctx;
	return false;
}

static int open_a(void *ctx)
{
	(void)ctx;
	add("a.open");
	return EXIT_DONE;
}

static int open_b(void *ctx)
{
	(void)ctx;
	add("b.open");
	return EXIT_DONE;
}

static int open_failing(void *ctx)
{
	(void)ctx;
	add("fail");
	return EXIT_USAGE;
}

static int attempt_a(void *ctx, const struct attempt_event *event)
{
	(void)ctx;
	(void)event;
	add("a.attempt");
	return attempt_code;
}

static int attempt_b(void *ctx, const struct attempt_event *event)
{
	(void)ctx;
	(void)event;
	add("b.attempt");
	return EXIT_DONE;
}

static int close_a(void *ctx)
{
	(void)ctx;
	add("a.close");
	return EXIT_DONE;
}

static int close_b(void *ctx)
{
	(void)ctx;
	add("b.close");
	return EXIT_DONE;
}

static const struct sink a = {
	.name = "a", .open = open_a, .attempt = attempt_a, .close = close_a
};
static const struct sink b = {
	.name = "b", .open = open_b, .attempt = attempt_b, .close = close_b
};
static const struct sink unwanted = { .name = "unwanted",
				      .wanted = never,
				      .early = attempt_b };
static const struct sink failing = { .name = "failing", .open = open_failing };

CLAIM(order, "sinks are called in the table's order, and closed in the "
	     "opposite one")
{
	static const struct sink *const table[] = { &a, &unwanted, &b };
	struct attempt_event event = { 0 };
	struct sinks s;

	*called = '\0';
	sinks_choose(&s, table, 3, NULL);
	expect_number("open", (unsigned)sinks_open(&s), EXIT_DONE);
	sinks_on_attempt(&s, &event);
	expect_number("close", (unsigned)sinks_close(&s), EXIT_DONE);
	expect_text("called", called,
		    "a.open b.open a.attempt b.attempt b.close a.close");
}

CLAIM(wants, "the engine makes no event that no sink wants")
{
	static const struct sink *const table[] = { &a, &unwanted };
	static const struct sink *const none[] = { &failing };
	struct sinks s;

	sinks_choose(&s, table, 2, NULL);
	expect(sinks_want_attempts(&s), "attempts are not wanted");
	expect(!sinks_want_early(&s), "early ones are wanted");
	sinks_choose(&s, none, 1, NULL);
	expect(!sinks_want_attempts(&s), "attempts are wanted");
}

CLAIM(a_failure, "a sink that failed gets no more events, the others do, and "
		 "the code stays")
{
	static const struct sink *const table[] = { &a, &b };
	struct attempt_event event = { 0 };
	struct sinks s;

	*called = '\0';
	attempt_code = EXIT_REFUSED;
	sinks_choose(&s, table, 2, NULL);
	sinks_on_attempt(&s, &event);
	sinks_on_attempt(&s, &event);
	attempt_code = EXIT_DONE;
	expect_number("code", (unsigned)sinks_close(&s), EXIT_REFUSED);
	expect_text("called", called,
		    "a.attempt b.attempt b.attempt b.close a.close");
}

CLAIM(opening, "after a sink that cannot be opened none is, and all are closed")
{
	static const struct sink *const table[] = { &a, &failing, &b };
	struct sinks s;

	*called = '\0';
	sinks_choose(&s, table, 3, NULL);
	expect_number("open", (unsigned)sinks_open(&s), EXIT_USAGE);
	expect_number("close", (unsigned)sinks_close(&s), EXIT_USAGE);
	expect_text("called", called, "a.open fail b.close a.close");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(order),
		CLAIMED(wants),
		CLAIMED(a_failure),
		CLAIMED(opening),
	};

	return cmocka_run_group_tests_name("sinks", tests, NULL, NULL);
}
