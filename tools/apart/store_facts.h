/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts of the store for those who watch over hosts. */
#ifndef MAILWALL_STORE_FACTS_H
#define MAILWALL_STORE_FACTS_H

#include "../program/fault.h"

#include <stdint.h>

struct store_facts {
	unsigned long findings; /* in the period */
	int64_t last_s;		/* when a monitor last wrote; 0: none did */
};

/* Asks a store, for findings since then and monitors until then. 0 or -errno.
 */
int store_facts_read(const char *path, int64_t since_s, int64_t until_s,
		     struct store_facts *out, struct fault *f);

#endif
