/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Root at a store that another user owns. Without root there is nothing to
 * see: the claims are skipped. */
#include "../../store_facts.h"
#include "../../../../tools/store/recorder.h"
#include "../../../../tools/store/store_remote.h"
#include "../../../../tools/recorder/runs.h"

#include <signal.h>
#include <sys/socket.h>

/* The folder is nobody's, and what root makes there is nobody's, too. */
static void be_root(void)
{
	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(folder, NOBODY, NOBODY), 0);
}

static void as_nobody(const char *path, const char *sql)
{
	assert_int_equal(seteuid(NOBODY), 0);
	other(path, sql);
	assert_int_equal(seteuid(0), 0);
}

static uid_t owner_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) ? (uid_t)-1 : st.st_uid;
}

static const char *opening(const char *path, bool write)
{
	struct store *s;

	*why.text = '\0';
	store_open(path, write, &s, &why);
	store_close(s);
	return why.text;
}

static void sum_lines(void *ctx, const struct store_lines *l)
{
	for (uint32_t i = 0; i < l->n; i++)
		*(uint64_t *)ctx += l->digests[i];
}

/* Writes all that a store holds, and reads it. */
static void put_all(struct store *s)
{
	struct store_row rows[3] = { row_of(MINUTE, 0x0a000001, 3),
				     row_of(MINUTE + 1, 0x0a000002, 4),
				     row_of(MINUTE + 1500, 0x0a000001, 5) };
	struct store_finding f = { .finding = { .family = 4,
						.source = v4(0x0a000001),
						.detector = DETECTOR_FAST,
						.time_us = 5000000,
						.port = 25,
						.proven = true } };
	struct store_run run = { 0, 1000, 1001, 7, 8, "eth1 nflog:25" };
	struct store_row to = rows[0];
	uint64_t sum = 0;

	rows[0].clause = "p:1";
	rows[1].family = 6;
	store_begin(s);
	for (size_t i = 0; i < COUNT(rows); i++)
		store_add(s, &rows[i]);
	store_add_finding(s, &f);
	store_add_loaded(s, &(struct store_loaded){ 9, "p", "d", "me", 3, 0 });
	store_add_step(s, &(struct store_step){ 11, -5 });
	store_add_lines(s, &(struct store_lines){ 480000, 2, { 70, 7 } });
	store_add_run(s, &run);
	assert_int_equal(store_end(s), 0);
	expect(run.id, "the run got no number");
	to.outcome = OUTCOME_BLOCKED;
	to.attempts = to.syns = 1;
	store_begin(s);
	store_move(s, &rows[0], &to);
	assert_int_equal(store_end(s), 0);
	assert_int_equal(store_lines_of(s, 480000, sum_lines, &sum), 0);
	assert_int_equal(store_lines_of(s, 480001, sum_lines, &sum), 0);
	expect_number("lines", sum, 77);
}

CLAIM(same, "root writes and reads a store of another user as that user would, "
	    "and makes files for that user alone")
{
	const char *own = file_of("own"), *path = file_of("db");
	struct store *s = open_good(own, true);
	char *want, *got;

	put_all(s);
	store_close(s);
	want = facts_in(own);
	be_root();
	s = open_good(path, true);
	expect(s->remote && !s->db, "root has the file open");
	put_all(s);
	store_close(s);
	expect_number("owner", owner_of(path), NOBODY);
	s = open_good(path, false);
	expect(s->remote && !s->db, "root has the file open");
	got = facts_of(s);
	store_close(s);
	expect_text("rows", got, want);
	free(want);
	free(got);
}

CLAIM(dropped, "the process that has it open is of that user for good, without "
	       "capabilities, and has no descriptor of root's")
{
	char name[64], line[200];
	unsigned int uids[4] = { 0 }, fds = 0;
	unsigned long long caps = 1;
	struct store *s;
	FILE *f;

	be_root();
	s = open_good(file_of("db"), true);
	assert_true(s->remote_pid > 0);
	snprintf(name, sizeof(name), "/proc/%d/status", s->remote_pid);
	f = fopen(name, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		sscanf(line, "Uid: %u %u %u %u", &uids[0], &uids[1], &uids[2],
		       &uids[3]);
		sscanf(line, "CapPrm: %llx", &caps);
	}
	fclose(f);
	for (int i = 0; i < 4; i++)
		expect_number("uid", uids[i], NOBODY);
	expect_number("capabilities", caps, 0);
	for (int fd = 0; fd < 256; fd++) {
		char to[200];
		ssize_t n;

		snprintf(name, sizeof(name), "/proc/%d/fd/%d", s->remote_pid,
			 fd);
		n = readlink(name, to, sizeof(to) - 1);
		if (n < 0)
			continue;
		to[n] = '\0';
		expect(!strcmp(to, "/dev/null") || !strncmp(to, "socket:", 7) ||
			       !strncmp(to, folder, strlen(folder)),
		       "it has \"%s\"", to);
		fds += !strncmp(to, "socket:", 7);
	}
	expect_number("sockets", fds, 1);
	store_close(s);
}

