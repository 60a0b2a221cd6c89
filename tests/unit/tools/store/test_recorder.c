/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From events to the store: all of it, once, also when it cannot be written. */
#include "../../folder.h"
#include "../../../../tools/store/recorder.h"
#include "../../../../tools/store/rollup.h"
#include "../../../../tools/store/store_priv.h"
#include "../../../../tools/program/program.h"

#include <fcntl.h>

#define START  INT64_C(1771200000) /* 2026-02-16 */
#define MINUTE (START / 60)

/* ---- events ---- */

static struct addr6 v4(uint32_t address)
{
	return (struct addr6){ { (uint8_t)(address >> 24),
				 (uint8_t)(address >> 16),
				 (uint8_t)(address >> 8), (uint8_t)address } };
}

static struct attempt_event event_of(int64_t time_s, uint32_t source)
{
	return (struct attempt_event){ .time_us = time_s * 1000000,
				       .last_us = time_s * 1000000,
				       .family = 4,
				       .source = v4(source),
				       .port = 25,
				       .syns = 2,
				       .outcome = OUTCOME_UNANSWERED };
}

static void attempts(struct recorder *r, int64_t time_s, uint32_t first,
		     uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct attempt_event e = event_of(time_s, first + i);

		recorder_attempt(r, &e);
	}
}

static struct finding finding_at(int64_t time_s, uint32_t source)
{
	return (struct finding){ .detector = DETECTOR_FAST,
				 .family = 4,
				 .source = v4(source),
				 .time_us = time_s * 1000000,
				 .first_s = (uint32_t)time_s,
				 .last_s = (uint32_t)time_s,
				 .port = 25,
				 .n_examples = 1,
				 .examples = { v4(0xc0000201) } };
}

static struct recorder *open_good(const struct recorder_options *options)
{
	struct recorder_options heard_by = *options;
	struct recorder *r;

	heard_by.say = fault_say_sentence;
	assert_int_equal(recorder_open(&r, &heard_by, &why), 0);
	/* Off in a store; here they make a transaction fail. */
	sqlite3_db_config(recorder_store(r)->db, SQLITE_DBCONFIG_ENABLE_TRIGGER,
			  1, NULL);
	return r;
}

/* The writer has done what it was handed. */
static void settle(struct recorder *r)
{
	recorder_submit(r);
	recorder_submit(r);
}

static uint64_t number(const char *path, const char *sql)
{
	return (uint64_t)other_number(path, sql);
}

static const char sum_minutes[] =
	"SELECT coalesce(sum(attempts), 0) FROM minute";
static const char sum_days[] = "SELECT coalesce(sum(attempts), 0) FROM day";

static const char no_rows[] = "CREATE TRIGGER no BEFORE INSERT ON minute BEGIN"
			      " SELECT RAISE(ABORT, 'the disk is tired'); END";

static unsigned int times(const char *text, const char *part)
{
	unsigned int n = 0;

	for (; (text = strstr(text, part)); text += strlen(part))
		n++;
	return n;
}

/* ---- without a thread ---- */

CLAIM(flushed, "what is flushed is there: attempts by all that they differ "
	       "in, an IPv6 source as its /64, and findings")
{
	struct recorder_options options = { .path = file_of("db") };
	struct recorder *r = open_good(&options);
	struct recorder_state state;
	struct clause decided = { .id = "p:5" };
	struct attempt_event e = event_of(START, 1);
	struct finding f = finding_at(START, 1);

	recorder_attempt(r, &e);
	recorder_attempt(r, &e);
	e.decided = &decided;
	recorder_attempt(r, &e);
	e.clause = "q:9";
	e.outcome = OUTCOME_BLOCKED;
	recorder_attempt(r, &e);
	e.family = 6;
	memset(e.source.byte, 0x20, 16);
	recorder_attempt(r, &e);
	e.source.byte[15]++;
	recorder_attempt(r, &e);
	recorder_finding(r, &f);
	assert_int_equal(recorder_flush(r), 0);
	recorder_state(r, &state);
	expect_number("rows", state.rows, 4);
	expect_number("errors", state.errors, 0);
	expect_number("a store", recorder_store(r) != NULL, 1);
	assert_int_equal(recorder_close(r), 0);
	expect_number("minutes", number(options.path, sum_minutes), 6);
	expect_number("days", number(options.path, sum_days), 6);
	expect_number("sources",
		      number(options.path, "SELECT count(*) FROM source"), 2);
	expect_number("of p:5",
		      number(options.path,
			     "SELECT sum(attempts) FROM minute JOIN what ON"
			     " what.number = what JOIN clause ON clause.number"
			     " = clause WHERE id = 'p:5'"),
		      1);
	expect_number("of q:9",
		      number(options.path,
			     "SELECT sum(attempts) FROM minute JOIN what ON"
			     " what.number = what JOIN clause ON clause.number"
			     " = clause WHERE id = 'q:9' AND outcome = 4"),
		      3);
	expect_number("examples",
		      number(options.path, "SELECT count(*) FROM finding WHERE"
					   " examples = ''"),
		      1);
	expect_number("runs", number(options.path, "SELECT count(*) FROM run"),
		      0);
}

