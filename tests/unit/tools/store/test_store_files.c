/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a file that is bad, shared or hostile does to a store. */
#include "../../store_facts.h"
#include "../../store_hostile.h"
#include "../../../../tools/program/whole_file.h"
#include "../../../../tools/program/program.h"

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
	assert_int_equal(whole_file_read(fd, &text, n), 0);
	close(fd);
	return (char *)text;
}

/* What opening says; "" if it went well. */
static const char *opening(const char *path, bool write)
{
	struct store *s = (struct store *)&s;
	int error;

	*why.text = '\0';
	error = store_open(path, write, &s, &why);
	expect(!error == (s != NULL), "error %d, and a store", error);
	expect(error <= 0, "error %d", error);
	expect(!error == !*why.text, "error %d, why \"%s\"", error, why.text);
	store_close(s);
	return why.text;
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
		      (uint64_t)other_number(path, "PRAGMA user_version"), 6);
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
		if (!store_open(copy, false, &r, &why)) {
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
	int error = store_open(path, true, &s, &why);

	store_close(s);
	return error ? fault_say(&why, error) : 0;
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

static void note_mail_server(void *ctx, const struct store_found *f)
{
	int *said = ctx;

	*said = f->mail_server;
}

/* The flag of the file's only finding; -1: there is none. */
static int mail_server_in(const char *path, bool write)
{
	struct store *s;
	int said = -1;

	assert_int_equal(store_open(path, write, &s, &why), 0);
	assert_int_equal(store_findings(s, 0, 100, note_mail_server, &said), 0);
	store_close(s);
	return said;
}

/* Makes of a file of this version one of schema 4. */
static const char back_to_4[] =
	"ALTER TABLE finding DROP COLUMN systems;"
	"ALTER TABLE loaded DROP COLUMN mode;"
	"CREATE TABLE now AS SELECT * FROM what;"
	"DROP TABLE what;"
	"CREATE TABLE what ("
	" number INTEGER PRIMARY KEY, port INTEGER NOT NULL,"
	" outcome INTEGER NOT NULL, clause INTEGER NOT NULL,"
	" UNIQUE (port, outcome, clause)) STRICT;"
	"INSERT INTO what SELECT number, port, outcome, clause FROM now;"
	"DROP TABLE now; PRAGMA user_version = 4";

static void note_day(void *ctx, const struct store_day *d)
{
	uint64_t *attempts = ctx;

	attempts[d->observed] += d->attempts;
}

static void note_mode(void *ctx, const struct store_loaded *l)
{
	*(int *)ctx = l->mode;
}

/* "3 0 0": attempts not observed, observed, and the mode. */
static const char *observed_in(const char *path, bool write)
{
	static char text[64];
	uint64_t attempts[2] = { 0 };
	int mode = -1;
	struct store *s;

	assert_int_equal(store_open(path, write, &s, &why), 0);
	assert_int_equal(store_days(s, 0, 9, note_day, attempts), 0);
	assert_int_equal(store_loads(s, 0, 99, note_mode, &mode), 0);
	store_close(s);
	snprintf(text, sizeof(text), "%d %d %d", (int)attempts[0],
		 (int)attempts[1], mode);
	return text;
}

CLAIM(schema_4, "attempts and loads of schema 4 are read as they are, and a "
		"writer keeps them")
{
	const char *path = file_of("db");

	opening(path, true);
	other(path, "INSERT INTO source VALUES (1, x'0a000001', 5, 5);"
		    "INSERT INTO what VALUES (1, 25, 1, 0, 0);"
		    "INSERT INTO day VALUES (0, 1, 1, 3, 3, x'0003');"
		    "INSERT INTO loaded VALUES (1, 5, 'p', '', '', 1, "
		    "'observe')");
	expect_text("this version", observed_in(path, false), "3 0 2");
	other(path, back_to_4);
	expect_text("a reader", observed_in(path, false), "3 0 0");
	expect_number("as it was",
		      (uint64_t)other_number(path, "PRAGMA user_version"), 4);
	expect_text("a writer", observed_in(path, true), "3 0 0");
	expect_number("brought up to date",
		      (uint64_t)other_number(path, "PRAGMA user_version"), 6);
	expect_text("opened again", opening(path, true), "");
}

static void note_systems(void *ctx, const struct store_found *f)
{
	*(uint16_t *)ctx = f->systems;
}

static uint64_t systems_in(const char *path, bool write)
{
	uint16_t systems = UINT16_MAX;
	struct store *s;

	assert_int_equal(store_open(path, write, &s, &why), 0);
	assert_int_equal(store_findings(s, 0, 99, note_systems, &systems), 0);
	store_close(s);
	return systems;
}

CLAIM(schema_5, "findings of schema 5 tell of no system, and a writer keeps "
		"them; bits of no system are not read")
{
	const char *path = file_of("db");

	opening(path, true);
	other(path,
	      "INSERT INTO source VALUES (1, x'0a000001', 5, 5);"
	      "INSERT INTO finding VALUES (1, 5, 1, 'spam-source', 'fast',"
	      " 25, 1, 1, 1, 1, 1, 5, 5, 1, 0, '', 1, -1)");
	expect_number("said", systems_in(path, false), SYSTEMS_ALL);
	other(path, "ALTER TABLE finding DROP COLUMN systems;"
		    "PRAGMA user_version = 5");
	expect_number("a reader", systems_in(path, false), 0);
	expect_number("a writer", systems_in(path, true), 0);
	expect_number("brought up to date",
		      (uint64_t)other_number(path, "PRAGMA user_version"), 6);
	expect_text("opened again", opening(path, true), "");
}

CLAIM(schema_3, "findings of schema 3 are read as they are, and a writer adds "
		"what they do not say")
{
	const char *path = file_of("db");

	opening(path, true);
	other(path,
	      "INSERT INTO source VALUES (1, x'0a000001', 5, 5);"
	      "INSERT INTO finding VALUES (1, 5, 1, 'spam-source', 'fast',"
	      " 25, 1, 1, 1, 1, 1, 5, 5, 1, 0, '', 1, 0)");
	expect_number("said", (uint64_t)mail_server_in(path, false), 1);
	other(path, back_to_4);
	other(path, "ALTER TABLE finding DROP COLUMN mail_server;"
		    "PRAGMA user_version = 3");
	expect_number("a reader", (uint64_t)mail_server_in(path, false), 0);
	expect_number("as it was",
		      (uint64_t)other_number(path, "PRAGMA user_version"), 3);
	expect_number("a writer", (uint64_t)mail_server_in(path, true), 0);
	expect_number("brought up to date",
		      (uint64_t)other_number(path, "PRAGMA user_version"), 6);
	expect_text("opened again", opening(path, true), "");
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

static void open_good_and_close(const char *path)
{
	store_close(open_good(path, true));
}

CLAIM(foreign_code, "a store with a trigger, a view, an index, a column or a "
		    "table that is not ours, or without one that is, is "
		    "refused by name, by readers and writers")
{
	static const struct {
		const char *sql, *named;
	} rows[] = {
		{ "CREATE TRIGGER t AFTER INSERT ON loaded BEGIN INSERT INTO "
		  "run SELECT 0,0,0,0,0,'' FROM (WITH RECURSIVE x(n) AS "
		  "(SELECT 1 UNION ALL SELECT n+1 FROM x) SELECT n FROM x "
		  "WHERE n<0); END",
		  "a trigger \"t\"" },
		{ "ALTER TABLE finding RENAME TO f2; CREATE VIEW finding AS "
		  "SELECT f2.* FROM f2, (WITH RECURSIVE x(n) AS (SELECT 1 "
		  "UNION ALL SELECT n+1 FROM x) SELECT n FROM x)",
		  "a view \"finding\"" },
		{ "CREATE VIEW v AS SELECT 1", "a view \"v\"" },
		{ "CREATE INDEX i ON run (start)", "an index \"i\"" },
		{ "ALTER TABLE run ADD COLUMN more TEXT AS "
		  "(hex(zeroblob(lost)))",
		  "table \"run\" is not as" },
		{ "CREATE TABLE more (x)", "a table \"more\"" },
		{ "DROP TABLE run", "table \"run\" is missing" },
		{ "DROP INDEX day_source", "index \"day_source\" is missing" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *path = file_of("db");

		unlink(path);
		open_good_and_close(path);
		other(path, rows[i].sql);
		expect_said(rows[i].sql, opening(path, false), rows[i].named);
		expect_said(rows[i].sql, opening(path, true), rows[i].named);
	}
}

CLAIM(code_later, "a trigger that comes while the store is open does not run")
{
	const char *path = file_of("db");
	struct store *s = open_good(path, true);
	struct store_row row = row_of(MINUTE, 0x0a000001, 1);

	other(path, "CREATE TRIGGER t AFTER INSERT ON minute BEGIN"
		    " DELETE FROM source; END");
	put_good(s, &row, 1);
	store_close(s);
	expect_number(
		"sources",
		(uint64_t)other_number(path, "SELECT count(*) FROM source"), 1);
}

CLAIM(no_files, "a link, a FIFO and a folder in place of a store are refused, "
		"and what a link points to is not made")
{
	const char *link = file_of("link"), *fifo = file_of("fifo");
	const char *target = file_of("target");
	struct stat st;

	assert_int_equal(symlink(target, link), 0);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	expect_said("a link", opening(link, true), "is a symbolic link");
	expect(stat(target, &st) && errno == ENOENT, "its target was made");
	open_good_and_close(target);
	expect_said("a link", opening(link, false), "is a symbolic link");
	expect_said("a FIFO", opening(fifo, true), "no regular file");
	expect_said("a folder", opening(folder, true), "cannot open");
}

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

	open_good_and_close(file_of("good"));
	other(path, loose);
	other(path, hostile);
	disguise(path, file_of("good"));
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

	if (store_open(path, true, &s, &why))
		return 0;
	while (store_trim(s, &(struct store_time){ MINUTE * 60, 1 }, 90 * DAY_S,
			  1, &error) &&
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(made),	 IN_FOLDER(refused),
		IN_FOLDER(cut),		 IN_FOLDER(schema_negative),
		IN_FOLDER(race),	 IN_FOLDER(snapshot),
		IN_FOLDER(read_only),	 IN_FOLDER(slashes),
		IN_FOLDER(wild),	 IN_FOLDER(trim_hostile),
		IN_FOLDER(foreign_code), IN_FOLDER(code_later),
		IN_FOLDER(no_files),	 IN_FOLDER(schema_3),
		IN_FOLDER(schema_4),	 IN_FOLDER(schema_5),
	};

	return cmocka_run_group_tests_name("store_files", tests, NULL, NULL);
}
