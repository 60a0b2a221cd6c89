/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports that sources used in a period, as the store knows them. */
#ifndef MAILWALL_STORE_USED_H
#define MAILWALL_STORE_USED_H

#include "../program/fault.h"
#include "../../rules/base/addr.h"

#include <stdint.h>

/* Attempts of one source on one port by one clause, but those blocked. */
struct store_used {
	uint8_t family;
	struct addr6 source; /* IPv6: its /64 */
	uint16_t port;
	const char *clause; /* decided; NULL: not known */
	uint64_t attempts, answered;
	bool mail_server; /* a finding says that the source looks like one */
};

struct store_used_end {
	bool left_out; /* rows are left: the store has too many */
	bool unnamed;  /* names of sources were let go */
};

/* Calls fn for each; what it gets lives for the call. 0, or -errno and why. */
int store_used_read(const char *path, int64_t since_s, int64_t until_s,
		    void (*fn)(void *ctx, const struct store_used *used),
		    void *ctx, struct store_used_end *end, struct fault *f);

#endif
