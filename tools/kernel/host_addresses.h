/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The addresses of this host, as the kernel's routing has them. */
#ifndef MAILWALL_HOST_ADDRESSES_H
#define MAILWALL_HOST_ADDRESSES_H

#include "netlink.h"
#include "../../rules/base/range.h"

/* Opens a socket for the function below. 0 or -errno. */
int host_addresses_open(struct netlink *nl);

/* Is one of them in the range? IPv4 uses the first four bytes. 0 or -errno. */
int host_addresses_meet(struct netlink *nl, uint8_t family,
			const struct range6 *range, bool *meets);

#endif
