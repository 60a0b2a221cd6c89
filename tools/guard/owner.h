/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ownership of our table: since Linux 5.12 a table may belong to one netlink
 * socket, and nobody else can change it; since 6.9 it may outlive the socket.
 * Both are wanted, since a table that goes with the guard would open all.
 */
#ifndef MAILWALL_OWNER_H
#define MAILWALL_OWNER_H

#include "../kernel/kernel.h"
#include "../program/fault.h"

#include <stdbool.h>

#define OWNER_PERSIST	  4u /* NFT_TABLE_F_PERSIST */
#define OWNER_TABLE_FLAGS TABLE_FLAGS_GUARDED

/*
 * May the guard own the table? The kernel is asked with a table of another
 * name, which goes in the same transaction. False: why says what forbids it,
 * that the kernel cannot, or that a file which nft loads names our table (such
 * a load would fail whole).
 */
bool owner_allowed(struct netlink *nl, const char *nft_conf, struct fault *why);

/* Steps that make the socket at port the owner of a table. */
enum owner_step {
	OWNER_NOTHING, /* there is none, or it is owned by the socket */
	OWNER_ADOPT,   /* its owner has gone */
	OWNER_ANEW,    /* the table was made without the flags */
	OWNER_FOREIGN, /* another program owns it */
};
enum owner_step owner_next(const struct present *p, uint32_t port);

/* Takes a table whose owner has gone. 0 or -errno. */
int owner_adopt(struct netlink *nl, enum family family);

#endif
