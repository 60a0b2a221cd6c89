/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is put into a store, and what comes out. */
#include "../../store_facts.h"

/* ---- there and back ---- */

CLAIM(same, "rows come back as they went in: IPv4, an IPv6 /64, folded ones, "
	    "every outcome, ports and counts at their ends")
{
	const char *path = file_of("db");
	struct store *s = open_good(path, true);
	struct store_row rows[] = {
		{ MINUTE, 4, v4(0xc0000201), 25, OUTCOME_UNANSWERED, false, "",
		  1, 3 },
		{ MINUTE, 4, v4(0xffffffff), 65535, OUTCOME_ANSWERED, false,
		  "residential:17", INT32_MAX, INT32_MAX },
		{ MINUTE, 4, v4(0), 0, OUTCOME_REFUSED, false, "a b\"'\\%", 2,
		  2 },
		{ MINUTE + 59, 6, v6(0x20010db800010002), 587,
		  OUTCOME_ICMP_REFUSED, false, "", 7, 8 },
		{ MINUTE + 60, 6, v6(0xc000020100000000), 25, OUTCOME_BLOCKED,
		  false, "residential:17", 9, 9 },
		{ MINUTE + 1439, 0, v4(0), 25, OUTCOME_BLOCKED, false, "", 500,
		  600 },
	};

	put_good(s, rows, COUNT(rows));
	store_close(s);
	expect_facts(
		path, "rows",
		"day 20500 0.0.0.0 :0 refused [a b\"'\\%] 2 2 0:2\n"
		"day 20500 192.0.2.1 :25 unanswered [] 1 3 0:1\n"
		"day 20500 2001:db8:1:2::/64 :587 icmp-refused [] 7 8 0:7\n"
		"day 20500 255.255.255.255 :65535 answered [residential:17] "
		"2147483647 2147483647 0:2147483647\n"
		"day 20500 c000:201::/64 :25 blocked [residential:17] 9 9 1:9\n"
		"day 20500 others :25 blocked [] 500 600 23:500\n"
		"minute 29520000 0.0.0.0 :0 refused [a b\"'\\%] 2 2\n"
		"minute 29520000 192.0.2.1 :25 unanswered [] 1 3\n"
		"minute 29520000 255.255.255.255 :65535 answered "
		"[residential:17] 2147483647 2147483647\n"
		"minute 29520059 2001:db8:1:2::/64 :587 icmp-refused [] 7 8\n"
		"minute 29520060 c000:201::/64 :25 blocked [residential:17] 9 "
		"9\n"
		"minute 29521439 others :25 blocked [] 500 600\n"
		"source 0.0.0.0 1771200000 1771200059\n"
		"source 192.0.2.1 1771200000 1771200059\n"
		"source 2001:db8:1:2::/64 1771203540 1771203599\n"
		"source 255.255.255.255 1771200000 1771200059\n"
		"source c000:201::/64 1771203600 1771203659\n");
}

CLAIM(rollup, "the same again adds up, in the minute, the day and its hour, "
	      "within a transaction, beyond it and beyond a restart")
{
	const char *path = file_of("db");
	struct store *s = open_good(path, true);
	struct store_row row = row_of(MINUTE + 61, 0x0a000001, 127), more = row;

	put_good(s, &row, 1);
	row.attempts = 1;
	put_good(s, (struct store_row[]){ row, row }, 2);
	more.minute += 1;
	put_good(s, &more, 1);
	more.minute = MINUTE + 1439;
	put_good(s, (struct store_row[]){ more, row }, 2);
	store_close(s);
	s = open_good(path, true);
	more.minute = MINUTE + 1440;
	put_good(s, (struct store_row[]){ row, more, row }, 3);
	more.minute = MINUTE - 1;
	put_good(s, &more, 1);
	store_close(s);
	expect_facts(
		path, "sums",
		"day 20499 10.0.0.1 :25 unanswered [] 127 127 23:127\n"
		"day 20500 10.0.0.1 :25 unanswered [] 386 1016 1:259 23:127\n"
		"day 20501 10.0.0.1 :25 unanswered [] 127 127 0:127\n"
		"minute 29519999 10.0.0.1 :25 unanswered [] 127 127\n"
		"minute 29520061 10.0.0.1 :25 unanswered [] 132 762\n"
		"minute 29520062 10.0.0.1 :25 unanswered [] 127 127\n"
		"minute 29521439 10.0.0.1 :25 unanswered [] 127 127\n"
		"minute 29521440 10.0.0.1 :25 unanswered [] 127 127\n"
		"source 10.0.0.1 1771199940 1771286459\n");
}

