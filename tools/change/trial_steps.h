/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The steps of a trial's commands: each is one line of the journal, one
 * transaction of the kernel or one rename. A process may die after any of them,
 * and then trial_recover.h goes on.
 */
#ifndef MAILWALL_TRIAL_STEPS_H
#define MAILWALL_TRIAL_STEPS_H

#include "../route/guard_client.h"
#include "../trial/trial_kernel.h"
#include "../trial/trial_record.h"
#include "../trial/trial_states.h"

/* Seconds between two looks at what passes. */
#define TRIAL_LOOK_S 10

struct trial_run {
	struct program *program;
	struct trial_record record;
	const struct ruleset *next;    /* on trial */
	const struct trial_form *form; /* beside the old ones */
	const char *path;	       /* the policy's */
	const char *why;
	const char *by;	  /* its end is by "deadline", "administrator" */
	const char *stop; /* "sources": which stop did; NULL: none */
	struct netlink netlink;
	struct guard_link link; /* to the guard, if one runs */
	struct reading reading;
	struct trial_now now;
	bool opened, observe;
	uint32_t generation; /* after the last transaction */
	uint64_t measured;   /* openings that passed before the trial */
};

/* Opens the way to the kernel, and reads what is loaded and on trial. */
int trial_run_open(struct trial_run *t, struct fault *f);
void trial_run_close(struct trial_run *t);
int trial_run_read(struct trial_run *t, struct fault *f);

/*
 * Takes the steps in their order, up to one that fails. 0, or -errno and why;
 * -ENOENT of STEP_LOAD, STEP_EXTEND: it is too late.
 */
int trial_run_steps(struct trial_run *t, const enum trial_step *steps, size_t n,
		    struct fault *f);

#endif
