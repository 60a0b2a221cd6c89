/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change_lock.h"
#include "../kernel/applied.h"
#include "../program/file_lock.h"
#include "../../rules/base/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOCK_LOOK_MS 20

/* The name of the namespace's lock: run files are told apart the same way. */
static const char *change_lock_name(struct program *p)
{
	struct stat st;

	if (stat("/proc/self/ns/net", &st))
		st.st_ino = 0;
	return arena_printf(p->arena, "lock-%llu",
			    (unsigned long long)st.st_ino);
}

static int change_lock_wait(int folder, const char *name, int patience_ms,
			    int *holder)
{
	const struct timespec look = { .tv_nsec = LOCK_LOOK_MS * 1000000L };
	int fd = file_lock(folder, name, 0, holder);

	for (int ms = 0; fd == -EBUSY && ms < patience_ms; ms += LOCK_LOOK_MS) {
		nanosleep(&look, NULL);
		fd = file_lock(folder, name, 0, holder);
	}
	return fd;
}

static int change_lock_refuse(int error, int holder, const char *path,
			      struct fault *f)
{
	if (error == -EBUSY)
		return fault_set(f, error,
				 "another mailwall (pid %d) is changing the "
				 "rules and did not end: wait for it, or look "
				 "at it with \"ps %d\"",
				 holder, holder);
	if (error == -EACCES || error == -EPERM)
		return fault_set(
			f, error,
			"cannot lock \"%s\": to change the rules needs "
			"CAP_NET_ADMIN, and to write there; run as root",
			path);
	return fault_set(f, error, "cannot lock \"%s\": %s", path,
			 strerror(-error));
}

int change_lock(struct program *p, int patience_ms, struct fault *f)
{
	int error = applied_make_folder(p->run_dir), holder = 0, folder, fd;

	if (error)
		return change_lock_refuse(error, 0, p->run_dir, f);
	folder = open(p->run_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return change_lock_refuse(-errno, 0, p->run_dir, f);
	fd = change_lock_wait(folder, change_lock_name(p), patience_ms,
			      &holder);
	close(folder);
	return fd < 0 ? change_lock_refuse(fd, holder, p->run_dir, f) : fd;
}