CLAIM(taken_back, "what is taken back is gone, in the same transaction or a "
		  "later one, in the minute, the day and its hour")
{
	const char *path = file_of("db");
	struct store *s = open_good(path, true);
	struct store_row one = row_of(MINUTE, 1, 200),
			 back = row_of(MINUTE, 1, -1);
	struct store_row syn = row_of(MINUTE, 1, 0);

	syn.syns = 3;
	back.minute += 60;
	put_good(s, &one, 1);
	one.minute += 60;
	put_good(s, (struct store_row[]){ one, back }, 2);
	put_good(s, (struct store_row[]){ back, syn }, 2);
	for (int i = 0; i < 198; i++)
		put_good(s, &back, 1);
	store_close(s);
	expect_facts(path, "back",
		     "day 20500 0.0.0.1 :25 unanswered [] 200 203 0:200\n"
		     "minute 29520000 0.0.0.1 :25 unanswered [] 200 203\n"
		     "minute 29520060 0.0.0.1 :25 unanswered [] 0 0\n"
		     "source 0.0.0.1 1771200000 1771203659\n");
}

CLAIM(clauses, "clauses of any length are told apart, those that agree in "
	       "127 bytes as well")
{
	const char *path = file_of("db");
	struct store *s = open_good(path, true);
	static char names[6][400];
	static const size_t lengths[] = { 1, 126, 127, 128, 129, 399 };
	struct text want;

	for (int turn = 0; turn < 2; turn++)
		for (size_t i = 0; i < COUNT(names); i++) {
			struct store_row row = row_of(MINUTE, 1, 1);

			memset(names[i], 'x', lengths[i]);
			row.clause = names[i];
			put_good(s, (struct store_row[]){ row, row }, 2);
		}
	store_close(s);
	text_open(&want);
	fprintf(want.file, "source 0.0.0.1 1771200000 1771200059\n");
	for (size_t i = 0; i < COUNT(names); i++) {
		fprintf(want.file,
			"minute 29520000 0.0.0.1 :25 unanswered [%s] 4 4\n",
			names[i]);
		fprintf(want.file,
			"day 20500 0.0.0.1 :25 unanswered [%s] 4 4 0:4\n",
			names[i]);
	}
	text_done(&want);
	char *lines = sorted(want.bytes);
	expect_facts(path, "long names", lines);
	free(lines);
	free(want.bytes);
}

CLAIM(clause_limit, "beyond ten thousand clauses all new ones are one, and "
		    "take no room")
{
	const char *path = file_of("db");
	struct store *s = open_good(path, true);
	int64_t n;

	store_begin(s);
	for (unsigned int i = 0; i < 11000; i++) {
		struct store_row row = row_of(MINUTE, 1, 1);
		char name[32];

		snprintf(name, sizeof(name), "p:%u", i);
		row.clause = name;
		store_add(s, &row);
	}
	assert_int_equal(store_end(s), 0);
	store_close(s);
	expect_number("attempts",
		      (uint64_t)other_number(
			      path, "SELECT sum(attempts) FROM minute"),
		      11000);
	expect_number("of the last ones",
		      (uint64_t)other_number(
			      path,
			      "SELECT attempts FROM minute JOIN what ON"
			      " what.number = what JOIN clause ON"
			      " clause.number = clause WHERE id = 'other'"),
		      1000);
	n = other_number(path, "SELECT count(*) FROM clause");
	expect(n <= 10001, "11000 clauses make %lld rows of clause",
	       (long long)n);
}

/* ---- hours ---- */

CLAIM(hours, "24 hours and their blob are the same, at every length that a "
	     "number has")
{
	static const uint32_t values[] = { 0,	      1,	 126,
					   127,	      128,	 129,
					   16383,     16384,	 2097151,
					   2097152,   268435455, 268435456,
					   INT32_MAX, 1u << 31u, UINT32_MAX };
	uint64_t seed = 7;

	for (unsigned int turn = 0; turn < 2000; turn++) {
		uint32_t in[24], out[24];
		uint8_t blob[HOURS_BYTES + 1];
		size_t len;

		for (int h = 0; h < 24; h++) {
			uint64_t r = chance(&seed);

			in[h] = turn < COUNT(values) ? values[turn] :
				turn % 2 ? values[r % COUNT(values)] :
					   (uint32_t)(r >> (r % 64));
		}
		blob[HOURS_BYTES] = 0xa5;
		len = hours_pack(in, blob);
		expect(len <= HOURS_BYTES && blob[HOURS_BYTES] == 0xa5,
		       "turn %u: %zu bytes", turn, len);
		hours_unpack(blob, len, out);
		expect(!memcmp(in, out, sizeof(in)), "turn %u differs", turn);
		if (turn < COUNT(values) && values[turn])
			expect(len == 24 * (values[turn] < 128	     ? 2u :
					    values[turn] < 16384     ? 3u :
					    values[turn] < 2097152   ? 4u :
					    values[turn] < 268435456 ? 5u :
								       6u),
			       "24 times %u are %zu bytes", values[turn], len);
	}
}

