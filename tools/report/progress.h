/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far it is, on a terminal, when it takes more than a second. */
#ifndef MAILWALL_PROGRESS_H
#define MAILWALL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what; /* "reading the store" */
	int64_t start_ms, said_ms;
	bool wanted, shown;
};

void progress_begin(struct progress *p, const char *what);
/* part: 0 to 1. Cheap enough for every thousand rows. */
void progress_show(struct progress *p, double part);
void progress_end(struct progress *p);

#endif
