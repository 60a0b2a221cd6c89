/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records as people and programs read them. */
#ifndef MAILWALL_EXEMPT_SAY_H
#define MAILWALL_EXEMPT_SAY_H

#include "exempt_time.h"
#include "exempt_work.h"

#include <jansson.h>
#include <stdio.h>

/* Prints a line for each record. */
void exempt_print_list(struct arena *a, const struct book_records *list,
		       int64_t now_s);
/* Makes an object with all that is known of a record. */
json_t *exempt_record_json(const struct book_record *r, int64_t now_s);
json_t *exempt_records_json(const struct book_records *list, int64_t now_s);

/* Prints a record with its history, and makes an object of both. */
void exempt_print_audit(struct arena *a, const struct book_record *r,
			const struct book_events *events, int64_t now_s);
json_t *exempt_audit_json(const struct book_record *r,
			  const struct book_events *events, int64_t now_s);

/* "added", "renewed", "changed", "unchanged", "revoked", "adopted" */
const char *exempt_what_name(enum exempt_what what);

#endif
