/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILWALL_LOADED_NOTE_H
#define MAILWALL_LOADED_NOTE_H

#include "../program/program.h"

/*
 * Notes in the store, if there is one (at STORE_PATH, or where the environment
 * variable MAILWALL_STORE says), what was loaded, and by whom. policy "": it
 * was removed. What goes wrong is said, and changes nothing.
 */
#ifdef SMALL
static inline void note_loaded(const char *policy, const char *digest,
			       uint32_t generation)
{
	(void)policy;
	(void)digest;
	(void)generation;
}
#else
void note_loaded(const char *policy, const char *digest, uint32_t generation);
#endif

#endif
