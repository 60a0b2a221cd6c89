/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's news of changed rules (NFNLGRP_NFTABLES). Listening is dear: the
 * kernel builds 8 KB for each element that is loaded, before it looks whether
 * there is room for it. So the guard leaves the group during its own loads, and
 * where memory is short it asks for the generation ten times a second instead.
 */
#ifndef MAILWALL_LISTENER_H
#define MAILWALL_LISTENER_H

#include "foreign.h"

#include <stdbool.h>
#include <stdint.h>

#define LISTENER_POLL_MS	   100
#define LISTENER_BYTES_PER_ELEMENT 10240

struct listener {
	int fd;
	bool joined;
	struct foreign_reader reader;
};

/* Opens the socket, without joining the group. 0 or -errno. */
int listener_open(struct listener *l);
void listener_close(struct listener *l);
/* Joins or leaves the group. Leaving drops what was not read. 0 or -errno. */
int listener_join(struct listener *l, bool joined);

/*
 * Reads what is there, and calls fn for each foreign change of our table.
 * *lost: the kernel dropped news, anything may have happened.
 */
void listener_read(struct listener *l, foreign_fn *fn, void *ctx, bool *lost);

/*
 * Is there memory to listen while somebody loads as many elements as there are
 * now? Reads MemAvailable of the file (/proc/meminfo); not known counts as no.
 */
bool listener_affords(const char *meminfo, uint64_t elements);

#endif
