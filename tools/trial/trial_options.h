/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A trial's options as people write them. */
#ifndef MAILWALL_TRIAL_OPTIONS_H
#define MAILWALL_TRIAL_OPTIONS_H

#include "../../rules/trial/trial_form.h"
#include "../program/fault.h"
#include "../program/value.h"

#include <stdint.h>

#define TRIAL_SECONDS_LEAST 1
#define TRIAL_SECONDS_MOST  (7 * 86400)
#define TRIAL_SOURCES_MOST  65536

/* Reads "sources=50" and "submission=50%". 0, or -EINVAL and why. */
int trial_stops_parse(const char *const *texts, size_t n,
		      struct trial_stops *out, struct fault *f);
/* Is the duration one of a trial? 0, or -EINVAL and why. */
int trial_duration_check(uint32_t seconds, struct fault *f);

#endif
