/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sections of the page of a report; each prints itself, empty ones as well. */
#ifndef MAILWALL_REPORT_HTML_H
#define MAILWALL_REPORT_HTML_H

#include "html_table.h"
#include "svg.h"

#include <stdio.h>

/* ---- report_html_sources.c ---- */

void html_put_top(FILE *out, const struct report *r);
void html_put_first_seen(FILE *out, const struct report *r);
void html_put_cleartext(FILE *out, const struct report *r);
void html_put_quiet(FILE *out, const struct report *r);
void html_put_findings(FILE *out, const struct report *r);

/* ---- report_html_traffic.c ---- */

void html_put_over_time(FILE *out, const struct report *r);
void html_put_ports(FILE *out, const struct report *r);
void html_put_heat(FILE *out, const struct report *r);
void html_put_clauses(FILE *out, const struct report *r);

#endif
