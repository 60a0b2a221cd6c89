/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * States of a trial and steps of its commands, with the names that the model in
 * tests/trial/trial.pml has for them.
 */
#ifndef MAILWALL_TRIAL_STATES_H
#define MAILWALL_TRIAL_STATES_H

/* Found by who has the lock, from the journal's open line and the kernel. */
enum trial_state {
	STATE_ON_TRIAL,	      /* armed: nothing is to be done */
	STATE_TRIAL_ENDED,    /* the element is gone */
	STATE_CONFIRM_LOADED, /* the kernel has the new rules for good */
	STATE_CONFIRM_UNSENT, /* still armed */
	STATE_CONFIRM_LATE,   /* neither */
};

/* Each can be the last one before the process dies. */
enum trial_step {
	STEP_JOURNAL_TRIAL,
	STEP_MEASURE, /* counts what passes before the trial */
	STEP_ARM,
	STEP_EXTEND,
	STEP_JOURNAL_CONFIRMING,
	STEP_LOAD, /* the new rules, if the element is still there */
	STEP_CURRENT,
	STEP_JOURNAL_CONFIRMED,
	STEP_DISARM,
	STEP_CLEAN,
	STEP_JOURNAL_ROLLED_BACK,
	STEPS
};

#endif
