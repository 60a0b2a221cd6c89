/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The digest of a trial form: of its objects as a ruleset's, and of each gate,
 * with its place in its chain. The gates' comment has it.
 */
#ifndef MAILWALL_TRIAL_DIGEST_H
#define MAILWALL_TRIAL_DIGEST_H

#include "../ruleset/digest_objects.h"
#include "trial_form.h"

/* Makes the digest and the gates' comments. 0 or -ENOMEM. */
int trial_digest(struct trial_form *form);

/* Adds a gate, the nth rule of a chain, as an object. */
void trial_digest_gate(struct digest_objects *c, struct arena *a,
		       const char *chain, size_t nth, struct nftnl_rule *rule);

/* Is a rule that the kernel lists a gate? */
bool trial_is_gate(struct nftnl_rule *rule);

#endif
