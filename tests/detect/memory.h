/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILWALL_MEMORY_H
#define MAILWALL_MEMORY_H

#include <stdlib.h>

/* A test cannot go on without memory. */
static inline void *or_abort(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

#endif
