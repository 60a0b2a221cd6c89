/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A letter to the customer whose machine was found: what was seen, what it
 * means, how sure that is, what is blocked and why, and what to do. It is plain
 * text of at most 72 columns in the customer's language, behind the header of a
 * mail with subject and encoding. Times are local and UTC.
 */
#ifndef MAILWALL_NOTICE_H
#define MAILWALL_NOTICE_H

#include "../report/writer.h"
#include "words.h"

#include <stdbool.h>
#include <stdio.h>

struct notice {
	const struct policy *policy; /* may be NULL */
	const struct report_source *source;
	const struct report_finding *findings; /* findings of this source */
	size_t n_findings;		       /* may be 0 */
	const struct report_port
		*ports; /* attempts of the source on each port */
	size_t n_ports;
};

/* The notice that a report about one source makes; all of it is borrowed. */
struct notice notice_of(const struct report *r, const struct policy *policy);

/* Was anything found, or blocked? */
bool notice_has_reason(const struct notice *n);

/* Writes the letter. 0 or -ENOMEM; the caller sees a failed stream. */
int notice_write(const struct notice *n, const struct lang *l, FILE *out);

/* The letter as a writer of reports about one source. */
extern const struct report_writer notice_writer;

#endif
