/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "live.h"
#include "../../rules/base/arena.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *live_unknown(struct arena *a, const char *what, int error)
{
	switch (error) {
	case -EPERM:
	case -EACCES:
		return arena_printf(a, "%s may be read by root alone", what);
	case -EINVAL:
	case -EPROTONOSUPPORT:
	case -ENOENT:
		return arena_printf(a, "this kernel does not show %s", what);
	}
	return arena_printf(a, "%s cannot be read: %s", what, strerror(-error));
}

/*
 * An empty list says nothing: a host without a rule that asks for it tracks no
 * connection.
 */
static bool live_is_tracked(const struct live_result *result)
{
	FILE *file = fopen("/proc/sys/net/netfilter/nf_conntrack_count", "re");
	unsigned int count = 0;
	bool known = file && fscanf(file, "%u", &count) == 1;

	if (file)
		fclose(file);
	return result->sessions || (known && count);
}

static void live_read_forwarded(struct arena *a, struct live_reader *r)
{
	int error = live_read_conntrack(r);

	if (error)
		r->result->unknown =
			live_unknown(a, "the list of connections", error);
	else if (!live_is_tracked(r->result))
		r->result->unknown = "this host tracks no connections";
}

static void live_read_own(struct arena *a, struct live_reader *r)
{
	int error = live_read_sockets(r);

	if (error)
		r->result->unknown =
			live_unknown(a, "the list of sockets", error);
}

void live_sessions(struct arena *a, const struct live_query *q,
		   struct live_result *out)
{
	struct live_reader r = { q, out, live_clock_ms() + q->time_ms };

	*out = (struct live_result){ 0 };
	switch (q->hook) {
	case HOOK_FORWARD:
		live_read_forwarded(a, &r);
		break;
	case HOOK_OUTPUT:
		live_read_own(a, &r);
		break;
	case HOOK_BRIDGE:
		out->unknown = "of frames that it bridges a host has no list";
		break;
	case HOOK_INGRESS:
		out->unknown = "the list of connections has no devices";
		break;
	}
}
