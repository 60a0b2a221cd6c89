/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is put into a store, what comes out, and what a bad file does to it. */
#include "folder.h"
#include "../../tools/events.h"
#include "../../tools/review/store_inner.h"

#include <fcntl.h>
#include <sys/wait.h>

#define DAY    INT64_C(20500)  /* 2026-02-16 */
#define MINUTE (DAY * 24 * 60) /* its first */
#define NOBODY 65534
#define EVER   (INT64_C(1) << 60)

/* ---- rows ---- */

static struct addr6 v4(uint32_t address)
{
	return (struct addr6){ { (uint8_t)(address >> 24),
				 (uint8_t)(address >> 16),
				 (uint8_t)(address >> 8), (uint8_t)address } };
}

static struct addr6 v6(uint64_t prefix)
{
	struct addr6 a = { { 0 } };

	for (int i = 0; i < 8; i++)
		a.byte[i] = (uint8_t)(prefix >> (56 - 8 * i));
	return a;
}

static struct store_row row_of(int64_t minute, uint32_t source,
			       int32_t attempts)
{
	return (struct store_row){ .minute = minute,
				   .family = 4,
				   .source = v4(source),
				   .port = 25,
				   .clause = "",
				   .attempts = attempts,
				   .syns = attempts };
}

static struct store *open_good(const char *path, bool write)
{
	struct store *s;

	if (store_open(path, write, &s))
		fail_msg("\"%s\" cannot be opened", path);
	return s;
}

static int put(struct store *s, const struct store_row *rows, size_t n)
{
	store_begin(s);
	for (size_t i = 0; i < n; i++)
		store_add(s, &rows[i]);
	return store_end(s);
}

static void put_good(struct store *s, const struct store_row *rows, size_t n)
{
	int error = put(s, rows, n);

	if (error)
		fail_msg("%s: %s", strerror(-error), store_why(s));
}

/* ---- all that a store holds, as sorted lines ---- */

struct facts {
	FILE *to;
	struct store_source sources[64];
	char clauses[64][400];
};

static void take_source(void *ctx, const struct store_source *source)
{
	struct facts *f = ctx;
	char text[RANGE_TEXT_MAX];

	assert_true(source->number < COUNT(f->sources));
	f->sources[source->number] = *source;
	source_print(text, source->family, &source->source);
	fprintf(f->to, "source %s %lld %lld\n", text,
		(long long)source->first_s, (long long)source->last_s);
}

static void take_clause(void *ctx, const struct store_clause *clause)
{
	struct facts *f = ctx;

	assert_true(clause->number < COUNT(f->clauses));
	snprintf(f->clauses[clause->number], sizeof(f->clauses[0]), "%s",
		 clause->id);
}

static void print_key(struct facts *f, uint32_t source, uint16_t port,
		      uint8_t outcome, uint32_t clause)
{
	char text[RANGE_TEXT_MAX] = "others";

	assert_true(source < COUNT(f->sources));
	assert_true(clause < COUNT(f->clauses));
	if (source && !f->sources[source].family)
		snprintf(text, sizeof(text), "NOBODY-%u", source);
	else if (source)
		source_print(text, f->sources[source].family,
			     &f->sources[source].source);
	fprintf(f->to, " %s :%u %s [%s]", text, port, outcome_name(outcome),
		f->clauses[clause]);
}

static void take_minute(void *ctx, const struct store_minute *m)
{
	struct facts *f = ctx;

	fprintf(f->to, "minute %lld", (long long)m->minute);
	print_key(f, m->source, m->port, m->outcome, m->clause);
	fprintf(f->to, " %u %u\n", m->attempts, m->syns);
}

static void take_day(void *ctx, const struct store_day *d)
{
	struct facts *f = ctx;

	fprintf(f->to, "day %lld", (long long)d->day);
	print_key(f, d->source, d->port, d->outcome, d->clause);
	fprintf(f->to, " %llu %llu", (unsigned long long)d->attempts,
		(unsigned long long)d->syns);
	for (int h = 0; h < 24; h++)
		if (d->hours[h])
			fprintf(f->to, " %d:%u", h, d->hours[h]);
	fputc('\n', f->to);
}

