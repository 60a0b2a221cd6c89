/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "folder.h"
#include "privilege.h"
#include "../../rules/base/arena.h"
#include "../program/program.h"
#include "../program/message.h"

#include <stdio.h>
#include <errno.h>
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

void folder_own_store(const char *path, const char *user)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	const struct passwd *pw =
		getpwnam(user ? user : privilege_default_user());
	char name[PATH_MAX];

	for (size_t i = 0; geteuid() == 0 && pw && i < 3; i++) {
		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		if (lchown(name, pw->pw_uid, pw->pw_gid) && errno != ENOENT)
			message_say("cannot give \"%s\" to %s: %s", name,
				    pw->pw_name, strerror(errno));
	}
}
