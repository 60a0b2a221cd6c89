/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket of the process that keeps CAP_NET_ADMIN, where that is a service
 * of its own. Functions that return a descriptor return it or -errno.
 */
#ifndef MAILWALL_PRIV_SOCKET_H
#define MAILWALL_PRIV_SOCKET_H

#include "priv_request.h"

#include <stdbool.h>
#include <sys/types.h>

#define PRIV_SOCKET "priv.sock" /* in the run folder */

/* ---- the service ---- */

/* The descriptor that systemd passed; -1: none. */
int priv_socket_passed(void);
/* The user whose monitors are served; root's are as well. */
uid_t priv_socket_client(void);
/* Waits for a monitor of that user. */
int priv_socket_accept(int listener, uid_t client);
/* Sends the first reply, with the descriptor of the file in memory. */
bool priv_socket_greet(int fd, int members_fd, const struct reply *r);

/* ---- the monitor ---- */

int priv_socket_connect(const char *path);
/* Takes the first reply, and returns the file; -EAGAIN: it is not there yet. */
int priv_socket_greeting(int fd, struct reply *r);

#endif
