/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A trial that stands beside what is loaded. */
#ifndef MAILWALL_STATUS_TRIAL_H
#define MAILWALL_STATUS_TRIAL_H

#include "../trial/trial_record.h"
#include "../kernel/loaded.h"
#include "../program/json.h"
#include "../trial/trial_kernel.h"

struct trial_facts {
	struct trial_now now;
	struct trial_record record; /* the journal's; of revision 0: none */
	const struct loaded_trial *loaded;
	bool alone;   /* no other rules are loaded */
	bool drifted; /* somebody changed the trial's objects */
};

/*
 * Reads it, and takes the trial's sets and counters out of the reading, so that
 * the rest is what was loaded. 0 or -errno; -EINTR: the rules moved.
 */
int trial_facts_read(struct program *p, struct netlink *nl,
		     struct reading *reading, const struct loaded *loaded,
		     struct trial_facts *out);
void trial_facts_free(struct trial_facts *t);

/* null, or an object. */
json_t *trial_facts_json(const struct trial_facts *t);
/* Lines below those of what is loaded; nothing if there is none. */
void trial_facts_print(const struct trial_facts *t);
/* A sentence for those who watch over hosts; NULL: no trial. */
const char *trial_facts_sentence(struct arena *a, const struct trial_facts *t);

#endif
