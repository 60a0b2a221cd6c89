/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status_daemon.h"
#include "../route/guard_client.h"

#include <stdio.h>
#include <string.h>

/* Asks the guard; 1: it answered, 0: none runs, -errno: it did not answer. */
static int daemon_ask(const char *run_dir, struct guard_hello *out)
{
	struct netlink unused = { 0 };
	struct guard_link link;
	int error = guard_connect(&link, run_dir, &unused);
	bool runs = link.fd >= 0;

	*out = link.hello;
	guard_disconnect(&link);
	return error ? error : runs;
}

static bool daemon_owns(const struct guard_hello *h,
			const struct present *table)
{
	return h->port && table->owner == h->port;
}

json_t *daemon_json(const char *run_dir, const struct present *table)
{
	struct guard_hello h;

	if (daemon_ask(run_dir, &h) <= 0)
		return json_null();
	return json_pack("{s:i, s:b, s:b, s:I}", "pid", h.pid, "owns",
			 daemon_owns(&h, table), "listens", h.listens != 0,
			 "healed", (json_int_t)h.healed);
}

void daemon_print(const char *run_dir, const struct present *table)
{
	struct guard_hello h;
	int answer = daemon_ask(run_dir, &h);

	if (answer < 0)
		printf("guard    does not answer: %s\n", strerror(-answer));
	else if (answer)
		printf("guard    pid %d %s; mended %u times since it began\n",
		       h.pid,
		       daemon_owns(&h, table) ?
			       "owns the table, nobody else can change it" :
		       h.listens ? "mends the table when others change it" :
				   "looks ten times a second whether others "
				   "changed the table",
		       h.healed);
	else if (table->guarded)
		puts("guard    none runs now: the table filters, and anybody "
		     "may change it");
}
