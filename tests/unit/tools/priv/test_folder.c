/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that root gives to the user that a monitor runs as. */
#include "../../unit.h"

#include "../../../../tools/priv/folder.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

static char place[] = "/tmp/mailwall-unit-XXXXXX";

static const char *file_of(const char *name)
{
	static char paths[8][64];
	static unsigned int next;
	char *path = paths[next++ % COUNT(paths)];

	snprintf(path, sizeof(paths[0]), "%s/%s", place, name);
	return path;
}

static const char *make_file(const char *name)
{
	const char *path = file_of(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
	return path;
}

static void expect_owner(const char *path, uid_t want)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	expect(st.st_uid == want, "%s: of %u, want %u", path,
	       (unsigned int)st.st_uid, (unsigned int)want);
}

CLAIM(own, "a store and its side files are given to the user, a file that has "
	   "another name or is a link is not")
{
	const struct passwd *nobody = getpwnam("nobody");
	const char *wal, *linked;
	const char *store, *shm, *foreign;
	uid_t mine = geteuid(), want;

	assert_non_null(nobody);
	assert_non_null(mkdtemp(place));
	store = make_file("db");
	shm = make_file("db-shm");
	foreign = make_file("foreign");
	want = mine ? mine : nobody->pw_uid; /* without root nothing changes */
	wal = file_of("db-wal");
	linked = file_of("link");
	assert_int_equal(link(foreign, wal), 0);
	assert_int_equal(symlink(foreign, linked), 0);
	folder_own_store(store, "nobody");
	folder_own_store(linked, "nobody");
	expect_owner(store, want);
	expect_owner(shm, want);
	expect_owner(foreign, mine);
	expect_owner(linked, mine);
	unlink(store);
	unlink(shm);
	unlink(wal);
	unlink(linked);
	unlink(foreign);
	assert_int_equal(rmdir(place), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { CLAIMED(own) };

	return cmocka_run_group_tests_name("folder", tests, NULL, NULL);
}
