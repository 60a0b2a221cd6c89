/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fault.h"
#include "output.h"
#include "message.h"
#include "program.h"

#include <stdio.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A device or a pipe is written in place: it cannot be replaced. */
static bool is_special(const char *path)
{
	struct stat st;

	return !stat(path, &st) && !S_ISREG(st.st_mode);
}

static int open_temporary(struct output *o)
{
	mode_t mask;
	int fd;

	if (asprintf(&o->temporary, "%s.XXXXXX", o->path) < 0) {
		o->temporary = NULL;
		errno = ENOMEM;
		return -1;
	}
	fd = mkstemp(o->temporary);
	if (fd < 0)
		return -1;
	mask = umask(0);
	umask(mask);
	fchmod(fd, 0666 & ~mask); /* mkstemp gives 0600 */
	return fd;
}

static int output_refuse(struct output *o, struct fault *f, int error)
{
	fault_set(f, -error, "cannot write %s%s%s: %s", o->path ? "\"" : "",
		  o->path ? o->path : "to standard output", o->path ? "\"" : "",
		  strerror(error));
	output_abandon(o);
	return -error;
}

int output_begin(struct output *o, const char *path, struct fault *f)
{
	int fd;

	*o = (struct output){ .path = path };
	if (!path) {
		o->file = stdout;
		return 0;
	}
	if (is_special(path))
		fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	else
		fd = open_temporary(o);
	if (fd >= 0)
		o->file = fdopen(fd, "w");
	return o->file ? 0 : output_refuse(o, f, errno);
}

int output_commit(struct output *o, struct fault *f)
{
	int error;

	errno = 0;
	if (fflush(o->file) || ferror(o->file))
		return output_refuse(o, f, errno ? errno : EIO);
	if (!o->path)
		return 0;
	if (o->temporary && fsync(fileno(o->file)))
		return output_refuse(o, f, errno);
	error = fclose(o->file) ? errno : 0;
	o->file = NULL;
	if (error || (o->temporary && rename(o->temporary, o->path)))
		return output_refuse(o, f, error ? error : errno);
	free(o->temporary);
	o->temporary = NULL;
	return 0;
}

void output_abandon(struct output *o)
{
	if (o->path && o->file)
		fclose(o->file);
	if (!o->path && o->file)
		clearerr(o->file); /* said already */
	o->file = NULL;
	if (o->temporary)
		unlink(o->temporary);
	free(o->temporary);
	o->temporary = NULL;
}

static int output_say(const struct fault *f, int error)
{
	if (!error)
		return EXIT_DONE;
	fault_say(f, error);
	return EXIT_REFUSED;
}

int output_open(struct output *o, const char *path)
{
	struct fault f = { 0 };

	return output_say(&f, output_begin(o, path, &f));
}

int output_finish(struct output *o)
{
	struct fault f = { 0 };

	return output_say(&f, output_commit(o, &f));
}
