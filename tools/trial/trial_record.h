/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A trial as the journal has it: the member "trial" of its open line. */
#ifndef MAILWALL_TRIAL_RECORD_H
#define MAILWALL_TRIAL_RECORD_H

#include "../../rules/trial/trial_form.h"
#include "../program/fault.h"
#include "../program/program.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct trial_record {
	json_t *line; /* the journal's; to be let go */
	bool confirming;
	bool other_boot;    /* the machine was booted since */
	uint32_t revision;  /* on trial */
	uint32_t base;	    /* decides when it ends; 0: no rules do */
	const char *policy; /* its name */
	const char *digest; /* the digest of its ruleset */
	enum family family;
	uint32_t duration_s;
	int64_t ends_ms; /* deadline, on the clock of monotonic_ms() */
	struct trial_stops stops;
};

/* Reads the clock that stands still while the machine is suspended. */
int64_t monotonic_ms(void);

/*
 * Reads the trial that the journal has open. 1: there is one, 0: there is none;
 * or -errno and why.
 */
int trial_record_open(struct program *p, struct trial_record *out,
		      struct fault *f);
/* Takes it from an open line of the journal, which it borrows. */
void trial_record_take(struct trial_record *out, json_t *line);
/* Makes the members of a line that opens a trial, or keeps it open. */
json_t *trial_record_json(const struct trial_record *record);

/* Is a trial on? Then nothing else may change the rules: -EBUSY and why. */
int trial_refuse_beside(struct program *p, struct fault *f);

#endif
