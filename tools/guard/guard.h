/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guard: keeps the current revision in the kernel. It owns our table where
 * the kernel lets it, so that nobody else can change it; else it hears of each
 * change and mends it, the ports first. Transactions of the other commands go
 * through it: guard_wire.h.
 *
 * It is told which policy to keep by the files that apply, confirm and rollback
 * leave: the current revision, and the journal. What it did stands there too.
 */
#ifndef MAILWALL_GUARD_H
#define MAILWALL_GUARD_H

#include "../program/program.h"

struct guard_options {
	const char *nft_conf; /* file that the machine's nft loads at boot */
	bool no_owner;	      /* never own the table */
};

/* Runs until SIGTERM or SIGINT. Returns an exit code. */
int guard_run(struct program *p, const struct guard_options *options);

#endif
