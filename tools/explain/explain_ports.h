/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every mail port of one source: the clauses that may decide its connections.
 */
#ifndef MAILWALL_EXPLAIN_PORTS_H
#define MAILWALL_EXPLAIN_PORTS_H

#include "explain.h"

/* Prints a table, a line a port and clause. */
void explain_ports(struct explained *e);
/* Makes the same as a JSON array. */
json_t *explain_ports_json(struct explained *e);

/* The mail ports, and those that the policy names, in their order. */
void explain_ports_of(const struct explained *e, struct ports *out);

#endif
