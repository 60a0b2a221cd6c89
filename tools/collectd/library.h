/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mailwall.so.1 and the policy, as the settings name them. */
#ifndef MAILWALL_LIBRARY_H
#define MAILWALL_LIBRARY_H

#include "settings.h"

struct library {
	void *so;
	const struct mailwall_api *m;
	struct mailwall_policy *policy; /* NULL: the settings have none */
};

/* Loads both. 0, or -1: the reason is in the log, and nothing is loaded. */
int library_open(struct library *l, const struct settings *s);
/* Frees both, and zeroes l. */
void library_close(struct library *l);
/*
 * Reads the whole of a regular file, which the caller frees. 0 or -errno;
 * -EINVAL of a FIFO, which would keep collectd waiting.
 */
int library_read_path(const char *path, const char **text, size_t *len);

#endif
