/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A note in the store of what was loaded into the kernel, and by whom. */
#ifndef MAILWALL_LOADED_NOTE_H
#define MAILWALL_LOADED_NOTE_H

#include "../program/fault.h"

#include <stdint.h>

/*
 * Writes the note, if there is a store: at the path of the environment variable
 * MAILWALL_STORE, else at STORE_PATH. policy "": the rules were removed. mode:
 * "enforce", "observe", "". 0, or
 * -errno and why; what was loaded stays loaded.
 */
#ifdef SMALL
static inline int loaded_note_write(const char *policy, const char *digest,
				    const char *mode, uint32_t generation,
				    struct fault *f)
{
	(void)policy;
	(void)digest;
	(void)mode;
	(void)generation;
	(void)f;
	return 0;
}
#else
int loaded_note_write(const char *policy, const char *digest, const char *mode,
		      uint32_t generation, struct fault *f);
#endif

#endif
