/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A store under a clock that is wrong, or whose file is replaced. */
#include "../../store_facts.h"
#include "../../../../tools/store/recorder.h"

#define KEEP_S	INT64_C(90 * 86400)
#define YEARS_S (INT64_C(5) * 365 * 86400)
#define NOW_S	((MINUTE + 100 * 1440) * 60)

/* A row an hour, for the ninety days before now; none is to be lost. */
enum { ROWS = 90 * 24 };

static void fill(const char *path, int64_t now_s)
{
	struct store *s = open_good(path, true);

	store_begin(s);
	for (int i = 0; i < ROWS; i++) {
		struct store_row row = row_of(now_s / 60 - i * 60,
					      0x0a000000 + (uint32_t)i, 1);

		store_add(s, &row);
	}
	assert_int_equal(store_end(s), 0);
	store_close(s);
}

static void trim_at(struct store *s, int64_t wall_s, int64_t steady_s)
{
	struct store_time now = { wall_s, steady_s };
	int error = 0, steps = 0;

	while (store_trim(s, &now, KEEP_S, 0, &error) && steps++ < 100000)
		;
	expect(!error && steps < 100000, "error %d, %d steps", error, steps);
}

static uint64_t rows_of(const char *path)
{
	return (uint64_t)other_number(path, "SELECT count(*) FROM minute");
}

CLAIM(clock_wrong, "a clock that is years wrong for a minute, forward or back, "
		   "while it runs or when it starts, once or a hundred times, "
		   "deletes nothing of the last ninety days")
{
	static const struct {
		const char *name;
		int64_t off_s;
		int times;
		bool restarts; /* each time */
	} rows[] = {
		{ "ahead", YEARS_S, 1, false },
		{ "ahead, often", YEARS_S, 100, false },
		{ "ahead at each start", YEARS_S, 20, true },
		{ "further ahead each time", YEARS_S, -30, false },
		{ "behind", -YEARS_S, 1, false },
		{ "behind, often", -YEARS_S, 100, false },
		{ "behind at each start", -YEARS_S, 20, true },
		{ "a month ahead", 30 * DAY_S, 50, false },
		{ "a day ahead", DAY_S, 50, true },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *path = file_of("db");
		int times = abs(rows[i].times);
		int64_t steady_s = 1000, now_s = NOW_S;
		struct store *s;

		unlink(path);
		fill(path, now_s);
		s = open_good(path, true);
		trim_at(s, now_s, steady_s);
		for (int turn = 0; turn < times; turn++) {
			int64_t off_s = rows[i].off_s;

			off_s *= rows[i].times < 0 ? turn + 1 : 1;
			if (rows[i].restarts) {
				store_close(s);
				s = open_good(path, true);
				steady_s = 5;
			}
			for (int at = 0; at < 2; at++, steady_s += 60) {
				now_s += 30;
				trim_at(s, now_s + (at ? 0 : off_s), steady_s);
			}
		}
		store_close(s);
		/* The oldest may be older than the bound by now. */
		expect(rows_of(path) >= ROWS - 2, "%s: %llu rows of %d",
		       rows[i].name, (unsigned long long)rows_of(path), ROWS);
	}
}

CLAIM(clock_rows, "rows that a wrong clock dates years ahead stay, and nothing "
		  "else goes for them, then or later")
{
	const char *path = file_of("db");
	struct store_row ahead = row_of((NOW_S + YEARS_S) / 60, 0x0b000001, 3);
	struct store *s;
	int64_t steady_s = 1000;

	fill(path, NOW_S);
	s = open_good(path, true);
	trim_at(s, NOW_S, steady_s);
	put_good(s, &ahead, 1);
	trim_at(s, NOW_S + YEARS_S, steady_s + 60);
	store_close(s);
	s = open_good(path, true);
	for (int i = 0; i < 48; i++)
		trim_at(s, NOW_S + 120 + i * 1800, steady_s + 120 + i * 1800);
	store_close(s);
	expect_number("rows ahead",
		      (uint64_t)other_number(path, "SELECT count(*) FROM minute"
						   " WHERE minute > 30000000"),
		      1);
	expect(rows_of(path) >= ROWS + 1 - 25, "%llu rows",
	       (unsigned long long)rows_of(path));
}