CLAIM(examples, "examples of findings are kept if that is wished")
{
	struct recorder_options options = { .path = file_of("db"),
					    .keep_destinations = true };
	struct recorder *r = open_good(&options);
	struct finding f = finding_at(START, 1);

	recorder_finding(r, &f);
	assert_int_equal(recorder_close(r), 0);
	expect_number("examples",
		      number(options.path, "SELECT count(*) FROM finding WHERE"
					   " examples = '192.0.2.1'"),
		      1);
}

CLAIM(closed, "closing writes what is left")
{
	struct recorder_options options = { .path = file_of("db") };
	struct recorder *r = open_good(&options);

	attempts(r, START, 0, 100);
	assert_int_equal(recorder_close(r), 0);
	expect_number("minutes", number(options.path, sum_minutes), 100);
}

CLAIM(closed_early, "a monitor that ends within its first second leaves what "
		    "it saw, and its run if that is noted")
{
	struct recorder_options options = { .path = file_of("db"),
					    .inputs = "eth1" };
	struct recorder *r = open_good(&options);
	const char *said;
	int code;

	attempts(r, START, 0, 10);
	hear();
	code = recorder_close(r);
	said = heard();
	expect(!code, "error %d: %s", code, said);
	expect_number("minutes", number(options.path, sum_minutes), 10);
}

CLAIM(flush_fails, "when a flush fails it is said once and nothing is lost or "
		   "doubled, whatever comes before the next one")
{
	struct recorder_options options = { .path = file_of("db") };
	struct recorder *r = open_good(&options);
	struct recorder_state state;
	uint64_t in = 0;
	const char *said;

	other(options.path, no_rows);
	hear();
	for (uint32_t turn = 0; turn < 4; turn++) {
		/*
		 * The last of the first batch, and of its order as well, so
		 * that it stays where it was while those before it are folded.
		 */
		if (turn)
			attempts(r, START + 60, 0xf0000000, 1);
		attempts(r, START, 0, 5000);
		attempts(r, START, 10000, 5000);
		if (!turn)
			attempts(r, START + 60, 0xf0000000, 1);
		in += 10001;
		expect(recorder_flush(r) < 0, "a flush went well");
	}
	said = heard();
	expect(times(said, "the disk is tired") == 1 && times(said, "\n") == 1,
	       "said \"%s\"", said);
	recorder_state(r, &state);
	expect(state.failing && state.errors == 4, "%llu errors",
	       (unsigned long long)state.errors);
	expect_number("while it fails", number(options.path, sum_minutes), 0);
	other(options.path, "DROP TRIGGER no");
	hear();
	assert_int_equal(recorder_flush(r), 0);
	said = heard();
	expect(strstr(said, "is written again") != NULL, "said \"%s\"", said);
	recorder_state(r, &state);
	expect(!state.failing, "it is failing");
	assert_int_equal(recorder_close(r), 0);
	expect_number("minutes", number(options.path, sum_minutes), in);
	expect_number("days", number(options.path, sum_days), in);
}

