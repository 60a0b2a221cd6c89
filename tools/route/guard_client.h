/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guard as the commands see it. Where one runs, transactions go through it:
 * it knows them for ours, and it may own the table, which then nobody else can
 * change.
 */
#ifndef MAILWALL_GUARD_CLIENT_H
#define MAILWALL_GUARD_CLIENT_H

#include "guard_wire.h"
#include "../kernel/transaction.h"

#include <stdbool.h>

struct guard_link {
	int fd; /* -1: no guard runs */
	struct guard_hello hello;
	struct transaction_route route;
};

/*
 * Connects to the guard of run_dir, and lets the transactions of nl go through
 * it. 0: it answers, or none runs and the kernel is asked as before. -errno: a
 * guard is there that does not answer, or that is not root's.
 */
int guard_connect(struct guard_link *link, const char *run_dir,
		  struct netlink *nl);
void guard_disconnect(struct guard_link *link);

#endif
