/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine's state in a file, so that a restart goes on without a new
 * warm-up. The file has the engine's key, which nobody else may know: mode 600.
 */
#include "figures.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void state_load(const struct mailwall_api *m, struct mailwall_engine *e,
		const char *path)
{
	char why[MAILWALL_WHY_BYTES];
	const char *bytes;
	size_t len;
	int error = library_read_path(path, &bytes, &len);

	if (error == -ENOENT)
		return;
	if (error) {
		collectd_log(LOG_WARNING,
			     "cannot read State \"%s\": %s; it begins anew",
			     path, strerror(-error));
		return;
	}
	if (m->engine_load(e, bytes, len, why, sizeof(why)))
		collectd_log(LOG_WARNING, "State \"%s\": %s; it begins anew",
			     path, why);
	free((char *)bytes);
}

static int state_write_bytes(void *ctx, const void *bytes, size_t len)
{
	return fwrite(bytes, 1, len, ctx) == len ? 0 : -errno;
}

static int state_write(const struct mailwall_api *m, struct mailwall_engine *e,
		       const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	int error = out ? m->engine_save(e, state_write_bytes, out, NULL, 0) :
			  -errno;

	if (!out && fd >= 0)
		close(fd);
	if (!error && (fflush(out) || fsync(fd)))
		error = -errno;
	if (out && fclose(out) && !error)
		error = -errno;
	return error;
}

/* A temporary file that a crash left is written anew. */
void state_save(const struct mailwall_api *m, struct mailwall_engine *e,
		const char *path)
{
	char temporary[PATH_MAX];
	int error = -ENAMETOOLONG;

	if (snprintf(temporary, sizeof(temporary), "%s.new", path) < PATH_MAX) {
		unlink(temporary);
		error = state_write(m, e, temporary);
		if (!error && rename(temporary, path))
			error = -errno;
		if (error)
			unlink(temporary);
	}
	if (error)
		collectd_log(LOG_WARNING,
			     "cannot write State \"%s\": %s; a restart would "
			     "begin anew",
			     path, strerror(-error));
}
