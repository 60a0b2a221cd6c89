/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A trial as the kernel holds it, and the transactions of its steps. */
#ifndef MAILWALL_TRIAL_KERNEL_H
#define MAILWALL_TRIAL_KERNEL_H

#include "../../rules/trial/trial_batch.h"
#include "../kernel/kernel.h"
#include "../kernel/transaction.h"

#include <stdbool.h>
#include <stdint.h>

struct trial_now {
	enum family family; /* the table that it stands in */
	bool there;	    /* such objects are in a table of ours */
	bool armed;	    /* and they decide */
	uint64_t left_ms;   /* until the deadline; 0: the element stays */
	bool has_seen;	    /* sources are counted */
	uint32_t seen4, seen6, seen_most;
	bool tripped; /* the count of sources ended the trial */
	uint64_t tripped_packets;
	bool has_submission;
	uint64_t submission; /* openings that passed, since they are counted */
	char policy[32];     /* name of the policy on trial; "": not known */
	char digest[DIGEST_TEXT_BYTES]; /* made of the trial form; "": not known
					 */
	struct trial_present gates;
};

/*
 * Reads what there is of a trial in the tables of r. 0 or -errno; -EINTR: the
 * rules changed, read again.
 */
int trial_now_read(struct netlink *nl, const struct reading *r,
		   struct trial_now *out);

/*
 * Each is one transaction that happens only if the rules are those of r: 0 or
 * -errno; -ERESTART: they moved. errors may be NULL.
 */
int trial_arm(struct netlink *nl, const struct reading *r,
	      const struct trial_form *form, uint64_t timeout_ms,
	      struct kernel_errors *errors);
int trial_measure(struct netlink *nl, const struct reading *r,
		  const struct trial_form *form, struct kernel_errors *errors);
/* Removes what there is of a trial, armed or not. */
int trial_clean(struct netlink *nl, const struct reading *r,
		const struct trial_now *now);

/*
 * These ask for the element alone, whatever else moved. -ENOENT: it is gone, by
 * the deadline or a stop.
 */
int trial_disarm(struct netlink *nl, enum family family);
int trial_extend(struct netlink *nl, enum family family, uint64_t timeout_ms);

#endif
