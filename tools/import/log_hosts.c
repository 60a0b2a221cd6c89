/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hosts of a log: each has its own clock. */
#include "log_priv.h"

#include <stdlib.h>

#define HOSTS_MOST 512 /* a power of two; three quarters are used */

struct log_hosts {
	size_t n;
	struct log_host of[HOSTS_MOST];
};

struct log_hosts *log_hosts_new(void)
{
	return calloc(1, sizeof(struct log_hosts));
}

void log_hosts_clear(struct log_hosts *hosts)
{
	if (hosts)
		memset(hosts, 0, sizeof(*hosts));
}

void log_hosts_free(struct log_hosts *hosts)
{
	free(hosts);
}

/* FNV-1a, 64 bits. A host that collides shares a clock, and no more. */
static uint64_t log_hosts_hash(struct scan name)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; name.at < name.end; name.at++)
		hash = (hash ^ (uint8_t)*name.at) * UINT64_C(0x100000001b3);
	return hash;
}

struct log_host *log_host_of(struct log_clock *clock, struct scan name)
{
	struct log_hosts *hosts = clock->hosts;
	uint64_t hash = log_hosts_hash(name);
	size_t at = hash % HOSTS_MOST;

	if (!hosts)
		return NULL;
	for (; hosts->of[at].used; at = (at + 1) % HOSTS_MOST)
		if (hosts->of[at].hash == hash)
			return &hosts->of[at];
	if (hosts->n >= HOSTS_MOST / 4 * 3)
		return NULL;
	hosts->n++;
	hosts->of[at] = (struct log_host){ .hash = hash, .used = true };
	return &hosts->of[at];
}
