/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state_file.h"
#include "../priv/folder.h"
#include "../program/file_lock.h"
#include "../program/whole_file.h"
#include "../../rules/base/arena.h"
#include "../program/program.h"
#include "../program/message.h"

#include <stdio.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int state_file_refuse(const struct state_file *s, const char *what)
{
	message_say("cannot %s \"%s\": %s", what, s->path, strerror(errno));
	return EXIT_REFUSED;
}

int state_file_open(struct state_file *s, struct program *p, const char *path,
		    const char *user)
{
	const char *folder = folder_of(p, path), *slash = strrchr(path, '/');
	int error;

	*s = (struct state_file){ .path = path,
				  .name = slash ? slash + 1 : path };
	if (!*s->name)
		return message_say("--state takes a file, not a folder"),
		       EXIT_USAGE;
	s->temporary = arena_printf(p->arena, ".%s.new", s->name);
	error = folder_make(folder, user);
	if (error) {
		errno = -error;
		return state_file_refuse(s, "make the folder of");
	}
	s->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return s->folder < 0 ? state_file_refuse(s, "open the folder of") :
			       EXIT_DONE;
}

/* ---- reading ---- */

static void state_file_put_aside(const struct state_file *s, const char *why)
{
	char aside[300];

	snprintf(aside, sizeof(aside), "%.250s.damaged", s->name);
	if (renameat(s->folder, s->name, s->folder, aside))
		message_say(
			"\"%s\": %s; it cannot be kept as %s: %s; the monitor "
			"begins anew",
			s->path, why, aside, strerror(errno));
	else
		message_say(
			"\"%s\": %s; it is kept as %s, and the monitor begins "
			"anew",
			s->path, why, aside);
}

/*
 * Did another program write it? A store may be named by mistake. A file that
 * a crash kept the system from writing is empty or all zeros: that is ours.
 */
static bool state_file_is_foreign(const char *bytes, size_t len)
{
	size_t n = strlen(ENGINE_STATE);

	if (len < n)
		n = len;
	return n && bytes[0] && memcmp(bytes, ENGINE_STATE, n) != 0;
}

static int state_file_refuse_foreign(const struct state_file *s)
{
	message_say("\"%s\" is no state of the monitor, and is left as it is; "
		    "--state takes another name, and a store goes with --store",
		    s->path);
	return EXIT_REFUSED;
}

static int state_file_try(struct state_file *s)
{
	int fd = openat(s->folder, s->temporary,
			O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return state_file_refuse(s, "write");
	close(fd);
	unlinkat(s->folder, s->temporary, 0);
	return EXIT_DONE;
}

/*
 * Two monitors with one state would each undo what the other knows. What keeps
 * the lock from being made keeps the state from being written, and is said
 * there.
 */
static int state_file_lock(struct state_file *s)
{
	char name[300];
	int holder, fd;

	snprintf(name, sizeof(name), ".%.250s.lock", s->name);
	fd = file_lock(s->folder, name, 0, &holder);
	if (fd != -EBUSY)
		return EXIT_DONE; /* held for as long as the process runs */
	message_say("\"%s\": process %d keeps its state there already; give "
		    "this one another --state, or end that one",
		    s->path, holder);
	return EXIT_REFUSED;
}

static int state_file_load(struct state_file *s, struct engine *e)
{
	int fd = openat(s->folder, s->name,
			O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	const char *bytes = NULL, *why;
	size_t len = 0;
	int error, code = EXIT_REFUSED;

	if (fd < 0 && errno != ENOENT)
		return state_file_refuse(s, "read");
	if (fd < 0)
		return state_file_try(s);
	error = whole_file_read_regular(fd, &bytes, &len);
	close(fd);
	if (error) {
		message_say("cannot read \"%s\": %s", s->path,
			    strerror(-error));
	} else if (state_file_is_foreign(bytes, len)) {
		code = state_file_refuse_foreign(s);
	} else {
		if (engine_load(e, bytes, len, &why))
			state_file_put_aside(s, why);
		code = state_file_try(s);
	}
	free((char *)bytes);
	return code;
}

int state_file_read(struct state_file *s, struct engine *e)
{
	int code = state_file_lock(s);

	return code ? code : state_file_load(s, e);
}

/* ---- writing ---- */

static int state_file_put(void *ctx, const void *bytes, size_t len)
{
	return fwrite(bytes, 1, len, ctx) == len ? 0 : -errno;
}

static int state_file_write_to(struct state_file *s, struct engine *e,
			       FILE *file)
{
	int error = engine_save(e, state_file_put, file);

	if (!error && (fflush(file) || fsync(fileno(file))))
		error = -errno;
	if (fclose(file) && !error)
		error = -errno;
	if (!error && renameat(s->folder, s->temporary, s->folder, s->name))
		error = -errno;
	return error;
}

void state_file_write(struct state_file *s, struct engine *e)
{
	int fd = openat(s->folder, s->temporary,
			O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
			0600);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	int error = file ? state_file_write_to(s, e, file) : -errno;

	if (!file && fd >= 0)
		close(fd);
	if (error)
		unlinkat(s->folder, s->temporary, 0);
	if (error && !s->failed)
		message_say(
			"cannot write \"%s\": %s; the monitor goes on, and a "
			"restart would begin anew",
			s->path, strerror(-error));
	s->failed = error;
}
