/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drawings of a page. Their layout is in percent of the width and in pixels,
 * not in a viewBox, so that letters keep their size at every width, and the
 * hatching is not squeezed on a phone.
 */
#ifndef MAILWALL_SVG_H
#define MAILWALL_SVG_H

#include "page.h"
#include "../report/report.h"

#include <stdint.h>
#include <stdio.h>

/*
 * The order in which outcomes are stacked and listed. Answered attempts stand
 * on the base line, where heights are compared best.
 */
extern const enum outcome svg_order[OUTCOME_N];

/* Prints the hatchings; once a page, before all drawings. */
void svg_patterns(FILE *out);
/* Prints a small square, for a legend. */
void svg_swatch(FILE *out, enum outcome outcome);

/* ---- bars over time: of several buckets, if there are very many ---- */

/* The number of bars. */
size_t svg_bars(const struct report *r);
/* The length of a bar, in seconds. */
int64_t svg_bar_s(const struct report *r);
/* A bar, as a sum of buckets. */
struct report_bucket svg_bar(const struct report *r, size_t i);
/* How the time of a bar is printed. */
enum when svg_bar_when(const struct report *r);

/* ---- drawings ---- */

/* Prints attempts over time, with a line for each loaded policy. */
void svg_timeline(FILE *out, const struct report *r);
/* Prints a bar for each port. */
void svg_ports(FILE *out, const struct report *r);
/* Prints the hours of the week. */
void svg_heat(FILE *out, const struct report *r);
/* Prints the sparkline of a source; a part of it is part_s long. */
void svg_spark(FILE *out, const struct report_source *s, int64_t part_s);

#endif
