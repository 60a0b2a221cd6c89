/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Privilege is spent, then gone. */
#ifndef MAILWALL_PRIVILEGE_H
#define MAILWALL_PRIVILEGE_H

#include <stdbool.h>

/* Do we have CAP_NET_ADMIN? */
bool may_administer(void);

/* Whom root becomes: "_mailwall", if there is one, or "nobody". */
const char *default_user(void);

/*
 * Becomes the given user (the default if NULL) with no capability, no way to
 * get one back, and no core dumps; verifies it. 0, or an exit code with the
 * reason said: the caller must end. Who is that user already, or is not root
 * and is told no user, stays who he is and gives up the rest.
 */
int drop_privileges(const char *user);

#endif