static void take_finding(void *ctx, const struct store_found *found)
{
	struct facts *f = ctx;

	fprintf(f->to, "finding %lld %u %s %s :%u\n", (long long)found->time_s,
		found->source, found->finding, found->detector, found->port);
}

static void take_loaded(void *ctx, const struct store_loaded *l)
{
	struct facts *f = ctx;

	fprintf(f->to, "loaded %lld %s\n", (long long)l->time_s, l->policy);
}

static void take_run(void *ctx, const struct store_run *run)
{
	struct facts *f = ctx;

	fprintf(f->to, "run %lld %lld %llu %llu %s\n", (long long)run->start_s,
		(long long)run->last_s, (unsigned long long)run->lost,
		(unsigned long long)run->unlogged, run->inputs);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *sorted(char *bytes)
{
	struct text out;
	char *lines[1024], *save;
	size_t n = 0;

	for (char *at = strtok_r(bytes, "\n", &save); at;
	     at = strtok_r(NULL, "\n", &save)) {
		assert_true(n < COUNT(lines));
		lines[n++] = at;
	}
	qsort(lines, n, sizeof(*lines), by_text);
	text_open(&out);
	for (size_t i = 0; i < n; i++)
		fprintf(out.file, "%s\n", lines[i]);
	if (!text_done(&out))
		abort();
	return out.bytes;
}

static char *facts_of(struct store *s)
{
	struct facts f = { 0 };
	struct text all;
	char *out;

	f.to = text_open(&all);
	assert_int_equal(store_sources(s, take_source, &f), 0);
	assert_int_equal(store_clauses(s, take_clause, &f), 0);
	assert_int_equal(store_minutes(s, -EVER, EVER, take_minute, &f), 0);
	assert_int_equal(store_days(s, -EVER, EVER, take_day, &f), 0);
	assert_int_equal(store_findings(s, -EVER, EVER, take_finding, &f), 0);
	assert_int_equal(store_loads(s, -EVER, EVER, take_loaded, &f), 0);
	assert_int_equal(store_runs(s, -EVER, EVER, take_run, &f), 0);
	text_done(&all);
	out = sorted(all.bytes);
	free(all.bytes);
	return out;
}

static char *facts_in(const char *path)
{
	struct store *s = open_good(path, false);
	char *out = facts_of(s);

	store_close(s);
	return out;
}

static void expect_facts(const char *path, const char *what, const char *want)
{
	char *got = facts_in(path);

	expect_text(what, got, want);
	free(got);
}

/* ---- there and back ---- */

CLAIM(same, "rows come back as they went in: IPv4, an IPv6 /64, folded ones, "
	    "every outcome, ports and counts at their ends")
{
	const char *path = file_of("db");
	struct store *s = open_good(path, true);
	struct store_row rows[] = {
		{ MINUTE, 4, v4(0xc0000201), 25, OUTCOME_UNANSWERED, "", 1, 3 },
		{ MINUTE, 4, v4(0xffffffff), 65535, OUTCOME_ANSWERED,
		  "residential:17", INT32_MAX, INT32_MAX },
		{ MINUTE, 4, v4(0), 0, OUTCOME_REFUSED, "a b\"'\\%", 2, 2 },
		{ MINUTE + 59, 6, v6(0x20010db800010002), 587,
		  OUTCOME_ICMP_REFUSED, "", 7, 8 },
		{ MINUTE + 60, 6, v6(0xc000020100000000), 25, OUTCOME_BLOCKED,
		  "residential:17", 9, 9 },
		{ MINUTE + 1439, 0, v4(0), 25, OUTCOME_BLOCKED, "", 500, 600 },
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

CLAIM(sums, "the same again adds up, in the minute, the day and its hour, "
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

/* ---- in another process ---- */

/*
 * A child does what may end the process, and is the other writer: within one
 * process there are no two, as closing a file drops the locks of both. It is
 * made before the store is opened, as SQLite's locks are not to be inherited.
 */
struct child {
	pid_t pid;
	int go;
};

static struct child child_new(int (*fn)(const char *path), const char *path)
{
	struct child c;
	int ends[2];
	char byte;

	assert_int_equal(pipe(ends), 0);
	c.go = ends[1];
	c.pid = fork();
	assert_true(c.pid >= 0);
	if (c.pid) {
		close(ends[0]);
		return c;
	}
	close(ends[1]);
	_exit(read(ends[0], &byte, 1) == 1 ? fn(path) : 99);
}

static void child_start(struct child *c)
{
	if (c->go < 0)
		return;
	assert_int_equal(write(c->go, "", 1), 1);
	close(c->go);
	c->go = -1;
}

/* Its exit code, or 128 and its signal. */
static int child_run(struct child *c)
{
	int status;

	child_start(c);
	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int in_child(int (*fn)(const char *path), const char *path)
{
	struct child c = child_new(fn, path);

	return child_run(&c);
}

/* ---- what fails ---- */

static const char two_rows[] =
	"day 20500 10.0.0.1 :25 unanswered [] 1 1 0:1\n"
	"minute 29520000 10.0.0.1 :25 unanswered [] 1 1\n"
	"source 10.0.0.1 1771200000 1771200059\n";

static int put_nine(const char *path)
{
	struct store_row row = row_of(MINUTE, 0x0a000009, 9);
	struct store *s;
	int error;

	row.clause = "q:9";
	if (store_open(path, true, &s))
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
	other(path, "CREATE TRIGGER no BEFORE INSERT ON minute WHEN"
		    " new.attempts = 666 BEGIN"
		    " SELECT RAISE(ABORT, 'out of luck'); END");
	error = put(s, rows, 3);
	expect(error < 0, "it returned %d", error);
	expect_text("why", store_why(s), "out of luck");
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

	if (store_open(path, true, &s))
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
	other(path, "CREATE TRIGGER no BEFORE INSERT ON minute BEGIN"
		    " SELECT RAISE(ABORT, 'no'); END");
	store_begin(s);
	store_add_run(s, &one);
	store_add(s, &(struct store_row){
			     .minute = 1, .attempts = 1, .clause = "" });
	error = store_end(s);
	expect(error < 0, "it returned %d", error);
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
		"%lld %s %s :%u %llu %llu %llu%s %llu %lld-%lld %d%d \"%s\"\n",
		(long long)f->time_s, f->finding, f->detector, f->port,
		(unsigned long long)f->attempts, (unsigned long long)f->syns,
		(unsigned long long)f->destinations,
		f->destinations_exact ? "" : "+", (unsigned long long)f->groups,
		(long long)f->first_s, (long long)f->last_s, f->proven,
		f->blocked, f->examples);
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
	expect_text("both", text_done(&text),
		    "20000 spam-source fast :25 5 6 8 7 19950-20000 10 "
		    "\"192.0.2.1 192.0.2.2\"\n"
		    "10000 spam-source fast :25 5 6 8+ 7 9950-10000 00 \"\"\n");
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
	store_add_loaded(s,
			 &(struct store_loaded){ 100, "a", "d1", "root", 1 });
	store_add_loaded(
		s, &(struct store_loaded){ 300, "", "", "root", UINT32_MAX });
	store_add_loaded(s, &(struct store_loaded){ 200, "b", "d2", "eve", 2 });
	store_add_loaded(s, &(struct store_loaded){ 200, "c", "d3", "eve", 3 });
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

CLAIM(imported, "how far a log was taken in is known by its key, also after a "
		"restart, and not if the transaction failed")
{
	const char *path = file_of("db");
	struct store *s = open_good(path, true);
	struct store_imported i = { "k1", "mail.log", 5, 1000 };

	expect_number("nothing", store_imported_bytes(s, "k1"), 0);
	store_begin(s);
	store_add_imported(s, &i);
	assert_int_equal(store_end(s), 0);
	expect_number("taken", store_imported_bytes(s, "k1"), 1000);
	expect_number("another", store_imported_bytes(s, "k2"), 0);
	i.bytes = INT64_MAX;
	store_begin(s);
	store_add_imported(s, &i);
	assert_int_equal(store_end(s), 0);
	store_close(s);
	s = open_good(path, true);
	expect_number("restart", store_imported_bytes(s, "k1"), INT64_MAX);
	other(path, "CREATE TRIGGER no BEFORE INSERT ON minute BEGIN"
		    " SELECT RAISE(ABORT, 'no'); END");
	i.bytes = 7;
	store_begin(s);
	store_add_imported(s, &i);
	store_add(s, &(struct store_row){
			     .minute = 1, .attempts = 1, .clause = "" });
	expect(store_end(s) < 0, "it did not fail");
	store_begin(s);
	assert_int_equal(store_end(s), 0);
	expect_number("failed", store_imported_bytes(s, "k1"), INT64_MAX);
	other(path, "UPDATE imported SET bytes = -3");
	expect_number("negative", store_imported_bytes(s, "k1"), 0);
	store_close(s);
	expect_number(
		"rows",
		(uint64_t)other_number(path, "SELECT count(*) FROM imported"),
		1);
}

/* ---- bounds ---- */

static unsigned int trim_all(struct store *s, int64_t now_s, int64_t keep_s,
			     uint64_t most)
{
	unsigned int steps = 0;
	int error = 0;

	while (store_trim(s, now_s, keep_s, most, &error) && steps < 100000)
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
							    "", "", 1 });
		run = (struct store_run){
			0, before_s - 1000, before_s + i, 0, 0, ""
		};
		store_add_run(s, &run);
	}
	assert_int_equal(store_end(s), 0);
	expect(trim_all(s, now_s, 0, 0) == 0, "without a bound it trims");
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

	if (store_open(path, true, &s))
		return 1;
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
	expect(trim_all(s, MINUTE * 60, 0, (uint64_t)before.st_size * 2) == 0,
	       "it trims below the bound");
	trim_all(s, MINUTE * 60, 0, most);
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

/* ---- files that are none ---- */

static void write_file(const char *path, const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), (ssize_t)n);
	close(fd);
}

static char *read_file(const char *path, size_t *n)
{
	int fd = open(path, O_RDONLY);
	const char *text;

	assert_true(fd >= 0);
	assert_int_equal(read_whole(fd, &text, n), 0);
	close(fd);
	return (char *)text;
}

/* What opening says; "" if it went well. */
static const char *opening(const char *path, bool write)
{
	struct store *s = (struct store *)&s;
	const char *said;
	int code;

	hear();
	code = store_open(path, write, &s);
	said = heard();
	expect((code == EXIT_DONE) == (s != NULL), "code %d, and a store",
	       code);
	expect(code == EXIT_DONE || code == EXIT_REFUSED, "code %d", code);
	expect((code == EXIT_DONE) == !*said, "code %d, said \"%s\"", code,
	       said);
	store_close(s);
	return said;
}

static void expect_said(const char *in, const char *said, const char *want)
{
	expect(strstr(said, want) && *want, "%s: said \"%s\", want \"%s\"", in,
	       said, want);
}

CLAIM(made, "a writer makes the file, not for all to read, or takes an empty "
	    "one; a reader makes nothing")
{
	const char *path = file_of("db"), *empty = file_of("empty");
	struct stat st;

	expect_said("a reader", opening(path, false), "there is no database");
	expect(stat(path, &st) && errno == ENOENT, "a reader made it");
	write_file(empty, "", 0);
	expect_said("an empty one", opening(empty, false),
		    "there is no database");
	for (int turn = 0; turn < 2; turn++) {
		expect_text("a writer", opening(path, true), "");
		expect_text("an empty one", opening(empty, true), "");
		expect_text("a reader", opening(path, false), "");
		expect_text("a reader of it", opening(empty, false), "");
	}
	assert_int_equal(stat(empty, &st), 0);
	expect((st.st_mode & 0777) == 0644, "the mode is %o, and was 644",
	       st.st_mode & 0777);
	assert_int_equal(stat(path, &st), 0);
	expect(!(st.st_mode & 0137), "the mode is %o", st.st_mode & 0777);
	expect_number("its program",
		      (uint64_t)other_number(path, "PRAGMA application_id"),
		      0x6d77616c);
	expect_number("schema",
		      (uint64_t)other_number(path, "PRAGMA user_version"), 1);
	expect_number("auto_vacuum",
		      (uint64_t)other_number(empty, "PRAGMA auto_vacuum"), 2);
	expect_said("no folder", opening(file_of("none/db"), true),
		    "cannot open");
	expect_said("a folder", opening(folder, true), "cannot open");
}

CLAIM(refused, "a newer file, another program's and a damaged one are refused "
	       "by readers and writers, and stay as they are")
{
	static char noise[8192];
	uint64_t seed = 1;
	const char *newer = file_of("newer"), *foreign = file_of("foreign");
	const char *bad = file_of("bad"), *files[3] = { newer, foreign, bad };
	static const char *const wants[] = { "newer mailwall",
					     "of another program",
					     "no database of mailwall" };

	opening(newer, true);
	other(newer, "PRAGMA user_version = 99");
	other(foreign, "CREATE TABLE t (x); INSERT INTO t VALUES (1);"
		       "PRAGMA application_id = 77");
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (char)chance(&seed);
	write_file(bad, noise, sizeof(noise));
	for (size_t i = 0; i < COUNT(files); i++)
		for (int write = 0; write < 2; write++) {
			size_t n, now;
			char *was = read_file(files[i], &n), *is;

			expect_said(files[i], opening(files[i], write),
				    wants[i]);
			is = read_file(files[i], &now);
			expect(n == now && !memcmp(was, is, n),
			       "%s was changed by a %s", files[i],
			       write ? "writer" : "reader");
			free(was);
			free(is);
		}
}

static void see_source(void *ctx, const struct store_source *source)
{
	*(uint64_t *)ctx += source->source.byte[0];
}

static void see_clause(void *ctx, const struct store_clause *clause)
{
	*(uint64_t *)ctx += strlen(clause->id);
}

static void see_minute(void *ctx, const struct store_minute *m)
{
	*(uint64_t *)ctx += m->attempts;
	expect(m->outcome < OUTCOME_N, "outcome %u", m->outcome);
}

static void see_day(void *ctx, const struct store_day *d)
{
	*(uint64_t *)ctx += d->attempts;
	expect(d->outcome < OUTCOME_N, "outcome %u", d->outcome);
}

static void see_port(void *ctx, uint16_t port)
{
	*(uint64_t *)ctx += port;
}

static void see_found(void *ctx, const struct store_found *f)
{
	*(uint64_t *)ctx += strlen(f->finding) + strlen(f->examples);
}

static void read_all(struct store *s)
{
	uint64_t sum = 0;

	store_sources(s, see_source, &sum);
	store_clauses(s, see_clause, &sum);
	store_minutes(s, INT64_MIN, INT64_MAX, see_minute, &sum);
	store_days(s, INT64_MIN, INT64_MAX, see_day, &sum);
	store_days_of(s, 1, INT64_MIN, INT64_MAX, see_day, &sum);
	store_ports(s, see_port, &sum);
	store_findings(s, INT64_MIN, INT64_MAX, see_found, &sum);
}

CLAIM(cut, "a file that was cut off or overwritten anywhere is refused or "
	   "read, without harm")
{
	const char *path = file_of("db"), *copy = file_of("copy");
	struct store *s = open_good(path, true);
	uint64_t seed = 9;
	char *bytes;
	size_t n;

	store_begin(s);
	for (uint32_t i = 0; i < 2000; i++) {
		struct store_row row =
			row_of(MINUTE + i % 7, i, (int32_t)i + 1);

		store_add(s, &row);
	}
	assert_int_equal(store_end(s), 0);
	store_close(s);
	bytes = read_file(path, &n);
	for (unsigned int turn = 0; turn < 120; turn++) {
		char *bad = malloc(n);
		size_t len = turn % 3 ? n : chance(&seed) % n;
		size_t at = chance(&seed) % n;
		struct store *r;

		memcpy(bad, bytes, n);
		for (size_t i = at; turn % 3 && i < n && i < at + 300; i++)
			bad[i] = (char)chance(&seed);
		write_file(copy, bad, len);
		free(bad);
		hear();
		if (!store_open(copy, false, &r)) {
			read_all(r);
			store_close(r);
		}
		heard();
		unlink(copy);
	}
	free(bytes);
}

static int open_writing(const char *path)
{
	struct store *s;
	int code = store_open(path, true, &s);

	store_close(s);
	return code;
}

CLAIM(schema_negative, "a schema below 0 is refused")
{
	const char *path = file_of("db"), *empty = file_of("empty");
	int code;

	opening(path, true);
	other(path, "PRAGMA user_version = -1");
	expect_said("a reader", opening(path, false), "damaged");
	hear();
	code = in_child(open_writing, path);
	expect_said("a writer", heard(), "damaged");
	expect(code == EXIT_REFUSED, "user_version -1: exit %d", code);
	other(empty, "PRAGMA user_version = -1000000; VACUUM");
	hear();
	code = in_child(open_writing, empty);
	heard();
	expect(code == EXIT_REFUSED || code == EXIT_DONE,
	       "an empty one of -1000000: exit %d", code);
}

static int lock_a_while(const char *path)
{
	sqlite3 *db = other_open(path);

	other_run(db, "BEGIN IMMEDIATE");
	usleep(400000);
	other_run(db, "ROLLBACK");
	sqlite3_close(db);
	return 0;
}

CLAIM(race, "writers that start at once on a new file all get it")
{
	enum { N = 4 };
	const char *said, *path = file_of("db");
	unsigned int refused_n = 0;
	struct child locker, writers[N];

	/* All of them see that it is empty, and wait for their turn. */
	other(path, "PRAGMA journal_mode = WAL");
	hear();
	for (int i = 0; i < N; i++)
		writers[i] = child_new(open_writing, path);
	locker = child_new(lock_a_while, path);
	child_start(&locker);
	usleep(100000);
	for (int i = 0; i < N; i++)
		child_start(&writers[i]);
	for (int i = 0; i < N; i++)
		refused_n += child_run(&writers[i]) != 0;
	expect_number("locker", (unsigned int)child_run(&locker), 0);
	said = heard();
	expect(!refused_n, "%u of %d were refused:\n%.900s", refused_n, N,
	       said);
}

/* ---- readers ---- */

CLAIM(snapshot, "a reader sees what was there before the writer's "
		"transaction, and one state as long as it is open")
{
	const char *path = file_of("db");
	struct store *w = open_good(path, true), *r;
	struct store_row row = row_of(MINUTE, 0x0a000001, 1);
	struct store_row more = row_of(MINUTE, 0x0a000002, 1);
	char *facts;

	put_good(w, &row, 1);
	store_begin(w);
	store_add(w, &more);
	r = open_good(path, false);
	facts = facts_of(r);
	expect_text("under way", facts, two_rows);
	free(facts);
	assert_int_equal(store_end(w), 0);
	facts = facts_of(r);
	expect_text("still open", facts, two_rows);
	free(facts);
	store_close(r);
	facts = facts_in(path);
	expect(strstr(facts, "10.0.0.2"), "opened anew:\n%s", facts);
	free(facts);
	store_close(w);
}

/* Root writes everywhere: the rest of the test is somebody else's. */
static void be_nobody(bool yes)
{
	static uid_t was;

	if (yes && !geteuid()) {
		was = geteuid();
		assert_int_equal(seteuid(NOBODY), 0);
	} else if (!yes && geteuid() != was && getuid() == 0) {
		assert_int_equal(seteuid(was), 0);
	}
}

CLAIM(read_only, "in a folder that cannot be written a reader reads; a writer "
		 "is told why not")
{
	static const char *const names[] = { "db",	     "a?b", "a#b",
					     "50%",	     "%41", "a b&c=d",
					     "?mode=memory", ":" };

	for (size_t i = 0; i < COUNT(names); i++) {
		const char *path = file_of(names[i]);
		struct store *s = open_good(path, true);
		struct store_row row = row_of(MINUTE, 0x0a000001, 1);
		char *facts = NULL;
		const char *said;

		put_good(s, &row, 1);
		store_close(s);
		chmod(path, 0444);
		chmod(folder, 0555);
		be_nobody(true);
		expect_text(names[i], said = opening(path, false), "");
		if (!*said)
			facts = facts_in(path);
		said = opening(path, true);
		be_nobody(false);
		chmod(folder, 0755);
		expect_text(names[i], facts ? facts : "", two_rows);
		expect_said(names[i], said, "cannot");
		free(facts);
	}
}

CLAIM(slashes, "a path that begins with two slashes is read where nothing can "
	       "be written")
{
	char path[128];
	struct store *s;
	struct store_row row = row_of(MINUTE, 0x0a000001, 1);

	snprintf(path, sizeof(path), "/%s/db", folder);
	s = open_good(path, true);
	put_good(s, &row, 1);
	store_close(s);
	chmod(folder, 0555);
	be_nobody(true);
	expect_text(path, opening(path, false), "");
	be_nobody(false);
	chmod(folder, 0755);
}

/* ---- hostile content ---- */

/* The tables as an attacker would have them: no types, no constraints. */
static const char loose[] =
	"CREATE TABLE source (number, address, first, last);"
	"CREATE TABLE clause (number, id);"
	"CREATE TABLE what (number, port, outcome, clause);"
	"CREATE TABLE minute (minute, source, what, attempts, syns);"
	"CREATE TABLE day (day, source, what, attempts, syns, hours);"
	"CREATE TABLE finding (number, time, source, finding, detector, port,"
	" attempts, syns, destinations, exact, groups, first, last, proven,"
	" blocked, examples);"
	"CREATE TABLE loaded (number, time, policy, digest, who, generation);"
	"CREATE TABLE run (number, start, last, lost, unlogged, inputs);"
	"CREATE TABLE imported (key, name, time, bytes);"
	"PRAGMA application_id = 0x6d77616c; PRAGMA user_version = 1;";

static const char hostile[] =
	"INSERT INTO source VALUES (1, x'0a000001', -5, 9223372036854775807),"
	" (2, x'0102030405', 0, 0), (3, x'', 0, 0), (4, NULL, NULL, NULL),"
	" (5, 'abcd', 'x', 'y'), (6, zeroblob(1000000), 1, 1),"
	" (7, 12345678, 1, 1);"
	"INSERT INTO clause VALUES (1, NULL), (2, x'00ff41'), (3, 7);"
	"INSERT INTO what VALUES (1, 25, 200, 1), (2, -1, -1, 2),"
	" (3, 70000, 9223372036854775807, 3), (4, NULL, NULL, NULL);"
	"INSERT INTO minute VALUES (29520000, 1, 1, -7, -8),"
	" (29520000, 1, 2, 1e300, 'x'), (29520000, 0, 3, NULL, NULL);"
	"INSERT INTO day VALUES (20500, 1, 1, -7, -8, NULL),"
	" (20500, 1, 2, 5, 5, 'text'), (20500, 0, 3, 5, 5, x'00'),"
	" (20500, 1, 4, 9223372036854775807, 5, zeroblob(100000)),"
	" (20500, 1, 1, 3, 3, x'18ff7f00ffffffffff'),"
	" (20500, 1, 1, 3, 3, x'ffffffffffffffffffffffffffffffffffff');"
	"INSERT INTO finding VALUES (1, 5, 1, NULL, NULL, -1, -1, -1, -1, 7,"
	" -1, -1, -1, -1, -1, NULL), (2, 5, 1, x'ff', 1e9, 'p', 'a', 's', 'd',"
	" 'e', 'g', 'f', 'l', 'p', 'b', 5);"
	"INSERT INTO loaded VALUES (1, 5, NULL, NULL, NULL, -1);"
	"INSERT INTO run VALUES (1, 5, 5, -1, -1, NULL);";

CLAIM(wild, "whatever rows hold, reading them does no harm: negative counts "
	    "are 0, unknown outcomes unanswered, texts never NULL")
{
	static const char *const parts[] = {
		"minute 29520000 10.0.0.1 :25 unanswered [] 0 0\n",
		"day 20500 10.0.0.1 :25 unanswered [] 0 0\n",
		"source 10.0.0.1 0 253402300799\n",
		"loaded 5 \n",
		"run 5 5 0 0 \n",
	};
	const char *path = file_of("db");
	struct store *s;
	char *facts;

	other(path, loose);
	other(path, hostile);
	s = open_good(path, false);
	facts = facts_of(s);
	for (size_t i = 0; i < COUNT(parts); i++)
		expect_said("rows", facts, parts[i]);
	expect(!strstr(facts, "source 1.2.3.4"), "five bytes are a source");
	free(facts);
	read_all(s);
	store_close(s);
}

static int trim_wild(const char *path)
{
	struct store *s;
	int error, steps = 0;

	if (store_open(path, true, &s))
		return 0;
	while (store_trim(s, MINUTE * 60, 90 * DAY_S, 1, &error) &&
	       steps++ < 100)
		;
	store_close(s);
	return steps >= 100;
}

CLAIM(trim_hostile, "minutes at the ends of what a number holds are trimmed, "
		    "or are not, without harm and without end")
{
	static const char *const minutes[] = { "9223372036854775807",
					       "-9223372036854775808",
					       "200000000000000000", "1", "0" };

	for (size_t i = 0; i < COUNT(minutes); i++) {
		char sql[128];
		const char *path = file_of("db");
		int code;

		unlink(path);
		opening(path, true);
		snprintf(sql, sizeof(sql),
			 "INSERT INTO minute VALUES (%s, 0, 1, 1, 1)",
			 minutes[i]);
		other(path, sql);
		hear();
		code = in_child(trim_wild, path);
		heard();
		expect(!code, "minute %s: %d", minutes[i], code);
	}
}

#define IN_FOLDER(fn)                                                          \
	{                                                                      \
		fn##_claim, fn##_test, make_folder, remove_folder, NULL        \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(same),
		IN_FOLDER(sums),
		IN_FOLDER(taken_back),
		IN_FOLDER(clauses),
		IN_FOLDER(clause_limit),
		CLAIMED(hours),
		CLAIMED(hours_wild),
		IN_FOLDER(many),
		IN_FOLDER(rolled_back),
		IN_FOLDER(full),
		IN_FOLDER(busy),
		IN_FOLDER(run_number),
		IN_FOLDER(run_again),
		IN_FOLDER(findings),
		IN_FOLDER(finding_ports),
		IN_FOLDER(happenings),
		IN_FOLDER(imported),
		IN_FOLDER(trim_age),
		IN_FOLDER(trim_day),
		IN_FOLDER(trim_two),
		IN_FOLDER(trim_size),
		IN_FOLDER(made),
		IN_FOLDER(refused),
		IN_FOLDER(cut),
		IN_FOLDER(schema_negative),
		IN_FOLDER(race),
		IN_FOLDER(snapshot),
		IN_FOLDER(read_only),
		IN_FOLDER(slashes),
		IN_FOLDER(wild),
		IN_FOLDER(trim_hostile),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
