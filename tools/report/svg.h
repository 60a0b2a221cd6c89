/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The drawings of a page. They are laid out in percent of the width and in
 * pixels, not in a viewBox: so letters have their size at every width, and the
 * hatching is not squeezed on a phone.
 */
#ifndef MAILWALL_SVG_H
#define MAILWALL_SVG_H

#include "page.h"

#include <stdio.h>

/*
 * The order in which outcomes are stacked and listed. What was answered stands
 * on the base line, where heights are compared best.
 */
extern const enum outcome svg_order[OUTCOME_N];

/* The hatchings, once a page, before all drawings. */
void svg_patterns(FILE *out);
/* A small square, for a legend. */
void svg_swatch(FILE *out, enum outcome outcome);

/* A bar over time: some buckets together, if a report has very many. */
size_t svg_bars(const struct report *r);
int64_t svg_bar_s(const struct report *r);
struct report_bucket svg_bar(const struct report *r, size_t i);
enum when svg_bar_when(const struct report *r);

void svg_timeline(FILE *out, const struct report *r);
void svg_ports(FILE *out, const struct report *r);
void svg_heat(FILE *out, const struct report *r);
void svg_spark(FILE *out, const struct report_source *s, int64_t part_s);

#endif