CLAIM(clock_believed, "after a hundred days without a monitor, or with a clock "
		      "that was set right at last, what is old goes once that "
		      "time has held for a day")
{
	const char *path = file_of("db");
	int64_t now_s = NOW_S + 200 * DAY_S;
	struct store *s;

	fill(path, NOW_S);
	s = open_good(path, true);
	for (int64_t at = 0; at <= DAY_S - 60; at += 1800)
		trim_at(s, now_s + at, 100 + at);
	/* By the steady clock a day has passed, and took its rows. */
	expect(rows_of(path) >= ROWS - 25, "%llu rows before a day is over",
	       (unsigned long long)rows_of(path));
	/* A restart does not begin anew. */
	store_close(s);
	s = open_good(path, true);
	for (int64_t at = DAY_S; at <= DAY_S + 3600; at += 1800)
		trim_at(s, now_s + at, 100 + at);
	store_close(s);
	expect_number("later", rows_of(path), 0);
}

CLAIM(size_ahead, "a file that is too large loses rows that are ahead of the "
		  "clock before the others")
{
	const char *path = file_of("db");
	struct store_time now = { NOW_S, 1000 };
	struct store *s;
	int error, steps = 0;
	struct stat st;

	fill(path, NOW_S);
	assert_int_equal(stat(path, &st), 0);
	fill(path, NOW_S + YEARS_S);
	s = open_good(path, true);
	while (store_trim(s, &now, 0, (uint64_t)st.st_size, &error) &&
	       steps++ < 10000)
		;
	store_close(s);
	expect_number("error", (uint64_t)-error, 0);
	expect_number("rows ahead",
		      (uint64_t)other_number(path, "SELECT count(*) FROM minute"
						   " WHERE minute > 30000000"),
		      0);
	expect(rows_of(path) >= ROWS / 2, "%llu rows",
	       (unsigned long long)rows_of(path));
}

/* ---- a file that is replaced ---- */

static struct attempt_event event_of(uint32_t source)
{
	return (struct attempt_event){ .time_us = NOW_S * 1000000,
				       .family = 4,
				       .source = v4(source),
				       .port = 25,
				       .outcome = OUTCOME_UNANSWERED,
				       .syns = 1 };
}

static struct recorder *recording(const char *path)
{
	struct recorder_options options = { .path = path,
					    .inputs = "eth1",
					    .say = fault_say_sentence };
	struct recorder *r;

	assert_int_equal(recorder_open(&r, &options, &why), 0);
	return r;
}

static void record(struct recorder *r, uint32_t source)
{
	struct attempt_event e = event_of(source);

	recorder_attempt(r, &e);
	recorder_tick(r, NOW_S);
	recorder_flush(r);
}

static void remove_store(const char *path)
{
	char name[600];

	unlink(path);
	snprintf(name, sizeof(name), "%s-wal", path);
	unlink(name);
	snprintf(name, sizeof(name), "%s-shm", path);
	unlink(name);
}

CLAIM(deleted, "a store that is deleted or renamed while it is written is "
	       "said, and goes on as a new one, with nothing counted twice")
{
	const char *path = file_of("db"), *away = file_of("away");

	for (int renamed = 0; renamed < 2; renamed++) {
		struct recorder *r = recording(path);
		const char *said;

		record(r, 1);
		if (renamed)
			assert_int_equal(rename(path, away), 0);
		else
			remove_store(path);
		hear();
		record(r, 2);
		record(r, 3);
		said = heard();
		expect(strstr(said, "was deleted or replaced") != NULL,
		       "said \"%s\"", said);
		assert_int_equal(recorder_close(r), 0);
		expect_number("rows of the new one", rows_of(path), 2);
		expect_number("runs",
			      (uint64_t)other_number(
				      path, "SELECT count(*) FROM run"),
			      1);
		if (renamed)
			expect_number("rows of the old one", rows_of(away), 1);
		remove_store(path);
	}
}

CLAIM(replaced, "noise in place of the store is said, stays as it is, and "
		"nothing is lost once it is gone")
{
	const char *path = file_of("db"), *noise = file_of("noise");
	struct recorder *r = recording(path);
	char bytes[5000];
	const char *said;
	int fd;

	record(r, 1);
	memset(bytes, 'x', sizeof(bytes));
	fd = open(noise, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	close(fd);
	assert_int_equal(rename(noise, path), 0);
	hear();
	record(r, 2);
	record(r, 3);
	said = heard();
	expect(strstr(said, "no database of mailwall") != NULL, "said \"%s\"",
	       said);
	remove_store(path);
	hear();
	record(r, 4);
	said = heard();
	expect(strstr(said, "is written again") != NULL, "said \"%s\"", said);
	assert_int_equal(recorder_close(r), 0);
	expect_number("rows", rows_of(path), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(clock_wrong),	   IN_FOLDER(clock_rows),
		IN_FOLDER(clock_believed), IN_FOLDER(size_ahead),
		IN_FOLDER(deleted),	   IN_FOLDER(replaced),
	};

	return cmocka_run_group_tests_name("store_time", tests, NULL, NULL);
}