CLAIM(flush_fails_bound, "a minute keeps its bound after a flush that failed")
{
	struct recorder_options options = { .path = file_of("db") };
	struct recorder *r = open_good(&options);

	other(options.path, no_rows);
	attempts(r, START, 0, 1);
	hear();
	recorder_flush(r);
	other(options.path, "DROP TRIGGER no");
	attempts(r, START, 0, 30000);
	assert_int_equal(recorder_close(r), 0);
	heard();
	expect_number("minutes", number(options.path, sum_minutes), 30001);
	expect(number(options.path, "SELECT count(*) FROM minute") <=
		       ROLLUP_MINUTE_ROWS + 1,
	       "%llu rows",
	       (unsigned long long)number(options.path,
					  "SELECT count(*) FROM minute"));
}

/* ---- with one ---- */

CLAIM(passed, "what is passed and handed on is written once, whatever the "
	      "writer is busy with")
{
	struct recorder_options options = { .path = file_of("db"),
					    .inputs = "eth1" };
	struct recorder *r = open_good(&options);
	struct recorder_state state;
	uint64_t seed = 5, in = 0;

	for (int turn = 0; turn < 300; turn++) {
		uint32_t n = (uint32_t)(chance(&seed) % 400);
		struct finding f = finding_at(START + turn, n);

		attempts(r, START + turn, n * 3, n);
		in += n;
		recorder_finding(r, &f);
		if (turn % 50 == 49)
			recorder_submit(r);
		else
			recorder_tick(r, START + turn);
	}
	settle(r);
	recorder_state(r, &state);
	expect_number("errors", state.errors, 0);
	expect_number("handed", number(options.path, sum_minutes), in);
	attempts(r, START, 7, 7);
	assert_int_equal(recorder_close(r), 0);
	expect_number("minutes", number(options.path, sum_minutes), in + 7);
	expect_number("days", number(options.path, sum_days), in + 7);
	expect_number("findings",
		      number(options.path, "SELECT count(*) FROM finding"),
		      300);
	expect_number("runs", number(options.path, "SELECT count(*) FROM run"),
		      1);
}

CLAIM(one_run,
      "a run is one row from the first pass to the last, with what was "
      "lost")
{
	struct recorder_options options = { .path = file_of("db"),
					    .inputs = "eth1 nflog:25" };

	for (int turn = 0; turn < 2; turn++) {
		struct recorder *r = open_good(&options);

		for (int i = 0; i < 10; i++) {
			recorder_losses(r, 10 + (uint64_t)i, 100 + (uint64_t)i);
			recorder_tick(r, START + turn * 1000 + i);
			if (i % 2)
				settle(r);
		}
		assert_int_equal(recorder_close(r), 0);
	}
	expect_number("runs", number(options.path, "SELECT count(*) FROM run"),
		      2);
	expect_number("as they were",
		      number(options.path,
			     "SELECT count(*) FROM run WHERE lost = 19 AND"
			     " unlogged = 109 AND last = start + 9 AND"
			     " inputs = 'eth1 nflog:25' AND start IN"
			     " (1771200000, 1771201000)"),
		      2);
}

CLAIM(writer_fails, "while the writer fails rows wait, it is said once, the "
		    "run stays one, and later all is written once")
{
	struct recorder_options options = { .path = file_of("db"),
					    .inputs = "eth1" };
	struct recorder *r = open_good(&options);
	struct recorder_state state;
	uint64_t in = 0;
	const char *said;

	attempts(r, START, 1, 5);
	in += 5;
	recorder_tick(r, START);
	settle(r);
	other(options.path, no_rows);
	hear();
	for (int turn = 1; turn < 20; turn++) {
		struct finding f = finding_at(START + turn, 1);

		attempts(r, START + turn, 1, 500);
		recorder_finding(r, &f);
		in += 500;
		recorder_tick(r, START + turn);
		recorder_submit(r);
	}
	recorder_state(r, &state);
	said = heard();
	expect(state.failing && state.errors, "it is not failing");
	expect_number("errors said", times(said, "the disk is tired"), 1);
	expect_number("meanwhile", number(options.path, sum_minutes), 5);
	other(options.path, "DROP TRIGGER no");
	hear();
	recorder_tick(r, START + 20);
	settle(r);
	settle(r);
	said = heard();
	expect_number("said again", times(said, "is written again"), 1);
	recorder_state(r, &state);
	expect(!state.failing, "it is failing");
	assert_int_equal(recorder_close(r), 0);
	expect_number("minutes", number(options.path, sum_minutes), in);
	expect_number("days", number(options.path, sum_days), in);
	expect_number("findings",
		      number(options.path, "SELECT count(*) FROM finding"), 19);
	expect_number("runs", number(options.path, "SELECT count(*) FROM run"),
		      1);
}

