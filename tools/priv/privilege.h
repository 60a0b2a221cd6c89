/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dropping privilege once what needs it is open. */
#ifndef MAILWALL_PRIVILEGE_H
#define MAILWALL_PRIVILEGE_H

#include <stdbool.h>

/* Has this process CAP_NET_ADMIN? */
bool privilege_has_net_admin(void);

/* The user that root becomes: "_mailwall" if there is one, else "nobody". */
const char *privilege_default_user(void);

/*
 * Becomes user (NULL: the default) without capabilities, without a way to get
 * one back, and without core dumps; verifies it. A process that is not root
 * keeps its user if user is NULL. An exit code; if it is not 0, the reason was
 * said and the caller must end.
 */
int privilege_drop(const char *user);

/*
 * The user of the process that serves requests: one that owns nothing and runs
 * nothing else, where a package made it, else "nobody"; NULL: there is neither.
 */
#define PRIV_USER "_mailwall-priv"
struct passwd;
const struct passwd *privilege_priv_user(void);

/*
 * Becomes that user if it is root, keeps CAP_NET_ADMIN alone, and verifies it.
 * Says nothing. 0 or -errno.
 */
int privilege_keep_net_admin(const struct passwd *user);

#endif
