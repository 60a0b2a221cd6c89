/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "program.h"

#include <errno.h>
#include <fcntl.h>
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

static int output_refuse(struct output *o, int error)
{
	message_say("cannot write %s%s%s: %s", o->path ? "\"" : "",
		    o->path ? o->path : "to standard output",
		    o->path ? "\"" : "", strerror(error));
	output_abandon(o);
	return EXIT_REFUSED;
}

int output_open(struct output *o, const char *path)
{
	int fd;

	*o = (struct output){ .path = path };
	if (!path) {
		o->file = stdout;
		return EXIT_DONE;
	}
	if (is_special(path))
		fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	else
		fd = open_temporary(o);
	if (fd >= 0)
		o->file = fdopen(fd, "w");
	return o->file ? EXIT_DONE : output_refuse(o, errno);
}

int output_finish(struct output *o)
{
	int error;

	errno = 0;
	if (fflush(o->file) || ferror(o->file))
		return output_refuse(o, errno ? errno : EIO);
	if (!o->path)
		return EXIT_DONE;
	if (o->temporary && fsync(fileno(o->file)))
		return output_refuse(o, errno);
	error = fclose(o->file) ? errno : 0;
	o->file = NULL;
	if (error || (o->temporary && rename(o->temporary, o->path)))
		return output_refuse(o, error ? error : errno);
	free(o->temporary);
	o->temporary = NULL;
	return EXIT_DONE;
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

int print_json(json_t *document)
{
	struct output o;
	int failed;

	output_open(&o, NULL);
	failed = json_dumpf(document, o.file,
			    JSON_INDENT(2) | JSON_ENSURE_ASCII);
	json_decref(document);
	if (failed) {
		message_say("cannot write the JSON document");
		return EXIT_REFUSED;
	}
	fputc('\n', o.file);
	return output_finish(&o);
}
