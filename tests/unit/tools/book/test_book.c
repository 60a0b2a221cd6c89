/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The book: records, their history, and files that are not as they should be.
 */
#include "../../folder.h"
#include "../../../../tools/book/book.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOW_S INT64_C(1796083200) /* 2026-12-01T00:00:00Z */

static struct arena *arena;

static int set_up(void **state)
{
	arena = arena_new();
	return arena ? make_folder(state) : -1;
}

static int tear_down(void **state)
{
	arena_free(arena);
	return remove_folder(state);
}

static struct book *open_book(bool write)
{
	struct book *b;

	if (book_open(arena, folder, write, &b, &why))
		fail_msg("%s", why.text);
	return b;
}

static const struct book_change change_now = { NOW_S, "add", "noc1", "" };

static struct range6 range_of(const char *text, int *family)
{
	struct addr_range r;

	assert_int_equal(range_parse(text, strlen(text), &r), 0);
	*family = r.family;
	return exempt_range(&r);
}

static struct book_record record_of(const char *range, int64_t expires_s)
{
	struct book_record r = { .class = "exempt",
				 .said = { "NET-1", "a server", "", "", "" },
				 .typed_by = "noc1",
				 .created_s = NOW_S,
				 .expires_s = expires_s };

	r.range = range_of(range, &r.family);
	return r;
}

static void put(struct book *b, const char *range, int64_t expires_s)
{
	struct book_record r = record_of(range, expires_s);

	if (book_add(b, &r, &change_now, &why))
		fail_msg("%s: %s", range, why.text);
}

/* "10.0.0.1 10.0.0.0/24", in the order of ids. */
static const char *met_text(struct book *b, const char *range)
{
	struct book_records met = { 0 };
	const char *out = "";
	int family;
	struct range6 r = range_of(range, &family);

	if (book_meeting(b, "exempt", family, &r, NOW_S, &met, &why))
		fail_msg("%s: %s", range, why.text);
	for (int64_t id = 1; id < 100; id++)
		for (size_t i = 0; i < met.n; i++) {
			char text[RANGE_TEXT_MAX];

			if (met.items[i].id != id)
				continue;
			cover_print(text, family, &met.items[i].range);
			out = arena_printf(arena, "%s%s%s", out,
					   *out ? " " : "", text);
		}
	return out;
}

CLAIM(meets, "what meets a range is found, however large or small it is")
{
	static const struct {
		const char *range, *met;
	} vectors[] = {
		{ "10.0.0.1", "10.0.0.0/8 10.0.0.0/24 10.0.0.1" },
		{ "10.0.0.2", "10.0.0.0/8 10.0.0.0/24" },
		{ "10.0.0.0/24", "10.0.0.0/8 10.0.0.0/24 10.0.0.1" },
		{ "10.1.0.5", "10.0.0.0/8 10.1.0.3-10.1.0.9" },
		{ "10.1.0.9-10.1.0.20", "10.0.0.0/8 10.1.0.3-10.1.0.9" },
		{ "10.1.0.10", "10.0.0.0/8" },
		{ "11.0.0.0", "" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "0.0.0.0/1",
		  "10.0.0.0/8 10.0.0.0/24 10.0.0.1 10.1.0.3-10.1.0.9 0.0.0.0" },
		{ "2001:db8::1", "2001:db8::/64" },
		{ "2001:db8:0:1::", "" },
		{ "2000::/3", "2001:db8::/64 2001:db9::1" },
	};
	struct book *b = open_book(true);

	assert_int_equal(book_begin(b, &why), 0);
	put(b, "10.0.0.0/8", EXEMPT_STAYS);
	put(b, "10.0.0.0/24", NOW_S + 5);
	put(b, "10.0.0.1", NOW_S + 1);
	put(b, "10.1.0.3-10.1.0.9", EXEMPT_STAYS);
	put(b, "255.255.255.255", EXEMPT_STAYS);
	put(b, "0.0.0.0", EXEMPT_STAYS);
	put(b, "2001:db8::/64", EXEMPT_STAYS);
	put(b, "2001:db9::1", EXEMPT_STAYS);
	put(b, "10.0.0.3", NOW_S); /* has ended */
	assert_int_equal(book_commit(b, &why), 0);
	for (size_t i = 0; i < COUNT(vectors); i++)
		expect_text(vectors[i].range, met_text(b, vectors[i].range),
			    vectors[i].met);
	book_close(b);
}