CLAIM(close_fails, "closing while it cannot be written is refused")
{
	struct recorder_options options = { .path = file_of("db") };
	struct recorder *r = open_good(&options);

	other(options.path, no_rows);
	attempts(r, START, 1, 5);
	hear();
	recorder_tick(r, START);
	expect(recorder_close(r) < 0, "the last rows were written");
	heard();
	expect_number("minutes", number(options.path, sum_minutes), 0);
}

CLAIM(flood, "a flood while the disk is slow folds sources, and counts what "
	     "it folded")
{
	struct recorder_options options = { .path = file_of("db") };
	struct recorder *r = open_good(&options);
	struct recorder_state state;

	other(options.path, no_rows);
	hear();
	attempts(r, START, 1, 10);
	recorder_tick(r, START);
	attempts(r, START, 0, 200000);
	recorder_submit(r);
	other(options.path, "DROP TRIGGER no");
	settle(r);
	settle(r);
	heard();
	recorder_state(r, &state);
	assert_int_equal(recorder_close(r), 0);
	expect_number("minutes", number(options.path, sum_minutes), 200010);
	expect_number("folded",
		      number(options.path,
			     "SELECT sum(attempts) FROM minute WHERE"
			     " source = 0"),
		      state.folded);
	expect(number(options.path, "SELECT count(*) FROM minute") <=
		       ROLLUP_MINUTE_ROWS + 1,
	       "too many rows");
}

CLAIM(findings_many, "findings beyond what there is room for are counted")
{
	struct recorder_options options = { .path = file_of("db") };
	struct recorder *r = open_good(&options);
	struct recorder_state state;
	const char *said;

	for (int i = 0; i < 5000; i++) {
		struct finding f = finding_at(START + i, 1);

		recorder_finding(r, &f);
	}
	hear();
	recorder_flush(r);
	said = heard();
	recorder_state(r, &state);
	expect(strstr(said, "findings were left out") != NULL, "said \"%s\"",
	       said);
	assert_int_equal(recorder_close(r), 0);
	expect_number("all",
		      state.dropped + number(options.path,
					     "SELECT count(*) FROM"
					     " finding"),
		      5000);
	expect(state.dropped && state.dropped < 1000, "%llu dropped",
	       (unsigned long long)state.dropped);
}

CLAIM(trims, "what is too old goes by itself while it runs")
{
	struct recorder_options options = { .path = file_of("db"),
					    .keep_s = 86400 };
	struct recorder *r = open_good(&options);

	attempts(r, START - 40 * 86400, 1, 5);
	attempts(r, START, 1, 5);
	for (int i = 0; i < 10; i++) {
		recorder_tick(r, START + 100 + i);
		recorder_flush(r);
	}
	assert_int_equal(recorder_close(r), 0);
	expect_number("minutes", number(options.path, sum_minutes), 5);
	expect_number("days", number(options.path, sum_days), 5);
}

/* ---- what is told early ---- */

static const char hours_off[] =
	"SELECT count(*) FROM minute WHERE attempts < 0";

