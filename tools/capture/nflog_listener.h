/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells who reads an NFLOG group; built into collectd's plugin as well. */
#ifndef MAILWALL_NFLOG_LISTENER_H
#define MAILWALL_NFLOG_LISTENER_H

#include <stdint.h>

/*
 * Returns the netlink port of the group's reader, which is mostly a process
 * id; -1: nobody reads it, or that cannot be known.
 */
long nflog_listener(uint16_t group);

#endif
