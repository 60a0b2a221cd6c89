/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writers of one store at the same time, and a file beside it that is cut. */
#include "../../store_facts.h"
#include "../../../../tools/program/file_lock.h"
#include "../../../../tools/store/recorder.h"

/* ---- locks ---- */

static int open_as(const char *path, const char *inputs)
{
	struct recorder_options options = { .path = path,
					    .inputs = inputs,
					    .say = fault_say_sentence };
	struct recorder *r;
	int error = recorder_open(&r, &options, &why);

	if (error)
		fprintf(stderr, "%s\n", why.text);
	recorder_close(r);
	return error == -EBUSY ? 2 : error ? 1 : 0;
}

static int be_monitor(const char *path)
{
	return open_as(path, "eth1");
}

static int be_import(const char *path)
{
	return open_as(path, NULL);
}

static struct recorder *recording(const char *path, const char *inputs)
{
	struct recorder_options options = { .path = path,
					    .inputs = inputs,
					    .say = fault_say_sentence };
	struct recorder *r;

	assert_int_equal(recorder_open(&r, &options, &why), 0);
	return r;
}

CLAIM(one_monitor, "a store has one monitor: a second one is refused with the "
		   "number of the first, an import is not, and the end of the "
		   "first lets another one in")
{
	const char *path = file_of("db"), *said;
	struct child second, import, third;
	struct recorder *r;
	char want[64];

	hear();
	second = child_new(be_monitor, path);
	import = child_new(be_import, path);
	third = child_new(be_monitor, path);
	r = recording(path, "eth1");
	snprintf(want, sizeof(want), "process %d is its monitor already",
		 (int)getpid());
	expect_number("second", (uint64_t)child_run(&second), 2);
	said = heard();
	expect(strstr(said, want) != NULL, "said \"%s\", want \"%s\"", said,
	       want);
	expect_number("import", (uint64_t)child_run(&import), 0);
	recorder_close(r);
	expect_number("third", (uint64_t)child_run(&third), 0);
}

CLAIM(imports, "an import waits for another one to end")
{
	const char *path = file_of("db");
	struct child second = child_new(be_import, path);
	struct recorder *r = recording(path, NULL);

	child_start(&second);
	usleep(600000);
	expect(waitpid(second.pid, NULL, WNOHANG) == 0,
	       "it did not wait for the first");
	recorder_close(r);
	expect_number("second", (uint64_t)child_run(&second), 0);
}

CLAIM(refused, "the wait for another writer has an end, with its number")
{
	const char *path = file_of("db");
	struct store *one = open_good(path, true), *two = open_good(path, true);
	struct fault f = { { 0 } };
	char want[64];

	snprintf(want, sizeof(want), "process %d writes it", (int)getpid());
	assert_int_equal(store_lock(one, STORE_IMPORT, 0, &f), 0);
	expect(store_lock(two, STORE_IMPORT, 1, &f) == -EBUSY &&
		       strstr(f.text, want),
	       "\"%s\"", f.text);
	store_close(one);
	expect(store_lock(two, STORE_IMPORT, 0, &f) == 0, "\"%s\"", f.text);
	store_close(two);
}

CLAIM(no_link, "a lock is no link to be followed")
{
	const char *target = file_of("target");
	struct stat st;
	int holder;

	assert_int_equal(symlink(target, file_of("db-lock")), 0);
	expect(file_lock(AT_FDCWD, file_of("db-lock"), 0, &holder) == -ELOOP,
	       "it was followed");
	expect(stat(target, &st) && errno == ENOENT, "its target was made");
}

/* ---- a file that is cut ---- */

static int write_on(const char *path)
{
	struct recorder *r = recording(path, "eth1");
	char shm[600];

	snprintf(shm, sizeof(shm), "%s-shm", path);
	for (uint32_t i = 0; i < 20; i++) {
		struct attempt_event e = { .time_us = MINUTE * 60 * 1000000,
					   .family = 4,
					   .source = v4(i),
					   .port = 25,
					   .syns = 1 };

		recorder_attempt(r, &e);
		recorder_flush(r);
		if (i % 5 == 4 && truncate(shm, i % 2 ? 0 : 4096))
			return 1;
	}
	return recorder_close(r) ? 3 : 0;
}

CLAIM(shm, "a file beside the store that is cut short ends nothing and loses "
	   "nothing")
{
	const char *path = file_of("db");

	hear();
	expect_number("the writer", (uint64_t)in_child(write_on, path), 0);
	heard();
	expect_number("attempts",
		      (uint64_t)other_number(
			      path, "SELECT sum(attempts) FROM minute"),
		      20);
	expect_number("whole",
		      (uint64_t)other_number(path,
					     "SELECT count(*) FROM"
					     " pragma_integrity_check WHERE"
					     " integrity_check <> 'ok'"),
		      0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(one_monitor), IN_FOLDER(imports), IN_FOLDER(refused),
		IN_FOLDER(no_link),	IN_FOLDER(shm),
	};

	return cmocka_run_group_tests_name("store_lock", tests, NULL, NULL);
}
