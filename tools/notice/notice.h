/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A letter to the customer whose machine was found: what was seen, what it
 * means, how sure that is, what is blocked and why, and what to do. Plain
 * text of at most 72 columns, in the customer's language; times are local and
 * UTC. It begins with a mail's header: its subject, and how it is written.
 */
#ifndef MAILWALL_NOTICE_H
#define MAILWALL_NOTICE_H

#include "../report/report.h"
#include "words.h"

struct notice {
	const struct policy *policy; /* may be NULL */
	const struct report_source *source;
	const struct report_finding *findings; /* of this source */
	size_t n_findings;		       /* may be 0 */
	const struct report_port *ports;       /* what it did on each */
	size_t n_ports;
};

/* Was anything found, or blocked? */
bool notice_has_reason(const struct notice *n);

/* An exit code; it is the caller who sees whether out took it. */
int notice_write(const struct notice *n, const struct lang *l, FILE *out);

#endif
