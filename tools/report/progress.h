/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shows on a terminal how far a long job is, once it takes more than a second.
 */
#ifndef MAILWALL_PROGRESS_H
#define MAILWALL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *job; /* "reading the store" */
	int64_t start_ms, said_ms;
	bool wanted, shown;
};

/* Begins a job; job is borrowed until progress_end(). */
void progress_begin(struct progress *p, const char *job);
/* Shows a part, from 0 to 1. Cheap enough for every thousand rows. */
void progress_show(struct progress *p, double part);
/* Clears the line. */
void progress_end(struct progress *p);

#endif