CLAIM(hours_wild, "a blob of any bytes is read without harm, and hours beyond "
		  "23 count for nothing")
{
	uint64_t seed = 11;
	uint32_t out[24];

	for (unsigned int turn = 0; turn < 20000; turn++) {
		size_t len = chance(&seed) % 200;
		uint8_t *blob = malloc(len ? len : 1);

		for (size_t i = 0; i < len; i++)
			blob[i] = (uint8_t)chance(&seed);
		hours_unpack(blob, len, out);
		free(blob);
	}
	hours_unpack((const uint8_t[]){ 24, 5, 255, 6, 3, 7, 23 }, 7, out);
	for (int h = 0; h < 24; h++)
		expect(out[h] == (h == 3 ? 7 : 0), "hour %d is %u", h, out[h]);
	hours_unpack((const uint8_t[]){ 1, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 9 },
		     8, out);
	expect_number("the hour behind one too long", out[2], 9);
	hours_unpack((const uint8_t[]){ 1, 2, 1, 3 }, 4, out);
	expect_number("an hour twice", out[1], 5);
}

/* ---- many ---- */

CLAIM(many, "more sources and days than are kept in memory still add up, and "
	    "so do the times of sources")
{
	enum { SOURCES = 30000, ROWS = 60000 };
	const char *path = file_of("db");
	struct store *s = open_good(path, true);
	uint32_t *model = calloc(SOURCES, sizeof(*model));
	uint64_t seed = 3, total = 0;
	sqlite3 *db;
	sqlite3_stmt *q;

	for (int turn = 0; turn < 3; turn++) {
		store_begin(s);
		for (int i = 0; i < ROWS / 3; i++) {
			uint32_t n = (uint32_t)(chance(&seed) % SOURCES);
			int32_t hits = (int32_t)(chance(&seed) % 300) + 1;
			struct store_row row =
				row_of(MINUTE + (int64_t)(chance(&seed) % 4000),
				       0x0a000000 + n, hits);

			row.port = chance(&seed) % 2 ? 25 : 587;
			store_add(s, &row);
			model[n] += (uint32_t)hits;
			total += (uint64_t)hits;
		}
		assert_int_equal(store_end(s), 0);
	}
	store_close(s);
	expect_number("attempts",
		      (uint64_t)other_number(
			      path, "SELECT sum(attempts) FROM minute"),
		      total);
	expect_number(
		"days that are not the sum of their minutes",
		(uint64_t)other_number(
			path,
			"SELECT count(*) FROM (SELECT minute / 1440 d, source,"
			" what, sum(attempts) a, sum(syns) s FROM minute"
			" GROUP BY 1, 2, 3) m FULL JOIN day ON day.day = m.d"
			" AND day.source = m.source AND day.what = m.what"
			" WHERE m.a IS NOT day.attempts OR"
			" m.s IS NOT day.syns"),
		0);
	expect_number(
		"sources with other times than their minutes",
		(uint64_t)other_number(
			path,
			"SELECT count(*) FROM source LEFT JOIN (SELECT source,"
			" min(minute) * 60 f, max(minute) * 60 + 59 l FROM"
			" minute GROUP BY 1) m ON m.source = source.number"
			" WHERE f IS NOT first OR l IS NOT last"),
		0);
	db = other_open(path);
	sqlite3_prepare_v2(db,
			   "SELECT address, sum(attempts) FROM minute JOIN"
			   " source ON source.number = source GROUP BY 1",
			   -1, &q, NULL);
	while (sqlite3_step(q) == SQLITE_ROW) {
		const uint8_t *b = sqlite3_column_blob(q, 0);
		uint32_t n = ((uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
			      (uint32_t)b[2] << 8 | b[3]) -
			     0x0a000000;

		assert_true(n < SOURCES);
		expect(model[n] == sqlite3_column_int64(q, 1),
		       "source %u: got %lld want %u", n,
		       (long long)sqlite3_column_int64(q, 1), model[n]);
		model[n] = 0;
	}
	sqlite3_finalize(q);
	sqlite3_close(db);
	for (uint32_t n = 0; n < SOURCES; n++)
		expect(!model[n], "source %u is not there", n);
	free(model);
}

/* ---- what fails ---- */

static int put_nine(const char *path)
{
	struct store_row row = row_of(MINUTE, 0x0a000009, 9);
	struct store *s;
	int error;

	row.clause = "q:9";
	if (store_open(path, true, &s, &why))
		return 1;
	error = put(s, &row, 1);
	store_close(s);
	return error != 0;
}

CLAIM(rolled_back, "of a transaction that fails nothing stays, neither in the "
		   "file nor of the numbers that it gave")
{
	const char *path = file_of("db");
	struct child two = child_new(put_nine, path);
	struct store *s = open_good(path, true);
	struct store_row first = row_of(MINUTE, 0x0a000001, 1);
	struct store_row rows[3] = { row_of(MINUTE, 0x0a000002, 2),
				     row_of(MINUTE, 0x0a000003, 3),
				     row_of(MINUTE, 0x0a000004, 666) };
	int error;

	rows[0].clause = "p:1";
	rows[1].clause = "p:2";
	put_good(s, &first, 1);
	let_triggers(s);
	other(path, "CREATE TRIGGER no BEFORE INSERT ON minute WHEN"
		    " new.attempts = 666 BEGIN"
		    " SELECT RAISE(ABORT, 'out of luck'); END");
	error = put(s, rows, 3);
	expect(error < 0, "it returned %d", error);
	expect_text("why", store_why(s), "out of luck");
	other(path, "DROP TRIGGER no");
	expect_facts(path, "after it failed", two_rows);
	/* Another one takes the numbers that were given. */
	assert_int_equal(child_run(&two), 0);
	put_good(s, rows, 2);
	store_close(s);
	expect_facts(path, "again",
		     "day 20500 10.0.0.1 :25 unanswered [] 1 1 0:1\n"
		     "day 20500 10.0.0.2 :25 unanswered [p:1] 2 2 0:2\n"
		     "day 20500 10.0.0.3 :25 unanswered [p:2] 3 3 0:3\n"
		     "day 20500 10.0.0.9 :25 unanswered [q:9] 9 9 0:9\n"
		     "minute 29520000 10.0.0.1 :25 unanswered [] 1 1\n"
		     "minute 29520000 10.0.0.2 :25 unanswered [p:1] 2 2\n"
		     "minute 29520000 10.0.0.3 :25 unanswered [p:2] 3 3\n"
		     "minute 29520000 10.0.0.9 :25 unanswered [q:9] 9 9\n"
		     "source 10.0.0.1 1771200000 1771200059\n"
		     "source 10.0.0.2 1771200000 1771200059\n"
		     "source 10.0.0.3 1771200000 1771200059\n"
		     "source 10.0.0.9 1771200000 1771200059\n");
}

CLAIM(full, "a full disk is -ENOSPC; with room again the same rows are "
	    "written once")
{
	const char *path = file_of("db");
	struct store *s = open_good(path, true);
	uint64_t total = 0;

	for (int turn = 0; turn < 6; turn++) {
		bool no_room = turn % 2 == 0;
		int error;

		other_run(s->db, no_room ? "PRAGMA max_page_count = 60" :
					   "PRAGMA max_page_count = 100000");
		store_begin(s);
		for (uint32_t i = 0; i < 8000; i++) {
			struct store_row row = row_of(MINUTE + turn / 2, i, 2);

			store_add(s, &row);
		}
		error = store_end(s);
		expect(error == (no_room ? -ENOSPC : 0), "turn %d: %d (%s)",
		       turn, error, store_why(s));
		total += error ? 0 : 16000;
		expect_number("minutes",
			      (uint64_t)other_number(
				      path, "SELECT coalesce(sum(attempts), 0)"
					    " FROM minute"),
			      total);
		expect_number("days",
			      (uint64_t)other_number(
				      path, "SELECT coalesce(sum(attempts), 0)"
					    " FROM day"),
			      total);
	}
	store_close(s);
	expect_number(
		"sources",
		(uint64_t)other_number(path, "SELECT count(*) FROM source"),
		8000);
	expect_number("rows without a source",
		      (uint64_t)other_number(
			      path, "SELECT count(*) FROM day WHERE source"
				    " NOT IN (SELECT number FROM source)"),
		      0);
}

CLAIM(busy, "while another one writes it is -EBUSY, and afterwards it goes on")
{
	const char *path = file_of("db");
	struct store *s = open_good(path, true);
	struct store_row row = row_of(MINUTE, 0x0a000001, 1);
	sqlite3 *db = other_open(path);

	sqlite3_busy_timeout(s->db, 20);
	other_run(db, "BEGIN IMMEDIATE");
	expect_number("error", (uint64_t)-put(s, &row, 1), EBUSY);
	other_run(db, "ROLLBACK");
	sqlite3_close(db);
	put_good(s, &row, 1);
	store_close(s);
	expect_facts(path, "afterwards", two_rows);
}

static int put_run(const char *path)
{
	struct store_run run = { .start_s = 2000,
				 .last_s = 2001,
				 .inputs = "eth2" };
	struct store *s;
	int error;

	if (store_open(path, true, &s, &why))
		return 1;
	store_begin(s);
	store_add_run(s, &run);
	error = store_end(s);
	store_close(s);
	return error != 0;
}

CLAIM(run_number, "a run keeps its row when it could not be written, and "
		  "takes nobody else's")
{
	const char *path = file_of("db");
	struct child two = child_new(put_run, path);
	struct store *s = open_good(path, true);
	struct store_run one = { .start_s = 1000,
				 .last_s = 1001,
				 .inputs = "eth1" };
	int error;

	/* Its first transaction fails, and another monitor comes first. */
	let_triggers(s);
	other(path, "CREATE TRIGGER no BEFORE INSERT ON minute BEGIN"
		    " SELECT RAISE(ABORT, 'no'); END");
	store_begin(s);
	store_add_run(s, &one);
	store_add(s, &(struct store_row){
			     .minute = 1, .attempts = 1, .clause = "" });
	error = store_end(s);
	expect(error < 0, "it returned %d", error);
	other(path, "DROP TRIGGER no");
	assert_int_equal(child_run(&two), 0);
	one.last_s = 1500;
	store_begin(s);
	store_add_run(s, &one);
	assert_int_equal(store_end(s), 0);
	expect_facts(path, "two runs",
		     "run 1000 1500 0 0 eth1\n"
		     "run 2000 2001 0 0 eth2\n");
	store_close(s);
}

CLAIM(run_again, "a run whose change fails once is still one run")
{
	const char *path = file_of("db");
	struct store *s = open_good(path, true);
	struct store_run one = { .start_s = 1000,
				 .last_s = 1001,
				 .inputs = "eth1" };

	let_triggers(s);
	for (int turn = 0; turn < 3; turn++) {
		int error;

		if (turn == 1)
			other(path, "CREATE TRIGGER no BEFORE UPDATE ON run"
				    " BEGIN SELECT RAISE(ABORT, 'no'); END");
		if (turn == 2)
			other(path, "DROP TRIGGER no");
		one.last_s++;
		one.lost = 5;
		store_begin(s);
		store_add_run(s, &one);
		error = store_end(s);
		expect(!error == (turn != 1), "turn %d: %d", turn, error);
	}
	store_close(s);
	expect_facts(path, "one run", "run 1000 1004 5 0 eth1\n");
}

/* ---- findings, and what happened ---- */

static struct store_finding finding_at(int64_t time_s, uint32_t source)
{
	return (struct store_finding){
		.finding = { .detector = DETECTOR_FAST,
			     .family = 4,
			     .source = v4(source),
			     .time_us = time_s * 1000000,
			     .first_s = (uint32_t)time_s - 50,
			     .last_s = (uint32_t)time_s,
			     .attempts = 5,
			     .syns = 6,
			     .groups = 7,
			     .destinations = 8,
			     .port = 25,
			     .n_examples = 2,
			     .examples = { v4(0xc0000201), v4(0xc0000202) } },
	};
}

static void print_found(void *ctx, const struct store_found *f)
{
	fprintf(ctx,
		"%lld %s %s :%u %llu %llu %llu%s %llu %lld-%lld %d%d%d "
		"\"%s\"\n",
		(long long)f->time_s, f->finding, f->detector, f->port,
		(unsigned long long)f->attempts, (unsigned long long)f->syns,
		(unsigned long long)f->destinations,
		f->destinations_exact ? "" : "+", (unsigned long long)f->groups,
		(long long)f->first_s, (long long)f->last_s, f->proven,
		f->blocked, f->mail_server, f->examples);
}

CLAIM(findings, "findings come back as they were, latest first, examples only "
		"if they are wished, and none twice")
{
	const char *path = file_of("db");
	struct store *s = open_good(path, true);
	struct store_finding a = finding_at(10000, 1), b = finding_at(20000, 2);
	struct text text;

	b.keep_examples = true;
	b.finding.destinations_exact = true;
	b.finding.proven = true;
	b.finding.mail_server = true;
	store_begin(s);
	store_add_finding(s, &a);
	store_add_finding(s, &b);
	store_add_finding(s, &a);
	assert_int_equal(store_end(s), 0);
	store_begin(s);
	store_add_finding(s, &b);
	assert_int_equal(store_end(s), 0);
	assert_int_equal(
		store_findings(s, 10000, 20001, print_found, text_open(&text)),
		0);
	expect_text(
		"both", text_done(&text),
		"20000 spam-source fast :25 5 6 8 7 19950-20000 101 "
		"\"192.0.2.1 192.0.2.2\"\n"
		"10000 spam-source fast :25 5 6 8+ 7 9950-10000 000 \"\"\n");
	free(text.bytes);
	assert_int_equal(
		store_findings(s, 10001, 20000, print_found, text_open(&text)),
		0);
	expect_text("none", text_done(&text), "");
	free(text.bytes);
	store_close(s);
}

CLAIM(finding_ports, "two findings of one second that differ by their port "
		     "are two")
{
	const char *path = file_of("db");
	struct store *s = open_good(path, true);
	struct store_finding a = finding_at(10000, 1), b = a;

	a.finding.port = 110;
	b.finding.port = 143;
	store_begin(s);
	store_add_finding(s, &a);
	store_add_finding(s, &b);
	assert_int_equal(store_end(s), 0);
	store_close(s);
	expect_number(
		"findings",
		(uint64_t)other_number(path, "SELECT count(*) FROM finding"),
		2);
}

static void print_loaded(void *ctx, const struct store_loaded *l)
{
	fprintf(ctx, "%lld \"%s\" %s %s %u\n", (long long)l->time_s, l->policy,
		l->digest, l->who, l->generation);
}

static void print_run(void *ctx, const struct store_run *run)
{
	fprintf(ctx, "%lld-%lld ", (long long)run->start_s,
		(long long)run->last_s);
}

CLAIM(happenings, "loads and runs come back, loads latest first, runs by "
		  "their start and wherever they touch the period")
{
	const char *path = file_of("db");
	struct store *s = open_good(path, true);
	struct text text;

	store_begin(s);
	store_add_loaded(
		s, &(struct store_loaded){ 100, "a", "d1", "root", 1, 0 });
	store_add_loaded(s, &(struct store_loaded){ 300, "", "", "root",
						    UINT32_MAX, 0 });
	store_add_loaded(s,
			 &(struct store_loaded){ 200, "b", "d2", "eve", 2, 0 });
	store_add_loaded(s,
			 &(struct store_loaded){ 200, "c", "d3", "eve", 3, 0 });
	store_add_run(s, &(struct store_run){ 0, 500, 900, 1, 2, "x" });
	store_add_run(s, &(struct store_run){ 0, 100, 200, 1, 2, "x" });
	store_add_run(
		s, &(struct store_run){ 0, 150, 600, UINT64_MAX >> 1, 0, "" });
	assert_int_equal(store_end(s), 0);
	store_loads(s, 100, 301, print_loaded, text_open(&text));
	expect_text("loads", text_done(&text),
		    "300 \"\"  root 4294967295\n"
		    "200 \"c\" d3 eve 3\n"
		    "200 \"b\" d2 eve 2\n"
		    "100 \"a\" d1 root 1\n");
	free(text.bytes);
	store_loads(s, 101, 300, print_loaded, text_open(&text));
	expect_text("some", text_done(&text),
		    "200 \"c\" d3 eve 3\n200 \"b\" d2 eve 2\n");
	free(text.bytes);
	store_runs(s, 201, 500, print_run, text_open(&text));
	expect_text("runs", text_done(&text), "150-600 ");
	free(text.bytes);
	store_runs(s, 200, 501, print_run, text_open(&text));
	expect_text("more", text_done(&text), "100-200 150-600 500-900 ");
	free(text.bytes);
	store_close(s);
}

struct lines_sum {
	uint64_t n, sum;
};

static void sum_lines(void *ctx, const struct store_lines *l)
{
	struct lines_sum *sum = ctx;

	sum->n += l->n;
	for (uint32_t i = 0; i < l->n; i++)
		sum->sum += l->digests[i];
}

static struct lines_sum lines_of(struct store *s, int64_t hour)
{
	struct lines_sum sum = { 0 };

	assert_int_equal(store_lines_of(s, hour, sum_lines, &sum), 0);
	return sum;
}

CLAIM(lines, "lines that were imported are known by their hour, also after a "
	     "restart")
{
	const char *path = file_of("db");
	struct store *s = open_good(path, true);
	struct store_lines l = { .hour = 480000, .n = STORE_LINES_MOST };
	struct lines_sum sum;

	expect_number("nothing", lines_of(s, 480000).n, 0);
	for (uint32_t i = 0; i < l.n; i++)
		l.digests[i] = (uint64_t)1 << 40;
	store_begin(s);
	store_add_lines(s, &l);
	l.n = 1;
	l.digests[0] = 7;
	store_add_lines(s, &l);
	assert_int_equal(store_end(s), 0);
	store_close(s);
	s = open_good(path, true);
	sum = lines_of(s, 480000);
	expect_number("restart", sum.n, STORE_LINES_MOST + 1);
	expect_number("digests", sum.sum,
		      ((uint64_t)STORE_LINES_MOST << 40) + 7);
	expect_number("another hour", lines_of(s, 479999).n, 0);
	other(path, "UPDATE line SET digests = zeroblob(8 * 2500 + 3)");
	expect_number("cut, and long", lines_of(s, 480000).n, 5000);
	store_begin(s);
	store_add_lines(s, &l);
	store_add(s, &(struct store_row){ .minute = 1,
					  .attempts = INT32_MAX,
					  .syns = INT32_MAX,
					  .clause = "" });
	assert_int_equal(store_end(s), 0);
	expect_number("more", lines_of(s, 480000).n, 5001);
	store_close(s);
}

/* ---- bounds ---- */

/* A day in which the clock shows this time, and runs evenly. */
static void trust_clock(struct store *s, int64_t now_s)
{
	int error;

	for (int64_t at_s = -DAY_S; at_s <= 0; at_s += DAY_S / 48)
		store_trim(
			s,
			&(struct store_time){ now_s + at_s, 10 * DAY_S + at_s },
			EVER, 0, &error);
	s->trimmed_s = 0;
}

static unsigned int trim_all(struct store *s, int64_t now_s, int64_t keep_s,
			     uint64_t most)
{
	unsigned int steps = 0;
	int error = 0;

	struct store_time now = { now_s, 1000 };

	while (store_trim(s, &now, keep_s, most, &error) && steps < 100000)
		steps++;
	expect(!error, "a trim failed: %d %s", error, store_why(s));
	return steps;
}

CLAIM(trim_age, "what is older than the bound goes, of every kind, and what "
		"is within it stays")
{
	const char *path = file_of("db");
	struct store *s = open_good(path, true);
	/* Kept is from day 20500 on. */
	int64_t before_s = MINUTE * 60, now_s = before_s + 90 * DAY_S;
	struct store_run run;

	store_begin(s);
	for (int i = 0; i < 200; i++) {
		struct store_row row = row_of(MINUTE - 5000 + i * 25, 1, 1);

		store_add(s, &row);
	}
	store_add(s, &(struct store_row){ .minute = MINUTE - 1,
					  .family = 4,
					  .source = v4(3),
					  .port = 25,
					  .clause = "",
					  .attempts = 1,
					  .syns = 1 });
	store_add(s, &(struct store_row){ .minute = MINUTE,
					  .family = 4,
					  .source = v4(2),
					  .port = 25,
					  .clause = "",
					  .attempts = 4,
					  .syns = 4 });
	for (int i = -1; i < 1; i++) {
		struct store_finding f =
			finding_at(before_s + i, i ? 0x0b000000 : 2);

		store_add_finding(s, &f);
		store_add_loaded(s, &(struct store_loaded){ before_s + i, "p",
							    "", "", 1, 0 });
		run = (struct store_run){
			0, before_s - 1000, before_s + i, 0, 0, ""
		};
		store_add_run(s, &run);
	}
	assert_int_equal(store_end(s), 0);
	expect(trim_all(s, now_s, 0, 0) == 0, "without a bound it trims");
	trust_clock(s, now_s);
	trim_all(s, now_s, 90 * DAY_S, 0);
	store_close(s);
	expect_facts(path, "the rest",
		     "day 20500 0.0.0.2 :25 unanswered [] 4 4 0:4\n"
		     "finding 1771200000 3 spam-source fast :25\n"
		     "loaded 1771200000 p\n"
		     "minute 29520000 0.0.0.2 :25 unanswered [] 4 4\n"
		     "run 1771199000 1771200000 0 0 \n"
		     "source 0.0.0.2 1771199950 1771200059\n");
}

CLAIM(trim_day, "no row of a day, a minute or a finding that stays loses its "
		"source, and none gets another one")
{
	const char *path = file_of("db");
	struct store *s = open_good(path, true);
	struct store_row old = row_of(MINUTE + 60, 0x0a000001, 5);
	struct store_row new = row_of(MINUTE + 90 * 1440, 0x0a000002, 7);
	struct store_row mid = row_of(MINUTE + 700, 0x0a000003, 2);
	char *got;

	/* Day 20500 is half within the bound. */
	put_good(s, &mid, 1);
	put_good(s, &old, 1);
	trust_clock(s, (MINUTE + 600) * 60 + 90 * DAY_S);
	trim_all(s, (MINUTE + 600) * 60 + 90 * DAY_S, 90 * DAY_S, 0);
	expect_number("rows without a source",
		      (uint64_t)other_number(
			      path, "SELECT count(*) FROM day WHERE source"
				    " NOT IN (SELECT number FROM source)"),
		      0);
	put_good(s, &new, 1);
	store_close(s);
	got = facts_in(path);
	expect(!strstr(got, "day 20500 10.0.0.2"),
	       "what 10.0.0.1 did on day 20500 is now of 10.0.0.2:\n%s", got);
	free(got);
}

static int trim_old(const char *path)
{
	struct store *s;

	if (store_open(path, true, &s, &why))
		return 1;
	trust_clock(s, (MINUTE + 1440 * 200) * 60);
	trim_all(s, (MINUTE + 1440 * 200) * 60, 90 * DAY_S, 0);
	store_close(s);
	return 0;
}

CLAIM(trim_two, "a source that another writer trimmed is a source again when "
		"it comes back")
{
	const char *path = file_of("db");
	struct child two = child_new(trim_old, path);
	struct store *s = open_good(path, true);
	struct store_row row = row_of(MINUTE, 0x0a000001, 5);

	put_good(s, &row, 1);
	assert_int_equal(child_run(&two), 0);
	row.minute += 1440 * 200;
	put_good(s, &row, 1);
	store_close(s);
	expect_facts(path, "it is back",
		     "day 20700 10.0.0.1 :25 unanswered [] 5 5 0:5\n"
		     "minute 29808000 10.0.0.1 :25 unanswered [] 5 5\n"
		     "source 10.0.0.1 1788480000 1788480059\n");
}

CLAIM(trim_size, "a file that is too large loses the oldest minutes until it "
		 "is not, and shrinks")
{
	enum { MINUTES = 400, EACH = 150 };
	const int64_t now_s = (MINUTE + MINUTES * 30) * 60;
	const char *path = file_of("db");
	struct store *s = open_good(path, true);
	struct stat before, after;
	uint64_t most;

	for (int m = 0; m < MINUTES; m++) {
		store_begin(s);
		for (uint32_t i = 0; i < EACH; i++) {
			struct store_row row = row_of(
				MINUTE + m * 30, (uint32_t)m * EACH + i, 1);

			store_add(s, &row);
		}
		assert_int_equal(store_end(s), 0);
	}
	store_close(s);
	assert_int_equal(stat(path, &before), 0);
	most = (uint64_t)before.st_size / 3;
	s = open_good(path, true);
	expect(trim_all(s, now_s, 0, (uint64_t)before.st_size * 2) == 0,
	       "it trims below the bound");
	trim_all(s, now_s, 0, most);
	store_close(s);
	assert_int_equal(stat(path, &after), 0);
	expect((uint64_t)after.st_size <= most + (most >> 3),
	       "of %lld bytes %lld are left, and %llu were wished",
	       (long long)before.st_size, (long long)after.st_size,
	       (unsigned long long)most);
	expect((uint64_t)after.st_size >= most / 2,
	       "only %lld are left of %llu", (long long)after.st_size,
	       (unsigned long long)most);
	expect_number(
		"the latest minute",
		(uint64_t)other_number(path, "SELECT max(minute) FROM minute"),
		MINUTE + (MINUTES - 1) * 30);
	expect_number("minutes that are not whole",
		      (uint64_t)other_number(
			      path,
			      "SELECT count(*) FROM (SELECT count(*) n FROM"
			      " minute GROUP BY minute) WHERE n != 150"),
		      0);
	expect_number("sources that are not there",
		      (uint64_t)other_number(
			      path, "SELECT count(*) FROM minute WHERE source"
				    " NOT IN (SELECT number FROM source)"),
		      0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(same),	  IN_FOLDER(rollup),
		IN_FOLDER(taken_back),	  IN_FOLDER(clauses),
		IN_FOLDER(clause_limit),  CLAIMED(hours),
		CLAIMED(hours_wild),	  IN_FOLDER(many),
		IN_FOLDER(rolled_back),	  IN_FOLDER(full),
		IN_FOLDER(busy),	  IN_FOLDER(run_number),
		IN_FOLDER(run_again),	  IN_FOLDER(findings),
		IN_FOLDER(finding_ports), IN_FOLDER(happenings),
		IN_FOLDER(lines),	  IN_FOLDER(trim_age),
		IN_FOLDER(trim_day),	  IN_FOLDER(trim_two),
		IN_FOLDER(trim_size),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
