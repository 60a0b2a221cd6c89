/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guard's socket: who may connect, and transactions of others that go to
 * the kernel by the guard's own netlink socket.
 */
#ifndef MAILWALL_GUARD_SERVE_H
#define MAILWALL_GUARD_SERVE_H

#include "guard_check.h"
#include "../route/guard_wire.h"
#include "../kernel/netlink.h"
#include "../program/fault.h"

#include <sys/types.h>

#define GUARD_CLIENTS_MOST 16

struct guard_client {
	int fd; /* -1: a free place */
	enum guard_scope scope;
};

struct guard_server {
	int fd;
	uid_t flagger; /* user that may change class flagged; 0: nobody */
	struct guard_client clients[GUARD_CLIENTS_MOST];
	struct netlink *kernel; /* the socket that owns the table */
	struct guard_hello hello;
	/* Called around each transaction that is passed on. */
	void (*before)(void *ctx);
	void (*after)(void *ctx);
	void *ctx;
};

/* Makes the socket, in place of one that nobody listens at. 0 or -1 with why.
 */
int guard_listen(struct guard_server *s, const char *run_dir, struct fault *f);
/* Accepts a connection, and says hello. */
void guard_accept(struct guard_server *s);
/* Serves one request of a client; a client that breaks the protocol goes. */
void guard_serve(struct guard_server *s, struct guard_client *client);
void guard_server_close(struct guard_server *s, const char *run_dir);

#endif