CLAIM(keeps,
      "a record is found again as it was written, and its history with it")
{
	struct book_change renew = { NOW_S + 9, "renew", "noc2", "longer" };
	struct book_change gone = { NOW_S + 10, "revoke", "noc3", "spam" };
	struct book *b = open_book(true);
	struct book_record r, found;
	struct book_events events = { 0 };

	assert_int_equal(book_begin(b, &why), 0);
	put(b, "10.0.0.1", NOW_S + 86400);
	assert_int_equal(book_commit(b, &why), 0);
	book_close(b);

	b = open_book(true);
	r = record_of("10.0.0.1", 0);
	assert_int_equal(book_find(b, "exempt", 4, &r.range, &found, &why), 0);
	assert_int_equal(found.id, 1);
	expect_text("ticket", found.said.ticket, "NET-1");
	expect_text("typed by", found.typed_by, "noc1");
	assert_int_equal(found.expires_s, NOW_S + 86400);
	found.expires_s = EXEMPT_STAYS;
	assert_int_equal(book_begin(b, &why), 0);
	assert_int_equal(book_update(b, &found, &renew, &why), 0);
	assert_int_equal(book_revoke(b, &found, &gone, &why), 0);
	assert_int_equal(book_commit(b, &why), 0);
	assert_int_equal(book_find(b, "exempt", 4, &r.range, &found, &why), 0);
	assert_int_equal(found.id, 0);
	assert_int_equal(book_history(b, 1, &events, &why), 0);
	assert_int_equal(events.n, 3);
	expect_text("first", events.items[0].change.what, "add");
	expect_text("last", events.items[2].change.who, "noc3");
	expect_text("why", events.items[2].change.why, "spam");
	assert_int_equal(events.items[0].expires_s, NOW_S + 86400);
	assert_int_equal(events.items[1].expires_s, EXEMPT_STAYS);
	/* The same range may be exempted anew. */
	assert_int_equal(book_begin(b, &why), 0);
	put(b, "10.0.0.1", EXEMPT_STAYS);
	assert_int_equal(book_commit(b, &why), 0);
	book_close(b);
}

