/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The transactions of a trial. Each ends with batch_finish(). */
#ifndef MAILWALL_TRIAL_BATCH_H
#define MAILWALL_TRIAL_BATCH_H

#include "../emit/change.h"
#include "trial_form.h"

/* A gate in the kernel. */
struct trial_present_gate {
	const char *chain;
	uint64_t handle;
};

struct trial_present {
	struct trial_present_gate *items;
	size_t n, cap;
};

/*
 * Adds the objects of a trial, its gates, and the element that runs out after
 * timeout_ms. What the table holds already stays as it is.
 */
void trial_batch_arm(struct batch *b, const struct trial_form *form,
		     uint64_t timeout_ms);
/*
 * Adds the table where there is none, and what counts openings that pass: for a
 * figure of before the trial.
 */
void trial_batch_measure(struct batch *b, const struct trial_form *form);

/*
 * Takes the element away, before whatever else the batch does: ENOENT for the
 * whole of it if the deadline or a stop was first. Does not end the batch.
 */
void trial_batch_disarm(struct batch *b, enum family family);
/* Gives the element another time to run, unless it has run out: ENOENT. */
void trial_batch_extend(struct batch *b, enum family family,
			uint64_t timeout_ms);
/*
 * Removes the gates and all objects of a trial, or the table if nothing else is
 * in it.
 */
void trial_batch_clean(struct batch *b, enum family family,
		       const struct present *present,
		       const struct trial_present *gates);

#endif
