/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables for people on standard output: a line for each port, source, finding.
 */
#ifndef MAILWALL_MONITOR_TEXT_H
#define MAILWALL_MONITOR_TEXT_H

#include "impact.h"
#include "../program/program.h"
#include "../event/events.h"

#include <stdint.h>
#include <stdio.h>

struct capture;

/* Prints an attempt, as an event if p->json. An exit code. */
int text_attempt(const struct program *p, const struct attempt_event *event,
		 const struct capture *capture);
/* Prints the period, and figures for each port that had traffic. */
void text_ports(const struct engine_summary *s);
/* Prints n sources of all that there were. */
void text_sources(const struct source_view *list, size_t n, uint64_t all);
/* Prints what the policy of the impact would do. */
void text_impact(const struct impact *i);
/* Prints findings below a heading; or one, on a line. */
void text_findings(const struct finding *list, size_t n);
void text_finding(FILE *out, const struct finding *f);
/* Prints a step of the judge's working, a line each. */
void text_step(const struct judge_step *step, int64_t time_us, uint8_t family);
/* Prints what qualifies the figures: frames not decoded, warm-up, evictions. */
void text_notes(const struct engine_summary *s);
/* Prints how much was lost, if anything was. */
void text_losses(const struct summary_extra *extra);

#endif
