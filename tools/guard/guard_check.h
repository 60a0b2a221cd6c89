/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits of what others may change through the guard. A request comes from a
 * process that has the right to change the rules; the guard still passes on
 * only what concerns our table.
 */
#ifndef MAILWALL_GUARD_CHECK_H
#define MAILWALL_GUARD_CHECK_H

#include <stddef.h>

enum guard_scope {
	GUARD_NOTHING, /* the requester may change nothing */
	GUARD_FLAGGED, /* members of class flagged */
	GUARD_TABLE    /* all of our table */
};

/*
 * Checks a transaction: begin, messages of nf_tables that name our table, end,
 * and not a byte besides. NULL: it may go to the kernel; else a sentence.
 */
const char *guard_check(const void *batch, size_t bytes,
			enum guard_scope scope);

#endif