CLAIM(hostile, "nothing that the owner puts there makes root write elsewhere, "
	       "or wait: a link, a trigger, a view, a lock, a FIFO")
{
	const char *path = file_of("db"), *target = "/tmp/mailwall-not-there";
	const struct store_loaded loaded = {
		.policy = "p", .digest = "d", .who = "w", .generation = 1
	};
	struct fault f = { { 0 } };
	struct stat st;

	be_root();
	unlink(target);
	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(lchown(path, NOBODY, NOBODY), 0);
	expect(strstr(opening(path, true), "symbolic link") != NULL,
	       "a link: \"%s\"", why.text);
	expect(lstat(target, &st) && errno == ENOENT, "its target was made");
	unlink(path);
	store_close(open_good(path, true));
	as_nobody(path, "CREATE TRIGGER t AFTER INSERT ON loaded BEGIN INSERT "
			"INTO run SELECT 0,0,0,0,0,'' FROM (WITH RECURSIVE "
			"x(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM x) SELECT "
			"n FROM x WHERE n<0); END");
	expect(note_write(path, &loaded, &f) < 0 &&
		       strstr(f.text, "trigger \"t\""),
	       "a trigger: \"%s\"", f.text);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(chown(path, NOBODY, NOBODY), 0);
	expect(note_write(path, &loaded, &f) < 0 &&
		       strstr(f.text, "no regular file"),
	       "a FIFO: \"%s\"", f.text);
}

CLAIM(root_file, "a file of root's in a folder of another user is refused, "
		 "with what to do")
{
	const char *path = file_of("db");

	store_close(open_good(path, true));
	be_root();
	expect(strstr(opening(path, true), "chown 65534") != NULL, "\"%s\"",
	       why.text);
	expect_number("owner", owner_of(path), 0);
}

CLAIM(ended, "the end of that process, and its silence, are errors of a "
	     "reading and of a writing, and not for ever")
{
	const char *path = file_of("db");
	struct store_row row = row_of(MINUTE, 1, 1);

	be_root();
	for (int turn = 0; turn < 2; turn++) {
		struct store *s = open_good(path, true);

		s->remote->silence_s = 1;
		kill(s->remote_pid, turn ? SIGSTOP : SIGKILL);
		expect(put(s, &row, 1) < 0, "it was written");
		expect(strstr(store_why(s), turn ? "does not answer" : "ended"),
		       "why \"%s\"", store_why(s));
		expect(put(s, &row, 1) < 0, "later it was written");
		store_close(s);
	}
}

CLAIM(garbage, "whatever that process answers, root reads without harm")
{
	uint64_t seed = 4;

	for (int turn = 0; turn < 3000; turn++) {
		static struct wire w;
		uint8_t bytes[300];
		union {
			uint8_t room[WIRE_ROW_MOST];
			int64_t number;
		} row;
		uint32_t kind;
		size_t n = chance(&seed) % sizeof(bytes);
		int ends[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
		for (size_t i = 0; i < n; i++)
			bytes[i] = (uint8_t)chance(&seed);
		/* A kind and a length that may be good. */
		if (turn % 3 && n > 8) {
			memset(bytes, 0, 8);
			bytes[0] = (uint8_t)(chance(&seed) % (WIRE_KINDS + 2));
			bytes[4] = (uint8_t)(n - 8);
			bytes[5] = (uint8_t)((n - 8) >> 8);
		}
		assert_int_equal(write(ends[1], bytes, n), (ssize_t)n);
		close(ends[1]);
		memset(&w, 0, sizeof(w));
		w.fd = ends[0];
		w.forms = store_forms;
		w.n_forms = WIRE_KINDS;
		while (wire_get(&w, &kind, &row))
			expect(kind < WIRE_KINDS, "kind %u", kind);
		expect(w.error < 0, "no error at the end");
		close(ends[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(same),  IN_FOLDER(dropped),	IN_FOLDER(hostile),
		IN_FOLDER(ended), IN_FOLDER(root_file), IN_FOLDER(garbage),
	};

	return cmocka_run_group_tests_name("store_owner", tests, NULL, NULL);
}