CLAIM(early, "an attempt that is told early and again at its end is one, with "
	     "its last outcome and all of its SYNs")
{
	static const struct {
		enum outcome early, last;
		uint16_t syns;
	} rows[] = {
		{ OUTCOME_UNANSWERED, OUTCOME_UNANSWERED, 1 },
		{ OUTCOME_UNANSWERED, OUTCOME_UNANSWERED, 4 },
		{ OUTCOME_UNANSWERED, OUTCOME_ANSWERED, 1 },
		{ OUTCOME_UNANSWERED, OUTCOME_BLOCKED, 3 },
		{ OUTCOME_BLOCKED, OUTCOME_BLOCKED, 5 },
	};

	for (size_t i = 0; i < 2 * COUNT(rows); i++) {
		struct recorder_options options = { .path = file_of("db") };
		struct recorder *r;
		struct clause decided = { .id = "p:5" };
		struct attempt_event e = event_of(START, 1);
		char sql[200];

		unlink(options.path);
		r = open_good(&options);
		e.outcome = rows[i / 2].early;
		e.syns = 1;
		e.decided = &decided;
		if (e.outcome == OUTCOME_BLOCKED)
			e.clause = "q:1";
		recorder_early(r, &e);
		if (i % 2)
			assert_int_equal(recorder_flush(r), 0);
		e.was_early = true;
		e.early_outcome = e.outcome;
		e.outcome = rows[i / 2].last;
		if (e.outcome == OUTCOME_BLOCKED)
			e.clause = "q:1";
		e.syns = rows[i / 2].syns;
		recorder_attempt(r, &e);
		assert_int_equal(recorder_close(r), 0);
		expect_number("minutes", number(options.path, sum_minutes), 1);
		expect_number("days", number(options.path, sum_days), 1);
		snprintf(sql, sizeof(sql),
			 "SELECT sum(attempts * 1000 + syns) FROM minute JOIN"
			 " what ON what.number = what WHERE outcome = %d AND"
			 " source = 1",
			 rows[i / 2].last);
		expect_number("attempts and SYNs", number(options.path, sql),
			      1000 + rows[i / 2].syns);
		expect_number("below 0", number(options.path, hours_off), 0);
	}
}

CLAIM(early_reload, "what was told early is taken back from where it went, "
		    "also when another policy decides at its end")
{
	struct recorder_options options = { .path = file_of("db") };
	struct recorder *r = open_good(&options);
	struct clause before = { .id = "p:5" }, after = { .id = "p:7" };
	struct attempt_event e = event_of(START, 1);

	e.decided = &before;
	recorder_early(r, &e);
	assert_int_equal(recorder_flush(r), 0);
	e.was_early = true;
	e.early_outcome = e.outcome;
	e.outcome = OUTCOME_ANSWERED;
	e.decided = &after;
	recorder_attempt(r, &e);
	assert_int_equal(recorder_close(r), 0);
	expect_number("minutes", number(options.path, sum_minutes), 1);
	expect_number("answered",
		      number(options.path,
			     "SELECT sum(attempts) FROM minute JOIN what ON"
			     " what.number = what WHERE outcome = 1"),
		      1);
	expect_number("below 0", number(options.path, hours_off), 0);
}

/* Tells attempts of n sources early, or at their end: blocked. */
static void early_attempts(struct recorder *r, uint32_t n, uint32_t sources,
			   bool end)
{
	struct attempt_event e = event_of(START, 0);

	e.syns = 1;
	for (uint32_t i = 0; i < n; i++) {
		e.source = v4(i % sources);
		e.was_early = end;
		e.early_outcome = OUTCOME_ICMP_REFUSED;
		e.outcome = end ? OUTCOME_BLOCKED : OUTCOME_ICMP_REFUSED;
		if (end)
			recorder_attempt(r, &e);
		else
			recorder_early(r, &e);
	}
}

static uint64_t number_of(const char *path, enum outcome outcome)
{
	char sql[200];

	snprintf(sql, sizeof(sql),
		 "SELECT coalesce(sum(attempts), 0) FROM minute JOIN what ON"
		 " what.number = what WHERE outcome = %d",
		 (int)outcome);
	return number(path, sql);
}

