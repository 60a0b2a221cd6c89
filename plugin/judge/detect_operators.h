/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Submission to networks of many operators: a client has one or two. */
#ifndef MAILWALL_DETECT_OPERATORS_H
#define MAILWALL_DETECT_OPERATORS_H

#include "judge_priv.h"

static void operators_met(struct judge *j, struct source *s, struct contact *c,
			  const struct observation *a)
{
	(void)c;
	if (judge_warm_for(j, DETECTOR_OPERATORS))
		judge_gain(j, s, DETECTOR_OPERATORS, a->port);
}

static const struct detector_module detect_operators = {
	.submitted_new = operators_met,
};

#endif