CLAIM(states,
      "a record's state follows from its end, its revocation and the time")
{
	static const struct {
		int64_t expires_s, revoked_s;
		const char *state;
	} vectors[] = {
		{ EXEMPT_STAYS, 0, "active" },
		{ NOW_S + 15 * 86400, 0, "active" },
		{ NOW_S + 13 * 86400, 0, "expiring" },
		{ NOW_S + 1, 0, "expiring" },
		{ NOW_S, 0, "expired" },
		{ NOW_S - 9, 0, "expired" },
		{ EXEMPT_STAYS, NOW_S - 1, "revoked" },
		{ NOW_S - 9, NOW_S - 10, "revoked" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct book_record r = { .expires_s = vectors[i].expires_s,
					 .revoked_s = vectors[i].revoked_s };

		expect_text(vectors[i].state,
			    book_state_name(book_state(&r, NOW_S)),
			    vectors[i].state);
	}
}

CLAIM(undone, "what is not committed did not happen")
{
	struct book *b = open_book(true);
	struct book_records list = { 0 };
	const struct book_query q = { .now_s = NOW_S };

	assert_int_equal(book_begin(b, &why), 0);
	put(b, "10.0.0.1", EXEMPT_STAYS);
	book_close(b);
	b = open_book(false);
	assert_int_equal(book_list(b, &q, &list, &why), 0);
	assert_int_equal(list.n, 0);
	book_close(b);
}

/* A process of its own that adds 10.0.0.2 once a byte comes. Exit code 0: it
 * did. */
static pid_t start_other(int go)
{
	pid_t child = fork();
	struct book *b;
	char byte;

	if (child)
		return child;
	if (read(go, &byte, 1) != 1 ||
	    book_open(arena, folder, true, &b, &why) || book_begin(b, &why))
		_exit(1);
	put(b, "10.0.0.2", EXEMPT_STAYS);
	_exit(book_commit(b, &why) ? 2 : 0);
}

CLAIM(two, "of two who write at once the second one waits for the first")
{
	struct book_records list = { 0 };
	const struct book_query q = { .now_s = NOW_S };
	struct book *b;
	int ends[2], status;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = start_other(ends[0]);
	b = open_book(true);
	assert_int_equal(book_begin(b, &why), 0);
	put(b, "10.0.0.1", EXEMPT_STAYS);
	assert_int_equal(write(ends[1], "x", 1), 1);
	usleep(100000);
	assert_int_equal(waitpid(child, &status, WNOHANG), 0);
	assert_int_equal(book_commit(b, &why), 0);
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
	assert_int_equal(book_list(b, &q, &list, &why), 0);
	assert_int_equal(list.n, 2);
	book_close(b);
	close(ends[0]);
	close(ends[1]);
}

/* ---- files that are not as they should be ---- */

static void make_good(void)
{
	struct book *b = open_book(true);

	assert_int_equal(book_begin(b, &why), 0);
	for (int i = 0; i < 200; i++)
		put(b, arena_printf(arena, "10.0.%d.%d", i / 100, i % 100 * 2),
		    EXEMPT_STAYS);
	assert_int_equal(book_commit(b, &why), 0);
	book_close(b);
}

/* Opens it and reads all of it. 0 or -errno. */
static int read_all(bool write)
{
	struct book_records list = { 0 };
	const struct book_query q = { .now_s = NOW_S };
	struct book *b;
	int error;

	why.text[0] = 0;
	error = book_open(arena, folder, write, &b, &why);
	if (error)
		return error;
	error = book_list(b, &q, &list, &why);
	book_close(b);
	return error;
}

CLAIM(hostile,
      "what mailwall did not write into the book is refused, and run never")
{
	static const struct {
		const char *sql, *said;
	} vectors[] = {
		{ "CREATE TRIGGER t AFTER INSERT ON record BEGIN"
		  " DELETE FROM record; END",
		  "trigger \"t\" that mailwall did not make" },
		{ "CREATE VIEW v AS SELECT * FROM record", "view \"v\"" },
		{ "CREATE TABLE more (x)", "table \"more\"" },
		{ "CREATE INDEX i ON record (ticket)", "index \"i\"" },
		{ "DROP INDEX record_range", "\"record_range\" is missing" },
		{ "DROP TABLE change", "is missing" },
		{ "ALTER TABLE record ADD COLUMN more TEXT",
		  "not as mailwall made" },
		{ "PRAGMA user_version = 99", "newer mailwall" },
		{ "PRAGMA user_version = -1", "newer mailwall" },
		{ "PRAGMA application_id = 7", "another program" },
		{ "UPDATE record SET family = 5 WHERE id = 9",
		  "record 9 is not as mailwall writes it" },
		{ "UPDATE record SET first = x'0a' WHERE id = 9", "record 9" },
		{ "UPDATE record SET first = zeroblob(100000) WHERE id = 9",
		  "record 9" },
		{ "UPDATE record SET first = x'ff000000' WHERE id = 9",
		  "record 9" },
		{ "UPDATE record SET family = 6 WHERE id = 9", "record 9" },
		{ "UPDATE record SET expires = -5 WHERE id = 9", "record 9" },
		{ "UPDATE record SET expires = 9223372036854775807"
		  " WHERE id = 9",
		  "record 9" },
		{ "UPDATE record SET created = 9223372036854775807"
		  " WHERE id = 9",
		  "record 9" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		make_good();
		other(file_of(BOOK_NAME), vectors[i].sql);
		for (int write = 0; write < 2; write++) {
			int error = read_all(write);

			expect(error && strstr(why.text, vectors[i].said),
			       "%s: error %d, \"%s\"", vectors[i].sql, error,
			       why.text);
		}
		assert_int_equal(unlink(file_of(BOOK_NAME)), 0);
	}
}

CLAIM(damaged, "a damaged book is refused with a sentence, or read as it is")
{
	const char *path = arena_printf(arena, "%s", file_of(BOOK_NAME));
	uint64_t seed = 5;
	unsigned int refused = 0;

	for (int round = 0; round < 200; round++) {
		uint8_t noise[64];
		struct stat st;
		int fd, error;

		make_good();
		fd = open(path, O_RDWR);
		assert_true(fd >= 0 && !fstat(fd, &st));
		for (size_t i = 0; i < sizeof(noise); i++)
			noise[i] = (uint8_t)chance(&seed);
		if (round % 4)
			assert_true(pwrite(fd, noise, sizeof(noise),
					   (off_t)(chance(&seed) %
						   (uint64_t)st.st_size)) > 0);
		else
			assert_int_equal(
				ftruncate(fd, (off_t)(chance(&seed) %
						      (uint64_t)st.st_size)),
				0);
		close(fd);
		error = read_all(round % 2);
		refused += error != 0;
		expect(!error || *why.text, "round %d: error %d says nothing",
		       round, error);
		unlink(path);
		unlink(file_of(BOOK_NAME "-journal"));
	}
	expect(refused > 20, "%u of 200 were refused", refused);
}

CLAIM(owners, "a book or a folder that others can write is refused")
{
	char target[600];

	make_good();
	assert_int_equal(read_all(false), 0);
	chmod(file_of(BOOK_NAME), 0666);
	expect(read_all(false) == -EACCES && strstr(why.text, "chmod go-w"),
	       "%s", why.text);
	chmod(file_of(BOOK_NAME), 0600);
	chmod(folder, 0777);
	expect(read_all(true) == -EACCES && strstr(why.text, "chmod go-w"),
	       "%s", why.text);
	chmod(folder, 0755);
	if (!geteuid() && !chown(folder, 4711, 4711)) {
		expect(read_all(true) == -EACCES &&
			       strstr(why.text, "belongs to user 4711"),
		       "%s", why.text);
		assert_int_equal(chown(folder, 0, 0), 0);
	}
	snprintf(target, sizeof(target), "%s-target", file_of(BOOK_NAME));
	assert_int_equal(rename(file_of(BOOK_NAME), target), 0);
	assert_int_equal(symlink(target, file_of(BOOK_NAME)), 0);
	expect(read_all(true) == -ELOOP, "a link: %s", why.text);
	unlink(file_of(BOOK_NAME));
	assert_int_equal(mkfifo(file_of(BOOK_NAME), 0600), 0);
	expect(read_all(true) == -EINVAL, "a FIFO: %s", why.text);
	unlink(file_of(BOOK_NAME));
	assert_int_equal(mkdir(file_of(BOOK_NAME), 0700), 0);
	expect(read_all(true) != 0, "a folder: %s", why.text);
	rmdir(file_of(BOOK_NAME));
	expect(read_all(false) == -ENOENT, "none: %s", why.text);
}

CLAIM(mode, "the book is for its owner alone")
{
	struct stat st;

	make_good();
	assert_int_equal(stat(file_of(BOOK_NAME), &st), 0);
	expect_number("mode", st.st_mode & 0777, 0600);
}

#define TEST(fn)                                                               \
	{                                                                      \
		fn##_claim, fn##_test, set_up, tear_down, NULL                 \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(meets),   TEST(keeps),  TEST(states),
		TEST(undone),  TEST(two),    TEST(hostile),
		TEST(damaged), TEST(owners), TEST(mode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