CLAIM(early_many,
      "however many outcomes change within a second, in a flood of "
      "sources or of one, each is the last or is counted, and a minute "
      "keeps its bound")
{
	enum { N = 150000 };
	const uint32_t sources[] = { 1, N };

	for (size_t i = 0; i < COUNT(sources); i++) {
		struct recorder_options options = { .path = file_of("db") };
		struct recorder *r;
		struct recorder_state state;

		unlink(options.path);
		r = open_good(&options);
		hear();
		early_attempts(r, N, sources[i], false);
		settle(r);
		early_attempts(r, N, sources[i], true);
		settle(r);
		recorder_state(r, &state);
		assert_int_equal(recorder_close(r), 0);
		heard();
		expect_number("at first",
			      number_of(options.path, OUTCOME_ICMP_REFUSED),
			      state.stale);
		expect_number("blocked",
			      number_of(options.path, OUTCOME_BLOCKED),
			      N - state.stale);
		expect(number(options.path, "SELECT count(*) FROM minute") <=
			       2 * (ROLLUP_MINUTE_ROWS + 1),
		       "too many rows");
		expect_number("below 0", number(options.path, hours_off), 0);
	}
}

CLAIM(early_no_room, "where nothing can be written, outcomes that change "
		     "beyond what there is room for are counted, and it is "
		     "said")
{
	struct recorder_options options = { .path = file_of("db") };
	struct recorder *r = open_good(&options);
	struct recorder_state state;
	const char *said;

	early_attempts(r, 150000, 1, false);
	assert_int_equal(recorder_flush(r), 0);
	other(options.path, no_rows);
	hear();
	attempts(r, START, 1, 1);
	early_attempts(r, 150000, 1, true);
	recorder_flush(r);
	said = heard();
	recorder_state(r, &state);
	expect(state.stale && strstr(said, "outcome that they had at first"),
	       "%llu: %s", (unsigned long long)state.stale, said);
	other(options.path, "DROP TRIGGER no");
	hear();
	assert_int_equal(recorder_close(r), 0);
	heard();
	expect_number("at first", number_of(options.path, OUTCOME_ICMP_REFUSED),
		      state.stale);
	expect_number("blocked", number_of(options.path, OUTCOME_BLOCKED),
		      150000 - state.stale);
}

CLAIM(early_long, "what was told early is taken back from where it went, also "
		  "when the connection lasts an hour")
{
	struct recorder_options options = { .path = file_of("db") };
	struct recorder *r = open_good(&options);
	struct attempt_event e = event_of(START, 1);

	e.syns = 1;
	recorder_early(r, &e);
	assert_int_equal(recorder_flush(r), 0);
	for (int i = 1; i < 60; i++) {
		attempts(r, START + i * 60, 100, 1);
		assert_int_equal(recorder_flush(r), 0);
	}
	e.was_early = true;
	e.early_outcome = e.outcome;
	e.outcome = OUTCOME_ANSWERED;
	recorder_attempt(r, &e);
	assert_int_equal(recorder_close(r), 0);
	expect_number("minutes", number(options.path, sum_minutes), 60);
	expect_number("below 0", number(options.path, hours_off), 0);
}

/* ---- opening ---- */

CLAIM(no_store, "without a store there is no recorder, and it is said")
{
	struct recorder_options options = { .path = file_of("none/db") };
	struct recorder *r = (struct recorder *)&options;
	int error;

	error = recorder_open(&r, &options, &why);
	expect(error == -ENOENT && !r && strstr(why.text, "cannot open"),
	       "error %d: %s", error, why.text);
}

#define IN_FOLDER(fn)                                                          \
	{                                                                      \
		fn##_claim, fn##_test, make_folder, remove_folder, NULL        \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(flushed),	 IN_FOLDER(examples),
		IN_FOLDER(closed),	 IN_FOLDER(closed_early),
		IN_FOLDER(flush_fails),	 IN_FOLDER(flush_fails_bound),
		IN_FOLDER(passed),	 IN_FOLDER(one_run),
		IN_FOLDER(writer_fails), IN_FOLDER(close_fails),
		IN_FOLDER(flood),	 IN_FOLDER(findings_many),
		IN_FOLDER(trims),	 IN_FOLDER(early),
		IN_FOLDER(early_reload), IN_FOLDER(early_long),
		IN_FOLDER(early_many),	 IN_FOLDER(early_no_room),
		IN_FOLDER(no_store),
	};

	return cmocka_run_group_tests_name("recorder", tests, NULL, NULL);
}
