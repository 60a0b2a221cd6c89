/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Members that are in the kernel alone: those of class flagged, and all of them
 * where mailwall was made without the book.
 */
#ifndef MAILWALL_EXEMPT_DIRECT_H
#define MAILWALL_EXEMPT_DIRECT_H

#include "../program/program.h"

#include <stdint.h>

/* verb: "add", "remove" or "list". for_s 0: they stay. Returns an exit code. */
int exempt_direct(struct program *p, const char *class, const char *verb,
		  uint32_t for_s, int argc, char **argv);

/* Options of the command "mailwall exempt". */
struct exempt_options {
	const char *class; /* NULL: not given */
	const char *ticket, *reason, *contact, *requested_by, *approved_by;
	const char *until, *names;
	uint32_t for_s, expiring_s;
	bool all, both, replace, shrink;
};

#define EXEMPT_CLASS "exempt" /* where none is given */

/* The command where there is no book; it knows add, remove and list. */
int exempt_small_run(struct program *p, const void *options, int argc,
		     char **argv);

#endif
