/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "folder.h"
#include "privilege.h"
#include "../../rules/base/arena.h"
#include "../program/program.h"
#include "../program/message.h"

#include <stdio.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *folder_of(struct program *p, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return ".";
	return slash == path ?
		       "/" :
		       arena_strndup(p->arena, path, (size_t)(slash - path));
}

int folder_make(const char *folder, const char *user)
{
	const struct passwd *pw =
		getpwnam(user ? user : privilege_default_user());

	if (mkdir(folder, 0750))
		return errno == EEXIST ? 0 : -errno;
	if (geteuid() != 0 || !pw)
		return 0;
	return chown(folder, pw->pw_uid, pw->pw_gid) ? -errno : 0;
}

int folder_make_of(struct program *p, const char *path, const char *user)
{
	const char *folder = folder_of(p, path);
	int error = folder_make(folder, user);

	if (!error)
		return EXIT_DONE;
	message_say("cannot make the folder \"%s\": %s", folder,
		    strerror(-error));
	return EXIT_REFUSED;
}

/*
 * The user may write the folder: a link there, of either kind, would be a
 * foreign file.
 */
static int folder_own_file(const char *name, const struct passwd *pw)
{
	int fd = open(name, O_PATH | O_NOFOLLOW | O_CLOEXEC), error = 0;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		error = -errno;
	else if (st.st_uid == pw->pw_uid && st.st_gid == pw->pw_gid)
		error = 0;
	else if (!S_ISREG(st.st_mode) || st.st_nlink > 1)
		error = -EMLINK;
	else if (fchownat(fd, "", pw->pw_uid, pw->pw_gid, AT_EMPTY_PATH))
		error = -errno;
	close(fd);
	return error;
}

static void folder_say_owner(const char *name, const struct passwd *pw,
			     int error)
{
	message_say("cannot give \"%s\" to %s: %s", name, pw->pw_name,
		    error == -EMLINK ? "it is a link, or has another name as "
				       "well; put a file of its own there" :
				       strerror(-error));
}

void folder_own_store(const char *path, const char *user)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	const struct passwd *pw =
		getpwnam(user ? user : privilege_default_user());
	char name[PATH_MAX];
	int error;

	for (size_t i = 0; geteuid() == 0 && pw && i < 3; i++) {
		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		error = folder_own_file(name, pw);
		if (error && error != -ENOENT)
			folder_say_owner(name, pw, error);
	}
}
