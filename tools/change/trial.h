/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trial: new rules beside the old ones until a deadline that the kernel
 * keeps. Each function takes the lock, and ends what was cut off before.
 */
#ifndef MAILWALL_TRIAL_H
#define MAILWALL_TRIAL_H

#include "../record/recording.h"
#include "trial_steps.h"

struct trial_request {
	const struct policy *policy;
	const struct ruleset *rules;
	const struct recording *recording;
	uint32_t duration_s;
	struct trial_stops stops; /* submission only where somebody waits */
	const char *why;	  /* NULL: not said */
};

struct trial_outcome {
	bool unchanged;	   /* the rules are loaded: there is nothing to try */
	uint32_t revision; /* on trial */
	uint32_t base;	   /* decides afterwards; 0: nothing does */
	uint32_t measured; /* openings in TRIAL_LOOK_S before the trial */
	size_t shared;	   /* sets that both have */
};

/* Begins a trial. 0, or -errno and why; then nothing was changed. */
int trial_begin(struct program *p, const struct trial_request *request,
		struct trial_outcome *out, struct fault *f);

/* A trial that went on, or ended. */
struct trial_result {
	uint32_t revision, base;
	const char *policy;
	uint32_t generation; /* after a confirmation */
	const char *digest;
	bool observe; /* the confirmed policy has mode observe */
};

/*
 * These want a trial. -ENOENT: none is on, or it is too late: why says which,
 * and when it ended.
 */
int trial_confirm(struct program *p, const char *why, struct trial_result *out,
		  struct fault *f);
int trial_prolong(struct program *p, uint32_t duration_s,
		  struct trial_result *out, struct fault *f);
/* stop: the one that ends it; NULL: an administrator does. */
int trial_roll_back(struct program *p, const char *stop, const char *why,
		    struct trial_result *out, struct fault *f);

#endif
