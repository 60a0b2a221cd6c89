/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a restart needs to go on without a new warm-up. It has the engine's key,
 * which nobody else may know: mode 600.
 */
#include "host.h"

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
	int error = file_read(path, &bytes, &len);

	if (error == -ENOENT)
		return;
	if (error) {
		collectd_say(LOG_WARNING,
			     "cannot read State \"%s\": %s; it begins anew",
			     path, strerror(-error));
		return;
	}
	if (m->engine_load(e, bytes, len, why, sizeof(why)))
		collectd_say(LOG_WARNING, "State \"%s\": %s; it begins anew",
			     path, why);
	free((char *)bytes);
}

static int collectd_state_put(void *ctx, const void *bytes, size_t len)
{
	return fwrite(bytes, 1, len, ctx) == len ? 0 : -errno;
}

static int collectd_state_save(const struct mailwall_api *m,
			       struct mailwall_engine *e, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	int error = out ? m->engine_save(e, collectd_state_put, out, NULL, 0) :
			  -errno;

	if (!out && fd >= 0)
		close(fd);
	if (!error && (fflush(out) || fsync(fd)))
		error = -errno;
	if (out && fclose(out) && !error)
		error = -errno;
	return error;
}

/* A rest of the last time is no reason not to write. */
void state_save(const struct mailwall_api *m, struct mailwall_engine *e,
		const char *path)
{
	char new[PATH_MAX];
	int error = -ENAMETOOLONG;

	if (snprintf(new, sizeof(new), "%s.new", path) < PATH_MAX) {
		unlink(new);
		error = collectd_state_save(m, e, new);
		if (!error && rename(new, path))
			error = -errno;
		if (error)
			unlink(new);
	}
	if (error)
		collectd_say(LOG_WARNING,
			     "cannot write State \"%s\": %s; a restart would "
			     "begin anew",
			     path, strerror(-error));
}
